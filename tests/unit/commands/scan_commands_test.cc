#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>

#include "base/random.h"
#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ScanCommandsTest : public CommandFixture {
 protected:
  struct Page {
    std::string cursor;
    std::vector<std::string> keys;
  };

  void Store(const std::string& key, const std::string& value = "v") { Run({"SET", key, value}); }
  void StoreMany(int count) {
    for (int i = 0; i < count; ++i) Store("key:" + std::to_string(i));
  }
  /// The bulks of a reply, whatever arrays they are in.
  static std::vector<std::string> Bulks(const std::string& reply) {
    std::vector<std::string> bulks;
    for (size_t at = 0; at < reply.size();) {
      const size_t line_end = reply.find("\r\n", at);
      const size_t size =
          reply[at] == '$' ? std::strtoul(reply.c_str() + at + 1, nullptr, 10) : 0;
      if (reply[at] == '$') bulks.push_back(reply.substr(line_end + 2, size));
      at = line_end + 2 + (reply[at] == '$' ? size + 2 : 0);
    }
    return bulks;
  }
  std::vector<std::string> Keys(const std::string& pattern) {
    return Bulks(Run({"KEYS", pattern}));
  }
  Page Scan(const std::string& cursor, std::vector<std::string> options = {}) {
    std::vector<std::string> words = {"SCAN", cursor};
    words.insert(words.end(), options.begin(), options.end());
    const std::string reply = Run(words);
    EXPECT_THAT(reply, ::testing::StartsWith("*2\r\n$"));
    Page page;
    page.keys = Bulks(reply);
    page.cursor = page.keys.front();
    page.keys.erase(page.keys.begin());
    return page;
  }
  /// All keys of a whole iteration, each as often as it came.
  std::vector<std::string> ScanAll(const std::vector<std::string>& options = {}) {
    std::vector<std::string> keys;
    Page page{"0", {}};
    do {
      page = Scan(page.cursor, options);
      keys.insert(keys.end(), page.keys.begin(), page.keys.end());
    } while (page.cursor != "0");
    return keys;
  }
  void Plant(const std::string& name, ValueType type) {
    const Key key = engine_.MakeKey(name);
    Entry* entry = Entry::Create({.key = name, .type = type, .payload_bytes = 0});
    engine_.GetDatabase(0, key.hash).Add(key.hash, entry, clock_.WallMs());
  }
  std::string EffectsOf(std::vector<std::string> words) {
    EffectRecorder recorder;
    engine_.log().AddReader(&recorder);
    Run(std::move(words));
    engine_.log().RemoveReader(&recorder);
    const std::string effects = recorder.Take();
    const size_t select_end = effects.find("*", 1);
    return effects.empty() ? effects : effects.substr(select_end);
  }
};

TEST_F(ScanCommandsTest, WrongArityIsRefusedByEveryCommand) {
  for (const CommandSpec& spec : ScanCommands()) {
    const size_t too_few = static_cast<size_t>(std::abs(spec.arity)) - 1;
    const size_t too_many = static_cast<size_t>(std::abs(spec.arity)) + 1;
    for (const size_t count : {too_few, too_many}) {
      if (count == 0 || (spec.arity < 0 && count == too_many)) continue;
      std::vector<std::string> words(count, "0");
      words[0] = spec.name;
      EXPECT_THAT(Run(words), ::testing::StartsWith("-ERR wrong number of arguments for '"))
          << spec.name;
    }
  }
}

// ---- KEYS

TEST_F(ScanCommandsTest, KeysAnswersTheKeysThatMatch) {
  for (const std::string key : {"", "one", "two", "three", "a[b]"}) Store(key);
  EXPECT_THAT(Keys("*"), UnorderedElementsAre("", "one", "two", "three", "a[b]"));
  EXPECT_THAT(Keys("t*"), UnorderedElementsAre("two", "three"));
  EXPECT_THAT(Keys("[ot][nw][eo]"), UnorderedElementsAre("one", "two"));
  EXPECT_THAT(Keys("a\\[b\\]"), ElementsAre("a[b]"));
  EXPECT_THAT(Keys("T*"), IsEmpty());
  EXPECT_EQ(Run({"KEYS", "nothing"}), "*0\r\n");
}

TEST_F(ScanCommandsTest, KeysSeesOneDatabaseOnly) {
  Store("zero");
  client_.db = 5;
  Store("five");
  EXPECT_THAT(Keys("*"), ElementsAre("five"));
}

