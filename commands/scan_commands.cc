#include "commands/command.h"

namespace ringtail::commands {

std::span<const CommandSpec> ScanCommands() { return {}; }

}  // namespace ringtail::commands
