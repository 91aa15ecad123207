// Everything an operator can choose, as plain typed values, grouped by the subsystem that reads
// them.
//
//   std::shared_ptr<const Config> config = store.Snapshot();
//   if (used_bytes > config->memory.maxmemory_bytes) ...
//
// A fresh Config holds the defaults of the directive table (directives.h), which for every
// directive that Redis has are those of Redis 7.0. Nothing here parses, prints or applies anything.
//
// Thread rule: a value like any other. Threads share `const Config` snapshots that never change.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringtail::server {

/// The words of `maxmemory-policy`, in the order in which error texts list them.
enum class MaxmemoryPolicy {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllkeysLru,
  kAllkeysLfu,
  kAllkeysRandom,
  kNoEviction,
  kAllkeysAdaptive,
  kVolatileAdaptive,
};

/// Redis's log levels, from the most talkative; kNothing has no word in `loglevel`.
enum class LogLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning, kNothing };
enum class LogFormat : uint8_t { kText, kJson };
enum class SyslogFacility {
  kUser,
  kLocal0,
  kLocal1,
  kLocal2,
  kLocal3,
  kLocal4,
  kLocal5,
  kLocal6,
  kLocal7
};
enum class Supervision { kUpstart, kSystemd, kAuto, kNo };
/// Who may do a dangerous thing: nobody, everybody, or clients on this machine.
enum class Permission { kNo, kYes, kLocal };
enum class AclPubsubDefault { kAllChannels, kResetChannels };
enum class OomScoreAdjustment { kNo, kYes, kRelative, kAbsolute };
enum class Fsync { kEverySec, kAlways, kNo };
enum class DumpPayloadCheck { kNo, kYes, kClients };
enum class DisklessLoad { kDisabled, kOnEmptyDb, kSwapDb };
enum class EndpointType { kIp, kHostname, kUnknown };

/// Bits of `shutdown-on-sigint` and `shutdown-on-sigterm`; none of them is the default way.
enum ShutdownFlag : unsigned {
  kShutdownSave = 1,
  kShutdownNosave = 2,
  kShutdownNow = 4,
  kShutdownForce = 8,
};

/// Bits of `notify-keyspace-events`.
enum KeyspaceEventFlag : unsigned {
  kNotifyKeyspace = 1 << 0,
  kNotifyKeyevent = 1 << 1,
  kNotifyGeneric = 1 << 2,
  kNotifyString = 1 << 3,
  kNotifyList = 1 << 4,
  kNotifySet = 1 << 5,
  kNotifyHash = 1 << 6,
  kNotifyZset = 1 << 7,
  kNotifyExpired = 1 << 8,
  kNotifyEvicted = 1 << 9,
  kNotifyStream = 1 << 10,
  kNotifyKeyMiss = 1 << 11,
  kNotifyModule = 1 << 13,
  kNotifyNew = 1 << 14,
};

/// A cap given in bytes, or as a share of maxmemory if `percent` is not 0. Both 0: no cap.
struct BytesOrPercent {
  uint64_t bytes = 0;
  uint64_t percent = 0;
};

struct NetworkConfig {
  int64_t port;
  std::vector<std::string> bind;  // a leading `-` forgives an address that does not exist here
  std::string bind_source_address;
  std::string unix_socket_path;
  int64_t unix_socket_mode;  // permission bits; 0 leaves them to the umask
  int64_t tcp_backlog_count;
  int64_t tcp_keepalive_seconds;
  bool is_protected;     // `protected-mode`
  int64_t worker_count;  // `threads`; 0 is one for each core the process may use
  int64_t http_port;     // 0 is no HTTP listener
  std::vector<std::string> http_bind;
};

/// `client-output-buffer-limit`: over `hard`, or over `soft` for that long, a client is hung up on.
struct OutputLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
};

enum class ClientClass { kNormal, kReplica, kPubsub };
constexpr size_t kClientClassCount = 3;

