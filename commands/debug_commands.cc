// DEBUG: what test suites ask of a server and nobody else should; off unless enable-debug-command.
// All of it runs while the workers stand still, as SLEEP is meant to and DIGEST has to.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "base/glob.h"
#include "base/memory_units.h"
#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/control_service.h"
#include "commands/script_hub.h"
#include "commands/script_runner.h"
#include "commands/state_digest.h"
#include "storage/eviction_access.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHelp[] = {
    "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CHANGE-REPL-ID",
    "    Accepted; there is no replication history to break with.",
    "DIGEST",
    "    Hash all keys with their values and expiry times, in 40 hexadecimal digits.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Hash the values of these keys.",
    "ERROR <string>",
    "    Answer <string> as an error.",
    "LOADAOF",
    "    Refused: nothing is persisted yet.",
    "LOG <message>",
    "    Write <message> to the log.",
    "OBJECT <key>",
    "    Tell how the key's value is kept.",
    "PAUSE-CRON <0|1>",
    "    Accepted; nothing that clients see waits for one.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Add the keys <prefix>:0, <prefix>:1, ... (key:0, ... by default) where absent,",
    "    with values cut or padded to <size> bytes. Neither logged nor replicated.",
    "PROTOCOL <type>",
    "    Answer a sample of a reply type: string, integer, double, bignum, null, array,",
    "    set, map, attrib, push, verbatim, true, false.",
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    Accepted; no list is kept in that way.",
    "RELOAD [option ...]",
    "    Refused: nothing is persisted yet.",
    "REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|milliseconds>",
    "    Accepted; reply buffers are given back when they are empty.",
    "REPLYBUFFER RESIZING <0|1>",
    "    Accepted as well.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Stop or start erasing expired keys that nobody asks for.",
    "SET-DISABLE-DENY-SCRIPTS <0|1>",
    "    Let scripts call commands that are not for scripts, or no longer.",
    "SLEEP <seconds>",
    "    Stand still for so long. Decimals allowed.",
    "STRINGMATCH-LEN <pattern> <string>",
    "    Match <string> against a glob pattern: 1 or 0.",
    "VERIFY",
    "    Check the invariants of every table and index.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

void Ok(CommandContext& ctx, Args) { ctx.reply().Ok(); }

void NoPersistence(CommandContext& ctx, Args) { ctx.reply().Error(errors::kNoPersistence); }

void Sleep(CommandContext& ctx, Args args) {
  constexpr double kSecondsMax = 1e9;  // keeps the nanoseconds within 64 bits
  const double seconds = std::clamp(ParseDouble(args[2]).value_or(0), 0.0, kSecondsMax);
  std::this_thread::sleep_for(
      std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9)));
  // The rest of the batch happens after the sleep; a script's time stands still.
  const ScriptRunner* scripts = ctx.execution().scripts;
  if (scripts == nullptr || !scripts->is_running()) ctx.engine().RefreshTime(ctx.worker());
  ctx.reply().Ok();
}

void SetActiveExpire(CommandContext& ctx, Args args) {
  ctx.engine().SetActiveExpire(ParseInt64(args[2]).value_or(0) != 0);
  ctx.reply().Ok();
}

void SetDisableDenyScripts(CommandContext& ctx, Args args) {
  ScriptHub* scripts = ctx.services().scripts;
  if (scripts != nullptr) scripts->are_denied_allowed = ParseInt64(args[2]).value_or(0) != 0;
  ctx.reply().Ok();
}

// ---- Keys

/// The size of a value in an RDB file that is not compressed.
size_t SerializedBytes(const Entry& entry) {
  // Strings are what can be serialised; of anything else this is the memory.
  if (entry.type() != ValueType::kString) return entry.footprint_bytes();
  const storage::StringView value(entry);
  const size_t size = value.bytes().size();
  if (const auto number = storage::CanonicalInt(value.bytes())) {
    if (*number >= INT8_MIN && *number <= INT8_MAX) return 2;
    if (*number >= INT16_MIN && *number <= INT16_MAX) return 3;
    if (*number >= INT32_MIN && *number <= INT32_MAX) return 5;
  }
  return size + (size < 64 ? 1 : size < 16384 ? 2 : 5);
}

void Object(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Peek(args[2], CommandContext::MissEvent::kNone);
  if (!key) return ctx.reply().Error(errors::kNoSuchKey);
  const Entry& entry = *key.entry();
  const std::string encoding(storage::EncodingName(entry));
  const auto idle_seconds = static_cast<int64_t>(
      storage::IdleSeconds(entry.access(), ctx.worker().evictor.clock()).value_or(0));
  // Redis keeps the second of the last access in 24 bits.
  const int64_t access_seconds = (ctx.now_ms() / 1000 - idle_seconds) & 0xffffff;
  char line[256];
  const int size = std::snprintf(
      line, sizeof(line),
      "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%lld lru_seconds_idle:%lld",
      static_cast<const void*>(&entry), encoding.c_str(), SerializedBytes(entry),
      static_cast<long long>(access_seconds), static_cast<long long>(idle_seconds));
  ctx.reply().SimpleString({line, static_cast<size_t>(size)});
}

