#include <gmock/gmock.h>

#include <string>

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

// The fixture's clock stands at 1,700,000,000,000 ms.
class ExpireCommandsTest : public CommandFixture {
 protected:
  ExpireCommandsTest() { Run({"SET", "key", "value"}); }

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

TEST_F(ExpireCommandsTest, EveryCommandWithTooFewArgumentsAnswersWrongArity) {
  for (const CommandSpec& spec : ExpireCommands()) {
    EXPECT_THAT(Run({std::string(spec.name)}),
                ::testing::StartsWith("-ERR wrong number of arguments for '"))
        << spec.name;
  }
}

TEST_F(ExpireCommandsTest, AllFourMeanTheSameMomentInTheirUnits) {
  for (const auto& [command, argument] : std::vector<std::pair<std::string, std::string>>{
           {"EXPIRE", "100"},
           {"PEXPIRE", "100000"},
           {"EXPIREAT", "1700000100"},
           {"PEXPIREAT", "1700000100000"}}) {
    Run({"PERSIST", "key"});
    EXPECT_EQ(Run({command, "key", argument}), ":1\r\n") << command;
    EXPECT_EQ(Run({"TTL", "key"}), ":100\r\n") << command;
    EXPECT_EQ(Run({"PTTL", "key"}), ":100000\r\n") << command;
    EXPECT_EQ(Run({"EXPIRETIME", "key"}), ":1700000100\r\n") << command;
    EXPECT_EQ(Run({"PEXPIRETIME", "key"}), ":1700000100000\r\n") << command;
  }
}

TEST_F(ExpireCommandsTest, TtlRoundsToTheNearestSecond) {
  Run({"PEXPIRE", "key", "1499"});
  EXPECT_EQ(Run({"TTL", "key"}), ":1\r\n");
  Run({"PEXPIRE", "key", "1500"});
  EXPECT_EQ(Run({"TTL", "key"}), ":2\r\n");
}

TEST_F(ExpireCommandsTest, TimesOfAbsentAndEternalKeysAreMinusTwoAndMinusOne) {
  for (const std::string command : {"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"}) {
    EXPECT_EQ(Run({command, "none"}), ":-2\r\n") << command;
    EXPECT_EQ(Run({command, "key"}), ":-1\r\n") << command;
  }
}

TEST_F(ExpireCommandsTest, AKeyIsGoneAtItsMomentAndNotBefore) {
  Run({"PEXPIRE", "key", "100"});
  clock_.AdvanceMs(99);
  EXPECT_EQ(Run({"EXISTS", "key"}), ":1\r\n");
  EXPECT_EQ(Run({"PTTL", "key"}), ":1\r\n");
  clock_.AdvanceMs(1);
  EXPECT_EQ(Run({"EXISTS", "key"}), ":0\r\n");
}

TEST_F(ExpireCommandsTest, ATimeThatIsNotInTheFutureDeletes) {
  for (const std::string argument : {"0", "-1", "-9223372036854775"}) {
    Run({"SET", "key", "value"});
    EXPECT_EQ(Run({"EXPIRE", "key", argument}), ":1\r\n") << argument;
    EXPECT_EQ(Run({"EXISTS", "key"}), ":0\r\n") << argument;
  }
}

TEST_F(ExpireCommandsTest, ATimeInThePastIsLoggedAsDel) {
  EXPECT_EQ(EffectsOf({"EXPIRE", "key", "-5"}), "*2\r\n$3\r\nDEL\r\n$3\r\nkey\r\n");
}

TEST_F(ExpireCommandsTest, EveryRelativeTimeIsLoggedAsPExpireAt) {
  const std::string effect =
      "*3\r\n$9\r\nPEXPIREAT\r\n$3\r\nkey\r\n$13\r\n1700000100000\r\n";
  EXPECT_EQ(EffectsOf({"EXPIRE", "key", "100"}), effect);
  EXPECT_EQ(EffectsOf({"PEXPIRE", "key", "100000", "XX"}), effect);
  EXPECT_EQ(EffectsOf({"EXPIREAT", "key", "1700000100", "XX"}), effect);
}

TEST_F(ExpireCommandsTest, WhatChangesNothingIsNotLogged) {
  EXPECT_EQ(EffectsOf({"EXPIRE", "none", "100"}), "");
  EXPECT_EQ(EffectsOf({"EXPIRE", "key", "100", "XX"}), "");
  EXPECT_EQ(EffectsOf({"PERSIST", "key"}), "");
  EXPECT_EQ(EffectsOf({"TTL", "key"}), "");
}

TEST_F(ExpireCommandsTest, TimesThatDoNotFitAnswerInvalidExpireTime) {
  EXPECT_EQ(Run({"EXPIRE", "key", "9223372036854775807"}),
            "-ERR invalid expire time in 'expire' command\r\n");
  EXPECT_EQ(Run({"PEXPIRE", "key", "9223372036854775807"}),
            "-ERR invalid expire time in 'pexpire' command\r\n");
  EXPECT_EQ(Run({"EXPIREAT", "none", "-9223372036854775808"}),
            "-ERR invalid expire time in 'expireat' command\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "1x"}), "-ERR value is not an integer or out of range\r\n");
}

TEST_F(ExpireCommandsTest, TheLastMomentOfAllIsStoredAndRounded) {
  EXPECT_EQ(Run({"PEXPIREAT", "key", "9223372036854775807"}), ":1\r\n");
  EXPECT_EQ(Run({"PEXPIRETIME", "key"}), ":9223372036854775807\r\n");
  EXPECT_EQ(Run({"EXPIRETIME", "key"}), ":9223372036854776\r\n");
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(ExpireCommandsTest, NxSetsOnlyWhereNoExpiryIs) {
  EXPECT_EQ(Run({"EXPIRE", "key", "100", "nx"}), ":1\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "200", "NX"}), ":0\r\n");
  EXPECT_EQ(Run({"TTL", "key"}), ":100\r\n");
}

TEST_F(ExpireCommandsTest, XxSetsOnlyWhereAnExpiryIs) {
  EXPECT_EQ(Run({"EXPIRE", "key", "100", "XX"}), ":0\r\n");
  Run({"EXPIRE", "key", "100"});
  EXPECT_EQ(Run({"EXPIRE", "key", "200", "XX"}), ":1\r\n");
}

TEST_F(ExpireCommandsTest, GtAndLtTakeNoExpiryForEver) {
  EXPECT_EQ(Run({"EXPIRE", "key", "100", "GT"}), ":0\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "100", "LT"}), ":1\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "100", "LT"}), ":0\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "100", "GT"}), ":0\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "101", "GT", "XX"}), ":1\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "-1", "LT"}), ":1\r\n");
  EXPECT_EQ(Run({"EXISTS", "key"}), ":0\r\n");
}

TEST_F(ExpireCommandsTest, ConditionsThatContradictEachOtherAreRefused) {
  const std::string nx =
      "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n";
  EXPECT_EQ(Run({"EXPIRE", "key", "x", "NX", "XX"}), nx);
  EXPECT_EQ(Run({"EXPIRE", "key", "x", "NX", "GT", "LT"}), nx);
  EXPECT_EQ(Run({"EXPIRE", "key", "x", "GT", "LT"}),
            "-ERR GT and LT options at the same time are not compatible\r\n");
  EXPECT_EQ(Run({"EXPIRE", "key", "x", "SOON"}), "-ERR Unsupported option SOON\r\n");
}

TEST_F(ExpireCommandsTest, PersistRemovesAnExpiryOnce) {
  Run({"EXPIRE", "key", "100"});
  EXPECT_EQ(EffectsOf({"PERSIST", "key"}), "*2\r\n$7\r\nPERSIST\r\n$3\r\nkey\r\n");
  EXPECT_EQ(Run({"PERSIST", "key"}), ":0\r\n");
  EXPECT_EQ(Run({"PERSIST", "none"}), ":0\r\n");
  EXPECT_EQ(Run({"TTL", "key"}), ":-1\r\n");
  EXPECT_EQ(Run({"GET", "key"}), "$5\r\nvalue\r\n");
}

TEST_F(ExpireCommandsTest, AskingForTheTimeIsNoUseOfTheKey) {
  Run({"EXPIRE", "key", "100"});
  clock_.AdvanceMs(10'000);
  Run({"TTL", "key"});
  EXPECT_EQ(Run({"OBJECT", "IDLETIME", "key"}), ":10\r\n");
}

}  // namespace
}  // namespace ringtail::commands
