// Remembers keys after their eviction for a while: what class they had, and when they were last
// accessed.
//
//   ghosts.Remember(hash, waiting, tick);
//   if (auto waiting = ghosts.Recall(hash, tick)) ...   // which forgets it
//
// A fixed table of 4-byte marks in groups of eight; in a full group the oldest gives way. A mark
// tells keys apart by 11 bits of their hash, so in a full table one new key in 256 is taken for
// another: the model learns from thousands, and that key starts with a wrong class.
//
// Thread rule: any thread; a mark is one relaxed atomic, a race loses one of two marks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "storage/eviction_access.h"

namespace ringtail::storage {

class GhostTable {
 public:
  /// A table of at most `bytes`, of at least one group.
  explicit GhostTable(size_t bytes);

  /// Remembers that the key with this hash was evicted after having waited so long.
  void Remember(uint64_t hash, const Waiting& waiting, uint32_t tick);
  /// What is remembered of that key, with the time since its last access; it is forgotten now.
  std::optional<Waiting> Recall(uint64_t hash, uint32_t tick);

  size_t memory_bytes() const { return group_count_ * kGroupSize * sizeof(uint32_t); }

 private:
  static constexpr size_t kGroupSize = 8;
  std::atomic<uint32_t>* GroupOf(uint64_t hash) const;

  size_t group_count_;
  std::unique_ptr<std::atomic<uint32_t>[]> marks_;
};

}  // namespace ringtail::storage
