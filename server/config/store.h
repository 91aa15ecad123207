// The configuration a running server has: snapshots for readers, CONFIG GET, SET and REWRITE.
//
//   ConfigStore store(loaded.config, loaded.file_path);
//   store.OnChange({"maxclients"}, [&](const Config& before, const Config& after) { ... });
//   std::shared_ptr<const Config> config = store.Snapshot();
//   Result<void> set = store.Set({{"maxmemory", "2gb"}}, ClientPlace::kRemote);   // all or nothing
//
// A change is parsed into a copy, applied by those who registered for its directives, and only then
// published; if one of them cannot, those before it are taken back and nothing has changed.
//
// Thread rule: everything may be called from any thread, but OnChange only before the threads
// start. Appliers run on the thread that called Set, one Set at a time, and may call Snapshot
// (which still answers the configuration before) but not Set.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "server/config/config.h"
#include "server/config/directive.h"

namespace ringtail::server {

/// Whether a client is on this machine (a unix socket or a loopback address).
enum class ClientPlace { kLocal, kRemote };

/// A directive's name and its value as text.
using Setting = std::pair<std::string, std::string>;

/// Makes the server behave as `after` says. Either it succeeds, or it leaves things as `before`
/// says and its error is shown to the client. To take a change back it is called with the two
/// exchanged.
using Applier = std::function<Result<void>(const Config& before, const Config& after)>;

class ConfigStore {
 public:
  /// `file_path` is what CONFIG REWRITE writes; empty if the server has no file.
  ConfigStore(Config initial, std::string file_path);

  /// Has `apply` called whenever one of the directives changes.
  void OnChange(std::vector<std::string> directive_names, Applier apply);

  /// Where Rewrite gets the `user` lines from; without it those of the file stay. Before the threads start.
  void SetUserLines(std::function<std::vector<std::string>()> user_lines) {
    user_lines_ = std::move(user_lines);
  }

  /// Sets all of `settings` or none. The error is the reply's text, as in Redis 7.0.
  Result<void> Set(std::span<const Setting> settings, ClientPlace place);
  /// Brings the configuration file up to date. The error is the reply's text.
  Result<void> Rewrite();

  /// The configuration now. Costs a lock; a hot path keeps it and looks at version().
  std::shared_ptr<const Config> Snapshot() const;
  /// Counts up with every change.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  /// Every directive that one of the patterns matches, aliases under their own names. Cost: the
  /// table.
  std::vector<Setting> Get(std::span<const std::string_view> patterns) const;
  const std::string& file_path() const { return file_path_; }

 private:
  struct Registration {
    std::vector<std::string> directive_names;
    Applier apply;
  };
  struct Change {
    const Directive* directive;
    std::string name;  // as the client called it, for error texts
  };

  Result<std::vector<Change>> FindDirectives(std::span<const Setting> settings,
                                             const Config& config, ClientPlace place) const;
  Result<void> Apply(const std::vector<Change>& changes, const Config& before, const Config& after);

  const std::string file_path_;
  std::vector<Registration> registrations_;
  std::function<std::vector<std::string>()> user_lines_;

  std::mutex change_mutex_;  // one Set or Rewrite at a time; taken before snapshot_mutex_

  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Config> snapshot_;  // guarded by snapshot_mutex_
  std::atomic<uint64_t> version_{0};
};

}  // namespace ringtail::server
