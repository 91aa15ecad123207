// A large block of bytes with several owners, so that a big value is never copied just to be sent.
//
//   SharedBytes value = SharedBytes::Create(100'000'000);
//   std::memcpy(value.data(), source, value.size());
//   SharedBytes reply_part = value;       // another owner, no copy
//
// The last owner frees the block. The bytes may be changed only while there is exactly one owner
// (is_unique()). Thread rule: owners on different threads may be copied and dropped freely; one SharedBytes
// object belongs to one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include "base/memory.h"

namespace ringtail {

class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(const SharedBytes& other) : block_(other.block_) {
    if (block_ != nullptr) block_->owner_count.fetch_add(1, std::memory_order_relaxed);
  }
  SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedBytes() { Drop(); }

  /// A block of `size` uninitialised bytes with room for `capacity` (at least size).
  static SharedBytes Create(size_t size, size_t capacity = 0) {
    if (capacity < size) capacity = size;
    SharedBytes bytes;
    void* raw = memory::Allocate(sizeof(Block) + capacity);
    bytes.block_ = new (raw) Block{.owner_count = 1, .size = size, .capacity = capacity};
    return bytes;
  }

  /// Changes the size, keeping the bytes that stay. The block must be unique. O(size) when it must move.
  void Resize(size_t size, size_t capacity = 0) {
    if (capacity < size) capacity = size;
    if (capacity > block_->capacity) {
      block_ = static_cast<Block*>(memory::Reallocate(block_, sizeof(Block) + block_->capacity,
                                                      sizeof(Block) + capacity));
      block_->capacity = capacity;
    }
    block_->size = size;
  }

  explicit operator bool() const { return block_ != nullptr; }
  char* data() { return reinterpret_cast<char*>(block_ + 1); }
  const char* data() const { return reinterpret_cast<const char*>(block_ + 1); }
  size_t size() const { return block_->size; }
  size_t capacity() const { return block_->capacity; }
  std::string_view view() const { return {data(), size()}; }
  bool is_unique() const { return block_->owner_count.load(std::memory_order_acquire) == 1; }
  /// Bytes the block takes from the allocator.
  size_t reserved_bytes() const { return memory::ReservedBytes(sizeof(Block) + block_->capacity); }

  /// Hands the block over as a raw pointer that one Adopt must take back; for storing it in packed memory.
  void* Release() { return std::exchange(block_, nullptr); }
  static SharedBytes Adopt(void* released) {
    SharedBytes bytes;
    bytes.block_ = static_cast<Block*>(released);
    return bytes;
  }

 private:
  struct Block {
    std::atomic<uint32_t> owner_count;
    size_t size;
    size_t capacity;
  };

  void Drop() {
    if (block_ == nullptr) return;
    if (block_->owner_count.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      memory::Free(block_, sizeof(Block) + block_->capacity);
    }
    block_ = nullptr;
  }

  Block* block_ = nullptr;
};

}  // namespace ringtail
