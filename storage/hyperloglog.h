// How many different things were seen, within a percent, in 12 KB or less: HyperLogLog, byte for
// byte as Redis keeps it in a string.
//
//   std::string counter = hyperloglog::MakeEmpty();
//   hyperloglog::Raise(counter, hyperloglog::Observe("visitor:1"), sparse_bytes_max);
//   std::optional<uint64_t> count = hyperloglog::Count(counter);   // nothing: corrupt bytes
//
// An element's hash chooses one of 16384 registers by its low 14 bits; a register holds the longest
// run of zeros (plus one) that the bits above were seen to begin with. Layout:
//
//   "HYLL" | encoding 1: 0 dense, 1 sparse | 0 0 0 | cached count 8, little-endian
//   (the count's highest bit says that it is not good any more)
//   dense:  16384 registers of 6 bits, the lowest bits of a byte first
//   sparse: runs of registers    00llllll           l + 1 zeros           (ZERO)
//                                01llllll llllllll  l + 1 zeros           (XZERO)
//                                1vvvvvll           l + 1 times v + 1     (VAL)
//
// Strings come from clients, so any bytes may be in them: nothing here reads or writes outside,
// whatever they say.
// Thread rule: pure functions over the caller's memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringtail::storage::hyperloglog {

inline constexpr size_t kRegisterCount = 16384;
inline constexpr size_t kHeaderBytes = 16;
inline constexpr size_t kDenseBytes = kHeaderBytes + kRegisterCount * 6 / 8;

/// One register each, for putting several together.
using Registers = std::array<uint8_t, kRegisterCount>;

/// What one element says: this register is at least this.
struct Observation {
  uint32_t index;
  uint8_t value;  ///< 1 to 51
};
Observation Observe(std::string_view element);

/// Whether the bytes have the header of one, and the length if it is dense. The rest may still be
/// corrupt.
bool IsHyperLogLog(std::string_view bytes);
bool IsDense(std::string_view bytes);
/// A sparse one that has seen nothing.
std::string MakeEmpty();

enum class Outcome : uint8_t { kUnchanged, kChanged, kCorrupt };
/// Takes an observation into one of either encoding; a sparse one becomes dense when it would be
/// longer than `sparse_bytes_max` or the value does not fit. Leaves the cached count alone.
/// O(length) if it is sparse.
Outcome Raise(std::string& bytes, Observation observation, size_t sparse_bytes_max);
/// The same for a dense one. Whether it changed.
bool RaiseDense(std::span<char> bytes, Observation observation);
/// Whether RaiseDense would change it.
bool IsAbove(std::string_view dense_bytes, Observation observation);
/// Makes a sparse one dense. False, and nothing changed, if it is corrupt.
bool MakeDense(std::string& bytes);

/// Raises registers to those of `bytes`. False if they are corrupt; some may have been raised then.
bool Merge(Registers& registers, std::string_view bytes);
/// The estimate, whatever is cached. Nothing if the bytes are corrupt.
std::optional<uint64_t> Count(std::string_view bytes);
uint64_t Count(const Registers& registers);

/// The count in the header, if it is still good.
std::optional<uint64_t> CachedCount(std::string_view bytes);
void SetCachedCount(std::span<char> bytes, uint64_t count);
void DropCachedCount(std::span<char> bytes);

/// The register's value in a dense one.
uint8_t DenseRegister(std::string_view bytes, size_t index);
/// The runs of a sparse one as PFDEBUG DECODE has them: "z:5 v:2,1 Z:16378".
std::string DescribeSparse(std::string_view bytes);

}  // namespace ringtail::storage::hyperloglog
