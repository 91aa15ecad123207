#include "commands/zset_handlers.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "base/parse_number.h"

namespace ringtail::commands::zsets {
namespace {

// A border of a range of scores as strtod reads it, which is what Redis does: blanks in front, no digits at all, too
// large a number and whatever is behind a zero byte are accepted. Not NaN.
std::optional<double> ParseBorder(std::string_view text) {
  if (const auto number = ParseInt64(text)) return static_cast<double>(*number);
  const std::string terminated(text);
  char* end = nullptr;
  const double value = std::strtod(terminated.c_str(), &end);
  if (*end != '\0' || std::isnan(value)) return std::nullopt;
  return value;
}

struct Bound {
  double score;
  bool is_exclusive;
};

std::optional<Bound> ParseBound(std::string_view text) {
  const bool is_exclusive = text.starts_with('(');
  const auto score = ParseBorder(text.substr(is_exclusive ? 1 : 0));
  if (!score) return std::nullopt;
  return Bound{*score, is_exclusive};
}

using storage::MemberBorder;

// `is_end`: the border behind what is inside, not the one before it.
std::optional<MemberBorder> ParseMemberBorder(std::string_view text, bool is_end) {
  if (text.empty()) return std::nullopt;
  const char mark = text.front();
  if (mark == '-' || mark == '+') {
    // Redis sees the text end at a zero byte.
    if (text.size() > 1 && text[1] != '\0') return std::nullopt;
    return MemberBorder{.kind = mark == '-' ? MemberBorder::Kind::kBeforeAll
                                            : MemberBorder::Kind::kBehindAll};
  }
  if (mark != '[' && mark != '(') return std::nullopt;
  const bool is_behind = (mark == '(') != is_end;
  return MemberBorder{
      .member = text.substr(1),
      .kind = is_behind ? MemberBorder::Kind::kBehind : MemberBorder::Kind::kBefore};
}

}  // namespace

SortedSetLimits LimitsOf(CommandContext& ctx) {
  const EncodingLimits& encodings = ctx.services().limits.encodings;
  const auto limit = [](const std::atomic<int64_t>& value) {
    return static_cast<size_t>(std::max<int64_t>(value.load(std::memory_order_relaxed), 0));
  };
  return {.packed_entries_max = limit(encodings.zset_entries_max),
          .packed_value_bytes_max = limit(encodings.zset_value_bytes_max)};
}

std::optional<double> ScoreArg(CommandContext& ctx, std::string_view arg,
                               std::string_view error) {
  // Most scores are integers; up to 15 digits they are exact as doubles.
  constexpr size_t kExactDigits = 15;
  if (arg.size() <= kExactDigits) {
    if (const auto number = ParseInt64(arg)) return static_cast<double>(*number);
  }
  const auto score = ParseDouble(arg);
  if (!score) ctx.reply().Error(error);
  return score;
}

std::optional<ScoreRange> ScoreRangeArg(CommandContext& ctx, std::string_view min,
                                        std::string_view max) {
  const auto lowest = ParseBound(min);
  const auto highest = lowest ? ParseBound(max) : std::nullopt;
  if (!highest) {
    ctx.reply().Error(errors::kScoreRange);
    return std::nullopt;
  }
  return ScoreRange{{lowest->score, lowest->is_exclusive},
                    {highest->score, !highest->is_exclusive}};
}

std::optional<MemberRange> MemberRangeArg(CommandContext& ctx, std::string_view min,
                                          std::string_view max) {
  const auto begin = ParseMemberBorder(min, /*is_end=*/false);
  const auto end = ParseMemberBorder(max, /*is_end=*/true);
  if (!begin || !end) {
    ctx.reply().Error(errors::kMemberRange);
    return std::nullopt;
  }
  return MemberRange{*begin, *end};
}

RankRange ClampRanks(int64_t start, int64_t stop, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (start < 0) start = std::max<int64_t>(start + count, 0);
  if (stop < 0) stop += count;
  if (start > stop || start >= count) return {};
  stop = std::min(stop, count - 1);
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
}

void BeginMembers(CommandContext& ctx, size_t count, bool has_scores) {
  const bool is_flat = has_scores && ctx.reply().version() == proto::RespVersion::kResp2;
  ctx.reply().Array(is_flat ? count * 2 : count);
}

size_t Store(CommandContext& ctx, std::string_view destination, SortedSetBuilder& built,
             std::string_view event) {
  KeyRef key = ctx.Write(destination);
  const size_t size = built.size();
  if (size != 0) {
    ctx.Put(key, built.TakeEntry(destination, LimitsOf(ctx)));
    ctx.Notify(kNotifyZset, event, destination);
  } else if (key) {
    ctx.Delete(key);
  }
  return size;
}

// ---- Popping

std::optional<PopOptions> PopOptionArgs(CommandContext& ctx, Args args) {
  const auto key_count = ParseInt64(args[0]);
  if (!key_count || *key_count < 1) {
    ctx.reply().Error(errors::kKeyCountNotPositive);
    return std::nullopt;
  }
  if (static_cast<uint64_t>(*key_count) >= args.size() - 1) {
    ctx.SyntaxError();
    return std::nullopt;
  }
  PopOptions options;
  options.keys = args.subspan(1, static_cast<size_t>(*key_count));
  Args words = args.subspan(1 + options.keys.size());
  const bool is_min = EqualsIgnoreCase(words[0], "MIN");
  if (!is_min && !EqualsIgnoreCase(words[0], "MAX")) {
    ctx.SyntaxError();
    return std::nullopt;
  }
  options.end = is_min ? End::kMin : End::kMax;
  bool has_count = false;
  for (words = words.subspan(1); !words.empty(); words = words.subspan(2)) {
    if (has_count || words.size() < 2 || !EqualsIgnoreCase(words[0], "COUNT")) {
      ctx.SyntaxError();
      return std::nullopt;
    }
    const auto count = ParseInt64(words[1]);
    if (!count || *count < 1) {
      ctx.reply().Error(errors::kCountNotPositive);
      return std::nullopt;
    }
    options.count = static_cast<size_t>(*count);
    has_count = true;
  }
  return options;
}

std::optional<KeyRef> FirstThere(CommandContext& ctx, Args keys) {
  for (const std::string_view name : keys) {
    const KeyRef key = ctx.Write(name);
    if (!key) continue;
    if (!ctx.IsType(key, ValueType::kSortedSet)) return std::nullopt;
    return key;
  }
  return KeyRef();
}

void PopNested(CommandContext& ctx, KeyRef& key, End end, size_t count) {
  count = std::min(count, SortedSetView(*key.entry()).size());
  ctx.reply().Array(2);
  ctx.reply().Bulk(key.name());
  ctx.reply().Array(count);
  Pop(ctx, key, end, count, [&](std::string_view member, double score) {
    ctx.reply().Array(2);
    ctx.reply().Bulk(member);
    ctx.reply().Double(score);
  });
}

void RemoveRanks(CommandContext& ctx, KeyRef& key, const RankRange& ranks,
                 std::string_view event) {
  if (ranks.count == 0) return;
  ctx.Notify(kNotifyZset, event, key.name());
  if (ranks.count == SortedSetView(*key.entry()).size()) return ctx.Delete(key);
  {
    auto place = ctx.Place(key);
    SortedSetEditor(place, LimitsOf(ctx)).RemoveRange(ranks.first, ranks.count);
  }
  ctx.Changed(key);
}

void LogPop(CommandContext& ctx, std::string_view key, End end, size_t count) {
  if (!ctx.wants_effects()) return ctx.NoEffect();
  NumberText text;
  ctx.Effect({end == End::kMin ? "ZPOPMIN" : "ZPOPMAX", key,
              FormatInt64(static_cast<int64_t>(count), text)});
}

}  // namespace ringtail::commands::zsets
