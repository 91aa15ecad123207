// Values as portable bytes: DUMP, RESTORE, MIGRATE.
#include <algorithm>
#include <array>
#include <vector>

#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/serialization_service.h"
#include "storage/eviction_access.h"

namespace ringtail::commands {
namespace {

void Dump(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!key) return ctx.reply().Null();
  ctx.reply().Bulk(ctx.services().serialization->Dump(*key.entry()));
}

// ---- RESTORE

struct RestoreOptions {
  bool replaces = false;
  bool is_ttl_absolute = false;
  std::optional<int64_t> idle_seconds = {};
  std::optional<int64_t> frequency = {};
};

// Nothing after having answered what is wrong. Each of IDLETIME and FREQ excludes the other, not
// itself.
std::optional<RestoreOptions> ParseRestoreOptions(CommandContext& ctx, Args args) {
  RestoreOptions options;
  for (size_t i = 4; i < args.size(); ++i) {
    const bool has_more = i + 1 < args.size();
    if (EqualsIgnoreCase(args[i], "REPLACE")) {
      options.replaces = true;
    } else if (EqualsIgnoreCase(args[i], "ABSTTL")) {
      options.is_ttl_absolute = true;
    } else if (EqualsIgnoreCase(args[i], "IDLETIME") && has_more && !options.frequency) {
      options.idle_seconds = ctx.IntArg(args[++i]);
      if (!options.idle_seconds) return std::nullopt;
      if (*options.idle_seconds < 0) {
        ctx.reply().Error(errors::kIdleTimeNegative);
        return std::nullopt;
      }
    } else if (EqualsIgnoreCase(args[i], "FREQ") && has_more && !options.idle_seconds) {
      options.frequency = ctx.IntArg(args[++i]);
      if (!options.frequency) return std::nullopt;
      if (*options.frequency < 0 || *options.frequency > 255) {
        ctx.reply().Error(errors::kFrequencyOutOfRange);
        return std::nullopt;
      }
    } else {
      ctx.SyntaxError();
      return std::nullopt;
    }
  }
  return options;
}

// The last use of the key as the payload's owner knew it, where the policy keeps such a thing.
void SetAccess(CommandContext& ctx, Entry& entry, const RestoreOptions& options) {
  const storage::AccessClock& clock = ctx.worker().evictor.clock();
  if (options.idle_seconds && storage::IdleSeconds(entry.access(), clock)) {
    const auto seconds = static_cast<uint64_t>(*options.idle_seconds);
    entry.SetAccess(storage::AccessOfIdleSeconds(seconds, clock));
  }
  if (options.frequency && storage::AccessFrequency(entry.access(), clock)) {
    entry.SetAccess(
        storage::AccessOfFrequency(static_cast<uint32_t>(*options.frequency), clock));
  }
}

// Logged with an absolute time, which a verbatim relative one would put off.
void LogRestore(CommandContext& ctx, Args args, int64_t expiry_ms) {
  if (!ctx.wants_effects()) return ctx.NoEffect();
  NumberText room;
  std::vector<std::string_view> effect(args.begin(), args.end());
  effect[2] = FormatInt64(expiry_ms, room);
  effect.push_back("ABSTTL");
  ctx.Effect(effect);
}

// RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
void Restore(CommandContext& ctx, Args args) {
  const auto options = ParseRestoreOptions(ctx, args);
  if (!options) return;
  KeyRef key = ctx.Write(args[1]);
  if (key && !options->replaces) return ctx.reply().Error(errors::kBusyKey);
  const auto ttl_ms = ctx.IntArg(args[2]);
  if (!ttl_ms) return;
  if (*ttl_ms < 0) return ctx.reply().Error(errors::kTtlNegative);
  SerializationService& serialization = *ctx.services().serialization;
  if (!serialization.IsIntact(args[3])) return ctx.reply().Error(errors::kPayloadNotIntact);
  const auto entry = serialization.Restore(args[3], args[1]);
  if (!entry.ok()) return ctx.reply().Error(errors::kPayloadBadFormat);

  const bool is_relative = *ttl_ms != 0 && !options->is_ttl_absolute;
  // Wraps as Redis's does: a time beyond the last one is in the past.
  const auto expiry_ms = static_cast<int64_t>(
      static_cast<uint64_t>(*ttl_ms) + static_cast<uint64_t>(is_relative ? ctx.now_ms() : 0));
  if (*ttl_ms != 0 && expiry_ms <= ctx.now_ms()) {
    Entry::Destroy(entry.value());
    if (key) {
      ctx.Delete(key);
      ctx.Effect({"DEL", args[1]});
    }
    return ctx.reply().Ok();
  }
  const bool was_there = static_cast<bool>(key);
  ctx.Put(key, entry.value());
  if (was_there) ctx.Notify(kNotifyNew, "new", args[1]);  // as if the old one had been deleted
  if (*ttl_ms != 0) ctx.SetExpiry(key, expiry_ms);
  SetAccess(ctx, *key.entry(), *options);
  ctx.Notify(kNotifyGeneric, "restore", args[1]);
  if (is_relative) LogRestore(ctx, args, expiry_ms);
  ctx.reply().Ok();
}

// ---- MIGRATE

constexpr size_t kFirstMigrateOption = 6;
constexpr int64_t kMigrateTimeoutMs = 1000;

// Where the keys stand: argument 3, or behind KEYS if that is empty and KEYS is not the last word.
// Words that other options take are skipped.
bool FindMigratedKeys(Args args, KeyPositions& out) {
  constexpr uint16_t kFlags = kKeyRw | kKeyAccess | kKeyDelete;
  if (args.size() <= 3) return false;
  for (size_t i = kFirstMigrateOption; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "AUTH")) {
      i += 1;
    } else if (EqualsIgnoreCase(args[i], "AUTH2")) {
      i += 2;
    } else if (EqualsIgnoreCase(args[i], "KEYS")) {
      if (!args[3].empty()) return false;
      if (i + 1 == args.size()) break;
      for (size_t k = i + 1; k < args.size(); ++k) out.Push(static_cast<uint32_t>(k), kFlags);
      return true;
    }
  }
  out.Push(3, kFlags);
  return true;
}

