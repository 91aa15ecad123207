// A hash of a keyspace that is the same in whatever order its keys are visited.
//
//   StateDigest digest;
//   for (…) digest.Add(db, *entry);
//   digest.Hex();      // "00…0" while nothing was added
//
// Each key's number, XXH3 over (database, key, type, value, expiry), is added up, so servers with
// the same keys agree however they are partitioned and whatever encodings they chose. Neither
// stamps nor access clocks count. A key past its time counts until it is erased: the erasing is logged, so
// servers at the same place in the log still agree. Not for secrets: collisions can be made.
// Thread rule: a value; whoever adds an entry may look at it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "storage/entry.h"

namespace ringtail::commands {

class StateDigest {
 public:
  /// Adds a key. O(its bytes).
  void Add(int db, const storage::Entry& entry);
  /// Adds a value as if it had no key and no database.
  void AddValue(const storage::Entry& entry);

  /// 40 hexadecimal digits, as many as the SHA-1 that programs are used to here.
  std::string Hex() const;

  friend bool operator==(const StateDigest&, const StateDigest&) = default;

 private:
  void AddHashOf(const std::string& bytes);

  std::array<uint64_t, 3> words_{};  // 64, 64 and 32 bits are shown
};

}  // namespace ringtail::commands
