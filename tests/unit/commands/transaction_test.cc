#include "commands/transaction.h"

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

constexpr const char* kNullArray = "*-1\r\n";
constexpr const char* kQueued = "+QUEUED\r\n";

class TransactionTest : public CommandFixture {
 protected:
  ClientState other_;
};

TEST_F(TransactionTest, QueuesUntilExecAndAnswersAllAtOnce) {
  EXPECT_EQ(Run({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(Run({"SET", "a", "1"}), kQueued);
  EXPECT_EQ(Run({"INCR", "a"}), kQueued);
  EXPECT_EQ(RunAs(other_, {"GET", "a"}), "$-1\r\n");
  EXPECT_EQ(Run({"EXEC"}), "*2\r\n+OK\r\n:2\r\n");
  EXPECT_EQ(Run({"EXEC"}), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(Run({"GET", "a"}), "$1\r\n2\r\n");
}

TEST_F(TransactionTest, AnErrorWhileExecutingDoesNotStopTheRest) {
  Run({"MULTI"});
  Run({"SET", "a", "x"});
  Run({"INCR", "a"});
  Run({"SET", "b", "y"});
  EXPECT_EQ(Run({"EXEC"}),
            "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n");
  EXPECT_EQ(Run({"GET", "b"}), "$1\r\ny\r\n");
}

TEST_F(TransactionTest, ACommandThatCannotBeQueuedAbortsIt) {
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"NOPE"}, {"GET"}, {"DISCARD", "x"}, {"SHUTDOWN", "x"}}) {
    Run({"MULTI"});
    EXPECT_EQ(Run(bad)[0], '-');
    EXPECT_EQ(Run({"SET", "a", "1"}), kQueued);
    EXPECT_EQ(Run({"EXEC"}), "-EXECABORT Transaction discarded because of previous errors.\r\n");
    EXPECT_EQ(Run({"EXISTS", "a"}), ":0\r\n");
  }
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC", "x"}),
            "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
            "command\r\n");
  EXPECT_EQ(Run({"EXEC"}), "-ERR EXEC without MULTI\r\n");
}

TEST_F(TransactionTest, ErrorsThatDoNotAbort) {
  Run({"MULTI"});
  EXPECT_EQ(Run({"MULTI"}), "-ERR MULTI calls can not be nested\r\n");
  EXPECT_EQ(Run({"WATCH", "a"}), "-ERR WATCH inside MULTI is not allowed\r\n");
  EXPECT_EQ(Run({"EXEC"}), "*0\r\n");
}

