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

// What separates the streams of random numbers that grow from one seed.
constexpr uint64_t kCoinSeed = 0x94d049bb133111ebULL;
constexpr uint64_t kRandomSeed = 0xbf58476d1ce4e5b9ULL;

}  // namespace

Eviction::Eviction(EvictionPolicy policy, size_t memory_bytes_max)
    : model_(std::make_unique<EvictionModel>()), trial_(std::make_unique<EvictionTrial>()) {
  Configure(policy, memory_bytes_max);
}

void Eviction::Configure(EvictionPolicy policy, size_t memory_bytes_max) {
  policy_ = policy;
  traits_ = &PolicyTraits(policy);
  const size_t bytes = GhostBytes(memory_bytes_max);
  if (ghosts_ == nullptr || ghosts_->memory_bytes() != bytes) {
    ghosts_ = std::make_unique<GhostTable>(bytes);
  }
}

void Eviction::SetLfuTuning(LfuTuning tuning) {
  lfu_log_factor_.store(tuning.log_factor, std::memory_order_relaxed);
  lfu_decay_minutes_.store(tuning.decay_minutes, std::memory_order_relaxed);
}

void Eviction::SetKeyCount(uint64_t key_count, uint64_t full_key_count) {
  // A turnover is 64 to 127 ticks, or single insertions where there are fewer keys.
  const auto width = static_cast<uint32_t>(std::bit_width(key_count));
  const uint32_t shift = std::min(width > 7 ? width - 7 : 0, kTickFractionBits);
  tick_shift_.store(shift, std::memory_order_relaxed);
  model_->SetTurnover(static_cast<uint32_t>(std::clamp<uint64_t>(key_count >> shift, 1, 1 << 20)));
  const auto sample_width = static_cast<uint32_t>(std::bit_width(key_count / kObservedKeys));
  sample_mask_.store(SampleMask(sample_width), std::memory_order_relaxed);
  const uint64_t fraction = tick_fraction_.load(std::memory_order_relaxed);
  trial_->SetKeyCount(key_count, full_key_count,
                      is_evicting_.exchange(false, std::memory_order_relaxed),
                      static_cast<uint32_t>(fraction >> kTickFractionBits));
}

LfuTuning Eviction::lfu_tuning() const {
  return {lfu_log_factor_.load(std::memory_order_relaxed),
          lfu_decay_minutes_.load(std::memory_order_relaxed)};
}

size_t Eviction::memory_bytes() const {
  return sizeof(EvictionModel) + sizeof(EvictionTrial) + ghosts_->memory_bytes();
}

Evictor::Evictor(Eviction& shared, uint64_t seed)
    : shared_(shared), coin_(seed ^ kCoinSeed), random_(seed ^ kRandomSeed) {
  SetNow(0);
}

