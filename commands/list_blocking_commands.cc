// Lists: commands that wait for an element.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> BlockingListCommands() { return {}; }

}  // namespace ringtail::commands
