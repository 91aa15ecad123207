// Sorted sets: commands that wait for a member.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> BlockingSortedSetCommands() { return {}; }

}  // namespace ringtail::commands
