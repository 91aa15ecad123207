#include "storage/stream.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

using Pairs = std::vector<std::string>;

void Append(Stream& stream, StreamId id, const Pairs& pairs, const StreamLimits& limits = {}) {
  const std::vector<std::string_view> views(pairs.begin(), pairs.end());
  stream.Append(id, views, limits);
}

Pairs PairsOf(const StreamEntry& entry) {
  Pairs pairs;
  entry.ForEach([&](const PackedElement& name, const PackedElement& value) {
    pairs.push_back(name.String());
    pairs.push_back(value.String());
  });
  return pairs;
}

std::vector<std::pair<StreamId, Pairs>> Entries(
    const Stream& stream, StreamId first = {}, StreamId last = StreamId::Max(),
    StreamRange::Direction direction = StreamRange::Direction::kForward) {
  std::vector<std::pair<StreamId, Pairs>> entries;
  StreamRange range(stream, first, last, direction);
  for (StreamEntry entry; range.Next(entry);) entries.emplace_back(entry.id, PairsOf(entry));
  return entries;
}

TEST(StreamIdTest, StepsCarryBetweenTheTwoHalves) {
  StreamId id{1, std::numeric_limits<uint64_t>::max()};
  EXPECT_TRUE(id.Increment());
  EXPECT_EQ(id, (StreamId{2, 0}));
  EXPECT_TRUE(id.Decrement());
  EXPECT_EQ(id, (StreamId{1, std::numeric_limits<uint64_t>::max()}));
  StreamId last = StreamId::Max();
  EXPECT_FALSE(last.Increment());
  EXPECT_EQ(last, StreamId());
  EXPECT_FALSE(last.Decrement());
  EXPECT_EQ(last, StreamId::Max());
}

