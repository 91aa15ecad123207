// COMMAND and its subcommands, all answered from the command table; and LOLWUT.
#include <algorithm>
#include <string>

#include "base/glob.h"
#include "commands/context.h"
#include "commands/introspection.h"
#include "commands/lolwut.h"

namespace ringtail::commands {
namespace {

using TableEntry = CommandTable::Entry;

constexpr std::string_view kHelp[] = {
    "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "(no subcommand)",
    "    Describe every command.",
    "COUNT",
    "    Count the commands.",
    "DOCS [<command-name> ...]",
    "    Document these commands, or all.",
    "GETKEYS <full-command>",
    "    Find the keys in a command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Find the keys in a command, and what it does to each.",
    "INFO [<command-name> ...]",
    "    Describe these commands, or all.",
    "LIST [FILTERBY (MODULE <module>|ACLCAT <category>|PATTERN <pattern>)]",
    "    Name the commands, or those that the filter lets through.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

void ReplyAll(CommandContext& ctx) {
  const auto commands = ctx.table().commands();
  ctx.reply().Array(commands.size());
  for (const TableEntry* entry : commands) ReplyCommandInfo(ctx.reply(), ctx.table(), *entry);
}

void Command(CommandContext& ctx, Args) { ReplyAll(ctx); }

void Count(CommandContext& ctx, Args) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.table().commands().size()));
}

void Info(CommandContext& ctx, Args args) {
  if (args.size() == 2) return ReplyAll(ctx);
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view name : args.subspan(2)) {
    const TableEntry* entry = ctx.table().FindFullName(name);
    if (entry == nullptr) {
      ctx.reply().Null();
    } else {
      ReplyCommandInfo(ctx.reply(), ctx.table(), *entry);
    }
  }
}

void Docs(CommandContext& ctx, Args args) {
  const auto map = ctx.reply().BeginMap();
  size_t count = 0;
  const auto add = [&](const TableEntry* entry) {
    if (entry == nullptr) return;
    ReplyCommandDocs(ctx.reply(), ctx.table(), *entry);
    ++count;
  };
  if (args.size() == 2) {
    for (const TableEntry* entry : ctx.table().commands()) add(entry);
  } else {
    for (const std::string_view name : args.subspan(2)) add(ctx.table().FindFullName(name));
  }
  ctx.reply().EndMap(map, count);
}

/// The names that pass `filter`, subcommands behind their containers.
template <typename Filter>
void ReplyNames(CommandContext& ctx, Filter&& filter) {
  const auto array = ctx.reply().BeginArray();
  size_t count = 0;
  for (const TableEntry& entry : ctx.table().entries()) {
    if (!filter(entry)) continue;
    ctx.reply().Bulk(entry.full_name);
    ++count;
  }
  ctx.reply().EndArray(array, count);
}

void List(CommandContext& ctx, Args args) {
  if (args.size() == 2) {
    return ReplyNames(ctx, [](const TableEntry&) { return true; });
  }
  if (args.size() != 5 || !EqualsIgnoreCase(args[2], "FILTERBY")) return ctx.SyntaxError();
  const std::string_view wanted = args[4];
  if (EqualsIgnoreCase(args[3], "MODULE")) return ctx.reply().EmptyArray();  // There are none.
  if (EqualsIgnoreCase(args[3], "ACLCAT")) {
    const uint32_t category = CategoryOf(wanted).value_or(0);
    return ReplyNames(
        ctx, [&](const TableEntry& entry) { return (entry.categories & category) != 0; });
  }
  if (EqualsIgnoreCase(args[3], "PATTERN")) {
    return ReplyNames(ctx, [&](const TableEntry& entry) {
      return GlobMatch(wanted, entry.full_name, GlobCase::kInsensitive);
    });
  }
  ctx.SyntaxError();
}

/// The command that a full command line begins with.
const TableEntry* FindCommand(const CommandTable& table, Args line) {
  const TableEntry* entry = table.Find(line[0]);
  if (entry == nullptr || entry->subcommand_count == 0 || line.size() == 1) return entry;
  return table.FindSubcommand(*entry, line[1]);
}

enum class KeyReply { kNames, kNamesAndFlags };

