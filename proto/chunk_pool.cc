#include "proto/chunk_pool.h"

#include <algorithm>

#include "base/memory.h"

namespace ringtail::proto {

ChunkPool::~ChunkPool() {
  TrimList(small_, kSmallChunkBytes, 0);
  TrimList(large_, kLargeChunkBytes, 0);
}

void ChunkPool::Trim() {
  TrimList(small_, kSmallChunkBytes, small_.count - small_.low_count);
  TrimList(large_, kLargeChunkBytes, large_.count - large_.low_count);
}

void* ChunkPool::Allocate(size_t chunk_bytes) { return memory::Allocate(chunk_bytes); }

void ChunkPool::Release(void* chunk, size_t chunk_bytes) { memory::Free(chunk, chunk_bytes); }

void ChunkPool::TrimList(FreeList& list, size_t chunk_bytes, uint32_t keep_count) {
  while (list.count > keep_count) {
    Free* const chunk = list.head;
    list.head = chunk->next;
    --list.count;
    Release(chunk, chunk_bytes);
  }
  list.low_count = list.count;
}

}  // namespace ringtail::proto
