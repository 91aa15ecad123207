// Whole databases: walking over their keys, counting, emptying and swapping them.
#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "base/glob.h"
#include "commands/collection_scan.h"
#include "commands/context.h"

namespace ringtail::commands {
namespace {

using storage::KeyHash;
using storage::Table;

constexpr uint64_t kPositionEnd = uint64_t{1} << KeyHash::kPositionBits;

// ---- Walking

// Hands entries on with a delay, so that their cache misses overlap.
template <typename Visit>
class Lookahead {
 public:
  explicit Lookahead(Visit& visit) : visit_(visit) {}
  void Push(const Entry* entry) {
    // A short key behind its header may lie in the entry's second cache line.
    __builtin_prefetch(entry);
    __builtin_prefetch(reinterpret_cast<const char*>(entry) + 32);
    const Entry*& place = ring_[count_ % kDistance];
    if (count_++ >= kDistance) visit_(*place);
    place = entry;
  }
  void Drain() {
    for (size_t i = count_ < kDistance ? 0 : count_ - kDistance; i < count_; ++i) {
      visit_(*ring_[i % kDistance]);
    }
    count_ = 0;
  }
  size_t count() const { return count_; }

 private:
  static constexpr size_t kDistance = 16;
  Visit& visit_;
  size_t count_ = 0;
  std::array<const Entry*, kDistance> ring_;
};

struct WalkBudget {
  uint64_t entry_count = std::numeric_limits<uint64_t>::max();
  uint64_t bucket_count = std::numeric_limits<uint64_t>::max();
  bool is_spent() const { return entry_count == 0 || bucket_count == 0; }
};

// Calls visit(const Entry&) for a table's entries from `position` on, whole buckets, until the end
// or about as many as the budget and `slice_count_max` allow. Returns where to go on, 0 at the end.
template <typename Visit>
uint32_t WalkTable(const Table& table, uint32_t position, uint64_t slice_count_max,
                   WalkBudget& budget, Visit& visit) {
  Lookahead<Visit> ahead(visit);
  const uint64_t entry_count_max = std::min(budget.entry_count, slice_count_max);
  do {
    position = table.Scan(position, [&](const Entry* entry, uint32_t) { ahead.Push(entry); });
    --budget.bucket_count;
  } while (position != 0 && budget.bucket_count != 0 && ahead.count() < entry_count_max);
  budget.entry_count -= std::min<uint64_t>(budget.entry_count, ahead.count());
  ahead.Drain();
  return position;
}

// Walks over the client's database from `cursor` on within the budget, one partition's lock at a
// time. A cursor is a partition and a position in its table. Positions are bits of the keys' hashes
// and keep their order when a table grows, so a cursor stays good whatever happens meanwhile, and
// an entry that is there all the time is visited. Returns the next cursor, 0 at the end.
template <typename Visit>
uint64_t Walk(CommandContext& ctx, uint64_t cursor, WalkBudget budget, Visit&& visit) {
  // About 50 µs with the lock held, whatever COUNT says.
  constexpr uint64_t kSliceEntries = 1024;
  Engine& engine = ctx.engine();
  const int db = ctx.client().db;
  uint64_t partition = cursor >> KeyHash::kPositionBits;
  auto position = static_cast<uint32_t>(cursor & (kPositionEnd - 1));
  while (partition < engine.partition_count()) {
    if (budget.is_spent()) return partition << KeyHash::kPositionBits | position;
    // A database that is there stays until the batch ends, so asking whether it is there needs no
    // lock.
    if (engine.FindDatabaseAt(db, partition) == nullptr) {
      position = 0;
    } else {
      engine.WithPartition(partition, ctx.is_exclusive(), [&] {
        const Table& table = engine.FindDatabaseAt(db, partition)->table();
        // Empty tables cost nothing of the budget: a scan of few keys should be done in one call.
        position = table.size() == 0
                       ? 0
                       : WalkTable(table, position, kSliceEntries, budget, visit);
      });
    }
    if (position == 0) ++partition;
  }
  return 0;
}

// What KEYS and SCAN ask of a key.
struct KeyFilter {
  bool Matches(const Entry& entry) const {
    if (entry.IsExpired(now_ms)) return false;
    if (type_name && !EqualsIgnoreCase(storage::TypeName(entry.type()), *type_name)) return false;
    return !pattern || GlobMatch(*pattern, entry.key(), GlobCase::kSensitive);
  }

