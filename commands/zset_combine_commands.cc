// Unions, intersections and differences of sorted sets, among which plain sets may be: their
// members score 1.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <variant>
#include <vector>

#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/zset_handlers.h"
#include "storage/set_value.h"

namespace ringtail::commands {
namespace {

using storage::PackedElement;
using storage::ScoredMember;
using storage::SetNeedle;
using storage::SetView;
using zsets::SortedSetBuilder;
using zsets::SortedSetView;

enum class Operation : uint8_t { kUnion, kIntersection, kDifference };
enum class Aggregate : uint8_t { kSum, kMin, kMax };
enum class Result : uint8_t { kReply, kStore, kCount };

// One of the sets that are combined; an absent key has no members.
class Source {
 public:
  Source() = default;
  explicit Source(const Entry& entry) : entry_(&entry) {
    if (entry.type() == ValueType::kSet) {
      view_.emplace<SetView>(entry);
      size_ = std::get<SetView>(view_).count();
    } else {
      view_.emplace<SortedSetView>(entry);
      size_ = std::get<SortedSetView>(view_).size();
    }
  }

  size_t size() const { return size_; }
  bool IsSameAs(const Source& other) const { return entry_ == other.entry_; }

  // Calls visit(member, score), without the weight, until it returns false.
  template <typename Visitor>
  void VisitWhile(Visitor&& visit) const {
    if (const auto* set = std::get_if<SetView>(&view_)) {
      char digits[20];
      set->ForEachWhile(
          [&](const PackedElement& member) { return visit(member.Bytes(digits), 1.0); });
    } else if (const auto* sorted = std::get_if<SortedSetView>(&view_)) {
      sorted->VisitWhile(visit);
    }
  }
  std::optional<double> Score(std::string_view member) const {
    if (const auto* set = std::get_if<SetView>(&view_)) {
      SetNeedle needle(member);
      return set->Contains(needle) ? std::optional(1.0) : std::nullopt;
    }
    const auto* sorted = std::get_if<SortedSetView>(&view_);
    return sorted != nullptr ? sorted->Score(member) : std::nullopt;
  }

  double weight = 1;

