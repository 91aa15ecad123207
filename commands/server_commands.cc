#include "commands/client_service.h"
#include "commands/context.h"
#include "commands/control_service.h"
#include "commands/script_hub.h"

namespace ringtail::commands {
namespace {

void Time(CommandContext& ctx, Args) {
  const int64_t now_us = ctx.engine().clock().WallNs() / 1000;
  char digits[20];
  ctx.reply().Array(2);
  ctx.reply().Bulk({digits, storage::FormatInt(now_us / 1'000'000, digits)});
  ctx.reply().Bulk({digits, storage::FormatInt(now_us % 1'000'000, digits)});
}

void Monitor(CommandContext& ctx, Args) {
  if (ctx.is_in_transaction()) return ctx.reply().Error(errors::kMonitorInMulti);
  ctx.services().clients->Monitor(ctx.client().id);
  ctx.reply().Ok();
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. There is nothing to save or wait for yet, so the options
// only have to make sense.
void Shutdown(CommandContext& ctx, Args args) {
  bool is_save = false;
  bool is_nosave = false;
  bool is_abort = false;
  for (const std::string_view arg : args.subspan(1)) {
    if (EqualsIgnoreCase(arg, "SAVE")) {
      is_save = true;
    } else if (EqualsIgnoreCase(arg, "NOSAVE")) {
      is_nosave = true;
    } else if (EqualsIgnoreCase(arg, "ABORT")) {
      is_abort = true;
    } else if (!EqualsIgnoreCase(arg, "NOW") && !EqualsIgnoreCase(arg, "FORCE")) {
      return ctx.SyntaxError();
    }
  }
  if ((is_save && is_nosave) || (is_abort && args.size() > 2)) return ctx.SyntaxError();
  if (is_abort) return ctx.reply().Error("ERR No shutdown in progress.");
  if (const ScriptHub* hub = ctx.services().scripts;
      !is_nosave && hub != nullptr && hub->busy() != ScriptHub::Busy::kNo) {
    return ctx.reply().Error(hub->busy() == ScriptHub::Busy::kFunction ? errors::kBusyFunction
                                                                       : errors::kBusyScript);
  }
  ctx.services().control->Shutdown();
  ctx.client().is_closing = true;
}

constexpr std::string_view kVaries[] = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "TIME", .arity = 1, .flags = kLoading | kStale | kFast, .handler = Time,
     .group = "server", .since = "2.6.0", .complexity = "O(1)",
     .summary = "Answers the server's time.", .tips = kVaries},
    {.name = "MONITOR", .arity = 1, .flags = kAdmin | kNoScript | kLoading | kStale | kExclusive,
     .handler = Monitor, .group = "server", .since = "1.0.0",
     .summary = "Shows every command that the server executes."},
    {.name = "SHUTDOWN", .arity = -1,
     .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy, .handler = Shutdown,
     .group = "server", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Ends the server."},
};

}  // namespace

std::span<const CommandSpec> ServerCommands() { return kCommands; }

}  // namespace ringtail::commands
