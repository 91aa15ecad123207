// Frees what is large on a thread of its own, so that no worker waits for the allocator.
//
//   BackgroundDisposer disposer;
//   disposer.Dispose(entry);                    // large values go to the thread, small ones are freed here
//   disposer.DisposeThing(std::move(table), key_count);
//
// Thread rule: any thread may dispose. The destructor waits until all is freed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/database.h"

namespace ringtail::engine {

class BackgroundDisposer final : public storage::Disposer {
 public:
  BackgroundDisposer();
  ~BackgroundDisposer() override;

  void Dispose(storage::Entry* entry) override;
  /// Frees `databases` on the thread.
  void Dispose(std::vector<std::unique_ptr<storage::Database>> databases);

  /// Lets go of whatever it is on the thread; it counts as so many objects.
  void DisposeThing(std::shared_ptr<void> thing, uint64_t object_count);

  /// Objects waiting to be freed and freed so far; for INFO's lazyfree fields.
  uint64_t pending_count() const { return pending_count_.load(std::memory_order_relaxed); }
  uint64_t freed_count() const { return freed_count_.load(std::memory_order_relaxed); }
  void ResetFreedCount() { freed_count_.store(0, std::memory_order_relaxed); }
  /// Returns once everything handed over before the call is freed.
  void Drain();

 private:
  struct Work {
    storage::Entry* entry = nullptr;
    std::vector<std::unique_ptr<storage::Database>> databases;
    std::shared_ptr<void> thing;
    uint64_t object_count = 1;
  };
  void Push(Work work);
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Work> queue_;
  bool is_busy_ = false;
  bool is_stopping_ = false;
  std::atomic<uint64_t> pending_count_{0};
  std::atomic<uint64_t> freed_count_{0};
  std::thread thread_;
};

}  // namespace ringtail::engine
