// Making, reading and freeing the common entry.
#include <benchmark/benchmark.h>

#include <string>

#include "storage/string_value.h"

namespace ringtail::storage {
namespace {

void CreateAndDestroy(benchmark::State& state) {
  const std::string key(16, 'k');
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  for (auto _ : state) Entry::Destroy(MakeString(key, value, false));
}
BENCHMARK(CreateAndDestroy)->Arg(64)->Arg(1024)->Arg(20'000);

void CreateInt(benchmark::State& state) {
  const std::string key(16, 'k');
  for (auto _ : state) Entry::Destroy(MakeString(key, "1234567890", false));
}
BENCHMARK(CreateInt);

void ReadKeyAndValue(benchmark::State& state) {
  Entry* entry = MakeString(std::string(16, 'k'), std::string(64, 'v'), state.range(0) != 0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(entry);
    benchmark::DoNotOptimize(entry->key().size());
    benchmark::DoNotOptimize(StringView(*entry).bytes().size());
  }
  Entry::Destroy(entry);
}
BENCHMARK(ReadKeyAndValue)->Arg(0)->Arg(1);

void RefuseAsInteger(benchmark::State& state) {
  const std::string value = state.range(0) != 0 ? "-1234567890" : std::string(64, '1');
  for (auto _ : state) benchmark::DoNotOptimize(CanonicalInt(value));
}
BENCHMARK(RefuseAsInteger)->Arg(0)->Arg(1);

void FormatTenDigits(benchmark::State& state) {
  char digits[20];
  for (auto _ : state) benchmark::DoNotOptimize(FormatInt(1'234'567'890, digits));
}
BENCHMARK(FormatTenDigits);

}  // namespace
}  // namespace ringtail::storage
