// What the files of sorted sets' commands share.
//
//   const auto range = zsets::ScoreRangeArg(ctx, args[2], args[3]);
//   if (!range) return;                                  // has answered what is wrong
//   const zsets::RankRange ranks = zsets::RanksOf(view, *range);
//
// Thread rule: as for the handler that calls.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "commands/context.h"
#include "storage/zset_value.h"

namespace ringtail::commands::zsets {

using storage::Direction;
using storage::SortedSetBuilder;
using storage::SortedSetEditor;
using storage::SortedSetLimits;
using storage::SortedSetView;

/// The ranks [first, first + count).
struct RankRange {
  size_t first = 0;
  size_t count = 0;
};

struct ScoreRange {
  storage::ScoreBorder begin;
  storage::ScoreBorder end;
};

struct MemberRange {
  storage::MemberBorder begin;
  storage::MemberBorder end;
};

SortedSetLimits LimitsOf(CommandContext& ctx);

/// A score as clients write it: no NaN. Else has answered that it is none (or `error`).
std::optional<double> ScoreArg(CommandContext& ctx, std::string_view arg,
                               std::string_view error = errors::kNotFloat);
/// From "(1" or "1" to the same; else has answered what is wrong.
std::optional<ScoreRange> ScoreRangeArg(CommandContext& ctx, std::string_view min,
                                        std::string_view max);
/// From "[a", "(a", "-" or "+" to the same; else has answered what is wrong.
std::optional<MemberRange> MemberRangeArg(CommandContext& ctx, std::string_view min,
                                          std::string_view max);

/// Ranks from `start` to `stop`, negative ones from the end, within what there is.
RankRange ClampRanks(int64_t start, int64_t stop, size_t size);
template <typename Range>
RankRange RanksOf(const SortedSetView& view, const Range& range) {
  const size_t first = view.CountBefore(range.begin);
  const size_t end = view.CountBefore(range.end);
  return end > first ? RankRange{first, end - first} : RankRange{};
}

/// Begins the array of `count` members; with scores they are pairs in RESP3, flat in RESP2.
void BeginMembers(CommandContext& ctx, size_t count, bool has_scores);
/// One of them.
inline void ReplyMember(CommandContext& ctx, std::string_view member, double score,
                        bool has_scores) {
  proto::ReplyWriter& reply = ctx.reply();
  if (has_scores && reply.version() == proto::RespVersion::kResp3) reply.Array(2);
  reply.Bulk(member);
  if (has_scores) reply.Double(score);
}

/// Stores what was built under the key and publishes `event`; if it is nothing, the key goes. Returns how many
/// members there are.
size_t Store(CommandContext& ctx, std::string_view destination, SortedSetBuilder& built,
             std::string_view event);

/// ZADD, for GEOADD as well.
void ZAdd(CommandContext& ctx, Args args);

/// Which end is popped.
enum class End : uint8_t { kMin, kMax };
/// The numbered keys, the end and the count of ZMPOP and BZMPOP.
struct PopOptions {
  Args keys;
  End end = End::kMin;
  size_t count = 1;
};
/// Parses them from where the number of keys is; else has answered what is wrong.
std::optional<PopOptions> PopOptionArgs(CommandContext& ctx, Args args);

/// Takes up to `count` members from an end of a sorted set that is there, calling visit(member, score) for each before.
/// Logs it as ZPOPMIN or ZPOPMAX. The key goes with its last member.
template <typename Visitor>
void Pop(CommandContext& ctx, KeyRef& key, End end, size_t count, Visitor&& visit);
/// The same, answering the key and an array of pairs.
void PopNested(CommandContext& ctx, KeyRef& key, End end, size_t count);
/// The first of the keys that is there; nothing, with the answer given, if that is no sorted set.
std::optional<KeyRef> FirstThere(CommandContext& ctx, Args keys);

/// Removes those ranks, publishes `event` if there are some, and erases what is empty.
void RemoveRanks(CommandContext& ctx, KeyRef& key, const RankRange& ranks,
                 std::string_view event);
void LogPop(CommandContext& ctx, std::string_view key, End end, size_t count);

// ---- The parts that are templates

template <typename Visitor>
void Pop(CommandContext& ctx, KeyRef& key, End end, size_t count, Visitor&& visit) {
  const SortedSetView view(*key.entry());
  const size_t size = view.size();
  if (end == End::kMin) {
    view.Visit(0, count, Direction::kForward, visit);
    RemoveRanks(ctx, key, {0, count}, "zpopmin");
  } else {
    view.Visit(size - 1, count, Direction::kBackward, visit);
    RemoveRanks(ctx, key, {size - count, count}, "zpopmax");
  }
  LogPop(ctx, key.name(), end, count);
}

}  // namespace ringtail::commands::zsets
