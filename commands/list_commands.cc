// Lists: both ends, ranges, elements in the middle. What waits for an element is in
// list_blocking_commands.cc.
#include <algorithm>
#include <limits>

#include "commands/context.h"
#include "commands/list_moves.h"
#include "commands/packed_reply.h"

namespace ringtail::commands {
namespace {

using lists::LimitsOf;
using storage::ListCursor;
using storage::ListEditor;
using storage::ListEnd;
using storage::ListView;

// ---- Both ends

enum class IfAbsent : uint8_t { kCreate, kNothing };

template <ListEnd kEnd, IfAbsent kIfAbsent>
void Push(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kList)) return;
  if (!key) {
    if (kIfAbsent == IfAbsent::kNothing) return ctx.reply().Integer(0);
    ctx.Create(key, ValueType::kList);
  }
  auto place = ctx.Place(key);
  ListEditor list(place, LimitsOf(ctx));
  list.Push(kEnd, args.subspan(2));
  ctx.Changed(key);
  lists::NotifyPush(ctx, args[1], kEnd);
  ctx.reply().Integer(static_cast<int64_t>(list.count()));
}

template <ListEnd kEnd>
void PopOne(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().Null();
  if (!ctx.IsType(key, ValueType::kList)) return;
  ReplyElement(ctx.reply(), ListView(*key.entry()).AtEnd(kEnd));
  lists::TakeOff(ctx, key, kEnd, 1);
}

template <ListEnd kEnd>
void Pop(CommandContext& ctx, Args args) {
  if (args.size() == 2) [[likely]] return PopOne<kEnd>(ctx, args);
  if (args.size() > 3) return ctx.reply().Error(errors::WrongArity(ctx.command().full_name));
  const auto count = ctx.IntArg(args[2], errors::kNotPositive);
  if (!count) return;
  if (*count < 0) return ctx.reply().Error(errors::kNotPositive);
  KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().NullArray();
  if (!ctx.IsType(key, ValueType::kList)) return;
  if (*count == 0) return ctx.reply().EmptyArray();
  lists::ReplyPopped(ctx, key, kEnd, static_cast<size_t>(*count));
}

void LMPop(CommandContext& ctx, Args args) {
  const auto pop = lists::ParsePopMany(ctx, args, 1);
  if (pop && !lists::PopMany(ctx, *pop)) ctx.reply().NullArray();
}

void LMove(CommandContext& ctx, Args args) {
  const auto route = lists::ParseRoute(ctx, args);
  if (route && !lists::MoveOne(ctx, *route)) ctx.reply().Null();
}

void RPopLPush(CommandContext& ctx, Args args) {
  const lists::Route route = {.source = args[1], .destination = args[2],
                              .from = ListEnd::kTail, .to = ListEnd::kHead};
  if (!lists::MoveOne(ctx, route)) ctx.reply().Null();
}

void LMoveM(CommandContext& ctx, Args args) {
  const auto move = lists::ParseMoveMany(ctx, args, 5);
  if (!move || lists::MoveMany(ctx, *move)) return;
  move->is_exact ? ctx.reply().NullArray() : ctx.reply().EmptyArray();
}

// ---- Ranges

void LLen(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kList)) return;
  ctx.reply().Integer(key ? static_cast<int64_t>(ListView(*key.entry()).count()) : 0);
}

// A range as LRANGE and LTRIM take it, both ends included and counted from the tail if negative.
struct Range {
  size_t index;
  size_t count;
};
Range RangeOf(int64_t start, int64_t stop, size_t list_count) {
  const auto size = static_cast<int64_t>(list_count);
  if (start < 0) start = std::max<int64_t>(start + size, 0);
  if (stop < 0) stop += size;
  stop = std::min(stop, size - 1);
  if (start > stop) return {0, 0};
  return {static_cast<size_t>(start), static_cast<size_t>(stop - start + 1)};
}

void LRange(CommandContext& ctx, Args args) {
  const auto start = ctx.IntArg(args[2]);
  if (!start) return;
  const auto stop = ctx.IntArg(args[3]);
  if (!stop) return;
  const KeyRef key = ctx.Read(args[1]);
  if (!key) return ctx.reply().EmptyArray();
  if (!ctx.IsType(key, ValueType::kList)) return;
  const ListView list(*key.entry());
  const Range range = RangeOf(*start, *stop, list.count());
  ctx.reply().Array(range.count);
  list.VisitRuns(range.index, range.count, [&](const char* at, const char* end, size_t n) {
    ReplyRun(ctx.reply(), at, end, n);
  });
}

