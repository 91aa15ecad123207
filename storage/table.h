// A hash table of entries, made for one cache line to a look-up and for never pausing.
//
//   Table table(grow_load);                    // of a database's entries; BasicTable<Item> of other things
//   table.Insert(hash, entry);
//   Table::Slot slot = table.Find(key);
//   if (slot) Use(slot.entry());
//
// Buckets are cache lines: seven 8-byte slots, seven 1-byte fingerprints and a count of the entries that
// wanted this bucket or an earlier one but had to go further. A slot is an entry's 48-bit pointer with 16 bits
// of its hash above it; with the fingerprint that keeps all 24 position bits, so nothing but a look-up ever
// reads a key. A key's home bucket is position × homes / 2^24, which keeps the order of positions whatever
// the size: a scan's cursor is a position, and growing moves runs of buckets from the front of the old array
// to the front of the new one. A full bucket's entries spill into the next ones, at most kWindow away.
//
// Invariants: (1) an entry lives at home + d, d in [0, kWindow], and the overflow counts of home .. home+d-1
// include it; (2) while growing, an entry whose old home is below moved_ is in the new array, every other one
// in the old array; no entry of the old array spills over the moved_ border.
//
// An Item has `std::string_view key() const` and `static void Destroy(Item*)`; its file that includes
// storage/table_impl.h instantiates the table once. The words below are those of a database: items are its entries.
//
// Thread rule: not thread-safe, but PrefetchBucket and PrefetchEntry may be called by any thread at any time
// as long as retired arrays are kept until that thread is known to be elsewhere (see Retirer).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storage/entry.h"
#include "storage/key_hash.h"

namespace ringtail::storage {

/// The sizes of a table's bucket arrays, whatever it holds.
struct TableSizes {
  struct Size {
    uint32_t bucket_count;
    uint32_t home_count;
  };
  static constexpr unsigned kClasses = 92;  // up to 2^24 buckets
  static constexpr uint32_t kWindow = 31;

  // The allocator's classes in cache lines: 1, 2, 3, then 4 5 6 7 × 2^k.
  constexpr TableSizes() : sizes() {
    for (unsigned i = 0; i < kClasses; ++i) {
      const uint32_t count = i < 3 ? i + 1 : (4 + (i - 3) % 4) << ((i - 3) / 4);
      const uint32_t spill = count / 8 < kWindow ? count / 8 : kWindow;
      sizes[i] = {.bucket_count = count, .home_count = count - spill};
    }
  }
  constexpr const Size& operator[](size_t index) const { return sizes[index]; }

  Size sizes[kClasses];
};
inline constexpr TableSizes kTableSizes{};

/// What to do with a bucket array that is no longer used. Null: free it at once.
struct TableRetirer {
  virtual ~TableRetirer() = default;
  virtual void Retire(void* lines, size_t size) = 0;
};

template <typename Item>
class BasicTable {
 private:
  struct Bucket;

 public:
  using Retirer = TableRetirer;

  /// Where an entry is. Good until the next Insert, Erase or Move on the table.
  class Slot {
   public:
    Slot() = default;
    explicit operator bool() const { return bucket_ != nullptr; }
    Item* entry() const;

   private:
    friend class BasicTable;
    Slot(Bucket* bucket, unsigned index, uint32_t distance)
        : bucket_(bucket), index_(static_cast<uint8_t>(index)),
          distance_(static_cast<uint8_t>(distance)) {}
    Bucket* bucket_ = nullptr;
    uint8_t index_ = 0;
    uint8_t distance_ = 0;  // buckets from the entry's home
  };

  /// `grow_load` in (0, 1): the share of slots in use at which the table grows. Many tables that fill
  /// alike should have different ones, so that they do not all hold two arrays at the same moment.
  explicit BasicTable(double grow_load = 0.9, Retirer* retirer = nullptr);
  ~BasicTable();
  BasicTable(const BasicTable&) = delete;
  BasicTable& operator=(const BasicTable&) = delete;

