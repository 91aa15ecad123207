#include "storage/table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "storage/string_value.h"
#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

// A table beside a vector that says, by the number in the key, which entry it should hold.
class TableModel {
 public:
  TableModel(size_t universe, double grow_load, uint64_t seed)
      : random(seed), hasher(seed), table(grow_load), entries_(universe, nullptr) {}

  static std::string KeyText(size_t id) { return "key:" + std::to_string(id); }

  void Insert(size_t id) {
    const std::string text = KeyText(id);
    Entry* entry = MakeInt(text, static_cast<int64_t>(id), false);
    table.Insert(hasher.Hash(text), entry);
    entries_[id] = entry;
    ++size_;
  }
  void Erase(size_t id) {
    const std::string text = KeyText(id);
    Entry* entry = table.Erase(table.Find(hasher.MakeKey(text)));
    ASSERT_EQ(entry, entries_[id]);
    Entry::Destroy(entry);
    entries_[id] = nullptr;
    --size_;
  }
  void Replace(size_t id) {
    const std::string text = KeyText(id);
    Entry* entry = MakeInt(text, static_cast<int64_t>(id), false);
    table.Replace(table.Find(hasher.MakeKey(text)), entry);
    Entry::Destroy(entries_[id]);
    entries_[id] = entry;
  }
  void ExpectFound(size_t id) {
    const std::string text = KeyText(id);
    const Table::Slot slot = table.Find(hasher.MakeKey(text));
    ASSERT_EQ(slot ? slot.entry() : nullptr, entries_[id]) << text;
  }
  // One operation that makes the table grow with the given probability.
  void Step(double insert_share) {
    const size_t id = random.Below(entries_.size());
    if (entries_[id] == nullptr) {
      if (random.Unit() < insert_share) Insert(id);
    } else if (random.Unit() < 0.1) {
      Replace(id);
    } else if (random.Unit() >= insert_share) {
      Erase(id);
    }
    ExpectFound(random.Below(entries_.size()));
    if (random.Below(64) == 0) table.Move(random.Below(20));
  }
  void ExpectConsistent() {
    ASSERT_EQ(table.Verify(hasher), nullptr);
    ASSERT_EQ(table.size(), size_);
    for (size_t id = 0; id < entries_.size(); ++id) ExpectFound(id);
    size_t visited = 0;
    table.VisitAll([&](Entry* entry) {
      visited += entries_[static_cast<size_t>(entry->int_value())] == entry;
    });
    ASSERT_EQ(visited, size_);
  }
  bool Holds(size_t id) const { return entries_[id] != nullptr; }
  size_t size() const { return size_; }
  size_t universe() const { return entries_.size(); }

  Random random;
  KeyHasher hasher;
  Table table;

 private:
  std::vector<Entry*> entries_;
  size_t size_ = 0;
};

class TableOfSize : public ::testing::TestWithParam<std::tuple<size_t, double>> {};

