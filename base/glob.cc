#include "base/glob.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ringtail {
namespace {

using Byte = unsigned char;

Byte Fold(char c, GlobCase letters) {
  const auto byte = static_cast<Byte>(c);
  if (letters == GlobCase::kSensitive || byte < 'A' || byte > 'Z') return byte;
  return static_cast<Byte>(byte + ('a' - 'A'));
}

// The bytes one place of a pattern takes: `a`, `\a`, `?` or `[...]`. `visit(low, high)` is called
// for each range inside a class. Answers the index behind the class; `negated` says whether it
// began with `^`.
template <typename Visit>
size_t WalkClass(std::string_view pattern, size_t at, GlobCase letters, bool& negated,
                 Visit visit) {
  ++at;  // the opening bracket
  negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  while (at < pattern.size()) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      const Byte escaped = static_cast<Byte>(Fold(pattern[at + 1], letters));
      visit(escaped, escaped);
      at += 2;
    } else if (pattern[at] == ']') {
      return at + 1;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      const auto [low, high] =
          std::minmax({Fold(pattern[at], letters), Fold(pattern[at + 2], letters)});
      visit(low, high);
      at += 3;
    } else {
      const Byte single = Fold(pattern[at], letters);
      visit(single, single);
      ++at;
    }
  }
  return at;
}

// Whether the place at `at` takes byte `c`; moves `at` behind the place. Never called on a star.
bool TakePlace(std::string_view pattern, size_t& at, char c, GlobCase letters) {
  const Byte byte = Fold(c, letters);
  switch (pattern[at]) {
    case '?':
      ++at;
      return true;
    case '[': {
      bool negated = false;
      bool found = false;
      at = WalkClass(pattern, at, letters, negated,
                     [&](Byte low, Byte high) { found = found || (byte >= low && byte <= high); });
      return found != negated;
    }
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      [[fallthrough]];
    default:
      return Fold(pattern[at++], letters) == byte;
  }
}

// A run of places between two stars.
struct Segment {
  std::string_view pattern;
  size_t place_count = 0;
  bool is_plain = true;  // nothing but bytes that stand for themselves
  bool is_last = false;  // no star behind it
};

Segment SegmentAt(std::string_view pattern, size_t begin) {
  Segment segment;
  size_t at = begin;
  while (at < pattern.size() && pattern[at] != '*') {
    const char c = pattern[at];
    if (c == '[') {
      bool negated = false;
      at = WalkClass(pattern, at, GlobCase::kSensitive, negated, [](Byte, Byte) {});
    } else {
      at += c == '\\' && at + 1 < pattern.size() ? 2 : 1;
    }
    segment.is_plain = segment.is_plain && c != '[' && c != '\\' && c != '?';
    ++segment.place_count;
  }
  segment.pattern = pattern.substr(begin, at - begin);
  segment.is_last = at == pattern.size();
  return segment;
}

// Whether the segment matches text[from ..]; the text must be long enough. Adds its work to
// `steps`.
bool MatchesAt(const Segment& segment, std::string_view text, size_t from, GlobCase letters,
               size_t& steps) {
  size_t at = 0;
  while (at < segment.pattern.size()) {
    if (!TakePlace(segment.pattern, at, text[from++], letters)) {
      steps += at;
      return false;
    }
  }
  steps += at;
  return true;
}

constexpr size_t kWordBits = 64;
// Words are worked on in blocks of a constant size, for the sake of vector instructions.
constexpr size_t kBlockWords = 8;
constexpr size_t kBlockBits = kBlockWords * kWordBits;

// Which places of a segment take a byte, as a row of bits per byte that the text contains.
class PlaceRows {
 public:
  PlaceRows(const Segment& segment, std::string_view text, GlobCase letters)
      : block_count_((segment.place_count + kBlockBits - 1) / kBlockBits),
        word_count_(block_count_ * kBlockWords) {
    row_of_byte_.fill(kNoRow);
    size_t row_count = 0;
    for (const char c : text) {
      size_t& row = row_of_byte_[Fold(c, letters)];
      if (row == kNoRow) row = row_count++;
    }
    words_.resize(row_count * word_count_);
    size_t at = 0;
    for (size_t place = 0; place < segment.place_count; ++place) {
      AddPlace(segment.pattern, at, place, letters);
    }
  }

  const uint64_t* RowOf(Byte byte) const { return &words_[row_of_byte_[byte] * word_count_]; }
  size_t block_count() const { return block_count_; }
  size_t word_count() const { return word_count_; }

 private:
  static constexpr size_t kNoRow = SIZE_MAX;

  void Set(size_t byte, size_t place) {
    if (row_of_byte_[byte] == kNoRow) return;
    words_[row_of_byte_[byte] * word_count_ + place / kWordBits] |= uint64_t{1}
                                                                    << (place % kWordBits);
  }

