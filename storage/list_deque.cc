#include "storage/list_deque.h"

#include <algorithm>
#include <utility>

namespace ringtail::storage {
namespace {

constexpr size_t kFirstSlots = 4;

}  // namespace

ListDeque::ListDeque(const PackedView& packed) {
  if (packed.is_empty()) return;
  InsertNode(0, ListNode::Copy(packed.first(), packed.end(), packed.count()));
}

ListDeque::~ListDeque() {
  for (size_t i = 0; i < node_count_; ++i) Node(i).Destroy();
}

// ---- The ring

void ListDeque::AddCount(size_t slot, int64_t change) {
  count_ += static_cast<size_t>(change);
  if (!sums_.empty()) sums_[slot / kBlockSlots] += static_cast<uint64_t>(change);
}

template <typename Work>
void ListDeque::Amend(size_t index, Work&& work) {
  const size_t slot = Slot(index);
  ListNode& node = ring_[slot];
  const size_t bytes = node.block_bytes();
  const size_t count = node.count();
  work(node);
  block_bytes_ += node.block_bytes() - bytes;
  if (node.count() != count) {
    AddCount(slot, static_cast<int64_t>(node.count()) - static_cast<int64_t>(count));
  }
}

void ListDeque::SumUp() {
  sums_.assign(ring_.size() > kBlockSlots ? ring_.size() / kBlockSlots : 0, 0);
  if (sums_.empty()) return;
  for (size_t i = 0; i < node_count_; ++i) sums_[Slot(i) / kBlockSlots] += node(i).count();
}

void ListDeque::Resize(size_t slot_count) {
  std::vector<ListNode> ring(slot_count);
  for (size_t i = 0; i < node_count_; ++i) ring[i] = node(i);
  ring_ = std::move(ring);
  head_ = 0;
  SumUp();
}

void ListDeque::InsertNode(size_t index, const ListNode& added) {
  if (node_count_ == ring_.size()) Resize(std::max(kFirstSlots, ring_.size() * 2));
  const bool is_at_end = index == 0 || index == node_count_;
  ++node_count_;
  if (index < node_count_ / 2) {
    head_ = Slot(ring_.size() - 1);
    for (size_t i = 0; i < index; ++i) Node(i) = node(i + 1);
  } else {
    for (size_t i = node_count_ - 1; i > index; --i) Node(i) = node(i - 1);
  }
  Node(index) = added;
  block_bytes_ += added.block_bytes();
  if (is_at_end) {
    AddCount(Slot(index), static_cast<int64_t>(added.count()));
  } else {
    count_ += added.count();
    SumUp();
  }
}

void ListDeque::DropEnd(ListEnd end) {
  const size_t slot = Slot(LastIndex(end));
  ListNode& dropped = ring_[slot];
  block_bytes_ -= dropped.block_bytes();
  AddCount(slot, -static_cast<int64_t>(dropped.count()));
  dropped.Destroy();
  if (end == ListEnd::kHead) head_ = Slot(1);
  --node_count_;
  if (ring_.size() > 2 * kFirstSlots && node_count_ < ring_.size() / 4) Resize(ring_.size() / 2);
}

// ---- Changing

void ListDeque::Push(ListEnd end, const PackedNeedle& value, const ListLimits& limits) {
  const bool is_head = end == ListEnd::kHead;
  if (node_count_ != 0 && node(LastIndex(end)).HasRoomFor(value, limits)) [[likely]] {
    return Amend(LastIndex(end), [&](ListNode& node) {
      node.Insert(is_head ? node.begin() : node.end(), value, limits.bytes_max);
    });
  }
  InsertNode(is_head ? 0 : node_count_, ListNode::Make(value, end, limits.bytes_max));
  FreezeBehind(end);
}

void ListDeque::RemoveEnd(ListEnd end, size_t count) {
  while (count != 0) {
    const size_t index = LastIndex(end);
    const size_t held = node(index).count();
    if (count < held) {
      Thaw(index);
      Amend(index, [&](ListNode& node) { node.RemoveEnd(end, count); });
      return;
    }
    DropEnd(end);
    count -= held;
  }
  ThawEnds();
}

void ListDeque::Thaw(size_t index) {
  if (node(index).is_frozen()) [[unlikely]] Amend(index, [](ListNode& node) { node.Thaw(); });
}

void ListDeque::ThawEnds() {
  if (node_count_ == 0) return;
  Thaw(0);
  Thaw(node_count_ - 1);
}

void ListDeque::FreezeBehind(ListEnd end) {
  if (node_count_ < kFrozenNodesMin) return;
  const size_t index = end == ListEnd::kHead ? kOpenNodes : node_count_ - 1 - kOpenNodes;
  if (!node(index).is_frozen()) Amend(index, [](ListNode& node) { node.Freeze(); });
}

// What is left of `at` stays.
void ListDeque::Split(size_t index, const char* at) {
  ListNode right;
  Amend(index, [&](ListNode& node) { right = node.SplitAt(at); });
  InsertNode(index + 1, right);
}

// A node of its own, for a value that no node has room for.
void ListDeque::InsertOwn(Place place, const PackedNeedle& value, const ListLimits& limits) {
  const ListNode& node = this->node(place.node);
  size_t index = place.node + 1;
  if (place.at == node.begin()) {
    index = place.node;
  } else if (place.at != node.end()) {
    Split(place.node, place.at);
  }
  InsertNode(index, ListNode::Make(value, ListEnd::kTail, limits.bytes_max));
}

void ListDeque::Insert(Place place, const PackedNeedle& value, const ListLimits& limits) {
  const auto insert_at = [&](size_t index, const char* at) {
    Amend(index, [&](ListNode& node) { node.Insert(at, value, limits.bytes_max); });
  };
  const ListNode& full = node(place.node);
  if (full.HasRoomFor(value, limits)) return insert_at(place.node, place.at);
  if (place.at == full.begin() && place.node > 0) {
    const ListNode& previous = node(place.node - 1);
    if (previous.HasRoomFor(value, limits)) return insert_at(place.node - 1, previous.end());
  }
  if (place.at == full.end() && place.node + 1 < node_count_) {
    const ListNode& next = node(place.node + 1);
    if (next.HasRoomFor(value, limits)) return insert_at(place.node + 1, next.begin());
  }
  if (place.at == full.begin() || place.at == full.end()) return InsertOwn(place, value, limits);
  // Halves rather than at the place, so that nodes stay half full wherever the places are.
  const char* const middle = full.Middle();
  const auto offset = static_cast<size_t>(place.at - full.begin());
  const auto middle_offset = static_cast<size_t>(middle - full.begin());
  Split(place.node, middle);
  if (offset > middle_offset) {
    place = {place.node + 1, node(place.node + 1).begin() + (offset - middle_offset)};
  } else {
    place.at = node(place.node).begin() + offset;
  }
  if (node(place.node).HasRoomFor(value, limits)) return insert_at(place.node, place.at);
  InsertOwn(place, value, limits);
}

void ListDeque::Replace(Place place, const PackedNeedle& value, const ListLimits& limits) {
  if (place.at == nullptr) {
    Thaw(place.node);
    place.at = node(place.node).At(place.rank);
  }
  const ListNode& holder = node(place.node);
  const size_t bytes = kPackedHeaderBytes + holder.bytes() -
                       PackedView::ElementBytes(place.at) + value.element_bytes();
  if (holder.count() == 1 || bytes <= limits.bytes_max) {
    return Amend(place.node, [&](ListNode& node) {
      node.Replace(place.at, value, limits.bytes_max);
    });
  }
  const auto offset = static_cast<size_t>(place.at - holder.begin());
  Amend(place.node, [&](ListNode& node) { node.Erase(place.at); });
  Insert({place.node, node(place.node).begin() + offset}, value, limits);
}

// ---- Removing by value

// Neighbours become one where they leave a quarter free, so that the next insertion does not split
// them again.
bool ListDeque::TakeIn(ListNode& left, const ListNode& right, const ListLimits& limits) {
  if (left.is_frozen() || right.is_frozen()) return false;
  const size_t bytes = left.bytes() + right.bytes() + kPackedHeaderBytes;
  if (bytes > limits.bytes_max - limits.bytes_max / 4) return false;
  if (left.count() + right.count() > limits.entries_max - limits.entries_max / 4) return false;
  left.Append(right);
  return true;
}

// A frozen node in which nothing is found stays as it is.
size_t ListDeque::RemoveFrom(ListNode& node, const PackedNeedle& value, size_t max,
                             ListEnd from) {
  if (!node.is_frozen()) return node.Remove(value, max, from);
  std::vector<char> scratch;
  const PackedView elements = node.Range(0, node.count(), scratch);
  if (elements.Find(elements.first(), value) == elements.end()) return 0;
  node.Thaw();
  const size_t removed = node.Remove(value, max, from);
  if (node.count() != 0) node.Freeze();
  return removed;
}

// One pass over the ring: emptied nodes go, small ones merge, the others close up.
size_t ListDeque::RemoveFromHead(const PackedNeedle& value, size_t max,
                                 const ListLimits& limits) {
  size_t removed = 0;
  size_t kept = 0;
  for (size_t i = 0; i < node_count_; ++i) {
    if (removed == max && kept == i) return removed;
    ListNode& node = Node(i);
    const size_t found =
        removed == max ? 0 : RemoveFrom(node, value, max - removed, ListEnd::kHead);
    removed += found;
    const bool is_merged = node.count() != 0 && found != 0 && kept != 0 &&
                           TakeIn(Node(kept - 1), node, limits);
    if (node.count() == 0 || is_merged) {
      node.Destroy();
    } else {
      Node(kept++) = node;
    }
  }
  node_count_ = kept;
  return removed;
}

size_t ListDeque::RemoveFromTail(const PackedNeedle& value, size_t max,
                                 const ListLimits& limits) {
  size_t removed = 0;
  size_t kept = 0;  // from the tail
  const size_t last = node_count_ - 1;
  for (size_t i = 0; i < node_count_; ++i) {
    if (removed == max && kept == i) return removed;
    ListNode& node = Node(last - i);
    const size_t found =
        removed == max ? 0 : RemoveFrom(node, value, max - removed, ListEnd::kTail);
    removed += found;
    ListNode* const next = kept == 0 ? nullptr : &Node(last - (kept - 1));
    if (node.count() != 0 && found != 0 && next != nullptr && TakeIn(node, *next, limits)) {
      next->Destroy();
      *next = node;
    } else if (node.count() == 0) {
      node.Destroy();
    } else {
      Node(last - kept++) = node;
    }
  }
  head_ = Slot(node_count_ - kept);
  node_count_ = kept;
  return removed;
}

void ListDeque::Recount() {
  count_ = 0;
  block_bytes_ = 0;
  for (size_t i = 0; i < node_count_; ++i) {
    count_ += node(i).count();
    block_bytes_ += node(i).block_bytes();
  }
  size_t slot_count = ring_.size();
  while (slot_count > 2 * kFirstSlots && node_count_ < slot_count / 4) slot_count /= 2;
  if (slot_count != ring_.size()) return Resize(slot_count);
  SumUp();
}

size_t ListDeque::Remove(const PackedNeedle& value, size_t max, ListEnd from,
                         const ListLimits& limits) {
  if (node_count_ == 0) return 0;
  const size_t removed = from == ListEnd::kHead ? RemoveFromHead(value, max, limits)
                                                : RemoveFromTail(value, max, limits);
  if (removed != 0) {
    Recount();
    ThawEnds();
  }
  return removed;
}

// ---- Questions

ListDeque::Place ListDeque::PlaceIn(size_t index, size_t rank) const {
  const ListNode& holder = node(index);
  return {index, holder.is_frozen() ? nullptr : holder.At(rank), rank};
}

// Whole blocks are skipped by their sums, from whichever end is nearer.
ListDeque::Place ListDeque::Find(size_t index) const {
  if (index < count_ / 2) {
    size_t i = 0;
    while (true) {
      const size_t slot = Slot(i);
      if (!sums_.empty() && slot % kBlockSlots == 0 && i + kBlockSlots <= node_count_ &&
          index >= sums_[slot / kBlockSlots]) {
        index -= sums_[slot / kBlockSlots];
        i += kBlockSlots;
        continue;
      }
      if (index < ring_[slot].count()) return PlaceIn(i, index);
      index -= ring_[slot].count();
      ++i;
    }
  }
  size_t back = count_ - index;  // 1: the last
  size_t i = node_count_;
  while (true) {
    const size_t slot = Slot(i - 1);
    if (!sums_.empty() && (slot + 1) % kBlockSlots == 0 && i >= kBlockSlots &&
        back > sums_[slot / kBlockSlots]) {
      back -= sums_[slot / kBlockSlots];
      i -= kBlockSlots;
      continue;
    }
    const size_t held = ring_[slot].count();
    if (back <= held) return PlaceIn(i - 1, held - back);
    back -= held;
    --i;
  }
}

std::unique_ptr<Object> ListDeque::Clone() const {
  auto clone = std::make_unique<ListDeque>();
  for (size_t i = 0; i < node_count_; ++i) {
    clone->InsertNode(i, node(i).Clone());
  }
  return clone;
}

size_t ListDeque::footprint_bytes() const {
  const auto reserved = [](size_t bytes) { return bytes == 0 ? 0 : memory::ReservedBytes(bytes); };
  return memory::ReservedBytes(sizeof(*this)) + reserved(ring_.capacity() * sizeof(ListNode)) +
         reserved(sums_.capacity() * sizeof(uint64_t)) + block_bytes_;
}

const char* ListDeque::Verify() const {
  size_t count = 0;
  size_t bytes = 0;
  std::vector<uint64_t> sums(sums_.size(), 0);
  for (size_t i = 0; i < node_count_; ++i) {
    if (const char* problem = node(i).Verify()) return problem;
    count += node(i).count();
    bytes += node(i).block_bytes();
    if (!sums.empty()) sums[Slot(i) / kBlockSlots] += node(i).count();
  }
  if (node_count_ != 0 && (node(0).is_frozen() || node(node_count_ - 1).is_frozen())) {
    return "the last node of a list is frozen";
  }
  if (count != count_) return "a list counts its elements wrongly";
  if (bytes != block_bytes_) return "a list counts its bytes wrongly";
  if (sums != sums_) return "the sums over a list's nodes are wrong";
  return nullptr;
}

}  // namespace ringtail::storage
