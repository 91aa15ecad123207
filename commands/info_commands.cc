#include <set>
#include <string>

#include "commands/context.h"
#include "commands/info_service.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kDefaultSections[] = {
    "server", "clients", "memory", "persistence", "stats",   "replication",
    "cpu",    "modules", "errorstats", "cluster", "keyspace",
};
constexpr std::string_view kFurtherSections[] = {"commandstats", "latencystats", "keysizes"};

void Info(CommandContext& ctx, Args args) {
  std::set<std::string> sections;
  const auto add_default = [&] {
    sections.insert(std::begin(kDefaultSections), std::end(kDefaultSections));
  };
  if (args.size() == 1) add_default();
  for (const std::string_view arg : args.subspan(1)) {
    std::string section = LowerCase(arg);
    if (section == "default") {
      add_default();
    } else if (section == "all" || section == "everything") {
      add_default();
      sections.insert(std::begin(kFurtherSections), std::end(kFurtherSections));
    } else {
      sections.insert(std::move(section));
    }
  }
  ctx.reply().Verbatim("txt", ctx.services().info->Render(sections));
}

constexpr std::string_view kMemoryHelp[] = {
    "MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "DOCTOR",
    "    Return memory problems reports.",
    "MALLOC-STATS",
    "    Return internal statistics report from the memory allocator.",
    "PURGE",
    "    Attempt to purge dirty pages for reclamation by the allocator.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value.",
    "HELP",
    "    Print this help.",
};

void MemoryHelp(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kMemoryHelp));
  for (const std::string_view line : kMemoryHelp) ctx.reply().SimpleString(line);
}

void MemoryUsage(CommandContext& ctx, Args args) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (!EqualsIgnoreCase(args[i], "SAMPLES") || i + 1 == args.size()) return ctx.SyntaxError();
    const auto samples = ctx.IntArg(args[++i]);
    if (!samples) return;
    if (*samples < 0) return ctx.SyntaxError();
  }
  const KeyRef key = ctx.Peek(args[2], CommandContext::MissEvent::kNone);
  if (!key) return ctx.reply().Null();
  // The entry, its slot and fingerprint in the table, and its record among the expiries.
  const size_t bytes = key.entry()->footprint_bytes() + 9 + (key.entry()->is_volatile() ? 4U : 0U);
  ctx.reply().Integer(static_cast<int64_t>(bytes));
}

void MemoryStats(CommandContext& ctx, Args) {
  const auto figures = ctx.services().info->MemoryFigures();
  ctx.reply().Map(figures.size());
  for (const InfoService::Figure& figure : figures) {
    ctx.reply().Bulk(figure.name);
    if (figure.is_ratio) {
      ctx.reply().Double(figure.value);
    } else {
      ctx.reply().Integer(static_cast<int64_t>(figure.value));
    }
  }
}

void MemoryDoctor(CommandContext& ctx, Args) {
  ctx.reply().Verbatim("txt", ctx.services().info->MemoryAdvice());
}

void MemoryMallocStats(CommandContext& ctx, Args) {
  ctx.reply().Verbatim("txt", ctx.services().info->AllocatorReport());
}

void MemoryPurge(CommandContext& ctx, Args) {
  memory::PurgeUnusedPages();
  ctx.reply().Ok();
}

constexpr std::string_view kOfAllShards[] = {"nondeterministic_output", "request_policy:all_shards",
                                             "response_policy:special"};
constexpr std::string_view kOnAllShards[] = {"request_policy:all_shards",
                                             "response_policy:all_succeeded"};

constexpr CommandSpec kMemorySubcommands[] = {
    {.name = "DOCTOR", .arity = 2, .flags = kPartitionwise, .handler = MemoryDoctor,
     .since = "4.0.0", .summary = "Looks for memory problems.", .tips = kOfAllShards},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = MemoryHelp,
     .since = "4.0.0", .summary = "Lists the subcommands."},
    {.name = "MALLOC-STATS", .arity = 2, .handler = MemoryMallocStats, .since = "4.0.0",
     .summary = "Answers the allocator's own statistics.", .tips = kOfAllShards},
    {.name = "PURGE", .arity = 2, .handler = MemoryPurge, .since = "4.0.0",
     .summary = "Gives unused memory back to the system.", .tips = kOnAllShards},
    {.name = "STATS", .arity = 2, .flags = kPartitionwise, .handler = MemoryStats,
     .since = "4.0.0", .summary = "Says what memory is used for.", .tips = kOfAllShards},
    {.name = "USAGE", .arity = -3, .flags = kRead, .keys = {OneKey(kKeyRo, 2)},
     .handler = MemoryUsage, .since = "4.0.0", .summary = "Estimates a key's memory."},
};

constexpr CommandSpec kCommands[] = {
    {.name = "INFO", .arity = -1, .flags = kLoading | kStale | kPartitionwise,
     .categories = kCatDangerous, .handler = Info, .group = "server", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Answers statistics and facts about the server.", .tips = kOfAllShards},
    {.name = "MEMORY", .arity = -2, .subcommands = kMemorySubcommands, .group = "server",
     .since = "4.0.0", .complexity = "Depends on subcommand.",
     .summary = "A container for memory diagnostics."},
};

}  // namespace

std::span<const CommandSpec> InfoCommands() { return kCommands; }

}  // namespace ringtail::commands
