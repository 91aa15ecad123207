#include "engine/tracked_keys.h"

#include "storage/table_impl.h"

namespace ringtail::storage {
template class BasicTable<engine::TrackedKey>;
}  // namespace ringtail::storage

namespace ringtail::engine {

TrackedSize TrackedKeys::Remember(const storage::Key& key, TrackerId reader) {
  const auto slot = table_.Find(key);
  if (slot) {
    TrackedKey* known = slot.entry();
    if (known->IsReadBy(reader)) return {};
    const auto old_bytes = static_cast<int64_t>(known->footprint_bytes());
    TrackedKey* grown = TrackedKey::Add(known, reader);
    if (grown != known) table_.Replace(slot, grown);
    return {0, 1, static_cast<int64_t>(grown->footprint_bytes()) - old_bytes};
  }
  TrackedKey* added = TrackedKey::Create(key.bytes, reader);
  table_.Insert(key.hash, added);
  return SizeOf(*added);
}

TrackedKey* TrackedKeys::Take(const storage::Key& key) {
  const auto slot = table_.Find(key);
  return slot ? table_.Erase(slot) : nullptr;
}

void TrackedKeys::KeepOnly(TrackedKey* key, const storage::KeyHasher& hasher,
                           TrackedSize& change) {
  const TrackedSize before = SizeOf(*key);
  const auto slot = table_.Find(hasher.MakeKey(key->key()));
  TrackedSize after;
  if (kept_.empty()) {
    TrackedKey::Destroy(table_.Erase(slot));
  } else {
    TrackedKey* smaller = TrackedKey::Keep(key, kept_);
    table_.Replace(slot, smaller);
    after = SizeOf(*smaller);
  }
  change.keys += after.keys - before.keys;
  change.items += after.items - before.items;
  change.bytes += after.bytes - before.bytes;
}

}  // namespace ringtail::engine
