#include "net/input_buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/random.h"

namespace ringtail::net {
namespace {

void Arrive(InputBuffer& input, TurnArena& arena, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = input.Prepare(arena);
    const size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    input.Received(arena, size);
    bytes.remove_prefix(size);
    if (!bytes.empty()) {
      input.Retain();
      arena.Reset();
    }
  }
}

TEST(InputBuffer, ConsumedInputLeavesNoMemoryBehind) {
  TurnArena arena(1 << 20);
  InputBuffer input;
  Arrive(input, arena, "PING\r\n");
  EXPECT_EQ(input.view(), "PING\r\n");
  EXPECT_EQ(input.owned_bytes(), 0u);
  input.Consume(6);
  input.Retain();
  EXPECT_EQ(input.owned_bytes(), 0u);
}

TEST(InputBuffer, PartialInputSurvivesTheResetOfTheArena) {
  TurnArena arena(1 << 20);
  InputBuffer input;
  Arrive(input, arena, "PING\r\nPI");
  input.Consume(6);
  input.Retain();
  arena.Reset();
  std::memset(arena.Room().data(), '?', 100);
  EXPECT_EQ(input.view(), "PI");
  EXPECT_EQ(input.owned_bytes(), 2u);
  Arrive(input, arena, "NG\r\n");
  EXPECT_EQ(input.view(), "PING\r\n");
}

TEST(InputBuffer, CutOutRemovesTheMiddle) {
  TurnArena arena(1 << 20);
  InputBuffer input;
  Arrive(input, arena, "headVALUEtail");
  input.CutOut(4, 5);
  EXPECT_EQ(input.view(), "headtail");
}

TEST(InputBuffer, RandomArrivalsAndConsumptionsKeepTheBytesInOrder) {
  const uint64_t seed = 20240607;
  SCOPED_TRACE(seed);
  Random random(seed);
  TurnArena arena(256 * 1024);
  InputBuffer input;
  std::string model;
  char next = 0;
  for (int turn = 0; turn < 4'000; ++turn) {
    const size_t size = random.Below(turn % 50 == 0 ? 200'000 : 9'000);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = next++;
    if (arena.is_exhausted()) arena.Reset();
    Arrive(input, arena, bytes);
    model += bytes;
    ASSERT_EQ(input.view(), model) << "turn " << turn;
    const size_t consumed = turn % 7 == 0 ? model.size() : random.Below(model.size() + 1);
    input.Consume(consumed);
    model.erase(0, consumed);
    input.Retain();
    arena.Reset();
    ASSERT_EQ(input.view(), model) << "turn " << turn;
    ASSERT_LE(input.owned_bytes(), 4 * model.size() + kReceiveBytesMin);
  }
}

}  // namespace
}  // namespace ringtail::net
