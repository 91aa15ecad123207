// SHA-1 in hexadecimal: the name of a script, and redis.sha1hex.
//
//   Sha1Hex name = ComputeSha1Hex(source);
//   Find({name.data(), name.size()});
//
// Pure functions, any thread.
#pragma once

#include <array>
#include <string_view>

namespace ringtail::scripting {

/// 40 lower-case hexadecimal digits, no terminator.
using Sha1Hex = std::array<char, 40>;

/// O(bytes), about 0.3 us for a small script.
Sha1Hex ComputeSha1Hex(std::string_view bytes);

inline std::string_view View(const Sha1Hex& digits) { return {digits.data(), digits.size()}; }

}  // namespace ringtail::scripting
