// A value with a structure of its own, behind an entry's pointer: a large list, set, hash, sorted set, a stream.
//
//   class HashTable final : public Object { … };
//   place.BecomeObject(std::make_unique<HashTable>(…));
//   auto& table = ObjectOf<HashTable>(entry);
//
// Thread rule: belongs to its entry; only the holder of the partition's lock touches it, but for an object that was
// detached, which may be freed on any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "storage/entry.h"
#include "storage/key_hash.h"

namespace ringtail::storage {

class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  /// A copy that shares nothing with this one.
  virtual std::unique_ptr<Object> Clone() const = 0;
  /// Bytes taken from the allocator, the object itself included. O(1) or an estimate from a sample.
  virtual size_t footprint_bytes() const = 0;
  /// Elements, as LLEN, SCARD, HLEN, ZCARD and XLEN count them. O(1).
  virtual size_t element_count() const = 0;
  /// The name OBJECT ENCODING answers: "hashtable", "skiplist", "quicklist", "stream".
  virtual std::string_view encoding_name() const = 0;
  /// Starts to load the bucket where a member with this hash would be, of a structure that has a table of them.
  virtual void PrefetchBucket(KeyHash) const {}
  /// Starts to load the member itself; reads the bucket, so prefetch that one earlier.
  virtual void PrefetchMember(KeyHash) const {}
  /// Checks the structure's invariants; for tests and DEBUG. The first violation, or null.
  virtual const char* Verify() const { return nullptr; }
};

/// The object of a kObject entry that is known to hold a T.
template <typename T>
T& ObjectOf(const Entry& entry) {
  return *static_cast<T*>(static_cast<Object*>(entry.pointer()));
}

/// Redis's name for the way an entry's value is kept; a packed collection is what it calls a listpack.
std::string_view EncodingName(const Entry& entry);

}  // namespace ringtail::storage