std::optional<int64_t> PositiveArg(CommandContext& ctx, std::string_view arg) {
  const auto value = ParseInt64(arg).value_or(-1);
  if (value >= 0) return value;
  ctx.reply().Error(errors::kNotPositive);
  return std::nullopt;
}

void Populate(CommandContext& ctx, Args args) {
  const auto count = PositiveArg(ctx, args[2]);
  if (!count) return;
  int64_t value_bytes = 0;
  if (args.size() == 5) {
    const auto wanted = PositiveArg(ctx, args[4]);
    if (!wanted) return;
    if (*wanted > ctx.string_bytes_max()) return ctx.reply().Error(errors::kStringTooLong);
    value_bytes = *wanted;
  }
  // A prefix ends at its first zero byte, as it does for Redis's format.
  const std::string_view prefix = args.size() > 3 ? args[3] : "key";
  std::string name(prefix.substr(0, prefix.find('\0')));
  name += ':';
  const size_t prefix_bytes = name.size();
  std::string value;
  NumberText room;
  for (int64_t n = 0; n < *count; ++n) {
    const std::string_view number = FormatInt64(n, room);
    name.resize(prefix_bytes);
    name += number;
    KeyRef key = ctx.Write(name);
    if (key) continue;
    value.assign("value:").append(number);
    if (value_bytes != 0) value.resize(static_cast<size_t>(value_bytes));
    ctx.SetString(key, value, kNoExpiry);
  }
  ctx.NoEffect();
  ctx.reply().Ok();
}

void Digest(CommandContext& ctx, Args) {
  StateDigest digest;
  Engine& engine = ctx.engine();
  for (int db = 0; db < engine.database_count(); ++db) {
    engine.VisitPartitions(db, ctx.is_exclusive(), [&](Database& database, size_t) {
      database.table().VisitAll([&](const Entry* entry) { digest.Add(db, *entry); });
    });
  }
  ctx.reply().SimpleString(digest.Hex());
}

void DigestValue(CommandContext& ctx, Args args) {
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view name : args.subspan(2)) {
    StateDigest digest;
    if (const KeyRef key = ctx.Peek(name, CommandContext::MissEvent::kNone)) digest.AddValue(*key.entry());
    ctx.reply().SimpleString(digest.Hex());
  }
}

void Verify(CommandContext& ctx, Args) {
  if (const char* problem = ctx.engine().Verify()) {
    return ctx.reply().Error("ERR " + std::string(problem));
  }
  ctx.reply().Ok();
}

// ---- Samples of replies

void ReplyThreeNumbers(CommandContext& ctx) {
  for (int number = 0; number < 3; ++number) ctx.reply().Integer(number);
}

void ReplyMap(CommandContext& ctx) {
  ctx.reply().Map(3);
  for (int number = 0; number < 3; ++number) {
    ctx.reply().Integer(number);
    ctx.reply().Boolean(number == 1);
  }
}

bool IsResp3(CommandContext& ctx) { return ctx.client().resp == proto::RespVersion::kResp3; }

void ReplyAttribute(CommandContext& ctx) {
  if (IsResp3(ctx)) {
    ctx.reply().Attribute(1);
    ctx.reply().Bulk("key-popularity");
    ctx.reply().Array(2);
    ctx.reply().Bulk("key:123");
    ctx.reply().Integer(90);
  }
  ctx.reply().Bulk("Some real reply following the attribute");
}

void ReplyPush(CommandContext& ctx) {
  if (!IsResp3(ctx)) return ctx.reply().Error(errors::kNotInResp2);
  ctx.reply().Push(2);
  ctx.reply().Bulk("server-cpu-usage");
  ctx.reply().Integer(42);
  ctx.reply().Bulk("Some real reply following the push reply");
}

struct Sample {
  std::string_view type;
  void (*reply)(CommandContext& ctx);
};

constexpr Sample kSamples[] = {
    {"string", [](CommandContext& ctx) { ctx.reply().Bulk("Hello World"); }},
    {"integer", [](CommandContext& ctx) { ctx.reply().Integer(12345); }},
    {"double", [](CommandContext& ctx) { ctx.reply().Double(3.141); }},
    {"bignum",
     [](CommandContext& ctx) {
       ctx.reply().BigNumber("1234567999999999999999999999999999999");
     }},
    {"null", [](CommandContext& ctx) { ctx.reply().Null(); }},
    {"array", [](CommandContext& ctx) { ctx.reply().Array(3), ReplyThreeNumbers(ctx); }},
    {"set", [](CommandContext& ctx) { ctx.reply().Set(3), ReplyThreeNumbers(ctx); }},
    {"map", ReplyMap},
    {"attrib", ReplyAttribute},
    {"push", ReplyPush},
    {"verbatim",
     [](CommandContext& ctx) { ctx.reply().Verbatim("txt", "This is a verbatim\nstring"); }},
    {"true", [](CommandContext& ctx) { ctx.reply().Boolean(true); }},
    {"false", [](CommandContext& ctx) { ctx.reply().Boolean(false); }},
};

