// What a command is: one row of a table. Everything else about it is derived from the row.
//
//   constexpr CommandSpec kCommands[] = {
//       {.name = "GET", .arity = 2, .flags = kRead | kFast, .keys = {OneKey(kKeyReadAccess)},
//        .categories = kCatString, .handler = Get, .group = "string", .since = "1.0.0",
//        .complexity = "O(1)", .summary = "Returns the string value of a key."},
//   };
//
// Arity counts the command's name; negative means "at least". Key specs are Redis 7's: where to begin to search and how to go
// on. Thread rule: constants.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringtail::commands {

class CommandContext;
using Args = std::span<const std::string_view>;
using Handler = void (*)(CommandContext& context, Args args);

/// Command flags. The names behind each are what COMMAND INFO answers.
enum CommandFlag : uint32_t {
  kWrite = 1U << 0,               ///< write
  kRead = 1U << 1,                ///< readonly
  kDenyOom = 1U << 2,             ///< denyoom
  kAdmin = 1U << 3,               ///< admin
  kPubsub = 1U << 4,              ///< pubsub
  kNoScript = 1U << 5,            ///< noscript
  kBlocking = 1U << 6,            ///< blocking
  kLoading = 1U << 7,             ///< loading
  kStale = 1U << 8,               ///< stale
  kSkipMonitor = 1U << 9,         ///< skip_monitor
  kSkipSlowlog = 1U << 10,        ///< skip_slowlog
  kAsking = 1U << 11,             ///< asking
  kFast = 1U << 12,               ///< fast
  kNoAuth = 1U << 13,             ///< no_auth
  kMayReplicate = 1U << 14,       ///< may_replicate
  kNoMandatoryKeys = 1U << 15,    ///< no_mandatory_keys
  kProtected = 1U << 16,          ///< protected
  kNoMulti = 1U << 17,            ///< no_multi
  kMovableKeys = 1U << 18,        ///< movablekeys
  kAllowBusy = 1U << 19,          ///< allow_busy
  kNoAsyncLoading = 1U << 20,     ///< no_async_loading
  kTouchesArbitraryKeys = 1U << 21,  ///< (7.0's COMMAND INFO has no word for it)
  // Ringtail's own; not shown.
  kForSubscribers = 1U << 27,     ///< a RESP2 client with subscriptions may still use it
  kExclusive = 1U << 28,          ///< runs while all workers stand still
  kPartitionwise = 1U << 29,      ///< no keys; visits partitions one lock at a time
  kImmediate = 1U << 30,          ///< executed at once even between MULTI and EXEC
  kExecutesQueue = 1U << 31,      ///< EXEC
};

/// ACL categories that a row names itself; the rest (@read, @write, @fast, @slow, @admin, @dangerous,
/// @blocking, @pubsub) follow from the flags.
enum Category : uint32_t {
  kCatKeyspace = 1U << 0,
  kCatRead = 1U << 1,
  kCatWrite = 1U << 2,
  kCatSet = 1U << 3,
  kCatSortedSet = 1U << 4,
  kCatList = 1U << 5,
  kCatHash = 1U << 6,
  kCatString = 1U << 7,
  kCatBitmap = 1U << 8,
  kCatHyperLogLog = 1U << 9,
  kCatGeo = 1U << 10,
  kCatStream = 1U << 11,
  kCatPubsub = 1U << 12,
  kCatAdmin = 1U << 13,
  kCatFast = 1U << 14,
  kCatSlow = 1U << 15,
  kCatBlocking = 1U << 16,
  kCatDangerous = 1U << 17,
  kCatConnection = 1U << 18,
  kCatTransaction = 1U << 19,
  kCatScripting = 1U << 20,
  kCatCache = 1U << 21,
  kCatTag = 1U << 22,
};

/// Flags of one key spec, Redis's names in capitals.
enum KeyFlag : uint16_t {
  kKeyRo = 1U << 0,
  kKeyRw = 1U << 1,
  kKeyOw = 1U << 2,
  kKeyRm = 1U << 3,
  kKeyAccess = 1U << 4,
  kKeyUpdate = 1U << 5,
  kKeyInsert = 1U << 6,
  kKeyDelete = 1U << 7,
  kKeyNotKey = 1U << 8,
  kKeyIncomplete = 1U << 9,
  kKeyVariableFlags = 1U << 10,
};

/// Where keys are among the arguments. `last` and `step` as in Redis: last is relative to the first key,
/// negative counts from the end (-1 the last argument); limit 2 takes only the first half, and so on.
struct KeySpec {
  enum class Begin : uint8_t { kNone, kIndex, kKeyword };
  enum class Find : uint8_t { kRange, kKeyCount };

