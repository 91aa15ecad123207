// Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
#include "commands/context.h"

namespace ringtail::commands {

std::span<const CommandSpec> TransactionCommands() { return {}; }

}  // namespace ringtail::commands
