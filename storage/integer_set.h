// A small set of integers: sorted, each as wide as the widest needs, in one piece of memory.
//
//   IntegerSetView set(entry.blob_view());
//   if (set.Find(7).is_found) …
//   integer_set::Insert(buffer, 7);          // buffer: as for storage/packed.h
//
// Layout: width in bytes (2, 4 or 8) 1 | the integers in ascending order, in the machine's byte
// order. A set without members is no bytes at all. The width never shrinks. These bytes are ours
// alone and never come from a peer.
// Thread rule: pure functions over the caller's memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace ringtail::storage {

inline constexpr size_t kIntegerSetHeaderBytes = 1;

class IntegerSetView {
 public:
  explicit IntegerSetView(std::string_view bytes) : bytes_(bytes) {}

  size_t count() const {
    return bytes_.empty() ? 0 : (bytes_.size() - kIntegerSetHeaderBytes) / width();
  }
  /// The index-th smallest member.
  int64_t At(size_t index) const;

  struct Position {
    size_t index;    ///< where the value is, or would be
    bool is_found;
  };
  /// O(log n).
  Position Find(int64_t value) const;

  /// Bytes of a member. There must be one.
  size_t width() const { return static_cast<unsigned char>(bytes_[0]); }
  size_t OffsetOf(size_t index) const { return kIntegerSetHeaderBytes + index * width(); }
  /// Checks width, length and order; for tests and DEBUG. The first violation, or null.
  const char* Verify() const;

 private:
  std::string_view bytes_;
};

namespace integer_set {

/// The width that `value` needs.
constexpr size_t WidthOf(int64_t value) {
  if (value >= INT16_MIN && value <= INT16_MAX) return 2;
  return value >= INT32_MIN && value <= INT32_MAX ? 4 : 8;
}
/// Writes a member of that width.
void Store(char* at, int64_t value, size_t width);
/// Makes `count` members of `old_width` ones of `width`, in place; `data` has the room.
void Widen(char* data, size_t count, size_t old_width, size_t width);

/// Adds a value. False if it was there.
template <typename Buffer>
bool Insert(Buffer& buffer, int64_t value) {
  const size_t needed = WidthOf(value);
  if (buffer.bytes().empty()) {
    char* at = buffer.OpenGap(0, kIntegerSetHeaderBytes + needed);
    at[0] = static_cast<char>(needed);
    Store(at + kIntegerSetHeaderBytes, value, needed);
    return true;
  }
  const IntegerSetView view(buffer.bytes());
  const size_t width = view.width();
  if (needed > width) {
    const size_t count = view.count();
    buffer.OpenGap(buffer.bytes().size(), count * (needed - width) + needed);
    Widen(buffer.data(), count, width, needed);
    // What did not fit before is beyond all the others, on one side or the other.
    char* const first = buffer.data() + kIntegerSetHeaderBytes;
    if (value < 0) std::memmove(first + needed, first, count * needed);
    Store(value < 0 ? first : first + count * needed, value, needed);
    return true;
  }
  const auto position = view.Find(value);
  if (position.is_found) return false;
  Store(buffer.OpenGap(view.OffsetOf(position.index), width), value, width);
  return true;
}

/// Takes the index-th smallest member out. The last one takes the width with it.
template <typename Buffer>
void EraseAt(Buffer& buffer, size_t index) {
  const IntegerSetView view(buffer.bytes());
  if (view.count() == 1) return buffer.CloseGap(0, buffer.bytes().size());
  buffer.CloseGap(view.OffsetOf(index), view.width());
}

}  // namespace integer_set
}  // namespace ringtail::storage
