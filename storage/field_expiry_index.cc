#include "storage/field_expiry_index.h"

namespace ringtail::storage {

void FieldExpiryIndex::Note(uint32_t position, HashTable& hash) {
  const int64_t next_ms = hash.next_expiry_ms();
  if (next_ms >= hash.indexed_ms_) return;
  Forget(hash);
  hash.indexed_ms_ = next_ms;
  hash.indexed_position_ = position;
  dues_.emplace(next_ms, &hash);
}

void FieldExpiryIndex::Forget(HashTable& hash) {
  if (hash.indexed_ms_ == FieldExpiries::kNever) return;
  dues_.erase({hash.indexed_ms_, &hash});
  hash.indexed_ms_ = FieldExpiries::kNever;
}

HashTable* FieldExpiryIndex::Due(int64_t now_ms) const {
  if (dues_.empty() || dues_.begin()->first > now_ms) return nullptr;
  return dues_.begin()->second;
}

}  // namespace ringtail::storage
