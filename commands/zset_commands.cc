// Sorted sets: members and scores.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> SortedSetCommands() { return {}; }

}  // namespace ringtail::commands
