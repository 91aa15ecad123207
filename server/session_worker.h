// The session layer of one worker: turns received bytes into executed commands, batch by batch.
//
// Everything that a turn of the loop received, over all of its connections, goes through in stages: parse and
// look up, prefetch buckets, prefetch entries, execute in order. A batch is cut when it holds enough keys
// to fill the first-level cache, or where what follows depends on what came before (authentication).
//
// Thread rule: lives on its worker's thread; what other threads want goes through the worker's mailbox.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "commands/executor.h"
#include "net/worker.h"
#include "net/worker_delegate.h"
#include "server/crash_report.h"
#include "server/pubsub.h"
#include "server/session.h"
#include "server/session_limits.h"

namespace ringtail::server {

class Server;

class SessionWorker final : public net::WorkerDelegate, private commands::ExecutionObserver {
 public:
  SessionWorker(Server& server, uint32_t index);
  ~SessionWorker() override;

  // WorkerDelegate.
  void OnStart(net::Worker& worker) override;
  void OnAccept(net::Connection& connection) override;
  void OnTurn(std::span<net::Connection* const> ready) override;
  void OnClose(net::Connection& connection, net::CloseReason reason) override;
  void OnHandshakeFailed(net::Connection& connection, std::string_view why) override;
  void OnCron(int64_t now_ms) override;
  void OnStop() override;

  // On the worker's thread.

  /// Starts or ends showing every command to this client.
  void AddMonitor(Session& session);
  void RemoveMonitor(Session& session);
  /// Sends a line to this worker's monitors.
  void DeliverToMonitors(const std::string& line);
  /// Answers a client that waited (with this ticket), and goes on with it.
  void EndWait(Session& session, uint64_t ticket, std::string_view reply);
  /// Counts a call that waited and ended with this error reply.
  void CountFailedCall(size_t command_index, std::string_view reply);
  /// Goes on with the clients that a pause held back.
  void ResumePaused();
  /// Closes a client that lets too much wait for it; after anything but its own commands put bytes into its output.
  void EnforceOutputLimit(Session& session);
  /// Whose command is being executed.
  Session& running_session() { return *running_; }
  net::Worker& net_worker() { return *worker_; }
  commands::CommandStats& stats() { return stats_; }

 private:
  struct Item {
    Session* session;
    commands::Request request;
    size_t input_bytes;        // of the request in the connection's input
    std::string_view error;    // a protocol error instead of a request
  };

  // ExecutionObserver.
  void OnMonitored(const commands::ClientState& client, const commands::CommandTable::Entry& command,
                   commands::Args args, int64_t now_ms) override;
  void OnExceeded(const commands::ClientState& client, const commands::CommandTable::Entry& command,
                  commands::Args args, uint64_t duration_ns, uint64_t request_bytes,
                  uint64_t reply_bytes) override;

  void ReadRequests(Session& session);
  bool ReadLargeBulk(Session& session);
  void RunBatch();
  void RunItem(const Item& item);
  bool IsHeldBack(Session& session, const Item* item);
  void BeginWait(Session& session);
  void OnWaitTimeout(net::ConnectionId id);
  void ResumeScript();
  void AfterBatch(Session& session);
  void PublishUsage(Session& session);
  bool IsTooMuch(const Session& session, uint64_t bytes) const;
  void SendPublished();
  void FailProtocol(Session& session, std::string_view error);
  bool IsHungUpOn(const Session& session, int64_t now_ms) const;
  void RunBackground();
  bool RunSlice();
  void RefreshLimits();

  Server& server_;
  const uint32_t index_;
  net::Worker* worker_ = nullptr;
  engine::WorkerState& engine_worker_;
  const bool& has_published_;   // messages that are to be sent on their way
  proto::ArgVector args_;
  commands::CommandStats stats_;
  commands::Executor executor_;
  std::unique_ptr<CrashStack> crash_stack_;
  SessionLimits limits_;
  uint64_t limits_version_ = 0;

  std::vector<Item> batch_;
  Session* running_ = nullptr;   // whose command is being executed
  Session* script_session_ = nullptr;   // whose script was left in the middle
  std::unique_ptr<net::ConnectionState> closed_script_session_;   // the same, if its connection is gone
  size_t batch_keys_ = 0;
  std::vector<net::ConnectionId> monitors_;
  std::vector<net::ConnectionId> paused_;
  uint32_t cron_slot_ = 0;
  bool is_background_armed_ = false;
};

}  // namespace ringtail::server
