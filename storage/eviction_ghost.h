// Remembers keys after their eviction for a while: what class they had, and when they were last
// accessed.
//
//   ghosts.Remember(hash, access);
//   if (auto ghost = ghosts.Recall(hash, tick)) ...   // {class, age}; it is forgotten with that
//
// A fixed table of 4-byte marks in groups of eight; in a full group the oldest gives way. A mark
// tells keys apart by 12 bits of their hash, so about one recall in 500 is another key's: the model
// learns from thousands, and one new key in 500 starts with a wrong class.
//
// Thread rule: any thread; a mark is one relaxed atomic, a race loses one of two marks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace ringtail::storage {

struct Ghost {
  uint32_t cls;
  uint32_t age_ticks;
};

class GhostTable {
 public:
  /// A table of at most `bytes`, of at least one group.
  explicit GhostTable(size_t bytes);

  /// Remembers that the key with this hash was evicted with this access field.
  void Remember(uint64_t hash, uint32_t access, uint32_t tick);
  /// What is remembered of that key, which is forgotten now.
  std::optional<Ghost> Recall(uint64_t hash, uint32_t tick);

  size_t memory_bytes() const { return group_count_ * kGroupSize * sizeof(uint32_t); }

 private:
  static constexpr size_t kGroupSize = 8;
  std::atomic<uint32_t>* GroupOf(uint64_t hash) const;

  size_t group_count_;
  std::unique_ptr<std::atomic<uint32_t>[]> marks_;
};

}  // namespace ringtail::storage