  void AddPlace(std::string_view pattern, size_t& at, size_t place, GlobCase letters) {
    if (pattern[at] == '?') {
      ++at;
      for (size_t byte = 0; byte < 256; ++byte) Set(byte, place);
    } else if (pattern[at] == '[') {
      bool negated = false;
      std::bitset<256> taken;
      at = WalkClass(pattern, at, letters, negated, [&](Byte low, Byte high) {
        for (size_t byte = low; byte <= high; ++byte) taken.set(byte);
      });
      for (size_t byte = 0; byte < 256; ++byte) {
        if (taken[byte] != negated) Set(byte, place);
      }
    } else {
      if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
      Set(Fold(pattern[at++], letters), place);
    }
  }

  size_t block_count_;
  size_t word_count_;
  std::array<size_t, 256> row_of_byte_{};
  std::vector<uint64_t> words_;
};

// One step of Shift-And over a block: every partial match moves on by one place. `before` has the
// word below the block in front of it.
void ShiftAndBlock(const uint64_t* __restrict before, const uint64_t* __restrict row,
                   uint64_t* __restrict after) {
  for (size_t word = 0; word < kBlockWords; ++word) {
    after[word] = ((before[word + 1] << 1) | (before[word] >> 63)) & row[word];
  }
}

// Shift-And (Baeza-Yates and Gonnet, 1992): bit j of the state says that the first j + 1 places
// match the text that ends here. Blocks that no match can have reached, or can still finish from,
// are left out. Cost: bytes of the text times min(places, positions) / 64.
std::optional<size_t> FindByBits(const Segment& segment, std::string_view text, size_t from,
                                 GlobCase letters) {
  text.remove_prefix(from);
  if (text.size() < segment.place_count) return std::nullopt;
  const PlaceRows rows(segment, text, letters);
  // Word 0 stands below the lowest place; its top bit lets a match begin at every byte.
  std::vector<uint64_t> before(rows.word_count() + 1, 0);
  before[0] = uint64_t{1} << 63;
  std::vector<uint64_t> after = before;
  const size_t start_max = text.size() - segment.place_count;
  const size_t last_place = segment.place_count - 1;
  for (size_t i = 0; i < text.size(); ++i) {
    // A match that stands at place j began at i - j, so it can end in the text only if j >= i -
    // start_max. Below that, words keep old bits; those move up with i and so never come back into
    // the range.
    const size_t low = i > start_max ? (i - start_max) / kBlockBits : 0;
    const size_t high = std::min(i / kBlockBits + 1, rows.block_count());
    const uint64_t* row = rows.RowOf(Fold(text[i], letters));
    for (size_t word = low * kBlockWords; word < high * kBlockWords; word += kBlockWords) {
      ShiftAndBlock(&before[word], &row[word], &after[word + 1]);
    }
    before.swap(after);
    if ((before[last_place / kWordBits + 1] >> (last_place % kWordBits) & 1) != 0 &&
        i >= last_place) {
      return from + i - last_place;
    }
  }
  return std::nullopt;
}

// The leftmost place in text[from ..] where the segment matches.
std::optional<size_t> Find(const Segment& segment, std::string_view text, size_t from,
                           GlobCase letters) {
  if (text.size() - from < segment.place_count) return std::nullopt;
  if (segment.is_plain && letters == GlobCase::kSensitive) {
    // The C library's memmem is linear in the worst case; std::string_view::find is not.
    const void* found = memmem(text.data() + from, text.size() - from, segment.pattern.data(),
                               segment.pattern.size());
    if (found == nullptr) return std::nullopt;
    return static_cast<size_t>(static_cast<const char*>(found) - text.data());
  }
  // Trying every position is fastest while mismatches come early; the budget notices when they do
  // not.
  const size_t steps_max = 4 * (text.size() - from) + segment.pattern.size() + 1024;
  size_t steps = 0;
  for (size_t start = from; start + segment.place_count <= text.size(); ++start) {
    if (MatchesAt(segment, text, start, letters, steps)) return start;
    if (steps > steps_max) return FindByBits(segment, text, start + 1, letters);
  }
  return std::nullopt;
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, GlobCase letters) {
  // As in Redis: nothing but the empty pattern matches the empty text, not even stars.
  if (text.empty()) return pattern.empty();
  size_t at = 0;
  size_t from = 0;
  while (at < pattern.size() && pattern[at] != '*') {
    if (from == text.size() || !TakePlace(pattern, at, text[from++], letters)) return false;
  }
  if (at == pattern.size()) return from == text.size();

  while (true) {
    while (at < pattern.size() && pattern[at] == '*') ++at;
    if (at == pattern.size()) return true;
    const Segment segment = SegmentAt(pattern, at);
    if (text.size() - from < segment.place_count) return false;
    if (segment.is_last) {
      size_t steps = 0;
      return MatchesAt(segment, text, text.size() - segment.place_count, letters, steps);
    }
    const auto found = Find(segment, text, from, letters);
    if (!found) return false;
    from = *found + segment.place_count;
    at += segment.pattern.size();
  }
}

}  // namespace ringtail
