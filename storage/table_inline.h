// The parts of Table that are on every request's path. Included by storage/table.h alone.
#pragma once

#include <bit>
#include <cstring>
#include <string_view>

#include "storage/table.h"

namespace ringtail::storage {

template <typename Item>
inline Item* BasicTable<Item>::Slot::entry() const { return Pointer(bucket_->slots[index_]); }

// Which of the seven fingerprints are the position's: bit 8i+7 is set for slot i. A borrow can set a bit too
// many (never one too few); the tag and key compares after it settle that.
template <typename Item>
inline uint64_t BasicTable<Item>::MatchFingerprint(uint64_t control, uint32_t position) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t different = control ^ (kOnes * (position & 0xff));
  return (different - kOnes) & ~different & 0x0080808080808080;
}

// As memcmp, without its call for keys of the usual lengths: two loads that may overlap cover 8 to 16 bytes.
template <typename Item>
inline bool BasicTable<Item>::IsSame(std::string_view left, std::string_view right) {
  const size_t size = left.size();
  if (size != right.size()) return false;
  if (size < 8 || size > 16) return std::memcmp(left.data(), right.data(), size) == 0;
  const auto word = [](const char* from) {
    uint64_t value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  };
  return word(left.data()) == word(right.data()) &&
         word(left.data() + size - 8) == word(right.data() + size - 8);
}

template <typename Item>
inline typename BasicTable<Item>::Slot BasicTable<Item>::Find(const Key& key) const {
  if (size_ == 0) return {};
  const uint32_t position = key.hash.position();
  const Array array = ArrayOf(position);
  const uint64_t tag = position >> 8;
  Bucket* bucket = array.buckets() + array.Home(position);
  for (uint32_t distance = 0;; ++distance, ++bucket) {
    const uint64_t control = bucket->control;
    for (uint64_t match = MatchFingerprint(control, position); match != 0; match &= match - 1) {
      const auto index = static_cast<unsigned>(std::countr_zero(match)) >> 3;
      const uint64_t slot = bucket->slots[index];
      if (slot >> 48 != tag || Pointer(slot) == nullptr) continue;
      if (IsSame(Pointer(slot)->key(), key.bytes)) [[likely]] return Slot(bucket, index, distance);
    }
    if (OverflowOf(control) == 0 || distance == kWindow) return {};
  }
}

template <typename Item>
inline void BasicTable<Item>::PrefetchBucket(KeyHash hash) const {
  const Array array = ArrayOf(hash.position());
  if (array.is_null()) return;
  const Bucket* bucket = array.buckets() + array.Home(hash.position());
  __builtin_prefetch(bucket);
  // A full bucket passes entries on to the next, where PrefetchEntry looks for them.
  __builtin_prefetch(bucket + 1);
}

template <typename Item>
inline void BasicTable<Item>::PrefetchEntry(KeyHash hash) const {
  const uint32_t position = hash.position();
  const Array array = ArrayOf(position);
  if (array.is_null()) return;
  const Bucket* bucket = array.buckets() + array.Home(position);
  uint64_t match = MatchFingerprint(LoadWord(bucket->control), position);
  if (match == 0) {
    if (OverflowOf(LoadWord(bucket->control)) == 0) return;
    ++bucket;
    match = MatchFingerprint(LoadWord(bucket->control), position);
    if (match == 0) return;
  }
  const auto index = static_cast<unsigned>(std::countr_zero(match)) >> 3;
  // An address in numbers: a slot whose fingerprint matches by chance may be free.
  const uint64_t entry = LoadWord(bucket->slots[index]) & kPointerMask;
  __builtin_prefetch(reinterpret_cast<const void*>(entry));
  __builtin_prefetch(reinterpret_cast<const void*>(entry + 64));
}

template <typename Item>
inline void BasicTable<Item>::Replace(Slot slot, Item* entry) {
  uint64_t& word = slot.bucket_->slots[slot.index_];
  StoreWord(word, (word & ~kPointerMask) | reinterpret_cast<uint64_t>(entry));
}

template <typename Item>
template <typename Visit>
void BasicTable<Item>::VisitRange(Array array, uint64_t first_position, uint64_t end_position,
                       Visit&& visit) {
  const uint32_t last_home = array.Home(static_cast<uint32_t>(end_position - 1));
  for (uint32_t b = array.Home(static_cast<uint32_t>(first_position));; ++b) {
    const Bucket& bucket = array.buckets()[b];
    for (unsigned i = 0; i < kSlots; ++i) {
      Item* entry = Pointer(bucket.slots[i]);
      if (entry == nullptr) continue;
      const uint32_t position = PositionAt(bucket, i);
      if (position >= first_position && position < end_position) visit(entry, position);
    }
    if (b >= last_home && OverflowOf(bucket.control) == 0) return;
  }
}

template <typename Item>
template <typename Visit>
uint32_t BasicTable<Item>::Scan(uint32_t cursor, Visit&& visit) const {
  const Array current = current_array();
  if (current.is_null() || cursor >= kPositionEnd) return 0;
  const uint32_t home = current.Home(cursor);
  const uint64_t end = current.FirstPosition(uint64_t{home} + 1);
  const bool is_moved = is_moving() && home < moved();
  VisitRange(is_moved ? next_array() : current, cursor, end, visit);
  return end >= kPositionEnd ? 0 : static_cast<uint32_t>(end);
}

template <typename Item>
template <typename Visit>
bool BasicTable<Item>::VisitPosition(uint32_t position, Visit&& visit) const {
  if (size_ == 0) return false;
  const Array array = ArrayOf(position);
  Bucket* bucket = array.buckets() + array.Home(position);
  for (uint32_t distance = 0;; ++distance, ++bucket) {
    for (unsigned i = 0; i < kSlots; ++i) {
      if (bucket->slots[i] == 0 || PositionAt(*bucket, i) != position) continue;
      if (visit(Slot(bucket, i, distance))) return true;
    }
    if (OverflowOf(bucket->control) == 0 || distance == kWindow) return false;
  }
}

template <typename Item>
template <typename Visit>
void BasicTable<Item>::VisitAll(Visit&& visit) const {
  for (const Array array : {current_array(), next_array()}) {
    for (uint32_t b = 0; b < BucketEnd(array); ++b) {
      for (const uint64_t slot : array.buckets()[b].slots) {
        if (Pointer(slot) != nullptr) visit(Pointer(slot));
      }
    }
  }
}

template <typename Item>
template <typename Generator>
Item* BasicTable<Item>::Random(Generator&& generator) const {
  if (size_ == 0) return nullptr;
  const Array current = current_array();
  const Array next = next_array();
  const uint32_t current_end = BucketEnd(current);
  for (;;) {  // at least one slot in a few is in use, or the table would be shrinking
    const uint64_t drawn = generator.Below(uint64_t{current_end + BucketEnd(next)} * kSlots);
    const auto at = static_cast<uint32_t>(drawn / kSlots);
    const Bucket& bucket = at < current_end ? current.buckets()[at] : next.buckets()[at - current_end];
    if (Item* item = Pointer(bucket.slots[drawn % kSlots])) return item;
  }
}

template <typename Item>
template <typename Visit>
void BasicTable<Item>::VisitBucketAt(uint32_t position, Visit&& visit) const {
  if (size_ == 0) return;
  const Array array = ArrayOf(position);
  const Bucket& bucket = array.buckets()[array.Home(position)];
  for (unsigned i = 0; i < kSlots; ++i) {
    if (Pointer(bucket.slots[i]) != nullptr) visit(Pointer(bucket.slots[i]), PositionAt(bucket, i));
  }
}

}  // namespace ringtail::storage
