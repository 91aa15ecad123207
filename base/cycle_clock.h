// The processor's own counter, for timing single commands: a few nanoseconds a reading.
//
//   const uint64_t start = CycleClock::Now();
//   …
//   uint64_t ns = cycles.ToNs(CycleClock::Now() - start);
//
// On x86-64 the time stamp counter, which is invariant on every processor of the last fifteen years;
// elsewhere the monotonic clock. Thread rule: any thread.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <ctime>
#endif

namespace ringtail {

class CycleClock {
 public:
  /// Measures the counter's rate against the monotonic clock for about a millisecond.
  CycleClock();

  static uint64_t Now() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
#endif
  }
  uint64_t ToNs(uint64_t cycles) const { return (cycles * ns_per_cycle_shifted_) >> kShift; }
  uint64_t ToCycles(uint64_t ns) const {
    return static_cast<uint64_t>(static_cast<double>(ns) * cycles_per_ns_);
  }

 private:
  static constexpr int kShift = 20;
  uint64_t ns_per_cycle_shifted_;
  double cycles_per_ns_;
};

}  // namespace ringtail
