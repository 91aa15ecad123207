// Hashes: fields and their values.
#include <array>
#include <cmath>
#include <limits>
#include <unordered_set>
#include <vector>

#include "base/parse_number.h"
#include "commands/collection_scan.h"
#include "commands/context.h"
#include "commands/hash_handlers.h"

namespace ringtail::commands {
namespace {

using hashes::LimitsOf;
using hashes::Reply;
using hashes::ReplyOrNull;
using storage::FieldTtl;
using storage::HashEditor;
using storage::HashField;
using storage::HashSampler;
using storage::HashView;
using storage::PackedElement;

// ---- Writing

// Whether the key is, or now is, a hash; else has answered WRONGTYPE.
bool OpenHash(CommandContext& ctx, KeyRef& key) {
  if (!ctx.IsType(key, ValueType::kHash)) return false;
  if (!key) ctx.Create(key, ValueType::kHash);
  return true;
}

// Sets the pairs of HSET and HMSET; returns how many fields are new, nothing after an error.
std::optional<size_t> SetFields(CommandContext& ctx, Args args) {
  if (args.size() % 2 != 0) {
    ctx.reply().Error(errors::WrongArity(ctx.command().full_name));
    return std::nullopt;
  }
  KeyRef key = ctx.Write(args[1]);
  if (!OpenHash(ctx, key)) return std::nullopt;
  auto place = ctx.Place(key);
  HashEditor hash(place, LimitsOf(ctx));
  const size_t new_count =
      args.size() == 4 ? hash.Set(args[2], args[3]) : hash.SetAll(args.subspan(2));
  ctx.Changed(key);
  ctx.Notify(kNotifyHash, "hset", args[1]);
  return new_count;
}

// HSET key field value [field value ...]
void HSet(CommandContext& ctx, Args args) {
  if (const auto new_count = SetFields(ctx, args)) {
    ctx.reply().Integer(static_cast<int64_t>(*new_count));
  }
}

// HMSET key field value [field value ...]
void HMSet(CommandContext& ctx, Args args) {
  if (SetFields(ctx, args)) ctx.reply().Ok();
}

// HSETNX key field value
void HSetNx(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (key && HashView(*key.entry()).Find(args[2])) return ctx.reply().Integer(0);
  if (!OpenHash(ctx, key)) return;
  auto place = ctx.Place(key);
  HashEditor(place, LimitsOf(ctx)).Set(args[2], args[3]);
  ctx.Changed(key);
  ctx.Notify(kNotifyHash, "hset", args[1]);
  ctx.reply().Integer(1);
}

// HDEL key field [field ...]
void HDel(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (!key) return ctx.reply().Integer(0);
  auto place = ctx.Place(key);
  HashEditor hash(place, LimitsOf(ctx));
  int64_t erased_count = 0;
  for (const std::string_view field : args.subspan(2)) {
    if (hash.Erase(field)) ++erased_count;
  }
  if (erased_count != 0) {
    ctx.Changed(key);
    ctx.Notify(kNotifyHash, "hdel", args[1]);
    hashes::EraseIfEmpty(ctx, key);
  }
  ctx.reply().Integer(erased_count);
}

// The field's value as it was found, null if the key or the field is not there.
std::optional<PackedElement> ValueOf(const KeyRef& key, std::string_view field) {
  return key ? HashView(*key.entry()).Find(field) : std::nullopt;
}

// Sets a number that was computed from the field's old value: an expiry stays.
void SetNumber(CommandContext& ctx, KeyRef& key, std::string_view field, std::string_view text,
               std::string_view event) {
  if (!OpenHash(ctx, key)) return;
  auto place = ctx.Place(key);
  HashEditor(place, LimitsOf(ctx)).Set(field, text, FieldTtl::kKeep);
  ctx.Changed(key);
  ctx.Notify(kNotifyHash, event, key.name());
}

// HINCRBY key field increment
void HIncrBy(CommandContext& ctx, Args args) {
  const auto increment = ctx.IntArg(args[3]);
  if (!increment) return;
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  int64_t number = 0;
  if (const auto value = ValueOf(key, args[2])) {
    const auto parsed = value->is_int() ? value->number() : ParseInt64(value->text());
    if (!parsed) return ctx.reply().Error(errors::kHashValueNotInteger);
    number = *parsed;
  }
  if (__builtin_add_overflow(number, *increment, &number)) {
    return ctx.reply().Error(errors::kOverflow);
  }
  NumberText text;
  SetNumber(ctx, key, args[2], FormatInt64(number, text), "hincrby");
  ctx.reply().Integer(number);
}

// HINCRBYFLOAT key field increment
void HIncrByFloat(CommandContext& ctx, Args args) {
  const auto increment = ParseLongDouble(args[3]);
  if (!increment) return ctx.reply().Error(errors::kNotFloat);
  if (std::isinf(*increment)) return ctx.reply().Error(errors::kValueNanOrInfinity);
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  long double number = 0;
  if (const auto value = ValueOf(key, args[2])) {
    const auto parsed = value->is_int() ? static_cast<long double>(value->number())
                                        : ParseLongDouble(value->text());
    if (!parsed) return ctx.reply().Error(errors::kHashValueNotFloat);
    number = *parsed;
  }
  number += *increment;
  if (std::isnan(number) || std::isinf(number)) return ctx.reply().Error(errors::kNanOrInfinity);
  const std::string text = FormatLongDouble(number);
  SetNumber(ctx, key, args[2], text, "hincrbyfloat");
  // Sums of fractions may come out differently elsewhere, and HSET ends an expiry.
  ctx.Effect({"HSET", args[1], args[2], text});
  const auto expiry_ms = HashView(*key.entry()).FindExpiry(args[2]);
  if (expiry_ms && *expiry_ms != kNoExpiry) {
    NumberText digits;
    ctx.Effect({"HPEXPIREAT", args[1], FormatInt64(*expiry_ms, digits), "FIELDS", "1", args[2]});
  }
  ctx.reply().Bulk(text);
}

// ---- Reading

// HGET key field
void HGet(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  ReplyOrNull(ctx, ValueOf(key, args[2]));
}

// HMGET key field [field ...]
void HMGet(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view field : args.subspan(2)) ReplyOrNull(ctx, ValueOf(key, field));
}

// HGETALL key
void HGetAll(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (!key) return ctx.reply().Map(0);
  const HashView hash(*key.entry());
  ctx.reply().Map(hash.size());
  hash.VisitAll([&](const PackedElement& field, const PackedElement& value) {
    Reply(ctx, field);
    Reply(ctx, value);
  });
}

// HKEYS key
void HKeys(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (!key) return ctx.reply().EmptyArray();
  const HashView hash(*key.entry());
  ctx.reply().Array(hash.size());
  hash.VisitAll([&](const PackedElement& field, const PackedElement&) { Reply(ctx, field); });
}

// HVALS key
void HVals(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (!key) return ctx.reply().EmptyArray();
  const HashView hash(*key.entry());
  ctx.reply().Array(hash.size());
  hash.VisitAll([&](const PackedElement&, const PackedElement& value) { Reply(ctx, value); });
}

// HLEN key
void HLen(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  ctx.reply().Integer(key ? static_cast<int64_t>(HashView(*key.entry()).size()) : 0);
}

// HSTRLEN key field
void HStrLen(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  const auto value = ValueOf(key, args[2]);
  ctx.reply().Integer(value ? static_cast<int64_t>(value->size()) : 0);
}

// HEXISTS key field
void HExists(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  ctx.reply().Integer(ValueOf(key, args[2]) ? 1 : 0);
}

// ---- HSCAN

// All of a packed hash at once, as Redis does it.
void ScanPacked(CommandContext& ctx, const HashView& hash, const ScanOptions& options) {
  BeginScanReply(ctx, 0);
  const auto array = ctx.reply().BeginArray();
  size_t count = 0;
  hash.VisitAll([&](const PackedElement& field, const PackedElement& value) {
    char digits[20];
    if (options.pattern && !options.Matches(field.Bytes(digits))) return;
    Reply(ctx, field);
    if (options.has_values) Reply(ctx, value);
    count += options.has_values ? 2 : 1;
  });
  ctx.reply().EndArray(array, count);
}

// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
void HScan(CommandContext& ctx, Args args) {
  const auto cursor = ScanCursorArg(ctx, args[2]);
  if (!cursor) return;
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (!key) return ReplyEmptyScan(ctx);
  const auto options = ScanOptionArgs(ctx, args.subspan(3), ScanWords::kHash);
  if (!options) return;
  const HashView hash(*key.entry());
  if (hash.table() == nullptr) return ScanPacked(ctx, hash, *options);
  std::vector<const HashField*> found;
  const uint64_t next =
      ScanTable(hash.table()->fields(), *cursor, *options, [&](const HashField* field) {
        if (options->Matches(field->key())) found.push_back(field);
      });
  BeginScanReply(ctx, next);
  ctx.reply().Array(found.size() * (options->has_values ? 2 : 1));
  for (const HashField* field : found) {
    ctx.reply().Bulk(field->key());
    if (options->has_values) ctx.reply().Bulk(field->value());
  }
}

// ---- HRANDFIELD

// How many random fields may be asked for with repetition: a reply of several gigabytes. Redis has
// no bound, and builds the reply until it is out of memory.
constexpr uint64_t kRepeatedFieldsMax = uint64_t{1} << 28;

// Answers the fields that it is handed, with their values if that was asked for.
class RandomReply {
 public:
  RandomReply(CommandContext& ctx, bool has_values) : ctx_(ctx), has_values_(has_values) {}

