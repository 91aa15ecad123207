#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/hash_value.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class HashExpiryTest : public StringFixture {
 protected:
  void SetUp() override { Run({"HSET", "h", "a", "1", "b", "2", "c", "3"}); }

  // What is logged while time passes and the server works in the background.
  std::string EffectsOfBackground() {
    return EffectsWhile([&] {
      auto& worker = engine_.worker(0);
      engine_.BeginBatch(worker);
      while (engine_.RunBackground(worker, 1'000'000'000)) {
      }
      engine_.EndBatch(worker);
    });
  }
  static std::string Array(const std::vector<std::string>& elements) {
    std::string reply = "*" + std::to_string(elements.size()) + "\r\n";
    for (const std::string& element : elements) reply += element;
    return reply;
  }
  static std::string Integers(const std::vector<int64_t>& values) {
    std::vector<std::string> elements;
    for (const int64_t value : values) elements.push_back(Integer(value));
    return Array(elements);
  }
  void Pass(int64_t ms) { clock_.AdvanceMs(ms); }
};

TEST_F(HashExpiryTest, HExpireAnswersACodeForEachField) {
  EXPECT_EQ(Run({"HEXPIRE", "h", "10", "FIELDS", "2", "a", "missing"}), Integers({1, -2}));
  EXPECT_EQ(Run({"HEXPIRE", "h", "10", "NX", "FIELDS", "2", "a", "b"}), Integers({0, 1}));
  EXPECT_EQ(Run({"HEXPIRE", "h", "0", "FIELDS", "1", "a"}), Integers({2}));
  EXPECT_EQ(Run({"HEXPIRE", "nokey", "10", "FIELDS", "2", "a", "b"}), Integers({-2, -2}));
  EXPECT_EQ(Run({"HTTL", "h", "FIELDS", "3", "a", "b", "c"}), Integers({-2, 10, -1}));
}

TEST_F(HashExpiryTest, ConditionsCompareWithTheFieldsOwnExpiry) {
  Run({"HPEXPIRE", "h", "1000", "FIELDS", "1", "a"});
  EXPECT_EQ(Run({"HPEXPIRE", "h", "500", "GT", "FIELDS", "2", "a", "b"}), Integers({0, 0}));
  EXPECT_EQ(Run({"HPEXPIRE", "h", "2000", "GT", "FIELDS", "1", "a"}), Integers({1}));
  EXPECT_EQ(Run({"HPEXPIRE", "h", "3000", "LT", "FIELDS", "2", "a", "b"}), Integers({0, 1}));
  EXPECT_EQ(Run({"HPEXPIRE", "h", "4000", "XX", "FIELDS", "2", "a", "c"}), Integers({1, 0}));
  EXPECT_EQ(Run({"HPTTL", "h", "FIELDS", "3", "a", "b", "c"}), Integers({4000, 3000, -1}));
}

TEST_F(HashExpiryTest, TimesAreRoundedUpToSeconds) {
  const int64_t at_ms = clock_.WallMs() + 1500;
  Run({"HPEXPIREAT", "h", std::to_string(at_ms), "FIELDS", "1", "a"});
  EXPECT_EQ(Run({"HTTL", "h", "FIELDS", "1", "a"}), Integers({2}));
  EXPECT_EQ(Run({"HPEXPIRETIME", "h", "FIELDS", "2", "a", "b"}), Integers({at_ms, -1}));
  EXPECT_EQ(Run({"HEXPIRETIME", "h", "FIELDS", "1", "a"}), Integers({(at_ms + 999) / 1000}));
}