TEST_F(ScanCommandsTest, ExpiredKeysAreNotListedThoughDbSizeStillCountsThem) {
  engine_.SetActiveExpire(false);
  Store("alive");
  Store("dead");
  Run({"PEXPIRE", "dead", "100"});
  clock_.AdvanceMs(100);
  EXPECT_THAT(Keys("*"), ElementsAre("alive"));
  EXPECT_THAT(ScanAll(), ElementsAre("alive"));
  EXPECT_EQ(Run({"RANDOMKEY"}), "$5\r\nalive\r\n");
  EXPECT_EQ(Run({"DBSIZE"}), ":2\r\n");
  EXPECT_EQ(Run({"EXISTS", "dead"}), ":0\r\n");
  EXPECT_EQ(Run({"DBSIZE"}), ":1\r\n");
}

// ---- SCAN

TEST_F(ScanCommandsTest, ScanOfNothingIsDoneAtOnce) {
  EXPECT_EQ(Run({"SCAN", "0"}), "*2\r\n$1\r\n0\r\n*0\r\n");
  StoreMany(3000);
  for (int i = 0; i < 3000; ++i) Run({"DEL", "key:" + std::to_string(i)});
  EXPECT_EQ(Run({"SCAN", "0"}), "*2\r\n$1\r\n0\r\n*0\r\n");
}

TEST_F(ScanCommandsTest, ScanOfFewKeysIsDoneInOneCall) {
  StoreMany(9);
  const Page page = Scan("0");
  EXPECT_EQ(page.cursor, "0");
  EXPECT_EQ(page.keys.size(), 9U);
}

