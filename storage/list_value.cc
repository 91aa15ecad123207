#include "storage/list_value.h"

#include <algorithm>
#include <array>

namespace ringtail::storage {
namespace {

// What Redis's packed format has around the elements and ours has not, so that lists change shape
// at the same sizes.
constexpr size_t kListpackFrameBytes = 7;

size_t ListpackBytes(std::string_view packed) {
  return packed.empty() ? kListpackFrameBytes
                        : packed.size() - kPackedHeaderBytes + kListpackFrameBytes;
}

PackedNeedle NeedleOf(const PackedElement& element) {
  return element.is_int() ? PackedNeedle(element.number()) : PackedNeedle(element.text());
}

}  // namespace

// ---- Reading

void ListCursor::Enter(size_t index) {
  const ListNode& node = list_->node(index);
  node_ = index;
  view_ = node.is_frozen() ? node.Range(0, node.count(), scratch_) : node.view();
}

void ListCursor::Next() {
  if (toward_ == ListEnd::kTail) {
    at_ = NextElement(at_);
    if (at_ != view_.end()) [[likely]] return;
    if (list_ == nullptr || node_ + 1 == list_->node_count()) {
      at_ = nullptr;
      return;
    }
    Enter(node_ + 1);
    at_ = view_.first();
    return;
  }
  if (at_ != view_.first()) [[likely]] {
    at_ = view_.Previous(at_);
    return;
  }
  if (list_ == nullptr || node_ == 0) {
    at_ = nullptr;
    return;
  }
  Enter(node_ - 1);
  at_ = view_.Previous(view_.end());
}

std::optional<PackedElement> ListView::At(int64_t index) {
  const auto size = static_cast<int64_t>(count());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  if (list_ == nullptr) return packed_.Get(packed_.At(index));
  const ListDeque::Place place = list_->Find(static_cast<size_t>(index));
  if (place.at != nullptr) return packed_.Get(place.at);
  const PackedView view = list_->node(place.node).Range(place.rank, 1, scratch_);
  return view.Get(view.first());
}

PackedElement ListView::AtEnd(ListEnd end) const {
  if (list_ == nullptr) {
    return packed_.Get(end == ListEnd::kHead ? packed_.first() : packed_.last());
  }
  const PackedView view =
      list_->node(end == ListEnd::kHead ? 0 : list_->node_count() - 1).view();
  return view.Get(end == ListEnd::kHead ? view.first() : view.Previous(view.end()));
}

ListCursor ListView::From(size_t index, ListEnd toward) const {
  ListCursor cursor(list_, packed_, toward);
  if (index >= count()) return cursor;
  if (list_ == nullptr) {
    cursor.at_ = packed_.At(static_cast<int64_t>(index));
    return cursor;
  }
  const ListDeque::Place place = list_->Find(index);
  cursor.Enter(place.node);
  cursor.at_ = place.at;
  if (place.at == nullptr) {
    cursor.at_ = cursor.view_.first();
    for (size_t i = 0; i < place.rank; ++i) cursor.at_ = NextElement(cursor.at_);
  }
  return cursor;
}

// ---- Changing shape

void ListEditor::Unpack() {
  place_.BecomeObject(std::make_unique<ListDeque>(PackedView(place_.bytes())));
}

void ListEditor::UnpackIfTooLarge(size_t more_bytes, size_t more_entries) {
  if (!place_.is_packed()) return;
  const size_t bytes = ListpackBytes(place_.bytes()) + more_bytes;
  if (bytes > limits_.bytes_max ||
      PackedView(place_.bytes()).count() + more_entries > limits_.entries_max) {
    Unpack();
  }
}

void ListEditor::PackIfSmall() {
  if (place_.is_packed() || list().node_count() != 1) return;
  const ListNode& only = list().node(0);
  if (only.bytes() + kListpackFrameBytes > limits_.bytes_max / 2) return;
  if (only.count() > limits_.entries_max / 2) return;
  place_.BecomePacked(list().Packed());
}

// ---- Changing

// All of them through one gap. A few at a time, since each is parsed only once.
void ListEditor::PushPacked(ListEnd end, std::span<const std::string_view> values) {
  constexpr size_t kAtOnce = 16;
  while (!values.empty()) {
    const size_t count = std::min(values.size(), kAtOnce);
    std::array<std::optional<PackedNeedle>, kAtOnce> needles;
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i) {
      needles[i].emplace(values[i]);
      bytes += needles[i]->element_bytes();
    }
    const bool is_first = place_.bytes().empty();
    const size_t offset = is_first                  ? 0
                          : end == ListEnd::kHead   ? kPackedHeaderBytes
                                                    : place_.bytes().size();
    char* at = place_.OpenGap(offset, bytes + (is_first ? kPackedHeaderBytes : 0));
    if (is_first) {
      at[0] = at[1] = 0;
      at += kPackedHeaderBytes;
    }
    for (size_t i = 0; i < count; ++i) {
      const PackedNeedle& needle = *needles[end == ListEnd::kHead ? count - 1 - i : i];
      needle.Write(at);
      at += needle.element_bytes();
    }
    packed::AdjustCount(place_.data(), static_cast<int64_t>(count));
    values = values.subspan(count);
  }
}

