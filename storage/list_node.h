// A stretch of a large list: packed elements in a block of their own, with room to grow at both
// ends.
//
//   ListNode node = ListNode::Make(needle, ListEnd::kTail, limits.bytes_max);
//   if (node.HasRoomFor(other, limits)) node.Insert(node.end(), other, limits.bytes_max);
//   node.Destroy();
//
// The elements are those of storage/packed.h, without its count in front: that is kept here. Room
// may be left on either side of them, so pushing moves nothing and popping is the shift of a
// border. A node may be frozen (see storage/list_freezer.h): then it can only be counted, thawed
// and read by ranges. Small and without a destructor, since its owner keeps many in a row and
// moves them about as bytes. Thread rule: belongs to its list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/memory.h"
#include "storage/packed.h"

namespace ringtail::storage {

enum class ListEnd : uint8_t { kHead, kTail };

/// Up to where a node is filled, and a whole list stays packed in its entry:
/// list-max-listpack-size.
struct ListLimits {
  size_t bytes_max = 8192;
  size_t entries_max = std::numeric_limits<size_t>::max();

  /// Above 0 entries (and 8 KiB); -1 to -5: 4, 8, 16, 32, 64 KiB. 0 counts as 1, what is below -5
  /// as -5.
  static ListLimits Of(int64_t directive);
};

/// The element behind the one at `at`; the usual short text in line.
inline const char* NextElement(const char* at) {
  const auto head = static_cast<unsigned char>(*at);
  if (head >= 0x80 && head < 0xc0) [[likely]] return at + 2 + (head & 0x3f);
  return at + PackedView::ElementBytes(at);
}

/// What an element's removal from a run of them came to.
struct ListRemoval {
  size_t elements = 0;
  size_t bytes = 0;
};
/// Takes up to `max` elements of this value out of [begin, end), looking from the tail if so told.
/// What is left lies at the side where the looking began: behind it, or before it, `bytes` are
/// free. O(bytes).
ListRemoval RemoveMatches(char* begin, char* end, const PackedNeedle& value, size_t max,
                          ListEnd from);

class ListNode {
 public:
  /// A node of one element; room is left towards the end that will grow.
  static ListNode Make(const PackedNeedle& value, ListEnd growing, size_t bytes_max);
  /// A node that holds a copy of these elements.
  static ListNode Copy(const char* begin, const char* end, size_t count);
  void Destroy() { memory::Free(block_, capacity_); }
  /// A copy in the same state.
  ListNode Clone() const;

  // Freezing.

  bool is_frozen() const { return end_ == 0; }
  /// Freezes the elements if that saves a quarter of the block.
  void Freeze();
  /// Makes a frozen node one like others.
  void Thaw();
  /// Elements of a frozen node, in packed form in `scratch`.
  PackedView Range(size_t from, size_t count, std::vector<char>& scratch) const;

  // Changing. Pointers into the node are invalid afterwards.

  /// Puts a value before the element at `at` (end(): behind all).
  void Insert(const char* at, const PackedNeedle& value, size_t bytes_max);
  /// Puts a value in the place of the one at `at`.
  void Replace(const char* at, const PackedNeedle& value, size_t bytes_max);
  /// Takes `count` elements off one end; there must be more than that.
  void RemoveEnd(ListEnd end, size_t count);
  /// Takes out the element at `at`, which is not the only one.
  void Erase(const char* at);
  /// As the function above; what is left may be nothing.
  size_t Remove(const PackedNeedle& value, size_t max, ListEnd from);
  /// Moves the elements from `at` on to a new node. Neither is empty then.
  ListNode SplitAt(const char* at);
  /// Takes in a copy of the other's elements, behind its own.
  void Append(const ListNode& other);

  // Questions.

  bool HasRoomFor(const PackedNeedle& value, const ListLimits& limits) const {
    return count_ < limits.entries_max && !is_frozen() &&
           kPackedHeaderBytes + bytes() + value.element_bytes() <= limits.bytes_max;
  }
  const char* begin() const { return block_ + begin_; }
  const char* end() const { return block_ + end_; }
  size_t bytes() const { return end_ - begin_; }
  size_t count() const { return count_; }
  /// For walking only: the count in its header means nothing.
  PackedView view() const {
    return PackedView({begin() - kPackedHeaderBytes, bytes() + kPackedHeaderBytes});
  }
  /// The element at an index, from whichever end is nearer; the index must be below count().
  const char* At(size_t index) const;
  /// An element boundary near the middle; neither begin() nor end() if there are two elements.
  const char* Middle() const;
  /// The bytes as a packed collection of its own, with the header filled in.
  std::string_view Packed();
  size_t block_bytes() const { return memory::ReservedBytes(capacity_); }
  /// The first violation, or null.
  const char* Verify() const;

 private:
  char* first() { return block_ + begin_; }
  char* OpenGap(const char* at, size_t byte_count, size_t bytes_max);
  void CloseGap(const char* at, size_t byte_count);
  char* MoveFront(size_t before, size_t byte_count);
  /// Moves what is there to where the gap can open, in a larger block if need be.
  void MakeRoom(size_t byte_count, ListEnd side, size_t bytes_max);
  void Relocate(size_t capacity, size_t begin);
  void ReturnMemory();

  char* block_;        // the first two bytes are never an element's: see view()
  uint32_t begin_;
  uint32_t end_;       // 0: frozen
  uint32_t capacity_;
  uint32_t count_;
};
static_assert(sizeof(ListNode) == 24, "a large list has one for every few hundred elements");

}  // namespace ringtail::storage
