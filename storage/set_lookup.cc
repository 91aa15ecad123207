#include "storage/set_lookup.h"

#include <bit>

namespace ringtail::storage {

void SetLookup::MakeIndex() {
  const PackedView packed(set_.bytes());
  offsets_.resize(std::bit_ceil(2 * packed.count() + 1));
  const size_t mask = offsets_.size() - 1;
  for (const char* at = packed.first(); at != packed.end(); at = packed.Next(at)) {
    SetNeedle member(packed.Get(at));
    size_t slot = member.key().hash.bits() & mask;
    while (offsets_[slot] != 0) slot = (slot + 1) & mask;
    offsets_[slot] = static_cast<uint32_t>(packed.OffsetOf(at));
  }
}

// At most half of the places are taken, so there is always a free one to end at.
bool SetLookup::Find(SetNeedle& needle) const {
  const PackedView packed(set_.bytes());
  const PackedNeedle member = needle.packed();
  const size_t mask = offsets_.size() - 1;
  size_t slot = needle.key().hash.bits() & mask;
  while (offsets_[slot] != 0 && !member.Matches(packed.AtOffset(offsets_[slot]))) {
    slot = (slot + 1) & mask;
  }
  return offsets_[slot] != 0;
}

}  // namespace ringtail::storage
