// Sorted sets: members and scores.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_set>
#include <vector>

#include "base/parse_number.h"
#include "commands/collection_scan.h"
#include "commands/context.h"
#include "commands/zset_handlers.h"

namespace ringtail::commands {
namespace {

using storage::Direction;
using storage::ScoredMember;
using zsets::LimitsOf;
using zsets::ReplyMember;
using zsets::SortedSetEditor;
using zsets::SortedSetView;

// ---- Adding

struct AddOptions {
  bool has_nx = false;
  bool has_xx = false;
  bool has_gt = false;
  bool has_lt = false;
  bool has_ch = false;
  bool has_incr = false;
};

// The options of ZADD; returns how many arguments they are.
size_t ParseAddOptions(Args words, AddOptions& options) {
  size_t count = 0;
  for (; count < words.size(); ++count) {
    const std::string_view word = words[count];
    // A score is no option; most begin with a digit.
    if (word.size() < 2 || word.size() > 4 || static_cast<unsigned char>(word[0]) < 'A') break;
    bool* const option = EqualsIgnoreCase(word, "NX")     ? &options.has_nx
                         : EqualsIgnoreCase(word, "XX")   ? &options.has_xx
                         : EqualsIgnoreCase(word, "CH")   ? &options.has_ch
                         : EqualsIgnoreCase(word, "GT")   ? &options.has_gt
                         : EqualsIgnoreCase(word, "LT")   ? &options.has_lt
                         : EqualsIgnoreCase(word, "INCR") ? &options.has_incr
                                                          : nullptr;
    if (option == nullptr) break;
    *option = true;
  }
  return count;
}

enum class AddOutcome : uint8_t { kNothing, kUnchanged, kAdded, kUpdated, kNan };

// Adds one member or changes its score; `score` becomes the one it has then.
AddOutcome AddOne(SortedSetEditor& editor, const AddOptions& options, std::string_view member,
                  double& score) {
  const auto old = editor.Find(member);
  if (!old) {
    if (options.has_xx) return AddOutcome::kNothing;
    editor.Add(score);
    return AddOutcome::kAdded;
  }
  if (options.has_nx) return AddOutcome::kNothing;
  if (options.has_incr) {
    score += *old;
    if (std::isnan(score)) return AddOutcome::kNan;
  }
  if ((options.has_lt && score >= *old) || (options.has_gt && score <= *old)) {
    return AddOutcome::kNothing;
  }
  if (score == *old) return AddOutcome::kUnchanged;
  editor.SetScore(score);
  return AddOutcome::kUpdated;
}

// What is wrong with the options together, or nothing.
std::string_view ConflictOf(const AddOptions& options, size_t pair_count) {
  if (options.has_nx && options.has_xx) return errors::kNxExcludesXx;
  if ((options.has_gt && options.has_nx) || (options.has_lt && options.has_nx) ||
      (options.has_gt && options.has_lt)) {
    return errors::kGtLtNxExclude;
  }
  if (options.has_incr && pair_count > 1) return errors::kIncrOnePair;
  return {};
}

void AddPairs(CommandContext& ctx, std::string_view name, const AddOptions& options, Args pairs) {
  if (pairs.empty() || pairs.size() % 2 != 0) return ctx.SyntaxError();
  if (const auto conflict = ConflictOf(options, pairs.size() / 2); !conflict.empty()) {
    return ctx.reply().Error(conflict);
  }
  // All scores are looked at before anything is changed.
  double first_score = 0;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const auto score = zsets::ScoreArg(ctx, pairs[i]);
    if (!score) return;
    if (i == 0) first_score = *score;
  }
  KeyRef key = ctx.Write(name);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key) {
    if (options.has_xx) return options.has_incr ? ctx.reply().Null() : ctx.reply().Integer(0);
    ctx.Create(key, ValueType::kSortedSet);
  }
  int64_t added_count = 0;
  int64_t updated_count = 0;
  double score = first_score;
  AddOutcome outcome = AddOutcome::kNothing;
  {
    auto place = ctx.Place(key);
    SortedSetEditor editor(place, LimitsOf(ctx));
    for (size_t i = 0; i < pairs.size(); i += 2) {
      if (i != 0) score = *zsets::ScoreArg(ctx, pairs[i]);
      outcome = AddOne(editor, options, pairs[i + 1], score);
      if (outcome == AddOutcome::kAdded) ++added_count;
      if (outcome == AddOutcome::kUpdated) ++updated_count;
    }
  }
  if (added_count + updated_count != 0) {
    ctx.Changed(key);
    ctx.Notify(kNotifyZset, options.has_incr ? "zincr" : "zadd", name);
  }
  if (outcome == AddOutcome::kNan) return ctx.reply().Error(errors::kScoreNan);
  if (!options.has_incr) {
    return ctx.reply().Integer(options.has_ch ? added_count + updated_count : added_count);
  }
  outcome == AddOutcome::kNothing ? ctx.reply().Null() : ctx.reply().Double(score);
}

