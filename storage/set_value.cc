#include "storage/set_value.h"

#include <unordered_set>

#include "storage/string_value.h"
#include "storage/table_impl.h"

namespace ringtail::storage {

template class BasicTable<SetMember>;

namespace {

constexpr bool IsSmallEnough(size_t count, size_t member_bytes, const SetLimits& limits) {
  return count < limits.packed_members_max && member_bytes <= limits.packed_member_bytes_max;
}

std::unique_ptr<SetTable> TableOf(const SetView& set) {
  auto table = std::make_unique<SetTable>();
  set.ForEach([&](const PackedElement& member) {
    SetNeedle needle(member);
    table->Add(needle.key());
  });
  return table;
}

PackedBuffer PackedOf(const IntegerSetView& integers) {
  PackedBuffer packed;
  for (size_t i = 0; i < integers.count(); ++i) {
    packed::Insert(packed, packed.bytes().size(), PackedNeedle(integers.At(i)));
  }
  return packed;
}

// The integers of the greatest magnitudes have the most digits, and they are at the ends.
size_t DigitsMax(const IntegerSetView& integers) {
  if (integers.count() == 0) return 0;
  return std::max(PackedElement(integers.At(0)).size(),
                  PackedElement(integers.At(integers.count() - 1)).size());
}

// A set in an entry, as DetachedSet is one on its own.
class EntrySet {
 public:
  explicit EntrySet(ValuePlace& place) : place_(place) {}

  SetShape shape() const {
    if (!place_.is_packed()) return SetShape::kTable;
    return place_.entry().has_variant() ? SetShape::kIntegers : SetShape::kPacked;
  }
  std::string_view bytes() const { return place_.bytes(); }
  char* data() { return place_.data(); }
  char* OpenGap(size_t offset, size_t size) { return place_.OpenGap(offset, size); }
  void CloseGap(size_t offset, size_t size) { place_.CloseGap(offset, size); }
  SetTable& table() { return place_.object<SetTable>(); }
  void BecomeTable(std::unique_ptr<SetTable> table) {
    place_.BecomeObject(std::move(table));
    place_.entry().SetVariant(false);
  }
  void BecomePacked(PackedBuffer packed) {
    place_.Assign(packed.bytes());
    place_.entry().SetVariant(false);
  }

