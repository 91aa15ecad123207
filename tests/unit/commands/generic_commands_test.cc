#include <gmock/gmock.h>

#include <string>

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

class GenericCommandsTest : public CommandFixture {
 protected:
  void Store(const std::string& key, const std::string& value, int db = 0) {
    const int kept = std::exchange(client_.db, db);
    Run({"SET", key, value});
    client_.db = kept;
  }
  std::string Value(const std::string& key, int db = 0) {
    const int kept = std::exchange(client_.db, db);
    const std::string reply = Run({"GET", key});
    client_.db = kept;
    return reply;
  }
  /// The effects of one command, without the SELECT that opens a log.
  std::string EffectsOf(std::vector<std::string> words) {
    EffectRecorder recorder;
    engine_.log().AddReader(&recorder);
    Run(std::move(words));
    engine_.log().RemoveReader(&recorder);
    const std::string effects = recorder.Take();
    const size_t select_end = effects.find("*", 1);
    return effects.empty() ? effects : effects.substr(select_end);
  }
  std::string Expiry(const std::string& key) { return Run({"PEXPIRETIME", key}); }

  static constexpr const char* kLater = "1700000100000";
  static constexpr const char* kLaterReply = ":1700000100000\r\n";
};

TEST_F(GenericCommandsTest, EveryCommandWithTooFewArgumentsAnswersWrongArity) {
  for (const CommandSpec& spec : GenericCommands()) {
    std::vector<std::string> words(spec.arity < 0 ? static_cast<size_t>(-spec.arity) - 1
                                                  : static_cast<size_t>(spec.arity) - 1);
    words[0] = spec.name;
    EXPECT_THAT(Run(words), ::testing::StartsWith("-ERR wrong number of arguments for '"))
        << spec.name;
  }
}

TEST_F(GenericCommandsTest, DelCountsEachKeyThatWasThereOnce) {
  Store("a", "1");
  Store("b", std::string(20000, 'x'));
  EXPECT_EQ(Run({"DEL", "a", "a", "none", "b"}), ":2\r\n");
  EXPECT_EQ(Run({"EXISTS", "a", "b"}), ":0\r\n");
}

TEST_F(GenericCommandsTest, UnlinkDeletesLikeDel) {
  Store("a", "1");
  EXPECT_EQ(Run({"UNLINK", "a", "a"}), ":1\r\n");
  EXPECT_EQ(EffectsOf({"UNLINK", "a"}), "");
}

TEST_F(GenericCommandsTest, DelIsLoggedOnlyIfItDeletedSomething) {
  Store("a", "1");
  EXPECT_EQ(EffectsOf({"DEL", "none"}), "");
  EXPECT_EQ(EffectsOf({"DEL", "a", "none"}), "*3\r\n$3\r\nDEL\r\n$1\r\na\r\n$4\r\nnone\r\n");
}