// ZINCRBY key increment member
void ZIncrBy(CommandContext& ctx, Args args) {
  AddPairs(ctx, args[1], {.has_incr = true}, args.subspan(2));
}

using zsets::ZAdd;

// ---- Taking out

// ZREM key member [member ...]
void ZRem(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key) return ctx.reply().Integer(0);
  int64_t removed_count = 0;
  bool is_empty = false;
  {
    auto place = ctx.Place(key);
    SortedSetEditor editor(place, LimitsOf(ctx));
    for (const std::string_view member : args.subspan(2)) {
      if (!editor.Find(member)) continue;
      editor.Remove();
      ++removed_count;
      is_empty = editor.size() == 0;
      if (is_empty) break;
    }
  }
  if (removed_count != 0) ctx.Notify(kNotifyZset, "zrem", args[1]);
  if (is_empty) {
    ctx.Delete(key);
  } else if (removed_count != 0) {
    ctx.Changed(key);
  }
  ctx.reply().Integer(removed_count);
}

void PopEnd(CommandContext& ctx, Args args, zsets::End end) {
  if (args.size() > 3) return ctx.SyntaxError();
  size_t count = 1;
  const bool has_count = args.size() == 3;
  if (has_count) {
    const auto given = ParseInt64(args[2]);
    if (!given || *given < 0) return ctx.reply().Error(errors::kNotPositive);
    count = static_cast<size_t>(*given);
  }
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key || count == 0) return ctx.reply().EmptyArray();
  count = std::min(count, SortedSetView(*key.entry()).size());
  // One pair is flat even in RESP3 if it was not counted.
  has_count ? zsets::BeginMembers(ctx, count, /*has_scores=*/true) : ctx.reply().Array(2);
  zsets::Pop(ctx, key, end, count, [&](std::string_view member, double score) {
    if (has_count) return ReplyMember(ctx, member, score, /*has_scores=*/true);
    ctx.reply().Bulk(member);
    ctx.reply().Double(score);
  });
}

// ZPOPMIN key [count]
void ZPopMin(CommandContext& ctx, Args args) { PopEnd(ctx, args, zsets::End::kMin); }

// ZPOPMAX key [count]
void ZPopMax(CommandContext& ctx, Args args) { PopEnd(ctx, args, zsets::End::kMax); }

// ZMPOP numkeys key [key ...] MIN | MAX [COUNT count]
void ZMPop(CommandContext& ctx, Args args) {
  const auto options = zsets::PopOptionArgs(ctx, args.subspan(1));
  if (!options) return;
  auto key = zsets::FirstThere(ctx, options->keys);
  if (!key) return;
  if (!*key) return ctx.reply().NullArray();
  zsets::PopNested(ctx, *key, options->end, options->count);
}

// ---- Questions

// ZCARD key
void ZCard(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  ctx.reply().Integer(key ? static_cast<int64_t>(SortedSetView(*key.entry()).size()) : 0);
}

// ZSCORE key member
void ZScore(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  const auto score = key ? SortedSetView(*key.entry()).Score(args[2]) : std::nullopt;
  score ? ctx.reply().Double(*score) : ctx.reply().Null();
}

// ZMSCORE key member [member ...]
void ZMScore(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    const auto score = key ? SortedSetView(*key.entry()).Score(member) : std::nullopt;
    score ? ctx.reply().Double(*score) : ctx.reply().Null();
  }
}

void ReplyRank(CommandContext& ctx, Args args, Direction direction) {
  if (args.size() > 4) return ctx.reply().Error(errors::WrongArity(ctx.command().full_name));
  const bool has_score = args.size() == 4;
  if (has_score && !EqualsIgnoreCase(args[3], "WITHSCORE")) return ctx.SyntaxError();
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  const auto found = key ? SortedSetView(*key.entry()).Rank(args[2]) : std::nullopt;
  if (!found) return has_score ? ctx.reply().NullArray() : ctx.reply().Null();
  const size_t rank = direction == Direction::kForward
                          ? found->rank
                          : SortedSetView(*key.entry()).size() - 1 - found->rank;
  if (has_score) ctx.reply().Array(2);
  ctx.reply().Integer(static_cast<int64_t>(rank));
  if (has_score) ctx.reply().Double(found->score);
}

