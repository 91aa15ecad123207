// XINFO: what there is to know of streams, groups and consumers.
#include <algorithm>
#include <array>

#include "base/parse_number.h"
#include "commands/stream_handlers.h"
#include "commands/stream_reply.h"

namespace ringtail::commands::streams {
namespace {

using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamPending;

// The stream, or nothing after having answered that there is none.
KeyRef FindStream(CommandContext& ctx, std::string_view name) {
  KeyRef key = ctx.Read(name);
  if (!key) {
    ctx.reply().Error(errors::kNoSuchKey);
    return key;
  }
  return ctx.IsType(key, ValueType::kStream) ? key : KeyRef();
}

void Field(CommandContext& ctx, std::string_view name, int64_t value) {
  ctx.reply().Bulk(name);
  ctx.reply().Integer(value);
}

void Field(CommandContext& ctx, std::string_view name, size_t value) {
  Field(ctx, name, static_cast<int64_t>(value));
}

void Field(CommandContext& ctx, std::string_view name, StreamId id) {
  ctx.reply().Bulk(name);
  ReplyId(ctx.reply(), id);
}

void Field(CommandContext& ctx, std::string_view name, std::string_view value) {
  ctx.reply().Bulk(name);
  ctx.reply().Bulk(value);
}

// A number that may be unknown.
void Field(CommandContext& ctx, std::string_view name, std::optional<int64_t> value) {
  if (value) return Field(ctx, name, *value);
  ctx.reply().Bulk(name);
  ctx.reply().Null();
}

std::optional<int64_t> EntriesReadOf(const StreamGroup& group) {
  if (group.entries_read() == StreamGroup::kUnknown) return std::nullopt;
  return group.entries_read();
}

void FirstEntryField(CommandContext& ctx, std::string_view name, const Stream& stream,
                     StreamRange::Direction direction) {
  ctx.reply().Bulk(name);
  StreamRange range(stream, {}, StreamId::Max(), direction);
  StreamEntry entry;
  range.Next(entry) ? ReplyEntry(ctx.reply(), entry) : ctx.reply().Null();
}

// ---- The long form

void ReplyGroupPending(CommandContext& ctx, const StreamGroup& group, size_t count) {
  ctx.reply().Array(count);
  auto at = group.pending().begin();
  for (size_t i = 0; i < count; ++i, ++at) {
    ctx.reply().Array(4);
    ReplyId(ctx.reply(), at->id);
    ctx.reply().Bulk(at->consumer->name);
    ctx.reply().Integer(at->delivered_ms);
    ctx.reply().Integer(static_cast<int64_t>(at->delivery_count));
  }
}

void ReplyConsumerPending(CommandContext& ctx, StreamGroup& group, const StreamConsumer& consumer,
                          size_t count) {
  ctx.reply().Array(count);
  auto at = consumer.pending.begin();
  for (size_t i = 0; i < count; ++i, ++at) {
    const StreamPending& pending = *group.FindPending(*at);
    ctx.reply().Array(3);
    ReplyId(ctx.reply(), pending.id);
    ctx.reply().Integer(pending.delivered_ms);
    ctx.reply().Integer(static_cast<int64_t>(pending.delivery_count));
  }
}

// A count of 0 means all.
size_t Shown(size_t size, uint64_t count_max) {
  return count_max == 0 ? size : static_cast<size_t>(std::min<uint64_t>(size, count_max));
}

void ReplyWholeGroup(CommandContext& ctx, const Stream& stream, std::string_view name,
                     StreamGroup& group, uint64_t count_max) {
  ctx.reply().Map(7);
  Field(ctx, "name", name);
  Field(ctx, "last-delivered-id", group.last_id());
  Field(ctx, "entries-read", EntriesReadOf(group));
  Field(ctx, "lag", stream.LagOf(group));
  Field(ctx, "pel-count", group.pending().size());
  ctx.reply().Bulk("pending");
  ReplyGroupPending(ctx, group, Shown(group.pending().size(), count_max));
  ctx.reply().Bulk("consumers");
  ctx.reply().Array(group.consumers().size());
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    ctx.reply().Map(5);
    Field(ctx, "name", std::string_view(consumer_name));
    Field(ctx, "seen-time", consumer.seen_ms);
    Field(ctx, "active-time", consumer.active_ms);
    Field(ctx, "pel-count", consumer.pending.size());
    ctx.reply().Bulk("pending");
    ReplyConsumerPending(ctx, group, consumer, Shown(consumer.pending.size(), count_max));
  }
}

// [FULL [COUNT count]] from args[3] on: the count, nothing if it is not to be in full. False after
// having answered what is wrong.
bool ParseFull(CommandContext& ctx, Args args, std::optional<uint64_t>& count_max) {
  constexpr uint64_t kDefaultCount = 10;
  const bool is_full = args.size() == 4 || args.size() == 6;
  if (args.size() == 3) return true;
  if (!is_full || !EqualsIgnoreCase(args[3], "FULL") ||
      (args.size() == 6 && !EqualsIgnoreCase(args[4], "COUNT"))) {
    ctx.reply().Error(errors::UnknownForm("XINFO", args[1]));
    return false;
  }
  count_max = kDefaultCount;
  if (args.size() == 4) return true;
  const auto count = ctx.IntArg(args[5]);
  if (!count) return false;
  if (*count >= 0) count_max = static_cast<uint64_t>(*count);
  return true;
}

}  // namespace

