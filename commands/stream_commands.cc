// Streams: entries.
#include <algorithm>
#include <array>

#include "base/parse_number.h"
#include "commands/stream_arguments.h"
#include "commands/stream_reply.h"

namespace ringtail::commands {
namespace {

using namespace streams;  // the family's own parts

storage::StreamLimits LimitsOf(CommandContext& ctx) {
  const EncodingLimits& limits = ctx.services().limits.encodings;
  return {.block_bytes_max = limits.stream_node_bytes_max,
          .block_entries_max = limits.stream_node_entries_max};
}

// ---- Adding

// The id of the next entry; nothing if it would not be greater than the last.
std::optional<StreamId> NextId(CommandContext& ctx, const Stream& stream,
                               const TrimOptions& options) {
  StreamId id = options.id;
  const StreamId last_id = stream.last_id();
  switch (options.id_form) {
    case TrimOptions::IdForm::kAuto:
      id = {static_cast<uint64_t>(ctx.now_ms()), 0};
      // The clock may stand still or go back; ids do not.
      if (id.ms <= last_id.ms) {
        id = last_id;
        id.Increment();
      }
      break;
    case TrimOptions::IdForm::kAutoSeq:
      if (last_id.ms != id.ms) break;
      id = last_id;
      if (!id.Increment() || id.ms != last_id.ms) return std::nullopt;
      break;
    case TrimOptions::IdForm::kWhole:
      break;
  }
  if (id <= last_id) return std::nullopt;
  return id;
}

void LogAdded(CommandContext& ctx, const Stream& stream, Args args, const TrimOptions& options,
              StreamId id) {
  const bool is_verbatim =
      options.id_form == TrimOptions::IdForm::kWhole && !options.trim.is_approximate;
  if (is_verbatim || !ctx.wants_effects()) return;
  std::vector<std::string> words = {"XADD", std::string(args[1])};
  AppendTrimEffect(stream, options, words);
  words.push_back(IdText(id));
  const Args pairs = args.subspan(options.next_arg + 1);
  words.insert(words.end(), pairs.begin(), pairs.end());
  LogEffect(ctx, words);
}

// XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED]
// [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value …]
void XAdd(CommandContext& ctx, Args args) {
  TrimOptions options;
  if (!ParseTrimOptions(ctx, args, TrimCommand::kXAdd, options)) return;
  const Args pairs = args.subspan(std::min(options.next_arg + 1, args.size()));
  if (pairs.size() < 2 || pairs.size() % 2 == 1) {
    return ctx.reply().Error(errors::WrongArity(ctx.command().full_name));
  }
  if (options.id_form == TrimOptions::IdForm::kWhole && options.id.is_zero()) {
    return ctx.reply().Error(errors::kStreamIdZero);
  }
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  if (!key && options.is_key_required) return ctx.reply().Null();
  size_t text_bytes = 0;
  for (const std::string_view text : pairs) text_bytes += text.size();
  if (text_bytes > Stream::kEntryBytesMax) return ctx.reply().Error(errors::kStreamEntryTooLarge);
  if (!key) ctx.Create(key, ValueType::kStream, std::make_unique<Stream>());
  Stream& stream = StreamOf(key);
  if (stream.last_id() == StreamId::Max()) return ctx.reply().Error(errors::kStreamIdsExhausted);
  const auto id = NextId(ctx, stream, options);
  if (!id) return ctx.reply().Error(errors::kStreamIdTooSmall);
  stream.Append(*id, pairs, LimitsOf(ctx));
  const bool is_trimmed =
      options.trim.kind != StreamTrim::Kind::kNone && Trim(stream, options) != 0;
  ctx.Changed(key);
  ctx.Notify(kNotifyStream, "xadd", args[1]);
  if (is_trimmed) ctx.Notify(kNotifyStream, "xtrim", args[1]);
  LogAdded(ctx, stream, args, options, *id);
  ReplyId(ctx.reply(), *id);
}

// ---- Reading

void XLen(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  ctx.reply().Integer(key ? static_cast<int64_t>(StreamOf(key).length()) : 0);
}

void Range(CommandContext& ctx, Args args, StreamRange::Direction direction) {
  const bool is_forward = direction == StreamRange::Direction::kForward;
  const auto first = IntervalStart(ctx, args[is_forward ? 2 : 3]);
  if (!first) return;
  const auto last = IntervalEnd(ctx, args[is_forward ? 3 : 2]);
  if (!last) return;
  int64_t count = -1;
  for (size_t at = 4; at < args.size(); at += 2) {
    if (!EqualsIgnoreCase(args[at], "COUNT") || at + 1 == args.size()) return ctx.SyntaxError();
    const auto given = ctx.IntArg(args[at + 1]);
    if (!given) return;
    count = std::max<int64_t>(*given, 0);
  }
  const KeyRef key = ctx.Read(args[1]);
  if (!key) return ctx.reply().EmptyArray();
  if (!ctx.IsType(key, ValueType::kStream)) return;
  if (count == 0) return ctx.reply().NullArray();
  ReplyRange(ctx.reply(), StreamRange(StreamOf(key), *first, *last, direction),
             static_cast<uint64_t>(std::max<int64_t>(count, 0)));
}

void XRange(CommandContext& ctx, Args args) {
  Range(ctx, args, StreamRange::Direction::kForward);
}

void XRevRange(CommandContext& ctx, Args args) {
  Range(ctx, args, StreamRange::Direction::kBackward);
}

// ---- Removing

void XDel(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().Integer(0);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  const auto ids = IdArgs(ctx, args.subspan(2));
  if (!ids) return;
  int64_t deleted = 0;
  for (const StreamId id : *ids) deleted += StreamOf(key).Delete(id) ? 1 : 0;
  if (deleted != 0) {
    ctx.Changed(key);
    ctx.Notify(kNotifyStream, "xdel", args[1]);
  }
  ctx.reply().Integer(deleted);
}

// XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]
void XTrim(CommandContext& ctx, Args args) {
  TrimOptions options;
  if (!ParseTrimOptions(ctx, args, TrimCommand::kXTrim, options)) return;
  const KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().Integer(0);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  Stream& stream = StreamOf(key);
  const int64_t deleted = Trim(stream, options);
  if (deleted != 0) {
    ctx.Changed(key);
    ctx.Notify(kNotifyStream, "xtrim", args[1]);
    if (options.trim.is_approximate && ctx.wants_effects()) {
      std::vector<std::string> words = {"XTRIM", std::string(args[1])};
      AppendTrimEffect(stream, options, words);
      LogEffect(ctx, words);
    }
  }
  ctx.reply().Integer(deleted);
}

// XSETID key last-id [ENTRIESADDED count] [MAXDELETEDID id]
void XSetId(CommandContext& ctx, Args args) {
  const auto id = IdArg(ctx, args[2]);
  if (!id) return;
  int64_t entries_added = -1;
  StreamId max_deleted_id;
  for (size_t at = 3; at < args.size(); at += 2) {
    const bool has_more = at + 1 < args.size();
    if (has_more && EqualsIgnoreCase(args[at], "ENTRIESADDED")) {
      const auto count = ctx.IntArg(args[at + 1]);
      if (!count) return;
      if (*count < 0) return ctx.reply().Error(errors::kStreamEntriesAdded);
      entries_added = *count;
    } else if (has_more && EqualsIgnoreCase(args[at], "MAXDELETEDID")) {
      const auto given = IdArg(ctx, args[at + 1]);
      if (!given) return;
      if (*id < *given) return ctx.reply().Error(errors::kStreamSetIdBelowGiven);
      max_deleted_id = *given;
    } else {
      return ctx.SyntaxError();
    }
  }
  const KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().Error(errors::kNoSuchKey);
  if (!ctx.IsType(key, ValueType::kStream)) return;
  Stream& stream = StreamOf(key);
  if (stream.length() != 0) {
    if (*id < stream.last_live_id()) return ctx.reply().Error(errors::kStreamSetIdBelowTop);
    if (entries_added != -1 && static_cast<int64_t>(stream.length()) > entries_added) {
      return ctx.reply().Error(errors::kStreamEntriesAddedBelowLength);
    }
  }
  stream.SetLastId(*id);
  if (entries_added != -1) stream.SetEntriesAdded(entries_added);
  if (!max_deleted_id.is_zero()) stream.SetMaxDeletedId(max_deleted_id);
  ctx.MarkChanged();
  ctx.Notify(kNotifyStream, "xsetid", args[1]);
  ctx.reply().Ok();
}

// ---- The table

constexpr unsigned kRwUpdate = kKeyRw | kKeyUpdate;
constexpr unsigned kRoAccess = kKeyRo | kKeyAccess;
constexpr std::array<std::string_view, 1> kVaries = {"nondeterministic_output"};

constexpr KeySpec AddedKey() {
  KeySpec key = OneKey(kRwUpdate);
  key.notes = "UPDATE instead of INSERT because of the optional trimming feature";
  return key;
}

constexpr CommandSpec kCommands[] = {
    {.name = "XADD", .arity = -5, .flags = kWrite | kDenyOom | kFast, .keys = {AddedKey()},
     .categories = kCatStream, .handler = XAdd, .group = "stream", .since = "5.0.0",
     .complexity = "O(1), and O(N) with N the entries that trimming removes",
     .summary = "Adds an entry to a stream.", .tips = kVaries},
    {.name = "XDEL", .arity = -3, .flags = kWrite | kFast, .keys = {OneKey(kKeyRw | kKeyDelete)},
     .categories = kCatStream, .handler = XDel, .group = "stream", .since = "5.0.0",
     .complexity = "O(1) for each entry", .summary = "Removes entries from a stream."},
    {.name = "XLEN", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatStream, .handler = XLen, .group = "stream", .since = "5.0.0",
     .complexity = "O(1)", .summary = "Counts a stream's entries."},
    {.name = "XRANGE", .arity = -4, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatStream, .handler = XRange, .group = "stream", .since = "5.0.0",
     .complexity = "O(log(S)+N) with S the stream's entries and N those answered",
     .summary = "Returns the entries between two ids."},
    {.name = "XREVRANGE", .arity = -4, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatStream, .handler = XRevRange, .group = "stream", .since = "5.0.0",
     .complexity = "O(log(S)+N) with S the stream's entries and N those answered",
     .summary = "Returns the entries between two ids, the last one first."},
    {.name = "XSETID", .arity = -3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kRwUpdate)}, .categories = kCatStream, .handler = XSetId,
     .group = "stream", .since = "5.0.0", .complexity = "O(1)",
     .summary = "Sets a stream's last id; for replication."},
    {.name = "XTRIM", .arity = -4, .flags = kWrite, .keys = {OneKey(kKeyRw | kKeyDelete)},
     .categories = kCatStream, .handler = XTrim, .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the entries removed, whole blocks of them at once",
     .summary = "Removes entries from the front of a stream.", .tips = kVaries},
};

}  // namespace

std::span<const CommandSpec> StreamCommands() { return kCommands; }

}  // namespace ringtail::commands
