// What the bitmap commands' files share: handlers for the table in bitmap_commands.cc, and their offsets.
//
//   const auto bit = BitOffsetArg(ctx, args[2]);
//   if (!bit) return;
//
// Thread rule: as for any handler, see context.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/command.h"

namespace ringtail::commands::bitmaps {

/// The bit that an argument names, "#n" being the n-th field of `field_bits` (0: not allowed). Nothing, and an
/// error answered, if it is none or beyond the largest string.
std::optional<uint64_t> BitOffsetArg(CommandContext& ctx, std::string_view arg,
                                     unsigned field_bits = 0);

// bitfield_command.cc.
void Bitfield(CommandContext& ctx, Args args);
void BitfieldRo(CommandContext& ctx, Args args);
/// BITFIELD's key, with the flags of a read if it only reads.
bool FindBitfieldKey(Args args, KeyPositions& out);

}  // namespace ringtail::commands::bitmaps
