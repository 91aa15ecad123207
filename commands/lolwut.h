// LOLWUT: a picture that is a little different every time, and the version.
//
//   std::string text = DrawTail(random);
//
// Thread rule: pure functions of the random source.
#pragma once

#include <string>

#include "base/random.h"
#include "commands/command.h"

namespace ringtail::commands {

/// A ringed tail that winds across 64 columns, in ASCII, lines ended by line feeds.
std::string DrawTail(Random& random);

/// LOLWUT [VERSION number]: there is one picture, so the number only has to be one.
void Lolwut(CommandContext& ctx, Args args);

}  // namespace ringtail::commands
