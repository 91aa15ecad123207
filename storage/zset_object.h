// A large sorted set: an index of its members and their order.
//
//   auto object = std::make_unique<SortedSetObject>();
//   object->Add(MemberHasher().MakeKey("alice"), 1.5);
//   size_t rank = object->tree().Rank(*object->Find("alice"));
//
// Thread rule: as for Object.
#pragma once

#include <memory>
#include <string_view>

#include "storage/object.h"
#include "storage/ranked_tree.h"
#include "storage/scored_member.h"
#include "storage/table.h"

namespace ringtail::storage {

using MemberIndex = BasicTable<ScoredMember>;
extern template class BasicTable<ScoredMember>;

class SortedSetObject final : public Object {
 public:
  std::unique_ptr<Object> Clone() const override;
  size_t footprint_bytes() const override;
  size_t element_count() const override { return index_.size(); }
  std::string_view encoding_name() const override { return "skiplist"; }
  const char* Verify() const override;

  /// Adds a member that is not there.
  void Add(const Key& member, double score) { tree_.Insert(AddUnordered(member, score)); }
  void SetScore(ScoredMember* member, double score) { tree_.SetScore(member, score); }
  /// Takes out what Find of the index answered.
  void Erase(MemberIndex::Slot slot);
  void EraseRange(size_t rank, size_t count);

  /// Adds a member that is not there to the index alone; the caller inserts it in the tree before anyone looks.
  ScoredMember* AddUnordered(const Key& member, double score);
  /// Takes out what is in the index alone.
  void EraseUnordered(MemberIndex::Slot slot);

  MemberIndex& index() { return index_; }
  const MemberIndex& index() const { return index_; }
  RankedTree& tree() { return tree_; }
  const RankedTree& tree() const { return tree_; }

 private:
  MemberIndex index_;
  RankedTree tree_;
  size_t member_bytes_ = 0;  // taken from the allocator by the members
};

}  // namespace ringtail::storage
