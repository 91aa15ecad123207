// Bytes as a person can read them on one line: MONITOR, the crash report, DEBUG.
//
//   Quoted("a\nb")      "\"a\\nb\""
//
// Thread rule: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace ringtail::server {

/// In double quotes; quotes, backslashes and what cannot be printed escaped as Redis does.
std::string Quoted(std::string_view bytes);

}  // namespace ringtail::server
