#include "server/key_sizes.h"

#include <array>
#include <bit>
#include <cmath>

#include "storage/hash_value.h"
#include "storage/list_value.h"
#include "storage/set_value.h"
#include "storage/string_value.h"
#include "storage/zset_value.h"

namespace ringtail::server {
namespace {

using storage::Entry;
using storage::ValueType;

// Above it, a share of the keys stands for all.
constexpr uint64_t kCountedKeysMax = 200'000;

struct Kind {
  ValueType type;
  const char* name;
};
constexpr Kind kKinds[] = {{ValueType::kString, "strings_sizes"},
                           {ValueType::kList, "lists_items"},
                           {ValueType::kSet, "sets_items"},
                           {ValueType::kSortedSet, "zsets_items"},
                           {ValueType::kHash, "hashes_items"}};

uint64_t SizeOf(const Entry& entry) {
  switch (entry.type()) {
    case ValueType::kString: return storage::StringView(entry).bytes().size();
    case ValueType::kList: return storage::ListView(entry).count();
    case ValueType::kSet: return storage::SetView(entry).count();
    case ValueType::kSortedSet: return storage::SortedSetView(entry).size();
    case ValueType::kHash: return storage::HashView(entry).size();
    default: return 0;
  }
}

/// Counts by the width of the size in bits: 0, 1, 2-3, 4-7, …
using Distribution = std::array<uint64_t, 65>;

std::string Label(size_t width) {
  if (width == 0) return "0";
  const size_t power = width - 1;
  constexpr const char* kUnits[] = {"", "K", "M", "G", "T", "P", "E"};
  return std::to_string(uint64_t{1} << (power % 10)) + kUnits[power / 10];
}

std::string Line(const Distribution& distribution, double scale) {
  std::string line;
  for (size_t width = 0; width < distribution.size(); ++width) {
    if (distribution[width] == 0) continue;
    if (!line.empty()) line += ',';
    line += Label(width) + '=';
    line += std::to_string(std::llround(static_cast<double>(distribution[width]) * scale));
  }
  return line;
}

}  // namespace

std::string DescribeKeySizes(engine::Engine& engine, int64_t seed) {
  std::string lines;
  Random random(static_cast<uint64_t>(seed));
  for (int db = 0; db < engine.database_count(); ++db) {
    const uint64_t key_count = engine.SizeOf(db, /*is_exclusive=*/false).keys;
    if (key_count == 0) continue;
    std::array<Distribution, std::size(kKinds)> all = {};
    uint64_t seen_count = 0;
    const auto see = [&](const Entry* entry, uint32_t) {
      ++seen_count;
      for (size_t k = 0; k < std::size(kKinds); ++k) {
        if (kKinds[k].type == entry->type()) ++all[k][std::bit_width(SizeOf(*entry))];
      }
    };
    const uint64_t share = kCountedKeysMax / engine.partition_count();
    engine.VisitPartitions(db, /*is_exclusive=*/false, [&](engine::Database& database, size_t) {
      const bool is_counted = key_count <= kCountedKeysMax;
      auto cursor = is_counted ? 0U
                               : static_cast<uint32_t>(
                                     random.Next() >> (64 - storage::KeyHash::kPositionBits));
      const uint64_t begin = seen_count;
      do {
        cursor = database.table().Scan(cursor, see);
      } while (cursor != 0 && (is_counted || seen_count - begin < share));
    });
    if (seen_count == 0) continue;
    const double scale = static_cast<double>(key_count) / static_cast<double>(seen_count);
    for (size_t k = 0; k < std::size(kKinds); ++k) {
      const std::string line = Line(all[k], scale);
      if (line.empty()) continue;
      lines += "db" + std::to_string(db) + "_distrib_" + kKinds[k].name + ':' + line + "\r\n";
    }
  }
  return lines;
}

}  // namespace ringtail::server
