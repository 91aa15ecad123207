// The request sequences that hit ratios are measured on: one recorded, the rest generated from
// fixed seeds.
//
//   for (const Trace& trace : Traces("../shared/traces/cloudphysics_block.txt.gz"))
//   Replay(trace.requests);
//
// Keys are dense: 0 .. key_count - 1, in order of first request. Thread rule: values.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"

namespace ringtail::bench {

struct Trace {
  std::string name;
  std::string description;
  std::vector<uint32_t> requests;
  uint32_t key_count = 0;
};

/// Draws ranks 0 .. count - 1 with probability proportional to 1 / (rank + 1)^alpha.
class Zipf {
 public:
  Zipf(uint32_t count, double alpha) : cumulative_(count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; ++i) cumulative_[i] = sum += 1 / std::pow(i + 1, alpha);
    for (double& x : cumulative_) x /= sum;
  }
  uint32_t Draw(Random& random) const {
    const auto at = std::lower_bound(cumulative_.begin(), cumulative_.end() - 1, random.Unit());
    return static_cast<uint32_t>(at - cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;
};

/// The trace with its keys renumbered in order of first request.
inline Trace Renumbered(std::string name, std::string description,
                        const std::vector<uint64_t>& keys) {
  Trace trace{std::move(name), std::move(description), {}, 0};
  std::unordered_map<uint64_t, uint32_t> numbers;
  for (const uint64_t key : keys) {
    const auto next = static_cast<uint32_t>(numbers.size());
    trace.requests.push_back(numbers.emplace(key, next).first->second);
  }
  trace.key_count = static_cast<uint32_t>(numbers.size());
  return trace;
}

/// A trace of one number a line, gzipped; without requests if there is no such file.
inline Trace RecordedTrace(const std::string& path) {
  std::vector<uint64_t> keys;
  if (FILE* pipe = popen(("zcat '" + path + "' 2>/dev/null").c_str(), "r"); pipe != nullptr) {
    unsigned long long key = 0;
    while (std::fscanf(pipe, "%llu", &key) == 1) keys.push_back(key);
    pclose(pipe);
  }
  return Renumbered("cloudphysics", "block storage of a virtual machine, recorded", keys);
}

inline Trace GeneratedTrace(std::string name, std::string description,
                            const std::function<uint64_t(uint64_t index)>& key_of) {
  constexpr uint64_t kRequests = 250'000;
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < kRequests; ++i) keys.push_back(key_of(i));
  return Renumbered(std::move(name), std::move(description), keys);
}

inline std::vector<Trace> GeneratedTraces() {
  constexpr uint32_t kKeys = 40'000;
  constexpr uint64_t kElsewhere = 1'000'000;
  std::vector<Trace> traces;
  for (const double alpha : {0.6, 0.8, 1.0, 1.2}) {
    Random random(100 + static_cast<uint64_t>(alpha * 10));
    const Zipf zipf(kKeys, alpha);
    char name[16];
    std::snprintf(name, sizeof name, "zipf-%.1f", alpha);
    traces.push_back(GeneratedTrace(name, "steady Zipf popularity",
                                    [&](uint64_t) { return zipf.Draw(random); }));
  }
  {
    Random random(11);
    const Zipf zipf(kKeys / 2, 0.9);
    uint64_t cold = 0;
    traces.push_back(GeneratedTrace(
        "scan", "Zipf 0.9, every fifth stretch of 4,000 a scan of cold keys", [&](uint64_t i) {
          return i / 4000 % 5 == 4 ? kElsewhere + cold++ % 20'000 : zipf.Draw(random);
        }));
  }
  traces.push_back(
      GeneratedTrace("loop", "20,000 keys round and round", [](uint64_t i) { return i % 20'000; }));
  {
    Random random(12);
    const Zipf zipf(kKeys / 2, 0.9);
    uint64_t turn = 0;
    traces.push_back(GeneratedTrace(
        "loop-zipf", "half Zipf 0.9, half a loop over 12,000", [&](uint64_t) -> uint64_t {
          return random.Below(2) == 0 ? kElsewhere + turn++ % 12'000 : zipf.Draw(random);
        }));
  }
  {
    Random random(13);
    const Zipf zipf(kKeys, 1.0);
    traces.push_back(GeneratedTrace(
        "drift", "Zipf 1.0, every key's rank moves one place in 20 requests",
        [&](uint64_t i) { return (zipf.Draw(random) * 7919ULL + i / 20 * 7919ULL) % kKeys; }));
  }
  {
    Random random(14);
    const Zipf zipf(kKeys, 0.9);
    traces.push_back(GeneratedTrace("drift-fast",
                                    "Zipf 0.9 over a window that moves one key in 4 requests",
                                    [&](uint64_t i) { return zipf.Draw(random) + i / 4; }));
  }
  {
    Random random(15);
    const Zipf zipf(20'000, 1.0);
    traces.push_back(GeneratedTrace(
        "phases", "Zipf 1.0, other keys are popular after every 50,000", [&](uint64_t i) {
          const uint64_t phase = i / 50'000;
          return (zipf.Draw(random) * 7919ULL + phase * 3331) % 20'000 + phase * 6000;
        }));
  }
  {
    Random random(16);
    const Zipf zipf(30'000, 0.9);
    uint64_t newest = 30'000;
    traces.push_back(GeneratedTrace(
        "latest", "every tenth request a new key, the newest are asked for most", [&](uint64_t) {
          newest += random.Below(10) == 0 ? 1 : 0;
          return newest - zipf.Draw(random);
        }));
  }
  return traces;
}

/// The recorded trace, if it is there, and all the generated ones.
inline std::vector<Trace> Traces(const std::string& recorded_path) {
  std::vector<Trace> traces = GeneratedTraces();
  Trace recorded = RecordedTrace(recorded_path);
  if (!recorded.requests.empty()) traces.insert(traces.begin(), std::move(recorded));
  return traces;
}

/// The cache sizes measured: 0.1 %, 1 %, 10 % and 50 % of the keys.
inline constexpr double kCacheShares[] = {0.001, 0.01, 0.1, 0.5};

inline uint32_t CacheKeys(const Trace& trace, double share) {
  return std::max(1U, static_cast<uint32_t>(std::lround(trace.key_count * share)));
}

}  // namespace ringtail::bench
