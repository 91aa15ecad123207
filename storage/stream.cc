#include "storage/stream.h"

#include <algorithm>

namespace ringtail::storage {
namespace {

// Clients may set the counters of entries to any number, so they wrap at its end, as Redis's do.
int64_t WrappingSum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t WrappingDifference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

}  // namespace

Stream::Stream(const Stream& other)
    : Object(),
      blocks_(other.blocks_),
      length_(other.length_),
      last_id_(other.last_id_),
      first_id_(other.first_id_),
      max_deleted_id_(other.max_deleted_id_),
      entries_added_(other.entries_added_),
      groups_(other.groups_) {
  for (StreamBlock& block : blocks_) {
    block = block.Copy();
    block_bytes_ += block.footprint_bytes();
  }
}

Stream::~Stream() {
  for (StreamBlock& block : blocks_) block.Free();
}

// ---- Entries

void Stream::Append(StreamId id, StreamPairs pairs, const StreamLimits& limits) {
  bool is_new_block = blocks_.is_empty();
  if (!is_new_block) {
    size_t text_bytes = 0;
    for (const std::string_view text : pairs) text_bytes += text.size();
    StreamBlock& last = blocks_.back();
    auto bytes_max = static_cast<size_t>(limits.block_bytes_max);
    if (bytes_max == 0 || bytes_max > kEntryBytesMax) bytes_max = kEntryBytesMax;
    is_new_block = last.listpack_bytes() + text_bytes >= bytes_max ||
                   (limits.block_entries_max != 0 &&
                    int64_t{last.live_count()} + last.deleted_count() >=
                        limits.block_entries_max);
    block_bytes_ -= last.footprint_bytes();
    if (is_new_block) {
      last.ShrinkToFit();
    } else {
      last.Append(id, pairs);
    }
    block_bytes_ += last.footprint_bytes();
  }
  if (is_new_block) {
    blocks_.Append(StreamBlock::Create(id, pairs));
    block_bytes_ += blocks_.back().footprint_bytes();
  }
  entries_added_ = WrappingSum(entries_added_, 1);
  last_id_ = id;
  if (++length_ == 1) first_id_ = id;
}

std::optional<Stream::Place> Stream::Find(StreamId id) const {
  if (length_ == 0 || id < first_id_ || id > last_id_) return std::nullopt;
  Blocks::const_iterator at = blocks_.UpperBound(id);
  if (at == blocks_.begin()) return std::nullopt;
  --at;
  StreamBlockReader reader(*at);
  StreamEntry entry;
  while (reader.Next(entry)) {
    // Deleted ones may be out of order (see SetLastId), so they end nothing.
    if (entry.is_deleted || entry.id < id) continue;
    if (entry.id > id) break;
    return Place{at, entry.offset};
  }
  return std::nullopt;
}

bool Stream::Contains(StreamId id) const { return Find(id).has_value(); }

Stream::Blocks::iterator Stream::DropBlock(Blocks::iterator at) {
  length_ -= at->live_count();
  block_bytes_ -= at->footprint_bytes();
  at->Free();
  return blocks_.Erase(at);
}

void Stream::NoteFirst() {
  StreamRange range(*this, {}, StreamId::Max());
  StreamEntry entry;
  first_id_ = length_ != 0 && range.Next(entry) ? entry.id : StreamId{};
}

bool Stream::Delete(StreamId id) {
  const auto place = Find(id);
  if (!place) return false;
  const Blocks::iterator block = blocks_.Find(place->block->first_id());
  if (block->live_count() == 1) {
    DropBlock(block);
  } else {
    block->MarkDeleted(place->offset);
    --length_;
  }
  if (id > max_deleted_id_) max_deleted_id_ = id;
  if (id == first_id_) NoteFirst();
  return true;
}

int64_t Stream::Trim(const StreamTrim& trim, const std::function<bool(StreamId)>& may_go) {
  if (trim.kind == StreamTrim::Kind::kNone) return 0;
  int64_t deleted = 0;
  for (Blocks::iterator at = blocks_.begin(); at != blocks_.end();) {
    const auto length = static_cast<int64_t>(length_);
    if (trim.kind == StreamTrim::Kind::kLength && length <= trim.length_max) break;
    const int64_t live_count = at->live_count();
    if (trim.deletions_max != 0 && deleted + live_count > trim.deletions_max) break;
    const bool is_whole = trim.kind == StreamTrim::Kind::kLength
                              ? length - live_count >= trim.length_max
                              : at->last_id() < trim.id_min;
    if (is_whole && may_go == nullptr) {
      at = DropBlock(at);
      deleted += live_count;
      continue;
    }
    if (!is_whole && trim.is_approximate) break;
    const int64_t marked = TrimWithin(*at, trim, may_go);
    deleted += marked;
    if (!is_whole) break;
    at->live_count() == 0 ? at = DropBlock(at) : ++at;
  }
  if (deleted != 0) NoteFirst();
  return deleted;
}

int64_t Stream::TrimWithin(StreamBlock& block, const StreamTrim& trim,
                           const std::function<bool(StreamId)>& may_go) {
  int64_t deleted = 0;
  StreamBlockReader reader(block);
  StreamEntry entry;
  while (reader.Next(entry)) {
    const bool is_reached = trim.kind == StreamTrim::Kind::kLength
                                ? static_cast<int64_t>(length_) <= trim.length_max
                                : entry.id >= trim.id_min;
    if (is_reached) break;
    if (entry.is_deleted || (may_go != nullptr && !may_go(entry.id))) continue;
    block.MarkDeleted(entry.offset);
    --length_;
    ++deleted;
  }
  return deleted;
}

StreamId Stream::last_live_id() const {
  if (length_ == 0) return {};
  StreamRange range(*this, {}, StreamId::Max(), StreamRange::Direction::kBackward);
  StreamEntry entry;
  return range.Next(entry) ? entry.id : StreamId{};
}

void Stream::SetLastId(StreamId id) {
  // A block without a live entry would begin behind what is added next.
  if (length_ == 0 && !blocks_.is_empty() && id < blocks_.back().last_id()) {
    for (Blocks::iterator at = blocks_.begin(); at != blocks_.end();) at = DropBlock(at);
  }
  last_id_ = id;
}

// ---- Groups

StreamGroup* Stream::FindGroup(std::string_view name) {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : &found->second;
}

StreamGroup* Stream::AddGroup(std::string_view name, StreamId last_id, int64_t entries_read) {
  const auto [at, is_new] =
      groups_.try_emplace(std::string(name), last_id, entries_read);
  return is_new ? &at->second : nullptr;
}

bool Stream::RemoveGroup(std::string_view name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return false;
  groups_.erase(found);
  return true;
}

// Whether an entry at or behind `id` was deleted, so that counting on from there would be wrong.
bool Stream::HasDeletedFrom(StreamId id) const {
  return length_ != 0 && !max_deleted_id_.is_zero() && first_id_ <= max_deleted_id_ &&
         id <= max_deleted_id_;
}

std::optional<int64_t> Stream::EntriesUpTo(StreamId id) const {
  if (entries_added_ == 0) return 0;
  // Of a stream that is empty now, all ids so far are read.
  if (length_ == 0 && id <= last_id_) return entries_added_;
  if (id == last_id_) return entries_added_;
  if (id > last_id_) return std::nullopt;
  // Without a hole behind the first entry, the live ones are the last that were added.
  if (max_deleted_id_.is_zero() || max_deleted_id_ < first_id_) {
    const int64_t trimmed = WrappingDifference(entries_added_, static_cast<int64_t>(length_));
    if (id < first_id_) return trimmed;
    if (id == first_id_) return WrappingSum(trimmed, 1);
  }
  return std::nullopt;
}

std::optional<int64_t> Stream::LagOf(const StreamGroup& group) const {
  if (entries_added_ == 0) return 0;
  if (group.entries_read() != StreamGroup::kUnknown && !HasDeletedFrom(group.last_id())) {
    return WrappingDifference(entries_added_, group.entries_read());
  }
  const auto read = EntriesUpTo(group.last_id());
  if (!read) return std::nullopt;
  return WrappingDifference(entries_added_, *read);
}

void Stream::Advance(StreamGroup& group, StreamId id) const {
  int64_t read = group.entries_read();
  if (read != StreamGroup::kUnknown && !HasDeletedFrom(id)) {
    read = WrappingSum(read, 1);
  } else if (entries_added_ != 0) {
    read = EntriesUpTo(id).value_or(StreamGroup::kUnknown);
  }
  group.SetPosition(id, read);
}

// ---- As Object wants it

std::unique_ptr<Object> Stream::Clone() const { return std::unique_ptr<Object>(new Stream(*this)); }

size_t Stream::footprint_bytes() const {
  constexpr size_t kGroupNodeBytes = 32 + sizeof(Groups::value_type);
  size_t bytes = memory::ReservedBytes(sizeof(Stream)) + blocks_.footprint_bytes() + block_bytes_;
  for (const auto& [name, group] : groups_) {
    bytes += memory::ReservedBytes(kGroupNodeBytes) + group.footprint_bytes();
  }
  return bytes;
}

const char* Stream::Verify() const {
  if (const char* violation = blocks_.Verify()) return violation;
  size_t live_count = 0;
  size_t block_bytes = 0;
  for (const StreamBlock& block : blocks_) {
    if (const char* violation = block.Verify()) return violation;
    live_count += block.live_count();
    block_bytes += block.footprint_bytes();
  }
  if (live_count != length_) return "the length is wrong";
  if (block_bytes != block_bytes_) return "the bytes of the blocks are counted wrongly";
  StreamRange range(*this, {}, StreamId::Max());
  StreamEntry entry;
  const StreamId first_id = range.Next(entry) ? entry.id : StreamId{};
  if (first_id != first_id_) return "the first id is wrong";
  if (last_live_id() > last_id_) return "an entry is behind the last id";
  for (const auto& [name, group] : groups_) {
    if (const char* violation = group.Verify()) return violation;
  }
  return nullptr;
}

// ---- Ranges

StreamRange::StreamRange(const Stream& stream, StreamId first, StreamId last,
                         Direction direction)
    : stream_(stream), first_(first), last_(last), direction_(direction) {
  const Stream::Blocks& blocks = stream.blocks_;
  if (direction == Direction::kBackward) {
    block_ = blocks.UpperBound(last);
    return;
  }
  block_ = first <= stream.first_id_ ? blocks.begin() : blocks.UpperBound(first);
  // The block in front is the one that may hold `first`.
  if (block_ != blocks.begin()) --block_;
  if (block_ != blocks.end()) reader_.emplace(*block_);
}

bool StreamRange::NextForward(StreamEntry& entry) {
  while (reader_) {
    while (reader_->Next(entry)) {
      if (entry.is_deleted || entry.id < first_) continue;
      return entry.id <= last_;
    }
    if (++block_ == stream_.blocks_.end()) {
      reader_.reset();
    } else {
      reader_.emplace(*block_);
    }
  }
  return false;
}

// The offsets of a block's entries that are live and within the range.
void StreamRange::CollectOffsets() {
  reader_.emplace(*block_);
  StreamEntry entry;
  while (reader_->Next(entry)) {
    if (entry.is_deleted) continue;
    if (entry.id > last_) break;
    if (entry.id >= first_) offsets_.push_back(entry.offset);
  }
}

bool StreamRange::NextBackward(StreamEntry& entry) {
  while (offsets_.empty()) {
    if (is_last_taken_) {
      is_last_taken_ = false;
      CollectOffsets();
      offsets_.pop_back();
      continue;
    }
    if (block_ == stream_.blocks_.begin()) return false;
    // A block that begins before the range ends it.
    if (reader_ && block_->first_id() < first_) return false;
    --block_;
    // Often nothing but the last entry is wanted, which is found without the others.
    reader_.emplace(*block_).ReadAt(block_->last_offset(), entry);
    is_last_taken_ = !entry.is_deleted && entry.id >= first_ && entry.id <= last_;
    if (is_last_taken_) return true;
    CollectOffsets();
  }
  reader_->ReadAt(offsets_.back(), entry);
  offsets_.pop_back();
  return true;
}

}  // namespace ringtail::storage
