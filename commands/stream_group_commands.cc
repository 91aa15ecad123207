// Streams: consumer groups.
#include <algorithm>
#include <array>
#include <utility>

#include "base/parse_number.h"
#include "commands/stream_handlers.h"
#include "commands/stream_reply.h"

namespace ringtail::commands {
namespace streams {

using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamPending;

// ---- What groups log

void GroupLog::Claimed(const StreamPending& pending, const StreamGroup& group) {
  if (!ctx_.wants_effects()) return;
  const std::string id = IdText(pending.id);
  const std::string time_ms = std::to_string(pending.delivered_ms);
  const std::string count = std::to_string(pending.delivery_count);
  const std::string last_id = IdText(group.last_id());
  ctx_.Effect({"XCLAIM", key_, group_, pending.consumer->name, "0", id, "TIME", time_ms,
               "RETRYCOUNT", count, "FORCE", "JUSTID", "LASTID", last_id});
}

void GroupLog::Moved(const StreamGroup& group) {
  if (!ctx_.wants_effects()) return;
  const std::string last_id = IdText(group.last_id());
  const std::string entries_read = std::to_string(group.entries_read());
  ctx_.Effect({"XGROUP", "SETID", key_, group_, last_id, "ENTRIESREAD", entries_read});
}

void GroupLog::ConsumerAdded(std::string_view consumer) {
  ctx_.Effect({"XGROUP", "CREATECONSUMER", key_, group_, consumer});
}

StreamConsumer& SeeConsumer(CommandContext& ctx, StreamGroup& group, std::string_view name,
                            GroupLog& log) {
  if (StreamConsumer* consumer = group.FindConsumer(name)) {
    consumer->seen_ms = ctx.now_ms();
    return *consumer;
  }
  ctx.MarkChanged();
  log.ConsumerAdded(name);
  ctx.Notify(kNotifyStream, "xgroup-createconsumer", log.key());
  return group.AddConsumer(name, ctx.now_ms());
}

}  // namespace streams

namespace {

using namespace streams;  // the family's own parts
using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamPending;

// ---- XGROUP

// What XGROUP's subcommands need: the stream and mostly a group of it.
struct GroupTarget {
  KeyRef key;
  StreamGroup* group = nullptr;
};
enum class GroupNeed : uint8_t { kKey, kGroup };

// Finds args[2] and args[3]; nothing after having answered that one is missing.
std::optional<GroupTarget> FindTarget(CommandContext& ctx, Args args, GroupNeed need) {
  GroupTarget target{.key = ctx.Write(args[2])};
  if (!ctx.IsType(target.key, ValueType::kStream)) return std::nullopt;
  if (!target.key) {
    ctx.reply().Error(errors::kStreamGroupNeedsKey);
    return std::nullopt;
  }
  target.group = StreamOf(target.key).FindGroup(args[3]);
  if (target.group == nullptr && need == GroupNeed::kGroup) {
    ctx.reply().Error(errors::NoGroupOfKey(args[2], args[3]));
    return std::nullopt;
  }
  return target;
}

struct GroupOptions {
  bool makes_stream = false;
  int64_t entries_read = StreamGroup::kUnknown;
};
enum class GroupSubcommand : uint8_t { kCreate, kSetId };

// From args[5] on; false after having answered what is wrong.
bool ParseGroupOptions(CommandContext& ctx, Args args, GroupSubcommand subcommand,
                       GroupOptions& options) {
  for (size_t at = 5; at < args.size(); ++at) {
    if (subcommand == GroupSubcommand::kCreate && EqualsIgnoreCase(args[at], "MKSTREAM")) {
      options.makes_stream = true;
    } else if (EqualsIgnoreCase(args[at], "ENTRIESREAD") && at + 1 < args.size()) {
      const auto count = ctx.IntArg(args[++at]);
      if (!count) return false;
      if (*count < 0 && *count != StreamGroup::kUnknown) {
        ctx.reply().Error(errors::kStreamEntriesRead);
        return false;
      }
      options.entries_read = *count;
    } else {
      ctx.reply().Error(errors::UnknownForm("XGROUP", args[1]));
      return false;
    }
  }
  return true;
}

// XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD count]
void XGroupCreate(CommandContext& ctx, Args args) {
  GroupOptions options;
  if (!ParseGroupOptions(ctx, args, GroupSubcommand::kCreate, options)) return;
  KeyRef key = ctx.Write(args[2]);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  if (!key && !options.makes_stream) return ctx.reply().Error(errors::kStreamGroupNeedsKey);
  if (args.size() > 8) return ctx.reply().Error(errors::UnknownForm("XGROUP", args[1]));
  StreamId id;
  if (AsCString(args[4]) == "$") {
    if (key) id = StreamOf(key).last_id();
  } else {
    const auto given = IdArg(ctx, args[4]);
    if (!given) return;
    id = *given;
  }
  if (!key) ctx.Create(key, ValueType::kStream, std::make_unique<Stream>());
  if (StreamOf(key).AddGroup(args[3], id, options.entries_read) == nullptr) {
    return ctx.reply().Error(errors::kStreamGroupExists);
  }
  ctx.MarkChanged();
  ctx.Notify(kNotifyStream, "xgroup-create", args[2]);
  ctx.reply().Ok();
}

// XGROUP SETID key group <id | $> [ENTRIESREAD count]
void XGroupSetId(CommandContext& ctx, Args args) {
  GroupOptions options;
  if (!ParseGroupOptions(ctx, args, GroupSubcommand::kSetId, options)) return;
  const auto target = FindTarget(ctx, args, GroupNeed::kGroup);
  if (!target) return;
  if (args.size() != 5 && args.size() != 7) {
    return ctx.reply().Error(errors::UnknownForm("XGROUP", args[1]));
  }
  StreamId id;
  const std::string_view text = AsCString(args[4]);
  if (text == "$") {
    id = StreamOf(target->key).last_id();
  } else if (text == "+") {
    id = StreamId::Max();
  } else if (text != "-") {
    const auto given = IdArg(ctx, args[4]);
    if (!given) return;
    id = *given;
  }
  target->group->SetPosition(id, options.entries_read);
  ctx.MarkChanged();
  ctx.Notify(kNotifyStream, "xgroup-setid", args[2]);
  ctx.reply().Ok();
}

void XGroupDestroy(CommandContext& ctx, Args args) {
  const auto target = FindTarget(ctx, args, GroupNeed::kKey);
  if (!target) return;
  const bool was_there = StreamOf(target->key).RemoveGroup(args[3]);
  // Wakes those who wait to read for this group: they are told that there is none.
  if (was_there) {
    ctx.Changed(target->key);
    ctx.Notify(kNotifyStream, "xgroup-destroy", args[2]);
  }
  ctx.reply().Integer(was_there ? 1 : 0);
}

void XGroupCreateConsumer(CommandContext& ctx, Args args) {
  const auto target = FindTarget(ctx, args, GroupNeed::kGroup);
  if (!target) return;
  const bool is_new = target->group->FindConsumer(args[4]) == nullptr;
  if (is_new) {
    target->group->AddConsumer(args[4], ctx.now_ms());
    ctx.MarkChanged();
    ctx.Notify(kNotifyStream, "xgroup-createconsumer", args[2]);
  }
  ctx.reply().Integer(is_new ? 1 : 0);
}

void XGroupDelConsumer(CommandContext& ctx, Args args) {
  const auto target = FindTarget(ctx, args, GroupNeed::kGroup);
  if (!target) return;
  StreamConsumer* consumer = target->group->FindConsumer(args[4]);
  if (consumer == nullptr) return ctx.reply().Integer(0);
  const size_t pending = target->group->RemoveConsumer(*consumer);
  ctx.MarkChanged();
  ctx.Notify(kNotifyStream, "xgroup-delconsumer", args[2]);
  ctx.reply().Integer(static_cast<int64_t>(pending));
}

void XGroupHelp(CommandContext& ctx, Args) {
  static constexpr std::array<std::string_view, 16> kLines = {
      "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "CREATE <key> <groupname> <id|$> [option]",
      "    Make a group that reads on from an id. Options are:",
      "    * MKSTREAM",
      "      Make the stream too, if there is none.",
      "    * ENTRIESREAD entries_read",
      "      Say how many entries come up to that id.",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Make a consumer.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Remove a consumer with all that is pending for it.",
      "DESTROY <key> <groupname>",
      "    Remove a group.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "    Let a group read on from another id.",
      "HELP",
  };
  ctx.reply().Array(kLines.size() + 1);
  for (const std::string_view line : kLines) ctx.reply().SimpleString(line);
  ctx.reply().SimpleString("    Print this help.");
}

// ---- Acknowledging

// XACK key group id [id …]
void XAck(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  StreamGroup* group = key ? StreamOf(key).FindGroup(args[2]) : nullptr;
  if (group == nullptr) return ctx.reply().Integer(0);
  const auto ids = IdArgs(ctx, args.subspan(3));
  if (!ids) return;
  int64_t acknowledged = 0;
  for (const StreamId id : *ids) acknowledged += group->Acknowledge(id) ? 1 : 0;
  if (acknowledged != 0) ctx.MarkChanged();
  ctx.reply().Integer(acknowledged);
}

struct IdBlock {
  References references = References::kKeep;
  std::vector<StreamId> ids;
};

// [KEEPREF | DELREF | ACKED] IDS count id [id …] in any order, from args[at] on; nothing after
// having answered what is wrong.
std::optional<IdBlock> ParseIdBlock(CommandContext& ctx, Args args, size_t at) {
  IdBlock block;
  bool has_references = false;
  bool has_ids = false;
  for (; at < args.size(); ++at) {
    if (const auto references = ParseReferences(args[at]); references && !has_references) {
      block.references = *references;
      has_references = true;
    } else if (!has_ids && at + 1 < args.size() && EqualsIgnoreCase(args[at], "IDS")) {
      const auto count = ParseInt64(args[++at]);
      if (!count || *count <= 0) {
        ctx.reply().Error(errors::kStreamIdCountNotPositive);
        return std::nullopt;
      }
      const size_t rest = args.size() - at - 1;
      if (static_cast<uint64_t>(*count) > rest) {
        ctx.reply().Error(errors::kStreamIdCountWrong);
        return std::nullopt;
      }
      auto ids = IdArgs(ctx, args.subspan(at + 1, static_cast<size_t>(*count)));
      if (!ids) return std::nullopt;
      block.ids = std::move(*ids);
      has_ids = true;
      at += block.ids.size();
    } else {
      ctx.SyntaxError();
      return std::nullopt;
    }
  }
  if (!has_ids) {
    ctx.SyntaxError();
    return std::nullopt;
  }
  return block;
}

// Each of these ids for an absent key or group.
void ReplyNoIds(CommandContext& ctx, size_t count) {
  ctx.reply().Array(count);
  for (size_t i = 0; i < count; ++i) ctx.reply().Integer(-1);
}

enum class Removal : uint8_t { kAbsent = 0, kRemoved = 1, kKept = 2 };

// Deletes an entry under a policy for what refers to it.
Removal Remove(Stream& stream, StreamId id, References references) {
  if (!stream.Contains(id)) return Removal::kAbsent;
  if (references == References::kAcknowledged &&
      (stream.groups().empty() || IsReferenced(stream, id))) {
    return Removal::kKept;
  }
  stream.Delete(id);
  return Removal::kRemoved;
}

// XDELEX key [KEEPREF | DELREF | ACKED] IDS count id [id …]
void XDelEx(CommandContext& ctx, Args args) {
  const auto block = ParseIdBlock(ctx, args, 2);
  if (!block) return;
  const KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  if (!key) return ReplyNoIds(ctx, block->ids.size());
  Stream& stream = StreamOf(key);
  ctx.reply().Array(block->ids.size());
  bool is_removed = false;
  for (const StreamId id : block->ids) {
    const Removal removal = Remove(stream, id, block->references);
    // References may dangle, of entries that went before.
    const bool was_referenced =
        block->references == References::kDelete && DropReferences(stream, id);
    if (removal == Removal::kRemoved || was_referenced) ctx.Changed(key);
    is_removed |= removal == Removal::kRemoved;
    ctx.reply().Integer(removal == Removal::kAbsent ? -1 : static_cast<int64_t>(removal));
  }
  if (is_removed) ctx.Notify(kNotifyStream, "xdel", args[1]);
}

// XACKDEL key group [KEEPREF | DELREF | ACKED] IDS count id [id …]
void XAckDel(CommandContext& ctx, Args args) {
  const auto block = ParseIdBlock(ctx, args, 3);
  if (!block) return;
  const KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  StreamGroup* group = key ? StreamOf(key).FindGroup(args[2]) : nullptr;
  if (group == nullptr) return ReplyNoIds(ctx, block->ids.size());
  Stream& stream = StreamOf(key);
  ctx.reply().Array(block->ids.size());
  bool is_removed = false;
  for (const StreamId id : block->ids) {
    const bool was_pending = group->Acknowledge(id);
    bool was_referenced = false;
    Removal removal = Removal::kAbsent;
    if (was_pending) removal = Remove(stream, id, block->references);
    if (block->references == References::kDelete) was_referenced = DropReferences(stream, id);
    if (was_pending || was_referenced) ctx.Changed(key);
    is_removed |= removal == Removal::kRemoved;
    // Acknowledged, and gone already: what was asked for is so.
    const bool is_done = removal != Removal::kKept;
    ctx.reply().Integer(!was_pending ? -1 : is_done ? 1 : 2);
  }
  if (is_removed) ctx.Notify(kNotifyStream, "xdel", args[1]);
}

// ---- XPENDING

struct PendingQuery {
  int64_t idle_min_ms = 0;
  StreamId first;
  StreamId last;
  int64_t count_max = 0;
  std::optional<std::string_view> consumer = std::nullopt;
};

// [IDLE milliseconds] start end count [consumer] from args[3] on; nothing after having answered
// what is wrong.
std::optional<PendingQuery> ParsePendingQuery(CommandContext& ctx, Args args) {
  PendingQuery query;
  size_t at = 3;
  if (EqualsIgnoreCase(args[3], "IDLE")) {
    const auto idle_ms = ctx.IntArg(args[4]);
    if (!idle_ms) return std::nullopt;
    if (args.size() < 8) {
      ctx.SyntaxError();
      return std::nullopt;
    }
    query.idle_min_ms = *idle_ms;
    at += 2;
  }
  const auto count = ctx.IntArg(args[at + 2]);
  if (!count) return std::nullopt;
  query.count_max = std::max<int64_t>(*count, 0);
  const auto first = IntervalStart(ctx, args[at]);
  if (!first) return std::nullopt;
  const auto last = IntervalEnd(ctx, args[at + 1]);
  if (!last) return std::nullopt;
  query.first = *first;
  query.last = *last;
  if (at + 3 < args.size()) query.consumer = args[at + 3];
  return query;
}

void ReplyPendingSummary(CommandContext& ctx, const StreamGroup& group) {
  proto::ReplyWriter& reply = ctx.reply();
  reply.Array(4);
  reply.Integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().is_empty()) {
    reply.Null();
    reply.Null();
    return reply.NullArray();
  }
  ReplyId(reply, group.pending().begin()->id);
  ReplyId(reply, group.pending().back().id);
  const auto begin = reply.BeginArray();
  size_t count = 0;
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer.pending.is_empty()) continue;
    reply.Array(2);
    reply.Bulk(name);
    reply.BulkInt(static_cast<int64_t>(consumer.pending.size()));
    ++count;
  }
  reply.EndArray(begin, count);
}

