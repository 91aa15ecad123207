#include "proto/output_buffer.h"

#include <algorithm>
#include <new>
#include <utility>

namespace ringtail::proto {
// Makes a new tail chunk. A buffer's first chunk is small; when that is full and all there is, its
// bytes move into the large one that follows, so that the usual batch is still a single write of
// one piece.
char* OutputBuffer::ReserveSlow(size_t size) {
  const bool is_small_enough = size <= ChunkPool::kSmallChunkBytes - sizeof(Segment);
  const bool follows_chunk = cursor_ != nullptr;
  Segment* const full = tail_;
  if (follows_chunk) SealTail();
  LinkTail(NewChunk(is_small_enough && !follows_chunk ? ChunkPool::kSmallChunkBytes
                                                      : ChunkPool::kLargeChunkBytes));
  if (follows_chunk && full == head_ && full->chunk_bytes <= ChunkPool::kSmallChunkBytes &&
      full->size() + size <= kReserveBytesMax) {
    const size_t moved_bytes = full->size();
    std::memcpy(cursor_, full->begin, moved_bytes);
    cursor_ += moved_bytes;
    closed_bytes_ -= moved_bytes;
    head_ = tail_;
    FreeSegment(full);
  }
  return cursor_;
}

void OutputBuffer::AppendSlow(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t room = static_cast<size_t>(limit_ - cursor_);
    if (room == 0) {
      Reserve(std::min(bytes.size(), kReserveBytesMax));
      room = static_cast<size_t>(limit_ - cursor_);
    }
    const size_t size = std::min(bytes.size(), room);
    std::memcpy(cursor_, bytes.data(), size);
    cursor_ += size;
    bytes.remove_prefix(size);
  }
}

void OutputBuffer::AppendShared(SharedBytes block, size_t offset, size_t size) {
  if (size == 0) return;
  SealTail();
  Segment* const segment =
      new (memory::Allocate(sizeof(Segment))) Segment{nullptr, nullptr, nullptr, {}, 0};
  segment->begin = block.data() + offset;
  segment->end = segment->begin + size;
  segment->block = std::move(block);
  LinkTail(segment);
  closed_bytes_ += size;
}

void OutputBuffer::Insert(size_t position, std::string_view bytes) {
  if (bytes.empty()) return;
  if (position == size_bytes()) return Append(bytes);
  SealTail();
  Segment* segment = head_;
  size_t offset = position;
  while (offset >= segment->size()) {
    offset -= segment->size();
    segment = segment->next;
  }
  // `position` is before the byte at `offset` of `segment`, which therefore exists.
  const bool has_room = segment->chunk_bytes != 0 &&
                        static_cast<size_t>(segment->data_end() - segment->end) >= bytes.size();
  if (has_room) {
    char* const place = segment->begin + offset;
    std::memmove(place + bytes.size(), place, segment->size() - offset);
    std::memcpy(place, bytes.data(), bytes.size());
    segment->end += bytes.size();
  } else {
    InsertWithNewChunk(*segment, offset, bytes);
  }
  closed_bytes_ += bytes.size();
  OpenTail();
}

// `segment` has no room: what precedes the place stays in it, and `bytes` with what follows go into
// chunks of their own behind it. A shared segment is split without touching its bytes.
void OutputBuffer::InsertWithNewChunk(Segment& segment, size_t offset, std::string_view bytes) {
  char* const split = segment.begin + offset;
  const size_t rest_bytes = static_cast<size_t>(segment.end - split);
  Segment* const added = NewChunk(ChunkPool::kSmallChunkBytes);
  std::memcpy(added->end, bytes.data(), bytes.size());
  added->end += bytes.size();
  Segment* const rest = segment.chunk_bytes != 0
                            ? NewChunk(ChunkPool::kLargeChunkBytes)
                            : new (memory::Allocate(sizeof(Segment)))
                                  Segment{nullptr, split, segment.end, segment.block, 0};
  if (segment.chunk_bytes != 0) {
    std::memcpy(rest->end, split, rest_bytes);
    rest->end += rest_bytes;
  }
  segment.end = split;
  rest->next = segment.next;
  added->next = rest;
  segment.next = added;
  if (tail_ == &segment) tail_ = rest;
}

void OutputBuffer::TruncateTo(size_t position) {
  const size_t dropped_bytes = size_bytes() - position;
  if (dropped_bytes == 0) return;
  if (cursor_ != nullptr && static_cast<size_t>(cursor_ - tail_->begin) > dropped_bytes) {
    cursor_ -= dropped_bytes;
    return;
  }
  if (position == 0) return Clear();
  SealTail();
  Segment* last = head_;
  size_t kept_bytes = position;
  while (kept_bytes > last->size()) {
    kept_bytes -= last->size();
    last = last->next;
  }
  last->end = last->begin + kept_bytes;
  for (Segment* segment = std::exchange(last->next, nullptr); segment != nullptr;) {
    FreeSegment(std::exchange(segment, segment->next));
  }
  tail_ = last;
  closed_bytes_ = position;
  OpenTail();
}

