#include "persistence/rdb_reader.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/parse_number.h"
#include "persistence/lzf.h"
#include "storage/string_value.h"

namespace ringtail::persistence {

std::string_view RdbReader::Bytes(uint64_t count) {
  if (count > left_bytes()) {
    if (is_ok_) has_run_out_ = true;
    Fail();
    return {};
  }
  const std::string_view bytes(at_, static_cast<size_t>(count));
  at_ += count;
  return bytes;
}

uint8_t RdbReader::Byte() {
  const std::string_view byte = Bytes(1);
  return byte.empty() ? uint8_t{0} : static_cast<uint8_t>(byte[0]);
}

template <typename Int>
Int RdbReader::Little() {
  Int value = 0;
  const std::string_view bytes = Bytes(sizeof(Int));
  if (ok()) std::memcpy(&value, bytes.data(), sizeof(Int));
  return value;
}

uint64_t RdbReader::Big(size_t byte_count) {
  uint64_t value = 0;
  for (const char byte : Bytes(byte_count)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

uint64_t RdbReader::LengthAfter(uint8_t first) {
  switch (first >> 6) {
    case 0: return first;
    case 1: return (uint64_t{first} & 0x3f) << 8 | Byte();
    case 2:
      if (first == kRdbLength32) return Big(4);
      if (first == kRdbLength64) return Big(8);
      break;
    default: break;
  }
  Fail();
  return 0;
}

uint64_t RdbReader::Length() {
  const uint8_t first = Byte();
  return ok() ? LengthAfter(first) : 0;
}

std::string_view RdbReader::String(RdbString& room) {
  const uint8_t first = Byte();
  if (!ok()) return {};
  if (first >> 6 == 3) return EncodedString(first & 0x3f, room);
  const uint64_t length = LengthAfter(first);
  if (length > string_bytes_max_) Fail();
  return ok() ? Bytes(length) : std::string_view();
}

std::string_view RdbReader::EncodedString(uint8_t form, RdbString& room) {
  int64_t number = 0;
  switch (static_cast<RdbStringForm>(form)) {
    case RdbStringForm::kInt8: number = Little<int8_t>(); break;
    case RdbStringForm::kInt16: number = Little<int16_t>(); break;
    case RdbStringForm::kInt32: number = Little<int32_t>(); break;
    case RdbStringForm::kLzf: return Decompress(room);
    default: Fail();
  }
  if (!ok()) return {};
  return {room.digits_, storage::FormatInt(number, room.digits_)};
}

std::string_view RdbReader::Decompress(RdbString& room) {
  const uint64_t compressed_bytes = Length();
  const uint64_t expanded_bytes = Length();
  const std::string_view compressed = Bytes(compressed_bytes);
  if (expanded_bytes > string_bytes_max_ ||
      expanded_bytes > LzfExpandedBytesMax(compressed.size())) {
    Fail();
  }
  if (!ok()) return {};
  room.block_.resize(static_cast<size_t>(expanded_bytes));
  if (!LzfDecompress(compressed, room.block_)) {
    Fail();
    return {};
  }
  return room.block_;
}

void RdbReader::SkipString() {
  const uint8_t first = Byte();
  if (!ok()) return;
  uint64_t byte_count = 0;
  if (first >> 6 != 3) {
    byte_count = LengthAfter(first);
  } else {
    switch (static_cast<RdbStringForm>(first & 0x3f)) {
      case RdbStringForm::kInt8: byte_count = 1; break;
      case RdbStringForm::kInt16: byte_count = 2; break;
      case RdbStringForm::kInt32: byte_count = 4; break;
      case RdbStringForm::kLzf:
        byte_count = Length();
        if (Length() > string_bytes_max_) Fail();
        break;
      default: Fail();
    }
  }
  if (byte_count > string_bytes_max_) Fail();
  if (ok()) Bytes(byte_count);
}

uint32_t RdbReader::Fixed32() { return Little<uint32_t>(); }
uint64_t RdbReader::Fixed64() { return Little<uint64_t>(); }

double RdbReader::Double() {
  const uint64_t bits = Little<uint64_t>();
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// Three lengths stand for what has no digits.
double RdbReader::TextDouble() {
  const uint8_t length = Byte();
  if (length == 253) return std::numeric_limits<double>::quiet_NaN();
  if (length == 254) return std::numeric_limits<double>::infinity();
  if (length == 255) return -std::numeric_limits<double>::infinity();
  const std::string_view text = Bytes(length);
  const auto value = ParseDouble(text);
  if (!value) Fail();
  return value.value_or(0);
}

}  // namespace ringtail::persistence