  // RESP3 has a pair for each field.
  void Begin(size_t count) {
    const bool is_flat = ctx_.reply().version() == proto::RespVersion::kResp2;
    is_paired_ = has_values_ && !is_flat;
    ctx_.reply().Array(has_values_ && is_flat ? count * 2 : count);
  }
  void operator()(const PackedElement& field, const PackedElement& value) const {
    if (is_paired_) ctx_.reply().Array(2);
    Reply(ctx_, field);
    if (has_values_) Reply(ctx_, value);
  }

 private:
  CommandContext& ctx_;
  const bool has_values_;
  bool is_paired_ = false;
};

// `count` different fields of a hash that has more. Where they are a large part of it, each field in
// turn is taken with the probability that it must have (Knuth's algorithm S); few of many are drawn
// until they differ.
void DrawDistinct(Random& random, const HashView& hash, size_t count, RandomReply& reply) {
  constexpr size_t kSparseFactor = 3;
  if (hash.table() != nullptr && count * kSparseFactor < hash.size()) {
    std::unordered_set<const HashField*> drawn;
    while (drawn.size() < count) {
      const HashField* field = hash.table()->fields().Random(random);
      if (!drawn.insert(field).second) continue;
      reply(PackedElement(field->key()), PackedElement(field->value()));
    }
    return;
  }
  uint64_t left = hash.size();
  uint64_t wanted = count;
  hash.VisitAll([&](const PackedElement& field, const PackedElement& value) {
    if (random.Below(left--) >= wanted) return;
    --wanted;
    reply(field, value);
  });
}

void HRandFields(CommandContext& ctx, std::string_view name, int64_t count, bool has_values) {
  const KeyRef key = ctx.Read(name);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (!key || count == 0) return ctx.reply().EmptyArray();
  const HashView hash(*key.entry());
  RandomReply reply(ctx, has_values);
  if (count < 0) {
    const uint64_t repeated = 0 - static_cast<uint64_t>(count);
    if (repeated > kRepeatedFieldsMax) return ctx.reply().Error(errors::kValueOutOfRange);
    const HashSampler sampler(hash);
    reply.Begin(repeated);
    for (uint64_t i = 0; i < repeated; ++i) sampler.Draw(ctx.random(), reply);
  } else if (static_cast<uint64_t>(count) >= hash.size()) {
    reply.Begin(hash.size());
    hash.VisitAll(reply);
  } else {
    reply.Begin(static_cast<size_t>(count));
    DrawDistinct(ctx.random(), hash, static_cast<size_t>(count), reply);
  }
}

// HRANDFIELD key [count [WITHVALUES]]
void HRandField(CommandContext& ctx, Args args) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (args.size() > 2) {
    const auto count = ctx.IntArgIn(args[2], -kMax, kMax, errors::kNotInt64);
    if (!count) return;
    const bool has_values = args.size() > 3;
    if (args.size() > 4 || (has_values && !EqualsIgnoreCase(args[3], "WITHVALUES"))) {
      return ctx.SyntaxError();
    }
    if (has_values && (*count < -(kMax / 2) || *count > kMax / 2)) {
      return ctx.reply().Error(errors::kValueOutOfRange);
    }
    return HRandFields(ctx, args[1], *count, has_values);
  }
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kHash)) return;
  if (!key) return ctx.reply().Null();
  const HashView hash(*key.entry());
  const HashSampler sampler(hash);
  sampler.Draw(ctx.random(), [&](const PackedElement& field, const PackedElement&) {
    Reply(ctx, field);
  });
}

