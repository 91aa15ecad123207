// Values as portable bytes: DUMP, RESTORE, MIGRATE.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> SerializationCommands() { return {}; }

}  // namespace ringtail::commands
