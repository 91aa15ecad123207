// Chooses what to evict, for every policy, by sampling: no queues, no pointers in the entries.
//
//   Eviction eviction(EvictionPolicy::kAllKeysLru, memory_bytes_max);   // one per engine
//   Evictor evictor(eviction, seed);                                    // one per worker
//   evictor.SetNow(wall_ms);                                            // once per batch
//   entry.access = evictor.Touch(entry.access, hash);                   // on every hit, read or
//   write entry.access = evictor.Admit(db, hash);                             // for every new key
// and to make room, until there is enough of it:
//   while (evictor.WantsMore()) for (each entry of a random run of buckets) evictor.Offer(db, hash,
//   ...); while (auto victim = evictor.Take()) {
//     // find the entry by its hash; it may be gone (take the next) or changed since it was offered
//     if (!evictor.Confirm(*victim, entry.access)) continue;
//     evictor.OnEvicted(hash, entry.access), erase it; break;
//   }
//
// Offer ignores what the policy must not evict, so the caller offers whatever it finds. Candidates
// that were not taken stay in the pool, for the next time.
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

/// The insertion clock counts in 2^-16 ticks, so that a tick can be 1 to 2^16 insertions.
inline constexpr uint32_t kTickFractionBits = 16;

/// What all workers share: the policy, the insertion clock, and what the LHD policies have learned.
class Eviction {
 public:
  /// `memory_bytes_max` (0: unlimited) sizes the memory of evicted keys, about 1/64 of it, used by
  /// LHD only.
  Eviction(EvictionPolicy policy, size_t memory_bytes_max);

  /// Changes the policy. No other thread may use this object meanwhile. The entries' access fields
  /// keep whatever the old policy wrote, as in Redis: they are read as the new policy's and heal
  /// with use.
  void Configure(EvictionPolicy policy, size_t memory_bytes_max);
  /// Sets lfu-log-factor and lfu-decay-time; any thread.
  void SetLfuTuning(LfuTuning tuning);
  /// Tells how many keys are stored, now and then (every 100 ms is enough): the insertion clock and
  /// the rate at which keys are observed follow it. One thread at a time.
  void SetKeyCount(uint64_t key_count);

  EvictionPolicy policy() const { return policy_; }
  const EvictionTraits& traits() const { return *traits_; }
  LfuTuning lfu_tuning() const;
  /// Bytes held by the learned state, all of it malloc'd.
  size_t memory_bytes() const;

 private:
  friend class Evictor;

  struct Learned {
    explicit Learned(size_t ghost_bytes) : ghosts(ghost_bytes) {}
    EvictionModel model;
    EvictionTrial trial;
    GhostTable ghosts;
  };

  EvictionPolicy policy_;
  const EvictionTraits* traits_;
  std::atomic<uint32_t> lfu_log_factor_{10};
  std::atomic<uint32_t> lfu_decay_minutes_{1};
  std::unique_ptr<Learned> learned_;  // Only under an LHD policy.

  std::atomic<bool> evicting_{false};     // Since the last SetKeyCount.
  std::atomic<uint32_t> tick_shift_{0};   // 2^shift insertions are a tick.
  std::atomic<uint64_t> sample_mask_{0};  // Keys with (hash & mask) == 0 are observed.
  alignas(64) std::atomic<uint64_t> tick_fraction_{0};  // The insertion clock, in 2^-16 ticks.
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
  /// Entries to look at per eviction; with the pool this is within 1 % of exact ranking.
  static constexpr uint32_t kSamplesPerEviction = 7;
  static constexpr uint32_t kPoolSize = 24;

  Evictor(Eviction& shared, uint64_t seed) : shared_(shared), random_(seed) { SetNow(0); }

  /// Tells the time, and takes over what other workers and Configure have changed. Once per batch.
  void SetNow(int64_t wall_ms);

  /// The access field after a hit. A few nanoseconds; store it only if it differs.
  uint32_t Touch(uint32_t access, uint64_t hash) {
    switch (clock_.kind) {
      case AccessKind::kLru:
        return clock_.lru;
      case AccessKind::kLfu:
        return LfuTouch(access, clock_, NextRandom());
      case AccessKind::kAdaptive:
        break;
    }
    return AdaptiveTouch(access, hash);
  }
  /// The access field of a key that was not there, and a note that it came.
  uint32_t Admit(uint16_t db, uint64_t hash);

  /// Whether another run of entries should be offered before Take. `Offered` counts entries looked
  /// at.
  bool WantsMore() const { return offered_ < kSamplesPerEviction; }
  /// Considers an entry; expiry_ms is 0 where it has none.
  void Offer(uint16_t db, uint64_t hash, uint32_t access, int64_t expiry_ms);
  /// The best candidate, which leaves the pool; nothing if the pool is empty.
  std::optional<EvictionCandidate> Take();
  /// Whether the entry found for `victim` is still as it was offered; if not, a better idea of it
  /// goes back into the pool.
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
  void Rescore();
  void Insert(const EvictionCandidate& candidate);
  uint32_t AdaptiveTouch(uint32_t access, uint64_t hash) {
    const uint32_t cls = AccessClass(access);
    const uint32_t age = AccessAge(access, clock_.tick);
    const uint32_t next = NextClass(cls, age, NextRandom());
    if ((hash & clock_.sample_mask) == 0) Observe(hash, cls, age, next);
    return PackAccess(clock_.tick, next);
  }
  void Observe(uint64_t hash, uint32_t cls, uint32_t age, uint32_t next);
  void Try(uint64_t hash, uint32_t cls);
  // The insertion clock goes on by one; other workers see it at the next SetNow.
  void Advance() {
    fraction_ += step_;
    clock_.tick = static_cast<uint32_t>(fraction_ >> kTickFractionBits) & kTickMask;
  }
  void LearnIfDue();
  // Thirty-two cheap bits; their quality only has to make coin flips fair.
  uint32_t NextRandom() {
    coin_ = coin_ * 0x9e3779b97f4a7c15ULL + 0xd1b54a32d192ed03ULL;
    return static_cast<uint32_t>(coin_ >> 32);
  }

  Eviction& shared_;
  AccessClock clock_;
  uint64_t coin_ = 1;
  Random random_;
  EvictionModel* model_ = nullptr;
  uint64_t fraction_ = 0;            // The insertion clock, with what this worker has added to it,
  uint64_t published_fraction_ = 0;  // and without.
  uint64_t step_ = 1;
  uint32_t offered_ = 0;
  uint32_t pool_count_ = 0;
  std::array<EvictionCandidate, kPoolSize> pool_;
};

}  // namespace ringtail::storage
