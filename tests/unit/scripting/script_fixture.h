// An interpreter with a server of canned replies behind it.
//
//   ScriptFixture scripts;
//   EXPECT_EQ(scripts.Eval("return redis.call('ping')"), "+PONG\r\n");
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/chunk_pool.h"
#include "proto/output_buffer.h"
#include "proto/reply_writer.h"
#include "scripting/interpreter.h"

namespace ringtail::scripting {

/// Answers commands from a list; knows PING and ECHO.
class FakeCaller final : public CommandCaller {
 public:
  std::string_view Call(std::span<const std::string_view> args,
                        proto::RespVersion version) override {
    calls.emplace_back(args.begin(), args.end());
    std::string line;
    for (const std::string_view arg : args) line.append(line.empty() ? "" : " ").append(arg);
    reply_ = Answer(args, line, version);
    // The exact size, so that a read past the reply is seen by the sanitizer.
    reply_.shrink_to_fit();
    return reply_;
  }
  void Log(LogLevel level, std::string_view message) override {
    logged.emplace_back(level, message);
  }
  AclVerdict IsAllowed(std::span<const std::string_view> args) override {
    if (args[0] == "nope") return AclVerdict::kUnknownCommand;
    return args[0] == "get" ? AclVerdict::kAllowed : AclVerdict::kDenied;
  }
  void SetReplication(unsigned flags) override { replication = flags; }
  std::string_view OnTick() override {
    ++tick_count;
    return tick_count > ticks_allowed ? end_text : std::string_view();
  }

  /// Command line -> replies in RESP2 and RESP3 (the same if it is empty).
  std::map<std::string, std::pair<std::string, std::string>, std::less<>> replies = {
      {"get none", {"$-1\r\n", "_\r\n"}},
      {"get zz", {"$-1\r\n", "_\r\n"}},
      {"hgetall h", {"*2\r\n$1\r\na\r\n$1\r\nb\r\n", "%1\r\n$1\r\na\r\n$1\r\nb\r\n"}},
      {"hgetall nokey", {"*0\r\n", "%0\r\n"}},
      {"smembers s", {"*1\r\n$1\r\na\r\n", "~1\r\n$1\r\na\r\n"}},
      {"zscore z a", {"$3\r\n1.5\r\n", ",1.5\r\n"}},
      {"incr h", {"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", ""}},
      {"set a b", {"+OK\r\n", ""}},
      {"set", {"-ERR Wrong number of args calling Redis command from script\r\n", ""}},
      {"set a", {"-ERR Wrong number of args calling Redis command from script\r\n", ""}},
      {"big", {"$3\r\n123\r\n", "(123\r\n"}},
      {"verbatim", {"$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"}},
      {"true", {":1\r\n", "#t\r\n"}},
      {"attribute", {":1\r\n", "|1\r\n+a\r\n:2\r\n:1\r\n"}},
  };
  std::vector<std::vector<std::string>> calls;
  std::vector<std::pair<LogLevel, std::string>> logged;
  unsigned replication = kReplicateAll;
  int tick_count = 0;
  int ticks_allowed = 1'000'000;
  std::string_view end_text = "Script killed by user with SCRIPT KILL.";

 private:
  std::string Answer(std::span<const std::string_view> args, const std::string& line,
                     proto::RespVersion version) const {
    if (args[0] == "ping") return "+PONG\r\n";
    if (args[0] == "echo" && args.size() == 2) {
      return "$" + std::to_string(args[1].size()) + "\r\n" + std::string(args[1]) + "\r\n";
    }
    const auto found = replies.find(line);
    if (found == replies.end()) return "-ERR Unknown Redis command called from script\r\n";
    const auto& [resp2, resp3] = found->second;
    return version == proto::RespVersion::kResp3 && !resp3.empty() ? resp3 : resp2;
  }

  std::string reply_;
};

class ScriptFixture {
 public:
  explicit ScriptFixture(size_t memory_bytes_max = size_t{64} << 20)
      : interpreter_(Interpreter::Create({.memory_bytes_max = memory_bytes_max})) {}

  /// EVAL: the reply's bytes.
  std::string Eval(std::string_view source, const std::vector<std::string_view>& keys = {},
                   const std::vector<std::string_view>& args = {}) {
    std::string error;
    const Script* const script = interpreter_->Compile(source, error);
    if (script == nullptr) return Written([&](proto::ReplyWriter& reply) { reply.Error(error); });
    return Written([&](proto::ReplyWriter& reply) {
      outcome = interpreter_->RunScript(*script, {keys, args, caller}, reply);
    });
  }
  /// FCALL in library `id`.
  std::string Call(LibraryId id, std::string_view name,
                   const std::vector<std::string_view>& keys = {},
                   const std::vector<std::string_view>& args = {}) {
    return Written([&](proto::ReplyWriter& reply) {
      outcome = interpreter_->RunFunction(id, name, {keys, args, caller}, reply);
    });
  }
  /// FUNCTION LOAD: the error's text, empty if it was loaded.
  std::string Load(LibraryId id, std::string_view source) {
    functions.clear();
    std::string error;
    const bool is_loaded = interpreter_->LoadLibrary(id, source, caller, functions, error);
    return is_loaded ? "" : error;
  }

  Interpreter& interpreter() { return *interpreter_; }

  FakeCaller caller;
  proto::RespVersion version = proto::RespVersion::kResp2;
  RunOutcome outcome;
  std::vector<RegisteredFunction> functions;

 private:
  template <typename Write>
  std::string Written(Write write) {
    proto::ChunkPool pool;
    proto::OutputBuffer output(pool);
    proto::ReplyWriter reply(output, version);
    write(reply);
    std::string bytes;
    while (!output.is_empty()) {
      iovec piece;
      output.FillIovecs(&piece, 1);
      bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      output.Consume(piece.iov_len);
    }
    return bytes;
  }

  std::unique_ptr<Interpreter> interpreter_;
};

}  // namespace ringtail::scripting