 private:
  ValuePlace& place_;
};

template <typename Place>
void BecomeTableWith(Place& place, const SetView& set, SetNeedle& member) {
  auto table = TableOf(set);
  table->Add(member.key());
  place.BecomeTable(std::move(table));
}

template <typename Place>
bool AddToIntegers(Place& place, const SetLimits& limits, SetNeedle& member) {
  if (const auto number = member.number()) {
    if (!integer_set::Insert(place, *number)) return false;
    const SetView set(place.bytes(), /*is_integers=*/true);
    if (set.count() > limits.integers_max) [[unlikely]] place.BecomeTable(TableOf(set));
    return true;
  }
  const IntegerSetView integers(place.bytes());
  const size_t size_max = std::max(member.bytes().size(), DigitsMax(integers));
  if (!IsSmallEnough(integers.count(), size_max, limits)) {
    BecomeTableWith(place, SetView(place.bytes(), /*is_integers=*/true), member);
    return true;
  }
  PackedBuffer packed = PackedOf(integers);
  packed::Insert(packed, packed.bytes().size(), member.packed());
  place.BecomePacked(std::move(packed));
  return true;
}

template <typename Place>
void AppendToPacked(Place& place, const SetLimits& limits, SetNeedle& member,
                    const PackedNeedle& needle) {
  const size_t count = PackedView(place.bytes()).count();
  if (IsSmallEnough(count, member.bytes().size(), limits)) [[likely]] {
    packed::Insert(place, place.bytes().size(), needle);
  } else {
    BecomeTableWith(place, SetView(place.bytes(), /*is_integers=*/false), member);
  }
}

template <typename Place>
bool AddToPacked(Place& place, const SetLimits& limits, SetNeedle& member) {
  const PackedNeedle needle = member.packed();
  const PackedView packed(place.bytes());
  if (packed.Find(packed.first(), needle) != packed.end()) return false;
  AppendToPacked(place, limits, member, needle);
  return true;
}

template <typename Place>
bool AddTo(Place& place, const SetLimits& limits, SetNeedle& member) {
  switch (place.shape()) {
    case SetShape::kTable:
      return place.table().Add(member.key());
    case SetShape::kIntegers:
      return AddToIntegers(place, limits, member);
    default:
      return AddToPacked(place, limits, member);
  }
}

template <typename Place>
bool RemoveFrom(Place& place, SetNeedle& member) {
  if (place.shape() == SetShape::kTable) return place.table().Remove(member.key());
  if (place.shape() == SetShape::kIntegers) {
    const auto number = member.number();
    if (!number) return false;
    const auto position = IntegerSetView(place.bytes()).Find(*number);
    if (position.is_found) integer_set::EraseAt(place, position.index);
    return position.is_found;
  }
  const PackedView packed(place.bytes());
  const char* const at = packed.Find(packed.first(), member.packed());
  if (at == packed.end()) return false;
  packed::Erase(place, packed.OffsetOf(at), 1);
  return true;
}

}  // namespace

// ---- Members

SetMember* SetMember::Create(std::string_view bytes) {
  auto* const at = static_cast<char*>(memory::Allocate(BytesFor(bytes.size())));
  if (bytes.size() < kLongLength) [[likely]] {
    *at = static_cast<char>(bytes.size());
    std::memcpy(at + 1, bytes.data(), bytes.size());
  } else {
    const auto length = static_cast<uint32_t>(bytes.size());
    *at = static_cast<char>(kLongLength);
    std::memcpy(at + 1, &length, sizeof(length));
    std::memcpy(at + 5, bytes.data(), bytes.size());
  }
  return reinterpret_cast<SetMember*>(at);
}

void SetMember::Destroy(SetMember* member) { memory::Free(member, member->allocated_bytes()); }

SetNeedle::SetNeedle(const PackedElement& member) {
  if (member.is_int()) {
    number_state_ = Number::kKnown;
    number_ = member.number();
  } else {
    bytes_ = member.text();
  }
}

std::optional<int64_t> SetNeedle::number() {
  if (number_state_ == Number::kUnknown) {
    const auto number = CanonicalInt(bytes_);
    number_state_ = number ? Number::kKnown : Number::kNone;
    number_ = number.value_or(0);
  }
  return number_state_ == Number::kKnown ? std::optional(number_) : std::nullopt;
}

std::string_view SetNeedle::bytes() {
  if (bytes_.data() == nullptr && number_state_ == Number::kKnown) {
    bytes_ = {digits_, FormatInt(number_, digits_)};
  }
  return bytes_;
}

const Key& SetNeedle::key() {
  if (!is_hashed_) {
    key_ = MemberHasher().MakeKey(bytes());
    is_hashed_ = true;
  }
  return key_;
}

PackedNeedle SetNeedle::packed() {
  return number_state_ == Number::kKnown ? PackedNeedle(number_) : PackedNeedle(bytes_);
}

// ---- Tables

bool SetTable::Add(const Key& member) {
  if (table_.Find(member)) return false;
  SetMember* const added = SetMember::Create(member.bytes);
  member_bytes_ += memory::ReservedBytes(added->allocated_bytes());
  table_.Insert(member.hash, added);
  return true;
}

bool SetTable::Remove(const Key& member) {
  const auto slot = table_.Find(member);
  if (!slot) return false;
  SetMember* const removed = table_.Erase(slot);
  member_bytes_ -= memory::ReservedBytes(removed->allocated_bytes());
  SetMember::Destroy(removed);
  return true;
}

std::unique_ptr<Object> SetTable::Clone() const { return TableOf(SetView(*this)); }

size_t SetTable::footprint_bytes() const {
  return memory::ReservedBytes(sizeof(SetTable)) + table_.footprint_bytes() + member_bytes_;
}

const char* SetTable::Verify() const {
  if (const char* problem = table_.Verify(MemberHasher())) return problem;
  size_t bytes = 0;
  table_.VisitAll([&](const SetMember* member) {
    bytes += memory::ReservedBytes(member->allocated_bytes());
  });
  return bytes == member_bytes_ ? nullptr : "a set's members take other bytes than it says";
}

// ---- Reading

SetView::SetView(const Entry& entry) {
  if (entry.encoding() == Encoding::kObject) {
    shape_ = SetShape::kTable;
    table_ = &ObjectOf<SetTable>(entry);
  } else {
    shape_ = entry.has_variant() ? SetShape::kIntegers : SetShape::kPacked;
    bytes_ = entry.blob_view();
  }
}

size_t SetView::count() const {
  if (shape_ == SetShape::kTable) return table_->element_count();
  return shape_ == SetShape::kIntegers ? IntegerSetView(bytes_).count()
                                       : PackedView(bytes_).count();
}

bool SetView::Contains(SetNeedle& needle) const {
  if (shape_ == SetShape::kTable) return table_->Contains(needle.key());
  if (shape_ == SetShape::kIntegers) {
    const auto number = needle.number();
    return number && IntegerSetView(bytes_).Find(*number).is_found;
  }
  const PackedView packed(bytes_);
  return packed.Find(packed.first(), needle.packed()) != packed.end();
}

PackedElement SetView::Random(ringtail::Random& random) const {
  if (shape_ == SetShape::kTable) return PackedElement(table_->Random(random).key());
  const size_t index = random.Below(count());
  if (shape_ == SetShape::kIntegers) return PackedElement(IntegerSetView(bytes_).At(index));
  const PackedView packed(bytes_);
  return packed.Get(packed.At(static_cast<int64_t>(index)));
}

void SetView::DrawFrom(const SetTable& table, size_t count, ringtail::Random& random,
                       std::vector<const SetMember*>& drawn) {
  std::unordered_set<const SetMember*> seen;
  seen.reserve(count);
  drawn.reserve(count);
  while (drawn.size() < count) {
    const SetMember* const member = &table.Random(random);
    if (seen.insert(member).second) drawn.push_back(member);
  }
}

const char* SetView::Verify() const {
  if (shape_ == SetShape::kTable) return table_->Verify();
  return shape_ == SetShape::kIntegers ? IntegerSetView(bytes_).Verify()
                                       : PackedView(bytes_).Verify();
}

// ---- Building

bool DetachedSet::Add(SetNeedle& member) { return AddTo(*this, limits_, member); }
void DetachedSet::AddNew(SetNeedle& member) {
  if (shape() != SetShape::kPacked) {
    Add(member);
  } else {
    AppendToPacked(*this, limits_, member, member.packed());
  }
}
bool DetachedSet::Remove(SetNeedle& member) { return RemoveFrom(*this, member); }

void DetachedSet::BecomeTable(std::unique_ptr<SetTable> table) {
  table_ = std::move(table);
  buffer_.Clear();
}

void DetachedSet::BecomePacked(PackedBuffer packed) {
  buffer_ = std::move(packed);
  is_integers_ = false;
}

Entry* DetachedSet::TakeEntry(std::string_view key) {
  Entry* const entry =
      Entry::Create({.key = key,
                     .type = ValueType::kSet,
                     .encoding = table_ != nullptr ? Encoding::kObject : Encoding::kBlob,
                     .payload_bytes = buffer_.bytes().size()});
  if (table_ != nullptr) {
    entry->SetPointer(static_cast<Object*>(table_.release()));
  } else {
    std::memcpy(entry->blob().data(), buffer_.bytes().data(), buffer_.bytes().size());
    entry->SetVariant(is_integers_);
  }
  return entry;
}

// ---- Changing

void SetEditor::Begin(SetNeedle& first, size_t expected_count) {
  if (first.number() && expected_count <= limits_.integers_max) {
    place_.entry().SetVariant(true);
  } else if (expected_count > limits_.packed_members_max) {
    EntrySet(place_).BecomeTable(std::make_unique<SetTable>());
  }
}

bool SetEditor::Add(SetNeedle& member) {
  EntrySet set(place_);
  return AddTo(set, limits_, member);
}

bool SetEditor::Remove(SetNeedle& member) {
  EntrySet set(place_);
  return RemoveFrom(set, member);
}

void SetEditor::EraseFromBlob(size_t index) {
  if (place_.entry().has_variant()) return integer_set::EraseAt(place_, index);
  const PackedView packed(place_.bytes());
  packed::Erase(place_, packed.OffsetOf(packed.At(static_cast<int64_t>(index))), 1);
}

void SetEditor::Replace(DetachedSet& set) {
  if (set.shape() == SetShape::kTable) {
    EntrySet(place_).BecomeTable(std::move(set.table_));
  } else {
    place_.is_packed() ? place_.Assign(set.bytes()) : place_.BecomePacked(set.bytes());
    place_.entry().SetVariant(set.is_integers_);
  }
}

}  // namespace ringtail::storage