TEST_F(GenericCommandsTest, DelOfAnExpiredKeyDeletesNothingAndLogsTheExpiry) {
  Store("a", "1");
  Run({"PEXPIREAT", "a", kLater});
  clock_.AdvanceMs(200'000);
  EXPECT_EQ(EffectsOf({"DEL", "a", "b"}), "*2\r\n$3\r\nDEL\r\n$1\r\na\r\n");
  EXPECT_EQ(engine_.worker(0).stats.expired_keys.value(), 1U);
}

TEST_F(GenericCommandsTest, ExistsCountsAKeyAsOftenAsItIsNamed) {
  Store("a", "1");
  EXPECT_EQ(Run({"EXISTS", "a", "none", "a"}), ":2\r\n");
}

TEST_F(GenericCommandsTest, TouchCountsAndRenewsTheAccess) {
  Store("a", "1");
  clock_.AdvanceMs(10'000);
  EXPECT_EQ(Run({"OBJECT", "IDLETIME", "a"}), ":10\r\n");
  EXPECT_EQ(Run({"EXISTS", "a"}), ":1\r\n");
  EXPECT_EQ(Run({"OBJECT", "IDLETIME", "a"}), ":10\r\n");
  EXPECT_EQ(Run({"TOUCH", "a", "none", "a"}), ":2\r\n");
  EXPECT_EQ(Run({"OBJECT", "IDLETIME", "a"}), ":0\r\n");
}

TEST_F(GenericCommandsTest, TypeNamesTheTypeOrNone) {
  Store("a", "1");
  EXPECT_EQ(Run({"TYPE", "a"}), "+string\r\n");
  EXPECT_EQ(Run({"TYPE", "none"}), "+none\r\n");
}

TEST_F(GenericCommandsTest, RenameTakesValueAndExpiryAlongAndOverwrites) {
  Store("a", "1");
  Run({"PEXPIREAT", "a", kLater});
  Store("b", std::string(20000, 'x'));
  EXPECT_EQ(Run({"RENAME", "a", "b"}), "+OK\r\n");
  EXPECT_EQ(Value("a"), "$-1\r\n");
  EXPECT_EQ(Value("b"), "$1\r\n1\r\n");
  EXPECT_EQ(Expiry("b"), kLaterReply);
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(GenericCommandsTest, RenameOverAVolatileKeyDropsItsExpiry) {
  Store("a", std::string(20000, 'x'));
  Store("b", "1");
  Run({"PEXPIREAT", "b", kLater});
  EXPECT_EQ(Run({"RENAME", "a", "b"}), "+OK\r\n");
  EXPECT_EQ(Run({"TTL", "b"}), ":-1\r\n");
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(GenericCommandsTest, RenameOfAnAbsentKeyAnswersNoSuchKey) {
  EXPECT_EQ(Run({"RENAME", "a", "b"}), "-ERR no such key\r\n");
  EXPECT_EQ(Run({"RENAMENX", "a", "a"}), "-ERR no such key\r\n");
}

TEST_F(GenericCommandsTest, RenameToItselfChangesAndLogsNothing) {
  Store("a", "1");
  EXPECT_EQ(Run({"RENAME", "a", "a"}), "+OK\r\n");
  EXPECT_EQ(Run({"RENAMENX", "a", "a"}), ":0\r\n");
  EXPECT_EQ(EffectsOf({"RENAME", "a", "a"}), "");
}

TEST_F(GenericCommandsTest, RenameNxKeepsAnExistingTarget) {
  Store("a", "1");
  Store("b", "2");
  EXPECT_EQ(EffectsOf({"RENAMENX", "a", "b"}), "");
  EXPECT_EQ(Value("b"), "$1\r\n2\r\n");
  EXPECT_EQ(Run({"RENAMENX", "a", "c"}), ":1\r\n");
  EXPECT_EQ(Value("c"), "$1\r\n1\r\n");
}

TEST_F(GenericCommandsTest, RenameNxTakesThePlaceOfAnExpiredTarget) {
  Store("a", "1");
  Store("b", "2");
  Run({"PEXPIREAT", "b", kLater});
  clock_.AdvanceMs(200'000);
  EXPECT_EQ(Run({"RENAMENX", "a", "b"}), ":1\r\n");
  EXPECT_EQ(Value("b"), "$1\r\n1\r\n");
}

TEST_F(GenericCommandsTest, RenameIsLoggedAsItCame) {
  Store("a", "1");
  EXPECT_EQ(EffectsOf({"RENAME", "a", "b"}),
            "*3\r\n$6\r\nRENAME\r\n$1\r\na\r\n$1\r\nb\r\n");
}

TEST_F(GenericCommandsTest, RenameKeepsTheAccessFrequency) {
  engine_.ConfigureMemory(1'000'000'000, storage::EvictionPolicy::kAllKeysLfu,
                          {.log_factor = 0, .decay_minutes = 0});
  Store("a", "1");
  for (int i = 0; i < 20; ++i) Run({"GET", "a"});
  const std::string before = Run({"OBJECT", "FREQ", "a"});
  EXPECT_EQ(before, ":25\r\n");
  Run({"RENAME", "a", "b"});
  EXPECT_EQ(Run({"OBJECT", "FREQ", "b"}), ":26\r\n");
}

TEST_F(GenericCommandsTest, MoveTakesAKeyToAnotherDatabase) {
  Store("a", "1");
  Run({"PEXPIREAT", "a", kLater});
  EXPECT_EQ(Run({"MOVE", "a", "3"}), ":1\r\n");
  EXPECT_EQ(Value("a"), "$-1\r\n");
  EXPECT_EQ(Value("a", 3), "$1\r\n1\r\n");
  client_.db = 3;
  EXPECT_EQ(Expiry("a"), kLaterReply);
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(GenericCommandsTest, MoveLeavesAnExistingTargetAlone) {
  Store("a", "1");
  Store("a", "2", 3);
  EXPECT_EQ(Run({"MOVE", "a", "3"}), ":0\r\n");
  EXPECT_EQ(Run({"MOVE", "none", "3"}), ":0\r\n");
  EXPECT_EQ(Value("a", 3), "$1\r\n2\r\n");
}

TEST_F(GenericCommandsTest, MoveChecksTheDatabaseNumberFirst) {
  EXPECT_EQ(Run({"MOVE", "a", "16"}), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(Run({"MOVE", "a", "-1"}), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(Run({"MOVE", "a", "x"}), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run({"MOVE", "a", "2147483648"}),
            "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n");
  EXPECT_EQ(Run({"MOVE", "a", "0"}), "-ERR source and destination objects are the same\r\n");
}

TEST_F(GenericCommandsTest, CopyLeavesTheSourceAndSharesNothingVisible) {
  Store("a", std::string(20000, 'x'));
  Run({"PEXPIREAT", "a", kLater});
  EXPECT_EQ(Run({"COPY", "a", "b"}), ":1\r\n");
  EXPECT_EQ(Expiry("b"), kLaterReply);
  Run({"DEL", "a"});
  EXPECT_EQ(Value("b"), "$20000\r\n" + std::string(20000, 'x') + "\r\n");
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(GenericCommandsTest, CopyOverwritesOnlyWithReplace) {
  Store("a", "1");
  Store("b", "2");
  Run({"PEXPIREAT", "b", kLater});
  EXPECT_EQ(EffectsOf({"COPY", "a", "b"}), "");
  EXPECT_EQ(Value("b"), "$1\r\n2\r\n");
  EXPECT_EQ(Run({"COPY", "a", "b", "replace"}), ":1\r\n");
  EXPECT_EQ(Value("b"), "$1\r\n1\r\n");
  EXPECT_EQ(Run({"TTL", "b"}), ":-1\r\n");
}

TEST_F(GenericCommandsTest, CopyGoesToAnotherDatabaseUnderTheSameName) {
  Store("a", "1");
  EXPECT_EQ(Run({"COPY", "a", "a", "DB", "2"}), ":1\r\n");
  EXPECT_EQ(Value("a", 2), "$1\r\n1\r\n");
  EXPECT_EQ(Run({"COPY", "a", "a"}), "-ERR source and destination objects are the same\r\n");
  EXPECT_EQ(Run({"COPY", "a", "a", "DB", "2", "DB", "0"}),
            "-ERR source and destination objects are the same\r\n");
}

TEST_F(GenericCommandsTest, CopyOfAnAbsentKeyAnswersZeroAfterItsOptionsWereRead) {
  EXPECT_EQ(Run({"COPY", "a", "b"}), ":0\r\n");
  EXPECT_EQ(Run({"COPY", "a", "b", "DB"}), "-ERR syntax error\r\n");
  EXPECT_EQ(Run({"COPY", "a", "b", "DB", "16"}), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(Run({"COPY", "a", "b", "NOPE"}), "-ERR syntax error\r\n");
}

TEST_F(GenericCommandsTest, CopyIsLoggedAsItCame) {
  Store("a", "1");
  EXPECT_EQ(EffectsOf({"COPY", "a", "b", "REPLACE"}),
            "*4\r\n$4\r\nCOPY\r\n$1\r\na\r\n$1\r\nb\r\n$7\r\nREPLACE\r\n");
}

// A copy under another name is a whole-value write of its own: tags and namespaces go by that
// stamp.
TEST_F(GenericCommandsTest, CopiesAndRenamedKeysCarryANewStamp) {
  Store("a", "1");
  const uint64_t invalidation = engine_.log().Advance();
  Run({"COPY", "a", "b"});
  const auto stamp_of = [this](std::string_view name) {
    const Key key = engine_.MakeKey(name);
    return engine_.FindDatabase(0, key.hash)->Find(key).entry->stamp();
  };
  EXPECT_LT(stamp_of("a"), invalidation);
  EXPECT_GE(stamp_of("b"), invalidation);
}

}  // namespace
}  // namespace ringtail::commands
