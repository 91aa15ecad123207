#include "storage/eviction_ghost.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace ringtail::storage {
namespace {

TEST(GhostTable, AnEvictedKeyIsRecalledWithItsClassAndAge) {
  GhostTable ghosts(4096);
  ghosts.Remember(0x123456789abcdef0, {.cls = 99, .age_ticks = 40}, 1000);
  const auto ghost = ghosts.Recall(0x123456789abcdef0, 1100);
  ASSERT_TRUE(ghost.has_value());
  EXPECT_EQ(ghost->cls, 99U);
  EXPECT_NEAR(ghost->age_ticks, 140, 4);
}

TEST(GhostTable, AKeyIsRecalledOnce) {
  GhostTable ghosts(4096);
  ghosts.Remember(42, {.cls = 1, .age_ticks = 0}, 5);
  EXPECT_TRUE(ghosts.Recall(42, 5).has_value());
  EXPECT_FALSE(ghosts.Recall(42, 5).has_value());
}

TEST(GhostTable, AKeyNeverEvictedIsHardlyEverRecalled) {
  GhostTable ghosts(1 << 20);
  Random random(1);
  for (int i = 0; i < 200'000; ++i) {
    ghosts.Remember(random.Next(), {.cls = 1, .age_ticks = 0}, static_cast<uint32_t>(i / 1000));
  }
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += ghosts.Recall(random.Next(), 200).has_value() ? 1 : 0;
  EXPECT_LT(wrong, 50);
}

TEST(GhostTable, TheNewestAreRememberedWhenThereAreTooMany) {
  GhostTable ghosts(64 << 10);  // 16,384 marks.
  Random random(2);
  std::vector<uint64_t> hashes;
  for (uint32_t i = 0; i < 60'000; ++i) {
    hashes.push_back(random.Next());
    ghosts.Remember(hashes.back(), {.cls = 1, .age_ticks = 0}, i / 64);
  }
  int recalled = 0;
  for (size_t i = hashes.size() - 8'000; i < hashes.size(); ++i) {
    recalled += ghosts.Recall(hashes[i], 60'000 / 64).has_value() ? 1 : 0;
  }
  EXPECT_GT(recalled, 7'500);
}

}  // namespace
}  // namespace ringtail::storage
