// A large hash: a table of fields, and the order in which those of them expire that do.
//
//   HashTable hash;
//   hash.Set("name", "value", FieldTtl::kDrop);
//   if (const HashField* field = hash.Find("name")) Send(field->value());
//
// Hides nothing: fields past their time are there until somebody erases them (see
// Database::EraseExpiredFields).
// Thread rule: as for Object.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/field_expiries.h"
#include "storage/hash_field.h"
#include "storage/object.h"
#include "storage/table.h"

namespace ringtail::storage {

using FieldTable = BasicTable<HashField>;

/// What becomes of a field's expiry when it gets another value.
enum class FieldTtl : uint8_t { kDrop, kKeep };

class HashTable final : public Object {
 public:
  HashTable() = default;

  /// The field, or null. Good until the hash is changed.
  const HashField* Find(std::string_view name) const {
    const auto slot = table_.Find(MemberHasher().MakeKey(name));
    return slot ? slot.entry() : nullptr;
  }
  /// Sets a field's value; returns whether the field is new.
  bool Set(std::string_view name, std::string_view value, FieldTtl ttl);
  /// Erases a field; returns whether it was there.
  bool Erase(std::string_view name);
  /// Sets or (kNoExpiry) removes the expiry of a field that is there.
  void SetExpiry(std::string_view name, int64_t expiry_ms);

  const FieldTable& fields() const { return table_; }
  /// When the next field expires, or FieldExpiries::kNever.
  int64_t next_expiry_ms() const { return expiries_.soonest_ms(); }
  /// The field that expires then; there must be one.
  const HashField* next_expiring() const { return expiries_.soonest(); }
  size_t volatile_count() const { return expiries_.size(); }

  std::unique_ptr<Object> Clone() const override;
  size_t footprint_bytes() const override;
  size_t element_count() const override { return table_.size(); }
  std::string_view encoding_name() const override { return "hashtable"; }
  void PrefetchBucket(KeyHash hash) const override { table_.PrefetchBucket(hash); }
  void PrefetchMember(KeyHash hash) const override { table_.PrefetchEntry(hash); }
  const char* Verify() const override;

 private:
  friend class FieldExpiryIndex;

  void Replace(FieldTable::Slot slot, HashField* field);

  FieldTable table_;
  FieldExpiries expiries_;
  size_t field_bytes_ = 0;
  // The database's index: under what time it knows this hash, and the position of the key.
  int64_t indexed_ms_ = FieldExpiries::kNever;
  uint32_t indexed_position_ = 0;
};

/// The entry's large hash, if it is one; else null.
inline HashTable* HashTableOf(const Entry& entry) {
  if (entry.type() != ValueType::kHash || entry.encoding() != Encoding::kObject) return nullptr;
  return &ObjectOf<HashTable>(entry);
}

}  // namespace ringtail::storage
