// What commands about the server itself may ask of it: one narrow interface to a subsystem.
//
//   ctx.services().config->Get(patterns)
//
// server/ implements them; tests and fuzzers pass their own. A service that is null is not part of this
// process. Thread rule: every function may be called by any worker at any time.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringtail::commands {

class AclService;         // acl_service.h: ACL, and what denials are told to
class AuthService;        // auth_service.h: AUTH, HELLO
class ClientService;      // client_service.h: CLIENT
class CommandLogService;  // command_log_service.h: SLOWLOG, COMMANDLOG
class ConfigService;      // config_service.h: CONFIG
class ControlService;     // control_service.h: SHUTDOWN, MONITOR, DEBUG
class InfoService;        // info_service.h: INFO, MEMORY
class LatencyService;     // latency_service.h: LATENCY
class MigrateService;     // serialization_service.h: MIGRATE
class PubsubService;      // pubsub_service.h: SUBSCRIBE, PUBLISH, keyspace events
class SerializationService;  // serialization_service.h: DUMP, RESTORE
class WaitService;        // waiter.h: BLPOP and its kin

/// Up to where collections stay packed; the directives of the same names.
struct EncodingLimits {
  std::atomic<int64_t> hash_entries_max{512};
  std::atomic<int64_t> hash_value_bytes_max{64};
  std::atomic<int64_t> list_node_size{-2};   ///< above 0 entries; -1 to -5: 4, 8, 16, 32, 64 KiB
  std::atomic<int64_t> intset_entries_max{512};
  std::atomic<int64_t> set_entries_max{128};
  std::atomic<int64_t> set_value_bytes_max{64};
  std::atomic<int64_t> zset_entries_max{128};
  std::atomic<int64_t> zset_value_bytes_max{64};
  std::atomic<int64_t> hll_sparse_bytes_max{3000};
  std::atomic<int64_t> stream_node_bytes_max{4096};
  std::atomic<int64_t> stream_node_entries_max{100};
};

/// Sizes and defaults that handlers need; written by CONFIG SET, read afresh by each command.
struct Limits {
  std::atomic<int64_t> bulk_bytes_max{512LL * 1024 * 1024};  ///< proto-max-bulk-len
  std::atomic<bool> is_user_flush_lazy{false};               ///< lazyfree-lazy-user-flush
  EncodingLimits encodings;
};

struct Services {
  Limits limits;
  AclService* acl = nullptr;
  /// The classes of keyspace events that are published (KeyspaceEvent); notify-keyspace-events.
  std::atomic<uint32_t> keyspace_events{0};
  AuthService* auth = nullptr;
  ClientService* clients = nullptr;
  CommandLogService* command_log = nullptr;
  ConfigService* config = nullptr;
  ControlService* control = nullptr;
  InfoService* info = nullptr;
  LatencyService* latency = nullptr;
  MigrateService* migration = nullptr;
  PubsubService* pubsub = nullptr;
  SerializationService* serialization = nullptr;
  WaitService* waits = nullptr;   ///< null: nobody can wait, as at a timeout of no time
};

}  // namespace ringtail::commands
