#include "persistence/lzf.h"

#include <cstring>

namespace ringtail::persistence {

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
