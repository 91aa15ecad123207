// Latencies of a whole run in a few kilobytes, so that the tail of ten million requests costs nothing to keep.
//
//   histogram.Record(latency_ns);
//   histogram.QuantileNs(0.9999);
//
// Log-linear buckets: 64 to an octave, so a quantile is at most 1.6 % above the true one; the maximum is
// exact. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace ringtail::bench {

class LatencyHistogram {
 public:
  /// Counts one latency.
  void Record(uint64_t latency_ns) {
    ++buckets_[IndexOf(latency_ns)];
    ++count_;
    sum_ns_ += latency_ns;
    max_ns_ = std::max(max_ns_, latency_ns);
  }

  /// Forgets everything, as after a warm-up.
  void Reset() { *this = LatencyHistogram(); }

  /// The latency that `quantile` (0 to 1) of all recorded ones do not exceed; 0 if there are none.
  uint64_t QuantileNs(double quantile) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
    uint64_t seen = 0;
    for (size_t index = 0; index < buckets_.size(); ++index) {
      seen += buckets_[index];
      if (seen >= wanted && seen > 0) return std::min(UpperEdge(index), max_ns_);
    }
    return max_ns_;
  }

  uint64_t count() const { return count_; }
  uint64_t max_ns() const { return max_ns_; }
  double mean_ns() const {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_ns_) / static_cast<double>(count_);
  }

 private:
  static constexpr unsigned kStepBits = 6;
  static constexpr size_t kSteps = size_t{1} << kStepBits;

  static size_t IndexOf(uint64_t value) {
    if (value < kSteps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kStepBits;
    return (shift + 1) * kSteps + ((value >> shift) - kSteps);
  }
  static uint64_t UpperEdge(size_t index) {
    if (index < kSteps) return index;
    const size_t shift = index / kSteps - 1;
    return ((index % kSteps + kSteps + 1) << shift) - 1;
  }

  std::array<uint64_t, (64 - kStepBits + 1) * kSteps> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_ns_ = 0;
  uint64_t max_ns_ = 0;
};

}  // namespace ringtail::bench
