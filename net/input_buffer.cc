#include "net/input_buffer.h"

#include <cstring>

namespace ringtail::net {
namespace {

// A leftover up to this size is copied back into the arena in front of what comes next: cheaper
// than growing a buffer for it, and the buffer is freed again at once.
constexpr size_t kMoveBackBytesMax = 4 * 1024;

}  // namespace

std::span<char> InputBuffer::Prepare(TurnArena& arena) {
  if (own_ == nullptr) {
    const std::span<char> room = arena.Room();
    begin_ = room.data();
    return room;
  }
  if (size_ <= kMoveBackBytesMax) {
    char* place = arena.Room().data();
    std::memcpy(place, begin_, size_);
    arena.TakeUnpadded(size_);
    FreeOwn();
    begin_ = place;
    return arena.Room();
  }
  const auto offset = static_cast<size_t>(begin_ - own_);
  if (capacity_ - offset - size_ < kReceiveBytesMin) {
    // Moving to the front costs no more than what has been consumed since the last move.
    if (offset >= kReceiveBytesMin && offset >= size_) {
      std::memmove(own_, begin_, size_);
      begin_ = own_;
    } else {
      MoveToOwn(std::max(2 * size_, size_ + kReceiveBytesMin));
    }
  }
  char* end = begin_ + size_;
  return {end, std::min(static_cast<size_t>(own_ + capacity_ - end), kReceiveBytesMax)};
}

void InputBuffer::Received(TurnArena& arena, size_t size) {
  if (own_ == nullptr) arena.Take(size);
  size_ += size;
}

void InputBuffer::CutOut(size_t offset, size_t size) {
  std::memmove(begin_ + offset, begin_ + offset + size, size_ - offset - size);
  size_ -= size;
}

void InputBuffer::Retain() {
  if (size_ == 0) {
    Clear();
  } else if (own_ == nullptr || capacity_ > 4 * size_ + kReceiveBytesMin) {
    MoveToOwn(size_);
  }
}

void InputBuffer::Clear() {
  FreeOwn();
  begin_ = nullptr;
  size_ = 0;
}

void InputBuffer::MoveToOwn(size_t capacity) {
  char* place = static_cast<char*>(memory::Allocate(capacity));
  std::memcpy(place, begin_, size_);
  FreeOwn();
  begin_ = own_ = place;
  capacity_ = capacity;
}

void InputBuffer::FreeOwn() {
  if (own_ != nullptr) memory::Free(own_, capacity_);
  own_ = nullptr;
  capacity_ = 0;
}

}  // namespace ringtail::net
