#include <string>

#include "commands/context.h"
#include "commands/hot_key_service.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHelp[] = {
    "HOTKEYS <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "START METRICS <count> [CPU] [NET] [COUNT <k>] [DURATION <seconds>] [SAMPLE <ratio>]",
    "    Begin to find the keys that take the most time, or the most bytes of the wire.",
    "STOP",
    "    End it, and keep what was found.",
    "GET",
    "    Return what was found.",
    "RESET",
    "    Forget what was found.",
    "HELP",
    "    Print this help.",
};

constexpr int64_t kKeyCountMax = 64;
constexpr int64_t kDurationMaxS = 1'000'000;

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

// METRICS count [CPU] [NET]; `at` is behind them then.
bool ReadMetrics(CommandContext& ctx, Args args, size_t& at, HotKeyOptions& options) {
  if (args.size() < 5 || !EqualsIgnoreCase(args[2], "METRICS")) return ctx.SyntaxError(), false;
  const auto count = ctx.IntArgIn(args[3], 1, 2, errors::kHotKeyMetrics);
  if (!count) return false;
  for (at = 4; at < args.size() && at < 4 + static_cast<size_t>(*count); ++at) {
    bool* const metric = EqualsIgnoreCase(args[at], "CPU")   ? &options.is_time_measured
                         : EqualsIgnoreCase(args[at], "NET") ? &options.is_traffic_measured
                                                             : nullptr;
    if (metric == nullptr || *metric) return ctx.SyntaxError(), false;
    *metric = true;
  }
  if (at != 4 + static_cast<size_t>(*count)) return ctx.SyntaxError(), false;
  return true;
}

void Start(CommandContext& ctx, Args args) {
  HotKeyOptions options;
  size_t at = 0;
  if (!ReadMetrics(ctx, args, at, options)) return;
  for (; at < args.size(); at += 2) {
    if (EqualsIgnoreCase(args[at], "SLOTS")) return ctx.reply().Error(errors::kHotKeySlots);
    if (at + 1 == args.size()) return ctx.SyntaxError();
    const bool is_count = EqualsIgnoreCase(args[at], "COUNT");
    const bool is_duration = EqualsIgnoreCase(args[at], "DURATION");
    if (!is_count && !is_duration && !EqualsIgnoreCase(args[at], "SAMPLE")) return ctx.SyntaxError();
    const int64_t max = is_count ? kKeyCountMax : is_duration ? kDurationMaxS : INT32_MAX;
    const auto value = ctx.IntArgIn(args[at + 1], is_duration ? 0 : 1, max);
    if (!value) return;
    (is_count ? options.key_count_max : is_duration ? options.duration_s : options.sample_ratio) =
        *value;
  }
  if (!ctx.services().hot_keys->Start(options)) return ctx.reply().Error(errors::kHotKeysActive);
  ctx.reply().Ok();
}

void Stop(CommandContext& ctx, Args) {
  if (!ctx.services().hot_keys->Stop()) return ctx.reply().Error(errors::kHotKeysInactive);
  ctx.reply().Ok();
}

void Reset(CommandContext& ctx, Args) {
  if (!ctx.services().hot_keys->Reset()) return ctx.reply().Error(errors::kHotKeysActive);
  ctx.reply().Ok();
}

void ReplyKeys(CommandContext& ctx, std::string_view field,
               const std::vector<std::pair<std::string, uint64_t>>& keys) {
  ctx.reply().Bulk(field);
  ctx.reply().Array(2 * keys.size());
  for (const auto& [name, amount] : keys) {
    ctx.reply().Bulk(name);
    ctx.reply().Integer(static_cast<int64_t>(amount));
  }
}

void Get(CommandContext& ctx, Args) {
  const auto report = ctx.services().hot_keys->Report();
  if (!report) return ctx.reply().Null();
  const auto field = [&](std::string_view name, uint64_t value) {
    ctx.reply().Bulk(name);
    ctx.reply().Integer(static_cast<int64_t>(value));
  };
  const HotKeyOptions& options = report->options;
  ctx.reply().Map(7U + (options.is_time_measured ? 3U : 0U) + (options.is_traffic_measured ? 2U : 0U));
  field("tracking-active", report->is_active ? 1 : 0);
  field("sample-ratio", static_cast<uint64_t>(options.sample_ratio));
  ctx.reply().Bulk("selected-slots");
  ctx.reply().EmptyArray();
  field("all-commands-all-slots-us", report->all_commands_us);
  field("net-bytes-all-commands-all-slots", report->all_commands_bytes);
  field("collection-start-time-unix-ms", static_cast<uint64_t>(report->started_ms));
  field("collection-duration-ms", static_cast<uint64_t>(report->duration_ms));
  if (options.is_time_measured) {
    field("total-cpu-time-user-ms", report->cpu_user_ms);
    field("total-cpu-time-sys-ms", report->cpu_system_ms);
    ReplyKeys(ctx, "by-cpu-time-us", report->by_time_us);
  }
  if (options.is_traffic_measured) {
    field("total-net-bytes", report->all_commands_bytes);
    ReplyKeys(ctx, "by-net-bytes", report->by_bytes);
  }
}

constexpr uint32_t kManaging = kAdmin | kNoScript;

constexpr CommandSpec kSubcommands[] = {
    {.name = "GET", .arity = 2, .flags = kManaging, .handler = Get, .since = "8.6.0",
     .summary = "Answers the keys that take the most time or bytes."},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = Help, .since = "8.6.1",
     .summary = "Lists the subcommands."},
    {.name = "RESET", .arity = 2, .flags = kManaging, .handler = Reset, .since = "8.6.0",
     .summary = "Forgets what was found."},
    {.name = "START", .arity = -5, .flags = kManaging, .handler = Start, .since = "8.6.0",
     .summary = "Begins to find the keys that take the most time or bytes."},
    {.name = "STOP", .arity = 2, .flags = kManaging, .handler = Stop, .since = "8.6.0",
     .summary = "Ends it, and keeps what was found."},
};

constexpr CommandSpec kCommands[] = {
    {.name = "HOTKEYS", .arity = -2, .subcommands = kSubcommands, .group = "server",
     .since = "8.6.0", .complexity = "Depends on subcommand.",
     .summary = "A container for finding hot keys."},
};

}  // namespace

std::span<const CommandSpec> HotKeyCommands() { return kCommands; }

}  // namespace ringtail::commands