void ReplyPendingEntry(CommandContext& ctx, const StreamPending& pending) {
  proto::ReplyWriter& reply = ctx.reply();
  reply.Array(4);
  ReplyId(reply, pending.id);
  reply.Bulk(pending.consumer->name);
  reply.Integer(std::max<int64_t>(ctx.now_ms() - pending.delivered_ms, 0));
  reply.Integer(static_cast<int64_t>(pending.delivery_count));
}

void ReplyPendingEntries(CommandContext& ctx, StreamGroup& group, const PendingQuery& query) {
  StreamConsumer* consumer = nullptr;
  if (query.consumer) {
    consumer = group.FindConsumer(*query.consumer);
    if (consumer == nullptr) return ctx.reply().EmptyArray();
  }
  const auto begin = ctx.reply().BeginArray();
  int64_t count = 0;
  const auto take = [&](const StreamPending& pending) {
    if (query.idle_min_ms != 0 && ctx.now_ms() - pending.delivered_ms < query.idle_min_ms) return;
    ReplyPendingEntry(ctx, pending);
    ++count;
  };
  if (consumer != nullptr) {
    auto at = consumer->pending.LowerBound(query.first);
    for (; count < query.count_max && at != consumer->pending.end() && *at <= query.last; ++at) {
      take(*group.FindPending(*at));
    }
  } else {
    auto at = group.pending().LowerBound(query.first);
    for (; count < query.count_max && at != group.pending().end() && at->id <= query.last; ++at) {
      take(*at);
    }
  }
  ctx.reply().EndArray(begin, static_cast<size_t>(count));
}

