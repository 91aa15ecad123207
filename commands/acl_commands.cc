// ACL and its subcommands. The language of rules is in acl_rules.cc, the users and their file are the server's.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "base/random.h"
#include "commands/acl_description.h"
#include "commands/acl_service.h"
#include "commands/context.h"

namespace ringtail::commands {

void RecordDenial(AclService* acl, const ClientState& client, AclVerdict verdict, AclPlace place,
                  const CommandTable::Entry& command, Args args) {
  if (acl == nullptr) return;
  const bool is_argument =
      verdict.denial == AclDenial::kKey || verdict.denial == AclDenial::kChannel;
  acl->Record({.reason = verdict.denial,
               .place = place,
               .object = is_argument ? args[verdict.arg_index] : command.full_name,
               .user = client.user,
               .client_id = client.id});
}

namespace {

using proto::ReplyWriter;

constexpr std::string_view kHelp[] = {
    "ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CAT [<category>]",
    "    List all commands that belong to <category>, or all command categories",
    "    when no category is specified.",
    "DELUSER <username> [<username> ...]",
    "    Delete a list of users.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Returns whether the user can execute the given command without executing the command.",
    "GETUSER <username>",
    "    Get the user's details.",
    "GENPASS [<bits>]",
    "    Generate a secure 256-bit user password. The optional `bits` argument can",
    "    be used to specify a different size.",
    "LIST",
    "    Show users details in config file format.",
    "LOAD",
    "    Reload users from the ACL file.",
    "LOG [<count> | RESET]",
    "    Show the ACL log entries.",
    "SAVE",
    "    Save the current config to the ACL file.",
    "SETUSER <username> <attribute> [<attribute> ...]",
    "    Create or modify a user with the specified attributes.",
    "USERS",
    "    List all the registered usernames.",
    "WHOAMI",
    "    Return the current connection username.",
    "HELP",
    "    Prints this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

AclService& AclOf(CommandContext& ctx) { return *ctx.services().acl; }

void ReplyOkOr(CommandContext& ctx, const std::string& error) {
  error.empty() ? ctx.reply().Ok() : ctx.reply().Error(error);
}

// ---- Categories, passwords

// Redis's categories are all there from the start, our own when there is a command in them.
bool IsListed(const AclRules::Category& category) {
  constexpr uint32_t kOurOwn = kCatCache | kCatTag;
  return (category.bit & kOurOwn) == 0 ||
         std::ranges::any_of(category.members, [](uint64_t bits) { return bits != 0; });
}

void Cat(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(errors::UnknownForm("ACL", args[1]));
  const auto array = ctx.reply().BeginArray();
  size_t count = 0;
  if (args.size() == 2) {
    for (const auto& category : AclOf(ctx).rules().categories()) {
      if (!IsListed(category)) continue;
      ctx.reply().Bulk(category.name);
      ++count;
    }
    return ctx.reply().EndArray(array, count);
  }
  const AclRules::Category* category = AclOf(ctx).rules().FindCategory(args[2]);
  if (category == nullptr) {
    return ctx.reply().Error("ERR Unknown category '" + std::string(args[2]) + "'");
  }
  for (const CommandTable::Entry& entry : ctx.table().entries()) {
    if ((entry.categories & category->bit) == 0) continue;
    ctx.reply().Bulk(entry.full_name);
    ++count;
  }
  ctx.reply().EndArray(array, count);
}

void GenPass(CommandContext& ctx, Args args) {
  constexpr int64_t kBitsMax = 4096;
  if (args.size() > 3) return ctx.reply().Error(errors::UnknownForm("ACL", args[1]));
  int64_t bits = 256;
  if (args.size() == 3) {
    const auto wanted = ctx.IntArg(args[2]);
    if (!wanted) return;
    if (*wanted <= 0 || *wanted > kBitsMax) return ctx.reply().Error(errors::kAclPasswordBits);
    bits = *wanted;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<unsigned char, kBitsMax / 4> secret;
  const auto digit_count = static_cast<size_t>((bits + 3) / 4);
  SecureRandomBytes(secret.data(), digit_count);
  std::string password;
  for (size_t i = 0; i < digit_count; ++i) password += kDigits[secret[i] & 15];
  ctx.reply().Bulk(password);
}

// ---- Users

void ReplyPart(ReplyWriter& reply, std::string_view name, std::string_view text) {
  reply.Bulk(name);
  reply.Bulk(text);
}

void ReplySelectorParts(ReplyWriter& reply, const AclRules& rules, const AclSelector& selector) {
  ReplyPart(reply, "commands", DescribeCommands(rules, selector));
  ReplyPart(reply, "keys", DescribeKeys(selector));
  ReplyPart(reply, "channels", DescribeChannels(selector));
}

void GetUser(CommandContext& ctx, Args args) {
  const auto user = AclOf(ctx).Find(args[2]);
  if (user == nullptr) return ctx.reply().Null();
  const AclRules& rules = AclOf(ctx).rules();
  ReplyWriter& reply = ctx.reply();
  reply.Map(6);
  reply.Bulk("flags");
  std::vector<std::string_view> flags = {user->is_on ? "on" : "off"};
  if (user->needs_no_password) flags.push_back("nopass");
  if (user->payload_check == AclUser::PayloadCheck::kSkipped) {
    flags.push_back("skip-sanitize-payload");
  } else if (user->payload_check == AclUser::PayloadCheck::kSanitized) {
    flags.push_back("sanitize-payload");
  }
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Bulk(flag);
  reply.Bulk("passwords");
  reply.Array(user->password_hashes.size());
  for (const std::string& hash : user->password_hashes) reply.Bulk(hash);
  ReplySelectorParts(reply, rules, user->selectors.front());
  reply.Bulk("selectors");
  reply.Array(user->selectors.size() - 1);
  for (size_t i = 1; i < user->selectors.size(); ++i) {
    reply.Map(3);
    ReplySelectorParts(reply, rules, user->selectors[i]);
  }
}

void List(CommandContext& ctx, Args) {
  const auto users = AclOf(ctx).Users();
  ctx.reply().Array(users.size());
  for (const auto& user : users) {
    ctx.reply().Bulk("user " + user->name + " " + DescribeUser(AclOf(ctx).rules(), *user));
  }
}

void Users(CommandContext& ctx, Args) {
  const auto users = AclOf(ctx).Users();
  ctx.reply().Array(users.size());
  for (const auto& user : users) ctx.reply().Bulk(user->name);
}

void WhoAmI(CommandContext& ctx, Args) { ctx.reply().Bulk(ctx.client().user); }

void SetUser(CommandContext& ctx, Args args) {
  if (HasAclSpaces(args[2])) return ctx.reply().Error(errors::kAclUserName);
  ReplyOkOr(ctx, AclOf(ctx).SetUser(args[2], args.subspan(3)));
}

void DelUser(CommandContext& ctx, Args args) {
  const Args names = args.subspan(2);
  if (std::ranges::find(names, "default") != names.end()) {
    return ctx.reply().Error(errors::kAclDefaultStays);
  }
  ctx.reply().Integer(static_cast<int64_t>(AclOf(ctx).Delete(names, ctx.client())));
}

void Load(CommandContext& ctx, Args) { ReplyOkOr(ctx, AclOf(ctx).Load(ctx.client())); }

void Save(CommandContext& ctx, Args) { ReplyOkOr(ctx, AclOf(ctx).Save()); }

// ---- What is denied

void DryRun(CommandContext& ctx, Args args) {
  const auto user = AclOf(ctx).Find(args[2]);
  if (user == nullptr) {
    return ctx.reply().Error("ERR User '" + std::string(args[2]) + "' not found");
  }
  const Args line = args.subspan(3);
  const CommandTable::Entry* command = ctx.table().Find(line[0]);
  if (command != nullptr && command->subcommand_count != 0 && line.size() > 1) {
    command = ctx.table().FindSubcommand(*command, line[1]);
  }
  if (command == nullptr) {
    return ctx.reply().Error("ERR Command '" + std::string(line[0]) + "' not found");
  }
  const int arity = command->spec->arity;
  const auto arg_count = static_cast<int>(line.size());
  if (arity > 0 ? arg_count != arity : arg_count < -arity) {
    return ctx.reply().Error(errors::WrongArity(command->full_name));
  }
  const AclVerdict verdict = CheckCommand(*user, *command, line);
  const std::string denied = "This user has no permissions to ";
  switch (verdict.denial) {
    case AclDenial::kNone:
      return ctx.reply().Ok();
    case AclDenial::kKey:
      return ctx.reply().Bulk(denied + "access the '" + std::string(line[verdict.arg_index]) +
                              "' key");
    case AclDenial::kChannel:
      return ctx.reply().Bulk(denied + "access the '" + std::string(line[verdict.arg_index]) +
                              "' channel");
    case AclDenial::kCommand:
    case AclDenial::kAuthentication:
      return ctx.reply().Bulk(denied + "run the '" + command->full_name + "' command");
  }
}

std::string_view ReasonName(AclDenial reason) {
  switch (reason) {
    case AclDenial::kKey:
      return "key";
    case AclDenial::kChannel:
      return "channel";
    case AclDenial::kAuthentication:
      return "auth";
    case AclDenial::kNone:
    case AclDenial::kCommand:
      break;
  }
  return "command";
}

std::string_view PlaceName(AclPlace place) {
  switch (place) {
    case AclPlace::kTransaction:
      return "multi";
    case AclPlace::kScript:
      return "lua";
    case AclPlace::kTopLevel:
      break;
  }
  return "toplevel";
}

void Log(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(errors::UnknownForm("ACL", args[1]));
  int64_t count = 10;
  if (args.size() == 3) {
    if (EqualsIgnoreCase(args[2], "RESET")) {
      AclOf(ctx).ResetLog();
      return ctx.reply().Ok();
    }
    const auto wanted = ctx.IntArg(args[2]);
    if (!wanted) return;
    count = std::max<int64_t>(*wanted, 0);
  }
  const auto entries = AclOf(ctx).Log(static_cast<size_t>(count));
  ReplyWriter& reply = ctx.reply();
  reply.Array(entries.size());
  for (const AclLogEntry& entry : entries) {
    reply.Map(7);
    reply.Bulk("count");
    reply.Integer(static_cast<int64_t>(entry.count));
    ReplyPart(reply, "reason", ReasonName(entry.reason));
    ReplyPart(reply, "context", PlaceName(entry.place));
    ReplyPart(reply, "object", entry.object);
    ReplyPart(reply, "username", entry.user);
    reply.Bulk("age-seconds");
    reply.Double(static_cast<double>(ctx.now_ms() - entry.time_ms) / 1000);
    ReplyPart(reply, "client-info", entry.client_info);
  }
}

// ---- The table

constexpr uint32_t kOpen = kNoScript | kLoading | kStale;
constexpr uint32_t kAdministration = kAdmin | kOpen;

constexpr CommandSpec Row(std::string_view name, int arity, uint32_t flags, Handler handler,
                          std::string_view since, std::string_view complexity,
                          std::string_view summary) {
  return {.name = name, .arity = arity, .flags = flags, .handler = handler, .since = since,
          .complexity = complexity, .summary = summary};
}

constexpr std::string_view kPerCommand = "O(1) since the categories and commands are a fixed set";
constexpr std::string_view kPerUser = "O(N), where N is the number of users";
constexpr std::string_view kPerRule = "O(N), where N is the number of rules";

constexpr CommandSpec kSubcommands[] = {
    Row("CAT", -2, kOpen, Cat, "6.0.0", kPerCommand,
        "Lists the categories, or the commands in one."),
    Row("DELUSER", -3, kAdministration | kExclusive, DelUser, "6.0.0",
        "O(N) with N the clients", "Deletes users and closes their connections."),
    Row("DRYRUN", -4, kAdministration, DryRun, "7.0.0", "O(1)",
        "Says whether a user may execute a command."),
    Row("GENPASS", -2, kOpen, GenPass, "6.0.0", "O(1)", "Makes a password that nobody guesses."),
    Row("GETUSER", 3, kAdministration, GetUser, "6.0.0", kPerRule, "Lists a user's rules."),
    Row("HELP", 2, kLoading | kStale, Help, "6.0.0", "O(1)", "Lists the subcommands."),
    Row("LIST", 2, kAdministration, List, "6.0.0", kPerUser, "Lists the rules of all users."),
    Row("LOAD", 2, kAdministration | kExclusive, Load, "6.0.0", kPerUser,
        "Reads the users from the ACL file."),
    Row("LOG", -2, kAdministration, Log, "6.0.0", "O(N) with N the entries shown",
        "Lists what was denied lately."),
    Row("SAVE", 2, kAdministration, Save, "6.0.0", kPerUser, "Writes the users to the ACL file."),
    Row("SETUSER", -3, kAdministration | kExclusive, SetUser, "6.0.0", kPerRule,
        "Makes or changes a user."),
    Row("USERS", 2, kAdministration, Users, "6.0.0", kPerUser, "Lists the names of all users."),
    Row("WHOAMI", 2, kOpen, WhoAmI, "6.0.0", "O(1)", "Answers the name of the client's user."),
};

constexpr CommandSpec kCommands[] = {
    {.name = "ACL", .arity = -2, .subcommands = kSubcommands, .group = "server", .since = "6.0.0",
     .complexity = "Depends on the subcommand.", .summary = "Who may do what."},
};

}  // namespace

std::span<const CommandSpec> AclCommands() { return kCommands; }

}  // namespace ringtail::commands
