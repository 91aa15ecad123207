#include "server/subscription_table.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

namespace ringtail::server {
namespace {

using commands::ChannelKind;

constexpr ChannelKind kChannel = ChannelKind::kChannel;

TEST(SubscriptionTable, ASecondSubscriptionToTheSameChannelIsNone) {
  SubscriptionTable table;
  ClientSubscriptions client(0, nullptr);
  EXPECT_NE(table.Subscribe(client, kChannel, ChannelName::Of("a")), nullptr);
  EXPECT_EQ(table.Subscribe(client, kChannel, ChannelName::Of("a")), nullptr);
  EXPECT_EQ(client.count(kChannel), 1U);
  EXPECT_TRUE(table.Unsubscribe(client, kChannel, ChannelName::Of("a")));
  EXPECT_FALSE(table.Unsubscribe(client, kChannel, ChannelName::Of("a")));
}

TEST(SubscriptionTable, KindsAreSpacesOfTheirOwn) {
  SubscriptionTable table;
  ClientSubscriptions client(0, nullptr);
  table.Subscribe(client, ChannelKind::kShard, ChannelName::Of("a"));
  EXPECT_EQ(table.Find(kChannel, ChannelName::Of("a")), nullptr);
  EXPECT_FALSE(table.Unsubscribe(client, ChannelKind::kPattern, ChannelName::Of("a")));
  EXPECT_TRUE(table.Unsubscribe(client, ChannelKind::kShard, ChannelName::Of("a")));
}

TEST(SubscriptionTable, NamesAreSorted) {
  SubscriptionTable table;
  ClientSubscriptions client(0, nullptr);
  for (const char* name : {"c", "a", "b"}) {
    table.Subscribe(client, kChannel, ChannelName::Of(name));
  }
  EXPECT_EQ(client.Names(kChannel), (std::vector<std::string>{"a", "b", "c"}));
  for (const char* name : {"c", "a", "b"}) {
    table.Unsubscribe(client, kChannel, ChannelName::Of(name));
  }
}

TEST(SubscriptionTable, HoldsWhatAMapOfSetsHolds) {
  constexpr size_t kClients = 12;
  std::mt19937_64 random(static_cast<uint64_t>(::testing::UnitTest::GetInstance()->random_seed()));
  SCOPED_TRACE(::testing::UnitTest::GetInstance()->random_seed());
  SubscriptionTable table;
  std::vector<std::unique_ptr<ClientSubscriptions>> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<ClientSubscriptions>(0, nullptr));
  }
  std::map<std::string, std::set<const ClientSubscriptions*>> model;
  for (int step = 0; step < 20'000; ++step) {
    ClientSubscriptions& client = *clients[random() % kClients];
    const std::string name = "channel" + std::to_string(random() % 8);
    const ChannelName channel = ChannelName::Of(name);
    if (random() % 2 == 0) {
      Subscriber* subscriber = table.Subscribe(client, kChannel, channel);
      ASSERT_EQ(subscriber != nullptr, model[name].insert(&client).second);
    } else {
      ASSERT_EQ(table.Unsubscribe(client, kChannel, channel), model[name].erase(&client) == 1);
    }
    std::set<const ClientSubscriptions*> found;
    if (const auto* subscribers = table.Find(kChannel, channel)) {
      for (const Subscriber& one : *subscribers) found.insert(one.client);
      ASSERT_EQ(found.size(), subscribers->size());
    }
    ASSERT_EQ(found, model[name]);
  }
  for (auto& client : clients) {
    for (const std::string& name : client->Names(kChannel)) {
      table.Unsubscribe(*client, kChannel, ChannelName::Of(name));
    }
  }
  EXPECT_EQ(table.size(kChannel), 0U);
}

}  // namespace
}  // namespace ringtail::server
