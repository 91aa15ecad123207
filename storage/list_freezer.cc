#include "storage/list_freezer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "storage/string_value.h"

namespace ringtail::storage {
namespace {

// The longest text whose head and back length take a byte each.
constexpr size_t kColumnsMax = 63;
constexpr uint16_t kNothing = 256;  // the character of a column where an element has ended
constexpr size_t kHeaderBytes = 6;
constexpr size_t kColumnBytes = 3;
constexpr size_t kPaddingBytes = 8;

enum class Kind : uint8_t { kTexts, kIntegers, kMixed };

template <typename T>
T Load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <typename T>
void Store(char* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

// A set of characters, kNothing among them.
class Alphabet {
 public:
  void Add(uint16_t symbol) { words_[symbol / 64] |= uint64_t{1} << (symbol % 64); }
  void Add(const Alphabet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  size_t size() const {
    size_t size = 0;
    for (const uint64_t word : words_) size += static_cast<size_t>(std::popcount(word));
    return size;
  }
  unsigned bits() const { return static_cast<unsigned>(std::bit_width(size() - 1)); }
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      for (uint64_t left = words_[i]; left != 0; left &= left - 1) {
        visit(static_cast<uint16_t>(i * 64 + static_cast<size_t>(std::countr_zero(left))));
      }
    }
  }

 private:
  std::array<uint64_t, 5> words_{};
};

// Calls visit(text) for every element. The usual short text in line.
template <typename Visit>
void ForEachText(const PackedView& view, Visit&& visit) {
  for (const char* at = view.first(); at != view.end();) {
    const auto head = static_cast<unsigned char>(*at);
    if (head >= 0x80 && head < 0xc0) [[likely]] {
      const size_t size = head & 0x3f;
      visit(std::string_view(at + 1, size));
      at += size + 2;
      continue;
    }
    char digits[20];
    visit(view.Get(at).Bytes(digits));
    at = view.Next(at);
  }
}

struct Column {
  uint16_t first_symbol = 0;  // where its symbols begin
  uint8_t bits = 0;
};

class Freezer {
 public:
  Freezer(const char* begin, const char* end, size_t count)
      : view_({begin - kPackedHeaderBytes,
               static_cast<size_t>(end - begin) + kPackedHeaderBytes}),
        count_(count) {}

  bool Run(std::vector<char>& out) {
    if (!Measure()) return false;
    Choose();
    const size_t stream_at =
        kHeaderBytes + column_count_ * kColumnBytes + symbols_.size() * sizeof(uint16_t);
    const size_t stream_bytes = (count_ * element_bits_ + 7) / 8;
    const size_t size = stream_at + stream_bytes + kPaddingBytes;
    if (size > view_.bytes().size() - view_.bytes().size() / 4) return false;
    out.assign(size, 0);
    WriteTables(out.data());
    WriteElements(out.data() + stream_at);
    return true;
  }

 private:
  // The characters of each column; false if an element is too long.
  bool Measure() {
    size_t shortest = kColumnsMax;
    size_t longest = 0;
    ForEachText(view_, [&](std::string_view text) {
      shortest = std::min(shortest, text.size());
      longest = std::max(longest, text.size());
      if (longest > kColumnsMax) return;
      char* column = seen_[0];
      for (const char character : text) {
        column[static_cast<unsigned char>(character)] = 1;
        column += sizeof(seen_[0]);
      }
    });
    if (longest == 0 || longest > kColumnsMax) return false;
    column_count_ = longest;
    for (size_t c = 0; c < column_count_; ++c) AddSeen(seen_[c], alphabets_[c]);
    for (size_t c = shortest; c < column_count_; ++c) alphabets_[c].Add(kNothing);
    for (const char* at = view_.first(); at != view_.end(); at = view_.Next(at)) {
      const auto head = static_cast<unsigned char>(*at);
      (head >= 0x80 && head < 0xc0 ? has_texts_ : has_integers_) = true;
    }
    return true;
  }

  static void AddSeen(const char (&seen)[256], Alphabet& alphabet) {
    for (size_t i = 0; i < sizeof(seen); i += 8) {
      if (Load<uint64_t>(seen + i) == 0) continue;
      for (size_t symbol = i; symbol < i + 8; ++symbol) {
        if (seen[symbol] != 0) alphabet.Add(static_cast<uint16_t>(symbol));
      }
    }
  }

  void AddSymbols(const Alphabet& alphabet) {
    alphabet.ForEach([&](uint16_t symbol) { symbols_.push_back(symbol); });
  }

  // Columns share one table of symbols where that costs no bit more, else have their own.
  void Choose() {
    Alphabet shared;
    for (size_t c = 0; c < column_count_; ++c) {
      if (alphabets_[c].bits() != 0) shared.Add(alphabets_[c]);
    }
    const unsigned shared_bits = shared.size() == 0 ? 0 : shared.bits();
    AddSymbols(shared);
    for (size_t c = 0; c < column_count_; ++c) {
      Column& column = columns_[c];
      column.bits = static_cast<uint8_t>(alphabets_[c].bits());
      element_bits_ += column.bits;
      uint16_t code = 0;
      const bool is_shared = column.bits != 0 && column.bits == shared_bits;
      const auto encode = [&](uint16_t symbol) { codes_[c][symbol] = code++; };
      if (is_shared) {
        shared.ForEach(encode);
        continue;
      }
      column.first_symbol = static_cast<uint16_t>(symbols_.size());
      AddSymbols(alphabets_[c]);
      alphabets_[c].ForEach(encode);
    }
  }

