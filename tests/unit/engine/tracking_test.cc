#include "engine/tracking.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/memory.h"
#include "engine/engine.h"

namespace ringtail::engine {
namespace {

using storage::Key;
using storage::KeyHasher;

constexpr size_t kPartitions = 8;

class TrackingTest : public ::testing::Test {
 protected:
  size_t PartitionOf(const Key& key) const { return key.hash.partition_bits() % kPartitions; }
  void Remember(std::string_view name, TrackerId reader) {
    const Key key = hasher_.MakeKey(name);
    tracking_.Remember(PartitionOf(key), key, reader);
  }
  /// Who is told of a change: "reader:name" each.
  std::multiset<std::string> Change(std::string_view name, uint64_t writer_id = 0) {
    const Key key = hasher_.MakeKey(name);
    tracking_.NoteChange(found_, PartitionOf(key), key, writer_id);
    return Found();
  }
  std::multiset<std::string> Found() {
    std::multiset<std::string> all;
    for (const auto& item : found_.items()) {
      all.insert(std::to_string(item.reader) + ':' + std::string(found_.NameOf(item)));
    }
    found_.ClearItems();
    return all;
  }
  void SweepAll() {
    for (size_t worker = 0; worker < 2; ++worker) {
      while (tracking_.HasSweep(worker)) tracking_.SweepSome(worker);
    }
  }

