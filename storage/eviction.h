// Chooses what to evict, for every policy, by sampling: no queues, no pointers in the entries.
//
//   Eviction eviction(policy, memory_bytes_max);           // one per engine
//   Evictor evictor(eviction, seed);                       // one per worker
//   evictor.SetNow(wall_ms);                               // once per batch
//   entry.access = evictor.Touch(entry.access, hash);      // on every hit, of reads and of writes
//   entry.access = evictor.Admit(db, hash, expiry_ms);     // for every new key
//
// and to make room, until there is enough of it:
//
//   while (evictor.WantsMore()) {
//     // for each entry in a run of buckets at a random place:
//     evictor.Offer(db, hash, entry.access, expiry_ms);
//   }
//   while (auto victim = evictor.Take()) {
//     // find the entry by (db, hash); if it is gone, continue
//     if (!evictor.Confirm(*victim, entry.access)) continue;
//     evictor.OnEvicted(hash, entry.access);               // and erase it
//     break;
//   }
//
// Offer ignores what the policy must not evict, so the caller offers whatever it finds, and gives
// up after a bound of its own where there is little to find. Candidates that were not taken stay in
// the pool for the next time: so seven looks per eviction do the work of many.
//
// Thread rule: an Evictor belongs to one worker. Eviction is shared and safe to use from all of
// them, but for Configure, which needs them stopped.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/random.h"
#include "storage/eviction_access.h"
#include "storage/eviction_ghost.h"
#include "storage/eviction_model.h"
#include "storage/eviction_policy.h"
#include "storage/eviction_rank.h"
#include "storage/eviction_trial.h"

namespace ringtail::storage {

/// What all workers share: the policy, the insertion clock, and what has been learned.
class Eviction {
 public:
  /// `memory_bytes_max` (0: unlimited) sizes the memory of evicted keys: 1/64 of it, at least 64
  /// KiB, at most 64 MiB. The rest of the state is 310 KB whatever the policy, so that choosing
  /// another one takes no memory.
  Eviction(EvictionPolicy policy, size_t memory_bytes_max);

  /// Changes the policy or the memory. No other thread may use this object meanwhile. The entries'
  /// access fields keep what the old policy wrote, as in Redis: they are read as the new policy's
  /// and heal with use.
  void Configure(EvictionPolicy policy, size_t memory_bytes_max);
  /// Sets lfu-log-factor and lfu-decay-time; any thread.
  void SetLfuTuning(LfuTuning tuning);
  /// Tells how many keys are stored, and how many there will be when memory is full (an estimate; 0
  /// where nobody knows), now and then (every 100 ms is enough): the insertion clock, the rate at
  /// which keys are observed and the size of the trials follow them. One thread at a time.
  void SetKeyCount(uint64_t key_count, uint64_t full_key_count);

  EvictionPolicy policy() const { return policy_; }
  const EvictionTraits& traits() const { return *traits_; }
  LfuTuning lfu_tuning() const;
  /// The rank that the adaptive policies use at present, for INFO.
  AdaptiveRank rank() const { return trial_->best(); }
  /// Bytes held by the learned state, all of it malloc'd.
  size_t memory_bytes() const;

 private:
  friend class Evictor;
  // The insertion clock counts in 2^-16 ticks, so that a tick can be 1 to 2^16 insertions.
  static constexpr uint32_t kTickFractionBits = 16;

  EvictionPolicy policy_ = EvictionPolicy::kNoEviction;
  const EvictionTraits* traits_ = nullptr;
  std::atomic<uint32_t> lfu_log_factor_{10};
  std::atomic<uint32_t> lfu_decay_minutes_{1};
  std::unique_ptr<EvictionModel> model_;
  std::unique_ptr<EvictionTrial> trial_;
  std::unique_ptr<GhostTable> ghosts_;

