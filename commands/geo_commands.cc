// Positions on the earth, kept as sorted sets.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> GeoCommands() { return {}; }

}  // namespace ringtail::commands
