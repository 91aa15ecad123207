#include "storage/hash_value.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ringtail::storage {

// ---- HashView

std::optional<int64_t> HashView::FindExpiry(std::string_view field) const {
  if (table_ == nullptr) {
    if (!Find(field)) return std::nullopt;
    return kNoExpiry;
  }
  const HashField* found = table_->Find(field);
  if (found == nullptr) return std::nullopt;
  return found->expiry_ms();
}

// ---- HashSampler

HashSampler::HashSampler(const HashView& hash) : hash_(hash) {
  if (hash.table() != nullptr) return;
  const PackedView& packed = hash.packed();
  pairs_.reserve(hash.size());
  for (const char* at = packed.first(); at != packed.end();) {
    pairs_.push_back(at);
    at = packed.Next(packed.Next(at));
  }
}

// ---- HashEditor

template <typename Buffer>
bool HashEditor::SetPacked(Buffer& buffer, std::string_view field, std::string_view value) {
  const PackedNeedle name(field);
  const PackedNeedle wanted(value);
  const PackedView view(buffer.bytes());
  const char* at = view.Find(view.first(), name, /*skip=*/1);
  if (at != view.end()) {
    at = view.Next(at);
    if (!wanted.Matches(at)) packed::Replace(buffer, view.OffsetOf(at), wanted);
    return false;
  }
  // One gap for both, so that the entry is made anew once.
  const bool is_first = view.is_empty();
  const size_t header_bytes = is_first ? kPackedHeaderBytes : 0;
  char* to = buffer.OpenGap(view.bytes().size(),
                            header_bytes + name.element_bytes() + wanted.element_bytes());
  if (is_first) std::fill_n(to, kPackedHeaderBytes, '\0');
  to += header_bytes;
  name.Write(to);
  wanted.Write(to + name.element_bytes());
  packed::AdjustCount(buffer.data(), 2);
  return true;
}

HashTable& HashEditor::Table() {
  if (!place_.is_packed()) return place_.object<HashTable>();
  auto table = std::make_unique<HashTable>();
  view().VisitAll([&](const PackedElement& field, const PackedElement& value) {
    char field_digits[20];
    char value_digits[20];
    table->Set(field.Bytes(field_digits), value.Bytes(value_digits), FieldTtl::kDrop);
  });
  place_.BecomeObject(std::move(table));
  return place_.object<HashTable>();
}

bool HashEditor::FitPacked(std::span<const std::string_view> words) const {
  // As Redis, whatever the directives say; an entry's length has 32 bits.
  constexpr size_t kPackedBytesMax = size_t{1} << 30;
  size_t byte_count = place_.bytes().size();
  for (const std::string_view word : words) {
    if (static_cast<int64_t>(word.size()) > limits_.value_bytes_max) return false;
    byte_count += word.size();
  }
  return byte_count <= kPackedBytesMax;
}

bool HashEditor::Set(std::string_view field, std::string_view value, FieldTtl ttl) {
  if (!place_.is_packed() || !FitPacked(std::array{field, value})) {
    return Table().Set(field, value, ttl);
  }
  const bool is_new = SetPacked(place_, field, value);
  if (is_new && static_cast<int64_t>(view().size()) > limits_.entries_max) Table();
  return is_new;
}

size_t HashEditor::SetAll(std::span<const std::string_view> pairs) {
  const size_t pair_count = pairs.size() / 2;
  size_t new_count = 0;
  // In the entry each new pair may make it move; so a few pairs are put into a copy, which then
  // takes its place.
  const bool is_copied = pair_count > 1 && place_.is_packed() &&
                         static_cast<int64_t>(view().size() + pair_count) <= limits_.entries_max &&
                         FitPacked(pairs);
  if (is_copied) {
    PackedBuffer copy(place_.bytes());
    for (size_t i = 0; i < pairs.size(); i += 2) {
      new_count += SetPacked(copy, pairs[i], pairs[i + 1]) ? 1 : 0;
    }
    place_.Assign(copy.bytes());
    return new_count;
  }
  for (size_t i = 0; i < pairs.size(); i += 2) {
    new_count += Set(pairs[i], pairs[i + 1]) ? 1 : 0;
  }
  return new_count;
}

bool HashEditor::Erase(std::string_view field) {
  if (!place_.is_packed()) return place_.object<HashTable>().Erase(field);
  const PackedView packed = view().packed();
  const char* at = packed.Find(packed.first(), PackedNeedle(field), /*skip=*/1);
  if (at == packed.end()) return false;
  packed::Erase(place_, packed.OffsetOf(at), 2);
  return true;
}

void HashEditor::SetExpiry(std::string_view field, int64_t expiry_ms) {
  if (place_.is_packed() && expiry_ms == kNoExpiry) return;
  Table().SetExpiry(field, expiry_ms);
  place_.NoteFieldExpiry();
}

}  // namespace ringtail::storage
