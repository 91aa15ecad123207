#include "commands/string_lcs.h"

#include <algorithm>
#include <cstring>

namespace ringtail::commands {

LcsTable::LcsTable(std::string_view a, std::string_view b, Way way) : a_(a), b_(b) {
  if (way == Way::kKept) steps_.assign((a.size() * b.size() + 63) / 64, 0);
  // sizes[j]: of the longest common subsequence of the rows so far and b's first j bytes.
  std::vector<uint32_t> sizes(b.size() + 1, 0);
  for (size_t i = 0; i < a.size(); ++i) {
    uint32_t diagonal = 0;
    uint32_t left = 0;
    const size_t row = i * b.size();
    for (size_t j = 0; j < b.size(); ++j) {
      const uint32_t above = sizes[j + 1];
      if (a[i] == b[j]) {
        left = diagonal + 1;
      } else if (above > left) {
        left = above;
        if (way == Way::kKept) steps_[(row + j) / 64] |= uint64_t{1} << ((row + j) % 64);
      }
      diagonal = above;
      sizes[j + 1] = left;
    }
  }
  size_ = sizes.back();
}

std::string LcsTable::Text() const {
  std::string text(size_, '\0');
  size_t end = size_;
  VisitRuns([&](LcsRun run) {
    end -= run.size;
    std::memcpy(text.data() + end, a_.data() + run.a_first, run.size);
  });
  return text;
}

}  // namespace ringtail::commands