struct ClientConfig {
  int64_t clients_max;
  int64_t idle_timeout_seconds;             // 0 is never
  int64_t partial_request_timeout_seconds;  // 0 is never
  uint64_t query_buffer_bytes_max;
  uint64_t bulk_bytes_max;                            // `proto-max-bulk-len`
  std::array<OutputLimit, kClientClassCount> output;  // by ClientClass
  BytesOrPercent memory_max;                          // `maxmemory-clients`
  int64_t tracked_keys_max;                           // `tracking-table-max-keys`; 0 is no limit
  uint64_t tracked_bytes_max;                         // `tracking-table-max-bytes`; 0 is no limit
  // What a client may use before it has authenticated.
  uint64_t unauthenticated_query_bytes_max;
  uint64_t unauthenticated_output_bytes_max;
  int64_t unauthenticated_timeout_seconds;  // 0 is never
  int64_t unauthenticated_clients_max;      // 0 is only `maxclients`
};

struct RenamedCommand {
  std::string from;
  std::string to;  // empty: the command is gone
};

struct SecurityConfig {
  std::string password;  // `requirepass`; empty is none
  Permission protected_configs;
  Permission debug_command;
  Permission module_command;
  std::string acl_path;
  AclPubsubDefault acl_pubsub_default;
  int64_t acl_log_entries_max;
  std::vector<std::string> acl_users;  // the `user` lines, each without the word `user`
  std::vector<RenamedCommand> renamed_commands;
};

struct MemoryConfig {
  uint64_t maxmemory_bytes;  // 0 is no limit
  MaxmemoryPolicy policy;
  int64_t sample_count;
  int64_t eviction_tenacity;  // 0 to 100
  int64_t lfu_log_factor;
  int64_t lfu_decay_minutes;
  int64_t active_expire_effort;  // 1 to 10
  bool is_eviction_lazy;
  bool is_expire_lazy;
  bool is_server_del_lazy;
  bool is_user_del_lazy;
  bool is_user_flush_lazy;
};

/// Up to which size collections stay packed.
struct EncodingConfig {
  int64_t hash_entries_max;
  uint64_t hash_value_bytes_max;
  int64_t list_node_size;  // above 0 entries, -1 to -5 is 4, 8, 16, 32, 64 KiB
  int64_t list_compress_depth;
  int64_t intset_entries_max;
  int64_t set_entries_max;
  uint64_t set_value_bytes_max;
  int64_t zset_entries_max;
  uint64_t zset_value_bytes_max;
  uint64_t hll_sparse_bytes_max;
  uint64_t stream_node_bytes_max;
  int64_t stream_node_entries_max;
};

struct ProcessConfig {
  bool is_daemon;
  std::string pid_path;
  std::string dir;  // absolute; empty is where the process was started
  Supervision supervision;
  int64_t database_count;
  int64_t hz;
  bool is_hz_dynamic;
  OomScoreAdjustment oom_score_adjustment;
  std::array<int64_t, 3> oom_score_values;  // master, replica, background child
  bool is_huge_pages_disabled;
  bool is_title_set;
  std::string title_template;
  int64_t shutdown_timeout_seconds;
  unsigned shutdown_on_sigint;   // ShutdownFlag bits
  unsigned shutdown_on_sigterm;  // ShutdownFlag bits
  bool is_crash_logged;
  int64_t busy_reply_threshold_ms;
  bool are_script_keys_declared;
  int64_t evaled_scripts_max;
  uint64_t interpreter_bytes_max;
};

struct LogConfig {
  LogLevel level;
  std::string path;  // empty is standard output
  LogFormat format;
  bool is_logo_always_shown;
  bool is_syslog_used;
  std::string syslog_ident;
  SyslogFacility syslog_facility;
};

struct MonitorConfig {
  int64_t slow_execution_us;  // below 0 records none, 0 records all
  int64_t slow_execution_entries_max;
  int64_t large_request_bytes;  // below 0 records none
  int64_t large_request_entries_max;
  int64_t large_reply_bytes;  // below 0 records none
  int64_t large_reply_entries_max;
  int64_t latency_threshold_ms;  // 0 watches nothing
  bool is_latency_tracked;
  std::vector<double> latency_percentiles;
  unsigned keyspace_events;  // KeyspaceEventFlag bits
};

