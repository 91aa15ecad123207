// What is behind a key: OBJECT and its subcommands. None of them counts as a use of the key.
#include <array>
#include <limits>

#include "commands/context.h"
#include "storage/eviction_access.h"

namespace ringtail::commands {
namespace {

using storage::Encoding;

// The key, or nothing after having answered that it is absent.
KeyRef PeekOrNull(CommandContext& ctx, std::string_view name) {
  const KeyRef key = ctx.Peek(name, CommandContext::MissEvent::kNone);
  if (!key) ctx.reply().Null();
  return key;
}

void ObjectEncoding(CommandContext& ctx, Args args) {
  const KeyRef key = PeekOrNull(ctx, args[2]);
  if (key) ctx.reply().Bulk(storage::EncodingName(*key.entry()));
}

// Redis shares the integers below 10000 for ever, unless the policy needs an access clock for each
// value. Here no value is shared, but programs have come to know the answer.
bool IsSharedInRedis(CommandContext& ctx, const Entry& entry) {
  constexpr int64_t kSharedIntegers = 10000;
  if (entry.type() != ValueType::kString || entry.encoding() != Encoding::kInt) return false;
  if (entry.int_value() < 0 || entry.int_value() >= kSharedIntegers) return false;
  if (ctx.engine().memory_bytes_max() == 0) return true;
  switch (ctx.engine().eviction().traits().rank) {
    case storage::EvictionRank::kIdle:
    case storage::EvictionRank::kFrequency:
    case storage::EvictionRank::kAdaptive:
      return false;
    default:
      return true;
  }
}

void ObjectRefcount(CommandContext& ctx, Args args) {
  const KeyRef key = PeekOrNull(ctx, args[2]);
  if (!key) return;
  ctx.reply().Integer(IsSharedInRedis(ctx, *key.entry()) ? std::numeric_limits<int32_t>::max()
                                                         : 1);
}

void ObjectIdleTime(CommandContext& ctx, Args args) {
  const KeyRef key = PeekOrNull(ctx, args[2]);
  if (!key) return;
  const auto seconds = storage::IdleSeconds(key.entry()->access(), ctx.worker().evictor.clock());
  if (seconds) return ctx.reply().Integer(static_cast<int64_t>(*seconds));
  const bool is_lfu = ctx.engine().eviction().traits().access == storage::AccessKind::kLfu;
  ctx.reply().Error(is_lfu ? errors::kNoIdleTimeUnderLfu : errors::kNoIdleTimeUnderAdaptive);
}

void ObjectFrequency(CommandContext& ctx, Args args) {
  const KeyRef key = PeekOrNull(ctx, args[2]);
  if (!key) return;
  const auto frequency =
      storage::AccessFrequency(key.entry()->access(), ctx.worker().evictor.clock());
  if (frequency) return ctx.reply().Integer(*frequency);
  ctx.reply().Error(errors::kNoFrequency);
}

void ObjectHelp(CommandContext& ctx, Args) {
  static constexpr std::array<std::string_view, 11> kLines = {
      "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "ENCODING <key>",
      "    Name the way in which the key's value is kept.",
      "FREQ <key>",
      "    Tell how often the key was used, on a logarithmic scale (LFU policies).",
      "IDLETIME <key>",
      "    Tell for how many seconds the key was not used.",
      "REFCOUNT <key>",
      "    Count the references to the key's value.",
      "HELP",
      "    Print this help.",
  };
  ctx.reply().Array(kLines.size());
  for (const std::string_view line : kLines) ctx.reply().SimpleString(line);
}

constexpr std::array<std::string_view, 1> kVaries = {"nondeterministic_output"};

constexpr CommandSpec KeyRow(std::string_view name, Handler handler, std::string_view since,
                             std::string_view summary) {
  return {.name = name, .arity = 3, .flags = kRead, .keys = {OneKey(kKeyRo, 2)},
          .categories = kCatKeyspace, .handler = handler, .group = "generic", .since = since,
          .complexity = "O(1)", .summary = summary, .tips = kVaries};
}

constexpr CommandSpec kObjectSubcommands[] = {
    KeyRow("ENCODING", ObjectEncoding, "2.2.3", "Names the way in which a key's value is kept."),
    KeyRow("FREQ", ObjectFrequency, "4.0.0", "Tells how often a key was used, as a logarithm."),
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .categories = kCatKeyspace,
     .handler = ObjectHelp, .group = "generic", .since = "6.2.0", .complexity = "O(1)",
     .summary = "Lists the subcommands."},
    KeyRow("IDLETIME", ObjectIdleTime, "2.2.3", "Tells how long a key was not used."),
    KeyRow("REFCOUNT", ObjectRefcount, "2.2.3", "Counts the references to a key's value."),
};

constexpr CommandSpec kCommands[] = {
    {.name = "OBJECT", .arity = -2, .subcommands = kObjectSubcommands, .group = "generic",
     .since = "2.2.3", .complexity = "Depends on the subcommand.",
     .summary = "Asks what is behind a key."},
};

}  // namespace

std::span<const CommandSpec> ObjectCommands() { return kCommands; }

}  // namespace ringtail::commands
