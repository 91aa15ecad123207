#include "storage/list_node.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "storage/list_freezer.h"

namespace ringtail::storage {
namespace {

// The smallest block of a node that may yet grow; doubled until the node is full.
constexpr size_t kFirstBlockBytes = 128;
// Redis's bound on the bytes of a node whose limit is a number of entries.
constexpr size_t kCountedNodeBytesMax = 8192;

}  // namespace

ListLimits ListLimits::Of(int64_t directive) {
  if (directive < 0) {
    const auto kind = static_cast<unsigned>(std::min<int64_t>(-(directive + 1), 4));
    return {.bytes_max = size_t{4096} << kind};
  }
  return {.bytes_max = kCountedNodeBytesMax,
          .entries_max = static_cast<size_t>(std::max<int64_t>(directive, 1))};
}

// Kept runs move as a whole, so a value that is rare costs a look at each element and few moves.
ListRemoval RemoveMatches(char* begin, char* end, const PackedNeedle& value, size_t max,
                          ListEnd from) {
  const PackedView view({begin - kPackedHeaderBytes,
                         static_cast<size_t>(end - begin) + kPackedHeaderBytes});
  const size_t size = value.element_bytes();
  ListRemoval removal;
  if (from == ListEnd::kHead) {
    const char* kept_from = begin;  // what lies from here to the next match is to be kept
    char* to = begin;
    const auto keep = [&](const char* kept_to) {
      const auto kept_bytes = static_cast<size_t>(kept_to - kept_from);
      if (to != kept_from) std::memmove(to, kept_from, kept_bytes);
      to += kept_bytes;
    };
    const char* at = begin;
    while (at != end && removal.elements < max) {
      const char* const next = NextElement(at);
      if (value.Matches(at)) {
        keep(at);
        kept_from = next;
        ++removal.elements;
      }
      at = next;
    }
    keep(end);
  } else {
    const char* kept_to = end;
    char* to = end;
    const auto keep = [&](const char* kept_from) {
      const auto kept_bytes = static_cast<size_t>(kept_to - kept_from);
      to -= kept_bytes;
      if (to != kept_from) std::memmove(to, kept_from, kept_bytes);
    };
    const char* at = end;
    while (at != begin && removal.elements < max) {
      at = view.Previous(at);
      if (!value.Matches(at)) continue;
      keep(at + size);
      kept_to = at;
      ++removal.elements;
    }
    keep(begin);
  }
  removal.bytes = removal.elements * size;
  return removal;
}

// ---- Making

ListNode ListNode::Make(const PackedNeedle& value, ListEnd growing, size_t bytes_max) {
  const size_t needed = kPackedHeaderBytes + value.element_bytes();
  const size_t capacity =
      memory::ReservedBytes(std::max(needed, std::min(kFirstBlockBytes, bytes_max)));
  ListNode node;
  node.block_ = static_cast<char*>(memory::Allocate(capacity));
  node.capacity_ = static_cast<uint32_t>(capacity);
  node.begin_ = static_cast<uint32_t>(
      growing == ListEnd::kHead ? capacity - value.element_bytes() : kPackedHeaderBytes);
  node.end_ = node.begin_ + static_cast<uint32_t>(value.element_bytes());
  node.count_ = 1;
  value.Write(node.first());
  return node;
}

ListNode ListNode::Copy(const char* begin, const char* end, size_t count) {
  const auto size = static_cast<size_t>(end - begin);
  ListNode node;
  node.capacity_ = static_cast<uint32_t>(memory::ReservedBytes(size + kPackedHeaderBytes));
  node.block_ = static_cast<char*>(memory::Allocate(node.capacity_));
  node.begin_ = kPackedHeaderBytes;
  node.end_ = static_cast<uint32_t>(kPackedHeaderBytes + size);
  node.count_ = static_cast<uint32_t>(count);
  std::memcpy(node.first(), begin, size);
  return node;
}

ListNode ListNode::Clone() const {
  if (!is_frozen()) return Copy(begin(), end(), count_);
  ListNode clone = *this;
  clone.block_ = static_cast<char*>(memory::Allocate(capacity_));
  std::memcpy(clone.block_, block_, capacity_);
  return clone;
}

// ---- Freezing

void ListNode::Freeze() {
  std::vector<char> frozen;
  if (!storage::Freeze(begin(), end(), count_, frozen)) return;
  const size_t capacity = memory::ReservedBytes(frozen.size());
  if (capacity > capacity_ - capacity_ / 4) return;
  memory::Free(block_, capacity_);
  block_ = static_cast<char*>(memory::Allocate(capacity));
  capacity_ = static_cast<uint32_t>(capacity);
  std::memcpy(block_, frozen.data(), frozen.size());
  std::memset(block_ + frozen.size(), 0, capacity - frozen.size());
  begin_ = end_ = 0;
}

void ListNode::Thaw() {
  std::vector<char> scratch;
  const PackedView elements = Range(0, count_, scratch);
  const ListNode thawed = Copy(elements.first(), elements.end(), count_);
  Destroy();
  *this = thawed;
}

PackedView ListNode::Range(size_t from, size_t count, std::vector<char>& scratch) const {
  return ThawRange(block_, from, count, scratch);
}

// ---- Room

void ListNode::Relocate(size_t capacity, size_t begin) {
  const size_t size = bytes();
  if (capacity == capacity_) {
    std::memmove(block_ + begin, first(), size);
  } else {
    char* const block = static_cast<char*>(memory::Allocate(capacity));
    std::memcpy(block + begin, first(), size);
    memory::Free(block_, capacity_);
    block_ = block;
    capacity_ = static_cast<uint32_t>(capacity);
  }
  begin_ = static_cast<uint32_t>(begin);
  end_ = static_cast<uint32_t>(begin + size);
}

void ListNode::MakeRoom(size_t byte_count, ListEnd side, size_t bytes_max) {
  const size_t needed = kPackedHeaderBytes + bytes() + byte_count;
  size_t capacity = capacity_;
  if (needed > capacity) {
    capacity = memory::ReservedBytes(std::max(needed, std::min(size_t{capacity_} * 2, bytes_max)));
  }
  Relocate(capacity, side == ListEnd::kHead ? capacity - bytes() : kPackedHeaderBytes);
}

char* ListNode::MoveFront(size_t before, size_t byte_count) {
  char* const to = first() - byte_count;
  std::memmove(to, first(), before);
  begin_ -= static_cast<uint32_t>(byte_count);
  return to + before;
}

// Moves the shorter side if there is room on it, else the longer one, else all.
char* ListNode::OpenGap(const char* at, size_t byte_count, size_t bytes_max) {
  const auto before = static_cast<size_t>(at - begin());
  const auto behind = static_cast<size_t>(end() - at);
  const bool is_near_head = before < behind;
  const auto has_front_room = [&] { return begin_ - kPackedHeaderBytes >= byte_count; };
  const auto has_back_room = [&] { return capacity_ - end_ >= byte_count; };
  if (!(is_near_head ? has_front_room() : has_back_room())) {
    if (has_front_room()) return MoveFront(before, byte_count);
    if (!has_back_room()) {
      MakeRoom(byte_count, is_near_head ? ListEnd::kHead : ListEnd::kTail, bytes_max);
    }
  }
  if (is_near_head && has_front_room()) return MoveFront(before, byte_count);
  char* const gap = first() + before;
  std::memmove(gap + byte_count, gap, behind);
  end_ += static_cast<uint32_t>(byte_count);
  return gap;
}

void ListNode::CloseGap(const char* at, size_t byte_count) {
  const auto before = static_cast<size_t>(at - begin());
  const auto behind = bytes() - before - byte_count;
  if (before < behind) {
    std::memmove(first() + byte_count, first(), before);
    begin_ += static_cast<uint32_t>(byte_count);
  } else {
    char* const gap = first() + before;
    std::memmove(gap, gap + byte_count, behind);
    end_ -= static_cast<uint32_t>(byte_count);
  }
}

void ListNode::ReturnMemory() {
  const size_t needed = memory::ReservedBytes(kPackedHeaderBytes + bytes());
  if (needed * 2 <= capacity_) Relocate(needed, kPackedHeaderBytes);
}

// ---- Changing

void ListNode::Insert(const char* at, const PackedNeedle& value, size_t bytes_max) {
  value.Write(OpenGap(at, value.element_bytes(), bytes_max));
  ++count_;
}

void ListNode::Replace(const char* at, const PackedNeedle& value, size_t bytes_max) {
  const auto offset = static_cast<size_t>(at - begin());
  const size_t old_bytes = PackedView::ElementBytes(at);
  const size_t new_bytes = value.element_bytes();
  if (new_bytes > old_bytes) OpenGap(at, new_bytes - old_bytes, bytes_max);
  if (new_bytes < old_bytes) CloseGap(at, old_bytes - new_bytes);
  value.Write(first() + offset);
  if (new_bytes < old_bytes) ReturnMemory();
}

void ListNode::RemoveEnd(ListEnd end, size_t count) {
  if (end == ListEnd::kHead) {
    const char* at = begin();
    for (size_t i = 0; i < count; ++i) at = NextElement(at);
    begin_ = static_cast<uint32_t>(at - block_);
  } else {
    const PackedView elements = view();
    const char* at = this->end();
    for (size_t i = 0; i < count; ++i) at = elements.Previous(at);
    end_ = static_cast<uint32_t>(at - block_);
  }
  count_ -= static_cast<uint32_t>(count);
}

void ListNode::Erase(const char* at) {
  CloseGap(at, PackedView::ElementBytes(at));
  --count_;
}

size_t ListNode::Remove(const PackedNeedle& value, size_t max, ListEnd from) {
  const ListRemoval removal = RemoveMatches(first(), block_ + end_, value, max, from);
  if (removal.elements == 0) return 0;
  if (from == ListEnd::kHead) {
    end_ -= static_cast<uint32_t>(removal.bytes);
  } else {
    begin_ += static_cast<uint32_t>(removal.bytes);
  }
  count_ -= static_cast<uint32_t>(removal.elements);
  if (count_ != 0) ReturnMemory();
  return removal.elements;
}

ListNode ListNode::SplitAt(const char* at) {
  size_t moved_count = 0;
  for (const char* walk = at; walk != end(); walk = NextElement(walk)) ++moved_count;
  const ListNode moved = Copy(at, end(), moved_count);
  end_ = static_cast<uint32_t>(at - block_);
  count_ -= static_cast<uint32_t>(moved_count);
  ReturnMemory();
  return moved;
}

void ListNode::Append(const ListNode& other) {
  const size_t size = other.bytes();
  std::memcpy(OpenGap(end(), size, 0), other.begin(), size);
  count_ += other.count_;
}

// ---- Questions

const char* ListNode::At(size_t index) const {
  if (index <= count_ / 2) {
    const char* at = begin();
    for (; index > 0; --index) at = NextElement(at);
    return at;
  }
  const PackedView elements = view();
  const char* at = end();
  for (size_t back = count_ - index; back > 0; --back) at = elements.Previous(at);
  return at;
}

const char* ListNode::Middle() const {
  const char* const middle = begin() + bytes() / 2;
  const char* at = NextElement(begin());
  while (at < middle) at = NextElement(at);
  return at == end() && count_ > 1 ? view().Previous(at) : at;
}

std::string_view ListNode::Packed() {
  constexpr size_t kCountUnknown = 0xffff;
  const auto count = static_cast<uint16_t>(std::min<size_t>(count_, kCountUnknown));
  std::memcpy(first() - kPackedHeaderBytes, &count, sizeof(count));
  return view().bytes();
}

const char* ListNode::Verify() const {
  if (is_frozen()) {
    ListNode thawed = Clone();
    thawed.Thaw();
    const char* const problem = thawed.Verify();
    thawed.Destroy();
    return problem;
  }
  if (begin_ < kPackedHeaderBytes || end_ > capacity_) return "a list's node leaves its block";
  if (count_ == 0 || begin_ >= end_) return "a list has a node without elements";
  std::string copy(view().bytes());
  std::memset(copy.data(), 0xff, kPackedHeaderBytes);
  const PackedView elements{std::string_view(copy)};
  if (const char* problem = elements.Verify()) return problem;
  return elements.count() == count_ ? nullptr : "a list's node counts its elements wrongly";
}

}  // namespace ringtail::storage
