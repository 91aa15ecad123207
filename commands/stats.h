// What one worker counted about the commands it executed.
//
//   stats.Of(entry.index).calls.Add();
//
// Thread rule: written by its worker alone, read by anyone.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/counter.h"
#include "commands/latency_histogram.h"

namespace ringtail::commands {

struct CommandCounters {
  Counter calls;
  Counter duration_ns;
  Counter rejected_calls;
  Counter failed_calls;
  std::atomic<LatencyHistogram*> histogram{nullptr};  ///< made at the first call
};

class CommandStats {
 public:
  explicit CommandStats(size_t command_count)
      : counters_(std::make_unique<CommandCounters[]>(command_count)), count_(command_count) {}
  ~CommandStats() {
    for (size_t i = 0; i < count_; ++i) delete counters_[i].histogram.load();
  }

  CommandCounters& Of(size_t index) { return counters_[index]; }
  const CommandCounters& Of(size_t index) const { return counters_[index]; }
  size_t size() const { return count_; }
  void AddDuration(CommandCounters& counters, uint64_t duration_ns) {
    LatencyHistogram* histogram = counters.histogram.load(std::memory_order_relaxed);
    if (histogram == nullptr) [[unlikely]] {
      histogram = new LatencyHistogram();
      counters.histogram.store(histogram, std::memory_order_release);
    }
    histogram->Add(duration_ns);
  }

  /// Errors by code ("ERR", "WRONGTYPE"); past the limit all go under ERRORSTATS_OVERFLOW's name as in Redis.
  void CountError(std::string_view code) {
    std::lock_guard<std::mutex> lock(errors_mutex_);
    total_errors_.Add();
    const auto found = errors_.find(code);
    if (found != errors_.end()) {
      ++found->second;
    } else if (errors_.size() < kErrorCodesMax) {
      errors_.emplace(std::string(code), 1);
    } else {
      ++errors_["ERRORSTATS_OVERFLOW"];
    }
  }
  std::map<std::string, uint64_t, std::less<>> Errors() const {
    std::lock_guard<std::mutex> lock(errors_mutex_);
    return errors_;
  }
  uint64_t total_errors() const { return total_errors_.value(); }
  void Reset() {
    for (size_t i = 0; i < count_; ++i) {
      counters_[i].calls.Reset();
      counters_[i].duration_ns.Reset();
      counters_[i].rejected_calls.Reset();
      counters_[i].failed_calls.Reset();
      if (LatencyHistogram* histogram = counters_[i].histogram.load()) histogram->Reset();
    }
    std::lock_guard<std::mutex> lock(errors_mutex_);
    errors_.clear();
    total_errors_.Reset();
  }

 private:
  static constexpr size_t kErrorCodesMax = 128;

  std::unique_ptr<CommandCounters[]> counters_;
  const size_t count_;
  mutable std::mutex errors_mutex_;
  std::map<std::string, uint64_t, std::less<>> errors_;
  Counter total_errors_;
};

}  // namespace ringtail::commands
