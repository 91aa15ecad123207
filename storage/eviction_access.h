// The meaning of an entry's 32-bit access field under each kind of policy. Pure functions, inlined
// on the path of every request.
//
//   uint32_t access = evictor.Touch(entry.access, hash);   // eviction.h: who calls these
//   std::optional<uint64_t> idle = IdleSeconds(access, evictor.clock());
//
// kLru: time of the last access in units of 4 ms; wraps after 198 days.
// kLfu: Redis's layout in 24 bits: minutes of the last decrement (16), logarithmic counter (8).
// kAdaptive: tick of the insertion clock (20 bits, never ahead of it), class (12 bits,
// eviction_model.h).
//
// Thread rule: values.
#pragma once

#include <cstdint>
#include <optional>

#include "storage/eviction_model.h"
#include "storage/eviction_policy.h"

namespace ringtail::storage {

struct LfuTuning {
  uint32_t log_factor = 10;    ///< lfu-log-factor: the greater, the slower the counter grows.
  uint32_t decay_minutes = 1;  ///< lfu-decay-time: minutes per decrement; 0 never decrements.
};

/// The times that access fields are made of, as one worker sees them during one batch.
struct AccessClock {
  AccessKind kind = AccessKind::kLru;
  uint32_t lru = 0;
  uint32_t minutes = 0;      ///< Wall minutes modulo 2^16.
  uint32_t tick = 0;         ///< The insertion clock modulo 2^20.
  uint64_t sample_mask = 0;  ///< Keys whose hash has these bits 0 are observed.
  LfuTuning lfu;
};

inline constexpr int64_t kLruUnitMs = 4;
inline constexpr uint32_t kLfuNewCounter = 5;
/// The bits of a hash that choose a sample of 1 in 2^width keys; a smaller sample is part of a
/// larger.
inline constexpr uint32_t kSampleShift = 12;
inline constexpr uint64_t SampleMask(uint32_t width) {
  return ((uint64_t{1} << width) - 1) << kSampleShift;
}
inline constexpr uint32_t kTickMask = (1U << 20) - 1;

// ---- kLfu

/// The counter of `access` less what it has lost since its last decrement.
inline uint32_t LfuCounter(uint32_t access, const AccessClock& clock) {
  const uint32_t counter = access & 255;
  if (clock.lfu.decay_minutes == 0) return counter;
  const uint32_t elapsed = (clock.minutes - (access >> 8)) & 0xffff;
  const uint32_t periods =
      elapsed < clock.lfu.decay_minutes ? 0 : elapsed / clock.lfu.decay_minutes;
  return periods > counter ? 0 : counter - periods;
}

inline uint32_t PackLfu(uint32_t counter, const AccessClock& clock) {
  return clock.minutes << 8 | counter;
}

/// After a hit: the counter grows with probability 1 / (its excess over a new key's * log_factor +
/// 1).
inline uint32_t LfuTouch(uint32_t access, const AccessClock& clock, uint32_t random) {
  uint32_t counter = LfuCounter(access, clock);
  if (counter < 255) {
    const uint64_t excess = counter > kLfuNewCounter ? counter - kLfuNewCounter : 0;
    if (random * (excess * clock.lfu.log_factor + 1) < 1ULL << 32) ++counter;
  }
  return PackLfu(counter, clock);
}

// ---- kAdaptive

inline uint32_t AccessClass(uint32_t access) { return access & (kAccessClassCount - 1); }
inline uint32_t AccessAge(uint32_t access, uint32_t tick) {
  return (tick - (access >> 12)) & kTickMask;
}
inline uint32_t PackAccess(uint32_t tick, uint32_t cls) { return tick << 12 | cls; }

/// The class of an entry that was of class `cls` and is accessed again after `age` ticks.
inline uint32_t NextClass(uint32_t cls, uint32_t age, uint32_t random) {
  // Where the eight lengths of a wait begin, by their buckets: 2, 4, 12, 32, 64, 128, 320 ticks.
  const uint32_t b = WaitBucket(age);
  const uint32_t wait = static_cast<uint32_t>(b >= 2) + (b >= 4) + (b >= 10) + (b >= 16) +
                        (b >= 20) + (b >= 24) + (b >= 29);
  const uint32_t frequency = cls % kAccessFrequencyCount;
  // Exact to 4, then one step for twice as many accesses as the step before.
  const bool grows = frequency < 4 || (random >> (34 - frequency)) == 0;
  const uint32_t next =
      frequency + static_cast<uint32_t>(grows && frequency + 1 < kAccessFrequencyCount);
  return wait * kAccessFrequencyCount + next;
}

// ---- What clients see

/// Seconds since the last access, if this kind of field tells.
inline std::optional<uint64_t> IdleSeconds(uint32_t access, const AccessClock& clock) {
  if (clock.kind != AccessKind::kLru) return std::nullopt;
  return uint64_t{clock.lru - access} * kLruUnitMs / 1000;
}

/// How often the entry was accessed, on a logarithmic scale, if this kind of field tells.
inline std::optional<uint32_t> AccessFrequency(uint32_t access, const AccessClock& clock) {
  if (clock.kind == AccessKind::kLfu) return LfuCounter(access, clock);
  if (clock.kind == AccessKind::kAdaptive) return AccessClass(access) % kAccessFrequencyCount;
  return std::nullopt;
}

/// The field of an entry restored with an idle time; under other kinds, that of a new one.
uint32_t AccessOfIdleSeconds(uint64_t idle_seconds, const AccessClock& clock);
/// The field of an entry restored with a frequency of 0..255; under other kinds, that of a new one.
uint32_t AccessOfFrequency(uint32_t frequency, const AccessClock& clock);
/// The field of a new entry of which nothing is known.
uint32_t AccessOfNew(const AccessClock& clock);

}  // namespace ringtail::storage
