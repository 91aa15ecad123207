#include "storage/eviction_trial.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <vector>

#include "base/random.h"
#include "storage/eviction_access.h"

namespace ringtail::storage {
namespace {

TEST(MiniatureCache, HoldsWhatASetOfTheSameKeysHolds) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(kSeed);
  Random random(kSeed);
  MiniatureCache cache;
  const EvictionModel model;
  std::set<uint32_t> seen;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const auto key = static_cast<uint32_t>(random.Below(1'500)) * 8;
    const bool is_hit = cache.Access(key, PackAdaptive(i / 64, 0), MiniatureCache::kKeysMax,
                                     AdaptiveRank::kRecency, i / 64, model, i);
    ASSERT_EQ(is_hit, !seen.insert(key).second);
  }
}

TEST(MiniatureCache, ByRecencyTheLastOnesStay) {
  MiniatureCache cache;
  const EvictionModel model;
  Random random(1);
  const auto access = [&](uint32_t key, uint32_t tick) {
    return cache.Access(key, PackAdaptive(tick, 0), 16, AdaptiveRank::kRecency, tick, model,
                        static_cast<uint32_t>(random.Next()));
  };
  for (uint32_t key = 0; key < 1'000; ++key) access(key, key);
  for (uint32_t key = 984; key < 1'000; ++key) EXPECT_TRUE(access(key, 1'000)) << key;
}

TEST(MiniatureCache, ByFrequencyNewKeysGiveWayToOldOnes) {
  MiniatureCache cache;
  const EvictionModel model;
  const auto access = [&](uint32_t key, uint32_t cls, uint32_t tick) {
    return cache.Access(key, PackAdaptive(tick, cls), 16, AdaptiveRank::kFrequency, tick, model,
                        tick * 0x9e3779b1U);
  };
  for (uint32_t key = 0; key < 15; ++key) access(key, 3, key);
  for (uint32_t key = 100; key < 1'000; ++key) access(key, 0, key);
  for (uint32_t key = 0; key < 15; ++key) EXPECT_TRUE(access(key, 3, 1'000)) << key;
}

TEST(MiniatureCache, DroppedKeysAreGoneAndTheOthersAreNot) {
  MiniatureCache cache;
  const EvictionModel model;
  const auto access = [&](uint32_t key) {
    return cache.Access(key, 0, 2'000, AdaptiveRank::kRecency, 0, model, 0);
  };
  for (uint32_t key = 0; key < 1'000; ++key) access(key);
  cache.Drop(1);
  for (uint32_t key = 0; key < 1'000; ++key) EXPECT_EQ(access(key), key % 2 == 0) << key;
}

// Runs accesses through a trial for a cache of `key_count` keys that has been full for long.
template <typename NextKey>
AdaptiveRank BestAfter(uint64_t key_count, uint32_t accesses, NextKey next_key) {
  EvictionTrial trial;
  const EvictionModel model;
  trial.SetKeyCount(key_count, key_count, true, 0);
  trial.SetKeyCount(key_count, key_count, true, 10'000);
  std::vector<uint32_t> uses(1 << 20, 0);
  for (uint32_t i = 0; i < accesses; ++i) {
    const uint64_t key = next_key(i);
    const uint64_t hash = Random(key).Next();
    if ((hash & trial.mask()) != 0) continue;
    const uint32_t cls = std::min(uses[key]++, 15U);
    trial.OnAccess(hash, cls, i * 64 / static_cast<uint32_t>(key_count), model);
  }
  return trial.best();
}

TEST(EvictionTrial, SteadyPopularityDoesNotCallForRecency) {
  Random random(1);
  const auto best = BestAfter(100, 100'000, [&](uint32_t) {
    return static_cast<uint64_t>(10'000 * random.Unit() * random.Unit() * random.Unit());
  });
  EXPECT_NE(best, AdaptiveRank::kRecency);
}

TEST(EvictionTrial, AMovingWindowDoesNotCallForFrequency) {
  Random random(1);
  const auto best = BestAfter(100, 100'000, [&](uint32_t i) {
    return i + static_cast<uint64_t>(200 * random.Unit() * random.Unit());
  });
  EXPECT_NE(best, AdaptiveRank::kFrequency);
}

TEST(EvictionTrial, TheSampleOfALargeCacheFitsTheMiniatures) {
  EvictionTrial trial;
  for (uint64_t key_count = 1; key_count < 1ULL << 40; key_count *= 3) {
    trial.SetKeyCount(key_count, key_count, true, 0);
    const auto width = std::popcount(trial.mask());
    EXPECT_LE(key_count >> width, MiniatureCache::kKeysMax);
  }
}

}  // namespace
}  // namespace ringtail::storage
