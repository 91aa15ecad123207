// Writes the parts that RDB values are made of, behind what a string already holds.
//
//   std::string out;
//   RdbWriter writer(out);
//   writer.Length(count);
//   writer.String("member");
//
// Thread rule: a writer belongs to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "persistence/lzf.h"
#include "persistence/rdb_format.h"
#include "storage/packed.h"

namespace ringtail::persistence {

class RdbWriter {
 public:
  /// With a compressor, strings of more than 20 bytes are compressed where that makes them shorter.
  explicit RdbWriter(std::string& out, LzfCompressor* compressor = nullptr)
      : out_(out), compressor_(compressor) {}

  void Type(RdbType type) { out_.push_back(static_cast<char>(type)); }
  void Bytes(std::string_view bytes) { out_.append(bytes); }
  void Length(uint64_t length);
  /// A string; one that is a 32-bit integer is written as that.
  void String(std::string_view bytes);
  void String(const storage::PackedElement& element);
  void Integer(int64_t number);
  /// Eight bytes, the lowest first.
  void Fixed64(uint64_t value) { Little(value, 8); }
  /// Eight bytes, the highest first, as in the ids of streams.
  void Big64(uint64_t value);
  void Double(double value);
  void Little(uint64_t value, size_t byte_count);

 private:
  bool Compressed(std::string_view bytes);

  std::string& out_;
  LzfCompressor* const compressor_;
};

/// Collects a listpack, as some values contain it.
class ListpackWriter {
 public:
  void Add(std::string_view bytes) { Add(storage::PackedNeedle(bytes)); }
  void Add(int64_t number) { Add(storage::PackedNeedle(number)); }
  void Add(const storage::PackedElement& element) {
    element.is_int() ? Add(element.number()) : Add(element.text());
  }
  /// Puts all elements of another one at the end.
  void Add(const ListpackWriter& other) {
    elements_ += other.elements_;
    count_ += other.count_;
  }
  size_t element_bytes() const { return elements_.size(); }
  /// Writes it as a string of the value and is empty then. It must be below 4 GiB.
  void Finish(RdbWriter& writer);

 private:
  void Add(const storage::PackedNeedle& needle);

  std::string elements_;
  uint64_t count_ = 0;
};

}  // namespace ringtail::persistence
