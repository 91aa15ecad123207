#include "server/config/directives.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <unordered_map>

namespace ringtail::server {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::unordered_map<std::string, FoundDirective> MakeIndex() {
  std::unordered_map<std::string, FoundDirective> index;
  for (const DirectiveGroup& group : DirectiveGroups()) {
    for (const Directive& directive : group.directives) {
      index.emplace(directive.name, FoundDirective{&directive, directive.name});
      if (directive.alias == nullptr) continue;
      index.emplace(directive.alias, FoundDirective{&directive, directive.alias});
    }
  }
  return index;
}

constexpr FileWord kFileWords[] = {
    {"include", "Reads another file, or all files that a pattern names, in place of the line."},
    {"rename-command", "Gives a command another name, or with \"\" takes it away."},
    {"user", "Declares an ACL user by its name and its rules, as ACL SETUSER takes them."},
    {"loadmodule", "Accepted with a warning: Ringtail loads no modules."},
    {"lua-replicate-commands", "Accepted and ignored, as in Redis 7.0."},
    {"list-max-ziplist-entries", "Accepted and ignored, as in Redis since 3.2."},
    {"list-max-ziplist-value", "Accepted and ignored, as in Redis since 3.2."},
};

}  // namespace

std::span<const DirectiveGroup> DirectiveGroups() {
  static const std::array<DirectiveGroup, 10> groups = {{
      {"Network and clients", NetworkDirectives()},
      {"TLS", TlsDirectives()},
      {"Process, logs and security", ProcessDirectives()},
      {"Memory, eviction and expiry", MemoryDirectives()},
      {"Encodings", EncodingDirectives()},
      {"Monitoring", MonitorDirectives()},
      {"Persistence", PersistenceDirectives()},
      {"Replication", ReplicationDirectives()},
      {"Cluster", ClusterDirectives()},
      {"Known, without effect", UnreadDirectives()},
  }};
  return groups;
}

FoundDirective FindDirective(std::string_view name) {
  static const auto index = MakeIndex();
  const auto found = index.find(Lower(name));
  return found == index.end() ? FoundDirective{} : found->second;
}

std::span<const FileWord> FileWords() { return kFileWords; }

const Config& DefaultConfig() {
  static const Config defaults = [] {
    Config config{Config::Blank{}};
    for (const DirectiveGroup& group : DirectiveGroups()) {
      for (const Directive& directive : group.directives) {
        const std::string value = directive.default_text;
        if (value.empty()) continue;  // A blank Config has it.
        // A default that its own directive refuses is caught by a test over the whole table.
        (void)SetDirective(directive, {&value, 1}, Origin::kCommand, config).ok();
      }
    }
    config.unread.clear();
    return config;
  }();
  return defaults;
}

Config::Config() : Config(DefaultConfig()) {}

}  // namespace ringtail::server