void ReplyKeys(CommandContext& ctx, Args line, KeyReply kind) {
  const TableEntry* entry = FindCommand(ctx.table(), line);
  if (entry == nullptr) return ctx.reply().Error(errors::kInvalidCommand);
  const CommandSpec& spec = *entry->spec;
  if (!CanHaveKeys(spec)) return ctx.reply().Error(errors::kCommandWithoutKeys);
  const auto arg_count = static_cast<int>(line.size());
  if (spec.arity > 0 ? arg_count != spec.arity : arg_count < -spec.arity) {
    return ctx.reply().Error(errors::kInvalidCommandArity);
  }
  KeyPositions positions;
  const bool is_sound = FindKeys(spec, line, positions);
  const auto is_key = [](KeyPosition position) { return (position.flags & kKeyNotKey) == 0; };
  const auto found = positions.view();
  const auto count = std::count_if(found.begin(), found.end(), is_key);
  if (!is_sound || count == 0) {
    if ((spec.flags & kNoMandatoryKeys) != 0) return ctx.reply().EmptyArray();
    return ctx.reply().Error(errors::kInvalidCommandArguments);
  }
  ctx.reply().Array(static_cast<size_t>(count));
  for (const KeyPosition position : found) {
    if (!is_key(position)) continue;
    if (kind == KeyReply::kNamesAndFlags) ctx.reply().Array(2);
    ctx.reply().Bulk(line[position.arg_index]);
    // That flags vary is said of the row; what was found here is one case of it.
    if (kind == KeyReply::kNamesAndFlags) {
      ReplyKeyFlags(ctx.reply(), position.flags & ~unsigned{kKeyVariableFlags});
    }
  }
}

void GetKeys(CommandContext& ctx, Args args) { ReplyKeys(ctx, args.subspan(2), KeyReply::kNames); }

void GetKeysAndFlags(CommandContext& ctx, Args args) {
  ReplyKeys(ctx, args.subspan(2), KeyReply::kNamesAndFlags);
}

constexpr std::string_view kUnordered[] = {"nondeterministic_output_order"};
constexpr std::string_view kPerCommand = "O(N) where N is the number of commands to look up";
constexpr std::string_view kAllCommands = "O(N) where N is the total number of commands";
constexpr std::string_view kPerArgument = "O(N) where N is the number of arguments";

constexpr CommandSpec Row(std::string_view name, int arity, Handler handler, std::string_view since,
                          std::string_view complexity, std::string_view summary,
                          std::span<const std::string_view> tips = {}) {
  return {.name = name, .arity = arity, .flags = kLoading | kStale, .categories = kCatConnection,
          .handler = handler, .since = since, .complexity = complexity, .summary = summary,
          .tips = tips};
}

constexpr CommandSpec kSubcommands[] = {
    Row("COUNT", 2, Count, "2.8.13", "O(1)", "Counts the commands."),
    Row("DOCS", -2, Docs, "7.0.0", kPerCommand, "Documents commands.", kUnordered),
    Row("GETKEYS", -4, GetKeys, "2.8.13", kPerArgument, "Finds the keys in a command."),
    Row("GETKEYSANDFLAGS", -4, GetKeysAndFlags, "7.0.0", kPerArgument,
        "Finds the keys in a command, and what it does to each."),
    Row("HELP", 2, Help, "5.0.0", "O(1)", "Lists the subcommands."),
    Row("INFO", -2, Info, "2.8.13", kPerCommand, "Describes commands.", kUnordered),
    Row("LIST", -2, List, "7.0.0", kAllCommands, "Names the commands.", kUnordered),
};

constexpr CommandSpec kCommands[] = {
    {.name = "COMMAND", .arity = -1, .flags = kLoading | kStale, .categories = kCatConnection,
     .handler = Command, .subcommands = kSubcommands, .group = "server", .since = "2.8.13",
     .complexity = kAllCommands, .summary = "Describes every command.", .tips = kUnordered},
    {.name = "LOLWUT", .arity = -1, .flags = kRead | kFast, .handler = Lolwut, .group = "server",
     .since = "5.0.0",
     .summary = "Draws a picture and answers the server's version."},
};

}  // namespace

std::span<const CommandSpec> IntrospectionCommands() { return kCommands; }

}  // namespace ringtail::commands
