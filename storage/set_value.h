// Sets: integers sorted in the entry, a few members packed in the entry, or a hash table of its
// own.
//
//   SetView set(*key.entry());                     // reading
//   if (SetNeedle needle("member"); set.Contains(needle)) …
//   set.ForEach([&](const PackedElement& member) { … });
//
//   SetEditor editor(place, limits);               // changing: place of a key's value
//   SetNeedle needle("member");
//   if (editor.Add(needle)) ++added_count;
//
// Which of the three a set is follows Redis 7.2: integers up to set-max-intset-entries, packed up
// to set-max-listpack-entries members of set-max-listpack-value bytes, else the table, and no way
// back but by building a set anew. In an entry, integers and packed members are both blobs;
// Entry::has_variant marks the integers.
// Thread rule: as for the entry.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "storage/integer_set.h"
#include "storage/key_hash.h"
#include "storage/object.h"
#include "storage/packed.h"
#include "storage/table.h"
#include "storage/value_place.h"

namespace ringtail::storage {

/// Up to where a set stays small.
struct SetLimits {
  size_t integers_max = 512;
  size_t packed_members_max = 128;
  size_t packed_member_bytes_max = 64;
};

/// One member of a large set: a length and bytes in one allocation. A length of 255 and more takes
/// five bytes.
class SetMember {
 public:
  static SetMember* Create(std::string_view bytes);
  static void Destroy(SetMember* member);

  std::string_view key() const {
    const auto* at = reinterpret_cast<const char*>(this);
    if (first_ < kLongLength) [[likely]] return {at + 1, first_};
    uint32_t length;
    std::memcpy(&length, at + 1, sizeof(length));
    return {at + 5, length};
  }
  size_t allocated_bytes() const { return BytesFor(key().size()); }

 private:
  static constexpr unsigned kLongLength = 255;
  static size_t BytesFor(size_t length) { return length + (length < kLongLength ? 1 : 5); }

  unsigned char first_;
};

/// A member that is looked for, added or removed. What each shape of set asks of it is worked out
/// once, when asked.
class SetNeedle {
 public:
  /// `bytes` must outlive the needle.
  explicit SetNeedle(std::string_view bytes) : bytes_(bytes) {}
  explicit SetNeedle(const PackedElement& member);
  SetNeedle(const SetNeedle&) = delete;
  SetNeedle& operator=(const SetNeedle&) = delete;

  /// The integer that the member is in canonical form.
  std::optional<int64_t> number();
  std::string_view bytes();
  /// The bytes and their hash.
  const Key& key();
  PackedNeedle packed();

 private:
  enum class Number : uint8_t { kUnknown, kNone, kKnown };
  Number number_state_ = Number::kUnknown;
  bool is_hashed_ = false;
  int64_t number_ = 0;
  std::string_view bytes_;  // null while only the number is known
  Key key_;
  char digits_[20];
};

/// A set of any size.
class SetTable final : public Object {
 public:
  SetTable() = default;

  bool Add(const Key& member);
  bool Remove(const Key& member);
  bool Contains(const Key& member) const { return bool{table_.Find(member)}; }
  /// A member drawn uniformly; the set must not be empty.
  const SetMember& Random(ringtail::Random& random) const { return *table_.Random(random); }
  const BasicTable<SetMember>& table() const { return table_; }

  std::unique_ptr<Object> Clone() const override;
  size_t footprint_bytes() const override;
  size_t element_count() const override { return table_.size(); }
  std::string_view encoding_name() const override { return "hashtable"; }
  void PrefetchBucket(KeyHash hash) const override { table_.PrefetchBucket(hash); }
  void PrefetchMember(KeyHash hash) const override { table_.PrefetchEntry(hash); }
  const char* Verify() const override;

 private:
  BasicTable<SetMember> table_;
  size_t member_bytes_ = 0;  // what the members take from the allocator
};

enum class SetShape : uint8_t { kIntegers, kPacked, kTable };

/// A set to be read. Good until it is changed.
class SetView {
 public:
  /// A set without members.
  SetView() = default;
  explicit SetView(const Entry& entry);
  explicit SetView(const SetTable& table) : shape_(SetShape::kTable), table_(&table) {}
  SetView(std::string_view bytes, bool is_integers)
      : shape_(is_integers ? SetShape::kIntegers : SetShape::kPacked), bytes_(bytes) {}

