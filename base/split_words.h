// A line as words, with quotes and escapes: configuration files, ACL selectors, headers of scripts.
//
//   SplitWords(R"(user bob "a b")")       // {"user", "bob", "a b"}
//
// Thread rule: a pure function.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail {

/// The words of a line: blanks divide them; "..." may hold blanks and the escapes
/// \n \r \t \b \a \\ \" and \xHH; '...' may hold blanks and \'. Nothing if a quote does not end,
/// or does not end a word.
std::optional<std::vector<std::string>> SplitWords(std::string_view line);

/// What the escape after a backslash in double quotes stands for; `at` is at the byte after the
/// backslash, which must be there, and is moved behind the escape.
char TakeEscape(std::string_view line, size_t& at);

}  // namespace ringtail
