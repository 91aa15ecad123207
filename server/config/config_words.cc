#include "server/config/config_words.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace ringtail::server {
namespace {

bool IsBlank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads a quoted stretch whose quote is at `at`; false if it does not end, or more word follows it.
bool TakeQuoted(std::string_view line, size_t& at, std::string& word) {
  const char quote = line[at++];
  while (at < line.size() && line[at] != quote) {
    if (line[at] != '\\' || at + 1 == line.size()) {
      word += line[at++];
    } else if (quote == '\'') {
      if (line[at + 1] == '\'') ++at;
      word += line[at++];
    } else if (line[at + 1] == 'x' && at + 3 < line.size() && HexDigit(line[at + 2]) >= 0 &&
               HexDigit(line[at + 3]) >= 0) {
      word += static_cast<char>(HexDigit(line[at + 2]) * 16 + HexDigit(line[at + 3]));
      at += 4;
    } else {
      word += Unescape(line[at + 1]);
      at += 2;
    }
  }
  if (at == line.size()) return false;
  ++at;
  return at == line.size() || IsBlank(line[at]);
}

}  // namespace

std::optional<std::vector<std::string>> SplitLine(std::string_view line) {
  std::vector<std::string> words;
  size_t at = 0;
  while (true) {
    while (at < line.size() && IsBlank(line[at])) ++at;
    if (at == line.size()) return words;
    std::string word;
    while (at < line.size() && !IsBlank(line[at])) {
      if (line[at] == '"' || line[at] == '\'') {
        if (!TakeQuoted(line, at, word)) return std::nullopt;
      } else {
        word += line[at++];
      }
    }
    words.push_back(std::move(word));
  }
}

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
