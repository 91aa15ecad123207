#include "storage/ranked_tree.h"

#include <algorithm>

#include "base/memory.h"

namespace ringtail::storage {
namespace {

template <typename T>
void OpenAt(T* items, unsigned at, unsigned count) {
  std::memmove(items + at + 1, items + at, (count - at) * sizeof(T));
}

template <typename T>
void CloseAt(T* items, unsigned at, unsigned count) {
  std::memmove(items + at, items + at + 1, (count - at - 1) * sizeof(T));
}

// Two neighbours' items to be shared anew: the left one is to have `left_want` of them.
template <typename T>
void Share(T* left, unsigned left_count, T* right, unsigned right_count, unsigned left_want) {
  if (left_want > left_count) {
    const unsigned moved = left_want - left_count;
    std::memcpy(left + left_count, right, moved * sizeof(T));
    std::memmove(right, right + moved, (right_count - moved) * sizeof(T));
  } else {
    const unsigned moved = left_count - left_want;
    std::memmove(right + moved, right, right_count * sizeof(T));
    std::memcpy(right, left + left_want, moved * sizeof(T));
  }
}

}  // namespace

RankedTree::~RankedTree() {
  if (root_ != nullptr) FreeSubtree(root_, height_);
}

// ---- Nodes

RankedTree::Leaf* RankedTree::NewLeaf() {
  ++leaf_count_;
  auto* const leaf = static_cast<Leaf*>(memory::Allocate(sizeof(Leaf)));
  leaf->previous = leaf->next = nullptr;
  leaf->count = 0;
  return leaf;
}

RankedTree::Inner* RankedTree::NewInner() {
  ++inner_count_;
  auto* const inner = static_cast<Inner*>(memory::Allocate(sizeof(Inner)));
  inner->count = 0;
  return inner;
}

void RankedTree::FreeLeaf(Leaf* leaf) {
  if (leaf->previous != nullptr) leaf->previous->next = leaf->next;
  if (leaf->next != nullptr) leaf->next->previous = leaf->previous;
  --leaf_count_;
  memory::Free(leaf, sizeof(Leaf));
}

void RankedTree::FreeInner(Inner* inner) {
  --inner_count_;
  memory::Free(inner, sizeof(Inner));
}

void RankedTree::FreeSubtree(void* node, unsigned height) {
  if (height == 0) return memory::Free(node, sizeof(Leaf));
  auto* const inner = static_cast<Inner*>(node);
  for (unsigned i = 0; i < inner->count; ++i) FreeSubtree(inner->children[i], height - 1);
  memory::Free(inner, sizeof(Inner));
}

size_t RankedTree::footprint_bytes() const {
  return leaf_count_ * memory::ReservedBytes(sizeof(Leaf)) +
         inner_count_ * memory::ReservedBytes(sizeof(Inner));
}

uint64_t RankedTree::EntriesBelow(const Inner& node) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < node.count; ++i) sum += node.counts[i];
  return sum;
}

// ---- Going down

// The leaf where an entry is or would be put; the steps to it in `path`.
RankedTree::Leaf* RankedTree::Descend(double score, std::string_view member, Path& path) const {
  void* node = root_;
  for (unsigned level = 0; level < height_; ++level) {
    auto* const inner = static_cast<Inner*>(node);
    const unsigned child = PartitionPoint(inner->firsts, 1, inner->count, [&](const Slot& first) {
                             return !IsScoredBefore(score, member, first.score,
                                                    first.score == score ? first.member->key()
                                                                         : std::string_view());
                           }) -
                           1;
    path[level] = {inner, child};
    node = inner->children[child];
  }
  return static_cast<Leaf*>(node);
}

unsigned RankedTree::IndexIn(const Leaf& leaf, double score, std::string_view member) {
  return PartitionPoint(leaf.slots, 0, leaf.count,
                        [&](const Slot& slot) { return IsBefore(slot, score, member); });
}

