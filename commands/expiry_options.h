// How long a value is to live, as SET, GETEX, MSETEX and INCREX are told: EX, PX, EXAT, PXAT, KEEPTTL, PERSIST.
//
//   ExpiryOption expiry;
//   for (size_t at = 3; at < args.size(); ++at) {
//     if (TakeExpiryOption(args, at, kKeepAllowed, expiry)) continue;
//     …
//   }
//   const auto expiry_ms = ExpiryMs(ctx, expiry.kind, expiry.value);   // nothing: has answered an error
//
// Thread rule: pure functions; a context belongs to its thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/context.h"

namespace ringtail::commands {

struct ExpiryOption {
  enum class Kind : uint8_t {
    kNone,
    kSeconds,         ///< EX
    kMilliseconds,    ///< PX
    kAtSeconds,       ///< EXAT
    kAtMilliseconds,  ///< PXAT
    kKeep,            ///< KEEPTTL
    kPersist,         ///< PERSIST
  };
  Kind kind = Kind::kNone;
  std::string_view value = {};

  bool is_time() const { return kind >= Kind::kSeconds && kind <= Kind::kAtMilliseconds; }
};

/// Which of the options without a value a command knows.
enum class PlainExpiryOption : uint8_t { kNone, kKeep, kPersist };

/// Takes the option at args[at], and its value with it (`at` is then the value's place). False if there is none of
/// these, or if it lacks its value or contradicts an earlier one: a syntax error to every caller.
bool TakeExpiryOption(Args args, size_t& at, PlainExpiryOption plain, ExpiryOption& option);

/// The time that an option of a time kind names, in milliseconds since the epoch. Nothing, and an error
/// answered, if it is no number, not positive or too far away.
std::optional<int64_t> ExpiryMs(CommandContext& ctx, ExpiryOption::Kind kind,
                                std::string_view value);

}  // namespace ringtail::commands
