// The bytes that one connection has received and its session has not yet consumed.
//
// During a turn they usually lie in the worker's TurnArena and are parsed there without a copy.
// What is left over when the turn ends (a request that has only half arrived) moves into memory of
// the connection's own, which is given back as soon as it has been consumed. So a connection that
// waits for its next request holds nothing.
//
//   std::span<char> room = input.Prepare(arena);
//   input.Received(arena, recv(fd, room.data(), room.size(), 0));
//   ... the session reads view() and calls Consume() ...
//   input.Retain();                      // the turn is over, the arena is about to be reset
//
// Own memory never exceeds twice the bytes received plus kReceiveBytesMin: nothing is allocated for
// what a client merely announced. Thread rule: belongs to one connection, and so to one worker.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "net/turn_arena.h"

namespace ringtail::net {

class InputBuffer {
 public:
  InputBuffer() = default;
  ~InputBuffer() { Clear(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  /// Room for the next receive, right behind the bytes that are already here. May move those bytes.
  /// The arena must not be exhausted.
  std::span<char> Prepare(TurnArena& arena);
  /// Adds the first `size` bytes of the room that Prepare gave.
  void Received(TurnArena& arena, size_t size);
  /// Forgets the first `size` bytes. The others stay where they are until the turn ends.
  void Consume(size_t size) {
    begin_ += size;
    size_ -= size;
  }
  /// Cuts `size` bytes out at `offset`; what stood behind them moves up.
  void CutOut(size_t offset, size_t size);
  /// Moves what is left out of the arena, or gives own memory back if nothing is left.
  void Retain();
  /// Forgets everything and gives own memory back.
  void Clear();

  std::string_view view() const { return {begin_, size_}; }
  bool empty() const { return size_ == 0; }
  /// Memory of the connection's own (not the arena's).
  size_t owned_bytes() const { return capacity_; }

 private:
  void MoveToOwn(size_t capacity);
  void FreeOwn();

  char* begin_ = nullptr;  // in own_, or in the arena
  size_t size_ = 0;
  char* own_ = nullptr;  // null, or capacity_ bytes
  size_t capacity_ = 0;
};

}  // namespace ringtail::net
