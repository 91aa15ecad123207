// Lists: both ends, ranges, elements in the middle.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> ListCommands() { return {}; }

}  // namespace ringtail::commands