TEST(StreamTest, AnEntryComesBackAsItWasAdded) {
  const std::vector<Pairs> kinds = {
      {"name", "value"}, {"name", "12345"},          {"name", "-9223372036854775808"},
      {"", ""},          {"a", "1", "b", "2"},       {"a", "x", "b", std::string(5000, 'y')},
      {"7", "007"},      {"bin\0", std::string(1, '\0')}, {"name", "127"},
      {"name", "128"},   {"name", "-1"},             {"name", "9223372036854775807"}};
  Stream stream;
  uint64_t ms = 0;
  for (const Pairs& pairs : kinds) Append(stream, {++ms, ms % 3}, pairs);
  const auto entries = Entries(stream);
  ASSERT_EQ(entries.size(), kinds.size());
  for (size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(entries[i].second, kinds[i]);
  EXPECT_EQ(stream.Verify(), nullptr);
}

TEST(StreamTest, IdsAtTheEdgesComeBack) {
  Stream stream;
  const uint64_t max = std::numeric_limits<uint64_t>::max();
  const std::vector<StreamId> ids = {{0, 1}, {0, max}, {1, 0}, {max, 0}, {max, max}};
  for (const StreamId id : ids) Append(stream, id, {"a", "b"});
  const auto entries = Entries(stream);
  ASSERT_EQ(entries.size(), ids.size());
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(entries[i].first, ids[i]);
}

TEST(StreamTest, ABlockHoldsAsManyEntriesAsTheLimitSays) {
  Stream stream;
  for (uint64_t i = 1; i <= 250; ++i) Append(stream, {i, 0}, {"a", "b"});
  EXPECT_EQ(stream.block_count(), 3U);
}

TEST(StreamTest, ABlockHoldsAsManyBytesAsTheLimitSays) {
  Stream stream;
  for (uint64_t i = 1; i <= 10; ++i) Append(stream, {i, 0}, {"a", std::string(1500, 'x')});
  EXPECT_EQ(stream.block_count(), 5U);
}

TEST(StreamTest, ApproximateTrimmingRemovesOnlyWholeBlocks) {
  Stream stream;
  for (uint64_t i = 1; i <= 250; ++i) Append(stream, {i, 0}, {"a", "b"});
  StreamTrim trim{.kind = StreamTrim::Kind::kLength, .length_max = 120, .is_approximate = true};
  EXPECT_EQ(stream.Trim(trim), 100);
  EXPECT_EQ(stream.first_id(), (StreamId{101, 0}));
  trim.length_max = 40;
  trim.deletions_max = 99;
  EXPECT_EQ(stream.Trim(trim), 0);
  trim.is_approximate = false;
  trim.deletions_max = 0;
  EXPECT_EQ(stream.Trim(trim), 110);
  EXPECT_EQ(stream.first_id(), (StreamId{211, 0}));
  EXPECT_EQ(stream.Verify(), nullptr);
}

TEST(StreamTest, TheLastEntryOfABlockTakesTheBlockWithIt) {
  Stream stream;
  for (uint64_t i = 1; i <= 300; ++i) Append(stream, {i, 0}, {"a", "b"});
  for (uint64_t i = 101; i <= 200; ++i) EXPECT_TRUE(stream.Delete({i, 0}));
  EXPECT_EQ(stream.block_count(), 2U);
  EXPECT_FALSE(stream.Delete({150, 0}));
  EXPECT_EQ(stream.max_deleted_id(), (StreamId{200, 0}));
  EXPECT_EQ(Entries(stream, {50, 0}, {250, 0}).size(), 101U);
}

TEST(StreamTest, AnIdThatWasDeletedAtTheEndCanBeGivenOutAgain) {
  Stream stream;
  for (uint64_t i = 1; i <= 5; ++i) Append(stream, {i, 0}, {"a", "old"});
  stream.Delete({4, 0});
  stream.Delete({5, 0});
  stream.SetLastId({3, 0});
  Append(stream, {4, 0}, {"a", "new"});
  EXPECT_TRUE(stream.Contains({4, 0}));
  EXPECT_EQ(Entries(stream, {4, 0}, {4, 0}, StreamRange::Direction::kBackward).size(), 1U);
  EXPECT_EQ(Entries(stream).back().second, (Pairs{"a", "new"}));
  EXPECT_TRUE(stream.Delete({4, 0}));
  EXPECT_EQ(stream.Verify(), nullptr);
}

TEST(StreamTest, ABlockWithoutLiveEntriesDoesNotOutliveASmallerLastId) {
  Stream stream;
  for (uint64_t i = 5; i <= 9; ++i) Append(stream, {i, 0}, {"a", "b"});
  stream.Delete({9, 0});
  EXPECT_EQ(stream.Trim({.kind = StreamTrim::Kind::kBelowId, .id_min = {9, 0}}), 4);
  stream.SetLastId({1, 0});
  Append(stream, {2, 0}, {"a", "b"});
  EXPECT_EQ(Entries(stream, {2, 0}, {2, 0}).size(), 1U);
  EXPECT_EQ(stream.Verify(), nullptr);
}

TEST(StreamTest, ACloneSharesNothing) {
  Stream stream;
  for (uint64_t i = 1; i <= 150; ++i) Append(stream, {i, 0}, {"a", "b"});
  StreamGroup* group = stream.AddGroup("g", {}, 0);
  group->Deliver({1, 0}, group->AddConsumer("c", 5), 7);
  const std::unique_ptr<Object> clone = stream.Clone();
  auto& copy = static_cast<Stream&>(*clone);
  stream.Delete({1, 0});
  stream.RemoveGroup("g");
  EXPECT_EQ(copy.length(), 150U);
  EXPECT_EQ(copy.Verify(), nullptr);
  EXPECT_EQ(copy.FindGroup("g")->FindPending({1, 0})->consumer,
            copy.FindGroup("g")->FindConsumer("c"));
}

TEST(StreamTest, TheFootprintIsWhatTheAllocatorSaw) {
  memory::FoldThreadCount();
  const int64_t before = memory::UsedBytes();
  const auto stream = std::make_unique<Stream>();
  for (uint64_t i = 1; i <= 100'000; ++i) {
    Append(*stream, {1'700'000'000'000 + i, i % 3}, {"myfield", "value"});
  }
  StreamGroup* group = stream->AddGroup("group", {}, 0);
  for (const char* name : {"a", "b", "c", "d", "a consumer with a longer name"}) {
    group->AddConsumer(name, 1);
  }
  for (uint64_t i = 1; i <= 20'000; ++i) {
    group->Deliver({i, 0}, *group->FindConsumer(i % 2 == 0 ? "a" : "b"), 1);
  }
  memory::FoldThreadCount();
  const auto used = static_cast<double>(memory::UsedBytes() - before);
  if (used > 0) {
    EXPECT_NEAR(static_cast<double>(stream->footprint_bytes()), used, used * 0.05);
  }
}

// ---- What is inferred of the past

TEST(StreamTest, LagCountsWhatAGroupHasNotRead) {
  Stream stream;
  StreamGroup& group = *stream.AddGroup("g", {}, StreamGroup::kUnknown);
  EXPECT_EQ(stream.LagOf(group), 0);
  for (uint64_t i = 1; i <= 10; ++i) Append(stream, {i, 0}, {"a", "b"});
  EXPECT_EQ(stream.LagOf(group), 10);
  stream.Advance(group, {1, 0});
  EXPECT_EQ(group.entries_read(), 1);
  stream.Advance(group, {2, 0});
  EXPECT_EQ(stream.LagOf(group), 8);
  // A hole ahead makes both unknown.
  stream.Delete({5, 0});
  EXPECT_EQ(stream.LagOf(group), std::nullopt);
  stream.Advance(group, {3, 0});
  EXPECT_EQ(group.entries_read(), StreamGroup::kUnknown);
  stream.Advance(group, {10, 0});
  EXPECT_EQ(stream.LagOf(group), 0);
}

TEST(StreamTest, CountersThatAClientSetToTheirEndWrap) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  Stream stream;
  StreamGroup& group = *stream.AddGroup("g", {}, kMax);
  stream.SetEntriesAdded(kMax);
  Append(stream, {1, 0}, {"a", "b"});
  EXPECT_EQ(stream.entries_added(), kMin);
  EXPECT_EQ(stream.LagOf(group), 1);
  stream.Advance(group, {1, 0});
  EXPECT_EQ(group.entries_read(), kMin);
  EXPECT_EQ(stream.LagOf(group), 0);
  Append(stream, {2, 0}, {"a", "b"});
  EXPECT_EQ(stream.EntriesUpTo({1, 0}), kMin);
}

