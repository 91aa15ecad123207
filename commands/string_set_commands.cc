#include <algorithm>
#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/expiry_options.h"
#include "commands/string_condition.h"
#include "commands/string_handlers.h"

namespace ringtail::commands::strings {
namespace {

enum class Existence : uint8_t { kAny, kAbsent, kPresent };

struct SetOptions {
  Existence existence = Existence::kAny;
  ValueCondition condition = {};
  ExpiryOption expiry = {};
  bool wants_old_value = false;
};

bool TakeExistence(std::string_view word, Existence& existence) {
  const Existence wanted = EqualsIgnoreCase(word, "NX")   ? Existence::kAbsent
                           : EqualsIgnoreCase(word, "XX") ? Existence::kPresent
                                                          : Existence::kAny;
  if (wanted == Existence::kAny) return false;
  if (existence != Existence::kAny && existence != wanted) return false;
  existence = wanted;
  return true;
}

// The options from args[3] on; false is a syntax error.
bool ParseSetOptions(Args args, SetOptions& options) {
  for (size_t at = 3; at < args.size(); ++at) {
    if (EqualsIgnoreCase(args[at], "GET")) {
      options.wants_old_value = true;
      continue;
    }
    if (options.condition.kind == ValueCondition::Kind::kNone &&
        TakeExistence(args[at], options.existence)) {
      continue;
    }
    if (TakeExpiryOption(args, at, PlainExpiryOption::kKeep, options.expiry)) continue;
    if (options.existence == Existence::kAny && TakeValueCondition(args, at, options.condition)) {
      continue;
    }
    return false;
  }
  return true;
}

// Adopts a large argument's own block instead of copying it.
void StoreBytes(CommandContext& ctx, KeyRef& key, std::string_view value, int64_t expiry_ms) {
  if (value.size() >= storage::kSharedStringBytesMin) [[unlikely]] {
    if (SharedBytes block = ctx.BlockOf(value)) {
      return ctx.SetString(key, std::move(block), expiry_ms);
    }
  }
  ctx.SetString(key, value, expiry_ms);
}

void Store(CommandContext& ctx, KeyRef& key, std::string_view value, int64_t expiry_ms) {
  StoreBytes(ctx, key, value, expiry_ms);
  ctx.Notify(kNotifyString, "set", key.name());
}

// Redis stores such a value and expires it right afterwards.
void NotifyExpiredAtOnce(CommandContext& ctx, const KeyRef& key) {
  if (!key) ctx.Notify(kNotifyNew, "new", key.name());
  ctx.Notify(kNotifyString, "set", key.name());
  ctx.Notify(kNotifyGeneric, "expire", key.name());
  ctx.Notify(kNotifyExpired, "expired", key.name());
}

// Stores under the expiry that `option` and `time_ms` ask for, and logs it with its absolute time and without its
// conditions, which have been decided here.
void StoreWithExpiry(CommandContext& ctx, KeyRef& key, std::string_view value,
                     const ExpiryOption& option, int64_t time_ms) {
  if (option.is_time()) {
    if (time_ms <= ctx.now_ms()) {
      NotifyExpiredAtOnce(ctx, key);
      if (!key) return;
      ctx.Effect({"DEL", key.name()});
      return ctx.Erase(key);
    }
    Store(ctx, key, value, time_ms);
    ctx.Notify(kNotifyGeneric, "expire", key.name());
    NumberText digits;
    return ctx.Effect({"SET", key.name(), value, "PXAT", FormatInt64(time_ms, digits)});
  }
  if (option.kind == ExpiryOption::Kind::kKeep) {
    Store(ctx, key, value, key.expiry_ms());
    return ctx.Effect({"SET", key.name(), value, "KEEPTTL"});
  }
  Store(ctx, key, value, kNoExpiry);
  ctx.Effect({"SET", key.name(), value});
}

bool IsFulfilled(const SetOptions& options, const KeyRef& key) {
  if (options.existence != Existence::kAny) {
    return static_cast<bool>(key) == (options.existence == Existence::kPresent);
  }
  return options.condition.kind == ValueCondition::Kind::kNone || options.condition.Holds(key);
}

void SetWithOptions(CommandContext& ctx, Args args) {
  SetOptions options;
  if (!ParseSetOptions(args, options)) return ctx.SyntaxError();
  if (options.condition.is_digest() && !IsDigest(options.condition.operand)) {
    return ctx.reply().Error(errors::kDigestInvalid);
  }
  int64_t time_ms = kNoExpiry;
  if (options.expiry.is_time()) {
    const auto parsed = ExpiryMs(ctx, options.expiry.kind, options.expiry.value);
    if (!parsed) return;
    time_ms = *parsed;
  }
  KeyRef key = options.wants_old_value ? ctx.Read(args[1]) : ctx.Write(args[1]);
  const bool is_read =
      options.wants_old_value || options.condition.kind != ValueCondition::Kind::kNone;
  if (is_read && !ctx.IsType(key, ValueType::kString)) return;
  if (options.wants_old_value) {
    key ? ctx.ReplyString(*key.entry()) : ctx.reply().Null();
  }
  if (!IsFulfilled(options, key)) {
    if (!options.wants_old_value) ctx.reply().Null();
    return;
  }
  StoreWithExpiry(ctx, key, args[2], options.expiry, time_ms);
  if (!options.wants_old_value) ctx.reply().Ok();
}

void SetExpiring(CommandContext& ctx, Args args, ExpiryOption::Kind kind) {
  const auto time_ms = ExpiryMs(ctx, kind, args[2]);
  if (!time_ms) return;
  KeyRef key = ctx.Write(args[1]);
  StoreWithExpiry(ctx, key, args[3], {.kind = kind}, *time_ms);
  ctx.reply().Ok();
}

// Whether each of the keys is there (or none of them, for kAbsent).
bool AreAll(CommandContext& ctx, Args pairs, Existence wanted) {
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (static_cast<bool>(ctx.Write(pairs[i])) != (wanted == Existence::kPresent)) return false;
  }
  return true;
}

void StorePairs(CommandContext& ctx, Args pairs) {
  for (size_t i = 0; i < pairs.size(); i += 2) {
    KeyRef key = ctx.Write(pairs[i]);
    Store(ctx, key, pairs[i + 1], kNoExpiry);
  }
}

}  // namespace

