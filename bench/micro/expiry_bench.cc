// The expiry index with a million volatile keys.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/database.h"

namespace ringtail::storage {
namespace {

constexpr size_t kKeys = 1'000'000;
constexpr int64_t kNowMs = 1'750'000'000'000;

std::unique_ptr<Database> Filled(const KeyHasher& hasher, int64_t spread_ms) {
  auto database = std::make_unique<Database>(Database::Options{});
  Random random(1);
  for (size_t id = 0; id < kKeys; ++id) {
    const std::string text = "key:" + std::to_string(100'000'000'000 + id);
    const int64_t expiry_ms =
        kNowMs + 1 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(spread_ms)));
    database->SetString(hasher.MakeKey(text), {}, "a value of some length", expiry_ms, kNowMs);
  }
  return database;
}

// Erases all keys as the clock runs, in slices of 64 records; per key.
void ExpireAll(benchmark::State& state) {
  const KeyHasher hasher(1);
  for (auto _ : state) {
    state.PauseTiming();
    auto database = Filled(hasher, state.range(0));
    state.ResumeTiming();
    for (int64_t now_ms = kNowMs; database->size() > 0; now_ms += 100) {
      while (database->EraseExpired(now_ms, 64, [](const Entry&) {})) {
      }
    }
    state.PauseTiming();
    database.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kKeys));
}
BENCHMARK(ExpireAll)->Arg(60'000)->Arg(3'600'000)->Unit(benchmark::kMillisecond)->Iterations(2);

void UpdateIntoTheFuture(benchmark::State& state) {
  const KeyHasher hasher(1);
  const auto database = Filled(hasher, 60'000);
  Random random(2);
  int64_t expiry_ms = kNowMs + 100'000;
  for (auto _ : state) {
    const std::string text = "key:" + std::to_string(100'000'000'000 + random.Below(kKeys));
    const Key key = hasher.MakeKey(text);
    database->SetExpiry(key, database->Find(key), ++expiry_ms, kNowMs);
  }
}
BENCHMARK(UpdateIntoTheFuture);

void SetAndDeleteVolatile(benchmark::State& state) {
  const KeyHasher hasher(1);
  const auto database = Filled(hasher, 60'000);
  const Key key = hasher.MakeKey("another key");
  for (auto _ : state) {
    database->SetString(key, {}, "value", kNowMs + 30'000, kNowMs);
    database->Erase(database->Find(key));
  }
}
BENCHMARK(SetAndDeleteVolatile);

}  // namespace
}  // namespace ringtail::storage
