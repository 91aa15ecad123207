#include "proto/arg_vector.h"

#include <algorithm>

namespace ringtail::proto {
namespace {

constexpr uint32_t kFirstArgCount = 64;
constexpr size_t kFirstTextBytes = 4096;

}  // namespace

void ArgVector::Grow(uint32_t more) {
  const uint64_t needed = uint64_t{count_} + more;
  // The shortest argument on the wire is 6 bytes and its view 16. Growth by a quarter keeps the
  // vector below four times what was received; doubling would not, so it ends where the amounts are
  // trivial.
  const uint64_t grown =
      capacity_ < kKeptArgCount ? uint64_t{capacity_} * 2 : uint64_t{capacity_} * 5 / 4;
  const uint64_t capacity = std::max({needed, grown, uint64_t{kFirstArgCount}});
  constexpr size_t kViewBytes = sizeof(std::string_view);
  void* const grown_views =
      views_ == nullptr ? memory::Allocate(capacity * kViewBytes)
                        : memory::Reallocate(views_, capacity_ * kViewBytes, capacity * kViewBytes);
  views_ = static_cast<std::string_view*>(grown_views);
  capacity_ = static_cast<uint32_t>(capacity);
}

void ArgVector::FreeViews() {
  if (views_ != nullptr) memory::Free(views_, capacity_ * sizeof(std::string_view));
  views_ = nullptr;
  capacity_ = 0;
}

char* ArgVector::ReserveText(size_t size) {
  if (texts_.empty() || texts_.back().capacity - text_used_ < size) {
    const size_t capacity = std::max(size, kFirstTextBytes);
    // Plain new[]: a vector or make_unique would zero the bytes first.
    texts_.push_back({std::unique_ptr<char[]>(new char[capacity]), capacity});
    text_used_ = 0;
  }
  return texts_.back().bytes.get() + text_used_;
}

void ArgVector::Clear() {
  count_ = 0;
  if (capacity_ > kKeptArgCount) [[unlikely]]
    FreeViews();
  if (!texts_.empty()) [[unlikely]] {
    texts_.clear();
    text_used_ = 0;
  }
  if (!blocks_.empty()) [[unlikely]]
    blocks_.clear();
}

size_t ArgVector::reserved_bytes() const {
  size_t bytes = capacity_ * sizeof(std::string_view) + texts_.capacity() * sizeof(Text) +
                 blocks_.capacity() * sizeof(Block);
  for (const Text& text : texts_) bytes += text.capacity;
  return bytes;
}

const SharedBytes* ArgVector::FindBlockSlow(uint32_t index) const {
  for (const Block& block : blocks_) {
    if (block.index == index) return &block.bytes;
  }
  return nullptr;
}

}  // namespace ringtail::proto