size_t RankedTree::Rank(const ScoredMember& member) const {
  Path path;
  const Leaf* const leaf = Descend(member.score(), member.key(), path);
  size_t rank = IndexIn(*leaf, member.score(), member.key());
  for (unsigned level = 0; level < height_; ++level) {
    for (unsigned i = 0; i < path[level].index; ++i) rank += path[level].node->counts[i];
  }
  return rank;
}

RankedTree::Position RankedTree::At(size_t rank) const {
  if (rank >= size_) return {};
  const void* node = root_;
  for (unsigned level = 0; level < height_; ++level) {
    const auto& inner = *static_cast<const Inner*>(node);
    unsigned child = 0;
    while (rank >= inner.counts[child]) rank -= inner.counts[child++];
    node = inner.children[child];
  }
  return {static_cast<const Leaf*>(node), static_cast<unsigned>(rank)};
}

// ---- Adding

void RankedTree::Insert(ScoredMember* member) {
  const Slot slot{member->score(), member};
  if (root_ == nullptr) root_ = NewLeaf();
  Path path;
  Leaf* const leaf = Descend(slot.score, member->key(), path);
  for (unsigned level = 0; level < height_; ++level) {
    ++path[level].node->counts[path[level].index];
  }
  ++size_;
  const unsigned at = IndexIn(*leaf, slot.score, member->key());
  if (at == 0) SetFirst(path, height_, slot);
  InsertSlot(leaf, at, slot, path);
}

void RankedTree::InsertSlot(Leaf* leaf, unsigned at, Slot slot, Path& path) {
  if (leaf->count < kLeafSlots) [[likely]] {
    OpenAt(leaf->slots, at, leaf->count++);
    leaf->slots[at] = slot;
    return;
  }
  unsigned middle = kLeafSlots / 2;
  if (at == kLeafSlots && leaf->next == nullptr) middle = kLeafSlots;
  if (at == 0 && leaf->previous == nullptr) middle = 0;
  Leaf* const right = NewLeaf();
  right->next = leaf->next;
  right->previous = leaf;
  if (right->next != nullptr) right->next->previous = right;
  leaf->next = right;
  right->count = kLeafSlots - middle;
  leaf->count = middle;
  std::memcpy(right->slots, leaf->slots + middle, right->count * sizeof(Slot));
  Leaf* target = leaf;
  if (at > middle || middle == kLeafSlots) {
    target = right;
    at -= middle;
  }
  OpenAt(target->slots, at, target->count++);
  target->slots[at] = slot;
  AddChild(path, height_, right->slots[0], right, right->count);
}

// Adds a node that was split off the child that the path goes through at `level`, behind that child. The child's count
// still includes what the new one took.
void RankedTree::AddChild(Path& path, unsigned level, Slot first, void* child, uint64_t count) {
  if (level == 0) {
    const Slot left_first = height_ == 0 ? static_cast<Leaf*>(root_)->slots[0]
                                         : static_cast<Inner*>(root_)->firsts[0];
    return GrowRoot(left_first, first, child, count);
  }
  Inner* node = path[level - 1].node;
  const unsigned index = path[level - 1].index;
  node->counts[index] -= count;
  unsigned at = index + 1;
  Inner* right = nullptr;
  if (node->count == kChildren) {
    const auto steps_begin = path.begin();
    const auto steps_end = steps_begin + level;
    unsigned middle = kChildren / 2;
    if (std::all_of(steps_begin, steps_end, [](const Step& step) { return step.index == 0; })) {
      middle = 1;
    } else if (std::all_of(steps_begin, steps_end, [](const Step& step) {
                 return step.index + 1 == step.node->count;
               })) {
      middle = kChildren;
    }
    right = NewInner();
    right->count = kChildren - middle;
    node->count = middle;
    std::memcpy(right->firsts, node->firsts + middle, right->count * sizeof(Slot));
    std::memcpy(right->children, node->children + middle, right->count * sizeof(void*));
    std::memcpy(right->counts, node->counts + middle, right->count * sizeof(uint64_t));
    if (at > middle || middle == kChildren) {
      node = right;
      at -= middle;
    }
  }
  OpenAt(node->firsts, at, node->count);
  OpenAt(node->children, at, node->count);
  OpenAt(node->counts, at, node->count);
  ++node->count;
  node->firsts[at] = first;
  node->children[at] = child;
  node->counts[at] = count;
  if (right != nullptr) AddChild(path, level - 1, right->firsts[0], right, EntriesBelow(*right));
}

