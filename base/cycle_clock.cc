#include "base/cycle_clock.h"

#include "base/clock.h"

namespace ringtail {

CycleClock::CycleClock() {
  const SystemClock clock;
  const int64_t start_ns = clock.MonotonicNs();
  const uint64_t start = Now();
  int64_t end_ns = start_ns;
  while (end_ns - start_ns < 1'000'000) end_ns = clock.MonotonicNs();
  const uint64_t cycles = Now() - start;
  cycles_per_ns_ = static_cast<double>(cycles) / static_cast<double>(end_ns - start_ns);
  ns_per_cycle_shifted_ =
      static_cast<uint64_t>(static_cast<double>(uint64_t{1} << kShift) / cycles_per_ns_ + 0.5);
}

}  // namespace ringtail