void LTrim(CommandContext& ctx, Args args) {
  const auto start = ctx.IntArg(args[2]);
  if (!start) return;
  const auto stop = ctx.IntArg(args[3]);
  if (!stop) return;
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kList)) return;
  ctx.reply().Ok();
  if (!key) return;
  const size_t count = ListView(*key.entry()).count();
  const Range kept = RangeOf(*start, *stop, count);
  ctx.Notify(kNotifyList, "ltrim", args[1]);
  if (kept.count == count) return;
  if (kept.count == 0) return ctx.Delete(key);
  auto place = ctx.Place(key);
  ListEditor(place, LimitsOf(ctx)).Keep(kept.index, kept.count);
  ctx.Changed(key);
}

// ---- In the middle

void LIndex(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!key) return ctx.reply().Null();
  if (!ctx.IsType(key, ValueType::kList)) return;
  const auto index = ctx.IntArg(args[2]);
  if (!index) return;
  ListView list(*key.entry());
  const auto element = list.At(*index);
  element ? ReplyElement(ctx.reply(), *element) : ctx.reply().Null();
}

void LSet(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().Error(errors::kNoSuchKey);
  if (!ctx.IsType(key, ValueType::kList)) return;
  const auto index = ctx.IntArg(args[2]);
  if (!index) return;
  auto place = ctx.Place(key);
  if (!ListEditor(place, LimitsOf(ctx)).Set(*index, args[3])) {
    return ctx.reply().Error(errors::kOutOfRange);
  }
  ctx.Changed(key);
  ctx.Notify(kNotifyList, "lset", args[1]);
  ctx.reply().Ok();
}

void LInsert(CommandContext& ctx, Args args) {
  const bool is_behind = EqualsIgnoreCase(args[2], "AFTER");
  if (!is_behind && !EqualsIgnoreCase(args[2], "BEFORE")) return ctx.SyntaxError();
  KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().Integer(0);
  if (!ctx.IsType(key, ValueType::kList)) return;
  auto place = ctx.Place(key);
  ListEditor list(place, LimitsOf(ctx));
  const auto side = is_behind ? ListEditor::Side::kBehind : ListEditor::Side::kBefore;
  if (!list.Insert(side, args[3], args[4])) return ctx.reply().Integer(-1);
  ctx.Changed(key);
  ctx.Notify(kNotifyList, "linsert", args[1]);
  ctx.reply().Integer(static_cast<int64_t>(list.count()));
}

void LRem(CommandContext& ctx, Args args) {
  const auto count = ctx.IntArg(args[2]);
  if (!count) return;
  KeyRef key = ctx.Write(args[1]);
  if (!key) return ctx.reply().Integer(0);
  if (!ctx.IsType(key, ValueType::kList)) return;
  const ListEnd from = *count < 0 ? ListEnd::kTail : ListEnd::kHead;
  const uint64_t magnitude =
      *count < 0 ? 0 - static_cast<uint64_t>(*count) : static_cast<uint64_t>(*count);
  const size_t max = magnitude == 0 ? std::numeric_limits<size_t>::max() : magnitude;
  auto place = ctx.Place(key);
  ListEditor list(place, LimitsOf(ctx));
  const size_t removed = list.Remove(args[3], max, from);
  if (removed != 0) {
    ctx.Changed(key);
    ctx.Notify(kNotifyList, "lrem", args[1]);
    if (list.count() == 0) ctx.Delete(key);
  }
  ctx.reply().Integer(static_cast<int64_t>(removed));
}

// ---- LPOS

struct PositionOptions {
  int64_t rank = 1;         // which match, from the head or (negative) the tail
  int64_t count = -1;       // how many, 0: all, -1: one and not as an array
  int64_t length_max = 0;   // elements to look at, 0: all
};

