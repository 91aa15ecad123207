// A key that clients have read and may hold a copy of, with the clients, in one allocation.
//
//   TrackedKey* key = TrackedKey::Create("name", reader);
//   key = TrackedKey::Add(key, another);            // may move
//   for (TrackerId reader : key->readers()) …
//
// Layout, with no padding: name length 4, readers and room for them 4 | readers 4 each, ascending |
// name. A 16-byte name that one client has read takes 28 bytes, in a block of 32.
//
// Thread rule: belongs to its table.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/memory.h"

namespace ringtail::engine {

/// A client with tracking on; see engine/tracking.h.
using TrackerId = uint32_t;

class TrackedKey {
 public:
  static TrackedKey* Create(std::string_view name, TrackerId reader);
  static void Destroy(TrackedKey* key) { memory::Free(key, key->allocated_bytes()); }
  /// The same key with one more reader, which it must not have yet; the old one is gone if it is
  /// another.
  static TrackedKey* Add(TrackedKey* key, TrackerId reader);
  /// The same key with only the `kept` (ascending) of its readers, at least one.
  static TrackedKey* Keep(TrackedKey* key, std::span<const TrackerId> kept);

  /// The key's name, under the name that BasicTable wants.
  std::string_view key() const { return {bytes() + kHeadBytes + 4 * capacity(), name_bytes_}; }
  std::span<const TrackerId> readers() const { return {reader_items(), reader_count_}; }
  bool IsReadBy(TrackerId reader) const;
  size_t allocated_bytes() const { return Size(capacity(), name_bytes_); }
  size_t footprint_bytes() const { return memory::ReservedBytes(allocated_bytes()); }

 private:
  static constexpr size_t kHeadBytes = 8;
  static size_t Size(size_t capacity, size_t name_bytes) {
    return kHeadBytes + 4 * capacity + name_bytes;
  }
  static TrackedKey* Allocate(std::string_view name, size_t reader_count);
  TrackedKey(size_t name_bytes, size_t reader_count)
      : name_bytes_(static_cast<uint32_t>(name_bytes)),
        capacity_log2_(static_cast<uint32_t>(std::bit_width(reader_count - 1)) & 31U),
        reader_count_(static_cast<uint32_t>(reader_count) & kCountMax) {}

  size_t capacity() const { return size_t{1} << capacity_log2_; }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  const TrackerId* reader_items() const {
    return reinterpret_cast<const TrackerId*>(bytes() + kHeadBytes);
  }
  TrackerId* reader_items() { return reinterpret_cast<TrackerId*>(reinterpret_cast<char*>(this) + kHeadBytes); }

  static constexpr uint32_t kCountMax = (1U << 27) - 1;

  uint32_t name_bytes_;
  uint32_t capacity_log2_ : 5;
  uint32_t reader_count_ : 27;
};

}  // namespace ringtail::engine
