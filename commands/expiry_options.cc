#include "commands/expiry_options.h"

#include <limits>

#include "base/parse_number.h"

namespace ringtail::commands {
namespace {

using Kind = ExpiryOption::Kind;

Kind KindOf(std::string_view word, PlainExpiryOption plain) {
  if (EqualsIgnoreCase(word, "EX")) return Kind::kSeconds;
  if (EqualsIgnoreCase(word, "PX")) return Kind::kMilliseconds;
  if (EqualsIgnoreCase(word, "EXAT")) return Kind::kAtSeconds;
  if (EqualsIgnoreCase(word, "PXAT")) return Kind::kAtMilliseconds;
  if (plain == PlainExpiryOption::kKeep && EqualsIgnoreCase(word, "KEEPTTL")) return Kind::kKeep;
  if (plain == PlainExpiryOption::kPersist && EqualsIgnoreCase(word, "PERSIST")) {
    return Kind::kPersist;
  }
  return Kind::kNone;
}

}  // namespace

bool TakeExpiryOption(Args args, size_t& at, PlainExpiryOption plain, ExpiryOption& option) {
  const Kind kind = KindOf(args[at], plain);
  // The same option again is fine, the last one counts, as in Redis.
  if (kind == Kind::kNone || (option.kind != Kind::kNone && option.kind != kind)) return false;
  const ExpiryOption taken{.kind = kind};
  if (taken.is_time()) {
    if (at + 1 == args.size()) return false;
    option.value = args[++at];
  }
  option.kind = kind;
  return true;
}

std::optional<int64_t> ExpiryMs(CommandContext& ctx, Kind kind, std::string_view value) {
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / 1000;
  auto time = ctx.IntArg(value);
  if (!time) return std::nullopt;
  const bool is_seconds = kind == Kind::kSeconds || kind == Kind::kAtSeconds;
  const bool is_relative = kind == Kind::kSeconds || kind == Kind::kMilliseconds;
  bool is_valid = *time > 0 && (!is_seconds || *time <= kSecondsMax);
  if (is_valid && is_seconds) *time *= 1000;
  if (is_valid && is_relative) is_valid = !__builtin_add_overflow(*time, ctx.now_ms(), &*time);
  if (!is_valid) {
    ctx.reply().Error(errors::InvalidExpire(ctx.command().full_name));
    return std::nullopt;
  }
  return time;
}

}  // namespace ringtail::commands