std::optional<PositionOptions> ParsePositionOptions(CommandContext& ctx, Args args) {
  PositionOptions options;
  for (size_t i = 3; i < args.size(); ++i) {
    if (i + 1 == args.size()) {
      ctx.SyntaxError();
      return std::nullopt;
    }
    if (EqualsIgnoreCase(args[i], "RANK")) {
      const auto rank = ctx.IntArg(args[++i]);
      if (!rank) return std::nullopt;
      if (*rank == 0) {
        ctx.reply().Error(errors::kRankZero);
        return std::nullopt;
      }
      options.rank = *rank;
      continue;
    }
    const bool is_count = EqualsIgnoreCase(args[i], "COUNT");
    if (!is_count && !EqualsIgnoreCase(args[i], "MAXLEN")) {
      ctx.SyntaxError();
      return std::nullopt;
    }
    const std::string_view error = is_count ? errors::kCountNegative : errors::kMaxLenNegative;
    const auto value = ctx.IntArg(args[++i], error);
    if (!value) return std::nullopt;
    if (*value < 0) {
      ctx.reply().Error(error);
      return std::nullopt;
    }
    (is_count ? options.count : options.length_max) = *value;
  }
  return options;
}

void LPos(CommandContext& ctx, Args args) {
  const auto options = ParsePositionOptions(ctx, args);
  if (!options) return;
  const bool is_array = options->count >= 0;
  const KeyRef key = ctx.Read(args[1]);
  if (!key) return is_array ? ctx.reply().EmptyArray() : ctx.reply().Null();
  if (!ctx.IsType(key, ValueType::kList)) return;

  const ListView list(*key.entry());
  const storage::PackedNeedle wanted(args[2]);
  const auto size = static_cast<int64_t>(list.count());
  const bool is_from_tail = options->rank < 0;
  // The smallest integer has no opposite; Redis then takes the first match, and all of them
  // whatever the count.
  const bool is_unbounded = options->rank == std::numeric_limits<int64_t>::min();
  const int64_t rank = is_unbounded ? 1 : std::abs(options->rank);
  const int64_t count_max = is_unbounded ? 0 : options->count;
  const int64_t looked_at_max = options->length_max == 0 ? size : options->length_max;

  const auto begin = ctx.reply().BeginArray();
  int64_t match_count = 0;
  size_t answered = 0;
  ListCursor at = is_from_tail ? list.From(static_cast<size_t>(size) - 1, ListEnd::kHead)
                               : list.From(0, ListEnd::kTail);
  for (int64_t index = 0; !at.is_done() && index < looked_at_max; ++index, at.Next()) {
    if (!at.Equals(wanted) || ++match_count < rank) continue;
    ctx.reply().Integer(is_from_tail ? size - 1 - index : index);
    ++answered;
    if (!is_array || static_cast<int64_t>(answered) == count_max) break;
  }
  if (is_array) return ctx.reply().EndArray(begin, answered);
  if (answered == 0) ctx.reply().Null();
}

// ---- The table

constexpr unsigned kInsert = kKeyRw | kKeyInsert;
constexpr unsigned kTake = kKeyRw | kKeyAccess | kKeyDelete;
constexpr unsigned kLook = kKeyRo | kKeyAccess;

constexpr CommandSpec PushRow(std::string_view name, Handler handler, std::string_view since,
                              std::string_view summary) {
  return {.name = name, .arity = -3, .flags = kWrite | kDenyOom | kFast, .keys = {OneKey(kInsert)},
          .categories = kCatList, .handler = handler, .group = "list", .since = since,
          .complexity = "O(1) for each element", .summary = summary};
}
constexpr CommandSpec PopRow(std::string_view name, Handler handler, std::string_view summary) {
  return {.name = name, .arity = -2, .flags = kWrite | kFast, .keys = {OneKey(kTake)},
          .categories = kCatList, .handler = handler, .group = "list", .since = "1.0.0",
          .complexity = "O(1) for each element", .summary = summary};
}