void Evictor::SetNow(int64_t wall_ms) {
  clock_.kind = shared_.traits_->access;
  clock_.seconds = static_cast<uint32_t>(wall_ms / 1000) & kSecondMask;
  clock_.minutes = static_cast<uint32_t>(wall_ms / 60'000) & 0xffff;
  if (clock_.kind == AccessKind::kLfu) clock_.lfu = shared_.lfu_tuning();
  if (!IsRanked(clock_.kind)) return;
  sample_mask_ = shared_.sample_mask_.load(std::memory_order_relaxed);
  const uint64_t ours = tick_fraction_ - published_fraction_;
  std::atomic<uint64_t>& shared_fraction = shared_.tick_fraction_;
  tick_fraction_ = ours == 0 ? shared_fraction.load(std::memory_order_relaxed)
                             : ours + shared_fraction.fetch_add(ours, std::memory_order_relaxed);
  published_fraction_ = tick_fraction_;
  tick_step_ = uint64_t{1} << (Eviction::kTickFractionBits -
                               shared_.tick_shift_.load(std::memory_order_relaxed));
  clock_.tick = static_cast<uint32_t>(tick_fraction_ >> Eviction::kTickFractionBits) & kTickMask;
}

uint32_t Evictor::Admit(uint16_t db, uint64_t hash, int64_t expiry_ms) {
  if (!IsRanked(clock_.kind)) return AccessOfNew(clock_);
  AdvanceClock();
  uint32_t cls = 0;
  if (const auto ghost = shared_.ghosts_->Recall(hash, clock_.tick)) {
    cls = NextClass(*ghost, NextRandom());
    if ((hash & sample_mask_) == 0) ObserveReuse(hash, *ghost, cls);
  } else if ((hash & sample_mask_) == 0) {
    ObserveStart(hash, cls);
  }
  const uint32_t access = PackClass(cls, clock_);
  // The newest key is the likeliest to be worthless, and to find it again by sampling takes luck.
  if (!shared_.traits_->volatile_only || expiry_ms != 0) {
    Consider({.hash = hash, .score = ScoreOf(access, expiry_ms), .access = access, .db = db});
  }
  return access;
}

// The insertion clock goes on by one; other workers see it at the next SetNow.
void Evictor::AdvanceClock() {
  tick_fraction_ += tick_step_;
  const auto tick = static_cast<uint32_t>(tick_fraction_ >> Eviction::kTickFractionBits);
  clock_.tick = tick & kTickMask;
  if (shared_.model_->IsDue(tick)) shared_.model_->Rebuild(tick);
}

void Evictor::ObserveReuse(uint64_t hash, const Waiting& was, uint32_t next) {
  shared_.model_->OnReuse(was.cls, was.age_ticks);
  ObserveStart(hash, next);
}

void Evictor::ObserveStart(uint64_t hash, uint32_t cls) {
  // A kLru field keeps no length of the last wait, so its entries never are of such a class.
  const uint32_t kept =
      clock_.kind == AccessKind::kLru ? WaitingOfLru(PackClass(cls, clock_), clock_).cls : cls;
  shared_.model_->OnStart(kept);
  if ((hash & shared_.trial_->mask()) != 0) return;
  shared_.trial_->OnAccess(hash, kept, clock_.tick, *shared_.model_);
}

uint64_t Evictor::ScoreOf(uint32_t access, int64_t expiry_ms) {
  const auto rank_score = [&] {
    const Waiting waiting = WaitingOf(access, clock_);
    return RankScore(shared_.trial_->best(), waiting.age_ticks, waiting.cls, *shared_.model_);
  };
  switch (shared_.traits_->rank) {
    case EvictionRank::kNone:
      return 0;
    case EvictionRank::kIdle:
      return uint64_t{SecondsSince(access, clock_)} << 32 | rank_score();
    case EvictionRank::kFrequency: {
      // Among equals the one whose counter has stood longest, where Redis lets chance decide.
      const uint32_t minutes = (clock_.minutes - (access >> 8)) & 0xffff;
      return uint64_t{255 - LfuCounter(access, clock_)} << 16 | minutes;
    }
    case EvictionRank::kAdaptive:
      return rank_score();
    case EvictionRank::kRandom:
      return random_.Next();
    case EvictionRank::kTtl:
      return ~static_cast<uint64_t>(expiry_ms);
  }
  return 0;
}

void Evictor::Offer(uint16_t db, uint64_t hash, uint32_t access, int64_t expiry_ms) {
  ++offered_count_;
  if (shared_.traits_->rank == EvictionRank::kNone) return;
  if (shared_.traits_->volatile_only && expiry_ms == 0) return;
  Consider({.hash = hash, .score = ScoreOf(access, expiry_ms), .access = access, .db = db});
}

// Keeps the pool's best; a candidate that is there already is renewed.
void Evictor::Consider(const EvictionCandidate& candidate) {
  const bool is_full = pool_count_ == kPoolSize;
  if (is_full && candidate.score <= pool_[least_].score) return;
  for (uint32_t i = 0; i < pool_count_; ++i) {
    if (pool_[i].hash != candidate.hash || pool_[i].db != candidate.db) continue;
    pool_[i] = candidate;
    if (is_full) FindLeast();
    return;
  }
  if (!is_full) {
    pool_[pool_count_++] = candidate;
    if (pool_count_ == kPoolSize) FindLeast();
  } else {
    pool_[least_] = candidate;
    FindLeast();
  }
}

void Evictor::FindLeast() {
  least_ = 0;
  for (uint32_t i = 1; i < pool_count_; ++i) {
    if (pool_[i].score < pool_[least_].score) least_ = i;
  }
}

// The score of an entry changes while it waits, and not at the same pace for all: when a clock has
// moved on, all are compared as of now. Scores by chance or by expiry time stand.
void Evictor::Rescore() {
  const EvictionRank rank = shared_.traits_->rank;
  if (rank == EvictionRank::kRandom || rank == EvictionRank::kTtl) return;
  const uint64_t moment = uint64_t{clock_.tick} << 32 | clock_.seconds << 2 |
                          static_cast<uint64_t>(shared_.trial_->best());
  if (moment == scored_moment_) return;
  scored_moment_ = moment;
  for (uint32_t i = 0; i < pool_count_; ++i) pool_[i].score = ScoreOf(pool_[i].access, 0);
}

std::optional<EvictionCandidate> Evictor::Take() {
  offered_count_ = 0;
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
  const EvictionRank rank = shared_.traits_->rank;
  if (rank == EvictionRank::kTtl || rank == EvictionRank::kRandom) return true;
  if (victim.access == access_now || pool_count_ == 0) return true;
  EvictionCandidate renewed = victim;
  renewed.access = access_now;
  renewed.score = ScoreOf(access_now, 0);
  if (renewed.score >= victim.score) return true;
  Consider(renewed);
  return false;
}

void Evictor::OnEvicted(uint64_t hash, uint32_t access) {
  if (!IsRanked(clock_.kind)) return;
  shared_.ghosts_->Remember(hash, WaitingOf(access, clock_), clock_.tick);
  if (!shared_.is_evicting_.load(std::memory_order_relaxed)) {
    shared_.is_evicting_.store(true, std::memory_order_relaxed);
  }
}

void Evictor::Clear() {
  pool_count_ = 0;
  offered_count_ = 0;
}

}  // namespace ringtail::storage
