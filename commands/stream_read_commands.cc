// Streams: reading, and waiting for entries.
#include <algorithm>
#include <limits>

#include "base/parse_number.h"
#include "commands/stream_handlers.h"
#include "commands/stream_reply.h"

namespace ringtail::commands {
namespace {

using namespace streams;  // the family's own parts
using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamPending;

enum class ReadCommand : uint8_t { kXRead, kXReadGroup };

struct ReadOptions {
  std::optional<int64_t> timeout_ms = std::nullopt;    // without it nobody waits
  uint64_t count_max = 0;                              // 0: all
  bool is_acknowledged = false;                        // NOACK
  std::optional<std::string_view> group = std::nullopt;
  std::string_view consumer = {};
  Args keys = {};
  Args ids = {};
};

// From where on one of the streams is read.
struct Source {
  enum class From : uint8_t { kAfterId, kLastEntry, kNew };

  KeyRef key;
  From from = From::kAfterId;
  StreamId after;
  StreamGroup* group = nullptr;
};

// STREAMS at args[at]: the rest are keys and as many ids.
bool ParseStreams(CommandContext& ctx, Args args, size_t at, ReadOptions& options) {
  const Args rest = args.subspan(at + 1);
  if (rest.size() % 2 != 0) {
    ctx.reply().Error(errors::kStreamUnbalanced);
    return false;
  }
  options.keys = rest.first(rest.size() / 2);
  options.ids = rest.last(rest.size() / 2);
  return true;
}

// False after having answered what is wrong.
bool ParseReadOptions(CommandContext& ctx, Args args, ReadCommand command, ReadOptions& options) {
  const bool is_group = command == ReadCommand::kXReadGroup;
  const auto refuse = [&](std::string_view error) {
    ctx.reply().Error(error);
    return false;
  };
  for (size_t at = 1; at < args.size(); ++at) {
    const std::string_view word = args[at];
    const size_t more = args.size() - at - 1;
    if (more >= 1 && EqualsIgnoreCase(word, "BLOCK")) {
      options.timeout_ms = TimeoutMsArg(ctx, args[++at]);
      if (!options.timeout_ms) return false;
    } else if (more >= 1 && EqualsIgnoreCase(word, "COUNT")) {
      const auto count = ctx.IntArg(args[++at]);
      if (!count) return false;
      options.count_max = static_cast<uint64_t>(std::max<int64_t>(*count, 0));
    } else if (more >= 1 && EqualsIgnoreCase(word, "STREAMS")) {
      if (!ParseStreams(ctx, args, at, options)) return false;
      if (is_group && !options.group) return refuse(errors::kStreamGroupMissing);
      return true;
    } else if (more >= 2 && EqualsIgnoreCase(word, "GROUP")) {
      if (!is_group) return refuse(errors::kStreamGroupInXRead);
      options.group = args[at + 1];
      options.consumer = args[at + 2];
      at += 2;
    } else if (EqualsIgnoreCase(word, "NOACK")) {
      if (!is_group) return refuse(errors::kStreamNoAckInXRead);
      options.is_acknowledged = true;
    } else {
      break;
    }
  }
  return refuse(errors::kSyntax);
}

// The keys are behind STREAMS, which must not be taken for a count, a group or a consumer of that
// name. Of a command that is refused anyway, what looks like keys.
bool FindReadKeys(Args args, KeyPositions& out) {
  out.Clear();
  size_t at = 1;
  for (; at < args.size() && !EqualsIgnoreCase(args[at], "STREAMS"); ++at) {
    if (EqualsIgnoreCase(args[at], "BLOCK") || EqualsIgnoreCase(args[at], "COUNT")) {
      ++at;
    } else if (EqualsIgnoreCase(args[at], "GROUP")) {
      at += 2;
    }
  }
  if (at + 2 >= args.size()) return false;
  const size_t count = (args.size() - at - 1) / 2;
  for (size_t i = 1; i <= count; ++i) {
    out.Push(static_cast<uint32_t>(at + i), kKeyRo | kKeyAccess);
  }
  return true;
}

// What an id of XREAD means; false after having answered what is wrong.
bool ResolveId(CommandContext& ctx, std::string_view arg, Source& source) {
  const std::string_view text = AsCString(arg);
  const bool is_group = source.group != nullptr;
  const auto refuse = [&](std::string_view error) {
    ctx.reply().Error(error);
    return false;
  };
  if (text == "$") {
    if (is_group) return refuse(errors::kStreamDollarInGroup);
    if (source.key) source.after = StreamOf(source.key).last_id();
    return true;
  }
  if (text == "+" && !is_group) {
    source.from = Source::From::kLastEntry;
    if (source.key) source.after = StreamOf(source.key).last_id();
    return true;
  }
  if (text == ">") {
    if (!is_group) return refuse(errors::kStreamNewInXRead);
    source.from = Source::From::kNew;
    return true;
  }
  const auto id = IdArg(ctx, arg);
  if (!id) return false;
  source.after = *id;
  // The greatest id says the same as > does.
  if (is_group && *id == StreamId::Max()) source.from = Source::From::kNew;
  return true;
}

// Looks up all streams and says from where each is read; false after having answered what is wrong.
bool FindSources(CommandContext& ctx, const ReadOptions& options, std::vector<Source>& sources) {
  sources.resize(options.keys.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    Source& source = sources[i];
    source.key = ctx.Read(options.keys[i]);
    if (!ctx.IsType(source.key, ValueType::kStream)) return false;
    if (options.group) {
      if (source.key) source.group = StreamOf(source.key).FindGroup(*options.group);
      if (source.group == nullptr) {
        ctx.reply().Error(errors::NoKeyOrGroup(options.keys[i], *options.group,
                                               " in XREADGROUP with GROUP option"));
        return false;
      }
    }
    if (!ResolveId(ctx, options.ids[i], source)) return false;
  }
  return true;
}

// ---- Answering

// A reply of the streams that had something, begun with the first of them.
class StreamsReply {
 public:
  explicit StreamsReply(proto::ReplyWriter& reply) : reply_(reply) {}
  void Name(std::string_view key) {
    if (!begin_) begin_ = is_map() ? reply_.BeginMap() : reply_.BeginArray();
    ++count_;
    if (!is_map()) reply_.Array(2);
    reply_.Bulk(key);
  }
  /// False if there was none.
  bool End() {
    if (!begin_) return false;
    is_map() ? reply_.EndMap(*begin_, count_) : reply_.EndArray(*begin_, count_);
    return true;
  }

