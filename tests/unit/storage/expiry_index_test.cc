#include "storage/expiry_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/string_value.h"
#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

constexpr int64_t kStartMs = 1'750'000'000'000;
// An expired entry comes up at the next 128 ms tick at the latest, after it was set.
constexpr int64_t kLateMsMax = 128;

// A table with its index beside a vector that says which key expires when.
class IndexModel {
 public:
  struct Known {
    Entry* entry = nullptr;
    int64_t expiry_ms = 0;
    int64_t set_ms = 0;  // when it got this expiry
  };

  IndexModel(size_t universe, uint64_t seed, int64_t now_ms)
      : random(seed), hasher(seed), index(table, now_ms), known(universe), now_ms_(now_ms) {}

  void Add(size_t id, int64_t expiry_ms) {
    const std::string text = std::to_string(id);
    Entry* entry = MakeInt(text, static_cast<int64_t>(id), true);
    entry->SetExpiryMs(expiry_ms);
    table.Insert(hasher.Hash(text), entry);
    index.Add(hasher.Hash(text).position(), entry);
    known[id] = {entry, expiry_ms, now_ms_};
    ++size_;
  }
  void Update(size_t id, int64_t expiry_ms) {
    known[id].entry->SetExpiryMs(expiry_ms);
    index.Update(hasher.Hash(std::to_string(id)).position(), known[id].entry);
    known[id].expiry_ms = expiry_ms;
    known[id].set_ms = now_ms_;
  }
  void Remove(size_t id) {
    index.Remove(known[id].entry);
    Destroy(id);
  }
  // Processes in slices until nothing is left for now_ms; checks that nothing was early.
  void Process(int64_t now_ms, size_t record_count_max) {
    now_ms_ = now_ms;
    while (ProcessSlice(record_count_max)) {
    }
  }
  bool ProcessSlice(size_t record_count_max) {
    size_t erased = 0;
    const bool is_more = index.Process(now_ms_, record_count_max, [&](Table::Slot slot) {
      const auto id = static_cast<size_t>(slot.entry()->int_value());
      ASSERT_LE(known[id].expiry_ms, now_ms_) << "expired early";
      ++erased;
      Entry::Destroy(table.Erase(slot));
      known[id] = {};
      --size_;
    });
    EXPECT_LE(erased, record_count_max);
    return is_more;
  }
  void ExpectNothingLate() {
    for (const Known& one : known) {
      if (one.entry == nullptr) continue;
      ASSERT_LT(now_ms_ - std::max(one.expiry_ms, one.set_ms), kLateMsMax) << "expired late";
    }
  }
  void ExpectConsistent() {
    ASSERT_EQ(index.Verify(), nullptr);
    ASSERT_EQ(index.size(), size_);
    ASSERT_EQ(table.size(), size_);
    ASSERT_EQ(table.Verify(hasher), nullptr);
  }
  // A time to live as callers have them: mostly soon, sometimes in the past or never.
  int64_t SomeExpiryMs() {
    switch (random.Below(12)) {
      case 0: return now_ms_ - static_cast<int64_t>(random.Below(1'000'000));
      case 1: return INT64_MAX - static_cast<int64_t>(random.Below(3));
      case 2: return static_cast<int64_t>(random.Next() >> 1);
      case 3: return -static_cast<int64_t>(random.Next() >> 1) - 2;
      default: return now_ms_ + static_cast<int64_t>(random.Next() >> (24 + random.Below(40)));
    }
  }
  void Destroy(size_t id) {
    const std::string text = std::to_string(id);
    Entry::Destroy(table.Erase(table.Find(hasher.MakeKey(text))));
    known[id] = {};
    --size_;
  }
  int64_t now_ms() const { return now_ms_; }
  void SetNow(int64_t now_ms) { now_ms_ = now_ms; }

  Random random;
  KeyHasher hasher;
  Table table;
  ExpiryIndex index;
  std::vector<Known> known;

 private:
  int64_t now_ms_;
  size_t size_ = 0;
};

void Churn(IndexModel& model, int operations) {
  for (int i = 0; i < operations; ++i) {
    const size_t id = model.random.Below(model.known.size());
    if (model.known[id].entry == nullptr) {
      model.Add(id, model.SomeExpiryMs());
    } else if (model.random.Below(2) == 0) {
      model.Update(id, model.SomeExpiryMs());
    } else {
      model.Remove(id);
    }
  }
}

