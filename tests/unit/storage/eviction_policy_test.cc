#include "storage/eviction_policy.h"

#include <gtest/gtest.h>

namespace ringtail::storage {
namespace {

TEST(EvictionPolicy, EveryNameParsesBackToItsPolicy) {
  for (int i = 0; i <= static_cast<int>(EvictionPolicy::kVolatileTtl); ++i) {
    const auto policy = static_cast<EvictionPolicy>(i);
    EXPECT_EQ(ParseEvictionPolicy(EvictionPolicyName(policy)), policy);
  }
}

TEST(EvictionPolicy, NamesAreReadInAnyCase) {
  EXPECT_EQ(ParseEvictionPolicy("AllKeys-LRU"), EvictionPolicy::kAllKeysLru);
}

TEST(EvictionPolicy, AnUnknownNameIsNoPolicy) {
  EXPECT_EQ(ParseEvictionPolicy("allkeys-fifo"), std::nullopt);
  EXPECT_EQ(ParseEvictionPolicy(""), std::nullopt);
}

TEST(EvictionPolicy, TheVolatileOnesAreThoseNamedSo) {
  for (int i = 0; i <= static_cast<int>(EvictionPolicy::kVolatileTtl); ++i) {
    const EvictionTraits& traits = PolicyTraits(static_cast<EvictionPolicy>(i));
    EXPECT_EQ(traits.volatile_only, traits.name.starts_with("volatile-")) << traits.name;
  }
}

}  // namespace
}  // namespace ringtail::storage