  std::atomic<bool> is_evicting_{false};  // Since the last SetKeyCount.
  std::atomic<uint32_t> tick_shift_{0};   // 2^shift insertions are a tick.
  std::atomic<uint64_t> sample_mask_{0};  // Keys with (hash & mask) == 0 are observed.
  alignas(64) std::atomic<uint64_t> tick_fraction_{0};
};

/// A key that may be evicted, as it was when it was offered.
struct EvictionCandidate {
  uint64_t hash;
  uint64_t score;  ///< Greater goes first.
  uint32_t access;
  uint16_t db;
};

/// One worker's eye on the keyspace: records accesses, collects candidates, picks victims.
class Evictor {
 public:
  /// Entries to look at per eviction.
  static constexpr uint32_t kSamplesPerEviction = 7;
  static constexpr uint32_t kPoolSize = 16;

  Evictor(Eviction& shared, uint64_t seed);

  /// Tells the time, and takes over what other workers and Configure have changed. Once per batch.
  void SetNow(int64_t wall_ms);

  /// The access field after a hit. A few nanoseconds; store it only if it differs.
  uint32_t Touch(uint32_t access, uint64_t hash) {
    if (clock_.kind == AccessKind::kIdle) return clock_.seconds << 8;
    if (clock_.kind == AccessKind::kLfu) return LfuTouch(access, clock_, NextRandom());
    const Waiting was = WaitingOf(access, clock_);
    const uint32_t next = NextClass(was, NextRandom());
    if ((hash & sample_mask_) == 0) ObserveReuse(hash, was, next);
    return PackClass(next, clock_);
  }
  /// The access field of a key that was not there, and a note that it came. expiry_ms is 0 where it
  /// has none.
  uint32_t Admit(uint16_t db, uint64_t hash, int64_t expiry_ms);

  /// Whether another run of entries should be offered before Take.
  bool WantsMore() const { return offered_count_ < kSamplesPerEviction; }
  /// Considers an entry; expiry_ms is 0 where it has none.
  void Offer(uint16_t db, uint64_t hash, uint32_t access, int64_t expiry_ms);
  /// The best candidate, which leaves the pool; nothing if the pool is empty.
  std::optional<EvictionCandidate> Take();
  /// Whether the entry found for `victim` still deserves it. If it was used since it was offered,
  /// no, and the pool takes it back at its new value; the caller takes another one.
  bool Confirm(const EvictionCandidate& victim, uint32_t access_now);
  /// Notes that the entry is being evicted, to remember it for a while. Not for deleted or expired
  /// ones.
  void OnEvicted(uint64_t hash, uint32_t access);
  /// Forgets all candidates: after FLUSHALL, SWAPDB or a change of policy.
  void Clear();

  /// The clock for reading and writing access fields: OBJECT IDLETIME, OBJECT FREQ, RESTORE.
  const AccessClock& clock() const { return clock_; }

 private:
  uint64_t ScoreOf(uint32_t access, int64_t expiry_ms);
  void Consider(const EvictionCandidate& candidate);
  void FindLeast();
  void Rescore();
  void ObserveReuse(uint64_t hash, const Waiting& was, uint32_t next);
  void ObserveStart(uint64_t hash, uint32_t cls);
  void AdvanceClock();
  // Thirty-two cheap bits; their quality only has to make coin flips fair.
  uint32_t NextRandom() {
    coin_ = coin_ * 0x9e3779b97f4a7c15ULL + 0xd1b54a32d192ed03ULL;
    return static_cast<uint32_t>(coin_ >> 32);
  }

  Eviction& shared_;
  AccessClock clock_;
  uint64_t sample_mask_ = 0;
  uint64_t coin_;
  Random random_;
  // The insertion clock, with what this worker has added to it since the last SetNow, and without.
  uint64_t tick_fraction_ = 0;
  uint64_t published_fraction_ = 0;
  uint64_t tick_step_ = 1;
  uint32_t offered_count_ = 0;
  uint32_t pool_count_ = 0;
  uint32_t least_ = 0;  // Where the least score is, while the pool is full.
  uint64_t scored_moment_ = 0;
  std::array<EvictionCandidate, kPoolSize> pool_;
};

}  // namespace ringtail::storage
