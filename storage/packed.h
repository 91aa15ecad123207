// Short byte strings and integers, one after another in one piece of memory: how small collections are kept.
//
//   PackedView list(entry.blob_view());
//   for (const char* at = list.first(); at != list.end(); at = list.Next(at)) Use(list.Get(at));
//   packed::Insert(buffer, offset, "value");        // buffer: ValuePlace or PackedBuffer
//
// Layout: count 2 (65535: not known, count by walking) | elements. An element is head, body and its own length
// again, so that one can walk backwards. Heads, bodies and lengths are those of the listpack format
// (https://github.com/antirez/listpack/blob/master/listpack.md):
//
//   0xxxxxxx               integer 0 to 127          10xxxxxx + bytes        string up to 63 bytes
//   110xxxxx x             integer of 13 bits        1110xxxx x + bytes      string up to 4095 bytes
//   f1 f2 f3 f4 + 2 3 4 8  integer of 16 to 64 bits  f0 + 4 + bytes          longer string
//   back length: 7 bits a byte, the last byte holds the lowest, the first has no high bit
//
// A string that is an integer's canonical decimal is kept as one. A collection without elements is no bytes at all.
// These bytes are ours alone: what comes from a peer is decoded and packed anew, never adopted.
// Thread rule: pure functions over the caller's memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/memory.h"

namespace ringtail::storage {

/// One element: an integer, or bytes that stay good until the memory is changed.
class PackedElement {
 public:
  explicit PackedElement(int64_t number) : number_(number), is_int_(true) {}
  explicit PackedElement(std::string_view text) : text_(text) {}

  bool is_int() const { return is_int_; }
  int64_t number() const { return number_; }
  std::string_view text() const { return text_; }
  /// The element's bytes; an integer is written into `digits`, which has to outlive the result.
  std::string_view Bytes(char (&digits)[20]) const;
  std::string String() const;
  size_t size() const;

 private:
  std::string_view text_;
  int64_t number_ = 0;
  bool is_int_ = false;
};

/// What to look for or to put in, parsed once: an integer if the bytes are one's canonical form.
class PackedNeedle {
 public:
  explicit PackedNeedle(std::string_view bytes);
  explicit PackedNeedle(int64_t number);
  /// Bytes an element of this value takes.
  size_t element_bytes() const { return element_bytes_; }
  /// Writes the element to `out`, which has room for element_bytes().
  void Write(char* out) const;
  /// Whether the element at `at` has this value. The first byte says how long a head is and the head how long the
  /// body, so nothing behind the element is looked at.
  bool Matches(const char* at) const {
    return static_cast<unsigned char>(*at) == head_[0] &&
           (head_bytes_ == 1 || std::memcmp(at + 1, head_ + 1, head_bytes_ - 1U) == 0) &&
           (text_.empty() || std::memcmp(at + head_bytes_, text_.data(), text_.size()) == 0);
  }

 private:
  void Complete();

  std::string_view text_;      // empty for an integer, whose body is in the head
  unsigned char head_[9];
  uint8_t head_bytes_ = 0;
  uint8_t back_bytes_ = 0;
  size_t element_bytes_ = 0;
};

inline constexpr size_t kPackedHeaderBytes = 2;

/// Reads a packed collection. Positions are pointers into it; `end()` is behind the last element.
class PackedView {
 public:
  explicit PackedView(std::string_view bytes) : bytes_(bytes) {}

  bool is_empty() const { return bytes_.empty(); }
  /// O(1) up to 65,534 elements, then O(n).
  size_t count() const;
  const char* first() const {
    return bytes_.empty() ? bytes_.data() : bytes_.data() + kPackedHeaderBytes;
  }
  const char* end() const { return bytes_.data() + bytes_.size(); }
  /// The last element, or end() if there is none.
  const char* last() const { return bytes_.empty() ? end() : Previous(end()); }
  const char* Next(const char* at) const { return at + ElementBytes(at); }
  /// The element before `at`, which must not be first().
  const char* Previous(const char* at) const;
  PackedElement Get(const char* at) const;
  /// The element at an index, from whichever end is nearer; end() if there is none. Negative counts from the end.
  const char* At(int64_t index) const;
  /// The first element from `at` on that equals the needle, looking at every (skip + 1)-th; else end().
  const char* Find(const char* at, const PackedNeedle& needle, size_t skip = 0) const {
    while (at != end()) {
      if (needle.Matches(at)) return at;
      at = Next(at);
      for (size_t i = 0; i < skip && at != end(); ++i) at = Next(at);
    }
    return at;
  }
  size_t OffsetOf(const char* at) const { return static_cast<size_t>(at - bytes_.data()); }
  const char* AtOffset(size_t offset) const { return bytes_.data() + offset; }
  std::string_view bytes() const { return bytes_; }
  /// Bytes of the element at `at`, its back length included.
  static size_t ElementBytes(const char* at);
  /// Checks every length against the bytes there are; for tests and DEBUG. The first violation, or null.
  const char* Verify() const;

