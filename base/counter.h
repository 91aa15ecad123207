// A number that one thread raises and any thread may read, at the price of a plain addition.
//
//   Counter calls;  calls.Add();  Report(calls.value());
//
// Thread rule: one writer; readers see some recent value. For several writers use a std::atomic.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringtail {

class Counter {
 public:
  void Add(uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void Raise(uint64_t to_at_least) {
    if (to_at_least > value()) value_.store(to_at_least, std::memory_order_relaxed);
  }
  /// Any thread may reset; an addition of the same moment may survive it.
  void Reset() { value_.store(0, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace ringtail
