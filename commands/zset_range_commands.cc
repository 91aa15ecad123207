// Ranges of sorted sets: by rank, by score, by member.
#include <array>
#include <limits>

#include "commands/context.h"
#include "commands/zset_handlers.h"

namespace ringtail::commands {
namespace {

using storage::Direction;
using zsets::LimitsOf;
using zsets::MemberRange;
using zsets::RankRange;
using zsets::RanksOf;
using zsets::ScoreRange;
using zsets::SortedSetEditor;
using zsets::SortedSetView;

// ---- ZRANGE and its kin

enum class RangeBy : uint8_t { kRank, kScore, kMember };

// What a command of the family says by its name; ZRANGE itself leaves the rest to its options.
struct RangeForm {
  std::optional<RangeBy> by = std::nullopt;
  std::optional<Direction> direction = std::nullopt;
  bool may_have_scores = true;
};

struct RangeOptions {
  RangeBy by = RangeBy::kRank;
  Direction direction = Direction::kForward;
  int64_t offset = 0;
  int64_t limit = -1;
  bool has_scores = false;
};

std::optional<RangeOptions> ParseRangeOptions(CommandContext& ctx, const RangeForm& form,
                                              Args words) {
  RangeOptions options{.by = form.by.value_or(RangeBy::kRank),
                       .direction = form.direction.value_or(Direction::kForward)};
  // What was said once, by the command's name or an option, is not said again.
  bool is_direction_said = form.direction.has_value();
  bool is_by_said = form.by.has_value();
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (form.may_have_scores && EqualsIgnoreCase(word, "WITHSCORES")) {
      options.has_scores = true;
    } else if (EqualsIgnoreCase(word, "LIMIT") && i + 2 < words.size()) {
      const auto offset = ctx.IntArg(words[i + 1]);
      if (!offset) return std::nullopt;
      const auto limit = ctx.IntArg(words[i + 2]);
      if (!limit) return std::nullopt;
      options.offset = *offset;
      options.limit = *limit;
      i += 2;
    } else if (!is_direction_said && EqualsIgnoreCase(word, "REV")) {
      options.direction = Direction::kBackward;
      is_direction_said = true;
    } else if (!is_by_said && EqualsIgnoreCase(word, "BYLEX")) {
      options.by = RangeBy::kMember;
      is_by_said = true;
    } else if (!is_by_said && EqualsIgnoreCase(word, "BYSCORE")) {
      options.by = RangeBy::kScore;
      is_by_said = true;
    } else {
      ctx.SyntaxError();
      return std::nullopt;
    }
  }
  if (options.limit != -1 && options.by == RangeBy::kRank) {
    ctx.reply().Error(errors::kLimitByRank);
    return std::nullopt;
  }
  if (options.has_scores && options.by == RangeBy::kMember) {
    ctx.reply().Error(errors::kScoresByLex);
    return std::nullopt;
  }
  return options;
}

// The two ends of a range, whichever kind of it is asked for.
struct RangeEnds {
  int64_t start = 0;
  int64_t stop = 0;
  ScoreRange scores;
  MemberRange members;
};

std::optional<RangeEnds> ParseRangeEnds(CommandContext& ctx, const RangeOptions& options,
                                        std::string_view first, std::string_view second) {
  RangeEnds ends;
  if (options.by == RangeBy::kRank) {
    const auto start = ctx.IntArg(first);
    const auto stop = start ? ctx.IntArg(second) : std::nullopt;
    if (!stop) return std::nullopt;
    ends.start = *start;
    ends.stop = *stop;
    return ends;
  }
  // Backwards, the greater end comes first.
  if (options.direction == Direction::kBackward) std::swap(first, second);
  if (options.by == RangeBy::kScore) {
    const auto range = zsets::ScoreRangeArg(ctx, first, second);
    if (!range) return std::nullopt;
    ends.scores = *range;
  } else {
    const auto range = zsets::MemberRangeArg(ctx, first, second);
    if (!range) return std::nullopt;
    ends.members = *range;
  }
  return ends;
}

// The ranks to visit, `first` being where to begin in the direction given.
RankRange Resolve(const SortedSetView& view, const RangeOptions& options, const RangeEnds& ends) {
  const bool is_backward = options.direction == Direction::kBackward;
  const size_t size = view.size();
  RankRange ranks;
  if (options.by == RangeBy::kRank) {
    ranks = zsets::ClampRanks(ends.start, ends.stop, size);
    if (is_backward && ranks.count != 0) ranks.first = size - 1 - ranks.first;
    return ranks;
  }
  ranks = options.by == RangeBy::kScore ? RanksOf(view, ends.scores) : RanksOf(view, ends.members);
  if (ranks.count == 0) return ranks;
  // A negative offset is beyond everything, a negative limit none, as in Redis.
  if (options.offset < 0 || static_cast<uint64_t>(options.offset) >= ranks.count) return {};
  const auto offset = static_cast<size_t>(options.offset);
  if (is_backward) {
    ranks.first += ranks.count - 1 - offset;
  } else {
    ranks.first += offset;
  }
  ranks.count -= offset;
  if (options.limit >= 0 && static_cast<uint64_t>(options.limit) < ranks.count) {
    ranks.count = static_cast<size_t>(options.limit);
  }
  return ranks;
}

// key first second [options]
void ReplyRange(CommandContext& ctx, Args args, const RangeForm& form) {
  const auto options = ParseRangeOptions(ctx, form, args.subspan(4));
  if (!options) return;
  const auto ends = ParseRangeEnds(ctx, *options, args[2], args[3]);
  if (!ends) return;
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key) return ctx.reply().EmptyArray();
  const SortedSetView view(*key.entry());
  const RankRange ranks = Resolve(view, *options, *ends);
  zsets::BeginMembers(ctx, ranks.count, options->has_scores);
  view.Visit(ranks.first, ranks.count, options->direction,
             [&](std::string_view member, double score) {
               zsets::ReplyMember(ctx, member, score, options->has_scores);
             });
}

// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
void ZRange(CommandContext& ctx, Args args) { ReplyRange(ctx, args, {}); }

// ZREVRANGE key start stop [WITHSCORES]
void ZRevRange(CommandContext& ctx, Args args) {
  ReplyRange(ctx, args, {.by = RangeBy::kRank, .direction = Direction::kBackward});
}

// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
void ZRangeByScore(CommandContext& ctx, Args args) {
  ReplyRange(ctx, args, {.by = RangeBy::kScore, .direction = Direction::kForward});
}

// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
void ZRevRangeByScore(CommandContext& ctx, Args args) {
  ReplyRange(ctx, args, {.by = RangeBy::kScore, .direction = Direction::kBackward});
}

// ZRANGEBYLEX key min max [LIMIT offset count]
void ZRangeByLex(CommandContext& ctx, Args args) {
  ReplyRange(ctx, args, {.by = RangeBy::kMember, .direction = Direction::kForward});
}

// ZREVRANGEBYLEX key max min [LIMIT offset count]
void ZRevRangeByLex(CommandContext& ctx, Args args) {
  ReplyRange(ctx, args, {.by = RangeBy::kMember, .direction = Direction::kBackward});
}

// ZRANGESTORE destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
void ZRangeStore(CommandContext& ctx, Args args) {
  const auto options = ParseRangeOptions(ctx, {.may_have_scores = false}, args.subspan(5));
  if (!options) return;
  const auto ends = ParseRangeEnds(ctx, *options, args[3], args[4]);
  if (!ends) return;
  zsets::SortedSetBuilder built;
  {
    const KeyRef key = ctx.Read(args[2]);
    if (!ctx.IsType(key, ValueType::kSortedSet)) return;
    if (key) {
      const SortedSetView view(*key.entry());
      const RankRange ranks = Resolve(view, *options, *ends);
      const auto limits = LimitsOf(ctx);
      bool is_packed =
          options->by != RangeBy::kRank || ranks.count <= limits.packed_entries_max;
      view.Visit(ranks.first, ranks.count, options->direction,
                 [&](std::string_view member, double score) {
                   is_packed = is_packed && built.size() < limits.packed_entries_max &&
                               member.size() <= limits.packed_value_bytes_max;
                   // A -0 that has been packed is 0, also if the result is large in the end.
                   built.Add(member, is_packed ? score + 0.0 : score);
                 });
    }
  }
  ctx.reply().Integer(static_cast<int64_t>(zsets::Store(ctx, args[1], built, "zrangestore")));
}

// ---- Counting

template <typename Range>
void ReplyCount(CommandContext& ctx, std::string_view name, const std::optional<Range>& range) {
  if (!range) return;
  const KeyRef key = ctx.Read(name);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  const size_t count = key ? RanksOf(SortedSetView(*key.entry()), *range).count : 0;
  ctx.reply().Integer(static_cast<int64_t>(count));
}

// ZCOUNT key min max
void ZCount(CommandContext& ctx, Args args) {
  ReplyCount(ctx, args[1], zsets::ScoreRangeArg(ctx, args[2], args[3]));
}

// ZLEXCOUNT key min max
void ZLexCount(CommandContext& ctx, Args args) {
  ReplyCount(ctx, args[1], zsets::MemberRangeArg(ctx, args[2], args[3]));
}

// ---- Removing

// `resolve` turns the view into the ranks to remove.
template <typename ResolveRanks>
void RemoveRange(CommandContext& ctx, std::string_view name, std::string_view event,
                 ResolveRanks&& resolve) {
  KeyRef key = ctx.Write(name);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key) return ctx.reply().Integer(0);
  const RankRange ranks = resolve(SortedSetView(*key.entry()));
  zsets::RemoveRanks(ctx, key, ranks, event);
  ctx.reply().Integer(static_cast<int64_t>(ranks.count));
}

// ZREMRANGEBYRANK key start stop
void ZRemRangeByRank(CommandContext& ctx, Args args) {
  const auto start = ctx.IntArg(args[2]);
  if (!start) return;
  const auto stop = ctx.IntArg(args[3]);
  if (!stop) return;
  RemoveRange(ctx, args[1], "zremrangebyrank", [&](const SortedSetView& view) {
    return zsets::ClampRanks(*start, *stop, view.size());
  });
}

