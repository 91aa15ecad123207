// Bits of byte strings, eight bytes at a time. Bit 0 is the highest bit of byte 0, as in Redis.
//
//   uint64_t set = CountBits(bytes);
//   uint64_t first_clear = FindBit(bytes, 0, bytes.size() * 8, false);     // the end if there is none
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringtail::commands {

/// Number of set bits.
uint64_t CountBits(std::string_view bytes);
/// Number of set bits in [first, end), which must lie within `bytes`.
uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t end);
/// The first bit in [first, end) that is `value`, or `end`.
uint64_t FindBit(std::string_view bytes, uint64_t first, uint64_t end, bool value);

inline bool GetBit(std::string_view bytes, uint64_t bit) {
  if (bit / 8 >= bytes.size()) return false;
  return ((static_cast<unsigned char>(bytes[bit / 8]) >> (7 - bit % 8)) & 1) != 0;
}
inline void SetBit(std::span<char> bytes, uint64_t bit, bool value) {
  const auto mask = static_cast<unsigned char>(1U << (7 - bit % 8));
  const auto old = static_cast<unsigned char>(bytes[bit / 8]);
  bytes[bit / 8] = static_cast<char>(value ? old | mask : old & ~mask);
}

enum class BitOperation : uint8_t {
  kAnd,
  kOr,
  kXor,
  kAndNot,  ///< what the source does not have
};
/// target = target op source, where a source that is shorter ends in zeros. It is never longer.
void Combine(BitOperation operation, std::span<char> target, std::string_view source);
/// Keeps in `once` the bits that were in exactly one source so far, and in `often` those that were
/// in more. Both are as long as the longest source.
void CombineOnce(std::span<char> once, std::span<char> often, std::string_view source);
/// Flips every bit.
void Invert(std::span<char> bytes);

}  // namespace ringtail::commands
