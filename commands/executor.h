// Takes requests through their stages: look up, hash and prefetch, execute.
//
//   executor.Prepare(request, client.db);      // for each request of a batch
//   executor.PrefetchEntries(request);         // for each, after all were prepared
//   executor.Execute(request, client, output); // for each, in order
//
// Between MULTI and EXEC a request that passed the checks is queued; EXEC executes the queue under
// the locks of all its keys. After each command those are served who wait for a key that it wrote
// to: at once if their keys' locks are held, else as soon as these are let go, and in any case
// before the command's reply is sent.
//
// The checks that stand before every handler are here and nowhere else: existence, arity,
// authentication, ACL (later: cluster slot), memory. Thread rule: one executor belongs to one
// worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cycle_clock.h"
#include "commands/command_names.h"
#include "commands/context.h"
#include "commands/execution.h"
#include "commands/stats.h"
#include "commands/transaction.h"
#include "scripting/command_caller.h"

namespace ringtail::commands {

class ScriptRunner;
struct ScriptRun;

/// One request of a batch: ranges of the batch's arguments and keys.
struct Request {
  const CommandTable::Entry* command = nullptr;    ///< null: unknown
  const CommandTable::Entry* container = nullptr;  ///< known, but its subcommand is not
  uint32_t first_arg = 0;
  uint32_t arg_count = 0;
  uint32_t first_key = 0;
  uint32_t key_count = 0;
  uint64_t byte_count = 0;  ///< as it came over the wire, or near it
};

/// Gets told of commands, by whoever wants to watch. Called on the worker's thread.
class ExecutionObserver {
 public:
  virtual ~ExecutionObserver() = default;
  /// Before a command that MONITOR shows; only while is_monitored is set.
  virtual void OnMonitored(const ClientState& client, const CommandTable::Entry& command, Args args,
                           int64_t now_ms) = 0;
  /// After a command that exceeded one of the thresholds.
  virtual void OnExceeded(const ClientState& client, const CommandTable::Entry& command, Args args,
                          uint64_t duration_ns, uint64_t request_bytes, uint64_t reply_bytes) = 0;
};

/// What all workers' executors share; changed by CONFIG SET and by clients that start to watch.
struct ExecutionSettings {
  static constexpr uint64_t kNever = UINT64_MAX;
  std::atomic<uint64_t> duration_ns_min{
      kNever};  ///< lowest of the thresholds of SLOWLOG and LATENCY
  std::atomic<uint64_t> request_bytes_min{kNever};
  std::atomic<uint64_t> reply_bytes_min{kNever};
  std::atomic<bool> is_monitored{false};
  std::atomic<bool> is_latency_tracked{true};
};

class Executor {
 public:
  struct Parts {
    Engine& engine;
    engine::WorkerState& worker;
    const CommandTable& table;
    Services& services;
    ExecutionSettings& settings;
    ExecutionObserver& observer;
    CommandStats& stats;
    const CycleClock& cycles;
    proto::ArgVector& args;               ///< of the batch
    const CommandNames* names = nullptr;  ///< if commands have others than the table's
  };
  explicit Executor(const Parts& parts);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// The command that clients call so (not a subcommand), or null.
  const CommandTable::Entry* FindByName(std::string_view name) const {
    return parts_.names == nullptr ? parts_.table.Find(name) : parts_.names->Find(name);
  }

  /// Whether the request may write, or publish: by its flags, those of the commands that it
  /// executes, or what its script says of itself. For CLIENT PAUSE.
  bool MayWrite(const Request& request, const ClientState& client);

