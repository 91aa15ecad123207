// Pops of sorted sets that wait for a member.
#include "commands/context.h"
#include "commands/zset_handlers.h"

namespace ringtail::commands {
namespace {

// key [key ...] timeout
void PopOrWait(CommandContext& ctx, Args args, zsets::End end) {
  const auto timeout_ms = TimeoutArg(ctx, args.back());
  if (!timeout_ms) return;
  const Args keys = args.subspan(1, args.size() - 2);
  auto key = zsets::FirstThere(ctx, keys);
  if (!key) return;
  if (!*key) {
    return ctx.WaitFor(
        {.keys = keys, .type = ValueType::kSortedSet, .timeout_ms = *timeout_ms});
  }
  ctx.reply().Array(3);
  ctx.reply().Bulk(key->name());
  zsets::Pop(ctx, *key, end, 1, [&](std::string_view member, double score) {
    ctx.reply().Bulk(member);
    ctx.reply().Double(score);
  });
}

// BZPOPMIN key [key ...] timeout
void BZPopMin(CommandContext& ctx, Args args) { PopOrWait(ctx, args, zsets::End::kMin); }

// BZPOPMAX key [key ...] timeout
void BZPopMax(CommandContext& ctx, Args args) { PopOrWait(ctx, args, zsets::End::kMax); }

// BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count]
void BZMPop(CommandContext& ctx, Args args) {
  const auto options = zsets::PopOptionArgs(ctx, args.subspan(2));
  if (!options) return;
  const auto timeout_ms = TimeoutArg(ctx, args[1]);
  if (!timeout_ms) return;
  auto key = zsets::FirstThere(ctx, options->keys);
  if (!key) return;
  if (!*key) {
    return ctx.WaitFor({.keys = options->keys,
                        .type = ValueType::kSortedSet,
                        .timeout_ms = *timeout_ms});
  }
  zsets::PopNested(ctx, *key, options->end, options->count);
}

constexpr CommandSpec kCommands[] = {
    {.name = "BZPOPMIN", .arity = -3, .flags = kWrite | kNoScript | kBlocking | kFast,
     .keys = {KeyRange(kKeyRw | kKeyAccess | kKeyDelete, 1, -2)}, .categories = kCatSortedSet,
     .handler = BZPopMin, .group = "sorted_set", .since = "5.0.0",
     .complexity = "O(log N) where N is the number of members in the sorted set.",
     .summary = "Removes and returns the member with the lowest score, waiting for one if "
         "need be."},
    {.name = "BZPOPMAX", .arity = -3, .flags = kWrite | kNoScript | kBlocking | kFast,
     .keys = {KeyRange(kKeyRw | kKeyAccess | kKeyDelete, 1, -2)}, .categories = kCatSortedSet,
     .handler = BZPopMax, .group = "sorted_set", .since = "5.0.0",
     .complexity = "O(log N) where N is the number of members in the sorted set.",
     .summary = "Removes and returns the member with the highest score, waiting for one if "
         "need be."},
    {.name = "BZMPOP", .arity = -5, .flags = kWrite | kBlocking | kMovableKeys,
     .keys = {CountedKeys(kKeyRw | kKeyAccess | kKeyDelete, 2)}, .categories = kCatSortedSet,
     .handler = BZMPop, .group = "sorted_set", .since = "7.0.0",
     .complexity = "O(K) + O(M log N) where K is the number of keys, M that of members to "
         "pop, N that of the sorted set.",
     .summary = "Pops members of the first sorted set that is not empty; waits for one."},
};

}  // namespace

std::span<const CommandSpec> BlockingSortedSetCommands() { return kCommands; }

}  // namespace ringtail::commands