void RankedTree::GrowRoot(Slot left_first, Slot right_first, void* right, uint64_t right_count) {
  Inner* const root = NewInner();
  root->count = 2;
  root->firsts[0] = left_first;
  root->firsts[1] = right_first;
  root->children[0] = root_;
  root->children[1] = right;
  root->counts[0] = size_ - right_count;
  root->counts[1] = right_count;
  root_ = root;
  ++height_;
}

// The node that the path reaches at `level` has another first entry.
void RankedTree::SetFirst(Path& path, unsigned level, const Slot& first) {
  for (; level > 0; --level) {
    const Step& step = path[level - 1];
    step.node->firsts[step.index] = first;
    if (step.index != 0) return;
  }
}

void RankedTree::SetScore(ScoredMember* member, double score) {
  Path path;
  const std::string_view key = member->key();
  Leaf* const leaf = Descend(member->score(), key, path);
  const unsigned at = IndexIn(*leaf, member->score(), key);
  const Slot* behind = at + 1 < leaf->count    ? &leaf->slots[at + 1]
                       : leaf->next != nullptr ? &leaf->next->slots[0]
                                               : nullptr;
  // The first one of a leaf is known to the nodes above as well.
  if (at > 0 && IsBefore(leaf->slots[at - 1], score, key) &&
      (behind == nullptr || !IsBefore(*behind, score, key))) {
    leaf->slots[at].score = score;
    member->SetScore(score);
    return;
  }
  Erase(*member);
  member->SetScore(score);
  Insert(member);
}

// ---- Taking out

void RankedTree::Erase(const ScoredMember& member) {
  Path path;
  Leaf* const leaf = Descend(member.score(), member.key(), path);
  const unsigned at = IndexIn(*leaf, member.score(), member.key());
  for (unsigned level = 0; level < height_; ++level) {
    --path[level].node->counts[path[level].index];
  }
  --size_;
  CloseAt(leaf->slots, at, leaf->count--);
  if (leaf->count == 0) {
    FreeLeaf(leaf);
    RemoveChild(path, height_);
  } else {
    if (at == 0) SetFirst(path, height_, leaf->slots[0]);
    if (leaf->count < kLeafSlotsMin && height_ > 0) RefillLeaf(path);
  }
  ShrinkRoot();
}

// Takes the node that the path reaches at `level`, which was freed, out of its parent.
void RankedTree::RemoveChild(Path& path, unsigned level) {
  if (level == 0) {
    root_ = nullptr;
    height_ = 0;
    return;
  }
  const auto [node, index] = path[level - 1];
  CloseAt(node->firsts, index, node->count);
  CloseAt(node->children, index, node->count);
  CloseAt(node->counts, index, node->count);
  --node->count;
  if (node->count == 0) {
    FreeInner(node);
    return RemoveChild(path, level - 1);
  }
  if (index == 0) SetFirst(path, level - 1, node->firsts[0]);
  if (node->count < kChildrenMin && level > 1) RefillInner(path, level - 1);
}

// Joins a leaf of few entries with a neighbour, or takes some of that one's.
void RankedTree::RefillLeaf(Path& path) {
  constexpr unsigned kJoinedMax = kLeafSlots * 3 / 4;
  auto& [parent, index] = path[height_ - 1];
  if (parent->count < 2) return;
  if (index > 0) --index;
  auto* const left = static_cast<Leaf*>(parent->children[index]);
  auto* const right = static_cast<Leaf*>(parent->children[index + 1]);
  const unsigned total = left->count + right->count;
  const unsigned left_want = total <= kJoinedMax ? total : total / 2;
  Share(left->slots, left->count, right->slots, right->count, left_want);
  left->count = left_want;
  right->count = total - left_want;
  parent->counts[index] = left->count;
  ++index;
  if (right->count == 0) {
    FreeLeaf(right);
    return RemoveChild(path, height_);
  }
  parent->counts[index] = right->count;
  parent->firsts[index] = right->slots[0];
}