  /// The entry with this key, or nothing.
  Slot Find(const Key& key) const;
  /// Adds an entry whose key is not in the table. Moves a few buckets along if the table is growing.
  void Insert(KeyHash hash, Item* entry);
  /// Puts another entry of the same key in an entry's place.
  void Replace(Slot slot, Item* entry);
  /// Takes an entry out; the caller owns it now.
  Item* Erase(Slot slot);
  /// Continues a growing or shrinking table by about `bucket_count` buckets. Returns whether more is to do.
  bool Move(size_t bucket_count);

  /// Calls visit(Item*, position) for every entry whose position lies in [cursor, returned cursor); 0 when the
  /// end is reached. An entry that is there from a scan's start to its end is visited, whatever happens
  /// to the table meanwhile. Visits about one bucket. visit must not change the table.
  template <typename Visit>
  uint32_t Scan(uint32_t cursor, Visit&& visit) const;
  /// Calls visit(Slot) for every entry whose 24 position bits are these, until it returns true.
  template <typename Visit>
  bool VisitPosition(uint32_t position, Visit&& visit) const;
  /// Calls visit(Item*) for every entry. visit must not change the table.
  template <typename Visit>
  void VisitAll(Visit&& visit) const;
  /// An entry drawn uniformly; null if there is none. O(1) on average.
  template <typename Generator>
  Item* Random(Generator&& generator) const;
  /// Calls visit(Item*, position) for the entries of the bucket where `position` lives (and those spilled into it).
  template <typename Visit>
  void VisitBucketAt(uint32_t position, Visit&& visit) const;

  /// Starts to load the bucket where `hash` would be.
  void PrefetchBucket(KeyHash hash) const;
  /// Starts to load the entry that `hash` probably is; reads the bucket, so prefetch that one earlier.
  void PrefetchEntry(KeyHash hash) const;

  size_t size() const { return size_; }
  bool is_moving() const { return !next_array().is_null(); }
  /// Bytes of the bucket arrays.
  size_t footprint_bytes() const { return current_array().bytes() + next_array().bytes(); }
  size_t bucket_count() const {
    return current_array().bucket_count() + next_array().bucket_count();
  }
  /// Checks every invariant; for tests and DEBUG VERIFY. O(n). The first violation, or null.
  const char* Verify(const KeyHasher& hasher) const;
  /// Verify without the keys' hashes.
  const char* VerifyLayout() const;

 private:
  static constexpr unsigned kSlots = 7;
  static constexpr unsigned kSizeClasses = TableSizes::kClasses;
  static constexpr uint32_t kWindow = TableSizes::kWindow;
  static constexpr uint32_t kNowhere = 0xffffffff;
  static constexpr uint64_t kPointerMask = (uint64_t{1} << 48) - 1;
  static constexpr uint64_t kPositionEnd = uint64_t{1} << KeyHash::kPositionBits;

  struct alignas(64) Bucket {
    uint64_t control;  // byte i < 7: fingerprint of slot i; byte 7: overflow count
    uint64_t slots[kSlots];
  };
  static_assert(sizeof(Bucket) == 64);

  /// One array of buckets in one word (address below, size class above), so that it is read in one piece
  /// by other threads. Sizes are the allocator's classes: growing by one is by a quarter at most and
  /// leaves no slack. Homes are fewer than buckets: the last home has a window to spill into.
  class Array {
   public:
    Array() = default;
    explicit Array(uint64_t word) : word_(word) {}
    static Array Allocate(unsigned size_class);

    bool is_null() const { return word_ == 0; }
    uint64_t word() const { return word_; }
    unsigned size_class() const { return static_cast<unsigned>(word_ >> 48); }
    Bucket* buckets() const { return reinterpret_cast<Bucket*>(word_ & kPointerMask); }
    uint32_t bucket_count() const { return is_null() ? 0 : kTableSizes[size_class()].bucket_count; }
    uint32_t home_count() const { return is_null() ? 0 : kTableSizes[size_class()].home_count; }
    size_t bytes() const { return size_t{bucket_count()} * sizeof(Bucket); }
    uint32_t Home(uint32_t position) const {
      return static_cast<uint32_t>((uint64_t{position} * kTableSizes[size_class()].home_count) >>
                                   KeyHash::kPositionBits);
    }
    /// The first position whose home is `home`; kPositionEnd for the home behind the last.
    uint64_t FirstPosition(uint64_t home) const {
      return ((home << KeyHash::kPositionBits) + home_count() - 1) / home_count();
    }

