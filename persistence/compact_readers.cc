#include "persistence/compact_readers.h"

namespace ringtail::persistence {

using storage::PackedElement;

namespace {

constexpr unsigned kEndMark = 0xff;
/// A count of this much says that one has to walk.
constexpr uint64_t kCountUnknown = 65535;

int64_t WithSign(uint64_t value, unsigned bits) {
  const unsigned unused = 64 - bits;
  return static_cast<int64_t>(value << unused) >> unused;
}

}  // namespace

// ---- CompactInput

uint64_t CompactInput::Little(size_t byte_count) {
  if (!Has(byte_count)) return 0;
  uint64_t value = 0;
  for (size_t i = 0; i < byte_count; ++i) value |= uint64_t{at_[i]} << (8 * i);
  at_ += byte_count;
  return value;
}

uint64_t CompactInput::Big(size_t byte_count) {
  if (!Has(byte_count)) return 0;
  uint64_t value = 0;
  for (size_t i = 0; i < byte_count; ++i) value = value << 8 | at_[i];
  at_ += byte_count;
  return value;
}

int64_t CompactInput::Signed(size_t byte_count) {
  return WithSign(Little(byte_count), static_cast<unsigned>(8 * byte_count));
}

std::string_view CompactInput::Text(size_t byte_count) {
  if (!Has(byte_count)) return {};
  const std::string_view text(reinterpret_cast<const char*>(at_), byte_count);
  at_ += byte_count;
  return text;
}

// ---- Listpack

ListpackReader::ListpackReader(std::string_view bytes) : input_(bytes) {
  if (input_.Little(4) != bytes.size()) input_.Fail();
  announced_count_ = input_.Little(2);
}

std::optional<PackedElement> ListpackReader::Next() {
  if (!ok() || is_ended_) return std::nullopt;
  const size_t left_before = input_.left_bytes();
  const auto head = static_cast<unsigned>(input_.Little(1));
  if (!ok()) return std::nullopt;
  if (head == kEndMark) {
    const bool is_count_right = announced_count_ == kCountUnknown || announced_count_ == count_;
    if (input_.left_bytes() != 0 || !is_count_right) input_.Fail();
    is_ended_ = true;
    return std::nullopt;
  }
  const auto element = Element(head);
  if (!ok()) return std::nullopt;
  // The element's length again, 7 bits a byte, the highest first; all but the first have the high
  // bit.
  const size_t element_bytes = left_before - input_.left_bytes();
  size_t back_bytes = 1;
  while (back_bytes < 5 && element_bytes >> (7 * back_bytes) != 0) ++back_bytes;
  for (size_t i = back_bytes; i > 0; --i) {
    const uint64_t more = i == back_bytes ? 0 : 0x80;
    const uint64_t expected = (element_bytes >> (7 * (i - 1)) & 0x7f) | more;
    if (input_.Little(1) != expected) input_.Fail();
  }
  if (!ok()) return std::nullopt;
  ++count_;
  return element;
}

std::optional<PackedElement> ListpackReader::Element(unsigned head) {
  if (head < 0x80) return PackedElement(int64_t{head});
  if (head < 0xc0) return PackedElement(input_.Text(head & 0x3f));
  if (head < 0xe0) {
    return PackedElement(WithSign(uint64_t{head & 0x1f} << 8 | input_.Little(1), 13));
  }
  if (head < 0xf0) {
    const auto size = static_cast<size_t>(uint64_t{head & 0x0f} << 8 | input_.Little(1));
    return PackedElement(input_.Text(size));
  }
  switch (head) {
    case 0xf0: return PackedElement(input_.Text(static_cast<size_t>(input_.Little(4))));
    case 0xf1: return PackedElement(input_.Signed(2));
    case 0xf2: return PackedElement(input_.Signed(3));
    case 0xf3: return PackedElement(input_.Signed(4));
    case 0xf4: return PackedElement(input_.Signed(8));
    default: input_.Fail(); return std::nullopt;
  }
}

// ---- Ziplist

ZiplistReader::ZiplistReader(std::string_view bytes) : input_(bytes), total_bytes_(bytes.size()) {
  if (input_.Little(4) != total_bytes_) input_.Fail();
  last_offset_ = input_.Little(4);
  announced_count_ = input_.Little(2);
  element_begin_ = total_bytes_ - input_.left_bytes();
}

std::optional<PackedElement> ZiplistReader::Next() {
  if (!ok() || is_ended_) return std::nullopt;
  const size_t begin = total_bytes_ - input_.left_bytes();
  uint64_t previous_bytes = input_.Little(1);
  if (!ok()) return std::nullopt;
  if (previous_bytes == kEndMark) {
    // Where there is no element, the last one's offset is that of the end mark.
    const bool is_count_right = announced_count_ == kCountUnknown || announced_count_ == count_;
    const bool is_last_right = last_offset_ == element_begin_;
    if (input_.left_bytes() != 0 || !is_count_right || !is_last_right) input_.Fail();
    is_ended_ = true;
    return std::nullopt;
  }
  if (previous_bytes == 0xfe) previous_bytes = input_.Little(4);
  if (previous_bytes != element_bytes_) input_.Fail();
  const auto head = static_cast<unsigned>(input_.Little(1));
  if (!ok()) return std::nullopt;
  const auto element = Element(head);
  if (!ok()) return std::nullopt;
  element_begin_ = begin;
  element_bytes_ = total_bytes_ - input_.left_bytes() - begin;
  ++count_;
  return element;
}

std::optional<PackedElement> ZiplistReader::Element(unsigned head) {
  switch (head >> 6) {
    case 0: return PackedElement(input_.Text(head));
    case 1: {
      const auto size = static_cast<size_t>(uint64_t{head & 0x3f} << 8 | input_.Big(1));
      return PackedElement(input_.Text(size));
    }
    case 2:
      if (head == 0x80) return PackedElement(input_.Text(static_cast<size_t>(input_.Big(4))));
      input_.Fail();
      return std::nullopt;
    default: break;
  }
  switch (head) {
    case 0xc0: return PackedElement(input_.Signed(2));
    case 0xd0: return PackedElement(input_.Signed(4));
    case 0xe0: return PackedElement(input_.Signed(8));
    case 0xf0: return PackedElement(input_.Signed(3));
    case 0xfe: return PackedElement(input_.Signed(1));
    default: break;
  }
  // 1111xxxx: 0 to 12 itself, plus one.
  if (head >= 0xf1 && head <= 0xfd) return PackedElement(int64_t{head & 0x0f} - 1);
  input_.Fail();
  return std::nullopt;
}

// ---- Intset

IntsetReader::IntsetReader(std::string_view bytes) : input_(bytes) {
  number_bytes_ = static_cast<size_t>(input_.Little(4));
  count_ = input_.Little(4);
  const bool is_size_known = number_bytes_ == 2 || number_bytes_ == 4 || number_bytes_ == 8;
  if (!is_size_known || count_ * number_bytes_ != input_.left_bytes()) input_.Fail();
}

std::optional<PackedElement> IntsetReader::Next() {
  if (!ok() || input_.left_bytes() == 0) return std::nullopt;
  const int64_t number = input_.Signed(number_bytes_);
  if (previous_ && number <= *previous_) input_.Fail();
  previous_ = number;
  return ok() ? std::optional(PackedElement(number)) : std::nullopt;
}

// ---- Zipmap

ZipmapReader::ZipmapReader(std::string_view bytes)
    : input_(bytes), announced_count_(input_.Little(1)) {}

std::optional<PackedElement> ZipmapReader::Next() {
  if (!ok() || is_ended_) return std::nullopt;
  uint64_t size = input_.Little(1);
  if (!ok()) return std::nullopt;
  if (size == kEndMark) {
    const bool is_count_right = announced_count_ >= 254 || announced_count_ == count_;
    if (is_value_next_ || input_.left_bytes() != 0 || !is_count_right) input_.Fail();
    is_ended_ = true;
    return std::nullopt;
  }
  if (size == 254) size = input_.Little(4);
  const uint64_t unused_bytes = is_value_next_ ? input_.Little(1) : 0;
  const std::string_view text = input_.Text(static_cast<size_t>(size));
  input_.Text(static_cast<size_t>(unused_bytes));
  if (!ok()) return std::nullopt;
  if (is_value_next_) ++count_;
  is_value_next_ = !is_value_next_;
  return PackedElement(text);
}

}  // namespace ringtail::persistence
