#include "server/server.h"

#include <sched.h>

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <future>
#include <memory>

#include "commands/keyspace_event.h"
#include "server/logging.h"
#include "server/metrics_text.h"
#include "server/quoted.h"
#include "server/redaction.h"

namespace ringtail::server {

namespace {

void ApplyEncodings(const EncodingConfig& config, commands::EncodingLimits& limits) {
  limits.hash_entries_max = config.hash_entries_max;
  limits.hash_value_bytes_max = static_cast<int64_t>(config.hash_value_bytes_max);
  limits.list_node_size = config.list_node_size;
  limits.intset_entries_max = config.intset_entries_max;
  limits.set_entries_max = config.set_entries_max;
  limits.set_value_bytes_max = static_cast<int64_t>(config.set_value_bytes_max);
  limits.zset_entries_max = config.zset_entries_max;
  limits.zset_value_bytes_max = static_cast<int64_t>(config.zset_value_bytes_max);
  limits.hll_sparse_bytes_max = static_cast<int64_t>(config.hll_sparse_bytes_max);
  limits.stream_node_bytes_max = static_cast<int64_t>(config.stream_node_bytes_max);
  limits.stream_node_entries_max = config.stream_node_entries_max;
}

// What one turn of a worker receives before it executes: a few full receives, and at home in the
// second-level cache.
constexpr size_t kTurnArenaBytes = 256 * 1024;

constexpr std::string_view kProtectedMode =
    "-DENIED Ringtail is running in protected mode because protected mode is enabled and no "
    "password is set for the default user. In this mode connections are only accepted from the "
    "loopback interface. To connect from other computers, set a password (requirepass, or CONFIG "
    "SET requirepass from this host), or turn protected mode off (CONFIG SET protected-mode no) if "
    "nothing outside can reach the server. Then start again.\r\n";

uint32_t WorkerCount(const Config& config) {
  if (config.network.worker_count > 0) return static_cast<uint32_t>(config.network.worker_count);
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return static_cast<uint32_t>(std::clamp(CPU_COUNT(&cores), 1, 64));
}

storage::EvictionPolicy PolicyOf(MaxmemoryPolicy policy) {
  switch (policy) {
    case MaxmemoryPolicy::kVolatileLru:
      return storage::EvictionPolicy::kVolatileLru;
    case MaxmemoryPolicy::kVolatileLfu:
      return storage::EvictionPolicy::kVolatileLfu;
    case MaxmemoryPolicy::kVolatileRandom:
      return storage::EvictionPolicy::kVolatileRandom;
    case MaxmemoryPolicy::kVolatileTtl:
      return storage::EvictionPolicy::kVolatileTtl;
    case MaxmemoryPolicy::kAllkeysLru:
      return storage::EvictionPolicy::kAllKeysLru;
    case MaxmemoryPolicy::kAllkeysLfu:
      return storage::EvictionPolicy::kAllKeysLfu;
    case MaxmemoryPolicy::kAllkeysRandom:
      return storage::EvictionPolicy::kAllKeysRandom;
    case MaxmemoryPolicy::kNoEviction:
      return storage::EvictionPolicy::kNoEviction;
    case MaxmemoryPolicy::kAllkeysAdaptive:
      return storage::EvictionPolicy::kAllKeysAdaptive;
    case MaxmemoryPolicy::kVolatileAdaptive:
      return storage::EvictionPolicy::kVolatileAdaptive;
  }
  return storage::EvictionPolicy::kNoEviction;
}

}  // namespace

Server::Server(ConfigStore& config, std::span<WorkerNote> notes)
    : config_(config),
      notes_(notes),
      engine_({.worker_count = WorkerCount(*config.Snapshot()),
               .database_count = static_cast<int>(config.Snapshot()->process.database_count),
               .clock = &clock_}),
      started_ms_(clock_.WallMs()) {
  const auto snapshot = config_.Snapshot();
  if (!snapshot->security.renamed_commands.empty()) {
    command_names_ = std::make_unique<commands::CommandNames>(commands::CommandTable::Standard());
    for (const auto& [from, to] : snapshot->security.renamed_commands) {
      command_names_->Rename(from, to);
    }
  }
  ApplyLimits(*snapshot);
  ApplyMemory(*snapshot);
  ApplyMonitoring(*snapshot);
  ApplyKeyspaceEvents(*snapshot);
  acl_.Configure(snapshot->security);
  acl_.SetDefaultPassword(snapshot->security.password);
  RegisterAppliers();
  RegisterListenerAppliers();
  services_.acl = &acl_;
  services_.auth = &acl_;
  services_.clients = &client_directory_;
  services_.tracking = &invalidations_;
  services_.hot_keys = &hot_keys_;
  services_.waits = &client_directory_;
  services_.config = &config_adapter_;
  services_.control = this;
  services_.command_log = &command_log_;
  services_.latency = &latency_monitor_;
  services_.migration = &migration_;
  services_.pubsub = &pubsub_;
  services_.serialization = &serialization_;
  services_.scripts = &script_hub_;
  info_ = std::make_unique<Info>(*this);
  services_.info = info_.get();
}

Server::~Server() {
  if (network_ != nullptr) network_->Stop();
}

void Server::ApplyLimits(const Config& config) {
  SessionLimits limits;
  limits.parser.bulk_bytes_max = static_cast<int64_t>(config.clients.bulk_bytes_max);
  limits.query_buffer_bytes_max = config.clients.query_buffer_bytes_max;
  for (size_t i = 0; i < kClientClassCount; ++i) limits.output[i] = config.clients.output[i];
  limits.idle_timeout_ms = config.clients.idle_timeout_seconds * 1000;
  limits.partial_request_timeout_ms = config.clients.partial_request_timeout_seconds * 1000;
  limits.unauthenticated_query_bytes_max = config.clients.unauthenticated_query_bytes_max;
  limits.unauthenticated_output_bytes_max = config.clients.unauthenticated_output_bytes_max;
  limits.unauthenticated_timeout_ms = config.clients.unauthenticated_timeout_seconds * 1000;
  limits.client_memory_bytes_max = ClientEviction::BytesMax(config);
  {
    std::lock_guard<std::mutex> lock(limits_mutex_);
    session_limits_ = limits;
  }
  limits_version_.fetch_add(1, std::memory_order_release);
  services_.limits.bulk_bytes_max = limits.parser.bulk_bytes_max;
  services_.limits.is_user_flush_lazy = config.memory.is_user_flush_lazy;
  ApplyEncodings(config.encodings, services_.limits.encodings);
  script_hub_.busy_after_ms = config.process.busy_reply_threshold_ms;
  script_hub_.are_keys_declared = config.process.are_script_keys_declared;
  script_hub_.interpreter_bytes_max = config.process.interpreter_bytes_max;
  script_hub_.SetEvaledMax(static_cast<size_t>(config.process.evaled_scripts_max));
  is_protected_ = config.network.is_protected;
  execution_settings_.is_latency_tracked = config.monitor.is_latency_tracked;
  engine_.SetTrackingLimits(config.clients.tracked_keys_max,
                            static_cast<int64_t>(config.clients.tracked_bytes_max));
}

void Server::ApplyMemory(const Config& config) {
  engine_.ConfigureMemory(
      static_cast<int64_t>(config.memory.maxmemory_bytes), PolicyOf(config.memory.policy),
      {.log_factor = static_cast<uint32_t>(config.memory.lfu_log_factor),
       .decay_minutes = static_cast<uint32_t>(config.memory.lfu_decay_minutes)});
}

// CONFIG SET runs with all workers standing still, so appliers may touch what workers read.
void Server::RegisterAppliers() {
  config_.OnChange(
      {"proto-max-bulk-len", "client-query-buffer-limit", "client-output-buffer-limit", "timeout",
       "partial-request-timeout", "timeout-unauthenticated",
       "client-query-buffer-limit-unauthenticated", "client-output-buffer-limit-unauthenticated",
       "maxmemory", "maxmemory-clients", "protected-mode", "latency-tracking",
       "lazyfree-lazy-user-flush", "tracking-table-max-keys", "tracking-table-max-bytes",
       "busy-reply-threshold", "lua-declared-keys", "lua-eval-scripts-max", "lua-memory-max"},
      [this](const Config&, const Config& after) -> Result<void> {
        ApplyLimits(after);
        client_eviction_.Run(after);
        return {};
      });
  config_.OnChange({"requirepass"}, [this](const Config&, const Config& after) -> Result<void> {
    acl_.SetDefaultPassword(after.security.password);
    return {};
  });
  config_.OnChange({"acl-pubsub-default", "acllog-max-len"},
                   [this](const Config&, const Config& after) -> Result<void> {
                     acl_.Configure(after.security);
                     return {};
                   });
  config_.SetUserLines([this] { return acl_.ConfigLines(); });
  config_.OnChange(
      {"hash-max-listpack-entries", "hash-max-listpack-value", "list-max-listpack-size",
       "set-max-intset-entries", "set-max-listpack-entries", "set-max-listpack-value",
       "zset-max-listpack-entries", "zset-max-listpack-value", "hll-sparse-max-bytes",
       "stream-node-max-bytes", "stream-node-max-entries"},
      [this](const Config&, const Config& after) -> Result<void> {
        ApplyEncodings(after.encodings, services_.limits.encodings);
        return {};
      });
  config_.OnChange({"slowlog-log-slower-than", "slowlog-max-len", "commandlog-request-larger-than",
                    "commandlog-large-request-max-len", "commandlog-reply-larger-than",
                    "commandlog-large-reply-max-len", "latency-monitor-threshold"},
                   [this](const Config&, const Config& after) -> Result<void> {
                     ApplyMonitoring(after);
                     return {};
                   });
  config_.OnChange({"notify-keyspace-events"},
                   [this](const Config&, const Config& after) -> Result<void> {
                     ApplyKeyspaceEvents(after);
                     return {};
                   });
  config_.OnChange({"maxmemory", "maxmemory-policy", "lfu-log-factor", "lfu-decay-time"},
                   [this](const Config&, const Config& after) -> Result<void> {
                     ApplyMemory(after);
                     return {};
                   });
}

std::optional<Server::StartFailure> Server::Start() {
  const auto config = config_.Snapshot();
  if (const auto users = acl_.Start(*config); !users.ok()) {
    return StartFailure{users.error().message};
  }
  net::AcceptHooks hooks;
  hooks.refusal = [this](size_t open_count) -> std::string_view {
    if (open_count < static_cast<size_t>(config_.Snapshot()->clients.clients_max)) return "";
    rejected_connections_.fetch_add(1);
    return "-ERR max number of clients reached\r\n";
  };
  hooks.on_error = [](std::string_view what) {
    LOG(WARNING) << "Accepting client connection: " << what;
  };
  net::NetworkOptions options;
  options.worker_count = static_cast<uint32_t>(engine_.worker_count());
  options.worker.turn_arena_bytes = kTurnArenaBytes;
  network_ = std::make_unique<net::Network>(
      options,
      [this](uint32_t index) {
        auto worker = std::make_unique<SessionWorker>(*this, index);
        session_workers_.push_back(worker.get());
        return worker;
      },
      hooks);
  std::vector<const commands::CommandStats*> sources;
  for (SessionWorker* worker : session_workers_) sources.push_back(&worker->stats());
  latency_monitor_.SetSources(std::move(sources));
  if (const auto started = network_->Start(); !started.ok()) {
    return StartFailure{started.error().message};
  }
  network_->WatchSignals({SIGTERM, SIGINT}, [this](int signal) {
    LOG(WARNING) << "Received " << (signal == SIGTERM ? "SIGTERM" : "SIGINT")
                 << " scheduling shutdown...";
    network_->RequestStop();
  });
  if (const auto tls = ApplyTls(*config); !tls.ok()) {
    return StartFailure{"Failed to configure TLS: " + tls.error().message};
  }
  if (const auto listening = Listen(*config); !listening.ok()) {
    return StartFailure{listening.error().message,
                        config->network.port != 0 || config->tls.port != 0};
  }
  if (const auto http = StartHttp(*config); !http.ok()) return StartFailure{http.error().message};
  return std::nullopt;
}

void Server::WaitForStop() {
  network_->WaitForStopRequest();
  is_stopping_ = true;
  script_hub_.is_stopping = true;
  http_.Stop();
  network_->Stop();
}

SessionLimits Server::session_limits() const {
  std::lock_guard<std::mutex> lock(limits_mutex_);
  return session_limits_;
}

std::string_view Server::RefusalOf(const Session& session) const {
  if (!is_protected_.load(std::memory_order_relaxed) || session.client.is_local) return {};
  if (!acl_.is_default_open()) return {};
  return kProtectedMode;
}

void Server::CountMonitors(int delta) {
  const int count = monitor_count_.fetch_add(delta) + delta;
  execution_settings_.is_monitored.store(count > 0, std::memory_order_relaxed);
}

// "1700000000.123456 [0 127.0.0.1:5000] \"set\" \"key\" \"value\"", as Redis shows it.
void Server::OnMonitored(const Session& session, const commands::ClientState& client,
                         const commands::CommandTable::Entry& command, commands::Args args) {
  const int64_t now_us = clock_.WallNs() / 1000;
  char time[32];
  std::snprintf(time, sizeof(time), "+%" PRId64 ".%06" PRId64, now_us / 1'000'000,
                now_us % 1'000'000);
  std::string line = std::string(time) + " [" + std::to_string(client.db) + " " +
                     (client.is_script ? "lua" : session.address) + "]";
  for (const std::string_view arg : Redacted(command, args)) {
    line += ' ';
    line += Quoted(arg);
  }
  line += "\r\n";
  network_->PostToAll([line](net::Worker& worker) {
    static_cast<SessionWorker&>(worker.delegate()).DeliverToMonitors(line);
  });
}

void Server::ResetStatistics() {
  for (SessionWorker* worker : session_workers_) worker->stats().Reset();
  for (size_t i = 0; i < engine_.worker_count(); ++i) engine_.worker(i).stats.Reset();
  engine_.disposer().ResetFreedCount();
  memory::ResetPeakUsedBytes();
  output_limit_disconnections_.store(0);
  acl_.log().ResetCounts();
  client_eviction_.ResetCount();
}

void Server::Log(std::string_view message) { LOG(WARNING) << message; }

bool Server::IsDebugAllowed(bool is_local) {
  const Permission permission = config_.Snapshot()->security.debug_command;
  return permission == Permission::kYes || (permission == Permission::kLocal && is_local);
}

void Server::OnExceeded(const Session& session, const commands::CommandTable::Entry& command,
                        commands::Args args, uint64_t duration_ns, uint64_t request_bytes,
                        uint64_t reply_bytes) {
  if (is_every_command_observed_.load(std::memory_order_relaxed)) [[unlikely]] {
    hot_keys_.Observe(command, args, duration_ns, request_bytes + reply_bytes);
  }
  const int64_t now_s = clock_.WallMs() / 1000;
  const auto record = [&](commands::CommandLogKind kind, const std::atomic<int64_t>& bound,
                          uint64_t measure) {
    const int64_t min = bound.load(std::memory_order_relaxed);
    if (min < 0 || measure < static_cast<uint64_t>(min)) return;
    if ((command.spec->flags & commands::kSkipSlowlog) != 0) return;
    command_log_.Record(kind, static_cast<int64_t>(measure), Redacted(command, args),
                        session.address, session.client.name, now_s);
  };
  record(commands::CommandLogKind::kSlow, slow_us_min_, duration_ns / 1000);
  record(commands::CommandLogKind::kLargeRequest, request_bytes_min_, request_bytes);
  record(commands::CommandLogKind::kLargeReply, reply_bytes_min_, reply_bytes);
  const int64_t threshold_ms = latency_monitor_.threshold_ms();
  const auto duration_ms = static_cast<int64_t>(duration_ns / 1'000'000);
  if (threshold_ms > 0 && duration_ms >= threshold_ms) {
    const bool is_fast = (command.spec->flags & commands::kFast) != 0;
    latency_monitor_.Add(is_fast ? "fast-command" : "command", duration_ms, now_s);
  }
}

void Server::ApplyMonitoring(const Config& config) {
  const MonitorConfig& monitor = config.monitor;
  using LogKind = commands::CommandLogKind;
  command_log_.SetLengthMax(LogKind::kSlow,
                            static_cast<size_t>(monitor.slow_execution_entries_max));
  command_log_.SetLengthMax(LogKind::kLargeRequest,
                            static_cast<size_t>(monitor.large_request_entries_max));
  command_log_.SetLengthMax(LogKind::kLargeReply,
                            static_cast<size_t>(monitor.large_reply_entries_max));
  slow_us_min_ = monitor.slow_execution_us;
  request_bytes_min_ = monitor.large_request_bytes;
  reply_bytes_min_ = monitor.large_reply_bytes;
  latency_monitor_.SetThreshold(monitor.latency_threshold_ms);
  constexpr uint64_t kNever = commands::ExecutionSettings::kNever;
  const auto bound = [](int64_t value, uint64_t unit) {
    return value < 0 ? kNever : static_cast<uint64_t>(value) * unit;
  };
  const uint64_t latency_ns =
      monitor.latency_threshold_ms == 0 ? kNever : bound(monitor.latency_threshold_ms, 1'000'000);
  duration_ns_min_ = std::min(bound(monitor.slow_execution_us, 1000), latency_ns);
  ApplyDurationBound();
  execution_settings_.request_bytes_min = bound(monitor.large_request_bytes, 1);
  execution_settings_.reply_bytes_min = bound(monitor.large_reply_bytes, 1);
}

void Server::ApplyKeyspaceEvents(const Config& config) {
  static_assert(unsigned{kNotifyKeyspace} == commands::kNotifyKeyspace &&
                unsigned{kNotifyKeyevent} == commands::kNotifyKeyevent &&
                unsigned{kNotifyGeneric} == commands::kNotifyGeneric &&
                unsigned{kNotifyStream} == commands::kNotifyStream &&
                unsigned{kNotifyKeyMiss} == commands::kNotifyKeyMiss &&
                unsigned{kNotifyNew} == commands::kNotifyNew);
  constexpr uint32_t kRemovals = kNotifyExpired | kNotifyEvicted | kNotifyHash | kNotifyGeneric;
  const auto classes = static_cast<uint32_t>(config.monitor.keyspace_events);
  services_.keyspace_events = classes;
  engine_.SetRemovalListener((classes & kRemovals) != 0 ? &pubsub_ : nullptr);
}

void Server::ApplyDurationBound() {
  execution_settings_.duration_ns_min =
      is_every_command_observed_ ? 0 : duration_ns_min_.load(std::memory_order_relaxed);
}

void Server::ObserveEveryCommand(bool is_on) {
  is_every_command_observed_ = is_on;
  ApplyDurationBound();
}

Result<void> Server::StartHttp(const Config& config) {
  if (config.network.http_port == 0) return {};
  const auto status = [this](const char* word) {
    return [this, word] {
      net::HttpReply reply;
      if (is_stopping_) {
        reply.status = 503;
        reply.body = "stopping\n";
      } else {
        reply.body = word;
      }
      return reply;
    };
  };
  net::HttpRoutes routes;
  routes["/metrics"] = [this] {
    RefreshKeyspace();
    return net::HttpReply{
        .status = 200, .content_type = std::string(kMetricsContentType), .body = info_->Metrics()};
  };
  routes["/livez"] = [] { return net::HttpReply{.status = 200, .body = "ok\n"}; };
  routes["/readyz"] = status("ok\n");
  routes["/health"] = status("ok\n");
  return http_.Start(config.network.http_bind, static_cast<uint16_t>(config.network.http_port),
                     std::move(routes));
}

// The page shows the keyspace as it is now, unless worker 0 is too busy to say so in time.
void Server::RefreshKeyspace() {
  const auto done = std::make_shared<std::promise<void>>();
  auto is_done = done->get_future();
  network_->worker(0).Post([this, done] {
    OnCron();
    done->set_value();
  });
  is_done.wait_for(std::chrono::milliseconds(500));
}

// On worker 0, between its turns.
void Server::OnCron() {
  engine::WorkerState& worker = engine_.worker(0);
  if (engine_.BeginBatch(worker)) {
    info_->PublishKeyspace();
    hot_keys_.OnCron();
  }
  engine_.EndBatch(worker);
  client_eviction_.Run(*config_.Snapshot());
}

}  // namespace ringtail::server
