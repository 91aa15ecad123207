#include "storage/hyperloglog.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace ringtail::storage::hyperloglog {
namespace {

constexpr std::string_view kMagic = "HYLL";
constexpr size_t kEncodingAt = 4;
constexpr size_t kCountAt = 8;
constexpr char kDense = 0;
constexpr char kSparse = 1;

constexpr unsigned kIndexBits = 14;
constexpr unsigned kHashBits = 64 - kIndexBits;  // of the hash, that a run of zeros may have
constexpr unsigned kRegisterBits = 6;
constexpr uint8_t kRegisterMax = (1U << kRegisterBits) - 1;

// What the sparse runs can say.
constexpr uint8_t kSparseValueMax = 32;
constexpr size_t kZeroMax = 64;
constexpr size_t kValueRunMax = 4;

uint8_t Byte(char c) { return static_cast<uint8_t>(c); }

// MurmurHash64A (Austin Appleby, public domain) with the seed that Redis uses.
uint64_t Hash(std::string_view bytes) {
  constexpr uint64_t kSeed = 0xadc83b19;
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr unsigned kShift = 47;
  uint64_t hash = kSeed ^ (bytes.size() * kMultiplier);
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    word *= kMultiplier;
    word ^= word >> kShift;
    hash = (hash ^ (word * kMultiplier)) * kMultiplier;
  }
  if (at < bytes.size()) {
    uint64_t rest = 0;
    for (unsigned shift = 0; at < bytes.size(); ++at, shift += 8) {
      rest |= uint64_t{Byte(bytes[at])} << shift;
    }
    hash = (hash ^ rest) * kMultiplier;
  }
  hash = (hash ^ (hash >> kShift)) * kMultiplier;
  return hash ^ (hash >> kShift);
}

// ---- Sparse runs

struct Run {
  uint8_t value = 0;      // 0: zeros
  size_t length = 0;      // registers
  size_t byte_count = 1;  // how it is written
};

bool IsValueRun(char first) { return (Byte(first) & 0x80) != 0; }

// The run at `at`. A missing second byte counts as 0, which is what Redis finds behind the end of a
// string.
Run ReadRun(std::string_view bytes, size_t at) {
  const uint8_t first = Byte(bytes[at]);
  if ((first & 0x80) != 0) {
    return {static_cast<uint8_t>(((first >> 2) & 0x1f) + 1), (first & 3U) + 1U, 1};
  }
  if ((first & 0x40) == 0) return {0, (first & 0x3fU) + 1U, 1};
  const uint8_t second = at + 1 < bytes.size() ? Byte(bytes[at + 1]) : 0;
  return {0, ((size_t{first & 0x3fU} << 8) | second) + 1, 2};
}

char ValueRun(uint8_t value, size_t length) {
  return static_cast<char>(0x80U | ((value - 1U) << 2) | (length - 1));
}

// A few runs to be put in the place of one: at most two long ones of zeros and a value.
class RunWriter {
 public:
  void Zeros(size_t length) {
    if (length == 0) return;
    if (length > kZeroMax) {
      bytes_[size_++] = static_cast<char>(0x40U | ((length - 1) >> 8));
      bytes_[size_++] = static_cast<char>((length - 1) & 0xff);
    } else {
      bytes_[size_++] = static_cast<char>(length - 1);
    }
  }
  void Values(uint8_t value, size_t length) {
    if (length != 0) bytes_[size_++] = ValueRun(value, length);
  }
  void Registers(uint8_t value, size_t length) {
    value == 0 ? Zeros(length) : Values(value, length);
  }
  std::string_view bytes() const { return {bytes_, size_}; }

 private:
  char bytes_[5];
  size_t size_ = 0;
};

// Calls visit(first, run) for the runs in front of one that goes beyond the last register. Whether
// there is none and they cover all registers.
template <typename Visit>
bool VisitRuns(std::string_view bytes, Visit&& visit) {
  size_t first = 0;
  for (size_t at = kHeaderBytes; at < bytes.size();) {
    const Run run = ReadRun(bytes, at);
    if (first + run.length > kRegisterCount) return false;
    visit(first, run);
    first += run.length;
    at += run.byte_count;
  }
  return first == kRegisterCount;
}

// Puts neighbours of equal values together, within five runs from `at` on: more cannot have become
// equal.
void JoinValues(std::string& bytes, size_t at) {
  constexpr int kRunsMax = 5;
  for (int i = 0; i < kRunsMax && at < bytes.size(); ++i) {
    const Run run = ReadRun(bytes, at);
    if (run.value != 0 && at + 1 < bytes.size() && IsValueRun(bytes[at + 1])) {
      const Run following = ReadRun(bytes, at + 1);
      const size_t length = run.length + following.length;
      if (run.value == following.value && length <= kValueRunMax) {
        bytes[at + 1] = ValueRun(run.value, length);
        bytes.erase(at, 1);
        continue;
      }
    }
    at += run.byte_count;
  }
}

