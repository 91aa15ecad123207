// How the engine scales with threads, without sockets: requests executed by one worker, then by
// more.
//
//   bench_scaling [--threads=2] [--rounds=5] [--batch=16] [--requests=4000000] [--keys=1048576]
//   [--values=64]
//
// Each round runs one thread on an engine of one worker and then `threads` threads on an engine of
// as many, each pinned to a core of its own, on the same mix: GET, SET, half and half over all
// keys, and MSET of 10. Prints the median of the rounds as a Markdown table. "By CPU" is threads ×
// (CPU per request of one) / (CPU per request of several): what the throughput would be if nobody
// else used the cores; "by time" is the throughput that was there. On a machine that has only these
// threads to run the two agree.
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "bench/lib/in_process_worker.h"
#include "engine/engine.h"

namespace ringtail::bench {
namespace {

struct Options {
  uint64_t threads = 2;
  uint64_t rounds = 5;
  uint64_t batch = 16;
  uint64_t requests = 4'000'000;  // of every thread
  uint64_t keys = uint64_t{1} << 20;
  uint64_t values = 64;  // bytes
};

struct Mix {
  const char* name;
  uint64_t set_percent;
  size_t keys_of_set;
};
constexpr Mix kMixes[] = {
    {"GET", 0, 1}, {"SET", 100, 1}, {"GET and SET, half each", 50, 1}, {"MSET of 10", 100, 10}};
constexpr size_t kMixCount = std::size(kMixes);

struct Cost {
  double seconds = 0;
  double cpu_ns = 0;  // per request
  double requests_per_second = 0;
};

int64_t ThreadCpuNs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void PinTo(uint64_t core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores);
}

// An engine with its keys, and its workers.
class Node {
 public:
  Node(uint32_t thread_count, const Options& options)
      : options_(options), engine_({.worker_count = thread_count, .clock = &clock_, .seed = 7}) {
    for (uint32_t i = 0; i < thread_count; ++i) {
      workers_.push_back(std::make_unique<InProcessWorker>(engine_, i));
    }
    const std::string value(options.values, 'v');
    std::string bytes;
    for (uint64_t key = 0; key < options.keys; ++key) {
      bytes.clear();
      proto::AppendRequest(bytes, std::vector<std::string_view>{"SET", KeyName(key), value});
      workers_[0]->RunBatch(bytes, 1);
    }
  }

  Cost Run(const Mix& mix, uint64_t seed) {
    std::latch start(static_cast<std::ptrdiff_t>(workers_.size()));
    std::vector<int64_t> cpu_ns(workers_.size());
    std::vector<std::thread> threads;
    const auto began = std::chrono::steady_clock::now();
    for (size_t i = 0; i < workers_.size(); ++i) {
      threads.emplace_back([&, i] {
        PinTo(i);
        RequestBytes bytes = BytesOf(mix);
        Random random(seed + i);
        start.arrive_and_wait();
        const int64_t before_ns = ThreadCpuNs();
        for (uint64_t done = 0; done < Requests(mix); done += options_.batch) {
          bytes.ReplaceKeys(random, options_.keys);
          workers_[i]->RunBatch(bytes.view(), options_.batch);
        }
        cpu_ns[i] = ThreadCpuNs() - before_ns;
      });
    }
    for (std::thread& thread : threads) thread.join();
    Cost cost;
    cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const auto requests = static_cast<double>(Requests(mix) * workers_.size());
    for (const int64_t ns : cpu_ns) cost.cpu_ns += static_cast<double>(ns) / requests;
    cost.requests_per_second = requests / cost.seconds;
    return cost;
  }

 private:
  uint64_t Requests(const Mix& mix) const { return options_.requests / mix.keys_of_set; }

  RequestBytes BytesOf(const Mix& mix) const {
    const std::string value(options_.values, 'w');
    RequestBytes bytes;
    for (uint64_t i = 0; i < options_.batch; ++i) {
      const bool is_set = i % 2 * 50 < mix.set_percent;
      if (!is_set) {
        bytes.Append("GET", 1, "");
      } else {
        bytes.Append(mix.keys_of_set == 1 ? "SET" : "MSET", mix.keys_of_set, value);
      }
    }
    return bytes;
  }

  const Options options_;
  SystemClock clock_;
  engine::Engine engine_;
  std::vector<std::unique_ptr<InProcessWorker>> workers_;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Compare(const Options& options) {
  Node one(1, options);
  Node several(static_cast<uint32_t>(options.threads), options);
  const auto threads = static_cast<double>(options.threads);
  std::printf(
      "%llu threads, batches of %llu, %llu keys, values of %llu B, %llu rounds; median.\n\n",
      static_cast<unsigned long long>(options.threads),
      static_cast<unsigned long long>(options.batch), static_cast<unsigned long long>(options.keys),
      static_cast<unsigned long long>(options.values),
      static_cast<unsigned long long>(options.rounds));
  std::printf(
      "| mix | CPU ns, 1 thread | CPU ns, %llu threads | scales by CPU | scales by time |\n"
      "|---|---|---|---|---|\n",
      static_cast<unsigned long long>(options.threads));
  for (size_t m = 0; m < kMixCount; ++m) {
    std::vector<double> alone_ns, together_ns, by_cpu, by_time;
    for (uint64_t round = 0; round < options.rounds; ++round) {
      const Cost alone = one.Run(kMixes[m], 100 * round);
      const Cost together = several.Run(kMixes[m], 100 * round);
      alone_ns.push_back(alone.cpu_ns);
      together_ns.push_back(together.cpu_ns);
      by_cpu.push_back(threads * alone.cpu_ns / together.cpu_ns);
      by_time.push_back(together.requests_per_second / alone.requests_per_second);
    }
    std::printf("| %s | %.0f | %.0f | %.2f | %.2f |\n", kMixes[m].name, Median(alone_ns),
                Median(together_ns), Median(by_cpu), Median(by_time));
    std::fflush(stdout);
  }
}

bool Read(const char* argument, const char* name, uint64_t& value) {
  const size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0) return false;
  value = std::strtoull(argument + length, nullptr, 10);
  return value != 0;
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (!Read(argv[i], "--threads=", options.threads) &&
        !Read(argv[i], "--rounds=", options.rounds) && !Read(argv[i], "--batch=", options.batch) &&
        !Read(argv[i], "--requests=", options.requests) &&
        !Read(argv[i], "--keys=", options.keys) && !Read(argv[i], "--values=", options.values)) {
      std::fprintf(stderr, "bench_scaling: not understood: %s\n", argv[i]);
      return 2;
    }
  }
  if ((options.keys & (options.keys - 1)) != 0) {
    std::fprintf(stderr, "bench_scaling: --keys has to be a power of two\n");
    return 2;
  }
  Compare(options);
  return 0;
}

}  // namespace
}  // namespace ringtail::bench

int main(int argc, char** argv) { return ringtail::bench::Main(argc, argv); }
