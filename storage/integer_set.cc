#include "storage/integer_set.h"

#include <bit>

namespace ringtail::storage {
namespace {

template <typename Integer>
Integer Load(const char* from) {
  Integer value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// The halving never branches on what it compares, so nothing is predicted wrongly.
template <typename Integer>
IntegerSetView::Position FindAs(const char* members, size_t count, int64_t wanted) {
  const auto value = static_cast<Integer>(wanted);
  size_t first = 0;
  size_t rest = count;
  while (rest > 1) {
    const size_t half = rest / 2;
    first =
        Load<Integer>(members + (first + half) * sizeof(Integer)) <= value ? first + half : first;
    rest -= half;
  }
  const auto found = Load<Integer>(members + first * sizeof(Integer));
  if (found == value) return {first, true};
  return {first + (found < value ? 1 : 0), false};
}

template <typename Integer>
const char* VerifyAs(const char* members, size_t count) {
  for (size_t i = 1; i < count; ++i) {
    if (Load<Integer>(members + (i - 1) * sizeof(Integer)) >=
        Load<Integer>(members + i * sizeof(Integer))) {
      return "integers of a set are not in ascending order";
    }
  }
  return nullptr;
}

int64_t LoadWide(const char* at, size_t width) {
  if (width == 2) return Load<int16_t>(at);
  return width == 4 ? int64_t{Load<int32_t>(at)} : Load<int64_t>(at);
}

}  // namespace

int64_t IntegerSetView::At(size_t index) const {
  return LoadWide(bytes_.data() + OffsetOf(index), width());
}

IntegerSetView::Position IntegerSetView::Find(int64_t value) const {
  if (bytes_.empty()) return {0, false};
  if (integer_set::WidthOf(value) > width()) return {value < 0 ? 0 : count(), false};
  const char* const members = bytes_.data() + kIntegerSetHeaderBytes;
  switch (width()) {
    case 2:
      return FindAs<int16_t>(members, count(), value);
    case 4:
      return FindAs<int32_t>(members, count(), value);
    default:
      return FindAs<int64_t>(members, count(), value);
  }
}

const char* IntegerSetView::Verify() const {
  if (bytes_.empty()) return nullptr;
  if (width() != 2 && width() != 4 && width() != 8) return "integers of a set have no such width";
  const size_t member_bytes = bytes_.size() - kIntegerSetHeaderBytes;
  if (member_bytes == 0) return "a set of integers has a width and no members";
  if (member_bytes % width() != 0) return "a set of integers ends in the middle of one";
  const char* const members = bytes_.data() + kIntegerSetHeaderBytes;
  switch (width()) {
    case 2:
      return VerifyAs<int16_t>(members, count());
    case 4:
      return VerifyAs<int32_t>(members, count());
    default:
      return VerifyAs<int64_t>(members, count());
  }
}

namespace integer_set {

void Store(char* at, int64_t value, size_t width) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(at, &value, width);
  } else {
    std::memcpy(at, reinterpret_cast<const char*>(&value) + 8 - width, width);
  }
}

// From the last one on, so that no member is overwritten before it was read.
void Widen(char* data, size_t count, size_t old_width, size_t width) {
  char* const members = data + kIntegerSetHeaderBytes;
  for (size_t i = count; i-- > 0;) {
    Store(members + i * width, LoadWide(members + i * old_width, old_width), width);
  }
  data[0] = static_cast<char>(width);
}

}  // namespace integer_set
}  // namespace ringtail::storage