void Protocol(CommandContext& ctx, Args args) {
  for (const Sample& sample : kSamples) {
    if (EqualsIgnoreCase(sample.type, args[2])) return sample.reply(ctx);
  }
  ctx.reply().Error(errors::kUnknownProtocolType);
}

void Error(CommandContext& ctx, Args args) { ctx.reply().Error(args[2]); }

// ---- The rest

void Log(CommandContext& ctx, Args args) {
  ctx.services().control->Log("DEBUG LOG: " + std::string(args[2]));
  ctx.reply().Ok();
}

void StringMatch(CommandContext& ctx, Args args) {
  ctx.reply().Integer(GlobMatch(args[2], args[3], GlobCase::kSensitive));
}

void ReplyBuffer(CommandContext& ctx, Args args) {
  if (EqualsIgnoreCase(args[2], "RESIZING")) return ctx.reply().Ok();
  if (!EqualsIgnoreCase(args[2], "PEAK-RESET-TIME")) {
    return ctx.reply().Error(errors::UnknownDebug(args[1]));
  }
  const bool is_word = EqualsIgnoreCase(args[3], "NEVER") || EqualsIgnoreCase(args[3], "RESET");
  if (is_word || ctx.IntArg(args[3])) ctx.reply().Ok();
}

void PackedThreshold(CommandContext& ctx, Args args) {
  constexpr uint64_t kBytesMax = (uint64_t{4} << 30) - (1 << 20);  // a little below 4 GiB
  const auto bytes = ParseMemoryBytes(args[2]);
  if (!bytes || *bytes > kBytesMax) return ctx.reply().Error(errors::kPackedThreshold);
  ctx.reply().Ok();
}

struct Subcommand {
  std::string_view name;
  size_t args_min;  ///< DEBUG and the name included
  size_t args_max;
  Handler handler;
};

constexpr Subcommand kSubcommands[] = {
    {"CHANGE-REPL-ID", 2, 2, Ok},
    {"DIGEST", 2, 2, Digest},
    {"DIGEST-VALUE", 2, SIZE_MAX, DigestValue},
    {"ERROR", 3, 3, Error},
    {"HELP", 2, 2, Help},
    {"LOADAOF", 2, 2, NoPersistence},
    {"LOG", 3, 3, Log},
    {"OBJECT", 3, 3, Object},
    {"PAUSE-CRON", 3, 3, Ok},
    {"POPULATE", 3, 5, Populate},
    {"PROTOCOL", 3, 3, Protocol},
    {"QUICKLIST-PACKED-THRESHOLD", 3, 3, PackedThreshold},
    {"RELOAD", 2, SIZE_MAX, NoPersistence},
    {"REPLYBUFFER", 4, 4, ReplyBuffer},
    {"SET-ACTIVE-EXPIRE", 3, 3, SetActiveExpire},
    {"SET-DISABLE-DENY-SCRIPTS", 3, 3, SetDisableDenyScripts},
    {"SLEEP", 3, 3, Sleep},
    {"STRINGMATCH-LEN", 4, 4, StringMatch},
    {"VERIFY", 2, 2, Verify},
};

void Debug(CommandContext& ctx, Args args) {
  ControlService* control = ctx.services().control;
  if (control == nullptr || !control->IsDebugAllowed(ctx.client().is_local)) {
    return ctx.reply().Error(errors::kDebugNotAllowed);
  }
  for (const Subcommand& subcommand : kSubcommands) {
    if (!EqualsIgnoreCase(subcommand.name, args[1])) continue;
    if (args.size() < subcommand.args_min || args.size() > subcommand.args_max) break;
    return subcommand.handler(ctx, args);
  }
  ctx.reply().Error(errors::UnknownDebug(args[1]));
}

constexpr CommandSpec kCommands[] = {
    {.name = "DEBUG", .arity = -2,
     .flags = kAdmin | kNoScript | kLoading | kStale | kProtected | kExclusive, .handler = Debug,
     .group = "server", .since = "1.0.0", .complexity = "Depends on subcommand.",
     .summary = "Does to the server what tests need done."},
};

}  // namespace

std::span<const CommandSpec> DebugCommands() { return kCommands; }

}  // namespace ringtail::commands