  int64_t now_ms = 0;
  std::optional<std::string_view> pattern;    // nothing: all
  std::optional<std::string_view> type_name;  // one that no type has matches nothing
};

std::optional<std::string_view> PatternOf(std::string_view arg) {
  if (arg == "*") return std::nullopt;
  return arg;
}

// KEYS pattern
void Keys(CommandContext& ctx, Args args) {
  const KeyFilter filter{.now_ms = ctx.now_ms(), .pattern = PatternOf(args[1]), .type_name = {}};
  const auto array = ctx.reply().BeginArray();
  size_t count = 0;
  Walk(ctx, 0, WalkBudget{}, [&](const Entry& entry) {
    if (!filter.Matches(entry)) return;
    ctx.reply().Bulk(entry.key());
    ++count;
  });
  ctx.reply().EndArray(array, count);
}

// ---- SCAN

// Keys found with locks held, answered after the cursor that stands before them in the reply.
class KeyList {
 public:
  void Add(std::string_view key) {
    bytes_ += key;
    ends_.push_back(bytes_.size());
  }
  void WriteTo(proto::ReplyWriter& reply) const {
    reply.Array(ends_.size());
    size_t begin = 0;
    for (const size_t end : ends_) {
      reply.Bulk(std::string_view(bytes_).substr(begin, end - begin));
      begin = end;
    }
  }
  void Reserve(size_t key_count) {
    constexpr size_t kTypicalKeyBytes = 32;
    bytes_.reserve(key_count * kTypicalKeyBytes);
    ends_.reserve(key_count);
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
void Scan(CommandContext& ctx, Args args) {
  constexpr uint64_t kReservedKeysMax = 1024;
  const auto cursor = ScanCursorArg(ctx, args[1]);
  if (!cursor) return;
  const auto options = ScanOptionArgs(ctx, args.subspan(2), ScanWords::kKeyspace);
  if (!options) return;
  const KeyFilter filter{
      .now_ms = ctx.now_ms(), .pattern = options->pattern, .type_name = options->type_name};
  KeyList keys;
  keys.Reserve(std::min(options->count, kReservedKeysMax));
  const WalkBudget budget{.entry_count = options->count,
                          .bucket_count = options->bucket_count_max()};
  const uint64_t next = Walk(ctx, *cursor, budget, [&](const Entry& entry) {
    if (filter.Matches(entry)) keys.Add(entry.key());
  });
  BeginScanReply(ctx, next);
  keys.WriteTo(ctx.reply());
}

// ---- RANDOMKEY

// Entries expected in a window of positions, and the most that are told apart in one.
constexpr uint64_t kWindowEntries = 8;
constexpr uint64_t kWindowEntriesMax = 24;

// A partition with a probability proportional to its keys in the database; nothing if there are
// none.
std::optional<size_t> PickPartition(CommandContext& ctx) {
  std::optional<size_t> picked;
  uint64_t total = 0;
  ctx.engine().VisitPartitions(ctx.client().db, ctx.is_exclusive(),
                               [&](const Database& database, size_t partition) {
                                 const uint64_t size = database.size();
                                 if (size == 0) return;
                                 total += size;
                                 if (ctx.random().Below(total) < size) picked = partition;
                               });
  return picked;
}

// One of a table's entries, all equally likely, or null, which happens about twice in three calls.
// A window at a random position holds n of them; it is taken with probability n in
// kWindowEntriesMax, then one of the n: that evens out how densely they lie. (More than that many
// are seen once in 10^6 windows.)
const Entry* PickEntry(const Table& table, Random& random) {
  std::array<const Entry*, kWindowEntriesMax> found;
  const bool is_small = table.size() <= kWindowEntriesMax;
  const uint64_t width = is_small ? kPositionEnd : kPositionEnd * kWindowEntries / table.size();
  const uint64_t first = is_small ? 0 : random.Below(kPositionEnd);
  uint64_t count = 0;
  const auto gather = [&](const Entry* entry, uint32_t position) {
    if (((position - first) & (kPositionEnd - 1)) >= width) return;
    if (count < kWindowEntriesMax) found[count++] = entry;
  };
  auto cursor = static_cast<uint32_t>(first);
  for (uint64_t seen = 0; seen < width;) {
    const uint32_t next = table.Scan(cursor, gather);
    seen += (next == 0 ? kPositionEnd : next) - cursor;
    cursor = next;
  }
  const uint64_t pick = random.Below(is_small ? std::max<uint64_t>(count, 1) : kWindowEntriesMax);
  return pick < count ? found[pick] : nullptr;
}

// Answers with the first key from a random place on that is not expired, if one is near. For
// databases where hardly any key is left alive.
void ReplyAnyKey(CommandContext& ctx) {
  constexpr uint64_t kEntriesMax = 16384;
  const uint64_t end = ctx.engine().partition_count() << KeyHash::kPositionBits;
  const uint64_t start = ctx.random().Below(end);
  std::string key;
  bool is_found = false;
  const auto visit = [&](const Entry& entry) {
    if (is_found || entry.IsExpired(ctx.now_ms())) return;
    key = entry.key();
    is_found = true;
  };
  const WalkBudget budget{.entry_count = kEntriesMax, .bucket_count = kEntriesMax};
  if (Walk(ctx, start, budget, visit) == 0 && !is_found) Walk(ctx, 0, budget, visit);
  is_found ? ctx.reply().Bulk(key) : ctx.reply().Null();
}

void RandomKey(CommandContext& ctx, Args) {
  constexpr int kExpiredMax = 32;
  constexpr int kAttemptsMax = 64;
  for (int expired_count = 0; expired_count < kExpiredMax; ++expired_count) {
    const auto partition = PickPartition(ctx);
    if (!partition) return ctx.reply().Null();
    const Entry* entry = nullptr;
    for (int i = 0; i < kAttemptsMax && entry == nullptr; ++i) {
      ctx.engine().WithPartition(*partition, ctx.is_exclusive(), [&] {
        entry = PickEntry(ctx.engine().FindDatabaseAt(ctx.client().db, *partition)->table(),
                          ctx.random());
        if (entry == nullptr || entry->IsExpired(ctx.now_ms())) return;
        ctx.reply().Bulk(entry->key());
      });
      if (ctx.replied()) return;
    }
  }
  ReplyAnyKey(ctx);
}

// ---- Counting, emptying, swapping

// Exclusive: a sum over partitions taken one by one could count half of an MSET.
void DbSize(CommandContext& ctx, Args) {
  uint64_t count = 0;
  ctx.engine().VisitPartitions(ctx.client().db, ctx.is_exclusive(),
                               [&](const Database& database, size_t) { count += database.size(); });
  ctx.reply().Integer(static_cast<int64_t>(count));
}

// FLUSHDB, FLUSHALL [ASYNC | SYNC]
void Flush(CommandContext& ctx, Args args, int db) {
  bool in_background = ctx.services().limits.is_user_flush_lazy.load(std::memory_order_relaxed);
  if (args.size() == 2 && EqualsIgnoreCase(args[1], "SYNC")) {
    in_background = false;
  } else if (args.size() == 2 && EqualsIgnoreCase(args[1], "ASYNC")) {
    in_background = true;
  } else if (args.size() != 1) {
    return ctx.SyntaxError();
  }
  ctx.NoteDatabasesChange(db, db);
  ctx.engine().Flush(db, in_background);
  // Logged even if there was nothing, as in Redis: a replica may hold what the master does not.
  ctx.MarkChanged();
  ctx.reply().Ok();
}

void FlushDb(CommandContext& ctx, Args args) { Flush(ctx, args, ctx.client().db); }

void FlushAll(CommandContext& ctx, Args args) {
  constexpr int kAllDatabases = -1;
  Flush(ctx, args, kAllDatabases);
}

void SwapDb(CommandContext& ctx, Args args) {
  constexpr int64_t kMin = std::numeric_limits<int>::min();
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  const auto first = ctx.IntArg(args[1], errors::kFirstDbIndex);
  if (!first) return;
  if (*first < kMin || *first > kMax) return ctx.reply().Error(errors::kFirstDbIndex);
  const auto second = ctx.IntArg(args[2], errors::kSecondDbIndex);
  if (!second) return;
  if (*second < kMin || *second > kMax) return ctx.reply().Error(errors::kSecondDbIndex);
  const int64_t database_count = ctx.engine().database_count();
  if (std::min(*first, *second) < 0 || std::max(*first, *second) >= database_count) {
    return ctx.reply().Error(errors::kDbIndexOutOfRange);
  }
  if (*first != *second) {
    ctx.NoteDatabasesChange(static_cast<int>(*first), static_cast<int>(*second));
  }
  ctx.engine().SwapDatabases(static_cast<int>(*first), static_cast<int>(*second));
  ctx.MarkChanged();
  ctx.reply().Ok();
}

// ---- The table

constexpr std::array<std::string_view, 2> kKeysTips = {"request_policy:all_shards",
                                                       "nondeterministic_output_order"};
constexpr std::array<std::string_view, 2> kScanTips = {"nondeterministic_output",
                                                       "request_policy:special"};
constexpr std::array<std::string_view, 2> kRandomKeyTips = {"request_policy:all_shards",
                                                            "nondeterministic_output"};
constexpr std::array<std::string_view, 2> kDbSizeTips = {"request_policy:all_shards",
                                                         "response_policy:agg_sum"};
constexpr std::array<std::string_view, 2> kFlushTips = {"request_policy:all_shards",
                                                        "response_policy:all_succeeded"};

constexpr CommandSpec kCommands[] = {
    {.name = "KEYS", .arity = 2, .flags = kRead | kExclusive,
     .categories = kCatKeyspace | kCatDangerous, .handler = Keys, .group = "generic",
     .since = "1.0.0", .complexity = "O(N) where N is the number of keys in the database.",
     .summary = "Lists the keys that match a pattern.", .tips = kKeysTips},
    {.name = "SCAN", .arity = -2, .flags = kRead | kTouchesArbitraryKeys | kPartitionwise,
     .categories = kCatKeyspace, .handler = Scan, .group = "generic", .since = "2.8.0",
     .complexity = "O(1) for each call, O(N) for a whole iteration over N keys.",
     .summary = "Lists keys a few at a time.", .tips = kScanTips},
    {.name = "RANDOMKEY", .arity = 1, .flags = kRead | kTouchesArbitraryKeys | kPartitionwise,
     .categories = kCatKeyspace, .handler = RandomKey, .group = "generic", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Returns a random key.", .tips = kRandomKeyTips},
    {.name = "DBSIZE", .arity = 1, .flags = kRead | kFast | kExclusive,
     .categories = kCatKeyspace, .handler = DbSize, .group = "server", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Counts the keys of the database.", .tips = kDbSizeTips},
    {.name = "FLUSHDB", .arity = -1, .flags = kWrite | kExclusive,
     .categories = kCatKeyspace | kCatDangerous, .handler = FlushDb, .group = "server",
     .since = "1.0.0", .complexity = "O(N) where N is the number of keys; O(1) with ASYNC.",
     .summary = "Deletes all keys of the database.", .tips = kFlushTips},
    {.name = "FLUSHALL", .arity = -1, .flags = kWrite | kExclusive,
     .categories = kCatKeyspace | kCatDangerous, .handler = FlushAll, .group = "server",
     .since = "1.0.0", .complexity = "O(N) where N is the number of keys; O(1) with ASYNC.",
     .summary = "Deletes all keys of all databases.", .tips = kFlushTips},
    {.name = "SWAPDB", .arity = 3, .flags = kWrite | kFast | kExclusive,
     .categories = kCatKeyspace | kCatDangerous, .handler = SwapDb, .group = "server",
     .since = "4.0.0", .complexity = "O(1)", .summary = "Swaps two databases."},
};

}  // namespace

std::span<const CommandSpec> ScanCommands() { return kCommands; }

}  // namespace ringtail::commands
