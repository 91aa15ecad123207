// The longest common subsequence of two strings, and the runs it is made of.
//
//   LcsTable table(a, b);
//   Reply(table.size());
//   table.VisitRuns([&](LcsRun run) { … });          // from the strings' ends to their beginnings
//   std::string text = table.Text();
//
// Dynamic programming, O(|a| × |b|) time. Of the table of sizes only two rows are kept; the way back needs one
// bit a cell (which neighbour it came from), a 32nd of what the classic table takes. Where several
// subsequences are longest, the choice is Redis's: from the ends, step in `b` unless stepping in `a`
// loses less. Thread rule: a value; the strings must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::commands {

/// Equal bytes: size of them from a_first in the one and b_first in the other string.
struct LcsRun {
  size_t a_first;
  size_t b_first;
  size_t size;
};

class LcsTable {
 public:
  enum class Way : uint8_t { kForgotten, kKept };

  /// Computes the size; without a kept way that is all that can be asked.
  LcsTable(std::string_view a, std::string_view b, Way way);

  size_t size() const { return size_; }
  /// Calls visit(LcsRun) for each run of matches, the last one first.
  template <typename Visit>
  void VisitRuns(Visit&& visit) const {
    size_t i = a_.size();
    size_t j = b_.size();
    size_t run = 0;
    while (i > 0 && j > 0) {
      if (a_[i - 1] == b_[j - 1]) {
        --i, --j, ++run;
        continue;
      }
      if (run != 0) visit(LcsRun{i, j, run});
      run = 0;
      IsStepInA(i, j) ? --i : --j;
    }
    if (run != 0) visit(LcsRun{i, j, run});
  }
  /// The subsequence itself.
  std::string Text() const;

  /// What Redis would allocate for these sizes; its limit decides what is refused.
  static uint64_t ClassicBytes(size_t a_bytes, size_t b_bytes) {
    return (uint64_t{a_bytes} + 1) * (uint64_t{b_bytes} + 1) * sizeof(uint32_t);
  }

 private:
  bool IsStepInA(size_t i, size_t j) const {
    const size_t cell = (i - 1) * b_.size() + (j - 1);
    return ((steps_[cell / 64] >> (cell % 64)) & 1) != 0;
  }

  const std::string_view a_;
  const std::string_view b_;
  size_t size_ = 0;
  std::vector<uint64_t> steps_;  // bit (i-1) × |b| + (j-1): the way back from (i, j) goes to (i-1, j)
};

}  // namespace ringtail::commands
