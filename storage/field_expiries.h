// Which fields of one hash expire, the soonest first.
//
//   FieldExpiries expiries;
//   expiries.Add(field);                                   // made with an expiry
//   while (expiries.soonest_ms() <= now_ms) …expiries.soonest()…
//
// A binary heap; each field knows its place in it, so any of them can leave or change in O(log n).
// Thread rule: belongs to its hash.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "storage/hash_field.h"

namespace ringtail::storage {

class FieldExpiries {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  void Add(HashField* field);
  void Remove(const HashField* field);
  /// To be called after a field's expiry was changed.
  void Update(HashField* field);
  /// `field` has come in the place of another that had this index, with the same expiry.
  void Moved(HashField* field, uint32_t index);

  /// When the next field expires, or kNever.
  int64_t soonest_ms() const { return heap_.empty() ? kNever : heap_[0].expiry_ms; }
  /// That field; there must be one.
  HashField* soonest() const { return heap_[0].field; }
  size_t size() const { return heap_.size(); }
  size_t footprint_bytes() const {
    return heap_.capacity() == 0 ? 0 : memory::ReservedBytes(heap_.capacity() * sizeof(Due));
  }
  /// Checks order and indexes; for tests. The first violation, or null.
  const char* Verify() const;

 private:
  struct Due {
    int64_t expiry_ms;
    HashField* field;
  };

  void Put(size_t index, const Due& due) {
    heap_[index] = due;
    due.field->SetHeapIndex(static_cast<uint32_t>(index));
  }
  /// Puts `due` where it belongs, beginning at the place `index`, which is free.
  void Settle(size_t index, const Due& due);

  std::vector<Due> heap_;
};

}  // namespace ringtail::storage
