// Keeps bucket arrays that other workers may still be prefetching from, until none of them can be.
//
//   retirer.BeginBatch(worker);  … prefetch stages …  retirer.EndBatch(worker);
//
// Quiescent-state reclamation: a batch announces the epoch in which it began; an array retired in epoch e is
// freed when every batch that runs began after e. Thread rule: Retire from any worker, Begin and EndBatch by the worker
// they name.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/table.h"

namespace ringtail::engine {

class ArrayRetirer final : public storage::Table::Retirer {
 public:
  explicit ArrayRetirer(size_t worker_count)
      : worker_count_(worker_count), announced_(std::make_unique<Padded[]>(worker_count)) {}
  ~ArrayRetirer() override { FreeOlderThan(UINT64_MAX); }

  void BeginBatch(size_t worker) {
    if (worker_count_ == 1) return;
    // Sequentially consistent: the announcement must be visible before the first table is read.
    announced_[worker].epoch.store(epoch_.load(std::memory_order_relaxed));
  }
  void EndBatch(size_t worker) {
    if (worker_count_ == 1) return;
    announced_[worker].epoch.store(kIdle, std::memory_order_release);
  }

  void Retire(void* lines, size_t size) override {
    if (worker_count_ == 1) {
      memory::FreeLines(lines, size);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      retired_.push_back({lines, size, epoch_.fetch_add(1)});
    }
    Reclaim();
  }
  /// Frees what can be freed; call now and then.
  void Reclaim() {
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < worker_count_; ++i) {
      oldest = std::min(oldest, announced_[i].epoch.load());
    }
    FreeOlderThan(oldest);
  }

 private:
  static constexpr uint64_t kIdle = UINT64_MAX;
  struct alignas(64) Padded {
    std::atomic<uint64_t> epoch{kIdle};
  };
  struct Retired {
    void* lines;
    size_t size;
    uint64_t epoch;
  };

  void FreeOlderThan(uint64_t oldest) {
    std::lock_guard<std::mutex> lock(mutex_);
    size_t kept = 0;
    for (const Retired& array : retired_) {
      if (array.epoch < oldest) {
        memory::FreeLines(array.lines, array.size);
      } else {
        retired_[kept++] = array;
      }
    }
    retired_.resize(kept);
  }

  const size_t worker_count_;
  std::unique_ptr<Padded[]> announced_;
  std::atomic<uint64_t> epoch_{1};
  std::mutex mutex_;
  std::vector<Retired> retired_;
};

}  // namespace ringtail::engine
