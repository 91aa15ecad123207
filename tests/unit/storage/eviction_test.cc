#include "storage/eviction.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <unordered_map>
#include <vector>

namespace ringtail::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

// A keyspace of at most `capacity` keys, in the hands of one Evictor.
class Keyspace {
 public:
  Keyspace(EvictionPolicy policy, size_t capacity, uint64_t seed = 1)
      : capacity_(capacity), eviction_(policy, 0), evictor_(eviction_, seed), random_(seed) {
    evictor_.SetNow(now_ms_);
  }

  void AdvanceMs(int64_t ms) { evictor_.SetNow(now_ms_ += ms); }
  // How many accesses pass before the eviction is told the number of keys again.
  void SetPace(uint64_t accesses) { pace_ = accesses; }
  // Whether it was there; it is afterwards.
  bool Access(uint64_t key, int64_t expiry_ms = 0) {
    if (++access_count_ % pace_ == 0) {
      eviction_.SetKeyCount(keys_.size(), capacity_);
      evictor_.SetNow(now_ms_);
    }
    const uint64_t hash = Random(key).Next();
    if (const auto found = entries_.find(hash); found != entries_.end()) {
      found->second.access = evictor_.Touch(found->second.access, hash);
      return true;
    }
    while (keys_.size() >= capacity_ && EvictOne()) {
    }
    entries_[hash] = {evictor_.Admit(0, hash, expiry_ms), expiry_ms, keys_.size()};
    keys_.push_back(hash);
    return false;
  }
  bool Has(uint64_t key) const { return entries_.contains(Random(key).Next()); }
  size_t size() const { return keys_.size(); }
  Evictor& evictor() { return evictor_; }

  // Whether there was something that the policy may evict.
  bool EvictOne() {
    for (int i = 0; i < 100 && evictor_.WantsMore(); ++i) {
      const uint64_t hash = keys_[random_.Below(keys_.size())];
      evictor_.Offer(0, hash, entries_[hash].access, entries_[hash].expiry_ms);
    }
    while (const auto victim = evictor_.Take()) {
      const auto found = entries_.find(victim->hash);
      if (found == entries_.end()) continue;
      if (!evictor_.Confirm(*victim, found->second.access)) continue;
      evictor_.OnEvicted(victim->hash, found->second.access);
      keys_[found->second.place] = keys_.back();
      entries_[keys_.back()].place = found->second.place;
      keys_.pop_back();
      entries_.erase(found);
      return true;
    }
    return false;
  }

 private:
  struct Entry {
    uint32_t access;
    int64_t expiry_ms;
    size_t place;
  };
  size_t capacity_;
  Eviction eviction_;
  Evictor evictor_;
  Random random_;
  int64_t now_ms_ = kStartMs;
  uint64_t access_count_ = 0;
  uint64_t pace_ = 64;
  std::unordered_map<uint64_t, Entry> entries_;
  std::vector<uint64_t> keys_;
};

TEST(Evictor, NoEvictionEvictsNothing) {
  Keyspace keys(EvictionPolicy::kNoEviction, 10);
  for (uint64_t key = 0; key < 20; ++key) keys.Access(key);
  EXPECT_EQ(keys.size(), 20U);
}

