// The cursor and the options of SCAN, HSCAN, SSCAN and ZSCAN, and walking over a large collection by cursor.
//
//   const auto cursor = ScanCursorArg(ctx, args[2]);       // before the key is looked up, as Redis does
//   if (!cursor) return;
//   …a key that is not there: return ReplyEmptyScan(ctx);
//   const auto options = ScanOptionArgs(ctx, args.subspan(3), ScanWords::kCollection);
//   if (!options) return;
//   …a packed one: BeginScanReply(ctx, 0), then all that options->Matches(…), however many that are;
//   …a large one:
//     std::vector<const Field*> found;
//     const uint64_t next = ScanTable(table, *cursor, *options, [&](const Field* field) {
//       if (options->Matches(field->key())) found.push_back(field);
//     });
//     BeginScanReply(ctx, next);                           // then an array of what was found
//
// Thread rule: as for the handler that calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/glob.h"
#include "commands/context.h"

namespace ringtail::commands {

struct ScanOptions {
  /// Whether MATCH, if it was given, is true of an element's name.
  bool Matches(std::string_view name) const {
    return !pattern || GlobMatch(*pattern, name, GlobCase::kSensitive);
  }
  /// Ten buckets for each element asked for, as in Redis: bounds the work in a sparse table.
  uint64_t bucket_count_max() const;

  std::optional<std::string_view> pattern;    ///< nothing: all
  std::optional<std::string_view> type_name;  ///< TYPE, of SCAN
  uint64_t count = 10;                        ///< at least 1
  bool has_values = true;                     ///< false: NOVALUES, of HSCAN
};

/// Which options there are beside MATCH and COUNT.
enum class ScanWords : uint8_t {
  kCollection,  ///< none
  kKeyspace,    ///< TYPE
  kHash,        ///< NOVALUES
};

/// The cursor; else has answered that it is none.
std::optional<uint64_t> ScanCursorArg(CommandContext& ctx, std::string_view arg);
/// The options behind it; else has answered what is wrong.
std::optional<ScanOptions> ScanOptionArgs(CommandContext& ctx, Args options, ScanWords words);

/// Answers what a scan of nothing finds.
void ReplyEmptyScan(CommandContext& ctx);
/// Begins the answer: the caller goes on with the array of elements.
void BeginScanReply(CommandContext& ctx, uint64_t next_cursor);

/// Calls visit(const Item*) for the items of a BasicTable from `cursor` on, whole buckets, until there were `count` or the
/// bound of buckets is reached. Returns the next cursor, 0 at the end.
template <typename Table, typename Visit>
uint64_t ScanTable(const Table& table, uint64_t cursor, const ScanOptions& options,
                   Visit&& visit) {
  if (cursor >> storage::KeyHash::kPositionBits != 0) return 0;
  auto position = static_cast<uint32_t>(cursor);
  uint64_t item_count = 0;
  uint64_t buckets_left = options.bucket_count_max();
  do {
    position = table.Scan(position, [&](const auto* item, uint32_t) {
      ++item_count;
      visit(item);
    });
  } while (position != 0 && --buckets_left != 0 && item_count < options.count);
  return position;
}

}  // namespace ringtail::commands
