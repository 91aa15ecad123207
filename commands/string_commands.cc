#include "commands/context.h"

namespace ringtail::commands {
namespace {

void Get(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Null();
  ctx.ReplyString(*key.entry());
}

void Set(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (SharedBytes block = ctx.BlockOf(args[2])) {
    ctx.SetString(key, std::move(block), kNoExpiry);
  } else {
    ctx.SetString(key, args[2], kNoExpiry);
  }
  ctx.reply().Ok();
}

constexpr CommandSpec kCommands[] = {
    {.name = "GET", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatString, .handler = Get, .group = "string", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Returns the string value of a key."},
    {.name = "SET", .arity = -3, .flags = kWrite | kDenyOom, .keys = {OneKey(kKeyOw | kKeyUpdate)},
     .categories = kCatString, .handler = Set, .group = "string", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Sets the string value of a key."},
};

}  // namespace

std::span<const CommandSpec> StringCommands() { return kCommands; }

}  // namespace ringtail::commands