struct MigrateRequest {
  MigrateTarget target;
  bool copies = false;
  Args names;
};

std::optional<MigrateRequest> ParseMigrateOptions(CommandContext& ctx, Args args) {
  MigrateRequest request;
  request.names = args.subspan(3, 1);
  const auto refuse = [&](std::string_view error) {
    ctx.reply().Error(error);
    return std::nullopt;
  };
  for (size_t i = kFirstMigrateOption; i < args.size(); ++i) {
    const size_t more = args.size() - 1 - i;
    if (EqualsIgnoreCase(args[i], "COPY")) {
      request.copies = true;
    } else if (EqualsIgnoreCase(args[i], "REPLACE")) {
      request.target.replaces = true;
    } else if (EqualsIgnoreCase(args[i], "AUTH")) {
      if (more < 1) return refuse(errors::kSyntax);
      request.target.password = args[++i];
    } else if (EqualsIgnoreCase(args[i], "AUTH2")) {
      if (more < 2) return refuse(errors::kSyntax);
      request.target.has_user = true;
      request.target.user = args[++i];
      request.target.password = args[++i];
    } else if (EqualsIgnoreCase(args[i], "KEYS")) {
      if (!args[3].empty()) return refuse(errors::kMigrateKeyNotEmpty);
      request.names = args.subspan(i + 1);
      break;
    } else {
      return refuse(errors::kSyntax);
    }
  }
  const auto timeout_ms = ctx.IntArg(args[5]);
  if (!timeout_ms) return std::nullopt;
  const auto db = ctx.IntArg(args[4]);
  if (!db) return std::nullopt;
  request.target.host = args[1];
  request.target.port = args[2];
  request.target.db = *db;
  request.target.timeout_ms = *timeout_ms <= 0 ? kMigrateTimeoutMs : *timeout_ms;
  return request;
}