// ---- Against a model

struct GroupModel {
  StreamId last_id;
  std::map<StreamId, std::pair<std::string, uint64_t>> pending;   // owner and delivery count
  std::set<std::string> consumers;
};

class StreamModelTest : public ::testing::Test {
 protected:
  StreamModelTest() : random_(RunSeed()) {}

  uint64_t Below(uint64_t limit) { return random_.Below(limit); }
  bool Chance(uint64_t one_in) { return Below(one_in) == 0; }

  StreamId SomeId() {
    if (model_.empty() || Chance(4)) return {Below(last_.ms + 2), Below(4)};
    const auto at = model_.lower_bound({last_.ms - std::min(last_.ms, Below(400)), Below(4)});
    return at == model_.end() ? model_.rbegin()->first : at->first;
  }

  Pairs SomePairs() {
    static const std::vector<Pairs> kNames = {{"name"}, {"name"}, {"name", "mail"}, {""}, {"7"}};
    Pairs pairs;
    for (const std::string& name : kNames[Below(kNames.size())]) {
      pairs.push_back(name);
      const auto number = static_cast<int64_t>(random_.Next() >> Below(64));
      pairs.push_back(Chance(3)    ? std::to_string(number)
                      : Chance(30) ? std::string(Below(3000), 'x')
                                   : std::string(Below(20), 'v'));
    }
    return pairs;
  }

