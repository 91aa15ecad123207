// The server's one allocator, with its own count of what is in use.
//
// Every byte taken through Allocate (and, in builds with jemalloc, through operator new) is counted at the
// size the allocator really reserves, in a counter of the calling thread that is folded into one global
// figure whenever it has drifted by kFoldBytes. So "are we over maxmemory?" is one relaxed load, and the
// answer is wrong by at most kFoldBytes per thread.
//
//   void* entry = memory::Allocate(94);      // reserves 96
//   memory::Free(entry, 94);
//
// Thread rule: any thread, any time; memory may be freed by another thread than the one that took it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringtail::memory {

/// How far a thread's private count may drift before it is folded into the global one.
inline constexpr int64_t kFoldBytes = 16 * 1024;

/// Takes `size` bytes (never null: running out of address space ends the process). size must not be 0.
void* Allocate(size_t size);
/// Gives back what Allocate(size) returned; the size must be the one asked for (or any of its size class).
void Free(void* block, size_t size);
/// Grows or shrinks a block, in place if it can be. Both sizes as for Allocate.
void* Reallocate(void* block, size_t old_size, size_t new_size);
/// As Allocate and Free, at a 64-byte boundary (a cache line). `size` must be a multiple of 64.
void* AllocateLines(size_t size);
void FreeLines(void* block, size_t size);
/// Gives the whole pages in a range back to the system; what they held is lost. A large block that is emptied
/// bit by bit is freed without a pause if its pages have gone before.
void DropPages(void* begin, size_t size);
/// The bytes that Allocate(size) really reserves.
size_t ReservedBytes(size_t size);

/// Bytes in use over all threads, within kFoldBytes per thread. One load.
int64_t UsedBytes();
/// Folds the calling thread's private count into the global one, so that UsedBytes is exact for it.
void FoldThreadCount();
/// The greatest UsedBytes seen by FoldThreadCount or a fold; for INFO.
int64_t PeakUsedBytes();
void ResetPeakUsedBytes();

/// What the allocator says of itself. All zero where the allocator is not jemalloc.
struct AllocatorStats {
  uint64_t allocated_bytes = 0;
  uint64_t active_bytes = 0;
  uint64_t resident_bytes = 0;
  uint64_t mapped_bytes = 0;
  uint64_t retained_bytes = 0;
};
AllocatorStats ReadAllocatorStats();
/// "jemalloc-5.3.0" or "libc".
const char* AllocatorName();
/// Returns unused dirty pages to the system.
void PurgeUnusedPages();
/// From now on a thread of the allocator gives pages back as they fall out of use, and who frees memory never
/// does: one such call can take milliseconds where a huge page has to be split. The thread does not survive
/// a fork, so this is for after the last one.
void ReturnPagesInBackground();

}  // namespace ringtail::memory
