// Streams: consumer groups.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> StreamGroupCommands() { return {}; }

}  // namespace ringtail::commands
