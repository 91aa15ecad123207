#include <string>

#include "base/parse_number.h"
#include "commands/acl_service.h"
#include "commands/client_service.h"
#include "commands/client_tracking.h"
#include "commands/context.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHelp[] = {
    "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CACHING (YES|NO)",
    "    Track, or do not track, the keys of the next command (OPTIN, OPTOUT).",
    "GETNAME",
    "    Return the name of the current connection.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections by ADDR, LADDR, ID, TYPE, USER, MAXAGE; SKIPME (YES|NO) spares this one.",
    "LIST [TYPE <type>] [ID <id> [<id> ...]]",
    "    Return information about client connections.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    "NO-TOUCH (ON|OFF)",
    "    Do not count the commands of this connection as use of their keys.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETINFO <option> <value>",
    "    Set client meta attr. Options are LIB-NAME and LIB-VER.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
    "    Tell this client when keys that it has read change.",
    "TRACKINGINFO",
    "    Return how the keys of this connection are tracked.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

void Id(CommandContext& ctx, Args) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.client().id));
}

void GetName(CommandContext& ctx, Args) {
  if (ctx.client().name.empty()) return ctx.reply().Null();
  ctx.reply().Bulk(ctx.client().name);
}

void SetName(CommandContext& ctx, Args args) {
  if (!IsPrintable(args[2])) return ctx.reply().Error(errors::kClientNameUnprintable);
  ctx.client().name = args[2];
  ctx.reply().Ok();
}

void SetInfo(CommandContext& ctx, Args args) {
  const bool is_name = EqualsIgnoreCase(args[2], "LIB-NAME");
  if (!is_name && !EqualsIgnoreCase(args[2], "LIB-VER")) {
    return ctx.reply().Error("ERR Unrecognized option '" + std::string(args[2]) + "'");
  }
  if (!IsPrintable(args[3])) {
    return ctx.reply().Error(is_name ? "ERR lib-name cannot contain spaces, newlines or special characters."
                                     : "ERR lib-ver cannot contain spaces, newlines or special characters.");
  }
  (is_name ? ctx.client().library_name : ctx.client().library_version) = args[3];
  ctx.reply().Ok();
}

/// "yes"/"no" words of options; answers a syntax error for anything else.
std::optional<bool> OnOff(CommandContext& ctx, std::string_view word, std::string_view on,
                          std::string_view off) {
  if (EqualsIgnoreCase(word, on)) return true;
  if (EqualsIgnoreCase(word, off)) return false;
  ctx.SyntaxError();
  return std::nullopt;
}

void NoEvict(CommandContext& ctx, Args args) {
  const auto is_on = OnOff(ctx, args[2], "ON", "OFF");
  if (!is_on) return;
  ctx.client().is_no_evict = *is_on;
  ctx.reply().Ok();
}

void NoTouch(CommandContext& ctx, Args args) {
  const auto is_on = OnOff(ctx, args[2], "ON", "OFF");
  if (!is_on) return;
  ctx.client().is_no_touch = *is_on;
  ctx.reply().Ok();
}

void Reply(CommandContext& ctx, Args args) {
  ClientState& client = ctx.client();
  if (EqualsIgnoreCase(args[2], "ON")) {
    client.reply_mode = ReplyMode::kOn;
    ctx.reply().Ok();
  } else if (EqualsIgnoreCase(args[2], "OFF")) {
    client.reply_mode = ReplyMode::kOff;
  } else if (EqualsIgnoreCase(args[2], "SKIP")) {
    if (client.reply_mode != ReplyMode::kOff) client.reply_mode = ReplyMode::kSkipNext;
  } else {
    ctx.SyntaxError();
  }
}

bool IsClientType(std::string_view type) {
  return EqualsIgnoreCase(type, "normal") || EqualsIgnoreCase(type, "master") ||
         EqualsIgnoreCase(type, "replica") || EqualsIgnoreCase(type, "slave") ||
         EqualsIgnoreCase(type, "pubsub");
}

void ReplyUnknownType(CommandContext& ctx, std::string_view type) {
  ctx.reply().Error("ERR Unknown client type '" + std::string(type) + "'");
}

void List(CommandContext& ctx, Args args) {
  ClientFilter filter;
  if (args.size() == 4 && EqualsIgnoreCase(args[2], "TYPE")) {
    if (!IsClientType(args[3])) return ReplyUnknownType(ctx, args[3]);
    filter.type = args[3];
  } else if (args.size() > 3 && EqualsIgnoreCase(args[2], "ID")) {
    for (const std::string_view arg : args.subspan(3)) {
      const auto id = ctx.IntArg(arg, errors::kInvalidClientId);
      if (!id) return;
      filter.ids.push_back(static_cast<uint64_t>(*id));
    }
  } else if (args.size() != 2) {
    return ctx.SyntaxError();
  }
  ctx.reply().Verbatim("txt", ctx.services().clients->List(filter));
}

