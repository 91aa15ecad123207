#include "commands/errors.h"

namespace ringtail::commands::errors {

std::string WrongArity(std::string_view full_name) {
  return "ERR wrong number of arguments for '" + std::string(full_name) + "' command";
}

// Redis 7.0: the name cut at 128 bytes, then arguments, each cut, while the list is below 128 bytes.
std::string UnknownCommand(Args args) {
  std::string beginning;
  for (size_t i = 1; i < args.size() && beginning.size() < 128; ++i) {
    const size_t room = 128 - beginning.size();
    beginning += "'" + std::string(args[i].substr(0, room)) + "' ";
  }
  return "ERR unknown command '" + std::string(args[0].substr(0, 128)) +
         "', with args beginning with: " + beginning;
}

std::string UnknownSubcommand(std::string_view container, std::string_view subcommand) {
  return "ERR unknown subcommand '" + std::string(subcommand.substr(0, 128)) + "'. Try " +
         std::string(container) + " HELP.";
}

std::string InvalidExpire(std::string_view full_name) {
  return "ERR invalid expire time in '" + std::string(full_name) + "' command";
}

// The option is a C string there, so it ends at its first zero byte.
std::string UnsupportedOption(std::string_view option) {
  return "ERR Unsupported option " + std::string(option.substr(0, option.find('\0')));
}

}  // namespace ringtail::commands::errors
