#include "server/latency_monitor.h"

#include <algorithm>

#include "commands/registry.h"

namespace ringtail::server {

using commands::LatencyHistogram;

void LatencyMonitor::Add(std::string_view event, int64_t duration_ms, int64_t now_s) {
  std::lock_guard<std::mutex> lock(mutex_);
  commands::LatencyEvent& recorded = events_[std::string(event)];
  recorded.name = event;
  recorded.duration_ms_max = std::max(recorded.duration_ms_max, duration_ms);
  // One sample a second, the worst.
  if (!recorded.samples.empty() && recorded.samples.back().time_s == now_s) {
    int64_t& latest = recorded.samples.back().duration_ms;
    latest = std::max(latest, duration_ms);
    return;
  }
  recorded.samples.push_back({now_s, duration_ms});
  if (recorded.samples.size() > kSamplesMax) recorded.samples.erase(recorded.samples.begin());
}

std::vector<commands::LatencyEvent> LatencyMonitor::Events() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<commands::LatencyEvent> events;
  for (const auto& [name, event] : events_) events.push_back(event);
  return events;
}

size_t LatencyMonitor::Reset(const std::vector<std::string>& names) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (names.empty()) {
    const size_t count = events_.size();
    events_.clear();
    return count;
  }
  size_t count = 0;
  for (const std::string& name : names) count += events_.erase(name);
  return count;
}

std::vector<const LatencyHistogram*> LatencyMonitor::HistogramsOf(size_t command_index) const {
  std::vector<const LatencyHistogram*> histograms;
  for (const commands::CommandStats* source : sources_) {
    const auto* histogram =
        source->Of(command_index).histogram.load(std::memory_order_acquire);
    if (histogram != nullptr) histograms.push_back(histogram);
  }
  return histograms;
}

std::vector<commands::LatencyDistribution> LatencyMonitor::Distributions(
    const std::vector<std::string>& full_names) {
  std::vector<commands::LatencyDistribution> distributions;
  for (const auto& entry : commands::CommandTable::Standard().entries()) {
    if (!full_names.empty() &&
        std::find(full_names.begin(), full_names.end(), entry.full_name) == full_names.end()) {
      continue;
    }
    commands::LatencyDistribution distribution{.command = entry.full_name, .calls = 0, .cumulative_us = {}};
    uint64_t limit_us = 1;
    uint64_t reported = 0;
    for (unsigned b = 0; b < LatencyHistogram::kBuckets; ++b) {
      while (LatencyHistogram::UpperNs(b) > limit_us * 1000) {
        if (distribution.calls > reported) {
          distribution.cumulative_us.emplace_back(limit_us, distribution.calls);
          reported = distribution.calls;
        }
        limit_us *= 2;
      }
      for (const LatencyHistogram* histogram : HistogramsOf(entry.index)) {
        distribution.calls += histogram->count_in(b);
      }
    }
    if (distribution.calls > reported) {
      distribution.cumulative_us.emplace_back(limit_us, distribution.calls);
    }
    if (distribution.calls != 0) distributions.push_back(std::move(distribution));
  }
  return distributions;
}

}  // namespace ringtail::server
