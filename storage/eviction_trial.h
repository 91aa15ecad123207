// Tries every rank of the adaptive policies on a small copy of the traffic, and tells which does
// best.
//
//   trial.OnAccess(hash, cls, tick, model);   // for keys of the sample: (hash & trial.mask())
//   == 0 AdaptiveRank rank = trial.best();
//
// For each rank there is a miniature cache, which holds the keys of a hash sample of 1 in 2^n and
// as many of them as the real cache would: a faithful model of the hit ratio at full size
// (Waldspurger et al., USENIX ATC 2017). It stores a hash and an access field per key. What a key's
// class is, the real cache knows.
//
// Thread rule: any thread. A caller that finds another one inside skips its observation.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "storage/eviction_rank.h"

namespace ringtail::storage {

/// The access fields of up to kKeysMax keys, with eviction by one rank.
class MiniatureCache {
 public:
  static constexpr uint32_t kKeysMax = 2048;

  MiniatureCache();
  /// Notes an access to `key`; whether it was a hit. Afterwards at most `capacity` keys are held.
  bool Access(uint32_t key, uint32_t access, uint32_t capacity, AdaptiveRank rank, uint32_t tick,
              const EvictionModel& model, uint32_t random);
  /// Drops the keys that have any of these bits set.
  void Drop(uint32_t key_bits);

 private:
  static constexpr uint32_t kHeadCount = 4096;
  static constexpr uint32_t kSamples = 24;
  static constexpr uint16_t kNone = 0xffff;
  struct Entry {
    uint32_t key;
    uint32_t access;
    uint16_t next;
  };

  uint16_t* LinkTo(uint32_t key);
  void Evict(AdaptiveRank rank, uint32_t tick, const EvictionModel& model, uint32_t random);
  void Erase(uint32_t index);

  uint32_t count_ = 0;
  std::array<uint16_t, kHeadCount> heads_;
  std::array<Entry, kKeysMax> entries_;
};

class EvictionTrial {
 public:
  EvictionTrial() = default;

  /// Fits the sample to a cache of `key_count` keys. While it still grows, the miniatures are of
  /// three quarters of the size that it will have, `full_key_count` (0: unknown, then that it has):
  /// so there is experience on the day it is full, and none of what a much smaller cache would have
  /// suffered. One thread at a time.
  void SetKeyCount(uint64_t key_count, uint64_t full_key_count, bool is_evicting, uint32_t tick);
  /// Notes an access to a key of the sample, which is of class `cls` now.
  void OnAccess(uint64_t hash, uint32_t cls, uint32_t tick, const EvictionModel& model);

  /// The bits of a hash that are 0 for keys of the sample.
  uint64_t mask() const { return mask_.load(std::memory_order_relaxed); }
  AdaptiveRank best() const { return best_.load(std::memory_order_relaxed); }

 private:
  void Judge();
  bool BeatsFrequency(float hits, bool is_first_turnover) const;

  std::atomic<uint64_t> mask_{0};
  std::atomic<uint32_t> capacity_{MiniatureCache::kKeysMax};
  std::atomic<AdaptiveRank> best_{AdaptiveRank::kRecency};
  std::atomic<bool> is_first_turnover_{true};
  std::atomic_flag busy_;

  // Only within SetKeyCount.
  uint64_t key_count_when_full_ = 0;  // As it was when evictions began.
  uint32_t full_tick_ = 0;

  // Only while busy.
  std::array<MiniatureCache, kAdaptiveRankCount> caches_;
  std::array<uint32_t, kAdaptiveRankCount> hits_{};
  std::array<float, kAdaptiveRankCount> faded_hits_{};
  float faded_accesses_ = 0;
  uint64_t used_mask_ = 0;
  uint32_t access_count_ = 0;
  uint32_t coin_ = 1;
};

}  // namespace ringtail::storage