// XPENDING key group [[IDLE milliseconds] start end count [consumer]]
void XPending(CommandContext& ctx, Args args) {
  const bool is_summary = args.size() == 3;
  if (!is_summary && (args.size() < 6 || args.size() > 9)) return ctx.SyntaxError();
  std::optional<PendingQuery> query;
  if (!is_summary) {
    query = ParsePendingQuery(ctx, args);
    if (!query) return;
  }
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  StreamGroup* group = key ? StreamOf(key).FindGroup(args[2]) : nullptr;
  if (group == nullptr) return ctx.reply().Error(errors::NoKeyOrGroup(args[1], args[2]));
  query ? ReplyPendingEntries(ctx, *group, *query) : ReplyPendingSummary(ctx, *group);
}

// ---- The table

constexpr std::array<std::string_view, 1> kVaries = {"nondeterministic_output"};

constexpr CommandSpec GroupRow(std::string_view name, int arity, uint32_t flags,
                               unsigned key_flags, Handler handler, std::string_view since,
                               std::string_view complexity, std::string_view summary) {
  return {.name = name, .arity = arity, .flags = flags, .keys = {OneKey(key_flags, 2)},
          .categories = kCatStream, .handler = handler, .group = "stream", .since = since,
          .complexity = complexity, .summary = summary};
}