 private:
  bool is_map() const { return reply_.version() == proto::RespVersion::kResp3; }

  proto::ReplyWriter& reply_;
  std::optional<proto::ReplyWriter::Deferred> begin_;
  size_t count_ = 0;
};

StreamId After(StreamId id) {
  id.Increment();
  return id;
}

void ReadStream(CommandContext& ctx, const ReadOptions& options, const Source& source,
                StreamsReply& reply) {
  // Redis looks each key up a second time.
  if (!source.key) return ctx.Notify(kNotifyKeyMiss, "keymiss", source.key.name());
  const Stream& stream = StreamOf(source.key);
  if (source.from == Source::From::kLastEntry) {
    if (stream.length() == 0) return;
    reply.Name(source.key.name());
    ReplyRange(ctx.reply(),
               StreamRange(stream, {}, StreamId::Max(), StreamRange::Direction::kBackward), 1);
    return;
  }
  if (stream.length() == 0 || source.after >= stream.last_id()) return;
  if (source.after >= stream.last_live_id()) return;
  reply.Name(source.key.name());
  ReplyRange(ctx.reply(), StreamRange(stream, After(source.after), StreamId::Max()),
             options.count_max);
}

// A consumer's own pending entries; of those that the stream has not any more, only the id.
void ReadHistory(CommandContext& ctx, const ReadOptions& options, const Source& source,
                 StreamConsumer& consumer, GroupLog& log) {
  const Stream& stream = StreamOf(source.key);
  const auto begin = ctx.reply().BeginArray();
  size_t count = 0;
  auto at = consumer.pending.LowerBound(After(source.after));
  for (; at != consumer.pending.end(); ++at) {
    if (options.count_max != 0 && count == options.count_max) break;
    ++count;
    StreamRange range(stream, *at, *at);
    StreamEntry entry;
    if (!range.Next(entry)) {
      ctx.reply().Array(2);
      ReplyId(ctx.reply(), *at);
      ctx.reply().NullArray();
      continue;
    }
    ReplyEntry(ctx.reply(), entry);
    StreamPending& pending = *source.group->FindPending(*at);
    pending.delivered_ms = ctx.now_ms();
    ++pending.delivery_count;
    ctx.MarkChanged();
    log.Claimed(pending, *source.group);
  }
  ctx.reply().EndArray(begin, count);
}

// Entries that the group has not read, which become pending for the consumer.
void ReadNew(CommandContext& ctx, const ReadOptions& options, const Source& source,
             StreamConsumer& consumer, GroupLog& log) {
  const Stream& stream = StreamOf(source.key);
  StreamGroup& group = *source.group;
  const auto begin = ctx.reply().BeginArray();
  size_t count = 0;
  StreamRange range(stream, After(group.last_id()), StreamId::Max());
  for (StreamEntry entry; range.Next(entry);) {
    stream.Advance(group, entry.id);
    ReplyEntry(ctx.reply(), entry);
    if (!options.is_acknowledged) {
      log.Claimed(group.Deliver(entry.id, consumer, ctx.now_ms()), group);
    }
    if (++count == options.count_max) break;
  }
  ctx.reply().EndArray(begin, count);
  if (count == 0) return;
  consumer.active_ms = ctx.now_ms();
  ctx.MarkChanged();
  log.Moved(group);
}

void ReadForGroup(CommandContext& ctx, const ReadOptions& options, const Source& source,
                  StreamsReply& reply) {
  const Stream& stream = StreamOf(source.key);
  const bool is_history = source.from == Source::From::kAfterId;
  const StreamId last_id = source.group->last_id();
  if (!is_history && (stream.length() == 0 || last_id >= stream.last_id() ||
                      last_id >= stream.last_live_id())) {
    return;
  }
  GroupLog log(ctx, source.key.name(), *options.group);
  StreamConsumer& consumer = SeeConsumer(ctx, *source.group, options.consumer, log);
  reply.Name(source.key.name());
  is_history ? ReadHistory(ctx, options, source, consumer, log)
             : ReadNew(ctx, options, source, consumer, log);
}

// ---- Waiting

// XREAD's words with the ids that $ and + stand for now; none if there is no such.
std::vector<std::string> RetryArgs(Args args, const std::vector<Source>& sources) {
  const size_t first_id = args.size() - sources.size();
  const bool is_fixed = std::none_of(
      args.begin() + static_cast<ptrdiff_t>(first_id), args.end(),
      [](std::string_view arg) { return AsCString(arg) == "$" || AsCString(arg) == "+"; });
  if (is_fixed) return {};
  std::vector<std::string> words(args.begin(), args.end());
  for (size_t i = 0; i < sources.size(); ++i) {
    std::string& word = words[first_id + i];
    if (AsCString(word) == "$" || AsCString(word) == "+") word = IdText(sources[i].after);
  }
  return words;
}

void Read(CommandContext& ctx, Args args, ReadCommand command) {
  ReadOptions options;
  if (!ParseReadOptions(ctx, args, command, options)) return;
  std::vector<Source> sources;
  if (!FindSources(ctx, options, sources)) return;
  const bool is_group = command == ReadCommand::kXReadGroup;
  StreamsReply reply(ctx.reply());
  for (const Source& source : sources) {
    is_group ? ReadForGroup(ctx, options, source, reply)
             : ReadStream(ctx, options, source, reply);
  }
  // What changed was logged as what it did, not as a command that reads.
  if (is_group) ctx.NoEffect();
  if (reply.End()) return;
  if (!options.timeout_ms) return ctx.reply().NullArray();
  ctx.WaitFor({.keys = options.keys,
               .type = ValueType::kStream,
               .timeout_ms = *options.timeout_ms,
               .is_woken_by_removal = is_group,
               .retry_args = is_group ? std::vector<std::string>() : RetryArgs(args, sources)});
}

// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key …] id [id …]
void XRead(CommandContext& ctx, Args args) { Read(ctx, args, ReadCommand::kXRead); }

// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key …]
// id [id …]
void XReadGroup(CommandContext& ctx, Args args) { Read(ctx, args, ReadCommand::kXReadGroup); }

// ---- The table

constexpr KeySpec KeysBehindStreams(int16_t index) {
  return {.begin = KeySpec::Begin::kKeyword, .flags = kKeyRo | kKeyAccess, .index = index,
          .keyword = "STREAMS", .last = -1, .step = 1, .limit = 2};
}

constexpr CommandSpec kCommands[] = {
    {.name = "XREAD", .arity = -4, .flags = kRead | kBlocking | kMovableKeys,
     .keys = {KeysBehindStreams(1)}, .categories = kCatStream, .handler = XRead,
     .key_finder = FindReadKeys, .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the entries answered",
     .summary = "Returns what streams have behind given ids; waits if there is nothing."},
    {.name = "XREADGROUP", .arity = -7, .flags = kWrite | kBlocking | kMovableKeys,
     .keys = {KeysBehindStreams(4)}, .categories = kCatStream, .handler = XReadGroup,
     .key_finder = FindReadKeys, .group = "stream", .since = "5.0.0",
     .complexity = "O(N) with N the entries answered",
     .summary = "Returns what a group has not read yet, or a consumer's pending entries."},
};

}  // namespace

std::span<const CommandSpec> StreamReadCommands() { return kCommands; }

}  // namespace ringtail::commands
