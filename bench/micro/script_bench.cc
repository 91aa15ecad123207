// What a small cached script costs in the interpreter: everything of EVAL but the commands
// themselves.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "proto/chunk_pool.h"
#include "proto/output_buffer.h"
#include "proto/reply_writer.h"
#include "scripting/interpreter.h"

namespace ringtail::scripting {
namespace {

class ConstantCaller final : public CommandCaller {
 public:
  std::string_view Call(std::span<const std::string_view>, proto::RespVersion) override {
    return "$5\r\nvalue\r\n";
  }
  void Log(LogLevel, std::string_view) override {}
  AclVerdict IsAllowed(std::span<const std::string_view>) override { return AclVerdict::kAllowed; }
  void SetReplication(unsigned) override {}
  std::string_view OnTick() override { return {}; }
};

void RunCached(benchmark::State& state, std::string_view source) {
  const auto interpreter = Interpreter::Create({});
  proto::ChunkPool pool;
  proto::OutputBuffer output(pool);
  proto::ReplyWriter reply(output, proto::RespVersion::kResp2);
  ConstantCaller caller;
  const std::string_view keys[] = {"key:000000012345"};
  const std::string_view args[] = {"argument"};
  std::string error;
  interpreter->Compile(source, error);
  for (auto _ : state) {
    const Script* const script = interpreter->FindBySource(source);
    interpreter->RunScript(*script, {.keys = keys, .args = args, .caller = caller}, reply);
    output.Consume(output.size_bytes());
  }
}

BENCHMARK_CAPTURE(RunCached, one, "return 1");
BENCHMARK_CAPTURE(RunCached, get, "return redis.call('GET', KEYS[1])");
BENCHMARK_CAPTURE(RunCached, set, "return redis.call('SET', KEYS[1], ARGV[1])");
BENCHMARK_CAPTURE(RunCached, compare_and_delete,
                  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) "
                  "else return 0 end");
BENCHMARK_CAPTURE(RunCached, ten_calls,
                  "for i = 1, 10 do redis.call('INCRBY', KEYS[1], i) end return 10");
BENCHMARK_CAPTURE(RunCached, json, "return cjson.encode({key = KEYS[1], list = {1, 2, 3}})");

}  // namespace
}  // namespace ringtail::scripting
