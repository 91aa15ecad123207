// Read the compact collections that Redis writes as one string: listpack, ziplist, intset and
// zipmap.
//
//   ListpackReader list(bytes);
//   while (const auto element = list.Next()) Use(*element);
//   if (!list.ok()) …
//
// The bytes come from anybody: every header, length, back length and count is checked, and nothing
// is allocated. A reader that is not ok() gives no more elements. Elements point into the bytes.
// Formats: https://github.com/antirez/listpack/blob/master/listpack.md, and for the others
// https://rdb.fnordig.de/file_format.html. Thread rule: a reader belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/packed.h"

namespace ringtail::persistence {

/// The bytes of a compact collection, and whether they made sense so far.
class CompactInput {
 public:
  explicit CompactInput(std::string_view bytes)
      : at_(reinterpret_cast<const unsigned char*>(bytes.data())), end_(at_ + bytes.size()) {}

  bool ok() const { return is_ok_; }
  size_t left_bytes() const { return static_cast<size_t>(end_ - at_); }
  /// Nothing after it is read.
  void Fail() {
    is_ok_ = false;
    at_ = end_;
  }
  bool Has(size_t count) {
    if (left_bytes() >= count) return true;
    Fail();
    return false;
  }
  /// A number of up to eight bytes, the lowest first.
  uint64_t Little(size_t byte_count);
  uint64_t Big(size_t byte_count);
  /// The same as Little, of a number with a sign.
  int64_t Signed(size_t byte_count);
  std::string_view Text(size_t byte_count);

 private:
  const unsigned char* at_;
  const unsigned char* end_;
  bool is_ok_ = true;
};

/// total bytes 4 | count 2 | elements | 0xff. The elements are those of storage/packed.h.
class ListpackReader {
 public:
  explicit ListpackReader(std::string_view bytes);
  std::optional<storage::PackedElement> Next();
  bool ok() const { return input_.ok(); }

 private:
  std::optional<storage::PackedElement> Element(unsigned head);

  CompactInput input_;
  uint64_t announced_count_ = 0;
  uint64_t count_ = 0;
  bool is_ended_ = false;
};

/// total bytes 4 | offset of the last element 4 | count 2 | elements | 0xff. An element is the
/// length of the one before it (1 byte, or 0xfe and 4), a head, a body.
class ZiplistReader {
 public:
  explicit ZiplistReader(std::string_view bytes);
  std::optional<storage::PackedElement> Next();
  bool ok() const { return input_.ok(); }

 private:
  std::optional<storage::PackedElement> Element(unsigned head);

  CompactInput input_;
  const size_t total_bytes_;
  uint64_t last_offset_ = 0;
  uint64_t announced_count_ = 0;
  uint64_t count_ = 0;
  size_t element_begin_ = 0;    // of the last one that was read
  size_t element_bytes_ = 0;
  bool is_ended_ = false;
};

/// bytes of a number 4 | count 4 | numbers, rising.
class IntsetReader {
 public:
  explicit IntsetReader(std::string_view bytes);
  std::optional<storage::PackedElement> Next();
  bool ok() const { return input_.ok(); }
  uint64_t count() const { return count_; }

 private:
  CompactInput input_;
  size_t number_bytes_ = 0;
  uint64_t count_ = 0;
  std::optional<int64_t> previous_;
};

/// count 1 (254: not known) | fields and values in turn | 0xff. Each is a length (1 byte, or 254
/// and 4) and bytes; the length of a value has a byte behind it that says how many unused bytes
/// follow the value. Redis until 2.4.
class ZipmapReader {
 public:
  explicit ZipmapReader(std::string_view bytes);
  /// Fields and values in turn.
  std::optional<storage::PackedElement> Next();
  bool ok() const { return input_.ok(); }

 private:
  CompactInput input_;
  uint64_t announced_count_ = 0;
  uint64_t count_ = 0;
  bool is_value_next_ = false;
  bool is_ended_ = false;
};

}  // namespace ringtail::persistence
