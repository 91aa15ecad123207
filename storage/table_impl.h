// The parts of BasicTable that are off the path of a look-up. Included once for each kind of item, by the file that
// instantiates its table.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "base/memory.h"
#include "storage/table.h"

namespace ringtail::storage {
namespace table_internal {

// Buckets moved along with each insert or erase of a table that is moving. At 32, a growth is over after
// inserts worth half a percent of the table (with 8: 108.4 bytes a key on average instead of 107.8, as more
// tables hold two arrays), and the insert that carries it takes about 2 us more.
inline constexpr size_t kMoveBuckets = 32;
// Share of slots in use below which a table shrinks, and what it shrinks to.
inline constexpr double kShrinkLoad = 0.35;
inline constexpr double kShrunkLoad = 0.65;
// How far behind a full window a free slot is looked for: longer runs of full buckets than this come about
// once in 10^6 tables at a load of 0.95, and walking over it takes some 20 us.
inline constexpr uint32_t kReachBuckets = 1024;
// The allocator gives arrays of 8 MB back to the system when they are freed, a millisecond for each 20 MB; so
// large ones are given back in steps while they are moved.
inline constexpr size_t kDropArrayBytesMin = 4 << 20;
inline constexpr uint32_t kDropBuckets = 1024;
// A table with more homes than this for each entry has no use for more of them.
inline constexpr size_t kHomesPerEntryMax = 64;

[[noreturn, gnu::noinline]] inline void TooManyEqualPositions() {
  std::fputs("Too many keys have the same hash\n", stderr);
  std::abort();
}

}  // namespace table_internal

template <typename Item>
BasicTable<Item>::BasicTable(double grow_load, Retirer* retirer) : grow_load_(grow_load), retirer_(retirer) {}

template <typename Item>
BasicTable<Item>::~BasicTable() {
  VisitAll([](Item* entry) { Item::Destroy(entry); });
  Free(current_array());
  Free(next_array());
}

template <typename Item>
typename BasicTable<Item>::Array BasicTable<Item>::Array::Allocate(unsigned size_class) {
  auto* lines = memory::AllocateLines(size_t{kTableSizes[size_class].bucket_count} * sizeof(Bucket));
  return Array(reinterpret_cast<uint64_t>(lines) | (uint64_t{size_class} << 48));
}

template <typename Item>
void BasicTable<Item>::Free(Array array) {
  if (array.is_null()) return;
  if (retirer_ != nullptr) {
    retirer_->Retire(array.buckets(), array.bytes());
  } else {
    memory::FreeLines(array.buckets(), array.bytes());
  }
}

template <typename Item>
void BasicTable<Item>::SetLimits(Array array) {
  if (array.is_null()) {
    grow_at_ = shrink_at_ = 0;
    return;
  }
  const auto capacity = static_cast<double>(array.home_count()) * kSlots;
  grow_at_ = array.bucket_count() == 1 ? kSlots : static_cast<size_t>(capacity * grow_load_);
  if (array.size_class() + 1 == kSizeClasses) grow_at_ = std::numeric_limits<size_t>::max();
  shrink_at_ = array.bucket_count() <= 4 ? 0 : static_cast<size_t>(capacity * table_internal::kShrinkLoad);
}

template <typename Item>
bool BasicTable<Item>::Put(Array array, uint32_t home, uint32_t at, uint32_t position, Item* entry) {
  Bucket& bucket = array.buckets()[at];
  for (unsigned i = 0; i < kSlots; ++i) {
    if (bucket.slots[i] != 0) continue;
    const unsigned shift = 8 * i;
    StoreWord(bucket.control, (bucket.control & ~(uint64_t{0xff} << shift)) |
                                  (uint64_t{position & 0xff} << shift));
    StoreWord(bucket.slots[i], MakeSlot(position, entry));
    for (uint32_t passed = home; passed < at; ++passed) AddOverflow(array.buckets()[passed], 1);
    return true;
  }
  return false;
}

template <typename Item>
Item* BasicTable<Item>::Take(Bucket* bucket, unsigned index, uint32_t distance) {
  Item* entry = Pointer(bucket->slots[index]);
  StoreWord(bucket->slots[index], 0);
  for (uint32_t d = 1; d <= distance; ++d) AddOverflow(bucket[-static_cast<ptrdiff_t>(d)], -1);
  return entry;
}

template <typename Item>
bool BasicTable<Item>::Place(Array array, uint32_t position, Item* entry) {
  const uint32_t home = array.Home(position);
  const uint32_t end = std::min(home + kWindow + 1, array.bucket_count());
  for (uint32_t b = home; b < end; ++b) {
    if (Put(array, home, b, position, entry)) return true;
  }
  const uint32_t freed = MakeRoom(array, home);
  return freed != kNowhere && Put(array, home, freed, position, entry);
}

// Brings a free slot from behind the window into it: an entry that may live where the free slot is goes
// there and leaves its own free, further to the front, and so on (hopscotch hashing; Herlihy, Shavit and
// Tzafrir, 2008). Without it a window of 31 is full somewhere in most tables before they are nine tenths full.
template <typename Item>
uint32_t BasicTable<Item>::MakeRoom(Array array, uint32_t home) {
  const uint32_t end = std::min(BucketEnd(array), home + kWindow + table_internal::kReachBuckets);
  uint32_t hole = home + kWindow + 1;
  while (hole < end && std::ranges::count(array.buckets()[hole].slots, uint64_t{0}) == 0) ++hole;
  if (hole >= end) return kNowhere;
  while (hole > home + kWindow) {
    const uint32_t from = PullBack(array, hole);
    if (from == kNowhere) return kNowhere;
    hole = from;
  }
  return hole;
}

// Moves the entry that is farthest in front of the hole, of those that may live in it, there.
template <typename Item>
uint32_t BasicTable<Item>::PullBack(Array array, uint32_t hole) {
  for (uint32_t b = hole - kWindow; b < hole; ++b) {
    Bucket& bucket = array.buckets()[b];
    for (unsigned i = 0; i < kSlots; ++i) {
      if (bucket.slots[i] == 0) continue;
      const uint32_t position = PositionAt(bucket, i);
      const uint32_t home = array.Home(position);
      if (home + kWindow < hole) continue;
      Put(array, home, hole, position, Take(&bucket, i, b - home));
      return b;
    }
  }
  return kNowhere;
}

template <typename Item>
void BasicTable<Item>::Insert(KeyHash hash, Item* entry) {
  const uint32_t position = hash.position();
  if (current_array().is_null()) {
    const Array first = Array::Allocate(0);
    std::memset(static_cast<void*>(first.buckets()), 0, first.bytes());
    SetCurrent(first);
    SetLimits(first);
  }
  if (is_moving()) {
    MoveRun(table_internal::kMoveBuckets);
  } else if (size_ >= grow_at_) {
    // Small tables double (two or four classes); from 64 buckets on, one class: a quarter at most.
    const unsigned size_class = current_array().size_class();
    StartMove(size_class + (size_class < 19 ? (size_class < 3 ? 1 : 4) : 1));
    MoveRun(table_internal::kMoveBuckets);
  }
  ++size_;
  while (!Place(ArrayOf(position), position, entry)) {
    if (!is_moving()) {
      if (current_array().size_class() + 1 == kSizeClasses) table_internal::TooManyEqualPositions();
      StartMove(current_array().size_class() + 1);
    } else if (current_array().Home(position) < moved()) {
      Rebuild();
      continue;
    }
    MoveRun(1);
  }
}

template <typename Item>
Item* BasicTable<Item>::Erase(Slot slot) {
  Item* entry = Take(slot.bucket_, slot.index_, slot.distance_);
  --size_;
  if (size_ == 0) {
    DropArrays(Array());
  } else if (is_moving()) {
    MoveRun(table_internal::kMoveBuckets);
  } else if (size_ < shrink_at_) {
    const auto wanted = static_cast<uint32_t>(static_cast<double>(size_) / (kSlots * table_internal::kShrunkLoad)) + 1;
    unsigned size_class = 0;
    while (kTableSizes[size_class].home_count < wanted) ++size_class;
    StartMove(size_class);
  }
  return entry;
}

template <typename Item>
bool BasicTable<Item>::Move(size_t bucket_count) {
  if (is_moving()) MoveRun(bucket_count);
  return is_moving();
}

template <typename Item>
void BasicTable<Item>::StartMove(unsigned size_class) {
  const Array next = Array::Allocate(size_class);
  zeroed_ = 0;
  moved_.store(0, std::memory_order_relaxed);
  SetNext(next);
  SetLimits(next);
}

// New buckets are cleared as the moving front reaches them, so that a large array costs no pause either.
template <typename Item>
void BasicTable<Item>::ZeroNextUpTo(uint64_t bucket_end) {
  const Array next = next_array();
  const auto end = static_cast<uint32_t>(std::min<uint64_t>(bucket_end, next.bucket_count()));
  for (; zeroed_ < end; ++zeroed_) {
    Bucket& bucket = next.buckets()[zeroed_];
    StoreWord(bucket.control, 0);
    for (uint64_t& slot : bucket.slots) StoreWord(slot, 0);
  }
}

// Moves whole runs: from the border to a bucket over which nothing spills.
template <typename Item>
void BasicTable<Item>::MoveRun(size_t bucket_count_min) {
  const Array current = current_array();
  const Array next = next_array();
  uint32_t b = moved();
  for (size_t done = 1;; ++b, ++done) {
    Bucket& bucket = current.buckets()[b];
    const bool is_border = OverflowOf(bucket.control) == 0;
    ZeroNextUpTo(uint64_t{next.Home(static_cast<uint32_t>(std::min(
                     current.FirstPosition(uint64_t{b} + 1), kPositionEnd) - 1))} + kWindow + 1);
    for (unsigned i = 0; i < kSlots; ++i) {
      Item* entry = Pointer(bucket.slots[i]);
      if (entry == nullptr) continue;
      if (!Place(next, PositionAt(bucket, i), entry)) {
        Rebuild();
        return;
      }
      StoreWord(bucket.slots[i], 0);
    }
    StoreWord(bucket.control, 0);
    if (b + 1 >= current.home_count() && is_border) break;
    if (is_border && done >= bucket_count_min) {
      DropMoved(current, moved(), b + 1);
      moved_.store(b + 1, std::memory_order_relaxed);
      return;
    }
  }
  FinishMove();
}

template <typename Item>
void BasicTable<Item>::DropMoved(Array array, uint32_t from, uint32_t to) {
  if (from / table_internal::kDropBuckets == to / table_internal::kDropBuckets || array.bytes() < table_internal::kDropArrayBytesMin) return;
  // From a page earlier than last time's end, which need not have been the end of a page.
  constexpr uint32_t kPageBuckets = 4096 / sizeof(Bucket);
  const uint32_t begin = std::max(from / table_internal::kDropBuckets * table_internal::kDropBuckets, kPageBuckets) - kPageBuckets;
  const uint32_t end = to / table_internal::kDropBuckets * table_internal::kDropBuckets;
  memory::DropPages(array.buckets() + begin, size_t{end - begin} * sizeof(Bucket));
}

template <typename Item>
void BasicTable<Item>::FinishMove() {
  ZeroNextUpTo(next_array().bucket_count());
  const Array old = current_array();
  SetCurrent(next_array());
  SetNext(Array());
  moved_.store(0, std::memory_order_relaxed);
  zeroed_ = 0;
  Free(old);
}

// Frees both arrays and goes on with another one, or with none.
template <typename Item>
void BasicTable<Item>::DropArrays(Array replacement) {
  const Array old_current = current_array();
  const Array old_next = next_array();
  SetCurrent(replacement);
  SetNext(Array());
  moved_.store(0, std::memory_order_relaxed);
  zeroed_ = 0;
  SetLimits(replacement);
  Free(old_current);
  Free(old_next);
}

// A window is full in the array that is being filled, and nothing in it can go further: in a table of a few
// buckets, or when very many positions are equal. Everything goes into a larger array at once.
template <typename Item>
void BasicTable<Item>::Rebuild() {
  std::vector<std::pair<uint32_t, Item*>> all;
  all.reserve(size_);
  for (const Array array : {current_array(), next_array()}) {
    for (uint32_t b = 0; b < BucketEnd(array); ++b) {
      const Bucket& bucket = array.buckets()[b];
      for (unsigned i = 0; i < kSlots; ++i) {
        if (bucket.slots[i] != 0) all.emplace_back(PositionAt(bucket, i), Pointer(bucket.slots[i]));
      }
    }
  }
  for (unsigned size_class = next_array().size_class() + 2;; size_class += 2) {
    if (size_class >= kSizeClasses || kTableSizes[size_class].home_count / table_internal::kHomesPerEntryMax > size_) {
      table_internal::TooManyEqualPositions();
    }
    const Array larger = Array::Allocate(size_class);
    std::memset(static_cast<void*>(larger.buckets()), 0, larger.bytes());
    const bool fits = std::all_of(all.begin(), all.end(), [&](const auto& item) {
      return Place(larger, item.first, item.second);
    });
    if (fits) return DropArrays(larger);
    memory::FreeLines(larger.buckets(), larger.bytes());
  }
}

template <typename Item>
const char* BasicTable<Item>::VerifyLayout() const {
  size_t found = 0;
  for (const Array array : {current_array(), next_array()}) {
    const uint32_t end = BucketEnd(array);
    std::vector<unsigned> overflow(size_t{end} + kWindow + 1, 0);
    for (uint32_t b = 0; b < end; ++b) {
      const Bucket& bucket = array.buckets()[b];
      for (unsigned i = 0; i < kSlots; ++i) {
        if (bucket.slots[i] == 0) continue;
        ++found;
        const uint32_t position = PositionAt(bucket, i);
        const uint32_t home = array.Home(position);
        if (home > b || b - home > kWindow) return "an entry is outside its window";
        if (ArrayOf(position).word() != array.word()) return "an entry is in the wrong array";
        for (uint32_t passed = home; passed < b; ++passed) ++overflow[passed];
      }
    }
    for (uint32_t b = 0; b < end; ++b) {
      if (OverflowOf(array.buckets()[b].control) != overflow[b]) return "an overflow count is wrong";
    }
  }
  if (found != size_) return "the size is not the number of entries";
  if (size_ == 0 && footprint_bytes() != 0) return "an empty table keeps an array";
  return nullptr;
}

template <typename Item>
const char* BasicTable<Item>::Verify(const KeyHasher& hasher) const {
  if (const char* problem = VerifyLayout()) return problem;
  for (const Array array : {current_array(), next_array()}) {
    for (uint32_t b = 0; b < BucketEnd(array); ++b) {
      const Bucket& bucket = array.buckets()[b];
      for (unsigned i = 0; i < kSlots; ++i) {
        if (bucket.slots[i] == 0) continue;
        const std::string_view key = Pointer(bucket.slots[i])->key();
        if (hasher.Hash(key).position() != PositionAt(bucket, i)) {
          return "a slot's position is not its key's";
        }
      }
    }
  }
  return nullptr;
}

}  // namespace ringtail::storage
