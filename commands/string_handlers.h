// The handlers of the string commands, for the one table of them in string_commands.cc.
//
//   {.name = "INCR", …, .handler = strings::Incr, …}
//
// Thread rule: as for any handler, see context.h.
#pragma once

#include "commands/command.h"

namespace ringtail::commands::strings {

// string_set_commands.cc: writing whole values.
void Set(CommandContext& ctx, Args args);
void SetNx(CommandContext& ctx, Args args);
void SetEx(CommandContext& ctx, Args args);
void PSetEx(CommandContext& ctx, Args args);
void GetSet(CommandContext& ctx, Args args);
void MSet(CommandContext& ctx, Args args);
void MSetNx(CommandContext& ctx, Args args);
void MSetEx(CommandContext& ctx, Args args);
/// SET's key, with other flags when GET or a condition makes it read.
bool FindSetKey(Args args, KeyPositions& out);

// string_number_commands.cc: strings that are numbers.
void Incr(CommandContext& ctx, Args args);
void Decr(CommandContext& ctx, Args args);
void IncrBy(CommandContext& ctx, Args args);
void DecrBy(CommandContext& ctx, Args args);
void IncrByFloat(CommandContext& ctx, Args args);
void IncrEx(CommandContext& ctx, Args args);

// string_lcs_command.cc.
void Lcs(CommandContext& ctx, Args args);

}  // namespace ringtail::commands::strings
