// Sorted sets: ranges by rank, score and name.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> SortedSetRangeCommands() { return {}; }

}  // namespace ringtail::commands
