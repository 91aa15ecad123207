#include "server/config/config_words.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/split_words.h"

namespace ringtail::server {
namespace {

bool IsBlank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::optional<std::vector<std::string>> SplitLine(std::string_view line) { return SplitWords(line); }

std::string QuoteWord(std::string_view word) {
  std::string text = "\"";
  for (const char c : word) {
    switch (c) {
      case '\\':
      case '"':
        text += '\\';
        text += c;
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      case '\a':
        text += "\\a";
        break;
      case '\b':
        text += "\\b";
        break;
      default:
        if (std::isprint(static_cast<unsigned char>(c)) != 0) {
          text += c;
        } else {
          char escaped[5];
          std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
          text += escaped;
        }
    }
  }
  return text + '"';
}

std::string QuoteLine(std::span<const std::string> words) {
  const auto is_plain = [](char c) {
    return std::isgraph(static_cast<unsigned char>(c)) != 0 && c != '"' && c != '\'';
  };
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    const bool is_whole = !word.empty() && std::all_of(word.begin(), word.end(), is_plain);
    text += is_whole ? word : QuoteWord(word);
  }
  return text;
}

std::string JoinWords(std::span<const std::string> words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += ' ';
    text += words[i];
  }
  return text;
}

std::vector<std::string> SplitAtSpaces(std::string_view text) {
  std::vector<std::string> pieces;
  if (text.empty()) return pieces;
  while (true) {
    const size_t space = text.find(' ');
    pieces.emplace_back(text.substr(0, space));
    if (space == std::string_view::npos) return pieces;
    text.remove_prefix(space + 1);
  }
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace ringtail::server
