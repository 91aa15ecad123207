// One thread with one libuv loop and the connections that live on it.
//
// A turn of the loop: the poll phase only receives and notes who has sent something; then the
// delegate gets all of them at once (OnTurn), so it can prefetch across connections; then every
// connection that has output is flushed with one send. What a client does not take at once waits
// until its socket is writable.
//
// Those who asked in this turn are answered first. Those who only receive, such as subscribers, are
// flushed in slices, between which the loop polls: a message to 100,000 of them does not keep others
// waiting, and messages that come meanwhile leave together with the first. Where many ask, the slices
// grow, so that receivers have half of the worker's time.
//
// A worker that has served somebody lets other threads have its core and polls once more before it
// sleeps: clients on the same machine write their next requests meanwhile, so a turn has more of
// them, and a sleep and a wake-up are saved (docs/adr/0003).
//
//   Worker worker(0, {}, delegate);
//   worker.StartThread();
//   worker.Post([&] { ... });                       // from any thread
//   worker.PostTo(id, [](Connection& c) { ... });   // runs only if it still lives
//   worker.RequestStop();
//   worker.Join();
//
// Thread rule: Post, PostTo, RequestStop, connection_count, stats and index from any thread; Join
// and the destructor from the thread that made it; everything else only on the worker's own thread.
#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/connection.h"
#include "net/connection_id.h"
#include "net/mailbox.h"
#include "net/tls_transport.h"
#include "net/turn_arena.h"
#include "net/unique_fd.h"
#include "net/worker_delegate.h"
#include "proto/output_buffer.h"

namespace ringtail::net {

struct WorkerOptions {
  /// Receive memory for one turn; what arrives beyond it ends the turn early.
  size_t turn_arena_bytes = 1024 * 1024;
  int64_t cron_interval_ms = 100;
  /// What one connection may be sent in one turn, so that a 100 MB reply does not keep others
  /// waiting.
  size_t flush_bytes_max = 1024 * 1024;
  /// How many of those that only receive are flushed in a slice, between two polls.
  size_t receivers_per_slice = 64;
  /// How long a TLS handshake may take, from the accept on.
  int64_t handshake_timeout_ms = 10'000;
  /// Handshakes cost about a millisecond each. When so much has gone into them in one turn, those
  /// that wait come later, so that a crowd of new connections does not keep the others waiting.
  int64_t handshake_ns_per_turn_max = 2'000'000;
};

/// A one-shot timer of one worker.
struct TimerId {
  int64_t deadline_ms = 0;
  uint64_t sequence = 0;  // 0: no timer
  friend auto operator<=>(const TimerId&, const TimerId&) = default;
};

/// Plain counters with one writer, the worker; readable from any thread.
struct alignas(64) WorkerStats {
  std::atomic<uint64_t> received_bytes{0};
  std::atomic<uint64_t> sent_bytes{0};
  std::atomic<uint64_t> receive_count{0};
  std::atomic<uint64_t> send_count{0};
  std::atomic<uint64_t> accepted_count{0};
  std::atomic<uint64_t> closed_count{0};
  std::atomic<uint64_t> turn_count{0};
  std::atomic<uint64_t> early_turn_count{0};
  std::atomic<uint64_t> handshake_count{0};
  std::atomic<uint64_t> failed_handshake_count{0};
};

class Worker {
 public:
  /// The delegate must outlive the worker.
  Worker(uint32_t index, const WorkerOptions& options, WorkerDelegate& delegate);
  /// The worker must not be running. Tasks never run are destroyed.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // From any thread.

  /// Runs `task()` on the worker's thread, in the order of this thread's posts. A task posted after
  /// the worker has stopped is destroyed without having run.
  template <typename Task>
  void Post(Task&& task) {
    if (mailbox_.Push(std::forward<Task>(task))) uv_async_send(&wake_);
  }
  /// Runs `task(Connection&)` on the worker's thread if the connection still lives then.
  template <typename Task>
  void PostTo(ConnectionId id, Task&& task) {
    Post([this, id, task = std::forward<Task>(task)]() mutable {
      if (Connection* connection = Find(id)) task(*connection);
    });
  }
  /// Closes all connections (sending what their sockets take at once) and ends the loop. For a
  /// worker of a Network, call Network::Stop instead.
  void RequestStop();
  /// Open connections, including those on their way here from the acceptor.
  size_t connection_count() const { return connection_count_.load(std::memory_order_relaxed); }
  const WorkerStats& stats() const { return stats_; }
  uint32_t index() const { return index_; }

  // From the thread that made it.

  /// Makes the loop; before StartThread or Run.
  Result<void> Open();
  /// Runs the loop on a new thread named rt-worker-<index>.
  void StartThread();
  /// Runs the loop on the calling thread until RequestStop.
  void Run();
  /// Waits for the thread of StartThread to end.
  void Join();

  // On the worker's thread.

