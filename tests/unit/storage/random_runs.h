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

/// The number of operations, a tenth of it where a sanitizer makes each ten times as slow.
constexpr int Operations(int count) { return kIsSanitized ? count / 10 : count; }

/// A fresh seed, or the one in RINGTAIL_SEED; printed.
inline uint64_t RunSeed() {
  uint64_t seed = 0;
  SecureRandomBytes(&seed, sizeof(seed));
  if (const char* given = std::getenv("RINGTAIL_SEED")) seed = std::strtoull(given, nullptr, 10);
  std::printf("[   SEED   ] %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace ringtail
