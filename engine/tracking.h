// Which client may hold a copy of which key, so that it can be told when the copy is out of date
// (client-side caching, CLIENT TRACKING).
//
//   const TrackerId reader = tracking.Add(client_id, address);      // exclusive mode
//   tracking.Remember(partition, key, reader);                      // it has read the key; under its lock
//   tracking.NoteChange(found, partition, key, writer_id);          // somebody writes; under its lock
//   tracking.Retire(reader);                                        // it is gone, or tracks no more
//
// A key is remembered by name until it changes or there are too many; then it is forgotten and its
// readers are told once. A tracker that was retired is not looked for at once: a sweep, in slices
// and by each worker for its share of the partitions, drops what was remembered for it, and only
// then is its id given to another. A tracker may be of the other kind instead: it names prefixes,
// is told of every change under them, and nothing is remembered.
//
// Thread rule: trackers and prefixes change in exclusive mode only, but any worker may call Retire
// within a batch; so within a batch everything else may be read. Tables under their partition's
// lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "engine/invalidations.h"
#include "engine/tracked_keys.h"
#include "storage/key_hash.h"

namespace ringtail::engine {

/// One client with tracking on.
struct Tracker {
  uint64_t client_id = 0;
  uint64_t address = 0;               ///< where to send to; a word of whoever sends
  bool is_quiet_about_itself = false; ///< NOLOOP: not told of what it changes itself
  std::atomic<bool> is_alive{false};
};

class Tracking {
 public:
  Tracking(size_t partition_count, size_t worker_count, const storage::KeyHasher& hasher);
  ~Tracking();
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // Trackers; exclusive mode, but for Retire.

  TrackerId Add(uint64_t client_id, uint64_t address);
  void SetQuietAboutItself(TrackerId tracker, bool is_quiet) {
    trackers_[tracker].is_quiet_about_itself = is_quiet;
  }
  /// Has it told of every change of keys that begin so.
  void AddPrefix(TrackerId tracker, std::string_view prefix);
  /// Ends it; any worker, within a batch.
  void Retire(TrackerId tracker);
  /// Drops prefixes that only retired trackers named.
  void DropDeadPrefixes();
  bool has_dead_prefixes() const { return has_dead_prefixes_.load(std::memory_order_relaxed); }

  // Keys; under the lock of the key's partition.

  void Remember(size_t partition, const storage::Key& key, TrackerId reader);
  /// Forgets the key and notes whom to tell; `writer_id` is the client that changed it, 0 if none
  /// did.
  void NoteChange(Invalidations& found, size_t partition, const storage::Key& key, uint64_t writer_id);
  /// Forgets one key of the partition, chosen by chance, and notes whom to tell. False: it holds
  /// none.
  bool ForgetOne(Invalidations& found, size_t partition, Random& random);
  /// Starts to load what Remember will look at; the caller knows that nobody changes the table
  /// meanwhile.
  void PrefetchBucket(size_t partition, storage::KeyHash hash) const {
    if (const auto& table = tables_[partition]) table->PrefetchBucket(hash);
  }
  void PrefetchKey(size_t partition, storage::KeyHash hash) const {
    if (const auto& table = tables_[partition]) table->PrefetchKey(hash);
  }
  /// Forgets all keys, in exclusive mode; they are in what is returned, for the caller to free when
  /// there is time.
  std::vector<std::unique_ptr<TrackedKeys>> TakeAll();

  // The sweep; within a batch.

  /// Whether this worker has partitions to sweep.
  bool HasSweep(size_t worker_index) const {
    return sweeps_[worker_index].done_epoch.load(std::memory_order_relaxed) !=
           epoch_.load(std::memory_order_relaxed);
  }
  /// The partition to go on with; only while HasSweep.
  size_t SweepPartition(size_t worker_index);
  /// Goes on with it, under its lock, by a few hundred keys. What is to be freed in the background,
  /// or null.
  std::unique_ptr<TrackedKeys> SweepSome(size_t worker_index);

  // Limits and questions.

  void SetLimits(int64_t keys_max, int64_t bytes_max) {
    keys_max_.store(keys_max, std::memory_order_relaxed);
    bytes_max_.store(bytes_max, std::memory_order_relaxed);
  }
  /// More is remembered than tracking-table-max-keys or tracking-table-max-bytes allow (0: no
  /// limit).
  bool is_over_limit() const {
    const int64_t keys = keys_max_.load(std::memory_order_relaxed);
    const int64_t bytes = bytes_max_.load(std::memory_order_relaxed);
    return (keys != 0 && key_count() > keys) || (bytes != 0 && key_bytes() > bytes);
  }
  bool is_on() const { return tracker_count() != 0; }
  int64_t tracker_count() const { return tracker_count_.load(std::memory_order_relaxed); }
  int64_t key_count() const { return key_count_.load(std::memory_order_relaxed); }
  int64_t item_count() const { return item_count_.load(std::memory_order_relaxed); }
  int64_t key_bytes() const { return key_bytes_.load(std::memory_order_relaxed); }
  /// Prefixes that somebody alive named.
  size_t prefix_count() const;
  const Tracker& tracker(TrackerId id) const { return trackers_[id]; }
  /// Trackers that named the prefix; null if there are none any more.
  const std::vector<TrackerId>* FindPrefix(std::string_view prefix) const {
    const auto at = prefixes_.find(prefix);
    return at == prefixes_.end() ? nullptr : &at->second;
  }
  /// Calls visit(const Tracker&) for everyone alive.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const Tracker& tracker : trackers_) {
      if (tracker.is_alive.load(std::memory_order_relaxed)) visit(tracker);
    }
  }

 private:
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  struct Dead {
    TrackerId id;
    uint64_t epoch;  // of the sweep that frees its id
  };
  /// A worker's walk over its share of the partitions.
  struct alignas(64) Sweep {
    std::atomic<uint64_t> done_epoch{0};
    bool is_running = false;
    uint64_t epoch = 0;       // that this walk will have done
    size_t step = 0;          // partitions done
    uint32_t cursor = 0;      // in the table of the present one
  };

  bool IsDead(TrackerId id) const { return !trackers_[id].is_alive.load(std::memory_order_relaxed); }
  void Count(const TrackedSize& change);
  void Forget(Invalidations& found, TrackedKey* key, uint64_t writer_id, bool spares_writer);
  void NoteBroadcast(Invalidations& found, std::string_view name, uint64_t writer_id) const;

  const storage::KeyHasher& hasher_;
  const size_t partition_count_;
  const size_t worker_count_;
  std::vector<std::unique_ptr<TrackedKeys>> tables_;   // by partition

  // Changed in exclusive mode.
  std::deque<Tracker> trackers_;
  std::unordered_map<std::string, std::vector<TrackerId>, NameHash, std::equal_to<>> prefixes_;
  std::map<size_t, size_t> prefix_lengths_;            // with how many prefixes are so long

  std::mutex dead_mutex_;
  std::vector<Dead> dead_;                             // guarded by dead_mutex_
  std::atomic<bool> has_dead_prefixes_{false};
  std::atomic<uint64_t> epoch_{0};                     // one more for each that was retired
  std::unique_ptr<Sweep[]> sweeps_;                    // by worker

  std::atomic<int64_t> tracker_count_{0};
  std::atomic<int64_t> key_count_{0};
  std::atomic<int64_t> item_count_{0};
  std::atomic<int64_t> key_bytes_{0};
  std::atomic<int64_t> keys_max_{1'000'000};
  std::atomic<int64_t> bytes_max_{0};
};

}  // namespace ringtail::engine
