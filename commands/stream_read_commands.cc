// Streams: reading, and waiting for entries.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> StreamReadCommands() { return {}; }

}  // namespace ringtail::commands
