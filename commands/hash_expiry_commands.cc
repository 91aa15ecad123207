// Hashes: fields that expire (Redis 7.4 and 8.0).
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/expiry_options.h"
#include "commands/hash_handlers.h"

namespace ringtail::commands {
namespace {

using hashes::LimitsOf;
using hashes::ReplyOrNull;
using storage::FieldTtl;
using storage::HashEditor;
using storage::HashView;

// What HEXPIRE and its kin answer for a field.
constexpr int64_t kFieldMissing = -2;
constexpr int64_t kFieldHasNoExpiry = -1;
constexpr int64_t kConditionNotMet = 0;
constexpr int64_t kFieldChanged = 1;
constexpr int64_t kFieldErased = 2;

// The latest time a field may expire at, as in Redis: in the year 4199.
constexpr int64_t kFieldExpiryMsMax = (int64_t{1} << 46) - 1;
constexpr int64_t kMsPerSecond = 1000;

enum class Unit : uint8_t { kSeconds, kMilliseconds };
enum class Base : uint8_t { kNow, kEpoch };

// ---- Arguments

// The fields behind FIELDS and their number, which are all that is left of the arguments; else has
// answered what is wrong.
std::optional<Args> FieldArgs(CommandContext& ctx, Args args,
                              std::string_view not_positive = errors::kFieldCountNotPositive) {
  std::string_view error;
  std::optional<int64_t> count;
  if (args.size() < 2 || !EqualsIgnoreCase(args[0], "FIELDS")) {
    error = errors::kFieldsMissing;
  } else if (count = ParseInt64(args[1]); !count || *count < 1) {
    error = not_positive;
  } else if (static_cast<uint64_t>(*count) != args.size() - 2) {
    error = errors::kFieldCountMismatch;
  } else {
    return args.subspan(2);
  }
  ctx.reply().Error(error);
  return std::nullopt;
}

// The moment that an argument means, in milliseconds since the epoch; may be long past.
std::optional<int64_t> FieldExpiryArg(CommandContext& ctx, std::string_view arg, Unit unit,
                                      Base base) {
  const auto number = ctx.IntArg(arg);
  if (!number) return std::nullopt;
  if (*number < 0) {
    ctx.reply().Error(errors::kFieldExpiryNegative);
    return std::nullopt;
  }
  const int64_t scale = unit == Unit::kSeconds ? kMsPerSecond : 1;
  const int64_t base_ms = base == Base::kNow ? ctx.now_ms() : 0;
  if (*number > (kFieldExpiryMsMax - base_ms) / scale) {
    ctx.reply().Error(errors::InvalidExpire(ctx.command().full_name));
    return std::nullopt;
  }
  return *number * scale + base_ms;
}

std::optional<int64_t> FieldExpiry(CommandContext& ctx, const ExpiryOption& option) {
  using Kind = ExpiryOption::Kind;
  const bool is_seconds = option.kind == Kind::kSeconds || option.kind == Kind::kAtSeconds;
  const bool is_relative = option.kind == Kind::kSeconds || option.kind == Kind::kMilliseconds;
  return FieldExpiryArg(ctx, option.value, is_seconds ? Unit::kSeconds : Unit::kMilliseconds,
                        is_relative ? Base::kNow : Base::kEpoch);
}

// ---- Effects

// Fields as a command in the log is about them.
class FieldList {
 public:
  void Add(std::string_view field) { fields_.push_back(field); }
  void Add(std::string_view field, std::string_view value) {
    fields_.push_back(field);
    fields_.push_back(value);
    ++pair_count_;
  }
  bool is_empty() const { return fields_.empty(); }

