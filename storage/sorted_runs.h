// Items in order, many of them, cut into runs of at most 128 that lie contiguously in memory.
//
//   SortedRuns<StreamPending> pending;
//   pending.Append({.id = id, …});                        // must come after all others
//   auto at = pending.LowerBound(id);                     // KeyOf(item) decides the order
//   if (at != pending.end() && at->id == id) pending.Erase(at);
//
// For sequences that grow at their end, shrink at their front and are searched in between:
// appending is O(1), searching O(log n), inserting and erasing move at most a run. Costs little
// more than the items themselves. Items are plain bytes: they are moved by memcpy and nothing is
// destroyed; whoever keeps pointers in them frees what they point to. An iterator is good until the
// next change. Thread rule: belongs to its owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/memory.h"

namespace ringtail::storage {

/// `Item` is trivially copyable; `KeyOf(const Item&)`, found by argument-dependent lookup, gives
/// its ordered key.
template <typename Item>
class SortedRuns {
  static_assert(std::is_trivially_copyable_v<Item>);

  struct Run {
    Item* items;
    uint32_t count;
    uint32_t capacity;
  };

 public:
  static constexpr uint32_t kRunItemsMax = 128;

  template <bool kIsConst>
  class Position {
   public:
    using Reference = std::conditional_t<kIsConst, const Item&, Item&>;
    using Pointer = std::conditional_t<kIsConst, const Item*, Item*>;

    Position() = default;
    operator Position<true>() const { return {owner_, run_, index_}; }
    Reference operator*() const { return owner_->runs_[run_].items[index_]; }
    Pointer operator->() const { return &**this; }
    Position& operator++() {
      if (++index_ == owner_->runs_[run_].count) {
        ++run_;
        index_ = 0;
      }
      return *this;
    }
    /// Must not be at the first item.
    Position& operator--() {
      if (index_ == 0) index_ = owner_->runs_[--run_].count;
      --index_;
      return *this;
    }
    friend bool operator==(const Position& a, const Position& b) {
      return a.run_ == b.run_ && a.index_ == b.index_;
    }

   private:
    friend class SortedRuns;
    Position(const SortedRuns* owner, size_t run, uint32_t index)
        : owner_(owner), run_(run), index_(index) {}

    const SortedRuns* owner_ = nullptr;
    size_t run_ = 0;
    uint32_t index_ = 0;
  };
  using iterator = Position<false>;
  using const_iterator = Position<true>;

