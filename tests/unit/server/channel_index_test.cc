#include "server/channel_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace ringtail::server {
namespace {

TEST(ChannelIndex, FindsTheWorkersOfAChannelsSubscribers) {
  SubscriptionClock clock;
  ChannelIndex index(4, clock);
  const ChannelName news = ChannelName::Of("news");
  index.Add(news, 1);
  index.Add(news, 3);
  index.Add(news, 3);
  const Route route = index.Find(news);
  EXPECT_EQ(route.receiver_count, 3U);
  EXPECT_EQ(route.workers, WorkerSet(0b1010));
}

TEST(ChannelIndex, ASubscriptionIsLaterThanTheMessagesBeforeIt) {
  SubscriptionClock clock;
  ChannelIndex index(1, clock);
  const ChannelName news = ChannelName::Of("news");
  const uint64_t before = index.Find(news).moment;
  const uint64_t since = index.Add(news, 0);
  EXPECT_LT(before, since);
  EXPECT_GE(index.Find(news).moment, since);
}

TEST(ChannelIndex, KeepsNothingOfAChannelWithoutSubscribers) {
  SubscriptionClock clock;
  ChannelIndex index(2, clock);
  const ChannelName news = ChannelName::Of("news");
  index.Add(news, 0);
  index.Add(news, 1);
  index.Remove(news, 0);
  EXPECT_EQ(index.size(), 1U);
  index.Remove(news, 1);
  EXPECT_EQ(index.size(), 0U);
  EXPECT_TRUE(index.Names(std::nullopt).empty());
}

TEST(ChannelIndex, NamesThoseThatMatch) {
  SubscriptionClock clock;
  ChannelIndex index(1, clock);
  for (const char* name : {"a1", "a2", "b1"}) index.Add(ChannelName::Of(name), 0);
  auto names = index.Names("a*");
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"a1", "a2"}));
  EXPECT_EQ(index.Names(std::nullopt).size(), 3U);
}

TEST(ChannelIndex, CountsAsAMapOfCountersDoes) {
  constexpr size_t kWorkers = 3;
  std::mt19937_64 random(static_cast<uint64_t>(::testing::UnitTest::GetInstance()->random_seed()));
  SCOPED_TRACE(::testing::UnitTest::GetInstance()->random_seed());
  SubscriptionClock clock;
  ChannelIndex index(kWorkers, clock);
  std::map<std::string, std::array<size_t, kWorkers>> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = "channel" + std::to_string(random() % 50);
    const size_t worker = random() % kWorkers;
    size_t& count = model[name][worker];
    if (count == 0 || random() % 2 == 0) {
      index.Add(ChannelName::Of(name), worker);
      ++count;
    } else {
      index.Remove(ChannelName::Of(name), worker);
      --count;
    }
    size_t total = 0;
    for (const size_t of : model[name]) total += of;
    ASSERT_EQ(index.SubscriberCount(ChannelName::Of(name)), total);
  }
}

TEST(PatternIndex, ASnapshotIsMadeAnewOnlyWhenAPatternComesOrGoes) {
  SubscriptionClock clock;
  PatternIndex index(2, clock);
  PatternIndex::Snapshot snapshot;
  index.Add(ChannelName::Of("a*"), 0);
  index.Refresh(snapshot);
  const auto list = snapshot.list;
  ASSERT_EQ(list->size(), 1U);
  index.Add(ChannelName::Of("a*"), 1);
  index.Refresh(snapshot);
  EXPECT_EQ(snapshot.list, list);
  Route route;
  index.AddTo(route, *list->front());
  EXPECT_EQ(route.receiver_count, 2U);
  EXPECT_EQ(route.workers, WorkerSet(0b11));
  index.Add(ChannelName::Of("b*"), 0);
  index.Refresh(snapshot);
  EXPECT_EQ(snapshot.list->size(), 2U);
}

TEST(PatternIndex, KeepsNothingOfAPatternWithoutSubscribers) {
  SubscriptionClock clock;
  PatternIndex index(2, clock);
  PatternIndex::Snapshot snapshot;
  index.Add(ChannelName::Of("a*"), 0);
  index.Remove(ChannelName::Of("a*"), 0);
  index.Refresh(snapshot);
  EXPECT_TRUE(snapshot.list->empty());
  EXPECT_EQ(index.size(), 0U);
  EXPECT_EQ(index.SubscriberCount(ChannelName::Of("a*")), 0U);
}

}  // namespace
}  // namespace ringtail::server
