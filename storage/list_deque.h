// A large list: a ring of nodes, each a stretch of packed elements.
//
//   auto list = std::make_unique<ListDeque>(PackedView(bytes));
//   list->Push(ListEnd::kTail, PackedNeedle("value"), limits);
//   ListDeque::Place place = list->Find(1'000'000);
//
// Nodes that are not near an end are frozen where that makes them smaller, and thawed to be
// changed (a changed one stays thawed); the last one of each end never is. Both ends push and pop
// in O(1). The ring's slots are summed up by blocks of 64, so the element at an index is found in
// O(nodes / 64), after which one node is walked. A node that is split or emptied in the middle
// moves the nodes on the shorter side of it, 24 bytes for each 8 KiB of list. Thread rule: as for
// Object.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/list_node.h"
#include "storage/object.h"

namespace ringtail::storage {

class ListDeque final : public Object {
 public:
  /// An element: its node's index, and where it is there (or the node's end); null if the node is
  /// frozen.
  struct Place {
    size_t node;
    const char* at;
    size_t rank = 0;  ///< elements before it in its node; only Find knows
  };

  ListDeque() = default;
  /// A list of these elements.
  explicit ListDeque(const PackedView& packed);
  ~ListDeque() override;

  // Changing. Places and pointers are invalid afterwards.

  void Push(ListEnd end, const PackedNeedle& value, const ListLimits& limits);
  /// Takes `count` elements, at most all, off one end.
  void RemoveEnd(ListEnd end, size_t count);
  /// Thaws a node, so that its elements have places.
  void Thaw(size_t index);
  /// Puts a value before the element at a place (or behind the last of its node).
  void Insert(Place place, const PackedNeedle& value, const ListLimits& limits);
  /// Puts a value in the place of an element.
  void Replace(Place place, const PackedNeedle& value, const ListLimits& limits);
  /// Takes out up to `max` elements of this value, looking from one end. Returns how many. O(n).
  size_t Remove(const PackedNeedle& value, size_t max, ListEnd from, const ListLimits& limits);

  // Questions.

  /// The place of the element at an index, which must be below the count.
  Place Find(size_t index) const;
  size_t node_count() const { return node_count_; }
  const ListNode& node(size_t index) const { return ring_[Slot(index)]; }
  /// The whole list as packed bytes, if one node holds it.
  std::string_view Packed() { return Node(0).Packed(); }

  std::unique_ptr<Object> Clone() const override;
  size_t footprint_bytes() const override;
  size_t element_count() const override { return count_; }
  std::string_view encoding_name() const override { return "quicklist"; }
  const char* Verify() const override;

 private:
  static constexpr size_t kBlockSlots = 64;
  // Lists of fewer nodes are not worth the time.
  static constexpr size_t kFrozenNodesMin = 8;
  // Nodes at each end that are left as they are, so that what swings around a node's border
  // freezes nothing.
  static constexpr size_t kOpenNodes = 2;

  size_t Slot(size_t index) const { return (head_ + index) & (ring_.size() - 1); }
  ListNode& Node(size_t index) { return ring_[Slot(index)]; }
  size_t LastIndex(ListEnd end) const { return end == ListEnd::kHead ? 0 : node_count_ - 1; }
  /// Does something to a node and keeps the sums right.
  template <typename Work>
  void Amend(size_t index, Work&& work);
  void AddCount(size_t slot, int64_t change);
  /// Puts a node before the one at `index` (node_count(): behind all).
  void InsertNode(size_t index, const ListNode& node);
  /// Frees the node at one end.
  void DropEnd(ListEnd end);
  /// Freezes the node that has just come away from an end.
  void FreezeBehind(ListEnd end);
  /// Sees to it that the outermost nodes can be pushed to and popped from.
  void ThawEnds();
  void Split(size_t index, const char* at);
  void InsertOwn(Place place, const PackedNeedle& value, const ListLimits& limits);
  Place PlaceIn(size_t index, size_t rank) const;
  void Resize(size_t slot_count);
  void SumUp();
  size_t RemoveFrom(ListNode& node, const PackedNeedle& value, size_t max, ListEnd from);
  size_t RemoveFromHead(const PackedNeedle& value, size_t max, const ListLimits& limits);
  size_t RemoveFromTail(const PackedNeedle& value, size_t max, const ListLimits& limits);
  static bool TakeIn(ListNode& left, const ListNode& right, const ListLimits& limits);
  void Recount();

  std::vector<ListNode> ring_;      // a power of two
  std::vector<uint64_t> sums_;      // elements of each block of slots; empty while there are few
  size_t head_ = 0;                 // slot of the first node
  size_t node_count_ = 0;
  size_t count_ = 0;                // elements
  size_t block_bytes_ = 0;          // of all nodes
};

}  // namespace ringtail::storage
