// The one hash of a key, and what each of its bits is for.
//
//   KeyHasher hasher(secret);
//   Key key{bytes, hasher.Hash(bytes)};
//
// Bits 0..15 choose the partition, bits 40..63 the position in a table. The 24 position bits are kept in
// the table beside each entry's pointer, so a table can grow, be scanned and be cleaned without reading keys.
// XXH3 (xxHash 0.8, Yann Collet) with a secret made at start, so nobody outside can choose collisions.
// Thread rule: a KeyHasher is immutable after construction and shared by all threads.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ringtail::storage {

/// A key's hash. Compare and pass by value.
class KeyHash {
 public:
  static constexpr int kPositionBits = 24;

  constexpr KeyHash() = default;
  constexpr explicit KeyHash(uint64_t bits) : bits_(bits) {}

  constexpr uint64_t bits() const { return bits_; }
  /// Order-preserving place in a table: position × buckets / 2^24.
  constexpr uint32_t position() const { return static_cast<uint32_t>(bits_ >> 40); }
  /// Bits for choosing one of a power of two of partitions.
  constexpr uint32_t partition_bits() const { return static_cast<uint32_t>(bits_ & 0xffff); }

 private:
  uint64_t bits_ = 0;
};

/// A key as commands pass it about: its bytes (not owned) and their hash.
struct Key {
  std::string_view bytes;
  KeyHash hash;
};

class KeyHasher {
 public:
  /// Seeds from the operating system's generator.
  KeyHasher();
  /// Seeds from `seed`; for tests and benchmarks that must repeat themselves.
  explicit KeyHasher(uint64_t seed);

  KeyHash Hash(std::string_view key) const;
  Key MakeKey(std::string_view key) const { return {key, Hash(key)}; }

 private:
  std::array<unsigned char, 192> secret_;
};

/// Hashes the members of collections; one secret for the process, made at first use.
const KeyHasher& MemberHasher();

}  // namespace ringtail::storage