struct SavePoint {
  int64_t seconds = 0;
  int64_t change_count = 0;
};

struct PersistenceConfig {
  std::vector<SavePoint> save_points;
  bool is_save_chosen;  // a file has said `save`, so its next line adds to what there is
  std::string rdb_name;
  bool is_rdb_compressed;
  bool is_rdb_checksummed;
  bool is_write_refused_after_failed_save;
  DumpPayloadCheck dump_payload_check;
  bool is_aof_enabled;
  std::string aof_name;
  std::string aof_dir;
  Fsync aof_fsync;
  bool is_fsync_skipped_on_rewrite;
  int64_t aof_rewrite_percentage;
  uint64_t aof_rewrite_bytes_min;
  bool is_aof_truncation_forgiven;
  bool is_aof_preamble_rdb;
  bool is_aof_timestamped;
};

struct ReplicationConfig {
  std::string master_host;  // empty: a master itself
  int64_t master_port;
  std::string master_user;
  std::string master_password;
  bool is_stale_data_served;
  bool is_replica_read_only;
  bool is_diskless_sync;
  int64_t diskless_sync_delay_seconds;
  int64_t diskless_sync_replicas_max;
  DisklessLoad diskless_load;
  int64_t ping_period_seconds;
  int64_t timeout_seconds;
  bool is_nodelay_off;
  uint64_t backlog_bytes;
  int64_t backlog_ttl_seconds;
  int64_t replica_priority;
  bool is_maxmemory_ignored;
  bool is_flush_lazy;
  bool is_announced;
  std::string announce_ip;
  int64_t announce_port;
  int64_t replicas_min;
  int64_t replica_lag_seconds_max;
};

struct ClusterConfig {
  bool is_enabled;
  std::string state_path;
  int64_t bus_port;  // 0 is port + 10000
  int64_t node_timeout_ms;
  int64_t validity_factor;
  int64_t migration_barrier;
  bool is_replica_migration_allowed;
  bool is_full_coverage_required;
  bool is_replica_failover_off;
  bool is_read_allowed_when_down;
  bool is_pubsub_allowed_when_down;
  uint64_t link_send_buffer_bytes_max;
  std::string announce_ip;
  std::string announce_hostname;
  std::string announce_human_name;
  int64_t announce_port;
  int64_t announce_bus_port;
  EndpointType endpoint_type;
};

enum class TlsClientAuth { kNo, kYes, kOptional };
enum class TlsClientUser { kOff, kCommonName };

struct TlsConfig {
  int64_t port;  // 0 is no TLS
  std::string cert_path;
  std::string key_path;
  std::string key_password;
  // For connections that this server makes; empty: the three above.
  std::string client_cert_path;
  std::string client_key_path;
  std::string client_key_password;
  std::string dh_params_path;
  std::string ca_path;
  std::string ca_dir;
  TlsClientAuth client_auth;
  TlsClientUser client_user;  // what of a client's certificate names its ACL user
  std::string protocols;
  std::string ciphers;
  std::string ciphersuites;
  bool prefers_server_ciphers;
  bool caches_sessions;
  int64_t session_cache_size;
  int64_t session_cache_timeout_seconds;
};

struct Config {
  /// The defaults of the directive table.
  Config();

  NetworkConfig network{};
  TlsConfig tls{};
  ClientConfig clients{};
  SecurityConfig security{};
  MemoryConfig memory{};
  EncodingConfig encodings{};
  ProcessConfig process{};
  LogConfig log{};
  MonitorConfig monitor{};
  PersistenceConfig persistence{};
  ReplicationConfig replication{};
  ClusterConfig cluster{};

  /// Directives that are known but that nothing here reads: what was set, by canonical name.
  std::map<std::string_view, std::string> unread;

 private:
  struct Blank {};
  explicit Config(Blank) {}
  friend const Config& DefaultConfig();
};

/// The defaults, made once.
const Config& DefaultConfig();

}  // namespace ringtail::server
