#include "base/parse_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/random.h"

namespace ringtail {
namespace {

TEST(ParseInt64, ReadsTheCanonicalSpellingOnly) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("-1"), -1);
  EXPECT_EQ(ParseInt64("1234567890123456789"), 1234567890123456789);
  for (const char* wrong : {"", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1a", "a", "1.0",
                            "0x1", "--1", "1e3", "12345678901234567890123"}) {
    EXPECT_EQ(ParseInt64(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(ParseInt64(std::string_view("1\0", 2)), std::nullopt);
}

TEST(ParseInt64, KnowsTheEdgesOf64Bits) {
  EXPECT_EQ(ParseInt64("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseInt64("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ParseInt64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseInt64("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(ParseInt64("9999999999999999999"), std::nullopt);
  EXPECT_EQ(ParseInt64("18446744073709551616"), std::nullopt);
}

TEST(ParseInt64, ReadsWhatFormatInt64Writes) {
  Random random(7);
  NumberText room;
  for (int round = 0; round < 100'000; ++round) {
    const auto value = static_cast<int64_t>(random.Next()) >> random.Below(64);
    ASSERT_EQ(ParseInt64(FormatInt64(value, room)), value);
  }
}

TEST(ParseDouble, ReadsWhatRedisReads) {
  EXPECT_EQ(ParseDouble("0x10"), 16);
  EXPECT_EQ(ParseDouble(".5"), 0.5);
  EXPECT_EQ(ParseDouble("1."), 1);
  EXPECT_EQ(ParseDouble("+1e5"), 1e5);
  EXPECT_EQ(ParseDouble("+inf"), HUGE_VAL);
  EXPECT_EQ(ParseDouble("-Infinity"), -HUGE_VAL);
  EXPECT_EQ(ParseDouble("5e-324"), 5e-324);
}

TEST(ParseDouble, RefusesWhatRedisRefuses) {
  for (const char* wrong :
       {"", "-", " 1", "1 ", "nan", "-nan", "1e400", "-1e400", "1e-400", "1,5", "e"}) {
    EXPECT_EQ(ParseDouble(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(ParseDouble(std::string_view("1\0", 2)), std::nullopt);
}

TEST(ParseDouble, DoesNotReadBehindTheView) {
  EXPECT_EQ(ParseDouble(std::string_view("+12345", 3)), 12);
  EXPECT_EQ(ParseLongDouble(std::string_view("12345", 2)), 12.0L);
}

TEST(ParseLongDouble, ReachesBeyondDouble) {
  EXPECT_EQ(ParseLongDouble("1e400"), 1e400L);
  EXPECT_EQ(ParseLongDouble("1e5000"), std::nullopt);
  EXPECT_EQ(ParseLongDouble("1e-5000"), std::nullopt);
  EXPECT_EQ(ParseLongDouble(std::string(200, '1')).has_value(), true);
  EXPECT_EQ(ParseLongDouble(std::string(6'000, '1')), std::nullopt);
}

TEST(FormatDouble, EqualsPrintfOnRandomBits) {
  Random random(11);
  NumberText room;
  for (int round = 0; round < 100'000; ++round) {
    double value = std::bit_cast<double>(random.Next());
    if (round % 2 == 0)
      value = static_cast<double>(static_cast<int64_t>(random.Next()) >> (round % 64));
    if (round % 7 == 0) value /= 1000;
    if (std::isnan(value) || std::isinf(value)) continue;
    char expected[64];
    std::snprintf(expected, sizeof expected, "%.17g", value);
    ASSERT_EQ(FormatDouble(value, room), expected);
  }
}

TEST(FormatDouble, KnowsInfinitiesAndSignedZero) {
  NumberText room;
  EXPECT_EQ(FormatDouble(HUGE_VAL, room), "inf");
  EXPECT_EQ(FormatDouble(-HUGE_VAL, room), "-inf");
  EXPECT_EQ(FormatDouble(-0.0, room), "-0");
  EXPECT_EQ(FormatDouble(0.1, room), "0.10000000000000001");
  EXPECT_EQ(FormatDouble(1e17, room), "1e+17");
}

TEST(FormatLongDouble, IsPlainDecimalWithoutTrailingZeros) {
  EXPECT_EQ(FormatLongDouble(3.0L), "3");
  EXPECT_EQ(FormatLongDouble(10.5L), "10.5");
  EXPECT_EQ(FormatLongDouble(100.0L), "100");
  EXPECT_EQ(FormatLongDouble(-0.0L), "0");
  EXPECT_EQ(FormatLongDouble(1e-20L), "0");
  EXPECT_EQ(FormatLongDouble(1e30L), "1000000000000000000024696061952");
  EXPECT_EQ(FormatLongDouble(std::numeric_limits<long double>::max()).size(), 4933U);
}

}  // namespace
}  // namespace ringtail
