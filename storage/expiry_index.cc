#include "storage/expiry_index.h"

#include <algorithm>
#include <bit>

namespace ringtail::storage {
namespace {

// An index that is empty again gives back its lists of chunks if they are longer than this.
constexpr size_t kIdsKept = 64;

}  // namespace

ExpiryIndex::ExpiryIndex(const Table& table, int64_t now_ms)
    : table_(table), now_tick_(TickAt(now_ms)) {
  heads_.fill(kNoChunk);
}

ExpiryIndex::~ExpiryIndex() {
  for (Chunk* chunk : chunks_) {
    if (chunk != nullptr) memory::Free(chunk, sizeof(Chunk));
  }
}

// The tick at which an entry is certainly expired.
uint64_t ExpiryIndex::TickOf(int64_t expiry_ms) {
  if (expiry_ms < 0) return 0;
  return std::min((static_cast<uint64_t>(expiry_ms) >> kTickBits) + 1, kLastTick);
}

// One before the last, so that there is always a next tick to put things into.
uint64_t ExpiryIndex::TickAt(int64_t now_ms) {
  if (now_ms < 0) return 0;
  return std::min(static_cast<uint64_t>(now_ms) >> kTickBits, kLastTick - 1);
}

// The level is that of the highest group of six bits in which the tick differs from now: there its bucket is
// ahead of the current one, and all lower groups are sorted out when it comes up. The tick is after now.
unsigned ExpiryIndex::BucketFor(uint64_t tick) const {
  const auto high_bit = static_cast<unsigned>(63 - std::countl_zero(tick ^ now_tick_));
  const unsigned level = high_bit / kLevelBits;
  return level * 64 + static_cast<unsigned>((tick >> (kLevelBits * level)) & 63);
}

uint64_t ExpiryIndex::VisitTick(unsigned bucket) const {
  const unsigned shift = kLevelBits * (bucket / 64);
  const uint64_t above = now_tick_ >> (shift + kLevelBits) << (shift + kLevelBits);
  return above | (uint64_t{bucket % 64} << shift);
}

uint32_t ExpiryIndex::OpenChunk(unsigned bucket) {
  uint32_t id;
  if (free_ids_.empty()) {
    id = static_cast<uint32_t>(chunks_.size());
    // By a quarter, not by doubling: with many tables the slack counts.
    if (id == chunks_.capacity()) chunks_.reserve(id + id / 4 + 8);
    chunks_.push_back(nullptr);
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  auto* opened = static_cast<Chunk*>(memory::Allocate(sizeof(Chunk)));
  opened->previous = kNoChunk;
  opened->next = heads_[bucket];
  opened->bucket = static_cast<uint16_t>(bucket);
  opened->live_count = 0;
  opened->used_count = 0;
  chunks_[id] = opened;
  const uint32_t full = heads_[bucket];
  if (full != kNoChunk) chunk(full).previous = id;
  heads_[bucket] = id;
  if (bucket < kBuckets) occupied_[bucket / 64] |= uint64_t{1} << (bucket % 64);
  if (full != kNoChunk && chunk(full).live_count <= kSparseRecords) MergeSparse(full);
  return id;
}

void ExpiryIndex::FreeChunk(uint32_t id) {
  Chunk* gone = chunks_[id];
  if (gone->previous != kNoChunk) chunk(gone->previous).next = gone->next;
  if (gone->next != kNoChunk) chunk(gone->next).previous = gone->previous;
  if (heads_[gone->bucket] == id) {
    heads_[gone->bucket] = gone->next;
    if (gone->next == kNoChunk && gone->bucket < kBuckets) {
      occupied_[gone->bucket / 64] &= ~(uint64_t{1} << (gone->bucket % 64));
    }
  }
  memory::Free(gone, sizeof(Chunk));
  chunks_[id] = nullptr;
  free_ids_.push_back(id);
  if (free_ids_.size() == chunks_.size() && chunks_.size() >= kIdsKept) {
    chunks_ = {};
    free_ids_ = {};
  }
}

uint32_t ExpiryIndex::AppendRecord(unsigned bucket, uint32_t position) {
  uint32_t id = heads_[bucket];
  if (id == kNoChunk || chunk(id).used_count == kRecords) id = OpenChunk(bucket);
  Chunk& open = chunk(id);
  const uint32_t slot_index = open.used_count++;
  ++open.live_count;
  open.records[slot_index] = position << 8 | 1;
  return id << 6 | slot_index;
}

Table::Slot ExpiryIndex::FindByHandle(uint32_t position, uint32_t handle) const {
  Table::Slot found;
  table_.VisitPosition(position, [&](Table::Slot slot) {
    if (slot.entry()->expiry_handle() != handle) return false;
    found = slot;
    return true;
  });
  return found;
}

// Moves the few live records of a chunk to its bucket's open chunk. So every chunk but the open one has more
// than kSparseRecords, and holes never cost more than three times what lives.
void ExpiryIndex::MergeSparse(uint32_t id) {
  const unsigned bucket = chunk(id).bucket;
  // The open chunk waits until it is full; due ones are about to go.
  if (heads_[bucket] == id || bucket == kDueBucket) return;
  for (uint32_t i = 0; i < chunk(id).used_count; ++i) {
    if (chunk(id).records[i] == 0) continue;
    const uint32_t position = chunk(id).records[i] >> 8;
    Entry* entry = FindByHandle(position, id << 6 | i).entry();
    entry->SetExpiryHandle(AppendRecord(bucket, position));
  }
  FreeChunk(id);
}

void ExpiryIndex::ClearRecord(uint32_t handle) {
  const uint32_t id = handle >> 6;
  Chunk& holder = chunk(id);
  holder.records[handle & 63] = 0;
  --size_;
  if (--holder.live_count == 0) {
    FreeChunk(id);
  } else if (holder.live_count <= kSparseRecords) {
    MergeSparse(id);
  }
}

void ExpiryIndex::Add(uint32_t position, Entry* entry) {
  ++size_;
  // Never into the due bucket: if the clock was set back, that would be looked at again and again.
  const uint64_t tick = std::max(TickOf(entry->expiry_ms()), now_tick_ + 1);
  entry->SetExpiryHandle(AppendRecord(BucketFor(tick), position));
}

void ExpiryIndex::Remove(Entry* entry) {
  const uint32_t handle = entry->expiry_handle();
  entry->SetExpiryHandle(kNoHandle);
  ClearRecord(handle);
}

void ExpiryIndex::Update(uint32_t position, Entry* entry) {
  const unsigned bucket = chunk(entry->expiry_handle() >> 6).bucket;
  if (bucket == kDueBucket || TickOf(entry->expiry_ms()) >= VisitTick(bucket)) return;
  Remove(entry);
  Add(position, entry);
}

// Steps to the next bucket that holds anything, if that is not after the target, and makes it the due one.
bool ExpiryIndex::AdvanceTo(uint64_t target_tick) {
  if (target_tick <= now_tick_) return false;
  for (unsigned level = 0; level < kLevels; ++level) {
    const unsigned current = static_cast<unsigned>(now_tick_ >> (kLevelBits * level)) & 63;
    const uint64_t ahead = current == 63 ? 0 : occupied_[level] >> (current + 1) << (current + 1);
    if (ahead == 0) continue;
    const unsigned bucket = level * 64 + static_cast<unsigned>(std::countr_zero(ahead));
    const uint64_t tick = VisitTick(bucket);
    if (tick > target_tick) break;
    now_tick_ = tick;
    MakeDue(bucket);
    return true;
  }
  now_tick_ = target_tick;
  return false;
}

// Puts a bucket's chunks in front of the due ones.
void ExpiryIndex::MakeDue(unsigned bucket) {
  const uint32_t first = heads_[bucket];
  uint32_t last = first;
  for (uint32_t id = first; id != kNoChunk; id = chunk(id).next) {
    chunk(id).bucket = kDueBucket;
    last = id;
  }
  chunk(last).next = heads_[kDueBucket];
  if (heads_[kDueBucket] != kNoChunk) chunk(heads_[kDueBucket]).previous = last;
  heads_[kDueBucket] = first;
  heads_[bucket] = kNoChunk;
  occupied_[bucket / 64] &= ~(uint64_t{1} << (bucket % 64));
}

// The clock was set back: what the buckets mean depends on now, so all of them are sorted anew.
void ExpiryIndex::SetBack(uint64_t tick) {
  now_tick_ = tick;
  for (unsigned bucket = 0; bucket < kBuckets; ++bucket) {
    if (heads_[bucket] != kNoChunk) MakeDue(bucket);
  }
}

// The first due chunk's records are looked up in stages, so that their cache misses overlap.
void ExpiryIndex::PrefetchDue(size_t record_count_max) const {
  const Chunk& due = chunk(heads_[kDueBucket]);
  const size_t first = due.used_count > record_count_max ? due.used_count - record_count_max : 0;
  for (size_t i = first; i < due.used_count; ++i) {
    table_.PrefetchBucket(KeyHash(uint64_t{due.records[i] >> 8} << 40));
  }
  for (size_t i = first; i < due.used_count; ++i) {
    table_.PrefetchEntry(KeyHash(uint64_t{due.records[i] >> 8} << 40));
  }
}

// Forgets the last record of the first due chunk.
ExpiryIndex::Due ExpiryIndex::TakeDue() {
  const uint32_t id = heads_[kDueBucket];
  Chunk& due = chunk(id);
  while (due.records[due.used_count - 1] == 0) --due.used_count;
  const uint32_t index = --due.used_count;
  const uint32_t position = due.records[index] >> 8;
  const Table::Slot slot = FindByHandle(position, id << 6 | index);
  slot.entry()->SetExpiryHandle(kNoHandle);
  --size_;
  if (--due.live_count == 0) FreeChunk(id);
  return {slot, position};
}

Entry* ExpiryIndex::SampleChunk(const Chunk& chosen, uint32_t id, Random& random,
                                uint32_t* position) const {
  const auto start = static_cast<uint32_t>(random.Below(chosen.used_count));
  for (uint32_t n = 0; n < chosen.used_count; ++n) {
    const uint32_t i = (start + n) % chosen.used_count;
    if (chosen.records[i] == 0) continue;
    *position = chosen.records[i] >> 8;
    return FindByHandle(*position, id << 6 | i).entry();
  }
  return nullptr;
}

Entry* ExpiryIndex::Sample(Random& random, uint32_t* position) const {
  if (size_ == 0) return nullptr;
  for (int attempt = 0; attempt < 16; ++attempt) {
    const auto id = static_cast<uint32_t>(random.Below(chunks_.size()));
    if (chunks_[id] != nullptr) return SampleChunk(chunk(id), id, random, position);
  }
  return nullptr;
}

Entry* ExpiryIndex::SampleSoonest(Random& random, uint32_t* position) const {
  if (size_ == 0) return nullptr;
  uint32_t id = heads_[kDueBucket];
  for (unsigned level = 0; level < kLevels && id == kNoChunk; ++level) {
    if (occupied_[level] == 0) continue;
    id = heads_[level * 64 + static_cast<unsigned>(std::countr_zero(occupied_[level]))];
  }
  return id == kNoChunk ? nullptr : SampleChunk(chunk(id), id, random, position);
}

size_t ExpiryIndex::footprint_bytes() const {
  return memory::ReservedBytes(sizeof(*this)) + chunks_.capacity() * sizeof(Chunk*) +
         free_ids_.capacity() * sizeof(uint32_t) +
         (chunks_.size() - free_ids_.size()) * sizeof(Chunk);
}

const char* ExpiryIndex::Verify() const {
  size_t live = 0;
  for (uint32_t id = 0; id < chunks_.size(); ++id) {
    if (chunks_[id] == nullptr) continue;
    const Chunk& checked = chunk(id);
    unsigned in_chunk = 0;
    for (uint32_t i = 0; i < checked.used_count; ++i) {
      if (checked.records[i] == 0) continue;
      ++in_chunk;
      const Table::Slot slot = FindByHandle(checked.records[i] >> 8, id << 6 | i);
      if (!slot) return "a record has no entry";
    }
    if (in_chunk != checked.live_count) return "a chunk's live count is wrong";
    if (in_chunk == 0) return "an empty chunk was kept";
    const bool is_open = heads_[checked.bucket] == id;
    if (in_chunk <= kSparseRecords && !is_open && checked.bucket != kDueBucket) {
      return "a sparse chunk was not merged";
    }
    live += in_chunk;
  }
  return live == size_ ? nullptr : "the size is not the number of records";
}

}  // namespace ringtail::storage