  SetShape shape() const { return shape_; }
  size_t count() const;
  /// O(1) in a table, O(log n) among integers, O(n) among packed members.
  bool Contains(SetNeedle& needle) const;
  /// Calls visit(const PackedElement&) for every member. visit must not change the set.
  template <typename Visit>
  void ForEach(Visit&& visit) const;
  /// The same until visit returns false.
  template <typename Visit>
  void ForEachWhile(Visit&& visit) const;
  /// A member drawn uniformly; the set must not be empty.
  PackedElement Random(ringtail::Random& random) const;
  /// Calls visit(const PackedElement&) for `count` different members (at most as many as there
  /// are), every choice of them being equally likely, in no order that means anything.
  template <typename Visit>
  void Sample(size_t count, ringtail::Random& random, Visit&& visit) const;

  const SetTable* table() const { return table_; }
  std::string_view bytes() const { return bytes_; }
  const char* Verify() const;

 private:
  static void DrawFrom(const SetTable& table, size_t count, ringtail::Random& random,
                       std::vector<const SetMember*>& drawn);

  SetShape shape_ = SetShape::kPacked;
  std::string_view bytes_;
  const SetTable* table_ = nullptr;
};

/// A set on its own, under no key yet: a result that is being put together.
class DetachedSet {
 public:
  explicit DetachedSet(const SetLimits& limits) : limits_(limits) {}
  DetachedSet(const DetachedSet&) = delete;
  DetachedSet& operator=(const DetachedSet&) = delete;

  /// Whether the member is new.
  bool Add(SetNeedle& member);
  /// Adds a member that is known to be new.
  void AddNew(SetNeedle& member);
  /// Whether the member was there.
  bool Remove(SetNeedle& member);
  SetView view() const {
    return table_ != nullptr ? SetView(*table_) : SetView(buffer_.bytes(), is_integers_);
  }
  size_t count() const { return view().count(); }
  /// Hands the set over as an entry without an expiry.
  Entry* TakeEntry(std::string_view key);

  // As a place for the functions that change sets.

  SetShape shape() const { return view().shape(); }
  std::string_view bytes() const { return buffer_.bytes(); }
  char* data() { return buffer_.data(); }
  char* OpenGap(size_t offset, size_t size) { return buffer_.OpenGap(offset, size); }
  void CloseGap(size_t offset, size_t size) { buffer_.CloseGap(offset, size); }
  SetTable& table() { return *table_; }
  void BecomeTable(std::unique_ptr<SetTable> table);
  void BecomePacked(PackedBuffer packed);

 private:
  friend class SetEditor;
  const SetLimits limits_;
  PackedBuffer buffer_;
  bool is_integers_ = true;
  std::unique_ptr<SetTable> table_;
};

/// Changes a key's set. The key goes with its last member: that is for the caller to do.
class SetEditor {
 public:
  SetEditor(ValuePlace& place, const SetLimits& limits) : place_(place), limits_(limits) {}
  SetEditor(const SetEditor&) = delete;
  SetEditor& operator=(const SetEditor&) = delete;

  /// Chooses the shape of a set without members that is to get `expected_count` of them, beginning
  /// with `first`.
  void Begin(SetNeedle& first, size_t expected_count);
  /// Whether the member is new.
  bool Add(SetNeedle& member);
  /// Whether the member was there.
  bool Remove(SetNeedle& member);
  /// Takes a member out that is drawn uniformly, after a visit(const PackedElement&). There must be
  /// one.
  template <typename Visit>
  void Pop(ringtail::Random& random, Visit&& visit);
  /// Takes `count` members out, fewer than there are, every choice being equally likely; each is
  /// visited before.
  template <typename Visit>
  void PopMany(size_t count, ringtail::Random& random, Visit&& visit);

  SetView view() const { return SetView(place_.entry()); }
  size_t count() const { return view().count(); }

 private:
  void EraseFromBlob(size_t index);
  void Replace(DetachedSet& set);

  ValuePlace& place_;
  const SetLimits limits_;
};

}  // namespace ringtail::storage

#include "storage/set_value_inline.h"
