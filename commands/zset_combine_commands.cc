// Sorted sets: union, intersection, difference.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> SortedSetCombineCommands() { return {}; }

}  // namespace ringtail::commands
