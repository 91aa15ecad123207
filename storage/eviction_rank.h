// The ways the adaptive policies can rank an entry, all from the same 32 bits, so that changing
// one's mind needs no change to any entry.
//
//   uint32_t score = RankScore(AdaptiveRank::kRecency, age_ticks, cls, model);   // greater goes
//   first
//
// Thread rule: pure, but for the model, whose densities may be read at any time.
#pragma once

#include <cstdint>

#include "storage/eviction_model.h"

namespace ringtail::storage {

enum class AdaptiveRank : uint8_t {
  /// The least often seen, counting what is remembered from before its last eviction; of those the
  /// newest.
  /// So a new key that nobody remembers gives way to what is there: TinyLFU's admission. Best where
  /// popularity is steady, under scans, and in loops.
  kFrequency,
  /// The least hit density that the model predicts. Best where popularity drifts or reuse has a
  /// rhythm.
  kDensity,
  /// The longest idle. Best where what matters is only what was last.
  kRecency,
};
inline constexpr uint32_t kAdaptiveRankCount = 3;

inline uint32_t RankScore(AdaptiveRank rank, uint32_t age, uint32_t cls,
                          const EvictionModel& model) {
  switch (rank) {
    case AdaptiveRank::kFrequency:
      return (kAccessFrequencyCount - 1 - cls % kAccessFrequencyCount) << 20 | (0xfffff - age);
    case AdaptiveRank::kDensity:
      return 0xffff - model.Density(cls, age);
    case AdaptiveRank::kRecency:
      break;
  }
  return age;
}

}  // namespace ringtail::storage