   private:
    uint64_t word_ = 0;
  };

  // Readers of other threads (prefetch) race with the owner on purpose; relaxed atomics make that defined.
  static uint64_t LoadWord(const uint64_t& word) { return __atomic_load_n(&word, __ATOMIC_RELAXED); }
  static void StoreWord(uint64_t& word, uint64_t value) {
    __atomic_store_n(&word, value, __ATOMIC_RELAXED);
  }
  static Item* Pointer(uint64_t slot) { return reinterpret_cast<Item*>(slot & kPointerMask); }
  static uint64_t MakeSlot(uint32_t position, Item* entry) {
    return (uint64_t{position >> 8} << 48) | reinterpret_cast<uint64_t>(entry);
  }
  static unsigned FingerprintAt(uint64_t control, unsigned index) {
    return static_cast<unsigned>(control >> (8 * index)) & 0xff;
  }
  static uint32_t PositionAt(const Bucket& bucket, unsigned index) {
    return static_cast<uint32_t>(bucket.slots[index] >> 48) << 8 |
           FingerprintAt(bucket.control, index);
  }
  static unsigned OverflowOf(uint64_t control) { return static_cast<unsigned>(control >> 56); }
  static void AddOverflow(Bucket& bucket, int delta) {
    StoreWord(bucket.control, bucket.control + (static_cast<uint64_t>(delta) << 56));
  }
  static bool IsSame(std::string_view left, std::string_view right);
  static uint64_t MatchFingerprint(uint64_t control, uint32_t position);

  Array current_array() const { return Array(current_.load(std::memory_order_acquire)); }
  Array next_array() const { return Array(next_.load(std::memory_order_acquire)); }
  uint32_t moved() const { return moved_.load(std::memory_order_relaxed); }
  void SetCurrent(Array array) { current_.store(array.word(), std::memory_order_release); }
  void SetNext(Array array) { next_.store(array.word(), std::memory_order_release); }
  /// The array where a position's entry is or would be put.
  Array ArrayOf(uint32_t position) const {
    const Array next = next_array();
    const Array current = current_array();
    if (next.is_null()) [[likely]] return current;
    return current.Home(position) < moved() ? next : current;
  }

  /// End of the buckets that are in use: those of next_ behind zeroed_ have no defined bytes yet.
  uint32_t BucketEnd(Array array) const {
    return array.word() == next_array().word() ? zeroed_ : array.bucket_count();
  }

  bool Place(Array array, uint32_t position, Item* entry);
  /// Puts an entry into one bucket, if that has a free slot.
  static bool Put(Array array, uint32_t home, uint32_t at, uint32_t position, Item* entry);
  static Item* Take(Bucket* bucket, unsigned index, uint32_t distance);
  uint32_t MakeRoom(Array array, uint32_t home);
  static uint32_t PullBack(Array array, uint32_t hole);
  void Free(Array array);
  void DropArrays(Array replacement);
  void StartMove(unsigned size_class);
  void MoveRun(size_t bucket_count_min);
  void ZeroNextUpTo(uint64_t bucket_end);
  void FinishMove();
  static void DropMoved(Array array, uint32_t from, uint32_t to);
  void Rebuild();
  void SetLimits(Array array);
  template <typename Visit>
  static void VisitRange(Array array, uint64_t first_position, uint64_t end_position,
                         Visit&& visit);

  std::atomic<uint64_t> current_{0};
  std::atomic<uint64_t> next_{0};    // where to, while moving
  std::atomic<uint32_t> moved_{0};   // homes of current_ that have been moved
  uint32_t zeroed_ = 0;              // buckets of next_ that have been cleared for use
  size_t size_ = 0;
  size_t grow_at_ = 0;
  size_t shrink_at_ = 0;
  const double grow_load_;
  Retirer* const retirer_;
};

using Table = BasicTable<Entry>;

}  // namespace ringtail::storage

#include "storage/table_inline.h"
