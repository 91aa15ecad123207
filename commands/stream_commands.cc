// Streams: entries.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> StreamCommands() { return {}; }

}  // namespace ringtail::commands
