#include "storage/zset_object.h"

#include "storage/table_impl.h"

namespace ringtail::storage {

template class BasicTable<ScoredMember>;

std::unique_ptr<Object> SortedSetObject::Clone() const {
  auto clone = std::make_unique<SortedSetObject>();
  for (auto at = tree_.At(0); !at.is_end(); at.Advance()) {
    clone->Add(MemberHasher().MakeKey(at.member().key()), at.score());
  }
  return clone;
}

size_t SortedSetObject::footprint_bytes() const {
  return memory::ReservedBytes(sizeof(*this)) + index_.footprint_bytes() +
         tree_.footprint_bytes() + member_bytes_;
}

const char* SortedSetObject::Verify() const {
  if (index_.size() != tree_.size()) return "a sorted set's index and order differ in size";
  if (const char* wrong = index_.Verify(MemberHasher())) return wrong;
  if (const char* wrong = tree_.Verify()) return wrong;
  size_t bytes = 0;
  for (auto at = tree_.At(0); !at.is_end(); at.Advance()) {
    const auto slot = index_.Find(MemberHasher().MakeKey(at.member().key()));
    if (!slot || slot.entry() != &at.member()) return "a member is not in the index";
    bytes += memory::ReservedBytes(at.member().allocated_bytes());
  }
  return bytes == member_bytes_ ? nullptr : "the members' bytes are not their sum";
}

ScoredMember* SortedSetObject::AddUnordered(const Key& member, double score) {
  ScoredMember* const added = ScoredMember::Create(score, member.bytes);
  member_bytes_ += memory::ReservedBytes(added->allocated_bytes());
  index_.Insert(member.hash, added);
  return added;
}

void SortedSetObject::Erase(MemberIndex::Slot slot) {
  tree_.Erase(*slot.entry());
  EraseUnordered(slot);
}

void SortedSetObject::EraseUnordered(MemberIndex::Slot slot) {
  ScoredMember* const member = index_.Erase(slot);
  member_bytes_ -= memory::ReservedBytes(member->allocated_bytes());
  ScoredMember::Destroy(member);
}

void SortedSetObject::EraseRange(size_t rank, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const std::string_view member = tree_.At(rank).member().key();
    Erase(index_.Find(MemberHasher().MakeKey(member)));
  }
}

}  // namespace ringtail::storage
