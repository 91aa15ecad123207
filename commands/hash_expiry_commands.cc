// Hashes: fields that expire.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> HashExpiryCommands() { return {}; }

}  // namespace ringtail::commands
