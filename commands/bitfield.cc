#include "commands/bitfield.h"

#include <algorithm>

#include "base/int128.h"
#include "base/parse_number.h"

namespace ringtail::commands {
namespace {

// An integer of 64 bits that begins inside a byte lies in nine.
constexpr uint64_t kWindowBytes = 9;

struct Range {
  Int128 min;
  Int128 max;
};

Range RangeOf(BitfieldType type) {
  if (!type.is_signed) return {0, (Int128{1} << type.bits) - 1};
  const Int128 half = Int128{1} << (type.bits - 1);
  return {-half, half - 1};
}

uint64_t MaskOf(BitfieldType type) {
  return type.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << type.bits) - 1;
}

// The lowest bits of `raw` as the type reads them.
int64_t Interpret(BitfieldType type, uint64_t raw) {
  const unsigned unused = 64 - type.bits;
  if (!type.is_signed) return static_cast<int64_t>(raw & MaskOf(type));
  return static_cast<int64_t>(raw << unused) >> unused;
}

std::optional<int64_t> Fit(BitfieldType type, Int128 value, BitfieldOverflow overflow) {
  const Range range = RangeOf(type);
  if (value >= range.min && value <= range.max) return static_cast<int64_t>(value);
  switch (overflow) {
    case BitfieldOverflow::kWrap:
      return Interpret(type, static_cast<uint64_t>(value));
    case BitfieldOverflow::kSaturate:
      return static_cast<int64_t>(value < range.min ? range.min : range.max);
    case BitfieldOverflow::kFail:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<BitfieldType> ParseBitfieldType(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty() || (text[0] != 'i' && text[0] != 'u')) return std::nullopt;
  const bool is_signed = text[0] == 'i';
  const auto bits = ParseInt64(text.substr(1));
  if (!bits || *bits < 1 || *bits > (is_signed ? 64 : 63)) return std::nullopt;
  return BitfieldType{is_signed, static_cast<unsigned>(*bits)};
}

int64_t ReadBitfield(std::string_view bytes, uint64_t bit, BitfieldType type) {
  const uint64_t first_byte = bit / 8;
  Uint128 window = 0;
  for (uint64_t i = 0; i < kWindowBytes; ++i) {
    const uint64_t at = first_byte + i;
    window = window << 8 | (at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U);
  }
  const uint64_t below = kWindowBytes * 8 - bit % 8 - type.bits;
  return Interpret(type, static_cast<uint64_t>(window >> below));
}

void WriteBitfield(std::span<char> bytes, uint64_t bit, BitfieldType type, int64_t value) {
  const uint64_t first_byte = bit / 8;
  const uint64_t last_byte = (bit + type.bits - 1) / 8;
  const uint64_t below = (last_byte + 1) * 8 - bit - type.bits;
  Uint128 field = Uint128{static_cast<uint64_t>(value) & MaskOf(type)} << below;
  Uint128 mask = Uint128{MaskOf(type)} << below;
  for (uint64_t at = last_byte + 1; at-- > first_byte;) {
    const auto old = static_cast<unsigned char>(bytes[at]);
    const auto kept = static_cast<unsigned>(old) & ~static_cast<unsigned>(mask & 0xff);
    bytes[at] = static_cast<char>(kept | static_cast<unsigned>(field & 0xff));
    field >>= 8;
    mask >>= 8;
  }
}

std::optional<int64_t> AddInBitfield(BitfieldType type, int64_t old, int64_t increment,
                                     BitfieldOverflow overflow) {
  return Fit(type, Int128{old} + increment, overflow);
}

std::optional<int64_t> FitInBitfield(BitfieldType type, int64_t value, BitfieldOverflow overflow) {
  return Fit(type, type.is_signed ? Int128{value} : Int128{static_cast<uint64_t>(value)},
             overflow);
}

}  // namespace ringtail::commands