  // "HDEL key field …"
  void LogErased(CommandContext& ctx, std::string_view key) const {
    if (!is_empty()) Log(ctx, {"HDEL", key});
  }
  // "<command> key [argument] FIELDS count field …"
  void LogCounted(CommandContext& ctx, std::initializer_list<std::string_view> head) const {
    if (is_empty()) return;
    NumberText digits;
    const size_t count = pair_count_ != 0 ? pair_count_ : fields_.size();
    std::vector<std::string_view> words(head);
    words.push_back("FIELDS");
    words.push_back(FormatInt64(static_cast<int64_t>(count), digits));
    words.insert(words.end(), fields_.begin(), fields_.end());
    ctx.Effect(words);
  }

 private:
  void Log(CommandContext& ctx, std::initializer_list<std::string_view> head) const {
    std::vector<std::string_view> words(head);
    words.insert(words.end(), fields_.begin(), fields_.end());
    ctx.Effect(words);
  }

  std::vector<std::string_view> fields_;
  size_t pair_count_ = 0;
};

// Changes to fields of one key, and what the log is told of them: absolute times, and HDEL for what
// is past.
class FieldChanges {
 public:
  FieldChanges(CommandContext& ctx, KeyRef& key)
      : ctx_(ctx), key_(key), place_(ctx.Place(key)), editor_(place_, LimitsOf(ctx)) {}

  HashView view() const { return editor_.view(); }
  HashEditor& editor() { return editor_; }
  void Erase(std::string_view field) {
    if (editor_.Erase(field)) erased_.Add(field);
  }
  // Returns what HEXPIRE answers.
  int64_t Expire(std::string_view field, int64_t expiry_ms) {
    if (expiry_ms <= ctx_.now_ms()) {
      Erase(field);
      return kFieldErased;
    }
    editor_.SetExpiry(field, expiry_ms);
    expiry_ms_ = expiry_ms;
    expiring_.Add(field);
    return kFieldChanged;
  }
  int64_t Persist(std::string_view field) {
    const auto expiry_ms = view().FindExpiry(field);
    if (!expiry_ms) return kFieldMissing;
    if (*expiry_ms == kNoExpiry) return kFieldHasNoExpiry;
    editor_.SetExpiry(field, kNoExpiry);
    persisted_.Add(field);
    return kFieldChanged;
  }
  // Tells the log, and erases the key if nothing is left of it.
  void Finish() {
    if (erased_.is_empty() && expiring_.is_empty() && persisted_.is_empty()) return;
    ctx_.Changed(key_);
    if (!expiring_.is_empty()) ctx_.Notify(kNotifyHash, "hexpire", key_.name());
    if (!persisted_.is_empty()) ctx_.Notify(kNotifyHash, "hpersist", key_.name());
    if (!erased_.is_empty()) ctx_.Notify(kNotifyHash, "hdel", key_.name());
    NumberText digits;
    expiring_.LogCounted(ctx_, {"HPEXPIREAT", key_.name(), FormatInt64(expiry_ms_, digits)});
    persisted_.LogCounted(ctx_, {"HPERSIST", key_.name()});
    erased_.LogErased(ctx_, key_.name());
    hashes::EraseIfEmpty(ctx_, key_);
  }