void ListEditor::Push(ListEnd end, std::span<const std::string_view> values) {
  if (place_.is_packed()) {
    size_t bytes = 0;
    for (const std::string_view value : values) bytes += value.size();
    UnpackIfTooLarge(bytes, values.size());
    if (place_.is_packed()) return PushPacked(end, values);
  }
  for (const std::string_view value : values) list().Push(end, PackedNeedle(value), limits_);
}

void ListEditor::Push(ListEnd end, const PackedElement& value) {
  if (place_.is_packed()) UnpackIfTooLarge(value.size(), 1);
  const PackedNeedle needle = NeedleOf(value);
  if (!place_.is_packed()) return list().Push(end, needle, limits_);
  packed::Insert(place_, end == ListEnd::kHead ? kPackedHeaderBytes : place_.bytes().size(),
                 needle);
}

void ListEditor::RemoveEnd(ListEnd end, size_t count) {
  if (count == 0) return;
  if (!place_.is_packed()) {
    list().RemoveEnd(end, count);
    return PackIfSmall();
  }
  const PackedView view(place_.bytes());
  const char* const at = end == ListEnd::kHead ? view.first()
                         : count == 1          ? view.last()
                                               : view.At(-static_cast<int64_t>(count));
  packed::Erase(place_, view.OffsetOf(at), count);
}

bool ListEditor::Set(int64_t index, std::string_view value) {
  const auto size = static_cast<int64_t>(count());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return false;
  const PackedNeedle needle(value);
  UnpackIfTooLarge(value.size(), 0);
  if (place_.is_packed()) {
    const PackedView view(place_.bytes());
    packed::Replace(place_, view.OffsetOf(view.At(index)), needle);
    return true;
  }
  list().Replace(list().Find(static_cast<size_t>(index)), needle, limits_);
  PackIfSmall();
  return true;
}

bool ListEditor::Insert(Side side, std::string_view pivot, std::string_view value) {
  const PackedNeedle wanted(pivot);
  const PackedNeedle needle(value);
  if (place_.is_packed()) {
    const PackedView view(place_.bytes());
    const char* at = view.Find(view.first(), wanted);
    if (at == view.end()) return false;
    if (side == Side::kBehind) at = NextElement(at);
    const size_t offset = view.OffsetOf(at);
    UnpackIfTooLarge(value.size(), 1);
    if (place_.is_packed()) {
      packed::Insert(place_, offset, needle);
    } else {
      list().Insert({0, list().node(0).begin() + (offset - kPackedHeaderBytes)}, needle, limits_);
    }
    return true;
  }
  std::vector<char> scratch;
  for (size_t i = 0; i < list().node_count(); ++i) {
    const ListNode& node = list().node(i);
    const PackedView view = node.is_frozen() ? node.Range(0, node.count(), scratch) : node.view();
    const char* at = view.Find(view.first(), wanted);
    if (at == view.end()) continue;
    if (side == Side::kBehind) at = NextElement(at);
    const size_t offset = view.OffsetOf(at) - kPackedHeaderBytes;
    list().Thaw(i);
    list().Insert({i, list().node(i).begin() + offset}, needle, limits_);
    return true;
  }
  return false;
}

size_t ListEditor::Remove(std::string_view value, size_t max, ListEnd from) {
  const PackedNeedle needle(value);
  if (!place_.is_packed()) {
    const size_t removed = list().Remove(needle, max, from, limits_);
    if (removed != 0) PackIfSmall();
    return removed;
  }
  const size_t size = place_.bytes().size();
  if (size == 0) return 0;
  char* const data = place_.data();
  const ListRemoval removal =
      RemoveMatches(data + kPackedHeaderBytes, data + size, needle, max, from);
  if (removal.elements == 0) return 0;
  if (removal.bytes + kPackedHeaderBytes == size) {
    place_.CloseGap(0, size);
    return removal.elements;
  }
  packed::AdjustCount(data, -static_cast<int64_t>(removal.elements));
  place_.CloseGap(from == ListEnd::kHead ? size - removal.bytes : kPackedHeaderBytes,
                  removal.bytes);
  return removal.elements;
}

void ListEditor::Keep(size_t index, size_t count) {
  const size_t size = this->count();
  if (!place_.is_packed()) {
    list().RemoveEnd(ListEnd::kHead, index);
    list().RemoveEnd(ListEnd::kTail, size - index - count);
    return PackIfSmall();
  }
  RemoveEnd(ListEnd::kTail, size - index - count);
  RemoveEnd(ListEnd::kHead, index);
}

}  // namespace ringtail::storage
