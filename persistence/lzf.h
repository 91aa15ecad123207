// LZF, the compression of strings in RDB.
//
//   LzfCompressor compressor;
//   if (compressor.Compress(text, out)) …                       // else it would not be shorter
//   std::string room(expected_bytes, 0);
//   if (!LzfDecompress(compressed, room)) return Refuse();
//
// The format: a byte below 32 is followed by that many + 1 literal bytes; else its upper three
// bits are a length - 2 (7: another byte is added), its lower five with the byte behind them the
// distance - 1 of a copy from what was written. Source: LibLZF's description of its format.
// Thread rule: the function is pure; a compressor belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::persistence {

/// The most that so many compressed bytes can become: three bytes copy at most 264.
constexpr size_t LzfExpandedBytesMax(size_t compressed_bytes) {
  return compressed_bytes > (SIZE_MAX / 88) ? SIZE_MAX : compressed_bytes * 88;
}
/// Fills `out` exactly; false if the bytes are not LZF of just so many.
bool LzfDecompress(std::string_view compressed, std::span<char> out);

/// Finds repetitions by a table of where three bytes were last seen, which all its texts share.
class LzfCompressor {
 public:
  /// Puts the compressed text behind what `out` holds. False, and `out` as it was, if that saves
  /// fewer than four bytes or the text is beyond 2 GiB.
  bool Compress(std::string_view text, std::string& out);

 private:
  static constexpr int kTableBits = 13;

  // Places in all texts so far, one behind the other; what is below the present text's is stale.
  std::vector<uint32_t> last_seen_ = std::vector<uint32_t>(size_t{1} << kTableBits);
  uint32_t next_base_ = 1;
};

}  // namespace ringtail::persistence
