#include "net/worker.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace ringtail::net {
namespace {

// Free reply chunks are given back to the system about once a second.
constexpr int64_t kTrimIntervalMs = 1000;

// Yields that take so long on average give the core to somebody who computes: none for a while, since
// requests would wait for the end of his time slice each time.
constexpr int64_t kYieldNsMax = 1'000'000;
constexpr int64_t kNoYieldMs = 1000;

int64_t ExactNowMs() { return static_cast<int64_t>(uv_hrtime() / 1'000'000); }

uint64_t DelayMs(int64_t delay_ms) { return static_cast<uint64_t>(std::max<int64_t>(delay_ms, 0)); }

Error UvError(const char* what, int code) {
  return {std::string("cannot make a worker's ") + what + ": " + uv_strerror(code)};
}

void CloseHandle(uv_handle_t* handle) { uv_close(handle, nullptr); }

}  // namespace

Worker::Worker(uint32_t index, const WorkerOptions& options, WorkerDelegate& delegate)
    : index_(index), options_(options), delegate_(delegate), arena_(options.turn_arena_bytes) {}

Worker::~Worker() {
  if (!is_open_) return;
  CloseHandle(reinterpret_cast<uv_handle_t*>(&wake_));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&cron_));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&one_shot_));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&check_));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&prepare_));
  CloseHandle(reinterpret_cast<uv_handle_t*>(&spin_));
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

Result<void> Worker::Open() {
  if (const int code = uv_loop_init(&loop_); code != 0) return UvError("event loop", code);
  if (const int code = uv_async_init(&loop_, &wake_, OnWake); code != 0) {
    uv_loop_close(&loop_);
    return UvError("wake-up descriptor", code);
  }
  loop_.data = this;
  wake_.data = this;
  uv_timer_init(&loop_, &cron_);
  cron_.data = this;
  uv_timer_init(&loop_, &one_shot_);
  one_shot_.data = this;
  uv_check_init(&loop_, &check_);
  check_.data = this;
  uv_prepare_init(&loop_, &prepare_);
  prepare_.data = this;
  uv_idle_init(&loop_, &spin_);
  is_open_ = true;
  return {};
}

void Worker::StartThread() {
  thread_ = std::thread([this] {
    const std::string name = "rt-worker-" + std::to_string(index_);
    pthread_setname_np(pthread_self(), name.c_str());
    Run();
  });
}

