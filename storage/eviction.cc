#include "storage/eviction.h"

#include <algorithm>
#include <bit>

namespace ringtail::storage {
namespace {

// Evicted keys are remembered in 1/64 of the memory, within these limits.
constexpr size_t kGhostShare = 64;
constexpr size_t kGhostBytesMin = size_t{64} << 10;
constexpr size_t kGhostBytesMax = size_t{64} << 20;
// Up to so many keys every access is observed; above, those of a sample of about so many keys.
constexpr uint64_t kObservedKeys = 1 << 15;

size_t GhostBytes(size_t memory_bytes_max) {
  return std::clamp(memory_bytes_max / kGhostShare, kGhostBytesMin, kGhostBytesMax);
}

}  // namespace

Eviction::Eviction(EvictionPolicy policy, size_t memory_bytes_max) {
  Configure(policy, memory_bytes_max);
}

void Eviction::Configure(EvictionPolicy policy, size_t memory_bytes_max) {
  policy_ = policy;
  traits_ = &PolicyTraits(policy);
  if (traits_->access != AccessKind::kAdaptive) {
    learned_.reset();
  } else if (learned_ == nullptr) {
    learned_ = std::make_unique<Learned>(GhostBytes(memory_bytes_max));
  }
}

void Eviction::SetLfuTuning(LfuTuning tuning) {
  lfu_log_factor_.store(tuning.log_factor, std::memory_order_relaxed);
  lfu_decay_minutes_.store(tuning.decay_minutes, std::memory_order_relaxed);
}

void Eviction::SetKeyCount(uint64_t key_count) {
  const auto width = static_cast<uint32_t>(std::bit_width(key_count));
  const uint32_t shift = width > 7 ? width - 7 : 0;
  tick_shift_.store(std::min(shift, kTickFractionBits), std::memory_order_relaxed);
  const auto observed_width = static_cast<uint32_t>(std::bit_width(key_count / kObservedKeys));
  sample_mask_.store(static_cast<uint32_t>((1ULL << observed_width) - 1),
                     std::memory_order_relaxed);
  if (learned_ != nullptr) {
    const auto tick =
        static_cast<uint32_t>(tick_fraction_.load(std::memory_order_relaxed) >> kTickFractionBits);
    learned_->trial.SetKeyCount(key_count, evicting_.exchange(false, std::memory_order_relaxed),
                                tick);
    learned_->model.SetTurnover(static_cast<uint32_t>(std::max<uint64_t>(1, key_count >> shift)));
  }
}

LfuTuning Eviction::lfu_tuning() const {
  return {lfu_log_factor_.load(std::memory_order_relaxed),
          lfu_decay_minutes_.load(std::memory_order_relaxed)};
}

size_t Eviction::memory_bytes() const {
  return learned_ == nullptr ? 0 : sizeof(Learned) + learned_->ghosts.memory_bytes();
}

void Evictor::SetNow(int64_t wall_ms) {
  clock_.kind = shared_.traits_->access;
  clock_.lru = static_cast<uint32_t>(wall_ms / kLruUnitMs);
  clock_.minutes = static_cast<uint32_t>(wall_ms / 60'000) & 0xffff;
  clock_.lfu = shared_.lfu_tuning();
  if (clock_.kind != AccessKind::kAdaptive) return;
  model_ = &shared_.learned_->model;
  clock_.sample_mask = shared_.sample_mask_.load(std::memory_order_relaxed);
  const uint64_t ours = fraction_ - published_fraction_;
  fraction_ =
      ours + (ours == 0 ? shared_.tick_fraction_.load(std::memory_order_relaxed)
                        : shared_.tick_fraction_.fetch_add(ours, std::memory_order_relaxed));
  published_fraction_ = fraction_;
  step_ = uint64_t{1} << (kTickFractionBits - shared_.tick_shift_.load(std::memory_order_relaxed));
  clock_.tick = static_cast<uint32_t>(fraction_ >> kTickFractionBits) & kTickMask;
}

uint32_t Evictor::Admit(uint16_t db, uint64_t hash) {
  if (clock_.kind != AccessKind::kAdaptive) return AccessOfNew(clock_);
  Advance();
  LearnIfDue();
  uint32_t next = 0;
  if (const auto ghost = shared_.learned_->ghosts.Recall(hash, clock_.tick)) {
    next = NextClass(ghost->cls, ghost->age_ticks, NextRandom());
    if ((hash & clock_.sample_mask) == 0) Observe(hash, ghost->cls, ghost->age_ticks, next);
  } else if ((hash & clock_.sample_mask) == 0) {
    model_->OnStart(next);
    Try(hash, next);
  }
  const uint32_t access = PackAccess(clock_.tick, next);
  // The newest key is the likeliest to be worthless, and finding it again by sampling would be
  // luck.
  if (shared_.policy_ == EvictionPolicy::kAllKeysAdaptive) Offer(db, hash, access, 0);
  return access;
}

void Evictor::LearnIfDue() {
  const auto tick = static_cast<uint32_t>(fraction_ >> kTickFractionBits);
  if (model_->IsDue(tick)) model_->Rebuild(tick);
}

void Evictor::Observe(uint64_t hash, uint32_t cls, uint32_t age, uint32_t next) {
  model_->OnReuse(cls, age);
  model_->OnStart(next);
  Try(hash, next);
}

void Evictor::Try(uint64_t hash, uint32_t cls) {
  EvictionTrial& trial = shared_.learned_->trial;
  if ((hash & trial.mask()) == 0) {
    trial.OnAccess(hash, PackAccess(clock_.tick, cls), clock_.tick, *model_);
  }
}

uint64_t Evictor::ScoreOf(uint32_t access, int64_t expiry_ms) {
  switch (shared_.traits_->rank) {
    case EvictionRank::kNone:
      return 0;
    case EvictionRank::kIdle:
      return clock_.lru - access;
    case EvictionRank::kFrequency: {
      // Among equals the one whose counter has stood longest, where Redis lets chance decide.
      const uint32_t minutes = (clock_.minutes - (access >> 8)) & 0xffff;
      return uint64_t{255 - LfuCounter(access, clock_)} << 16 | minutes;
    }
    case EvictionRank::kAdaptive:
      return RankScore(shared_.learned_->trial.best(), AccessAge(access, clock_.tick),
                       AccessClass(access), *model_);
    case EvictionRank::kRandom:
      return random_.Next() >> 1;
    case EvictionRank::kTtl:
      return ~static_cast<uint64_t>(expiry_ms);
  }
  return 0;
}

void Evictor::Offer(uint16_t db, uint64_t hash, uint32_t access, int64_t expiry_ms) {
  ++offered_;
  if (shared_.traits_->rank == EvictionRank::kNone) return;
  if (shared_.traits_->volatile_only && expiry_ms == 0) return;
  Insert({.hash = hash, .score = ScoreOf(access, expiry_ms), .access = access, .db = db});
}

// Keeps the pool's best; a candidate that is there already is renewed.
void Evictor::Insert(const EvictionCandidate& candidate) {
  uint32_t worst = 0;
  for (uint32_t i = 0; i < pool_count_; ++i) {
    if (pool_[i].hash == candidate.hash && pool_[i].db == candidate.db) {
      pool_[i] = candidate;
      return;
    }
    if (pool_[i].score < pool_[worst].score) worst = i;
  }
  if (pool_count_ < kPoolSize) {
    pool_[pool_count_++] = candidate;
  } else if (candidate.score > pool_[worst].score) {
    pool_[worst] = candidate;
  }
}

// A density falls or rises while an entry waits, so candidates are compared at one moment.
void Evictor::Rescore() {
  if (shared_.traits_->rank != EvictionRank::kAdaptive) return;
  for (uint32_t i = 0; i < pool_count_; ++i) pool_[i].score = ScoreOf(pool_[i].access, 0);
}

std::optional<EvictionCandidate> Evictor::Take() {
  offered_ = 0;
  if (pool_count_ == 0) return std::nullopt;
  Rescore();
  uint32_t best = 0;
  for (uint32_t i = 1; i < pool_count_; ++i) {
    if (pool_[i].score > pool_[best].score) best = i;
  }
  const EvictionCandidate victim = pool_[best];
  pool_[best] = pool_[--pool_count_];
  return victim;
}

bool Evictor::Confirm(const EvictionCandidate& victim, uint32_t access_now) {
  if (victim.access == access_now || pool_count_ == 0) return true;
  EvictionCandidate renewed = victim;
  renewed.access = access_now;
  const EvictionRank rank = shared_.traits_->rank;
  if (rank == EvictionRank::kTtl || rank == EvictionRank::kRandom) return true;
  renewed.score = ScoreOf(access_now, 0);
  if (renewed.score >= victim.score) return true;
  Insert(renewed);
  return false;
}

void Evictor::OnEvicted(uint64_t hash, uint32_t access) {
  if (clock_.kind != AccessKind::kAdaptive) return;
  shared_.learned_->ghosts.Remember(hash, access, clock_.tick);
  if (!shared_.evicting_.load(std::memory_order_relaxed)) {
    shared_.evicting_.store(true, std::memory_order_relaxed);
  }
}

void Evictor::Clear() {
  pool_count_ = 0;
  offered_ = 0;
}

uint32_t AccessOfIdleSeconds(uint64_t idle_seconds, const AccessClock& clock) {
  if (clock.kind != AccessKind::kLru) return AccessOfNew(clock);
  return clock.lru - static_cast<uint32_t>(idle_seconds * 1000 / kLruUnitMs);
}

uint32_t AccessOfFrequency(uint32_t frequency, const AccessClock& clock) {
  if (clock.kind != AccessKind::kLfu) return AccessOfNew(clock);
  return PackLfu(std::min(frequency, 255U), clock);
}

uint32_t AccessOfNew(const AccessClock& clock) {
  switch (clock.kind) {
    case AccessKind::kLru:
      return clock.lru;
    case AccessKind::kLfu:
      return PackLfu(kLfuNewCounter, clock);
    case AccessKind::kAdaptive:
      return PackAccess(clock.tick, 0);
  }
  return 0;
}

}  // namespace ringtail::storage
