// Which entries of one table are due when, so that expired memory comes back on time without sampling.
//
//   ExpiryIndex index(table, now_ms);
//   index.Add(position, entry);                                  // a volatile entry with its expiry set
//   index.Process(now_ms, 64, [&](Table::Slot slot) { … });      // the expired ones, at most 64 looked at
//
// A hierarchical timing wheel (Varghese and Lauck, 1987): level l has 64 buckets of 128 ms × 64^l. A bucket
// is a list of 256-byte chunks of 4-byte records; a record is the 24 position bits of its entry, and the entry
// keeps the record's handle (chunk and slot), so each finds the other and nothing stale is ever left behind.
// That costs 4.2 bytes a key beside the handle. An expiry that moves into the future leaves its record where it
// is; the record is put right when its bucket comes up.
//
// An entry that Process reports has been expired for at most 128 ms plus the caller's period.
// Thread rule: belongs to its partition, like the table.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "storage/table.h"

namespace ringtail::storage {

class ExpiryIndex {
 public:
  ExpiryIndex(const Table& table, int64_t now_ms);
  ~ExpiryIndex();
  ExpiryIndex(const ExpiryIndex&) = delete;
  ExpiryIndex& operator=(const ExpiryIndex&) = delete;

  /// Takes in a volatile entry that has no handle yet. O(1).
  void Add(uint32_t position, Entry* entry);
  /// Forgets an entry that has a handle. O(1) amortised.
  void Remove(Entry* entry);
  /// To be called after the expiry of an entry with a handle was changed. O(1).
  void Update(uint32_t position, Entry* entry);

  /// Advances to now_ms and looks at no more than `record_count_max` records that have come up; calls
  /// expire(Table::Slot) for each entry that is expired, after having forgotten it: it has to erase it.
  /// Returns whether there is more to do for now_ms. After a clock that was set back by more than a second
  /// every record comes up once, to be put where it belongs now.
  template <typename Expire>
  bool Process(int64_t now_ms, size_t record_count_max, Expire&& expire);

  /// A random entry of the index, or null if it is empty or bad luck found none. O(1).
  Entry* Sample(Random& random, uint32_t* position) const;
  /// An entry of the bucket that comes up first: within that bucket's width the one that expires next.
  Entry* SampleSoonest(Random& random, uint32_t* position) const;

  size_t size() const { return size_; }
  size_t footprint_bytes() const;
  /// Checks that records and entries point at each other; for tests. The first violation, or null.
  const char* Verify() const;

 private:
  static constexpr int kTickBits = 7;  // 128 ms
  static constexpr int kLevelBits = 6;
  static constexpr unsigned kLevels = 7;
  static constexpr unsigned kBuckets = kLevels * 64;
  static constexpr unsigned kDueBucket = kBuckets;  // what has come up and is being worked off
  static constexpr unsigned kRecords = 61;
  static constexpr unsigned kSparseRecords = 15;    // a chunk with no more live records is merged away
  static constexpr uint32_t kNoChunk = 0x3ffffff;
  // The end of the wheel, in the year 19809. Expiries behind it never come up (a read still sees them).
  static constexpr uint64_t kLastTick = (uint64_t{1} << (kLevelBits * kLevels)) - 1;
  static constexpr uint64_t kBackTicksMax = 8;  // clocks are corrected by a little all the time

  struct Chunk {
    uint32_t previous;
    uint32_t next;
    uint16_t bucket;
    uint8_t live_count;
    uint8_t used_count;
    uint32_t records[kRecords];  // position << 8 | 1, or 0 for a hole
  };
  static_assert(sizeof(Chunk) == 256);

  struct Due {
    Table::Slot slot;
    uint32_t position;
  };

  static uint64_t TickOf(int64_t expiry_ms);
  static uint64_t TickAt(int64_t now_ms);
  unsigned BucketFor(uint64_t tick) const;
  uint64_t VisitTick(unsigned bucket) const;
  uint32_t AppendRecord(unsigned bucket, uint32_t position);
  uint32_t OpenChunk(unsigned bucket);
  void FreeChunk(uint32_t chunk_id);
  void MergeSparse(uint32_t chunk_id);
  void ClearRecord(uint32_t handle);
  bool AdvanceTo(uint64_t target_tick);
  void MakeDue(unsigned bucket);
  void SetBack(uint64_t tick);
  void PrefetchDue(size_t record_count_max) const;
  Due TakeDue();
  Table::Slot FindByHandle(uint32_t position, uint32_t handle) const;
  Entry* SampleChunk(const Chunk& chunk, uint32_t chunk_id, Random& random,
                     uint32_t* position) const;
  Chunk& chunk(uint32_t id) { return *chunks_[id]; }
  const Chunk& chunk(uint32_t id) const { return *chunks_[id]; }

  const Table& table_;
  uint64_t now_tick_;
  size_t size_ = 0;
  std::array<uint32_t, kBuckets + 1> heads_;
  std::array<uint64_t, kLevels> occupied_{};
  std::vector<Chunk*> chunks_;       // by id; null where free
  std::vector<uint32_t> free_ids_;
};

template <typename Expire>
bool ExpiryIndex::Process(int64_t now_ms, size_t record_count_max, Expire&& expire) {
  const uint64_t target = TickAt(now_ms);
  if (target + kBackTicksMax < now_tick_) SetBack(target);
  size_t budget = record_count_max;
  do {
    uint32_t prefetched = kNoChunk;
    while (heads_[kDueBucket] != kNoChunk) {
      if (budget == 0) return true;
      if (heads_[kDueBucket] != prefetched) {
        prefetched = heads_[kDueBucket];
        PrefetchDue(budget);
      }
      --budget;
      const Due due = TakeDue();
      if (due.slot.entry()->IsExpired(now_ms)) {
        expire(due.slot);
      } else {
        Add(due.position, due.slot.entry());
      }
    }
  } while (AdvanceTo(target));
  return false;
}

}  // namespace ringtail::storage
