// How long and with what seed a randomised test runs.
//
//   Random random(RunSeed());             // RINGTAIL_SEED=n replays a failed run
//   for (int i = 0; i < Operations(1'000'000); ++i) …
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

/// The number of operations; a tenth of it under ThreadSanitizer, which has nothing to find in a structure of one thread.
constexpr int Operations(int count) {
#if defined(__SANITIZE_THREAD__)
  return count / 10;
#else
  return count;
#endif
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