TEST(ExpiryIndex, ExpiresEverythingOnTimeAndNothingEarly) {
  const int64_t before = memory::UsedBytes();
  {
    IndexModel model(10'000, RunSeed(), kStartMs);
    const int rounds = Operations(1'000'000) / 500;
    for (int round = 0; round < rounds && !HasFatalFailure(); ++round) {
      Churn(model, 500);
      const auto step = static_cast<int64_t>(model.random.Next() >> (30 + model.random.Below(33)));
      model.Process(model.now_ms() + step, 1 + model.random.Below(200));
      model.ExpectNothingLate();
      if (round % 50 == 0) model.ExpectConsistent();
    }
    model.ExpectConsistent();
  }
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(ExpiryIndex, StaysConsistentWhenChangedBetweenTheSlicesOfOneTime) {
  IndexModel model(5'000, RunSeed(), kStartMs);
  for (int round = 0; round < Operations(4'000) && !HasFatalFailure(); ++round) {
    Churn(model, 50);
    model.SetNow(model.now_ms() + static_cast<int64_t>(model.random.Below(20'000)));
    for (int slice = 0; slice < 5 && model.ProcessSlice(model.random.Below(100)); ++slice) {
      Churn(model, 20);
    }
    if (round % 100 == 0) model.ExpectConsistent();
  }
  model.Process(model.now_ms(), 1'000);
  model.ExpectConsistent();
}

TEST(ExpiryIndex, FollowsAClockThatIsSetBack) {
  IndexModel model(5'000, RunSeed(), kStartMs);
  for (int round = 0; round < Operations(1'000) && !HasFatalFailure(); ++round) {
    Churn(model, 200);
    // Back by more than a second, as from an administrator; less is not worth sorting anew.
    const auto distance = static_cast<int64_t>(1'200 + (model.random.Next() >> (30 + model.random.Below(20))));
    const bool is_back = model.random.Below(4) == 0 && model.now_ms() > distance;
    if (is_back) {
      for (auto& one : model.known) one.set_ms = std::min(one.set_ms, model.now_ms() - distance);
    }
    model.Process(model.now_ms() + (is_back ? -distance : distance), 100);
    model.ExpectNothingLate();
    if (round % 50 == 0) model.ExpectConsistent();
  }
}

TEST(ExpiryIndex, WorksAtTheEndsOfTime) {
  for (const int64_t start : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{1} << 49, INT64_MAX - 1}) {
    IndexModel model(1'000, RunSeed(), start);
    for (size_t id = 0; id < 500; ++id) {
      model.Add(id, id % 2 == 0 ? INT64_MAX : static_cast<int64_t>(model.random.Next() >> 1));
    }
    model.Process(kStartMs, 64);
    model.ExpectConsistent();
    model.Process(INT64_MAX - 1, 64);
    model.ExpectConsistent();
    model.Process(INT64_MIN, 64);
    model.ExpectConsistent();
    model.Process(INT64_MAX, 64);
    model.ExpectConsistent();
  }
}

TEST(ExpiryIndex, CostsLittleMoreThanFourBytesAKey) {
  constexpr size_t kKeys = 50'000;
  IndexModel model(kKeys, RunSeed(), kStartMs);
  for (size_t id = 0; id < kKeys; ++id) {
    model.Add(id, kStartMs + 1 + static_cast<int64_t>(model.random.Below(60'000)));
  }
  EXPECT_LT(model.index.footprint_bytes(), kKeys * 5);
}

TEST(ExpiryIndex, KeepsItsFootprintUnderEndlessSettingAndDeleting) {
  constexpr size_t kKeys = 20'000;
  IndexModel model(kKeys, RunSeed(), kStartMs);
  constexpr size_t kIdealBytes = kKeys * 42 / 10 / 2;  // half the keys are there at a time
  size_t footprint_max = 0;
  for (int i = 0; i < Operations(2'000'000); ++i) {
    const size_t id = model.random.Below(kKeys);
    if (model.known[id].entry == nullptr) {
      model.Add(id, kStartMs + 1'000'000 + static_cast<int64_t>(model.random.Below(100'000)));
    } else {
      model.Remove(id);
    }
    if (i > 100'000) footprint_max = std::max(footprint_max, model.index.footprint_bytes());
  }
  model.ExpectConsistent();
  EXPECT_LE(footprint_max, 4 * kIdealBytes);
}

TEST(ExpiryIndex, KeepsItsFootprintWhenFewOfManyStay) {
  constexpr size_t kKeys = 61'000;
  IndexModel model(kKeys, RunSeed(), kStartMs);
  for (size_t id = 0; id < kKeys; ++id) model.Add(id, kStartMs + 100'000'000);
  for (size_t id = 0; id < kKeys; ++id) {
    if (id % 61 != 7) model.Remove(id);
  }
  model.ExpectConsistent();
  // Each list of ids keeps its length of the best time: twelve bytes for 61 keys.
  EXPECT_LE(model.index.footprint_bytes(), sizeof(ExpiryIndex) + 4'096 + kKeys / 61 * (17 + 24));
}

TEST(ExpiryIndex, SampleSoonestFindsOneThatIsDueBeforeTheOthers) {
  IndexModel model(2'000, RunSeed(), kStartMs);
  uint32_t position = 0;
  EXPECT_EQ(model.index.SampleSoonest(model.random, &position), nullptr);
  EXPECT_EQ(model.index.Sample(model.random, &position), nullptr);
  for (size_t id = 0; id < 1'000; ++id) model.Add(id, kStartMs + 90'000'000 + 1'000'000 * (id % 7));
  model.Add(1'500, kStartMs + 5'000);
  Entry* soonest = model.index.SampleSoonest(model.random, &position);
  EXPECT_EQ(soonest, model.known[1'500].entry);
  EXPECT_EQ(position, model.hasher.Hash("1500").position());
  int found = 0;
  for (int i = 0; i < 1'000; ++i) {
    Entry* sampled = model.index.Sample(model.random, &position);
    if (sampled == nullptr) continue;
    ++found;
    EXPECT_EQ(position, model.hasher.Hash(sampled->key()).position());
  }
  EXPECT_GT(found, 900);
}

}  // namespace
}  // namespace ringtail::storage
