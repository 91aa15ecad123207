// Hashes: fields and their values.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> HashCommands() { return {}; }

}  // namespace ringtail::commands
