// Integers of 1 to 64 bits at any bit of a byte string: the arithmetic of BITFIELD.
//
//   const auto type = ParseBitfieldType("i5");
//   const int64_t old = ReadBitfield(bytes, 13, *type);
//   const auto sum = AddInBitfield(*type, old, 7, BitfieldOverflow::kSaturate);
//   if (sum) WriteBitfield(bytes, 13, *type, *sum);
//
// The highest bit comes first. What lies beyond the string reads as zeros. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ringtail::commands {

struct BitfieldType {
  bool is_signed = false;
  unsigned bits = 0;  ///< 1 to 64, unsigned to 63
};

enum class BitfieldOverflow : uint8_t { kWrap, kSaturate, kFail };

/// "i8", "u63"; nothing if it is no type.
std::optional<BitfieldType> ParseBitfieldType(std::string_view text);

/// The integer at this bit.
int64_t ReadBitfield(std::string_view bytes, uint64_t bit, BitfieldType type);
/// Stores the lowest bits of `value`; bytes must reach that far.
void WriteBitfield(std::span<char> bytes, uint64_t bit, BitfieldType type, int64_t value);

/// old + increment as the type holds it; nothing if it does not fit and may neither wrap nor saturate.
std::optional<int64_t> AddInBitfield(BitfieldType type, int64_t old, int64_t increment,
                                     BitfieldOverflow overflow);
/// `value` as the type holds it. An unsigned type takes it as an unsigned number: -1 is too large.
std::optional<int64_t> FitInBitfield(BitfieldType type, int64_t value, BitfieldOverflow overflow);

}  // namespace ringtail::commands
