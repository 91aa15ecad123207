// Byte counts as people write them in configuration files: `2gb`, `64k`, `100`.
//
//   std::optional<uint64_t> bytes = ParseMemoryBytes("2gb");
//
// Thread rule: pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringtail {

/// The number of bytes that `text` says: digits and one of b, k (1000), kb (1024), m, mb, g, gb in
/// either case. Nothing for a sign, another unit or a number over 2^64. No digits count as 0, as in
/// Redis, so a directive whose value is an unset variable of a template means "off".
std::optional<uint64_t> ParseMemoryBytes(std::string_view text);

/// The shortest text that ParseMemoryBytes reads as `bytes`, in whole binary units: 2147483648 is
/// `2gb`.
std::string FormatMemoryBytes(uint64_t bytes);

}  // namespace ringtail