Outcome RaiseAsDense(std::string& bytes, Observation observation) {
  if (!MakeDense(bytes)) return Outcome::kCorrupt;
  RaiseDense(bytes, observation);
  return Outcome::kChanged;
}

Outcome RaiseSparse(std::string& bytes, Observation observation, size_t sparse_bytes_max) {
  if (observation.value > kSparseValueMax) return RaiseAsDense(bytes, observation);
  size_t at = kHeaderBytes;
  size_t previous = at;
  size_t first = 0;
  Run run;
  for (; at < bytes.size(); at += run.byte_count, first += run.length) {
    run = ReadRun(bytes, at);
    if (observation.index < first + run.length) break;
    previous = at;
  }
  if (at >= bytes.size() || at + run.byte_count > bytes.size()) return Outcome::kCorrupt;
  if (run.value >= observation.value) return Outcome::kUnchanged;
  RunWriter split;
  split.Registers(run.value, observation.index - first);
  split.Values(observation.value, 1);
  split.Registers(run.value, first + run.length - 1 - observation.index);
  const size_t size = bytes.size() - run.byte_count + split.bytes().size();
  if (size > bytes.size() && size > sparse_bytes_max) return RaiseAsDense(bytes, observation);
  bytes.replace(at, run.byte_count, split.bytes());
  JoinValues(bytes, previous);
  return Outcome::kChanged;
}

// ---- The estimate: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
// (2017), algorithm 6.

// How many registers have each value.
using Histogram = std::array<uint32_t, size_t{kRegisterMax} + 1>;

double Sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  double before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before != z);
  return z;
}

double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0;
  double y = 1;
  double z = 1 - x;
  double before;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (before != z);
  return z / 3;
}

uint64_t Estimate(const Histogram& histogram) {
  constexpr double kAlphaInfinity = 0.721347520444481703680;  // 1 / (2 ln 2)
  const auto count = static_cast<double>(kRegisterCount);
  double z = count * Tau((count - histogram[kHashBits + 1]) / count);
  for (size_t value = kHashBits; value >= 1; --value) z = (z + histogram[value]) * 0.5;
  z += count * Sigma(histogram[0] / count);
  const double estimate = kAlphaInfinity * count * count / z;
  // Forged registers can say more than 63 bits hold, or everything; this is what Redis's arithmetic
  // makes of it.
  constexpr uint64_t kTooMany = uint64_t{1} << 63;
  if (!(estimate < static_cast<double>(kTooMany))) return kTooMany;
  return static_cast<uint64_t>(std::llround(estimate));
}

// Calls visit(value) for each register of a dense one: four in three bytes.
template <typename Visit>
void VisitDense(std::string_view bytes, Visit&& visit) {
  for (size_t at = kHeaderBytes; at < kDenseBytes; at += 3) {
    const uint32_t word = uint32_t{Byte(bytes[at])} | uint32_t{Byte(bytes[at + 1])} << 8 |
                          uint32_t{Byte(bytes[at + 2])} << 16;
    for (unsigned shift = 0; shift < 24; shift += kRegisterBits) {
      visit(static_cast<uint8_t>((word >> shift) & kRegisterMax));
    }
  }
}

}  // namespace

