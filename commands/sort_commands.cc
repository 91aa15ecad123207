// SORT and SORT_RO.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> SortCommands() { return {}; }

}  // namespace ringtail::commands
