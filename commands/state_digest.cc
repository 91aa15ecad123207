#include "commands/state_digest.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

#include <bit>
#include <cstdio>
#include <string_view>

#include "storage/hash_value.h"
#include "storage/string_value.h"
#include "storage/zset_value.h"

namespace ringtail::commands {
namespace {

using storage::Entry;

template <typename T>
void AppendNumber(std::string& bytes, T number) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes.push_back(static_cast<char>(static_cast<uint64_t>(number) >> (8 * i)));
  }
}

// The sum over a hash's fields, in whatever order they are: each hashed with its name, its value and its expiry.
XXH128_hash_t HashValueHash(const Entry& entry) {
  const storage::HashView hash(entry);
  XXH128_hash_t sum{0, 0};
  std::string bytes;
  hash.VisitAll([&](const storage::PackedElement& field, const storage::PackedElement& value) {
    bytes.clear();
    const std::string name = field.String();
    AppendNumber(bytes, uint64_t{name.size()});
    bytes += name;
    int64_t expiry_ms = storage::kNoExpiry;
    if (hash.table() != nullptr) expiry_ms = hash.FindExpiry(name).value_or(expiry_ms);
    AppendNumber(bytes, expiry_ms);
    bytes += value.String();
    const XXH128_hash_t one = XXH3_128bits(bytes.data(), bytes.size());
    sum.low64 += one.low64;
    sum.high64 += one.high64;
  });
  return sum;
}

XXH128_hash_t SortedSetHash(const Entry& entry) {
  std::string bytes;
  storage::SortedSetView(entry).VisitAll([&](std::string_view member, double score) {
    AppendNumber(bytes, uint64_t{member.size()});
    bytes += member;
    // 0 and -0 are the same score: which of them is left depends on the encoding.
    AppendNumber(bytes, std::bit_cast<uint64_t>(score + 0.0));
  });
  return XXH3_128bits(bytes.data(), bytes.size());
}

// Values are hashed by what clients see of them, never by their encoding.
XXH128_hash_t ValueHash(const Entry& entry) {
  if (entry.type() == storage::ValueType::kHash) return HashValueHash(entry);
  if (entry.type() == storage::ValueType::kSortedSet) return SortedSetHash(entry);
  const storage::StringView value(entry);
  return XXH3_128bits(value.bytes().data(), value.bytes().size());
}

/// Type, expiry and value, in a form of fixed length.
void AppendValue(std::string& bytes, const Entry& entry) {
  const XXH128_hash_t value = ValueHash(entry);
  AppendNumber(bytes, static_cast<uint8_t>(entry.type()));
  AppendNumber(bytes, entry.expiry_ms());
  AppendNumber(bytes, value.low64);
  AppendNumber(bytes, value.high64);
}

}  // namespace

void StateDigest::AddHashOf(const std::string& bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  words_[0] += hash.high64;
  words_[1] += hash.low64;
  words_[2] += XXH3_64bits_withSeed(bytes.data(), bytes.size(), /*seed=*/1);
}

void StateDigest::Add(int db, const Entry& entry) {
  std::string bytes;
  AppendNumber(bytes, static_cast<uint32_t>(db));
  AppendValue(bytes, entry);
  bytes += entry.key();
  AddHashOf(bytes);
}

void StateDigest::AddValue(const Entry& entry) {
  std::string bytes;
  AppendValue(bytes, entry);
  AddHashOf(bytes);
}

std::string StateDigest::Hex() const {
  char digits[41];
  std::snprintf(digits, sizeof(digits), "%016llx%016llx%08x",
                static_cast<unsigned long long>(words_[0]),
                static_cast<unsigned long long>(words_[1]), static_cast<uint32_t>(words_[2]));
  return {digits, 40};
}

}  // namespace ringtail::commands
