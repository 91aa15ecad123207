#include <gmock/gmock.h>

#include <string>

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

class ObjectCommandsTest : public CommandFixture {
 protected:
  std::string Encoding(const std::string& value) {
    Run({"SET", "key", value});
    return Run({"OBJECT", "ENCODING", "key"});
  }
  void UsePolicy(storage::EvictionPolicy policy) {
    engine_.ConfigureMemory(1'000'000'000, policy, {.log_factor = 0, .decay_minutes = 0});
  }
  /// Puts an entry of this shape there, whatever commands its type has.
  void Plant(const std::string& name, ValueType type) {
    const Key key = engine_.MakeKey(name);
    Entry* entry = Entry::Create({.key = name, .type = type, .payload_bytes = 0});
    engine_.GetDatabase(0, key.hash).Add(key.hash, entry, clock_.WallMs());
  }
};

TEST_F(ObjectCommandsTest, WrongArityNamesTheSubcommand) {
  EXPECT_EQ(Run({"OBJECT"}), "-ERR wrong number of arguments for 'object' command\r\n");
  for (const std::string word : {"encoding", "freq", "idletime", "refcount"}) {
    EXPECT_EQ(Run({"OBJECT", word}),
              "-ERR wrong number of arguments for 'object|" + word + "' command\r\n");
    EXPECT_EQ(Run({"OBJECT", word, "a", "b"}),
              "-ERR wrong number of arguments for 'object|" + word + "' command\r\n");
  }
  EXPECT_EQ(Run({"OBJECT", "NOPE"}), "-ERR unknown subcommand 'NOPE'. Try OBJECT HELP.\r\n");
}

TEST_F(ObjectCommandsTest, AbsentKeysAnswerNullWhateverThePolicy) {
  for (const std::string word : {"ENCODING", "FREQ", "IDLETIME", "REFCOUNT"}) {
    EXPECT_EQ(Run({"OBJECT", word, "none"}), "$-1\r\n") << word;
    client_.resp = proto::RespVersion::kResp3;
    EXPECT_EQ(Run({"OBJECT", word, "none"}), "_\r\n") << word;
    client_.resp = proto::RespVersion::kResp2;
  }
}

TEST_F(ObjectCommandsTest, StringsAreIntEmbstrOrRaw) {
  EXPECT_EQ(Encoding("12345"), "$3\r\nint\r\n");
  EXPECT_EQ(Encoding("012"), "$6\r\nembstr\r\n");
  EXPECT_EQ(Encoding(std::string(44, 'x')), "$6\r\nembstr\r\n");
  EXPECT_EQ(Encoding(std::string(45, 'x')), "$3\r\nraw\r\n");
  EXPECT_EQ(Encoding(std::string(20000, 'x')), "$3\r\nraw\r\n");
}

TEST_F(ObjectCommandsTest, PackedCollectionsAreListpacks) {
  Plant("hash", ValueType::kHash);
  Plant("zset", ValueType::kSortedSet);
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "hash"}), "$8\r\nlistpack\r\n");
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "zset"}), "$8\r\nlistpack\r\n");
  EXPECT_EQ(Run({"TYPE", "zset"}), "+zset\r\n");
}

TEST_F(ObjectCommandsTest, RefcountIsOneButForTheIntegersThatRedisShares) {
  Run({"SET", "key", "9999"});
  EXPECT_EQ(Run({"OBJECT", "REFCOUNT", "key"}), ":2147483647\r\n");
  UsePolicy(storage::EvictionPolicy::kVolatileTtl);
  EXPECT_EQ(Run({"OBJECT", "REFCOUNT", "key"}), ":2147483647\r\n");
  UsePolicy(storage::EvictionPolicy::kAllKeysLru);
  EXPECT_EQ(Run({"OBJECT", "REFCOUNT", "key"}), ":1\r\n");
  Run({"SET", "key", "10000"});
  UsePolicy(storage::EvictionPolicy::kNoEviction);
  EXPECT_EQ(Run({"OBJECT", "REFCOUNT", "key"}), ":1\r\n");
}

TEST_F(ObjectCommandsTest, IdleTimeCountsSecondsSinceTheLastUse) {
  Run({"SET", "key", "value"});
  clock_.AdvanceMs(42'000);
  EXPECT_EQ(Run({"OBJECT", "IDLETIME", "key"}), ":42\r\n");
  EXPECT_EQ(Run({"OBJECT", "IDLETIME", "key"}), ":42\r\n");
  Run({"GET", "key"});
  EXPECT_EQ(Run({"OBJECT", "IDLETIME", "key"}), ":0\r\n");
}

TEST_F(ObjectCommandsTest, IdleTimeIsRefusedUnderPoliciesThatDoNotTrackIt) {
  Run({"SET", "key", "value"});
  UsePolicy(storage::EvictionPolicy::kAllKeysLfu);
  EXPECT_THAT(Run({"OBJECT", "IDLETIME", "key"}),
              ::testing::StartsWith("-ERR An LFU maxmemory policy is selected, idle time not "));
  UsePolicy(storage::EvictionPolicy::kAllKeysAdaptive);
  EXPECT_THAT(Run({"OBJECT", "IDLETIME", "key"}),
              ::testing::StartsWith("-ERR An adaptive maxmemory policy is selected, idle time not "));
}

TEST_F(ObjectCommandsTest, FrequencyGrowsWithUseAndNeedsAPolicyThatTracksIt) {
  Run({"SET", "key", "value"});
  EXPECT_THAT(Run({"OBJECT", "FREQ", "key"}),
              ::testing::StartsWith("-ERR An LFU maxmemory policy is not selected, access "));
  UsePolicy(storage::EvictionPolicy::kVolatileLfu);
  Run({"DEL", "key"});
  Run({"SET", "key", "value"});
  EXPECT_EQ(Run({"OBJECT", "FREQ", "key"}), ":5\r\n");
  for (int i = 0; i < 10; ++i) Run({"GET", "key"});
  EXPECT_EQ(Run({"OBJECT", "FREQ", "key"}), ":15\r\n");
}

TEST_F(ObjectCommandsTest, HelpNamesEverySubcommand) {
  const std::string help = Run({"OBJECT", "HELP"});
  EXPECT_THAT(help, ::testing::StartsWith("*11\r\n+OBJECT "));
  for (const std::string word : {"ENCODING", "FREQ", "IDLETIME", "REFCOUNT", "HELP"}) {
    EXPECT_THAT(help, ::testing::HasSubstr("\r\n+" + word));
  }
}

}  // namespace
}  // namespace ringtail::commands