 private:
  CommandContext& ctx_;
  KeyRef& key_;
  storage::ValuePlace place_;
  HashEditor editor_;
  int64_t expiry_ms_ = kNoExpiry;
  FieldList expiring_;
  FieldList persisted_;
  FieldList erased_;
};

// Answers the same for each field: the key is not there.
void ReplyMissing(CommandContext& ctx, Args fields) {
  ctx.reply().Array(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) ctx.reply().Integer(kFieldMissing);
}

// ---- HEXPIRE and its kin

enum class Condition : uint8_t { kNone, kIfNone, kIfAny, kIfGreater, kIfLess };

Condition ConditionOf(std::string_view word) {
  if (EqualsIgnoreCase(word, "NX")) return Condition::kIfNone;
  if (EqualsIgnoreCase(word, "XX")) return Condition::kIfAny;
  if (EqualsIgnoreCase(word, "GT")) return Condition::kIfGreater;
  if (EqualsIgnoreCase(word, "LT")) return Condition::kIfLess;
  return Condition::kNone;
}

// A field without an expiry counts as one that never expires.
bool IsMet(Condition condition, int64_t current_ms, int64_t wanted_ms) {
  const bool has_expiry = current_ms != kNoExpiry;
  switch (condition) {
    case Condition::kIfNone:
      return !has_expiry;
    case Condition::kIfAny:
      return has_expiry;
    case Condition::kIfGreater:
      return has_expiry && wanted_ms > current_ms;
    case Condition::kIfLess:
      return !has_expiry || wanted_ms < current_ms;
    case Condition::kNone:
      break;
  }
  return true;
}

// key time [NX | XX | GT | LT] FIELDS count field [field ...]
void ExpireFields(CommandContext& ctx, Args args, Unit unit, Base base) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  const auto expiry_ms = FieldExpiryArg(ctx, args[2], unit, base);
  if (!expiry_ms) return;
  const Condition condition = ConditionOf(args[3]);
  const auto fields = FieldArgs(ctx, args.subspan(condition == Condition::kNone ? 3 : 4));
  if (!fields) return;
  if (!key) return ReplyMissing(ctx, *fields);
  FieldChanges changes(ctx, key);
  ctx.reply().Array(fields->size());
  for (const std::string_view field : *fields) {
    const auto current_ms = changes.view().FindExpiry(field);
    if (!current_ms) {
      ctx.reply().Integer(kFieldMissing);
    } else if (!IsMet(condition, *current_ms, *expiry_ms)) {
      ctx.reply().Integer(kConditionNotMet);
    } else {
      ctx.reply().Integer(changes.Expire(field, *expiry_ms));
    }
  }
  changes.Finish();
}

void HExpire(CommandContext& ctx, Args args) {
  ExpireFields(ctx, args, Unit::kSeconds, Base::kNow);
}
void HPExpire(CommandContext& ctx, Args args) {
  ExpireFields(ctx, args, Unit::kMilliseconds, Base::kNow);
}
void HExpireAt(CommandContext& ctx, Args args) {
  ExpireFields(ctx, args, Unit::kSeconds, Base::kEpoch);
}
void HPExpireAt(CommandContext& ctx, Args args) {
  ExpireFields(ctx, args, Unit::kMilliseconds, Base::kEpoch);
}

// HPERSIST key FIELDS count field [field ...]
void HPersist(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  const auto fields = FieldArgs(ctx, args.subspan(2));
  if (!fields) return;
  if (!key) return ReplyMissing(ctx, *fields);
  FieldChanges changes(ctx, key);
  ctx.reply().Array(fields->size());
  for (const std::string_view field : *fields) ctx.reply().Integer(changes.Persist(field));
  changes.Finish();
}

// ---- HTTL and its kin

// key FIELDS count field [field ...]
void FieldTimes(CommandContext& ctx, Args args, Unit unit, Base base) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  const auto fields = FieldArgs(ctx, args.subspan(2));
  if (!fields) return;
  if (!key) return ReplyMissing(ctx, *fields);
  const HashView hash(*key.entry());
  ctx.reply().Array(fields->size());
  for (const std::string_view field : *fields) {
    const auto expiry_ms = hash.FindExpiry(field);
    if (!expiry_ms) {
      ctx.reply().Integer(kFieldMissing);
    } else if (*expiry_ms == kNoExpiry) {
      ctx.reply().Integer(kFieldHasNoExpiry);
    } else {
      const int64_t time_ms = *expiry_ms - (base == Base::kNow ? ctx.now_ms() : 0);
      // Rounded up: what has time left does not answer 0.
      ctx.reply().Integer(unit == Unit::kSeconds ? (time_ms + kMsPerSecond - 1) / kMsPerSecond
                                                 : time_ms);
    }
  }
}