// SET key value [condition] [GET] [expiry]
void Set(CommandContext& ctx, Args args) {
  if (args.size() != 3) return SetWithOptions(ctx, args);
  KeyRef key = ctx.Write(args[1]);
  Store(ctx, key, args[2], kNoExpiry);
  ctx.reply().Ok();
}

bool FindSetKey(Args args, KeyPositions& out) {
  if (args.size() < 2) return false;
  SetOptions options;
  // As in Redis, the word GET reads wherever it stands behind the value, also where it makes no
  // sense.
  const bool is_read =
      std::any_of(args.begin() + std::min<ptrdiff_t>(3, std::ssize(args)), args.end(),
                  [](std::string_view arg) { return EqualsIgnoreCase(arg, "GET"); }) ||
      (ParseSetOptions(args, options) && options.condition.kind != ValueCondition::Kind::kNone);
  out.Push(1, is_read ? kKeyRw | kKeyAccess | kKeyUpdate : kKeyOw | kKeyUpdate);
  return true;
}

// SETNX key value
void SetNx(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (key) return ctx.reply().Integer(0);
  Store(ctx, key, args[2], kNoExpiry);
  ctx.reply().Integer(1);
}

// SETEX key seconds value
void SetEx(CommandContext& ctx, Args args) {
  SetExpiring(ctx, args, ExpiryOption::Kind::kSeconds);
}

// PSETEX key milliseconds value
void PSetEx(CommandContext& ctx, Args args) {
  SetExpiring(ctx, args, ExpiryOption::Kind::kMilliseconds);
}

// GETSET key value
void GetSet(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  key ? ctx.ReplyString(*key.entry()) : ctx.reply().Null();
  Store(ctx, key, args[2], kNoExpiry);
  if (ctx.wants_effects()) ctx.Effect({"SET", args[1], args[2]});
}

// MSET key value [key value ...]
void MSet(CommandContext& ctx, Args args) {
  if (args.size() % 2 == 0) {
    return ctx.reply().Error(errors::WrongArity(ctx.command().full_name));
  }
  StorePairs(ctx, args.subspan(1));
  ctx.reply().Ok();
}

// MSETNX key value [key value ...]
void MSetNx(CommandContext& ctx, Args args) {
  if (args.size() % 2 == 0) {
    return ctx.reply().Error(errors::WrongArity(ctx.command().full_name));
  }
  const Args pairs = args.subspan(1);
  if (!AreAll(ctx, pairs, Existence::kAbsent)) return ctx.reply().Integer(0);
  StorePairs(ctx, pairs);
  ctx.reply().Integer(1);
}

// MSETEX numkeys key value [key value ...] [NX | XX] [expiry]
void MSetEx(CommandContext& ctx, Args args) {
  const auto key_count = ParseInt64(args[1]);
  if (!key_count || *key_count <= 0) return ctx.reply().Error(errors::kKeyCountInvalid);
  if (*key_count > static_cast<int64_t>((args.size() - 2) / 2)) {
    return ctx.reply().Error(errors::kPairCountWrong);
  }
  const Args pairs = args.subspan(2, static_cast<size_t>(*key_count) * 2);
  Existence existence = Existence::kAny;
  ExpiryOption expiry;
  for (size_t at = 2 + pairs.size(); at < args.size(); ++at) {
    if (!TakeExistence(args[at], existence) &&
        !TakeExpiryOption(args, at, PlainExpiryOption::kKeep, expiry)) {
      return ctx.SyntaxError();
    }
  }
  int64_t time_ms = kNoExpiry;
  if (expiry.is_time()) {
    const auto parsed = ExpiryMs(ctx, expiry.kind, expiry.value);
    if (!parsed) return;
    time_ms = *parsed;
  }
  if (existence != Existence::kAny && !AreAll(ctx, pairs, existence)) {
    return ctx.reply().Integer(0);
  }
  for (size_t i = 0; i < pairs.size(); i += 2) {
    KeyRef key = ctx.Write(pairs[i]);
    StoreWithExpiry(ctx, key, pairs[i + 1], expiry, time_ms);
  }
  ctx.reply().Integer(1);
}

}  // namespace ringtail::commands::strings
