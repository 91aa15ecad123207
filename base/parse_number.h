// Numbers as clients send and see them, with exactly Redis 7.0's strictness and spelling.
//
//   if (auto number = ParseInt64(argument)) value += *number;
//   NumberText text;
//   reply.Bulk(FormatDouble(score, text));
//
// Thread rule: pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringtail {

/// Room for any int64 and any double that the formatters below write.
using NumberText = std::array<char, 32>;

/// The integer that `text` spells in the one canonical way: no `+`, no `-0`, no leading zeros, no
/// spaces, within 64 bits. Reading it and printing it again gives the same bytes.
std::optional<int64_t> ParseInt64(std::string_view text);

/// The number that `text` spells in any way strtod knows (`1e5`, `.5`, `0x1p3`, `-inf`), nothing
/// around it, not NaN, neither overflowing nor vanishing.
std::optional<double> ParseDouble(std::string_view text);

/// The same for the x87 80-bit numbers that INCRBYFLOAT and HINCRBYFLOAT add.
std::optional<long double> ParseLongDouble(std::string_view text);

/// Writes `value` in decimal into `room`; the view is of `room`.
std::string_view FormatInt64(int64_t value, NumberText& room);

/// Writes `value` as printf's %.17g does, `inf` and `-inf` for infinities; the view is of `room`.
std::string_view FormatDouble(double value, NumberText& room);

/// `value` as printf's %.17Lf without trailing zeros and never `-0`: how INCRBYFLOAT answers.
std::string FormatLongDouble(long double value);

}  // namespace ringtail
