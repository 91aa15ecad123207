// Nanoseconds per command in process: bytes parsed, keys hashed and prefetched, executed, replied. No sockets.
//
//   command_bench --benchmark_filter=Get
//
// A million (2^20) keys of 16 bytes with values of 64 bytes. A batch is what one read brings, as with pipelining: its
// bytes lie in one buffer, hot as after a read, whose keys are replaced by other random ones before each
// round (about 2 ns a key, which the figures include). RandomLoads is the machine's own memory at that moment.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "commands/executor.h"
#include "proto/request_parser.h"
#include "proto/request_writer.h"

namespace {

using namespace ringtail;
using namespace ringtail::commands;

constexpr uint64_t kKeys = uint64_t{1} << 20;
constexpr size_t kKeyBytes = 16;

class NullObserver final : public ExecutionObserver {
 public:
  void OnMonitored(const ClientState&, const CommandTable::Entry&, Args, int64_t) override {}
  void OnExceeded(const ClientState&, const CommandTable::Entry&, Args, uint64_t, uint64_t,
                  uint64_t) override {}
};

// What a worker has around one connection.
class Node {
 public:
  Node()
      : engine_({.worker_count = 1, .clock = &clock_, .seed = 7}),
        stats_(CommandTable::Standard().entries().size()),
        executor_({.engine = engine_,
                   .worker = engine_.worker(0),
                   .table = CommandTable::Standard(),
                   .services = services_,
                   .settings = settings_,
                   .observer = observer_,
                   .stats = stats_,
                   .cycles = cycles_,
                   .args = args_}),
        output_(pool_) {}

  // Executes up to `batch` requests from the front of `bytes` and returns how many bytes they were.
  size_t RunBatch(std::string_view bytes, size_t batch) {
    engine_.BeginBatch(engine_.worker(0));
    executor_.BeginBatch();
    requests_.clear();
    size_t consumed = 0;
    while (requests_.size() < batch && consumed < bytes.size()) {
      const uint32_t first = args_.count();
      const proto::ParseStep step = parser_.Next(bytes.substr(consumed), limits_, args_);
      consumed += step.consumed;
      requests_.push_back({.first_arg = first, .arg_count = args_.count() - first});
      executor_.Prepare(requests_.back(), client_.db);
    }
    for (const Request& request : requests_) executor_.PrefetchEntries(request, client_.db);
    for (const Request& request : requests_) executor_.Execute(request, client_, output_);
    args_.Clear();
    engine_.EndBatch(engine_.worker(0));
    output_.Consume(output_.size_bytes());
    return consumed;
  }

 private:
  SystemClock clock_;
  Engine engine_;
  CycleClock cycles_;
  ExecutionSettings settings_;
  NullObserver observer_;
  Services services_;
  CommandStats stats_;
  proto::ChunkPool pool_;
  proto::ArgVector args_;
  proto::RequestParser parser_;
  proto::ParserLimits limits_;
  Executor executor_;
  proto::OutputBuffer output_;
  ClientState client_;
  std::vector<Request> requests_;
};

// "key:" and the number in twelve hexadecimal digits.
std::string KeyName(uint64_t number) {
  char name[kKeyBytes + 1];
  std::snprintf(name, sizeof(name), "key:%012llx", static_cast<unsigned long long>(number));
  return name;
}

// One batch's bytes, whose keys can be replaced.
class BatchBytes {
 public:
  void AppendRequest(std::string_view command, size_t key_count, std::string_view value) {
    const std::string key = KeyName(0);
    std::vector<std::string_view> words = {command};
    for (size_t k = 0; k < key_count; ++k) {
      words.push_back(key);
      if (!value.empty()) words.push_back(value);
    }
    const size_t start = bytes_.size();
    proto::AppendRequest(bytes_, words);
    for (size_t at = bytes_.find(key, start); at != std::string::npos;
         at = bytes_.find(key, at + key.size())) {
      key_offsets_.push_back(at);
    }
  }
  void ReplaceKeys(Random& random) {
    for (const size_t offset : key_offsets_) {
      uint64_t number = random.Next() & (kKeys - 1);
      for (char* digit = bytes_.data() + offset + kKeyBytes; number != 0; number >>= 4) {
        *--digit = "0123456789abcdef"[number & 0xf];
      }
    }
  }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::vector<size_t> key_offsets_;
};

Node* MakeFilledNode(std::string_view value) {
  auto* node = new Node();
  std::string bytes;
  for (uint64_t i = 0; i < kKeys; ++i) {
    bytes.clear();
    proto::AppendRequest(bytes, std::vector<std::string_view>{"SET", KeyName(i), value});
    node->RunBatch(bytes, 1);
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
  BatchBytes bytes;
  for (size_t i = 0; i < batch; ++i) bytes.AppendRequest(command, key_count, value);
  Random random(1);
  for (auto _ : state) {
    bytes.ReplaceKeys(random);
    node.RunBatch(bytes.bytes(), batch);
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

// A dependent load of a random cache line out of 128 MiB, which is about what a million entries and their table take.
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
