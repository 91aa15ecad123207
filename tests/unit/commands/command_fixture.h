// A fixture that executes commands in process, with no socket: an engine, an executor, one client.
//
//   class StringCommands : public CommandFixture {};
//   TEST_F(StringCommands, GetAnswersWhatSetStored) {
//     EXPECT_EQ(Run({"SET", "key", "value"}), "+OK\r\n");
//     EXPECT_EQ(Run({"GET", "key"}), "$5\r\nvalue\r\n");
//   }
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "commands/executor.h"

namespace ringtail::commands {

class NullObserver final : public ExecutionObserver {
 public:
  void OnMonitored(const ClientState&, const CommandTable::Entry&, Args, int64_t) override {}
  void OnExceeded(const ClientState&, const CommandTable::Entry&, Args, uint64_t, uint64_t,
                  uint64_t) override {}
};

/// Keeps the effects that commands log, one string a command with spaces between the arguments.
class EffectRecorder final : public engine::LogReader {
 public:
  void OnAppend(uint64_t, std::string_view resp) override { resp_ += resp; }
  std::string Take() { return std::exchange(resp_, {}); }

 private:
  std::string resp_;
};

class CommandFixture : public ::testing::Test {
 protected:
  CommandFixture()
      : engine_({.worker_count = 1, .clock = &clock_, .seed = 42}),
        stats_(CommandTable::Standard().entries().size()),
        executor_({.engine = engine_,
                   .worker = engine_.worker(0),
                   .table = CommandTable::Standard(),
                   .services = services_,
                   .settings = settings_,
                   .observer = observer_,
                   .stats = stats_,
                   .cycles = cycles_,
                   .args = args_}) {}

  /// Executes one command and returns the bytes of its reply.
  std::string Run(const std::vector<std::string>& words) {
    proto::OutputBuffer output(pool_);
    RunInto(output, words);
    return output.TakeString();
  }
  /// The same as another client.
  std::string RunAs(ClientState& client, const std::vector<std::string>& words) {
    proto::OutputBuffer output(pool_);
    args_.Clear();
    for (const std::string& word : words) args_.Push(word);
    RunArgs(output, client);
    return output.TakeString();
  }
  /// The same with the reply left in an output buffer.
  void RunInto(proto::OutputBuffer& output, const std::vector<std::string>& words) {
    args_.Clear();
    for (const std::string& word : words) args_.Push(word);
    RunArgs(output);
  }
  /// Executes the one command whose arguments are in args_.
  void RunArgs(proto::OutputBuffer& output) { RunArgs(output, client_); }
  void RunArgs(proto::OutputBuffer& output, ClientState& client) {
    Request request{.first_arg = 0, .arg_count = args_.count()};
    engine_.BeginBatch(engine_.worker(0));
    executor_.BeginBatch();
    executor_.Prepare(request, client.db);
    executor_.PrefetchEntries(request, client.db);
    executor_.Execute(request, client, output);
    engine_.EndBatch(engine_.worker(0));
  }

  ManualClock clock_;
  Engine engine_;
  CycleClock cycles_;
  ExecutionSettings settings_;
  NullObserver observer_;
  Services services_;
  CommandStats stats_;
  proto::ChunkPool pool_;
  proto::ArgVector args_;
  Executor executor_;
  ClientState client_;
};

}  // namespace ringtail::commands