TEST_F(HashExpiryTest, WrongArgumentsAreRefused) {
  const std::string missing =
      "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n";
  const std::string mismatch =
      "-ERR The `numfields` parameter must match the number of arguments\r\n";
  EXPECT_EQ(Run({"HEXPIRE", "h", "10", "NX", "XX", "FIELDS", "1", "a"}), missing);
  EXPECT_EQ(Run({"HTTL", "h", "1", "a", "b"}), missing);
  EXPECT_EQ(Run({"HEXPIRE", "h", "10", "FIELDS", "0", "a"}),
            "-ERR Parameter `numFields` should be greater than 0\r\n");
  EXPECT_EQ(Run({"HEXPIRE", "h", "10", "FIELDS", "2", "a"}), mismatch);
  EXPECT_EQ(Run({"HTTL", "h", "FIELDS", "4294967297", "a"}), mismatch);
  EXPECT_EQ(Run({"HEXPIRE", "h", "-1", "FIELDS", "1", "a"}),
            "-ERR invalid expire time, must be >= 0\r\n");
  EXPECT_EQ(Run({"HEXPIRE", "h", "x", "FIELDS", "1", "a"}), kNotInteger);
  EXPECT_EQ(Run({"HEXPIRE", "h", "9223372036854775807", "FIELDS", "1", "a"}),
            "-ERR invalid expire time in 'hexpire' command\r\n");
  EXPECT_EQ(Run({"HPEXPIREAT", "h", "9223372036854775807", "FIELDS", "1", "a"}),
            "-ERR invalid expire time in 'hpexpireat' command\r\n");
}

TEST_F(HashExpiryTest, EveryCommandRefusesOtherTypes) {
  Run({"SET", "s", "x"});
  for (const char* command : {"HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT"}) {
    EXPECT_EQ(Run({command, "s", "1", "FIELDS", "1", "a"}), kWrongTypeReply) << command;
  }
  for (const char* command :
       {"HPERSIST", "HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HGETDEL", "HGETEX"}) {
    EXPECT_EQ(Run({command, "s", "FIELDS", "1", "a"}), kWrongTypeReply) << command;
  }
  EXPECT_EQ(Run({"HSETEX", "s", "FIELDS", "1", "a", "1"}), kWrongTypeReply);
}

TEST_F(HashExpiryTest, AFieldPastItsTimeIsNeverSeen) {
  Run({"HPEXPIRE", "h", "1000", "FIELDS", "1", "a"});
  Pass(999);
  EXPECT_EQ(Run({"HGET", "h", "a"}), Bulk("1"));
  Pass(1);
  EXPECT_EQ(EffectsOf({"HGET", "h", "a"}), "HDEL h a\n");
  EXPECT_EQ(Run({"HGET", "h", "a"}), kNull);
  EXPECT_EQ(Run({"HLEN", "h"}), ":2\r\n");
  EXPECT_EQ(Run({"HEXISTS", "h", "a"}), ":0\r\n");
}