void Info(CommandContext& ctx, Args) {
  ctx.reply().Verbatim("txt", ctx.services().clients->Describe(ctx.client().id));
}

/// One option of CLIENT KILL in its new form; false after having answered an error.
bool ReadKillOption(CommandContext& ctx, std::string_view option, std::string_view value,
                    ClientFilter& filter, bool& skips_self) {
  if (EqualsIgnoreCase(option, "ID")) {
    const auto id = ParseInt64(value);
    if (!id || *id < 1) return ctx.reply().Error(errors::kClientIdNotPositive), false;
    filter.ids = {static_cast<uint64_t>(*id)};
  } else if (EqualsIgnoreCase(option, "TYPE")) {
    if (!IsClientType(value)) return ReplyUnknownType(ctx, value), false;
    filter.type = value;
  } else if (EqualsIgnoreCase(option, "ADDR")) {
    filter.address = value;
  } else if (EqualsIgnoreCase(option, "LADDR")) {
    filter.local_address = value;
  } else if (EqualsIgnoreCase(option, "USER")) {
    AclService* acl = ctx.services().acl;
    if (acl != nullptr ? acl->Find(value) == nullptr : value != "default") {
      return ctx.reply().Error("ERR No such user '" + std::string(value) + "'"), false;
    }
    filter.user = value;
  } else if (EqualsIgnoreCase(option, "MAXAGE")) {
    const auto age = ctx.IntArg(value);
    if (!age) return false;
    filter.age_seconds_min = *age;
  } else if (EqualsIgnoreCase(option, "SKIPME")) {
    const auto is_skipped = OnOff(ctx, value, "YES", "NO");
    if (!is_skipped) return false;
    skips_self = *is_skipped;
  } else {
    return ctx.SyntaxError(), false;
  }
  return true;
}

void Kill(CommandContext& ctx, Args args) {
  ClientFilter filter;
  bool skips_self = true;
  const bool is_old_form = args.size() == 3;
  if (is_old_form) {
    filter.address = args[2];
    skips_self = false;
  } else {
    for (size_t i = 2; i < args.size(); i += 2) {
      if (i + 1 == args.size()) return ctx.SyntaxError();
      if (!ReadKillOption(ctx, args[i], args[i + 1], filter, skips_self)) return;
    }
  }
  if (skips_self) filter.except_id = ctx.client().id;
  bool is_self_killed = false;
  const size_t count = ctx.services().clients->Kill(filter, ctx.client().id, &is_self_killed);
  if (is_self_killed) ctx.client().is_closing = true;
  if (!is_old_form) return ctx.reply().Integer(static_cast<int64_t>(count));
  if (count == 0) return ctx.reply().Error(errors::kNoSuchClient);
  ctx.reply().Ok();
}

