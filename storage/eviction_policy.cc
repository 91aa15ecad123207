#include "storage/eviction_policy.h"

#include <array>
#include <cstddef>

namespace ringtail::storage {
namespace {

// In the order of the enum.
constexpr std::array<EvictionTraits, 10> kTraits = {{
    {"noeviction", EvictionRank::kNone, AccessKind::kIdle, false},
    {"allkeys-lru", EvictionRank::kIdle, AccessKind::kLru, false},
    {"allkeys-lfu", EvictionRank::kFrequency, AccessKind::kLfu, false},
    {"allkeys-adaptive", EvictionRank::kAdaptive, AccessKind::kAdaptive, false},
    {"allkeys-random", EvictionRank::kRandom, AccessKind::kIdle, false},
    {"volatile-lru", EvictionRank::kIdle, AccessKind::kLru, true},
    {"volatile-lfu", EvictionRank::kFrequency, AccessKind::kLfu, true},
    {"volatile-adaptive", EvictionRank::kAdaptive, AccessKind::kAdaptive, true},
    {"volatile-random", EvictionRank::kRandom, AccessKind::kIdle, true},
    {"volatile-ttl", EvictionRank::kTtl, AccessKind::kIdle, true},
}};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

}  // namespace

const EvictionTraits& PolicyTraits(EvictionPolicy policy) {
  return kTraits[static_cast<size_t>(policy)];
}

std::optional<EvictionPolicy> ParseEvictionPolicy(std::string_view name) {
  for (size_t i = 0; i < kTraits.size(); ++i) {
    if (EqualIgnoringCase(kTraits[i].name, name)) return static_cast<EvictionPolicy>(i);
  }
  return std::nullopt;
}

}  // namespace ringtail::storage
