// The running server: owns every subsystem, wires them together, starts and stops them.
//
//   Server server(config_store);
//   if (auto failure = server.Start()) return Complain(*failure);
//   server.WaitForStop();
//
// Thread rule: made, started and stopped by main's thread; what workers call says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/cycle_clock.h"
#include "base/result.h"
#include "commands/control_service.h"
#include "commands/executor.h"
#include "commands/script_hub.h"
#include "commands/services.h"
#include "engine/engine.h"
#include "net/http_listener.h"
#include "net/network.h"
#include "server/acl_store.h"
#include "server/client_registry.h"
#include "server/client_service.h"
#include "server/client_eviction.h"
#include "server/command_log.h"
#include "server/config/store.h"
#include "server/config_service.h"
#include "server/hot_keys.h"
#include "server/info.h"
#include "server/invalidation_sender.h"
#include "server/latency_monitor.h"
#include "server/migration.h"
#include "server/pubsub.h"
#include "server/serialization.h"
#include "server/session_limits.h"
#include "server/session_worker.h"

namespace ringtail::server {

class Server final : private commands::ControlService {
 public:
  /// `config` and the workers' notes (one each, for the crash report) must outlive the server.
  Server(ConfigStore& config, std::span<WorkerNote> notes);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Why the server could not start.
  struct StartFailure {
    std::string what;          ///< the address or subsystem that failed, and why
    bool is_port_busy = false; ///< a TCP port could not be listened on
  };
  /// Listens and serves.
  std::optional<StartFailure> Start();
  /// Lets WaitForStop return; any thread.
  void RequestStop() { network_->RequestStop(); }
  /// Returns when a signal or SHUTDOWN has asked for the end; then everything is stopped.
  void WaitForStop();

  // For workers and services; any thread.

  ConfigStore& config() { return config_; }
  WorkerNote& note(size_t worker_index) { return notes_[worker_index]; }
  engine::Engine& engine() { return engine_; }
  const Clock& clock() const { return clock_; }
  const CycleClock& cycles() const { return cycles_; }
  commands::Services& services() { return services_; }
  commands::ExecutionSettings& execution_settings() { return execution_settings_; }
  /// Null if no command has another name than its own.
  const commands::CommandNames* command_names() const { return command_names_.get(); }
  ClientRegistry& clients() { return clients_; }
  net::Network& network() { return *network_; }
  SessionWorker& session_worker(size_t index) { return *session_workers_[index]; }
  uint64_t limits_version() const { return limits_version_.load(std::memory_order_acquire); }
  SessionLimits session_limits() const;
  AclStore& acl() { return acl_; }
  /// Wall time at which the server was made; for uptime.
  int64_t started_ms() const { return started_ms_; }
  /// What to answer a new client before hanging up on it, or "" to let it in (protected mode).
  std::string_view RefusalOf(const Session& session) const;
  InvalidationSender& invalidations() { return invalidations_; }
  ClientDirectory& client_directory() { return client_directory_; }
  void CountMonitors(int delta);
  ClientEviction& client_eviction() { return client_eviction_; }
  HotKeys& hot_keys() { return hot_keys_; }
  /// Whether every command is shown to OnExceeded, whatever its duration (HOTKEYS).
  void ObserveEveryCommand(bool is_on);
  void CountBlocked(int delta) { blocked_count_.fetch_add(delta, std::memory_order_relaxed); }
  int blocked_count() const { return blocked_count_.load(std::memory_order_relaxed); }
  void CountOutputLimitDisconnection() { output_limit_disconnections_.fetch_add(1); }
  uint64_t output_limit_disconnections() const { return output_limit_disconnections_.load(); }
  uint64_t rejected_connections() const { return rejected_connections_.load(); }
  /// Tells the operator of a client whose TLS handshake failed, but not of every one in a flood.
  void OnHandshakeFailed(const net::Connection& connection, std::string_view why);
  /// With tls-auth-clients-user, makes the client the user whom its certificate names.
  void AuthenticateByCertificate(const net::Connection& connection, commands::ClientState& client);
  uint64_t unknown_certificate_users() const { return unknown_certificate_users_.load(); }
  CommandLog& command_log() { return command_log_; }
  commands::ScriptHub& script_hub() { return script_hub_; }
  LatencyMonitor& latency_monitor() { return latency_monitor_; }
  Pubsub& pubsub() { return pubsub_; }
  /// Shows a command to every monitor.
  void OnMonitored(const Session& session, const commands::ClientState& client,
                   const commands::CommandTable::Entry& command, commands::Args args);
  /// What CONFIG RESETSTAT resets; exclusive mode only.
  void ResetStatistics();
  /// Logs a command that exceeded one of the bounds.
  void OnExceeded(const Session& session, const commands::CommandTable::Entry& command,
                  commands::Args args, uint64_t duration_ns, uint64_t request_bytes,
                  uint64_t reply_bytes);
  /// About ten times a second, on worker 0.
  void OnCron();

