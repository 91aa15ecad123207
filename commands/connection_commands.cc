#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> ConnectionCommands() { return {}; }

}  // namespace ringtail::commands
