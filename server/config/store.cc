#include "server/config/store.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/glob.h"
#include "server/config/directives.h"
#include "server/config/rewrite.h"

namespace ringtail::server {
namespace {

Error UnknownError(const std::string& name) {
  return Error{"ERR Unknown option or number of arguments for CONFIG SET - '" + name + "'"};
}

Error FailedError(const std::string& name, const std::string& reason) {
  return Error{"ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + reason};
}

bool IsPattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

bool IsPermitted(Permission permission, ClientPlace place) {
  return permission == Permission::kYes ||
         (permission == Permission::kLocal && place == ClientPlace::kLocal);
}

bool MatchesAny(std::span<const std::string_view> patterns, const Directive& directive,
                const char* name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    if (directive.listing == Listing::kHidden && IsPattern(pattern)) return false;
    return GlobMatch(pattern, name, GlobCase::kInsensitive);
  });
}

// The name in the letters in which a client asked for exactly it, as Redis answers.
std::string AsAsked(std::span<const std::string_view> patterns, std::string_view name) {
  for (const std::string_view pattern : patterns) {
    if (pattern.size() == name.size() && !IsPattern(pattern) &&
        GlobMatch(pattern, name, GlobCase::kInsensitive)) {
      return std::string(pattern);
    }
  }
  return std::string(name);
}

bool IsChanged(const Directive& directive, const Config& before, const Config& after) {
  return PrintDirective(directive, before) != PrintDirective(directive, after);
}

}  // namespace

ConfigStore::ConfigStore(Config initial, std::string file_path)
    : file_path_(std::move(file_path)),
      snapshot_(std::make_shared<const Config>(std::move(initial))) {}

void ConfigStore::OnChange(std::vector<std::string> directive_names, Applier apply) {
  registrations_.push_back({std::move(directive_names), std::move(apply)});
}

Result<void> ConfigStore::Set(std::span<const Setting> settings, ClientPlace place) {
  const std::lock_guard one_change(change_mutex_);
  const auto before = Snapshot();
  TRY(const std::vector<Change> changes, FindDirectives(settings, *before, place));
  auto after = std::make_shared<Config>(*before);
  for (size_t i = 0; i < settings.size(); ++i) {
    const auto set =
        SetDirective(*changes[i].directive, {&settings[i].second, 1}, Origin::kCommand, *after);
    if (!set.ok()) return FailedError(changes[i].name, set.error().message);
  }
  TRY_VOID(Apply(changes, *before, *after));
  const std::lock_guard publishing(snapshot_mutex_);
  snapshot_ = std::move(after);
  version_.fetch_add(1, std::memory_order_release);
  return {};
}

Result<void> ConfigStore::Rewrite() {
  const std::lock_guard one_change(change_mutex_);
  if (file_path_.empty()) return Error{"ERR The server is running without a config file"};
  std::string old_text;
  // A file that is gone is written anew.
  if (std::ifstream file(file_path_, std::ios::binary); file) {
    old_text.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::string text = RewriteConfigText(old_text, *Snapshot());
  if (user_lines_) text = RewriteUserLines(text, user_lines_());
  const auto written = ReplaceFile(file_path_, text);
  if (!written.ok()) return Error{"ERR Rewriting config file: " + written.error().message};
  return {};
}

std::shared_ptr<const Config> ConfigStore::Snapshot() const {
  const std::lock_guard reading(snapshot_mutex_);
  return snapshot_;
}

std::vector<Setting> ConfigStore::Get(std::span<const std::string_view> patterns) const {
  const auto config = Snapshot();
  std::vector<Setting> settings;
  for (const DirectiveGroup& group : DirectiveGroups()) {
    for (const Directive& directive : group.directives) {
      for (const char* name : {directive.name, directive.alias}) {
        if (name == nullptr || !MatchesAny(patterns, directive, name)) continue;
        settings.emplace_back(AsAsked(patterns, name), PrintDirective(directive, *config));
      }
    }
  }
  return settings;
}

Result<std::vector<ConfigStore::Change>> ConfigStore::FindDirectives(
    std::span<const Setting> settings, const Config& config, ClientPlace place) const {
  std::vector<Change> changes;
  for (const Setting& setting : settings) {
    const FoundDirective found = FindDirective(setting.first);
    if (found.directive == nullptr) return UnknownError(setting.first);
    const Mutability mutability = found.directive->mutability;
    if (mutability == Mutability::kAtStart)
      return FailedError(found.name, "can't set immutable config");
    if (mutability == Mutability::kProtected &&
        !IsPermitted(config.security.protected_configs, place)) {
      return FailedError(found.name, "can't set protected config");
    }
    for (const Change& earlier : changes) {
      if (earlier.name == found.name) return FailedError(found.name, "duplicate parameter");
    }
    changes.push_back({found.directive, found.name});
  }
  return changes;
}

Result<void> ConfigStore::Apply(const std::vector<Change>& changes, const Config& before,
                                const Config& after) {
  std::vector<const Registration*> applied;
  for (const Registration& registration : registrations_) {
    const auto concerned = std::find_if(changes.begin(), changes.end(), [&](const Change& change) {
      const auto& names = registration.directive_names;
      return std::find(names.begin(), names.end(), change.directive->name) != names.end() &&
             (change.directive->reference == Reference::kFile ||
              IsChanged(*change.directive, before, after));
    });
    if (concerned == changes.end()) continue;
    const auto result = registration.apply(before, after);
    if (result.ok()) {
      applied.push_back(&registration);
      continue;
    }
    for (auto taken = applied.rbegin(); taken != applied.rend(); ++taken) {
      // What worked a moment ago one way is expected to work the other way; there is no third
      // state.
      (void)(*taken)->apply(after, before).ok();
    }
    return FailedError(concerned->name, result.error().message);
  }
  return {};
}

}  // namespace ringtail::server