TEST_F(HashExpiryTest, TheKeyGoesWithItsLastField) {
  Run({"HPEXPIRE", "h", "1000", "FIELDS", "3", "a", "b", "c"});
  Pass(1000);
  EXPECT_EQ(Run({"EXISTS", "h"}), ":0\r\n");
  EXPECT_EQ(Run({"HSET", "h", "new", "1"}), ":1\r\n");
  EXPECT_EQ(Run({"HLEN", "h"}), ":1\r\n");
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(HashExpiryTest, DueFieldsGoInTheBackground) {
  Run({"HPEXPIRE", "h", "1000", "FIELDS", "1", "a"});
  Run({"HPEXPIRE", "h", "2000", "FIELDS", "2", "b", "c"});
  EXPECT_EQ(EffectsOfBackground(), "");
  Pass(1000);
  EXPECT_EQ(EffectsOfBackground(), "HDEL h a\n");
  Pass(1000);
  const std::string effects = EffectsOfBackground();
  EXPECT_TRUE(effects == "HDEL h b\nHDEL h c\n" || effects == "HDEL h c\nHDEL h b\n") << effects;
  EXPECT_EQ(Run({"DBSIZE"}), ":0\r\n");
}

TEST_F(HashExpiryTest, TheBackgroundFindsAHashThatWasRenamedOrCopied) {
  Run({"HPEXPIRE", "h", "1000", "FIELDS", "1", "a"});
  Run({"COPY", "h", "copy"});
  Run({"RENAME", "h", "renamed"});
  Pass(1000);
  const std::string effects = EffectsOfBackground();
  EXPECT_NE(effects.find("HDEL renamed a\n"), std::string::npos);
  EXPECT_NE(effects.find("HDEL copy a\n"), std::string::npos);
}

TEST_F(HashExpiryTest, SettingAFieldEndsItsExpiryAndCountingKeepsIt) {
  Run({"HEXPIRE", "h", "10", "FIELDS", "3", "a", "b", "c"});
  Run({"HSET", "h", "a", "9"});
  Run({"HINCRBY", "h", "b", "100000"});
  EXPECT_EQ(EffectsOf({"HINCRBYFLOAT", "h", "c", "0.5"}),
            "MULTI\nHSET h c 3.5\nHPEXPIREAT h " + Now(10'000) + " FIELDS 1 c\nEXEC\n");
  EXPECT_EQ(Run({"HTTL", "h", "FIELDS", "3", "a", "b", "c"}), Integers({-1, 10, 10}));
  EXPECT_EQ(Run({"HGET", "h", "b"}), Bulk("100002"));
}

TEST_F(HashExpiryTest, HPersistRemovesAnExpiry) {
  Run({"HEXPIRE", "h", "10", "FIELDS", "1", "a"});
  EXPECT_EQ(Run({"HPERSIST", "h", "FIELDS", "3", "a", "b", "x"}), Integers({1, -1, -2}));
  EXPECT_EQ(EffectsOf({"HPERSIST", "h", "FIELDS", "1", "a"}), "");
  Run({"HEXPIRE", "h", "10", "FIELDS", "1", "a"});
  EXPECT_EQ(EffectsOf({"HPERSIST", "h", "FIELDS", "2", "a", "b"}), "HPERSIST h FIELDS 1 a\n");
  Pass(20'000);
  EXPECT_EQ(Run({"HGET", "h", "a"}), Bulk("1"));
}

TEST_F(HashExpiryTest, RelativeTimesAreLoggedAsAbsoluteOnes) {
  EXPECT_EQ(EffectsOf({"HEXPIRE", "h", "10", "NX", "FIELDS", "2", "a", "x"}),
            "HPEXPIREAT h " + Now(10'000) + " FIELDS 1 a\n");
  EXPECT_EQ(EffectsOf({"HPEXPIREAT", "h", "1", "FIELDS", "1", "a"}), "HDEL h a\n");
  EXPECT_EQ(EffectsOf({"HEXPIRE", "h", "10", "FIELDS", "1", "x"}), "");
}

TEST_F(HashExpiryTest, HGetDelAnswersTheValuesAndErasesThem) {
  EXPECT_EQ(EffectsOf({"HGETDEL", "h", "FIELDS", "2", "a", "x"}), "HDEL h a\n");
  EXPECT_EQ(Run({"HGETDEL", "h", "FIELDS", "3", "a", "b", "c"}),
            Array({kNull, Bulk("2"), Bulk("3")}));
  EXPECT_EQ(Run({"EXISTS", "h"}), ":0\r\n");
  EXPECT_EQ(Run({"HGETDEL", "h", "FIELDS", "1", "a"}), Array({kNull}));
  EXPECT_EQ(Run({"HGETDEL", "h", "FIELDS", "0", "a"}),
            "-ERR Number of fields must be a positive integer\r\n");
}

TEST_F(HashExpiryTest, HGetExAnswersTheValuesAndSetsTheirExpiry) {
  EXPECT_EQ(EffectsOf({"HGETEX", "h", "FIELDS", "1", "a"}), "");
  EXPECT_EQ(Run({"HGETEX", "h", "EX", "10", "FIELDS", "2", "a", "x"}), Array({Bulk("1"), kNull}));
  EXPECT_EQ(Run({"HTTL", "h", "FIELDS", "1", "a"}), Integers({10}));
  EXPECT_EQ(EffectsOf({"HGETEX", "h", "PX", "50", "FIELDS", "2", "a", "b"}),
            "HPEXPIREAT h " + Now(50) + " FIELDS 2 a b\n");
  EXPECT_EQ(EffectsOf({"HGETEX", "h", "PERSIST", "FIELDS", "2", "a", "c"}),
            "HPERSIST h FIELDS 1 a\n");
  EXPECT_EQ(EffectsOf({"HGETEX", "h", "PXAT", "1", "FIELDS", "1", "a"}), "HDEL h a\n");
  EXPECT_EQ(Run({"HGETEX", "nokey", "FIELDS", "2", "a", "b"}), Array({kNull, kNull}));
}

TEST_F(HashExpiryTest, HGetExAndHSetExRefuseWrongOptions) {
  EXPECT_EQ(Run({"HGETEX", "h", "EX", "1", "PERSIST", "FIELDS", "1", "a"}),
            "-ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified\r\n");
  EXPECT_EQ(Run({"HSETEX", "h", "EX", "1", "KEEPTTL", "FIELDS", "1", "a", "1"}),
            "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n");
  EXPECT_EQ(Run({"HSETEX", "h", "FNX", "FXX", "FIELDS", "1", "a", "1"}),
            "-ERR Only one of FXX or FNX arguments can be specified\r\n");
  EXPECT_EQ(Run({"HGETEX", "h", "FIELDS", "0", "a"}), "-ERR invalid number of fields\r\n");
  EXPECT_EQ(Run({"HGETEX", "h", "FIELDS", "2", "a"}), "-ERR wrong number of arguments\r\n");
  EXPECT_EQ(Run({"HGETEX", "h", "KEEPTTL", "FIELDS", "1", "a"}),
            "-ERR unknown argument: KEEPTTL\r\n");
  EXPECT_EQ(Run({"HGETEX", "h", "EX", "1", "PX"}),
            "-ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified\r\n");
  EXPECT_EQ(Run({"HGETEX", "h", "EX", "9223372036854775807", "FIELDS", "1", "a"}),
            "-ERR invalid expire time in 'hgetex' command\r\n");
  EXPECT_EQ(Run({"HSETEX", "h", "EX", "-1", "FIELDS", "1", "a", "1"}),
            "-ERR invalid expire time, must be >= 0\r\n");
  EXPECT_EQ(Run({"HSETEX", "h", "EX", "1", "FNX", "KEEPTTL2", "x"}),
            "-ERR unknown argument: KEEPTTL2\r\n");
}

TEST_F(HashExpiryTest, HSetExSetsAllFieldsOrNone) {
  EXPECT_EQ(Run({"HSETEX", "h", "FNX", "FIELDS", "2", "a", "9", "new", "9"}), ":0\r\n");
  EXPECT_EQ(Run({"HSETEX", "h", "FXX", "FIELDS", "2", "a", "9", "new", "9"}), ":0\r\n");
  EXPECT_EQ(Run({"HSETEX", "h", "FXX", "EX", "10", "FIELDS", "2", "a", "8", "b", "9"}), ":1\r\n");
  EXPECT_EQ(Run({"HMGET", "h", "a", "b", "new"}), Array({Bulk("8"), Bulk("9"), kNull}));
  EXPECT_EQ(Run({"HTTL", "h", "FIELDS", "2", "a", "b"}), Integers({10, 10}));
  Run({"HSETEX", "h", "KEEPTTL", "FIELDS", "1", "a", "7"});
  Run({"HSETEX", "h", "FIELDS", "1", "b", "7"});
  EXPECT_EQ(Run({"HTTL", "h", "FIELDS", "2", "a", "b"}), Integers({10, -1}));
  EXPECT_EQ(Run({"HSETEX", "nokey", "FXX", "FIELDS", "1", "a", "1"}), ":0\r\n");
  EXPECT_EQ(Run({"EXISTS", "nokey"}), ":0\r\n");
}

TEST_F(HashExpiryTest, HSetExLogsAbsoluteTimesWithoutConditions) {
  EXPECT_EQ(EffectsOf({"HSETEX", "h", "FXX", "EX", "10", "FIELDS", "1", "a", "8"}),
            "HSETEX h PXAT " + Now(10'000) + " FIELDS 1 a 8\n");
  EXPECT_EQ(EffectsOf({"HSETEX", "h", "KEEPTTL", "FIELDS", "1", "a", "8"}),
            "HSETEX h KEEPTTL FIELDS 1 a 8\n");
  EXPECT_EQ(EffectsOf({"HSETEX", "h", "PXAT", "5", "FIELDS", "2", "a", "8", "x", "9"}),
            "HDEL h a\n");
  EXPECT_EQ(EffectsOf({"HSETEX", "nokey", "PXAT", "5", "FIELDS", "1", "a", "8"}), "");
}

}  // namespace
}  // namespace ringtail::commands
