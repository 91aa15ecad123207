#include "commands/command_log_service.h"
#include "commands/context.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kSlowlogHelp[] = {
    "SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
    "HELP",
    "    Print this help.",
};

constexpr std::string_view kCommandlogHelp[] = {
    "COMMANDLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GET <count> <type>",
    "    Return top <count> entries of the log of <type> (-1 means all): slow,",
    "    large-request or large-reply.",
    "LEN <type>",
    "    Return the length of the log of <type>.",
    "RESET <type>",
    "    Reset the log of <type>.",
    "HELP",
    "    Print this help.",
};

void ReplyLines(CommandContext& ctx, std::span<const std::string_view> lines) {
  ctx.reply().Array(lines.size());
  for (const std::string_view line : lines) ctx.reply().SimpleString(line);
}

void SlowlogHelp(CommandContext& ctx, Args) { ReplyLines(ctx, kSlowlogHelp); }
void CommandlogHelp(CommandContext& ctx, Args) { ReplyLines(ctx, kCommandlogHelp); }

std::optional<CommandLogKind> KindArg(CommandContext& ctx, std::string_view arg) {
  if (EqualsIgnoreCase(arg, "slow")) return CommandLogKind::kSlow;
  if (EqualsIgnoreCase(arg, "large-request")) return CommandLogKind::kLargeRequest;
  if (EqualsIgnoreCase(arg, "large-reply")) return CommandLogKind::kLargeReply;
  ctx.reply().Error("ERR type should be one of the following: slow, large-request, large-reply");
  return std::nullopt;
}

std::optional<int64_t> CountArg(CommandContext& ctx, std::string_view arg) {
  constexpr std::string_view kTooSmall = "ERR count should be greater than or equal to -1";
  const auto count = ctx.IntArg(arg, kTooSmall);
  if (count && *count < -1) {
    ctx.reply().Error(kTooSmall);
    return std::nullopt;
  }
  return count;
}

void ReplyEntries(CommandContext& ctx, CommandLogKind kind, int64_t count) {
  const auto entries = ctx.services().command_log->Get(kind, count);
  ctx.reply().Array(entries.size());
  for (const CommandLogEntry& entry : entries) {
    ctx.reply().Array(6);
    ctx.reply().Integer(entry.id);
    ctx.reply().Integer(entry.time_s);
    ctx.reply().Integer(entry.measure);
    ctx.reply().Array(entry.args.size());
    for (const std::string& arg : entry.args) ctx.reply().Bulk(arg);
    ctx.reply().Bulk(entry.client_address);
    ctx.reply().Bulk(entry.client_name);
  }
}

void SlowlogGet(CommandContext& ctx, Args args) {
  if (args.size() > 3) {
    return ctx.reply().Error(errors::UnknownForm("SLOWLOG", args[1]));
  }
  int64_t count = 10;
  if (args.size() == 3) {
    const auto wanted = CountArg(ctx, args[2]);
    if (!wanted) return;
    count = *wanted;
  }
  ReplyEntries(ctx, CommandLogKind::kSlow, count);
}

void SlowlogLen(CommandContext& ctx, Args) {
  ctx.reply().Integer(
      static_cast<int64_t>(ctx.services().command_log->Length(CommandLogKind::kSlow)));
}

void SlowlogReset(CommandContext& ctx, Args) {
  ctx.services().command_log->Reset(CommandLogKind::kSlow);
  ctx.reply().Ok();
}

void CommandlogGet(CommandContext& ctx, Args args) {
  const auto count = CountArg(ctx, args[2]);
  if (!count) return;
  if (const auto kind = KindArg(ctx, args[3])) ReplyEntries(ctx, *kind, *count);
}

void CommandlogLen(CommandContext& ctx, Args args) {
  if (const auto kind = KindArg(ctx, args[2])) {
    ctx.reply().Integer(static_cast<int64_t>(ctx.services().command_log->Length(*kind)));
  }
}

void CommandlogReset(CommandContext& ctx, Args args) {
  if (const auto kind = KindArg(ctx, args[2])) {
    ctx.services().command_log->Reset(*kind);
    ctx.reply().Ok();
  }
}

constexpr uint32_t kReading = kAdmin | kLoading | kStale;

constexpr std::string_view kGetTips[] = {"request_policy:all_nodes", "nondeterministic_output"};
constexpr std::string_view kLenTips[] = {"request_policy:all_nodes", "response_policy:agg_sum",
                                         "nondeterministic_output"};
constexpr std::string_view kOnAllNodes[] = {"request_policy:all_nodes",
                                            "response_policy:all_succeeded"};

constexpr CommandSpec kSlowlogSubcommands[] = {
    {.name = "GET", .arity = -2, .flags = kReading, .handler = SlowlogGet, .since = "2.2.12",
     .summary = "Answers the slow log's entries.", .tips = kGetTips},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = SlowlogHelp,
     .since = "6.2.0", .summary = "Lists the subcommands."},
    {.name = "LEN", .arity = 2, .flags = kReading, .handler = SlowlogLen, .since = "2.2.12",
     .summary = "Answers how many entries the slow log has.", .tips = kLenTips},
    {.name = "RESET", .arity = 2, .flags = kReading, .handler = SlowlogReset, .since = "2.2.12",
     .summary = "Empties the slow log.", .tips = kOnAllNodes},
};

constexpr CommandSpec kCommandlogSubcommands[] = {
    {.name = "GET", .arity = 4, .flags = kReading, .handler = CommandlogGet, .since = "8.1.0",
     .summary = "Answers a command log's entries."},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = CommandlogHelp,
     .since = "8.1.0", .summary = "Lists the subcommands."},
    {.name = "LEN", .arity = 3, .flags = kReading, .handler = CommandlogLen, .since = "8.1.0",
     .summary = "Answers how many entries a command log has."},
    {.name = "RESET", .arity = 3, .flags = kReading, .handler = CommandlogReset, .since = "8.1.0",
     .summary = "Empties a command log."},
};

constexpr CommandSpec kCommands[] = {
    {.name = "SLOWLOG", .arity = -2, .subcommands = kSlowlogSubcommands, .group = "server",
     .since = "2.2.12", .complexity = "Depends on subcommand.",
     .summary = "A container for slow log commands."},
    {.name = "COMMANDLOG", .arity = -2, .subcommands = kCommandlogSubcommands, .group = "server",
     .since = "8.1.0", .complexity = "Depends on subcommand.",
     .summary = "A container for the logs of slow and large commands."},
};

}  // namespace

std::span<const CommandSpec> CommandLogCommands() { return kCommands; }

}  // namespace ringtail::commands
