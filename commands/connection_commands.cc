#include <string>

#include "base/parse_number.h"
#include "base/version.h"
#include "commands/acl_service.h"
#include "commands/auth_service.h"
#include "commands/client_service.h"
#include "commands/context.h"
#include "commands/pubsub_service.h"
#include "commands/transaction.h"

namespace ringtail::commands {
namespace {

void Ping(CommandContext& ctx, Args args) {
  if (args.size() > 2) return ctx.reply().Error(errors::WrongArity("ping"));
  const ClientState& client = ctx.client();
  if (client.subscription_count != 0 && client.resp == proto::RespVersion::kResp2) {
    ctx.reply().Array(2);  // told apart from messages by its first word
    ctx.reply().Bulk("pong");
    return ctx.reply().Bulk(args.size() == 2 ? args[1] : "");
  }
  if (args.size() == 2) return ctx.reply().Bulk(args[1]);
  ctx.reply().Pong();
}

void Echo(CommandContext& ctx, Args args) { ctx.reply().Bulk(args[1]); }

void Quit(CommandContext& ctx, Args) {
  ctx.reply().Ok();
  ctx.client().is_closing = true;
}

void Select(CommandContext& ctx, Args args) {
  const auto db = ParseInt64(args[1]);
  if (!db) return ctx.reply().Error(errors::kNotInteger);
  if (*db < INT32_MIN || *db > INT32_MAX) return ctx.reply().Error(errors::kNotInt32);
  if (*db < 0 || *db >= ctx.engine().database_count()) {
    return ctx.reply().Error(errors::kDbIndexOutOfRange);
  }
  ctx.client().db = static_cast<int>(*db);
  ctx.reply().Ok();
}

// Lets the client in, or answers why not.
bool LogIn(CommandContext& ctx, Args args, std::string_view user, std::string_view password) {
  AuthService* auth = ctx.services().auth;
  ClientState& client = ctx.client();
  if (auth == nullptr) {
    client.is_authenticated = true;
    client.user = user;
    return true;
  }
  if (auth->LogIn(client, user, password)) return true;
  if (AclService* acl = ctx.services().acl; acl != nullptr) {
    acl->Record({.reason = AclDenial::kAuthentication,
                 .place = ctx.is_in_transaction() ? AclPlace::kTransaction : AclPlace::kTopLevel,
                 .object = args[0],
                 .user = user,
                 .client_id = client.id});
  }
  ctx.reply().Error(errors::kWrongPass);
  return false;
}

void Auth(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.SyntaxError();
  const AuthService* auth = ctx.services().auth;
  if (args.size() == 2 && (auth == nullptr || auth->is_default_open())) {
    return ctx.reply().Error(errors::kAuthWithoutPassword);
  }
  const bool has_user = args.size() == 3;
  const std::string_view user = has_user ? args[1] : "default";
  if (LogIn(ctx, args, user, has_user ? args[2] : args[1])) ctx.reply().Ok();
}

// Whether the client has still to authenticate; the default user may have lost its password since it came.
bool HasToAuthenticate(CommandContext& ctx) {
  const AuthService* auth = ctx.services().auth;
  return !ctx.client().is_authenticated && (auth == nullptr || auth->is_password_required());
}

void ReplyHello(CommandContext& ctx) {
  proto::ReplyWriter& reply = ctx.reply();
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(kCompatibleRedisVersion);
  reply.Bulk("proto");
  reply.Integer(ctx.client().resp == proto::RespVersion::kResp3 ? 3 : 2);
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(ctx.client().id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.EmptyArray();
}

// HELLO [version [AUTH user password] [SETNAME name]]: options take effect as they are read, as in Redis.
void Hello(CommandContext& ctx, Args args) {
  int64_t version = 0;
  if (args.size() > 1) {
    const auto wanted = ParseInt64(args[1]);
    if (!wanted) return ctx.reply().Error("ERR Protocol version is not an integer or out of range");
    if (*wanted < 2 || *wanted > 3) return ctx.reply().Error("NOPROTO unsupported protocol version");
    version = *wanted;
  }
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t left = args.size() - 1 - i;
    if (EqualsIgnoreCase(args[i], "AUTH") && left >= 2) {
      if (!LogIn(ctx, args, args[i + 1], args[i + 2])) return;
      i += 2;
    } else if (EqualsIgnoreCase(args[i], "SETNAME") && left >= 1) {
      if (!IsPrintable(args[i + 1])) return ctx.reply().Error(errors::kClientNameUnprintable);
      ctx.client().name = args[++i];
    } else {
      return ctx.reply().Error("ERR Syntax error in HELLO option '" + std::string(args[i]) + "'");
    }
  }
  if (HasToAuthenticate(ctx)) return ctx.reply().Error(errors::kHelloNoAuth);
  if (version != 0) {
    ctx.client().resp = version == 3 ? proto::RespVersion::kResp3 : proto::RespVersion::kResp2;
    ctx.reply().set_version(ctx.client().resp);
  }
  ReplyHello(ctx);
}

void Reset(CommandContext& ctx, Args) {
  ClientState& client = ctx.client();
  if (client.is_monitor && ctx.services().clients != nullptr) {
    ctx.services().clients->Unmonitor(client.id);
  }
  if (client.transaction != nullptr) {
    client.transaction->Unwatch(ctx.engine(), ctx.is_exclusive());
    client.transaction.reset();
  }
  if (client.subscription_count != 0) ctx.services().pubsub->UnsubscribeAll(client);
  client.db = 0;
  client.resp = proto::RespVersion::kResp2;
  client.name.clear();
  client.user = "default";
  client.reply_mode = ReplyMode::kOn;
  client.is_no_evict = false;
  client.is_no_touch = false;
  client.is_authenticated = true;
  if (ctx.services().auth != nullptr) ctx.services().auth->Greet(client);
  ctx.reply().SimpleString("RESET");
}

constexpr uint32_t kAlways = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

constexpr CommandSpec kCommands[] = {
    {.name = "PING", .arity = -1, .flags = kFast | kForSubscribers, .categories = kCatConnection, .handler = Ping,
     .group = "connection", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Answers PONG, or the given message."},
    {.name = "ECHO", .arity = 2, .flags = kLoading | kStale | kFast, .categories = kCatConnection,
     .handler = Echo, .group = "connection", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Answers the given message."},
    {.name = "QUIT", .arity = -1, .flags = kAlways | kImmediate | kForSubscribers,
     .categories = kCatConnection, .handler = Quit, .group = "connection", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Closes the connection.", .deprecated_since = "7.2.0",
     .replaced_by = "just closing the connection"},
    {.name = "SELECT", .arity = 2, .flags = kLoading | kStale | kFast,
     .categories = kCatConnection, .handler = Select, .group = "connection", .since = "1.0.0",
     .complexity = "O(1)", .summary = "Changes the connection's database."},
    {.name = "AUTH", .arity = -2, .flags = kAlways, .categories = kCatConnection, .handler = Auth,
     .group = "connection", .since = "1.0.0", .complexity = "O(1)",
     .summary = "Authenticates the connection."},
    {.name = "HELLO", .arity = -1, .flags = kAlways, .categories = kCatConnection,
     .handler = Hello, .group = "connection", .since = "6.0.0", .complexity = "O(1)",
     .summary = "Chooses the protocol version, and introduces the server."},
    {.name = "RESET", .arity = 1, .flags = kAlways | kImmediate | kForSubscribers, .categories = kCatConnection,
     .handler = Reset, .group = "connection", .since = "6.2.0", .complexity = "O(1)",
     .summary = "Makes the connection as new."},
};

}  // namespace

std::span<const CommandSpec> ConnectionCommands() { return kCommands; }

}  // namespace ringtail::commands
