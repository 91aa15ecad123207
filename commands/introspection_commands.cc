#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> IntrospectionCommands() { return {}; }

}  // namespace ringtail::commands
