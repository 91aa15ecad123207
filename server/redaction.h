// Hides secrets in commands that are shown to people: MONITOR, the command logs.
//
//   std::vector<std::string_view> shown = Redacted(command, args);
//
// Thread rule: a pure function.
#pragma once

#include <string_view>
#include <vector>

#include "commands/registry.h"

namespace ringtail::server {

/// The arguments with passwords replaced by "(redacted)".
std::vector<std::string_view> Redacted(const commands::CommandTable::Entry& command,
                                       commands::Args args);

}  // namespace ringtail::server
