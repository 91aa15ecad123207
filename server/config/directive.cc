#include "server/config/directive.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/memory_units.h"
#include "base/parse_number.h"
#include "server/config/config_words.h"

namespace ringtail::server {
namespace {

// Field accessors take a mutable Config because one accessor must serve both ways; they change
// nothing.
template <typename T>
const T& Read(FieldOf<T> field, const Config& config) {
  return field(const_cast<Config&>(config));
}

Error BetweenError(const std::string& min, const std::string& max) {
  return Error{"argument must be between " + min + " and " + max + " inclusive"};
}

Error WordsError(std::span<const char* const> words) {
  std::string text = "argument(s) must be one of the following: ";
  for (size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : ", ") + std::string(words[i]);
  return Error{text};
}

std::optional<size_t> IndexOfWord(std::span<const char* const> words, const std::string& word) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (strcasecmp(words[i], word.c_str()) == 0) return i;
  }
  return std::nullopt;
}

std::string Octal(int64_t value) {
  NumberText room;
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value, 8).ptr;
  return {room.data(), end};
}

// Each Set answers the accepted value in its canonical spelling, having stored it where there is a
// field.

Result<std::string> Set(const Bool& kind, Words values, Config& config) {
  const bool is_yes = strcasecmp(values[0].c_str(), "yes") == 0;
  if (!is_yes && strcasecmp(values[0].c_str(), "no") != 0) {
    return Error{"argument must be 'yes' or 'no'"};
  }
  if (kind.field != nullptr) kind.field(config) = is_yes;
  return std::string(is_yes ? "yes" : "no");
}

Result<std::string> Set(const Integer& kind, Words values, Config& config) {
  const auto number = ParseInt64(values[0]);
  if (!number) return Error{"argument couldn't be parsed into an integer"};
  if (*number < kind.min || *number > kind.max) {
    return BetweenError(std::to_string(kind.min), std::to_string(kind.max));
  }
  const int64_t settled = kind.settle == nullptr ? *number : kind.settle(*number);
  if (kind.field != nullptr) kind.field(config) = settled;
  return std::to_string(settled);
}

Result<std::string> Set(const Memory& kind, Words values, Config& config) {
  const auto bytes = ParseMemoryBytes(values[0]);
  if (!bytes) return Error{"argument must be a memory value"};
  if (*bytes < kind.min || *bytes > kind.max) {
    return BetweenError(std::to_string(kind.min), std::to_string(kind.max));
  }
  if (kind.field != nullptr) kind.field(config) = *bytes;
  return std::to_string(*bytes);
}

std::string Print(const BytesOrPercent& value) {
  if (value.percent != 0) return std::to_string(value.percent) + "%";
  return std::to_string(value.bytes);
}

Result<std::string> Set(const MemoryOrPercent& kind, Words values, Config& config) {
  const std::string& text = values[0];
  BytesOrPercent value;
  if (!text.empty() && text.back() == '%') {
    const auto percent = ParseInt64(std::string_view(text).substr(0, text.size() - 1));
    if (!percent || *percent < 0) return Error{"argument must be a memory or percent value"};
    if (*percent > 100) return Error{"percentage argument must be less or equal to 100"};
    value.percent = static_cast<uint64_t>(*percent);
  } else {
    const auto bytes = ParseMemoryBytes(text);
    if (!bytes || *bytes > static_cast<uint64_t>(kLongMax)) {
      return Error{"argument must be a memory or percent value"};
    }
    value.bytes = *bytes;
  }
  if (kind.field != nullptr) kind.field(config) = value;
  return Print(value);
}

Result<std::string> Set(const FileMode& kind, Words values, Config& config) {
  constexpr int64_t kModeMax = 0777;
  const std::string& text = values[0];
  int64_t mode = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    return Error{"argument couldn't be parsed as an octal number"};
  }
  if (mode < 0 || mode > kModeMax) return BetweenError("0", Octal(kModeMax));
  if (kind.field != nullptr) kind.field(config) = mode;
  return Octal(mode);
}

Result<std::string> Set(const Word& kind, Words values, Config& config) {
  const auto index = IndexOfWord(kind.words, values[0]);
  if (!index) return WordsError(kind.words);
  if (kind.set != nullptr) kind.set(config, static_cast<int>(*index));
  return std::string(kind.words[*index]);
}

// The first word stands for no bits, the others for bit 0, 1, ...
std::string PrintBits(std::span<const char* const> words, unsigned bits) {
  if (bits == 0) return words[0];
  std::string text;
  for (size_t i = 1; i < words.size(); ++i) {
    if ((bits >> (i - 1) & 1U) == 0) continue;
    if (!text.empty()) text += ' ';
    text += words[i];
  }
  return text;
}

Result<std::string> Set(const WordSet& kind, Words values, Config& config) {
  unsigned bits = 0;
  if (values.empty()) return WordsError(kind.words);
  for (const std::string& value : values) {
    const auto index = IndexOfWord(kind.words, value);
    if (!index) return WordsError(kind.words);
    if (*index > 0) bits |= 1U << (*index - 1);
  }
  if (kind.check != nullptr) {
    if (const char* reason = kind.check(bits)) return Error{reason};
  }
  if (kind.field != nullptr) kind.field(config) = bits;
  return PrintBits(kind.words, bits);
}

Result<std::string> Set(const Text& kind, Words values, Config& config) {
  if (kind.check != nullptr) {
    if (const char* reason = kind.check(values[0])) return Error{reason};
  }
  if (kind.field != nullptr) kind.field(config) = values[0];
  return values[0];
}

