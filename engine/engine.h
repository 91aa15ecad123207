// The keyspace of one node: partitions, their locks, and the rules under which commands touch them.
//
//   Engine engine({.worker_count = 4, .clock = &clock});
//   WorkerState& worker = engine.worker(0);
//   engine.BeginBatch(worker);
//   {
//     Engine::KeyLocks locks(engine, hashes);          // ascending, all up front
//     Database& db = engine.GetDatabase(0, hash);
//     …
//   }
//   engine.EndBatch(worker);
//
// Thread rule: a WorkerState belongs to one thread. Databases are touched only with the partition's lock
// held or in exclusive mode; both only between BeginBatch and EndBatch.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/counter.h"
#include "base/prefetch.h"
#include "base/random.h"
#include "engine/array_retirer.h"
#include "engine/background_disposer.h"
#include "engine/commit_log.h"
#include "engine/exclusive_gate.h"
#include "engine/invalidations.h"
#include "engine/key_interest.h"
#include "engine/partition_lock.h"
#include "engine/tracking.h"
#include "storage/database.h"
#include "storage/eviction.h"
#include "storage/key_hash.h"

namespace ringtail::engine {

using storage::Database;
using storage::Entry;
using storage::Key;
using storage::KeyHash;

/// How a key, or fields of it, went without a command.
enum class Removal : uint8_t { kExpired, kEvicted, kFieldsExpired, kLastFieldExpired };

/// Gets told of removals, by the worker that does them, with the key's lock held: be short.
class RemovalListener {
 public:
  virtual ~RemovalListener() = default;
  virtual void OnRemoved(size_t worker_index, Removal removal, int db, std::string_view key) = 0;
};

/// What one worker counted; read by INFO from other threads.
struct EngineStats {
  Counter keyspace_hits;
  Counter keyspace_misses;
  Counter expired_keys;
  Counter expired_fields;      ///< of hashes
  Counter evicted_keys;
  Counter changes;             ///< writes that changed something, for rdb_changes_since_last_save
  Counter eviction_exceeded_ns;
  Counter expire_slice_ns_max; ///< longest time one expiry slice held the worker
  Counter expire_slices;

  void Reset() {
    for (Counter* counter : {&keyspace_hits, &keyspace_misses, &expired_keys, &expired_fields, &evicted_keys,
                             &eviction_exceeded_ns, &expire_slice_ns_max, &expire_slices}) {
      counter->Reset();
    }
  }
};

/// One worker's part of the engine.
struct WorkerState {
  WorkerState(storage::Eviction& eviction, size_t index_of_worker, uint64_t seed)
      : index(index_of_worker), evictor(eviction, seed), random(seed ^ 0x5bd1e995) {}

  const size_t index;
  storage::Evictor evictor;
  Random random;
  int64_t now_ms = 0;  ///< Wall time of this batch.
  /// Someone keeps the keyspace for long: until its batch ends this worker touches no key.
  bool is_shut_out = false;
  bool is_batch_begun = false;
  EngineStats stats;
  size_t expiry_cursor = 0;
  std::vector<ReadyKey> ready;  ///< whose waiters are to be served, in the order in which they were changed
  Invalidations invalidations;  ///< found and not yet sent
};

class Engine {
 public:
  struct Options {
    size_t worker_count = 1;
    int database_count = 16;
    size_t partition_count = 0;  ///< power of two; 0: max(256, 32 per worker)
    const Clock* clock = nullptr;
    uint64_t seed = 0;           ///< 0: from the operating system
  };

