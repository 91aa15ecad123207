// Nanoseconds per command in process: bytes parsed, keys hashed and prefetched, executed, replied. No sockets.
//
//   command_bench --benchmark_filter=Get
//
// A million keys of 16 bytes with values of 64 bytes; requests of random keys, prepared beforehand. The argument is
// the batch: requests that one read brings, as with pipelining.
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

constexpr int kKeys = 1'000'000;
// Requests that are prepared; more than any cache holds keys of.
constexpr int kRequests = 400'000;

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

std::string KeyName(const char* prefix, uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof(name), "%s:%012llu", prefix, static_cast<unsigned long long>(number));
  return name;
}

// The node all benchmarks share: strings under key:…, counters under num:….
Node& FilledNode() {
  static Node* const node = [] {
    auto* made = new Node();
    const std::string value(64, 'v');
    std::string bytes;
    for (uint64_t i = 0; i < kKeys; ++i) {
      bytes.clear();
      proto::AppendRequest(bytes, std::vector<std::string_view>{"SET", KeyName("key", i), value});
      proto::AppendRequest(bytes, std::vector<std::string_view>{"SET", KeyName("num", i), "1"});
      made->RunBatch(bytes, 2);
    }
    return made;
  }();
  return *node;
}

// Appends one request about random keys.
using Compose = void (*)(Random&, std::string&);

void RunRequests(benchmark::State& state, Compose compose) {
  const auto batch = static_cast<size_t>(state.range(0));
  Node& node = FilledNode();
  Random random(1);
  std::string bytes;
  for (int i = 0; i < kRequests; ++i) compose(random, bytes);
  std::string_view rest = bytes;
  for (auto _ : state) {
    rest.remove_prefix(node.RunBatch(rest, batch));
    if (rest.empty()) rest = bytes;
  }
  state.counters["ns"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(batch) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Request1(std::string& bytes, std::string_view command, const std::string& key) {
  proto::AppendRequest(bytes, std::vector<std::string_view>{command, key});
}

void Get(benchmark::State& state) {
  RunRequests(state, [](Random& random, std::string& bytes) {
    Request1(bytes, "GET", KeyName("key", random.Below(kKeys)));
  });
}
void Set(benchmark::State& state) {
  RunRequests(state, [](Random& random, std::string& bytes) {
    const std::string value(64, static_cast<char>('a' + random.Below(26)));
    const std::string key = KeyName("key", random.Below(kKeys));
    proto::AppendRequest(bytes, std::vector<std::string_view>{"SET", key, value});
  });
}
void Incr(benchmark::State& state) {
  RunRequests(state, [](Random& random, std::string& bytes) {
    Request1(bytes, "INCR", KeyName("num", random.Below(kKeys)));
  });
}
void MSet10(benchmark::State& state) {
  RunRequests(state, [](Random& random, std::string& bytes) {
    std::vector<std::string> words = {"MSET"};
    for (int i = 0; i < 10; ++i) {
      words.push_back(KeyName("key", random.Below(kKeys)));
      words.emplace_back(64, static_cast<char>('a' + random.Below(26)));
    }
    proto::AppendRequest(bytes, std::vector<std::string_view>(words.begin(), words.end()));
  });
}
void MGet10(benchmark::State& state) {
  RunRequests(state, [](Random& random, std::string& bytes) {
    std::vector<std::string> words = {"MGET"};
    for (int i = 0; i < 10; ++i) words.push_back(KeyName("key", random.Below(kKeys)));
    proto::AppendRequest(bytes, std::vector<std::string_view>(words.begin(), words.end()));
  });
}
void GetSet(benchmark::State& state) {
  RunRequests(state, [](Random& random, std::string& bytes) {
    const std::string value(64, static_cast<char>('a' + random.Below(26)));
    const std::string key = KeyName("key", random.Below(kKeys));
    proto::AppendRequest(bytes, std::vector<std::string_view>{"GETSET", key, value});
  });
}
BENCHMARK(Get)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(Set)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(Incr)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(MSet10)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(MGet10)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(GetSet)->Arg(1)->Arg(16)->Arg(100);

}  // namespace
