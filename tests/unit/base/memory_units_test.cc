#include "base/memory_units.h"

#include <gtest/gtest.h>

namespace ringtail {
namespace {

TEST(MemoryUnits, KnowsDecimalAndBinaryUnitsInEitherCase) {
  EXPECT_EQ(ParseMemoryBytes("100"), 100U);
  EXPECT_EQ(ParseMemoryBytes("100b"), 100U);
  EXPECT_EQ(ParseMemoryBytes("1k"), 1000U);
  EXPECT_EQ(ParseMemoryBytes("1KB"), 1024U);
  EXPECT_EQ(ParseMemoryBytes("3m"), 3'000'000U);
  EXPECT_EQ(ParseMemoryBytes("3Mb"), 3U << 20);
  EXPECT_EQ(ParseMemoryBytes("2g"), 2'000'000'000U);
  EXPECT_EQ(ParseMemoryBytes("2gb"), 2ULL << 30);
  EXPECT_EQ(ParseMemoryBytes(""), 0U);
}

TEST(MemoryUnits, RefusesSignsFractionsAndOverflow) {
  for (const char* wrong : {"-1", "+1", "1.5gb", "1tb", "1 gb", "x", "18446744073709551616",
                            "18446744073709551615gb"}) {
    EXPECT_EQ(ParseMemoryBytes(wrong), std::nullopt) << wrong;
  }
}

TEST(MemoryUnits, ReadsWhatItWrites) {
  EXPECT_EQ(FormatMemoryBytes(2ULL << 30), "2gb");
  EXPECT_EQ(FormatMemoryBytes(0), "0");
  for (const uint64_t bytes : {uint64_t{1}, uint64_t{1000}, uint64_t{1024}, uint64_t{5} << 20}) {
    EXPECT_EQ(ParseMemoryBytes(FormatMemoryBytes(bytes)), bytes);
  }
}

}  // namespace
}  // namespace ringtail