 private:
  std::variant<std::monostate, SetView, SortedSetView> view_;
  const Entry* entry_ = nullptr;
  size_t size_ = 0;
};

struct Combination {
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  bool has_scores = false;
  size_t limit = 0;  // of ZINTERCARD; 0: none
};

// The scores of a member in two sources as one. Infinities that cancel out are 0, as in Redis.
double Aggregated(Aggregate aggregate, double left, double right) {
  switch (aggregate) {
    case Aggregate::kMin:
      return right < left ? right : left;
    case Aggregate::kMax:
      return right > left ? right : left;
    case Aggregate::kSum:
      break;
  }
  const double sum = left + right;
  return std::isnan(sum) ? 0 : sum;
}

double Weighted(const Source& source, double score) {
  const double product = source.weight * score;
  return std::isnan(product) ? 0 : product;
}

// Smaller ones first: an intersection then looks up as few members as it can. It also decides in
// which order scores are added up, so it is Redis's.
void SortBySize(std::vector<Source>& sources) {
  std::stable_sort(sources.begin(), sources.end(), [](const Source& left, const Source& right) {
    return left.size() < right.size();
  });
}

void Unite(Combination& combination, SortedSetBuilder& result) {
  SortBySize(combination.sources);
  for (const Source& source : combination.sources) {
    source.VisitWhile([&](std::string_view member, double score) {
      score = Weighted(source, score);
      if (ScoredMember* const found = result.Find(member)) {
        found->SetScore(Aggregated(combination.aggregate, found->score(), score));
      } else {
        result.Add(member, score);
      }
      return true;
    });
  }
}

// Calls visit(member, score) for the members that are in all sources until it returns false.
template <typename Visitor>
void Intersect(Combination& combination, Visitor&& visit) {
  std::vector<Source>& sources = combination.sources;
  SortBySize(sources);
  const Source& first = sources.front();
  first.VisitWhile([&](std::string_view member, double own_score) {
    double score = Weighted(first, own_score);
    for (size_t i = 1; i < sources.size(); ++i) {
      const auto other = sources[i].IsSameAs(first) ? own_score : sources[i].Score(member);
      if (!other) return true;
      score = Aggregated(combination.aggregate, score, *other * sources[i].weight);
    }
    return visit(member, score);
  });
}

void Subtract(const Combination& combination, SortedSetBuilder& result) {
  const std::vector<Source>& sources = combination.sources;
  for (const Source& source : std::span(sources).subspan(1)) {
    if (source.size() != 0 && source.IsSameAs(sources.front())) return;
  }
  sources.front().VisitWhile([&](std::string_view member, double score) {
    const bool is_elsewhere =
        std::any_of(sources.begin() + 1, sources.end(),
                    [&](const Source& source) { return source.Score(member).has_value(); });
    if (!is_elsewhere) result.Add(member, score);
    return true;
  });
}

// ---- Arguments

// Opens the keys; false if one is neither a sorted set nor a set, which was answered.
bool OpenSources(CommandContext& ctx, Args keys, std::vector<Source>& sources) {
  sources.reserve(keys.size());
  for (const std::string_view name : keys) {
    const KeyRef key = ctx.Read(name);
    if (key && key.entry()->type() != ValueType::kSet &&
        !ctx.IsType(key, ValueType::kSortedSet)) {
      return false;
    }
    sources.push_back(key ? Source(*key.entry()) : Source());
  }
  return true;
}

bool ParseWeights(CommandContext& ctx, Args weights, std::vector<Source>& sources) {
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto weight = zsets::ScoreArg(ctx, weights[i], errors::kWeightNotFloat);
    if (!weight) return false;
    sources[i].weight = *weight;
  }
  return true;
}

std::optional<Aggregate> AggregateOf(std::string_view word) {
  if (EqualsIgnoreCase(word, "SUM")) return Aggregate::kSum;
  if (EqualsIgnoreCase(word, "MIN")) return Aggregate::kMin;
  if (EqualsIgnoreCase(word, "MAX")) return Aggregate::kMax;
  return std::nullopt;
}

// The options behind the keys; false if an error was answered.
bool ParseOptions(CommandContext& ctx, Args words, Operation operation, Result result,
                  Combination& combination) {
  const bool has_weights = operation != Operation::kDifference && result != Result::kCount;
  std::vector<Source>& sources = combination.sources;
  while (!words.empty()) {
    if (has_weights && words.size() > sources.size() && EqualsIgnoreCase(words[0], "WEIGHTS")) {
      if (!ParseWeights(ctx, words.subspan(1), sources)) return false;
      words = words.subspan(1 + sources.size());
    } else if (has_weights && words.size() > 1 && EqualsIgnoreCase(words[0], "AGGREGATE")) {
      const auto aggregate = AggregateOf(words[1]);
      if (!aggregate) return ctx.SyntaxError(), false;
      combination.aggregate = *aggregate;
      words = words.subspan(2);
    } else if (result == Result::kReply && EqualsIgnoreCase(words[0], "WITHSCORES")) {
      combination.has_scores = true;
      words = words.subspan(1);
    } else if (result == Result::kCount && words.size() > 1 &&
               EqualsIgnoreCase(words[0], "LIMIT")) {
      const auto limit = ParseInt64(words[1]);
      if (!limit || *limit < 0) return ctx.reply().Error(errors::kLimitNegative), false;
      combination.limit = static_cast<size_t>(*limit);
      words = words.subspan(2);
    } else {
      return ctx.SyntaxError(), false;
    }
  }
  return true;
}

// numkeys key [key ...] [options]
std::optional<Combination> ParseCombination(CommandContext& ctx, Args args, Operation operation,
                                            Result result) {
  const auto key_count = ctx.IntArg(args[0]);
  if (!key_count) return std::nullopt;
  if (*key_count < 1) {
    ctx.reply().Error(errors::NoInputKeys(ctx.command().full_name));
    return std::nullopt;
  }
  if (static_cast<uint64_t>(*key_count) > args.size() - 1) {
    ctx.SyntaxError();
    return std::nullopt;
  }
  const auto count = static_cast<size_t>(*key_count);
  Combination combination;
  if (!OpenSources(ctx, args.subspan(1, count), combination.sources)) return std::nullopt;
  if (!ParseOptions(ctx, args.subspan(1 + count), operation, result, combination)) {
    return std::nullopt;
  }
  return combination;
}

// ---- Commands

void Combine(Combination& combination, Operation operation, SortedSetBuilder& result) {
  switch (operation) {
    case Operation::kUnion:
      return Unite(combination, result);
    case Operation::kDifference:
      return Subtract(combination, result);
    case Operation::kIntersection:
      return Intersect(combination, [&](std::string_view member, double score) {
        result.Add(member, score);
        return true;
      });
  }
}

void ReplyCombination(CommandContext& ctx, Args args, Operation operation) {
  auto combination = ParseCombination(ctx, args.subspan(1), operation, Result::kReply);
  if (!combination) return;
  SortedSetBuilder result;
  Combine(*combination, operation, result);
  zsets::BeginMembers(ctx, result.size(), combination->has_scores);
  for (const auto& item : result.Finish()) {
    zsets::ReplyMember(ctx, item.member->key(), item.score, combination->has_scores);
  }
}

void StoreCombination(CommandContext& ctx, Args args, Operation operation,
                      std::string_view event) {
  auto combination = ParseCombination(ctx, args.subspan(2), operation, Result::kStore);
  if (!combination) return;
  SortedSetBuilder result;
  Combine(*combination, operation, result);
  ctx.reply().Integer(static_cast<int64_t>(zsets::Store(ctx, args[1], result, event)));
}

// ZUNION numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
void ZUnion(CommandContext& ctx, Args args) { ReplyCombination(ctx, args, Operation::kUnion); }

// ZINTER numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
void ZInter(CommandContext& ctx, Args args) {
  ReplyCombination(ctx, args, Operation::kIntersection);
}

// ZDIFF numkeys key [key ...] [WITHSCORES]
void ZDiff(CommandContext& ctx, Args args) { ReplyCombination(ctx, args, Operation::kDifference); }

// ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX]
void ZUnionStore(CommandContext& ctx, Args args) {
  StoreCombination(ctx, args, Operation::kUnion, "zunionstore");
}

// ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX]
void ZInterStore(CommandContext& ctx, Args args) {
  StoreCombination(ctx, args, Operation::kIntersection, "zinterstore");
}

// ZDIFFSTORE destination numkeys key [key ...]
void ZDiffStore(CommandContext& ctx, Args args) {
  StoreCombination(ctx, args, Operation::kDifference, "zdiffstore");
}

// ZINTERCARD numkeys key [key ...] [LIMIT limit]
void ZInterCard(CommandContext& ctx, Args args) {
  constexpr Operation kOperation = Operation::kIntersection;
  auto combination = ParseCombination(ctx, args.subspan(1), kOperation, Result::kCount);
  if (!combination) return;
  size_t count = 0;
  Intersect(*combination,
            [&](std::string_view, double) { return ++count != combination->limit; });
  ctx.reply().Integer(static_cast<int64_t>(count));
}

// ---- The table

constexpr CommandSpec kCommands[] = {
    {.name = "ZUNION", .arity = -3, .flags = kRead | kMovableKeys,
     .keys = {CountedKeys(kKeyRo | kKeyAccess, 1)}, .categories = kCatSortedSet,
     .handler = ZUnion, .group = "sorted_set", .since = "6.2.0",
     .complexity = "O(N) + O(M log M) where N is the number of members of all sorted sets, "
         "M that of the result.",
     .summary = "Returns the members of any of several sorted sets."},
    {.name = "ZINTER", .arity = -3, .flags = kRead | kMovableKeys,
     .keys = {CountedKeys(kKeyRo | kKeyAccess, 1)}, .categories = kCatSortedSet,
     .handler = ZInter, .group = "sorted_set", .since = "6.2.0",
     .complexity = "O(NK) + O(M log M) where N is the number of members of the smallest of "
         "K sorted sets, M that of the result.",
     .summary = "Returns the members that several sorted sets share."},
    {.name = "ZDIFF", .arity = -3, .flags = kRead | kMovableKeys,
     .keys = {CountedKeys(kKeyRo | kKeyAccess, 1)}, .categories = kCatSortedSet,
     .handler = ZDiff, .group = "sorted_set", .since = "6.2.0",
     .complexity = "O(NK) + O(M log M) where N is the number of members of the first of K "
         "sorted sets, M that of the result.",
     .summary = "Returns the members of a sorted set that others do not have."},
    {.name = "ZUNIONSTORE", .arity = -4, .flags = kWrite | kDenyOom | kMovableKeys,
     .keys = {OneKey(kKeyOw | kKeyUpdate), CountedKeys(kKeyRo | kKeyAccess, 2)},
     .categories = kCatSortedSet, .handler = ZUnionStore, .group = "sorted_set",
     .since = "2.0.0",
     .complexity = "O(N) + O(M log M) where N is the number of members of all sorted sets, "
         "M that of the result.",
     .summary = "Stores the members of any of several sorted sets."},
    {.name = "ZINTERSTORE", .arity = -4, .flags = kWrite | kDenyOom | kMovableKeys,
     .keys = {OneKey(kKeyOw | kKeyUpdate), CountedKeys(kKeyRo | kKeyAccess, 2)},
     .categories = kCatSortedSet, .handler = ZInterStore, .group = "sorted_set",
     .since = "2.0.0",
     .complexity = "O(NK) + O(M log M) where N is the number of members of the smallest of "
         "K sorted sets, M that of the result.",
     .summary = "Stores the members that several sorted sets share."},
    {.name = "ZDIFFSTORE", .arity = -4, .flags = kWrite | kDenyOom | kMovableKeys,
     .keys = {OneKey(kKeyOw | kKeyUpdate), CountedKeys(kKeyRo | kKeyAccess, 2)},
     .categories = kCatSortedSet, .handler = ZDiffStore, .group = "sorted_set", .since = "6.2.0",
     .complexity = "O(NK) + O(M log M) where N is the number of members of the first of K "
         "sorted sets, M that of the result.",
     .summary = "Stores the members of a sorted set that others do not have."},
    {.name = "ZINTERCARD", .arity = -3, .flags = kRead | kMovableKeys,
     .keys = {CountedKeys(kKeyRo | kKeyAccess, 1)}, .categories = kCatSortedSet,
     .handler = ZInterCard, .group = "sorted_set", .since = "7.0.0",
     .complexity = "O(NK) where N is the number of members of the smallest of K sorted sets.",
     .summary = "Counts the members that several sorted sets share."},
};

}  // namespace

std::span<const CommandSpec> SortedSetCombineCommands() { return kCommands; }

}  // namespace ringtail::commands