  void AppendOne() {
    last_ = Chance(3) ? StreamId{last_.ms + 1 + Below(3), Below(3)}
                      : StreamId{last_.ms, last_.seq + 1 + Below(2)};
    const Pairs pairs = SomePairs();
    Append(stream_, last_, pairs, limits_);
    model_[last_] = pairs;
    ++added_;
  }

  void DeleteOne() {
    const StreamId id = SomeId();
    ASSERT_EQ(stream_.Delete(id), model_.erase(id) == 1);
  }

  // Ids of deleted entries at the end can be given out again.
  void SetBack() {
    const StreamId last_live = model_.empty() ? StreamId{} : model_.rbegin()->first;
    last_ = Chance(2) ? last_live : StreamId{(last_.ms + last_live.ms) / 2, last_.seq};
    last_ = std::max(last_, last_live);
    stream_.SetLastId(last_);
  }

  void TrimSome() {
    StreamTrim trim;
    trim.is_approximate = Chance(2);
    if (Chance(2)) {
      trim.kind = StreamTrim::Kind::kLength;
      trim.length_max = static_cast<int64_t>(Below(1500));
    } else {
      trim.kind = StreamTrim::Kind::kBelowId;
      trim.id_min = SomeId();
    }
    const int64_t deleted = stream_.Trim(trim);
    ASSERT_LE(deleted, static_cast<int64_t>(model_.size()));
    for (int64_t i = 0; i < deleted; ++i) {
      if (trim.kind == StreamTrim::Kind::kBelowId) {
        ASSERT_LT(model_.begin()->first, trim.id_min);
      }
      model_.erase(model_.begin());
    }
    if (trim.kind == StreamTrim::Kind::kLength) {
      ASSERT_GE(static_cast<int64_t>(model_.size()) + (deleted == 0 ? 1 : 0),
                deleted == 0 ? 0 : trim.length_max);
    }
    if (trim.is_approximate) return;
    if (trim.kind == StreamTrim::Kind::kLength) {
      ASSERT_LE(static_cast<int64_t>(model_.size()), trim.length_max);
    } else if (!model_.empty()) {
      ASSERT_GE(model_.begin()->first, trim.id_min);
    }
  }

  void ReadRange() {
    const StreamId a = SomeId();
    const StreamId b = SomeId();
    const StreamId first = std::min(a, b);
    const StreamId last = std::max(a, b);
    const bool is_forward = Chance(2);
    StreamRange range(stream_, first, last,
                      is_forward ? StreamRange::Direction::kForward
                                 : StreamRange::Direction::kBackward);
    auto begin = model_.lower_bound(first);
    auto end = model_.upper_bound(last);
    StreamEntry entry;
    for (int i = 0; i < 30; ++i) {
      if (begin == end) {
        ASSERT_FALSE(range.Next(entry));
        return;
      }
      ASSERT_TRUE(range.Next(entry));
      const auto expected = is_forward ? begin++ : --end;
      ASSERT_EQ(entry.id, expected->first);
      ASSERT_EQ(PairsOf(entry), expected->second);
    }
  }

