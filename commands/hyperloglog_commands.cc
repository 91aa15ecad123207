// HyperLogLog: how many different ones, roughly.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> HyperLogLogCommands() { return {}; }

}  // namespace ringtail::commands
