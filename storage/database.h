// One database's share of a partition: a table, and the index of those entries that expire.
//
//   Database db(options);
//   Database::Found found = db.Find(key);
//   db.SetString(key, found, "value", kNoExpiry);
//
// Keeps the two in step and owns the entries. Knows no time but what callers pass, and expires nothing by
// itself: a caller that finds an expired entry decides what to do. Thread rule: as for Table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "storage/expiry_index.h"
#include "storage/table.h"

namespace ringtail::storage {

class FieldExpiryIndex;

/// Where entries go that are no longer wanted; may free large ones elsewhere.
struct Disposer {
  virtual ~Disposer() = default;
  virtual void Dispose(Entry* entry) = 0;
};

class Database {
 public:
  struct Options {
    double grow_load = 0.9;
    Table::Retirer* retirer = nullptr;
    Disposer* disposer = nullptr;  ///< null: entries are freed at once
  };
  struct Found {
    Table::Slot slot;
    Entry* entry = nullptr;
    explicit operator bool() const { return entry != nullptr; }
  };

  explicit Database(const Options& options);
  ~Database();

  Found Find(const Key& key) const {
    const Table::Slot slot = table_.Find(key);
    return {slot, slot ? slot.entry() : nullptr};
  }

  /// Makes `value` the key's string with this expiry (or kNoExpiry), in place where it fits. `found` is
  /// what Find said of the key just now. Stamp and access are the caller's to set on the result.
  Entry* SetString(const Key& key, Found found, std::string_view value, int64_t expiry_ms,
                   int64_t now_ms);
  /// Adds an entry for a key that is not there; an expiry it carries is indexed.
  void Add(KeyHash hash, Entry* entry, int64_t now_ms);
  /// Puts an entry of the same key in the place of another, which is disposed of.
  void Replace(KeyHash hash, Found found, Entry* entry, int64_t now_ms);
  /// As Replace, but the old entry's payload has moved to the new one: only the old shell is freed.
  void ReplaceShell(KeyHash hash, Found found, Entry* entry, int64_t now_ms);
  /// Takes an entry out; the caller owns it. Its expiry stays written in it.
  Entry* Detach(Found found);
  /// Takes an entry out and disposes of it.
  void Erase(Found found) { Dispose(Detach(found)); }
  /// Sets or (kNoExpiry) removes the expiry. The entry may move: returns the one now in the table.
  Entry* SetExpiry(const Key& key, Found found, int64_t expiry_ms, int64_t now_ms);

  /// Erases entries that are expired, looking at no more than `record_count_max` of those that have come
  /// up; calls expired(entry) before each. Returns whether more is to do for now_ms.
  template <typename Expired>
  bool EraseExpired(int64_t now_ms, size_t record_count_max, Expired&& expired) {
    if (index_ == nullptr) return false;
    return index_->Process(now_ms, record_count_max, [&](Table::Slot slot) {
      expired(*slot.entry());
      ForgetFields(*slot.entry());
      Dispose(table_.Erase(slot));
    });
  }

  // Fields of hashes that expire by themselves.

  /// Says that a field of this hash got an expiry.
  void NoteFieldExpiry(KeyHash hash, Entry& entry);
  /// Whether a field of the entry, if that is a large hash, is expired.
  static bool HasExpiredFields(const Entry& entry, int64_t now_ms) {
    return entry.type() == ValueType::kHash && entry.encoding() == Encoding::kObject &&
           NextFieldExpiryMs(entry) <= now_ms;
  }
  using ErasedField = std::function<void(const Entry& entry, std::string_view field)>;
  /// Erases a hash's fields that are expired, calling erased() before each, and the entry with the
  /// last of them. Returns whether the entry is still there.
  bool EraseExpiredFields(Found found, int64_t now_ms, const ErasedField& erased);
  /// The same for whichever hashes have come up, no more than `field_count_max` fields. Returns
  /// whether more is to do for now_ms.
  bool EraseExpiredFields(int64_t now_ms, size_t field_count_max, const ErasedField& erased);

  size_t size() const { return table_.size(); }
  size_t volatile_count() const { return index_ == nullptr ? 0 : index_->size(); }
  Table& table() { return table_; }
  const Table& table() const { return table_; }
  /// Null while nothing volatile was ever there.
  const ExpiryIndex* expiry_index() const { return index_.get(); }
  size_t overhead_bytes() const {
    return table_.footprint_bytes() + (index_ == nullptr ? 0 : index_->footprint_bytes());
  }
  const char* Verify(const KeyHasher& hasher) const;

 private:
  void Dispose(Entry* entry) {
    if (disposer_ != nullptr && entry->encoding() >= Encoding::kShared) {
      disposer_->Dispose(entry);
    } else {
      Entry::Destroy(entry);
    }
  }
  static int64_t NextFieldExpiryMs(const Entry& entry);
  void Index(KeyHash hash, Entry* entry, int64_t now_ms);
  /// To be called when an entry comes in, and before it goes.
  void NoteFields(KeyHash hash, Entry& entry) {
    if (entry.encoding() == Encoding::kObject) NoteFieldExpiry(hash, entry);
  }
  void ForgetFields(Entry& entry) {
    if (field_index_ != nullptr && entry.encoding() == Encoding::kObject) ForgetFieldExpiry(entry);
  }
  void ForgetFieldExpiry(Entry& entry);
  /// Hands the old entry's place in the index over to the new one, or takes the new one in.
  void Reindex(KeyHash hash, Entry* old_entry, Entry* entry, int64_t now_ms);
  bool OverwriteInPlace(Entry* entry, std::string_view value);

  Table table_;
  std::unique_ptr<ExpiryIndex> index_;
  std::unique_ptr<FieldExpiryIndex> field_index_;  // null while no field ever expired here
  Disposer* const disposer_;
};

}  // namespace ringtail::storage
