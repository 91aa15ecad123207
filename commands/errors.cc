#include "commands/errors.h"

#include <algorithm>
#include <cstdio>

#include "commands/acl_user.h"

namespace ringtail::commands::errors {

std::string WrongArity(std::string_view full_name) {
  return "ERR wrong number of arguments for '" + std::string(full_name) + "' command";
}

namespace {

// What a format of C would print of an argument: nothing from its first zero byte on, as in Redis.
std::string_view Printed(std::string_view arg, size_t bytes_max) {
  return arg.substr(0, std::min(arg.find('\0'), bytes_max));
}

}  // namespace

// Redis 7.0: the name cut at 128 bytes, then arguments, each cut, while the list is below 128 bytes.
std::string UnknownCommand(Args args) {
  std::string beginning;
  for (size_t i = 1; i < args.size() && beginning.size() < 128; ++i) {
    const size_t room = 128 - beginning.size();
    beginning += "'" + std::string(Printed(args[i], room)) + "' ";
  }
  return "ERR unknown command '" + std::string(Printed(args[0], 128)) +
         "', with args beginning with: " + beginning;
}

std::string NoPermission(AclDenial denial, std::string_view full_name) {
  const std::string user = "NOPERM this user has no permissions to ";
  if (denial == AclDenial::kKey) return user + "access one of the keys used as arguments";
  if (denial == AclDenial::kChannel) return user + "access one of the channels used as arguments";
  return user + "run the '" + std::string(full_name) + "' command";
}

std::string NoLongerPermitted(AclDenial denial) {
  const char* reason = denial == AclDenial::kKey ? "no permission to touch the specified keys"
                       : denial == AclDenial::kChannel
                           ? "no permission to access one of the channels used as argument to the "
                             "command"
                           : "no permission to execute the command or subcommand";
  return std::string("NOPERM ACLs rules changed between the moment the transaction was "
                     "accumulated and the EXEC call. This command is no longer allowed for the "
                     "following reason: ") +
         reason;
}

std::string NoPermissionInScript(AclDenial denial) {
  const std::string user = "ERR The user executing the script can't ";
  if (denial == AclDenial::kKey) {
    return user + "access at least one of the keys mentioned in the command arguments";
  }
  if (denial == AclDenial::kChannel) {
    return user + "publish to the channel mentioned in the command";
  }
  return user + "run this command or subcommand";
}

std::string UnknownSubcommand(std::string_view container, std::string_view subcommand) {
  return "ERR unknown subcommand '" + std::string(Printed(subcommand, 128)) + "'. Try " +
         std::string(container) + " HELP.";
}

std::string ExecAbort(std::string_view error) {
  if (error.starts_with("ERR ")) error.remove_prefix(4);
  return "EXECABORT Transaction discarded because of: " + std::string(error);
}

std::string NoInputKeys(std::string_view full_name) {
  return "ERR at least 1 input key is needed for '" + std::string(full_name) + "' command";
}

std::string InvalidPosition(double longitude, double latitude) {
  // Two numbers of up to 309 digits before the point.
  char text[768];
  const int size = std::snprintf(text, sizeof(text), "ERR invalid longitude,latitude pair %f,%f",
                                 longitude, latitude);
  return {text, static_cast<size_t>(size)};
}

std::string NoGeoCenter(std::string_view command) {
  return "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " +
         std::string(Printed(command, 128));
}

std::string NoGeoShape(std::string_view command) {
  return "ERR exactly one of BYRADIUS and BYBOX can be specified for " +
         std::string(Printed(command, 128));
}

std::string StoresNoOptions(std::string_view what) {
  return "ERR " + std::string(what) +
         " is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
}

std::string InvalidExpire(std::string_view full_name) {
  return "ERR invalid expire time in '" + std::string(full_name) + "' command";
}

std::string UnknownForm(std::string_view container, std::string_view subcommand) {
  return "ERR unknown subcommand or wrong number of arguments for '" +
         std::string(Printed(subcommand, 128)) + "'. Try " + std::string(container) + " HELP.";
}

std::string UnknownDebug(std::string_view subcommand) { return UnknownForm("DEBUG", subcommand); }

std::string UnknownArgument(std::string_view argument) {
  return "ERR unknown argument: " + std::string(argument);
}

// The option is a C string there, so it ends at its first zero byte.
std::string UnsupportedOption(std::string_view option) {
  return "ERR Unsupported option " + std::string(option.substr(0, option.find('\0')));
}

std::string BitopOneSource(std::string_view operation) {
  return "ERR BITOP " + std::string(operation) + " must be called with at least two source keys.";
}

std::string UnknownPfDebug(std::string_view subcommand) {
  return "ERR Unknown PFDEBUG subcommand '" +
         std::string(subcommand.substr(0, subcommand.find('\0'))) + "'";
}

// Names are C strings here too.
std::string NoKeyOrGroup(std::string_view key, std::string_view group, std::string_view rest) {
  return "NOGROUP No such key '" + std::string(Printed(key, key.npos)) + "' or consumer group '" +
         std::string(Printed(group, group.npos)) + "'" + std::string(rest);
}

std::string NoGroupOfKey(std::string_view key, std::string_view group) {
  return "NOGROUP No such consumer group '" + std::string(Printed(group, group.npos)) +
         "' for key name '" + std::string(Printed(key, key.npos)) + "'";
}

std::string NotForSubscribers(std::string_view full_name) {
  return "ERR Can't execute '" + std::string(full_name) +
         "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
}

std::string UnknownClaimOption(std::string_view option) {
  return "ERR Unrecognized XCLAIM option '" + std::string(Printed(option, option.npos)) + "'";
}

}  // namespace ringtail::commands::errors
