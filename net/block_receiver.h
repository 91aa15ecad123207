// Collects one large value in a SharedBytes of its own while it arrives.
//
// Memory follows what has really arrived: at most four times that plus 64 KiB, whatever was
// announced. When a stage is full, the next one is three times as large, and the old bytes move
// over little by little, with every receive as many as it brought. So no step costs more than twice
// its receive, however large the value. Stages are byte_count / 3^k, so that two thirds of the
// value are still to come when the last stage begins, and the move always ends in time.
//
//   block.Begin(arrived, byte_count);
//   std::span<char> room = block.Room();
//   block.Received(recv(fd, room.data(), room.size(), 0));
//   if (block.is_complete()) Use(block.Take());
//
// Thread rule: belongs to one connection, and so to one worker.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/shared_bytes.h"

namespace ringtail::net {

/// What one receive may bring for one connection, so that a long transfer leaves room for the
/// others.
inline constexpr size_t kBlockReceiveBytesMax = 1024 * 1024;

class BlockReceiver {
 public:
  /// Begins a block of byte_count (not 0) bytes that starts with `arrived` (at most byte_count).
  void Begin(std::string_view arrived, size_t byte_count);
  /// Room for the next receive; never empty while the block is not complete.
  std::span<char> Room();
  /// Adds the first `size` bytes of Room().
  void Received(size_t size);
  /// Hands the complete block over.
  SharedBytes Take();

  bool is_active() const { return byte_count_ != 0; }
  bool is_complete() const { return is_active() && received_ == byte_count_; }
  /// How much of the block is here.
  size_t received_bytes() const { return received_; }
  size_t missing_bytes() const { return byte_count_ - received_; }
  size_t reserved_bytes() const;

 private:
  void MoveFromOld(size_t size);

  SharedBytes block_;  // the present stage; its first moved_ bytes and those from old_.size() on
                       // are in place
  SharedBytes old_;    // the stage before, while its bytes are moving
  size_t moved_ = 0;
  size_t received_ = 0;
  size_t byte_count_ = 0;  // 0: no block
};

}  // namespace ringtail::net
