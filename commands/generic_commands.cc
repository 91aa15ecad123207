#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> GenericCommands() { return {}; }

}  // namespace ringtail::commands
