// The meaning of an entry's 32-bit access field under each kind of policy. Pure functions, inlined
// on the path of every request.
//
//   uint32_t access = evictor.Touch(entry.access, hash);   // eviction.h: who calls these
//   std::optional<uint64_t> idle = IdleSeconds(access, evictor.clock());
//
// From the top bit down:
//   kIdle      second of the last access (24), zero (8)
//   kLru       second of the last access (24), frequency (3), eighth of a turnover (5)
//   kLfu       zero (8), minute of the last decrement (16), logarithmic counter (8), as in Redis
//   kAdaptive  tick of the insertion clock (20), zero (5), class (7): eviction_model.h says of what
// Seconds wrap after 194 days, as Redis's do.
//
// Thread rule: values.
#pragma once

#include <algorithm>
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
  AccessKind kind = AccessKind::kIdle;
  uint32_t seconds = 0;  ///< Wall seconds modulo 2^24.
  uint32_t minutes = 0;  ///< Wall minutes modulo 2^16.
  uint32_t tick = 0;     ///< The insertion clock modulo 2^20.
  LfuTuning lfu;
};

/// What an access field tells the ranks of the adaptive policy.
struct Waiting {
  uint32_t cls;
  uint32_t age_ticks;
};

inline constexpr uint32_t kSecondMask = (1U << 24) - 1;
inline constexpr uint32_t kTickMask = (1U << 20) - 1;
inline constexpr uint32_t kLfuNewCounter = 5;
/// kLru tells time in steps of so many ticks, an eighth of a turnover.
inline constexpr uint32_t kLruStepTicks = 8;
inline constexpr uint32_t kLruStepMask = 31;
inline constexpr uint32_t kLruFrequencyMax = 7;

// ---- kIdle and kLru

/// Whole seconds since the access, at most 194 days.
inline uint32_t SecondsSince(uint32_t access, const AccessClock& clock) {
  return (clock.seconds - (access >> 8)) & kSecondMask;
}

inline uint32_t PackLru(uint32_t frequency, const AccessClock& clock) {
  const uint32_t step = (clock.tick / kLruStepTicks) & kLruStepMask;
  return clock.seconds << 8 | std::min(frequency, kLruFrequencyMax) << 5 | step;
}

/// What a kLru field tells. An age of four turnovers and more is taken modulo four: few entries
/// last so long within one second, and more than a second decides without it.
inline Waiting WaitingOfLru(uint32_t access, const AccessClock& clock) {
  const uint32_t steps = (clock.tick / kLruStepTicks - access) & kLruStepMask;
  return {.cls = (access >> 5) & kLruFrequencyMax, .age_ticks = steps * kLruStepTicks};
}

// ---- kLfu

/// The counter of `access` less what it has lost since its last decrement.
inline uint32_t LfuCounter(uint32_t access, const AccessClock& clock) {
  const uint32_t counter = access & 255;
  if (clock.lfu.decay_minutes == 0) return counter;
  const uint32_t periods = ((clock.minutes - (access >> 8)) & 0xffff) / clock.lfu.decay_minutes;
  return periods > counter ? 0 : counter - periods;
}

inline uint32_t PackLfu(uint32_t counter, const AccessClock& clock) {
  return clock.minutes << 8 | counter;
}

/// After a hit: the counter grows with probability 1 / (its excess over a new key's * factor + 1).
inline uint32_t LfuTouch(uint32_t access, const AccessClock& clock, uint32_t random) {
  uint32_t counter = LfuCounter(access, clock);
  if (counter < 255) {
    const uint64_t excess = counter > kLfuNewCounter ? counter - kLfuNewCounter : 0;
    if (random * (excess * clock.lfu.log_factor + 1) < 1ULL << 32) ++counter;
  }
  return PackLfu(counter, clock);
}

// ---- kAdaptive

inline uint32_t PackAdaptive(uint32_t tick, uint32_t cls) { return tick << 12 | cls; }

inline Waiting WaitingOfAdaptive(uint32_t access, uint32_t tick) {
  return {.cls = access & (kAccessClassCount - 1),
          .age_ticks = (tick - (access >> 12)) & kTickMask};
}

/// The class of an entry that is accessed again after such a wait.
inline uint32_t NextClass(const Waiting& was, uint32_t random) {
  // Where the eight lengths of a wait begin, by their buckets: 2, 4, 12, 32, 64, 128, 320 ticks.
  const uint32_t b = WaitBucket(was.age_ticks);
  const uint32_t wait = static_cast<uint32_t>(b >= 2) + (b >= 4) + (b >= 10) + (b >= 16) +
                        (b >= 20) + (b >= 24) + (b >= 29);
  const uint32_t frequency = was.cls % kAccessFrequencyCount;
  // Exact to 4, then one step for twice as many accesses as the step before.
  const bool grows = frequency < 4 || (random >> (34 - frequency)) == 0;
  const bool can_grow = frequency + 1 < kAccessFrequencyCount;
  return wait * kAccessFrequencyCount + frequency + static_cast<uint32_t>(grows && can_grow);
}

// ---- The two kinds that the adaptive ranks can read, kLru and kAdaptive

inline bool IsRanked(AccessKind kind) {
  return kind == AccessKind::kLru || kind == AccessKind::kAdaptive;
}
inline Waiting WaitingOf(uint32_t access, const AccessClock& clock) {
  return clock.kind == AccessKind::kLru ? WaitingOfLru(access, clock)
                                        : WaitingOfAdaptive(access, clock.tick);
}
inline uint32_t PackClass(uint32_t cls, const AccessClock& clock) {
  return clock.kind == AccessKind::kLru ? PackLru(cls % kAccessFrequencyCount, clock)
                                        : PackAdaptive(clock.tick, cls);
}

// ---- Samples of keys

/// The bits of a hash that choose a sample of 1 in 2^width keys, those where they are all zero. A
/// smaller sample is part of a larger one.
inline constexpr uint32_t kSampleShift = 12;
inline constexpr uint64_t SampleMask(uint32_t width) {
  return ((uint64_t{1} << width) - 1) << kSampleShift;
}

// ---- What clients see

/// Seconds since the last access, if this kind of field tells (OBJECT IDLETIME).
std::optional<uint64_t> IdleSeconds(uint32_t access, const AccessClock& clock);
/// How often the entry was accessed, on a logarithmic scale, if this kind of field tells: Redis's
/// counter under kLfu, 0 to 15 under kAdaptive (OBJECT FREQ).
std::optional<uint32_t> AccessFrequency(uint32_t access, const AccessClock& clock);
/// The field of an entry restored with an idle time; under other kinds, that of a new one.
uint32_t AccessOfIdleSeconds(uint64_t idle_seconds, const AccessClock& clock);
/// The field of an entry restored with a frequency of 0..255; under other kinds, of a new one.
uint32_t AccessOfFrequency(uint32_t frequency, const AccessClock& clock);
/// The field of a new entry of which nothing is known.
uint32_t AccessOfNew(const AccessClock& clock);

}  // namespace ringtail::storage