  void UseGroup() {
    static const std::vector<std::string> kConsumers = {"a", "b", "a consumer of a longer name"};
    const std::string name = Chance(2) ? "g1" : "g2";
    StreamGroup* group = stream_.FindGroup(name);
    if (group == nullptr) group = stream_.AddGroup(name, {}, 0);
    GroupModel& model = groups_[name];
    const std::string& consumer_name = kConsumers[Below(kConsumers.size())];
    StreamConsumer* consumer = group->FindConsumer(consumer_name);
    ASSERT_EQ(consumer != nullptr, model.consumers.contains(consumer_name));
    if (consumer == nullptr) {
      consumer = &group->AddConsumer(consumer_name, 1);
      model.consumers.insert(consumer_name);
    }
    const StreamId id = SomeId();
    const uint64_t kind = Below(200);
    if (kind < 90) {
      group->Deliver(id, *consumer, 1);
      model.pending[id] = {consumer_name, 1};
    } else if (kind < 180) {
      const auto next = model.pending.lower_bound(id);
      const StreamId acknowledged = next == model.pending.end() ? id : next->first;
      ASSERT_EQ(group->Acknowledge(acknowledged), model.pending.erase(acknowledged) == 1);
    } else if (kind < 198) {
      if (StreamPending* pending = group->FindPending(id)) {
        group->Assign(*pending, *consumer);
        ++pending->delivery_count;
        model.pending[id].first = consumer_name;
        ++model.pending[id].second;
      }
    } else if (kind < 199) {
      const size_t count = std::erase_if(
          model.pending, [&](const auto& item) { return item.second.first == consumer_name; });
      ASSERT_EQ(group->RemoveConsumer(*consumer), count);
      model.consumers.erase(consumer_name);
    } else if (Chance(10)) {
      stream_.RemoveGroup(name);
      groups_.erase(name);
    }
  }

  void Compare() {
    ASSERT_EQ(stream_.Verify(), nullptr);
    ASSERT_EQ(stream_.length(), model_.size());
    ASSERT_EQ(stream_.last_id(), last_);
    ASSERT_EQ(stream_.entries_added(), added_);
    ASSERT_EQ(stream_.first_id(), model_.empty() ? StreamId{} : model_.begin()->first);
    ASSERT_EQ(stream_.last_live_id(), model_.empty() ? StreamId{} : model_.rbegin()->first);
    auto expected = model_.begin();
    for (const auto& [id, pairs] : Entries(stream_)) {
      ASSERT_EQ(id, expected->first);
      ASSERT_EQ(pairs, expected->second);
      ++expected;
    }
    for (const auto& [name, model] : groups_) {
      const StreamGroup& group = *stream_.FindGroup(name);
      ASSERT_EQ(group.pending().size(), model.pending.size());
      auto pending = group.pending().begin();
      for (const auto& [id, owner] : model.pending) {
        ASSERT_EQ(pending->id, id);
        ASSERT_EQ(pending->consumer->name, owner.first);
        ASSERT_EQ(pending->delivery_count, owner.second);
        ++pending;
      }
    }
  }

  Random random_;
  Stream stream_;
  StreamLimits limits_;
  std::map<StreamId, Pairs> model_;
  std::map<std::string, GroupModel> groups_;
  StreamId last_;
  int64_t added_ = 0;
};

TEST_F(StreamModelTest, BehavesAsAMap) {
  for (int i = 0; i < Operations(1'000'000); ++i) {
    const uint64_t kind = Below(1000);
    if (kind < 400) {
      AppendOne();
    } else if (kind < 550) {
      DeleteOne();
    } else if (kind < 552) {
      TrimSome();
    } else if (kind < 556) {
      SetBack();
    } else if (kind < 700) {
      ReadRange();
    } else if (kind < 998) {
      UseGroup();
    } else {
      limits_ = {.block_bytes_max = static_cast<int64_t>(Below(3) * 2048),
                 .block_entries_max = static_cast<int64_t>(Below(3) * 60)};
    }
    if (HasFatalFailure()) return;
    if (i % 20'000 == 0) Compare();
    if (HasFatalFailure()) return;
    if (i % 200'000 == 0) {
      // The model goes on with a copy's twin.
      const auto clone = stream_.Clone();
      ASSERT_EQ(clone->Verify(), nullptr);
      ASSERT_EQ(clone->element_count(), model_.size());
    }
  }
  Compare();
}

}  // namespace
}  // namespace ringtail::storage
