#include "commands/string_condition.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

namespace ringtail::commands {
namespace {

using Kind = ValueCondition::Kind;

Kind KindOf(std::string_view word) {
  if (EqualsIgnoreCase(word, "IFEQ")) return Kind::kEqual;
  if (EqualsIgnoreCase(word, "IFNE")) return Kind::kNotEqual;
  if (EqualsIgnoreCase(word, "IFDEQ")) return Kind::kDigestEqual;
  if (EqualsIgnoreCase(word, "IFDNE")) return Kind::kDigestNotEqual;
  return Kind::kNone;
}

}  // namespace

DigestText ValueDigest(std::string_view value) {
  const uint64_t hash = XXH3_64bits(value.data(), value.size());
  DigestText text;
  for (size_t i = 0; i < text.size(); ++i) {
    text[i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 0xf];
  }
  return text;
}

bool IsDigest(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  return text.size() == DigestText().size() &&
         text.find_first_not_of(kDigits) == std::string_view::npos;
}

bool ValueCondition::Holds(const KeyRef& key) const {
  const bool wants_equal = kind == Kind::kEqual || kind == Kind::kDigestEqual;
  if (!key) return !wants_equal;
  const storage::StringView value(*key.entry());
  if (!is_digest()) return (value.bytes() == operand) == wants_equal;
  const DigestText digest = ValueDigest(value.bytes());
  return EqualsIgnoreCase({digest.data(), digest.size()}, operand) == wants_equal;
}

bool TakeValueCondition(Args args, size_t& at, ValueCondition& condition) {
  const Kind kind = KindOf(args[at]);
  if (kind == Kind::kNone || at + 1 == args.size()) return false;
  if (condition.kind != Kind::kNone && condition.kind != kind) return false;
  condition = {.kind = kind, .operand = args[++at]};
  return true;
}

}  // namespace ringtail::commands
