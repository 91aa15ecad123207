#include <algorithm>
#include <cstring>
#include <optional>

#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/expiry_options.h"
#include "commands/string_condition.h"
#include "commands/string_handlers.h"

namespace ringtail::commands {
namespace {

// GET key
void Get(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Null();
  ctx.ReplyString(*key.entry());
}

// MGET key [key ...]
void MGet(CommandContext& ctx, Args args) {
  ctx.reply().Array(args.size() - 1);
  for (const std::string_view name : args.subspan(1)) {
    const KeyRef key = ctx.Read(name);
    if (key && key.entry()->type() == ValueType::kString) {
      ctx.ReplyString(*key.entry());
    } else {
      ctx.reply().Null();
    }
  }
}

// STRLEN key
void Strlen(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  ctx.reply().Integer(key ? static_cast<int64_t>(storage::StringBytes(*key.entry())) : 0);
}

// Part of a string entry; of a large one by reference.
void ReplyPart(CommandContext& ctx, const Entry& entry, size_t first, size_t size) {
  if (entry.encoding() == storage::Encoding::kShared &&
      size >= proto::ReplyWriter::kSharedBulkBytesMin) {
    return ctx.reply().BulkShared(storage::ShareBlock(entry), first, size);
  }
  const storage::StringView value(entry);
  ctx.reply().Bulk(value.bytes().substr(first, size));
}

// GETRANGE key start end
void GetRange(CommandContext& ctx, Args args) {
  auto start = ctx.IntArg(args[2]);
  if (!start) return;
  auto end = ctx.IntArg(args[3]);
  if (!end) return;
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Bulk({});
  const auto size = static_cast<int64_t>(storage::StringBytes(*key.entry()));
  // Both from the end and crossed: empty, even where cutting them to the string would make them meet.
  if (*start < 0 && *end < 0 && *start > *end) return ctx.reply().Bulk({});
  if (*start < 0) start = std::max<int64_t>(0, *start + size);
  if (*end < 0) end = std::max<int64_t>(0, *end + size);
  end = std::min(*end, size - 1);
  if (*start > *end || size == 0) return ctx.reply().Bulk({});
  ReplyPart(ctx, *key.entry(), static_cast<size_t>(*start),
            static_cast<size_t>(*end - *start + 1));
}

// GETDEL key
void GetDel(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Null();
  ctx.ReplyString(*key.entry());
  ctx.Delete(key);
  ctx.Effect({"DEL", args[1]});
}

// GETEX key [EX seconds | PX milliseconds | EXAT time | PXAT time | PERSIST]
void GetEx(CommandContext& ctx, Args args) {
  ExpiryOption expiry;
  for (size_t at = 2; at < args.size(); ++at) {
    if (!TakeExpiryOption(args, at, PlainExpiryOption::kPersist, expiry)) {
      return ctx.SyntaxError();
    }
  }
  KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Null();
  int64_t time_ms = kNoExpiry;
  if (expiry.is_time()) {
    const auto parsed = ExpiryMs(ctx, expiry.kind, expiry.value);
    if (!parsed) return;
    time_ms = *parsed;
  }
  ctx.ReplyString(*key.entry());
  if (expiry.is_time() && time_ms <= ctx.now_ms()) {
    ctx.Delete(key);
    ctx.Effect({"DEL", args[1]});
  } else if (expiry.is_time()) {
    ctx.SetExpiry(key, time_ms);
    ctx.Notify(kNotifyGeneric, "expire", args[1]);
    NumberText digits;
    ctx.Effect({"PEXPIREAT", args[1], FormatInt64(time_ms, digits)});
  } else if (expiry.kind == ExpiryOption::Kind::kPersist && key.expiry_ms() != kNoExpiry) {
    ctx.SetExpiry(key, kNoExpiry);
    ctx.Notify(kNotifyGeneric, "persist", args[1]);
    ctx.Effect({"PERSIST", args[1]});
  }
}

// Whether a string may grow to `size` and `more` bytes; else answers that it may not.
bool IsSizeAllowed(CommandContext& ctx, uint64_t size, uint64_t more) {
  if (size + more <= static_cast<uint64_t>(ctx.string_bytes_max()) && size + more >= size) {
    return true;
  }
  ctx.reply().Error(errors::kStringTooLong);
  return false;
}

// APPEND key value
void Append(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  const std::string_view tail = args[2];
  if (!key) {
    ctx.SetString(key, tail, kNoExpiry);
    ctx.Notify(kNotifyString, "append", args[1]);
    return ctx.reply().Integer(static_cast<int64_t>(tail.size()));
  }
  const size_t size = storage::StringBytes(*key.entry());
  if (!IsSizeAllowed(ctx, size, tail.size())) return;
  const auto bytes = ctx.AmendBytes(key, size + tail.size());
  if (!tail.empty()) std::memcpy(bytes.data() + size, tail.data(), tail.size());
  ctx.Notify(kNotifyString, "append", args[1]);
  ctx.reply().Integer(static_cast<int64_t>(bytes.size()));
}

// SETRANGE key offset value
void SetRange(CommandContext& ctx, Args args) {
  const auto offset = ctx.IntArg(args[2]);
  if (!offset) return;
  if (*offset < 0) return ctx.reply().Error(errors::kOffsetOutOfRange);
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  const size_t size = key ? storage::StringBytes(*key.entry()) : 0;
  const std::string_view part = args[3];
  if (part.empty()) return ctx.reply().Integer(static_cast<int64_t>(size));
  const auto first = static_cast<size_t>(*offset);
  if (!IsSizeAllowed(ctx, first, part.size())) return;
  const auto bytes = ctx.AmendBytes(key, std::max(size, first + part.size()));
  std::memcpy(bytes.data() + first, part.data(), part.size());
  ctx.Notify(kNotifyString, "setrange", args[1]);
  ctx.reply().Integer(static_cast<int64_t>(bytes.size()));
}

// DIGEST key
void Digest(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Null();
  const storage::StringView value(*key.entry());
  const DigestText digest = ValueDigest(value.bytes());
  ctx.reply().Bulk({digest.data(), digest.size()});
}

void EraseAndReply(CommandContext& ctx, KeyRef& key) {
  ctx.Delete(key);
  ctx.Effect({"DEL", key.name()});
  ctx.reply().Integer(1);
}

// DELEX key [condition]
void DelEx(CommandContext& ctx, Args args) {
  if (args.size() == 2) {
    KeyRef key = ctx.Write(args[1]);
    return key ? EraseAndReply(ctx, key) : ctx.reply().Integer(0);
  }
  if (args.size() != 4) {
    return ctx.reply().Error(errors::WrongArity(ctx.command().full_name));
  }
  ValueCondition condition;
  size_t at = 2;
  if (!TakeValueCondition(args, at, condition)) return ctx.SyntaxError();
  if (condition.is_digest() && !IsDigest(condition.operand)) {
    return ctx.reply().Error(errors::kDigestInvalid);
  }
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key || !condition.Holds(key)) return ctx.reply().Integer(0);
  EraseAndReply(ctx, key);
}

// DELEX's key: it is only removed where there is no condition to read it for.
bool FindDelExKey(Args args, KeyPositions& out) {
  if (args.size() < 2) return false;
  out.Push(1, args.size() == 2 ? kKeyRm | kKeyDelete : kKeyRw | kKeyAccess | kKeyDelete);
  return true;
}

// DELIFEQ key value
void DelIfEq(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  const ValueCondition condition{.kind = ValueCondition::Kind::kEqual, .operand = args[2]};
  if (!condition.Holds(key)) return ctx.reply().Integer(0);
  EraseAndReply(ctx, key);
}

constexpr std::string_view kMGetTips[] = {"request_policy:multi_shard"};
constexpr std::string_view kMSetTips[] = {"request_policy:multi_shard",
                                          "response_policy:all_succeeded"};
constexpr std::string_view kMSetNxTips[] = {"request_policy:multi_shard",
                                            "response_policy:agg_min"};

constexpr unsigned kRoAccess = kKeyRo | kKeyAccess;
constexpr unsigned kOwUpdate = kKeyOw | kKeyUpdate;
constexpr unsigned kRwUpdate = kKeyRw | kKeyAccess | kKeyUpdate;

constexpr KeySpec WithNotes(KeySpec spec, std::string_view notes) {
  spec.notes = notes;
  return spec;
}

constexpr CommandSpec kCommands[] = {
    {.name = "APPEND", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyInsert)}, .categories = kCatString, .handler = Append,
     .group = "string", .since = "2.0.0", .complexity = "O(1) amortised; O(N) when the value moves",
     .summary = "Appends to a string, creating the key if it is absent."},
    {.name = "DECR", .arity = 2, .flags = kWrite | kDenyOom | kFast, .keys = {OneKey(kRwUpdate)},
     .categories = kCatString, .handler = strings::Decr, .group = "string", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Subtracts one from an integer."},
    {.name = "DECRBY", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kRwUpdate)}, .categories = kCatString, .handler = strings::DecrBy,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Subtracts a number from an integer."},
    {.name = "DELEX", .arity = -2, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyDelete | kKeyVariableFlags)}, .categories = kCatString,
     .handler = DelEx, .key_finder = FindDelExKey, .group = "string", .since = "8.4.0",
     .complexity = "O(1) for IFEQ and IFNE, O(N) for IFDEQ and IFDNE with N the value's length",
     .summary = "Removes a key if its value or its digest is as expected."},
    {.name = "DELIFEQ", .arity = 3, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete)}, .categories = kCatString,
     .handler = DelIfEq, .group = "string", .since = "9.0.0", .complexity = "O(1)",
     .summary = "Removes a key if it holds this value."},
    {.name = "DIGEST", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kRoAccess)},
     .categories = kCatString, .handler = Digest, .group = "string", .since = "8.4.0",
     .complexity = "O(N) with N the value's length",
     .summary = "Returns the XXH3 digest of a string in hexadecimal."},
    {.name = "GET", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kRoAccess)},
     .categories = kCatString, .handler = Get, .group = "string", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Returns the string value of a key."},
    {.name = "GETDEL", .arity = 2, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete)}, .categories = kCatString,
     .handler = GetDel, .group = "string", .since = "6.2.0", .complexity = "O(1)",
     .summary = "Returns a string and removes its key."},
    {.name = "GETEX", .arity = -2, .flags = kWrite | kFast,
     .keys = {WithNotes(OneKey(kRwUpdate), "RW and UPDATE because it changes the TTL")},
     .categories = kCatString, .handler = GetEx, .group = "string", .since = "6.2.0",
     .complexity = "O(1)", .summary = "Returns a string and sets or removes its expiry."},
    {.name = "GETRANGE", .arity = 4, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatString, .handler = GetRange, .group = "string", .since = "2.4.0",
     .complexity = "O(N) with N the length of the part; a large part is sent without a copy",
     .summary = "Returns the part of a string between two offsets."},
    {.name = "GETSET", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kRwUpdate)}, .categories = kCatString, .handler = strings::GetSet,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Sets a string and returns the one before it.", .deprecated_since = "6.2.0",
     .replaced_by = "`SET` with the `GET` argument"},
    {.name = "INCR", .arity = 2, .flags = kWrite | kDenyOom | kFast, .keys = {OneKey(kRwUpdate)},
     .categories = kCatString, .handler = strings::Incr, .group = "string", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Adds one to an integer."},
    {.name = "INCRBY", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kRwUpdate)}, .categories = kCatString, .handler = strings::IncrBy,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Adds a number to an integer."},
    {.name = "INCRBYFLOAT", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kRwUpdate)}, .categories = kCatString, .handler = strings::IncrByFloat,
     .group = "string", .since = "2.6.0", .complexity = "O(1)",
     .summary = "Adds a floating-point number to a number."},
    {.name = "INCREX", .arity = -2, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kRwUpdate)}, .categories = kCatString, .handler = strings::IncrEx,
     .group = "string", .since = "8.8.0", .complexity = "O(1)",
     .summary = "Adds to a number within bounds and sets its expiry."},
    {.name = "LCS", .arity = -3, .flags = kRead, .keys = {KeyRange(kRoAccess, 1, 1)},
     .categories = kCatString, .handler = strings::Lcs, .group = "string", .since = "7.0.0",
     .complexity = "O(N*M) with N and M the lengths of the strings",
     .summary = "Finds the longest common subsequence of two strings."},
    {.name = "MGET", .arity = -2, .flags = kRead | kFast, .keys = {KeyRange(kRoAccess, 1, -1)},
     .categories = kCatString, .handler = MGet, .group = "string", .since = "1.0.0",
     .complexity = "O(N) with N the number of keys",
     .summary = "Returns the string values of keys, all of one moment.", .tips = kMGetTips},
    {.name = "MSET", .arity = -3, .flags = kWrite | kDenyOom,
     .keys = {KeyRange(kOwUpdate, 1, -1, 2)}, .categories = kCatString, .handler = strings::MSet,
     .group = "string", .since = "1.0.1", .complexity = "O(N) with N the number of keys",
     .summary = "Sets the string values of keys, all at once.", .tips = kMSetTips},
    {.name = "MSETEX", .arity = -4, .flags = kWrite | kDenyOom | kMovableKeys,
     .keys = {CountedKeys(kOwUpdate, 1, 2)}, .categories = kCatString,
     .handler = strings::MSetEx, .group = "string", .since = "8.4.0",
     .complexity = "O(N) with N the number of keys",
     .summary = "Sets the string values of keys, with one expiry, all at once."},
    {.name = "MSETNX", .arity = -3, .flags = kWrite | kDenyOom,
     .keys = {KeyRange(kKeyOw | kKeyInsert, 1, -1, 2)}, .categories = kCatString,
     .handler = strings::MSetNx, .group = "string", .since = "1.0.1",
     .complexity = "O(N) with N the number of keys",
     .summary = "Sets the string values of keys if none of them is there.", .tips = kMSetNxTips},
    {.name = "PSETEX", .arity = 4, .flags = kWrite | kDenyOom, .keys = {OneKey(kOwUpdate)},
     .categories = kCatString, .handler = strings::PSetEx, .group = "string", .since = "2.6.0",
     .complexity = "O(1)", .summary = "Sets a string that expires after milliseconds.",
     .deprecated_since = "2.6.12", .replaced_by = "`SET` with the `PX` argument"},
    {.name = "SET", .arity = -3, .flags = kWrite | kDenyOom,
     .keys = {WithNotes(OneKey(kRwUpdate | kKeyVariableFlags),
                        "RW and ACCESS due to the optional `GET` argument")},
     .categories = kCatString, .handler = strings::Set, .key_finder = strings::FindSetKey,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Sets the string value of a key."},
    {.name = "SETEX", .arity = 4, .flags = kWrite | kDenyOom, .keys = {OneKey(kOwUpdate)},
     .categories = kCatString, .handler = strings::SetEx, .group = "string", .since = "2.0.0",
     .complexity = "O(1)", .summary = "Sets a string that expires after seconds.",
     .deprecated_since = "2.6.12", .replaced_by = "`SET` with the `EX` argument"},
    {.name = "SETNX", .arity = 3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyOw | kKeyInsert)}, .categories = kCatString, .handler = strings::SetNx,
     .group = "string", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Sets a string if its key is not there.", .deprecated_since = "2.6.12",
     .replaced_by = "`SET` with the `NX` argument"},
    {.name = "SETRANGE", .arity = 4, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatString, .handler = SetRange,
     .group = "string", .since = "2.2.0",
     .complexity = "O(1) for a short part; O(M) with M its length, or when the value moves",
     .summary = "Overwrites part of a string, padding it with zero bytes up to there."},
    {.name = "STRLEN", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatString, .handler = Strlen, .group = "string", .since = "2.2.0",
     .complexity = "O(1)", .summary = "Returns the length of a string."},
    {.name = "SUBSTR", .arity = 4, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatString, .handler = GetRange, .group = "string", .since = "1.0.0",
     .complexity = "O(N) with N the length of the part",
     .summary = "Returns the part of a string between two offsets.",
     .deprecated_since = "2.0.0", .replaced_by = "`GETRANGE`"},
};

}  // namespace

std::span<const CommandSpec> StringCommands() { return kCommands; }

}  // namespace ringtail::commands
