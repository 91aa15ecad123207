// The parts of sets that call back. Included by storage/set_value.h alone.
#pragma once

#include <algorithm>
#include <array>

#include "storage/set_value.h"

namespace ringtail::storage {

// A table's members lie all over memory; they are fetched ahead of their turn, so that the misses
// overlap.
template <typename Visit>
void SetView::ForEach(Visit&& visit) const {
  if (shape_ != SetShape::kTable) {
    return ForEachWhile([&](const PackedElement& member) {
      visit(member);
      return true;
    });
  }
  constexpr size_t kAhead = 16;
  std::array<const SetMember*, kAhead> ring;
  size_t seen = 0;
  table_->table().VisitAll([&](const SetMember* member) {
    __builtin_prefetch(member);
    const SetMember*& place = ring[seen % kAhead];
    if (seen++ >= kAhead) visit(PackedElement(place->key()));
    place = member;
  });
  for (size_t i = seen < kAhead ? 0 : seen - kAhead; i < seen; ++i) {
    visit(PackedElement(ring[i % kAhead]->key()));
  }
}

template <typename Visit>
void SetView::ForEachWhile(Visit&& visit) const {
  if (shape_ == SetShape::kIntegers) {
    const IntegerSetView integers(bytes_);
    const size_t size = integers.count();
    for (size_t i = 0; i < size && visit(PackedElement(integers.At(i))); ++i) {
    }
  } else if (shape_ == SetShape::kPacked) {
    const PackedView packed(bytes_);
    for (const char* at = packed.first(); at != packed.end() && visit(packed.Get(at));) {
      at = packed.Next(at);
    }
  } else {
    bool goes_on = true;
    uint32_t cursor = 0;
    do {
      cursor = table_->table().Scan(cursor, [&](const SetMember* member, uint32_t) {
        goes_on = goes_on && visit(PackedElement(member->key()));
      });
    } while (goes_on && cursor != 0);
  }
}

// Selection sampling (Knuth, The Art of Computer Programming, 3.4.2, algorithm S): each member is
// taken with a probability of how many are still wanted among how many are left.
template <typename Visit>
void SetView::Sample(size_t count, ringtail::Random& random, Visit&& visit) const {
  size_t left = this->count();
  size_t wanted = std::min(count, left);
  // As long as most draws are new ones, drawing is less work than walking.
  constexpr size_t kDrawnShareMax = 3;
  if (shape_ == SetShape::kTable && wanted * kDrawnShareMax < left) {
    std::vector<const SetMember*> drawn;
    DrawFrom(*table_, wanted, random, drawn);
    for (const SetMember* member : drawn) visit(PackedElement(member->key()));
    return;
  }
  ForEachWhile([&](const PackedElement& member) {
    if (random.Below(left) < wanted) {
      visit(member);
      --wanted;
    }
    --left;
    return wanted != 0;
  });
}

template <typename Visit>
void SetEditor::Pop(ringtail::Random& random, Visit&& visit) {
  const SetView set = view();
  if (set.shape() == SetShape::kTable) {
    const SetMember& member = set.table()->Random(random);
    visit(PackedElement(member.key()));
    place_.object<SetTable>().Remove(MemberHasher().MakeKey(member.key()));
    return;
  }
  const size_t index = random.Below(set.count());
  visit(set.shape() == SetShape::kIntegers
            ? PackedElement(IntegerSetView(set.bytes()).At(index))
            : PackedView(set.bytes()).Get(PackedView(set.bytes()).At(static_cast<int64_t>(index))));
  EraseFromBlob(index);
}

template <typename Visit>
void SetEditor::PopMany(size_t count, ringtail::Random& random, Visit&& visit) {
  // Redis builds a small rest anew instead of taking the many out; the rest may then be a small set
  // again.
  constexpr size_t kRestShare = 5;
  const SetView set = view();
  const size_t size = set.count();
  if (set.shape() == SetShape::kTable && (size - count) * kRestShare > count) {
    for (size_t i = 0; i < count; ++i) Pop(random, visit);
    return;
  }
  DetachedSet rest(limits_);
  size_t left = size;
  size_t wanted = count;
  set.ForEach([&](const PackedElement& member) {
    if (random.Below(left--) < wanted) {
      visit(member);
      --wanted;
    } else if (SetNeedle needle(member); true) {
      rest.Add(needle);
    }
  });
  Replace(rest);
}

}  // namespace ringtail::storage
