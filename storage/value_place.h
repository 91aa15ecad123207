// A value where it lies in its database, for those who change its shape.
//
//   ValuePlace place(database, key, found, now_ms);
//   packed::Append(place, "member");                       // grows the entry, which may move
//   place.BecomeObject(std::make_unique<HashTable>(…));    // too large to stay packed
//
// Is a buffer in the sense of storage/packed.h while the value is packed. Expiry, stamp and access clock stay as they
// are. Thread rule: as for the database.
#pragma once

#include <memory>
#include <string_view>

#include "storage/database.h"
#include "storage/object.h"

namespace ringtail::storage {

class ValuePlace {
 public:
  /// `found` is what Find said of the key just now; it is kept up to date when the entry moves.
  ValuePlace(Database& database, const Key& key, Database::Found& found, int64_t now_ms)
      : database_(database), key_(key), found_(found), now_ms_(now_ms) {}
  ValuePlace(const ValuePlace&) = delete;
  ValuePlace& operator=(const ValuePlace&) = delete;

  Entry& entry() const { return *found_.entry; }
  bool is_packed() const { return entry().encoding() == Encoding::kBlob; }
  int64_t now_ms() const { return now_ms_; }

  // While it is packed (Encoding::kBlob).

  std::string_view bytes() const { return entry().blob_view(); }
  char* data() { return entry().blob().data(); }
  /// Makes room for `byte_count` undefined bytes at `offset`; returns where they are.
  char* OpenGap(size_t offset, size_t byte_count);
  void CloseGap(size_t offset, size_t byte_count);
  /// Replaces all bytes.
  void Assign(std::string_view bytes);
  /// Puts a structure in the place of the packed bytes (or of another structure, which is freed).
  void BecomeObject(std::unique_ptr<Object> object);

  // While it is a structure (Encoding::kObject).

  template <typename T>
  T& object() const {
    return ObjectOf<T>(entry());
  }
  /// Frees the structure and keeps these packed bytes instead.
  void BecomePacked(std::string_view bytes);
  /// Says that a field of this large hash got an expiry.
  void NoteFieldExpiry() { database_.NoteFieldExpiry(key_.hash, entry()); }

 private:
  Entry* Reshape(Encoding encoding, size_t blob_bytes);
  void Install(Entry* entry);

  Database& database_;
  const Key& key_;
  Database::Found& found_;
  const int64_t now_ms_;
};

}  // namespace ringtail::storage