  /// Begins a batch of requests: no keys yet, time taken.
  void BeginBatch();
  /// Fills in command and keys from the arguments, and starts to load the keys' buckets.
  void Prepare(Request& request, int db);
  /// Starts to load the entries of a prepared request, whose buckets have arrived by now.
  void PrefetchEntries(const Request& request, int db) const;
  /// Starts to load the bucket of the member (field, element) that a request names, if its key is a
  /// large collection; for all requests of a batch, after their entries and before the first is
  /// executed. With one worker only: no lock is held.
  void PrefetchMemberBucket(const Request& request, int db);
  /// Starts to load the members whose buckets were prefetched.
  void PrefetchMembers();
  /// Starts to load what will be looked at when the reads of a client with tracking on are
  /// remembered: the tables' buckets when a request was prepared, the keys in them with the next of
  /// the batch's stages.
  void PrefetchTrackedBuckets(const Request& request) const;
  void PrefetchTrackedKeys(const Request& request) const;
  /// Starts to bring the locks of its keys here; for a request that is a few places before its
  /// turn.
  void PrefetchLocks(const Request& request) const;
  /// Executes a prepared request and writes its reply.
  void Execute(const Request& request, ClientState& client, proto::OutputBuffer& output);
  /// Serves those who wait for keys that were changed outside of commands (expiry, eviction).
  /// Within a batch, with no lock held.
  void ServeWaiters() {
    if (!parts_.worker.ready.empty()) ServeReady(nullptr);
  }
  uint32_t key_count() const { return static_cast<uint32_t>(keys_.size()); }
  /// Ends a client's wait, by a timeout or because it is gone. Within a batch, with no lock held;
  /// or exclusively (`is_exclusive`). False: the waiter was served meanwhile, and its reply is on
  /// its way.
  static bool CancelWait(Engine& engine, Waiter& waiter, bool is_exclusive);
  /// The same for a client that is gone while its worker is shut out: done once it no longer is.
  void ForgetLater(std::shared_ptr<Waiter> waiter, std::unique_ptr<Transaction> transaction);

  // Scripts (executor_scripts.cc). A script that has used up its time is left in the middle of a
  // command or of EXEC: its client waits (ClientState::waiter), all workers are shut out, and its
  // worker goes on with it slice by slice.

  /// Whether there is one, and whose it is (that client state must live until it has ended).
  bool has_left_script() const;
  const ClientState* script_client() const;
  struct ScriptEnd {
    std::shared_ptr<Waiter> waiter;  ///< of its client
    std::string reply;
  };
  /// Goes on with it for a slice, as a batch of its own. What it answers, if that was its end.
  std::optional<ScriptEnd> ResumeScript();
  /// Ends it, at the end of the process.
  void AbortScript();
  /// Executes a command that a script calls; errors are replies.
  void ExecuteFromScript(Args args, ScriptRun& run, proto::OutputBuffer& output);
  /// Whether the run may leave its stack: all workers stand still, so that they can be shut out.
  bool CanLeaveScript() const;
  /// redis.acl_check_cmd.
  scripting::AclVerdict MayExecute(Args args, const ClientState& client) const;

 private:
  struct ScriptJob;
  /// A command with all that is known of it before it is executed.
  struct Call {
    const CommandTable::Entry& command;
    Args args;
    std::span<const Key> keys;
    const proto::ArgVector* arg_vector;
    uint64_t request_bytes;
  };

  Args ArgsOf(const Request& request) const {
    return parts_.args.Range(request.first_arg, request.arg_count);
  }
  bool IsAllowed(const Request& request, ClientState& client, proto::OutputBuffer& output);
  bool IsPermitted(const CommandTable::Entry& command, Args args, ClientState& client,
                   proto::OutputBuffer& output);
  bool IsMemoryEnough(const CommandSpec& spec, Args args, const ClientState& client);
  void Reject(const CommandTable::Entry* command, ClientState& client, proto::OutputBuffer& output,
              std::string_view error);
  void Run(const Request& request, ClientState& client, proto::OutputBuffer& output);
  void RunSpecially(const Request& request, const Call& call, ClientState& client,
                    proto::OutputBuffer& output);
  /// RunHandler for those to whom a call more is nothing.
  void RunOutlined(const Call& call, ClientState& client, proto::OutputBuffer& output);
  void RunNested(const Call& call, ClientState& client, proto::OutputBuffer& output);
  void RunHandler(const Call& call, ClientState& client, proto::OutputBuffer& output);
  CommandContext ContextOf(const Call& call, ClientState& client, proto::OutputBuffer& output);
  /// In the statistics of its command; Account does what comes with it for a client's own command.
  void Count(const Call& call, CommandContext& context, uint64_t duration_ns);
  void Account(const Call& call, ClientState& client, CommandContext& context, size_t reply_bytes);
  void ShowToMonitors(const CommandTable::Entry& command, Args args, const ClientState& client) {
    if (!parts_.settings.is_monitored.load(std::memory_order_relaxed)) [[likely]]
      return;
    if ((command.spec->flags & (kSkipMonitor | kAdmin)) != 0) return;
    parts_.observer.OnMonitored(client, command, args, parts_.worker.now_ms);
  }

