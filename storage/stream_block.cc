#include "storage/stream_block.h"

#include <algorithm>
#include <limits>

#include "base/parse_number.h"

namespace ringtail::storage {
namespace {

constexpr uint64_t kDeletedFlag = 1;
constexpr uint64_t kSharedNamesFlag = 2;
// A head and the numbers behind it, at their longest.
constexpr size_t kEntryHeadBytesMax = 5 + 10 + 10 + 5;
constexpr size_t kTextHeadBytesMax = 5;

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

char* WriteVarint(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

// ---- What Redis's listpack would take

// Limits of the listpack's integers by the bytes they take with their back length.
size_t ListpackIntBytes(int64_t value) {
  if (value >= 0 && value <= 127) return 2;
  if (value >= -4096 && value <= 4095) return 3;
  if (value >= -32768 && value <= 32767) return 4;
  if (value >= -8388608 && value <= 8388607) return 5;
  if (value >= std::numeric_limits<int32_t>::min() &&
      value <= std::numeric_limits<int32_t>::max()) {
    return 6;
  }
  return 10;
}

size_t ListpackTextBytes(size_t size) {
  const size_t bytes = (size < 64 ? 1 : size < 4096 ? 2 : 5) + size;
  return bytes + VarintBytes(bytes);
}

size_t ListpackBytes(std::string_view text) {
  const auto number = ParseInt64(text);
  return number ? ListpackIntBytes(*number) : ListpackTextBytes(text.size());
}

// ---- Texts

char* WriteText(char* to, std::string_view text) {
  to = WriteVarint(to, uint64_t{text.size()} << 1);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

size_t IntBytes(int64_t value) {
  for (size_t bytes = 1; bytes < 8; ++bytes) {
    const auto unused = static_cast<unsigned>(64 - 8 * bytes);
    const auto shifted = static_cast<int64_t>(static_cast<uint64_t>(value) << unused);
    if (shifted >> unused == value) return bytes;
  }
  return 8;
}

// Writes a value, as an integer where that is shorter, and adds what a listpack would need for it.
char* WriteValue(char* to, std::string_view text, size_t& listpack_bytes) {
  const auto number = ParseInt64(text);
  if (!number) {
    listpack_bytes += ListpackTextBytes(text.size());
    return WriteText(to, text);
  }
  listpack_bytes += ListpackIntBytes(*number);
  const size_t byte_count = IntBytes(*number);
  if (byte_count >= text.size()) return WriteText(to, text);
  to = WriteVarint(to, (uint64_t{byte_count} << 1) | 1);
  for (size_t i = 0; i < byte_count; ++i) {
    *to++ = static_cast<char>(static_cast<uint64_t>(*number) >> (8 * i));
  }
  return to;
}

size_t TextBytesMax(StreamPairs pairs) {
  size_t bytes = 0;
  for (const std::string_view text : pairs) bytes += kTextHeadBytesMax + text.size();
  return bytes;
}

}  // namespace

StreamBlock StreamBlock::Create(StreamId id, StreamPairs pairs) {
  StreamBlock block{};
  block.first_id_ = id;
  const size_t name_count = pairs.size() / 2;
  size_t name_bytes = VarintBytes(name_count);
  for (size_t i = 0; i < pairs.size(); i += 2) {
    name_bytes += VarintBytes(uint64_t{pairs[i].size()} << 1) + pairs[i].size();
  }
  block.Reserve(name_bytes + TextBytesMax(pairs) + kEntryHeadBytesMax);
  char* to = WriteVarint(block.data_, name_count);
  // Header and end, the number of names, the names, and a zero behind them.
  size_t listpack_bytes = 7 + ListpackIntBytes(static_cast<int64_t>(name_count)) + 2;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    to = WriteText(to, pairs[i]);
    listpack_bytes += ListpackBytes(pairs[i]);
  }
  block.size_ = static_cast<uint32_t>(to - block.data_);
  block.listpack_bytes_ = static_cast<uint32_t>(listpack_bytes);
  block.Append(id, pairs);
  // Many streams have one entry for ever.
  block.ShrinkToFit();
  return block;
}

bool StreamBlock::HasNames(StreamPairs pairs) const {
  const char* at = data_;
  if (ReadVarint(at) != pairs.size() / 2) return false;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const size_t size = ReadVarint(at) >> 1;
    if (size != pairs[i].size() || std::memcmp(at, pairs[i].data(), size) != 0) return false;
    at += size;
  }
  return true;
}

void StreamBlock::Append(StreamId id, StreamPairs pairs) {
  const bool has_names = HasNames(pairs);
  const auto pair_count = static_cast<int64_t>(pairs.size() / 2);
  Reserve(size_ + kEntryHeadBytesMax + TextBytesMax(pairs));
  // The length in front is not known yet; mostly it takes one byte.
  char* const entry = data_ + size_;
  char* const body = entry + 1;
  const uint64_t ms = id.ms - first_id_.ms;
  char* to = WriteVarint(body, ms);
  to = WriteVarint(to, ms == 0 ? id.seq - first_id_.seq : id.seq);
  // A listpack entry has flags, both differences, and the number of its elements at its end.
  size_t listpack_bytes = 2 + ListpackIntBytes(static_cast<int64_t>(ms)) +
                          ListpackIntBytes(static_cast<int64_t>(id.seq - first_id_.seq));
  if (has_names) {
    for (size_t i = 1; i < pairs.size(); i += 2) to = WriteValue(to, pairs[i], listpack_bytes);
    listpack_bytes += ListpackIntBytes(pair_count + 3);
  } else {
    to = WriteVarint(to, static_cast<uint64_t>(pair_count));
    for (size_t i = 0; i < pairs.size(); i += 2) {
      to = WriteText(to, pairs[i]);
      listpack_bytes += ListpackBytes(pairs[i]);
      to = WriteValue(to, pairs[i + 1], listpack_bytes);
    }
    listpack_bytes += ListpackIntBytes(pair_count) + ListpackIntBytes(pair_count * 2 + 4);
  }
  const auto body_bytes = static_cast<size_t>(to - body);
  const uint64_t head = (uint64_t{body_bytes} << 2) | (has_names ? kSharedNamesFlag : 0);
  const size_t head_bytes = VarintBytes(head);
  if (head_bytes > 1) std::memmove(entry + head_bytes, body, body_bytes);
  WriteVarint(entry, head);
  last_offset_ = size_;
  size_ += static_cast<uint32_t>(head_bytes + body_bytes);
  listpack_bytes_ += static_cast<uint32_t>(listpack_bytes);
  ++live_count_;
}

void StreamBlock::MarkDeleted(uint32_t offset) {
  data_[offset] = static_cast<char>(data_[offset] | static_cast<char>(kDeletedFlag));
  --live_count_;
  ++deleted_count_;
}

void StreamBlock::Reserve(size_t byte_count) {
  if (byte_count <= capacity_) return;
  const size_t grown = std::min(size_t{capacity_} * 2,
                                std::max(size_t{4096}, size_t{capacity_} + capacity_ / 4));
  const size_t capacity = std::max(byte_count, grown);
  // All that the allocator gives anyway.
  const size_t reserved = memory::ReservedBytes(capacity);
  data_ = static_cast<char*>(data_ == nullptr
                                 ? memory::Allocate(reserved)
                                 : memory::Reallocate(data_, capacity_, reserved));
  capacity_ = static_cast<uint32_t>(reserved);
}

void StreamBlock::ShrinkToFit() {
  const size_t reserved = memory::ReservedBytes(size_);
  if (reserved >= capacity_) return;
  data_ = static_cast<char*>(memory::Reallocate(data_, capacity_, reserved));
  capacity_ = static_cast<uint32_t>(reserved);
}

void StreamBlock::Free() {
  memory::Free(data_, capacity_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

StreamBlock StreamBlock::Copy() const {
  StreamBlock copy = *this;
  copy.capacity_ = static_cast<uint32_t>(memory::ReservedBytes(size_));
  copy.data_ = static_cast<char*>(memory::Allocate(copy.capacity_));
  std::memcpy(copy.data_, data_, size_);
  return copy;
}

StreamId StreamBlock::last_id() const {
  StreamBlockReader reader(*this);
  StreamEntry entry;
  reader.ReadAt(last_offset_, entry);
  return entry.id;
}

size_t StreamBlock::listpack_bytes() const {
  return listpack_bytes_ + ListpackIntBytes(live_count_) + ListpackIntBytes(deleted_count_);
}

const char* StreamBlock::Verify() const {
  if (size_ > capacity_) return "a block holds more than it has room for";
  StreamBlockReader reader(*this);
  StreamEntry entry;
  uint32_t live_count = 0;
  uint32_t deleted_count = 0;
  StreamId last;
  bool is_first = true;
  bool has_live = false;
  while (reader.Next(entry)) {
    if (is_first && entry.id != first_id_) return "a block's first id is not its first entry's";
    if (!entry.is_deleted && entry.id <= last && has_live) {
      return "entries of a block are out of order";
    }
    const char* end = data_ + size_;
    const char* at = entry.texts;
    entry.ForEach([&](const PackedElement&, const PackedElement&) {});
    for (uint32_t i = 0; i < entry.pair_count * (entry.names == nullptr ? 2U : 1U); ++i) {
      if (at >= end) return "an entry reaches beyond its block";
      ReadStreamText(at);
    }
    if (at > end) return "an entry reaches beyond its block";
    if (!entry.is_deleted) {
      last = entry.id;
      has_live = true;
    }
    is_first = false;
    ++(entry.is_deleted ? deleted_count : live_count);
  }
  if (live_count != live_count_ || deleted_count != deleted_count_) {
    return "a block's counts are wrong";
  }
  return entry.offset == last_offset_ ? nullptr : "a block's last entry is elsewhere";
}

}  // namespace ringtail::storage
