// What a connection still has to send: a list of chunks of small replies and of large values by
// reference.
//
//   char* place = output.Reserve(32);
//   output.Commit(static_cast<size_t>(WriteSomething(place) - place));
//   int count = output.FillIovecs(iovecs, 64);      // then writev, then
//   output.Consume(bytes_written);
//
// An empty buffer owns no memory, so an idle connection costs sizeof(OutputBuffer). Large values
// are sent out of their SharedBytes without a copy. Positions (Mark, TruncateTo, Insert) count
// unsent bytes from the front: they mean the same bytes as long as Consume is not called in
// between. Not thread-safe: it belongs to one connection, and its pool to that connection's worker.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/shared_bytes.h"
#include "proto/chunk_pool.h"

namespace ringtail::proto {

class OutputBuffer {
 public:
  explicit OutputBuffer(ChunkPool& pool) : pool_(&pool) {}
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;
  ~OutputBuffer() { Clear(); }

  /// Contiguous room for `size` (at most kReserveBytesMax) bytes. Valid until the next call but
  /// Commit.
  char* Reserve(size_t size) {
    if (static_cast<size_t>(limit_ - cursor_) >= size) [[likely]]
      return cursor_;
    return ReserveSlow(size);
  }
  /// Appends the first `size` bytes that were written at the last Reserve's place.
  void Commit(size_t size) { cursor_ += size; }
  /// Appends a copy of `bytes`, of any size, spilling over chunks.
  void Append(std::string_view bytes) {
    if (static_cast<size_t>(limit_ - cursor_) >= bytes.size() && !bytes.empty()) [[likely]] {
      std::memcpy(cursor_, bytes.data(), bytes.size());
      cursor_ += bytes.size();
      return;
    }
    AppendSlow(bytes);
  }
  /// Appends `size` bytes of `block` from `offset` on, by reference; the block must not change
  /// until sent.
  void AppendShared(SharedBytes block, size_t offset, size_t size);
  /// Puts a copy of `bytes` (at most kInsertBytesMax) before the byte at `position`. Moves at most
  /// a chunk.
  void Insert(size_t position, std::string_view bytes);
  /// Drops everything appended after Mark() answered `position`. O(1) if that was within the last
  /// chunk.
  void TruncateTo(size_t position);
  /// Fills up to `max` iovecs with the first unsent bytes; answers how many.
  int FillIovecs(iovec* out, int max) const;
  /// Forgets the first `size` unsent bytes: they have been written.
  void Consume(size_t size);
  /// Takes everything out as one string.
  std::string TakeString();
  /// Moves what is left into a chunk that fits it, when the socket takes no more for now.
  void ShrinkToFit();
  /// Drops everything; the buffer then owns no memory.
  void Clear();
  /// Appends a copy of all of `other`'s bytes.
  void AppendCopy(const OutputBuffer& other);
  /// Takes all of `other`'s bytes after its own; both must draw from the same pool. O(1).
  void Splice(OutputBuffer& other);

  /// The present end, for TruncateTo and Insert.
  size_t Mark() const { return size_bytes(); }
  size_t size_bytes() const {
    return cursor_ == nullptr ? closed_bytes_
                              : closed_bytes_ + static_cast<size_t>(cursor_ - tail_->begin);
  }
  bool is_empty() const { return size_bytes() == 0; }
  /// Bytes of memory held (whole chunks; a shared block counts its referenced part). O(segments).
  size_t reserved_bytes() const;

 private:
  // A chunk's bytes follow its Segment in the same memory (chunk_bytes in all); a shared segment
  // has chunk_bytes 0 and points into its block. The last chunk's `end` is kept in cursor_ instead.
  struct Segment {
    Segment* next;
    char* begin;
    char* end;
    SharedBytes block;
    size_t chunk_bytes;

    char* data() { return reinterpret_cast<char*>(this + 1); }
    char* data_end() { return reinterpret_cast<char*>(this) + chunk_bytes; }
    size_t size() const { return static_cast<size_t>(end - begin); }
  };

 public:
  static constexpr size_t kReserveBytesMax = ChunkPool::kLargeChunkBytes - sizeof(Segment);
  static constexpr size_t kInsertBytesMax = 64;

 private:
  char* ReserveSlow(size_t size);
  void AppendSlow(std::string_view bytes);
  void InsertWithNewChunk(Segment& segment, size_t offset, std::string_view bytes);
  Segment* NewChunk(size_t chunk_bytes);
  void FreeSegment(Segment* segment);
  void SealTail();
  void OpenTail();
  void LinkTail(Segment* segment);

  ChunkPool* pool_;
  Segment* head_ = nullptr;
  Segment* tail_ = nullptr;
  // The place to write at, in the tail chunk; both null when the tail is no chunk.
  char* cursor_ = nullptr;
  char* limit_ = nullptr;
  size_t closed_bytes_ = 0;  // unsent bytes but those of the open tail chunk
};

static_assert(sizeof(OutputBuffer) <= 64, "an idle connection must stay small");

}  // namespace ringtail::proto
