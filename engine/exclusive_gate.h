// Lets one thread at a time have the whole keyspace to itself.
//
//   ExclusiveGate gate(worker_count);
//   gate.Enter(worker);                 // before a batch
//   gate.Breathe(worker);               // between two commands: lets an exclusive command in
//   gate.Leave(worker);                 // after the batch
//
//   ExclusiveGate::Scope alone(gate, worker);      // inside a batch: nobody else executes anything
//
// Every participant (a worker, or another thread that touches partitions) holds its own mutex while it works.
// Whoever wants exclusivity lets go of its own mutex first, then passes the one gate, then takes all the
// mutexes; so two that want it never wait for each other. With a single participant nothing is locked.
// Thread rule: each participant index is used by one thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>

namespace ringtail::engine {

class ExclusiveGate {
 public:
  explicit ExclusiveGate(size_t participant_count)
      : count_(participant_count), mutexes_(std::make_unique<Padded[]>(participant_count)) {}

  void Enter(size_t participant) {
    if (count_ == 1) return;
    WaitOutside();
    mutexes_[participant].mutex.lock();
  }
  void Leave(size_t participant) {
    if (count_ > 1) mutexes_[participant].mutex.unlock();
  }
  void Breathe(size_t participant) {
    if (!is_wanted_.load(std::memory_order_relaxed)) [[likely]] return;
    Leave(participant);
    Enter(participant);
  }
  /// Whether some thread waits for exclusivity; long work looks at this between its slices.
  bool is_wanted() const { return is_wanted_.load(std::memory_order_relaxed); }

  class Scope {
   public:
    Scope(ExclusiveGate& gate, size_t participant) : gate_(gate), participant_(participant) {
      gate_.Acquire(participant_);
    }
    ~Scope() { gate_.Release(participant_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ExclusiveGate& gate_;
    const size_t participant_;
  };

 private:
  struct alignas(64) Padded {
    std::mutex mutex;
  };

  void WaitOutside() {
    if (!is_wanted_.load(std::memory_order_acquire)) [[likely]] return;
    std::lock_guard<std::mutex> passed(gate_);
  }
  void Acquire(size_t participant) {
    if (count_ == 1) return;
    mutexes_[participant].mutex.unlock();
    gate_.lock();
    is_wanted_.store(true, std::memory_order_release);
    for (size_t i = 0; i < count_; ++i) mutexes_[i].mutex.lock();
  }
  void Release(size_t participant) {
    if (count_ == 1) return;
    is_wanted_.store(false, std::memory_order_release);
    for (size_t i = 0; i < count_; ++i) {
      if (i != participant) mutexes_[i].mutex.unlock();
    }
    gate_.unlock();
  }

  const size_t count_;
  std::unique_ptr<Padded[]> mutexes_;
  std::mutex gate_;
  std::atomic<bool> is_wanted_{false};
};

}  // namespace ringtail::engine
