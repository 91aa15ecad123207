#include "base/glob.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
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
// Words come in cache lines, so that no vector instruction touches two of them where it need not.
constexpr size_t kBlockWords = 8;
constexpr size_t kBlockBits = kBlockWords * kWordBits;
struct alignas(64) Block {
  std::array<uint64_t, kBlockWords> words{};
};

// Which places of a segment take a byte, as a row of bits per byte that the text contains.
class PlaceRows {
 public:
  PlaceRows(const Segment& segment, std::string_view text, GlobCase letters)
      : block_count_((segment.place_count + kBlockBits - 1) / kBlockBits) {
    const size_t row_count = AssignRows(text, letters);
    // Most bytes are taken by the places that take any byte, or any but a few; so these are written
    // only once.
    std::vector<Block> any(block_count_);
    size_t at = 0;
    for (size_t place = 0; place < segment.place_count; ++place) {
      if (TakesMost(segment.pattern, at)) WordOf(any, place) |= Bit(place);
    }
    blocks_.reserve(row_count * block_count_);
    for (size_t row = 0; row < row_count; ++row)
      blocks_.insert(blocks_.end(), any.begin(), any.end());
    at = 0;
    for (size_t place = 0; place < segment.place_count; ++place) {
      AddPlace(segment.pattern, at, place, letters);
    }
  }

  const Block* RowOf(Byte byte) const { return &blocks_[row_of_byte_[byte] * block_count_]; }
  size_t block_count() const { return block_count_; }

 private:
  static constexpr size_t kNoRow = SIZE_MAX;

  // A row for every byte of the text; for every byte there is, where that costs less than reading
  // the text.
  size_t AssignRows(std::string_view text, GlobCase letters) {
    if (row_of_byte_.size() * block_count_ * sizeof(Block) <= text.size()) {
      std::iota(row_of_byte_.begin(), row_of_byte_.end(), size_t{0});
      return row_of_byte_.size();
    }
    row_of_byte_.fill(kNoRow);
    size_t row_count = 0;
    for (const char c : text) {
      size_t& row = row_of_byte_[Fold(c, letters)];
      if (row == kNoRow) row = row_count++;
    }
    return row_count;
  }

  static uint64_t Bit(size_t place) { return uint64_t{1} << (place % kWordBits); }
  static uint64_t& WordOf(std::vector<Block>& blocks, size_t place, size_t first_block = 0) {
    return blocks[first_block + place / kBlockBits].words[place / kWordBits % kBlockWords];
  }

  // Whether a place is a `?` or a negated class; moves `at` behind it.
  static bool TakesMost(std::string_view pattern, size_t& at) {
    bool takes_most = pattern[at] == '?';
    if (pattern[at] == '[') {
      at = WalkClass(pattern, at, GlobCase::kSensitive, takes_most, [](Byte, Byte) {});
    } else {
      at += pattern[at] == '\\' && at + 1 < pattern.size() ? 2 : 1;
    }
    return takes_most;
  }

  enum class Taken { kYes, kNo };
  void Set(size_t byte, size_t place, Taken taken) {
    if (row_of_byte_[byte] == kNoRow) return;
    uint64_t& word = WordOf(blocks_, place, row_of_byte_[byte] * block_count_);
    word = taken == Taken::kYes ? word | Bit(place) : word & ~Bit(place);
  }

  void AddPlace(std::string_view pattern, size_t& at, size_t place, GlobCase letters) {
    if (pattern[at] == '?') {
      ++at;
    } else if (pattern[at] == '[') {
      bool negated = false;
      at = WalkClass(pattern, at, letters, negated, [&](Byte low, Byte high) {
        for (size_t byte = low; byte <= high; ++byte) {
          Set(byte, place, negated ? Taken::kNo : Taken::kYes);
        }
      });
    } else {
      if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
      Set(Fold(pattern[at++], letters), place, Taken::kYes);
    }
  }

  size_t block_count_;
  std::array<size_t, 256> row_of_byte_{};
  std::vector<Block> blocks_;
};