void Pause(CommandContext& ctx, Args args) {
  if (args.size() > 4) {
    return ctx.reply().Error(errors::UnknownForm("CLIENT", args[1]));
  }
  PauseKind kind = PauseKind::kAll;
  if (args.size() == 4) {
    if (EqualsIgnoreCase(args[3], "WRITE")) {
      kind = PauseKind::kWrites;
    } else if (!EqualsIgnoreCase(args[3], "ALL")) {
      return ctx.reply().Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  const auto timeout_ms = ctx.IntArg(args[2], errors::kTimeoutNotInteger);
  if (!timeout_ms) return;
  if (*timeout_ms < 0) return ctx.reply().Error(errors::kTimeoutNegative);
  if (*timeout_ms > INT64_MAX - ctx.now_ms()) return ctx.reply().Error(errors::kTimeoutNotInteger);
  ctx.services().clients->Pause(ctx.now_ms() + *timeout_ms, kind);
  ctx.reply().Ok();
}

void Unpause(CommandContext& ctx, Args) {
  ctx.services().clients->Unpause();
  ctx.reply().Ok();
}

void Unblock(CommandContext& ctx, Args args) {
  if (args.size() == 4 && !EqualsIgnoreCase(args[3], "TIMEOUT") &&
      !EqualsIgnoreCase(args[3], "ERROR")) {
    return ctx.reply().Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const auto id = ctx.IntArg(args[2]);
  if (!id) return;
  ClientService* clients = ctx.services().clients;
  const bool is_error = args.size() == 4 && EqualsIgnoreCase(args[3], "ERROR");
  const bool was_waiting = clients != nullptr && *id > 0 &&
                           clients->Unblock(static_cast<uint64_t>(*id), is_error);
  ctx.reply().Integer(was_waiting ? 1 : 0);
}

constexpr uint32_t kPlain = kNoScript | kLoading | kStale;
constexpr uint32_t kManaging = kAdmin | kNoScript | kLoading | kStale;
constexpr std::string_view kChanging[] = {"nondeterministic_output"};

constexpr CommandSpec kSubcommands[] = {
    {.name = "CACHING", .arity = 3, .flags = kPlain, .categories = kCatConnection,
     .handler = ClientCaching, .since = "6.0.0",
     .summary = "Says whether what the next command reads is tracked."},
    {.name = "GETNAME", .arity = 2, .flags = kPlain, .categories = kCatConnection,
     .handler = GetName, .since = "2.6.9", .summary = "Answers the connection's name."},
    {.name = "GETREDIR", .arity = 2, .flags = kPlain, .categories = kCatConnection,
     .handler = ClientGetRedir, .since = "6.0.0",
     .summary = "Answers the client that this one's invalidations go to."},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .categories = kCatConnection,
     .handler = Help, .since = "5.0.0", .summary = "Lists the subcommands."},
    {.name = "ID", .arity = 2, .flags = kPlain, .categories = kCatConnection, .handler = Id,
     .since = "5.0.0", .summary = "Answers the connection's unique id."},
    {.name = "INFO", .arity = 2, .flags = kPlain | kExclusive, .categories = kCatConnection,
     .handler = Info, .since = "6.2.0", .summary = "Describes the connection.", .tips = kChanging},
    {.name = "KILL", .arity = -3, .flags = kManaging | kExclusive, .categories = kCatConnection,
     .handler = Kill, .since = "2.4.0", .summary = "Closes connections."},
    {.name = "LIST", .arity = -2, .flags = kManaging | kExclusive, .categories = kCatConnection,
     .handler = List, .since = "2.4.0", .summary = "Describes connections.", .tips = kChanging},
    {.name = "NO-EVICT", .arity = 3, .flags = kManaging, .categories = kCatConnection,
     .handler = NoEvict, .since = "7.0.0", .summary = "Protects the connection from eviction."},
    {.name = "NO-TOUCH", .arity = 3, .flags = kPlain, .categories = kCatConnection,
     .handler = NoTouch, .since = "7.2.0",
     .summary = "Has the connection's commands leave the keys' access times alone."},
    {.name = "PAUSE", .arity = -3, .flags = kManaging, .categories = kCatConnection,
     .handler = Pause, .since = "3.0.0", .summary = "Holds commands back for a while."},
    {.name = "REPLY", .arity = 3, .flags = kPlain, .categories = kCatConnection, .handler = Reply,
     .since = "3.2.0", .summary = "Chooses whether commands are answered."},
    {.name = "SETINFO", .arity = 4, .flags = kPlain, .categories = kCatConnection,
     .handler = SetInfo, .since = "7.2.0", .summary = "Names the client's library."},
    {.name = "SETNAME", .arity = 3, .flags = kPlain, .categories = kCatConnection,
     .handler = SetName, .since = "2.6.9", .summary = "Names the connection."},
    {.name = "TRACKING", .arity = -3, .flags = kPlain | kExclusive,
     .categories = kCatConnection, .handler = ClientTracking, .since = "6.0.0",
     .summary = "Has the client told when keys that it has read change."},
    {.name = "TRACKINGINFO", .arity = 2, .flags = kPlain, .categories = kCatConnection,
     .handler = ClientTrackingInfo, .since = "6.2.0",
     .summary = "Answers how the connection's keys are tracked."},
    {.name = "UNBLOCK", .arity = -3, .flags = kManaging | kExclusive, .categories = kCatConnection,
     .handler = Unblock, .since = "5.0.0", .summary = "Wakes a client that a command blocks."},
    {.name = "UNPAUSE", .arity = 2, .flags = kManaging, .categories = kCatConnection,
     .handler = Unpause, .since = "6.2.0", .summary = "Ends a pause."},
};

constexpr CommandSpec kCommands[] = {
    {.name = "CLIENT", .arity = -2, .subcommands = kSubcommands, .group = "connection",
     .since = "2.4.0", .complexity = "Depends on subcommand.",
     .summary = "A container for connection commands."},
};

}  // namespace

std::span<const CommandSpec> ClientCommands() { return kCommands; }

}  // namespace ringtail::commands
