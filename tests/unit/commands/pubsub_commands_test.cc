#include <map>
#include <set>

#include "commands/pubsub_service.h"
#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

/// One client's subscriptions in plain sets, and what was published.
class FakePubsub final : public PubsubService {
 public:
  struct Sets final : Subscriptions {
    void Count(size_t kind) { counts_[kind] = names[kind].size(); }
    std::array<std::set<std::string>, kChannelKindCount> names;
  };

  bool Subscribe(size_t, ClientState& client, ChannelKind kind, std::string_view name) override {
    if (client.subscriptions == nullptr) client.subscriptions = std::make_unique<Sets>();
    const bool is_new = SetOf(client, kind).insert(std::string(name)).second;
    if (is_new) ++client.subscription_count;
    SetsOf(client).Count(static_cast<size_t>(kind));
    return is_new;
  }
  bool Unsubscribe(ClientState& client, ChannelKind kind, std::string_view name) override {
    if (client.subscriptions == nullptr) return false;
    const bool was_there = SetOf(client, kind).erase(std::string(name)) == 1;
    if (was_there) --client.subscription_count;
    SetsOf(client).Count(static_cast<size_t>(kind));
    return was_there;
  }
  void UnsubscribeAll(ClientState& client) override {
    client.subscriptions.reset();
    client.subscription_count = 0;
  }
  std::vector<std::string> NamesOf(const ClientState& client, ChannelKind kind) override {
    if (client.subscriptions == nullptr) return {};
    const auto& names = SetOf(client, kind);
    return {names.begin(), names.end()};
  }
  size_t Publish(size_t, ChannelKind kind, std::string_view channel,
                 std::string_view message) override {
    published += (kind == ChannelKind::kShard ? "shard " : "") + std::string(channel) + " " +
                 std::string(message) + "\n";
    return 7;
  }
  void PublishEvent(size_t, uint32_t channels, int db, std::string_view event,
                    std::string_view key) override {
    published += std::to_string(channels) + " " + std::to_string(db) + " " + std::string(event) +
                 " " + std::string(key) + "\n";
  }
  std::vector<std::string> Names(ChannelKind, std::optional<std::string_view> pattern) override {
    return {pattern ? std::string(*pattern) : "all"};
  }
  size_t SubscriberCount(ChannelKind, std::string_view name) override { return name.size(); }
  size_t NameCount(ChannelKind) override { return 3; }

  std::string Take() { return std::exchange(published, {}); }
  std::string published;

 private:
  static Sets& SetsOf(const ClientState& client) {
    return static_cast<Sets&>(*client.subscriptions);
  }
  static std::set<std::string>& SetOf(const ClientState& client, ChannelKind kind) {
    return SetsOf(client).names[static_cast<size_t>(kind)];
  }
};

class PubsubCommands : public CommandFixture {
 protected:
  PubsubCommands() { services_.pubsub = &pubsub_; }
  ~PubsubCommands() override { client_.subscriptions.reset(); }

  FakePubsub pubsub_;
};

constexpr std::string_view kNotForSubscribers =
    "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
    "allowed in this context\r\n";

