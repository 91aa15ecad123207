// Keys by their names, whatever they hold: DEL, EXISTS, RENAME, COPY, MOVE and their kin.
#include <array>
#include <limits>

#include "commands/context.h"

namespace ringtail::commands {
namespace {

// ---- Asking, deleting

void Delete(CommandContext& ctx, Args args) {
  int64_t deleted_count = 0;
  for (const std::string_view name : args.subspan(1)) {
    KeyRef key = ctx.Write(name);
    if (!key) continue;
    ctx.Delete(key);  // large values are freed on the disposer's thread, for DEL as for UNLINK
    ++deleted_count;
  }
  ctx.reply().Integer(deleted_count);
}

void Exists(CommandContext& ctx, Args args) {
  int64_t count = 0;
  for (const std::string_view name : args.subspan(1)) count += ctx.Peek(name) ? 1 : 0;
  ctx.reply().Integer(count);
}

void Touch(CommandContext& ctx, Args args) {
  int64_t count = 0;
  for (const std::string_view name : args.subspan(1)) count += ctx.Read(name) ? 1 : 0;
  ctx.reply().Integer(count);
}

void Type(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Peek(args[1]);
  ctx.reply().SimpleString(key ? storage::TypeName(key.entry()->type()) : "none");
}

// ---- Moving, copying

// A database's number, as Redis reads it: first an int, then one of ours. Answers what is wrong.
std::optional<int> DbArg(CommandContext& ctx, std::string_view arg) {
  const auto number = ctx.IntArgIn(arg, std::numeric_limits<int>::min(),
                                   std::numeric_limits<int>::max(), errors::kNotInt32);
  if (!number) return std::nullopt;
  if (*number < 0 || *number >= ctx.engine().database_count()) {
    ctx.reply().Error(errors::kDbIndexOutOfRange);
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

// A key that replaces another one is as new as if the other had been deleted before.
void PutAsNew(CommandContext& ctx, KeyRef& target, Entry* entry) {
  const bool was_there = static_cast<bool>(target);
  ctx.Put(target, entry);
  if (was_there) ctx.Notify(kNotifyNew, "new", target.name(), target.db());
}

// Puts an entry under another name or in another database; how often it was used goes with it.
void PutMoved(CommandContext& ctx, KeyRef& target, Entry* entry) {
  const uint32_t access = entry->access();
  PutAsNew(ctx, target, entry);
  target.entry()->SetAccess(access);
}

enum class Overwrite : uint8_t { kYes, kNo };

// Returns whether the key has its new name; else it has answered.
bool RenameKey(CommandContext& ctx, Args args, Overwrite overwrite) {
  KeyRef source = ctx.Write(args[1]);
  if (!source) {
    ctx.reply().Error(errors::kNoSuchKey);
    return false;
  }
  if (args[1] == args[2]) return overwrite == Overwrite::kYes;
  if (overwrite == Overwrite::kNo) {
    if (ctx.Write(args[2])) return false;
    // That look-up may have erased an expired entry beside the source's: find it again.
    source = ctx.Write(args[1]);
  }
  Entry* entry = Entry::Rekey(ctx.Detach(source), args[2]);
  KeyRef target = ctx.Write(args[2]);
  PutMoved(ctx, target, entry);
  ctx.Notify(kNotifyGeneric, "rename_from", args[1]);
  ctx.Notify(kNotifyGeneric, "rename_to", args[2]);
  return true;
}

void Rename(CommandContext& ctx, Args args) {
  if (RenameKey(ctx, args, Overwrite::kYes)) ctx.reply().Ok();
}

void RenameNx(CommandContext& ctx, Args args) {
  const bool is_renamed = RenameKey(ctx, args, Overwrite::kNo);
  if (!ctx.replied()) ctx.reply().Integer(is_renamed ? 1 : 0);
}

void Move(CommandContext& ctx, Args args) {
  const auto db = DbArg(ctx, args[2]);
  if (!db) return;
  if (*db == ctx.client().db) return ctx.reply().Error(errors::kSameObject);
  KeyRef source = ctx.Write(args[1]);
  if (!source) return ctx.reply().Integer(0);
  KeyRef target = ctx.Write(args[1], *db);
  if (target) return ctx.reply().Integer(0);
  PutMoved(ctx, target, ctx.Detach(source));
  ctx.Notify(kNotifyGeneric, "move_from", args[1]);
  ctx.Notify(kNotifyGeneric, "move_to", args[1], *db);
  ctx.reply().Integer(1);
}

struct CopyOptions {
  int db = 0;
  bool is_replacing = false;
};

std::optional<CopyOptions> ParseCopyOptions(CommandContext& ctx, Args args) {
  CopyOptions options{.db = ctx.client().db};
  for (size_t i = 3; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "REPLACE")) {
      options.is_replacing = true;
    } else if (EqualsIgnoreCase(args[i], "DB") && i + 1 < args.size()) {
      const auto db = DbArg(ctx, args[++i]);
      if (!db) return std::nullopt;
      options.db = *db;
    } else {
      ctx.SyntaxError();
      return std::nullopt;
    }
  }
  return options;
}

void Copy(CommandContext& ctx, Args args) {
  const auto options = ParseCopyOptions(ctx, args);
  if (!options) return;
  if (options->db == ctx.client().db && args[1] == args[2]) {
    return ctx.reply().Error(errors::kSameObject);
  }
  if (!ctx.Read(args[1])) return ctx.reply().Integer(0);
  KeyRef target = ctx.Write(args[2], options->db);
  if (target && !options->is_replacing) return ctx.reply().Integer(0);
  // Looked up once more: the target's look-up may have erased an expired entry beside it.
  const KeyRef source = ctx.Write(args[1]);
  PutAsNew(ctx, target, Entry::Copy(*source.entry(), args[2]));
  ctx.Notify(kNotifyGeneric, "copy_to", args[2], options->db);
  ctx.reply().Integer(1);
}

// ---- The table

constexpr std::array<std::string_view, 2> kSumOverShards = {"request_policy:multi_shard",
                                                            "response_policy:agg_sum"};

constexpr CommandSpec kCommands[] = {
    {.name = "DEL", .arity = -2, .flags = kWrite,
     .keys = {KeyRange(kKeyRm | kKeyDelete, 1, -1)},
     .categories = kCatKeyspace, .handler = Delete, .group = "generic", .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys. A large value is freed in the background.",
     .summary = "Deletes keys.", .tips = kSumOverShards},
    {.name = "UNLINK", .arity = -2, .flags = kWrite | kFast,
     .keys = {KeyRange(kKeyRm | kKeyDelete, 1, -1)},
     .categories = kCatKeyspace, .handler = Delete, .group = "generic", .since = "4.0.0",
     .complexity = "O(N) where N is the number of keys. A large value is freed in the background.",
     .summary = "Deletes keys without waiting for their memory.", .tips = kSumOverShards},
    {.name = "EXISTS", .arity = -2, .flags = kRead | kFast, .keys = {KeyRange(kKeyRo, 1, -1)},
     .categories = kCatKeyspace, .handler = Exists, .group = "generic", .since = "1.0.0",
     .complexity = "O(N) where N is the number of keys.",
     .summary = "Counts which of the keys exist.", .tips = kSumOverShards},
    {.name = "TYPE", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatKeyspace, .handler = Type, .group = "generic", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Names the type of a key's value."},
    {.name = "TOUCH", .arity = -2, .flags = kRead | kFast, .keys = {KeyRange(kKeyRo, 1, -1)},
     .categories = kCatKeyspace, .handler = Touch, .group = "generic", .since = "3.2.1",
     .complexity = "O(N) where N is the number of keys.",
     .summary = "Marks keys as used just now and counts those that exist.",
     .tips = kSumOverShards},
    {.name = "RENAME", .arity = 3, .flags = kWrite,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete), OneKey(kKeyOw | kKeyUpdate, 2)},
     .categories = kCatKeyspace, .handler = Rename, .group = "generic", .since = "1.0.0",
     .complexity = "O(1); the old value of the new name is freed in the background if large.",
     .summary = "Gives a key another name, in place of whatever had it."},
    {.name = "RENAMENX", .arity = 3, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete), OneKey(kKeyOw | kKeyInsert, 2)},
     .categories = kCatKeyspace, .handler = RenameNx, .group = "generic", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Gives a key another name if no key has it."},
    {.name = "COPY", .arity = -3, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyRo | kKeyAccess), OneKey(kKeyOw | kKeyUpdate, 2)},
     .categories = kCatKeyspace, .handler = Copy, .group = "generic", .since = "6.2.0",
     .complexity = "O(1) for strings, O(N) for collections of N elements.",
     .summary = "Copies a key's value and expiry to another key."},
    {.name = "MOVE", .arity = 3, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyUpdate)},
     .categories = kCatKeyspace, .handler = Move, .group = "generic", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Moves a key to another database."},
};

}  // namespace

std::span<const CommandSpec> GenericCommands() { return kCommands; }

}  // namespace ringtail::commands
