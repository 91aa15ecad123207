// A small fast random source whose seed is always known, so every random run can be replayed.
//
//   Random random(seed);
//   uint64_t index = random.Below(count);
//
// The generator is wyrand (Wang Yi, 2019), 64 bits of state. Not for secrets: those come from
// SecureRandomBytes. Not thread-safe: each thread owns its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/int128.h"

namespace ringtail {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  /// 64 uniform bits.
  uint64_t Next() {
    state_ += 0xa0761d6478bd642fULL;
    const auto product = static_cast<Uint128>(state_) * (state_ ^ 0xe7037ed1a0b428dbULL);
    return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
  }
  /// A number in [0, bound). bound must not be 0. Lemire's multiplication; the bias is below 2^-32.
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<Uint128>(Next()) * bound) >> 64);
  }
  /// A number in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

/// Fills `out` from the operating system's generator; for hash secrets, tokens and passwords.
void SecureRandomBytes(void* out, size_t size);

}  // namespace ringtail
