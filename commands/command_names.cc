#include "commands/command_names.h"

#include <algorithm>

namespace ringtail::commands {
namespace {

std::string InLowerCase(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return lower;
}

}  // namespace

void CommandNames::Rename(std::string_view from, std::string_view to) {
  const CommandTable::Entry* command = Find(from);
  changed_[InLowerCase(from)] = nullptr;
  if (!to.empty()) changed_[InLowerCase(to)] = command;
}

const CommandTable::Entry* CommandNames::Find(std::string_view name) const {
  const auto changed = changed_.find(InLowerCase(name));
  return changed == changed_.end() ? table_.Find(name) : changed->second;
}

}  // namespace ringtail::commands