Observation Observe(std::string_view element) {
  const uint64_t hash = Hash(element);
  // A bit above the highest ends every run.
  const uint64_t rest = (hash >> kIndexBits) | (uint64_t{1} << kHashBits);
  return {static_cast<uint32_t>(hash & (kRegisterCount - 1)),
          static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

bool IsHyperLogLog(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return false;
  if (bytes[kEncodingAt] == kDense) return bytes.size() == kDenseBytes;
  return bytes[kEncodingAt] == kSparse;
}

bool IsDense(std::string_view bytes) { return bytes[kEncodingAt] == kDense; }

std::string MakeEmpty() {
  std::string bytes(kMagic);
  bytes.resize(kHeaderBytes);
  bytes[kEncodingAt] = kSparse;
  RunWriter runs;
  runs.Zeros(kRegisterCount);
  bytes += runs.bytes();
  return bytes;
}

Outcome Raise(std::string& bytes, Observation observation, size_t sparse_bytes_max) {
  if (!IsDense(bytes)) return RaiseSparse(bytes, observation, sparse_bytes_max);
  return RaiseDense(bytes, observation) ? Outcome::kChanged : Outcome::kUnchanged;
}

bool IsAbove(std::string_view dense_bytes, Observation observation) {
  return observation.value > DenseRegister(dense_bytes, observation.index);
}

bool RaiseDense(std::span<char> bytes, Observation observation) {
  if (!IsAbove({bytes.data(), bytes.size()}, observation)) return false;
  const size_t bit = observation.index * size_t{kRegisterBits};
  const size_t at = kHeaderBytes + bit / 8;
  const unsigned shift = bit % 8;
  const auto put = [&](char& byte, unsigned mask, unsigned bits) {
    byte = static_cast<char>((Byte(byte) & ~mask) | bits);
  };
  put(bytes[at], (unsigned{kRegisterMax} << shift) & 0xff,
      (unsigned{observation.value} << shift) & 0xff);
  if (shift > 8 - kRegisterBits) {
    put(bytes[at + 1], unsigned{kRegisterMax} >> (8 - shift),
        unsigned{observation.value} >> (8 - shift));
  }
  return true;
}

uint8_t DenseRegister(std::string_view bytes, size_t index) {
  const size_t bit = index * kRegisterBits;
  const size_t at = kHeaderBytes + bit / 8;
  const unsigned shift = bit % 8;
  unsigned word = Byte(bytes[at]);
  if (shift > 8 - kRegisterBits) word |= unsigned{Byte(bytes[at + 1])} << 8;
  return static_cast<uint8_t>((word >> shift) & kRegisterMax);
}

bool MakeDense(std::string& bytes) {
  if (IsDense(bytes)) return true;
  std::string dense = bytes.substr(0, kHeaderBytes);
  dense.resize(kDenseBytes);
  dense[kEncodingAt] = kDense;
  const bool is_whole = VisitRuns(bytes, [&](size_t first, const Run& run) {
    if (run.value == 0) return;
    for (size_t i = first; i < first + run.length; ++i) {
      RaiseDense(dense, {static_cast<uint32_t>(i), run.value});
    }
  });
  if (is_whole) bytes = std::move(dense);
  return is_whole;
}

bool Merge(Registers& registers, std::string_view bytes) {
  if (IsDense(bytes)) {
    uint8_t* at = registers.data();
    VisitDense(bytes, [&](uint8_t value) {
      *at = value > *at ? value : *at;
      ++at;
    });
    return true;
  }
  return VisitRuns(bytes, [&](size_t first, const Run& run) {
    if (run.value == 0) return;
    for (size_t i = first; i < first + run.length; ++i) {
      if (registers[i] < run.value) registers[i] = run.value;
    }
  });
}

std::optional<uint64_t> Count(std::string_view bytes) {
  Histogram histogram{};
  if (IsDense(bytes)) {
    VisitDense(bytes, [&](uint8_t value) { ++histogram[value]; });
    return Estimate(histogram);
  }
  const bool is_whole = VisitRuns(bytes, [&](size_t, const Run& run) {
    histogram[run.value] += static_cast<uint32_t>(run.length);
  });
  return is_whole ? std::optional(Estimate(histogram)) : std::nullopt;
}

uint64_t Count(const Registers& registers) {
  Histogram histogram{};
  for (const uint8_t value : registers) ++histogram[value & kRegisterMax];
  return Estimate(histogram);
}

std::optional<uint64_t> CachedCount(std::string_view bytes) {
  if ((Byte(bytes[kCountAt + 7]) & 0x80) != 0) return std::nullopt;
  uint64_t count = 0;
  for (size_t i = 8; i-- > 0;) count = (count << 8) | Byte(bytes[kCountAt + i]);
  return count;
}

void SetCachedCount(std::span<char> bytes, uint64_t count) {
  for (size_t i = 0; i < 8; ++i) bytes[kCountAt + i] = static_cast<char>((count >> (8 * i)) & 0xff);
}

void DropCachedCount(std::span<char> bytes) {
  bytes[kCountAt + 7] = static_cast<char>(Byte(bytes[kCountAt + 7]) | 0x80);
}

std::string DescribeSparse(std::string_view bytes) {
  std::string text;
  for (size_t at = kHeaderBytes; at < bytes.size();) {
    const Run run = ReadRun(bytes, at);
    if (!text.empty()) text += ' ';
    if (run.value != 0) {
      text += "v:" + std::to_string(run.value) + "," + std::to_string(run.length);
    } else {
      text += (run.byte_count == 1 ? "z:" : "Z:") + std::to_string(run.length);
    }
    at += run.byte_count;
  }
  return text;
}

}  // namespace ringtail::storage::hyperloglog
