#include "persistence/rdb_writer.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "storage/string_value.h"

namespace ringtail::persistence {
namespace {

// The longest text of a 32-bit integer.
constexpr size_t kIntegerTextBytesMax = 11;
// Strings up to this size are not worth compressing.
constexpr size_t kShortBytesMax = 20;

template <typename Int>
bool Fits(int64_t number) {
  return number >= std::numeric_limits<Int>::min() && number <= std::numeric_limits<Int>::max();
}

}  // namespace

void RdbWriter::Little(uint64_t value, size_t byte_count) {
  for (size_t i = 0; i < byte_count; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
}

void RdbWriter::Big64(uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(value >> shift));
}

void RdbWriter::Double(double value) { Fixed64(std::bit_cast<uint64_t>(value)); }

void RdbWriter::Length(uint64_t length) {
  if (length < 64) {
    out_.push_back(static_cast<char>(length));
  } else if (length < 16384) {
    out_.push_back(static_cast<char>(0x40 | length >> 8));
    out_.push_back(static_cast<char>(length));
  } else if (length <= std::numeric_limits<uint32_t>::max()) {
    out_.push_back(static_cast<char>(kRdbLength32));
    for (int shift = 24; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(length >> shift));
  } else {
    out_.push_back(static_cast<char>(kRdbLength64));
    Big64(length);
  }
}

void RdbWriter::String(std::string_view bytes) {
  if (bytes.size() <= kIntegerTextBytesMax) {
    const auto number = storage::CanonicalInt(bytes);
    if (number && Fits<int32_t>(*number)) return Integer(*number);
  }
  if (compressor_ != nullptr && bytes.size() > kShortBytesMax && Compressed(bytes)) return;
  Length(bytes.size());
  Bytes(bytes);
}

// The compressed length comes first, but is known only afterwards.
bool RdbWriter::Compressed(std::string_view bytes) {
  std::string compressed;
  if (!compressor_->Compress(bytes, compressed)) return false;
  out_.push_back(static_cast<char>(0xc0 | static_cast<uint8_t>(RdbStringForm::kLzf)));
  Length(compressed.size());
  Length(bytes.size());
  Bytes(compressed);
  return true;
}

void RdbWriter::String(const storage::PackedElement& element) {
  if (element.is_int()) return Integer(element.number());
  String(element.text());
}

void RdbWriter::Integer(int64_t number) {
  const auto form = [&](RdbStringForm value, size_t byte_count) {
    out_.push_back(static_cast<char>(0xc0 | static_cast<uint8_t>(value)));
    Little(static_cast<uint64_t>(number), byte_count);
  };
  if (Fits<int8_t>(number)) return form(RdbStringForm::kInt8, 1);
  if (Fits<int16_t>(number)) return form(RdbStringForm::kInt16, 2);
  if (Fits<int32_t>(number)) return form(RdbStringForm::kInt32, 4);
  char digits[20];
  const size_t size = storage::FormatInt(number, digits);
  Length(size);
  Bytes({digits, size});
}

// ---- Listpacks

void ListpackWriter::Add(const storage::PackedNeedle& needle) {
  const size_t begin = elements_.size();
  elements_.resize(begin + needle.element_bytes());
  needle.Write(elements_.data() + begin);
  ++count_;
}

// Header of total bytes 4 and count 2 (65535: count by walking), elements, end mark.
void ListpackWriter::Finish(RdbWriter& writer) {
  const size_t size = 4 + 2 + elements_.size() + 1;
  writer.Length(size);
  writer.Little(size, 4);
  writer.Little(std::min<uint64_t>(count_, 65535), 2);
  writer.Bytes(elements_);
  writer.Little(0xff, 1);
  elements_.clear();
  count_ = 0;
}

}  // namespace ringtail::persistence
