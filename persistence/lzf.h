// Decompresses LZF, the compression of strings in RDB.
//
//   std::string room(expected_bytes, 0);
//   if (!LzfDecompress(compressed, room)) return Refuse();
//
// The format: a byte below 32 is followed by that many + 1 literal bytes; else its upper three
// bits are a length - 2 (7: another byte is added), its lower five with the byte behind them the
// distance - 1 of a copy from what was written. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringtail::persistence {

/// The most that so many compressed bytes can become: three bytes copy at most 264.
constexpr size_t LzfExpandedBytesMax(size_t compressed_bytes) {
  return compressed_bytes > (SIZE_MAX / 88) ? SIZE_MAX : compressed_bytes * 88;
}
/// Fills `out` exactly; false if the bytes are not LZF of just so many.
bool LzfDecompress(std::string_view compressed, std::span<char> out);

}  // namespace ringtail::persistence
