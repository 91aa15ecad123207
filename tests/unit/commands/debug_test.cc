#include <gmock/gmock.h>

#include <optional>

#include "commands/control_service.h"
#include "commands/state_digest.h"
#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class FakeControl final : public ControlService {
 public:
  void Shutdown() override {}
  bool IsDebugAllowed(bool is_local) override { return is_local; }
  void Log(std::string_view message) override { last_line = message; }

  std::string last_line;
};

class DebugCommand : public CommandFixture {
 protected:
  DebugCommand() { services_.control = &control_; }

  std::string Digest() { return Run({"DEBUG", "DIGEST"}); }

  FakeControl control_;
};

const std::string kZeros = "+" + std::string(40, '0') + "\r\n";

TEST_F(DebugCommand, IsRefusedToThoseWhoMayNot) {
  client_.is_local = false;
  EXPECT_THAT(Run({"DEBUG", "DIGEST"}), StartsWith("-ERR DEBUG command not allowed. If the "));
  services_.control = nullptr;
  client_.is_local = true;
  EXPECT_THAT(Run({"DEBUG", "HELP"}), StartsWith("-ERR DEBUG command not allowed. "));
}

TEST_F(DebugCommand, AnswersUnknownSubcommandsAndWrongArity) {
  for (const auto& words : {std::vector<std::string>{"nope"}, {"sleep"}, {"digest", "x"},
                            {"populate", "1", "a", "1", "x"}, {"replybuffer", "x", "1"}}) {
    std::vector<std::string> line{"DEBUG"};
    line.insert(line.end(), words.begin(), words.end());
    EXPECT_EQ(Run(line), "-ERR unknown subcommand or wrong number of arguments for '" + words[0] +
                             "'. Try DEBUG HELP.\r\n");
  }
}

TEST_F(DebugCommand, DigestIsZeroWithoutKeys) { EXPECT_EQ(Digest(), kZeros); }

