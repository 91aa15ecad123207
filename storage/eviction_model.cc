#include "storage/eviction_model.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ringtail::storage {
namespace {

// How much of an old count is left after a round: a dozen rounds of memory. Short enough to follow
// a drift, long enough that a rare class is not forgotten between two of its accesses.
constexpr float kFade = 0.8F;
// The fewest starts in a round, and its length in turnovers; below, the histograms would be noise.
constexpr uint32_t kRoundStartsMin = 2048;
constexpr uint32_t kRoundsPerTurnover = 4;
// A round ends at so many starts in any case, lest a counter's fading come too late.
constexpr uint32_t kRoundStartsMax = 1 << 16;
// How many observations the general belief weighs against a frequency's own, and that against a
// class's.
constexpr float kBeliefWeight = 4;
constexpr float kFrequencyWeight = 16;

// The tick at which bucket `bucket` begins.
float BucketStart(uint32_t bucket) {
  if (bucket < 8) return static_cast<float>(bucket);
  const uint32_t octave = (bucket - 8) / 4 + 3;
  const uint32_t quarter = (bucket - 8) % 4;
  return std::ldexp(static_cast<float>(4 + quarter), static_cast<int>(octave) - 2);
}

// A logarithm of 1024 steps an octave from 2^-44 up, linear within an octave: the bits of a float
// are nearly that. It only has to order densities.
uint16_t LogarithmOf(float density) {
  constexpr uint32_t kLeast = std::bit_cast<uint32_t>(0x1.0p-44F);
  const uint32_t steps = (std::bit_cast<uint32_t>(std::max(density, 0x1.0p-44F)) - kLeast) >> 13;
  return static_cast<uint16_t>(std::min(steps, 0xffffU));
}

}  // namespace

EvictionModel::EvictionModel() {
  for (uint32_t b = 0; b <= kWaitBucketCount; ++b) bucket_start_[b] = BucketStart(b);
  Rebuild(0);
}

bool EvictionModel::IsDue(uint32_t tick) const {
  const uint32_t starts = start_count_.load(std::memory_order_relaxed);
  if (starts < kRoundStartsMin) return false;
  const uint32_t elapsed = tick - last_rebuild_tick_.load(std::memory_order_relaxed);
  const uint32_t turnover = turnover_ticks_.load(std::memory_order_relaxed);
  return elapsed >= turnover / kRoundsPerTurnover || starts >= kRoundStartsMax;
}

void EvictionModel::Rebuild(uint32_t tick) {
  if (is_rebuilding_.test_and_set(std::memory_order_acquire)) return;
  start_count_.store(0, std::memory_order_relaxed);
  last_rebuild_tick_.store(tick, std::memory_order_relaxed);
  Harvest(tick);
  FindPast(tick);
  const auto turnover = static_cast<float>(turnover_ticks_.load(std::memory_order_relaxed));
  for (uint32_t frequency = 0; frequency < kAccessFrequencyCount; ++frequency) {
    // Before anything is known: the more often seen the sooner back, at whatever age. Equal
    // densities at every age mean eviction at random among equals, which no pattern can exploit.
    const float rate = static_cast<float>(1 + frequency) / (2 * turnover);
    Row belief;
    for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
      const float width = bucket_start_[b + 1] - bucket_start_[b];
      belief[b] = rate * width / (1 + rate * width);
    }
    Row starts{};
    Row reuses{};
    for (uint32_t wait = 0; wait < kAccessWaitCount; ++wait) {
      const uint32_t cls = wait * kAccessFrequencyCount + frequency;
      for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
        starts[b] += StartsBefore(cls, b);
        reuses[b] += faded_reuses_[cls][b];
      }
    }
    const Row general = Chances(starts, reuses, belief, kBeliefWeight);
    for (uint32_t wait = 0; wait < kAccessWaitCount; ++wait) {
      const uint32_t cls = wait * kAccessFrequencyCount + frequency;
      for (uint32_t b = 0; b < kWaitBucketCount; ++b) starts[b] = StartsBefore(cls, b);
      Publish(cls, Chances(starts, faded_reuses_[cls], general, kFrequencyWeight));
    }
  }
  is_rebuilding_.clear(std::memory_order_release);
}

