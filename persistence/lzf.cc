#include "persistence/lzf.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace ringtail::persistence {
namespace {

constexpr size_t kLiteralsMax = 32;
constexpr size_t kCopyMin = 3;
constexpr size_t kCopyMax = 264;
constexpr size_t kDistanceMax = 8192;
constexpr size_t kSavedBytesMin = 4;

void WriteLiterals(std::string_view literals, std::string& out) {
  while (!literals.empty()) {
    const size_t count = std::min(literals.size(), kLiteralsMax);
    out.push_back(static_cast<char>(count - 1));
    out.append(literals.substr(0, count));
    literals.remove_prefix(count);
  }
}

void WriteCopy(size_t count, size_t distance, std::string& out) {
  const size_t length = count - 2;
  const size_t far = (distance - 1) >> 8;
  if (length < 7) {
    out.push_back(static_cast<char>(length << 5 | far));
  } else {
    out.push_back(static_cast<char>(size_t{7} << 5 | far));
    out.push_back(static_cast<char>(length - 7));
  }
  out.push_back(static_cast<char>(distance - 1));
}

}  // namespace

bool LzfCompressor::Compress(std::string_view text, std::string& out) {
  const size_t begin = out.size();
  if (text.size() <= kSavedBytesMin || text.size() > std::numeric_limits<uint32_t>::max() / 2) {
    return false;
  }
  if (next_base_ > std::numeric_limits<uint32_t>::max() - text.size()) {
    std::ranges::fill(last_seen_, 0);
    next_base_ = 1;
  }
  const uint32_t base = next_base_;
  next_base_ += static_cast<uint32_t>(text.size());
  const size_t bytes_max = text.size() - kSavedBytesMin;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  // Where the three bytes at a place were seen before; remembers this place.
  const auto look_up = [&](size_t place) {
    const uint32_t three = uint32_t{bytes[place]} << 16 | uint32_t{bytes[place + 1]} << 8 | bytes[place + 2];
    uint32_t& seen = last_seen_[three * 2654435761U >> (32 - kTableBits)];
    const uint32_t before = seen;
    seen = base + static_cast<uint32_t>(place);
    return before;
  };

  size_t literals_begin = 0;
  size_t place = 0;
  while (place + kCopyMin <= text.size()) {
    const uint32_t before = look_up(place);
    const size_t from = before - base;
    if (before < base || place - from > kDistanceMax ||
        std::memcmp(bytes + from, bytes + place, kCopyMin) != 0) {
      ++place;
      continue;
    }
    const size_t count_max = std::min(text.size() - place, kCopyMax);
    size_t count = kCopyMin;
    while (count < count_max && bytes[from + count] == bytes[place + count]) ++count;
    WriteLiterals(text.substr(literals_begin, place - literals_begin), out);
    WriteCopy(count, place - from, out);
    if (out.size() - begin > bytes_max) break;
    for (const size_t end = place + count; ++place < end;) {
      if (place + kCopyMin <= text.size()) look_up(place);
    }
    literals_begin = place;
  }
  if (literals_begin < text.size()) WriteLiterals(text.substr(literals_begin), out);
  if (out.size() - begin <= bytes_max) return true;
  out.resize(begin);
  return false;
}

bool LzfDecompress(std::string_view compressed, std::span<char> out) {
  const auto* at = reinterpret_cast<const unsigned char*>(compressed.data());
  const auto* const end = at + compressed.size();
  size_t written = 0;
  while (at != end) {
    const size_t control = *at++;
    const size_t room = out.size() - written;
    if (control < 32) {
      const size_t count = control + 1;
      if (count > static_cast<size_t>(end - at) || count > room) return false;
      std::memcpy(out.data() + written, at, count);
      at += count;
      written += count;
      continue;
    }
    size_t count = control >> 5;
    if (count == 7) {
      if (at == end) return false;
      count += *at++;
    }
    count += 2;
    if (at == end) return false;
    const size_t distance = ((control & 31) << 8 | *at++) + 1;
    if (distance > written || count > room) return false;
    // Byte by byte: a copy may overlap what it writes, which is how runs are compressed.
    for (; count > 0; --count, ++written) out[written] = out[written - distance];
  }
  return written == out.size();
}

}  // namespace ringtail::persistence
