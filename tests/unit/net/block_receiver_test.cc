#include "net/block_receiver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/random.h"

namespace ringtail::net {
namespace {

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  Random random(size);
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

void Collect(BlockReceiver& block, std::string_view value, size_t arrived, size_t step_bytes_max,
             Random& random) {
  block.Begin(value.substr(0, arrived), value.size());
  size_t have = arrived;
  while (!block.is_complete()) {
    const std::span<char> room = block.Room();
    ASSERT_FALSE(room.empty());
    const size_t size = std::min(room.size(), 1 + random.Below(step_bytes_max));
    std::memcpy(room.data(), value.data() + have, size);
    block.Received(size);
    have += size;
    ASSERT_LE(block.reserved_bytes(), 5 * have + 2 * 64 * 1024 + 64) << have;
  }
}

TEST(BlockReceiver, AnySizeInAnyStepsArrivesWhole) {
  const uint64_t seed = 4711;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (const size_t size :
       {1U, 2U, 1000U, 65'536U, 65'537U, 200'000U, 590'001U, 1'000'000U, 7'654'321U}) {
    const std::string value = Pattern(size);
    for (const size_t step : {size_t{1500}, size_t{70'000}, kBlockReceiveBytesMax}) {
      BlockReceiver block;
      Collect(block, value, random.Below(std::min<size_t>(size, 60'000) + 1), step, random);
      ASSERT_EQ(block.Take().view(), value) << size << " in steps of " << step;
      EXPECT_FALSE(block.is_active());
      EXPECT_EQ(block.reserved_bytes(), 0u);
    }
  }
}

TEST(BlockReceiver, AnnouncementAloneAllocatesLittle) {
  BlockReceiver block;
  block.Begin("abc", size_t{512} * 1024 * 1024);
  EXPECT_EQ(block.missing_bytes(), size_t{512} * 1024 * 1024 - 3);
  EXPECT_LE(block.reserved_bytes(), 96u * 1024);
}

}  // namespace
}  // namespace ringtail::net