TEST_F(TransactionTest, DiscardAndResetGiveItUp) {
  Run({"MULTI"});
  Run({"SET", "a", "1"});
  EXPECT_EQ(Run({"DISCARD"}), "+OK\r\n");
  EXPECT_EQ(Run({"DISCARD"}), "-ERR DISCARD without MULTI\r\n");
  Run({"MULTI"});
  Run({"SET", "a", "1"});
  EXPECT_EQ(Run({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(Run({"EXEC"}), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(Run({"EXISTS", "a"}), ":0\r\n");
}

TEST_F(TransactionTest, AWatchedKeyThatAnybodyChangesFailsExec) {
  const std::vector<std::vector<std::string>> changes = {
      {"SET", "a", "2"},      {"DEL", "a"},          {"EXPIRE", "a", "100"}, {"APPEND", "a", "x"},
      {"RENAME", "a", "b"},   {"RENAME", "c", "a"},  {"SETBIT", "a", "1", "1"}, {"GETDEL", "a"},
      {"INCR", "a"},          {"MOVE", "a", "1"},    {"FLUSHDB"},            {"FLUSHALL"},
      {"SWAPDB", "0", "3"},   {"COPY", "c", "a", "REPLACE"},                 {"GETSET", "a", "1"}};
  for (const auto& change : changes) {
    for (ClientState* by : {&client_, &other_}) {
      Run({"FLUSHALL"});
      Run({"SET", "a", "1"});
      Run({"SET", "c", "1"});
      EXPECT_EQ(Run({"WATCH", "a"}), "+OK\r\n");
      RunAs(*by, change);
      Run({"MULTI"});
      Run({"SET", "done", "1"});
      EXPECT_EQ(Run({"EXEC"}), kNullArray) << change[0];
      EXPECT_EQ(Run({"EXISTS", "done"}), ":0\r\n");
      // Watching is over, whatever came of it.
      Run({"SET", "a", "3"});
      Run({"MULTI"});
      EXPECT_EQ(Run({"EXEC"}), "*0\r\n");
      EXPECT_FALSE(engine_.has_interests());
    }
  }
}

TEST_F(TransactionTest, WhatLeavesAWatchedKeyAsItWasDoesNotFailExec) {
  const std::vector<std::vector<std::string>> others = {
      {"GET", "a"},         {"SET", "b", "1"}, {"SETNX", "a", "2"}, {"PERSIST", "a"},
      {"DEL", "none"},      {"TOUCH", "a"},    {"SELECT", "0"},     {"SWAPDB", "4", "5"},  {"SWAPDB", "0", "0"},
      {"SET", "a", "9", "NX"}};
  for (const auto& command : others) {
    Run({"FLUSHALL"});
    Run({"SET", "a", "1"});
    Run({"WATCH", "a", "a", "none"});
    RunAs(other_, command);
    Run({"MULTI"});
    EXPECT_EQ(Run({"PING"}), kQueued);
    EXPECT_EQ(Run({"EXEC"}), "*1\r\n+PONG\r\n") << command[0];
  }
}

TEST_F(TransactionTest, BitsWrittenAsTheyWereChangeNothing) {
  const std::vector<std::vector<std::string>> same = {{"SETBIT", "a", "3", "1"},
                                                      {"BITFIELD", "a", "SET", "u2", "2", "3"},
                                                      {"SETBIT", "n", "2", "1"}};
  Run({"SET", "a", "12345678"});
  Run({"APPEND", "a", "x"});
  Run({"SET", "n", "7"});
  for (const auto& command : same) {
    const uint64_t changes = engine_.worker(0).stats.changes.value();
    Run({"WATCH", "a", "n"});
    RunAs(other_, command);
    EXPECT_EQ(engine_.worker(0).stats.changes.value(), changes) << command[0];
    Run({"MULTI"});
    EXPECT_EQ(Run({"EXEC"}), "*0\r\n") << command[0];
  }
  for (const std::vector<std::string>& other : {std::vector<std::string>{"SETBIT", "a", "0", "1"},
                                                {"BITFIELD", "a", "SET", "u8", "800", "0"},
                                                {"SETBIT", "a", "1000", "0"}}) {
    Run({"WATCH", "a", "n"});
    RunAs(other_, other);
    Run({"MULTI"});
    EXPECT_EQ(Run({"EXEC"}), kNullArray) << other[0];
  }
}

TEST_F(TransactionTest, AKeyOfTheSameNameElsewhereIsAnotherKey) {
  Run({"WATCH", "a"});
  RunAs(other_, {"SELECT", "1"});
  RunAs(other_, {"SET", "a", "1"});
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC"}), "*0\r\n");
}

TEST_F(TransactionTest, AWatchedKeyThatExpiresIsAChangedOne) {
  Run({"SET", "a", "1", "PX", "100"});
  Run({"WATCH", "a"});
  clock_.AdvanceMs(200);
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC"}), kNullArray);
  // One that had expired before is not.
  Run({"SET", "a", "1", "PX", "100"});
  clock_.AdvanceMs(200);
  Run({"WATCH", "a"});
  Run({"GET", "a"});
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC"}), "*0\r\n");
}

TEST_F(TransactionTest, AnExpiredKeyThatSwapDbBringsIsAsAbsentAsTheWatchedOneWas) {
  engine_.SetActiveExpire(false);
  for (const bool was_stale : {false, true}) {
    Run({"FLUSHALL"});
    Run({"SET", "x", "foo", "PX", "1"});
    RunAs(other_, {"SELECT", "1"});
    if (was_stale) RunAs(other_, {"SET", "x", "bar", "PX", "1"});
    clock_.AdvanceMs(2);
    RunAs(other_, {"WATCH", "x"});
    Run({"SWAPDB", "0", "1"});
    RunAs(other_, {"MULTI"});
    RunAs(other_, {"PING"});
    EXPECT_EQ(RunAs(other_, {"EXEC"}), "*1\r\n+PONG\r\n");
  }
  // Alive when it was watched: gone now, wherever it is.
  Run({"FLUSHALL"});
  Run({"SET", "x", "foo", "PX", "100"});
  Run({"WATCH", "x"});
  clock_.AdvanceMs(200);
  RunAs(other_, {"SWAPDB", "0", "1"});
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC"}), kNullArray);
}

TEST_F(TransactionTest, ARefusedExecCountsAsACallThatFailed) {
  Run({"MULTI"});
  Run({"SET"});
  Run({"EXEC"});
  const CommandCounters& exec = stats_.Of(CommandTable::Standard().Find("EXEC")->index);
  EXPECT_EQ(exec.calls.value(), 1U);
  EXPECT_EQ(exec.failed_calls.value(), 1U);
  EXPECT_EQ(exec.rejected_calls.value(), 0U);
  EXPECT_EQ(stats_.Errors().at("EXECABORT"), 1U);
}

TEST_F(TransactionTest, AWatchedHashWhoseFieldExpiresIsAChangedOne) {
  const auto fill = [&] {
    Run({"HSET", "h", "a", "1", "b", "2"});
    Run({"HPEXPIRE", "h", "100", "FIELDS", "1", "a"});
  };
  fill();
  Run({"WATCH", "h"});
  clock_.AdvanceMs(200);
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC"}), kNullArray);
  // Found by another command, or by background work.
  fill();
  Run({"WATCH", "h"});
  clock_.AdvanceMs(200);
  EXPECT_EQ(Run({"HLEN", "h"}), ":1\r\n");
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC"}), kNullArray);
  fill();
  Run({"WATCH", "h"});
  clock_.AdvanceMs(200);
  engine_.BeginBatch(engine_.worker(0));
  engine_.RunBackground(engine_.worker(0), int64_t{1'000'000'000});
  engine_.EndBatch(engine_.worker(0));
  Run({"MULTI"});
  EXPECT_EQ(Run({"EXEC"}), kNullArray);
}

TEST_F(TransactionTest, UnwatchForgets) {
  Run({"WATCH", "a"});
  Run({"SET", "a", "1"});
  EXPECT_EQ(Run({"UNWATCH"}), "+OK\r\n");
  EXPECT_FALSE(engine_.has_interests());
  Run({"MULTI"});
  EXPECT_EQ(Run({"UNWATCH"}), kQueued);
  EXPECT_EQ(Run({"EXEC"}), "*1\r\n+OK\r\n");
}

TEST_F(TransactionTest, CommandsThatNeedAllWorkersToStandStillWorkInside) {
  Run({"SET", "a", "1"});
  Run({"MULTI"});
  for (const char* command : {"DBSIZE", "RANDOMKEY", "FLUSHALL", "DBSIZE"}) {
    EXPECT_EQ(Run({command}), kQueued);
  }
  EXPECT_EQ(Run({"KEYS", "*"}), kQueued);
  EXPECT_EQ(Run({"EXEC"}), "*5\r\n:1\r\n$1\r\na\r\n+OK\r\n:0\r\n*0\r\n");
}

TEST_F(TransactionTest, IsLoggedAsOneGroup) {
  EffectRecorder recorder;
  engine_.log().AddReader(&recorder);
  const auto command = [](std::initializer_list<std::string> words) {
    std::string resp = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
      resp += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    return resp;
  };
  Run({"MULTI"});
  Run({"SET", "a", "1"});
  Run({"GET", "a"});
  Run({"SELECT", "2"});
  Run({"INCR", "n"});
  Run({"EXEC"});
  EXPECT_EQ(recorder.Take(), command({"SELECT", "0"}) + command({"MULTI"}) +
                                 command({"SET", "a", "1"}) + command({"SELECT", "2"}) +
                                 command({"INCR", "n"}) + command({"EXEC"}));
  Run({"MULTI"});
  Run({"GET", "n"});
  Run({"EXEC"});
  EXPECT_EQ(recorder.Take(), "");
  engine_.log().RemoveReader(&recorder);
}

TEST_F(TransactionTest, AQueueIsRefusedWhenMemoryIsFull) {
  engine_.ConfigureMemory(1, storage::EvictionPolicy::kNoEviction, {});
  EXPECT_EQ(Run({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(Run({"PING"}).substr(0, 5), "-OOM ");
  EXPECT_EQ(Run({"EXEC"}).substr(0, 10), "-EXECABORT");
}

TEST_F(TransactionTest, WritesThatWereQueuedInTimeAreRefusedWhenMemoryIsFullByThen) {
  for (const bool is_write : {true, false}) {
    engine_.ConfigureMemory(0, storage::EvictionPolicy::kNoEviction, {});
    Run({"MULTI"});
    EXPECT_EQ(Run(is_write ? std::vector<std::string>{"SET", "a", "1"}
                           : std::vector<std::string>{"GET", "a"}), kQueued);
    engine_.ConfigureMemory(1, storage::EvictionPolicy::kNoEviction, {});
    EXPECT_EQ(Run({"EXEC"}),
              is_write ? "-EXECABORT Transaction discarded because of: OOM command not allowed when "
                         "used memory > 'maxmemory'.\r\n"
                       : "*1\r\n$-1\r\n");
  }
}

}  // namespace
}  // namespace ringtail::commands
