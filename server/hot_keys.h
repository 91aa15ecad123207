// Finds the keys that take the most time of the workers, or the most bytes of the wire, while
// somebody asks for it.
//
//   hot_keys.Start({.is_time_measured = true});
//   hot_keys.Observe(command, args, duration_ns, bytes);     // every command, while it is on
//   hot_keys.Report();
//
// Each measure keeps a fixed number of keys; a key that is not among them takes the place of the
// smallest and inherits its amount (Space-Saving; Metwally, Agrawal and El Abbadi, 2005), so the
// great ones are never missed and memory stays what it is. Off, it costs nothing: executors are
// then not asked to show every command.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "commands/hot_key_service.h"
#include "commands/registry.h"

namespace ringtail::server {

class Server;

/// The greatest amounts of a stream of (name, amount).
class GreatestAmounts {
 public:
  explicit GreatestAmounts(size_t count_max) : count_max_(count_max) {}
  void Add(std::string_view name, uint64_t amount);
  std::vector<std::pair<std::string, uint64_t>> Greatest(size_t count) const;

 private:
  using Order = std::multimap<uint64_t, std::string>;
  const size_t count_max_;
  Order by_amount_;
  std::unordered_map<std::string, Order::iterator> by_name_;
};

class HotKeys final : public commands::HotKeyService {
 public:
  explicit HotKeys(Server& server) : server_(server) {}

  bool Start(const commands::HotKeyOptions& options) override;
  bool Stop() override;
  bool Reset() override;
  std::optional<commands::HotKeyReport> Report() override;

  /// A command that was executed; only one of so many is looked at.
  void Observe(const commands::CommandTable::Entry& command, commands::Args args,
               uint64_t duration_ns, uint64_t bytes);
  /// Ends what has gone on for as long as it was to.
  void OnCron();

 private:
  struct Session {
    commands::HotKeyReport report;
    int64_t started_ns = 0;
    uint64_t all_commands_ns = 0;
    uint64_t seen_count = 0;
    GreatestAmounts by_time_ns;
    GreatestAmounts by_bytes;
  };

  void End();
  void Measure();

  Server& server_;
  std::mutex mutex_;  // guards what follows
  std::optional<Session> session_;
};

}  // namespace ringtail::server
