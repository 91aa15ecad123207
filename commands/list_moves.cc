#include "commands/list_moves.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/parse_number.h"
#include "commands/packed_reply.h"

namespace ringtail::commands::lists {

using storage::ListCursor;
using storage::ListEditor;
using storage::ListView;
using storage::PackedElement;

storage::ListLimits LimitsOf(CommandContext& ctx) {
  return storage::ListLimits::Of(
      ctx.services().limits.encodings.list_node_size.load(std::memory_order_relaxed));
}

std::optional<ListEnd> ListEndArg(CommandContext& ctx, std::string_view arg) {
  if (EqualsIgnoreCase(arg, "LEFT")) return ListEnd::kHead;
  if (EqualsIgnoreCase(arg, "RIGHT")) return ListEnd::kTail;
  ctx.SyntaxError();
  return std::nullopt;
}

std::string_view NameOf(ListEnd end) { return end == ListEnd::kHead ? "LEFT" : "RIGHT"; }

// ---- Popping

void NotifyPush(CommandContext& ctx, std::string_view key, ListEnd end) {
  ctx.Notify(kNotifyList, end == ListEnd::kHead ? "lpush" : "rpush", key);
}

void NotifyPop(CommandContext& ctx, std::string_view key, ListEnd end) {
  ctx.Notify(kNotifyList, end == ListEnd::kHead ? "lpop" : "rpop", key);
}

void TakeOff(CommandContext& ctx, KeyRef& key, ListEnd end, size_t count) {
  NotifyPop(ctx, key.name(), end);
  if (count == ListView(*key.entry()).count()) return ctx.Delete(key);
  auto place = ctx.Place(key);
  ListEditor(place, LimitsOf(ctx)).RemoveEnd(end, count);
  ctx.Changed(key);
}

void ReplyPopped(CommandContext& ctx, KeyRef& key, ListEnd end, size_t count) {
  const ListView list(*key.entry());
  count = std::min(count, list.count());
  ctx.reply().Array(count);
  if (end == ListEnd::kHead) {
    list.VisitRuns(0, count, [&](const char* at, const char* memory_end, size_t n) {
      ReplyRun(ctx.reply(), at, memory_end, n);
    });
  } else {
    ListCursor at = list.From(list.count() - 1, ListEnd::kHead);
    for (size_t i = 0; i < count; ++i, at.Next()) ReplyElement(ctx.reply(), at.Get());
  }
  TakeOff(ctx, key, end, count);
}

std::optional<PopManyArgs> ParsePopMany(CommandContext& ctx, Args args, size_t key_count_index) {
  const auto positive = [&](std::string_view arg,
                            std::string_view error) -> std::optional<int64_t> {
    const auto value = ParseInt64(arg);
    if (value && *value > 0) return value;
    ctx.reply().Error(error);
    return std::nullopt;
  };
  const auto key_count = positive(args[key_count_index], errors::kNumKeysNotPositive);
  if (!key_count) return std::nullopt;
  const size_t rest = args.size() - key_count_index - 1;
  if (static_cast<uint64_t>(*key_count) >= rest) {
    ctx.SyntaxError();
    return std::nullopt;
  }
  PopManyArgs pop;
  pop.keys = args.subspan(key_count_index + 1, static_cast<size_t>(*key_count));
  size_t at = key_count_index + 1 + pop.keys.size();
  const auto end = ListEndArg(ctx, args[at++]);
  if (!end) return std::nullopt;
  pop.end = *end;
  if (at == args.size()) return pop;
  if (at + 2 > args.size() || !EqualsIgnoreCase(args[at], "COUNT")) {
    ctx.SyntaxError();
    return std::nullopt;
  }
  const auto count = positive(args[at + 1], errors::kCountNotPositive);
  if (!count) return std::nullopt;
  pop.count = *count;
  if (at + 2 == args.size()) return pop;
  ctx.SyntaxError();
  return std::nullopt;
}

bool PopMany(CommandContext& ctx, const PopManyArgs& pop) {
  for (const std::string_view name : pop.keys) {
    KeyRef key = ctx.Write(name);
    if (!key) continue;
    if (!ctx.IsType(key, ValueType::kList)) return true;
    const size_t count =
        std::min(static_cast<size_t>(pop.count), ListView(*key.entry()).count());
    ctx.reply().Array(2);
    ctx.reply().Bulk(name);
    ReplyPopped(ctx, key, pop.end, count);
    if (ctx.wants_effects()) {
      NumberText digits;
      ctx.Effect({pop.end == ListEnd::kHead ? "LPOP" : "RPOP", name,
                  FormatInt64(static_cast<int64_t>(count), digits)});
    }
    return true;
  }
  return false;
}

// ---- Moving

std::optional<Route> ParseRoute(CommandContext& ctx, Args args) {
  const auto from = ListEndArg(ctx, args[3]);
  if (!from) return std::nullopt;
  const auto to = ListEndArg(ctx, args[4]);
  if (!to) return std::nullopt;
  return Route{.source = args[1], .destination = args[2], .from = *from, .to = *to};
}

namespace {

void PushOnto(CommandContext& ctx, KeyRef& key, ListEnd end, const PackedElement& element) {
  auto place = ctx.Place(key);
  ListEditor(place, LimitsOf(ctx)).Push(end, element);
  ctx.Changed(key);
  NotifyPush(ctx, key.name(), end);
}

// An element of a list that goes to the list's other end. Not by way of an empty list, which would
// lose the key.
void Rotate(CommandContext& ctx, KeyRef& key, const Route& route) {
  const ListView list(*key.entry());
  if (route.from == route.to || list.count() == 1) {
    ctx.Changed(key);
    NotifyPush(ctx, key.name(), route.to);
    return NotifyPop(ctx, key.name(), route.from);
  }
  const PackedElement element = list.AtEnd(route.from);
  const std::string text(element.is_int() ? std::string_view() : element.text());
  const PackedElement kept = element.is_int() ? element : PackedElement(std::string_view(text));
  {
    auto place = ctx.Place(key);
    ListEditor(place, LimitsOf(ctx)).RemoveEnd(route.from, 1);
  }
  PushOnto(ctx, key, route.to, kept);
  NotifyPop(ctx, key.name(), route.from);
}

}  // namespace

bool MoveOne(CommandContext& ctx, const Route& route) {
  KeyRef source = ctx.Write(route.source);
  if (!source) return false;
  if (!ctx.IsType(source, ValueType::kList)) return true;
  if (route.source == route.destination) {
    ReplyElement(ctx.reply(), ListView(*source.entry()).AtEnd(route.from));
    Rotate(ctx, source, route);
    return true;
  }
  KeyRef destination = ctx.Write(route.destination);
  if (!ctx.IsType(destination, ValueType::kList)) return true;
  // The destination's look-up may have erased an expired entry beside the source's.
  source = ctx.Write(route.source);
  const PackedElement element = ListView(*source.entry()).AtEnd(route.from);
  ReplyElement(ctx.reply(), element);
  if (!destination) ctx.Create(destination, ValueType::kList);
  PushOnto(ctx, destination, route.to, element);
  source = ctx.Write(route.source);
  TakeOff(ctx, source, route.from, 1);
  return true;
}

std::optional<MoveManyArgs> ParseMoveMany(CommandContext& ctx, Args args, size_t options_index) {
  const auto route = ParseRoute(ctx, args);
  if (!route) return std::nullopt;
  MoveManyArgs move{.route = *route};
  const Args options = args.subspan(options_index);
  if (options.empty()) return move;
  const bool is_count = EqualsIgnoreCase(options[0], "COUNT");
  move.is_exact = EqualsIgnoreCase(options[0], "EXACTLY");
  const bool is_one_by_one = options.size() == 3 && EqualsIgnoreCase(options[2], "OBO");
  const bool is_bulk = options.size() == 3 && EqualsIgnoreCase(options[2], "BULK");
  if (!(is_count || move.is_exact) || !(is_one_by_one || is_bulk)) {
    ctx.SyntaxError();
    return std::nullopt;
  }
  const auto count = ParseInt64(options[1]);
  if (!count || *count <= 0) {
    ctx.reply().Error(errors::kCountNotPositive);
    return std::nullopt;
  }
  move.count = *count;
  // One by one turns the order round where they are put on the end that they came off.
  move.is_reversed = is_one_by_one && route->from == route->to;
  return move;
}

bool MoveMany(CommandContext& ctx, const MoveManyArgs& move) {
  const Route& route = move.route;
  KeyRef source = ctx.Write(route.source);
  if (!source) return false;
  if (!ctx.IsType(source, ValueType::kList)) return true;
  const size_t held = ListView(*source.entry()).count();
  if (move.is_exact && held < static_cast<size_t>(move.count)) return false;
  const bool is_same = route.source == route.destination;
  if (!is_same) {
    if (!ctx.IsType(ctx.Write(route.destination), ValueType::kList)) return true;
    source = ctx.Write(route.source);
  }
  const size_t count = std::min(static_cast<size_t>(move.count), held);
  // In the order that they have on the destination.
  std::vector<std::string> moved;
  moved.reserve(count);
  {
    const ListView list(*source.entry());
    ListCursor at = list.From(route.from == ListEnd::kHead ? 0 : held - count, ListEnd::kTail);
    for (size_t i = 0; i < count; ++i, at.Next()) moved.push_back(at.Get().String());
  }
  if (move.is_reversed) std::reverse(moved.begin(), moved.end());
  ctx.reply().Array(count);
  for (const std::string& element : moved) ctx.reply().Bulk(element);

  if (is_same && route.from == route.to && !move.is_reversed) return true;  // all as it was
  std::vector<std::string_view> pushed(moved.begin(), moved.end());
  if (route.to == ListEnd::kHead) std::reverse(pushed.begin(), pushed.end());
  if (!is_same) TakeOff(ctx, source, route.from, count);
  KeyRef destination = ctx.Write(route.destination);
  if (!destination) ctx.Create(destination, ValueType::kList);
  auto place = ctx.Place(destination);
  ListEditor editor(place, LimitsOf(ctx));
  if (is_same) editor.RemoveEnd(route.from, count);
  editor.Push(route.to, pushed);
  ctx.Changed(destination);
  NotifyPush(ctx, route.destination, route.to);
  if (is_same) NotifyPop(ctx, route.source, route.from);
  return true;
}

}  // namespace ringtail::commands::lists
