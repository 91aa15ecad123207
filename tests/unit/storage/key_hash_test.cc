#include "storage/key_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace ringtail::storage {
namespace {

TEST(KeyHash, TakesPartitionAndPositionFromBitsThatDoNotOverlap) {
  const KeyHash hash(0xabcdef123456789a);
  EXPECT_EQ(hash.position(), 0xabcdefU);
  EXPECT_EQ(hash.partition_bits(), 0x789aU);
}

TEST(KeyHasher, SameSeedGivesSameHashesAndAnotherSeedOthers) {
  const KeyHasher first(1);
  const KeyHasher again(1);
  const KeyHasher other(2);
  for (size_t size = 0; size < 600; ++size) {
    const std::string key(size, 'k');
    ASSERT_EQ(first.Hash(key).bits(), again.Hash(key).bits());
    ASSERT_NE(first.Hash(key).bits(), other.Hash(key).bits());
  }
}

TEST(KeyHasher, TwoFromTheOperatingSystemDiffer) {
  EXPECT_NE(KeyHasher().Hash("key").bits(), KeyHasher().Hash("key").bits());
}

}  // namespace
}  // namespace ringtail::storage
