#include "commands/config_service.h"
#include "commands/context.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHelp[] = {
    "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET <pattern> [<pattern> ...]",
    "    Return parameters matching the glob-like <pattern>s and their values.",
    "SET <directive> <value> [<directive> <value> ...]",
    "    Set the configuration <directive>s to <value>s, all or none.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

void Get(CommandContext& ctx, Args args) {
  const auto settings = ctx.services().config->Get(args.subspan(2));
  ctx.reply().Map(settings.size());
  for (const auto& [name, value] : settings) {
    ctx.reply().Bulk(name);
    ctx.reply().Bulk(value);
  }
}

void Set(CommandContext& ctx, Args args) {
  if (args.size() % 2 != 0) return ctx.SyntaxError();
  std::vector<ConfigService::Setting> settings;
  for (size_t i = 2; i < args.size(); i += 2) settings.emplace_back(args[i], args[i + 1]);
  const std::string error = ctx.services().config->Set(settings, ctx.client().is_local);
  if (!error.empty()) return ctx.reply().Error(error);
  ctx.reply().Ok();
}

void Rewrite(CommandContext& ctx, Args) {
  const std::string error = ctx.services().config->Rewrite();
  if (!error.empty()) return ctx.reply().Error(error);
  ctx.reply().Ok();
}

void ResetStat(CommandContext& ctx, Args) {
  ctx.services().config->ResetStatistics();
  ctx.reply().Ok();
}

constexpr uint32_t kManaging = kAdmin | kNoScript | kLoading | kStale;

constexpr std::string_view kOnAllNodes[] = {"request_policy:all_nodes",
                                            "response_policy:all_succeeded"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "GET", .arity = -3, .flags = kManaging, .handler = Get, .since = "2.0.0",
     .summary = "Answers the values of directives."},
    {.name = "SET", .arity = -4, .flags = kManaging | kExclusive, .handler = Set, .since = "2.0.0",
     .summary = "Changes directives at run time.", .tips = kOnAllNodes},
    {.name = "REWRITE", .arity = 2, .flags = kManaging, .handler = Rewrite, .since = "2.8.0",
     .summary = "Writes the running configuration to its file."},
    {.name = "RESETSTAT", .arity = 2, .flags = kManaging | kExclusive, .handler = ResetStat,
     .since = "2.0.0", .summary = "Resets the statistics."},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = Help, .since = "5.0.0",
     .summary = "Lists the subcommands."},
};

constexpr CommandSpec kCommands[] = {
    {.name = "CONFIG", .arity = -2, .subcommands = kSubcommands, .group = "server",
     .since = "2.0.0", .complexity = "Depends on subcommand.",
     .summary = "A container for configuration commands."},
};

}  // namespace

std::span<const CommandSpec> ConfigCommands() { return kCommands; }

}  // namespace ringtail::commands
