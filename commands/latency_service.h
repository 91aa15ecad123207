// Spikes of latency by what caused them, and the distribution of each command's time.
//
// Thread rule: any worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringtail::commands {

struct LatencySample {
  int64_t time_s = 0;
  int64_t duration_ms = 0;
};

struct LatencyEvent {
  std::string name;
  std::vector<LatencySample> samples;  ///< oldest first, at most one a second
  int64_t duration_ms_max = 0;
};

struct LatencyDistribution {
  std::string command;
  uint64_t calls = 0;
  std::vector<std::pair<uint64_t, uint64_t>> cumulative_us;  ///< power of two, calls up to it
};

class LatencyService {
 public:
  virtual ~LatencyService() = default;
  virtual std::vector<LatencyEvent> Events() = 0;
  /// Forgets these events (all, if none is named); returns how many there were.
  virtual size_t Reset(const std::vector<std::string>& names) = 0;
  /// Of the commands that were called; of these alone if any are named.
  virtual std::vector<LatencyDistribution> Distributions(
      const std::vector<std::string>& full_names) = 0;
  virtual int64_t threshold_ms() = 0;
};

}  // namespace ringtail::commands