  SortedRuns() = default;
  SortedRuns(const SortedRuns& other) : runs_(other.runs_), size_(other.size_) {
    for (Run& run : runs_) {
      const Item* const from = run.items;
      run.items = static_cast<Item*>(memory::Allocate(run.capacity * sizeof(Item)));
      std::memcpy(static_cast<void*>(run.items), from, run.count * sizeof(Item));
    }
  }
  SortedRuns(SortedRuns&& other) noexcept
      : runs_(std::move(other.runs_)), size_(std::exchange(other.size_, 0)) {
    other.runs_.clear();
  }
  SortedRuns& operator=(SortedRuns other) noexcept {
    runs_.swap(other.runs_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SortedRuns() { Clear(); }

  /// Puts an item behind all others.
  void Append(const Item& item) {
    if (runs_.empty() || runs_.back().count == kRunItemsMax) {
      // What comes after a full run will be many more.
      runs_.push_back(NewRun(runs_.empty() ? kFirstCapacity : kRunItemsMax));
    }
    Run& run = runs_.back();
    if (run.count == run.capacity) Grow(run);
    run.items[run.count++] = item;
    ++size_;
  }
  /// Puts an item where its key belongs, behind those of the same key.
  iterator Insert(const Item& item) {
    const iterator at = UpperBound(KeyOf(item));
    if (at == end()) {
      Append(item);
      return iterator(this, runs_.size() - 1, runs_.back().count - 1);
    }
    size_t run_index = at.run_;
    uint32_t index = at.index_;
    if (runs_[run_index].count == kRunItemsMax) {
      Split(run_index);
      if (index > runs_[run_index].count) {
        index -= runs_[run_index].count;
        ++run_index;
      }
    }
    Run& run = runs_[run_index];
    if (run.count == run.capacity) Grow(run);
    std::memmove(static_cast<void*>(run.items + index + 1), run.items + index,
                 (run.count - index) * sizeof(Item));
    run.items[index] = item;
    ++run.count;
    ++size_;
    return iterator(this, run_index, index);
  }
  /// Takes an item out; returns where the next one is.
  iterator Erase(const_iterator at) {
    Run& run = runs_[at.run_];
    --size_;
    if (--run.count == 0) {
      FreeRun(run);
      runs_.erase(runs_.begin() + static_cast<ptrdiff_t>(at.run_));
      return iterator(this, at.run_, 0);
    }
    std::memmove(static_cast<void*>(run.items + at.index_), run.items + at.index_ + 1,
                 (run.count - at.index_) * sizeof(Item));
    if (at.index_ == run.count) return iterator(this, at.run_ + 1, 0);
    return iterator(this, at.run_, at.index_);
  }
  void Clear() {
    for (Run& run : runs_) FreeRun(run);
    runs_.clear();
    size_ = 0;
  }

  iterator begin() { return iterator(this, 0, 0); }
  iterator end() { return iterator(this, runs_.size(), 0); }
  const_iterator begin() const { return const_iterator(this, 0, 0); }
  const_iterator end() const { return const_iterator(this, runs_.size(), 0); }
  Item& back() { return runs_.back().items[runs_.back().count - 1]; }
  const Item& back() const { return runs_.back().items[runs_.back().count - 1]; }

  /// The first item whose key is not less than `key`.
  template <typename Key>
  iterator LowerBound(const Key& key) {
    const auto [run, index] = Search([&](const Item& item) { return KeyOf(item) < key; });
    return iterator(this, run, index);
  }
  template <typename Key>
  const_iterator LowerBound(const Key& key) const {
    const auto [run, index] = Search([&](const Item& item) { return KeyOf(item) < key; });
    return const_iterator(this, run, index);
  }
  /// The first item whose key is greater than `key`.
  template <typename Key>
  iterator UpperBound(const Key& key) {
    const auto [run, index] = Search([&](const Item& item) { return !(key < KeyOf(item)); });
    return iterator(this, run, index);
  }
  template <typename Key>
  const_iterator UpperBound(const Key& key) const {
    const auto [run, index] = Search([&](const Item& item) { return !(key < KeyOf(item)); });
    return const_iterator(this, run, index);
  }
  /// The item with this key, or end().
  template <typename Key>
  iterator Find(const Key& key) {
    const iterator at = LowerBound(key);
    return at != end() && KeyOf(*at) == key ? at : end();
  }
  template <typename Key>
  const_iterator Find(const Key& key) const {
    const const_iterator at = LowerBound(key);
    return at != end() && KeyOf(*at) == key ? at : end();
  }

  size_t size() const { return size_; }
  bool is_empty() const { return size_ == 0; }
  /// O(1): all runs but the first and the last are taken to be full ones.
  size_t footprint_bytes() const {
    size_t bytes = runs_.capacity() == 0
                       ? 0
                       : memory::ReservedBytes(runs_.capacity() * sizeof(Run));
    if (runs_.empty()) return bytes;
    bytes += RunBytes(runs_.front());
    if (runs_.size() > 1) bytes += RunBytes(runs_.back());
    if (runs_.size() > 2) {
      bytes += (runs_.size() - 2) * memory::ReservedBytes(kRunItemsMax * sizeof(Item));
    }
    return bytes;
  }
  /// Checks counts and order; the first violation, or null.
  const char* Verify() const {
    size_t count = 0;
    const Item* last = nullptr;
    for (const Run& run : runs_) {
      if (run.count == 0) return "a run is empty";
      if (run.count > run.capacity) return "a run holds more than it has room for";
      for (uint32_t i = 0; i < run.count; ++i) {
        if (last != nullptr && KeyOf(run.items[i]) < KeyOf(*last)) return "items are out of order";
        last = &run.items[i];
      }
      count += run.count;
    }
    return count == size_ ? nullptr : "the number of items is wrong";
  }

 private:
  static constexpr uint32_t kFirstCapacity = 2;

  static Run NewRun(uint32_t capacity) {
    return {static_cast<Item*>(memory::Allocate(capacity * sizeof(Item))), 0, capacity};
  }
  static void FreeRun(Run& run) { memory::Free(run.items, run.capacity * sizeof(Item)); }
  static size_t RunBytes(const Run& run) {
    return memory::ReservedBytes(run.capacity * sizeof(Item));
  }
  static void Grow(Run& run) {
    const uint32_t capacity = std::min(run.capacity * 2, kRunItemsMax);
    run.items = static_cast<Item*>(memory::Reallocate(run.items, run.capacity * sizeof(Item),
                                                      capacity * sizeof(Item)));
    run.capacity = capacity;
  }
  /// Moves the second half of a full run into a new one behind it.
  void Split(size_t run_index) {
    constexpr uint32_t kHalf = kRunItemsMax / 2;
    Run second = NewRun(kRunItemsMax);
    Run& first = runs_[run_index];
    second.count = first.count - kHalf;
    std::memcpy(static_cast<void*>(second.items), first.items + kHalf,
                second.count * sizeof(Item));
    first.count = kHalf;
    runs_.insert(runs_.begin() + static_cast<ptrdiff_t>(run_index) + 1, second);
  }
  /// The first item for which `is_before` is false, as run and index.
  template <typename IsBefore>
  std::pair<size_t, uint32_t> Search(IsBefore&& is_before) const {
    // The last run is where most searches end, so it is tried first.
    size_t low = 0;
    size_t high = runs_.size();
    if (high > 1) {
      if (is_before(runs_.back().items[0])) {
        low = high - 1;
      } else {
        --high;
      }
    }
    while (high - low > 1) {
      const size_t middle = (low + high) / 2;
      (is_before(runs_[middle].items[0]) ? low : high) = middle;
    }
    if (low == runs_.size()) return {low, 0};
    const Run& run = runs_[low];
    const Item* const found =
        std::partition_point(run.items, run.items + run.count, is_before);
    const auto index = static_cast<uint32_t>(found - run.items);
    return index == run.count ? std::pair{low + 1, 0U} : std::pair{low, index};
  }

  std::vector<Run> runs_;
  size_t size_ = 0;
};

}  // namespace ringtail::storage
