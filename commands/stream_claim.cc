// XCLAIM and XAUTOCLAIM: pending entries change hands.
#include <algorithm>
#include <limits>

#include "base/parse_number.h"
#include "commands/stream_handlers.h"
#include "commands/stream_reply.h"

namespace ringtail::commands::streams {
namespace {

using storage::StreamConsumer;
using storage::StreamGroup;
using storage::StreamPending;

struct ClaimOptions {
  int64_t idle_min_ms = 0;
  std::vector<StreamId> ids;
  std::optional<int64_t> delivered_ms = std::nullopt;    // IDLE, TIME
  std::optional<int64_t> delivery_count = std::nullopt;  // RETRYCOUNT
  bool is_forced = false;
  bool is_id_only = false;
  StreamId last_id;
};

// One word of XCLAIM's options at args[at], with what belongs to it; false after having answered
// what is wrong.
bool ParseClaimOption(CommandContext& ctx, Args args, size_t& at, ClaimOptions& options) {
  const std::string_view word = args[at];
  const bool has_more = at + 1 < args.size();
  const auto number = [&](std::string_view error) { return ctx.IntArg(args[++at], error); };
  if (EqualsIgnoreCase(word, "FORCE")) {
    options.is_forced = true;
  } else if (EqualsIgnoreCase(word, "JUSTID")) {
    options.is_id_only = true;
  } else if (has_more && EqualsIgnoreCase(word, "IDLE")) {
    const auto idle_ms = number(errors::kStreamClaimIdle);
    if (!idle_ms) return false;
    options.delivered_ms = static_cast<int64_t>(static_cast<uint64_t>(ctx.now_ms()) -
                                                static_cast<uint64_t>(*idle_ms));
  } else if (has_more && EqualsIgnoreCase(word, "TIME")) {
    options.delivered_ms = number(errors::kStreamClaimTime);
    return options.delivered_ms.has_value();
  } else if (has_more && EqualsIgnoreCase(word, "RETRYCOUNT")) {
    options.delivery_count = number(errors::kStreamClaimRetryCount);
    return options.delivery_count.has_value();
  } else if (has_more && EqualsIgnoreCase(word, "LASTID")) {
    const auto id = IdArg(ctx, args[++at]);
    if (!id) return false;
    options.last_id = *id;
  } else {
    ctx.reply().Error(errors::UnknownClaimOption(word));
    return false;
  }
  return true;
}

bool ParseClaim(CommandContext& ctx, Args args, ClaimOptions& options) {
  const auto idle_ms = ctx.IntArg(args[4], errors::kStreamClaimMinIdle);
  if (!idle_ms) return false;
  options.idle_min_ms = std::max<int64_t>(*idle_ms, 0);
  size_t at = 5;
  // What is no id any more is an option.
  for (; at < args.size(); ++at) {
    const auto id = ParseId(args[at], 0);
    if (!id) break;
    options.ids.push_back(*id);
  }
  for (; at < args.size(); ++at) {
    if (!ParseClaimOption(ctx, args, at, options)) return false;
  }
  // Clocks differ: a time ahead of ours is now. -1 is how Redis says that none was given.
  int64_t& delivered_ms = options.delivered_ms.emplace(options.delivered_ms.value_or(-1));
  if (delivered_ms < 0 || delivered_ms > ctx.now_ms()) delivered_ms = ctx.now_ms();
  return true;
}

// The key and its group, for a command that has the group at args[2]; nothing after having
// answered.
StreamGroup* FindGroupOf(CommandContext& ctx, Args args, const KeyRef& key) {
  if (!ctx.IsType(key, ValueType::kStream)) return nullptr;
  StreamGroup* group = key ? StreamOf(key).FindGroup(args[2]) : nullptr;
  if (group == nullptr) ctx.reply().Error(errors::NoKeyOrGroup(args[1], args[2]));
  return group;
}

// Who claims. The consumer is made when it gets its first entry.
class Claimant {
 public:
  Claimant(CommandContext& ctx, StreamGroup& group, std::string_view name, GroupLog& log)
      : ctx_(ctx), group_(group), name_(name), log_(log) {}
  StreamConsumer& consumer() {
    if (consumer_ == nullptr) consumer_ = &SeeConsumer(ctx_, group_, name_, log_);
    consumer_->active_ms = ctx_.now_ms();
    return *consumer_;
  }

