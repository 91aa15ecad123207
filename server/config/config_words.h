// Lines of a configuration file as words, and words as text that a configuration file can hold.
//
//   auto words = SplitLine(R"(requirepass "a b")");   // {"requirepass", "a b"}, nothing if
//   unbalanced std::string line = "requirepass " + QuoteWord("a b");
//
// Thread rule: pure functions, any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::server {

/// The words of a line: blanks divide them; "..." may hold blanks and the escapes \n \r \t \b \a
/// \\ \" and \xHH; '...' may hold blanks and \'. Nothing if a quote does not end, or does not end a
/// word.
std::optional<std::vector<std::string>> SplitLine(std::string_view line);

/// `word` between double quotes, with what SplitLine needs escaped, escaped.
std::string QuoteWord(std::string_view word);

/// `words` as the rest of a line: those that SplitLine would not leave whole are quoted.
std::string QuoteLine(std::span<const std::string> words);

/// `words` with one space between.
std::string JoinWords(std::span<const std::string> words);

/// The pieces between single spaces, two spaces leaving an empty piece; none if `text` is empty.
std::vector<std::string> SplitAtSpaces(std::string_view text);

/// `text` without blanks, tabs and line ends at both ends.
std::string_view TrimBlanks(std::string_view text);

}  // namespace ringtail::server
