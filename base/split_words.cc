#include "base/split_words.h"

#include <cctype>
#include <utility>

namespace ringtail {
namespace {

bool IsBlank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
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
    } else {
      word += TakeEscape(line, ++at);
    }
  }
  if (at == line.size()) return false;
  ++at;
  return at == line.size() || IsBlank(line[at]);
}

}  // namespace

char TakeEscape(std::string_view line, size_t& at) {
  if (line[at] == 'x' && at + 2 < line.size()) {
    const int high = HexDigit(line[at + 1]);
    const int low = HexDigit(line[at + 2]);
    if (high >= 0 && low >= 0) {
      at += 3;
      return static_cast<char>(high * 16 + low);
    }
  }
  switch (const char c = line[at++]) {
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

std::optional<std::vector<std::string>> SplitWords(std::string_view line) {
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

}  // namespace ringtail
