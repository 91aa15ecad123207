// Which keys take the most time and the most bytes of the wire: HOTKEYS.
//
//   services.hot_keys->Start({.is_time_measured = true, .key_count_max = 10});
//
// Thread rule: any worker at any time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringtail::commands {

struct HotKeyOptions {
  bool is_time_measured = false;
  bool is_traffic_measured = false;
  int64_t key_count_max = 10;
  int64_t duration_s = 0;        ///< 0: until it is stopped
  int64_t sample_ratio = 1;      ///< one of so many commands is looked at
};

struct HotKeyReport {
  HotKeyOptions options;
  bool is_active = false;
  uint64_t all_commands_us = 0;
  uint64_t all_commands_bytes = 0;
  int64_t started_ms = 0;
  int64_t duration_ms = 0;
  uint64_t cpu_user_ms = 0;
  uint64_t cpu_system_ms = 0;
  std::vector<std::pair<std::string, uint64_t>> by_time_us;   ///< greatest first
  std::vector<std::pair<std::string, uint64_t>> by_bytes;
};

class HotKeyService {
 public:
  virtual ~HotKeyService() = default;
  /// False: one is going on.
  virtual bool Start(const HotKeyOptions& options) = 0;
  /// Ends it and keeps what was found. False: none is going on.
  virtual bool Stop() = 0;
  /// Forgets what was found. False: one is going on.
  virtual bool Reset() = 0;
  /// What was found so far; nothing since the last Reset.
  virtual std::optional<HotKeyReport> Report() = 0;
};

}  // namespace ringtail::commands