Result<std::string> Set(const TextList& kind, Words values, Config& config) {
  if (values.size() > kind.count_max) return Error{kind.too_many};
  if (kind.field != nullptr) kind.field(config).assign(values.begin(), values.end());
  return JoinWords(values);
}

bool TakesManyWords(const Kind& kind) {
  return std::holds_alternative<WordSet>(kind) || std::holds_alternative<TextList>(kind) ||
         std::holds_alternative<Special>(kind);
}

bool IsSplit(const Kind& kind) {
  const auto* special = std::get_if<Special>(&kind);
  return TakesManyWords(kind) && (special == nullptr || special->is_split);
}

std::optional<std::string> PrintField(const Kind& kind, const Config& config) {
  if (const auto* as = std::get_if<Bool>(&kind); as && as->field) {
    return Read(as->field, config) ? "yes" : "no";
  }
  if (const auto* as = std::get_if<Integer>(&kind); as && as->field) {
    return std::to_string(Read(as->field, config));
  }
  if (const auto* as = std::get_if<Memory>(&kind); as && as->field) {
    return std::to_string(Read(as->field, config));
  }
  if (const auto* as = std::get_if<MemoryOrPercent>(&kind); as && as->field) {
    return Print(Read(as->field, config));
  }
  if (const auto* as = std::get_if<FileMode>(&kind); as && as->field) {
    return Octal(Read(as->field, config));
  }
  if (const auto* as = std::get_if<Word>(&kind); as && as->get) {
    return as->words[static_cast<size_t>(as->get(config))];
  }
  if (const auto* as = std::get_if<WordSet>(&kind); as && as->field) {
    return PrintBits(as->words, Read(as->field, config));
  }
  if (const auto* as = std::get_if<Text>(&kind); as && as->field) return Read(as->field, config);
  if (const auto* as = std::get_if<TextList>(&kind); as && as->field) {
    return JoinWords(Read(as->field, config));
  }
  if (const auto* as = std::get_if<Special>(&kind)) return as->print(config);
  return std::nullopt;
}

std::string DescribeRange(const std::string& type, const std::string& min, const std::string& max,
                          bool is_bounded) {
  return is_bounded ? type + ", " + min + " to " + max : type + " from " + min;
}

}  // namespace

Result<void> SetDirective(const Directive& directive, Words values, Origin origin, Config& config) {
  std::vector<std::string> split;
  if (values.size() == 1 && IsSplit(directive.kind)) {
    split = SplitAtSpaces(values[0]);
    values = split;
  }
  if (values.size() != 1 && !TakesManyWords(directive.kind)) {
    return Error{"wrong number of arguments"};
  }
  const auto set = [&](const auto& kind) -> Result<void> {
    if constexpr (std::is_same_v<decltype(kind), const Special&>) {
      return kind.set(config, values, origin);
    } else {
      TRY(std::string text, Set(kind, values, config));
      if (!PrintField(directive.kind, config)) config.unread[directive.name] = std::move(text);
      return {};
    }
  };
  return std::visit(set, directive.kind);
}

std::string PrintDirective(const Directive& directive, const Config& config) {
  if (auto text = PrintField(directive.kind, config)) return *text;
  const auto found = config.unread.find(directive.name);
  return found == config.unread.end() ? directive.default_text : found->second;
}

std::vector<std::string> DirectiveLines(const Directive& directive, const Config& config) {
  if (const auto* special = std::get_if<Special>(&directive.kind); special && special->lines) {
    return special->lines(config, DefaultConfig());
  }
  const std::string name = std::string(directive.name) + " ";
  std::string value = PrintDirective(directive, config);
  if (std::holds_alternative<Text>(directive.kind)) {
    if (value.empty() && *directive.default_text == '\0') return {};
    value = QuoteWord(value);
  } else if (const auto* memory = std::get_if<Memory>(&directive.kind); memory != nullptr) {
    value = FormatMemoryBytes(ParseMemoryBytes(value).value_or(0));
  } else if (std::holds_alternative<TextList>(directive.kind) && !value.empty()) {
    value = QuoteLine(SplitAtSpaces(value));
  } else if (value.empty()) {
    if (*directive.default_text == '\0') return {};
    value = "\"\"";
  }
  return {name + value};
}

std::string DescribeKind(const Directive& directive) {
  struct Describe {
    std::string operator()(const Bool&) const { return "yes or no"; }
    std::string operator()(const Integer& kind) const {
      return DescribeRange("integer", std::to_string(kind.min), std::to_string(kind.max),
                           kind.max < kIntMax);
    }
    std::string operator()(const Memory& kind) const {
      return kind.min == 0 ? "bytes" : "bytes from " + FormatMemoryBytes(kind.min);
    }
    std::string operator()(const MemoryOrPercent&) const { return "bytes, or % of maxmemory"; }
    std::string operator()(const FileMode&) const { return "octal mode"; }
    std::string operator()(const Word& kind) const { return Alternatives(kind.words); }
    std::string operator()(const WordSet& kind) const {
      return "some of " + Alternatives(kind.words);
    }
    std::string operator()(const Text&) const { return "text"; }
    std::string operator()(const TextList&) const { return "texts"; }
    std::string operator()(const Special& kind) const { return kind.type_name; }

    static std::string Alternatives(std::span<const char* const> words) {
      std::string text;
      for (const char* word : words) text += (text.empty() ? "" : ", ") + std::string(word);
      return text;
    }
  };
  return std::visit(Describe{}, directive.kind);
}

}  // namespace ringtail::server