TEST(Evictor, LruEvictsTheKeysIdleLongest) {
  Keyspace keys(EvictionPolicy::kAllKeysLru, 1'000);
  for (uint64_t key = 0; key < 1'000; ++key) keys.Access(key);
  keys.AdvanceMs(5'000);
  for (uint64_t key = 0; key < 500; ++key) keys.Access(key);
  keys.AdvanceMs(5'000);
  for (uint64_t key = 2'000; key < 2'400; ++key) keys.Access(key);
  int kept = 0;
  for (uint64_t key = 0; key < 500; ++key) kept += keys.Has(key) ? 1 : 0;
  // By sampling: when few idle keys are left among many fresh ones, some look finds only fresh ones.
  EXPECT_GE(kept, 490);
}

TEST(Evictor, LfuEvictsTheKeysSeldomUsed) {
  Keyspace keys(EvictionPolicy::kAllKeysLfu, 1'000);
  for (uint64_t key = 0; key < 1'000; ++key) keys.Access(key);
  for (int turn = 0; turn < 20; ++turn) {
    for (uint64_t key = 0; key < 500; ++key) keys.Access(key);
  }
  for (uint64_t key = 2'000; key < 2'400; ++key) keys.Access(key);
  int kept = 0;
  for (uint64_t key = 0; key < 500; ++key) kept += keys.Has(key) ? 1 : 0;
  EXPECT_EQ(kept, 500);
}

TEST(Evictor, VolatileTtlEvictsWhatExpiresSoonest) {
  Keyspace keys(EvictionPolicy::kVolatileTtl, 200);
  for (uint64_t key = 0; key < 200; ++key) {
    keys.Access(key, kStartMs + 1'000'000 + static_cast<int64_t>(key) * 1'000);
  }
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(keys.EvictOne());
  int late_ones_gone = 0;
  for (uint64_t key = 100; key < 200; ++key) late_ones_gone += keys.Has(key) ? 0 : 1;
  EXPECT_EQ(late_ones_gone, 0);
}

TEST(Evictor, VolatilePoliciesNeverEvictAKeyWithoutExpiry) {
  for (const auto policy :
       {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileLfu, EvictionPolicy::kVolatileRandom,
        EvictionPolicy::kVolatileTtl, EvictionPolicy::kVolatileAdaptive}) {
    Keyspace keys(policy, 1'000'000);
    for (uint64_t key = 0; key < 200; ++key) keys.Access(key, key % 2 == 0 ? 0 : kStartMs * 2);
    int evicted = 0;
    while (evicted < 200 && keys.EvictOne()) ++evicted;
    EXPECT_GT(evicted, 90) << EvictionPolicyName(policy);
    for (uint64_t key = 0; key < 200; key += 2) ASSERT_TRUE(keys.Has(key));
  }
}

TEST(Evictor, RandomSparesNobodyForEver) {
  Keyspace keys(EvictionPolicy::kAllKeysRandom, 100);
  for (uint64_t key = 0; key < 100; ++key) keys.Access(key);
  for (uint64_t key = 1'000; key < 3'000; ++key) keys.Access(key);
  int kept = 0;
  for (uint64_t key = 0; key < 100; ++key) kept += keys.Has(key) ? 1 : 0;
  EXPECT_EQ(kept, 0);
}

TEST(Evictor, ARandomSeedIsNoBiasTowardsNewKeys) {
  // The pool and the caller may draw from equal seeds; victims must not follow the places drawn.
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    Keyspace keys(EvictionPolicy::kAllKeysRandom, 2'000, seed);
    for (uint64_t key = 0; key < 4'000; ++key) keys.Access(key);
    int old_ones = 0;
    for (uint64_t key = 0; key < 2'000; ++key) old_ones += keys.Has(key) ? 1 : 0;
    EXPECT_NEAR(old_ones, 2'000 / 2.718, 150);
  }
}

TEST(Evictor, AdaptiveServesALoopLargerThanTheCache) {
  Keyspace keys(EvictionPolicy::kAllKeysAdaptive, 1'000);
  int hits = 0;
  for (int turn = 0; turn < 20; ++turn) {
    for (uint64_t key = 0; key < 2'000; ++key) hits += keys.Access(key) ? 1 : 0;
  }
  EXPECT_GT(hits, 20 * 1'000 * 8 / 10);  // LRU would hit nothing.
}

TEST(Evictor, AdaptiveFollowsPopularityThatMoves) {
  Keyspace keys(EvictionPolicy::kAllKeysAdaptive, 500);
  Random random(9);
  int hits = 0;
  constexpr int kAccesses = 200'000;
  for (int i = 0; i < kAccesses; ++i) {
    const double skew = random.Unit() * random.Unit();
    hits += keys.Access(static_cast<uint64_t>(i) / 4 + static_cast<uint64_t>(1'000 * skew)) ? 1 : 0;
  }
  EXPECT_GT(hits, kAccesses / 2);
}

TEST(Evictor, AdaptiveKeepsWhatIsUsedThroughAScanHoweverFastItIsFilled) {
  constexpr size_t kCapacity = 5'000;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Keyspace keys(EvictionPolicy::kAllKeysAdaptive, kCapacity, seed);
    // A slow server is told how many keys there are while the hot ones are few and in use.
    const uint64_t pace = 100 + Random(seed).Below(3'000);
    keys.SetPace(pace);
    const uint64_t first = seed * 1'000'000;
    for (int turn = 0; turn < 4; ++turn) {
      for (uint64_t key = 0; key < 500; ++key) keys.Access(first + key);
    }
    for (uint64_t key = 500; key < 5 * kCapacity; ++key) keys.Access(first + key);
    int kept = 0;
    for (uint64_t key = 0; key < 500; ++key) kept += keys.Has(first + key) ? 1 : 0;
    EXPECT_GE(kept, 490) << "seed " << seed << ", pace " << pace;
  }
}

TEST(Evictor, AKeyUsedSinceItWasOfferedIsNotEvicted) {
  Eviction eviction(EvictionPolicy::kAllKeysLru, 0);
  Evictor evictor(eviction, 1);
  evictor.SetNow(kStartMs);
  const uint32_t old_access = evictor.Admit(0, 1, 0);
  evictor.SetNow(kStartMs + 10'000);
  const uint32_t other_access = evictor.Admit(0, 2, 0);
  evictor.SetNow(kStartMs + 20'000);
  const uint32_t used_access = evictor.Touch(old_access, 1);
  const auto first = evictor.Take();
  ASSERT_TRUE(first.has_value());
  ASSERT_EQ(first->hash, 1U);
  EXPECT_FALSE(evictor.Confirm(*first, used_access));
  const auto second = evictor.Take();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->hash, 2U);
  EXPECT_TRUE(evictor.Confirm(*second, other_access));
}

TEST(Evictor, ClearForgetsTheCandidates) {
  Eviction eviction(EvictionPolicy::kAllKeysLru, 0);
  Evictor evictor(eviction, 1);
  evictor.Offer(0, 1, 0, 0);
  evictor.Clear();
  EXPECT_FALSE(evictor.Take().has_value());
}

TEST(Evictor, TheSameHashInTwoDatabasesIsTwoCandidates) {
  Eviction eviction(EvictionPolicy::kAllKeysLfu, 0);
  Evictor evictor(eviction, 1);
  evictor.Offer(0, 1, 5, 0);
  evictor.Offer(1, 1, 5, 0);
  evictor.Offer(1, 1, 5, 0);
  EXPECT_TRUE(evictor.Take().has_value());
  EXPECT_TRUE(evictor.Take().has_value());
  EXPECT_FALSE(evictor.Take().has_value());
}

TEST(Eviction, ChoosingAnotherPolicyTakesNoMemory) {
  Eviction eviction(EvictionPolicy::kNoEviction, size_t{1} << 20);
  const size_t before = eviction.memory_bytes();
  eviction.Configure(EvictionPolicy::kAllKeysAdaptive, size_t{1} << 20);
  EXPECT_EQ(eviction.memory_bytes(), before);
}

TEST(Eviction, TheMemoryOfEvictedKeysIsASmallShareOfTheLimit) {
  for (size_t limit = size_t{64} << 20; limit < size_t{1} << 40; limit *= 4) {
    const Eviction eviction(EvictionPolicy::kAllKeysAdaptive, limit);
    EXPECT_LT(eviction.memory_bytes(), limit / 40);
  }
}

TEST(Eviction, WorkersMayUseItAtOnce) {
  Eviction eviction(EvictionPolicy::kAllKeysAdaptive, 0);
  eviction.SetKeyCount(5'000, 5'000);
  std::vector<std::thread> workers;
  std::atomic<uint64_t> evicted{0};
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    workers.emplace_back([&eviction, &evicted, seed] {
      Evictor evictor(eviction, seed);
      Random random(seed);
      for (int i = 0; i < 30'000; ++i) {
        evictor.SetNow(kStartMs + i);
        const uint64_t hash = Random(random.Below(20'000)).Next();
        uint32_t access = evictor.Admit(0, hash, 0);
        access = evictor.Touch(access, hash);
        evictor.Offer(0, hash, access, 0);
        if (const auto victim = evictor.Take()) {
          evictor.OnEvicted(victim->hash, victim->access);
          evicted.fetch_add(1, std::memory_order_relaxed);
        }
        if (seed == 1 && i % 1'000 == 0) eviction.SetKeyCount(5'000, 5'000);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(evicted.load(), 90'000U);
}

}  // namespace
}  // namespace ringtail::storage
