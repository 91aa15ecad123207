// Learns how soon keys of each kind come back, and from that what keeping one is worth.
//
//   model.OnStart(cls);             // an entry began to wait for its next access, as class cls
//   model.OnReuse(cls, age_ticks);  // it was asked for again, cached or not, after age_ticks
//   uint32_t density = model.Density(cls, age_ticks);
//
// Time here is the insertion clock: it stands still while everything hits, and one turnover of the
// cache is 64 to 128 ticks at any size (ticks are single insertions below that). A class is a key's
// frequency and the length of its last wait. For every class the model keeps a histogram of waits;
// since keys remembered after their eviction count too, it sees the waits a cache of this size
// cannot survive, and so knows a loop from a scan and a drift from a steady popularity.
//
// The value of keeping an entry of age a until age T at the latest is the chance of a hit by then
// over the expected time it occupies; its density is the best of these ratios over T (a Gittins
// index). LHD (Beckmann, Chen, Cidon, NSDI 2018) ranks by the density over the lifetime that its
// own evictions leave; taking the best T over uncensored waits needs no exploration.
//
// Thread rule: every function may be called from several threads; counts are relaxed atomics that
// may lose an update, which only blurs a statistic. Rebuild is done by one caller at a time, the
// others skip it.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ringtail::storage {

/// Frequencies 0..15 (logarithmic) times eight lengths of the last wait.
inline constexpr uint32_t kAccessFrequencyCount = 16;
inline constexpr uint32_t kAccessWaitCount = 8;
inline constexpr uint32_t kAccessClassCount = kAccessFrequencyCount * kAccessWaitCount;

/// Waits are told apart exactly below 8 ticks, then by a quarter of an octave.
inline constexpr uint32_t kWaitBucketCount = 72;

/// The bucket of a wait of `age` ticks.
inline uint32_t WaitBucket(uint32_t age) {
  if (age < 8) return age;
  const auto octave = static_cast<uint32_t>(std::bit_width(age)) - 1;
  const uint32_t bucket = 8 + (octave - 3) * 4 + ((age >> (octave - 2)) & 3);
  return bucket < kWaitBucketCount ? bucket : kWaitBucketCount - 1;
}

class EvictionModel {
 public:
  EvictionModel();

  /// Counts an entry that begins a wait as class `cls`.
  void OnStart(uint32_t cls) {
    Add(starts_[cls]);
    Add(start_count_);
  }
  /// Counts a wait of class `cls` that ended with an access after `age` ticks.
  void OnReuse(uint32_t cls, uint32_t age) { Add(reuses_[cls][WaitBucket(age)]); }

  /// Whether enough was counted since the last Rebuild for another one.
  bool IsDue(uint32_t tick) const;
  /// Learns from what was counted, lets old counts fade, and publishes new densities. About 50 µs.
  void Rebuild(uint32_t tick);
  /// Says that one turnover of the cache is now `ticks`; the prior and the length of a round follow
  /// it.
  void SetTurnover(uint32_t ticks) { turnover_ticks_.store(ticks, std::memory_order_relaxed); }

  /// What keeping an entry of class `cls` that has waited `age` ticks is worth, on a logarithmic
  /// scale.
  uint32_t Density(uint32_t cls, uint32_t age) const {
    return density_[cls][WaitBucket(age)].load(std::memory_order_relaxed);
  }

 private:
  using Counter = std::atomic<uint32_t>;
  using Row = std::array<float, kWaitBucketCount>;
  struct Round {
    uint32_t tick = 0;
    std::array<float, kAccessClassCount> starts{};
  };
  struct Past {
    uint32_t newer;
    uint32_t older;
    float newer_share;
    float older_share;
  };
  static constexpr uint32_t kRoundCount = 64;

  // A lost update is harmless, a locked instruction on every access is not.
  static void Add(Counter& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  void Harvest(uint32_t tick);
  void FindPast(uint32_t now);
  float StartsBefore(uint32_t cls, uint32_t bucket) const;
  static Row Chances(const Row& starts, const Row& reuses, const Row& prior, float prior_weight);
  void Publish(uint32_t cls, const Row& chances);

  // Counted by everyone.
  std::array<Counter, kAccessClassCount> starts_{};
  std::array<std::array<Counter, kWaitBucketCount>, kAccessClassCount> reuses_{};
  std::array<std::array<std::atomic<uint16_t>, kWaitBucketCount>, kAccessClassCount> density_{};
  std::atomic<uint32_t> turnover_ticks_{64};
  Counter start_count_{0};
  std::atomic<uint32_t> last_rebuild_tick_{0};
  std::atomic_flag is_rebuilding_;

  // Only within Rebuild.
  std::array<Row, kAccessClassCount> faded_reuses_{};
  std::array<Round, kRoundCount> rounds_{};
  uint32_t round_count_ = 0;
  std::array<Past, kWaitBucketCount> past_{};
  std::array<float, kWaitBucketCount + 1> bucket_start_{};
};

}  // namespace ringtail::storage
