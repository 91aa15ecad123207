// The names under which clients call commands, where rename-command has given them others.
//
//   CommandNames names(CommandTable::Standard());
//   names.Rename("FLUSHALL", "");                 // nobody can call it
//   names.Rename("CONFIG", "secret-config");
//   const CommandTable::Entry* command = names.Find(args[0]);
//
// What describes commands (COMMAND, ACL, statistics) keeps their own names, as in Redis. Thread rule: renaming before
// the first worker starts; Find from any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "commands/registry.h"

namespace ringtail::commands {

class CommandNames {
 public:
  explicit CommandNames(const CommandTable& table) : table_(table) {}

  /// Makes `from` callable as `to` only, or not at all if `to` is empty.
  void Rename(std::string_view from, std::string_view to);
  /// The command that clients call so, or null.
  const CommandTable::Entry* Find(std::string_view name) const;

 private:
  const CommandTable& table_;
  std::map<std::string, const CommandTable::Entry*, std::less<>> changed_;  // by name in lower case; null: gone
};

}  // namespace ringtail::commands
