// The table `bit`: bitwise operations on 32-bit numbers, with the semantics of Lua BitOp.
#include <bit>
#include <climits>
#include <cstdint>

#include "scripting/libraries.h"

namespace ringtail::scripting {
namespace {

// The number modulo 2^32, rounded to even: adding 1.5 * 2^52 leaves the low bits of the sum's
// mantissa as the integer. That is BitOp's definition for numbers of any size.
uint32_t ToBits(lua_State* lua, int index) {
  const lua_Number number = luaL_checknumber(lua, index);
  return static_cast<uint32_t>(std::bit_cast<uint64_t>(number + 6755399441055744.0));
}

int PushBits(lua_State* lua, uint32_t bits) {
  lua_pushnumber(lua, static_cast<lua_Number>(static_cast<int32_t>(bits)));
  return 1;
}

int ToBit(lua_State* lua) { return PushBits(lua, ToBits(lua, 1)); }
int Not(lua_State* lua) { return PushBits(lua, ~ToBits(lua, 1)); }

template <typename Operation>
int Fold(lua_State* lua, Operation operation) {
  uint32_t bits = ToBits(lua, 1);
  for (int i = lua_gettop(lua); i > 1; --i) bits = operation(bits, ToBits(lua, i));
  return PushBits(lua, bits);
}
int And(lua_State* lua) {
  return Fold(lua, [](uint32_t a, uint32_t b) { return a & b; });
}
int Or(lua_State* lua) {
  return Fold(lua, [](uint32_t a, uint32_t b) { return a | b; });
}
int Xor(lua_State* lua) {
  return Fold(lua, [](uint32_t a, uint32_t b) { return a ^ b; });
}

// Only the low five bits of a distance count.
template <typename Operation>
int Shift(lua_State* lua, Operation operation) {
  const uint32_t bits = ToBits(lua, 1);
  return PushBits(lua, operation(bits, static_cast<int>(ToBits(lua, 2) & 31)));
}
int ShiftLeft(lua_State* lua) {
  return Shift(lua, [](uint32_t bits, int distance) { return bits << distance; });
}
int ShiftRight(lua_State* lua) {
  return Shift(lua, [](uint32_t bits, int distance) { return bits >> distance; });
}
int ShiftRightArithmetic(lua_State* lua) {
  return Shift(lua, [](uint32_t bits, int distance) {
    return static_cast<uint32_t>(static_cast<int32_t>(bits) >> distance);
  });
}
int RotateLeft(lua_State* lua) {
  return Shift(lua, [](uint32_t bits, int distance) { return std::rotl(bits, distance); });
}
int RotateRight(lua_State* lua) {
  return Shift(lua, [](uint32_t bits, int distance) { return std::rotr(bits, distance); });
}

int SwapBytes(lua_State* lua) { return PushBits(lua, __builtin_bswap32(ToBits(lua, 1))); }

// The least digits; upper case if their count is negative.
int ToHex(lua_State* lua) {
  const uint32_t bits = ToBits(lua, 1);
  int32_t count = lua_isnone(lua, 2) ? 8 : static_cast<int32_t>(ToBits(lua, 2));
  const char* digits = "0123456789abcdef";
  if (count < 0) {
    // The least integer has no positive twin; all of them mean eight digits.
    count = count < -8 ? 8 : -count;
    digits = "0123456789ABCDEF";
  }
  if (count > 8) count = 8;
  char text[8];
  for (int32_t i = 0; i < count; ++i) text[count - 1 - i] = digits[(bits >> (4 * i)) & 15];
  lua_pushlstring(lua, text, static_cast<size_t>(count));
  return 1;
}

}  // namespace

void OpenBit(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"tobit", ToBit},       {"bnot", Not},
                                        {"band", And},          {"bor", Or},
                                        {"bxor", Xor},          {"lshift", ShiftLeft},
                                        {"rshift", ShiftRight}, {"rol", RotateLeft},
                                        {"ror", RotateRight},   {"bswap", SwapBytes},
                                        {"tohex", ToHex},       {"arshift", ShiftRightArithmetic},
                                        {nullptr, nullptr}};
  lua_createtable(lua, 0, 12);
  luaL_register(lua, nullptr, kFunctions);
}

}  // namespace ringtail::scripting