// ZRANK key member [WITHSCORE]
void ZRank(CommandContext& ctx, Args args) { ReplyRank(ctx, args, Direction::kForward); }

// ZREVRANK key member [WITHSCORE]
void ZRevRank(CommandContext& ctx, Args args) { ReplyRank(ctx, args, Direction::kBackward); }

// ---- ZRANDMEMBER

// How many random members may be asked for with repetition: a reply of several gigabytes. Redis
// has no bound, and builds the reply until it is out of memory.
constexpr uint64_t kRepeatedMembersMax = uint64_t{1} << 28;

// Different ranks, all choices equally likely (Floyd's sampling); in order.
std::vector<size_t> DrawRanks(Random& random, size_t size, size_t count) {
  std::unordered_set<size_t> drawn;
  drawn.reserve(count);
  for (size_t i = size - count; i < size; ++i) {
    if (!drawn.insert(random.Below(i + 1)).second) drawn.insert(i);
  }
  std::vector<size_t> ranks(drawn.begin(), drawn.end());
  std::sort(ranks.begin(), ranks.end());
  return ranks;
}

void ReplyRandom(CommandContext& ctx, std::string_view name, int64_t count, bool has_scores) {
  const KeyRef key = ctx.Read(name);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key || count == 0) return ctx.reply().EmptyArray();
  const SortedSetView view(*key.entry());
  const auto reply = [&](std::string_view member, double score) {
    ReplyMember(ctx, member, score, has_scores);
  };
  if (count < 0) {
    const uint64_t repeated = 0 - static_cast<uint64_t>(count);
    if (repeated > kRepeatedMembersMax) return ctx.reply().Error(errors::kValueOutOfRange);
    zsets::BeginMembers(ctx, repeated, has_scores);
    for (uint64_t i = 0; i < repeated; ++i) view.VisitRandom(ctx.random(), reply);
    return;
  }
  const size_t size = view.size();
  const size_t reply_count = std::min(static_cast<size_t>(count), size);
  zsets::BeginMembers(ctx, reply_count, has_scores);
  if (reply_count == size) return view.VisitAll(reply);
  for (const size_t rank : DrawRanks(ctx.random(), size, reply_count)) {
    view.Visit(rank, 1, Direction::kForward, reply);
  }
}

// ZRANDMEMBER key [count [WITHSCORES]]
void ZRandMember(CommandContext& ctx, Args args) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (args.size() > 2) {
    const auto count = ctx.IntArgIn(args[2], -kMax, kMax, errors::kNotInt64);
    if (!count) return;
    const bool has_scores = args.size() > 3;
    if (args.size() > 4 || (has_scores && !EqualsIgnoreCase(args[3], "WITHSCORES"))) {
      return ctx.SyntaxError();
    }
    if (has_scores && (*count < -(kMax / 2) || *count > kMax / 2)) {
      return ctx.reply().Error(errors::kValueOutOfRange);
    }
    return ReplyRandom(ctx, args[1], *count, has_scores);
  }
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key) return ctx.reply().Null();
  SortedSetView(*key.entry()).VisitRandom(ctx.random(), [&](std::string_view member, double) {
    ctx.reply().Bulk(member);
  });
}

// ZSCAN key cursor [MATCH pattern] [COUNT count]
void ZScan(CommandContext& ctx, Args args) {
  const auto cursor = ScanCursorArg(ctx, args[2]);
  if (!cursor) return;
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  if (!key) return ReplyEmptyScan(ctx);
  const auto options = ScanOptionArgs(ctx, args.subspan(3), ScanWords::kCollection);
  if (!options) return;
  const SortedSetView view(*key.entry());
  proto::ReplyWriter& reply = ctx.reply();
  size_t count = 0;
  // As in Redis: scores are bulks in RESP3 too, and a packed integer shows all its digits.
  const auto reply_matching = [&](std::string_view member, double score) {
    if (!options->Matches(member)) return;
    reply.Bulk(member);
    const auto integer =
        view.object() == nullptr ? storage::packed_zset::IntegerOf(score) : std::nullopt;
    integer ? reply.BulkInt(*integer) : reply.BulkDouble(score);
    count += 2;
  };
  if (view.object() == nullptr) {
    BeginScanReply(ctx, 0);
    const auto array = reply.BeginArray();
    view.VisitAll(reply_matching);
    return reply.EndArray(array, count);
  }
  std::vector<const ScoredMember*> found;
  const uint64_t next =
      ScanTable(view.object()->index(), *cursor, *options,
                [&](const ScoredMember* member) { found.push_back(member); });
  BeginScanReply(ctx, next);
  const auto array = reply.BeginArray();
  for (const ScoredMember* member : found) reply_matching(member->key(), member->score());
  reply.EndArray(array, count);
}