TEST_F(DebugCommand, DigestDoesNotDependOnOrderOrEncoding) {
  Run({"SET", "a", "1"});
  Run({"SET", "b", std::string(20'000, 'x')});
  const std::string digest = Digest();
  EXPECT_THAT(digest, MatchesRegex("\\+[0-9a-f]{40}\r\n"));
  EXPECT_NE(digest, kZeros);
  Run({"FLUSHALL"});
  Run({"SET", "b", std::string(20'000, 'x')});
  Run({"SET", "a", "2"});
  EXPECT_NE(Digest(), digest);
  Run({"SET", "a", "1"});
  EXPECT_EQ(Digest(), digest);
}

TEST_F(DebugCommand, DigestKnowsDatabaseKeyValueAndExpiry) {
  Run({"SET", "a", "1"});
  const std::string digest = Digest();
  Run({"RENAME", "a", "b"});
  EXPECT_NE(Digest(), digest);
  Run({"RENAME", "b", "a"});
  EXPECT_EQ(Digest(), digest);
  Run({"PEXPIRE", "a", "1000"});
  EXPECT_NE(Digest(), digest);
  Run({"PERSIST", "a"});
  EXPECT_EQ(Digest(), digest);
  Run({"MOVE", "a", "1"});
  EXPECT_NE(Digest(), digest);
}

TEST_F(DebugCommand, DigestValueLeavesTheKeyOut) {
  Run({"SET", "a", "same"});
  Run({"SET", "b", "same"});
  const std::string reply = Run({"DEBUG", "DIGEST-VALUE", "a", "b", "nope"});
  ASSERT_EQ(reply.size(), 4 + 3 * 43U);
  EXPECT_EQ(reply.substr(4, 43), reply.substr(4 + 43, 43));
  EXPECT_NE(reply.substr(4, 43), kZeros);
  EXPECT_EQ(reply.substr(4 + 2 * 43), kZeros);
  EXPECT_EQ(Run({"DEBUG", "DIGEST-VALUE"}), "*0\r\n");
}

TEST_F(DebugCommand, PopulateAddsWhatIsAbsent) {
  Run({"SET", "key:1", "mine"});
  EXPECT_EQ(Run({"DEBUG", "POPULATE", "3"}), "+OK\r\n");
  EXPECT_EQ(Run({"GET", "key:0"}), "$7\r\nvalue:0\r\n");
  EXPECT_EQ(Run({"GET", "key:1"}), "$4\r\nmine\r\n");
  EXPECT_EQ(Run({"DBSIZE"}), ":3\r\n");
}

TEST_F(DebugCommand, PopulatePadsAndCutsValues) {
  Run({"DEBUG", "POPULATE", "1", "p", "10"});
  EXPECT_EQ(Run({"GET", "p:0"}), std::string("$10\r\nvalue:0\0\0\0\r\n", 17));
  Run({"DEBUG", "POPULATE", "1", "q", "3"});
  EXPECT_EQ(Run({"GET", "q:0"}), "$3\r\nval\r\n");
  Run({"DEBUG", "POPULATE", "1", "r", "0"});
  EXPECT_EQ(Run({"GET", "r:0"}), "$7\r\nvalue:0\r\n");
}

TEST_F(DebugCommand, PopulateRefusesNumbersThatAreNone) {
  for (const auto* count : {"-1", "x", ""}) {
    EXPECT_EQ(Run({"DEBUG", "POPULATE", count}),
              "-ERR value is out of range, must be positive\r\n");
    EXPECT_EQ(Run({"DEBUG", "POPULATE", "1", "p", count}),
              "-ERR value is out of range, must be positive\r\n");
  }
  EXPECT_EQ(Run({"DEBUG", "POPULATE", "1", "p", "9000000000000"}),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n");
}

TEST_F(DebugCommand, PopulateIsNotLogged) {
  EffectRecorder recorder;
  engine_.log().AddReader(&recorder);
  Run({"DEBUG", "POPULATE", "3"});
  EXPECT_EQ(recorder.Take(), "");
  engine_.log().RemoveReader(&recorder);
}

TEST_F(DebugCommand, ObjectTellsHowAValueIsKept) {
  Run({"SET", "a", "1"});
  Run({"SET", "b", std::string(100, 'x')});
  clock_.AdvanceMs(7000);
  EXPECT_THAT(Run({"DEBUG", "OBJECT", "a"}),
              MatchesRegex("\\+Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:2 "
                           "lru:[0-9]+ lru_seconds_idle:7\r\n"));
  EXPECT_THAT(Run({"DEBUG", "OBJECT", "b"}),
              HasSubstr(" encoding:raw serializedlength:102 lru:"));
  EXPECT_EQ(Run({"DEBUG", "OBJECT", "nope"}), "-ERR no such key\r\n");
}

TEST_F(DebugCommand, SetActiveExpireReachesTheEngine) {
  EXPECT_EQ(Run({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}), "+OK\r\n");
  EXPECT_FALSE(engine_.is_expire_active());
  EXPECT_EQ(Run({"DEBUG", "SET-ACTIVE-EXPIRE", "1"}), "+OK\r\n");
  EXPECT_TRUE(engine_.is_expire_active());
}

TEST_F(DebugCommand, SleepOfNoNumberIsNoSleep) {
  for (const auto* seconds : {"0", "x", "-1", "nan"}) {
    EXPECT_EQ(Run({"DEBUG", "SLEEP", seconds}), "+OK\r\n");
  }
}

TEST_F(DebugCommand, ProtocolHasASampleOfEveryType) {
  const auto sample = [this](const char* type, proto::RespVersion version) {
    client_.resp = version;
    return Run({"DEBUG", "PROTOCOL", type});
  };
  constexpr auto kResp2 = proto::RespVersion::kResp2;
  constexpr auto kResp3 = proto::RespVersion::kResp3;
  EXPECT_EQ(sample("string", kResp2), "$11\r\nHello World\r\n");
  EXPECT_EQ(sample("integer", kResp2), ":12345\r\n");
  EXPECT_EQ(sample("double", kResp2), "$5\r\n3.141\r\n");
  EXPECT_EQ(sample("double", kResp3), ",3.141\r\n");
  EXPECT_EQ(sample("null", kResp2), "$-1\r\n");
  EXPECT_EQ(sample("null", kResp3), "_\r\n");
  EXPECT_EQ(sample("array", kResp3), "*3\r\n:0\r\n:1\r\n:2\r\n");
  EXPECT_EQ(sample("set", kResp3), "~3\r\n:0\r\n:1\r\n:2\r\n");
  EXPECT_EQ(sample("map", kResp2), "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n");
  EXPECT_EQ(sample("map", kResp3), "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n");
  EXPECT_EQ(sample("attrib", kResp2), "$39\r\nSome real reply following the attribute\r\n");
  EXPECT_EQ(sample("attrib", kResp3),
            "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"
            "$39\r\nSome real reply following the attribute\r\n");
  EXPECT_EQ(sample("push", kResp2), "-ERR RESP2 is not supported by this command\r\n");
  EXPECT_EQ(sample("push", kResp3),
            ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n"
            "$40\r\nSome real reply following the push reply\r\n");
  EXPECT_EQ(sample("verbatim", kResp3), "=29\r\ntxt:This is a verbatim\nstring\r\n");
  EXPECT_EQ(sample("true", kResp3), "#t\r\n");
  EXPECT_EQ(sample("false", kResp2), ":0\r\n");
  EXPECT_EQ(sample("bignum", kResp3), "(1234567999999999999999999999999999999\r\n");
  EXPECT_THAT(sample("nope", kResp3), StartsWith("-ERR Wrong protocol type name. "));
}

TEST_F(DebugCommand, ErrorAnswersItsTextOnOneLine) {
  EXPECT_EQ(Run({"DEBUG", "ERROR", "OOPS a\r\nb"}), "-OOPS a  b\r\n");
}

TEST_F(DebugCommand, LogReachesTheLog) {
  EXPECT_EQ(Run({"DEBUG", "LOG", "here"}), "+OK\r\n");
  EXPECT_EQ(control_.last_line, "DEBUG LOG: here");
}

TEST_F(DebugCommand, StringmatchLenMatches) {
  EXPECT_EQ(Run({"DEBUG", "STRINGMATCH-LEN", "a*", "abc"}), ":1\r\n");
  EXPECT_EQ(Run({"DEBUG", "STRINGMATCH-LEN", "b*", "abc"}), ":0\r\n");
}

TEST_F(DebugCommand, VerifyFindsNothingWrong) {
  Run({"DEBUG", "POPULATE", "1000"});
  EXPECT_EQ(Run({"DEBUG", "VERIFY"}), "+OK\r\n");
}

TEST_F(DebugCommand, AcceptsWhatHasNoEffectHere) {
  EXPECT_EQ(Run({"DEBUG", "CHANGE-REPL-ID"}), "+OK\r\n");
  EXPECT_EQ(Run({"DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "never"}), "+OK\r\n");
  EXPECT_EQ(Run({"DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "100"}), "+OK\r\n");
  EXPECT_THAT(Run({"DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "x"}), StartsWith("-ERR value"));
  EXPECT_EQ(Run({"DEBUG", "QUICKLIST-PACKED-THRESHOLD", "100b"}), "+OK\r\n");
  for (const auto* size : {"x", "5gb", "-1"}) {
    EXPECT_EQ(Run({"DEBUG", "QUICKLIST-PACKED-THRESHOLD", size}),
              "-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n");
  }
}

TEST_F(DebugCommand, ReloadSaysThatNothingPersists) {
  EXPECT_THAT(Run({"DEBUG", "RELOAD"}), HasSubstr("does not persist"));
  EXPECT_THAT(Run({"DEBUG", "LOADAOF"}), HasSubstr("does not persist"));
}

}  // namespace
}  // namespace ringtail::commands
