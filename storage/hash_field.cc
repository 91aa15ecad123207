#include "storage/hash_field.h"

namespace ringtail::storage {

char* HashField::WriteLength(char* at, size_t length) {
  if (length < 128) {
    *at = static_cast<char>(length);
    return at + 1;
  }
  if (length < 16384) {
    at[0] = static_cast<char>(0x80 | (length >> 8));
    at[1] = static_cast<char>(length & 0xff);
    return at + 2;
  }
  *at = static_cast<char>(0xc0);
  const auto stored = static_cast<uint32_t>(length);
  std::memcpy(at + 1, &stored, 4);
  return at + 5;
}

HashField* HashField::Create(std::string_view name, std::string_view value, int64_t expiry_ms) {
  const bool is_volatile = expiry_ms != kNoExpiry;
  const size_t size = NameLengthBytes(name.size()) + (is_volatile ? 12 : 0) + name.size() +
                      LengthBytes(value.size()) + value.size();
  auto* const field = static_cast<HashField*>(memory::Allocate(size));
  char* at = reinterpret_cast<char*>(field);
  const unsigned flag = is_volatile ? 0x80 : 0;
  const size_t name_bytes = NameLengthBytes(name.size()) - 1;
  const size_t head = name_bytes == 0 ? name.size() : name_bytes == 2 ? 126 : 127;
  *at++ = static_cast<char>(flag | head);
  const auto length = static_cast<uint32_t>(name.size());
  std::memcpy(at, &length, name_bytes);
  at += name_bytes;
  if (is_volatile) {
    std::memcpy(at, &expiry_ms, 8);
    at += 12;
  }
  if (!name.empty()) std::memcpy(at, name.data(), name.size());
  at = WriteLength(at + name.size(), value.size());
  if (!value.empty()) std::memcpy(at, value.data(), value.size());
  return field;
}

bool HashField::Overwrite(std::string_view value) {
  const std::string_view name = key();
  const std::string_view old = this->value();
  const char* const end = name.data() + name.size();
  char* at = const_cast<char*>(end);
  if (old.size() != value.size()) {
    const auto front_bytes = static_cast<size_t>(end - bytes());
    const size_t size = front_bytes + LengthBytes(value.size()) + value.size();
    if (memory::ReservedBytes(size) != footprint_bytes()) return false;
    at = WriteLength(at, value.size());
  } else {
    at = const_cast<char*>(old.data());
  }
  if (!value.empty()) std::memmove(at, value.data(), value.size());
  return true;
}

}  // namespace ringtail::storage
