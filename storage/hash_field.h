// A field of a large hash with its value, in one allocation.
//
//   HashField* field = HashField::Create("name", "value", kNoExpiry);
//   Send(field->value());
//   HashField::Destroy(field);
//
// Layout, with no padding (a 12-byte name and a 16-byte value take 30 bytes, in a block of 32):
//
//   head 1: bit 7: it expires; bits 0-6: name length, 126: it follows in 2 bytes, 127: in 4
//   [name length 2 or 4] | [expiry 8, heap index 4] | name | value length 1-5 | value
//
// Thread rule: belongs to its hash.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/memory.h"
#include "storage/entry.h"

namespace ringtail::storage {

class HashField {
 public:
  /// A field. With an expiry (other than kNoExpiry) it also has room for a heap index, not set yet.
  static HashField* Create(std::string_view name, std::string_view value, int64_t expiry_ms);
  static void Destroy(HashField* field) { memory::Free(field, field->allocated_bytes()); }

  /// The field's name, under the name that BasicTable wants.
  std::string_view key() const {
    const char* at = bytes();
    const size_t size = ReadNameLength(at);
    return {at + options_bytes(), size};
  }
  std::string_view value() const {
    const std::string_view name = key();
    const char* at = name.data() + name.size();
    const size_t size = ReadLength(at);
    return {at, size};
  }
  bool is_volatile() const { return (head_ & 0x80) != 0; }
  /// Milliseconds since the epoch, or kNoExpiry.
  int64_t expiry_ms() const { return is_volatile() ? Load<int64_t>(options()) : kNoExpiry; }
  /// Only for fields made with an expiry.
  void SetExpiryMs(int64_t expiry_ms) { std::memcpy(options(), &expiry_ms, 8); }
  /// Where it is in FieldExpiries.
  uint32_t heap_index() const { return Load<uint32_t>(options() + 8); }
  void SetHeapIndex(uint32_t index) { std::memcpy(options() + 8, &index, 4); }

  /// Writes another value over the old one, if a new field would get a block of the same size.
  bool Overwrite(std::string_view value);

  /// The size asked of the allocator, and the one it gave.
  size_t allocated_bytes() const {
    const std::string_view last = value();
    return static_cast<size_t>(last.data() + last.size() - bytes());
  }
  size_t footprint_bytes() const { return memory::ReservedBytes(allocated_bytes()); }

 private:
  template <typename T>
  static T Load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
  static size_t NameLengthBytes(size_t length) { return length < 126 ? 1 : length < 65536 ? 3 : 5; }
  static size_t LengthBytes(size_t length) { return length < 128 ? 1 : length < 16384 ? 2 : 5; }
  static size_t ReadNameLength(const char*& at) {
    const unsigned head = static_cast<unsigned char>(*at++) & 0x7fU;
    if (head < 126) [[likely]]
      return head;
    if (head == 126) {
      at += 2;
      return Load<uint16_t>(at - 2);
    }
    at += 4;
    return Load<uint32_t>(at - 4);
  }
  static size_t ReadLength(const char*& at) {
    const auto first = static_cast<unsigned char>(*at++);
    if (first < 0x80) [[likely]]
      return first;
    if (first < 0xc0) return (size_t{first & 0x3fU} << 8) | static_cast<unsigned char>(*at++);
    at += 4;
    return Load<uint32_t>(at - 4);
  }
  static char* WriteLength(char* at, size_t length);

  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  size_t options_bytes() const { return is_volatile() ? 12 : 0; }
  const char* options() const {
    const char* at = bytes();
    ReadNameLength(at);
    return at;
  }
  char* options() { return const_cast<char*>(std::as_const(*this).options()); }

  char head_;
};

}  // namespace ringtail::storage
