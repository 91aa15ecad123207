// Whole sessions against an in-process engine: any bytes, parsed, executed, answered.
//
// Checked for every input: no crash, no sanitizer complaint; every reply is well-formed RESP; the same bytes split
// at another place give the same replies; the keyspace's invariants hold at the end.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "commands/executor.h"
#include "proto/reply_parser.h"
#include "proto/request_parser.h"

namespace ringtail {
namespace {

class NullObserver final : public commands::ExecutionObserver {
 public:
  void OnMonitored(const commands::ClientState&, const commands::CommandTable::Entry&,
                   commands::Args, int64_t) override {}
  void OnExceeded(const commands::ClientState&, const commands::CommandTable::Entry&,
                  commands::Args, uint64_t, uint64_t, uint64_t) override {}
};

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "session_fuzz: %s\n", what);
  std::abort();
}

// Commands that need the server's services, take time on purpose, or answer what differs from run to run.
bool IsLeftOut(const commands::CommandTable::Entry* command) {
  if (command == nullptr) return false;
  const std::string_view name =
      command->container != nullptr ? command->container->full_name : command->full_name;
  for (const std::string_view left_out :
       {"acl", "client", "config", "debug", "info", "latency", "memory", "monitor", "shutdown", "slowlog",
        "commandlog", "randomkey", "time", "lolwut", "command", "dump", "restore", "restore-asking",
        "migrate"}) {
    if (name == left_out) return true;
  }
  return false;
}

// Measuring the processor's clock takes a millisecond: once is enough.
const CycleClock& Cycles() {
  static const CycleClock kCycles;
  return kCycles;
}

class Session {
 public:
  Session()
      : engine_({.worker_count = 1, .partition_count = 4, .clock = &clock_, .seed = 7}),
        stats_(commands::CommandTable::Standard().entries().size()),
        executor_({.engine = engine_,
                   .worker = engine_.worker(0),
                   .table = commands::CommandTable::Standard(),
                   .services = services_,
                   .settings = settings_,
                   .observer = observer_,
                   .stats = stats_,
                   .cycles = Cycles(),
                   .args = args_}) {
    services_.limits.bulk_bytes_max = 4096;
    limits_.bulk_bytes_max = 4096;
  }

  /// Feeds more bytes; what was not consumed is kept, as a connection would.
  void Feed(std::string_view bytes) {
    input_.append(bytes);
    while (!client_.is_closing) {
      args_.Clear();
      const proto::ParseStep step = parser_.Next(input_, limits_, args_);
      if (step.outcome == proto::ParseOutcome::kRequest) {
        Execute();
      } else if (step.outcome == proto::ParseOutcome::kError) {
        client_.is_closing = true;
        replies_ += "-ERR Protocol error\r\n";
      }
      input_.erase(0, step.consumed);
      if (step.outcome == proto::ParseOutcome::kNeedMore) return;
    }
  }

  const std::string& replies() const { return replies_; }
  void Verify() {
    if (const char* problem = engine_.Verify()) Fail(problem);
  }

 private:
  void Execute() {
    proto::OutputBuffer output(pool_);
    engine_.BeginBatch(engine_.worker(0));
    executor_.BeginBatch();
    commands::Request request{.first_arg = 0, .arg_count = args_.count()};
    executor_.Prepare(request, client_.db);
    if (!IsLeftOut(request.command)) {
      executor_.PrefetchEntries(request, client_.db);
      executor_.Execute(request, client_, output);
    }
    engine_.EndBatch(engine_.worker(0));
    replies_ += output.TakeString();
  }

  ManualClock clock_;
  engine::Engine engine_;
  commands::ExecutionSettings settings_;
  NullObserver observer_;
  commands::Services services_;
  commands::CommandStats stats_;
  proto::ChunkPool pool_;
  proto::ArgVector args_;
  commands::Executor executor_;
  commands::ClientState client_;
  proto::ParserLimits limits_;
  proto::RequestParser parser_;
  std::string input_;
  std::string replies_;
};

void CheckReplies(std::string_view replies) {
  while (!replies.empty()) {
    proto::ReplyTree tree;
    const auto step = proto::ParseReply(replies, tree);
    if (step.outcome != proto::ReplyOutcome::kReply) Fail("a reply is not well-formed");
    replies.remove_prefix(step.consumed);
  }
}

}  // namespace
}  // namespace ringtail

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t split = bytes.empty() ? 0 : data[0] * bytes.size() / 256;
  ringtail::Session whole;
  whole.Feed(bytes);
  ringtail::CheckReplies(whole.replies());
  whole.Verify();
  ringtail::Session halves;
  halves.Feed(bytes.substr(0, split));
  halves.Feed(bytes.substr(split));
  if (whole.replies() != halves.replies()) ringtail::Fail("the split changed the replies");
  return 0;
}
