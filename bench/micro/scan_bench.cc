// Keys per second of whole iterations over a million keys, and of RANDOMKEY, through the executor.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "commands/executor.h"

namespace {

using namespace ringtail;
using namespace ringtail::commands;

constexpr int kKeyCount = 1'000'000;

class SilentObserver final : public ExecutionObserver {
 public:
  void OnMonitored(const ClientState&, const CommandTable::Entry&, Args, int64_t) override {}
  void OnExceeded(const ClientState&, const CommandTable::Entry&, Args, uint64_t, uint64_t,
                  uint64_t) override {}
};

// One worker with a million keys.
class Server {
 public:
  Server() {
    for (int i = 0; i < kKeyCount; ++i) Run({"SET", "key:" + std::to_string(i), "value"});
  }

  /// Executes one command and returns its reply.
  std::string Run(const std::vector<std::string>& words) {
    args_.Clear();
    for (const std::string& word : words) args_.Push(word);
    Request request{.first_arg = 0, .arg_count = args_.count()};
    proto::OutputBuffer output(pool_);
    engine_.BeginBatch(engine_.worker(0));
    executor_.BeginBatch();
    executor_.Prepare(request, client_.db);
    executor_.Execute(request, client_, output);
    engine_.EndBatch(engine_.worker(0));
    std::string reply;
    while (!output.is_empty()) {
      iovec parts[16];
      const int count = output.FillIovecs(parts, 16);
      size_t consumed = 0;
      for (int i = 0; i < count; ++i) {
        reply.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
        consumed += parts[i].iov_len;
      }
      output.Consume(consumed);
    }
    return reply;
  }

 private:
  SystemClock clock_;
  Engine engine_{{.worker_count = 1, .clock = &clock_, .seed = 42}};
  CycleClock cycles_;
  ExecutionSettings settings_;
  SilentObserver observer_;
  Services services_;
  CommandStats stats_{CommandTable::Standard().entries().size()};
  proto::ChunkPool pool_;
  proto::ArgVector args_;
  ClientState client_;
  Executor executor_{{.engine = engine_,
                      .worker = engine_.worker(0),
                      .table = CommandTable::Standard(),
                      .services = services_,
                      .settings = settings_,
                      .observer = observer_,
                      .stats = stats_,
                      .cycles = cycles_,
                      .args = args_}};
};

Server& MillionKeys() {
  static Server server;
  return server;
}

void ScanAll(benchmark::State& state, const std::vector<std::string>& options) {
  Server& server = MillionKeys();
  for (auto _ : state) {
    std::string cursor = "0";
    do {
      std::vector<std::string> words = {"SCAN", cursor};
      words.insert(words.end(), options.begin(), options.end());
      const std::string reply = server.Run(words);
      const size_t begin = reply.find("\r\n", 4) + 2;  // behind "*2\r\n$<n>\r\n"
      cursor = reply.substr(begin, reply.find("\r\n", begin) - begin);
    } while (cursor != "0");
  }
  state.SetItemsProcessed(state.iterations() * kKeyCount);
}

void RandomKey(benchmark::State& state) {
  Server& server = MillionKeys();
  for (auto _ : state) benchmark::DoNotOptimize(server.Run({"RANDOMKEY"}));
}

void Keys(benchmark::State& state) {
  Server& server = MillionKeys();
  for (auto _ : state) benchmark::DoNotOptimize(server.Run({"KEYS", "key:*77*"}));
  state.SetItemsProcessed(state.iterations() * kKeyCount);
}

BENCHMARK_CAPTURE(ScanAll, Count10, {"COUNT", "10"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ScanAll, Count100, {"COUNT", "100"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ScanAll, Count100Match, {"COUNT", "100", "MATCH", "key:*77*"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ScanAll, Count1000, {"COUNT", "1000"})->Unit(benchmark::kMillisecond);
BENCHMARK(Keys)->Unit(benchmark::kMillisecond);
BENCHMARK(RandomKey);

}  // namespace
