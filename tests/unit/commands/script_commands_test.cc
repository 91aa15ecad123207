#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "commands/waiter.h"
#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

class ScriptCommands : public CommandFixture {
 protected:
  ScriptCommands() { engine_.log().AddReader(&effects_); }
  ~ScriptCommands() override { engine_.log().RemoveReader(&effects_); }

  std::string Eval(const std::string& script) { return Run({"EVAL", script, "0"}); }

  /// Goes on with a script that was left until it ends; its reply.
  std::string Resume() {
    for (;;) {
      if (auto end = executor_.ResumeScript()) {
        client_.waiter.reset();
        return end->reply;
      }
    }
  }
  EffectRecorder effects_;
};

TEST_F(ScriptCommands, EvalCallsCommandsWithItsKeysAndArguments) {
  EXPECT_EQ(Run({"EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(Run({"EVAL", "return redis.call('GET', KEYS[1])", "1", "k"}), "$1\r\nv\r\n");
}

TEST_F(ScriptCommands, ACallMayHaveAsManyArgumentsAsLuaCanUnpack) {
  EXPECT_EQ(Eval("local a = {} for i = 1, 7999 do a[i] = 1 end return redis.call('LPUSH', 'l', "
                 "unpack(a))"),
            ":7999\r\n");
}

TEST_F(ScriptCommands, AScriptGetsASetThatSortLeavesUnsortedInOrder) {
  Run({"SADD", "s", "z", "aa", "b", "aaa", "c", "a"});
  EXPECT_EQ(Eval("return table.concat(redis.call('SORT', 's', 'BY', '_'), ' ')"),
            "$14\r\na aa aaa b c z\r\n");
}

TEST_F(ScriptCommands, AnErrorThatAScriptPassesOnIsCountedOnce) {
  Run({"SET", "text", "x"});
  Eval("return redis.pcall('INCR', 'text')");
  EXPECT_EQ(stats_.Errors().at("ERR"), 1U);
  Eval("return {err = 'ERR of its own'}");
  EXPECT_EQ(stats_.Errors().at("ERR"), 2U);
}

TEST_F(ScriptCommands, TestsMayLetScriptsCallWhatIsNotForScripts) {
  EXPECT_NE(Eval("return redis.call('MULTI')").find("not allowed from script"), std::string::npos);
  script_hub_.are_denied_allowed = true;
  EXPECT_EQ(Eval("return redis.call('LATENCY', 'HELP')[1]").front(), '+');
}

TEST_F(ScriptCommands, WrongArityAndCountsOfKeysAreRefused) {
  EXPECT_EQ(Run({"EVAL", "return 1"}), "-ERR wrong number of arguments for 'eval' command\r\n");
  EXPECT_EQ(Run({"EVAL", "return 1", "-1"}), "-ERR Number of keys can't be negative\r\n");
  EXPECT_EQ(Run({"EVAL", "return 1", "2", "a"}),
            "-ERR Number of keys can't be greater than number of args\r\n");
  EXPECT_EQ(Run({"EVALSHA", "x"}), "-ERR wrong number of arguments for 'evalsha' command\r\n");
  EXPECT_EQ(Run({"FCALL", "x"}), "-ERR wrong number of arguments for 'fcall' command\r\n");
}

TEST_F(ScriptCommands, EvalShaFindsWhatEvalAndScriptLoadCached) {
  EXPECT_EQ(Run({"EVALSHA", std::string(40, 'a'), "0"}),
            "-NOSCRIPT No matching script. Please use EVAL.\r\n");
  EXPECT_EQ(Run({"SCRIPT", "LOAD", "return 1"}),
            "$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n");
  EXPECT_EQ(Run({"EVALSHA", "E0E1F9fabfc9d4800c877a703b823ac0578ff8db", "0"}), ":1\r\n");
  EXPECT_EQ(Run({"SCRIPT", "FLUSH"}), "+OK\r\n");
  EXPECT_EQ(Run({"EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"}),
            "-NOSCRIPT No matching script. Please use EVAL.\r\n");
}

TEST_F(ScriptCommands, OnlyTheLastEvaledScriptsAreKept) {
  constexpr size_t kMax = ScriptHub::kEvaledMaxDefault;
  Eval("return 0");
  for (size_t i = 0; i < kMax; ++i) Eval("return '" + std::to_string(i) + "'");
  EXPECT_EQ(script_hub_.script_count(), kMax);
  Run({"SCRIPT", "LOAD", "return 'kept'"});
  EXPECT_EQ(script_hub_.script_count(), kMax + 1);
  EXPECT_EQ(Eval("return 0"), ":0\r\n");
}

TEST_F(ScriptCommands, AScriptInUseIsNotForgottenForNewOnes) {
  const std::string sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
  Eval("return 1");
  for (size_t i = 0; i < 3 * ScriptHub::kEvaledMaxDefault; ++i) {
    Eval("return '" + std::to_string(i) + "'");
    if (i % 100 == 0) {
      EXPECT_EQ(Run({"EVALSHA", sha, "0"}), ":1\r\n") << i;
    }
  }
}

TEST_F(ScriptCommands, HowManyEvaledScriptsAreKeptCanBeSet) {
  script_hub_.SetEvaledMax(0);
  for (size_t i = 0; i < 2000; ++i) Eval("return '" + std::to_string(i) + "'");
  EXPECT_EQ(script_hub_.script_count(), 2000u);
  script_hub_.SetEvaledMax(10);
  EXPECT_EQ(script_hub_.script_count(), 10u);
  EXPECT_EQ(Eval("return '5'"), "$1\r\n5\r\n");
}

TEST_F(ScriptCommands, TheEffectsOfAScriptAreOneTransaction) {
  Eval("redis.call('SET', 'a', '1') redis.call('INCR', 'a') return redis.call('GET', 'a')");
  EXPECT_EQ(effects_.Take(),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1"
            "\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n");
  Eval("return redis.call('GET', 'a')");
  EXPECT_EQ(effects_.Take(), "");
}

TEST_F(ScriptCommands, WhatAScriptSelectsIsItsOwn) {
  EXPECT_EQ(Eval("redis.call('SELECT', 3) redis.call('SET', 'k', 'v') return 1"), ":1\r\n");
  EXPECT_EQ(client_.db, 0);
  EXPECT_EQ(Run({"EXISTS", "k"}), ":0\r\n");
}

TEST_F(ScriptCommands, ReadOnlyScriptsMayNotWrite) {
  EXPECT_TRUE(Run({"EVAL_RO", "return redis.call('SET', 'a', 'b')", "0"})
                  .starts_with("-ERR Write commands are not allowed from read-only scripts."));
  EXPECT_EQ(Run({"EVAL_RO", "#!lua\nreturn 1", "0"}),
            "-ERR Can not execute a script with write flag using *_ro command.\r\n");
  EXPECT_EQ(Run({"EVAL_RO", "return redis.call('GET', 'a')", "0"}), "$-1\r\n");
}

TEST_F(ScriptCommands, BlockingCommandsActAsIfTheirTimeWereUp) {
  EXPECT_EQ(Eval("return redis.call('BLMPOP', 0, 1, 'k', 'LEFT')"), "$-1\r\n");
  EXPECT_TRUE(Eval("return redis.call('BLPOP', 'k', 0)").starts_with("-ERR This Redis command"));
}

TEST_F(ScriptCommands, DeclaredKeysAreTheOnlyOnes) {
  const std::string script =
      "#!lua flags=declared-keys\nreturn redis.call('SET', ARGV[1], redis.call('DBSIZE'))";
  EXPECT_TRUE(Run({"EVAL", script, "1", "a", "a"}).starts_with("-ERR Script attempted"));
  const std::string set = "#!lua flags=declared-keys\nreturn redis.call('SET', ARGV[1], '1')";
  EXPECT_EQ(Run({"EVAL", set, "1", "a", "a"}), "+OK\r\n");
  EXPECT_TRUE(Run({"EVAL", set, "1", "a", "b"}).starts_with("-ERR Script attempted"));
  script_hub_.are_keys_declared = true;
  EXPECT_TRUE(Eval("return redis.call('GET', 'b')").starts_with("-ERR Script attempted"));
}

TEST_F(ScriptCommands, ScriptsStandInTransactions) {
  Run({"MULTI"});
  Run({"SET", "a", "1"});
  Run({"EVAL", "return redis.call('INCR', KEYS[1])", "1", "a"});
  Run({"GET", "a"});
  EXPECT_EQ(Run({"EXEC"}), "*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
}

TEST_F(ScriptCommands, StatisticsCountWhatAScriptCalls) {
  Eval("redis.call('SET', 'a', 'x') return redis.pcall('INCR', 'a')");
  const auto& set = stats_.Of(CommandTable::Standard().Find("SET")->index);
  const auto& incr = stats_.Of(CommandTable::Standard().Find("INCR")->index);
  EXPECT_EQ(set.calls.value(), 1U);
  EXPECT_EQ(incr.failed_calls.value(), 1U);
  EXPECT_EQ(stats_.total_errors(), 1U);  // the command's; answered as a value it is the same one
}

TEST_F(ScriptCommands, FunctionsAreLoadedCalledListedAndDeleted) {
  const std::string code =
      "#!lua name=lib\nredis.register_function('f', function(keys, args) return args[1] end)";
  EXPECT_EQ(Run({"FUNCTION", "LOAD", code}), "$3\r\nlib\r\n");
  EXPECT_EQ(Run({"FUNCTION", "LOAD", code}), "-ERR Library 'lib' already exists\r\n");
  EXPECT_EQ(Run({"FCALL", "F", "0", "x"}), "$1\r\nx\r\n");
  EXPECT_EQ(Run({"FUNCTION", "LIST"}),
            "*1\r\n*6\r\n$12\r\nlibrary_name\r\n$3\r\nlib\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\nfunctions"
            "\r\n*1\r\n*6\r\n$4\r\nname\r\n$1\r\nf\r\n$11\r\ndescription\r\n$-1\r\n$5\r\nflags\r\n*0\r\n");
  EXPECT_EQ(Run({"FUNCTION", "DELETE", "lib"}), "+OK\r\n");
  EXPECT_EQ(Run({"FCALL", "f", "0"}), "-ERR Function not found\r\n");
  EXPECT_NE(effects_.Take().find("DELETE"), std::string::npos);
}

/// Lets time pass as long as it lives.
class PassingTime {
 public:
  explicit PassingTime(ManualClock& clock)
      : thread_([&clock, this] {
          while (!is_over_.load()) clock.AdvanceMs(1);
        }) {}
  ~PassingTime() {
    is_over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

TEST_F(ScriptCommands, AScriptPastItsTimeIsLeftAndKilled) {
  const PassingTime time(clock_);
  EXPECT_EQ(Eval("while true do pcall(function() while true do end end) end"), "");
  ASSERT_TRUE(executor_.has_left_script());
  ASSERT_NE(client_.waiter, nullptr);
  ClientState other;
  const std::string busy =
      "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";
  EXPECT_EQ(RunAs(other, {"GET", "a"}), busy);
  EXPECT_EQ(RunAs(other, {"KEYS", "*"}), busy);
  EXPECT_EQ(RunAs(other, {"EVAL", "return 1", "0"}), busy);
  EXPECT_EQ(RunAs(other, {"WATCH", "a"}), busy);
  EXPECT_EQ(RunAs(other, {"FUNCTION", "KILL"}), busy);
  EXPECT_FALSE(executor_.ResumeScript().has_value());
  EXPECT_EQ(RunAs(other, {"SCRIPT", "KILL"}), "+OK\r\n");
  EXPECT_TRUE(Resume().starts_with("-ERR Script killed by user with SCRIPT KILL."));
  EXPECT_EQ(RunAs(other, {"SET", "a", "1"}), "+OK\r\n");
  EXPECT_EQ(RunAs(other, {"SCRIPT", "KILL"}),
            "-NOTBUSY No scripts in execution right now.\r\n");
}

TEST_F(ScriptCommands, AScriptThatHasWrittenIsNotKilled) {
  const PassingTime time(clock_);
  EXPECT_EQ(Run({"EVAL",
                 "redis.call('SET', 'a', '1') "
                 "for i = 1, 30000000 do local x = i * 2 end "
                 "return redis.call('GET', KEYS[1])",
                 "1", "a"}),
            "");
  ClientState other;
  EXPECT_TRUE(RunAs(other, {"SCRIPT", "KILL"}).starts_with("-UNKILLABLE"));
  EXPECT_EQ(Resume(), "$1\r\n1\r\n");
  EXPECT_EQ(RunAs(other, {"GET", "a"}), "$1\r\n1\r\n");
}

TEST_F(ScriptCommands, ATransactionIsLeftInTheMiddleToo) {
  const PassingTime time(clock_);
  Run({"MULTI"});
  Run({"SET", "a", "1"});
  Run({"EVAL", "for i = 1, 30000000 do local x = i * 2 end return 7", "0"});
  Run({"INCR", "a"});
  EXPECT_EQ(Run({"EXEC"}), "");
  EXPECT_EQ(Resume(), "*3\r\n+OK\r\n:7\r\n:2\r\n");
}

}  // namespace
}  // namespace ringtail::commands