 private:
  CommandContext& ctx_;
  StreamGroup& group_;
  const std::string_view name_;
  GroupLog& log_;
  StreamConsumer* consumer_ = nullptr;
};

// Claims one entry; true if it was answered.
bool ClaimOne(CommandContext& ctx, const KeyRef& key, StreamGroup& group, Claimant& claimant,
              StreamId id, const ClaimOptions& options, GroupLog& log) {
  const Stream& stream = StreamOf(key);
  StreamPending* pending = group.FindPending(id);
  StreamRange range(stream, id, id);
  StreamEntry entry;
  if (!range.Next(entry)) {
    if (pending == nullptr) return false;
    log.Claimed(*pending, group);
    group.Acknowledge(id);
    ctx.MarkChanged();
    return false;
  }
  if (pending == nullptr) {
    if (!options.is_forced) return false;
    pending = &group.Deliver(id, claimant.consumer(), ctx.now_ms());
  } else if (options.idle_min_ms != 0 &&
             ctx.now_ms() - pending->delivered_ms < options.idle_min_ms) {
    return false;
  }
  group.Assign(*pending, claimant.consumer());
  pending->delivered_ms = *options.delivered_ms;
  if (options.delivery_count.value_or(-1) >= 0) {
    pending->delivery_count = static_cast<uint64_t>(*options.delivery_count);
  } else if (!options.is_id_only) {
    ++pending->delivery_count;
  }
  options.is_id_only ? ReplyId(ctx.reply(), id) : ReplyEntry(ctx.reply(), entry);
  ctx.MarkChanged();
  log.Claimed(*pending, group);
  return true;
}

}  // namespace

// XCLAIM key group consumer min-idle-time id [id …] [IDLE ms] [TIME unix-time-ms]
// [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]
void XClaim(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  StreamGroup* group = FindGroupOf(ctx, args, key);
  if (group == nullptr) return;
  ClaimOptions options;
  if (!ParseClaim(ctx, args, options)) return;
  GroupLog log(ctx, args[1], args[2]);
  ctx.NoEffect();
  const bool is_moved = options.last_id > group->last_id();
  if (is_moved) group->SetLastId(options.last_id);
  Claimant claimant(ctx, *group, args[3], log);
  const auto begin = ctx.reply().BeginArray();
  size_t count = 0;
  for (const StreamId id : options.ids) {
    if (ClaimOne(ctx, key, *group, claimant, id, options, log)) ++count;
  }
  ctx.reply().EndArray(begin, count);
  if (is_moved) {
    ctx.MarkChanged();
    log.Moved(*group);
  }
}

namespace {

struct AutoClaimOptions {
  int64_t idle_min_ms = 0;
  StreamId first;
  int64_t count_max = 100;
  bool is_id_only = false;
};

std::optional<AutoClaimOptions> ParseAutoClaim(CommandContext& ctx, Args args) {
  // Redis multiplies the count by the bytes of an id.
  constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 16;
  AutoClaimOptions options;
  const auto idle_ms = ctx.IntArg(args[4], errors::kStreamAutoClaimMinIdle);
  if (!idle_ms) return std::nullopt;
  options.idle_min_ms = std::max<int64_t>(*idle_ms, 0);
  const auto first = IntervalStart(ctx, args[5]);
  if (!first) return std::nullopt;
  options.first = *first;
  for (size_t at = 6; at < args.size(); ++at) {
    if (at + 1 < args.size() && EqualsIgnoreCase(args[at], "COUNT")) {
      const auto count = ctx.IntArg(args[++at], errors::kStreamAutoClaimCount);
      if (!count) return std::nullopt;
      if (*count < 1 || *count > kCountMax) {
        ctx.reply().Error(errors::kStreamAutoClaimCount);
        return std::nullopt;
      }
      options.count_max = *count;
    } else if (EqualsIgnoreCase(args[at], "JUSTID")) {
      options.is_id_only = true;
    } else {
      ctx.SyntaxError();
      return std::nullopt;
    }
  }
  return options;
}

// Goes through the pending entries, answers what is claimed, and collects the ids of entries that
// the stream has not any more. Returns where to go on, 0-0 at the end.
StreamId ClaimIdle(CommandContext& ctx, const KeyRef& key, StreamGroup& group,
                   Claimant& claimant, const AutoClaimOptions& options, GroupLog& log,
                   std::vector<StreamId>& gone) {
  // A look at an entry that is not idle counts too, or one claim could take for ever.
  constexpr int64_t kLooksPerClaim = 10;
  const Stream& stream = StreamOf(key);
  const int64_t looks_max = options.count_max > std::numeric_limits<int64_t>::max() / kLooksPerClaim
                                ? std::numeric_limits<int64_t>::max()
                                : options.count_max * kLooksPerClaim;
  const auto begin = ctx.reply().BeginArray();
  size_t claimed = 0;
  auto at = group.pending().LowerBound(options.first);
  for (int64_t looks = 0; looks < looks_max && at != group.pending().end(); ++looks) {
    if (static_cast<int64_t>(claimed + gone.size()) == options.count_max) break;
    StreamPending& pending = *at;
    StreamRange range(stream, pending.id, pending.id);
    StreamEntry entry;
    if (!range.Next(entry)) {
      log.Claimed(pending, group);
      gone.push_back(pending.id);
      at = group.Acknowledge(at);
      ctx.MarkChanged();
      continue;
    }
    ++at;
    if (options.idle_min_ms != 0 && ctx.now_ms() - pending.delivered_ms < options.idle_min_ms) {
      continue;
    }
    group.Assign(pending, claimant.consumer());
    pending.delivered_ms = ctx.now_ms();
    if (!options.is_id_only) ++pending.delivery_count;
    options.is_id_only ? ReplyId(ctx.reply(), pending.id) : ReplyEntry(ctx.reply(), entry);
    ++claimed;
    ctx.MarkChanged();
    log.Claimed(pending, group);
  }
  ctx.reply().EndArray(begin, claimed);
  return at == group.pending().end() ? StreamId{} : at->id;
}

}  // namespace

// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
void XAutoClaim(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  const auto options = ParseAutoClaim(ctx, args);
  if (!options) return;
  StreamGroup* group = FindGroupOf(ctx, args, key);
  if (group == nullptr) return;
  GroupLog log(ctx, args[1], args[2]);
  ctx.NoEffect();
  Claimant claimant(ctx, *group, args[3], log);
  proto::ReplyWriter& reply = ctx.reply();
  reply.Array(3);
  const size_t position = reply.output().Mark();
  std::vector<StreamId> gone;
  const StreamId next = ClaimIdle(ctx, key, *group, claimant, *options, log, gone);
  // The id to go on from is known now, and stands in front.
  const std::string text = IdText(next);
  reply.output().Insert(position, "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  reply.Array(gone.size());
  for (const StreamId id : gone) ReplyId(reply, id);
}

}  // namespace ringtail::commands::streams