// ZREMRANGEBYSCORE key min max
void ZRemRangeByScore(CommandContext& ctx, Args args) {
  const auto range = zsets::ScoreRangeArg(ctx, args[2], args[3]);
  if (!range) return;
  RemoveRange(ctx, args[1], "zremrangebyscore",
              [&](const SortedSetView& view) { return RanksOf(view, *range); });
}

// ZREMRANGEBYLEX key min max
void ZRemRangeByLex(CommandContext& ctx, Args args) {
  const auto range = zsets::MemberRangeArg(ctx, args[2], args[3]);
  if (!range) return;
  RemoveRange(ctx, args[1], "zremrangebylex",
              [&](const SortedSetView& view) { return RanksOf(view, *range); });
}

// ---- The table

constexpr CommandSpec kCommands[] = {
    {.name = "ZRANGE", .arity = -4, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZRange, .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(log N + M) where N is the number of members in the sorted set, M that "
         "of those returned.",
     .summary = "Returns members in a range of places, scores or members."},
    {.name = "ZREVRANGE", .arity = -4, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZRevRange, .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(log N + M) where N is the number of members in the sorted set, M that "
         "of those returned.",
     .summary = "Returns members in a range of places, from the highest score down.",
     .deprecated_since = "6.2.0", .replaced_by = "`ZRANGE` with the `REV` argument"},
    {.name = "ZRANGEBYSCORE", .arity = -4, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZRangeByScore, .group = "sorted_set",
     .since = "1.0.5",
     .complexity = "O(log N + M) where N is the number of members in the sorted set, M that "
         "of those returned.",
     .summary = "Returns members in a range of scores.", .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `BYSCORE` argument"},
    {.name = "ZREVRANGEBYSCORE", .arity = -4, .flags = kRead,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatSortedSet,
     .handler = ZRevRangeByScore, .group = "sorted_set", .since = "2.2.0",
     .complexity = "O(log N + M) where N is the number of members in the sorted set, M that "
         "of those returned.",
     .summary = "Returns members in a range of scores, from the highest down.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments"},
    {.name = "ZRANGEBYLEX", .arity = -4, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZRangeByLex, .group = "sorted_set",
     .since = "2.8.9",
     .complexity = "O(log N + M) where N is the number of members in the sorted set, M that "
         "of those returned.",
     .summary = "Returns members in a range of members.", .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `BYLEX` argument"},
    {.name = "ZREVRANGEBYLEX", .arity = -4, .flags = kRead,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatSortedSet,
     .handler = ZRevRangeByLex, .group = "sorted_set", .since = "2.8.9",
     .complexity = "O(log N + M) where N is the number of members in the sorted set, M that "
         "of those returned.",
     .summary = "Returns members in a range of members, from the last one back.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments"},
    {.name = "ZRANGESTORE", .arity = -5, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyOw | kKeyUpdate), OneKey(kKeyRo | kKeyAccess, 2)},
     .categories = kCatSortedSet, .handler = ZRangeStore, .group = "sorted_set",
     .since = "6.2.0",
     .complexity = "O(log N + M) where N is the number of members in the sorted set, M that "
         "of those stored.",
     .summary = "Stores members in a range of another sorted set."},
    {.name = "ZCOUNT", .arity = 4, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZCount, .group = "sorted_set", .since = "2.0.0",
     .complexity = "O(log N)", .summary = "Counts the members in a range of scores."},
    {.name = "ZLEXCOUNT", .arity = 4, .flags = kRead | kFast,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatSortedSet, .handler = ZLexCount,
     .group = "sorted_set", .since = "2.8.9", .complexity = "O(log N)",
     .summary = "Counts the members in a range of members."},
    {.name = "ZREMRANGEBYRANK", .arity = 4, .flags = kWrite,
     .keys = {OneKey(kKeyRw | kKeyDelete)}, .categories = kCatSortedSet,
     .handler = ZRemRangeByRank, .group = "sorted_set", .since = "2.0.0",
     .complexity = "O(M log N) where N is the number of members in the sorted set, M that "
         "of those removed.",
     .summary = "Removes the members in a range of places."},
    {.name = "ZREMRANGEBYSCORE", .arity = 4, .flags = kWrite,
     .keys = {OneKey(kKeyRw | kKeyDelete)}, .categories = kCatSortedSet,
     .handler = ZRemRangeByScore, .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(M log N) where N is the number of members in the sorted set, M that "
         "of those removed.",
     .summary = "Removes the members in a range of scores."},
    {.name = "ZREMRANGEBYLEX", .arity = 4, .flags = kWrite,
     .keys = {OneKey(kKeyRw | kKeyDelete)}, .categories = kCatSortedSet,
     .handler = ZRemRangeByLex, .group = "sorted_set", .since = "2.8.9",
     .complexity = "O(M log N) where N is the number of members in the sorted set, M that "
         "of those removed.",
     .summary = "Removes the members in a range of members."},
};

}  // namespace

std::span<const CommandSpec> SortedSetRangeCommands() { return kCommands; }

}  // namespace ringtail::commands
