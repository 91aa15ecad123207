// Looking many members up in one set, as intersections and differences do.
//
//   SetLookup lookup(set);
//   if (lookup.Contains(needle)) …
//
// A packed set is searched from its front for a member: a hundred members of one set looked up in
// another of a hundred took 40 us, more than making a hash table of it and looking them up there.
// So the first few look-ups search, and then an index is made: the places of the members by their
// hashes. Thread rule: as for the set, which must not change meanwhile.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/set_value.h"

namespace ringtail::storage {

class SetLookup {
 public:
  explicit SetLookup(const SetView& set) : set_(set) {}

  bool Contains(SetNeedle& needle) {
    if (set_.shape() != SetShape::kPacked) return set_.Contains(needle);
    if (lookup_count_ < kSearchesMax) {
      ++lookup_count_;
      return set_.Contains(needle);
    }
    if (offsets_.empty()) MakeIndex();
    return Find(needle);
  }

 private:
  static constexpr int kSearchesMax = 4;

  void MakeIndex();
  bool Find(SetNeedle& needle) const;

  SetView set_;
  int lookup_count_ = 0;
  std::vector<uint32_t> offsets_;  // by hash, the next free one if that is taken; 0: free
};

}  // namespace ringtail::storage
