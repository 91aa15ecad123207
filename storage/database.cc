#include "storage/database.h"

#include <cstring>

#include "storage/field_expiry_index.h"
#include "storage/string_value.h"

namespace ringtail::storage {

Database::Database(const Options& options)
    : table_(options.grow_load, options.retirer), disposer_(options.disposer) {}

Database::~Database() = default;

void Database::Index(KeyHash hash, Entry* entry, int64_t now_ms) {
  if (index_ == nullptr) index_ = std::make_unique<ExpiryIndex>(table_, now_ms);
  index_->Add(hash.position(), entry);
}

void Database::Reindex(KeyHash hash, Entry* old_entry, Entry* entry, int64_t now_ms) {
  const uint32_t handle = old_entry->expiry_handle();
  if (!entry->is_volatile()) {
    if (handle != kNoHandle) index_->Remove(old_entry);
    return;
  }
  entry->SetExpiryHandle(handle);
  if (handle == kNoHandle) {
    Index(hash, entry, now_ms);
  } else {
    index_->Update(hash.position(), entry);
  }
}

void Database::Add(KeyHash hash, Entry* entry, int64_t now_ms) {
  table_.Insert(hash, entry);
  if (entry->is_volatile()) {
    entry->SetExpiryHandle(kNoHandle);
    Index(hash, entry, now_ms);
  }
  NoteFields(hash, *entry);
}

void Database::Replace(KeyHash hash, Found found, Entry* entry, int64_t now_ms) {
  ForgetFields(*found.entry);
  table_.Replace(found.slot, entry);
  Reindex(hash, found.entry, entry, now_ms);
  NoteFields(hash, *entry);
  Dispose(found.entry);
}

void Database::ReplaceShell(KeyHash hash, Found found, Entry* entry, int64_t now_ms) {
  table_.Replace(found.slot, entry);
  Reindex(hash, found.entry, entry, now_ms);
  Entry::DestroyShell(found.entry);
}

Entry* Database::Detach(Found found) {
  if (found.entry->expiry_handle() != kNoHandle) index_->Remove(found.entry);
  ForgetFields(*found.entry);
  return table_.Erase(found.slot);
}

bool Database::OverwriteInPlace(Entry* entry, std::string_view value) {
  if (entry->type() != ValueType::kString || entry->encoding() >= Encoding::kShared) return false;
  if (const auto number = CanonicalInt(value)) {
    if (entry->encoding() != Encoding::kInt) return false;
    entry->SetIntValue(*number);
    return true;
  }
  if (entry->encoding() != Encoding::kBlob || value.size() >= kSharedStringBytesMin) return false;
  if (entry->blob_view().size() != value.size()) {
    if (!entry->FitsInPlace(Encoding::kBlob, value.size())) return false;
    entry->SetBlobBytes(value.size());
  }
  std::memcpy(entry->blob().data(), value.data(), value.size());
  entry->SetRaw(false);
  return true;
}

Entry* Database::SetString(const Key& key, Found found, std::string_view value, int64_t expiry_ms,
                           int64_t now_ms) {
  const bool is_volatile = expiry_ms != kNoExpiry;
  if (found && found.entry->is_volatile() == is_volatile && OverwriteInPlace(found.entry, value)) {
    if (is_volatile && found.entry->expiry_ms() != expiry_ms) {
      found.entry->SetExpiryMs(expiry_ms);
      index_->Update(key.hash.position(), found.entry);
    }
    return found.entry;
  }
  Entry* entry = MakeString(key.bytes, value, is_volatile);
  if (is_volatile) entry->SetExpiryMs(expiry_ms);
  if (found) {
    entry->SetAccess(found.entry->access());
    Replace(key.hash, found, entry, now_ms);
  } else {
    Add(key.hash, entry, now_ms);
  }
  return entry;
}

Entry* Database::SetExpiry(const Key& key, Found found, int64_t expiry_ms, int64_t now_ms) {
  Entry* entry = found.entry;
  const bool is_volatile = expiry_ms != kNoExpiry;
  if (entry->is_volatile() != is_volatile) {
    const bool is_blob = entry->encoding() == Encoding::kBlob;
    const size_t bytes = is_blob ? entry->blob_view().size() : 0;
    Entry* reshaped = Entry::CreateLike(*entry, entry->encoding(), bytes, is_volatile);
    if (is_blob) {
      std::memcpy(reshaped->blob().data(), entry->blob_view().data(), bytes);
    } else {
      reshaped->SetPointer(entry->pointer());
    }
    if (is_volatile) reshaped->SetExpiryMs(expiry_ms);
    ReplaceShell(key.hash, found, reshaped, now_ms);
    return reshaped;
  }
  if (is_volatile) {
    entry->SetExpiryMs(expiry_ms);
    index_->Update(key.hash.position(), entry);
  }
  return entry;
}

// ---- Fields of hashes

int64_t Database::NextFieldExpiryMs(const Entry& entry) {
  return ObjectOf<HashTable>(entry).next_expiry_ms();
}

void Database::NoteFieldExpiry(KeyHash hash, Entry& entry) {
  HashTable* const table = HashTableOf(entry);
  if (table == nullptr || table->volatile_count() == 0) return;
  if (field_index_ == nullptr) field_index_ = std::make_unique<FieldExpiryIndex>();
  field_index_->Note(hash.position(), *table);
}

void Database::ForgetFieldExpiry(Entry& entry) {
  if (HashTable* const table = HashTableOf(entry)) field_index_->Forget(*table);
}

bool Database::EraseExpiredFields(Found found, int64_t now_ms, const ErasedField& erased) {
  HashTable& table = ObjectOf<HashTable>(*found.entry);
  while (table.next_expiry_ms() <= now_ms) {
    const std::string_view field = table.next_expiring()->key();
    erased(*found.entry, field);
    table.Erase(field);
  }
  if (table.element_count() != 0) return true;
  Erase(found);
  return false;
}

bool Database::EraseExpiredFields(int64_t now_ms, size_t field_count_max,
                                  const ErasedField& erased) {
  if (field_index_ == nullptr) return false;
  while (HashTable* const table = field_index_->Due(now_ms)) {
    const uint32_t position = FieldExpiryIndex::PositionOf(*table);
    Found found;
    table_.VisitPosition(position, [&](Table::Slot slot) {
      if (HashTableOf(*slot.entry()) != table) return false;
      found = {slot, slot.entry()};
      return true;
    });
    while (table->next_expiry_ms() <= now_ms) {
      if (field_count_max == 0) return true;
      --field_count_max;
      const std::string_view field = table->next_expiring()->key();
      erased(*found.entry, field);
      table->Erase(field);
    }
    if (table->element_count() == 0) {
      Erase(found);
    } else {
      field_index_->Forget(*table);
      if (table->volatile_count() != 0) field_index_->Note(position, *table);
    }
  }
  return false;
}

const char* Database::Verify(const KeyHasher& hasher) const {
  if (const char* problem = table_.Verify(hasher)) return problem;
  size_t with_handle = 0;
  table_.VisitAll([&](Entry* entry) { with_handle += entry->expiry_handle() != kNoHandle; });
  if (with_handle != volatile_count()) return "a volatile entry is not in the expiry index";
  return index_ == nullptr ? nullptr : index_->Verify();
}

}  // namespace ringtail::storage
