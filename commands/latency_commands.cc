#include <algorithm>
#include <string>

#include "commands/context.h"
#include "commands/latency_service.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHelp[] = {
    "LATENCY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of commands in histogram format.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

std::optional<LatencyEvent> FindEvent(CommandContext& ctx, std::string_view name) {
  for (LatencyEvent& event : ctx.services().latency->Events()) {
    if (event.name == name) return std::move(event);
  }
  return std::nullopt;
}

void History(CommandContext& ctx, Args args) {
  const auto event = FindEvent(ctx, args[2]);
  if (!event) return ctx.reply().EmptyArray();
  ctx.reply().Array(event->samples.size());
  for (const LatencySample& sample : event->samples) {
    ctx.reply().Array(2);
    ctx.reply().Integer(sample.time_s);
    ctx.reply().Integer(sample.duration_ms);
  }
}

void Latest(CommandContext& ctx, Args) {
  const auto events = ctx.services().latency->Events();
  ctx.reply().Array(events.size());
  for (const LatencyEvent& event : events) {
    ctx.reply().Array(4);
    ctx.reply().Bulk(event.name);
    ctx.reply().Integer(event.samples.back().time_s);
    ctx.reply().Integer(event.samples.back().duration_ms);
    ctx.reply().Integer(event.duration_ms_max);
  }
}

void Reset(CommandContext& ctx, Args args) {
  const std::vector<std::string> names(args.begin() + 2, args.end());
  ctx.reply().Integer(static_cast<int64_t>(ctx.services().latency->Reset(names)));
}

// Columns of characters, one a sample: the taller, the slower. Eight rows; the greatest sample fills them.
void Graph(CommandContext& ctx, Args args) {
  constexpr int64_t kRows = 8;
  const auto event = FindEvent(ctx, args[2]);
  if (!event) {
    return ctx.reply().Error("ERR No samples available for event '" + std::string(args[2]) + "'");
  }
  const auto [lowest, highest] = std::minmax_element(
      event->samples.begin(), event->samples.end(),
      [](const auto& a, const auto& b) { return a.duration_ms < b.duration_ms; });
  std::string text = event->name + " - high " + std::to_string(highest->duration_ms) + " ms, low " +
                     std::to_string(lowest->duration_ms) + " ms (all time high " +
                     std::to_string(event->duration_ms_max) + " ms)\n" + std::string(80, '-') + "\n";
  for (int64_t row = kRows; row >= 1; --row) {
    for (const LatencySample& sample : event->samples) {
      const int64_t height =
          std::max<int64_t>(1, sample.duration_ms * kRows / std::max<int64_t>(1, highest->duration_ms));
      text += height > row ? '|' : height == row ? '#' : row == 1 ? '_' : ' ';
    }
    text += '\n';
  }
  ctx.reply().Verbatim("txt", text);
}

void Doctor(CommandContext& ctx, Args) {
  const auto events = ctx.services().latency->Events();
  const int64_t threshold_ms = ctx.services().latency->threshold_ms();
  std::string text;
  if (threshold_ms == 0) {
    text =
        "Latency monitoring is off. To have spikes recorded, choose from how many milliseconds on: "
        "CONFIG SET latency-monitor-threshold <ms>.\n";
  } else if (events.empty()) {
    text = "No latency spike of " + std::to_string(threshold_ms) + " ms or more was recorded.\n";
  } else {
    for (const LatencyEvent& event : events) {
      int64_t sum_ms = 0;
      for (const LatencySample& sample : event.samples) sum_ms += sample.duration_ms;
      text += event.name + ": " + std::to_string(event.samples.size()) + " spikes, average " +
              std::to_string(sum_ms / static_cast<int64_t>(event.samples.size())) +
              " ms, worst " + std::to_string(event.duration_ms_max) + " ms.\n";
      if (event.name == "command") {
        text += "  Slow commands: SLOWLOG GET shows which (slowlog-log-slower-than sets the bound).\n";
      } else if (event.name == "fast-command") {
        text += "  Even O(1) commands were slow: look for other load on this machine, swapping, or "
                "a virtual machine that is short of processor time.\n";
      }
    }
  }
  ctx.reply().Verbatim("txt", text);
}

void Histogram(CommandContext& ctx, Args args) {
  std::vector<std::string> names;
  for (const std::string_view arg : args.subspan(2)) {
    const CommandTable::Entry* entry = ctx.table().FindFullName(arg);
    if (entry == nullptr) continue;
    names.push_back(entry->full_name);
    for (const auto& subcommand : ctx.table().subcommands(*entry)) {
      names.push_back(subcommand.full_name);
    }
  }
  if (args.size() > 2 && names.empty()) return ctx.reply().Map(0);
  const auto distributions = ctx.services().latency->Distributions(names);
  ctx.reply().Map(distributions.size());
  for (const LatencyDistribution& distribution : distributions) {
    ctx.reply().Bulk(distribution.command);
    ctx.reply().Map(2);
    ctx.reply().Bulk("calls");
    ctx.reply().Integer(static_cast<int64_t>(distribution.calls));
    ctx.reply().Bulk("histogram_usec");
    ctx.reply().Map(distribution.cumulative_us.size());
    for (const auto& [us, calls] : distribution.cumulative_us) {
      ctx.reply().Integer(static_cast<int64_t>(us));
      ctx.reply().Integer(static_cast<int64_t>(calls));
    }
  }
}

constexpr uint32_t kManaging = kAdmin | kNoScript | kLoading | kStale;

constexpr std::string_view kOfAllNodes[] = {"nondeterministic_output", "request_policy:all_nodes",
                                            "response_policy:special"};
constexpr std::string_view kOnAllNodes[] = {"request_policy:all_nodes",
                                            "response_policy:all_succeeded"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "DOCTOR", .arity = 2, .flags = kManaging, .handler = Doctor, .since = "2.8.13",
     .summary = "Explains the recorded spikes.", .tips = kOfAllNodes},
    {.name = "GRAPH", .arity = 3, .flags = kManaging, .handler = Graph, .since = "2.8.13",
     .summary = "Draws an event's spikes.", .tips = kOfAllNodes},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = Help, .since = "2.8.13",
     .summary = "Lists the subcommands."},
    {.name = "HISTOGRAM", .arity = -2, .flags = kManaging, .handler = Histogram, .since = "7.0.0",
     .summary = "Answers the distribution of commands' times.", .tips = kOfAllNodes},
    {.name = "HISTORY", .arity = 3, .flags = kManaging, .handler = History, .since = "2.8.13",
     .summary = "Answers an event's spikes.", .tips = kOfAllNodes},
    {.name = "LATEST", .arity = 2, .flags = kManaging, .handler = Latest, .since = "2.8.13",
     .summary = "Answers the latest spike of every event.", .tips = kOfAllNodes},
    {.name = "RESET", .arity = -2, .flags = kManaging, .handler = Reset, .since = "2.8.13",
     .summary = "Forgets events.", .tips = kOnAllNodes},
};

constexpr CommandSpec kCommands[] = {
    {.name = "LATENCY", .arity = -2, .subcommands = kSubcommands, .group = "server",
     .since = "2.8.13", .complexity = "Depends on subcommand.",
     .summary = "A container for latency diagnostics."},
};

}  // namespace

std::span<const CommandSpec> LatencyCommands() { return kCommands; }

}  // namespace ringtail::commands
