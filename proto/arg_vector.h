// The arguments of a batch of requests, back to back: what the parser appends and the commands
// read.
//
// Many requests of one read share one ArgVector, each a range of it, so a request costs no
// allocation. The views point into the connection's read buffer, with two exceptions that the
// vector owns: unescaped arguments of inline commands, and large arguments that arrived in a block
// of their own.
//
//   const uint32_t first = args.count();
//   if (parser.Next(buffer, limits, args).outcome == ParseOutcome::kRequest) {
//     Execute(args.Range(first));
//   }
//   args.Clear();                                 // when the batch is done
//
// Keep requests as indexes until the batch is parsed: appending may move the views (never the
// bytes). Not thread-safe: one ArgVector belongs to one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory.h"
#include "base/shared_bytes.h"

namespace ringtail::proto {

class ArgVector {
 public:
  ArgVector() = default;
  ArgVector(const ArgVector&) = delete;
  ArgVector& operator=(const ArgVector&) = delete;
  ~ArgVector() { FreeViews(); }

  /// Appends one argument. Amortised O(1).
  void Push(std::string_view arg) {
    EnsureRoom(1);
    views_[count_++] = arg;
  }
  /// Makes room for `more` arguments, so that as many AppendAt writes need no check.
  void EnsureRoom(uint32_t more) {
    if (capacity_ - count_ < more) [[unlikely]]
      Grow(more);
  }
  /// The next free place; valid for as many views as EnsureRoom was asked for. Follow with
  /// SetCount.
  std::string_view* end_place() { return views_ + count_; }
  /// Drops arguments from the end, or takes in those that were written at end_place().
  void SetCount(uint32_t count) { count_ = count; }
  /// Hands a large argument's own block over; `index` is the argument's place in this vector.
  void AddBlock(uint32_t index, SharedBytes block) { blocks_.push_back({index, std::move(block)}); }
  /// Stable memory for up to `size` bytes; only what CommitText then names stays taken.
  char* ReserveText(size_t size);
  void CommitText(size_t size) { text_used_ += size; }
  /// Forgets all requests and their side memory; keeps at most kKeptArgCount places for the next
  /// batch.
  void Clear();

  uint32_t count() const { return count_; }
  std::string_view operator[](uint32_t index) const { return views_[index]; }
  /// The arguments from `first` to the end (or `count` of them). Valid until the next append.
  std::span<const std::string_view> Range(uint32_t first) const {
    return {views_ + first, count_ - first};
  }
  std::span<const std::string_view> Range(uint32_t first, uint32_t count) const {
    return {views_ + first, count};
  }
  /// The block that holds the whole argument at `index`, or null for one that lies in the read
  /// buffer. The caller may take a share of it (SharedBytes copy) and keep it for ever.
  const SharedBytes* FindBlock(uint32_t index) const {
    return blocks_.empty() ? nullptr : FindBlockSlow(index);
  }
  /// Bytes taken for views and side text (the blocks' bytes are not counted).
  size_t reserved_bytes() const;

  static constexpr uint32_t kKeptArgCount = 4096;

 private:
  struct Block {
    uint32_t index;
    SharedBytes bytes;
  };
  struct Text {
    std::unique_ptr<char[]> bytes;
    size_t capacity;
  };

  void Grow(uint32_t more);
  void FreeViews();
  const SharedBytes* FindBlockSlow(uint32_t index) const;

  std::string_view* views_ = nullptr;
  uint32_t count_ = 0;
  uint32_t capacity_ = 0;
  // Side text: only the last block is being filled.
  std::vector<Text> texts_;
  size_t text_used_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace ringtail::proto