 private:
  std::string_view bytes_;
};

/// A packed collection in a block of its own: a node of a list, a scratch while building.
class PackedBuffer {
 public:
  PackedBuffer() = default;
  explicit PackedBuffer(std::string_view bytes);
  PackedBuffer(PackedBuffer&& other) noexcept { Swap(other); }
  PackedBuffer& operator=(PackedBuffer&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~PackedBuffer() { Clear(); }

  std::string_view bytes() const { return {data_, size_}; }
  /// Makes room for `byte_count` undefined bytes at `offset`; returns where they are. Moves what is behind.
  char* OpenGap(size_t offset, size_t byte_count);
  void CloseGap(size_t offset, size_t byte_count);
  char* data() { return data_; }
  void Clear();
  size_t footprint_bytes() const { return capacity_ == 0 ? 0 : memory::ReservedBytes(capacity_); }

 private:
  void Swap(PackedBuffer& other);
  void SetCapacity(size_t capacity);

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// Changes to a packed collection in any buffer with bytes(), data(), OpenGap() and CloseGap(). Offsets are those of
/// PackedView::OffsetOf; all pointers and views into the buffer are invalid afterwards.
namespace packed {

/// Adds `change` to the count in the header.
void AdjustCount(char* data, int64_t change);

/// Puts an element before the one at `offset` (bytes().size(): at the end). Returns the offset behind it.
template <typename Buffer>
size_t Insert(Buffer& buffer, size_t offset, const PackedNeedle& value) {
  size_t gap = value.element_bytes();
  const bool is_first = buffer.bytes().empty();
  if (is_first) {
    offset = 0;
    gap += kPackedHeaderBytes;
  }
  char* at = buffer.OpenGap(offset, gap);
  if (is_first) {
    at[0] = at[1] = 0;
    at += kPackedHeaderBytes;
    offset = kPackedHeaderBytes;
  }
  value.Write(at);
  AdjustCount(buffer.data(), 1);
  return offset + value.element_bytes();
}
template <typename Buffer>
size_t Insert(Buffer& buffer, size_t offset, std::string_view value) {
  return Insert(buffer, offset, PackedNeedle(value));
}
template <typename Buffer>
void Append(Buffer& buffer, std::string_view value) {
  Insert(buffer, buffer.bytes().size(), PackedNeedle(value));
}
/// Puts the first element at the front.
template <typename Buffer>
void Prepend(Buffer& buffer, std::string_view value) {
  Insert(buffer, kPackedHeaderBytes, PackedNeedle(value));
}

/// Puts another value in the place of the element at `offset`. Returns the offset behind it.
template <typename Buffer>
size_t Replace(Buffer& buffer, size_t offset, const PackedNeedle& value) {
  const size_t old_bytes = PackedView::ElementBytes(buffer.bytes().data() + offset);
  const size_t new_bytes = value.element_bytes();
  if (new_bytes > old_bytes) buffer.OpenGap(offset, new_bytes - old_bytes);
  if (new_bytes < old_bytes) buffer.CloseGap(offset, old_bytes - new_bytes);
  value.Write(buffer.data() + offset);
  return offset + new_bytes;
}

/// Takes `element_count` elements out, beginning with the one at `offset`. The last one takes the header with it.
template <typename Buffer>
void Erase(Buffer& buffer, size_t offset, size_t element_count) {
  const PackedView view(buffer.bytes());
  const char* at = view.AtOffset(offset);
  for (size_t i = 0; i < element_count; ++i) at = view.Next(at);
  const size_t byte_count = view.OffsetOf(at) - offset;
  if (byte_count + kPackedHeaderBytes == buffer.bytes().size()) {
    buffer.CloseGap(0, buffer.bytes().size());
    return;
  }
  AdjustCount(buffer.data(), -static_cast<int64_t>(element_count));
  buffer.CloseGap(offset, byte_count);
}

}  // namespace packed
}  // namespace ringtail::storage
