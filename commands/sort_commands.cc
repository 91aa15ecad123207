// SORT and SORT_RO. Where their elements and weights come from is in sort_sources.cc.
//
// Keys that BY and GET point at follow from the elements, so nobody can lock them beforehand: both
// run while all workers stand still.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/parse_number.h"
#include "commands/acl_user.h"
#include "commands/context.h"
#include "commands/list_moves.h"
#include "commands/script_runner.h"
#include "commands/sort_sources.h"
#include "storage/list_value.h"

namespace ringtail::commands {
namespace {

using sorting::TextArena;
using sorting::Window;
using storage::ListEditor;
using storage::ListEnd;

struct SortOptions {
  bool is_descending = false;
  bool is_alphabetic = false;
  int64_t offset = 0;
  int64_t count = -1;                          // negative: all
  std::optional<std::string_view> weights;     // BY, if its pattern has a *
  bool is_unsorted = false;                    // BY without a *
  std::vector<std::string_view> gets;
  std::optional<std::string_view> destination;
};

// BY and GET read keys that nobody can know before: only who may read all keys may use them.
bool MayFollowPatterns(CommandContext& ctx) {
  const ClientState& client = ctx.client();
  return !client.is_restricted ||
         MayTouchAnyKey(*client.acl_user, ctx.command(), ctx.args(), kKeyAccess);
}

std::optional<SortOptions> ParseSortOptions(CommandContext& ctx, Args args, bool can_store) {
  SortOptions options;
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t left = args.size() - i - 1;
    const auto is = [&](std::string_view word) { return EqualsIgnoreCase(args[i], word); };
    if (is("ASC")) {
      options.is_descending = false;
    } else if (is("DESC")) {
      options.is_descending = true;
    } else if (is("ALPHA")) {
      options.is_alphabetic = true;
    } else if (is("LIMIT") && left >= 2) {
      const auto offset = ctx.IntArg(args[i + 1]);
      if (!offset) return std::nullopt;
      const auto count = ctx.IntArg(args[i + 2]);
      if (!count) return std::nullopt;
      options.offset = *offset;
      options.count = *count;
      i += 2;
    } else if (can_store && is("STORE") && left >= 1) {
      options.destination = args[++i];
    } else if (is("BY") && left >= 1) {
      // Once there was a BY without a *, no later one sorts.
      const std::string_view pattern = args[++i];
      options.weights = pattern;
      if (sorting::StarOf(pattern) == std::string_view::npos) {
        options.is_unsorted = true;
      } else if (!MayFollowPatterns(ctx)) {
        ctx.reply().Error(errors::kSortByDenied);
        return std::nullopt;
      }
    } else if (is("GET") && left >= 1) {
      if (!MayFollowPatterns(ctx)) {
        ctx.reply().Error(errors::kSortGetDenied);
        return std::nullopt;
      }
      options.gets.push_back(args[++i]);
    } else {
      ctx.SyntaxError();
      return std::nullopt;
    }
  }
  return options;
}

// ---- Sorting

struct Item {
  std::string_view element;
  std::optional<std::string_view> weight = std::nullopt;  // what it is sorted by
  double score = 0;
};

// The number that Redis makes of a text, with everything that strtod takes.
std::optional<double> ScoreOf(std::string_view text) {
  if (const auto number = ParseInt64(text)) return static_cast<double>(*number);
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const double score = std::strtod(terminated.c_str(), &end);
  if (*end != '\0' || errno == ERANGE || std::isnan(score)) return std::nullopt;
  return score;
}

// As strcoll in the C locale, which ends at a zero byte.
int CompareText(std::string_view a, std::string_view b) {
  return a.substr(0, a.find('\0')).compare(b.substr(0, b.find('\0')));
}

// Gives each item what it is sorted by. False: something is not a number.
bool Weigh(CommandContext& ctx, const SortOptions& options, TextArena& arena,
           std::vector<Item>& items) {
  sorting::PatternLookup lookup(ctx, arena);
  bool is_sound = true;
  for (Item& item : items) {
    item.weight = options.weights ? lookup.Find(*options.weights, item.element) : item.element;
    if (options.is_alphabetic || !item.weight) continue;
    const auto score = ScoreOf(*item.weight);
    is_sound &= score.has_value();
    item.score = score.value_or(0);
  }
  return is_sound;
}

int Compare(const SortOptions& options, const Item& a, const Item& b) {
  if (!options.is_alphabetic) {
    if (a.score != b.score) return a.score > b.score ? 1 : -1;
    return a.element.compare(b.element);
  }
  if (!a.weight || !b.weight) return a.weight ? 1 : b.weight ? -1 : 0;
  return options.destination ? a.weight->compare(*b.weight) : CompareText(*a.weight, *b.weight);
}

void Sort(const SortOptions& options, std::vector<Item>& items, size_t needed_count) {
  const auto is_before = [&](const Item& a, const Item& b) {
    const int order = Compare(options, a, b);
    return options.is_descending ? order > 0 : order < 0;
  };
  // Equals keep their order; numbers have no equals that one could tell apart.
  if (!options.is_alphabetic && needed_count < items.size() / 8) {
    const auto middle = items.begin() + static_cast<std::ptrdiff_t>(needed_count);
    std::partial_sort(items.begin(), middle, items.end(), is_before);
  } else {
    std::stable_sort(items.begin(), items.end(), is_before);
  }
}

// The part that LIMIT leaves, of `size` elements.
Window LimitOf(const SortOptions& options, size_t size) {
  const auto all = static_cast<int64_t>(size);
  const int64_t start = std::clamp<int64_t>(options.offset, 0, all);
  const int64_t count = options.count < 0 ? all : options.count;
  return {.index = static_cast<size_t>(start),
          .count = static_cast<size_t>(std::min(count, all - start))};
}

// The sorted elements that LIMIT leaves; nothing, having answered an error, if they cannot be
// sorted.
std::optional<std::vector<std::string_view>> SortedElements(CommandContext& ctx,
                                                            SortOptions& options,
                                                            const KeyRef& key, TextArena& arena) {
  if (!key) return std::vector<std::string_view>();
  const Entry& entry = *key.entry();
  // What is stored, or what a script goes on with, must not depend on the order of a hash table.
  const ScriptRunner* scripts = ctx.execution().scripts;
  const bool is_order_needed =
      options.destination.has_value() || (scripts != nullptr && scripts->is_running());
  if (options.is_unsorted && is_order_needed && entry.type() == ValueType::kSet) {
    options.is_unsorted = false;
    options.is_alphabetic = true;
    options.weights.reset();
  }
  const size_t size = sorting::ElementCount(entry);
  Window limit = LimitOf(options, size);
  if (options.is_unsorted && sorting::IsOrdered(entry.type())) {
    limit.is_reversed = options.is_descending;
    return sorting::LoadElements(entry, limit, arena);
  }
  std::vector<std::string_view> elements =
      sorting::LoadElements(entry, {.count = size}, arena);
  if (!options.is_unsorted) {
    std::vector<Item> items;
    items.reserve(size);
    for (const std::string_view element : elements) items.push_back({.element = element});
    if (!Weigh(ctx, options, arena, items)) {
      ctx.reply().Error(errors::kSortNotDouble);
      return std::nullopt;
    }
    Sort(options, items, limit.index + limit.count);
    for (size_t i = 0; i < size; ++i) elements[i] = items[i].element;
  }
  const auto from = elements.begin() + static_cast<std::ptrdiff_t>(limit.index);
  return std::vector<std::string_view>(from, from + static_cast<std::ptrdiff_t>(limit.count));
}

// ---- Answering, storing

void ReplySorted(CommandContext& ctx, const SortOptions& options,
                 const std::vector<std::string_view>& elements, TextArena& arena) {
  sorting::PatternLookup lookup(ctx, arena);
  const size_t each = options.gets.empty() ? 1 : options.gets.size();
  ctx.reply().Array(elements.size() * each);
  for (const std::string_view element : elements) {
    if (options.gets.empty()) ctx.reply().Bulk(element);
    for (const std::string_view pattern : options.gets) {
      const auto value = lookup.Find(pattern, element);
      value ? ctx.reply().Bulk(*value) : ctx.reply().Null();
    }
  }
}

// Logged as what came out: a replica's sets may have another order, and its keys expire at other
// moments.
void LogStored(CommandContext& ctx, std::string_view name, bool was_there,
               std::span<const std::string_view> values) {
  constexpr size_t kAtOnce = 1024;
  if (was_there) ctx.Effect({"DEL", name});
  if (!ctx.wants_effects()) return;
  while (!values.empty()) {
    const auto some = values.first(std::min(values.size(), kAtOnce));
    std::vector<std::string_view> push = {"RPUSH", name};
    push.insert(push.end(), some.begin(), some.end());
    ctx.Effect(push);
    values = values.subspan(some.size());
  }
}

void StoreSorted(CommandContext& ctx, const SortOptions& options,
                 const std::vector<std::string_view>& elements, TextArena& arena) {
  std::vector<std::string_view> values;
  if (options.gets.empty()) {
    values = elements;
  } else {
    sorting::PatternLookup lookup(ctx, arena);
    values.reserve(elements.size() * options.gets.size());
    for (const std::string_view element : elements) {
      for (const std::string_view pattern : options.gets) {
        values.push_back(lookup.Find(pattern, element).value_or(std::string_view()));
      }
    }
  }
  KeyRef key = ctx.Write(*options.destination);
  const bool was_there = static_cast<bool>(key);
  // The values may point into what was there; it goes when they have been copied.
  Entry* const old = was_there ? ctx.Detach(key) : nullptr;
  if (!values.empty()) {
    KeyRef stored = ctx.Write(*options.destination);
    ctx.Create(stored, ValueType::kList,
               was_there ? CommandContext::Novelty::kReplacing : CommandContext::Novelty::kNew);
    auto place = ctx.Place(stored);
    ListEditor(place, lists::LimitsOf(ctx)).Push(ListEnd::kTail, values);
    ctx.Changed(stored);
    ctx.Notify(kNotifyList, "sortstore", *options.destination);
  } else if (was_there) {
    ctx.Notify(kNotifyGeneric, "del", *options.destination);
  }
  LogStored(ctx, *options.destination, was_there, values);
  if (old != nullptr) ctx.engine().disposer().Dispose(old);
  ctx.reply().Integer(static_cast<int64_t>(values.size()));
}

void SortKey(CommandContext& ctx, Args args, bool can_store) {
  auto options = ParseSortOptions(ctx, args, can_store);
  if (!options) return;
  const KeyRef key = ctx.Read(args[1]);
  if (key && !sorting::IsSortable(key.entry()->type())) {
    return ctx.reply().Error(errors::kWrongType);
  }
  TextArena arena;
  const auto elements = SortedElements(ctx, *options, key, arena);
  if (!elements) return;
  options->destination ? StoreSorted(ctx, *options, *elements, arena)
                       : ReplySorted(ctx, *options, *elements, arena);
}

void SortReadWrite(CommandContext& ctx, Args args) { SortKey(ctx, args, /*can_store=*/true); }
void SortReadOnly(CommandContext& ctx, Args args) { SortKey(ctx, args, /*can_store=*/false); }

// ---- The table

// The last STORE counts; words behind options that take some are not looked at.
bool FindSortKeys(Args args, KeyPositions& out) {
  uint32_t destination = 0;
  for (uint32_t i = 2; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "LIMIT")) {
      i += 2;
    } else if (EqualsIgnoreCase(args[i], "BY") || EqualsIgnoreCase(args[i], "GET")) {
      i += 1;
    } else if (EqualsIgnoreCase(args[i], "STORE") && i + 1 < args.size()) {
      destination = i + 1;
    }
  }
  if (args.size() > 1) out.Push(1, kKeyRo | kKeyAccess);
  if (destination != 0) out.Push(destination, kKeyOw | kKeyUpdate);
  return true;
}

