// Spikes of latency by event, and the distributions of commands' times over all workers.
//
//   monitor.Add("command", 120, now_s);       // milliseconds
//
// Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/latency_service.h"
#include "commands/stats.h"

namespace ringtail::server {

class LatencyMonitor final : public commands::LatencyService {
 public:
  /// Whose histograms Distributions adds up; set before the workers start.
  void SetSources(std::vector<const commands::CommandStats*> sources) {
    sources_ = std::move(sources);
  }
  void SetThreshold(int64_t threshold_ms) { threshold_ms_.store(threshold_ms); }
  void Add(std::string_view event, int64_t duration_ms, int64_t now_s);

  std::vector<commands::LatencyEvent> Events() override;
  size_t Reset(const std::vector<std::string>& names) override;
  std::vector<commands::LatencyDistribution> Distributions(
      const std::vector<std::string>& full_names) override;
  int64_t threshold_ms() override { return threshold_ms_.load(std::memory_order_relaxed); }
  /// The histograms of one command, for percentiles.
  std::vector<const commands::LatencyHistogram*> HistogramsOf(size_t command_index) const;

 private:
  static constexpr size_t kSamplesMax = 160;  // as Redis

  std::atomic<int64_t> threshold_ms_{0};
  std::vector<const commands::CommandStats*> sources_;
  std::mutex mutex_;
  std::map<std::string, commands::LatencyEvent, std::less<>> events_;
};

}  // namespace ringtail::server
