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
#include "storage/list_value.h"
#include "storage/set_value.h"
#include "storage/stream.h"
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

void AppendText(std::string& bytes, std::string_view text) {
  AppendNumber(bytes, uint64_t{text.size()});
  bytes += text;
}

// The elements in their order.
XXH128_hash_t ListValueHash(const Entry& entry) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  std::string bytes;
  auto at = storage::ListView(entry).From(0, storage::ListEnd::kTail);
  for (; !at.is_done(); at.Next()) {
    AppendText(bytes, at.Get().String());
    XXH3_128bits_update(&state, bytes.data(), bytes.size());
    bytes.clear();
  }
  return XXH3_128bits_digest(&state);
}

void AppendId(std::string& bytes, storage::StreamId id) {
  AppendNumber(bytes, id.ms);
  AppendNumber(bytes, id.seq);
}

// A group's place and what is pending in it. When something was delivered or seen is each server's
// own clock's.
void AppendGroup(std::string& bytes, const storage::StreamGroup& group) {
  AppendId(bytes, group.last_id());
  AppendNumber(bytes, group.entries_read());
  for (const auto& [name, consumer] : group.consumers()) AppendText(bytes, name);
  for (const storage::StreamPending& pending : group.pending()) {
    AppendId(bytes, pending.id);
    AppendText(bytes, pending.consumer->name);
    AppendNumber(bytes, pending.delivery_count);
  }
}

// The entries in their order, what is known of the past, and the groups.
XXH128_hash_t StreamValueHash(const Entry& entry) {
  const auto& stream = storage::ObjectOf<storage::Stream>(entry);
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  std::string bytes;
  const auto take = [&] {
    XXH3_128bits_update(&state, bytes.data(), bytes.size());
    bytes.clear();
  };
  AppendId(bytes, stream.last_id());
  AppendId(bytes, stream.max_deleted_id());
  AppendNumber(bytes, stream.entries_added());
  storage::StreamRange range(stream, {}, storage::StreamId::Max());
  for (storage::StreamEntry one; range.Next(one);) {
    AppendId(bytes, one.id);
    AppendNumber(bytes, one.pair_count);
    one.ForEach([&](const storage::PackedElement& name, const storage::PackedElement& value) {
      AppendText(bytes, name.String());
      AppendText(bytes, value.String());
    });
    take();
  }
  for (const auto& [name, group] : stream.groups()) {
    AppendText(bytes, name);
    AppendGroup(bytes, group);
    take();
  }
  return XXH3_128bits_digest(&state);
}

// By score.
XXH128_hash_t SortedSetHash(const Entry& entry) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  std::string bytes;
  storage::SortedSetView(entry).VisitAll([&](std::string_view member, double score) {
    AppendText(bytes, member);
    // 0 and -0 are the same score: which of them is left depends on the encoding.
    AppendNumber(bytes, std::bit_cast<uint64_t>(score + 0.0));
    XXH3_128bits_update(&state, bytes.data(), bytes.size());
    bytes.clear();
  });
  return XXH3_128bits_digest(&state);
}

// The sum over the members, which have no order.
XXH128_hash_t SetValueHash(const Entry& entry) {
  XXH128_hash_t sum{};
  storage::SetView(entry).ForEach([&](const storage::PackedElement& member) {
    const std::string bytes = member.String();
    const XXH128_hash_t one = XXH3_128bits(bytes.data(), bytes.size());
    sum.low64 += one.low64;
    sum.high64 += one.high64;
  });
  return sum;
}

XXH128_hash_t StringHash(const Entry& entry) {
  const storage::StringView value(entry);
  return XXH3_128bits(value.bytes().data(), value.bytes().size());
}

// Values are hashed by what clients see of them, never by their encoding.
XXH128_hash_t ValueHash(const Entry& entry) {
  switch (entry.type()) {
    case storage::ValueType::kHash:
      return HashValueHash(entry);
    case storage::ValueType::kList:
      return ListValueHash(entry);
    case storage::ValueType::kSet:
      return SetValueHash(entry);
    case storage::ValueType::kSortedSet:
      return SortedSetHash(entry);
    case storage::ValueType::kStream:
      return StreamValueHash(entry);
    case storage::ValueType::kString:
      return StringHash(entry);
  }
  return {};
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
