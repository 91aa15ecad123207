#include "storage/eviction_ghost.h"

#include <algorithm>

#include "base/int128.h"

namespace ringtail::storage {
namespace {

// A mark: tick (13 bits of the 20, in steps of kTickStep), fingerprint (12), class (7). Zero is
// empty.
constexpr uint32_t kTickStep = 4;
constexpr uint32_t kTickSpan = 1U << 13;

uint32_t TickOf(uint32_t mark) { return mark >> 19; }
uint32_t FingerprintOf(uint64_t hash) { return static_cast<uint32_t>(hash & 0xfff) | 1; }
uint32_t AgeOf(uint32_t mark, uint32_t tick) {
  return ((tick / kTickStep) - TickOf(mark)) % kTickSpan;
}

}  // namespace

GhostTable::GhostTable(size_t bytes)
    : group_count_(std::max<size_t>(1, bytes / (kGroupSize * sizeof(uint32_t)))),
      marks_(new std::atomic<uint32_t>[group_count_ * kGroupSize]()) {}

void GhostTable::Remember(uint64_t hash, const Waiting& waiting, uint32_t tick) {
  std::atomic<uint32_t>* group = GroupOf(hash);
  const uint32_t accessed_tick = (tick - waiting.age_ticks) & kTickMask;
  const uint32_t mark =
      accessed_tick / kTickStep % kTickSpan << 19 | FingerprintOf(hash) << 7 | waiting.cls;
  size_t place = 0;
  uint32_t oldest = 0;
  for (size_t i = 0; i < kGroupSize; ++i) {
    const uint32_t there = group[i].load(std::memory_order_relaxed);
    if (there == 0) {
      place = i;
      break;
    }
    const uint32_t age = AgeOf(there, tick);
    if (age >= oldest) {
      oldest = age;
      place = i;
    }
  }
  group[place].store(mark, std::memory_order_relaxed);
}

std::optional<Waiting> GhostTable::Recall(uint64_t hash, uint32_t tick) {
  std::atomic<uint32_t>* group = GroupOf(hash);
  for (size_t i = 0; i < kGroupSize; ++i) {
    const uint32_t mark = group[i].load(std::memory_order_relaxed);
    if ((mark >> 7 & 0xfff) != FingerprintOf(hash)) continue;
    group[i].store(0, std::memory_order_relaxed);
    return Waiting{.cls = mark & (kAccessClassCount - 1),
                   .age_ticks = AgeOf(mark, tick) * kTickStep};
  }
  return std::nullopt;
}

// The high half of the hash chooses the group, the low bits tell keys apart.
std::atomic<uint32_t>* GhostTable::GroupOf(uint64_t hash) const {
  const auto group = static_cast<size_t>((static_cast<Uint128>(hash) * group_count_) >> 64);
  return &marks_[group * kGroupSize];
}

}  // namespace ringtail::storage
