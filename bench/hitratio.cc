// Hit ratios of the eviction code, beside exact policies, the optimum, and redis-server's own.
//
//   bench_hitratio [--trace ../shared/traces/cloudphysics_block.txt.gz]
//                  [--redis bench/hitratio/redis.csv] [--csv out.csv] [--only zipf] > hitratio.md
//
// Replays every trace of bench/hitratio/traces.h through storage/eviction.h over a table whose
// order is random, with room for 0.1 %, 1 %, 10 % and 50 % of the keys. Ours is the worst of three
// seeds. The clock goes as fast as it went for the redis-server that was measured
// (hitratio_redis.py), 28 requests a ms. The exit status is 1 if ours falls below redis-server's
// where it is meant not to.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "bench/hitratio/policies.h"
#include "bench/hitratio/traces.h"
#include "storage/eviction.h"

namespace ringtail::bench {
namespace {

using storage::Eviction;
using storage::EvictionPolicy;
using storage::Evictor;

constexpr uint64_t kSeeds[] = {1, 2, 3};
constexpr uint64_t kRequestsPerMs = 28;
constexpr uint64_t kBytesPerKey = 1100;  // As in the measurement of redis-server: 1 KiB values.
constexpr uint64_t kRequestsPerTick = 100 * kRequestsPerMs;  // SetKeyCount every 100 ms.

// What the eviction code sees of an engine: entries at random places, found by hash.
class Keyspace {
 public:
  Keyspace(const Trace& trace, uint32_t cache_keys, EvictionPolicy policy, uint64_t seed)
      : cache_keys_(cache_keys),
        eviction_(policy, cache_keys * kBytesPerKey),
        evictor_(eviction_, seed),
        random_(seed * 7919 + 1),
        entries_(trace.key_count) {
    Random hashes(seed * 104'729 + 2);
    for (uint32_t key = 0; key < trace.key_count; ++key) {
      entries_[key].hash = hashes.Next();
      key_of_[entries_[key].hash] = key;
    }
  }

  /// Whether the request hit.
  bool Access(uint32_t key) {
    ++request_count_;
    evictor_.SetNow(kStartMs + static_cast<int64_t>(request_count_ / kRequestsPerMs));
    if (request_count_ % kRequestsPerTick == 1) eviction_.SetKeyCount(cached_.size(), cache_keys_);
    Entry& entry = entries_[key];
    if (entry.place != kNowhere) {
      entry.access = evictor_.Touch(entry.access, entry.hash);
      return true;
    }
    while (cached_.size() >= cache_keys_) Evict();
    entry.access = evictor_.Admit(0, entry.hash, 0);
    entry.place = static_cast<uint32_t>(cached_.size());
    cached_.push_back(key);
    return false;
  }

 private:
  static constexpr uint32_t kNowhere = UINT32_MAX;
  static constexpr int64_t kStartMs = 1'700'000'000'000;
  struct Entry {
    uint64_t hash = 0;
    uint32_t access = 0;
    uint32_t place = kNowhere;
  };

  void Evict() {
    while (evictor_.WantsMore()) {
      const Entry& entry = entries_[cached_[random_.Below(cached_.size())]];
      evictor_.Offer(0, entry.hash, entry.access, 0);
    }
    while (const auto victim = evictor_.Take()) {
      Entry& entry = entries_[key_of_.at(victim->hash)];
      if (entry.place == kNowhere || !evictor_.Confirm(*victim, entry.access)) continue;
      evictor_.OnEvicted(entry.hash, entry.access);
      cached_[entry.place] = cached_.back();
      entries_[cached_.back()].place = entry.place;
      entry.place = kNowhere;
      cached_.pop_back();
      return;
    }
  }

  uint32_t cache_keys_;
  Eviction eviction_;
  Evictor evictor_;
  Random random_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> cached_;
  std::unordered_map<uint64_t, uint32_t> key_of_;
  uint64_t request_count_ = 0;
};

double Ratio(uint64_t hits, const Trace& trace) {
  return static_cast<double>(hits) / static_cast<double>(trace.requests.size());
}

double WorstOfSeeds(const Trace& trace, uint32_t cache_keys, EvictionPolicy policy) {
  uint64_t worst = trace.requests.size();
  for (const uint64_t seed : kSeeds) {
    Keyspace keyspace(trace, cache_keys, policy, seed);
    uint64_t hits = 0;
    for (const uint32_t key : trace.requests) hits += static_cast<uint64_t>(keyspace.Access(key));
    worst = std::min(worst, hits);
  }
  return Ratio(worst, trace);
}

// {trace, share, policy} to hit ratio, from hitratio_redis.py's CSV.
using Measured = std::map<std::string, double>;

std::string KeyOf(const std::string& trace, double share, const std::string& policy) {
  char key[128];
  std::snprintf(key, sizeof key, "%s %.3f %s", trace.c_str(), share, policy.c_str());
  return key;
}

Measured ReadMeasured(const std::string& path) {
  Measured measured;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> fields;
    std::istringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
    if (fields.size() != 9 || fields[0] == "server") continue;
    measured[KeyOf(fields[2], std::atof(fields[3].c_str()), fields[1])] =
        std::atof(fields[8].c_str());
  }
  return measured;
}

constexpr const char* kRedisPolicies[] = {"allkeys-lru", "allkeys-lfu", "allkeys-random",
                                          "volatile-ttl"};
constexpr const char* kColumns =
    "trace,cache,optimum,lru-exact,lfu-exact,sieve,s3-fifo,redis allkeys-lru,redis allkeys-lfu,"
    "redis allkeys-random,redis volatile-ttl,allkeys-lru,allkeys-lfu,allkeys-adaptive";

std::string Cell(double ratio) {
  if (ratio < 0) return "";
  char text[16];
  std::snprintf(text, sizeof text, "%.4f", ratio);
  return text;
}

// One trace at one size: a row of the table, and how many promises it breaks.
struct Row {
  std::vector<std::string> cells;
  int broken_count = 0;
};

Row MeasureRow(const Trace& trace, double share, const Measured& measured) {
  const uint32_t keys = CacheKeys(trace, share);
  char size[16];
  std::snprintf(size, sizeof size, "%g %%", share * 100);
  Row row{{trace.name, size}, 0};
  const double lru = Ratio(ExactLru(trace, keys), trace);
  for (const double ratio :
       {Ratio(Optimum(trace, keys), trace), lru, Ratio(ExactLfu(trace, keys), trace),
        Ratio(Sieve(trace, keys), trace), Ratio(S3FifoHits(trace, keys), trace)}) {
    row.cells.push_back(Cell(ratio));
  }
  double redis_lru = -1;
  double redis_best = -1;
  for (const char* policy : kRedisPolicies) {
    const auto found = measured.find(KeyOf(trace.name, share, policy));
    const double ratio = found == measured.end() ? -1 : found->second;
    row.cells.push_back(Cell(ratio));
    redis_best = std::max(redis_best, ratio);
    if (policy == kRedisPolicies[0]) redis_lru = ratio;
  }
  const double our_lru = WorstOfSeeds(trace, keys, EvictionPolicy::kAllKeysLru);
  const double our_adaptive = WorstOfSeeds(trace, keys, EvictionPolicy::kAllKeysAdaptive);
  row.cells.push_back(Cell(our_lru));
  row.cells.push_back(Cell(WorstOfSeeds(trace, keys, EvictionPolicy::kAllKeysLfu)));
  row.cells.push_back(Cell(our_adaptive));
  const bool must_beat_lru = trace.name == "cloudphysics";
  row.broken_count = static_cast<int>(our_lru < redis_lru) +
                     static_cast<int>(our_adaptive < redis_best) +
                     static_cast<int>(must_beat_lru && our_adaptive <= lru);
  return row;
}

std::string Joined(const std::vector<std::string>& cells, const char* separator) {
  std::string line;
  for (const std::string& cell : cells) line += (line.empty() ? "" : separator) + cell;
  return line;
}

int Main(int argc, char** argv) {
  std::map<std::string, std::string> options = {
      {"--trace", "../shared/traces/cloudphysics_block.txt.gz"},
      {"--redis", "bench/hitratio/redis.csv"}};
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  const Measured measured = ReadMeasured(options["--redis"]);
  std::ofstream csv;
  if (options.contains("--csv")) csv.open(options["--csv"]);
  csv << kColumns << "\n";
  std::string heading = kColumns;
  std::string rule = "|---|---|";
  for (const char c : heading) rule += c == ',' ? "---|" : "";
  rule.resize(rule.size() - 4);
  for (size_t at = 0; (at = heading.find(',', at)) != std::string::npos;)
    heading.replace(at, 1, " | ");
  std::printf("| %s |\n%s\n", heading.c_str(), rule.c_str());
  int broken_count = 0;
  for (const Trace& trace : Traces(options["--trace"])) {
    if (trace.name.find(options["--only"]) == std::string::npos) continue;
    for (const double share : kCacheShares) {
      const Row row = MeasureRow(trace, share, measured);
      broken_count += row.broken_count;
      std::printf("| %s |%s\n", Joined(row.cells, " | ").c_str(),
                  row.broken_count > 0 ? " (!)" : "");
      std::fflush(stdout);
      csv << Joined(row.cells, ",") << "\n";
    }
  }
  std::fprintf(stderr, "%d figures below redis-server's\n", broken_count);
  return broken_count == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ringtail::bench

int main(int argc, char** argv) { return ringtail::bench::Main(argc, argv); }