// ---- The table

constexpr std::array<std::string_view, 1> kNondeterministic = {"nondeterministic_output"};

constexpr CommandSpec kCommands[] = {
    {.name = "ZADD", .arity = -4, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatSortedSet, .handler = ZAdd,
     .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(log N) for each member added, where N is the number of members in the "
         "sorted set.",
     .summary = "Adds members with their scores, or changes scores."},
    {.name = "ZINCRBY", .arity = 4, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyUpdate)}, .categories = kCatSortedSet,
     .handler = ZIncrBy, .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(log N) where N is the number of members in the sorted set.",
     .summary = "Adds to a member's score, 0 if it is not there."},
    {.name = "ZREM", .arity = -3, .flags = kWrite | kFast, .keys = {OneKey(kKeyRw | kKeyDelete)},
     .categories = kCatSortedSet, .handler = ZRem, .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(M log N) where M is the number of members to remove, N that of the "
         "sorted set.",
     .summary = "Removes members, and the sorted set with its last one."},
    {.name = "ZPOPMIN", .arity = -2, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete)}, .categories = kCatSortedSet,
     .handler = ZPopMin, .group = "sorted_set", .since = "5.0.0",
     .complexity = "O(M log N) where M is the number of members to pop, N that of the "
         "sorted set.",
     .summary = "Removes and returns the members with the lowest scores."},
    {.name = "ZPOPMAX", .arity = -2, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete)}, .categories = kCatSortedSet,
     .handler = ZPopMax, .group = "sorted_set", .since = "5.0.0",
     .complexity = "O(M log N) where M is the number of members to pop, N that of the "
         "sorted set.",
     .summary = "Removes and returns the members with the highest scores."},
    {.name = "ZMPOP", .arity = -4, .flags = kWrite | kMovableKeys,
     .keys = {CountedKeys(kKeyRw | kKeyAccess | kKeyDelete, 1)}, .categories = kCatSortedSet,
     .handler = ZMPop, .group = "sorted_set", .since = "7.0.0",
     .complexity = "O(K) + O(M log N) where K is the number of keys, M that of members to "
         "pop, N that of the sorted set.",
     .summary = "Removes and returns members from an end of the first sorted set that is there."},
    {.name = "ZCARD", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatSortedSet, .handler = ZCard, .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(1)", .summary = "Counts the members of a sorted set."},
    {.name = "ZSCORE", .arity = 3, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZScore, .group = "sorted_set", .since = "1.2.0",
     .complexity = "O(1)", .summary = "Returns a member's score."},
    {.name = "ZMSCORE", .arity = -3, .flags = kRead | kFast,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatSortedSet, .handler = ZMScore,
     .group = "sorted_set", .since = "6.2.0",
     .complexity = "O(N) where N is the number of members asked for.",
     .summary = "Returns the scores of several members."},
    {.name = "ZRANK", .arity = -3, .flags = kRead | kFast, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZRank, .group = "sorted_set", .since = "2.0.0",
     .complexity = "O(log N)",
     .summary = "Returns a member's place, counted from the lowest score."},
    {.name = "ZREVRANK", .arity = -3, .flags = kRead | kFast,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatSortedSet, .handler = ZRevRank,
     .group = "sorted_set", .since = "2.0.0", .complexity = "O(log N)",
     .summary = "Returns a member's place, counted from the highest score."},
    {.name = "ZRANDMEMBER", .arity = -2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZRandMember, .group = "sorted_set",
     .since = "6.2.0",
     .complexity = "O(N log M) where N is the number of members returned, M that of the "
         "sorted set.",
     .summary = "Returns random members.", .tips = kNondeterministic},
    {.name = "ZSCAN", .arity = -3, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatSortedSet, .handler = ZScan, .group = "sorted_set", .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for a whole iteration over N members.",
     .summary = "Lists members and their scores a few at a time.", .tips = kNondeterministic},
};

}  // namespace

// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
void zsets::ZAdd(CommandContext& ctx, Args args) {
  AddOptions options;
  const size_t option_count = ParseAddOptions(args.subspan(2), options);
  AddPairs(ctx, args[1], options, args.subspan(2 + option_count));
}

std::span<const CommandSpec> SortedSetCommands() { return kCommands; }

}  // namespace ringtail::commands
