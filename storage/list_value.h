// Lists as handlers see them, whether packed in their entry or large.
//
//   ListView list(*key.entry());
//   for (ListCursor at = list.From(0, ListEnd::kTail); !at.is_done(); at.Next()) Use(at.Get());
//
//   ListEditor list(place, ListLimits::Of(directive));
//   list.Push(ListEnd::kHead, values);
//
// A list is packed up to the limits and becomes a ListDeque beyond them; it is packed again when
// it has shrunk to half of them, as in Redis 7.2. An editor may leave a list without elements: its
// caller then erases the key. Thread rule: as for Entry.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "storage/list_deque.h"
#include "storage/value_place.h"

namespace ringtail::storage {

/// Goes over a list's elements in one direction. Good until the list is changed.
class ListCursor {
 public:
  ListCursor(ListCursor&&) = default;
  ListCursor& operator=(ListCursor&&) = delete;

  bool is_done() const { return at_ == nullptr; }
  /// Good until the next Next(), or if is_lasting() until the list is changed.
  PackedElement Get() const { return view_.Get(at_); }
  bool is_lasting() const { return view_.bytes().data() != scratch_.data(); }
  bool Equals(const PackedNeedle& value) const { return value.Matches(at_); }
  void Next();

 private:
  friend class ListView;
  ListCursor(const ListDeque* list, const PackedView& view, ListEnd toward)
      : list_(list), view_(view), toward_(toward) {}
  /// Looks at another node.
  void Enter(size_t node);

  const ListDeque* list_;  // null: packed, view_ is all there is
  size_t node_ = 0;
  PackedView view_;
  const char* at_ = nullptr;
  ListEnd toward_;
  std::vector<char> scratch_;  // the elements of a frozen node
};

class ListView {
 public:
  explicit ListView(const Entry& entry)
      : list_(entry.encoding() == Encoding::kObject ? &ObjectOf<ListDeque>(entry) : nullptr),
        packed_(list_ == nullptr ? entry.blob_view() : std::string_view()) {}

  size_t count() const { return list_ == nullptr ? packed_.count() : list_->element_count(); }
  /// The element at an index from the head, or (negative) from the tail; nothing beyond the ends.
  /// Good until the next call and as long as the view.
  std::optional<PackedElement> At(int64_t index);
  /// The element at one end of a list that has any.
  PackedElement AtEnd(ListEnd end) const;
  /// A cursor on the element at `index`, going towards an end; done if there is none.
  ListCursor From(size_t index, ListEnd toward) const;
  /// Calls visit(const char* at, const char* end, size_t n) for each stretch of memory with n of
  /// the `count` elements from `index` on, which must be there; `end` is where the stretch's
  /// memory ends, at least behind the n elements.
  template <typename Visit>
  void VisitRuns(size_t index, size_t count, Visit&& visit) const;

 private:
  const ListDeque* list_;  // null: packed
  PackedView packed_;
  std::vector<char> scratch_;  // an element of a frozen node
};

class ListEditor {
 public:
  ListEditor(ValuePlace& place, const ListLimits& limits) : place_(place), limits_(limits) {}

  /// Puts values at an end, one after another.
  void Push(ListEnd end, std::span<const std::string_view> values);
  void Push(ListEnd end, const PackedElement& value);
  /// Takes `count` elements, at most all, off an end.
  void RemoveEnd(ListEnd end, size_t count);
  /// Puts a value in the place of the element at an index, counted as ListView::At does; false:
  /// there is none.
  bool Set(int64_t index, std::string_view value);
  enum class Side : uint8_t { kBefore, kBehind };
  /// Puts a value beside the first element that equals `pivot`; false: there is none.
  bool Insert(Side side, std::string_view pivot, std::string_view value);
  /// Takes out up to `max` elements of this value, looking from an end. Returns how many.
  size_t Remove(std::string_view value, size_t max, ListEnd from);
  /// Keeps `count` elements from `index` on, which must be there.
  void Keep(size_t index, size_t count);

  size_t count() const { return ListView(place_.entry()).count(); }

 private:
  ListDeque& list() const { return place_.object<ListDeque>(); }
  void Unpack();
  /// Makes it a ListDeque if it would be too large with these elements more.
  void UnpackIfTooLarge(size_t more_bytes, size_t more_entries);
  void PackIfSmall();
  void PushPacked(ListEnd end, std::span<const std::string_view> values);

  ValuePlace& place_;
  const ListLimits limits_;
};

// ---- Implementation

template <typename Visit>
void ListView::VisitRuns(size_t index, size_t count, Visit&& visit) const {
  if (count == 0) return;
  if (list_ == nullptr) {
    return visit(packed_.At(static_cast<int64_t>(index)), packed_.end(), count);
  }
  const ListDeque::Place place = list_->Find(index);
  std::vector<char> scratch;
  size_t rank = place.rank;
  for (size_t i = place.node;; ++i, rank = 0) {
    const ListNode& node = list_->node(i);
    const size_t held = node.count() - rank;
    const size_t visited = held < count ? held : count;
    if (node.is_frozen()) {
      const PackedView range = node.Range(rank, visited, scratch);
      visit(range.first(), range.end(), visited);
    } else {
      visit(rank == 0 ? node.begin() : place.at, node.end(), visited);
    }
    count -= visited;
    if (count == 0) return;
  }
}

}  // namespace ringtail::storage