 private:
  // commands::ControlService.
  void Shutdown() override { RequestStop(); }
  bool IsDebugAllowed(bool is_local) override;
  void Log(std::string_view message) override;

  void ApplyLimits(const Config& config);
  void ApplyMemory(const Config& config);
  void ApplyMonitoring(const Config& config);
  void ApplyKeyspaceEvents(const Config& config);
  void ApplyDurationBound();
  Result<void> StartHttp(const Config& config);
  void RefreshKeyspace();
  void RegisterAppliers();

  // Listening sockets and TLS (server_listeners.cc).
  // The present TCP sockets. Their tag changes with the port; the unix socket's is 1.
  struct TcpListener {
    uint32_t tag;
    bool has_tls;
  };
  void RegisterListenerAppliers();
  Result<void> Listen(const Config& config);
  Result<std::vector<net::ListeningSocket>> OpenTcp(const Config& config, int64_t port,
                                                    const TcpListener& listener);
  Result<void> ChangeAddresses(const Config& config, int64_t old_port, int64_t port,
                               TcpListener& listener);
  Result<void> ApplyTls(const Config& config);

  ConfigStore& config_;
  const std::span<WorkerNote> notes_;
  SystemClock clock_;
  CycleClock cycles_;
  engine::Engine engine_;
  commands::ExecutionSettings execution_settings_;
  std::unique_ptr<commands::CommandNames> command_names_;
  commands::Services services_;
  ClientRegistry clients_;
  ClientDirectory client_directory_{*this};
  InvalidationSender invalidations_{*this};
  ClientEviction client_eviction_{*this};
  HotKeys hot_keys_{*this};
  ConfigAdapter config_adapter_{*this, config_};
  AclStore acl_{commands::CommandTable::Standard(), clock_, client_directory_};
  CommandLog command_log_;
  LatencyMonitor latency_monitor_;
  Migration migration_;
  Serialization serialization_{services_.limits};
  Pubsub pubsub_{*this, engine_.worker_count()};
  commands::ScriptHub script_hub_;
  std::unique_ptr<Info> info_;
  net::HttpListener http_;
  std::vector<SessionWorker*> session_workers_;
  std::unique_ptr<net::Network> network_;

  mutable std::mutex limits_mutex_;
  SessionLimits session_limits_;  // guarded by limits_mutex_
  std::atomic<uint64_t> limits_version_{1};
  std::atomic<bool> is_protected_{false};  ///< only local clients are let in, while the default user needs no password
  const int64_t started_ms_;
  std::atomic<int> monitor_count_{0};
  std::atomic<int> blocked_count_{0};
  std::atomic<uint64_t> output_limit_disconnections_{0};
  std::atomic<uint64_t> rejected_connections_{0};
  std::atomic<bool> is_stopping_{false};
  TcpListener plain_listener_{.tag = 2, .has_tls = false};
  TcpListener tls_listener_{.tag = 3, .has_tls = true};
  uint32_t next_listener_tag_ = 4;
  std::atomic<TlsClientUser> tls_client_user_{TlsClientUser::kOff};
  std::atomic<uint64_t> unknown_certificate_users_{0};
  // Bounds of the command logs and of the latency monitor, as the executors see them in one number each.
  std::atomic<uint64_t> duration_ns_min_{UINT64_MAX};
  std::atomic<bool> is_every_command_observed_{false};
  std::atomic<int64_t> slow_us_min_{-1};
  std::atomic<int64_t> request_bytes_min_{-1};
  std::atomic<int64_t> reply_bytes_min_{-1};
};

}  // namespace ringtail::server
