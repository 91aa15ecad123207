#include "storage/hash_table.h"

#include "storage/table_impl.h"

namespace ringtail::storage {

template class BasicTable<HashField>;

// Puts a field in the place of another of the same name.
void HashTable::Replace(FieldTable::Slot slot, HashField* field) {
  HashField* const old = slot.entry();
  field_bytes_ += field->footprint_bytes() - old->footprint_bytes();
  if (old->is_volatile() && field->is_volatile()) {
    expiries_.Moved(field, old->heap_index());
  } else if (old->is_volatile()) {
    expiries_.Remove(old);
  } else if (field->is_volatile()) {
    expiries_.Add(field);
  }
  table_.Replace(slot, field);
  HashField::Destroy(old);
}

bool HashTable::Set(std::string_view name, std::string_view value, FieldTtl ttl) {
  const Key key = MemberHasher().MakeKey(name);
  const FieldTable::Slot slot = table_.Find(key);
  if (!slot) {
    HashField* const field = HashField::Create(name, value, kNoExpiry);
    field_bytes_ += field->footprint_bytes();
    table_.Insert(key.hash, field);
    return true;
  }
  HashField* const field = slot.entry();
  const int64_t expiry_ms = ttl == FieldTtl::kKeep ? field->expiry_ms() : kNoExpiry;
  if (expiry_ms == field->expiry_ms() && field->Overwrite(value)) return false;
  Replace(slot, HashField::Create(name, value, expiry_ms));
  return false;
}

bool HashTable::Erase(std::string_view name) {
  const FieldTable::Slot slot = table_.Find(MemberHasher().MakeKey(name));
  if (!slot) return false;
  HashField* const field = table_.Erase(slot);
  if (field->is_volatile()) expiries_.Remove(field);
  field_bytes_ -= field->footprint_bytes();
  HashField::Destroy(field);
  return true;
}

void HashTable::SetExpiry(std::string_view name, int64_t expiry_ms) {
  const FieldTable::Slot slot = table_.Find(MemberHasher().MakeKey(name));
  HashField* const field = slot.entry();
  if (field->is_volatile() != (expiry_ms != kNoExpiry)) {
    Replace(slot, HashField::Create(field->key(), field->value(), expiry_ms));
  } else if (field->is_volatile() && field->expiry_ms() != expiry_ms) {
    field->SetExpiryMs(expiry_ms);
    expiries_.Update(field);
  }
}

std::unique_ptr<Object> HashTable::Clone() const {
  auto clone = std::make_unique<HashTable>();
  table_.VisitAll([&](const HashField* field) {
    HashField* const copy = HashField::Create(field->key(), field->value(), field->expiry_ms());
    clone->field_bytes_ += copy->footprint_bytes();
    clone->table_.Insert(MemberHasher().Hash(copy->key()), copy);
    if (copy->is_volatile()) clone->expiries_.Add(copy);
  });
  return clone;
}

size_t HashTable::footprint_bytes() const {
  return memory::ReservedBytes(sizeof(HashTable)) + table_.footprint_bytes() + field_bytes_ +
         expiries_.footprint_bytes();
}

const char* HashTable::Verify() const {
  if (const char* problem = table_.Verify(MemberHasher())) return problem;
  if (const char* problem = expiries_.Verify()) return problem;
  size_t volatile_count = 0;
  size_t bytes = 0;
  table_.VisitAll([&](const HashField* field) {
    volatile_count += field->is_volatile() ? 1 : 0;
    bytes += field->footprint_bytes();
  });
  if (volatile_count != expiries_.size()) return "a field that expires is not in the heap";
  return bytes == field_bytes_ ? nullptr : "the bytes of the fields are miscounted";
}

}  // namespace ringtail::storage
