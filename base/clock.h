// Time, as everything above base/ sees it: a Clock is passed in, nobody reads the system's.
//
//   int64_t deadline_ms = clock.WallMs() + 100;
//
// Thread rule: any thread may read a Clock. ManualClock is for tests and simulators.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringtail {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since the Unix epoch. Can jump; expiry times are in this.
  virtual int64_t WallMs() const = 0;
  /// Nanoseconds since the Unix epoch.
  virtual int64_t WallNs() const = 0;
  /// Nanoseconds of a clock that never goes backwards; for durations.
  virtual int64_t MonotonicNs() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  int64_t WallMs() const override;
  int64_t WallNs() const override;
  int64_t MonotonicNs() const override;
};

/// A clock that stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_ms = 1'700'000'000'000) : now_ns_(start_ms * 1'000'000) {}
  int64_t WallMs() const override { return now_ns_.load(std::memory_order_relaxed) / 1'000'000; }
  int64_t WallNs() const override { return now_ns_.load(std::memory_order_relaxed); }
  int64_t MonotonicNs() const override { return now_ns_.load(std::memory_order_relaxed); }
  void AdvanceMs(int64_t delta_ms) { now_ns_.fetch_add(delta_ms * 1'000'000, std::memory_order_relaxed); }
  void AdvanceNs(int64_t delta_ns) { now_ns_.fetch_add(delta_ns, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> now_ns_;
};

}  // namespace ringtail
