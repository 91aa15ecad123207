// Nanoseconds per command in process: bytes parsed, keys hashed and prefetched, executed, replied.
// No sockets.
//
//   command_bench --benchmark_filter=Get
//
// A million (2^20) keys of 16 bytes with values of 64 bytes. A batch is what one read brings, as
// with pipelining: its bytes lie in one buffer, hot as after a read, whose keys are replaced by
// other random ones before each round (about 2 ns a key, which the figures include). RandomLoads is
// the machine's own memory at that moment.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "bench/lib/in_process_worker.h"
#include "engine/engine.h"
#include "proto/request_writer.h"

namespace {

using namespace ringtail;
using engine::Engine;

constexpr uint64_t kKeys = uint64_t{1} << 20;

// What one worker executes in.
class Node {
 public:
  Node() : engine_({.worker_count = 1, .clock = &clock_, .seed = 7}), worker_(engine_, 0) {}
  bench::InProcessWorker& worker() { return worker_; }

 private:
  SystemClock clock_;
  Engine engine_;
  bench::InProcessWorker worker_;
};

Node* MakeFilledNode(std::string_view value) {
  auto* node = new Node();
  std::string bytes;
  for (uint64_t i = 0; i < kKeys; ++i) {
    bytes.clear();
    proto::AppendRequest(bytes, std::vector<std::string_view>{"SET", bench::KeyName(i), value});
    node->worker().RunBatch(bytes, 1);
  }
  return node;
}

// Each made at the first use, and shared by the benchmarks after it.
Node& StringNode() {
  static Node* const node = MakeFilledNode(std::string(64, 'v'));
  return *node;
}
Node& NumberNode() {
  static Node* const node = MakeFilledNode("1");
  return *node;
}

void RunRequests(benchmark::State& state, Node& node, std::string_view command, size_t key_count,
                 std::string_view value) {
  const auto batch = static_cast<size_t>(state.range(0));
  bench::RequestBytes bytes;
  for (size_t i = 0; i < batch; ++i) bytes.Append(command, key_count, value);
  Random random(1);
  for (auto _ : state) {
    bytes.ReplaceKeys(random, kKeys);
    node.worker().RunBatch(bytes.view(), batch);
  }
  state.counters["per_request"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(batch),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

const std::string kValue(64, 'x');

void Get(benchmark::State& state) { RunRequests(state, StringNode(), "GET", 1, ""); }
void Set(benchmark::State& state) { RunRequests(state, StringNode(), "SET", 1, kValue); }
void GetSet(benchmark::State& state) { RunRequests(state, StringNode(), "GETSET", 1, kValue); }
void MSet10(benchmark::State& state) { RunRequests(state, StringNode(), "MSET", 10, kValue); }
void MGet10(benchmark::State& state) { RunRequests(state, StringNode(), "MGET", 10, ""); }
void Incr(benchmark::State& state) { RunRequests(state, NumberNode(), "INCR", 1, ""); }
BENCHMARK(Get)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(Set)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(GetSet)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(MSet10)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(MGet10)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(Incr)->Arg(1)->Arg(16)->Arg(100);

// A dependent load of a random cache line out of 128 MiB, which is about what a million entries and
// their table take.
void RandomLoads(benchmark::State& state) {
  constexpr size_t kLines = size_t{1} << 21;
  struct alignas(64) Line {
    uint64_t next;
  };
  static const std::vector<Line> lines = [] {
    std::vector<Line> made(kLines);
    // One cycle through all lines: an odd step of a linear congruence has full period.
    uint64_t at = 0;
    for (size_t i = 0; i < kLines; ++i) {
      const uint64_t next = (at * 1'103'515'245 + 12'345) & (kLines - 1);
      made[at].next = next;
      at = next;
    }
    return made;
  }();
  uint64_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(at = lines[at].next);
}
BENCHMARK(RandomLoads);

}  // namespace