int OutputBuffer::FillIovecs(iovec* out, int max) const {
  int count = 0;
  for (Segment* segment = head_; segment != nullptr && count < max; segment = segment->next) {
    const char* const end =
        segment == tail_ && cursor_ != nullptr ? cursor_ : static_cast<const char*>(segment->end);
    if (end == segment->begin) continue;
    out[count].iov_base = segment->begin;
    out[count].iov_len = static_cast<size_t>(end - segment->begin);
    ++count;
  }
  return count;
}

void OutputBuffer::Consume(size_t size) {
  if (size == size_bytes()) return Clear();
  SealTail();
  closed_bytes_ -= size;
  while (size >= head_->size()) {
    size -= head_->size();
    FreeSegment(std::exchange(head_, head_->next));
  }
  head_->begin += size;
  OpenTail();
}

std::string OutputBuffer::TakeString() {
  SealTail();
  std::string bytes;
  bytes.reserve(closed_bytes_);
  for (const Segment* segment = head_; segment != nullptr; segment = segment->next) {
    bytes.append(segment->begin, segment->size());
  }
  Clear();
  return bytes;
}

void OutputBuffer::AppendCopy(const OutputBuffer& other) {
  for (const Segment* segment = other.head_; segment != nullptr; segment = segment->next) {
    const char* const end =
        segment == other.tail_ && other.cursor_ != nullptr ? other.cursor_ : segment->end;
    Append({segment->begin, static_cast<size_t>(end - segment->begin)});
  }
}

void OutputBuffer::ShrinkToFit() {
  if (cursor_ == nullptr || tail_->chunk_bytes != ChunkPool::kLargeChunkBytes) return;
  const size_t used_bytes = static_cast<size_t>(cursor_ - tail_->begin);
  if (used_bytes > ChunkPool::kSmallChunkBytes - sizeof(Segment)) return;
  Segment* before = nullptr;
  for (Segment* segment = head_; segment != tail_; segment = segment->next) before = segment;
  Segment* const small = NewChunk(ChunkPool::kSmallChunkBytes);
  std::memcpy(small->begin, tail_->begin, used_bytes);
  cursor_ = small->begin + used_bytes;
  limit_ = small->data_end();
  FreeSegment(tail_);
  tail_ = small;
  if (before == nullptr) {
    head_ = small;
  } else {
    before->next = small;
  }
}

void OutputBuffer::Clear() {
  while (head_ != nullptr) FreeSegment(std::exchange(head_, head_->next));
  tail_ = nullptr;
  cursor_ = limit_ = nullptr;
  closed_bytes_ = 0;
}

void OutputBuffer::Splice(OutputBuffer& other) {
  if (other.head_ == nullptr) return;
  SealTail();
  other.SealTail();
  if (tail_ == nullptr) {
    head_ = other.head_;
  } else {
    tail_->next = other.head_;
  }
  tail_ = other.tail_;
  closed_bytes_ += other.closed_bytes_;
  other.head_ = other.tail_ = nullptr;
  other.closed_bytes_ = 0;
  OpenTail();
}

size_t OutputBuffer::reserved_bytes() const {
  size_t bytes = 0;
  for (const Segment* segment = head_; segment != nullptr; segment = segment->next) {
    bytes += segment->chunk_bytes != 0 ? segment->chunk_bytes : sizeof(Segment) + segment->size();
  }
  return bytes;
}

OutputBuffer::Segment* OutputBuffer::NewChunk(size_t chunk_bytes) {
  Segment* const chunk =
      new (pool_->Take(chunk_bytes)) Segment{nullptr, nullptr, nullptr, {}, chunk_bytes};
  chunk->begin = chunk->end = chunk->data();
  return chunk;
}

void OutputBuffer::FreeSegment(Segment* segment) {
  const size_t chunk_bytes = segment->chunk_bytes;
  segment->~Segment();
  if (chunk_bytes == 0) {
    memory::Free(segment, sizeof(Segment));
  } else {
    pool_->Give(segment, chunk_bytes);
  }
}

// Writes the open tail's end back into its segment, so that all segments look alike.
void OutputBuffer::SealTail() {
  if (cursor_ == nullptr) return;
  tail_->end = cursor_;
  closed_bytes_ += tail_->size();
  cursor_ = limit_ = nullptr;
}

// The reverse: lets Reserve write behind a sealed tail chunk.
void OutputBuffer::OpenTail() {
  if (tail_ == nullptr || tail_->chunk_bytes == 0) return;
  closed_bytes_ -= tail_->size();
  cursor_ = tail_->end;
  limit_ = tail_->data_end();
}

void OutputBuffer::LinkTail(Segment* segment) {
  if (tail_ == nullptr) {
    head_ = segment;
  } else {
    tail_->next = segment;
  }
  tail_ = segment;
  if (segment->chunk_bytes == 0) return;
  cursor_ = segment->begin;
  limit_ = segment->data_end();
}

}  // namespace ringtail::proto