constexpr CommandSpec kCommands[] = {
    PushRow("LPUSH", Push<ListEnd::kHead, IfAbsent::kCreate>, "1.0.0",
            "Puts elements at the head of a list, creating it if it is absent."),
    PushRow("RPUSH", Push<ListEnd::kTail, IfAbsent::kCreate>, "1.0.0",
            "Puts elements at the tail of a list, creating it if it is absent."),
    PushRow("LPUSHX", Push<ListEnd::kHead, IfAbsent::kNothing>, "2.2.0",
            "Puts elements at the head of a list that is there."),
    PushRow("RPUSHX", Push<ListEnd::kTail, IfAbsent::kNothing>, "2.2.0",
            "Puts elements at the tail of a list that is there."),
    PopRow("LPOP", Pop<ListEnd::kHead>, "Takes elements off the head of a list."),
    PopRow("RPOP", Pop<ListEnd::kTail>, "Takes elements off the tail of a list."),
    {.name = "LLEN", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatList, .handler = LLen, .group = "list", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Counts the elements of a list."},
    {.name = "LINDEX", .arity = 3, .flags = kRead, .keys = {OneKey(kLook)},
     .categories = kCatList, .handler = LIndex, .group = "list", .since = "1.0.0",
     .complexity = "O(1) near the ends; else O(N/K) with nodes of K elements, by blocks of nodes",
     .summary = "Returns the element at an index."},
    {.name = "LSET", .arity = 4, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatList, .handler = LSet,
     .group = "list", .since = "1.0.0",
     .complexity = "O(1) near the ends; else O(N/K) with nodes of K elements, by blocks of nodes",
     .summary = "Replaces the element at an index."},
    {.name = "LINSERT", .arity = 5, .flags = kWrite | kDenyOom, .keys = {OneKey(kInsert)},
     .categories = kCatList, .handler = LInsert, .group = "list", .since = "2.2.0",
     .complexity = "O(N) with N the elements before the pivot",
     .summary = "Puts an element before or after the first one of a value."},
    {.name = "LRANGE", .arity = 4, .flags = kRead, .keys = {OneKey(kLook)},
     .categories = kCatList, .handler = LRange, .group = "list", .since = "1.0.0",
     .complexity = "O(N) with N the elements returned, and as LINDEX to find the first",
     .summary = "Returns the elements between two indexes."},
    {.name = "LREM", .arity = 4, .flags = kWrite, .keys = {OneKey(kKeyRw | kKeyDelete)},
     .categories = kCatList, .handler = LRem, .group = "list", .since = "1.0.0",
     .complexity = "O(N) with N the elements of the list",
     .summary = "Removes elements of a value from a list."},
    {.name = "LTRIM", .arity = 4, .flags = kWrite, .keys = {OneKey(kKeyRw | kKeyDelete)},
     .categories = kCatList, .handler = LTrim, .group = "list", .since = "1.0.0",
     .complexity = "O(N) with N the elements removed",
     .summary = "Removes all but the elements between two indexes."},
    {.name = "LPOS", .arity = -3, .flags = kRead, .keys = {OneKey(kLook)},
     .categories = kCatList, .handler = LPos, .group = "list", .since = "6.0.6",
     .complexity = "O(N) with N the elements looked at",
     .summary = "Returns the indexes of elements of a value."},
    {.name = "LMPOP", .arity = -4, .flags = kWrite, .keys = {CountedKeys(kTake, 1)},
     .categories = kCatList, .handler = LMPop, .group = "list", .since = "7.0.0",
     .complexity = "O(N+M) with N the keys and M the elements returned",
     .summary = "Takes elements off the first list that has any."},
    {.name = "LMOVE", .arity = 5, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kTake), OneKey(kInsert, 2)}, .categories = kCatList, .handler = LMove,
     .group = "list", .since = "6.2.0", .complexity = "O(1)",
     .summary = "Moves an element from an end of one list to an end of another."},
    {.name = "RPOPLPUSH", .arity = 3, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kTake), OneKey(kInsert, 2)}, .categories = kCatList, .handler = RPopLPush,
     .group = "list", .since = "1.2.0", .complexity = "O(1)",
     .summary = "Moves the last element of a list to the head of another.",
     .deprecated_since = "6.2.0", .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments"},
    {.name = "LMOVEM", .arity = -5, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kTake), OneKey(kInsert, 2)}, .categories = kCatList, .handler = LMoveM,
     .group = "list", .since = "8.10.0", .complexity = "O(N) with N the elements moved",
     .summary = "Moves elements from an end of one list to an end of another."},
};

}  // namespace

std::span<const CommandSpec> ListCommands() { return kCommands; }

}  // namespace ringtail::commands
