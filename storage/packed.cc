#include "storage/packed.h"

#include <algorithm>
#include <array>
#include <utility>

#include "storage/string_value.h"

namespace ringtail::storage {
namespace {

constexpr uint16_t kCountUnknown = 0xffff;

uint8_t Byte(const char* at) { return static_cast<uint8_t>(*at); }

size_t BackBytes(size_t length) {
  size_t bytes = 1;
  while (length >= 128) {
    length >>= 7;
    ++bytes;
  }
  return bytes;
}

uint16_t ReadCount(const char* data) {
  uint16_t count;
  std::memcpy(&count, data, 2);
  return count;
}

// Bytes of an integer's body behind the heads 0xf1 to 0xf4.
constexpr std::array<uint8_t, 5> kIntBytes = {0, 2, 3, 4, 8};

// Head and body, without the back length.
size_t ForwardBytes(const char* at) {
  const uint8_t head = Byte(at);
  if (head < 0x80) return 1;
  if (head < 0xc0) return size_t{1} + (head & 0x3f);
  if (head < 0xe0) return 2;
  if (head < 0xf0) return size_t{2} + ((size_t{head & 0x0fU} << 8) | Byte(at + 1));
  if (head == 0xf0) {
    uint32_t length;
    std::memcpy(&length, at + 1, 4);
    return size_t{5} + length;
  }
  return size_t{1} + kIntBytes[head - 0xf0U];
}

int64_t ReadInt(const char* from, size_t byte_count) {
  uint64_t bits = 0;
  std::memcpy(&bits, from, byte_count);
  const unsigned unused = static_cast<unsigned>(64 - 8 * byte_count);
  return static_cast<int64_t>(bits << unused) >> unused;
}

}  // namespace

// ---- Elements

std::string_view PackedElement::Bytes(char (&digits)[20]) const {
  return is_int_ ? std::string_view(digits, FormatInt(number_, digits)) : text_;
}

std::string PackedElement::String() const {
  char digits[20];
  return std::string(Bytes(digits));
}

size_t PackedElement::size() const {
  char digits[20];
  return Bytes(digits).size();
}

PackedNeedle::PackedNeedle(std::string_view bytes) {
  if (const auto number = CanonicalInt(bytes)) {
    *this = PackedNeedle(*number);
    return;
  }
  text_ = bytes;
  const size_t size = bytes.size();
  if (size < 64) {
    head_[0] = static_cast<unsigned char>(0x80 | size);
    head_bytes_ = 1;
  } else if (size < 4096) {
    head_[0] = static_cast<unsigned char>(0xe0 | (size >> 8));
    head_[1] = static_cast<unsigned char>(size & 0xff);
    head_bytes_ = 2;
  } else {
    const auto length = static_cast<uint32_t>(size);
    head_[0] = 0xf0;
    std::memcpy(head_ + 1, &length, 4);
    head_bytes_ = 5;
  }
  Complete();
}

PackedNeedle::PackedNeedle(int64_t number) {
  const auto fits = [number](unsigned bits) {
    const int64_t bound = int64_t{1} << (bits - 1);
    return number >= -bound && number < bound;
  };
  if (number >= 0 && number < 128) {
    head_[0] = static_cast<unsigned char>(number);
    head_bytes_ = 1;
  } else if (fits(13)) {
    const auto bits = static_cast<unsigned>(number) & 0x1fffU;
    head_[0] = static_cast<unsigned char>(0xc0U | (bits >> 8));
    head_[1] = static_cast<unsigned char>(bits & 0xffU);
    head_bytes_ = 2;
  } else {
    const size_t kind = fits(16) ? 1 : fits(24) ? 2 : fits(32) ? 3 : 4;
    head_[0] = static_cast<unsigned char>(0xf0U + kind);
    std::memcpy(head_ + 1, &number, kIntBytes[kind]);
    head_bytes_ = static_cast<uint8_t>(1 + kIntBytes[kind]);
  }
  Complete();
}

void PackedNeedle::Complete() {
  const size_t forward = head_bytes_ + text_.size();
  back_bytes_ = static_cast<uint8_t>(BackBytes(forward));
  element_bytes_ = forward + back_bytes_;
}

void PackedNeedle::Write(char* out) const {
  std::memcpy(out, head_, head_bytes_);
  out += head_bytes_;
  if (!text_.empty()) std::memcpy(out, text_.data(), text_.size());
  out += text_.size();
  size_t rest = head_bytes_ + text_.size();
  for (size_t i = back_bytes_; i-- > 0;) {
    const unsigned more = i == 0 ? 0U : 0x80U;
    out[i] = static_cast<char>((rest & 0x7f) | more);
    rest >>= 7;
  }
}

// ---- Reading

size_t PackedView::ElementBytes(const char* at) {
  const size_t forward = ForwardBytes(at);
  return forward + (forward < 128 ? 1 : BackBytes(forward));
}

const char* PackedView::Previous(const char* at) const {
  size_t forward = 0;
  unsigned shift = 0;
  const char* back = at - 1;
  for (;; --back, shift += 7) {
    forward |= size_t{Byte(back) & 0x7fU} << shift;
    if ((Byte(back) & 0x80) == 0) break;
  }
  return back - forward;
}

PackedElement PackedView::Get(const char* at) const {
  const uint8_t head = Byte(at);
  if (head < 0x80) return PackedElement(int64_t{head});
  if (head < 0xc0) return PackedElement(std::string_view(at + 1, head & 0x3f));
  if (head < 0xe0) {
    const uint64_t bits = (uint64_t{head & 0x1fU} << 8) | Byte(at + 1);
    return PackedElement(static_cast<int64_t>(bits << 51) >> 51);
  }
  if (head < 0xf0) {
    return PackedElement(
        std::string_view(at + 2, (size_t{head & 0x0fU} << 8) | Byte(at + 1)));
  }
  if (head == 0xf0) return PackedElement(std::string_view(at + 5, ForwardBytes(at) - 5));
  return PackedElement(ReadInt(at + 1, kIntBytes[head - 0xf0U]));
}

size_t PackedView::count() const {
  if (bytes_.empty()) return 0;
  const uint16_t count = ReadCount(bytes_.data());
  if (count != kCountUnknown) return count;
  size_t walked = 0;
  for (const char* at = first(); at != end(); at = Next(at)) ++walked;
  return walked;
}

const char* PackedView::At(int64_t index) const {
  const auto size = static_cast<int64_t>(count());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return end();
  if (index <= size / 2) {
    const char* at = first();
    while (index-- > 0) at = Next(at);
    return at;
  }
  const char* at = end();
  for (int64_t back = size - index; back > 0; --back) at = Previous(at);
  return at;
}

const char* PackedView::Verify() const {
  if (bytes_.empty()) return nullptr;
  if (bytes_.size() <= kPackedHeaderBytes) return "a packed collection has a header and no elements";
  size_t walked = 0;
  const char* at = first();
  while (at < end()) {
    const size_t size = ElementBytes(at);
    if (size > static_cast<size_t>(end() - at)) return "a packed element goes beyond the end";
    if (Previous(at + size) != at) return "a packed element's back length is wrong";
    at += size;
    ++walked;
  }
  if (at != end()) return "the last packed element goes beyond the end";
  const uint16_t count = ReadCount(bytes_.data());
  return count == kCountUnknown || count == walked ? nullptr : "a packed count is wrong";
}

// ---- Changing

void packed::AdjustCount(char* data, int64_t change) {
  const uint16_t count = ReadCount(data);
  if (count == kCountUnknown) return;
  const int64_t sum = std::min<int64_t>(count + change, kCountUnknown);
  const auto stored = static_cast<uint16_t>(sum);
  std::memcpy(data, &stored, 2);
}

PackedBuffer::PackedBuffer(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(OpenGap(0, bytes.size()), bytes.data(), bytes.size());
}

void PackedBuffer::Swap(PackedBuffer& other) {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void PackedBuffer::Clear() {
  if (capacity_ != 0) memory::Free(data_, capacity_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

void PackedBuffer::SetCapacity(size_t capacity) {
  data_ = static_cast<char*>(capacity_ == 0 ? memory::Allocate(capacity)
                                            : memory::Reallocate(data_, capacity_, capacity));
  capacity_ = capacity;
}

char* PackedBuffer::OpenGap(size_t offset, size_t byte_count) {
  const size_t size = size_ + byte_count;
  if (size > capacity_) SetCapacity(memory::ReservedBytes(size));
  std::memmove(data_ + offset + byte_count, data_ + offset, size_ - offset);
  size_ = size;
  return data_ + offset;
}

void PackedBuffer::CloseGap(size_t offset, size_t byte_count) {
  std::memmove(data_ + offset, data_ + offset + byte_count, size_ - offset - byte_count);
  size_ -= byte_count;
  if (size_ == 0) {
    Clear();
  } else if (memory::ReservedBytes(size_) * 2 <= capacity_) {
    SetCapacity(memory::ReservedBytes(size_));
  }
}

}  // namespace ringtail::storage
