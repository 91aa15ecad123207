#include "engine/tracking.h"

#include <algorithm>
#include <utility>

namespace ringtail::engine {
namespace {

// Buckets swept between two looks at the clock: some 500 keys, 10 to 50 µs.
constexpr int kSweepBuckets = 64;
constexpr size_t kMoveBuckets = 64;

}  // namespace

Tracking::Tracking(size_t partition_count, size_t worker_count, const storage::KeyHasher& hasher)
    : hasher_(hasher),
      partition_count_(partition_count),
      worker_count_(worker_count),
      tables_(partition_count),
      sweeps_(std::make_unique<Sweep[]>(worker_count)) {}

Tracking::~Tracking() = default;

// ---- Trackers

TrackerId Tracking::Add(uint64_t client_id, uint64_t address) {
  // Before an id is used again, or it would inherit them.
  if (has_dead_prefixes()) DropDeadPrefixes();
  uint64_t swept = UINT64_MAX;
  for (size_t w = 0; w < worker_count_; ++w) {
    swept = std::min(swept, sweeps_[w].done_epoch.load(std::memory_order_relaxed));
  }
  TrackerId id = 0;
  {
    std::lock_guard<std::mutex> lock(dead_mutex_);
    const auto free = std::ranges::find_if(dead_, [&](const Dead& dead) { return dead.epoch <= swept; });
    if (free != dead_.end()) {
      id = free->id;
      *free = dead_.back();
      dead_.pop_back();
    } else {
      id = static_cast<TrackerId>(trackers_.size());
      trackers_.emplace_back();
    }
  }
  Tracker& tracker = trackers_[id];
  tracker.client_id = client_id;
  tracker.address = address;
  tracker.is_quiet_about_itself = false;
  tracker.is_alive.store(true, std::memory_order_relaxed);
  tracker_count_.fetch_add(1, std::memory_order_relaxed);
  return id;
}

void Tracking::AddPrefix(TrackerId tracker, std::string_view prefix) {
  const auto at = prefixes_.find(prefix);
  if (at == prefixes_.end()) {
    prefixes_.emplace(prefix, std::vector<TrackerId>{tracker});
    ++prefix_lengths_[prefix.size()];
  } else if (std::ranges::find(at->second, tracker) == at->second.end()) {
    at->second.push_back(tracker);
  }
}

void Tracking::Retire(TrackerId tracker) {
  trackers_[tracker].is_alive.store(false, std::memory_order_relaxed);
  tracker_count_.fetch_sub(1, std::memory_order_relaxed);
  has_dead_prefixes_.store(true, std::memory_order_relaxed);
  std::lock_guard<std::mutex> lock(dead_mutex_);
  dead_.push_back({tracker, epoch_.fetch_add(1, std::memory_order_release) + 1});
}

void Tracking::DropDeadPrefixes() {
  has_dead_prefixes_.store(false, std::memory_order_relaxed);
  for (auto at = prefixes_.begin(); at != prefixes_.end();) {
    std::erase_if(at->second, [this](TrackerId id) { return IsDead(id); });
    if (!at->second.empty()) {
      ++at;
      continue;
    }
    const auto length = prefix_lengths_.find(at->first.size());
    if (--length->second == 0) prefix_lengths_.erase(length);
    at = prefixes_.erase(at);
  }
}

size_t Tracking::prefix_count() const {
  return static_cast<size_t>(std::ranges::count_if(prefixes_, [this](const auto& prefix) {
    return std::ranges::any_of(prefix.second, [this](TrackerId id) { return !IsDead(id); });
  }));
}

// ---- Keys

void Tracking::Count(const TrackedSize& change) {
  if (change.is_zero()) return;
  key_count_.fetch_add(change.keys, std::memory_order_relaxed);
  item_count_.fetch_add(change.items, std::memory_order_relaxed);
  key_bytes_.fetch_add(change.bytes, std::memory_order_relaxed);
}

void Tracking::Remember(size_t partition, const storage::Key& key, TrackerId reader) {
  auto& table = tables_[partition];
  if (table == nullptr) {
    // Different loads at which they grow keep the tables from growing all at once.
    const double spread = static_cast<double>((partition * 97) % partition_count_) /
                          static_cast<double>(partition_count_);
    table = std::make_unique<TrackedKeys>(0.82 + 0.12 * spread);
  }
  Count(table->Remember(key, reader));
}

void Tracking::NoteChange(Invalidations& found, size_t partition, const storage::Key& key,
                          uint64_t writer_id) {
  if (!prefixes_.empty()) NoteBroadcast(found, key.bytes, writer_id);
  const auto& table = tables_[partition];
  if (table == nullptr) return;
  if (TrackedKey* tracked = table->Take(key)) {
    Forget(found, tracked, writer_id, /*spares_writer=*/true);
  }
}

void Tracking::Forget(Invalidations& found, TrackedKey* key, uint64_t writer_id, bool spares_writer) {
  const TrackedSize size = TrackedKeys::SizeOf(*key);
  for (const TrackerId id : key->readers()) {
    const Tracker& reader = trackers_[id];
    if (!reader.is_alive.load(std::memory_order_relaxed)) continue;
    if (spares_writer && reader.is_quiet_about_itself && reader.client_id == writer_id) continue;
    found.Add(id, key->key());
  }
  Count({-size.keys, -size.items, -size.bytes});
  TrackedKey::Destroy(key);
}

// One look-up for each length that prefixes have, however many there are.
void Tracking::NoteBroadcast(Invalidations& found, std::string_view name, uint64_t writer_id) const {
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > name.size()) return;
    const auto at = prefixes_.find(name.substr(0, length));
    if (at != prefixes_.end()) found.AddBroadcast(at->first, name, writer_id);
  }
}

