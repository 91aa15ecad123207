// Reads the parts that RDB values are made of: lengths, strings, numbers.
//
//   RdbReader reader(bytes, string_bytes_max);
//   RdbString room;
//   for (uint64_t n = reader.Length(); n > 0 && reader.ok(); --n) Use(reader.String(room));
//   if (!reader.ok()) …
//
// The bytes come from anybody. Each length is compared with the bytes there are before anything is
// made of it, and nothing is allocated for a count. The first thing that is wrong makes ok() false
// for good; from then on everything read is zero or empty. Thread rule: a reader belongs to one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "persistence/rdb_format.h"

namespace ringtail::persistence {

/// Room for a string that does not lie in the input as it is.
class RdbString {
 private:
  friend class RdbReader;
  char digits_[20];
  std::string block_;
};

class RdbReader {
 public:
  /// No string may be longer than `string_bytes_max`, not even decompressed.
  RdbReader(std::string_view bytes, size_t string_bytes_max)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()), string_bytes_max_(string_bytes_max) {}

  uint8_t Byte();
  /// So many bytes of the input.
  std::string_view Bytes(uint64_t count);
  uint64_t Length();
  /// A string in any form; good while both the input and `room` are left as they are.
  std::string_view String(RdbString& room);
  /// The same without looking at it.
  void SkipString();
  /// Four and eight bytes, the lowest first.
  uint32_t Fixed32();
  uint64_t Fixed64();
  double Double();
  /// A number as text behind one byte of length, as sorted sets had it before RDB 8.
  double TextDouble();

  /// Says that what was read makes no sense.
  void Fail() {
    is_ok_ = false;
    at_ = end_;
  }
  bool ok() const { return is_ok_; }
  /// After a failure: all that was read makes sense so far, there are only too few bytes.
  bool has_run_out() const { return has_run_out_; }
  bool is_end() const { return at_ == end_; }
  std::string_view rest() const { return {at_, left_bytes()}; }
  size_t left_bytes() const { return static_cast<size_t>(end_ - at_); }

 private:
  template <typename Int>
  Int Little();
  uint64_t Big(size_t byte_count);
  /// A length of which the first byte was read already.
  uint64_t LengthAfter(uint8_t first);
  std::string_view EncodedString(uint8_t form, RdbString& room);
  std::string_view Decompress(RdbString& room);

  const char* at_;
  const char* const end_;
  const size_t string_bytes_max_;
  bool is_ok_ = true;
  bool has_run_out_ = false;
};

}  // namespace ringtail::persistence
