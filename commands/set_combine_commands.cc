// Several sets at once: what they have in common, what they have together, and what only the first
// has.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "base/parse_number.h"
#include "commands/set_handlers.h"
#include "storage/hyperloglog.h"
#include "storage/set_lookup.h"

namespace ringtail::commands::sets {
namespace {

using storage::DetachedSet;
using storage::PackedElement;
using storage::SetLimits;
using storage::SetLookup;
using storage::SetNeedle;
using storage::SetShape;
using storage::SetView;

using Views = std::vector<SetView>;

// The sets of these keys, an absent one without members; nothing after having answered WRONGTYPE.
std::optional<Views> ReadSets(CommandContext& ctx, Args names) {
  Views sets;
  sets.reserve(names.size());
  for (const std::string_view name : names) {
    const KeyRef key = ctx.Read(name);
    if (!ctx.IsType(key, ValueType::kSet)) return std::nullopt;
    sets.push_back(key ? SetView(*key.entry()) : SetView());
  }
  return sets;
}

// A set that is only for looking members up: never packed, where that takes O(n).
SetLimits ScratchLimits() { return {.packed_members_max = 0}; }

using Lookups = std::vector<SetLookup>;

Lookups LookupsIn(std::span<const SetView> sets) { return Lookups(sets.begin(), sets.end()); }

bool IsInAny(std::span<SetLookup> lookups, SetNeedle& needle) {
  return std::any_of(lookups.begin(), lookups.end(),
                     [&](SetLookup& lookup) { return lookup.Contains(needle); });
}

void SortByCount(std::span<SetView> sets) {
  std::sort(sets.begin(), sets.end(),
            [](const SetView& a, const SetView& b) { return a.count() < b.count(); });
}

// ---- The three operations. visit(const PackedElement&) is called for each member until it returns
// false.

template <typename Visit>
void Intersect(Views sets, Visit&& visit) {
  SortByCount(sets);
  Lookups others = LookupsIn(std::span(sets).subspan(1));
  sets[0].ForEachWhile([&](const PackedElement& member) {
    SetNeedle needle(member);
    const bool is_in_all =
        std::all_of(others.begin(), others.end(),
                    [&](SetLookup& other) { return other.Contains(needle); });
    return !is_in_all || visit(member);
  });
}

// Whether looking each member up in the sets before its own is less work than collecting all of
// them.
bool IsUnionByLookup(std::span<const SetView> sets) {
  constexpr size_t kCollectCost = 3;  // of adding a member to a table, in look-ups
  size_t member_count = 0;
  size_t lookup_count = 0;
  for (size_t i = 0; i < sets.size(); ++i) {
    member_count += sets[i].count();
    lookup_count += sets[i].count() * i;
  }
  return lookup_count <= member_count * kCollectCost;
}

template <typename Visit>
void Unite(const Views& sets, Visit&& visit) {
  const bool is_by_lookup = IsUnionByLookup(sets);
  Lookups lookups = LookupsIn(sets);
  DetachedSet seen(ScratchLimits());
  bool goes_on = true;
  for (size_t i = 0; i < sets.size() && goes_on; ++i) {
    const std::span<SetLookup> earlier = std::span(lookups).first(i);
    sets[i].ForEachWhile([&](const PackedElement& member) {
      SetNeedle needle(member);
      const bool is_new = is_by_lookup ? !IsInAny(earlier, needle) : seen.Add(needle);
      goes_on = !is_new || visit(member);
      return goes_on;
    });
  }
}

// Redis's choice: look each member of the first set up in the others, or take all members of the
// others out of a copy of it. The first tends to be done sooner than it looks, as it ends at the
// first hit.
bool IsDifferenceByLookup(const Views& sets) {
  size_t lookup_cost = 0;
  size_t removal_cost = 0;
  for (const SetView& set : sets) {
    if (set.count() == 0) continue;
    lookup_cost += sets[0].count();
    removal_cost += set.count();
  }
  return lookup_cost / 2 <= removal_cost;
}

// Makes `target`, which has no members, the difference.
void SubtractInto(DetachedSet& target, const Views& sets) {
  sets[0].ForEach([&](const PackedElement& member) {
    SetNeedle needle(member);
    target.Add(needle);
  });
  for (const SetView& set : std::span(sets).subspan(1)) {
    set.ForEachWhile([&](const PackedElement& member) {
      SetNeedle needle(member);
      target.Remove(needle);
      return target.count() != 0;
    });
    if (target.count() == 0) return;
  }
}

template <typename Visit>
void SubtractByLookup(Views sets, Visit&& visit) {
  // The larger a set, the sooner it has what is looked for.
  SortByCount(std::span(sets).subspan(1));
  std::reverse(sets.begin() + 1, sets.end());
  Lookups others = LookupsIn(std::span(sets).subspan(1));
  sets[0].ForEachWhile([&](const PackedElement& member) {
    SetNeedle needle(member);
    return IsInAny(others, needle) || visit(member);
  });
}

template <typename Visit>
void Subtract(const Views& sets, Visit&& visit) {
  if (IsDifferenceByLookup(sets)) return SubtractByLookup(sets, visit);
  DetachedSet rest(ScratchLimits());
  SubtractInto(rest, sets);
  rest.view().ForEachWhile(visit);
}

// ---- What is done with the result

enum class Operation : uint8_t { kInter, kUnion, kDiff };

template <typename Visit>
void Combine(Operation operation, Views sets, Visit&& visit) {
  switch (operation) {
    case Operation::kInter:
      return Intersect(std::move(sets), visit);
    case Operation::kUnion:
      return Unite(sets, visit);
    case Operation::kDiff:
      return Subtract(sets, visit);
  }
}

// The largest set of a union first: none of its members has to be looked up. Where the result is
// stored the order decides what shape it has.
void PutLargestFirst(Operation operation, Views& sets) {
  if (operation != Operation::kUnion) return;
  SortByCount(sets);
  std::reverse(sets.begin(), sets.end());
}

void Reply(CommandContext& ctx, Operation operation, Args names) {
  auto sets = ReadSets(ctx, names);
  if (!sets) return;
  PutLargestFirst(operation, *sets);
  const auto reply = ctx.reply().BeginSet();
  size_t count = 0;
  Combine(operation, std::move(*sets), [&](const PackedElement& member) {
    ReplyMember(ctx, member);
    ++count;
    return true;
  });
  ctx.reply().EndSet(reply, count);
}

// The shape of what is stored depends on how it came about, as in Redis: a set that has become a
// table stays one.
void CombineInto(DetachedSet& target, Operation operation, Views sets) {
  if (operation == Operation::kDiff && !IsDifferenceByLookup(sets)) {
    return SubtractInto(target, sets);
  }
  Combine(operation, std::move(sets), [&](const PackedElement& member) {
    SetNeedle needle(member);
    target.AddNew(needle);
    return true;
  });
}

std::string_view StoreEvent(Operation operation) {
  switch (operation) {
    case Operation::kInter: return "sinterstore";
    case Operation::kUnion: return "sunionstore";
    case Operation::kDiff: return "sdiffstore";
  }
  return {};
}

void Store(CommandContext& ctx, Operation operation, Args args) {
  auto sets = ReadSets(ctx, args.subspan(2));
  if (!sets) return;
  DetachedSet result(LimitsOf(ctx));
  CombineInto(result, operation, std::move(*sets));
  const size_t count = result.count();
  KeyRef destination = ctx.Write(args[1]);
  if (count != 0) {
    ctx.Put(destination, result.TakeEntry(args[1]));
    ctx.Notify(kNotifySet, StoreEvent(operation), args[1]);
  } else if (destination) {
    ctx.Delete(destination);
  }
  ctx.reply().Integer(static_cast<int64_t>(count));
}

// ---- Counting

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

struct CardArgs {
  Args names;
  uint64_t limit = kNoLimit;
  bool is_approximate = false;
};

// numkeys key [key ...] [LIMIT limit], of SUNIONCARD also [APPROX]
std::optional<CardArgs> ParseCardArgs(CommandContext& ctx, Operation operation, Args args) {
  const auto fail = [&](std::string_view error) {
    ctx.reply().Error(error);
    return std::nullopt;
  };
  const auto key_count = ParseInt64(args[1]);
  if (!key_count || *key_count < 1) return fail(errors::kKeyCountNotPositive);
  if (static_cast<uint64_t>(*key_count) > args.size() - 2) return fail(errors::kKeyCountTooLarge);
  CardArgs parsed{.names = args.subspan(2, static_cast<size_t>(*key_count))};
  const Args options = args.subspan(2 + parsed.names.size());
  for (size_t i = 0; i < options.size(); ++i) {
    if (operation == Operation::kUnion && EqualsIgnoreCase(options[i], "APPROX")) {
      parsed.is_approximate = true;
      continue;
    }
    if (!EqualsIgnoreCase(options[i], "LIMIT") || i + 1 == options.size()) {
      return fail(errors::kSyntax);
    }
    const auto limit = ParseInt64(options[++i]);
    if (!limit || *limit < 0) return fail(errors::kLimitNegative);
    parsed.limit = *limit == 0 ? kNoLimit : static_cast<uint64_t>(*limit);
  }
  return parsed;
}

// Needs no memory in proportion to the sets, and no look-ups.
uint64_t EstimateUnion(const Views& sets) {
  storage::hyperloglog::Registers registers{};
  for (const SetView& set : sets) {
    set.ForEach([&](const PackedElement& member) {
      char digits[20];
      const auto observation = storage::hyperloglog::Observe(member.Bytes(digits));
      uint8_t& value = registers[observation.index];
      value = std::max(value, observation.value);
    });
  }
  return storage::hyperloglog::Count(registers);
}

void Count(CommandContext& ctx, Operation operation, Args args) {
  const auto parsed = ParseCardArgs(ctx, operation, args);
  if (!parsed) return;
  auto sets = ReadSets(ctx, parsed->names);
  if (!sets) return;
  if (parsed->is_approximate) {
    const uint64_t estimate = std::min(EstimateUnion(*sets), parsed->limit);
    return ctx.reply().Integer(static_cast<int64_t>(estimate));
  }
  uint64_t count = 0;
  PutLargestFirst(operation, *sets);
  Combine(operation, std::move(*sets),
          [&](const PackedElement&) { return ++count < parsed->limit; });
  ctx.reply().Integer(static_cast<int64_t>(count));
}

}  // namespace

// SINTER key [key ...]
void Inter(CommandContext& ctx, Args args) { Reply(ctx, Operation::kInter, args.subspan(1)); }
// SINTERSTORE destination key [key ...]
void InterStore(CommandContext& ctx, Args args) { Store(ctx, Operation::kInter, args); }
// SINTERCARD numkeys key [key ...] [LIMIT limit]
void InterCard(CommandContext& ctx, Args args) { Count(ctx, Operation::kInter, args); }

// SUNION key [key ...]
void Union(CommandContext& ctx, Args args) { Reply(ctx, Operation::kUnion, args.subspan(1)); }
// SUNIONSTORE destination key [key ...]
void UnionStore(CommandContext& ctx, Args args) { Store(ctx, Operation::kUnion, args); }
// SUNIONCARD numkeys key [key ...] [APPROX] [LIMIT limit]
void UnionCard(CommandContext& ctx, Args args) { Count(ctx, Operation::kUnion, args); }

// SDIFF key [key ...]
void Diff(CommandContext& ctx, Args args) { Reply(ctx, Operation::kDiff, args.subspan(1)); }
// SDIFFSTORE destination key [key ...]
void DiffStore(CommandContext& ctx, Args args) { Store(ctx, Operation::kDiff, args); }
// SDIFFCARD numkeys key [key ...] [LIMIT limit]
void DiffCard(CommandContext& ctx, Args args) { Count(ctx, Operation::kDiff, args); }

}  // namespace ringtail::commands::sets