// Takes the keys out that the target has, and logs that.
void EraseMigrated(CommandContext& ctx, std::span<const MigratedKey> keys) {
  std::vector<std::string_view> effect = {"DEL"};
  for (const MigratedKey& migrated : keys) {
    if (!migrated.is_there) continue;
    KeyRef key = ctx.Write(migrated.name);
    if (!key) continue;  // It was named twice.
    ctx.Delete(key);
    effect.push_back(migrated.name);
  }
  if (effect.size() > 1) ctx.Effect(effect);
}

// MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password]
//         [KEYS key …]
void Migrate(CommandContext& ctx, Args args) {
  const auto request = ParseMigrateOptions(ctx, args);
  if (!request) return;
  std::vector<MigratedKey> keys;
  for (const std::string_view name : request->names) {
    const KeyRef key = ctx.Read(name);
    if (!key) continue;
    MigratedKey& migrated = keys.emplace_back();
    migrated.name = name;
    if (key.expiry_ms() != kNoExpiry) {
      migrated.ttl_ms = std::max<int64_t>(key.expiry_ms() - ctx.now_ms(), 1);
    }
    migrated.payload = ctx.services().serialization->Dump(*key.entry());
  }
  if (keys.empty()) return ctx.reply().SimpleString("NOKEY");
  const std::string error = ctx.services().migration->Migrate(request->target, keys);
  if (!request->copies) EraseMigrated(ctx, keys);
  error.empty() ? ctx.reply().Ok() : ctx.reply().Error(error);
}

// ---- The table

constexpr std::array<std::string_view, 1> kVaries = {"nondeterministic_output"};
constexpr unsigned kMigratedFlags = kKeyRw | kKeyAccess | kKeyDelete;

constexpr CommandSpec kCommands[] = {
    {.name = "DUMP", .arity = 2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatKeyspace, .handler = Dump, .group = "generic", .since = "2.6.0",
     .complexity = "O(N), the size of the value",
     .summary = "Returns a value as bytes that RESTORE takes.", .tips = kVaries},
    {.name = "MIGRATE", .arity = -6, .flags = kWrite | kMovableKeys,
     .keys = {OneKey(kMigratedFlags, 3),
              KeySpec{.begin = KeySpec::Begin::kKeyword,
                      .flags = kMigratedFlags | kKeyIncomplete,
                      .index = -2,
                      .keyword = "KEYS",
                      .last = -1}},
     .categories = kCatKeyspace | kCatDangerous, .handler = Migrate,
     .key_finder = FindMigratedKeys, .group = "generic", .since = "2.6.0",
     .complexity = "O(N), the size of the values, here and on the other server",
     .summary = "Moves keys to another server.", .tips = kVaries},
    {.name = "RESTORE", .arity = -4, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyOw | kKeyUpdate)}, .categories = kCatKeyspace | kCatDangerous,
     .handler = Restore, .group = "generic", .since = "2.6.0",
     .complexity = "O(N), the size of the value; O(N log N) for a sorted set",
     .summary = "Makes a key of the bytes that DUMP gave."},
    {.name = "RESTORE-ASKING", .arity = -4, .flags = kWrite | kDenyOom | kAsking,
     .keys = {OneKey(kKeyOw | kKeyUpdate)}, .categories = kCatKeyspace | kCatDangerous,
     .handler = Restore, .group = "server", .since = "3.0.0",
     .complexity = "O(N), the size of the value; O(N log N) for a sorted set",
     .summary = "RESTORE for a key whose slot is on its way to this node."},
};

}  // namespace

std::span<const CommandSpec> SerializationCommands() { return kCommands; }

}  // namespace ringtail::commands
