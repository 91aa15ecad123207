// Prefetching from other threads while the owner inserts, erases and moves. Says something under TSan.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "storage/string_value.h"
#include "storage/table.h"
#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

// Keeps every array until the prefetching threads are gone.
class KeepingRetirer : public Table::Retirer {
 public:
  ~KeepingRetirer() override {
    for (const auto& [lines, size] : retired_) memory::FreeLines(lines, size);
  }
  void Retire(void* lines, size_t size) override { retired_.emplace_back(lines, size); }
  size_t count() const { return retired_.size(); }

 private:
  std::vector<std::pair<void*, size_t>> retired_;
};

TEST(TableThreads, PrefetchRunsBesideInsertsErasesAndMoves) {
  const uint64_t seed = RunSeed();
  constexpr size_t kKeys = kIsSanitized ? 20'000 : 100'000;
  KeepingRetirer retirer;
  Table table(0.9, &retirer);
  const KeyHasher hasher(seed);
  std::atomic<bool> is_done{false};
  std::vector<std::thread> prefetchers;
  for (uint64_t t = 0; t < 2; ++t) {
    prefetchers.emplace_back([&, t] {
      Random random(seed + t);
      while (!is_done.load(std::memory_order_relaxed)) {
        const KeyHash hash(random.Next());
        table.PrefetchBucket(hash);
        table.PrefetchEntry(hash);
      }
    });
  }
  std::vector<std::string> keys;
  for (size_t id = 0; id < kKeys; ++id) keys.push_back(std::to_string(id));
  for (int round = 0; round < 3; ++round) {
    for (const std::string& key : keys) table.Insert(hasher.Hash(key), MakeInt(key, 1, false));
    for (const std::string& key : keys) {
      const Table::Slot slot = table.Find(hasher.MakeKey(key));
      Entry* entry = MakeInt(key, 2, false);
      Entry* old = slot.entry();
      table.Replace(slot, entry);
      Entry::Destroy(old);
    }
    for (const std::string& key : keys) {
      Entry::Destroy(table.Erase(table.Find(hasher.MakeKey(key))));
    }
    EXPECT_EQ(table.footprint_bytes(), 0U);
  }
  is_done = true;
  for (std::thread& prefetcher : prefetchers) prefetcher.join();
  EXPECT_GT(retirer.count(), 50U);
}

}  // namespace
}  // namespace ringtail::storage
