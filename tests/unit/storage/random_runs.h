// How long and with what seed a randomised test runs.
//
//   Random random(RunSeed());             // RINGTAIL_SEED=n replays a failed run
//   const int count = Operations(1'000'000);
//
// The seed is printed when the test asks for it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/random.h"

namespace ringtail {

#if RINGTAIL_SYSTEM_MALLOC
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

/// The number of operations: all of `count`, or the percentage of it in RINGTAIL_OPERATIONS_PERCENT. A tenth under
/// ThreadSanitizer, which has nothing to find in a structure of one thread.
inline int Operations(int count) {
  static const int64_t percent = [] {
    if (const char* given = std::getenv("RINGTAIL_OPERATIONS_PERCENT")) return std::atoi(given);
#if defined(__SANITIZE_THREAD__)
    return 10;
#else
    return 100;
#endif
  }();
  return static_cast<int>(count * percent / 100);
}

/// A fresh seed, or the one in RINGTAIL_SEED; printed.
inline uint64_t RunSeed() {
  uint64_t seed = 0;
  SecureRandomBytes(&seed, sizeof(seed));
  if (const char* given = std::getenv("RINGTAIL_SEED")) seed = std::strtoull(given, nullptr, 10);
  std::printf("[   SEED   ] %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace ringtail