constexpr CommandSpec HelpRow(Handler handler) {
  return {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .categories = kCatStream,
          .handler = handler, .group = "stream", .since = "5.0.0", .complexity = "O(1)",
          .summary = "Lists the subcommands."};
}

constexpr CommandSpec kGroupSubcommands[] = {
    GroupRow("CREATE", -5, kWrite | kDenyOom, kKeyRw | kKeyInsert, XGroupCreate, "5.0.0", "O(1)",
             "Makes a group of consumers."),
    GroupRow("CREATECONSUMER", 5, kWrite | kDenyOom, kKeyRw | kKeyInsert, XGroupCreateConsumer,
             "6.2.0", "O(1)", "Makes a consumer of a group."),
    GroupRow("DELCONSUMER", 5, kWrite, kKeyRw | kKeyDelete, XGroupDelConsumer, "5.0.0",
             "O(N) with N the consumer's pending entries", "Removes a consumer from a group."),
    GroupRow("DESTROY", 4, kWrite, kKeyRw | kKeyDelete, XGroupDestroy, "5.0.0",
             "O(N) with N the group's pending entries", "Removes a group."),
    HelpRow(XGroupHelp),
    GroupRow("SETID", -5, kWrite, kKeyRw | kKeyUpdate, XGroupSetId, "5.0.0", "O(1)",
             "Sets the id from which on a group reads."),
};

