// Hostile scripts, function libraries and packed bytes: whatever they hold, the interpreter answers
// one whole reply and works on.
//
// Input: a byte that chooses the case, then the source, or the bytes to decode.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/chunk_pool.h"
#include "proto/output_buffer.h"
#include "proto/reply_parser.h"
#include "proto/reply_writer.h"
#include "scripting/interpreter.h"

namespace {

using ringtail::proto::RespVersion;
using namespace ringtail::scripting;

// Answers with a reply that was chosen before, so that the reader of replies sees hostile bytes
// too.
class FuzzCaller final : public CommandCaller {
 public:
  std::string_view Call(std::span<const std::string_view> args, RespVersion) override {
    return args[0] == "raw" ? raw : std::string_view("+PONG\r\n");
  }
  void Log(LogLevel, std::string_view) override {}
  AclVerdict IsAllowed(std::span<const std::string_view>) override { return AclVerdict::kAllowed; }
  void SetReplication(unsigned) override {}
  std::string_view OnTick() override {
    return ++tick_count > kTicksMax ? std::string_view("ended") : std::string_view();
  }

  std::string_view raw;

 private:
  static constexpr int kTicksMax = 5;
  int tick_count = 0;
};

void Require(bool is_true) {
  if (!is_true) __builtin_trap();
}

std::string TakeBytes(ringtail::proto::OutputBuffer& output) {
  std::string bytes;
  while (!output.is_empty()) {
    iovec piece;
    output.FillIovecs(&piece, 1);
    bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    output.Consume(piece.iov_len);
  }
  return bytes;
}

// Runs `source` and demands one whole reply.
std::string Run(Interpreter& interpreter, std::string_view source,
                const std::vector<std::string_view>& args, RespVersion version) {
  ringtail::proto::ChunkPool pool;
  ringtail::proto::OutputBuffer output(pool);
  ringtail::proto::ReplyWriter reply(output, version);
  FuzzCaller caller;
  if (!args.empty()) caller.raw = args[0];
  std::string error;
  const Script* const script = interpreter.Compile(source, error);
  if (script == nullptr) {
    Require(!error.empty());
    return error;
  }
  interpreter.RunScript(*script, {.keys = {}, .args = args, .caller = caller}, reply);
  const std::string bytes = TakeBytes(output);
  // What a script calls a big number need not be one, as on Redis, and our parser is stricter than
  // that.
  if (version == RespVersion::kResp3) {
    Require(bytes.ends_with("\r\n"));
    return bytes;
  }
  ringtail::proto::ReplyTree tree;
  const auto step = ringtail::proto::ParseReply(bytes, tree, {.depth_max = 20'000});
  Require(step.outcome == ringtail::proto::ReplyOutcome::kReply && step.consumed == bytes.size());
  return bytes;
}

constexpr const char* kDecoders[] = {
    "return cjson.decode(ARGV[1])",
    "return cjson.encode(cjson.decode(ARGV[1]))",
    "return {cmsgpack.unpack(ARGV[1])}",
    "return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))",
    "return {struct.unpack(ARGV[1], ARGV[2])}",
    "return {struct.pack(ARGV[1], 1, 2, 'abc', 3.5, 4), struct.size(ARGV[1])}",
    "return {string.find(ARGV[2], ARGV[1])}",
    "return {string.gsub(ARGV[2], ARGV[1], ARGV[1])}",
    "redis.setresp(3) return redis.call('raw')",
    "return loadstring(ARGV[1], ARGV[2])",
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t choice = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto interpreter = Interpreter::Create({.memory_bytes_max = size_t{8} << 20});
  const RespVersion version = choice & 1 ? RespVersion::kResp3 : RespVersion::kResp2;
  const size_t case_index = choice / 2;
  if (case_index < std::size(kDecoders)) {
    const size_t split = input.empty() ? 0 : static_cast<unsigned char>(input[0]) % input.size();
    Run(*interpreter, kDecoders[case_index], {input.substr(split), input.substr(0, split)},
        version);
  } else if (case_index == std::size(kDecoders)) {
    FuzzCaller caller;
    std::vector<RegisteredFunction> functions;
    std::string error;
    const bool is_loaded = interpreter->LoadLibrary(1, input, caller, functions, error);
    Require(is_loaded == error.empty() && is_loaded == !functions.empty());
  } else {
    Run(*interpreter, input, {"a", "b"}, version);
  }
  Require(Run(*interpreter, "return {redis.call('ping').ok, #ARGV, math.pi > 3}", {"x"},
              RespVersion::kResp2) == "*3\r\n$4\r\nPONG\r\n:1\r\n:1\r\n");
  return 0;
}