  KeyHasher hasher_{7};
  Tracking tracking_{kPartitions, /*worker_count=*/2, hasher_};
  Invalidations found_;
};

TEST_F(TrackingTest, AReaderIsToldOnceOfAChange) {
  const TrackerId reader = tracking_.Add(10, 0);
  Remember("key", reader);
  Remember("key", reader);
  EXPECT_EQ(tracking_.item_count(), 1);
  EXPECT_EQ(Change("key"), (std::multiset<std::string>{"0:key"}));
  EXPECT_TRUE(Change("key").empty());
  EXPECT_EQ(tracking_.key_count(), 0);
}

TEST_F(TrackingTest, AllReadersOfAKeyAreTold) {
  std::multiset<std::string> expected;
  for (uint64_t client = 1; client <= 100; ++client) {
    const TrackerId reader = tracking_.Add(client, 0);
    Remember("key", reader);
    expected.insert(std::to_string(reader) + ":key");
  }
  EXPECT_EQ(tracking_.item_count(), 100);
  EXPECT_EQ(Change("key"), expected);
  EXPECT_EQ(tracking_.item_count(), 0);
  EXPECT_EQ(tracking_.key_bytes(), 0);
}

TEST_F(TrackingTest, WhoIsQuietAboutItselfIsSparedItsOwnChangesOnly) {
  const TrackerId reader = tracking_.Add(10, 0);
  tracking_.SetQuietAboutItself(reader, true);
  Remember("key", reader);
  EXPECT_TRUE(Change("key", 10).empty());
  Remember("key", reader);
  EXPECT_EQ(Change("key", 11).size(), 1U);
}

TEST_F(TrackingTest, TheRetiredAreNotToldAndLeaveNothingBehind) {
  memory::FoldThreadCount();
  const int64_t before_bytes = memory::UsedBytes();
  const TrackerId reader = tracking_.Add(10, 0);
  for (int i = 0; i < 20000; ++i) Remember("key:" + std::to_string(i), reader);
  memory::FoldThreadCount();
  EXPECT_GT(memory::UsedBytes(), before_bytes + 20000 * 24);
  tracking_.Retire(reader);
  EXPECT_TRUE(Change("key:1").empty());
  SweepAll();
  EXPECT_EQ(tracking_.key_count(), 0);
  EXPECT_EQ(tracking_.item_count(), 0);
  EXPECT_EQ(tracking_.key_bytes(), 0);
  memory::FoldThreadCount();
  EXPECT_LT(memory::UsedBytes(), before_bytes + 4096);
}

TEST_F(TrackingTest, AnIdIsUsedAgainOnlyAfterTheSweep) {
  const TrackerId first = tracking_.Add(10, 0);
  Remember("key", first);
  tracking_.Retire(first);
  EXPECT_NE(tracking_.Add(11, 0), first);
  SweepAll();
  EXPECT_EQ(tracking_.Add(12, 0), first);
  EXPECT_TRUE(Change("key").empty());
}

TEST_F(TrackingTest, TheSweepLeavesTheReadersThatLive) {
  const TrackerId dead = tracking_.Add(10, 0);
  const TrackerId alive = tracking_.Add(11, 0);
  for (int i = 0; i < 3000; ++i) {
    Remember("key:" + std::to_string(i), dead);
    if (i % 3 == 0) Remember("key:" + std::to_string(i), alive);
  }
  tracking_.Retire(dead);
  SweepAll();
  EXPECT_EQ(tracking_.key_count(), 1000);
  EXPECT_EQ(tracking_.item_count(), 1000);
  EXPECT_EQ(Change("key:3"), (std::multiset<std::string>{std::to_string(alive) + ":key:3"}));
  EXPECT_TRUE(Change("key:4").empty());
}

TEST_F(TrackingTest, PrefixesAreToldOfEveryChangeUnderThem) {
  const TrackerId reader = tracking_.Add(10, 0);
  tracking_.AddPrefix(reader, "user:");
  tracking_.AddPrefix(reader, "");
  Change("user:1", 5);
  Change("other", 6);
  Change("us", 7);
  ASSERT_EQ(found_.broadcasts().size(), 2U);
  EXPECT_EQ(found_.broadcasts()["user:"], (Invalidations::ChangedKeys{{"user:1", 5}}));
  EXPECT_EQ(found_.broadcasts()[""],
            (Invalidations::ChangedKeys{{"other", 6}, {"us", 7}, {"user:1", 5}}));
}

TEST_F(TrackingTest, PrefixesGoWithTheLastWhoNamedThem) {
  const TrackerId one = tracking_.Add(10, 0);
  const TrackerId other = tracking_.Add(11, 0);
  tracking_.AddPrefix(one, "a");
  tracking_.AddPrefix(other, "a");
  tracking_.AddPrefix(other, "b");
  EXPECT_EQ(tracking_.prefix_count(), 2U);
  tracking_.Retire(other);
  EXPECT_EQ(tracking_.prefix_count(), 1U);
  tracking_.DropDeadPrefixes();
  EXPECT_EQ(tracking_.FindPrefix("b"), nullptr);
  ASSERT_NE(tracking_.FindPrefix("a"), nullptr);
  EXPECT_EQ(*tracking_.FindPrefix("a"), std::vector<TrackerId>{one});
}

TEST_F(TrackingTest, AgreesWithAModelUnderRandomUse) {
  const uint64_t seed = 20240611;
  SCOPED_TRACE(seed);
  Random random(seed);
  std::map<std::string, std::set<TrackerId>> model;
  std::set<TrackerId> alive;
  for (int step = 0; step < 30000; ++step) {
    const std::string name = "k" + std::to_string(random.Below(400));
    const uint64_t kind = random.Below(100);
    if (alive.empty() || (kind < 2 && alive.size() < 40)) {
      alive.insert(tracking_.Add(static_cast<uint64_t>(step), 0));
    } else if (kind < 3) {
      const TrackerId gone = *alive.begin();
      alive.erase(gone);
      tracking_.Retire(gone);
      for (auto& [key, readers] : model) readers.erase(gone);
    } else if (kind < 10) {
      tracking_.SweepSome(random.Below(2));
    } else if (kind < 70) {
      auto at = alive.begin();
      std::advance(at, static_cast<ptrdiff_t>(random.Below(alive.size())));
      Remember(name, *at);
      model[name].insert(*at);
    } else {
      std::multiset<std::string> expected;
      for (const TrackerId reader : model[name]) expected.insert(std::to_string(reader) + ':' + name);
      model.erase(name);
      ASSERT_EQ(Change(name), expected) << "step " << step;
    }
  }
  SweepAll();
  int64_t items = 0;
  int64_t keys = 0;
  for (const auto& [name, readers] : model) {
    items += static_cast<int64_t>(readers.size());
    keys += !readers.empty();
  }
  EXPECT_EQ(tracking_.item_count(), items);
  EXPECT_EQ(tracking_.key_count(), keys);
}

TEST(EngineTracking, TheTableIsKeptUnderItsLimits) {
  ManualClock clock;
  Engine engine({.worker_count = 1, .clock = &clock, .seed = 1});
  WorkerState& worker = engine.worker(0);
  const TrackerId reader = engine.AddTracker(1, 0);
  engine.SetTrackingLimits(/*keys_max=*/50, /*bytes_max=*/0);
  for (int i = 0; i < 100; ++i) engine.Remember(engine.MakeKey("key:" + std::to_string(i)), reader);
  engine.LimitTracking(worker, 1000);
  EXPECT_EQ(engine.tracking().key_count(), 50);
  EXPECT_EQ(worker.invalidations.items().size(), 50U);
  engine.SetTrackingLimits(/*keys_max=*/0, /*bytes_max=*/320);
  engine.LimitTracking(worker, 1000);
  EXPECT_LE(engine.tracking().key_bytes(), 320);
  EXPECT_GT(engine.tracking().key_count(), 0);
}

TEST(EngineTracking, WorkersThatMakeRoomAtOnceForgetNoneTooMany) {
  constexpr size_t kWorkers = 4;
  constexpr int64_t kKept = 10;
  ManualClock clock;
  Engine engine({.worker_count = kWorkers, .clock = &clock, .seed = 1});
  const TrackerId reader = engine.AddTracker(1, 0);
  for (int round = 0; round < 200; ++round) {
    engine.SetTrackingLimits(/*keys_max=*/0, /*bytes_max=*/0);
    for (int i = 0; i < 20; ++i) engine.Remember(engine.MakeKey("key:" + std::to_string(i)), reader);
    engine.SetTrackingLimits(kKept, /*bytes_max=*/0);
    std::vector<std::thread> threads;
    for (size_t w = 0; w < kWorkers; ++w) {
      threads.emplace_back([&, w] {
        engine.LimitTracking(engine.worker(w), 1000);
        engine.worker(w).invalidations.ClearItems();
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(engine.tracking().key_count(), kKept) << "round " << round;
  }
}

TEST(EngineTracking, AFlushTellsEverybodyOnceAndForgetsAll) {
  ManualClock clock;
  Engine engine({.worker_count = 1, .clock = &clock, .seed = 1});
  WorkerState& worker = engine.worker(0);
  const TrackerId reader = engine.AddTracker(1, 0);
  for (int i = 0; i < 100; ++i) engine.Remember(engine.MakeKey("key:" + std::to_string(i)), reader);
  engine.NoteTrackedFlush(worker);
  ASSERT_EQ(worker.invalidations.items().size(), 1U);
  EXPECT_EQ(worker.invalidations.items()[0].reader, Invalidations::kEverybody);
  EXPECT_EQ(engine.tracking().key_count(), 0);
}

}  // namespace
}  // namespace ringtail::engine
