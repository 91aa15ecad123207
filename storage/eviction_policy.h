// Which key must go when memory is full: the policies by name, and what each of them needs to know.
//
//   std::optional<EvictionPolicy> policy = ParseEvictionPolicy("allkeys-lru");
//   if (PolicyTraits(*policy).volatile_only) ...
//
// The first eight are Redis's. The *-lhd pair ranks keys by learned hit density (eviction_model.h
// has the idea, docs/adr/0001-eviction-policy.md the reason). Thread rule: constants, pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ringtail::storage {

enum class EvictionPolicy : uint8_t {
  kNoEviction,
  kAllKeysLru,
  kAllKeysLfu,
  kAllKeysAdaptive,
  kAllKeysRandom,
  kVolatileLru,
  kVolatileLfu,
  kVolatileAdaptive,
  kVolatileRandom,
  kVolatileTtl,
};

/// What an entry's 32-bit access field holds; eviction_access.h has the layouts.
enum class AccessKind : uint8_t {
  kIdle,      ///< The second of the last access, for OBJECT IDLETIME only.
  kLru,       ///< That second, and what orders entries within it.
  kLfu,       ///< Redis's logarithmic counter and the minute of its last decrement.
  kAdaptive,  ///< The insertion clock at the last access, and the entry's class.
};

/// How candidates are compared.
enum class EvictionRank : uint8_t { kNone, kIdle, kFrequency, kAdaptive, kRandom, kTtl };

struct EvictionTraits {
  std::string_view name;
  EvictionRank rank;
  AccessKind access;
  bool volatile_only;  ///< Only keys with an expiry time may be evicted.
};

/// The row of `policy` in the table of policies.
const EvictionTraits& PolicyTraits(EvictionPolicy policy);

/// The policy of that configuration name, upper or lower case; nothing if there is none.
std::optional<EvictionPolicy> ParseEvictionPolicy(std::string_view name);

/// The configuration name of `policy`.
inline std::string_view EvictionPolicyName(EvictionPolicy policy) {
  return PolicyTraits(policy).name;
}

}  // namespace ringtail::storage
