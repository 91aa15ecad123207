#include "storage/eviction_model.h"

#include <gtest/gtest.h>

namespace ringtail::storage {
namespace {

TEST(EvictionModel, WaitBucketsNeverDecreaseAndStayInRange) {
  uint32_t last = 0;
  for (uint32_t age = 0; age < 1U << 21; ++age) {
    const uint32_t bucket = WaitBucket(age);
    ASSERT_GE(bucket, last);
    ASSERT_LE(bucket, last + 1);
    ASSERT_LT(bucket, kWaitBucketCount);
    last = bucket;
  }
}

TEST(EvictionModel, BeforeAnythingIsKnownTheMoreFrequentIsWorthMore) {
  const EvictionModel model;
  for (uint32_t frequency = 1; frequency < kAccessFrequencyCount; ++frequency) {
    EXPECT_GT(model.Density(frequency, 10), model.Density(frequency - 1, 10));
  }
}

TEST(EvictionModel, InALoopTheEntriesThatHaveWaitedLongestAreWorthMost) {
  EvictionModel model;
  for (uint32_t tick = 0; tick < 2'000; ++tick) {
    for (int i = 0; i < 50; ++i) {
      model.OnStart(1);
      if (tick >= 200) model.OnReuse(1, 200);
    }
    if (model.IsDue(tick)) model.Rebuild(tick);
  }
  EXPECT_GT(model.Density(1, 180), model.Density(1, 100));
  EXPECT_GT(model.Density(1, 100), model.Density(1, 10));
  EXPECT_GT(model.Density(1, 180), model.Density(1, 300));
}

TEST(EvictionModel, AClassThatNeverComesBackIsWorthLessThanOneThatDoes) {
  EvictionModel model;
  for (uint32_t tick = 0; tick < 2'000; ++tick) {
    for (int i = 0; i < 50; ++i) {
      model.OnStart(0);
      model.OnStart(1);
      model.OnReuse(1, 20);
    }
    if (model.IsDue(tick)) model.Rebuild(tick);
  }
  EXPECT_GT(model.Density(1, 5), model.Density(0, 5));
}

TEST(EvictionModel, ItForgetsWhatIsNoLongerSo) {
  EvictionModel model;
  uint32_t tick = 0;
  const auto run = [&](uint32_t returning, uint32_t gone) {
    for (const uint32_t end = tick + 3'000; tick < end; ++tick) {
      for (int i = 0; i < 50; ++i) {
        model.OnStart(returning);
        model.OnReuse(returning, 20);
        model.OnStart(gone);
      }
      if (model.IsDue(tick)) model.Rebuild(tick);
    }
  };
  run(1, 2);
  ASSERT_GT(model.Density(1, 5), model.Density(2, 5));
  run(2, 1);
  EXPECT_GT(model.Density(2, 5), model.Density(1, 5));
}

}  // namespace
}  // namespace ringtail::storage
