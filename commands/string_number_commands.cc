#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <string>

#include "base/int128.h"
#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/expiry_options.h"
#include "commands/string_handlers.h"

namespace ringtail::commands::strings {
namespace {

constexpr int64_t kIntMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kIntMax = std::numeric_limits<int64_t>::max();

// The key's value as an integer, 0 if it is absent; nothing after an error was answered.
std::optional<int64_t> IntValue(CommandContext& ctx, const KeyRef& key) {
  if (!key) return 0;
  if (!ctx.IsType(key, ValueType::kString)) return std::nullopt;
  const auto value = storage::StringInt(*key.entry());
  if (!value) ctx.reply().Error(errors::kNotInteger);
  return value;
}

std::optional<long double> FloatValue(CommandContext& ctx, const KeyRef& key) {
  if (!key) return 0.0L;
  if (!ctx.IsType(key, ValueType::kString)) return std::nullopt;
  const storage::StringView text(*key.entry());
  const auto value = ParseLongDouble(text.bytes());
  if (!value) ctx.reply().Error(errors::kNotFloat);
  return value;
}

std::optional<long double> FloatArg(CommandContext& ctx, std::string_view arg) {
  const auto value = ParseLongDouble(arg);
  if (!value) ctx.reply().Error(errors::kNotFloat);
  return value;
}

void AddTo(CommandContext& ctx, std::string_view name, int64_t increment) {
  KeyRef key = ctx.Write(name);
  auto value = IntValue(ctx, key);
  if (!value) return;
  if (__builtin_add_overflow(*value, increment, &*value)) {
    return ctx.reply().Error(errors::kOverflow);
  }
  ctx.AmendInt(key, *value);
  ctx.Notify(kNotifyString, "incrby", name);
  ctx.reply().Integer(*value);
}

struct IncrExOptions {
  bool is_float = false;
  bool has_increment = false;
  bool is_saturating = false;
  bool is_expiry_kept = false;  // ENX: a key's own expiry stays
  std::string_view increment = "1";
  std::optional<std::string_view> lower;
  std::optional<std::string_view> upper;
  ExpiryOption expiry = {};
};

// Takes the increment, if args[at] is its word; false if it is not, or contradicts an earlier one.
bool TakeIncrement(Args args, size_t& at, IncrExOptions& options) {
  const bool is_float = EqualsIgnoreCase(args[at], "BYFLOAT");
  if (!is_float && !EqualsIgnoreCase(args[at], "BYINT")) return false;
  if (at + 1 == args.size() || (options.has_increment && options.is_float != is_float)) {
    return false;
  }
  options.is_float = is_float;
  options.has_increment = true;
  options.increment = args[++at];
  return true;
}

bool ParseIncrExOptions(Args args, IncrExOptions& options) {
  for (size_t at = 2; at < args.size(); ++at) {
    const std::string_view word = args[at];
    const bool has_value = at + 1 < args.size();
    if (EqualsIgnoreCase(word, "SATURATE")) {
      options.is_saturating = true;
    } else if (EqualsIgnoreCase(word, "ENX")) {
      options.is_expiry_kept = true;
    } else if (EqualsIgnoreCase(word, "LBOUND") && has_value) {
      options.lower = args[++at];
    } else if (EqualsIgnoreCase(word, "UBOUND") && has_value) {
      options.upper = args[++at];
    } else if (!TakeIncrement(args, at, options) &&
               !TakeExpiryOption(args, at, PlainExpiryOption::kPersist, options.expiry)) {
      return false;
    }
  }
  return !options.is_expiry_kept || options.expiry.is_time();
}

// What became of an increment: nothing (out of bounds) or a new value.
template <typename Number>
struct Increment {
  Number value;
  Number applied;
  bool is_applied;
};

// Sets the expiry that was asked for after the value was written, and logs both as one SET.
void FinishIncrEx(CommandContext& ctx, KeyRef& key, const IncrExOptions& options,
                  int64_t time_ms) {
  const bool is_kept = options.is_expiry_kept && key.expiry_ms() != kNoExpiry;
  if (options.expiry.is_time() && !is_kept) {
    if (time_ms <= ctx.now_ms()) {
      ctx.Effect({"DEL", key.name()});
      return ctx.Delete(key);
    }
    ctx.SetExpiry(key, time_ms);
    ctx.Notify(kNotifyGeneric, "expire", key.name());
  } else if (options.expiry.kind == ExpiryOption::Kind::kPersist &&
             key.expiry_ms() != kNoExpiry) {
    ctx.SetExpiry(key, kNoExpiry);
    ctx.Notify(kNotifyGeneric, "persist", key.name());
  }
  if (!ctx.wants_effects()) return;
  const storage::StringView value(*key.entry());
  NumberText digits;
  if (key.expiry_ms() == kNoExpiry) return ctx.Effect({"SET", key.name(), value.bytes()});
  ctx.Effect(
      {"SET", key.name(), value.bytes(), "PXAT", FormatInt64(key.expiry_ms(), digits)});
}

// Answers an error itself and then nothing.
std::optional<Increment<int64_t>> IncrementInt(CommandContext& ctx, const KeyRef& key,
                                               const IncrExOptions& options) {
  const auto by = ctx.IntArg(options.increment);
  if (!by) return std::nullopt;
  const auto lower = options.lower ? ctx.IntArg(*options.lower) : kIntMin;
  if (!lower) return std::nullopt;
  const auto upper = options.upper ? ctx.IntArg(*options.upper) : kIntMax;
  if (!upper) return std::nullopt;
  if (*lower > *upper) {
    ctx.reply().Error(errors::kBoundsCrossed);
    return std::nullopt;
  }
  const auto old = IntValue(ctx, key);
  if (!old) return std::nullopt;
  const Int128 sum = Int128{*old} + *by;
  const Int128 bounded = std::clamp(sum, Int128{*lower}, Int128{*upper});
  if (bounded != sum && !options.is_saturating) return Increment<int64_t>{*old, 0, false};
  const Int128 applied = bounded - *old;
  if (applied < kIntMin || applied > kIntMax) {
    ctx.reply().Error(errors::kOverflow);
    return std::nullopt;
  }
  return Increment<int64_t>{static_cast<int64_t>(bounded), static_cast<int64_t>(applied), true};
}

std::optional<Increment<long double>> IncrementFloat(CommandContext& ctx, const KeyRef& key,
                                                     const IncrExOptions& options) {
  const auto by = FloatArg(ctx, options.increment);
  if (!by) return std::nullopt;
  const auto lower = options.lower ? FloatArg(ctx, *options.lower) : -LDBL_MAX;
  if (!lower) return std::nullopt;
  const auto upper = options.upper ? FloatArg(ctx, *options.upper) : LDBL_MAX;
  if (!upper) return std::nullopt;
  if (*lower > *upper) {
    ctx.reply().Error(errors::kBoundsCrossed);
    return std::nullopt;
  }
  const auto old = FloatValue(ctx, key);
  if (!old) return std::nullopt;
  const long double sum = *old + *by;
  if (std::isnan(sum)) {
    ctx.reply().Error(errors::kNanOrInfinity);
    return std::nullopt;
  }
  const long double bounded = std::clamp(sum, *lower, *upper);
  if (bounded != sum && !options.is_saturating) return Increment<long double>{*old, 0, false};
  const long double applied = bounded - *old;
  if (!std::isfinite(applied) || !std::isfinite(bounded)) {
    ctx.reply().Error(errors::kNanOrInfinity);
    return std::nullopt;
  }
  return Increment<long double>{bounded, applied, true};
}

void ReplyFloat(CommandContext& ctx, long double value) {
  if (ctx.client().resp == proto::RespVersion::kResp3) {
    return ctx.reply().Double(static_cast<double>(value));
  }
  ctx.reply().Bulk(FormatLongDouble(value));
}

}  // namespace

// INCR key
void Incr(CommandContext& ctx, Args args) { AddTo(ctx, args[1], 1); }

// DECR key
void Decr(CommandContext& ctx, Args args) { AddTo(ctx, args[1], -1); }

// INCRBY key increment
void IncrBy(CommandContext& ctx, Args args) {
  if (const auto increment = ctx.IntArg(args[2])) AddTo(ctx, args[1], *increment);
}

// DECRBY key decrement
void DecrBy(CommandContext& ctx, Args args) {
  const auto decrement = ctx.IntArg(args[2]);
  if (!decrement) return;
  if (*decrement == kIntMin) return ctx.reply().Error(errors::kDecrementOverflow);
  AddTo(ctx, args[1], -*decrement);
}

// INCRBYFLOAT key increment
void IncrByFloat(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  const auto value = FloatValue(ctx, key);
  if (!value) return;
  const auto increment = FloatArg(ctx, args[2]);
  if (!increment) return;
  const long double sum = *value + *increment;
  if (!std::isfinite(sum)) return ctx.reply().Error(errors::kNanOrInfinity);
  const std::string text = FormatLongDouble(sum);
  ctx.AmendText(key, text);
  ctx.Notify(kNotifyString, "incrbyfloat", args[1]);
  // The sum as it came out here: another machine's long double may be another one.
  ctx.Effect({"SET", args[1], text, "KEEPTTL"});
  ctx.reply().Bulk(text);
}

// INCREX key [BYINT n | BYFLOAT x] [LBOUND n] [UBOUND n] [SATURATE] [expiry | PERSIST] [ENX]
void IncrEx(CommandContext& ctx, Args args) {
  IncrExOptions options;
  if (!ParseIncrExOptions(args, options)) return ctx.SyntaxError();
  int64_t time_ms = kNoExpiry;
  if (options.expiry.is_time()) {
    const auto parsed = ExpiryMs(ctx, options.expiry.kind, options.expiry.value);
    if (!parsed) return;
    time_ms = *parsed;
  }
  KeyRef key = ctx.Read(args[1]);
  if (options.is_float) {
    const auto increment = IncrementFloat(ctx, key, options);
    if (!increment) return;
    ctx.reply().Array(2);
    ReplyFloat(ctx, increment->value);
    ReplyFloat(ctx, increment->applied);
    if (!increment->is_applied) return;
    ctx.AmendText(key, FormatLongDouble(increment->value));
  } else {
    const auto increment = IncrementInt(ctx, key, options);
    if (!increment) return;
    ctx.reply().Array(2);
    ctx.reply().Integer(increment->value);
    ctx.reply().Integer(increment->applied);
    if (!increment->is_applied) return;
    ctx.AmendInt(key, increment->value);
  }
  ctx.Notify(kNotifyString, options.is_float ? "incrbyfloat" : "incrby", args[1]);
  FinishIncrEx(ctx, key, options, time_ms);
}

}  // namespace ringtail::commands::strings
