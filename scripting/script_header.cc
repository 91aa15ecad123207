#include "scripting/script_header.h"

#include <array>
#include <utility>
#include <vector>

#include "base/split_words.h"

namespace ringtail::scripting {
namespace {

constexpr std::array<std::pair<std::string_view, ScriptFlags>, 6> kFlagNames = {{
    {"no-writes", kNoWrites},
    {"allow-oom", kAllowOom},
    {"allow-stale", kAllowStale},
    {"no-cluster", kNoCluster},
    {"allow-cross-slot-keys", kAllowCrossSlotKeys},
    {"declared-keys", kDeclaredKeys},
}};

// The first line, which ends at a zero byte too, as for Redis. Nothing if it is empty or its quotes
// are not closed.
std::vector<std::string> SplitHeader(std::string_view line) {
  return SplitWords(line.substr(0, line.find('\0'))).value_or(std::vector<std::string>());
}

std::string ReadFlags(std::string_view names, uint32_t& flags) {
  // An empty list has no flags; otherwise each comma separates two of them.
  if (names.empty()) return {};
  for (;;) {
    const size_t comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    const auto flag = FlagByName(name);
    if (!flag) return "ERR Unexpected flag in script shebang: " + std::string(name);
    flags |= *flag;
    if (comma == std::string_view::npos) return {};
    names.remove_prefix(comma + 1);
  }
}

bool IsName(std::string_view name) {
  for (const char byte : name) {
    const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (!is_letter && !(byte >= '0' && byte <= '9') && byte != '_') return false;
  }
  return !name.empty();
}

bool IsLua(std::string_view engine) {
  return engine.size() == 3 && (engine[0] | 32) == 'l' && (engine[1] | 32) == 'u' &&
         (engine[2] | 32) == 'a';
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (size_t i = 0; i < prefix.size(); ++i) {
    const char byte = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] | 32) : text[i];
    if (byte != prefix[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<ScriptFlags> FlagByName(std::string_view name) {
  for (const auto& [flag_name, flag] : kFlagNames) {
    if (flag_name == name) return flag;
  }
  return std::nullopt;
}

std::string_view NameOfFlag(ScriptFlags flag) {
  for (const auto& [name, named_flag] : kFlagNames) {
    if (named_flag == flag) return name;
  }
  return {};
}

std::string ParseScriptHeader(std::string_view source, ScriptHeader& header) {
  header = ScriptHeader{};
  if (!source.starts_with("#!")) return {};
  const size_t end = source.find('\n');
  if (end == std::string_view::npos) return "ERR Invalid script shebang";
  const std::vector<std::string> words = SplitHeader(source.substr(0, end));
  if (words.empty()) return "ERR Invalid engine in script shebang";
  if (words[0] != "#!lua") return "ERR Unexpected engine in script shebang: " + words[0];
  header.flags = kNoFlags;
  header.body_offset = end;
  constexpr std::string_view kOption = "flags=";
  for (size_t i = 1; i < words.size(); ++i) {
    if (!words[i].starts_with(kOption)) {
      return "ERR Unknown lua shebang option: " + words[i];
    }
    std::string error = ReadFlags(std::string_view(words[i]).substr(kOption.size()), header.flags);
    if (!error.empty()) return error;
  }
  return {};
}

std::string ParseLibraryHeader(std::string_view source, LibraryHeader& header) {
  header = LibraryHeader{};
  if (!source.starts_with("#!")) return "ERR Missing library metadata";
  const size_t end = source.find('\n');
  if (end == std::string_view::npos) return "ERR Invalid library metadata";
  const std::vector<std::string> words = SplitHeader(source.substr(0, end));
  if (words.empty()) return "ERR Invalid library metadata";
  header.engine = words[0].substr(words[0].size() < 2 ? words[0].size() : 2);
  header.body_offset = end;
  constexpr std::string_view kOption = "name=";
  bool has_name = false;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!StartsWithIgnoringCase(words[i], kOption)) {
      return "ERR Invalid metadata value given: " + words[i];
    }
    if (has_name) {
      return "ERR Invalid metadata value, name argument was given multiple times";
    }
    has_name = true;
    header.name = words[i].substr(kOption.size());
  }
  if (!has_name) return "ERR Library name was not given";
  if (!IsName(header.name)) {
    return "ERR Library names can only contain letters, numbers, or underscores(_) and must be at "
           "least one character long";
  }
  if (!IsLua(header.engine)) return "ERR Engine '" + header.engine + "' not found";
  return {};
}

}  // namespace ringtail::scripting
