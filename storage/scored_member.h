// A member of a large sorted set with its score, in one allocation.
//
//   ScoredMember* member = ScoredMember::Create(1.5, "player:7");
//   table.Insert(hash, member);
//   tree.Insert(member);
//
// Layout: score 8 | length 1, or ff and 4 | bytes. The member index owns it, the tree points to it.
// Thread rule: belongs to its sorted set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/memory.h"

namespace ringtail::storage {

/// The order of a sorted set: by score, equal scores by the members' bytes. No score is NaN.
inline bool IsScoredBefore(double left_score, std::string_view left, double right_score,
                           std::string_view right) {
  if (left_score != right_score) return left_score < right_score;
  return left < right;
}

class ScoredMember {
 public:
  static ScoredMember* Create(double score, std::string_view member) {
    const size_t header_bytes = member.size() < kLongMark ? 9 : 13;
    auto* const made = static_cast<ScoredMember*>(memory::Allocate(header_bytes + member.size()));
    made->score_ = score;
    char* const tail = made->tail();
    if (header_bytes == 9) {
      *tail = static_cast<char>(member.size());
    } else {
      *tail = static_cast<char>(kLongMark);
      const auto size = static_cast<uint32_t>(member.size());
      std::memcpy(tail + 1, &size, 4);
    }
    if (!member.empty()) {
      std::memcpy(made->tail() + header_bytes - 8, member.data(), member.size());
    }
    return made;
  }
  static void Destroy(ScoredMember* member) { memory::Free(member, member->allocated_bytes()); }

  double score() const { return score_; }
  void SetScore(double score) { score_ = score; }
  /// The member's bytes, under the name that BasicTable asks for.
  std::string_view key() const {
    const char* const at = reinterpret_cast<const char*>(this) + 8;
    const auto size = static_cast<unsigned char>(*at);
    if (size != kLongMark) [[likely]] return {at + 1, size};
    uint32_t long_size;
    std::memcpy(&long_size, at + 1, 4);
    return {at + 5, long_size};
  }
  size_t allocated_bytes() const {
    const std::string_view member = key();
    return static_cast<size_t>(member.data() - reinterpret_cast<const char*>(this)) + member.size();
  }

 private:
  static constexpr unsigned char kLongMark = 0xff;

  char* tail() { return reinterpret_cast<char*>(this) + 8; }

  double score_;
};
static_assert(sizeof(ScoredMember) == 8);

}  // namespace ringtail::storage
