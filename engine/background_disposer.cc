#include "engine/background_disposer.h"

#include <pthread.h>

#include <memory>
#include <utility>

#include "storage/object.h"

namespace ringtail::engine {
namespace {

// Unmapping this much takes as long as a few dozen requests; below it the hand-over costs more.
constexpr size_t kBackgroundBytesMin = 256 * 1024;
// As many elements of a structure, each an allocation or two, take as long to free.
constexpr size_t kBackgroundElementsMin = 64;

bool IsLarge(const storage::Entry& entry) {
  if (entry.encoding() == storage::Encoding::kObject) {
    return storage::ObjectOf<storage::Object>(entry).element_count() >= kBackgroundElementsMin;
  }
  return entry.footprint_bytes() >= kBackgroundBytesMin;
}

}  // namespace

BackgroundDisposer::BackgroundDisposer() : thread_([this] { Run(); }) {}

BackgroundDisposer::~BackgroundDisposer() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundDisposer::Dispose(storage::Entry* entry) {
  if (!IsLarge(*entry)) {
    storage::Entry::Destroy(entry);
    return;
  }
  Work work;
  work.entry = entry;
  Push(std::move(work));
}

void BackgroundDisposer::Dispose(std::vector<std::unique_ptr<storage::Database>> databases) {
  Work work;
  work.object_count = 0;
  for (const auto& database : databases) {
    if (database != nullptr) work.object_count += database->size();
  }
  work.databases = std::move(databases);
  Push(std::move(work));
}

void BackgroundDisposer::DisposeThing(std::shared_ptr<void> thing, uint64_t object_count) {
  Work work;
  work.thing = std::move(thing);
  work.object_count = object_count;
  Push(std::move(work));
}

void BackgroundDisposer::Push(Work work) {
  pending_count_.fetch_add(work.object_count, std::memory_order_relaxed);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_all();
}

void BackgroundDisposer::Drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return queue_.empty() && !is_busy_; });
}

void BackgroundDisposer::Run() {
  pthread_setname_np(pthread_self(), "rt-lazyfree");
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::vector<Work> taken = std::exchange(queue_, {});
    is_busy_ = true;
    lock.unlock();
    for (Work& work : taken) {
      if (work.entry != nullptr) storage::Entry::Destroy(work.entry);
      work.databases.clear();
      work.thing.reset();
      memory::FoldThreadCount();
      pending_count_.fetch_sub(work.object_count, std::memory_order_relaxed);
      freed_count_.fetch_add(work.object_count, std::memory_order_relaxed);
    }
    taken.clear();
    lock.lock();
    is_busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace ringtail::engine