TEST_F(PubsubCommands, SubscribeAnswersOncePerChannelWithTheCountSoFar) {
  EXPECT_EQ(Run({"SUBSCRIBE", "a", "a", "b"}),
            "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
            "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
  EXPECT_EQ(Run({"PSUBSCRIBE", "p*"}), "*3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:3\r\n");
}

TEST_F(PubsubCommands, ShardChannelsAreCountedApart) {
  Run({"SUBSCRIBE", "a"});
  EXPECT_EQ(Run({"SSUBSCRIBE", "s"}), "*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n");
  EXPECT_EQ(Run({"SUNSUBSCRIBE"}), "*3\r\n$12\r\nsunsubscribe\r\n$1\r\ns\r\n:0\r\n");
  EXPECT_EQ(client_.subscription_count, 1U);
}

TEST_F(PubsubCommands, RepliesArePushesInResp3) {
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"SUBSCRIBE", "a"}), ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(Run({"UNSUBSCRIBE"}), ">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
  EXPECT_EQ(Run({"UNSUBSCRIBE"}), ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n");
}

TEST_F(PubsubCommands, ASubscriberInResp2MayDoLittleElse) {
  Run({"SUBSCRIBE", "a"});
  EXPECT_EQ(Run({"GET", "k"}), kNotForSubscribers);
  EXPECT_EQ(Run({"PING"}), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_EQ(Run({"PING", "x"}), "*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
  Run({"UNSUBSCRIBE", "a"});
  EXPECT_EQ(Run({"GET", "k"}), "$-1\r\n");
  EXPECT_EQ(Run({"PING"}), "+PONG\r\n");
}

TEST_F(PubsubCommands, ASubscriberInResp3MayDoEverything) {
  client_.resp = proto::RespVersion::kResp3;
  Run({"SUBSCRIBE", "a"});
  EXPECT_EQ(Run({"GET", "k"}), "_\r\n");
  EXPECT_EQ(Run({"PING"}), "+PONG\r\n");
}

TEST_F(PubsubCommands, InATransactionShardSubscriptionsAreRefused) {
  Run({"MULTI"});
  Run({"SUBSCRIBE", "a"});
  Run({"SSUBSCRIBE", "s"});
  Run({"GET", "k"});
  EXPECT_EQ(Run({"EXEC"}),
            "*3\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
            "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n$-1\r\n");
}

TEST_F(PubsubCommands, ResetEndsAllSubscriptions) {
  Run({"SUBSCRIBE", "a"});
  Run({"PSUBSCRIBE", "b"});
  EXPECT_EQ(Run({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client_.subscription_count, 0U);
}

TEST_F(PubsubCommands, ASubscriptionIsToldThoughRepliesAreOff) {
  Run({"CLIENT", "REPLY", "OFF"});
  EXPECT_EQ(Run({"SUBSCRIBE", "a"}), "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(Run({"PING"}), "");
}

TEST_F(PubsubCommands, PublishAnswersTheReceivers) {
  EXPECT_EQ(Run({"PUBLISH", "a", "text"}), ":7\r\n");
  EXPECT_EQ(Run({"SPUBLISH", "a", "text"}), ":7\r\n");
  EXPECT_EQ(pubsub_.Take(), "a text\nshard a text\n");
}

TEST_F(PubsubCommands, PubsubAnswersQuestions) {
  EXPECT_EQ(Run({"PUBSUB", "CHANNELS"}), "*1\r\n$3\r\nall\r\n");
  EXPECT_EQ(Run({"PUBSUB", "SHARDCHANNELS", "x*"}), "*1\r\n$2\r\nx*\r\n");
  EXPECT_EQ(Run({"PUBSUB", "NUMSUB", "a", "bc"}), "*4\r\n$1\r\na\r\n:1\r\n$2\r\nbc\r\n:2\r\n");
  EXPECT_EQ(Run({"PUBSUB", "SHARDNUMSUB"}), "*0\r\n");
  EXPECT_EQ(Run({"PUBSUB", "NUMPAT"}), ":3\r\n");
  EXPECT_EQ(Run({"PUBSUB", "CHANNELS", "a", "b"}),
            "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n");
}

TEST_F(PubsubCommands, WrongArityIsAnswered) {
  for (const char* name : {"subscribe", "psubscribe", "ssubscribe", "publish", "spublish"}) {
    EXPECT_EQ(Run({name}),
              "-ERR wrong number of arguments for '" + std::string(name) + "' command\r\n");
  }
}

TEST_F(PubsubCommands, WithoutAServiceNobodyReceives) {
  services_.pubsub = nullptr;
  EXPECT_EQ(Run({"PUBLISH", "a", "b"}), ":0\r\n");
  EXPECT_EQ(Run({"PUBSUB", "NUMPAT"}), ":0\r\n");
  EXPECT_EQ(Run({"UNSUBSCRIBE"}), "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
}

// ---- Keyspace events

class KeyspaceEvents : public PubsubCommands {
 protected:
  static constexpr uint32_t kAll = 0xffff;

  /// The events of one command: "event key", one a line.
  std::string EventsOf(const std::vector<std::string>& words) {
    services_.keyspace_events = kAll;
    Run(words);
    services_.keyspace_events = 0;
    std::string events;
    std::string line;
    for (const char c : pubsub_.Take()) {
      line += c;
      if (c != '\n') continue;
      events += line.substr(line.find(' ', 2) + 1);
      line.clear();
    }
    return events;
  }
};

TEST_F(KeyspaceEvents, NothingIsPublishedWhereNothingIsConfigured) {
  Run({"SET", "k", "v"});
  EXPECT_EQ(pubsub_.Take(), "");
}

TEST_F(KeyspaceEvents, OnlyConfiguredClassesArePublishedOnTheConfiguredChannels) {
  services_.keyspace_events = kNotifyKeyevent | kNotifyString;
  Run({"SET", "k", "v", "EX", "10"});
  EXPECT_EQ(pubsub_.Take(), "2 0 set k\n");
  services_.keyspace_events = kNotifyKeyspace | kNotifyGeneric;
  Run({"SELECT", "3"});
  Run({"SET", "k", "v", "EX", "10"});
  EXPECT_EQ(pubsub_.Take(), "1 3 expire k\n");
  services_.keyspace_events = kNotifyString | kNotifyGeneric;
  Run({"SET", "k", "v"});
  EXPECT_EQ(pubsub_.Take(), "");
}

TEST_F(KeyspaceEvents, AKeyThatWasNotThereIsNew) {
  EXPECT_EQ(EventsOf({"SETEX", "k", "10", "v"}), "new k\nset k\nexpire k\n");
  EXPECT_EQ(EventsOf({"SET", "k", "v"}), "set k\n");
  EXPECT_EQ(EventsOf({"GET", "none"}), "keymiss none\n");
}

TEST_F(KeyspaceEvents, TheLastElementTakesTheKeyWithIt) {
  Run({"RPUSH", "l", "a"});
  EXPECT_EQ(EventsOf({"LPOP", "l"}), "lpop l\ndel l\n");
  Run({"SADD", "s", "a"});
  EXPECT_EQ(EventsOf({"SPOP", "s"}), "spop s\ndel s\n");
  Run({"ZADD", "z", "1", "a"});
  EXPECT_EQ(EventsOf({"ZPOPMIN", "z"}), "zpopmin z\ndel z\n");
  Run({"HSET", "h", "f", "v"});
  EXPECT_EQ(EventsOf({"HDEL", "h", "f"}), "hdel h\ndel h\n");
}

TEST_F(KeyspaceEvents, AMoveIsToldOfBothKeys) {
  Run({"RPUSH", "from", "a"});
  EXPECT_EQ(EventsOf({"LMOVE", "from", "to", "LEFT", "RIGHT"}),
            "new to\nrpush to\nlpop from\ndel from\n");
  EXPECT_EQ(EventsOf({"RENAME", "to", "other"}),
            "new other\nrename_from to\nrename_to other\n");
}

TEST_F(KeyspaceEvents, FieldsThatExpireAreToldOf) {
  Run({"HSET", "h", "f", "v", "g", "w"});
  EXPECT_EQ(EventsOf({"HEXPIRE", "h", "100", "FIELDS", "1", "f"}), "hexpire h\n");
  EXPECT_EQ(EventsOf({"HPERSIST", "h", "FIELDS", "1", "f"}), "hpersist h\n");
  EXPECT_EQ(EventsOf({"HEXPIRE", "h", "0", "FIELDS", "1", "f"}), "hdel h\n");
  EXPECT_EQ(EventsOf({"HGETDEL", "h", "FIELDS", "1", "g"}), "hdel h\ndel h\n");
}

}  // namespace
}  // namespace ringtail::commands
