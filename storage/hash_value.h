// Hashes, packed or large, behind one interface.
//
//   HashView hash(*key.entry());
//   if (const auto value = hash.Find("name")) Send(*value);
//
//   auto place = ctx.Place(key);
//   HashEditor editor(place, limits);
//   editor.Set("name", "value");
//   if (editor.view().size() == 0) …                // an empty hash must not stay
//
// A packed hash is field, value, field, value, … in storage/packed.h; it becomes a HashTable when
// it has more than `entries_max` fields, when one of its strings is longer than `value_bytes_max`,
// or when a field is to expire. It never becomes packed again. Thread rule: as for the database.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "storage/hash_table.h"
#include "storage/packed.h"
#include "storage/value_place.h"

namespace ringtail::storage {

/// Up to where a hash stays packed.
struct HashLimits {
  int64_t entries_max = 512;
  int64_t value_bytes_max = 64;
};

class HashView {
 public:
  explicit HashView(const Entry& entry)
      : table_(HashTableOf(entry)),
        packed_(table_ == nullptr ? entry.blob_view() : std::string_view()) {}

  /// Null while the hash is packed.
  const HashTable* table() const { return table_; }
  /// The packed pairs; empty for a large hash.
  const PackedView& packed() const { return packed_; }

  /// The number of fields.
  size_t size() const { return table_ != nullptr ? table_->element_count() : packed_.count() / 2; }
  /// The field's value, good until the hash is changed; nothing if the field is not there.
  std::optional<PackedElement> Find(std::string_view field) const {
    if (table_ != nullptr) {
      const HashField* found = table_->Find(field);
      if (found == nullptr) return std::nullopt;
      return PackedElement(found->value());
    }
    const char* at = packed_.Find(packed_.first(), PackedNeedle(field), /*skip=*/1);
    if (at == packed_.end()) return std::nullopt;
    return packed_.Get(packed_.Next(at));
  }
  /// The field's expiry in milliseconds since the epoch, kNoExpiry if it has none; nothing if it is
  /// not there.
  std::optional<int64_t> FindExpiry(std::string_view field) const;

  /// Calls visit(field, value), both PackedElement, for every field. visit must not change the
  /// hash.
  template <typename Visit>
  void VisitAll(Visit&& visit) const {
    if (table_ != nullptr) {
      table_->fields().VisitAll([&](const HashField* field) {
        visit(PackedElement(field->key()), PackedElement(field->value()));
      });
      return;
    }
    for (const char* at = packed_.first(); at != packed_.end();) {
      const PackedElement field = packed_.Get(at);
      at = packed_.Next(at);
      visit(field, packed_.Get(at));
      at = packed_.Next(at);
    }
  }

 private:
  const HashTable* table_;
  PackedView packed_;
};

/// Draws fields of a hash at random, any number of them. O(size) once for a packed hash, then O(1)
/// each.
class HashSampler {
 public:
  explicit HashSampler(const HashView& hash);

  /// Calls visit(field, value) for one field, all equally likely. The hash must not be empty.
  template <typename Generator, typename Visit>
  void Draw(Generator& generator, Visit&& visit) const {
    if (const HashTable* table = hash_.table()) {
      const HashField* field = table->fields().Random(generator);
      return visit(PackedElement(field->key()), PackedElement(field->value()));
    }
    const char* at = pairs_[generator.Below(pairs_.size())];
    visit(hash_.packed().Get(at), hash_.packed().Get(hash_.packed().Next(at)));
  }

 private:
  const HashView& hash_;
  std::vector<const char*> pairs_;
};

class HashEditor {
 public:
  HashEditor(ValuePlace& place, const HashLimits& limits) : place_(place), limits_(limits) {}

  HashView view() const { return HashView(place_.entry()); }

  /// Sets a field's value; returns whether the field is new. By default the field's expiry goes.
  bool Set(std::string_view field, std::string_view value, FieldTtl ttl = FieldTtl::kDrop);
  /// The same for many fields: names and values in turn. Returns how many are new.
  size_t SetAll(std::span<const std::string_view> pairs);
  /// Erases a field; returns whether it was there.
  bool Erase(std::string_view field);
  /// Sets or (kNoExpiry) removes the expiry of a field that is there.
  void SetExpiry(std::string_view field, int64_t expiry_ms);

 private:
  /// Whether the lengths of these names and values let them go into the packed hash.
  bool FitPacked(std::span<const std::string_view> words) const;
  /// The large hash; makes it one if it is packed.
  HashTable& Table();
  template <typename Buffer>
  static bool SetPacked(Buffer& buffer, std::string_view field, std::string_view value);

  ValuePlace& place_;
  const HashLimits limits_;
};

}  // namespace ringtail::storage
