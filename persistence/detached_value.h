// A collection that is being built under no key yet, by the same editors that change one in its
// database.
//
//   DetachedValue value("name", ValueType::kHash);
//   HashEditor(value.place(), limits).Set("field", "value");
//   Entry* entry = value.Take();
//
// Thread rule: belongs to one thread.
#pragma once

#include <string_view>

#include "storage/database.h"
#include "storage/key_hash.h"
#include "storage/value_place.h"

namespace ringtail::persistence {

class DetachedValue {
 public:
  /// A packed collection without elements. `name` must outlive the value.
  DetachedValue(std::string_view name, storage::ValueType type)
      : key_(storage::MemberHasher().MakeKey(name)) {
    database_.Add(key_.hash, storage::Entry::Create({.key = name, .type = type}), /*now_ms=*/0);
    found_ = database_.Find(key_);
  }
  DetachedValue(const DetachedValue&) = delete;
  DetachedValue& operator=(const DetachedValue&) = delete;

  storage::ValuePlace& place() { return place_; }
  /// Hands the entry over; the value is gone then.
  storage::Entry* Take() { return database_.Detach(found_); }

 private:
  storage::Database database_{storage::Database::Options{}};
  const storage::Key key_;
  storage::Database::Found found_;
  storage::ValuePlace place_{database_, key_, found_, /*now_ms=*/0};
};

}  // namespace ringtail::persistence
