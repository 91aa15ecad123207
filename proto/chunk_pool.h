// The memory in which replies wait to be sent: chunks of two sizes, recycled within a worker.
//
//   ChunkPool pool;
//   OutputBuffer output(pool);
//
// A reply chunk lives from the first reply of a loop turn to the write at its end, so a worker uses
// the same few chunks for all its connections and they stay in its cache. The pool keeps a bounded
// number of free ones; Trim, called now and then, gives back those that the time since the last
// Trim did not need. Not thread-safe: one pool belongs to one worker, and so do all buffers that
// draw from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace ringtail::proto {

class ChunkPool {
 public:
  /// The first chunk of a buffer is small: thousands of clients with an unsent answer hold 2 KiB
  /// each.
  static constexpr size_t kSmallChunkBytes = 2 * 1024;
  static constexpr size_t kLargeChunkBytes = 16 * 1024;
  /// Free chunks kept at most: 1 MiB and 4 MiB.
  static constexpr uint32_t kFreeSmallMax = 512;
  static constexpr uint32_t kFreeLargeMax = 256;

  ChunkPool() = default;
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ~ChunkPool();

  /// A chunk of kSmallChunkBytes or kLargeChunkBytes.
  void* Take(size_t chunk_bytes) {
    FreeList& list = ListOf(chunk_bytes);
    if (list.head == nullptr) [[unlikely]]
      return Allocate(chunk_bytes);
    Free* chunk = list.head;
    list.head = chunk->next;
    if (--list.count < list.low_count) list.low_count = list.count;
    return chunk;
  }
  /// Takes a chunk back.
  void Give(void* chunk, size_t chunk_bytes) {
    FreeList& list = ListOf(chunk_bytes);
    if (list.count >= list.count_max) [[unlikely]]
      return Release(chunk, chunk_bytes);
    list.head = new (chunk) Free{list.head};
    ++list.count;
  }
  /// Gives the system's allocator the chunks that lay free ever since the last Trim.
  void Trim();

  /// Bytes lying free in the pool.
  size_t free_bytes() const {
    return small_.count * kSmallChunkBytes + large_.count * kLargeChunkBytes;
  }

 private:
  struct Free {
    Free* next;
  };
  struct FreeList {
    Free* head = nullptr;
    uint32_t count = 0;
    uint32_t low_count = 0;  // the least count since the last Trim
    uint32_t count_max = 0;
  };

  FreeList& ListOf(size_t chunk_bytes) { return chunk_bytes == kSmallChunkBytes ? small_ : large_; }
  static void* Allocate(size_t chunk_bytes);
  static void Release(void* chunk, size_t chunk_bytes);
  static void TrimList(FreeList& list, size_t chunk_bytes, uint32_t keep_count);

  FreeList small_{.count_max = kFreeSmallMax};
  FreeList large_{.count_max = kFreeLargeMax};
};

}  // namespace ringtail::proto
