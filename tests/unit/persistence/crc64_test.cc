#include "persistence/crc64.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace ringtail::persistence {
namespace {

uint64_t BitByBit(std::string_view bytes) {
  uint64_t crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x95ac9329ac4bc9b5 : crc >> 1;
  }
  return crc;
}

TEST(Crc64, HasTheKnownCheckValue) { EXPECT_EQ(Crc64(0, "123456789"), 0xe9c6d914c4b8d9caU); }

TEST(Crc64, OfNothingIsTheStart) { EXPECT_EQ(Crc64(42, ""), 42U); }

TEST(Crc64, EqualsTheDefinitionAtEveryLengthAndSplit) {
  std::mt19937_64 random(1);
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    EXPECT_EQ(Crc64(0, bytes), BitByBit(bytes)) << length;
    for (size_t split = 0; split <= bytes.size(); ++split) {
      const std::string_view view = bytes;
      EXPECT_EQ(Crc64(Crc64(0, view.substr(0, split)), view.substr(split)), Crc64(0, bytes));
    }
    bytes.push_back(static_cast<char>(random()));
  }
}

}  // namespace
}  // namespace ringtail::persistence
