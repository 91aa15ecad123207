// The id of a stream's entry: milliseconds and a number within the millisecond, together 128 bits
// in order.
//
//   StreamId id{1526919030474, 55};
//   if (id > stream.last_id()) …
//   if (!id.Increment()) …                       // it was the last id there can be
//
// Thread rule: a value.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace ringtail::storage {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  static constexpr StreamId Max() {
    return {std::numeric_limits<uint64_t>::max(), std::numeric_limits<uint64_t>::max()};
  }
  bool is_zero() const { return ms == 0 && seq == 0; }
  /// Goes to the next id; false at the last one, which becomes 0-0.
  bool Increment() {
    if (++seq != 0) return true;
    return ++ms != 0;
  }
  /// Goes to the id before; false at 0-0, which becomes the last one.
  bool Decrement() {
    if (seq-- != 0) return true;
    return ms-- != 0;
  }

  friend constexpr auto operator<=>(const StreamId&, const StreamId&) = default;
};

}  // namespace ringtail::storage
