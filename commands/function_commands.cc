// Function libraries: FUNCTION. FCALL stands with the other commands that run Lua (script_commands.cc).
#include <string>
#include <utility>
#include <vector>

#include "base/glob.h"
#include "commands/context.h"
#include "commands/script_hub.h"
#include "commands/script_runner.h"
#include "commands/serialization_service.h"

namespace ringtail::commands {
namespace {

using OnCollision = ScriptRunner::OnCollision;

constexpr std::string_view kHelp[] = {
    "FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "LOAD [REPLACE] <FUNCTION CODE>",
    "    Create a new library with the given library name and code.",
    "DELETE <LIBRARY NAME>",
    "    Delete the given library.",
    "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
    "    Return general information on all the libraries:",
    "    * Library name",
    "    * The engine used to run the Library",
    "    * Library description",
    "    * Functions list",
    "    * Library code (if WITHCODE is given)",
    "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
    "STATS",
    "    Return information about the current function running:",
    "    * Function name",
    "    * Command used to run the function",
    "    * Duration in MS that the function is running",
    "    If no function is running, return nil",
    "    In addition, returns a list of available engines.",
    "KILL",
    "    Kill the current running function.",
    "FLUSH [ASYNC|SYNC]",
    "    Delete all the libraries.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the libraries.",
    "    * SYNC: Synchronously flush the libraries.",
    "DUMP",
    "    Return a serialized payload representing the current libraries, can be restored using "
    "FUNCTION RESTORE command",
    "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
    "    Restore the libraries represented by the given payload, it is possible to give a restore "
    "policy to",
    "    control how to handle existing libraries (default APPEND):",
    "    * FLUSH: delete all existing libraries.",
    "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
    "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace "
    "the old",
    "      libraries with the new libraries (notice that even on this option there is a chance of "
    "failure",
    "      in case of functions name collision with another library).",
    "HELP",
    "    Prints this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

ScriptHub* HubOf(CommandContext& ctx) {
  ScriptHub* hub = ctx.services().scripts;
  if (hub == nullptr) ctx.reply().Error(errors::kNoScripts);
  return hub;
}

/// The worker's runner; or has answered that there is none.
ScriptRunner* RunnerOf(CommandContext& ctx) {
  if (HubOf(ctx) == nullptr) return nullptr;
  ScriptRunner* runner = ctx.execution().scripts;
  if (runner == nullptr) ctx.reply().Error(errors::kNoScripts);
  return runner;
}

// FUNCTION LOAD [REPLACE] code
void Load(CommandContext& ctx, Args args) {
  ScriptRunner* runner = RunnerOf(ctx);
  if (runner == nullptr) return;
  OnCollision on_collision = OnCollision::kRefuse;
  for (const std::string_view option : args.subspan(2, args.size() - 3)) {
    if (!EqualsIgnoreCase(option, "REPLACE")) {
      return ctx.reply().Error(errors::UnknownLoadOption(option));
    }
    on_collision = OnCollision::kReplace;
  }
  ScriptRunner::Draft draft = runner->BeginDraft();
  std::string name;
  const std::string error = runner->AddLibrary(draft, args.back(), on_collision, name);
  if (!error.empty()) {
    runner->Abandon(draft);
    return ctx.reply().Error(error);
  }
  runner->Commit(std::move(draft));
  ctx.MarkChanged();
  ctx.reply().Bulk(name);
}

void Delete(CommandContext& ctx, Args args) {
  ScriptHub* hub = HubOf(ctx);
  if (hub == nullptr) return;
  ScriptHub::Libraries libraries = *hub->libraries();
  const auto found = libraries.find(args[2]);
  if (found == libraries.end()) return ctx.reply().Error(errors::kNoSuchLibrary);
  libraries.erase(found);
  hub->SetLibraries(std::move(libraries));
  ctx.MarkChanged();
  ctx.reply().Ok();
}

void Flush(CommandContext& ctx, Args args) {
  ScriptHub* hub = HubOf(ctx);
  if (hub == nullptr) return;
  if (args.size() > 3) return ctx.reply().Error(errors::UnknownForm("FUNCTION", args[1]));
  if (args.size() == 3 && !EqualsIgnoreCase(args[2], "SYNC") &&
      !EqualsIgnoreCase(args[2], "ASYNC")) {
    return ctx.reply().Error(errors::kFunctionFlushOption);
  }
  hub->SetLibraries({});
  ctx.MarkChanged();
  ctx.reply().Ok();
}

void ReplyFunction(CommandContext& ctx, const scripting::RegisteredFunction& function) {
  proto::ReplyWriter& reply = ctx.reply();
  reply.Map(3);
  reply.Bulk("name");
  reply.Bulk(function.name);
  reply.Bulk("description");
  if (function.has_description) {
    reply.Bulk(function.description);
  } else {
    reply.Null();
  }
  reply.Bulk("flags");
  std::vector<std::string_view> names;
  for (uint32_t flag = 1; flag < scripting::kCompatMode; flag <<= 1) {
    if ((function.flags & flag) == 0) continue;
    names.push_back(scripting::NameOfFlag(static_cast<scripting::ScriptFlags>(flag)));
  }
  reply.Set(names.size());
  for (const std::string_view name : names) reply.SimpleString(name);
}

// FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]
void List(CommandContext& ctx, Args args) {
  ScriptHub* hub = HubOf(ctx);
  if (hub == nullptr) return;
  std::optional<std::string_view> pattern;
  bool is_with_code = false;
  for (size_t i = 2; i < args.size(); ++i) {
    if (!is_with_code && EqualsIgnoreCase(args[i], "WITHCODE")) {
      is_with_code = true;
    } else if (!pattern && EqualsIgnoreCase(args[i], "LIBRARYNAME")) {
      if (++i == args.size()) return ctx.reply().Error(errors::kNoLibraryPattern);
      pattern = args[i];
    } else {
      return ctx.reply().Error(errors::UnknownListArgument(args[i]));
    }
  }
  const auto libraries = hub->libraries();
  std::vector<const FunctionLibrary*> chosen;
  for (const auto& [name, library] : *libraries) {
    if (!pattern || GlobMatch(*pattern, name, GlobCase::kInsensitive)) chosen.push_back(library.get());
  }
  proto::ReplyWriter& reply = ctx.reply();
  reply.Array(chosen.size());
  for (const FunctionLibrary* library : chosen) {
    reply.Map(is_with_code ? 4 : 3);
    reply.Bulk("library_name");
    reply.Bulk(library->name);
    reply.Bulk("engine");
    reply.Bulk("LUA");
    reply.Bulk("functions");
    reply.Array(library->functions.size());
    for (const auto& function : library->functions) ReplyFunction(ctx, function);
    if (!is_with_code) continue;
    reply.Bulk("library_code");
    reply.Bulk(library->source);
  }
}

void Stats(CommandContext& ctx, Args) {
  ScriptHub* hub = HubOf(ctx);
  if (hub == nullptr) return;
  proto::ReplyWriter& reply = ctx.reply();
  reply.Map(2);
  reply.Bulk("running_script");
  if (const auto running = hub->RunningFunction()) {
    reply.Map(3);
    reply.Bulk("name");
    reply.Bulk(running->name);
    reply.Bulk("command");
    reply.Array(running->command.size());
    for (const std::string& word : running->command) reply.Bulk(word);
    reply.Bulk("duration_ms");
    reply.Integer((ctx.engine().clock().MonotonicNs() - running->start_ns) / 1'000'000);
  } else {
    reply.Null();
  }
  reply.Bulk("engines");
  reply.Map(1);
  reply.Bulk("LUA");
  reply.Map(2);
  reply.Bulk("libraries_count");
  reply.Integer(static_cast<int64_t>(hub->libraries()->size()));
  reply.Bulk("functions_count");
  reply.Integer(static_cast<int64_t>(hub->function_count()));
}

void Kill(CommandContext& ctx, Args) {
  if (ScriptHub* hub = HubOf(ctx)) ReplyKilled(ctx, hub->Kill(/*is_function=*/true));
}

void Dump(CommandContext& ctx, Args) {
  ScriptHub* hub = HubOf(ctx);
  if (hub == nullptr) return;
  const auto libraries = hub->libraries();
  std::vector<std::string_view> sources;
  for (const auto& [name, library] : *libraries) sources.push_back(library->source);
  ctx.reply().Bulk(ctx.services().serialization->DumpLibraries(sources));
}

/// Makes the libraries of a payload the draft's, as far as its policy lets it. Empty, or an error's text.
std::string Join(ScriptRunner::Draft& restored, OnCollision on_collision,
                 ScriptHub::Libraries present) {
  for (const auto& [name, library] : restored.libraries) {
    const auto old = present.find(name);
    if (old == present.end()) continue;
    if (on_collision == OnCollision::kRefuse) return "ERR Library " + name + " already exists";
    present.erase(old);
  }
  for (const auto& [name, library] : restored.libraries) {
    for (const auto& function : library->functions) {
      for (const auto& [other_name, other] : present) {
        for (const auto& taken : other->functions) {
          if (EqualsIgnoreCase(taken.name, function.name)) {
            return errors::FunctionExists(function.name);
          }
        }
      }
    }
  }
  restored.libraries.merge(present);
  return {};
}

// FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]
void Restore(CommandContext& ctx, Args args) {
  ScriptRunner* runner = RunnerOf(ctx);
  if (runner == nullptr) return;
  if (args.size() > 4) return ctx.reply().Error(errors::UnknownForm("FUNCTION", args[1]));
  bool is_flush = false;
  OnCollision on_collision = OnCollision::kRefuse;
  if (args.size() == 4) {
    is_flush = EqualsIgnoreCase(args[3], "FLUSH");
    if (EqualsIgnoreCase(args[3], "REPLACE")) {
      on_collision = OnCollision::kReplace;
    } else if (!is_flush && !EqualsIgnoreCase(args[3], "APPEND")) {
      return ctx.reply().Error(errors::kRestorePolicy);
    }
  }
  SerializationService& serialization = *ctx.services().serialization;
  if (!serialization.IsIntact(args[2])) return ctx.reply().Error(errors::kPayloadNotIntact);
  const auto sources = serialization.RestoreLibraries(args[2]);
  if (!sources.ok()) return ctx.reply().Error("ERR " + sources.error().message);
  ScriptRunner::Draft restored;
  std::string error;
  for (const std::string& source : sources.value()) {
    std::string name;
    error = runner->AddLibrary(restored, source, OnCollision::kRefuse, name);
    if (!error.empty()) break;
  }
  if (error.empty() && !is_flush) {
    error = Join(restored, on_collision, *ctx.services().scripts->libraries());
  }
  if (!error.empty()) {
    runner->Abandon(restored);
    return ctx.reply().Error(error);
  }
  runner->Commit(std::move(restored));
  ctx.MarkChanged();
  ctx.reply().Ok();
}

constexpr std::string_view kAllTips[] = {"request_policy:all_shards",
                                         "response_policy:all_succeeded"};
constexpr std::string_view kKillTips[] = {"request_policy:all_shards",
                                          "response_policy:one_succeeded"};
constexpr std::string_view kStatsTips[] = {"nondeterministic_output", "request_policy:all_shards",
                                           "response_policy:special"};
constexpr std::string_view kListTips[] = {"nondeterministic_output_order"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "DELETE", .arity = 3, .flags = kWrite | kNoScript | kExclusive,
     .categories = kCatScripting, .handler = Delete, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Deletes a library with its functions.", .tips = kAllTips},
    {.name = "DUMP", .arity = 2, .flags = kNoScript, .categories = kCatScripting,
     .handler = Dump, .since = "7.0.0",
     .complexity = "O(N) where N is the number of functions",
     .summary = "Answers all libraries as one payload."},
    {.name = "FLUSH", .arity = -2, .flags = kWrite | kNoScript | kExclusive,
     .categories = kCatScripting, .handler = Flush, .since = "7.0.0",
     .complexity = "O(N) where N is the number of functions deleted",
     .summary = "Deletes all libraries.", .tips = kAllTips},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .categories = kCatScripting,
     .handler = Help, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Lists the subcommands."},
    {.name = "KILL", .arity = 2, .flags = kNoScript | kAllowBusy, .categories = kCatScripting,
     .handler = Kill, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Ends the function that runs for too long.", .tips = kKillTips},
    {.name = "LIST", .arity = -2, .flags = kNoScript, .categories = kCatScripting,
     .handler = List, .since = "7.0.0",
     .complexity = "O(N) where N is the number of functions",
     .summary = "Describes the libraries.", .tips = kListTips},
    {.name = "LOAD", .arity = -3, .flags = kWrite | kDenyOom | kNoScript | kScript,
     .categories = kCatScripting, .handler = Load, .since = "7.0.0",
     .complexity = "O(1) (considering compilation time is redundant)",
     .summary = "Makes a library of functions.", .tips = kAllTips},
    {.name = "RESTORE", .arity = -3, .flags = kWrite | kDenyOom | kNoScript | kScript,
     .categories = kCatScripting, .handler = Restore, .since = "7.0.0",
     .complexity = "O(N) where N is the number of functions on the payload",
     .summary = "Makes the libraries of a payload.", .tips = kAllTips},
    {.name = "STATS", .arity = 2, .flags = kNoScript | kAllowBusy, .categories = kCatScripting,
     .handler = Stats, .since = "7.0.0", .complexity = "O(1)",
     .summary = "Tells which function runs, and how many there are.", .tips = kStatsTips},
};

constexpr CommandSpec kCommands[] = {
    {.name = "FUNCTION", .arity = -2, .subcommands = kSubcommands, .group = "scripting",
     .since = "7.0.0", .complexity = "Depends on subcommand.",
     .summary = "Commands about libraries of functions."},
};

}  // namespace

std::span<const CommandSpec> FunctionCommands() { return kCommands; }

}  // namespace ringtail::commands
