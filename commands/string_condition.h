// Conditions on a string's present value: IFEQ, IFNE, IFDEQ, IFDNE of SET and DELEX.
//
//   ValueCondition condition;
//   if (!TakeValueCondition(args, at, condition)) return ctx.SyntaxError();
//   if (!condition.Holds(key)) …
//
// A digest is the value's XXH3 (64 bits, no seed) as 16 hexadecimal digits, as Redis 8.4 defines it.
// Thread rule: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "commands/context.h"

namespace ringtail::commands {

using DigestText = std::array<char, 16>;

/// The value's digest, in lower case.
DigestText ValueDigest(std::string_view value);
/// Whether `text` can be a digest at all.
bool IsDigest(std::string_view text);

struct ValueCondition {
  enum class Kind : uint8_t { kNone, kEqual, kNotEqual, kDigestEqual, kDigestNotEqual };
  Kind kind = Kind::kNone;
  std::string_view operand = {};

  bool is_digest() const { return kind == Kind::kDigestEqual || kind == Kind::kDigestNotEqual; }
  /// Whether the key, which must be absent or a string, fulfils the condition. An absent key
  /// differs from every value.
  bool Holds(const KeyRef& key) const;
};

/// Takes the condition at args[at] with its operand (`at` is then the operand's place). False if there is
/// none, its operand is missing, or another kind was taken before.
bool TakeValueCondition(Args args, size_t& at, ValueCondition& condition);

}  // namespace ringtail::commands