  // Transactions (executor_transaction.cc).

  /// Queues the request if its client is in a transaction, or executes its EXEC. False: it is to be
  /// run.
  bool TakeIntoTransaction(const Request& request, ClientState& client,
                           proto::OutputBuffer& output);
  void RunTransaction(const Request& request, ClientState& client, proto::OutputBuffer& output);
  void RunQueue(Transaction& transaction, std::span<const Key> keys, ClientState& client,
                proto::OutputBuffer& output);
  /// Whether a queued command is still allowed; else it has been answered so.
  bool IsStillPermitted(const Transaction::Queued& queued, ClientState& client,
                        proto::OutputBuffer& output);
  /// One queued command, its locks held.
  void RunQueued(const Call& call, ClientState& client, proto::OutputBuffer& output);
  bool HasWatchedChanged(const Transaction& transaction);
  void RunTransactionJob(const Request& request, std::unique_ptr<Transaction> transaction,
                         std::vector<Key> keys, ClientState& client, proto::OutputBuffer& output);
  void CountExec(const CommandTable::Entry& command, Args args, ClientState& client);
  void ForgetNow();

  // Scripts.

  void PrepareScripts();
  bool MayWrite(const CommandTable::Entry& command, Args args);
  void RunScriptCommand(const Request& request, ClientState& client, proto::OutputBuffer& output);
  void RunJob(ClientState& client, proto::OutputBuffer& output);
  void WorkOnJob();
  void FinishJob();
  void LeaveJob(ClientState& client);
  void PutJobAside();
  bool TakeExclusivity();
  /// What is answered while a script keeps the keyspace for long.
  std::string_view BusyText() const;
  bool IsServedWhileBusy(const CommandTable::Entry& command, const ClientState& client) const;
  void BeginQueuedScript(const Call& call, const ClientState& client);
  void ShowScriptToMonitors(const Call& call, const ClientState& client);
  const CommandTable::Entry* FindCommand(Args args) const;
  /// Why a script may not call this command; empty: it may. Hashes the command's keys.
  std::string_view RefusalOf(const CommandTable::Entry* command, Args args, const ScriptRun& run);
  void HashNestedKeys(const CommandTable::Entry& command, Args args);
  bool StaysWithin(const CommandTable::Entry& command, const ScriptRun& run) const;

  // Those who wait (executor_waiters.cc).

  /// Serves those who wait for keys that are ready, as far as the locks held reach (null: none are
  /// held, each is taken). What could not be done stays among the worker's ready keys.
  void ServeReady(const Engine::KeyLocks* held);
  bool ServeKey(const engine::ReadyKey& ready, const Engine::KeyLocks* held);
  void Retry(const std::shared_ptr<Waiter>& waiter);
  void ApplyReplyMode(const CommandTable::Entry* executed, ClientState& client,
                      proto::OutputBuffer& output, size_t mark);

  // Client-side caching (executor_tracking.cc).

  /// Remembers what a client with tracking on has read, while the locks are held.
  void RememberReads(const Call& call, const ClientState& client);
  /// After a command of a client that tracks.
  void AfterTracked(const Request& request, ClientState& client);
  void SendInvalidations();

  Parts parts_;
  /// A member that is on its way into the cache.
  struct Member {
    const storage::Object* collection;
    storage::KeyHash hash;
  };

  std::vector<Key> keys_;
  std::vector<Member> members_;
  uint32_t small_count_ = 0;  // small collections in a row among the batch's keys
  KeyPositions positions_;
  Execution execution_;
  proto::ChunkPool retry_pool_;  // of replies to those who waited, and of scripts
  uint64_t last_cycles_ = 0;
  std::vector<Key> nested_keys_;            // of a command that a script calls
  std::string refusal_;                     // of one that its user may not execute
  std::optional<Engine::Exclusive> alone_;  // of a script, or of a transaction
  std::unique_ptr<ScriptRunner> scripts_;   // made for the first one
  std::unique_ptr<ScriptJob> job_;
  // Of clients that went while this worker was shut out.
  std::vector<std::shared_ptr<Waiter>> late_waiters_;
  std::vector<std::unique_ptr<Transaction>> late_transactions_;
};

}  // namespace ringtail::commands
