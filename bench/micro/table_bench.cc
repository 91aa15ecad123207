// Look-ups and inserts over a table that does not fit the caches: one million keys of 16 bytes.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/database.h"

namespace ringtail::storage {
namespace {

constexpr size_t kKeys = 1'000'000;
constexpr int64_t kNowMs = 1'750'000'000'000;

struct Text {
  char bytes[16];
  std::string_view view() const { return {bytes, sizeof(bytes)}; }
};

Text TextOf(size_t id) {
  Text text;
  std::memcpy(text.bytes, "key:", 4);
  for (size_t i = 16; i-- > 4; id /= 10) text.bytes[i] = static_cast<char>('0' + id % 10);
  return text;
}

struct Filled {
  explicit Filled(double grow_load) : hasher(1), database({.grow_load = grow_load}) {
    for (size_t id = 0; id < kKeys; ++id) {
      database.SetString(hasher.MakeKey(TextOf(id).view()), {}, value, kNoExpiry, kNowMs);
    }
    Random random(2);
    for (size_t i = 0; i < kKeys; ++i) {
      hits.push_back(TextOf(random.Below(kKeys)));
      misses.push_back(TextOf(kKeys + random.Below(kKeys)));
    }
  }
  const std::string value = std::string(64, 'v');
  KeyHasher hasher;
  Database database;
  // What is looked for, in random order; read one after the other, so that they cost no cache misses.
  std::vector<Text> hits;
  std::vector<Text> misses;
};

Filled& SharedTable() {
  static Filled filled(0.9);
  return filled;
}

// Walks over the texts again and again.
class Queries {
 public:
  explicit Queries(const std::vector<Text>& texts) : texts_(texts) {}
  std::string_view Next() {
    if (++next_ == texts_.size()) next_ = 0;
    return texts_[next_].view();
  }

 private:
  const std::vector<Text>& texts_;
  size_t next_ = 0;
};

void HashKey(benchmark::State& state) {
  Filled& filled = SharedTable();
  Queries queries(filled.hits);
  for (auto _ : state) benchmark::DoNotOptimize(filled.hasher.Hash(queries.Next()));
}
BENCHMARK(HashKey);

void FindOneByOne(benchmark::State& state, std::vector<Text> Filled::*texts) {
  Filled& filled = SharedTable();
  Queries queries(filled.*texts);
  for (auto _ : state) {
    const Key key = filled.hasher.MakeKey(queries.Next());
    benchmark::DoNotOptimize(filled.database.Find(key).entry);
  }
}
BENCHMARK_CAPTURE(FindOneByOne, hit, &Filled::hits);
BENCHMARK_CAPTURE(FindOneByOne, miss, &Filled::misses);

// The stages of a pipelined batch: hash and prefetch buckets, prefetch entries, look up.
void FindInBatches(benchmark::State& state, std::vector<Text> Filled::*texts, bool is_prefetching) {
  Filled& filled = SharedTable();
  const Table& table = filled.database.table();
  Queries queries(filled.*texts);
  const auto batch = static_cast<size_t>(state.range(0));
  std::vector<Key> keys(batch);
  for (auto _ : state) {
    for (Key& key : keys) {
      key = filled.hasher.MakeKey(queries.Next());
      if (is_prefetching) table.PrefetchBucket(key.hash);
    }
    if (is_prefetching) {
      for (const Key& key : keys) table.PrefetchEntry(key.hash);
    }
    for (const Key& key : keys) {
      const Database::Found found = filled.database.Find(key);
      if (found) benchmark::DoNotOptimize(found.entry->blob_view().size());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(FindInBatches, hit_plain, &Filled::hits, false)->Arg(16)->Arg(100);
BENCHMARK_CAPTURE(FindInBatches, hit_prefetch, &Filled::hits, true)->Arg(16)->Arg(100);
BENCHMARK_CAPTURE(FindInBatches, miss_plain, &Filled::misses, false)->Arg(16)->Arg(100);
BENCHMARK_CAPTURE(FindInBatches, miss_prefetch, &Filled::misses, true)->Arg(16)->Arg(100);

// Over a few keys that stay in the first cache: what the instructions cost.
void FindCached(benchmark::State& state, std::vector<Text> Filled::*texts) {
  Filled& filled = SharedTable();
  size_t id = 0;
  std::vector<Key> keys;
  for (size_t i = 0; i < 64; ++i) keys.push_back(filled.hasher.MakeKey((filled.*texts)[i].view()));
  for (auto _ : state) benchmark::DoNotOptimize(filled.database.Find(keys[id++ & 63]).entry);
}
BENCHMARK_CAPTURE(FindCached, hit, &Filled::hits);
BENCHMARK_CAPTURE(FindCached, miss, &Filled::misses);

void SetStringOverwrite(benchmark::State& state) {
  Filled& filled = SharedTable();
  Queries queries(filled.hits);
  for (auto _ : state) {
    const Key key = filled.hasher.MakeKey(queries.Next());
    filled.database.SetString(key, filled.database.Find(key), filled.value, kNoExpiry, kNowMs);
  }
}
BENCHMARK(SetStringOverwrite);

void InsertFill(benchmark::State& state) {
  Filled& filled = SharedTable();
  for (auto _ : state) {
    auto database = std::make_unique<Database>(Database::Options{.grow_load = 0.9});
    for (size_t id = 0; id < kKeys; ++id) {
      database->SetString(filled.hasher.MakeKey(TextOf(id).view()), {}, filled.value, kNoExpiry,
                          kNowMs);
    }
    state.PauseTiming();
    database.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kKeys));
}
BENCHMARK(InsertFill)->Unit(benchmark::kMillisecond);

void InsertAndErase(benchmark::State& state) {
  Filled& filled = SharedTable();
  Queries queries(filled.misses);
  for (auto _ : state) {
    const Key key = filled.hasher.MakeKey(queries.Next());
    filled.database.SetString(key, {}, filled.value, kNoExpiry, kNowMs);
    filled.database.Erase(filled.database.Find(key));
  }
}
BENCHMARK(InsertAndErase);

void Scan(benchmark::State& state) {
  Filled& filled = SharedTable();
  uint32_t cursor = 0;
  int64_t visited = 0;
  for (auto _ : state) {
    cursor = filled.database.table().Scan(cursor, [&](Entry*, uint32_t) { ++visited; });
  }
  state.SetItemsProcessed(visited);
}
BENCHMARK(Scan);

}  // namespace
}  // namespace ringtail::storage
