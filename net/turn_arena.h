// The memory into which one worker receives during one turn of its loop.
//
// Idle connections own no input buffer: what arrives lands here, is parsed in place, and is
// forgotten when the turn ends. Small turns reuse the same few cache lines again and again.
//
//   std::span<char> room = arena.Room();
//   arena.Take(received_bytes);
//   ...
//   arena.Reset();                       // the turn is over
//
// Thread rule: belongs to one worker.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/memory.h"

namespace ringtail::net {

/// What one connection may receive in one turn (but for large blocks). Half of the 128 KiB that
/// Linux gives a TCP receive buffer by default, so a greedy pipeline is read in two turns and
/// others come between.
inline constexpr size_t kReceiveBytesMax = 64 * 1024;
/// With less room than this left, the turn is ended early rather than receiving in crumbs.
inline constexpr size_t kReceiveBytesMin = 16 * 1024;

class TurnArena {
 public:
  explicit TurnArena(size_t capacity_bytes)
      : capacity_(std::max(capacity_bytes, kReceiveBytesMax)),
        bytes_(static_cast<char*>(memory::Allocate(capacity_))) {}
  ~TurnArena() { memory::Free(bytes_, capacity_); }
  TurnArena(const TurnArena&) = delete;
  TurnArena& operator=(const TurnArena&) = delete;

  /// Where the next receive may write; stays where it is until Reset.
  std::span<char> Room() { return {bytes_ + used_, std::min(remaining_bytes(), kReceiveBytesMax)}; }
  /// Makes the first `size` bytes of Room() taken. Rounded up, so that no two connections share a
  /// word.
  void Take(size_t size) { used_ = std::min(capacity_, used_ + ((size + 7) & ~size_t{7})); }
  /// Takes exactly `size` bytes, for what must be followed at once by the next receive.
  void TakeUnpadded(size_t size) { used_ += size; }
  /// Forgets everything that was received.
  void Reset() { used_ = 0; }

  size_t remaining_bytes() const { return capacity_ - used_; }
  bool is_exhausted() const { return remaining_bytes() < kReceiveBytesMin; }

 private:
  const size_t capacity_;
  char* const bytes_;
  size_t used_ = 0;
};

}  // namespace ringtail::net
