// Lists: commands that wait for an element. What they do once there is one is in list_moves.cc.
#include <string>
#include <vector>

#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/list_moves.h"
#include "commands/packed_reply.h"

namespace ringtail::commands {
namespace {

using storage::ListEnd;
using storage::ListView;

template <ListEnd kEnd>
void BlockingPop(CommandContext& ctx, Args args) {
  const auto timeout_ms = TimeoutArg(ctx, args.back());
  if (!timeout_ms) return;
  const Args keys = args.subspan(1, args.size() - 2);
  for (const std::string_view name : keys) {
    KeyRef key = ctx.Write(name);
    if (!key) continue;
    if (!ctx.IsType(key, ValueType::kList)) return;
    ctx.reply().Array(2);
    ctx.reply().Bulk(name);
    ReplyElement(ctx.reply(), ListView(*key.entry()).AtEnd(kEnd));
    lists::TakeOff(ctx, key, kEnd, 1);
    return ctx.Effect({kEnd == ListEnd::kHead ? "LPOP" : "RPOP", name});
  }
  ctx.WaitFor({.keys = keys, .type = ValueType::kList, .timeout_ms = *timeout_ms});
}

void BLMPop(CommandContext& ctx, Args args) {
  const auto pop = lists::ParsePopMany(ctx, args, 2);
  if (!pop) return;
  const auto timeout_ms = TimeoutArg(ctx, args[1]);
  if (!timeout_ms || lists::PopMany(ctx, *pop)) return;
  ctx.WaitFor({.keys = pop->keys, .type = ValueType::kList, .timeout_ms = *timeout_ms});
}

// In a transaction Redis answers these as LMOVE does, outside of one as BLPOP when the time is up.
void WaitForSource(CommandContext& ctx, Args args, int64_t timeout_ms) {
  if (ctx.is_in_transaction()) return ctx.reply().Null();
  ctx.WaitFor({.keys = args.subspan(1, 1), .type = ValueType::kList, .timeout_ms = timeout_ms});
}

void BLMove(CommandContext& ctx, Args args) {
  const auto route = lists::ParseRoute(ctx, args);
  if (!route) return;
  const auto timeout_ms = TimeoutArg(ctx, args[5]);
  if (!timeout_ms) return;
  if (!lists::MoveOne(ctx, *route)) return WaitForSource(ctx, args, *timeout_ms);
  ctx.Effect({"LMOVE", args[1], args[2], lists::NameOf(route->from), lists::NameOf(route->to)});
}

void BRPopLPush(CommandContext& ctx, Args args) {
  const auto timeout_ms = TimeoutArg(ctx, args[3]);
  if (!timeout_ms) return;
  const lists::Route route = {.source = args[1], .destination = args[2],
                              .from = ListEnd::kTail, .to = ListEnd::kHead};
  if (!lists::MoveOne(ctx, route)) return WaitForSource(ctx, args, *timeout_ms);
  ctx.Effect({"RPOPLPUSH", args[1], args[2]});
}

void BLMoveM(CommandContext& ctx, Args args) {
  const auto move = lists::ParseMoveMany(ctx, args, 6);
  if (!move) return;
  const auto timeout_ms = TimeoutArg(ctx, args[5]);
  if (!timeout_ms) return;
  if (!lists::MoveMany(ctx, *move)) {
    return ctx.WaitFor(
        {.keys = args.subspan(1, 1), .type = ValueType::kList, .timeout_ms = *timeout_ms});
  }
  std::vector<std::string_view> effect = {"LMOVEM", args[1], args[2], args[3], args[4]};
  effect.insert(effect.end(), args.begin() + 6, args.end());
  ctx.Effect(effect);
}

// ---- The table

constexpr uint32_t kWaits = kWrite | kNoScript | kBlocking;
constexpr unsigned kInsert = kKeyRw | kKeyInsert;
constexpr unsigned kTake = kKeyRw | kKeyAccess | kKeyDelete;

constexpr CommandSpec kCommands[] = {
    {.name = "BLPOP", .arity = -3, .flags = kWaits, .keys = {KeyRange(kTake, 1, -2)},
     .categories = kCatList, .handler = BlockingPop<ListEnd::kHead>, .group = "list",
     .since = "2.0.0", .complexity = "O(N) with N the number of keys",
     .summary = "Takes the head off the first list that has any, and waits if none has."},
    {.name = "BRPOP", .arity = -3, .flags = kWaits, .keys = {KeyRange(kTake, 1, -2)},
     .categories = kCatList, .handler = BlockingPop<ListEnd::kTail>, .group = "list",
     .since = "2.0.0", .complexity = "O(N) with N the number of keys",
     .summary = "Takes the tail off the first list that has any, and waits if none has."},
    {.name = "BLMOVE", .arity = 6, .flags = kWaits | kDenyOom,
     .keys = {OneKey(kTake), OneKey(kInsert, 2)}, .categories = kCatList, .handler = BLMove,
     .group = "list", .since = "6.2.0", .complexity = "O(1)",
     .summary = "Moves an element from list to list, and waits for one if there is none."},
    {.name = "BRPOPLPUSH", .arity = 4, .flags = kWaits | kDenyOom,
     .keys = {OneKey(kTake), OneKey(kInsert, 2)}, .categories = kCatList, .handler = BRPopLPush,
     .group = "list", .since = "2.2.0", .complexity = "O(1)",
     .summary = "Moves the last element of a list to the head of another, and waits for one.",
     .deprecated_since = "6.2.0", .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments"},
    {.name = "BLMPOP", .arity = -5, .flags = kWrite | kBlocking, .keys = {CountedKeys(kTake, 2)},
     .categories = kCatList, .handler = BLMPop, .group = "list", .since = "7.0.0",
     .complexity = "O(N+M) with N the keys and M the elements returned",
     .summary = "Takes elements off the first list that has any, and waits if none has."},
    {.name = "BLMOVEM", .arity = -6, .flags = kWrite | kDenyOom | kBlocking,
     .keys = {OneKey(kTake), OneKey(kInsert, 2)}, .categories = kCatList, .handler = BLMoveM,
     .group = "list", .since = "8.10.0", .complexity = "O(N) with N the elements moved",
     .summary = "Moves elements from list to list, and waits until there are enough."},
};

}  // namespace

std::span<const CommandSpec> BlockingListCommands() { return kCommands; }

}  // namespace ringtail::commands
