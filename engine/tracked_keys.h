// The keys of one partition that clients have read, by name: which database it was does not matter,
// as in Redis.
//
//   totals += keys.Remember(key, reader);
//   if (TrackedKey* read = keys.Take(key)) …          // its readers are told; the caller destroys it
//
// Thread rule: under the partition's lock.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tracked_key.h"
#include "storage/table.h"

namespace ringtail::storage {
extern template class BasicTable<engine::TrackedKey>;
}  // namespace ringtail::storage

namespace ringtail::engine {

/// How much a table holds, or by how much that has changed.
struct TrackedSize {
  int64_t keys = 0;
  int64_t items = 0;  ///< readers of keys
  int64_t bytes = 0;  ///< of the keys, without the table's own

  bool is_zero() const { return keys == 0 && items == 0 && bytes == 0; }
};

class TrackedKeys {
 public:
  explicit TrackedKeys(double grow_load) : table_(grow_load) {}

  /// Notes that a client has read the key.
  TrackedSize Remember(const storage::Key& key, TrackerId reader);
  /// The key, taken out; null if nobody has read it.
  TrackedKey* Take(const storage::Key& key);
  /// A key chosen by chance, as a copy of its name; empty table: false.
  template <typename Generator>
  bool RandomName(Generator&& generator, std::string& name) const {
    const TrackedKey* key = table_.Random(generator);
    if (key == nullptr) return false;
    name = key->key();
    return true;
  }
  /// Drops the readers that is_dead(TrackerId) from the keys at `cursor`; returns the next cursor,
  /// 0 at the end.
  template <typename IsDead>
  uint32_t Sweep(uint32_t cursor, const storage::KeyHasher& hasher, IsDead&& is_dead,
                 TrackedSize& change) {
    found_.clear();
    cursor = table_.Scan(cursor, [&](TrackedKey* key, uint32_t) {
      for (const TrackerId reader : key->readers()) {
        if (is_dead(reader)) return found_.push_back(key);
      }
    });
    for (TrackedKey* key : found_) {
      kept_.clear();
      for (const TrackerId reader : key->readers()) {
        if (!is_dead(reader)) kept_.push_back(reader);
      }
      KeepOnly(key, hasher, change);
    }
    return cursor;
  }
  /// Goes on with a table that grows or shrinks.
  void Move(size_t bucket_count) { table_.Move(bucket_count); }

  void PrefetchBucket(storage::KeyHash hash) const { table_.PrefetchBucket(hash); }
  void PrefetchKey(storage::KeyHash hash) const { table_.PrefetchEntry(hash); }
  size_t size() const { return table_.size(); }
  size_t table_bytes() const { return table_.footprint_bytes(); }

  /// What taking this key out changes.
  static TrackedSize SizeOf(const TrackedKey& key) {
    return {1, static_cast<int64_t>(key.readers().size()), static_cast<int64_t>(key.footprint_bytes())};
  }

 private:
  /// Leaves the key the readers in kept_.
  void KeepOnly(TrackedKey* key, const storage::KeyHasher& hasher, TrackedSize& change);

  storage::BasicTable<TrackedKey> table_;
  std::vector<TrackedKey*> found_;
  std::vector<TrackerId> kept_;
};

}  // namespace ringtail::engine
