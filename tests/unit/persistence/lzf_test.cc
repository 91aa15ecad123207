#include "persistence/lzf.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace ringtail::persistence {
namespace {

using std::string_literals::operator""s;

std::string Decompressed(const std::string& compressed, size_t bytes) {
  std::string out(bytes, '?');
  return LzfDecompress(compressed, out) ? out : "refused";
}

TEST(Lzf, LiteralsAndCopiesMakeTheText) {
  EXPECT_EQ(Decompressed("\x02"s + "abc", 3), "abc");
  EXPECT_EQ(Decompressed("\x01"s + "ab" + "\x40\x01"s, 6), "ababab");
  EXPECT_EQ(Decompressed("\x00"s + "a" + "\xe0\x00\x00"s, 10), std::string(10, 'a'));
  EXPECT_EQ(Decompressed("", 0), "");
}

TEST(Lzf, WhatIsTruncatedTooLongOrReachesBackTooFarIsRefused) {
  EXPECT_EQ(Decompressed("\x02"s + "ab", 3), "refused");
  EXPECT_EQ(Decompressed("\x02"s + "abc", 2), "refused");
  EXPECT_EQ(Decompressed("\x02"s + "abc", 4), "refused");
  EXPECT_EQ(Decompressed("\x00"s + "a" + "\x20\x01"s, 4), "refused");
  EXPECT_EQ(Decompressed("\x00"s + "a" + "\x20"s, 4), "refused");
  EXPECT_EQ(Decompressed("\x00"s + "a" + "\xe0"s, 10), "refused");
}

TEST(Lzf, NothingExpandsBeyondTheBound) {
  std::string compressed = "\x00"s + "a";
  for (int i = 0; i < 100; ++i) compressed += "\xe0\xff\x00"s;
  const size_t bytes = 1 + 100 * 264;
  EXPECT_EQ(Decompressed(compressed, bytes), std::string(bytes, 'a'));
  EXPECT_LE(bytes, LzfExpandedBytesMax(compressed.size()));
}

// Texts of few different bytes and of parts of themselves, by one compressor.
TEST(Lzf, WhatIsCompressedComesBack) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  LzfCompressor compressor;
  int shorter_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t size = random() % (round % 50 == 0 ? 40'000 : 300);
    const size_t letters = 1 + random() % 30;
    while (text.size() < size) {
      if (random() % 4 != 0 || text.empty()) {
        text.push_back(static_cast<char>('a' + random() % letters));
      } else {
        const size_t from = random() % text.size();
        text += std::string(text.substr(from, random() % 400));
      }
    }
    std::string out = "before";
    if (!compressor.Compress(text, out)) {
      EXPECT_EQ(out, "before");
      continue;
    }
    ++shorter_count;
    const std::string compressed = out.substr(6);
    ASSERT_LE(compressed.size() + 4, text.size());
    ASSERT_EQ(Decompressed(compressed, text.size()), text);
  }
  EXPECT_GT(shorter_count, 5000);
}

TEST(Lzf, WhatDoesNotGetShorterIsLeft) {
  LzfCompressor compressor;
  std::string out;
  EXPECT_FALSE(compressor.Compress("", out));
  EXPECT_FALSE(compressor.Compress("abc", out));
  EXPECT_FALSE(compressor.Compress("abcdefghijklmnopqrstuvwxyz0123456789", out));
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(compressor.Compress(std::string(100, 'a'), out));
  EXPECT_LE(out.size(), 6u);
}

}  // namespace
}  // namespace ringtail::persistence
