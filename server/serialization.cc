#include "server/serialization.h"

#include "persistence/rdb_libraries.h"
#include "persistence/rdb_value.h"

namespace ringtail::server {
namespace {

size_t Size(const std::atomic<int64_t>& directive) {
  return static_cast<size_t>(directive.load(std::memory_order_relaxed));
}

persistence::ValueLimits ValueLimitsOf(const commands::Limits& limits) {
  const commands::EncodingLimits& encodings = limits.encodings;
  return {
      .list = storage::ListLimits::Of(encodings.list_node_size.load(std::memory_order_relaxed)),
      .set = {.integers_max = Size(encodings.intset_entries_max),
              .packed_members_max = Size(encodings.set_entries_max),
              .packed_member_bytes_max = Size(encodings.set_value_bytes_max)},
      .hash = {.entries_max = encodings.hash_entries_max.load(std::memory_order_relaxed),
               .value_bytes_max = encodings.hash_value_bytes_max.load(std::memory_order_relaxed)},
      .sorted_set = {.packed_entries_max = Size(encodings.zset_entries_max),
                     .packed_value_bytes_max = Size(encodings.zset_value_bytes_max)},
      .string_bytes_max = Size(limits.bulk_bytes_max)};
}

}  // namespace

std::string Serialization::Dump(const storage::Entry& entry) {
  return persistence::DumpPayload(entry);
}

bool Serialization::IsIntact(std::string_view payload) {
  return persistence::IsIntactPayload(payload);
}

Result<storage::Entry*> Serialization::Restore(std::string_view payload, std::string_view name) {
  return persistence::RestorePayload(payload, name, ValueLimitsOf(limits_));
}

std::string Serialization::DumpLibraries(std::span<const std::string_view> sources) {
  return persistence::DumpLibraries(sources);
}

Result<std::vector<std::string>> Serialization::RestoreLibraries(std::string_view payload) {
  return persistence::RestoreLibraries(payload, Size(limits_.bulk_bytes_max));
}

}  // namespace ringtail::server
