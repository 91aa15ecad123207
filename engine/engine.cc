#include "engine/engine.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include "base/memory.h"
#include "storage/object.h"

namespace ringtail::engine {
namespace {

// Records of the expiry index looked at between two glances at the clock: about 10 µs of work.
constexpr size_t kExpiryStepRecords = 61;
// Buckets of an unfinished table move done at a time when nobody inserts: about 5 µs of work.
constexpr size_t kMoveStepBuckets = 64;
// Partitions tried for eviction samples before the keyspace counts as empty of candidates.
constexpr int kSampleAttempts = 8;

size_t PartitionCount(const Engine::Options& options) {
  if (options.partition_count != 0) return std::bit_ceil(options.partition_count);
  return std::bit_ceil(std::max<size_t>(256, 32 * options.worker_count));
}

uint64_t Seed(uint64_t seed) {
  if (seed == 0) SecureRandomBytes(&seed, sizeof(seed));
  return seed;
}

}  // namespace

Engine::Engine(const Options& options)
    : clock_(*options.clock),
      is_single_threaded_(options.worker_count == 1),
      database_count_(options.database_count),
      partition_mask_(PartitionCount(options) - 1),
      hasher_(options.seed == 0 ? storage::KeyHasher() : storage::KeyHasher(options.seed)),
      retirer_(options.worker_count),
      partitions_(std::make_unique<Partition[]>(partition_mask_ + 1)),
      databases_(std::make_unique<std::atomic<Database*>[]>(
          (partition_mask_ + 1) * static_cast<size_t>(options.database_count))),
      gate_(options.worker_count),
      tracking_(partition_mask_ + 1, options.worker_count, hasher_),
      eviction_(storage::EvictionPolicy::kNoEviction, 0) {
  const uint64_t seed = Seed(options.seed);
  for (size_t i = 0; i < options.worker_count; ++i) {
    workers_.push_back(std::make_unique<WorkerState>(eviction_, i, seed + i));
  }
}

Engine::~Engine() {
  Flush(-1, /*in_background=*/false);
}

bool Engine::BeginBatch(WorkerState& worker) {
  worker.is_shut_out = !gate_.Enter(worker.index);
  worker.is_batch_begun = !worker.is_shut_out;
  if (worker.is_batch_begun) retirer_.BeginBatch(worker.index);
  RefreshTime(worker);
  return !worker.is_shut_out;
}

void Engine::EndBatch(WorkerState& worker) {
  if (worker.is_batch_begun) retirer_.EndBatch(worker.index);
  worker.is_batch_begun = false;
  worker.is_shut_out = false;
  gate_.Leave(worker.index);
}

// Once shut out, for the rest of the batch, whose first half was prepared when it was not.
bool Engine::BreatheSlow(WorkerState& worker) {
  if (worker.is_shut_out) return false;
  worker.is_shut_out = !gate_.Breathe(worker.index);
  return !worker.is_shut_out;
}

Engine::Exclusive::Exclusive(Engine& engine, WorkerState& worker)
    : engine_(engine), worker_(worker), is_held_(engine.gate_.Acquire(worker.index)) {
  if (is_held_) {
    engine.RefreshTime(worker);
  } else {
    worker.is_shut_out = true;
  }
}

void Engine::Exclusive::ShutOut() {
  worker_.is_shut_out = true;
  engine_.gate_.ShutOut(worker_.index);
}

void Engine::Exclusive::ComeBack() {
  engine_.gate_.ComeBack(worker_.index);
  worker_.is_shut_out = false;
  worker_.is_batch_begun = true;
  engine_.retirer_.BeginBatch(worker_.index);
  engine_.RefreshTime(worker_);
}

void Engine::RefreshTime(WorkerState& worker) {
  worker.now_ms = clock_.WallMs();
  worker.evictor.SetNow(worker.now_ms);
}

Engine::KeyLocks::KeyLocks(Engine& engine, std::span<const Key> keys) : engine_(engine) {
  if (engine.is_single_threaded_ || keys.empty()) return;
  if (keys.size() == 1) [[likely]] {
    single_ = &engine.partitions_[engine.PartitionOf(keys[0].hash)].lock;
    single_->Lock();
    return;
  }
  LockMany(keys);
}

// A bitmap sorts the partitions and drops duplicates in one go.
void Engine::KeyLocks::LockMany(std::span<const Key> keys) {
  many_ = std::make_unique<std::array<uint64_t, kWords>>();
  for (const Key& key : keys) {
    const size_t partition = engine_.PartitionOf(key.hash);
    (*many_)[partition / 64] |= uint64_t{1} << (partition % 64);
  }
  for (size_t word = 0; word <= engine_.partition_mask_ / 64; ++word) {
    for (uint64_t bits = (*many_)[word]; bits != 0; bits &= bits - 1) {
      const size_t partition = word * 64 + static_cast<size_t>(std::countr_zero(bits));
      engine_.partitions_[partition].lock.Lock();
    }
  }
}

Engine::KeyLocks::~KeyLocks() {
  if (single_ != nullptr) single_->Unlock();
  if (many_ == nullptr) return;
  for (size_t word = 0; word <= engine_.partition_mask_ / 64; ++word) {
    for (uint64_t bits = (*many_)[word]; bits != 0; bits &= bits - 1) {
      const size_t partition = word * 64 + static_cast<size_t>(std::countr_zero(bits));
      engine_.partitions_[partition].lock.Unlock();
    }
  }
}

bool Engine::KeyLocks::Covers(std::span<const Key> keys) const {
  if (engine_.is_single_threaded_) return true;
  return std::ranges::all_of(keys, [this](const Key& key) {
    const size_t partition = engine_.PartitionOf(key.hash);
    if (many_ == nullptr) return single_ == &engine_.partitions_[partition].lock;
    return ((*many_)[partition / 64] >> (partition % 64) & 1) != 0;
  });
}

// ---- Interests

template <typename Change>
void Engine::ChangeInterests(const Key& key, Change&& change) {
  auto& interests = partitions_[PartitionOf(key.hash)].interests;
  if (interests == nullptr) interests = std::make_unique<KeyInterests>();
  const size_t before = interests->size();
  change(*interests);
  interest_count_.fetch_add(interests->size() - before, std::memory_order_relaxed);
}

void Engine::Watch(int db, const Key& key, Watcher& watcher) {
  ChangeInterests(key, [&](KeyInterests& of) { of.AddWatcher(db, key, watcher); });
}

void Engine::Unwatch(int db, const Key& key, const Watcher& watcher) {
  ChangeInterests(key, [&](KeyInterests& of) { of.RemoveWatcher(db, key, watcher); });
}

void Engine::AddWaiter(int db, const Key& key, const std::shared_ptr<Waiter>& waiter) {
  ChangeInterests(key, [&](KeyInterests& of) { of.AddWaiter(db, key, waiter); });
}

void Engine::RemoveWaiter(int db, const Key& key, const Waiter& waiter) {
  ChangeInterests(key, [&](KeyInterests& of) { of.RemoveWaiter(db, key, waiter); });
}

void Engine::NoteChange(WorkerState& worker, int db, const Key& key, uint64_t writer_id) {
  NoteTrackedChange(worker, key, writer_id);
  const auto& interests = partitions_[PartitionOf(key.hash)].interests;
  if (interests == nullptr || !interests->NoteChange(db, key)) return;
  for (const ReadyKey& ready : worker.ready) {
    if (ready.db == db && ready.name == key.bytes) return;
  }
  worker.ready.push_back({db, std::string(key.bytes), key.hash});
}

// An expired or evicted key is a changed one to those who watch it.
void Engine::NoteRemoval(WorkerState& worker, Removal removal, int db, const Entry& entry) {
  TellListener(worker, removal, db, entry.key());
  NoteChange(worker, db, entry);
}

// ---- Client-side caching

TrackerId Engine::AddTracker(uint64_t client_id, uint64_t address) {
  interest_count_.fetch_add(1, std::memory_order_relaxed);
  return tracking_.Add(client_id, address);
}

void Engine::RetireTracker(TrackerId tracker) {
  tracking_.Retire(tracker);
  interest_count_.fetch_sub(1, std::memory_order_relaxed);
}

void Engine::NoteTrackedFlush(WorkerState& worker) {
  if (tracking_.is_on()) worker.invalidations.AddFlush();
  const auto count = static_cast<uint64_t>(tracking_.key_count());
  if (count == 0) return;
  using Tables = std::vector<std::unique_ptr<TrackedKeys>>;
  disposer_.DisposeThing(std::make_shared<Tables>(tracking_.TakeAll()), count);
}

void Engine::LimitTracking(WorkerState& worker, int effort) {
  for (; effort > 0 && tracking_.is_over_limit(); --effort) {
    // One worker at a time, lest two forget the same last one that is too many.
    std::lock_guard<std::mutex> lock(tracking_limit_mutex_);
    if (!tracking_.is_over_limit()) return;
    // With few keys most partitions hold none; then the next one that does is as good.
    const size_t first = worker.random.Below(partition_count());
    bool has_found = false;
    for (size_t n = 0; n < partition_count() && !has_found; ++n) {
      const size_t partition = (first + n) & partition_mask_;
      WithPartition(partition, false, [&] {
        has_found = tracking_.ForgetOne(worker.invalidations, partition, worker.random);
      });
    }
    if (!has_found) return;
  }
}

// Drops what is remembered for trackers that are gone. Returns whether there is more to do.
bool Engine::SweepTracking(WorkerState& worker, int64_t end_ns) {
  while (tracking_.HasSweep(worker.index)) {
    const size_t partition = tracking_.SweepPartition(worker.index);
    std::unique_ptr<TrackedKeys> dropped;
    WithPartition(partition, false, [&] { dropped = tracking_.SweepSome(worker.index); });
    if (clock_.MonotonicNs() >= end_ns) return true;
  }
  return false;
}

// ---- Databases

Database* Engine::MakeDatabase(size_t partition, int db) {
  // Tables of the partitions fill alike; different grow loads keep them from growing all at once.
  const double spread = static_cast<double>((partition * 97) & partition_mask_) /
                        static_cast<double>(partition_mask_ + 1);
  auto* database = new Database({.grow_load = 0.82 + 0.12 * spread,
                                 .retirer = is_single_threaded_ ? nullptr : &retirer_,
                                 .disposer = &disposer_});
  databases_[DatabaseIndex(db, partition)].store(database, std::memory_order_release);
  return database;
}

Engine::DatabaseSize Engine::SizeOf(int db, bool is_exclusive) {
  DatabaseSize total;
  VisitPartitions(db, is_exclusive, [&](Database& database, size_t) {
    total.keys += database.size();
    total.volatile_keys += database.volatile_count();
    total.overhead_bytes += database.overhead_bytes();
  });
  return total;
}

uint64_t Engine::Flush(int db, bool in_background) {
  std::vector<std::unique_ptr<Database>> flushed;
  uint64_t key_count = 0;
  for (int i = 0; i < database_count_; ++i) {
    if (db >= 0 && i != db) continue;
    for (size_t p = 0; p <= partition_mask_; ++p) {
      auto& slot = databases_[DatabaseIndex(i, p)];
      std::unique_ptr<Database> database(slot.load(std::memory_order_relaxed));
      if (database == nullptr) continue;
      slot.store(nullptr, std::memory_order_relaxed);
      key_count += database->size();
      flushed.push_back(std::move(database));
    }
  }
  for (auto& worker : workers_) worker->evictor.Clear();
  if (in_background) disposer_.Dispose(std::move(flushed));
  return key_count;
}

int64_t Engine::AverageTtlMs(int db, int64_t now_ms, Random& random) {
  constexpr int kSamplesOfPartition = 4;
  int64_t sum_ms = 0;
  int64_t count = 0;
  VisitPartitions(db, /*is_exclusive=*/false, [&](Database& database, size_t) {
    if (database.expiry_index() == nullptr) return;
    for (int i = 0; i < kSamplesOfPartition; ++i) {
      uint32_t position = 0;
      const Entry* entry = database.expiry_index()->Sample(random, &position);
      if (entry == nullptr || entry->expiry_ms() <= now_ms) continue;
      // Far expiries would overflow the sum; a century is as good as any.
      constexpr int64_t kCenturyMs = int64_t{100} * 366 * 86400 * 1000;
      sum_ms += std::min(entry->expiry_ms() - now_ms, kCenturyMs);
      ++count;
    }
  });
  return count == 0 ? 0 : sum_ms / count;
}

void Engine::SwapDatabases(int first, int second) {
  for (size_t p = 0; p <= partition_mask_; ++p) {
    auto& one = databases_[DatabaseIndex(first, p)];
    auto& other = databases_[DatabaseIndex(second, p)];
    Database* const database = one.load(std::memory_order_relaxed);
    one.store(other.load(std::memory_order_relaxed), std::memory_order_relaxed);
    other.store(database, std::memory_order_relaxed);
  }
  for (auto& worker : workers_) worker->evictor.Clear();
}

void Engine::EraseExpired(WorkerState& worker, int db, Database& database, Database::Found found) {
  if (log_.has_readers()) {
    log_.Append(db, std::array<std::string_view, 2>{"DEL", found.entry->key()});
  }
  log_.Commit();
  worker.stats.expired_keys.Add();
  NoteRemoval(worker, Removal::kExpired, db, *found.entry);
  database.Erase(found);
}

void Engine::NoteErasedField(WorkerState& worker, int db, const Entry& entry,
                             std::string_view field) {
  worker.stats.expired_fields.Add();
  if (log_.has_readers()) {
    log_.Append(db, std::array<std::string_view, 3>{"HDEL", entry.key(), field});
  }
  log_.Commit();
  NoteChange(worker, db, entry);
}

bool Engine::EraseExpiredFields(WorkerState& worker, int db, Database& database,
                                Database::Found found) {
  const std::string key = removal_listener_.load(std::memory_order_relaxed) == nullptr
                              ? std::string()
                              : std::string(found.entry->key());
  const bool is_left = database.EraseExpiredFields(
      found, worker.now_ms, [&](const Entry& entry, std::string_view field) {
        NoteErasedField(worker, db, entry, field);
      });
  TellListener(worker, is_left ? Removal::kFieldsExpired : Removal::kLastFieldExpired, db, key);
  return is_left;
}

// The listener is told once of each hash, when the next one's turn comes.
bool Engine::EraseExpiredFields(WorkerState& worker, int db, Database& database) {
  std::optional<std::string> key;
  bool is_last_gone = false;
  const auto tell = [&] {
    if (!key) return;
    TellListener(worker, is_last_gone ? Removal::kLastFieldExpired : Removal::kFieldsExpired, db,
                 *key);
  };
  const bool has_more = database.EraseExpiredFields(
      worker.now_ms, kExpiryStepRecords, [&](const Entry& entry, std::string_view field) {
        NoteErasedField(worker, db, entry, field);
        if (removal_listener_.load(std::memory_order_relaxed) == nullptr) return;
        if (entry.key() != key) {
          tell();
          key = entry.key();
        }
        is_last_gone = storage::ObjectOf<storage::Object>(entry).element_count() == 1;
      });
  tell();
  return has_more;
}

void Engine::RunExpiry(WorkerState& worker, size_t partition, bool& has_more) {
  WithPartition(partition, /*is_exclusive=*/false, [&] {
    for (int db = 0; db < database_count_; ++db) {
      Database* database = FindDatabaseAt(db, partition);
      if (database == nullptr) continue;
      if (is_expire_active()) {
        has_more |= database->EraseExpired(worker.now_ms, kExpiryStepRecords, [&](Entry& entry) {
          if (log_.has_readers()) {
            log_.Append(db, std::array<std::string_view, 2>{"DEL", entry.key()});
          }
          log_.Commit();
          worker.stats.expired_keys.Add();
          NoteRemoval(worker, Removal::kExpired, db, entry);
        });
        has_more |= EraseExpiredFields(worker, db, *database);
      }
      database->table().Move(kMoveStepBuckets);
    }
  });
}

bool Engine::RunBackground(WorkerState& worker, int64_t budget_ns) {
  const int64_t start_ns = clock_.MonotonicNs();
  const size_t share = (partition_count() + worker_count() - 1 - worker.index) / worker_count();
  bool is_unfinished = false;
  int64_t spent_ns = 0;
  for (size_t visited = 0; visited < share; ++visited) {
    const size_t partition =
        (worker.expiry_cursor % share) * worker_count() + worker.index;
    bool has_more = true;
    while (has_more && spent_ns < budget_ns) {
      has_more = false;
      RunExpiry(worker, partition, has_more);
      spent_ns = clock_.MonotonicNs() - start_ns;
    }
    if (spent_ns >= budget_ns) {
      is_unfinished = true;
      if (!has_more) ++worker.expiry_cursor;
      break;
    }
    ++worker.expiry_cursor;
  }
  is_unfinished |= SweepTracking(worker, start_ns + budget_ns);
  worker.stats.expire_slices.Add();
  worker.stats.expire_slice_ns_max.Raise(static_cast<uint64_t>(spent_ns));
  if (worker.index == 0) {
    uint64_t key_count = 0;
    for (size_t p = 0; p < partition_count(); p += 16) {
      WithPartition(p, false, [&] {
        if (const Database* database = FindDatabaseAt(0, p)) key_count += database->size();
      });
    }
    key_count *= 16;
    const auto max = static_cast<double>(memory_bytes_max());
    const auto used = static_cast<double>(std::max<int64_t>(1, memory::UsedBytes()));
    eviction_.SetKeyCount(key_count,
                          static_cast<uint64_t>(static_cast<double>(key_count) * max / used));
  }
  return is_unfinished;
}

void Engine::ConfigureMemory(int64_t memory_bytes_max, storage::EvictionPolicy policy,
                             storage::LfuTuning tuning) {
  eviction_.SetLfuTuning(tuning);
  if (policy != eviction_.policy() || memory_bytes_max != this->memory_bytes_max()) {
    eviction_.Configure(policy, static_cast<size_t>(memory_bytes_max));
    for (auto& worker : workers_) worker->evictor.Clear();
  }
  memory_bytes_max_.store(memory_bytes_max, std::memory_order_relaxed);
}

// Offers the entries of a few neighbouring buckets, or random volatile ones; the partition's lock is held.
size_t Engine::SamplePartition(WorkerState& worker, size_t partition) {
  const bool is_volatile_only = eviction_.traits().volatile_only;
  const bool is_ttl = eviction_.traits().rank == storage::EvictionRank::kTtl;
  size_t offered = 0;
  const auto offer = [&](int db, const Entry* entry) {
    worker.evictor.Offer(static_cast<uint16_t>(db), hasher_.Hash(entry->key()).bits(),
                         entry->access(), entry->is_volatile() ? entry->expiry_ms() : 0);
    ++offered;
  };
  for (int db = 0; db < database_count_; ++db) {
    Database* database = FindDatabaseAt(db, partition);
    if (database == nullptr || database->size() == 0) continue;
    if (is_volatile_only) {
      if (database->expiry_index() == nullptr) continue;
      for (int i = 0; i < 3; ++i) {
        uint32_t position = 0;
        const Entry* entry = is_ttl && i > 0
                                 ? database->expiry_index()->SampleSoonest(worker.random, &position)
                                 : database->expiry_index()->Sample(worker.random, &position);
        if (entry != nullptr) offer(db, entry);
      }
      continue;
    }
    const auto position =
        static_cast<uint32_t>(worker.random.Next() >> (64 - KeyHash::kPositionBits));
    database->table().VisitBucketAt(position,
                                    [&](const Entry* entry, uint32_t) { offer(db, entry); });
    if (offered == 0) {
      // A sparse table: take the next entries after the position instead.
      uint32_t cursor = position;
      do {
        cursor = database->table().Scan(
            cursor, [&](const Entry* entry, uint32_t) { offer(db, entry); });
      } while (offered == 0 && cursor != 0);
    }
  }
  return offered;
}

void Engine::SampleForEviction(WorkerState& worker) {
  int empty_attempts = 0;
  size_t partition = worker.random.Below(partition_count());
  while (worker.evictor.WantsMore() && empty_attempts < kSampleAttempts) {
    size_t offered = 0;
    WithPartition(partition, false, [&] { offered = SamplePartition(worker, partition); });
    if (offered == 0) {
      ++empty_attempts;
    }
    partition = worker.random.Below(partition_count());
  }
  if (empty_attempts < kSampleAttempts) return;
  // Nearly empty, as far as this policy is concerned: walk all partitions from a random one on.
  for (size_t n = 0; n < partition_count() && worker.evictor.WantsMore(); ++n) {
    const size_t p = (partition + n) & partition_mask_;
    WithPartition(p, false, [&] { SamplePartition(worker, p); });
  }
}

bool Engine::EvictOne(WorkerState& worker) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    if (worker.evictor.WantsMore()) SampleForEviction(worker);
    const auto victim = worker.evictor.Take();
    if (!victim) return false;
    const KeyHash hash(victim->hash);
    bool is_evicted = false;
    WithPartition(PartitionOf(hash), false, [&] {
      Database* database = FindDatabase(victim->db, hash);
      if (database == nullptr) return;
      Database::Found found;
      database->table().VisitPosition(hash.position(), [&](storage::Table::Slot slot) {
        if (hasher_.Hash(slot.entry()->key()).bits() != victim->hash) return false;
        found = {slot, slot.entry()};
        return true;
      });
      if (!found || !worker.evictor.Confirm(*victim, found.entry->access())) return;
      worker.evictor.OnEvicted(victim->hash, found.entry->access());
      if (log_.has_readers()) {
        log_.Append(victim->db, std::array<std::string_view, 2>{"DEL", found.entry->key()});
      }
      log_.Commit();
      worker.stats.evicted_keys.Add();
      NoteRemoval(worker, Removal::kEvicted, victim->db, *found.entry);
      // Here and now: memory that is only queued for freeing would not count as free yet.
      Entry::Destroy(database->Detach(found));
      is_evicted = true;
    });
    if (is_evicted) return true;
  }
  return true;  // The keys moved faster than we looked; the caller measures memory and tries again.
}

bool Engine::Evict(WorkerState& worker, int64_t target_bytes) {
  if (eviction_.policy() == storage::EvictionPolicy::kNoEviction) return false;
  const int64_t start_ns = clock_.MonotonicNs();
  bool has_room = true;
  while (memory::UsedBytes() > target_bytes) {
    if (!EvictOne(worker)) {
      has_room = false;
      break;
    }
  }
  worker.stats.eviction_exceeded_ns.Add(
      static_cast<uint64_t>(clock_.MonotonicNs() - start_ns));
  return has_room;
}

const char* Engine::Verify() const {
  for (int db = 0; db < database_count_; ++db) {
    for (size_t p = 0; p <= partition_mask_; ++p) {
      const Database* database = FindDatabaseAt(db, p);
      if (database == nullptr) continue;
      if (const char* problem = database->Verify(hasher_)) return problem;
    }
  }
  return nullptr;
}

}  // namespace ringtail::engine
