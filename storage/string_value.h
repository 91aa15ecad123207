// Strings as Redis means them: bytes that may be an integer inside.
//
//   Entry* entry = MakeString(key, "hello", /*is_volatile=*/false);
//   StringView value(*entry);
//   Send(value.bytes());
//
// Short strings live in the entry, integers as eight bytes, long ones in a SharedBytes block.
// Thread rule: as for Entry.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "storage/entry.h"

namespace ringtail::storage {

/// The bytes of a string entry, whatever its encoding. Good until the entry is changed.
class StringView {
 public:
  explicit StringView(const Entry& entry);
  StringView(const StringView&) = delete;
  StringView& operator=(const StringView&) = delete;

  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
  char digits_[20];
};

/// The integer that these bytes are in canonical form ("-7", not "+7", "07" or " 7"), if they are one.
std::optional<int64_t> CanonicalInt(std::string_view bytes);
/// Writes an integer's decimal form to `out` (at least 20 bytes); returns its length.
size_t FormatInt(int64_t value, char* out);

/// Length of a string entry's value. O(1) but for kInt.
size_t StringBytes(const Entry& entry);
/// The entry's value as an integer if it is one, as INCR asks.
std::optional<int64_t> StringInt(const Entry& entry);

/// A new string entry in the best encoding.
Entry* MakeString(std::string_view key, std::string_view value, bool is_volatile);
/// A new integer entry.
Entry* MakeInt(std::string_view key, int64_t value, bool is_volatile);
/// A new string entry that takes over a block holding exactly the value.
Entry* MakeShared(std::string_view key, SharedBytes value, bool is_volatile);

/// A new string entry of exactly this text (shorter than kSharedStringBytesMin), even if it is an integer's.
Entry* MakeText(std::string_view key, std::string_view text, bool is_volatile);

/// A string entry to be written in place.
struct RawString {
  Entry* entry;
  std::span<char> bytes;
};
/// A new string entry of `size` undefined bytes, "raw" to OBJECT ENCODING.
RawString MakeRaw(std::string_view key, size_t size, bool is_volatile);
/// Makes the string `size` bytes long (at least its present size) without moving the entry, the new bytes zero,
/// and "raw". Nothing if it must move: an integer, no room, or a block that others read.
std::optional<std::span<char>> GrowInPlace(Entry& entry, size_t size);

/// The block of a kShared entry as one more owner of it.
SharedBytes ShareBlock(const Entry& entry);

/// "int", "embstr" or "raw".
std::string_view StringEncodingName(const Entry& entry);

}  // namespace ringtail::storage