void HTtl(CommandContext& ctx, Args args) { FieldTimes(ctx, args, Unit::kSeconds, Base::kNow); }
void HPTtl(CommandContext& ctx, Args args) {
  FieldTimes(ctx, args, Unit::kMilliseconds, Base::kNow);
}
void HExpireTime(CommandContext& ctx, Args args) {
  FieldTimes(ctx, args, Unit::kSeconds, Base::kEpoch);
}
void HPExpireTime(CommandContext& ctx, Args args) {
  FieldTimes(ctx, args, Unit::kMilliseconds, Base::kEpoch);
}

// ---- HGETDEL

// HGETDEL key FIELDS count field [field ...]
void HGetDel(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  const auto fields = FieldArgs(ctx, args.subspan(2), errors::kFieldsToDeleteNotPositive);
  if (!fields) return;
  ctx.reply().Array(fields->size());
  if (!key) {
    for (size_t i = 0; i < fields->size(); ++i) ctx.reply().Null();
    return;
  }
  FieldChanges changes(ctx, key);
  for (const std::string_view field : *fields) {
    ReplyOrNull(ctx, changes.view().Find(field));
    changes.Erase(field);
  }
  changes.Finish();
}

// ---- HGETEX and HSETEX

enum class FieldCondition : uint8_t { kNone, kIfNoneExist, kIfAllExist };

struct ExOptions {
  ExpiryOption expiry;
  FieldCondition condition = FieldCondition::kNone;
  Args fields;
};

// Takes the condition at args[at], if it is one; false if it contradicts an earlier one.
bool TakeCondition(std::string_view word, FieldCondition& condition) {
  const auto taken = EqualsIgnoreCase(word, "FNX") ? FieldCondition::kIfNoneExist
                                                   : FieldCondition::kIfAllExist;
  if (condition != FieldCondition::kNone) return false;
  condition = taken;
  return true;
}

bool IsExpiryWord(std::string_view word, PlainExpiryOption plain) {
  for (const std::string_view known : {"EX", "PX", "EXAT", "PXAT"}) {
    if (EqualsIgnoreCase(word, known)) return true;
  }
  return EqualsIgnoreCase(word, plain == PlainExpiryOption::kKeep ? "KEEPTTL" : "PERSIST");
}

// The arguments behind FIELDS: their number, then `words_per_field` words for each.
std::optional<Args> CountedFields(CommandContext& ctx, Args args, size_t words_per_field) {
  const auto count = args.empty() ? std::nullopt : ParseInt64(args[0]);
  if (!count || *count < 1 || *count > std::numeric_limits<int>::max()) {
    ctx.reply().Error(errors::kFieldCountInvalid);
    return std::nullopt;
  }
  if (static_cast<uint64_t>(*count) * words_per_field != args.size() - 1) {
    ctx.reply().Error(errors::kFieldArgumentCount);
    return std::nullopt;
  }
  return args.subspan(1);
}

// The options of HSETEX (KEEPTTL, FNX, FXX) or HGETEX (PERSIST), and the fields; else has answered
// what is wrong.
std::optional<ExOptions> ParseExOptions(CommandContext& ctx, Args args, PlainExpiryOption plain) {
  const bool is_setting = plain == PlainExpiryOption::kKeep;
  ExOptions options;
  for (size_t at = 2; at < args.size(); ++at) {
    const std::string_view word = args[at];
    if (EqualsIgnoreCase(word, "FIELDS")) {
      const auto fields = CountedFields(ctx, args.subspan(at + 1), is_setting ? 2 : 1);
      if (!fields) return std::nullopt;
      options.fields = *fields;
      return options;
    }
    if (IsExpiryWord(word, plain)) {
      if (options.expiry.kind == ExpiryOption::Kind::kNone &&
          TakeExpiryOption(args, at, plain, options.expiry)) {
        continue;
      }
      ctx.reply().Error(is_setting ? errors::kSetOneExpiry : errors::kGetOneExpiry);
      return std::nullopt;
    }
    if (is_setting && (EqualsIgnoreCase(word, "FNX") || EqualsIgnoreCase(word, "FXX"))) {
      if (TakeCondition(word, options.condition)) continue;
      ctx.reply().Error(errors::kOneFieldCondition);
      return std::nullopt;
    }
    ctx.reply().Error(errors::UnknownArgument(word));
    return std::nullopt;
  }
  ctx.reply().Error(errors::kFieldsNotGiven);
  return std::nullopt;
}

