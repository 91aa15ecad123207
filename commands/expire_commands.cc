// When keys expire: EXPIRE and its kin, TTL and its kin, PERSIST.
#include <array>
#include <limits>

#include "base/parse_number.h"
#include "commands/context.h"

namespace ringtail::commands {
namespace {

enum class Unit : uint8_t { kSeconds, kMilliseconds };
enum class Base : uint8_t { kNow, kEpoch };

constexpr int64_t kMsPerSecond = 1000;

// ---- Setting

struct ExpireConditions {
  bool if_none = false;     // NX
  bool if_any = false;      // XX
  bool if_greater = false;  // GT
  bool if_less = false;     // LT
};

std::optional<ExpireConditions> ParseConditions(CommandContext& ctx, Args options) {
  ExpireConditions conditions;
  for (const std::string_view option : options) {
    if (EqualsIgnoreCase(option, "NX")) {
      conditions.if_none = true;
    } else if (EqualsIgnoreCase(option, "XX")) {
      conditions.if_any = true;
    } else if (EqualsIgnoreCase(option, "GT")) {
      conditions.if_greater = true;
    } else if (EqualsIgnoreCase(option, "LT")) {
      conditions.if_less = true;
    } else {
      ctx.reply().Error(errors::UnsupportedOption(option));
      return std::nullopt;
    }
  }
  if (conditions.if_none &&
      (conditions.if_any || conditions.if_greater || conditions.if_less)) {
    ctx.reply().Error(errors::kNxExcludesOthers);
    return std::nullopt;
  }
  if (conditions.if_greater && conditions.if_less) {
    ctx.reply().Error(errors::kGtExcludesLt);
    return std::nullopt;
  }
  return conditions;
}

// A key without an expiry counts as one that never expires.
bool IsMet(const ExpireConditions& conditions, int64_t current_ms, int64_t wanted_ms) {
  const bool has_expiry = current_ms != kNoExpiry;
  if (conditions.if_none && has_expiry) return false;
  if (conditions.if_any && !has_expiry) return false;
  if (conditions.if_greater && (!has_expiry || wanted_ms <= current_ms)) return false;
  return !(conditions.if_less && has_expiry && wanted_ms >= current_ms);
}

// The moment an argument means, in milliseconds since the epoch; may be long past.
std::optional<int64_t> ExpiryArg(CommandContext& ctx, std::string_view arg, Unit unit, Base base) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  const auto number = ctx.IntArg(arg);
  if (!number) return std::nullopt;
  int64_t when_ms = *number;
  const int64_t base_ms = base == Base::kNow ? ctx.now_ms() : 0;
  bool is_representable = true;
  if (unit == Unit::kSeconds) {
    is_representable = when_ms <= kMax / kMsPerSecond && when_ms >= kMin / kMsPerSecond;
    if (is_representable) when_ms *= kMsPerSecond;
  }
  if (!is_representable || when_ms > kMax - base_ms) {
    ctx.reply().Error(errors::InvalidExpire(ctx.command().full_name));
    return std::nullopt;
  }
  return when_ms + base_ms;
}

void ExpireAs(CommandContext& ctx, Args args, Unit unit, Base base) {
  const auto conditions = ParseConditions(ctx, args.subspan(3));
  if (!conditions) return;
  const auto when_ms = ExpiryArg(ctx, args[2], unit, base);
  if (!when_ms) return;
  KeyRef key = ctx.Write(args[1]);
  if (!key || !IsMet(*conditions, key.expiry_ms(), *when_ms)) return ctx.reply().Integer(0);
  if (*when_ms <= ctx.now_ms()) {
    ctx.Delete(key);
    ctx.Effect({"DEL", args[1]});
  } else {
    ctx.SetExpiry(key, *when_ms);
    ctx.Notify(kNotifyGeneric, "expire", args[1]);
    NumberText text;
    ctx.Effect({"PEXPIREAT", args[1], FormatInt64(*when_ms, text)});
  }
  ctx.reply().Integer(1);
}

template <Unit kUnit, Base kBase>
void Expire(CommandContext& ctx, Args args) {
  ExpireAs(ctx, args, kUnit, kBase);
}

void Persist(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (key.expiry_ms() == kNoExpiry) return ctx.reply().Integer(0);
  ctx.SetExpiry(key, kNoExpiry);
  ctx.Notify(kNotifyGeneric, "persist", args[1]);
  ctx.reply().Integer(1);
}

// ---- Asking

template <Unit kUnit, Base kBase>
void TimeToLive(CommandContext& ctx, Args args) {
  constexpr int64_t kAbsent = -2;
  constexpr int64_t kEternal = -1;
  const KeyRef key = ctx.Peek(args[1]);
  if (!key) return ctx.reply().Integer(kAbsent);
  if (key.expiry_ms() == kNoExpiry) return ctx.reply().Integer(kEternal);
  // Never negative, since what is expired was not found; unsigned, so that rounding cannot
  // overflow.
  auto time_ms = static_cast<uint64_t>(key.expiry_ms());
  if (kBase == Base::kNow) time_ms -= static_cast<uint64_t>(ctx.now_ms());
  const uint64_t rounded = kUnit == Unit::kSeconds
                               ? (time_ms + kMsPerSecond / 2) / kMsPerSecond
                               : time_ms;
  ctx.reply().Integer(static_cast<int64_t>(rounded));
}

// ---- The table

constexpr std::array<std::string_view, 1> kVaries = {"nondeterministic_output"};

// The rows of a kind differ in little but name, handler and age.
constexpr CommandSpec ExpireRow(std::string_view name, Handler handler, std::string_view since,
                                std::string_view summary) {
  return {.name = name, .arity = -3, .flags = kWrite | kFast,
          .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatKeyspace, .handler = handler,
          .group = "generic", .since = since, .complexity = "O(1)", .summary = summary};
}
constexpr CommandSpec TimeRow(std::string_view name, Handler handler, std::string_view since,
                              std::string_view summary,
                              std::span<const std::string_view> tips = {}) {
  return {.name = name, .arity = 2, .flags = kRead | kFast,
          .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatKeyspace, .handler = handler,
          .group = "generic", .since = since, .complexity = "O(1)", .summary = summary,
          .tips = tips};
}

constexpr CommandSpec kCommands[] = {
    ExpireRow("EXPIRE", Expire<Unit::kSeconds, Base::kNow>, "1.0.0",
              "Lets a key expire after some seconds."),
    ExpireRow("PEXPIRE", Expire<Unit::kMilliseconds, Base::kNow>, "2.6.0",
              "Lets a key expire after some milliseconds."),
    ExpireRow("EXPIREAT", Expire<Unit::kSeconds, Base::kEpoch>, "1.2.0",
              "Lets a key expire at a Unix time in seconds."),
    ExpireRow("PEXPIREAT", Expire<Unit::kMilliseconds, Base::kEpoch>, "2.6.0",
              "Lets a key expire at a Unix time in milliseconds."),
    TimeRow("TTL", TimeToLive<Unit::kSeconds, Base::kNow>, "1.0.0",
            "Tells in how many seconds a key expires.", kVaries),
    TimeRow("PTTL", TimeToLive<Unit::kMilliseconds, Base::kNow>, "2.6.0",
            "Tells in how many milliseconds a key expires.", kVaries),
    TimeRow("EXPIRETIME", TimeToLive<Unit::kSeconds, Base::kEpoch>, "7.0.0",
            "Tells at which Unix time in seconds a key expires."),
    TimeRow("PEXPIRETIME", TimeToLive<Unit::kMilliseconds, Base::kEpoch>, "7.0.0",
            "Tells at which Unix time in milliseconds a key expires."),
    {.name = "PERSIST", .arity = 2, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatKeyspace, .handler = Persist,
     .group = "generic", .since = "2.2.0", .complexity = "O(1)",
     .summary = "Lets a key live for ever."},
};

}  // namespace

std::span<const CommandSpec> ExpireCommands() { return kCommands; }

}  // namespace ringtail::commands