// Takes the counts of the round that ends at `tick` into the faded sums.
void EvictionModel::Harvest(uint32_t tick) {
  const Round& last = rounds_[(round_count_ + kRoundCount - 1) % kRoundCount];
  Round& round = rounds_[round_count_ % kRoundCount];
  round.tick = tick;
  for (uint32_t cls = 0; cls < kAccessClassCount; ++cls) {
    round.starts[cls] = last.starts[cls] * kFade +
                        static_cast<float>(starts_[cls].exchange(0, std::memory_order_relaxed));
    for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
      // A plain store: what another thread counts in between is lost, and not missed.
      const uint32_t counted = reuses_[cls][b].load(std::memory_order_relaxed);
      if (counted != 0) reuses_[cls][b].store(0, std::memory_order_relaxed);
      faded_reuses_[cls][b] = faded_reuses_[cls][b] * kFade + static_cast<float>(counted);
    }
  }
  ++round_count_;
}

// For every bucket, the rounds between which the entries began that are of its age now.
void EvictionModel::FindPast(uint32_t now) {
  const uint32_t known = std::min(round_count_, kRoundCount);
  uint32_t back = 0;
  for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
    const uint32_t tick = now - static_cast<uint32_t>(bucket_start_[b]);
    const auto round = [&](uint32_t i) { return (round_count_ - 1 - i) % kRoundCount; };
    while (back + 1 < known && static_cast<int32_t>(tick - rounds_[round(back + 1)].tick) < 0)
      ++back;
    if (back + 1 >= known) {
      past_[b] = {0, 0, 0, 0};
      continue;
    }
    const Round& newer = rounds_[round(back)];
    const Round& older = rounds_[round(back + 1)];
    const auto span = static_cast<float>(std::max(1U, newer.tick - older.tick));
    const float share = std::min(1.0F, static_cast<float>(tick - older.tick) / span);
    past_[b] = {round(back), round(back + 1), share, 1 - share};
  }
}

// The faded sum of starts as it stood when entries began that are in bucket `b` now. Those that
// started later have not reached that age, so they are not at risk there; the fading since then is
// the same for starts and reuses.
float EvictionModel::StartsBefore(uint32_t cls, uint32_t b) const {
  const Past& past = past_[b];
  return rounds_[past.newer].starts[cls] * past.newer_share +
         rounds_[past.older].starts[cls] * past.older_share;
}

// The chance, bucket by bucket, that an entry that has waited so long is asked for within the
// bucket (a Kaplan-Meier estimate). `prior` counts as so many observations more.
EvictionModel::Row EvictionModel::Chances(const Row& starts, const Row& reuses, const Row& prior,
                                          float prior_weight) {
  Row chances;
  float survival = 1;
  for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
    const float at_risk = starts[b] * survival + prior_weight;
    chances[b] = std::min(0.999F, (reuses[b] + prior_weight * prior[b]) / at_risk);
    survival *= 1 - chances[b];
  }
  return chances;
}

// Turns chances into densities: the best ratio of hits to time over all horizons, for every age.
// Seen from the end, a bucket joins what follows for as long as that raises its ratio, which is a
// convex hull.
void EvictionModel::Publish(uint32_t cls, const Row& chances) {
  struct Segment {
    float hits;
    float time;
  };
  std::array<Segment, kWaitBucketCount> hull;
  float survival = 1;
  for (uint32_t b = 0; b < kWaitBucketCount; ++b) {
    const float left = survival * (1 - chances[b]);
    const float width = bucket_start_[b + 1] - bucket_start_[b];
    hull[b] = {survival - left, std::max(1e-25F, (survival + left) / 2 * width)};
    survival = std::max(left, 1e-20F);
  }
  // The hull's segments are kept at the end of the same array, which the loop has left behind.
  uint32_t top = kWaitBucketCount;
  for (uint32_t b = kWaitBucketCount; b-- > 0;) {
    Segment segment = hull[b];
    while (top < kWaitBucketCount &&
           hull[top].hits * segment.time > segment.hits * hull[top].time) {
      segment.hits += hull[top].hits;
      segment.time += hull[top].time;
      ++top;
    }
    hull[--top] = segment;
    density_[cls][b].store(LogarithmOf(segment.hits / segment.time), std::memory_order_relaxed);
  }
}

}  // namespace ringtail::storage
