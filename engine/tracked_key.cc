#include "engine/tracked_key.h"

#include <algorithm>
#include <new>

namespace ringtail::engine {

TrackedKey* TrackedKey::Allocate(std::string_view name, size_t reader_count) {
  void* block = memory::Allocate(Size(std::bit_ceil(reader_count), name.size()));
  auto* key = new (block) TrackedKey(name.size(), reader_count);
  std::memcpy(const_cast<char*>(key->key().data()), name.data(), name.size());
  return key;
}

TrackedKey* TrackedKey::Create(std::string_view name, TrackerId reader) {
  TrackedKey* key = Allocate(name, 1);
  key->reader_items()[0] = reader;
  return key;
}

TrackedKey* TrackedKey::Add(TrackedKey* key, TrackerId reader) {
  const std::span<const TrackerId> old = key->readers();
  const auto at = static_cast<size_t>(std::ranges::lower_bound(old, reader) - old.begin());
  TrackedKey* grown = key;
  if (old.size() == key->capacity()) {
    grown = Allocate(key->key(), old.size() + 1);
    std::copy_n(old.begin(), at, grown->reader_items());
  } else {
    ++key->reader_count_;
  }
  TrackerId* items = grown->reader_items();
  std::copy_backward(old.begin() + static_cast<ptrdiff_t>(at), old.end(), items + old.size() + 1);
  items[at] = reader;
  if (grown != key) Destroy(key);
  return grown;
}

TrackedKey* TrackedKey::Keep(TrackedKey* key, std::span<const TrackerId> kept) {
  TrackedKey* smaller = Allocate(key->key(), kept.size());
  std::ranges::copy(kept, smaller->reader_items());
  Destroy(key);
  return smaller;
}

bool TrackedKey::IsReadBy(TrackerId reader) const {
  return std::ranges::binary_search(readers(), reader);
}

}  // namespace ringtail::engine