  Begin begin = Begin::kNone;
  Find find = Find::kRange;
  uint16_t flags = 0;
  int16_t index = 0;              ///< kIndex: position; kKeyword: where to start looking (negative: backwards)
  std::string_view keyword = {};
  int16_t last = 0;               ///< kRange
  int16_t step = 1;               ///< kRange, kKeyCount
  int16_t limit = 0;              ///< kRange
  int16_t count_index = 0;        ///< kKeyCount: where the count is, relative to begin
  int16_t first_key = 0;          ///< kKeyCount: where the first key is, relative to begin
  std::string_view notes = {};
};

/// The key is the argument at `index`.
constexpr KeySpec OneKey(unsigned flags, int16_t index = 1) {
  return {.begin = KeySpec::Begin::kIndex, .flags = static_cast<uint16_t>(flags), .index = index};
}
/// Every step-th argument from `index` to the last (-1: to the end).
constexpr KeySpec KeyRange(unsigned flags, int16_t index, int16_t last, int16_t step = 1) {
  return {.begin = KeySpec::Begin::kIndex,
          .flags = static_cast<uint16_t>(flags),
          .index = index,
          .last = last,
          .step = step};
}
/// A count at `index`, then as many keys.
constexpr KeySpec CountedKeys(unsigned flags, int16_t index, int16_t step = 1) {
  return {.begin = KeySpec::Begin::kIndex,
          .find = KeySpec::Find::kKeyCount,
          .flags = static_cast<uint16_t>(flags),
          .index = index,
          .step = step,
          .count_index = 0,
          .first_key = 1};
}

/// Custom key extraction for commands whose keys their specs cannot describe: answers the arguments' indexes.
using KeyFinder = bool (*)(Args args, struct KeyPositions& out);

struct CommandSpec {
  std::string_view name;  ///< upper case; of a subcommand: its own word ("LIST")
  int arity = 0;
  uint32_t flags = 0;
  std::array<KeySpec, 3> keys = {};
  uint32_t categories = 0;
  Handler handler = nullptr;  ///< null for a container
  std::span<const CommandSpec> subcommands = {};
  KeyFinder key_finder = nullptr;
  std::string_view group = {};
  std::string_view since = {};
  std::string_view complexity = {};
  std::string_view summary = {};
  std::span<const std::string_view> tips = {};
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
};

/// The positions of a request's keys among its arguments.
struct KeyPosition {
  uint32_t arg_index;
  uint16_t flags;
};
struct KeyPositions {
  void Clear() { count = 0; }
  void Push(uint32_t arg_index, uint16_t flags);

  static constexpr uint32_t kInline = 16;
  uint32_t count = 0;
  uint32_t capacity = kInline;
  KeyPosition* items = inline_items;
  KeyPosition inline_items[kInline];

  KeyPositions() = default;
  KeyPositions(const KeyPositions&) = delete;
  KeyPositions& operator=(const KeyPositions&) = delete;
  ~KeyPositions();
  std::span<const KeyPosition> view() const { return {items, count}; }
};

/// Finds a request's keys by its command's specs. False if the arguments do not fit the specs (a key count
/// that lies); `out` then holds what was found before.
bool FindKeys(const CommandSpec& spec, Args args, KeyPositions& out);

/// The families, one function each; the explicit list of what this server can do is in registry.cc.
std::span<const CommandSpec> StringCommands();
std::span<const CommandSpec> BitmapCommands();
std::span<const CommandSpec> GenericCommands();
std::span<const CommandSpec> ExpireCommands();
std::span<const CommandSpec> ObjectCommands();
std::span<const CommandSpec> ScanCommands();
std::span<const CommandSpec> ConnectionCommands();
std::span<const CommandSpec> ClientCommands();
std::span<const CommandSpec> ConfigCommands();
std::span<const CommandSpec> InfoCommands();
std::span<const CommandSpec> CommandLogCommands();
std::span<const CommandSpec> LatencyCommands();
std::span<const CommandSpec> ServerCommands();
std::span<const CommandSpec> IntrospectionCommands();
std::span<const CommandSpec> DebugCommands();
std::span<const CommandSpec> ListCommands();
std::span<const CommandSpec> BlockingListCommands();
std::span<const CommandSpec> SetCommands();
std::span<const CommandSpec> HashCommands();
std::span<const CommandSpec> HashExpiryCommands();
std::span<const CommandSpec> SortedSetCommands();
std::span<const CommandSpec> SortedSetRangeCommands();
std::span<const CommandSpec> SortedSetCombineCommands();
std::span<const CommandSpec> BlockingSortedSetCommands();
std::span<const CommandSpec> GeoCommands();
std::span<const CommandSpec> HyperLogLogCommands();
std::span<const CommandSpec> StreamCommands();
std::span<const CommandSpec> StreamGroupCommands();
std::span<const CommandSpec> StreamReadCommands();
std::span<const CommandSpec> SortCommands();
std::span<const CommandSpec> SerializationCommands();
std::span<const CommandSpec> TransactionCommands();
std::span<const CommandSpec> ReplicaWaitCommands();
std::span<const CommandSpec> AclCommands();
std::span<const CommandSpec> PubsubCommands();

}  // namespace ringtail::commands
