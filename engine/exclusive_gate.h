// Lets one thread at a time have the whole keyspace to itself.
//
//   ExclusiveGate gate(worker_count);
//   if (!gate.Enter(worker)) …          // before a batch; false: shut out
//   if (!gate.Breathe(worker)) …        // between two commands: lets an exclusive command in
//   gate.Leave(worker);                 // after the batch
//
//   if (gate.Acquire(worker)) {         // inside a batch: nobody else executes anything
//     …
//     gate.Release(worker);
//   }
//
// Every participant (a worker, or another thread that touches partitions) holds its own mutex while it works.
// Whoever wants exclusivity lets go of its own mutex, becomes the one holder, then takes all the mutexes; so two that want it
// never wait for each other. With a single participant nothing is locked.
//
// A holder that takes very long (a script past its time) shuts the others out instead of keeping them waiting: ShutOut
// lets everybody's Enter, Breathe and Acquire return false until Release, the holder's own too, which gets back in by
// ComeBack. Who is shut out touches no key.
//
//   state      Enter, Breathe           Acquire
//   open       in                       holder, once the others stand still
//   held       waits                    waits
//   shut       false                    false
//
// Thread rule: each participant index is used by one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace ringtail::engine {

class ExclusiveGate {
 public:
  explicit ExclusiveGate(size_t participant_count)
      : count_(participant_count), places_(std::make_unique<Place[]>(participant_count)) {}

  /// False: shut out. Leave is called in either case.
  bool Enter(size_t participant) {
    if (count_ == 1) return !is_wanted_.load(std::memory_order_relaxed);
    for (;;) {
      // A holder that has just let go may hold the mutex for one moment more.
      if (!is_wanted_.load(std::memory_order_acquire) && places_[participant].mutex.try_lock())
          [[likely]] {
        places_[participant].is_inside = true;
        return true;
      }
      if (!WaitOutside()) return false;
    }
  }
  void Leave(size_t participant) {
    if (count_ == 1 || !places_[participant].is_inside) return;
    places_[participant].is_inside = false;
    places_[participant].mutex.unlock();
  }
  bool Breathe(size_t participant) {
    if (!is_wanted_.load(std::memory_order_relaxed)) [[likely]] return true;
    Leave(participant);
    return Enter(participant);
  }
  /// Whether some thread waits for exclusivity or has it; long work looks at this between its slices.
  bool is_wanted() const { return is_wanted_.load(std::memory_order_relaxed); }

  /// Inside. False: shut out meanwhile, and outside now.
  bool Acquire(size_t participant) {
    if (count_ == 1) return true;
    Leave(participant);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return !has_holder_ || is_shut_; });
      if (is_shut_) return false;
      has_holder_ = true;
      is_wanted_.store(true, std::memory_order_release);
    }
    for (size_t i = 0; i < count_; ++i) LockPlace(places_[i].mutex);
    places_[participant].is_inside = true;
    return true;
  }
  /// The holder, inside, goes on as an ordinary participant.
  void Release(size_t participant) {
    if (count_ != 1) {
      for (size_t i = 0; i < count_; ++i) {
        if (i != participant) places_[i].mutex.unlock();
      }
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      has_holder_ = false;
      is_shut_ = false;
      is_wanted_.store(false, std::memory_order_release);
    }
    if (count_ != 1) changed_.notify_all();
  }

  /// The holder shuts everybody out, and itself.
  void ShutOut(size_t participant) {
    places_[participant].is_inside = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      is_shut_ = true;
      is_wanted_.store(true, std::memory_order_release);
    }
    changed_.notify_all();
  }
  /// The holder that has shut everybody out works for a while; then Release or ShutOut.
  void ComeBack(size_t participant) { places_[participant].is_inside = true; }

 private:
  struct alignas(64) Place {
    std::mutex mutex;
    bool is_inside = false;   // its thread's own note
  };

  bool WaitOutside() {
    // Most of what is exclusive is over in a few microseconds.
    for (int spin = 0; spin < kSpins; ++spin) {
      if (!is_wanted_.load(std::memory_order_acquire)) return true;
      Pause();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !is_wanted_.load(std::memory_order_relaxed) || is_shut_; });
    return !is_shut_;
  }

  static constexpr int kSpins = 200;  // about 5 µs

  static void Pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  static void LockPlace(std::mutex& mutex) {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (mutex.try_lock()) return;
      Pause();
    }
    mutex.lock();
  }

  const size_t count_;
  std::unique_ptr<Place[]> places_;
  std::atomic<bool> is_wanted_{false};
  std::mutex mutex_;                  // guards what follows; not held while exclusive
  std::condition_variable changed_;
  bool has_holder_ = false;
  bool is_shut_ = false;
};

}  // namespace ringtail::engine
