#include "storage/string_value.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

TEST(CanonicalInt, TakesExactlyWhatRedisStoresAsAnInteger) {
  for (const int64_t value : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{10}, int64_t{-10},
                              int64_t{999}, INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1}) {
    EXPECT_EQ(CanonicalInt(std::to_string(value)), value);
  }
}

TEST(CanonicalInt, RefusesEverythingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "-"sv, "+"sv, "-0"sv, "00"sv, "01"sv, "-01"sv, "+1"sv, " 1"sv, "1 "sv, "1\n"sv,
        "1.0"sv, "1e3"sv, "0x1"sv, "--1"sv, "a"sv, "1a"sv, "\0"sv, "1\0"sv, "9223372036854775808"sv,
        "-9223372036854775809"sv, "18446744073709551615"sv, "18446744073709551616"sv,
        "100000000000000000000"sv, "-10000000000000000000"sv, "000000000000000000001"sv,
        "99999999999999999999999999999999"sv}) {
    EXPECT_EQ(CanonicalInt(text), std::nullopt) << text;
  }
}

TEST(CanonicalInt, IsTheInverseOfFormatInt) {
  Random random(RunSeed());
  for (int i = 0; i < Operations(1'000'000); ++i) {
    const auto value = static_cast<int64_t>(random.Next()) >> random.Below(64);
    char digits[20];
    const std::string_view text(digits, FormatInt(value, digits));
    ASSERT_EQ(text, std::to_string(value));
    ASSERT_EQ(CanonicalInt(text), value);
  }
}

TEST(CanonicalInt, OnlyAcceptsTextThatFormatsBackToItself) {
  Random random(RunSeed());
  constexpr std::string_view kAlphabet = "0123456789-+ .";
  for (int i = 0; i < Operations(1'000'000); ++i) {
    std::string text;
    for (size_t n = random.Below(23); n > 0; --n) text += kAlphabet[random.Below(i % 2 ? 10 : 14)];
    const auto value = CanonicalInt(text);
    ASSERT_TRUE(!value || std::to_string(*value) == text) << text;
  }
}

TEST(MakeString, ChoosesTheEncodingAndKeepsTheBytes) {
  const int64_t before = memory::UsedBytes();
  for (const size_t size : {0U, 1U, 44U, 45U, 127U, 128U, 16'383U, 16'384U, 100'000U}) {
    for (const bool is_volatile : {false, true}) {
      const std::string value(size, 'v');
      Entry* entry = MakeString("key", value, is_volatile);
      EXPECT_EQ(entry->encoding(), size < 16'384 ? Encoding::kBlob : Encoding::kShared);
      EXPECT_EQ(StringView(*entry).bytes(), value);
      EXPECT_EQ(StringBytes(*entry), size);
      EXPECT_EQ(StringInt(*entry), std::nullopt);
      EXPECT_EQ(StringEncodingName(*entry), size <= 44 ? "embstr" : "raw");
      EXPECT_EQ(entry->is_volatile(), is_volatile);
      Entry::Destroy(entry);
    }
  }
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(MakeString, StoresIntegersAsEightBytes) {
  Entry* entry = MakeString("key", "-9223372036854775808", false);
  EXPECT_EQ(entry->encoding(), Encoding::kInt);
  EXPECT_EQ(StringView(*entry).bytes(), "-9223372036854775808");
  EXPECT_EQ(StringBytes(*entry), 20U);
  EXPECT_EQ(StringInt(*entry), INT64_MIN);
  EXPECT_EQ(StringEncodingName(*entry), "int");
  Entry::Destroy(entry);
}

TEST(StringInt, ReadsAShortNumberInASharedBlock) {
  SharedBytes block = SharedBytes::Create(3, 100'000);
  std::memcpy(block.data(), "123", 3);
  Entry* entry = MakeShared("key", std::move(block), false);
  EXPECT_EQ(StringInt(*entry), 123);
  Entry::Destroy(entry);
}

TEST(ShareBlock, AddsAnOwnerWhoKeepsTheBytesWhenTheEntryIsGone) {
  const int64_t before = memory::UsedBytes();
  Entry* entry = MakeString("key", std::string(20'000, 'v'), false);
  SharedBytes block = ShareBlock(*entry);
  EXPECT_FALSE(block.is_unique());
  Entry::Destroy(entry);
  EXPECT_TRUE(block.is_unique());
  EXPECT_EQ(block.view(), std::string(20'000, 'v'));
  block = SharedBytes();
  EXPECT_EQ(memory::UsedBytes(), before);
}

}  // namespace
}  // namespace ringtail::storage