  void WriteTables(char* out) const {
    out[0] = static_cast<char>(column_count_);
    const Kind kind = !has_integers_ ? Kind::kTexts : has_texts_ ? Kind::kMixed : Kind::kIntegers;
    out[1] = static_cast<char>(kind);
    Store(out + 2, static_cast<uint16_t>(element_bits_));
    Store(out + 4, static_cast<uint16_t>(symbols_.size()));
    out += kHeaderBytes;
    for (size_t c = 0; c < column_count_; ++c, out += kColumnBytes) {
      Store(out, columns_[c].first_symbol);
      out[2] = static_cast<char>(columns_[c].bits);
    }
    std::memcpy(out, symbols_.data(), symbols_.size() * sizeof(uint16_t));
  }

  void WriteElements(char* out) const {
    struct Varying {
      const uint16_t* codes;
      size_t index;
      unsigned bits;
    };
    std::array<Varying, kColumnsMax> varying;
    size_t varying_count = 0;
    for (size_t c = 0; c < column_count_; ++c) {
      if (columns_[c].bits != 0) varying[varying_count++] = {codes_[c], c, columns_[c].bits};
    }
    uint64_t pending = 0;
    unsigned pending_bits = 0;
    ForEachText(view_, [&](std::string_view text) {
      for (size_t v = 0; v < varying_count; ++v) {
        const auto [codes, index, bits] = varying[v];
        const uint16_t symbol =
            index < text.size() ? static_cast<unsigned char>(text[index]) : kNothing;
        pending |= uint64_t{codes[symbol]} << pending_bits;
        pending_bits += bits;
        if (pending_bits < 32) continue;
        Store(out, static_cast<uint32_t>(pending));
        out += 4;
        pending >>= 32;
        pending_bits -= 32;
      }
    });
    Store(out, static_cast<uint32_t>(pending));  // there is padding behind
  }

  const PackedView view_;
  const size_t count_;
  size_t column_count_ = 0;
  size_t element_bits_ = 0;
  bool has_texts_ = false;
  bool has_integers_ = false;
  char seen_[kColumnsMax][256] = {};  // of each column, which characters there are
  std::array<Alphabet, kColumnsMax> alphabets_;
  std::array<Column, kColumnsMax> columns_;
  std::vector<uint16_t> symbols_;
  uint16_t codes_[kColumnsMax][kNothing + 1];  // only those of symbols that are there
};

// Reads elements: what all of them share is in the text from the start, the rest is filled in for
// each.
class Thawer {
 public:
  explicit Thawer(const char* frozen)
      : column_count_(static_cast<unsigned char>(frozen[0])),
        kind_(static_cast<Kind>(frozen[1])),
        element_bits_(Load<uint16_t>(frozen + 2)) {
    const char* const columns = frozen + kHeaderBytes;
    const char* const symbols = columns + column_count_ * kColumnBytes;
    stream_ = symbols + size_t{Load<uint16_t>(frozen + 4)} * sizeof(uint16_t);
    for (size_t c = 0; c < column_count_; ++c) {
      const char* const column = columns + c * kColumnBytes;
      const char* const first = symbols + Load<uint16_t>(column) * sizeof(uint16_t);
      const auto bits = static_cast<unsigned char>(column[2]);
      if (bits == 0) {
        text_[c] = static_cast<char>(Load<uint16_t>(first));
      } else {
        varying_[varying_count_++] = {first, static_cast<uint8_t>(c), bits};
      }
    }
  }

  size_t element_bytes_max() const { return std::max<size_t>(column_count_ + 2, 11); }

  /// Writes element `index` in packed form; returns the end.
  char* Write(size_t index, char* out) {
    size_t position = index * element_bits_;
    size_t size = column_count_;
    for (size_t v = 0; v < varying_count_; ++v) {
      const Varying& column = varying_[v];
      const uint64_t code = (Load<uint64_t>(stream_ + position / 8) >> (position % 8)) &
                            ((uint64_t{1} << column.bits) - 1);
      position += column.bits;
      const auto symbol = Load<uint16_t>(column.symbols + code * sizeof(uint16_t));
      if (symbol == kNothing) {
        size = column.index;  // and all columns behind it are nothing as well
        break;
      }
      text_[column.index] = static_cast<char>(symbol);
    }
    if (kind_ == Kind::kTexts) {
      *out++ = static_cast<char>(0x80 | size);
      // Copies of fixed length: the scratch has room for one more.
      std::memcpy(out, text_, 32);
      if (size > 32) std::memcpy(out + 32, text_ + 32, 32);
      out[size] = static_cast<char>(size + 1);
      return out + size + 1;
    }
    const PackedNeedle needle(std::string_view(text_, size));
    needle.Write(out);
    return out + needle.element_bytes();
  }

 private:
  struct Varying {
    const char* symbols;
    uint8_t index;
    uint8_t bits;
  };

  const size_t column_count_;
  const Kind kind_;
  const size_t element_bits_;
  const char* stream_ = nullptr;
  size_t varying_count_ = 0;
  Varying varying_[kColumnsMax];
  char text_[kColumnsMax + 1] = {};
};

}  // namespace

bool Freeze(const char* begin, const char* end, size_t count, std::vector<char>& out) {
  return Freezer(begin, end, count).Run(out);
}

PackedView ThawRange(const char* frozen, size_t from, size_t count, std::vector<char>& scratch) {
  Thawer thawer(frozen);
  scratch.resize(kPackedHeaderBytes + count * thawer.element_bytes_max() + kColumnsMax + 1);
  char* at = scratch.data() + kPackedHeaderBytes;
  for (size_t i = from; i < from + count; ++i) at = thawer.Write(i, at);
  return PackedView({scratch.data(), static_cast<size_t>(at - scratch.data())});
}

}  // namespace ringtail::storage