// HGETEX key [EX | PX | EXAT | PXAT time | PERSIST] FIELDS count field [field ...]
void HGetEx(CommandContext& ctx, Args args) {
  const auto options = ParseExOptions(ctx, args, PlainExpiryOption::kPersist);
  if (!options) return;
  std::optional<int64_t> expiry_ms;
  if (options->expiry.is_time()) {
    expiry_ms = FieldExpiry(ctx, options->expiry);
    if (!expiry_ms) return;
  }
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  ctx.reply().Array(options->fields.size());
  if (!key) {
    for (size_t i = 0; i < options->fields.size(); ++i) ctx.reply().Null();
    return;
  }
  FieldChanges changes(ctx, key);
  for (const std::string_view field : options->fields) {
    const auto value = changes.view().Find(field);
    ReplyOrNull(ctx, value);
    if (!value) continue;
    if (expiry_ms) {
      changes.Expire(field, *expiry_ms);
    } else if (options->expiry.kind == ExpiryOption::Kind::kPersist) {
      changes.Persist(field);
    }
  }
  changes.Finish();
}

bool IsMet(FieldCondition condition, const KeyRef& key, Args pairs) {
  if (condition == FieldCondition::kNone) return true;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const bool exists = key && HashView(*key.entry()).Find(pairs[i]);
    if (exists == (condition == FieldCondition::kIfNoneExist)) return false;
  }
  return true;
}

// HSETEX with a time that is past: nothing is set, what was there goes.
void EraseInstead(CommandContext& ctx, KeyRef& key, Args pairs) {
  if (!key) return;
  FieldChanges changes(ctx, key);
  for (size_t i = 0; i < pairs.size(); i += 2) changes.Erase(pairs[i]);
  changes.Finish();
}

void LogSetEx(CommandContext& ctx, Args args, const ExOptions& options, int64_t expiry_ms) {
  FieldList list;
  for (size_t i = 0; i < options.fields.size(); i += 2) {
    list.Add(options.fields[i], options.fields[i + 1]);
  }
  NumberText digits;
  if (options.expiry.is_time()) {
    list.LogCounted(ctx, {"HSETEX", args[1], "PXAT", FormatInt64(expiry_ms, digits)});
  } else if (options.expiry.kind == ExpiryOption::Kind::kKeep) {
    list.LogCounted(ctx, {"HSETEX", args[1], "KEEPTTL"});
  } else {
    list.LogCounted(ctx, {"HSETEX", args[1]});
  }
}

// HSETEX key [FNX | FXX] [EX | PX | EXAT | PXAT time | KEEPTTL]
//        FIELDS count field value [field value ...]
void HSetEx(CommandContext& ctx, Args args) {
  const auto options = ParseExOptions(ctx, args, PlainExpiryOption::kKeep);
  if (!options) return;
  std::optional<int64_t> expiry_ms;
  if (options->expiry.is_time()) {
    expiry_ms = FieldExpiry(ctx, options->expiry);
    if (!expiry_ms) return;
  }
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  const Args pairs = options->fields;
  if (!IsMet(options->condition, key, pairs)) return ctx.reply().Integer(0);
  ctx.reply().Integer(1);
  if (expiry_ms && *expiry_ms <= ctx.now_ms()) return EraseInstead(ctx, key, pairs);
  if (!key) ctx.Create(key, ValueType::kHash);
  auto place = ctx.Place(key);
  HashEditor hash(place, LimitsOf(ctx));
  const bool is_kept = options->expiry.kind == ExpiryOption::Kind::kKeep;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    hash.Set(pairs[i], pairs[i + 1], is_kept ? FieldTtl::kKeep : FieldTtl::kDrop);
    if (expiry_ms) hash.SetExpiry(pairs[i], *expiry_ms);
  }
  ctx.Changed(key);
  ctx.Notify(kNotifyHash, "hset", args[1]);
  if (expiry_ms) ctx.Notify(kNotifyHash, "hexpire", args[1]);
  if (ctx.wants_effects()) LogSetEx(ctx, args, *options, expiry_ms.value_or(kNoExpiry));
}

