#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> ClientCommands() { return {}; }

}  // namespace ringtail::commands
