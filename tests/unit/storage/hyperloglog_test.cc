#include "storage/hyperloglog.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage::hyperloglog {
namespace {

constexpr size_t kSparseMax = 3000;

std::string Sparse(std::string_view runs) {
  return MakeEmpty().substr(0, kHeaderBytes) + std::string(runs);
}

TEST(HyperLogLog, AnEmptyOneIsOneRunOfZeros) {
  const std::string empty = MakeEmpty();
  EXPECT_EQ(empty, std::string("HYLL\1\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18));
  EXPECT_EQ(DescribeSparse(empty), "Z:16384");
  EXPECT_EQ(Count(empty), 0U);
}

// Registers that redis-server 7.0 was seen to raise.
TEST(HyperLogLog, ElementsChooseTheRegistersThatTheyDoInRedis) {
  std::string bytes = MakeEmpty();
  for (const char* element : {"a", "b", "c", "", "12345678", "123456789"}) {
    Raise(bytes, Observe(element), kSparseMax);
  }
  EXPECT_EQ(DescribeSparse(bytes),
            "Z:5938 v:2,1 Z:2497 v:1,1 Z:856 v:2,1 Z:1285 v:3,1 Z:2131 v:2,1 Z:3068 v:1,1 "
            "Z:603");
}

TEST(HyperLogLog, NeighboursOfEqualValueAreJoined) {
  std::string bytes = MakeEmpty();
  for (const uint32_t index : {10U, 12U, 11U, 13U, 14U}) Raise(bytes, {index, 3}, kSparseMax);
  EXPECT_EQ(DescribeSparse(bytes), "z:10 v:3,4 v:3,1 Z:16369");
  Raise(bytes, {12, 5}, kSparseMax);
  EXPECT_EQ(DescribeSparse(bytes), "z:10 v:3,2 v:5,1 v:3,2 Z:16369");
  EXPECT_EQ(Raise(bytes, {12, 5}, kSparseMax), Outcome::kUnchanged);
}

TEST(HyperLogLog, WhatARunCannotSayMakesItDense) {
  std::string high = MakeEmpty();
  EXPECT_EQ(Raise(high, {7, 33}, kSparseMax), Outcome::kChanged);
  EXPECT_TRUE(IsDense(high));
  EXPECT_EQ(DenseRegister(high, 7), 33);
  std::string lengthy = MakeEmpty();
  Raise(lengthy, {100, 1}, 20);
  EXPECT_TRUE(IsDense(lengthy));
}

TEST(HyperLogLog, BothEncodingsHoldWhatAnArrayHolds) {
  Random random(RunSeed());
  for (int round = 0; round < Operations(100); ++round) {
    std::string sparse = MakeEmpty();
    std::string dense = sparse;
    ASSERT_TRUE(MakeDense(dense));
    Registers model{};
    const size_t sparse_max = 100 + random.Below(16'000);
    const int observation_count = static_cast<int>(random.Below(3000));
    const uint64_t value_bound = random.Below(4) == 0 ? 51 : 5;
    for (int i = 0; i < observation_count; ++i) {
      const Observation observation{static_cast<uint32_t>(random.Below(kRegisterCount)),
                                    static_cast<uint8_t>(1 + random.Below(value_bound))};
      const bool is_raised = observation.value > model[observation.index];
      ASSERT_EQ(Raise(sparse, observation, sparse_max),
                is_raised ? Outcome::kChanged : Outcome::kUnchanged);
      ASSERT_EQ(RaiseDense(dense, observation), is_raised);
      if (is_raised) model[observation.index] = observation.value;
    }
    for (const std::string& bytes : {sparse, dense}) {
      Registers registers{};
      ASSERT_TRUE(Merge(registers, bytes));
      ASSERT_EQ(registers, model);
      ASSERT_EQ(Count(bytes), Count(model));
    }
    ASSERT_TRUE(MakeDense(sparse));
    ASSERT_EQ(sparse, dense);
    for (size_t i = 0; i < kRegisterCount; ++i) ASSERT_EQ(DenseRegister(dense, i), model[i]);
  }
}

TEST(HyperLogLog, EstimatesAreWithinSixStandardErrors) {
  Random random(RunSeed());
  std::string bytes = MakeEmpty();
  uint64_t added = 0;
  for (const uint64_t goal : {1U, 10U, 100U, 1000U, 10'000U, 100'000U, 1'000'000U}) {
    for (; added < goal; ++added) Raise(bytes, Observe(std::to_string(random.Next())), kSparseMax);
    const auto goal_count = static_cast<double>(goal);
    EXPECT_NEAR(static_cast<double>(*Count(bytes)), goal_count, 1 + 6 * 0.0081 * goal_count);
  }
}

TEST(HyperLogLog, TheCachedCountIsKeptInTheHeader) {
  std::string bytes = MakeEmpty();
  EXPECT_EQ(CachedCount(bytes), 0U);
  SetCachedCount(bytes, 0x0102030405060708);
  EXPECT_EQ(bytes.substr(8, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
  EXPECT_EQ(CachedCount(bytes), 0x0102030405060708U);
  DropCachedCount(bytes);
  EXPECT_FALSE(CachedCount(bytes));
}

TEST(HyperLogLog, OtherStringsAreNone) {
  EXPECT_TRUE(IsHyperLogLog(Sparse("")));
  for (const std::string& bytes :
       {std::string(), std::string("HYLL"), std::string("HYLL\1") + std::string(10, '\0'),
        std::string("hyll\1") + std::string(20, '\0'),
        std::string("HYLL\2") + std::string(20, '\0'),
        std::string("HYLL") + std::string(kDenseBytes - 5, '\0'),
        std::string("HYLL") + std::string(kDenseBytes - 3, '\0')}) {
    EXPECT_FALSE(IsHyperLogLog(bytes)) << bytes.size();
  }
}

TEST(HyperLogLog, RunsThatDoNotCoverAllRegistersAreCorrupt) {
  for (const std::string& bytes : {Sparse(""), Sparse("\x7f\xfe"), Sparse({"\x7f\xff\0", 3}),
                                   Sparse("\x7f\xff\x80"), Sparse("\x7f")}) {
    Registers registers{};
    EXPECT_FALSE(Count(bytes));
    EXPECT_FALSE(Merge(registers, bytes));
    std::string copy = bytes;
    EXPECT_FALSE(MakeDense(copy));
    EXPECT_EQ(copy, bytes);
  }
  std::string shortened = Sparse("\x7f\xfe");
  EXPECT_EQ(Raise(shortened, {16383, 1}, kSparseMax), Outcome::kCorrupt);
}

TEST(HyperLogLog, ForgedRegistersCountAsRedisCountsThem) {
  std::string dense = MakeEmpty();
  MakeDense(dense);
  for (size_t i = kHeaderBytes; i < dense.size(); ++i) dense[i] = '\xff';
  EXPECT_EQ(Count(dense), uint64_t{1} << 63);
}

TEST(HyperLogLog, AnyBytesAreRead) {
  Random random(RunSeed());
  for (int i = 0; i < Operations(20'000); ++i) {
    std::string runs(random.Below(40), '\0');
    for (char& c : runs) c = static_cast<char>(random.Next());
    std::string bytes = Sparse(runs);
    Registers registers{};
    ASSERT_EQ(Merge(registers, bytes), Count(bytes).has_value());
    DescribeSparse(bytes);
    Raise(bytes, {static_cast<uint32_t>(random.Below(kRegisterCount)), 9}, 60);
    ASSERT_TRUE(IsHyperLogLog(bytes));
  }
}

}  // namespace
}  // namespace ringtail::storage::hyperloglog