  /// Takes a connected, non-blocking socket over and calls OnAccept. Null if the system refuses.
  Connection* Adopt(UniqueFd socket, uint32_t listener_tag, bool is_unix_socket);
  /// The same for a socket that speaks TLS, as the context's role says: OnAccept is called when the
  /// handshake is done, or OnHandshakeFailed. A client's socket may still be connecting, and
  /// announces server_name unless that is empty.
  Connection* AdoptTls(UniqueFd socket, uint32_t listener_tag, bool is_unix_socket,
                       std::shared_ptr<const TlsContext> context, const std::string& server_name);
  /// The connection of that id, or null.
  Connection* Find(ConnectionId id);
  /// The connection in a slot (or null), for walks in slices: slots are 0 to slot_count() - 1.
  Connection* ConnectionAt(uint32_t slot) { return slots_[slot].connection; }
  uint32_t slot_count() const { return static_cast<uint32_t>(slots_.size()); }
  /// Calls `visit(Connection&)` for every open connection.
  template <typename Visit>
  void ForEachConnection(Visit&& visit) {
    for (uint32_t slot = 0; slot < slot_count(); ++slot) {
      Connection* connection = ConnectionAt(slot);
      if (connection != nullptr && !connection->is_closing()) visit(*connection);
    }
  }
  /// Calls `task` once, `delay_ms` from now or a little later.
  TimerId StartTimer(int64_t delay_ms, std::function<void()> task);
  /// The timer will not fire. An id that has fired or never was is ignored.
  void CancelTimer(TimerId id);
  void SetCronInterval(int64_t interval_ms);
  /// Milliseconds of a clock that never goes backwards, as of this turn's begin.
  int64_t now_ms() const { return static_cast<int64_t>(uv_now(&loop_)); }
  bool is_on_own_thread() const { return std::this_thread::get_id() == thread_id_.load(); }
  WorkerDelegate& delegate() const { return delegate_; }

  // For the rest of net/.

  uv_loop_t* loop() { return &loop_; }
  proto::ChunkPool& chunk_pool() { return chunk_pool_; }
  /// Calls OnAfterPoll if this turn has not yet; before any call of the delegate.
  void Awake() {
    needs_finish_ = true;
    if (is_awake_) return;
    is_awake_ = true;
    delegate_.OnAfterPoll();
  }

 private:
  friend class Connection;
  friend class Acceptor;

  struct Slot {
    Connection* connection = nullptr;
    uint32_t generation = 1;
  };

  // The loop's callbacks.
  static void OnPollEvent(uv_poll_t* poll, int status, int events);
  static void OnWake(uv_async_t* wake);
  static void OnCronTick(uv_timer_t* timer);
  static void OnTimerDue(uv_timer_t* timer);
  static void OnCheck(uv_check_t* check);
  static void OnPrepare(uv_prepare_t* prepare);

  // Receiving and sending (worker_io.cc).
  void Receive(Connection& connection);
  ssize_t ReceiveInput(Connection& connection);
  ssize_t ReceiveBlock(Connection& connection);
  void ReceiveBroken(Connection& connection);
  void AddReady(Connection& connection);
  void Flush(Connection& connection);
  bool Send(Connection& connection);
  void UpdateInterest(Connection& connection);

  // The same with TLS (worker_tls.cc).
  bool MakeTls(Connection& connection, std::shared_ptr<const TlsContext> context,
               const std::string& server_name);
  void StartHandshake(Connection& connection);
  ssize_t ReceiveTls(Connection& connection);
  ssize_t DecryptAll(Connection& connection);
  bool GoOnWithHandshake(Connection& connection);
  void FailHandshake(Connection& connection, std::string_view why);
  bool SendTls(Connection& connection);
  bool SendRecords(Connection& connection);
  void SayFarewell(Connection& connection);

  static void Increment(std::atomic<uint64_t>& counter, uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  // The turn (worker.cc).
  void AddMarkedReady();
  void RunReady();
  void FinishTurn();
  void FlushListed();
  void FlushReceivers(uint64_t turn_begin_ns);
  void FlushReceiversAtMost(size_t count_max);
  void CloseListed();
  void Close(Connection& connection);
  Connection* AdoptCounted(UniqueFd socket, uint32_t listener_tag, bool is_unix_socket,
                           std::shared_ptr<const TlsContext> context,
                           const std::string& server_name);
  bool YieldBeforeSleep();
  void ArmTimer();
  void RunDueTimers();

  // Fixed.
  const uint32_t index_;
  const WorkerOptions options_;
  WorkerDelegate& delegate_;

  // Shared with other threads.
  Mailbox mailbox_;
  std::atomic<size_t> connection_count_{0};
  WorkerStats stats_;

  // The loop and its fixed handles.
  uv_loop_t loop_;
  uv_async_t wake_;
  uv_timer_t cron_;
  uv_timer_t one_shot_;
  uv_check_t check_;
  uv_prepare_t prepare_;
  uv_idle_t spin_;  // active while marked_ready_ must not wait for the poll
  bool is_open_ = false;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_{};

  // Connections. chunk_pool_ outlives them.
  proto::ChunkPool chunk_pool_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::unique_ptr<TlsWorkerMemory> tls_memory_;  // made by the first connection with TLS
  std::map<TimerId, std::function<void()>> timers_;
  uint64_t timer_sequence_ = 0;

  // This turn.
  TurnArena arena_;
  std::vector<Connection*> ready_;
  std::vector<Connection*> running_;  // what OnTurn is looking at
  std::vector<Connection*> marked_ready_;
  std::vector<Connection*> listed_;  // to be looked at for output: have asked in this turn
  std::vector<Connection*> flushing_;
  std::vector<Connection*> closing_;
  std::deque<ConnectionId> receivers_;  // the same for those that have not; may take many turns
  bool is_awake_ = false;
  bool needs_finish_ = false;  // the delegate was called since the last OnBeforeFlush
  bool has_served_ = false;    // since the last yield
  int64_t average_yield_ns_ = 0;
  int64_t no_yield_before_ms_ = 0;
  bool is_stopping_ = false;
  int64_t handshake_ns_ = 0;  // spent in this turn
  int64_t trimmed_ms_ = 0;
};

}  // namespace ringtail::net
