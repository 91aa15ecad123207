#include "commands/command_names.h"

namespace ringtail::commands {

void CommandNames::Rename(std::string_view from, std::string_view to) {
  const CommandTable::Entry* command = Find(from);
  changed_[LowerCase(from)] = nullptr;
  if (!to.empty()) changed_[LowerCase(to)] = command;
}

const CommandTable::Entry* CommandNames::Find(std::string_view name) const {
  const auto changed = changed_.find(LowerCase(name));
  return changed == changed_.end() ? table_.Find(name) : changed->second;
}

}  // namespace ringtail::commands
