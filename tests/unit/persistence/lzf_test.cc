#include "persistence/lzf.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ringtail::persistence
