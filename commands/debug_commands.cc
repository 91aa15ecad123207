#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> DebugCommands() { return {}; }

}  // namespace ringtail::commands
