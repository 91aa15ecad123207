// Scripts: EVAL, EVALSHA, their _RO forms, SCRIPT. What a run is stands in script_runner.h.
#include <string>

#include "commands/context.h"
#include "commands/script_hub.h"
#include "commands/script_runner.h"

namespace ringtail::commands {
namespace {

using Access = ScriptRunner::Access;
using By = ScriptRunner::By;

constexpr std::string_view kHelp[] = {
    "SCRIPT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "DEBUG (YES|SYNC|NO)",
    "    Set the debug mode for subsequent scripts executed.",
    "EXISTS <sha1> [<sha1> ...]",
    "    Return information about the existence of the scripts in the script cache.",
    "FLUSH [ASYNC|SYNC]",
    "    Flush the Lua scripts cache. Very dangerous on replicas.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the scripts cache.",
    "    * SYNC: Synchronously flush the scripts cache.",
    "KILL",
    "    Kill the currently executing Lua script.",
    "LOAD <script>",
    "    Load a script into the scripts cache without executing it.",
    "HELP",
    "    Prints this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

/// The worker's runner; or has answered that there is none.
ScriptRunner* RunnerOf(CommandContext& ctx) {
  ScriptRunner* runner = ctx.execution().scripts;
  if (ctx.services().scripts == nullptr || runner == nullptr) {
    ctx.reply().Error(errors::kNoScripts);
    return nullptr;
  }
  return runner;
}

ScriptHub* HubOf(CommandContext& ctx) {
  ScriptHub* hub = ctx.services().scripts;
  if (hub == nullptr) ctx.reply().Error(errors::kNoScripts);
  return hub;
}

template <By by, Access access>
void Eval(CommandContext& ctx, Args args) {
  if (ScriptRunner* runner = RunnerOf(ctx)) runner->RunScript(ctx, args, by, access);
}

template <Access access>
void Fcall(CommandContext& ctx, Args args) {
  if (ScriptRunner* runner = RunnerOf(ctx)) runner->RunFunction(ctx, args, access);
}

void Load(CommandContext& ctx, Args args) {
  if (ScriptRunner* runner = RunnerOf(ctx)) runner->LoadScript(ctx, args[2]);
}

void Exists(CommandContext& ctx, Args args) {
  ScriptHub* hub = HubOf(ctx);
  if (hub == nullptr) return;
  ctx.reply().Array(args.size() - 2);
  for (std::string_view sha : args.subspan(2)) {
    std::string lower(sha);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    }
    ctx.reply().Integer(hub->HasScript(lower) ? 1 : 0);
  }
}

// Each worker lets go of what it has compiled before its next run, so both ways are the same.
void Flush(CommandContext& ctx, Args args) {
  ScriptHub* hub = HubOf(ctx);
  if (hub == nullptr) return;
  const bool is_well_formed =
      args.size() == 2 || (args.size() == 3 && (EqualsIgnoreCase(args[2], "SYNC") ||
                                                EqualsIgnoreCase(args[2], "ASYNC")));
  if (!is_well_formed) return ctx.reply().Error(errors::kScriptFlushOption);
  hub->FlushScripts();
  ctx.reply().Ok();
}

void Kill(CommandContext& ctx, Args) {
  if (ScriptHub* hub = HubOf(ctx)) ReplyKilled(ctx, hub->Kill(/*is_function=*/false));
}

// There is no debugger, so there is nothing to turn on.
void Debug(CommandContext& ctx, Args args) {
  if (EqualsIgnoreCase(args[2], "NO")) return ctx.reply().Ok();
  if (EqualsIgnoreCase(args[2], "YES") || EqualsIgnoreCase(args[2], "SYNC")) {
    return ctx.reply().Error(errors::kNoScriptDebugger);
  }
  ctx.reply().Error(errors::kScriptDebugOption);
}

constexpr std::string_view kExistsTips[] = {"request_policy:all_shards",
                                            "response_policy:agg_logical_and"};
constexpr std::string_view kLoadTips[] = {"request_policy:all_nodes",
                                          "response_policy:all_succeeded"};
constexpr std::string_view kKillTips[] = {"request_policy:all_shards",
                                          "response_policy:one_succeeded"};

constexpr CommandSpec kScriptSubcommands[] = {
    {.name = "DEBUG", .arity = 3, .flags = kNoScript, .categories = kCatScripting,
     .handler = Debug, .since = "3.2.0", .complexity = "O(1)",
     .summary = "Sets the debug mode of scripts; there is no debugger."},
    {.name = "EXISTS", .arity = -3, .flags = kNoScript, .categories = kCatScripting,
     .handler = Exists, .since = "2.6.0",
     .complexity = "O(N) with N being the number of scripts to check.",
     .summary = "Tells which scripts are cached.", .tips = kExistsTips},
    {.name = "FLUSH", .arity = -2, .flags = kNoScript, .categories = kCatScripting,
     .handler = Flush, .since = "2.6.0",
     .complexity = "O(N) with N being the number of scripts in cache.",
     .summary = "Forgets all cached scripts.", .tips = kLoadTips},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .categories = kCatScripting,
     .handler = Help, .since = "5.0.0", .complexity = "O(1)",
     .summary = "Lists the subcommands."},
    {.name = "KILL", .arity = 2, .flags = kNoScript | kAllowBusy, .categories = kCatScripting,
     .handler = Kill, .since = "2.6.0", .complexity = "O(1)",
     .summary = "Ends the script that runs for too long.", .tips = kKillTips},
    {.name = "LOAD", .arity = 3, .flags = kNoScript | kStale | kScript,
     .categories = kCatScripting, .handler = Load, .since = "2.6.0",
     .complexity = "O(N) with N being the length in bytes of the script body.",
     .summary = "Caches a script and answers its SHA-1.", .tips = kLoadTips},
};

constexpr uint32_t kEvalFlags = kNoScript | kStale | kSkipMonitor | kNoMandatoryKeys |
                                kMovableKeys | kScript;
constexpr std::string_view kComplexity = "Depends on the script that is executed.";
constexpr std::string_view kFunctionComplexity = "Depends on the function that is executed.";

// We cannot tell how keys will be used, so the worst is assumed; the notes are part of what COMMAND answers.
constexpr KeySpec Keys(unsigned flags, std::string_view notes) {
  KeySpec spec = CountedKeys(flags, 2);
  spec.notes = notes;
  return spec;
}
constexpr KeySpec kReadWrite = Keys(
    kKeyRw | kKeyAccess | kKeyUpdate,
    "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE");
constexpr KeySpec kReadOnly =
    Keys(kKeyRo | kKeyAccess,
         "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS");

constexpr CommandSpec kCommands[] = {
    {.name = "EVAL", .arity = -3, .flags = kEvalFlags, .keys = {kReadWrite},
     .categories = kCatScripting, .handler = Eval<By::kSource, Access::kFull>,
     .group = "scripting", .since = "2.6.0", .complexity = kComplexity,
     .summary = "Executes a Lua script."},
    {.name = "EVALSHA", .arity = -3, .flags = kEvalFlags,
     .keys = {Keys(kKeyRw | kKeyAccess | kKeyUpdate, {})}, .categories = kCatScripting,
     .handler = Eval<By::kSha, Access::kFull>, .group = "scripting", .since = "2.6.0",
     .complexity = kComplexity, .summary = "Executes a cached Lua script."},
    {.name = "EVAL_RO", .arity = -3, .flags = kEvalFlags | kRead, .keys = {kReadOnly},
     .categories = kCatScripting, .handler = Eval<By::kSource, Access::kReadOnly>,
     .group = "scripting", .since = "7.0.0", .complexity = kComplexity,
     .summary = "Executes a Lua script that may not write."},
    {.name = "EVALSHA_RO", .arity = -3, .flags = kEvalFlags | kRead,
     .keys = {Keys(kKeyRo | kKeyAccess, {})}, .categories = kCatScripting,
     .handler = Eval<By::kSha, Access::kReadOnly>, .group = "scripting", .since = "7.0.0",
     .complexity = kComplexity, .summary = "Executes a cached Lua script that may not write."},
    {.name = "FCALL", .arity = -3, .flags = kEvalFlags, .keys = {kReadWrite},
     .categories = kCatScripting, .handler = Fcall<Access::kFull>, .group = "scripting",
     .since = "7.0.0", .complexity = kFunctionComplexity, .summary = "Calls a function."},
    {.name = "FCALL_RO", .arity = -3, .flags = kEvalFlags | kRead, .keys = {kReadOnly},
     .categories = kCatScripting, .handler = Fcall<Access::kReadOnly>, .group = "scripting",
     .since = "7.0.0", .complexity = kFunctionComplexity,
     .summary = "Calls a function that may not write."},
    {.name = "SCRIPT", .arity = -2, .subcommands = kScriptSubcommands, .group = "scripting",
     .since = "2.6.0", .complexity = "Depends on subcommand.",
     .summary = "Commands about the cache of scripts."},
};

}  // namespace

void ReplyKilled(CommandContext& ctx, ScriptHub::KillOutcome outcome) {
  switch (outcome) {
    case ScriptHub::KillOutcome::kKilled:
      return ctx.reply().Ok();
    case ScriptHub::KillOutcome::kNothingRuns:
      return ctx.reply().Error(errors::kNotBusy);
    case ScriptHub::KillOutcome::kHasWritten:
      return ctx.reply().Error(errors::kUnkillable);
    case ScriptHub::KillOutcome::kIsScript:
      return ctx.reply().Error(errors::kBusyScript);
    case ScriptHub::KillOutcome::kIsFunction:
      return ctx.reply().Error(errors::kBusyFunction);
  }
}

std::span<const CommandSpec> ScriptCommands() { return kCommands; }

}  // namespace ringtail::commands
