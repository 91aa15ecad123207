// The one table of everything that can be configured, in the order in which it is documented.
//
//   const FoundDirective found = FindDirective("slaveof");   // found.directive->name is
//   "replicaof" for (const DirectiveGroup& group : DirectiveGroups()) ...
//
// Adding a directive is adding a field to config.h and an entry to one directives_<area>.cc;
// --help, CONFIG GET/SET/REWRITE, the file parser and docs/configuration.md follow from the table.
//
// Thread rule: constants.
#pragma once

#include <span>
#include <string_view>

#include "server/config/directive.h"

namespace ringtail::server {

/// One area of the table.
struct DirectiveGroup {
  const char* title;
  std::span<const Directive> directives;
};

std::span<const DirectiveGroup> DirectiveGroups();

/// A directive and the spelling it was found under: its name or its alias.
struct FoundDirective {
  const Directive* directive = nullptr;
  const char* name = nullptr;
};

/// Finds a directive by name or alias in either case; `directive` is nullptr if there is none.
/// O(1).
FoundDirective FindDirective(std::string_view name);

/// What a configuration file may hold besides directives that have a value.
struct FileWord {
  const char* name;
  const char* summary;
};
std::span<const FileWord> FileWords();

// The areas, each in its own file.
std::span<const Directive> NetworkDirectives();
std::span<const Directive> TlsDirectives();
std::span<const Directive> ProcessDirectives();
std::span<const Directive> MemoryDirectives();
std::span<const Directive> EncodingDirectives();
std::span<const Directive> MonitorDirectives();
std::span<const Directive> PersistenceDirectives();
std::span<const Directive> ReplicationDirectives();
std::span<const Directive> ClusterDirectives();
std::span<const Directive> UnreadDirectives();

}  // namespace ringtail::server
