// Directives: the cluster.
#include <cctype>

#include "server/config/directives.h"

namespace ringtail::server {
namespace {

constexpr const char* kEndpointTypes[] = {"ip", "hostname", "unknown-endpoint"};

const char* CheckHostname(std::string_view name) {
  constexpr size_t kHostnameBytesMax = 255;
  if (name.size() > kHostnameBytesMax) return "Hostnames must be less than 256 characters";
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '.') {
      return "Hostnames may only contain alphanumeric characters, hyphens or dots";
    }
  }
  return nullptr;
}

const Directive kDirectives[] = {
    {.name = "cluster-enabled",
     .kind = Bool{FIELD(cluster.is_enabled)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kLater,
     .summary = "Runs as a node of a cluster."},
    {.name = "cluster-config-file",
     .kind = Text{FIELD(cluster.state_path)},
     .default_text = "nodes.conf",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kLater,
     .summary = "File in which a node keeps what it knows of the cluster."},
    {.name = "cluster-port",
     .kind = Integer{FIELD(cluster.bus_port), 0, 65535},
     .default_text = "0",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kLater,
     .summary = "Port for other nodes; 0 is port + 10000."},
    {.name = "cluster-node-timeout",
     .kind = Integer{FIELD(cluster.node_timeout_ms), 0, kLongMax},
     .default_text = "15000",
     .effect = Effect::kLater,
     .summary = "Milliseconds of silence after which a node is taken for dead."},
    {.name = "cluster-replica-validity-factor",
     .alias = "cluster-slave-validity-factor",
     .kind = Integer{FIELD(cluster.validity_factor), 0, kIntMax},
     .default_text = "10",
     .effect = Effect::kLater,
     .summary = "How old a replica's data may be for it to take over; 0 is any age."},
    {.name = "cluster-replica-no-failover",
     .alias = "cluster-slave-no-failover",
     .kind = Bool{FIELD(cluster.is_replica_failover_off)},
     .default_text = "no",
     .effect = Effect::kLater,
     .summary = "Keeps this replica from taking over by itself."},
    {.name = "cluster-migration-barrier",
     .kind = Integer{FIELD(cluster.migration_barrier), 0, kIntMax},
     .default_text = "1",
     .effect = Effect::kLater,
     .summary = "Replicas a master keeps when others are left with none."},
    {.name = "cluster-allow-replica-migration",
     .kind = Bool{FIELD(cluster.is_replica_migration_allowed)},
     .default_text = "yes",
     .effect = Effect::kLater,
     .summary = "Lets replicas move to masters that have none."},
    {.name = "cluster-require-full-coverage",
     .kind = Bool{FIELD(cluster.is_full_coverage_required)},
     .default_text = "yes",
     .effect = Effect::kLater,
     .summary = "Stops serving while a slot has no node."},
    {.name = "cluster-allow-reads-when-down",
     .kind = Bool{FIELD(cluster.is_read_allowed_when_down)},
     .default_text = "no",
     .effect = Effect::kLater,
     .summary = "Serves reads while the cluster is down."},
    {.name = "cluster-allow-pubsubshard-when-down",
     .kind = Bool{FIELD(cluster.is_pubsub_allowed_when_down)},
     .default_text = "yes",
     .effect = Effect::kLater,
     .summary = "Serves shard channels while the cluster is down."},
    {.name = "cluster-link-sendbuf-limit",
     .kind =
         Memory{FIELD(cluster.link_send_buffer_bytes_max), 0, std::numeric_limits<uint64_t>::max()},
     .default_text = "0",
     .effect = Effect::kLater,
     .summary = "Bytes that may wait for another node; 0 is no limit."},
    {.name = "cluster-announce-ip",
     .kind = Text{FIELD(cluster.announce_ip)},
     .default_text = "",
     .effect = Effect::kLater,
     .summary = "Address other nodes and clients are told."},
    {.name = "cluster-announce-port",
     .kind = Integer{FIELD(cluster.announce_port), 0, 65535},
     .default_text = "0",
     .effect = Effect::kLater,
     .summary = "Port clients are told."},
    {.name = "cluster-announce-bus-port",
     .kind = Integer{FIELD(cluster.announce_bus_port), 0, 65535},
     .default_text = "0",
     .effect = Effect::kLater,
     .summary = "Port other nodes are told."},
    {.name = "cluster-announce-tls-port",
     .kind = Integer{nullptr, 0, 65535},
     .default_text = "0",
     .effect = Effect::kNone,
     .summary = "TLS port clients are told."},
    {.name = "cluster-announce-hostname",
     .kind = Text{FIELD(cluster.announce_hostname), CheckHostname},
     .default_text = "",
     .effect = Effect::kLater,
     .summary = "Host name clients are told."},
    {.name = "cluster-announce-human-nodename",
     .kind = Text{FIELD(cluster.announce_human_name)},
     .default_text = "",
     .effect = Effect::kLater,
     .summary = "Name of the node in log lines."},
    {.name = "cluster-preferred-endpoint-type",
     .kind = Word{kEndpointTypes, WORD_FIELD(cluster.endpoint_type)},
     .default_text = "ip",
     .effect = Effect::kLater,
     .summary = "What clients are told of a node's place."},
    {.name = "cluster-blacklist-ttl",
     .kind = Integer{nullptr, 0, kIntMax},
     .default_text = "60",
     .effect = Effect::kLater,
     .summary = "Seconds a forgotten node stays forgotten."},
    {.name = "cluster-manual-failover-timeout",
     .kind = Integer{nullptr, 1, kIntMax},
     .default_text = "5000",
     .effect = Effect::kLater,
     .summary = "Milliseconds a failover by hand may take."},
    {.name = "cluster-slot-stats-enabled",
     .kind = Bool{},
     .default_text = "no",
     .effect = Effect::kLater,
     .summary = "Counts requests and bytes for each slot."},
    {.name = "cluster-databases",
     .kind = Integer{nullptr, 1, kIntMax},
     .default_text = "1",
     .effect = Effect::kLater,
     .summary = "Number of databases in cluster mode."},
};

}  // namespace

std::span<const Directive> ClusterDirectives() { return kDirectives; }

}  // namespace ringtail::server