TEST_P(TableOfSize, AgreesWithAModelWhileItGrowsAndShrinks) {
  const auto [universe, grow_load] = GetParam();
  const int64_t before = memory::UsedBytes();
  {
    TableModel model(universe, grow_load, RunSeed());
    const int operations = Operations(static_cast<int>(std::max<size_t>(universe * 4, 100'000)));
    const int phase = operations / 8;
    for (int i = 0; i < operations && !::testing::Test::HasFatalFailure(); ++i) {
      model.Step(i / phase % 2 == 0 ? 0.95 : 0.05);
      if (i % (phase / 2) == 0) model.ExpectConsistent();
    }
    model.ExpectConsistent();
    for (size_t id = 0; id < universe; ++id) {
      if (model.Holds(id)) model.Erase(id);
    }
    EXPECT_EQ(model.table.footprint_bytes(), 0U);
    EXPECT_FALSE(model.table.is_moving());
  }
  EXPECT_EQ(memory::UsedBytes(), before);
}

INSTANTIATE_TEST_SUITE_P(Sizes, TableOfSize,
                         ::testing::Combine(::testing::Values(7, 8, 30, 200, 1'500, 20'000),
                                            ::testing::Values(0.5, 0.82, 0.9, 0.94, 0.99)));
INSTANTIATE_TEST_SUITE_P(Large, TableOfSize,
                         ::testing::Combine(::testing::Values(kIsSanitized ? 60'000 : 500'000),
                                            ::testing::Values(0.84, 0.94)));

TEST(Table, AgreesWithAModelOverAMillionOperations) {
  TableModel model(40'000, 0.9, RunSeed());
  double insert_share = 0.5;
  for (int i = 0; i < Operations(1'000'000) && !HasFatalFailure(); ++i) {
    if (i % 5'000 == 0) insert_share = model.random.Unit();
    model.Step(insert_share);
    if (i % 50'000 == 0) model.ExpectConsistent();
  }
  model.ExpectConsistent();
}

// Every entry that is there during the whole scan is visited exactly once, whatever else goes on.
void ScanWhile(TableModel& model, double insert_share, int steps_per_call) {
  std::vector<bool> is_stable(model.universe());
  std::vector<int> visits(model.universe(), 0);
  for (size_t id = 0; id < model.universe(); ++id) is_stable[id] = model.Holds(id);
  uint32_t cursor = 0;
  size_t calls = 0;
  do {
    cursor = model.table.Scan(cursor, [&](Entry* entry, uint32_t position) {
      ASSERT_EQ(position, model.hasher.Hash(entry->key()).position());
      ++visits[static_cast<size_t>(entry->int_value())];
    });
    for (int i = 0; i < steps_per_call; ++i) {
      const size_t id = model.random.Below(model.universe());
      if (!model.Holds(id)) {
        if (model.random.Unit() < insert_share) model.Insert(id);
      } else if (model.random.Unit() >= insert_share) {
        model.Erase(id);
        is_stable[id] = false;
      }
    }
    ASSERT_LT(++calls, 1'000'000U);
  } while (cursor != 0);
  for (size_t id = 0; id < model.universe(); ++id) {
    ASSERT_TRUE(!is_stable[id] || visits[id] == 1) << TableModel::KeyText(id);
  }
}

TEST(Table, ScanVisitsWhatStaysWhileTheTableGrowsAndShrinks) {
  TableModel model(20'000, 0.9, RunSeed());
  for (int round = 0; round < (kIsSanitized ? 3 : 12) && !HasFatalFailure(); ++round) {
    const int steps_per_call = 1 + static_cast<int>(model.random.Below(40));
    ScanWhile(model, 0.95, steps_per_call);
    ScanWhile(model, model.random.Unit(), steps_per_call);
    ScanWhile(model, 0.03, steps_per_call);
    model.ExpectConsistent();
  }
}

TEST(Table, ScanOfAnEmptyTableAndOfACursorFromElsewhereEnds) {
  TableModel model(100, 0.9, 1);
  const auto nothing = [](Entry*, uint32_t) { FAIL(); };
  EXPECT_EQ(model.table.Scan(0, nothing), 0U);
  EXPECT_EQ(model.table.Scan(0xffffffff, nothing), 0U);
  for (size_t id = 0; id < 100; ++id) model.Insert(id);
  EXPECT_EQ(model.table.Scan(0x1000000, nothing), 0U);
  EXPECT_EQ(model.table.Scan(0xffffffff, nothing), 0U);
}

TEST(Table, InsertIntoATableThatWasEmptiedWhileMoving) {
  TableModel model(3'000, 0.9, 7);
  size_t id = 0;
  for (; !model.table.is_moving(); ++id) model.Insert(id);
  for (size_t gone = 0; gone < id; ++gone) model.Erase(gone);
  EXPECT_EQ(model.table.footprint_bytes(), 0U);
  model.Insert(0);
  model.ExpectConsistent();
}

// Keys whose hashes the test chooses: what an attacker could do at worst.
class ChosenHashes {
 public:
  explicit ChosenHashes(double grow_load) : table(grow_load) {}
  void Insert(uint32_t position) {
    const size_t id = positions_.size();
    positions_.push_back(position);
    table.Insert(HashOf(position), MakeInt(std::to_string(id), 0, false));
  }
  void ExpectAllFound() {
    for (size_t id = 0; id < positions_.size(); ++id) {
      ASSERT_TRUE(table.Find({std::to_string(id), HashOf(positions_[id])})) << id;
    }
    ASSERT_EQ(table.VerifyLayout(), nullptr);
  }
  void EraseFirst() {
    const std::string text = std::to_string(erased_);
    Entry::Destroy(table.Erase(table.Find({text, HashOf(positions_[erased_])})));
    ++erased_;
  }
  static KeyHash HashOf(uint32_t position) { return KeyHash(uint64_t{position} << 40); }
  Table table;

 private:
  std::vector<uint32_t> positions_;
  size_t erased_ = 0;
};

TEST(Table, TakesAWindowFullOfEqualPositionsAnywhere) {
  for (const uint32_t position : {0U, 1U, 0x7fffffU, 0x800000U, 0xfffffeU, 0xffffffU}) {
    ChosenHashes chosen(0.9);
    for (int i = 0; i < 224; ++i) chosen.Insert(position);
    chosen.ExpectAllFound();
    int visited = 0;
    chosen.table.VisitPosition(position, [&](Table::Slot) { return ++visited == 1'000; });
    EXPECT_EQ(visited, 224);
    for (int i = 0; i < 224; ++i) {
      chosen.EraseFirst();
      ASSERT_EQ(chosen.table.VerifyLayout(), nullptr);
    }
  }
}

TEST(Table, TakesEqualPositionsAmongManyOthersWhileItGrows) {
  Random random(RunSeed());
  ChosenHashes chosen(0.94);
  for (int i = 0; i < 60'000; ++i) {
    const auto anywhere = static_cast<uint32_t>(random.Next() >> 40);
    chosen.Insert(i % 600 == 0 ? 0x123456U : i % 601 == 0 ? 0xffffffU : anywhere);
    ASSERT_TRUE(i % 10'000 != 0 || chosen.table.VerifyLayout() == nullptr);
  }
  chosen.ExpectAllFound();
  for (int i = 0; i < 59'000; ++i) chosen.EraseFirst();
  ASSERT_EQ(chosen.table.VerifyLayout(), nullptr);
}

TEST(Table, TakesPositionsThatAllLieInOneCorner) {
  for (const uint32_t base : {0U, 0xfc0000U}) {
    ChosenHashes chosen(0.9);
    for (uint32_t i = 0; i < 4'096; ++i) chosen.Insert(base + i * 64);
    chosen.ExpectAllFound();
  }
}

TEST(TableDeathTest, MoreEqualPositionsThanAWindowHoldsEndTheProcess) {
  ChosenHashes chosen(0.9);
  for (int i = 0; i < 224; ++i) chosen.Insert(0x400000);
  EXPECT_DEATH(chosen.Insert(0x400000), "same hash");
}

TEST(Table, NeverGrowsBeforeItsLoadIsReached) {
  const uint64_t seed = RunSeed();
  for (const double grow_load : {0.82, 0.9, 0.94}) {
    TableModel model(kIsSanitized ? 60'000 : 1'000'000, grow_load, seed);
    for (size_t id = 0; id < model.universe(); ++id) {
      const size_t slots = model.table.bucket_count() * 7;
      const bool was_moving = model.table.is_moving();
      model.Insert(id);
      if (was_moving || !model.table.is_moving() || id < 20'000) continue;
      ASSERT_GT(static_cast<double>(id), (grow_load - 0.02) * static_cast<double>(slots)) << id;
    }
  }
}

TEST(Table, MoveFinishesAGrowthWithoutAnyInsert) {
  TableModel model(100'000, 0.9, 3);
  size_t id = 0;
  while (id < 20'000 || !model.table.is_moving()) model.Insert(id++);
  while (model.table.Move(100)) {
  }
  EXPECT_FALSE(model.table.is_moving());
  model.ExpectConsistent();
}

TEST(Table, VisitBucketAtVisitsOnlyEntriesOfTheTable) {
  TableModel model(5'000, 0.9, 5);
  for (size_t id = 0; id < 5'000; ++id) model.Insert(id);
  for (uint32_t position = 0; position < (1U << 24); position += 4'099) {
    model.table.VisitBucketAt(position, [&](Entry* entry, uint32_t at) {
      ASSERT_EQ(at, model.hasher.Hash(entry->key()).position());
    });
  }
}

TEST(Table, DrawsEveryEntryAboutAsOften) {
  for (const size_t size : {size_t{1}, size_t{5}, size_t{100}, size_t{1000}}) {
    TableModel model(size, 0.9, 7);
    for (size_t id = 0; id < size; ++id) model.Insert(id);
    std::map<Entry*, size_t> drawn;
    constexpr size_t kDrawsEach = 1000;
    for (size_t i = 0; i < size * kDrawsEach; ++i) ++drawn[model.table.Random(model.random)];
    EXPECT_EQ(drawn.size(), size);
    for (const auto& [entry, count] : drawn) {
      EXPECT_GT(count, kDrawsEach * 8 / 10);
      EXPECT_LT(count, kDrawsEach * 12 / 10);
    }
  }
  Table empty;
  Random random(1);
  EXPECT_EQ(empty.Random(random), nullptr);
}

}  // namespace
}  // namespace ringtail::storage
