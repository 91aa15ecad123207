#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> ServerCommands() { return {}; }

}  // namespace ringtail::commands
