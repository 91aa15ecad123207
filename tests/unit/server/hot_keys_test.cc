#include "server/hot_keys.h"

#include <gtest/gtest.h>

namespace ringtail::server {
namespace {

TEST(GreatestAmounts, KeepsTheGreatestFirst) {
  GreatestAmounts amounts(10);
  amounts.Add("a", 5);
  amounts.Add("b", 7);
  amounts.Add("a", 4);
  const std::vector<std::pair<std::string, uint64_t>> expected = {{"a", 9}, {"b", 7}};
  EXPECT_EQ(amounts.Greatest(5), expected);
  EXPECT_EQ(amounts.Greatest(1).size(), 1U);
}

TEST(GreatestAmounts, AGreatOneIsNeverMissedAmongManySmallOnes) {
  GreatestAmounts amounts(16);
  for (int i = 0; i < 10000; ++i) {
    amounts.Add("small:" + std::to_string(i), 1);
    if (i % 4 == 0) amounts.Add("great", 1);
  }
  EXPECT_EQ(amounts.Greatest(1).front().first, "great");
  EXPECT_GE(amounts.Greatest(1).front().second, 2500U);
}

TEST(GreatestAmounts, LongNamesAreCut) {
  GreatestAmounts amounts(4);
  amounts.Add(std::string(100000, 'x'), 1);
  EXPECT_EQ(amounts.Greatest(1).front().first.size(), 512U);
}

}  // namespace
}  // namespace ringtail::server