TEST_F(ScanCommandsTest, ScanAnswersEachOf100000KeysOnceIfNothingChanges) {
  StoreMany(100'000);
  const std::vector<std::string> keys = ScanAll({"COUNT", "100"});
  EXPECT_EQ(keys.size(), 100'000U);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 100'000U);
  EXPECT_EQ(Keys("*").size(), 100'000U);
}

TEST_F(ScanCommandsTest, ScanAnswersAboutAsManyKeysAsAskedFor) {
  StoreMany(20'000);
  for (const size_t count : {1U, 10U, 1000U, 5000U}) {
    const size_t found = Scan("0", {"COUNT", std::to_string(count)}).keys.size();
    EXPECT_GE(found, count);
    EXPECT_LE(found, count + 64) << "one bucket and what spilled over from it";
  }
}

TEST_F(ScanCommandsTest, CountCountsKeysLookedAtNotKeysThatMatch) {
  StoreMany(20'000);
  const Page page = Scan("0", {"COUNT", "1000", "MATCH", "key:1*7"});
  EXPECT_NE(page.cursor, "0");
  EXPECT_LT(page.keys.size(), 500U);
}

TEST_F(ScanCommandsTest, MatchFindsWhatKeysFinds) {
  StoreMany(2000);
  for (const std::string pattern : {"*", "key:1?", "key:[0-4]*7", "key:1999", "no*", ""}) {
    std::vector<std::string> scanned = ScanAll({"MATCH", pattern});
    std::vector<std::string> expected = Keys(pattern);
    std::sort(scanned.begin(), scanned.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(scanned, expected) << pattern;
  }
}

TEST_F(ScanCommandsTest, TypeChoosesByTypeAndAnUnknownOneFindsNothing) {
  StoreMany(100);
  Plant("hash", ValueType::kHash);
  Plant("zset", ValueType::kSortedSet);
  EXPECT_THAT(ScanAll({"TYPE", "HASH"}), ElementsAre("hash"));
  EXPECT_THAT(ScanAll({"TYPE", "zset", "MATCH", "z*"}), ElementsAre("zset"));
  EXPECT_EQ(ScanAll({"TYPE", "string"}).size(), 100U);
  EXPECT_THAT(ScanAll({"TYPE", "teapot"}), IsEmpty());
}

TEST_F(ScanCommandsTest, OptionsThatAreWrongAreRefusedInOrder) {
  const std::string syntax = "-ERR syntax error\r\n";
  const std::string no_integer = "-ERR value is not an integer or out of range\r\n";
  EXPECT_EQ(Run({"SCAN", "0", "COUNT", "0"}), syntax);
  EXPECT_EQ(Run({"SCAN", "0", "COUNT", "-1"}), syntax);
  EXPECT_EQ(Run({"SCAN", "0", "COUNT", "many"}), no_integer);
  EXPECT_EQ(Run({"SCAN", "0", "COUNT"}), syntax);
  EXPECT_EQ(Run({"SCAN", "0", "MATCH"}), syntax);
  EXPECT_EQ(Run({"SCAN", "0", "NOPE", "COUNT", "many"}), syntax);
  EXPECT_EQ(Run({"SCAN", "x", "COUNT", "many"}), "-ERR invalid cursor\r\n");
  EXPECT_EQ(Run({"SCAN", "0", "COUNT", "9223372036854775807"}), "*2\r\n$1\r\n0\r\n*0\r\n");
}

TEST_F(ScanCommandsTest, CursorsAreReadAsRedisReadsThem) {
  for (const std::string cursor : {"", "+0", "-0", "00", "18446744073709551615", "-1"}) {
    EXPECT_EQ(Run({"SCAN", cursor}), "*2\r\n$1\r\n0\r\n*0\r\n") << cursor;
  }
  for (const std::string cursor : {"x", " 0", "0 ", "-", "+", "1.0", "18446744073709551616"}) {
    EXPECT_EQ(Run({"SCAN", cursor}), "-ERR invalid cursor\r\n") << cursor;
  }
}

// The promise of SCAN: whatever is there from its start to its end is answered, while the tables
// grow and shrink under it.
TEST_F(ScanCommandsTest, KeysThatStayAreAnsweredWhateverHappensToOthers) {
  const uint64_t seed = 20240611;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 8; ++round) {
    Run({"FLUSHALL"});
    std::set<std::string> staying;
    for (uint64_t i = 0, count = 1 + random.Below(3000); i < count; ++i) {
      const std::string key = "stay:" + std::to_string(i);
      Store(key);
      staying.insert(key);
    }
    int passing_count = 0;
    for (; round % 2 == 1 && passing_count < 30'000; ++passing_count) {
      Store("pass:" + std::to_string(passing_count));
    }
    std::set<std::string> seen;
    Page page{"0", {}};
    do {
      page = Scan(page.cursor, {"COUNT", std::to_string(1 + random.Below(100))});
      for (const std::string& key : page.keys) seen.insert(key);
      // Even rounds grow the tables while they are scanned, odd ones shrink them.
      for (int i = 0; i < 300 && round % 2 == 0 && passing_count < 60'000; ++i) {
        Store("pass:" + std::to_string(passing_count++));
      }
      for (int i = 0; i < 300 && round % 2 == 1 && passing_count > 0; ++i) {
        Run({"DEL", "pass:" + std::to_string(--passing_count)});
      }
      if (random.Below(4) == 0) engine_.RunBackground(engine_.worker(0), 1'000'000);
    } while (page.cursor != "0");
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), staying.begin(), staying.end()));
  }
  EXPECT_EQ(engine_.Verify(), nullptr);
}

// ---- RANDOMKEY

TEST_F(ScanCommandsTest, RandomKeyOfNothingIsNull) {
  EXPECT_EQ(Run({"RANDOMKEY"}), "$-1\r\n");
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"RANDOMKEY"}), "_\r\n");
}

TEST_F(ScanCommandsTest, RandomKeyOfOnlyExpiredKeysIsNull) {
  engine_.SetActiveExpire(false);
  StoreMany(500);
  for (int i = 0; i < 500; ++i) Run({"PEXPIRE", "key:" + std::to_string(i), "100"});
  clock_.AdvanceMs(100);
  EXPECT_EQ(Run({"RANDOMKEY"}), "$-1\r\n");
}

TEST_F(ScanCommandsTest, RandomKeyFindsTheOneKeyAliveAmongExpiredOnes) {
  engine_.SetActiveExpire(false);
  StoreMany(2000);
  for (int i = 1; i < 2000; ++i) Run({"PEXPIRE", "key:" + std::to_string(i), "100"});
  clock_.AdvanceMs(100);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Run({"RANDOMKEY"}), "$5\r\nkey:0\r\n");
}

