// Waiting for replicas and for the disk: WAIT, WAITAOF. There are neither yet, so whoever asks for one waits in vain.
#include <array>

#include "commands/context.h"

namespace ringtail::commands {
namespace {

// WAIT numreplicas timeout
void Wait(CommandContext& ctx, Args args) {
  const auto replica_count = ctx.IntArg(args[1]);
  if (!replica_count) return;
  const auto timeout_ms = TimeoutMsArg(ctx, args[2]);
  if (!timeout_ms) return;
  if (*replica_count <= 0) return ctx.reply().Integer(0);
  ctx.WaitFor({.keys = {}, .timeout_ms = *timeout_ms, .nothing = WaitSpec::Nothing::kZero});
}

// WAITAOF numlocal numreplicas timeout
void WaitAof(CommandContext& ctx, Args args) {
  const auto local_count = ctx.IntArgIn(args[1], 0, 1, errors::kWaitAofLocalRange);
  if (!local_count) return;
  const auto replica_count = ctx.IntArgIn(args[2], 0, INT64_MAX, errors::kNotPositive);
  if (!replica_count) return;
  const auto timeout_ms = TimeoutMsArg(ctx, args[3]);
  if (!timeout_ms) return;
  if (*local_count != 0) return ctx.reply().Error(errors::kWaitAofDisabled);
  if (*replica_count == 0) {
    ctx.reply().Array(2);
    ctx.reply().Integer(0);
    ctx.reply().Integer(0);
    return;
  }
  ctx.WaitFor({.keys = {}, .timeout_ms = *timeout_ms, .nothing = WaitSpec::Nothing::kTwoZeros});
}

constexpr std::array<std::string_view, 2> kTips = {"request_policy:all_shards",
                                                   "response_policy:agg_min"};

constexpr CommandSpec kCommands[] = {
    {.name = "WAIT", .arity = 3, .flags = kNoScript, .categories = kCatConnection, .handler = Wait,
     .group = "generic", .since = "3.0.0", .complexity = "O(1)",
     .summary = "Waits until the connection's writes have reached so many replicas.",
     .tips = kTips},
    {.name = "WAITAOF", .arity = 4, .flags = kNoScript, .categories = kCatConnection,
     .handler = WaitAof, .group = "generic", .since = "7.2.0", .complexity = "O(1)",
     .summary = "Waits until the connection's writes are on disk, here and on replicas.",
     .tips = kTips},
};

}  // namespace

std::span<const CommandSpec> ReplicaWaitCommands() { return kCommands; }

}  // namespace ringtail::commands
