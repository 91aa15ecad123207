#include "commands/context.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHelp[] = {
    "MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "LIST",
    "    Return a list of loaded modules: there are none, ever.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

void List(CommandContext& ctx, Args) { ctx.reply().EmptyArray(); }

// Redis's modules are shared objects for its own process.
void Refuse(CommandContext& ctx, Args) { ctx.reply().Error(errors::kNoModules); }

constexpr uint32_t kManaging = kAdmin | kNoScript;
constexpr uint32_t kLoadFlags = kManaging | kProtected | kNoAsyncLoading;

constexpr std::string_view kUnorderedTips[] = {"nondeterministic_output_order"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = Help, .since = "5.0.0",
     .summary = "Lists the subcommands."},
    {.name = "LIST", .arity = 2, .flags = kManaging, .handler = List, .since = "4.0.0",
     .summary = "Lists the loaded modules: none.", .tips = kUnorderedTips},
    {.name = "LOAD", .arity = -3, .flags = kLoadFlags, .handler = Refuse, .since = "4.0.0",
     .summary = "Refused: this server loads no modules."},
    {.name = "LOADEX", .arity = -3, .flags = kLoadFlags, .handler = Refuse, .since = "7.0.0",
     .summary = "Refused: this server loads no modules."},
    {.name = "UNLOAD", .arity = 3, .flags = kLoadFlags, .handler = Refuse, .since = "4.0.0",
     .summary = "Refused: this server loads no modules."},
};

constexpr CommandSpec kCommands[] = {
    {.name = "MODULE", .arity = -2, .subcommands = kSubcommands, .group = "server",
     .since = "4.0.0", .complexity = "Depends on subcommand.",
     .summary = "A container for module commands."},
};

}  // namespace

std::span<const CommandSpec> ModuleCommands() { return kCommands; }

}  // namespace ringtail::commands
