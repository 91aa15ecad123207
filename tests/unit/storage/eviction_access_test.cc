#include "storage/eviction_access.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace ringtail::storage {
namespace {

AccessClock ClockOf(AccessKind kind, uint32_t seconds) {
  AccessClock clock;
  clock.kind = kind;
  clock.seconds = seconds & kSecondMask;
  clock.minutes = seconds / 60 & 0xffff;
  return clock;
}

TEST(EvictionAccess, IdleSecondsCountFromTheLastAccess) {
  for (const AccessKind kind : {AccessKind::kIdle, AccessKind::kLru}) {
    const uint32_t access = AccessOfNew(ClockOf(kind, 5'000));
    EXPECT_EQ(IdleSeconds(access, ClockOf(kind, 5'007)), 7U);
  }
}

TEST(EvictionAccess, IdleSecondsSurviveTheWrapOfTheSecondClock) {
  const uint32_t access = AccessOfNew(ClockOf(AccessKind::kLru, kSecondMask));
  EXPECT_EQ(IdleSeconds(access, ClockOf(AccessKind::kLru, kSecondMask + 3)), 3U);
}

TEST(EvictionAccess, IdleTimesOfMoreThanHalfAYearCanBeTold) {
  const uint32_t access = AccessOfNew(ClockOf(AccessKind::kLru, 0));
  constexpr uint32_t kDays = 190 * 86'400;
  EXPECT_EQ(IdleSeconds(access, ClockOf(AccessKind::kLru, kDays)), kDays);
}

TEST(EvictionAccess, AnEntryRestoredWithAnIdleTimeTellsIt) {
  const AccessClock clock = ClockOf(AccessKind::kLru, 1'000'000);
  EXPECT_EQ(IdleSeconds(AccessOfIdleSeconds(1234, clock), clock), 1234U);
}

TEST(EvictionAccess, IdleTimesAndFrequenciesAreToldOnlyByTheKindsThatKeepThem) {
  EXPECT_FALSE(IdleSeconds(0, ClockOf(AccessKind::kLfu, 0)).has_value());
  EXPECT_FALSE(IdleSeconds(0, ClockOf(AccessKind::kAdaptive, 0)).has_value());
  EXPECT_FALSE(AccessFrequency(0, ClockOf(AccessKind::kIdle, 0)).has_value());
  EXPECT_FALSE(AccessFrequency(0, ClockOf(AccessKind::kLru, 0)).has_value());
}

TEST(EvictionAccess, ANewLfuEntryHasTheFrequencyFive) {
  const AccessClock clock = ClockOf(AccessKind::kLfu, 100);
  EXPECT_EQ(AccessFrequency(AccessOfNew(clock), clock), 5U);
}

TEST(EvictionAccess, TheFirstLfuHitAlwaysCountsAndLaterOnesLessAndLess) {
  const AccessClock clock = ClockOf(AccessKind::kLfu, 100);
  Random random(1);
  uint32_t access = AccessOfNew(clock);
  access = LfuTouch(access, clock, ~0U);
  EXPECT_EQ(AccessFrequency(access, clock), 6U);
  EXPECT_EQ(AccessFrequency(LfuTouch(access, clock, ~0U), clock), 6U);
  // With a factor of 10 a counter of 5 + n takes about 5 n^2 hits.
  for (int i = 0; i < 5'000; ++i) {
    access = LfuTouch(access, clock, static_cast<uint32_t>(random.Next() >> 32));
  }
  EXPECT_NEAR(AccessFrequency(access, clock).value(), 5 + 32, 8);
}

TEST(EvictionAccess, AnLfuCounterLosesOneForEveryDecayTimeWithoutAccess) {
  AccessClock clock = ClockOf(AccessKind::kLfu, 600);
  const uint32_t access = AccessOfFrequency(100, clock);
  clock.minutes += 7;
  EXPECT_EQ(AccessFrequency(access, clock), 93U);
  clock.lfu.decay_minutes = 2;
  EXPECT_EQ(AccessFrequency(access, clock), 97U);
  clock.lfu.decay_minutes = 0;
  EXPECT_EQ(AccessFrequency(access, clock), 100U);
  clock.lfu.decay_minutes = 1;
  clock.minutes += 500;
  EXPECT_EQ(AccessFrequency(access, clock), 0U);
}

TEST(EvictionAccess, TheLfuCounterEndsAt255) {
  AccessClock clock = ClockOf(AccessKind::kLfu, 600);
  clock.lfu.log_factor = 0;
  uint32_t access = AccessOfNew(clock);
  for (int i = 0; i < 1'000; ++i) access = LfuTouch(access, clock, ~0U);
  EXPECT_EQ(AccessFrequency(access, clock), 255U);
}

TEST(EvictionAccess, AnAdaptiveFieldTellsItsClassAndAgeAcrossTheWrapOfTheClock) {
  AccessClock clock = ClockOf(AccessKind::kAdaptive, 0);
  clock.tick = kTickMask - 5;
  const uint32_t access = PackClass(77, clock);
  clock.tick = 10;
  EXPECT_EQ(WaitingOf(access, clock).cls, 77U);
  EXPECT_EQ(WaitingOf(access, clock).age_ticks, 16U);
}

TEST(EvictionAccess, AnLruFieldTellsItsFrequencyAndItsAgeInEighthsOfATurnover) {
  AccessClock clock = ClockOf(AccessKind::kLru, 42);
  clock.tick = 3;
  const uint32_t access = PackClass(5, clock);
  clock.tick = 3 + 100;
  EXPECT_EQ(WaitingOf(access, clock).cls, 5U);
  EXPECT_NEAR(WaitingOf(access, clock).age_ticks, 100, kLruStepTicks);
}

TEST(EvictionAccess, AFrequencyGrowsWithEveryAccessAtFirstAndThenRarely) {
  Waiting waiting{.cls = 0, .age_ticks = 0};
  for (uint32_t i = 1; i <= 4; ++i) {
    waiting.cls = NextClass(waiting, ~0U);
    EXPECT_EQ(waiting.cls % kAccessFrequencyCount, i);
  }
  EXPECT_EQ(NextClass(waiting, ~0U) % kAccessFrequencyCount, 4U);
  EXPECT_EQ(NextClass(waiting, 0) % kAccessFrequencyCount, 5U);
  waiting.cls = kAccessFrequencyCount - 1;
  EXPECT_EQ(NextClass(waiting, 0) % kAccessFrequencyCount, kAccessFrequencyCount - 1);
}

TEST(EvictionAccess, AClassNeverLeavesItsRange) {
  Random random(3);
  for (int i = 0; i < 100'000; ++i) {
    const Waiting waiting{.cls = static_cast<uint32_t>(random.Below(kAccessClassCount)),
                          .age_ticks = static_cast<uint32_t>(random.Next()) & kTickMask};
    ASSERT_LT(NextClass(waiting, static_cast<uint32_t>(random.Next())), kAccessClassCount);
  }
}

}  // namespace
}  // namespace ringtail::storage