// XINFO STREAM key [FULL [COUNT count]]
void XInfoStream(CommandContext& ctx, Args args) {
  const KeyRef key = FindStream(ctx, args[2]);
  if (!key) return;
  std::optional<uint64_t> count_max;
  if (!ParseFull(ctx, args, count_max)) return;
  Stream& stream = StreamOf(key);
  ctx.reply().Map(count_max ? 9 : 10);
  Field(ctx, "length", stream.length());
  Field(ctx, "radix-tree-keys", stream.block_count());
  // Redis's index has inner nodes, ours has not.
  Field(ctx, "radix-tree-nodes", stream.block_count() + 1);
  Field(ctx, "last-generated-id", stream.last_id());
  Field(ctx, "max-deleted-entry-id", stream.max_deleted_id());
  Field(ctx, "entries-added", stream.entries_added());
  Field(ctx, "recorded-first-entry-id", stream.first_id());
  if (!count_max) {
    Field(ctx, "groups", stream.groups().size());
    FirstEntryField(ctx, "first-entry", stream, StreamRange::Direction::kForward);
    return FirstEntryField(ctx, "last-entry", stream, StreamRange::Direction::kBackward);
  }
  ctx.reply().Bulk("entries");
  ReplyRange(ctx.reply(), StreamRange(stream, {}, StreamId::Max()), *count_max);
  ctx.reply().Bulk("groups");
  ctx.reply().Array(stream.groups().size());
  for (auto& [name, group] : stream.groups()) {
    ReplyWholeGroup(ctx, stream, name, group, *count_max);
  }
}

void XInfoGroups(CommandContext& ctx, Args args) {
  const KeyRef key = FindStream(ctx, args[2]);
  if (!key) return;
  const Stream& stream = StreamOf(key);
  ctx.reply().Array(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) {
    ctx.reply().Map(6);
    Field(ctx, "name", std::string_view(name));
    Field(ctx, "consumers", group.consumers().size());
    Field(ctx, "pending", group.pending().size());
    Field(ctx, "last-delivered-id", group.last_id());
    Field(ctx, "entries-read", EntriesReadOf(group));
    Field(ctx, "lag", stream.LagOf(group));
  }
}

void XInfoConsumers(CommandContext& ctx, Args args) {
  const KeyRef key = FindStream(ctx, args[2]);
  if (!key) return;
  const StreamGroup* group = StreamOf(key).FindGroup(args[3]);
  if (group == nullptr) return ctx.reply().Error(errors::NoGroupOfKey(args[2], args[3]));
  const int64_t now_ms = ctx.now_ms();
  ctx.reply().Array(group->consumers().size());
  for (const auto& [name, consumer] : group->consumers()) {
    const bool was_active = consumer.active_ms != -1;
    ctx.reply().Map(4);
    Field(ctx, "name", std::string_view(name));
    Field(ctx, "pending", consumer.pending.size());
    Field(ctx, "idle", std::max<int64_t>(now_ms - consumer.seen_ms, 0));
    Field(ctx, "inactive", was_active ? std::max<int64_t>(now_ms - consumer.active_ms, 0) : -1);
  }
}

void XInfoHelp(CommandContext& ctx, Args) {
  static constexpr std::array<std::string_view, 9> kLines = {
      "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CONSUMERS <key> <groupname>",
      "    Describe the consumers of a group.",
      "GROUPS <key>",
      "    Describe the groups of a stream.",
      "STREAM <key> [FULL [COUNT <count>]]",
      "    Describe a stream.",
      "HELP",
      "    Print this help.",
  };
  ctx.reply().Array(kLines.size());
  for (const std::string_view line : kLines) ctx.reply().SimpleString(line);
}

}  // namespace ringtail::commands::streams
