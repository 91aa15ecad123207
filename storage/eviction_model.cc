#include "storage/eviction_model.h"

#include <algorithm>
#include <cmath>

namespace ringtail::storage {
namespace {

// How much of an old count is left after a round. Half a dozen rounds of memory: short enough to
// follow a drift, long enough that a rare class is not forgotten between two of its accesses.
constexpr float kFade = 0.8F;
// The fewest starts in a round; below, the histograms would be noise.
constexpr uint32_t kRoundStartsMin = 2048;
// How many observations the general belief weighs against a frequency's own, and that against a
// class's.
constexpr float kPriorWeight = 4;
constexpr float kFrequencyWeight = 16;
// The least time ahead that a density looks, in turnovers.
constexpr float kHorizon = 0.1F;

// The tick at which bucket `bucket` begins.
float BucketStart(uint32_t bucket) {
  if (bucket < 8) return static_cast<float>(bucket);
  const uint32_t octave = (bucket - 8) / 4 + 3;
  const uint32_t quarter = (bucket - 8) % 4;
  return std::ldexp(static_cast<float>(4 + quarter), static_cast<int>(octave) - 2);
}

}  // namespace

EvictionModel::EvictionModel() {
  rounds_[0] = Round{};
  round_count_ = 1;
  Rebuild(0);
}

bool EvictionModel::IsDue(uint32_t tick) const {
  const uint32_t events = events_.load(std::memory_order_relaxed);
  if (events < kRoundStartsMin) return false;
  const uint32_t elapsed = tick - last_rebuild_tick_.load(std::memory_order_relaxed);
  return elapsed >= turnover_ticks_.load(std::memory_order_relaxed) / 4 || events >= 1U << 16;
}

void EvictionModel::Rebuild(uint32_t tick) {
  if (rebuilding_.test_and_set(std::memory_order_acquire)) return;
  events_.store(0, std::memory_order_relaxed);
  last_rebuild_tick_.store(tick, std::memory_order_relaxed);
  Harvest(tick);
  const float turnover =
      static_cast<float>(std::max(1U, turnover_ticks_.load(std::memory_order_relaxed)));
  for (uint32_t frequency = 0; frequency < kAccessFrequencyCount; ++frequency) {
    Row starts{};
    Row reuses{};
    for (uint32_t wait = 0; wait < kAccessWaitCount; ++wait) {
      const uint32_t cls = wait * kAccessFrequencyCount + frequency;
      for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
        starts[b] += StartsAt(cls, tick - static_cast<uint32_t>(BucketStart(b)));
        reuses[b] += faded_reuses_[cls][b];
      }
    }
    // Before anything is known: the more often seen the sooner back, at whatever age. Equal
    // densities at every age mean eviction at random among equals, which no pattern can exploit.
    Row belief;
    belief.fill((1 + static_cast<float>(frequency)) / (2 * turnover));
    Row general;
    Hazards(starts, reuses, belief, kPriorWeight, general);
    for (uint32_t wait = 0; wait < kAccessWaitCount; ++wait) {
      const uint32_t cls = wait * kAccessFrequencyCount + frequency;
      for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
        starts[b] = StartsAt(cls, tick - static_cast<uint32_t>(BucketStart(b)));
      }
      Row hazards;
      Hazards(starts, faded_reuses_[cls], general, kFrequencyWeight, hazards);
      Publish(cls, hazards, turnover);
    }
  }
  rebuilding_.clear(std::memory_order_release);
}

// Takes the counts of the round that ends at `tick` into the faded sums.
void EvictionModel::Harvest(uint32_t tick) {
  Round round{.tick = tick};
  const Round& last = rounds_[(round_count_ - 1) % kRoundCount];
  for (uint32_t cls = 0; cls < kAccessClassCount; ++cls) {
    round.starts[cls] = last.starts[cls] * kFade +
                        static_cast<float>(starts_[cls].exchange(0, std::memory_order_relaxed));
    for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
      float& faded = faded_reuses_[cls][b];
      faded = faded * kFade +
              static_cast<float>(reuses_[cls][b].exchange(0, std::memory_order_relaxed));
    }
  }
  rounds_[round_count_ % kRoundCount] = round;
  ++round_count_;
}

// The faded sum of starts as it stood at `tick`. Entries that started later have not reached the
// age in question, so they are not at risk there; the fading since then is the same for starts and
// reuses.
float EvictionModel::StartsAt(uint32_t cls, uint32_t tick) const {
  const uint32_t known = std::min(round_count_, kRoundCount);
  for (uint32_t back = 0; back + 1 < known; ++back) {
    const Round& newer = rounds_[(round_count_ - 1 - back) % kRoundCount];
    const Round& older = rounds_[(round_count_ - 2 - back) % kRoundCount];
    if (static_cast<int32_t>(tick - older.tick) < 0) continue;
    const float span = static_cast<float>(newer.tick - older.tick);
    if (span <= 0) return newer.starts[cls];
    const float share = static_cast<float>(tick - older.tick) / span;
    return older.starts[cls] + (newer.starts[cls] - older.starts[cls]) * std::min(1.0F, share);
  }
  return 0;
}

// The chance, bucket by bucket, that an entry that has waited so long is asked for within it, per
// tick.
void EvictionModel::Hazards(const Row& starts, const Row& reuses, const Row& prior,
                            float prior_weight, Row& out) {
  float survival = 1;
  for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
    const float width = BucketStart(b + 1) - BucketStart(b);
    const float at_risk = starts[b] * survival;
    // What is expected of prior_weight entries over this bucket counts as if it had been observed.
    const float expected = 1 - std::exp(-prior[b] * width);
    const float chance =
        std::min(0.999F, (reuses[b] + prior_weight * expected) / (at_risk + prior_weight));
    out[b] = -std::log1p(-chance) / width;
    survival *= 1 - chance;
  }
}

// Turns hazards into densities: the best ratio of hits to time over all horizons, for every age.
// Seen from the end, a bucket joins what follows for as long as that raises its ratio, which is a
// convex hull.
void EvictionModel::Publish(uint32_t cls, const Row& hazards, float turnover) {
  struct Segment {
    float hits;
    float time;
  };
  std::array<Segment, kWaitBucketCount> own;
  float survival = 1;
  for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
    const float width = BucketStart(b + 1) - BucketStart(b);
    const float left = survival * std::exp(-hazards[b] * width);
    own[b] = {survival - left, std::max(1e-20F, (survival + left) / 2 * width)};
    survival = std::max(left, 1e-12F);
  }
  for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
    // A shorter horizon than this would mostly measure luck.
    const float horizon = BucketStart(b) + kHorizon * turnover;
    Segment sum{0, 0};
    Segment best{0, 1};
    for (uint32_t end = b; end < kWaitBucketCount; ++end) {
      sum.hits += own[end].hits;
      sum.time += own[end].time;
      if (BucketStart(end + 1) < horizon && end + 1 < kWaitBucketCount) continue;
      if (sum.hits * best.time > best.hits * sum.time) best = sum;
    }
    const Segment& segment = best;
    // 1024 steps an octave, from 2^-44 up: sixteen bits of logarithm order what matters.
    const float steps = (std::log2(segment.hits / segment.time + 0x1.0p-44F) + 44) * 1024;
    density_[cls][b].store(static_cast<uint16_t>(std::clamp(steps, 0.0F, 65535.0F)),
                           std::memory_order_relaxed);
  }
}

}  // namespace ringtail::storage