// The same for an inner node at `level`, which is not the root.
void RankedTree::RefillInner(Path& path, unsigned level) {
  constexpr unsigned kJoinedMax = kChildren * 3 / 4;
  auto& [parent, index] = path[level - 1];
  if (parent->count < 2) return;
  if (index > 0) --index;
  auto* const left = static_cast<Inner*>(parent->children[index]);
  auto* const right = static_cast<Inner*>(parent->children[index + 1]);
  const unsigned total = left->count + right->count;
  const unsigned left_want = total <= kJoinedMax ? total : total / 2;
  Share(left->firsts, left->count, right->firsts, right->count, left_want);
  Share(left->children, left->count, right->children, right->count, left_want);
  Share(left->counts, left->count, right->counts, right->count, left_want);
  left->count = left_want;
  right->count = total - left_want;
  parent->counts[index] = EntriesBelow(*left);
  ++index;
  if (right->count == 0) {
    FreeInner(right);
    return RemoveChild(path, level);
  }
  parent->counts[index] = EntriesBelow(*right);
  parent->firsts[index] = right->firsts[0];
}

void RankedTree::ShrinkRoot() {
  while (height_ > 0 && static_cast<Inner*>(root_)->count == 1) {
    auto* const old = static_cast<Inner*>(root_);
    root_ = old->children[0];
    --height_;
    FreeInner(old);
  }
}

// ---- Checking

const char* RankedTree::Verify() const {
  if (root_ == nullptr) return size_ == 0 ? nullptr : "an empty tree has a size";
  const Slot* last = nullptr;
  const Leaf* previous = nullptr;
  if (const char* wrong = VerifySubtree(root_, height_, last, previous)) return wrong;
  if (previous->next != nullptr) return "the last leaf has a next one";
  const uint64_t sum = height_ == 0 ? static_cast<const Leaf*>(root_)->count
                                    : EntriesBelow(*static_cast<const Inner*>(root_));
  return sum == size_ ? nullptr : "the root's counts are not the tree's size";
}

const char* RankedTree::VerifySubtree(const void* node, unsigned height, const Slot*& last,
                                      const Leaf*& previous) const {
  if (height == 0) {
    const auto& leaf = *static_cast<const Leaf*>(node);
    if (leaf.count == 0 || leaf.count > kLeafSlots) return "a leaf's count is out of bounds";
    if (leaf.previous != previous) return "the leaves' list has another order";
    if (previous != nullptr && previous->next != &leaf) return "the leaves' list has a gap";
    previous = &leaf;
    for (unsigned i = 0; i < leaf.count; ++i) {
      const Slot& slot = leaf.slots[i];
      if (slot.score != slot.member->score()) return "a leaf's score is not its member's";
      if (last != nullptr && !IsBefore(*last, slot.score, slot.member->key())) {
        return "entries are out of order";
      }
      last = &slot;
    }
    return nullptr;
  }
  const auto& inner = *static_cast<const Inner*>(node);
  if (inner.count == 0 || inner.count > kChildren) return "an inner node's count is out of bounds";
  for (unsigned i = 0; i < inner.count; ++i) {
    const void* child = inner.children[i];
    const Slot& first = height == 1 ? static_cast<const Leaf*>(child)->slots[0]
                                    : static_cast<const Inner*>(child)->firsts[0];
    const uint64_t count = height == 1 ? static_cast<const Leaf*>(child)->count
                                       : EntriesBelow(*static_cast<const Inner*>(child));
    if (first.member != inner.firsts[i].member || first.score != inner.firsts[i].score) {
      return "an inner node's first entry is not its child's";
    }
    if (count != inner.counts[i]) return "an inner node's count is not its child's";
    if (const char* wrong = VerifySubtree(child, height - 1, last, previous)) return wrong;
  }
  return nullptr;
}

}  // namespace ringtail::storage