constexpr CommandSpec WithTips(CommandSpec row, std::span<const std::string_view> tips) {
  row.tips = tips;
  return row;
}

constexpr CommandSpec kInfoSubcommands[] = {
    WithTips(GroupRow("CONSUMERS", 4, kRead, kKeyRo | kKeyAccess, XInfoConsumers, "5.0.0",
                      "O(N) with N the group's consumers", "Describes a group's consumers."),
             kVaries),
    GroupRow("GROUPS", 3, kRead, kKeyRo | kKeyAccess, XInfoGroups, "5.0.0",
             "O(N) with N the stream's groups", "Describes a stream's groups."),
    HelpRow(XInfoHelp),
    GroupRow("STREAM", -3, kRead, kKeyRo | kKeyAccess, XInfoStream, "5.0.0",
             "O(1), with FULL O(N) with N what is shown", "Describes a stream."),
};

constexpr CommandSpec kCommands[] = {
    {.name = "XACK", .arity = -4, .flags = kWrite | kFast, .keys = {OneKey(kKeyRw | kKeyUpdate)},
     .categories = kCatStream, .handler = XAck, .group = "stream", .since = "5.0.0",
     .complexity = "O(1) for each id",
     .summary = "Takes entries off a group's list of what is pending."},
    {.name = "XACKDEL", .arity = -6, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate | kKeyDelete)}, .categories = kCatStream,
     .handler = XAckDel, .group = "stream", .since = "8.2.0", .complexity = "O(1) for each id",
     .summary = "Acknowledges entries and removes them from the stream."},
    {.name = "XAUTOCLAIM", .arity = -6, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyDelete)}, .categories = kCatStream, .handler = XAutoClaim,
     .group = "stream", .since = "6.2.0", .complexity = "O(1) if COUNT is small",
     .summary = "Hands what has been pending for long to another consumer.", .tips = kVaries},
    {.name = "XCLAIM", .arity = -6, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatStream, .handler = XClaim,
     .group = "stream", .since = "5.0.0", .complexity = "O(log N) with N the pending entries",
     .summary = "Hands pending entries to another consumer.", .tips = kVaries},
    {.name = "XDELEX", .arity = -5, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyDelete)}, .categories = kCatStream, .handler = XDelEx,
     .group = "stream", .since = "8.2.0", .complexity = "O(1) for each entry",
     .summary = "Removes entries, with a say in what becomes of references to them."},
    {.name = "XGROUP", .arity = -2, .subcommands = kGroupSubcommands, .group = "stream",
     .since = "5.0.0", .complexity = "Depends on the subcommand.",
     .summary = "Manages the groups that read a stream."},
    {.name = "XINFO", .arity = -2, .subcommands = kInfoSubcommands, .group = "stream",
     .since = "5.0.0", .complexity = "Depends on the subcommand.",
     .summary = "Describes streams, their groups and consumers."},
    {.name = "XPENDING", .arity = -3, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatStream, .handler = XPending, .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the entries answered",
     .summary = "Tells what was delivered to a group and not acknowledged.", .tips = kVaries},
};

}  // namespace

std::span<const CommandSpec> StreamGroupCommands() { return kCommands; }

}  // namespace ringtail::commands
