// Which hashes of a database have fields that expire, by when the next of them does.
//
//   FieldExpiryIndex index;
//   index.Note(position, hash);            // whenever a hash came in, or a field got an expiry
//   if (HashTable* hash = index.Due(now_ms)) …
//
// A hash whose next expiry has moved into the future stays where it is, and is put right when it
// comes up. O(log n) each.
// Thread rule: belongs to its partition, like the table.
#pragma once

#include <cstdint>
#include <set>
#include <utility>

#include "storage/hash_table.h"

namespace ringtail::storage {

class FieldExpiryIndex {
 public:
  /// Takes in a hash, or takes note that a field of it now expires sooner. `position` is its key's.
  void Note(uint32_t position, HashTable& hash);
  /// Forgets a hash, if it is known.
  void Forget(HashTable& hash);
  /// A hash that has come up, or null.
  HashTable* Due(int64_t now_ms) const;
  /// The position of the key of a hash that is known.
  static uint32_t PositionOf(const HashTable& hash) { return hash.indexed_position_; }
  size_t size() const { return dues_.size(); }

 private:
  std::set<std::pair<int64_t, HashTable*>> dues_;
};

}  // namespace ringtail::storage
