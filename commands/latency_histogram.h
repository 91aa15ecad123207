// How long something took, as counts in logarithmic buckets; percentiles with an error of at most 1/8.
//
//   histogram.Add(duration_ns);
//   double p99_us = histogram.PercentileNs(99.0) / 1000.0;
//
// Eight buckets to each power of two (as HdrHistogram with three significant bits), 1 ns to an hour.
// Thread rule: one writer; readers see a recent state.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/counter.h"

namespace ringtail::commands {

class LatencyHistogram {
 public:
  static constexpr unsigned kBuckets = 40 * 8;

  void Add(uint64_t duration_ns) {
    counts_[BucketOf(duration_ns)].Add();
  }
  void Reset() {
    for (Counter& count : counts_) count.Reset();
  }
  uint64_t count_in(unsigned bucket) const { return counts_[bucket].value(); }
  /// The greatest duration that falls into a bucket.
  static uint64_t UpperNs(unsigned bucket) {
    if (bucket < 8) return bucket;
    const unsigned shift = bucket / 8 - 1;
    return ((uint64_t{8 + bucket % 8} + 1) << shift) - 1;
  }

 private:
  static unsigned BucketOf(uint64_t ns) {
    if (ns < 8) return static_cast<unsigned>(ns);
    const auto log2_floor = static_cast<unsigned>(63 - std::countl_zero(ns));
    const unsigned bucket = (log2_floor - 2) * 8 + static_cast<unsigned>((ns >> (log2_floor - 3)) & 7);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }

  std::array<Counter, kBuckets> counts_;
};

/// The duration that `percent` of the samples do not exceed, over several histograms; 0 without samples.
template <typename Histograms>
uint64_t PercentileNs(const Histograms& histograms, double percent) {
  uint64_t total = 0;
  for (const LatencyHistogram* histogram : histograms) {
    for (unsigned b = 0; b < LatencyHistogram::kBuckets; ++b) total += histogram->count_in(b);
  }
  const double wanted = static_cast<double>(total) * percent / 100.0;
  uint64_t seen = 0;
  for (unsigned b = 0; b < LatencyHistogram::kBuckets; ++b) {
    for (const LatencyHistogram* histogram : histograms) seen += histogram->count_in(b);
    if (seen > 0 && static_cast<double>(seen) >= wanted) return LatencyHistogram::UpperNs(b);
  }
  return 0;
}

}  // namespace ringtail::commands
