#include "storage/eviction_trial.h"

#include <algorithm>
#include <bit>

#include "storage/eviction_access.h"

namespace ringtail::storage {
namespace {

// The ranks are compared after so many accesses, by hits that fade to kFade from one time to the
// next: a memory of some 2,500 accesses, several turnovers of a miniature.
constexpr uint32_t kAccessesPerJudgement = 64;
constexpr float kFade = 0.97F;
// A challenger must be better by a share and by a number of hits, so that luck does not change
// ranks.
constexpr float kMarginShare = 1.01F;
constexpr float kMarginHits = 3;
// kFrequency is left for a larger lead only, in hits or, where most accesses hit, in misses: what
// it has kept the others throw away within a turnover, and coming back to it means to collect that
// again. In the first turnover of a full cache, when what is known was learned by smaller ones, it
// is the choice unless it is clearly beaten.
struct Lead {
  float hit_share;
  float miss_share;
};
constexpr Lead kLeadOverFrequency = {1.05F, 1.05F};
constexpr Lead kFirstLeadOverFrequency = {1.6F, 1.1F};
constexpr uint32_t kFirstTurnoverTicks = 96;

// What a miniature knows a key by: 32 bits of its hash, the sample's among them.
uint32_t KeyOf(uint64_t hash) { return static_cast<uint32_t>(hash >> kSampleShift); }

}  // namespace

MiniatureCache::MiniatureCache() { heads_.fill(kNone); }

bool MiniatureCache::Access(uint32_t key, uint32_t access, uint32_t capacity, AdaptiveRank rank,
                            uint32_t tick, const EvictionModel& model, uint32_t random) {
  const uint16_t found = *LinkTo(key);
  if (found != kNone) {
    entries_[found].access = access;
    return true;
  }
  while (count_ >= capacity) {
    Evict(rank, tick, model, random);
    random = random * 0x9e3779b1U + 1;
  }
  uint16_t* link = LinkTo(key);
  entries_[count_] = {.key = key, .access = access, .next = kNone};
  *link = static_cast<uint16_t>(count_++);
  return false;
}

// The link that points to the key's entry, or the chain's end where it would be.
uint16_t* MiniatureCache::LinkTo(uint32_t key) {
  // Fibonacci hashing: the key's low bits are those that chose the sample, all zero.
  uint16_t* link = &heads_[(key * 0x9e3779b1U) / (UINT32_MAX / kHeadCount + 1)];
  while (*link != kNone && entries_[*link].key != key) link = &entries_[*link].next;
  return link;
}

void MiniatureCache::Evict(AdaptiveRank rank, uint32_t tick, const EvictionModel& model,
                           uint32_t random) {
  const auto score = [&](uint32_t i) {
    const Waiting waiting = WaitingOfAdaptive(entries_[i].access, tick);
    return RankScore(rank, waiting.age_ticks, waiting.cls, model);
  };
  // The newest is always a candidate, as in the real cache.
  uint32_t victim = count_ - 1;
  uint32_t worst = score(victim);
  const uint32_t samples = std::min(kSamples, count_);
  const uint32_t stride = samples < count_ ? count_ / samples : 1;
  uint32_t i = static_cast<uint32_t>((uint64_t{random} * count_) >> 32);
  for (uint32_t n = 0; n < samples; ++n, i += stride) {
    if (i >= count_) i -= count_;
    const uint32_t there = score(i);
    if (there <= worst) continue;
    worst = there;
    victim = i;
  }
  Erase(victim);
}

void MiniatureCache::Drop(uint32_t key_bits) {
  for (uint32_t i = count_; i-- > 0;) {
    if ((entries_[i].key & key_bits) != 0) Erase(i);
  }
}

void MiniatureCache::Erase(uint32_t index) {
  *LinkTo(entries_[index].key) = entries_[index].next;
  const uint32_t last = --count_;
  if (index == last) return;
  *LinkTo(entries_[last].key) = static_cast<uint16_t>(index);
  entries_[index] = entries_[last];
}

void EvictionTrial::SetKeyCount(uint64_t key_count, uint64_t full_key_count, bool is_evicting,
                                uint32_t tick) {
  if (key_count < key_count_when_full_ / 2) key_count_when_full_ = 0;
  if (is_evicting && key_count_when_full_ == 0) {
    key_count_when_full_ = key_count;
    full_tick_ = tick;
  }
  const bool is_full = key_count_when_full_ != 0;
  is_first_turnover_.store(!is_full || tick - full_tick_ < kFirstTurnoverTicks,
                           std::memory_order_relaxed);
  const uint64_t size = is_full ? key_count : std::max(key_count, full_key_count) * 3 / 4;
  const auto width = static_cast<uint32_t>(std::bit_width(size / MiniatureCache::kKeysMax));
  mask_.store(SampleMask(width), std::memory_order_relaxed);
  const uint64_t capacity = size == 0 ? MiniatureCache::kKeysMax : size >> width;
  capacity_.store(static_cast<uint32_t>(capacity), std::memory_order_relaxed);
}

void EvictionTrial::OnAccess(uint64_t hash, uint32_t cls, uint32_t tick,
                             const EvictionModel& model) {
  if (busy_.test_and_set(std::memory_order_acquire)) return;
  const uint64_t mask = this->mask();
  if (mask != used_mask_) {
    // What has left the sample would stay for ever, since nothing asks for it.
    for (MiniatureCache& cache : caches_) cache.Drop(KeyOf(mask));
    used_mask_ = mask;
  }
  const uint32_t capacity = capacity_.load(std::memory_order_relaxed);
  const uint32_t key = KeyOf(hash);
  coin_ = coin_ * 0x2c9277b5U + 0xac564b05U;
  for (uint32_t rank = 0; rank < kAdaptiveRankCount; ++rank) {
    hits_[rank] += static_cast<uint32_t>(
        caches_[rank].Access(key, PackAdaptive(tick, cls), capacity,
                             static_cast<AdaptiveRank>(rank), tick, model, coin_));
  }
  if (++access_count_ >= kAccessesPerJudgement) Judge();
  busy_.clear(std::memory_order_release);
}

void EvictionTrial::Judge() {
  faded_accesses_ = faded_accesses_ * kFade + static_cast<float>(access_count_);
  access_count_ = 0;
  const auto current = static_cast<uint32_t>(best());
  uint32_t leader = current;
  for (uint32_t rank = 0; rank < kAdaptiveRankCount; ++rank) {
    faded_hits_[rank] = faded_hits_[rank] * kFade + static_cast<float>(hits_[rank]);
    hits_[rank] = 0;
  }
  for (uint32_t rank = 0; rank < kAdaptiveRankCount; ++rank) {
    if (faded_hits_[rank] > faded_hits_[leader]) leader = rank;
  }
  constexpr auto kFrequency = static_cast<uint32_t>(AdaptiveRank::kFrequency);
  const bool is_first_turnover = is_first_turnover_.load(std::memory_order_relaxed);
  uint32_t next = current;
  if (current == kFrequency || is_first_turnover) {
    next = BeatsFrequency(faded_hits_[leader], is_first_turnover) ? leader : kFrequency;
  } else if (faded_hits_[leader] > faded_hits_[current] * kMarginShare + kMarginHits) {
    next = leader;
  }
  best_.store(static_cast<AdaptiveRank>(next), std::memory_order_relaxed);
}

bool EvictionTrial::BeatsFrequency(float hits, bool is_first_turnover) const {
  const float frequency_hits = faded_hits_[static_cast<size_t>(AdaptiveRank::kFrequency)];
  const Lead& lead = is_first_turnover ? kFirstLeadOverFrequency : kLeadOverFrequency;
  if (hits < frequency_hits + kMarginHits) return false;
  return hits > frequency_hits * lead.hit_share ||
         faded_accesses_ - frequency_hits > (faded_accesses_ - hits) * lead.miss_share;
}

}  // namespace ringtail::storage