bool Tracking::ForgetOne(Invalidations& found, size_t partition, Random& random) {
  const auto& table = tables_[partition];
  std::string name;
  if (table == nullptr || !table->RandomName(random, name)) return false;
  Forget(found, table->Take(hasher_.MakeKey(name)), 0, /*spares_writer=*/false);
  return true;
}

std::vector<std::unique_ptr<TrackedKeys>> Tracking::TakeAll() {
  key_count_.store(0, std::memory_order_relaxed);
  item_count_.store(0, std::memory_order_relaxed);
  key_bytes_.store(0, std::memory_order_relaxed);
  return std::exchange(tables_, std::vector<std::unique_ptr<TrackedKeys>>(partition_count_));
}

// ---- The sweep

size_t Tracking::SweepPartition(size_t worker_index) {
  Sweep& sweep = sweeps_[worker_index];
  if (!sweep.is_running) {
    sweep.is_running = true;
    sweep.epoch = epoch_.load(std::memory_order_acquire);
    sweep.step = 0;
    sweep.cursor = 0;
  }
  return sweep.step * worker_count_ + worker_index;
}

std::unique_ptr<TrackedKeys> Tracking::SweepSome(size_t worker_index) {
  Sweep& sweep = sweeps_[worker_index];
  auto& table = tables_[SweepPartition(worker_index)];
  std::unique_ptr<TrackedKeys> dropped;
  if (table != nullptr) {
    TrackedSize change;
    for (int i = 0; i < kSweepBuckets; ++i) {
      sweep.cursor = table->Sweep(sweep.cursor, hasher_, [this](TrackerId id) { return IsDead(id); },
                                  change);
      if (sweep.cursor == 0) break;
    }
    Count(change);
    table->Move(kMoveBuckets);
    if (table->size() == 0) dropped = std::move(table);
  }
  if (table == nullptr || sweep.cursor == 0) {
    sweep.cursor = 0;
    ++sweep.step;
    if (sweep.step * worker_count_ + worker_index >= partition_count_) {
      sweep.is_running = false;
      sweep.done_epoch.store(sweep.epoch, std::memory_order_relaxed);
    }
  }
  return dropped;
}

}  // namespace ringtail::engine
