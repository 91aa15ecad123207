// Prints what a key costs, in bytes of used memory, while a keyspace of many tables fills.
//
//   bench_table_memory [tables] [keys] [load_min] [load_max] [ttl_ms]
//   bench_table_memory pauses
//
// Keys have 16 bytes, values 64. The tables' grow loads are spread evenly from load_min to load_max. Prints
// figures from half of `keys` on, then least, mean and greatest; with a ttl_ms, keys expire within that time.
// The second form fills one table of 2.5 M keys and prints the longest pauses of a single insert.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "storage/database.h"

namespace ringtail {
namespace {

using storage::Database;
using storage::Key;
using storage::KeyHasher;

constexpr int64_t kNowMs = 1'750'000'000'000;
const std::string kValue(64, 'v');

// Writes the 16 bytes of a key's text.
Key NumberedKey(const KeyHasher& hasher, size_t id, char (&text)[16]) {
  std::memcpy(text, "key:", 4);
  for (size_t i = 16; i-- > 4; id /= 10) text[i] = static_cast<char>('0' + id % 10);
  return hasher.MakeKey({text, 16});
}

void PrintBytesPerKey(size_t table_count, size_t key_count, double load_min, double load_max,
                      int64_t ttl_ms) {
  const KeyHasher hasher(1);
  const int64_t before = memory::UsedBytes();
  std::vector<std::unique_ptr<Database>> tables;
  for (size_t i = 0; i < table_count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(table_count);
    tables.push_back(std::make_unique<Database>(
        Database::Options{.grow_load = load_min + (load_max - load_min) * share}));
  }
  double least = 1e9;
  double greatest = 0;
  double sum = 0;
  size_t samples = 0;
  for (size_t id = 0; id < key_count; ++id) {
    char text[16];
    const Key key = NumberedKey(hasher, id, text);
    const int64_t expiry_ms =
        ttl_ms == 0 ? storage::kNoExpiry : kNowMs + 60'000 + static_cast<int64_t>(id) % ttl_ms;
    tables[key.hash.partition_bits() % table_count]->SetString(key, {}, kValue, expiry_ms, kNowMs);
    if (id + 1 < key_count / 2 || (id + 1) % 10'000 != 0) continue;
    const double bytes =
        static_cast<double>(memory::UsedBytes() - before) / static_cast<double>(id + 1);
    least = std::min(least, bytes);
    greatest = std::max(greatest, bytes);
    sum += bytes;
    ++samples;
    if ((id + 1) % 500'000 == 0) std::printf("%9zu keys  %7.2f bytes each\n", id + 1, bytes);
  }
  std::printf("loads %.2f..%.2f, %zu tables: least %.2f, mean %.2f, greatest %.2f\n", load_min,
              load_max, table_count, least, sum / static_cast<double>(samples), greatest);
}

// The thread's own time, so that other programs on the machine do not count as pauses.
double ThreadCpuMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

// Fills the same table several times; of each insert the shortest time counts, as what the machine did beside
// it is not the table's.
void PrintInsertPauses() {
  constexpr size_t kKeys = 2'500'000;
  const KeyHasher hasher(1);
  std::vector<std::pair<double, size_t>> pauses_us(kKeys, {1e9, 0});
  for (int round = 0; round < 3; ++round) {
    Database database({.grow_load = 0.94});
    for (size_t id = 0; id < kKeys; ++id) {
      char text[16];
      const Key key = NumberedKey(hasher, id, text);
      const double from = ThreadCpuMicroseconds();
      database.SetString(key, {}, kValue, storage::kNoExpiry, kNowMs);
      pauses_us[id] = std::min(pauses_us[id], {ThreadCpuMicroseconds() - from, id});
    }
  }
  double sum = 0;
  for (const auto& [pause_us, id] : pauses_us) sum += pause_us;
  std::sort(pauses_us.rbegin(), pauses_us.rend());
  std::printf("one table, %zu inserts: %.0f ns each with the clock; longest (us, at key):", kKeys,
              sum * 1e3 / kKeys);
  for (size_t i = 0; i < 10; ++i) std::printf(" %.0f@%zu", pauses_us[i].first, pauses_us[i].second);
  std::printf("; p99.99 %.1f us\n", pauses_us[kKeys / 10'000].first);
}

}  // namespace
}  // namespace ringtail

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "pauses") == 0) {
    ringtail::PrintInsertPauses();
    return 0;
  }
  const auto argument = [&](int index, double otherwise) {
    return argc > index ? std::atof(argv[index]) : otherwise;
  };
  ringtail::PrintBytesPerKey(static_cast<size_t>(argument(1, 256)),
                             static_cast<size_t>(argument(2, 6'000'000)), argument(3, 0.82),
                             argument(4, 0.94), static_cast<int64_t>(argument(5, 0)));
  return 0;
}