// ---- The table

constexpr std::array<std::string_view, 1> kNondeterministic = {"nondeterministic_output"};
constexpr std::string_view kComplexity = "O(N) where N is the number of fields named.";

constexpr CommandSpec kCommands[] = {
    {.name = "HEXPIRE", .arity = -6, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HExpire,
     .group = "hash", .since = "7.4.0", .complexity = kComplexity,
     .summary = "Lets fields of a hash expire after some seconds."},
    {.name = "HPEXPIRE", .arity = -6, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HPExpire,
     .group = "hash", .since = "7.4.0", .complexity = kComplexity,
     .summary = "Lets fields of a hash expire after some milliseconds."},
    {.name = "HEXPIREAT", .arity = -6, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HExpireAt,
     .group = "hash", .since = "7.4.0", .complexity = kComplexity,
     .summary = "Lets fields of a hash expire at a Unix time in seconds."},
    {.name = "HPEXPIREAT", .arity = -6, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HPExpireAt,
     .group = "hash", .since = "7.4.0", .complexity = kComplexity,
     .summary = "Lets fields of a hash expire at a Unix time in milliseconds."},
    {.name = "HPERSIST", .arity = -5, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HPersist,
     .group = "hash", .since = "7.4.0", .complexity = kComplexity,
     .summary = "Removes the expiry of fields of a hash."},
    {.name = "HTTL", .arity = -5, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HTtl, .group = "hash", .since = "7.4.0",
     .complexity = kComplexity, .summary = "Returns the seconds that fields of a hash have left.",
     .tips = kNondeterministic},
    {.name = "HPTTL", .arity = -5, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HPTtl, .group = "hash", .since = "7.4.0",
     .complexity = kComplexity,
     .summary = "Returns the milliseconds that fields of a hash have left.",
     .tips = kNondeterministic},
    {.name = "HEXPIRETIME", .arity = -5, .flags = kRead | kFast,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatHash, .handler = HExpireTime,
     .group = "hash", .since = "7.4.0", .complexity = kComplexity,
     .summary = "Returns the Unix time in seconds at which fields of a hash expire."},
    {.name = "HPEXPIRETIME", .arity = -5, .flags = kRead | kFast,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatHash, .handler = HPExpireTime,
     .group = "hash", .since = "7.4.0", .complexity = kComplexity,
     .summary = "Returns the Unix time in milliseconds at which fields of a hash expire."},
    {.name = "HGETDEL", .arity = -5, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete)}, .categories = kCatHash,
     .handler = HGetDel, .group = "hash", .since = "8.0.0", .complexity = kComplexity,
     .summary = "Returns the values of fields of a hash and deletes them."},
    {.name = "HGETEX", .arity = -5, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyUpdate)}, .categories = kCatHash,
     .handler = HGetEx, .group = "hash", .since = "8.0.0", .complexity = kComplexity,
     .summary = "Returns the values of fields of a hash and sets or removes their expiry."},
    {.name = "HSETEX", .arity = -6, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HSetEx,
     .group = "hash", .since = "8.0.0", .complexity = kComplexity,
     .summary = "Sets fields of a hash with an expiry, if they are there or if they are not."},
};

}  // namespace

std::span<const CommandSpec> HashExpiryCommands() { return kCommands; }

}  // namespace ringtail::commands
