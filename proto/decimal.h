// Writes integers as decimal digits, two at a time; for reply headers and integers.
//
//   char* end = WriteDecimal(place, uint64_t{1234});       // "1234", no terminator
//
// std::to_chars measures its output first and then fills it backwards through a call; a length
// below 100 is most of what a cache server writes, and takes one branch here. Pure functions, any
// thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ringtail::proto {

/// Bytes that WriteDecimal needs at most: 20 digits of 2^64-1, or a sign and 19 digits.
inline constexpr size_t kDecimalBytesMax = 20;

namespace internal {
inline constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[i * 2] = static_cast<char>('0' + i / 10);
    pairs[i * 2 + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();
inline constexpr std::array<uint64_t, 20> kPowersOfTen = [] {
  std::array<uint64_t, 20> powers{};
  powers[0] = 0;  // so that 0 has one digit
  uint64_t power = 10;
  for (size_t i = 1; i < powers.size(); ++i, power *= 10) powers[i] = power;
  return powers;
}();
}  // namespace internal

/// The number of digits of `value`.
constexpr size_t DecimalWidth(uint64_t value) {
  // 1233 / 4096 is log10(2) to four digits: the estimate is the width or one less than it.
  const size_t bits = static_cast<size_t>(std::bit_width(value | 1));
  const size_t estimate = (bits * 1233) >> 12;
  return estimate + (value >= internal::kPowersOfTen[estimate] ? 1 : 0);
}

/// Writes the digits of `value` at `out` and returns the end. `out` must have room for 20 bytes.
inline char* WriteDecimal(char* out, uint64_t value) {
  if (value < 10) {
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  if (value < 100) {
    std::memcpy(out, &internal::kDigitPairs[value * 2], 2);
    return out + 2;
  }
  char* const end = out + DecimalWidth(value);
  char* place = end;
  for (; value >= 100; value /= 100) {
    place -= 2;
    std::memcpy(place, &internal::kDigitPairs[(value % 100) * 2], 2);
  }
  if (value >= 10) {
    std::memcpy(out, &internal::kDigitPairs[value * 2], 2);
  } else {
    *out = static_cast<char>('0' + value);
  }
  return end;
}

/// The same with a sign.
inline char* WriteDecimal(char* out, int64_t value) {
  uint64_t magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  return WriteDecimal(out, magnitude);
}

}  // namespace ringtail::proto
