// What the files of hash commands share.
//
//   HashEditor hash(place, hashes::LimitsOf(ctx));
//   hashes::Reply(ctx, *value);
//
// Thread rule: as for the handlers.
#pragma once

#include <optional>

#include "commands/context.h"
#include "storage/hash_value.h"

namespace ringtail::commands::hashes {

/// Up to where hashes stay packed.
inline storage::HashLimits LimitsOf(CommandContext& ctx) {
  const EncodingLimits& limits = ctx.services().limits.encodings;
  return {.entries_max = limits.hash_entries_max.load(std::memory_order_relaxed),
          .value_bytes_max = limits.hash_value_bytes_max.load(std::memory_order_relaxed)};
}

/// Answers a field's name or value.
inline void Reply(CommandContext& ctx, const storage::PackedElement& element) {
  element.is_int() ? ctx.reply().BulkInt(element.number()) : ctx.reply().Bulk(element.text());
}
inline void ReplyOrNull(CommandContext& ctx, const std::optional<storage::PackedElement>& element) {
  element ? Reply(ctx, *element) : ctx.reply().Null();
}

/// Erases the key if its hash has no fields left.
inline void EraseIfEmpty(CommandContext& ctx, KeyRef& key) {
  if (storage::HashView(*key.entry()).size() == 0) ctx.Delete(key);
}

}  // namespace ringtail::commands::hashes