bool FindSortReadOnlyKeys(Args args, KeyPositions& out) {
  if (args.size() > 1) out.Push(1, kKeyRo | kKeyAccess);
  return true;
}

constexpr KeySpec kPatternKeys = {
    .flags = kKeyRo | kKeyAccess,
    .notes = "The keys of BY and GET follow from the elements of the key that is sorted"};
constexpr KeySpec kStoreKey = {
    .flags = kKeyOw | kKeyUpdate,
    .notes = "The word STORE may be anywhere among the options"};
constexpr uint32_t kCategories = kCatSet | kCatSortedSet | kCatList | kCatDangerous;
constexpr std::string_view kComplexity =
    "O(N+M*log(M)) with N the elements of the key and M those returned";

constexpr CommandSpec kCommands[] = {
    {.name = "SORT", .arity = -2, .flags = kWrite | kDenyOom | kMovableKeys | kExclusive,
     .keys = {OneKey(kKeyRo | kKeyAccess), kPatternKeys, kStoreKey}, .categories = kCategories,
     .handler = SortReadWrite, .key_finder = FindSortKeys, .group = "generic", .since = "1.0.0",
     .complexity = kComplexity,
     .summary = "Sorts a list, a set or a sorted set, and returns or stores the result."},
    {.name = "SORT_RO", .arity = -2, .flags = kRead | kMovableKeys | kExclusive,
     .keys = {OneKey(kKeyRo | kKeyAccess), kPatternKeys}, .categories = kCategories,
     .handler = SortReadOnly, .key_finder = FindSortReadOnlyKeys, .group = "generic",
     .since = "7.0.0", .complexity = kComplexity,
     .summary = "Sorts a list, a set or a sorted set, and returns the result."},
};

}  // namespace

std::span<const CommandSpec> SortCommands() { return kCommands; }

}  // namespace ringtail::commands