// ---- The table

constexpr std::array<std::string_view, 1> kUnordered = {"nondeterministic_output_order"};
constexpr std::array<std::string_view, 1> kNondeterministic = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "HSET", .arity = -4, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HSet,
     .group = "hash", .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields to set.",
     .summary = "Sets fields of a hash, creating it if need be."},
    {.name = "HMSET", .arity = -4, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatHash, .handler = HMSet,
     .group = "hash", .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields to set.",
     .summary = "Sets fields of a hash, creating it if need be.", .deprecated_since = "4.0.0",
     .replaced_by = "`HSET` with multiple field-value pairs"},
    {.name = "HSETNX", .arity = 4, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyInsert)}, .categories = kCatHash, .handler = HSetNx,
     .group = "hash", .since = "2.0.0", .complexity = "O(1)",
     .summary = "Sets a field of a hash if it is not there."},
    {.name = "HDEL", .arity = -3, .flags = kWrite | kFast, .keys = {OneKey(kKeyRw | kKeyDelete)},
     .categories = kCatHash, .handler = HDel, .group = "hash", .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields to delete.",
     .summary = "Deletes fields of a hash, and the hash with its last field."},
    {.name = "HINCRBY", .arity = 4, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyUpdate)}, .categories = kCatHash,
     .handler = HIncrBy, .group = "hash", .since = "2.0.0", .complexity = "O(1)",
     .summary = "Adds an integer to a field's value, 0 if it is not there."},
    {.name = "HINCRBYFLOAT", .arity = 4, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyUpdate)}, .categories = kCatHash,
     .handler = HIncrByFloat, .group = "hash", .since = "2.6.0", .complexity = "O(1)",
     .summary = "Adds a floating-point number to a field's value, 0 if it is not there."},
    {.name = "HGET", .arity = 3, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HGet, .group = "hash", .since = "2.0.0",
     .complexity = "O(1)", .summary = "Returns the value of a field of a hash."},
    {.name = "HMGET", .arity = -3, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HMGet, .group = "hash", .since = "2.0.0",
     .complexity = "O(N) where N is the number of fields asked for.",
     .summary = "Returns the values of several fields of a hash."},
    {.name = "HGETALL", .arity = 2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HGetAll, .group = "hash", .since = "2.0.0",
     .complexity = "O(N) where N is the size of the hash.",
     .summary = "Returns all fields of a hash with their values.", .tips = kUnordered},
    {.name = "HKEYS", .arity = 2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HKeys, .group = "hash", .since = "2.0.0",
     .complexity = "O(N) where N is the size of the hash.",
     .summary = "Returns the names of all fields of a hash.", .tips = kUnordered},
    {.name = "HVALS", .arity = 2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HVals, .group = "hash", .since = "2.0.0",
     .complexity = "O(N) where N is the size of the hash.",
     .summary = "Returns the values of all fields of a hash.", .tips = kUnordered},
    {.name = "HLEN", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatHash, .handler = HLen, .group = "hash", .since = "2.0.0",
     .complexity = "O(1)", .summary = "Counts the fields of a hash."},
    {.name = "HSTRLEN", .arity = 3, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatHash, .handler = HStrLen, .group = "hash", .since = "3.2.0",
     .complexity = "O(1)", .summary = "Returns the length of a field's value."},
    {.name = "HEXISTS", .arity = 3, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatHash, .handler = HExists, .group = "hash", .since = "2.0.0",
     .complexity = "O(1)", .summary = "Tells whether a hash has a field."},
    {.name = "HSCAN", .arity = -3, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HScan, .group = "hash", .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for a whole iteration over N fields.",
     .summary = "Lists fields of a hash a few at a time.", .tips = kNondeterministic},
    {.name = "HRANDFIELD", .arity = -2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatHash, .handler = HRandField, .group = "hash", .since = "6.2.0",
     .complexity = "O(N) where N is the number of fields returned.",
     .summary = "Returns fields of a hash that are drawn at random.", .tips = kNondeterministic},
};

}  // namespace

std::span<const CommandSpec> HashCommands() { return kCommands; }

}  // namespace ringtail::commands