// Chi-squared over all keys: uniform draws exceed 5 standard deviations once in millions of seeds.
TEST_F(ScanCommandsTest, RandomKeyIsUniformInSmallAndInLargeTables) {
  for (const int key_count : {3, 100, 20'000}) {
    Run({"FLUSHALL"});
    StoreMany(key_count);
    std::vector<double> counts(static_cast<size_t>(key_count));
    const int draws = 10 * std::max(key_count, 1000);
    for (int i = 0; i < draws; ++i) {
      const std::string key = Bulks(Run({"RANDOMKEY"})).at(0);
      counts.at(std::stoul(key.substr(4))) += 1;
    }
    const double expected = static_cast<double>(draws) / key_count;
    double chi_squared = 0;
    for (const double count : counts) {
      chi_squared += (count - expected) * (count - expected) / expected;
    }
    const double freedom = key_count - 1;
    EXPECT_LT(chi_squared, freedom + 5 * std::sqrt(2 * freedom)) << key_count;
  }
}

// ---- Whole databases

TEST_F(ScanCommandsTest, DbSizeCountsTheClientsDatabase) {
  StoreMany(1000);
  client_.db = 1;
  Store("other");
  EXPECT_EQ(Run({"DBSIZE"}), ":1\r\n");
  client_.db = 0;
  EXPECT_EQ(Run({"DBSIZE"}), ":1000\r\n");
}

TEST_F(ScanCommandsTest, FlushDbEmptiesOneDatabaseAndFlushAllEveryOne) {
  for (const std::string mode : {"SYNC", "async"}) {
    for (client_.db = 0; client_.db < 3; ++client_.db) StoreMany(50);
    client_.db = 1;
    EXPECT_EQ(Run({"FLUSHDB", mode}), "+OK\r\n");
    EXPECT_EQ(Run({"DBSIZE"}), ":0\r\n");
    client_.db = 0;
    EXPECT_EQ(Run({"DBSIZE"}), ":50\r\n");
    EXPECT_EQ(Run({"FLUSHALL", mode}), "+OK\r\n");
    client_.db = 2;
    EXPECT_EQ(Run({"DBSIZE"}), ":0\r\n");
    client_.db = 0;
  }
}

TEST_F(ScanCommandsTest, FlushTakesOneModeAndNothingElse) {
  for (const std::string command : {"FLUSHDB", "FLUSHALL"}) {
    EXPECT_EQ(Run({command, "LATER"}), "-ERR syntax error\r\n");
    EXPECT_EQ(Run({command, "SYNC", "ASYNC"}), "-ERR syntax error\r\n");
    services_.limits.is_user_flush_lazy = true;
    EXPECT_EQ(Run({command}), "+OK\r\n");
    services_.limits.is_user_flush_lazy = false;
    EXPECT_EQ(Run({command}), "+OK\r\n");
  }
}

TEST_F(ScanCommandsTest, FlushesAndSwapsAreLoggedAsTheyCame) {
  EXPECT_EQ(EffectsOf({"FLUSHALL", "ASYNC"}), "*2\r\n$8\r\nFLUSHALL\r\n$5\r\nASYNC\r\n");
  EXPECT_EQ(EffectsOf({"FLUSHDB"}), "*1\r\n$7\r\nFLUSHDB\r\n");
  EXPECT_EQ(EffectsOf({"SWAPDB", "0", "1"}), "*3\r\n$6\r\nSWAPDB\r\n$1\r\n0\r\n$1\r\n1\r\n");
  EXPECT_EQ(EffectsOf({"SWAPDB", "0", "16"}), "");
  EXPECT_EQ(EffectsOf({"FLUSHDB", "NOPE"}), "");
}

TEST_F(ScanCommandsTest, SwapDbSwapsWhatTwoDatabasesHold) {
  Store("zero");
  client_.db = 9;
  Store("nine");
  EXPECT_EQ(Run({"SWAPDB", "0", "9"}), "+OK\r\n");
  EXPECT_THAT(Keys("*"), ElementsAre("zero"));
  client_.db = 0;
  EXPECT_THAT(Keys("*"), ElementsAre("nine"));
  EXPECT_EQ(Run({"SWAPDB", "0", "0"}), "+OK\r\n");
  EXPECT_THAT(Keys("*"), ElementsAre("nine"));
}

TEST_F(ScanCommandsTest, SwapDbChecksTheFirstNumberBeforeTheSecond) {
  EXPECT_EQ(Run({"SWAPDB", "a", "b"}), "-ERR invalid first DB index\r\n");
  EXPECT_EQ(Run({"SWAPDB", "0", "b"}), "-ERR invalid second DB index\r\n");
  EXPECT_EQ(Run({"SWAPDB", "0", "2147483648"}), "-ERR invalid second DB index\r\n");
  EXPECT_EQ(Run({"SWAPDB", "99", "0"}), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(Run({"SWAPDB", "0", "-1"}), "-ERR DB index is out of range\r\n");
}

}  // namespace
}  // namespace ringtail::commands
