// The order of a large sorted set: a B+tree by (score, member) that knows every member's rank.
//
//   RankedTree tree;
//   tree.Insert(member);
//   size_t rank = tree.Rank(*member);
//   for (auto at = tree.At(10); !at.is_end(); at.Advance()) Use(at.member(), at.score());
//
// Leaves hold scores beside the pointers, so that a search reads a member only where scores are equal. Inner nodes hold
// for each child its first entry and how many entries are below it. Leaves are a list, so neighbours are next to each other.
// A leaf is split in halves, except at the ends of the whole, where the full one stays full: what is added in order
// fills its leaves.
//
// Invariants: (1) entries are in order; (2) an inner node's first entries and counts are those of its children;
// (3) no node but the root is empty.
// Thread rule: belongs to its sorted set. The members are not owned.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "storage/scored_member.h"

namespace ringtail::storage {

class RankedTree {
 private:
  struct Slot {
    double score;
    ScoredMember* member;
  };
  struct Leaf;
  struct Inner;

 public:
  /// A place between the first entry and behind the last one. Good until the tree is changed.
  class Position {
   public:
    Position() = default;
    /// Whether it is behind the last entry or before the first one.
    bool is_end() const { return leaf_ == nullptr; }
    const ScoredMember& member() const;
    double score() const;
    void Advance();
    void Retreat();

   private:
    friend class RankedTree;
    Position(const Leaf* leaf, unsigned index) : leaf_(leaf), index_(index) {}
    const Leaf* leaf_ = nullptr;
    unsigned index_ = 0;
  };

  RankedTree() = default;
  ~RankedTree();
  RankedTree(const RankedTree&) = delete;
  RankedTree& operator=(const RankedTree&) = delete;

  /// Adds a member that is not in the tree. O(log n).
  void Insert(ScoredMember* member);
  /// Takes out a member that is in the tree. O(log n).
  void Erase(const ScoredMember& member);
  /// Gives a member of the tree another score. O(log n), cheaper if it stays between its neighbours.
  void SetScore(ScoredMember* member, double score);

  /// How many entries are before this member, which is in the tree. O(log n).
  size_t Rank(const ScoredMember& member) const;
  /// The entry of this rank; end if there is none. O(log n).
  Position At(size_t rank) const;
  /// How many entries from the first on `is_before(score, member)` holds for; it must hold for none behind one that it does
  /// not hold for. O(log n).
  template <typename IsBefore>
  size_t CountWhile(IsBefore&& is_before) const;

  size_t size() const { return size_; }
  size_t footprint_bytes() const;
  /// The first violation of an invariant, or null. O(n).
  const char* Verify() const;

 private:
  // A node fills an allocation of 1024 bytes.
  static constexpr unsigned kLeafSlots = 62;
  static constexpr unsigned kChildren = 31;
  // A node with fewer than this is joined with a neighbour or filled up from it.
  static constexpr unsigned kLeafSlotsMin = kLeafSlots / 4;
  static constexpr unsigned kChildrenMin = kChildren / 4;
  // Inner nodes made by splits have 15 children and keep 7, but for those at the ends: 2^63 entries take fewer levels.
  static constexpr unsigned kHeightMax = 24;

  struct Leaf {
    Leaf* previous;
    Leaf* next;
    unsigned count;
    Slot slots[kLeafSlots];
  };
  struct Inner {
    unsigned count;
    Slot firsts[kChildren];
    void* children[kChildren];
    uint64_t counts[kChildren];
  };
  static_assert(sizeof(Leaf) <= 1024 && sizeof(Inner) <= 1024);

  struct Step {
    Inner* node;
    unsigned index;
  };
  using Path = std::array<Step, kHeightMax>;

  static bool IsBefore(const Slot& slot, double score, std::string_view member) {
    if (slot.score != score) return slot.score < score;
    return slot.member->key() < member;
  }
  /// The first index in [begin, end) whose slot is not before; end if all are.
  template <typename Before>
  static unsigned PartitionPoint(const Slot* slots, unsigned begin, unsigned end, Before&& before) {
    while (begin < end) {
      const unsigned middle = (begin + end) / 2;
      if (before(slots[middle])) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }
  Leaf* Descend(double score, std::string_view member, Path& path) const;
  static unsigned IndexIn(const Leaf& leaf, double score, std::string_view member);
  static uint64_t EntriesBelow(const Inner& node);
  Leaf* NewLeaf();
  Inner* NewInner();
  void FreeLeaf(Leaf* leaf);
  void FreeInner(Inner* inner);
  void FreeSubtree(void* node, unsigned height);
  void InsertSlot(Leaf* leaf, unsigned at, Slot slot, Path& path);
  void AddChild(Path& path, unsigned level, Slot first, void* child, uint64_t count);
  void GrowRoot(Slot left_first, Slot right_first, void* right, uint64_t right_count);
  void SetFirst(Path& path, unsigned level, const Slot& first);
  void RemoveChild(Path& path, unsigned level);
  void RefillLeaf(Path& path);
  void RefillInner(Path& path, unsigned level);
  void ShrinkRoot();
  const char* VerifySubtree(const void* node, unsigned height, const Slot*& last,
                            const Leaf*& previous) const;

  void* root_ = nullptr;
  unsigned height_ = 0;       // levels of inner nodes above the leaves
  uint32_t leaf_count_ = 0;
  uint32_t inner_count_ = 0;
  size_t size_ = 0;
};

inline const ScoredMember& RankedTree::Position::member() const {
  return *leaf_->slots[index_].member;
}
inline double RankedTree::Position::score() const { return leaf_->slots[index_].score; }
inline void RankedTree::Position::Advance() {
  if (++index_ < leaf_->count) return;
  leaf_ = leaf_->next;
  index_ = 0;
  // The members of a leaf lie anywhere: their misses overlap if they are begun together.
  if (leaf_ == nullptr) return;
  for (unsigned i = 0; i < leaf_->count; i += 4) __builtin_prefetch(&leaf_->slots[i]);
}
inline void RankedTree::Position::Retreat() {
  if (index_-- > 0) return;
  leaf_ = leaf_->previous;
  index_ = leaf_ == nullptr ? 0 : leaf_->count - 1;
}

template <typename IsBeforeFunction>
size_t RankedTree::CountWhile(IsBeforeFunction&& is_before) const {
  if (root_ == nullptr) return 0;
  const auto before = [&](const Slot& slot) { return is_before(slot.score, *slot.member); };
  size_t rank = 0;
  const void* node = root_;
  for (unsigned level = 0; level < height_; ++level) {
    const auto& inner = *static_cast<const Inner*>(node);
    const unsigned child = PartitionPoint(inner.firsts, 1, inner.count, before) - 1;
    for (unsigned i = 0; i < child; ++i) rank += inner.counts[i];
    node = inner.children[child];
  }
  const auto& leaf = *static_cast<const Leaf*>(node);
  return rank + PartitionPoint(leaf.slots, 0, leaf.count, before);
}

}  // namespace ringtail::storage
