// Sets: members, and the table of all set commands.
#include <array>
#include <vector>

#include "commands/collection_scan.h"
#include "commands/set_handlers.h"

namespace ringtail::commands {
namespace {

using storage::PackedElement;
using storage::SetEditor;
using storage::SetNeedle;
using storage::SetShape;
using storage::SetView;

// Adds members to a key's set, which may not be there yet. Returns how many are new.
size_t AddMembers(CommandContext& ctx, KeyRef& key, Args members) {
  const bool is_new = !key;
  if (is_new) ctx.Create(key, ValueType::kSet);
  auto place = ctx.Place(key);
  SetEditor set(place, sets::LimitsOf(ctx));
  if (is_new) {
    SetNeedle first(members[0]);
    set.Begin(first, members.size());
  }
  size_t added_count = 0;
  for (const std::string_view member : members) {
    SetNeedle needle(member);
    added_count += set.Add(needle) ? 1 : 0;
  }
  if (added_count != 0) {
    ctx.Changed(key);
    ctx.Notify(kNotifySet, "sadd", key.name());
  }
  return added_count;
}

// SADD key member [member ...]
void SAdd(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  ctx.reply().Integer(static_cast<int64_t>(AddMembers(ctx, key, args.subspan(2))));
}

// Removes members from a key's set, and the key with the last one. Returns how many were there.
size_t RemoveMembers(CommandContext& ctx, KeyRef& key, Args members) {
  size_t removed_count = 0;
  bool is_empty = false;
  {
    auto place = ctx.Place(key);
    SetEditor set(place, sets::LimitsOf(ctx));
    for (const std::string_view member : members) {
      SetNeedle needle(member);
      if (!set.Remove(needle)) continue;
      ++removed_count;
      is_empty = set.count() == 0;
      if (is_empty) break;
    }
  }
  if (removed_count != 0) {
    ctx.Changed(key);
    ctx.Notify(kNotifySet, "srem", key.name());
  }
  if (is_empty) ctx.Delete(key);
  return removed_count;
}

// SREM key member [member ...]
void SRem(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  if (!key) return ctx.reply().Integer(0);
  ctx.reply().Integer(static_cast<int64_t>(RemoveMembers(ctx, key, args.subspan(2))));
}

// SMOVE source destination member
void SMove(CommandContext& ctx, Args args) {
  const Args member = args.subspan(3);
  KeyRef source = ctx.Write(args[1]);
  if (!source) return ctx.reply().Integer(0);
  KeyRef destination = ctx.Write(args[2]);
  if (!ctx.IsType(source, ValueType::kSet) || !ctx.IsType(destination, ValueType::kSet)) return;
  if (args[1] == args[2]) {
    SetNeedle needle(member[0]);
    return ctx.reply().Integer(SetView(*source.entry()).Contains(needle) ? 1 : 0);
  }
  if (RemoveMembers(ctx, source, member) == 0) return ctx.reply().Integer(0);
  destination = ctx.Write(args[2]);
  AddMembers(ctx, destination, member);
  ctx.reply().Integer(1);
}

// SCARD key
void SCard(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  ctx.reply().Integer(key ? static_cast<int64_t>(SetView(*key.entry()).count()) : 0);
}

// SISMEMBER key member
void SIsMember(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  SetNeedle needle(args[2]);
  ctx.reply().Integer(key && SetView(*key.entry()).Contains(needle) ? 1 : 0);
}

// SMISMEMBER key member [member ...]
void SMIsMember(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  const SetView set = key ? SetView(*key.entry()) : SetView();
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    SetNeedle needle(member);
    ctx.reply().Integer(set.Contains(needle) ? 1 : 0);
  }
}

// SMEMBERS key
void SMembers(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  const SetView set = key ? SetView(*key.entry()) : SetView();
  ctx.reply().Set(set.count());
  set.ForEach([&](const PackedElement& member) { sets::ReplyMember(ctx, member); });
}

// A small set is answered whole, whatever COUNT says.
void ReplySmallScan(CommandContext& ctx, const SetView& set, const ScanOptions& options) {
  BeginScanReply(ctx, 0);
  const auto array = ctx.reply().BeginArray();
  size_t count = 0;
  set.ForEach([&](const PackedElement& member) {
    char digits[20];
    if (!options.Matches(member.Bytes(digits))) return;
    sets::ReplyMember(ctx, member);
    ++count;
  });
  ctx.reply().EndArray(array, count);
}

// SSCAN key cursor [MATCH pattern] [COUNT count]
void SScan(CommandContext& ctx, Args args) {
  const auto cursor = ScanCursorArg(ctx, args[2]);
  if (!cursor) return;
  const KeyRef key = ctx.Read(args[1]);
  if (!key) return ReplyEmptyScan(ctx);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  const auto options = ScanOptionArgs(ctx, args.subspan(3), ScanWords::kCollection);
  if (!options) return;
  const SetView set(*key.entry());
  if (set.shape() != SetShape::kTable) return ReplySmallScan(ctx, set, *options);
  std::vector<std::string_view> found;
  const auto visit = [&](const storage::SetMember* member) {
    if (options->Matches(member->key())) found.push_back(member->key());
  };
  BeginScanReply(ctx, ScanTable(set.table()->table(), *cursor, *options, visit));
  ctx.reply().Array(found.size());
  for (const std::string_view member : found) ctx.reply().Bulk(member);
}

// ---- The table

constexpr unsigned kRoAccess = kKeyRo | kKeyAccess;
constexpr std::array<std::string_view, 1> kVariesInOrder = {"nondeterministic_output_order"};
constexpr std::array<std::string_view, 1> kVaries = {"nondeterministic_output"};
constexpr std::string_view kInterComplexity =
    "O(N*M) at worst, N being the size of the smallest set and M the number of sets";
constexpr std::string_view kAllMembersComplexity = "O(N) with N the members of all sets together";

constexpr CommandSpec kCommands[] = {
    {.name = "SADD", .arity = -3, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyInsert)}, .categories = kCatSet, .handler = SAdd, .group = "set",
     .since = "1.0.0", .complexity = "O(1) for each member",
     .summary = "Adds members to a set and makes the set if it is not there."},
    {.name = "SCARD", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatSet, .handler = SCard, .group = "set", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Counts the members of a set."},
    {.name = "SDIFF", .arity = -2, .flags = kRead, .keys = {KeyRange(kRoAccess, 1, -1)},
     .categories = kCatSet, .handler = sets::Diff, .group = "set", .since = "1.0.0",
     .complexity = kAllMembersComplexity,
     .summary = "Lists the members of the first set that no other set has.",
     .tips = kVariesInOrder},
    {.name = "SDIFFCARD", .arity = -3, .flags = kRead | kMovableKeys,
     .keys = {CountedKeys(kRoAccess, 1)}, .categories = kCatSet, .handler = sets::DiffCard,
     .group = "set", .since = "8.10.0", .complexity = kAllMembersComplexity,
     .summary = "Counts the members of the first set that no other set has."},
    {.name = "SDIFFSTORE", .arity = -3, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyOw | kKeyUpdate), KeyRange(kRoAccess, 2, -1)}, .categories = kCatSet,
     .handler = sets::DiffStore, .group = "set", .since = "1.0.0",
     .complexity = kAllMembersComplexity,
     .summary = "Stores the members of the first set that no other set has."},
    {.name = "SINTER", .arity = -2, .flags = kRead, .keys = {KeyRange(kRoAccess, 1, -1)},
     .categories = kCatSet, .handler = sets::Inter, .group = "set", .since = "1.0.0",
     .complexity = kInterComplexity, .summary = "Lists the members that all sets have.",
     .tips = kVariesInOrder},
    {.name = "SINTERCARD", .arity = -3, .flags = kRead | kMovableKeys,
     .keys = {CountedKeys(kRoAccess, 1)}, .categories = kCatSet, .handler = sets::InterCard,
     .group = "set", .since = "7.0.0", .complexity = kInterComplexity,
     .summary = "Counts the members that all sets have."},
    {.name = "SINTERSTORE", .arity = -3, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyRw | kKeyUpdate), KeyRange(kRoAccess, 2, -1)}, .categories = kCatSet,
     .handler = sets::InterStore, .group = "set", .since = "1.0.0",
     .complexity = kInterComplexity, .summary = "Stores the members that all sets have."},
    {.name = "SISMEMBER", .arity = 3, .flags = kRead | kFast, .keys = {OneKey(kKeyRo)},
     .categories = kCatSet, .handler = SIsMember, .group = "set", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Tells whether a set has a member."},
    {.name = "SMEMBERS", .arity = 2, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatSet, .handler = SMembers, .group = "set", .since = "1.0.0",
     .complexity = "O(N) with N the members of the set", .summary = "Lists all members of a set.",
     .tips = kVariesInOrder},
    {.name = "SMISMEMBER", .arity = -3, .flags = kRead | kFast, .keys = {OneKey(kRoAccess)},
     .categories = kCatSet, .handler = SMIsMember, .group = "set", .since = "6.2.0",
     .complexity = "O(N) with N the members asked about",
     .summary = "Tells of several members whether a set has them."},
    {.name = "SMOVE", .arity = 4, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete), OneKey(kKeyRw | kKeyInsert, 2)},
     .categories = kCatSet, .handler = SMove, .group = "set", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Moves a member from one set to another."},
    {.name = "SPOP", .arity = -2, .flags = kWrite | kFast,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyDelete)}, .categories = kCatSet,
     .handler = sets::Pop, .group = "set", .since = "1.0.0",
     .complexity = "O(1), or O(N) with N the count",
     .summary = "Removes members chosen by chance and returns them.", .tips = kVaries},
    {.name = "SRANDMEMBER", .arity = -2, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatSet, .handler = sets::RandMember, .group = "set", .since = "1.0.0",
     .complexity = "O(1), or O(N) with N the count without its sign",
     .summary = "Returns members chosen by chance.", .tips = kVaries},
    {.name = "SREM", .arity = -3, .flags = kWrite | kFast, .keys = {OneKey(kKeyRw | kKeyDelete)},
     .categories = kCatSet, .handler = SRem, .group = "set", .since = "1.0.0",
     .complexity = "O(N) with N the members to be removed",
     .summary = "Removes members from a set, and the set with its last one."},
    {.name = "SSCAN", .arity = -3, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatSet, .handler = SScan, .group = "set", .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for a whole iteration over N members.",
     .summary = "Lists the members of a set a few at a time.", .tips = kVaries},
    {.name = "SUNION", .arity = -2, .flags = kRead, .keys = {KeyRange(kRoAccess, 1, -1)},
     .categories = kCatSet, .handler = sets::Union, .group = "set", .since = "1.0.0",
     .complexity = kAllMembersComplexity, .summary = "Lists the members that any set has.",
     .tips = kVariesInOrder},
    {.name = "SUNIONCARD", .arity = -3, .flags = kRead | kMovableKeys,
     .keys = {CountedKeys(kRoAccess, 1)}, .categories = kCatSet, .handler = sets::UnionCard,
     .group = "set", .since = "8.10.0", .complexity = kAllMembersComplexity,
     .summary = "Counts the members that any set has, exactly or roughly."},
    {.name = "SUNIONSTORE", .arity = -3, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyOw | kKeyUpdate), KeyRange(kRoAccess, 2, -1)}, .categories = kCatSet,
     .handler = sets::UnionStore, .group = "set", .since = "1.0.0",
     .complexity = kAllMembersComplexity, .summary = "Stores the members that any set has."},
};

}  // namespace

std::span<const CommandSpec> SetCommands() { return kCommands; }

}  // namespace ringtail::commands