  explicit Engine(const Options& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Batches.

  /// Begins a worker's batch: fixes its time, lets exclusive commands of others go first. False: the worker is shut out
  /// (`is_shut_out`), because another one keeps the keyspace for long. EndBatch is called in either case.
  bool BeginBatch(WorkerState& worker);
  void EndBatch(WorkerState& worker);
  /// Between two commands of a batch. False: the worker is shut out until the batch ends.
  bool Breathe(WorkerState& worker) {
    if (!gate_.is_wanted() && !worker.is_shut_out) [[likely]] return true;
    return BreatheSlow(worker);
  }
  /// Reads the clock again within a batch.
  void RefreshTime(WorkerState& worker);

  // Locks.

  /// Holds the locks of these keys' partitions. With one worker it does nothing.
  class KeyLocks {
   public:
    KeyLocks(Engine& engine, std::span<const Key> keys);
    ~KeyLocks();
    KeyLocks(const KeyLocks&) = delete;
    KeyLocks& operator=(const KeyLocks&) = delete;
    /// Whether the partitions of these keys are among those held.
    bool Covers(std::span<const Key> keys) const;

   private:
    static constexpr size_t kWords = 64;  // 4096 partitions
    void LockMany(std::span<const Key> keys);

    Engine& engine_;
    PartitionLock* single_ = nullptr;
    std::unique_ptr<std::array<uint64_t, kWords>> many_;  // a bit for each partition held
  };
  /// All workers stand still while one of these lives. Only within a batch and with no KeyLocks held. False if the worker
  /// was shut out instead.
  class Exclusive {
   public:
    Exclusive(Engine& engine, WorkerState& worker);
    ~Exclusive() {
      if (is_held_) engine_.gate_.Release(worker_.index);
    }
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;
    explicit operator bool() const { return is_held_; }
    /// For a holder that takes long: lets all workers go on, shut out, itself too; then its batch may end.
    void ShutOut();
    /// Begins a batch in which the holder goes on; then ShutOut again, or the end of this object. Then EndBatch.
    void ComeBack();

   private:
    Engine& engine_;
    WorkerState& worker_;
    const bool is_held_;
  };
  /// Starts to bring the lock of a key's partition here, which another worker held last; a few keys ahead.
  void PrefetchLock(const Key& key) const {
    if (!is_single_threaded_) PrefetchForWriting(&partitions_[PartitionOf(key.hash)].lock);
  }
  /// Whether someone waits for exclusivity; for slices of long work.
  bool is_exclusive_wanted() const { return gate_.is_wanted(); }

  // Keys and databases.

  /// With one worker nobody else touches the keyspace within its batch, so it may look at it without locks.
  bool is_single_threaded() const { return is_single_threaded_; }
  Key MakeKey(std::string_view bytes) const { return hasher_.MakeKey(bytes); }
  size_t PartitionOf(KeyHash hash) const { return hash.partition_bits() & partition_mask_; }
  size_t partition_count() const { return partition_mask_ + 1; }
  int database_count() const { return database_count_; }
  /// The database's share in the key's partition; null while nothing was ever put there.
  Database* FindDatabase(int db, KeyHash hash) const { return FindDatabaseAt(db, PartitionOf(hash)); }
  Database* FindDatabaseAt(int db, size_t partition) const {
    return databases_[DatabaseIndex(db, partition)].load(std::memory_order_acquire);
  }
  /// The same, made if need be.
  Database& GetDatabase(int db, KeyHash hash) {
    Database* database = FindDatabase(db, hash);
    if (database == nullptr) [[unlikely]] database = MakeDatabase(PartitionOf(hash), db);
    return *database;
  }
  /// Starts to load the key's bucket, then its entry; without any lock.
  void PrefetchBucket(int db, KeyHash hash) const {
    if (const Database* database = FindDatabase(db, hash)) database->table().PrefetchBucket(hash);
  }
  void PrefetchEntry(int db, KeyHash hash) const {
    if (const Database* database = FindDatabase(db, hash)) database->table().PrefetchEntry(hash);
  }

  /// Calls visit(Database&) for the database's share of each partition in turn, one lock at a time (none
  /// in exclusive mode, when `is_exclusive`).
  template <typename Visit>
  void VisitPartitions(int db, bool is_exclusive, Visit&& visit) {
    for (size_t p = 0; p < partition_count(); ++p) {
      WithPartition(p, is_exclusive, [&] {
        if (Database* database = FindDatabaseAt(db, p)) visit(*database, p);
      });
    }
  }
  template <typename Work>
  void WithPartition(size_t partition, bool is_exclusive, Work&& work) {
    if (is_single_threaded_ || is_exclusive) return work();
    partitions_[partition].lock.Lock();
    work();
    partitions_[partition].lock.Unlock();
  }
  /// Keys of a database, and those of them that expire.
  struct DatabaseSize {
    uint64_t keys = 0;
    uint64_t volatile_keys = 0;
    uint64_t overhead_bytes = 0;
  };
  DatabaseSize SizeOf(int db, bool is_exclusive);
  /// Milliseconds until the keys of a database that expire do so, on average over a few hundred; 0 if none does.
  int64_t AverageTtlMs(int db, int64_t now_ms, Random& random);

  // Who watches keys and who waits for them. Under the lock of the key's partition (or in exclusive mode).

  /// Whether there is anybody; one load.
  bool has_interests() const { return interest_count_.load(std::memory_order_relaxed) != 0; }
  void Watch(int db, const Key& key, Watcher& watcher);
  void Unwatch(int db, const Key& key, const Watcher& watcher);
  /// A place in the order of all waiters.
  uint64_t NextTicket() { return waiter_tickets_.fetch_add(1, std::memory_order_relaxed) + 1; }
  void AddWaiter(int db, const Key& key, const std::shared_ptr<Waiter>& waiter);
  void RemoveWaiter(int db, const Key& key, const Waiter& waiter);
  /// Somebody (a client's id, or 0) has changed a key: tells its watchers, and notes with the worker who is to be told
  /// of it and, if somebody waits for it, that it is ready.
  void NoteChange(WorkerState& worker, int db, const Key& key, uint64_t writer_id);
  /// See KeyInterests::NextWaiter.
  std::shared_ptr<Waiter> NextWaiter(int db, const Key& key, uint64_t after, bool only_removal) const {
    const auto& interests = partitions_[PartitionOf(key.hash)].interests;
    return interests == nullptr ? nullptr : interests->NextWaiter(db, key, after, only_removal);
  }
  /// Calls visit(db, key's name, watchers, whether somebody waits) for every key of interest; exclusive mode.
  template <typename Visit>
  void ForEachInterest(Visit&& visit) {
    for (size_t p = 0; p < partition_count(); ++p) {
      if (partitions_[p].interests != nullptr) partitions_[p].interests->ForEach(visit);
    }
  }

  // Clients that hold copies of keys (client-side caching); engine/tracking.h has the rules.

  const Tracking& tracking() const { return tracking_; }
  /// Adds a tracker; has_interests() holds while there is one. Exclusive mode.
  TrackerId AddTracker(uint64_t client_id, uint64_t address);
  void SetTrackerQuietAboutItself(TrackerId tracker, bool is_quiet) {
    tracking_.SetQuietAboutItself(tracker, is_quiet);
  }
  void AddTrackerPrefix(TrackerId tracker, std::string_view prefix) {
    tracking_.AddPrefix(tracker, prefix);
  }
  /// Ends it; any worker, within a batch.
  void RetireTracker(TrackerId tracker);
  /// Frees what retired trackers left among the prefixes; exclusive mode.
  void DropDeadPrefixes() { tracking_.DropDeadPrefixes(); }
  void SetTrackingLimits(int64_t keys_max, int64_t bytes_max) {
    tracking_.SetLimits(keys_max, bytes_max);
  }
  /// The tracker has read the key.
  void Remember(const Key& key, TrackerId reader) {
    tracking_.Remember(PartitionOf(key.hash), key, reader);
  }
  /// Somebody (0: nobody) has changed the key: notes in the worker's invalidations who is to be told.
  void NoteTrackedChange(WorkerState& worker, const Key& key, uint64_t writer_id) {
    if (!tracking_.is_on()) return;
    tracking_.NoteChange(worker.invalidations, PartitionOf(key.hash), key, writer_id);
  }
  /// A database was emptied: everybody who tracks is to be told, and nothing is remembered any more. Exclusive mode.
  void NoteTrackedFlush(WorkerState& worker);
  /// Forgets keys, at most this many, while more are remembered than may be. Within a batch, with no lock held.
  void LimitTracking(WorkerState& worker, int effort);
  /// Starts to load what Remember will look at; with one worker only.
  void PrefetchTrackedBucket(const Key& key) const {
    if (is_single_threaded_) tracking_.PrefetchBucket(PartitionOf(key.hash), key.hash);
  }
  void PrefetchTrackedKey(const Key& key) const {
    if (is_single_threaded_) tracking_.PrefetchKey(PartitionOf(key.hash), key.hash);
  }

  // Whole databases; exclusive mode only.

  /// Empties one database (or all: db < 0). The entries are freed on the disposer's thread, or here if
  /// `in_background` is false. Returns how many keys there were.
  uint64_t Flush(int db, bool in_background);
  void SwapDatabases(int first, int second);

  // Time-driven work; within a batch.

  /// Erases an entry that the caller found to be expired: effect, counters.
  void EraseExpired(WorkerState& worker, int db, Database& database, Database::Found found);
  /// Erases the expired fields of a hash, and the entry with the last of them. Returns whether the
  /// entry is still there.
  bool EraseExpiredFields(WorkerState& worker, int db, Database& database, Database::Found found);
  /// Does due background work on this worker's share of the partitions for about `budget_ns`: expiry,
  /// unfinished table moves. Returns whether there is more to do right away.
  bool RunBackground(WorkerState& worker, int64_t budget_ns);
  void SetActiveExpire(bool is_active) { is_expire_active_.store(is_active); }
  bool is_expire_active() const { return is_expire_active_.load(std::memory_order_relaxed); }
  /// Tells this listener of removals from now on; null: nobody.
  void SetRemovalListener(RemovalListener* listener) { removal_listener_.store(listener); }

  // Memory.

  /// Applies maxmemory (0: none), the policy and its tuning. Exclusive mode only.
  void ConfigureMemory(int64_t memory_bytes_max, storage::EvictionPolicy policy,
                       storage::LfuTuning tuning);
  int64_t memory_bytes_max() const { return memory_bytes_max_.load(std::memory_order_relaxed); }
  /// Evicts until `incoming_bytes` more fit under maxmemory. False: they cannot be made to fit.
  /// Only within a batch and with no KeyLocks held.
  bool MakeRoom(WorkerState& worker, size_t incoming_bytes) {
    const int64_t max = memory_bytes_max();
    if (max == 0) return true;
    // Other workers' commands and buffers that are being received grow meanwhile; a two-hundredth is
    // kept free for them, so that the cap itself holds.
    const int64_t target = max - max / 200 - static_cast<int64_t>(incoming_bytes);
    if (memory::UsedBytes() <= target) return true;
    return Evict(worker, target);
  }
  storage::Eviction& eviction() { return eviction_; }

  // Parts.

  CommitLog& log() { return log_; }
  const Clock& clock() const { return clock_; }
  const storage::KeyHasher& hasher() const { return hasher_; }
  BackgroundDisposer& disposer() { return disposer_; }
  WorkerState& worker(size_t index) { return *workers_[index]; }
  size_t worker_count() const { return workers_.size(); }
  /// Checks every table and index; exclusive mode only. The first violation, or null.
  const char* Verify() const;

 private:
  bool BreatheSlow(WorkerState& worker);

  struct alignas(64) Partition {
    PartitionLock lock;
    std::unique_ptr<KeyInterests> interests;
  };

  /// Changes the interests of a key's partition by change(KeyInterests&), and keeps count of them.
  template <typename Change>
  void ChangeInterests(const Key& key, Change&& change);
  void NoteChange(WorkerState& worker, int db, const Entry& entry) {
    if (has_interests()) [[unlikely]] NoteChange(worker, db, MakeKey(entry.key()), 0);
  }
  void NoteRemoval(WorkerState& worker, Removal removal, int db, const Entry& entry);
  void TellListener(WorkerState& worker, Removal removal, int db, std::string_view key) {
    RemovalListener* const listener = removal_listener_.load(std::memory_order_relaxed);
    if (listener != nullptr) [[unlikely]] listener->OnRemoved(worker.index, removal, db, key);
  }
  bool SweepTracking(WorkerState& worker, int64_t end_ns);

  size_t DatabaseIndex(int db, size_t partition) const {
    return static_cast<size_t>(db) * (partition_mask_ + 1) + partition;
  }
  Database* MakeDatabase(size_t partition, int db);
  bool Evict(WorkerState& worker, int64_t target_bytes);
  bool EvictOne(WorkerState& worker);
  bool EraseExpiredFields(WorkerState& worker, int db, Database& database);
  void NoteErasedField(WorkerState& worker, int db, const Entry& entry, std::string_view field);
  void SampleForEviction(WorkerState& worker);
  size_t SamplePartition(WorkerState& worker, size_t partition);
  void RunExpiry(WorkerState& worker, size_t partition, bool& has_more);

  const Clock& clock_;
  const bool is_single_threaded_;
  const int database_count_;
  const size_t partition_mask_;
  storage::KeyHasher hasher_;
  ArrayRetirer retirer_;
  BackgroundDisposer disposer_;  // ends before the retirer, to which the tables that it frees give their arrays
  std::unique_ptr<Partition[]> partitions_;
  // Owned; by database, then partition. Atomic since prefetching looks without a lock; a database goes
  // away only in exclusive mode, which no batch overlaps.
  std::unique_ptr<std::atomic<Database*>[]> databases_;
  ExclusiveGate gate_;
  CommitLog log_;
  Tracking tracking_;
  std::mutex tracking_limit_mutex_;  // held while one tracked key is chosen and forgotten for want of room
  storage::Eviction eviction_;
  std::atomic<int64_t> memory_bytes_max_{0};
  std::atomic<bool> is_expire_active_{true};
  std::atomic<RemovalListener*> removal_listener_{nullptr};
  std::atomic<size_t> interest_count_{0};    // keys that are watched or waited for, and trackers
  std::atomic<uint64_t> waiter_tickets_{0};
  std::vector<std::unique_ptr<WorkerState>> workers_;
};

}  // namespace ringtail::engine
