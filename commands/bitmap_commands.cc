#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> BitmapCommands() { return {}; }

}  // namespace ringtail::commands