void Worker::Run() {
  thread_id_ = std::this_thread::get_id();
  uv_update_time(&loop_);
  uv_check_start(&check_, OnCheck);
  uv_prepare_start(&prepare_, OnPrepare);
  SetCronInterval(options_.cron_interval_ms);
  delegate_.OnStart(*this);
  uv_run(&loop_, UV_RUN_DEFAULT);
  delegate_.OnStop();
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::RequestStop() {
  Post([this] { is_stopping_ = true; });
}

Connection* Worker::Find(ConnectionId id) {
  if (id.worker_index() != index_ || id.slot() >= slot_count()) return nullptr;
  const Slot& slot = slots_[id.slot()];
  if (slot.generation != id.generation() || slot.connection == nullptr) return nullptr;
  return slot.connection->is_closing() ? nullptr : slot.connection;
}

Connection* Worker::Adopt(UniqueFd socket, uint32_t listener_tag, bool is_unix_socket) {
  return AdoptTls(std::move(socket), listener_tag, is_unix_socket, nullptr, "");
}

Connection* Worker::AdoptTls(UniqueFd socket, uint32_t listener_tag, bool is_unix_socket,
                             std::shared_ptr<const TlsContext> context,
                             const std::string& server_name) {
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  return AdoptCounted(std::move(socket), listener_tag, is_unix_socket, std::move(context),
                      server_name);
}

// Without a context the connection speaks in the clear.
Connection* Worker::AdoptCounted(UniqueFd socket, uint32_t listener_tag, bool is_unix_socket,
                                 std::shared_ptr<const TlsContext> context,
                                 const std::string& server_name) {
  if (free_slots_.empty() && slots_.size() < kSlotCountMax) {
    free_slots_.push_back(slot_count());
    slots_.emplace_back();
  }
  if (free_slots_.empty() || is_stopping_) {
    connection_count_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  const uint32_t slot = free_slots_.back();
  const ConnectionId id(index_, slot, slots_[slot].generation);
  auto* connection = new Connection(*this, id, std::move(socket), listener_tag, is_unix_socket);
  const bool has_tls = context != nullptr;
  if ((has_tls && !MakeTls(*connection, std::move(context), server_name)) ||
      uv_poll_init(&loop_, &connection->poll_, connection->fd()) != 0) {
    delete connection;
    connection_count_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  connection->poll_.data = connection;
  free_slots_.pop_back();
  slots_[slot].connection = connection;
  Increment(stats_.accepted_count, 1);
  UpdateInterest(*connection);
  Awake();
  if (has_tls) {
    StartHandshake(*connection);
  } else {
    connection->is_known_ = true;
    delegate_.OnAccept(*connection);
  }
  return connection;
}

// --- The turn ---

void Worker::OnWake(uv_async_t* wake) {
  auto& worker = *static_cast<Worker*>(wake->data);
  worker.Awake();
  worker.mailbox_.RunAll();
}

void Worker::OnCronTick(uv_timer_t* timer) {
  auto& worker = *static_cast<Worker*>(timer->data);
  worker.Awake();
  worker.delegate_.OnCron(worker.now_ms());
  if (worker.now_ms() - worker.trimmed_ms_ >= kTrimIntervalMs) {
    worker.trimmed_ms_ = worker.now_ms();
    worker.chunk_pool_.Trim();
  }
}

void Worker::OnCheck(uv_check_t* check) {
  auto& worker = *static_cast<Worker*>(check->data);
  const uint64_t begin_ns = uv_hrtime();
  worker.handshake_ns_ = 0;
  worker.AddMarkedReady();
  worker.RunReady();
  worker.FinishTurn();
  worker.FlushReceivers(begin_ns);
  worker.FinishTurn();
}

// Timers run between the check and this, so there may be output to flush again.
void Worker::OnPrepare(uv_prepare_t* prepare) {
  auto& worker = *static_cast<Worker*>(prepare->data);
  worker.FinishTurn();
  if (worker.is_awake_) {
    worker.is_awake_ = false;
    worker.delegate_.OnBeforeBlock();
  }
  const bool has_more = !worker.marked_ready_.empty() || !worker.receivers_.empty();
  // An active idle handle lets the loop poll without blocking.
  if (has_more || worker.YieldBeforeSleep()) {
    uv_idle_start(&worker.spin_, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&worker.spin_);
  }
}

// False if it is time to sleep.
bool Worker::YieldBeforeSleep() {
  if (!has_served_ || now_ms() < no_yield_before_ms_) return false;
  has_served_ = false;
  const uint64_t begin_ns = uv_hrtime();
  ::sched_yield();
  const auto taken_ns = static_cast<int64_t>(uv_hrtime() - begin_ns);
  average_yield_ns_ += (taken_ns - average_yield_ns_) / 8;
  if (average_yield_ns_ > kYieldNsMax) {
    average_yield_ns_ = kYieldNsMax;  // the next one decides
    no_yield_before_ms_ = now_ms() + kNoYieldMs;
  }
  return true;
}

void Worker::AddMarkedReady() {
  for (Connection* connection : marked_ready_) {
    connection->is_marked_ready_ = false;
    if (!connection->is_closing_ && !connection->is_closing_after_flush_) AddReady(*connection);
  }
  marked_ready_.clear();
}

void Worker::RunReady() {
  if (ready_.empty()) return;
  Awake();
  running_.swap(ready_);
  has_served_ = true;
  Increment(stats_.turn_count, 1);
  delegate_.OnTurn(running_);
  for (Connection* connection : running_) {
    connection->is_ready_ = false;
    connection->input_.Retain();
    const bool is_partial = !connection->input_.empty() || connection->block_.is_active();
    if (!is_partial) {
      connection->partial_since_ms_ = 0;
    } else if (connection->partial_since_ms_ == 0 || connection->has_progress_) {
      connection->partial_since_ms_ = now_ms();
    }
    connection->has_progress_ = false;
  }
  running_.clear();
  arena_.Reset();
}

void Worker::FinishTurn() {
  while (needs_finish_ || !listed_.empty() || !closing_.empty()) {
    if (needs_finish_) {
      needs_finish_ = false;
      delegate_.OnBeforeFlush();
    }
    FlushListed();
    if (is_stopping_) {
      FlushReceiversAtMost(receivers_.size());
      ForEachConnection(
          [](Connection& connection) { connection.CloseNow(CloseReason::kShutdown); });
      uv_stop(&loop_);
    }
    CloseListed();
  }
}

void Worker::FlushListed() {
  flushing_.swap(listed_);
  for (Connection* connection : flushing_) Flush(*connection);
  flushing_.clear();
}

// A slice, and more of them until they have taken as long as the turn before them.
void Worker::FlushReceivers(uint64_t turn_begin_ns) {
  if (receivers_.empty()) return;
  const uint64_t now_ns = uv_hrtime();
  const uint64_t end_ns = now_ns + (now_ns - turn_begin_ns);
  do {
    FlushReceiversAtMost(options_.receivers_per_slice);
  } while (!receivers_.empty() && uv_hrtime() < end_ns);
}

void Worker::FlushReceiversAtMost(size_t count_max) {
  for (size_t count = 0; count < count_max && !receivers_.empty(); ++count) {
    Connection* connection = Find(receivers_.front());
    receivers_.pop_front();
    if (connection != nullptr) Flush(*connection);
  }
}

// Takes only those that are listed now: OnClose may write to and close others, whose output goes
// first.
void Worker::CloseListed() {
  std::vector<Connection*> closing;
  closing.swap(closing_);
  for (Connection* connection : closing) Close(*connection);
}

void Worker::Close(Connection& connection) {
  if (!is_awake_) Awake();
  if (connection.is_known_) delegate_.OnClose(connection, connection.close_reason_);
  if (connection.tls_ != nullptr) SayFarewell(connection);
  if (connection.is_marked_ready_) std::erase(marked_ready_, &connection);
  connection.state_.reset();
  connection.input_.Clear();
  connection.output_.Clear();
  Slot& slot = slots_[connection.id().slot()];
  slot.connection = nullptr;
  if (++slot.generation == 0) slot.generation = 1;
  free_slots_.push_back(connection.id().slot());
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  Increment(stats_.closed_count, 1);
  // uv_close takes the descriptor out of the poll set, so it can be closed at once; the handle's
  // memory is libuv's until its callback.
  uv_close(reinterpret_cast<uv_handle_t*>(&connection.poll_),
           [](uv_handle_t* handle) { delete static_cast<Connection*>(handle->data); });
  connection.fd_ = UniqueFd();
}

// --- Timers ---

void Worker::SetCronInterval(int64_t interval_ms) {
  const uint64_t interval = DelayMs(interval_ms);
  uv_timer_start(&cron_, OnCronTick, interval, interval);
}

TimerId Worker::StartTimer(int64_t delay_ms, std::function<void()> task) {
  const TimerId id{.deadline_ms = ExactNowMs() + std::max<int64_t>(delay_ms, 0),
                   .sequence = ++timer_sequence_};
  timers_.emplace(id, std::move(task));
  if (timers_.begin()->first == id) ArmTimer();
  return id;
}

void Worker::CancelTimer(TimerId id) { timers_.erase(id); }

void Worker::ArmTimer() {
  if (timers_.empty()) return;
  uv_timer_start(&one_shot_, OnTimerDue, DelayMs(timers_.begin()->first.deadline_ms - ExactNowMs()),
                 0);
}

// The loop's clock may lag behind by the length of a turn, so a tick can come early; it is then set
// again.
void Worker::OnTimerDue(uv_timer_t* timer) {
  auto& worker = *static_cast<Worker*>(timer->data);
  worker.Awake();
  worker.RunDueTimers();
}

void Worker::RunDueTimers() {
  // What the tasks start themselves has a greater sequence and waits for the next tick.
  const TimerId last_due{.deadline_ms = ExactNowMs(), .sequence = timer_sequence_};
  while (!timers_.empty() && timers_.begin()->first <= last_due) {
    auto due = timers_.extract(timers_.begin());
    due.mapped()();
  }
  ArmTimer();
}

}  // namespace ringtail::net
