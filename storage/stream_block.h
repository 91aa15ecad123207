// A run of a stream's entries in one piece of memory: names of fields that repeat are kept once,
// ids as differences.
//
//   StreamBlock block = StreamBlock::Create(id, names_and_values);
//   block.Append(id, names_and_values);
//   StreamBlockReader reader(block);
//   for (StreamEntry entry; reader.Next(entry);) entry.ForEach([](auto& name, auto& value) { … });
//
// Layout:
//   block:  name count | names | entries           the names are those of the first entry
//   entry:  bytes behind this << 2 | has those names << 1 | is deleted, then
//           ms | seq | [pair count] | texts
//           ms is the difference to the block's first id; seq too if ms is 0, else the number
//           itself
//           texts are the values, or, with names of its own, pairs of name and value
//   text:   length << 1, bytes
//           or (values only): length << 1 | 1, an integer of 1 to 8 bytes, lowest first
//   All other numbers are of 7 bits a byte, lowest first, the high bit on all but the last.
//
// How much fits a block is counted as Redis counts: by the bytes its listpack of the same entries
// would take, so that trimming by whole blocks trims the same entries
// (https://github.com/antirez/listpack/blob/master/listpack.md).
//
// A block is plain bytes, so that it can lie in SortedRuns: whoever drops one calls Free. Thread
// rule: as its stream.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "storage/packed.h"
#include "storage/stream_id.h"

namespace ringtail::storage {

/// Names and values of an entry, alternating; at least one pair.
using StreamPairs = std::span<const std::string_view>;

/// Reads a number of 7 bits a byte and moves `at` behind it.
inline uint64_t ReadVarint(const char*& at) {
  auto byte = static_cast<unsigned char>(*at++);
  uint64_t value = byte & 0x7fU;
  for (unsigned shift = 7; byte >= 0x80; shift += 7) [[unlikely]] {
    byte = static_cast<unsigned char>(*at++);
    value |= uint64_t{byte & 0x7fU} << shift;
  }
  return value;
}

/// Reads a text and moves `at` behind it.
inline PackedElement ReadStreamText(const char*& at) {
  const uint64_t head = ReadVarint(at);
  const size_t byte_count = head >> 1;
  const char* const bytes = at;
  at += byte_count;
  if ((head & 1) == 0) return PackedElement(std::string_view(bytes, byte_count));
  uint64_t number = 0;
  for (size_t i = 0; i < byte_count; ++i) {
    number |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  const auto unused_bits = static_cast<unsigned>(64 - 8 * byte_count);
  return PackedElement(static_cast<int64_t>(number << unused_bits) >> unused_bits);
}

/// An entry as it lies in its block; good until the stream is changed.
struct StreamEntry {
  StreamId id;
  uint32_t pair_count = 0;
  uint32_t offset = 0;            ///< where in its block it is
  bool is_deleted = false;
  const char* names = nullptr;    ///< the block's names; null if the entry has its own
  const char* texts = nullptr;

  /// Calls visit(name, value) with the two PackedElements of each pair.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    const char* name_at = names;
    const char* at = texts;
    for (uint32_t i = 0; i < pair_count; ++i) {
      const PackedElement name = ReadStreamText(names != nullptr ? name_at : at);
      visit(name, ReadStreamText(at));
    }
  }
};

class StreamBlock {
 public:
  /// A block of one entry.
  static StreamBlock Create(StreamId id, StreamPairs pairs);
  /// Adds an entry behind all others.
  void Append(StreamId id, StreamPairs pairs);
  /// Marks the entry at an offset, which is a live one, as deleted.
  void MarkDeleted(uint32_t offset);
  /// Gives room back that is not needed while nothing is appended.
  void ShrinkToFit();
  void Free();
  /// A block with memory of its own.
  StreamBlock Copy() const;

  /// The id of the entry that it began with, whether or not that was deleted.
  StreamId first_id() const { return first_id_; }
  /// The id of the last entry, whether or not that was deleted.
  StreamId last_id() const;
  /// Where the last entry is.
  uint32_t last_offset() const { return last_offset_; }
  uint32_t live_count() const { return live_count_; }
  uint32_t deleted_count() const { return deleted_count_; }
  /// What Redis's listpack of these entries would take.
  size_t listpack_bytes() const;
  size_t footprint_bytes() const { return memory::ReservedBytes(capacity_); }
  std::string_view bytes() const { return {data_, size_}; }
  /// Checks counts, lengths and order; the first violation, or null.
  const char* Verify() const;

 private:
  void Reserve(size_t byte_count);
  bool HasNames(StreamPairs pairs) const;

  StreamId first_id_;
  char* data_;
  uint32_t size_;
  uint32_t capacity_;
  uint32_t last_offset_;      // of the last entry
  uint32_t live_count_;
  uint32_t deleted_count_;
  uint32_t listpack_bytes_;   // without the two counts at its begin
};

inline StreamId KeyOf(const StreamBlock& block) { return block.first_id(); }

/// Goes through a block's entries, deleted ones included, in order.
class StreamBlockReader {
 public:
  explicit StreamBlockReader(const StreamBlock& block)
      : begin_(block.bytes().data()), end_(begin_ + block.bytes().size()),
        first_id_(block.first_id()) {
    at_ = begin_;
    name_count_ = static_cast<uint32_t>(ReadVarint(at_));
    names_ = at_;
    for (uint32_t i = 0; i < name_count_; ++i) {
      const uint64_t head = ReadVarint(at_);
      at_ += head >> 1;
    }
  }
  /// The next entry; false if there is none.
  bool Next(StreamEntry& entry) {
    if (at_ == end_) return false;
    entry.offset = static_cast<uint32_t>(at_ - begin_);
    const uint64_t head = ReadVarint(at_);
    const char* at = at_;
    at_ += head >> 2;
    entry.is_deleted = (head & 1) != 0;
    const uint64_t ms = ReadVarint(at);
    const uint64_t seq = ReadVarint(at);
    entry.id = {first_id_.ms + ms, ms == 0 ? first_id_.seq + seq : seq};
    if ((head & 2) != 0) [[likely]] {
      entry.names = names_;
      entry.pair_count = name_count_;
    } else {
      entry.names = nullptr;
      entry.pair_count = static_cast<uint32_t>(ReadVarint(at));
    }
    entry.texts = at;
    return true;
  }
  /// The entry at an offset that Next has given; what Next gives comes behind it then.
  void ReadAt(uint32_t offset, StreamEntry& entry) {
    at_ = begin_ + offset;
    Next(entry);
  }
  /// Names that entries share.
  uint32_t name_count() const { return name_count_; }
  bool is_end() const { return at_ == end_; }

 private:
  const char* begin_;
  const char* end_;
  StreamId first_id_;
  const char* at_;
  const char* names_;
  uint32_t name_count_;
};

}  // namespace ringtail::storage
