// What the set commands' files share: handlers for the table in set_commands.cc, the limits of
// small sets, and how a member is answered.
//
//   SetEditor set(place, sets::LimitsOf(ctx));
//   set.view().ForEach([&](const PackedElement& member) { sets::ReplyMember(ctx, member); });
//
// Thread rule: as for any handler, see context.h.
#pragma once

#include "commands/context.h"
#include "storage/set_value.h"

namespace ringtail::commands::sets {

inline storage::SetLimits LimitsOf(CommandContext& ctx) {
  const EncodingLimits& limits = ctx.services().limits.encodings;
  return {.integers_max =
              static_cast<size_t>(limits.intset_entries_max.load(std::memory_order_relaxed)),
          .packed_members_max =
              static_cast<size_t>(limits.set_entries_max.load(std::memory_order_relaxed)),
          .packed_member_bytes_max =
              static_cast<size_t>(limits.set_value_bytes_max.load(std::memory_order_relaxed))};
}

inline void ReplyMember(CommandContext& ctx, const storage::PackedElement& member) {
  member.is_int() ? ctx.reply().BulkInt(member.number()) : ctx.reply().Bulk(member.text());
}

// set_random_commands.cc: members by chance.
void Pop(CommandContext& ctx, Args args);
void RandMember(CommandContext& ctx, Args args);

// set_combine_commands.cc: several sets at once.
void Inter(CommandContext& ctx, Args args);
void InterStore(CommandContext& ctx, Args args);
void InterCard(CommandContext& ctx, Args args);
void Union(CommandContext& ctx, Args args);
void UnionStore(CommandContext& ctx, Args args);
void UnionCard(CommandContext& ctx, Args args);
void Diff(CommandContext& ctx, Args args);
void DiffStore(CommandContext& ctx, Args args);
void DiffCard(CommandContext& ctx, Args args);

}  // namespace ringtail::commands::sets