using TwoWords [[gnu::vector_size(16)]] = uint64_t;
using FourWords [[gnu::vector_size(32)]] = uint64_t;

// One step of Shift-And over some blocks: every partial match moves on by one place. The word in
// front of `before` is the one below these blocks.
template <typename Words>
[[gnu::always_inline]] inline void ShiftAndWords(const Block* before, const Block* row,
                                                 Block* after, size_t block_count) {
  for (size_t block = 0; block < block_count; ++block) {
    for (size_t word = 0; word < kBlockWords; word += sizeof(Words) / sizeof(uint64_t)) {
      Words below, own, taken;
      const auto* bytes = reinterpret_cast<const char*>(before + block) + word * sizeof(uint64_t);
      std::memcpy(&below, bytes - sizeof(uint64_t), sizeof(Words));
      std::memcpy(&own, &before[block].words[word], sizeof(Words));
      std::memcpy(&taken, &row[block].words[word], sizeof(Words));
      own = ((own << 1) | (below >> 63)) & taken;
      std::memcpy(&after[block].words[word], &own, sizeof(Words));
    }
  }
}

using ShiftAndStep = void (*)(const Block* before, const Block* row, Block* after,
                              size_t block_count);

void ShiftAnd(const Block* before, const Block* row, Block* after, size_t block_count) {
  ShiftAndWords<TwoWords>(before, row, after, block_count);
}

#if defined(__x86_64__)
// Four words to an instruction, on processors that can.
[[gnu::target("avx2")]] void ShiftAndByFour(const Block* before, const Block* row, Block* after,
                                            size_t block_count) {
  ShiftAndWords<FourWords>(before, row, after, block_count);
}
ShiftAndStep FastestShiftAnd() {
  return __builtin_cpu_supports("avx2") ? ShiftAndByFour : ShiftAnd;
}
#else
ShiftAndStep FastestShiftAnd() { return ShiftAnd; }
#endif

// Shift-And (Baeza-Yates and Gonnet, 1992): bit j of the state says that the first j + 1 places
// match the text that ends here. Blocks that no match can have reached, or can still finish from,
// are left out. Cost: bytes of the text times min(places, positions) / 64.
std::optional<size_t> FindByBits(const Segment& segment, std::string_view text, size_t from,
                                 GlobCase letters) {
  text.remove_prefix(from);
  if (text.size() < segment.place_count) return std::nullopt;
  const PlaceRows rows(segment, text, letters);
  // Block 0 stands below the lowest place; its top bit lets a match begin at every byte.
  std::vector<Block> before(rows.block_count() + 1);
  before[0].words.back() = uint64_t{1} << 63;
  std::vector<Block> after = before;
  const ShiftAndStep step = FastestShiftAnd();
  const size_t start_max = text.size() - segment.place_count;
  const size_t last_place = segment.place_count - 1;
  const size_t last_block = last_place / kBlockBits + 1;
  const size_t last_word = last_place / kWordBits % kBlockWords;
  for (size_t i = 0; i < text.size(); ++i) {
    // A match that stands at place j began at i - j, so it can end in the text only if j >= i -
    // start_max. Below that, words keep old bits; those move up with i and so never come back into
    // the range.
    const size_t low = i > start_max ? (i - start_max) / kBlockBits : 0;
    const size_t high = std::min(i / kBlockBits + 1, rows.block_count());
    const Block* row = rows.RowOf(Fold(text[i], letters));
    if (low < high) step(&before[low + 1], &row[low], &after[low + 1], high - low);
    before.swap(after);
    if ((before[last_block].words[last_word] >> (last_place % kWordBits) & 1) != 0 &&
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
  // Trying every position is fastest while mismatches come early; the budget, which grows with
  // every position, notices when they do not.
  size_t steps_max = segment.pattern.size() + 1024;
  size_t steps = 0;
  for (size_t start = from; start + segment.place_count <= text.size(); ++start) {
    if (MatchesAt(segment, text, start, letters, steps)) return start;
    steps_max += 8;
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
