// Sets: members, and what sets have in common.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> SetCommands() { return {}; }

}  // namespace ringtail::commands
