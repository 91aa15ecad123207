#include "storage/zset_value.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "storage/string_value.h"

namespace ringtail::storage {

// ---- Packed scores

std::optional<int64_t> packed_zset::IntegerOf(double score) {
  constexpr double kMax = 4611686018427387904.0;
  if (std::fabs(score) > kMax || score != std::trunc(score)) return std::nullopt;
  return static_cast<int64_t>(score);
}

packed_zset::ScoreNeedle::ScoreNeedle(double score) : raw_{}, needle_(Make(score)) {}

PackedNeedle packed_zset::ScoreNeedle::Make(double score) {
  if (const auto integer = IntegerOf(score)) return PackedNeedle(*integer);
  std::memcpy(raw_, &score, sizeof(score));
  const std::string_view raw(raw_, sizeof(score));
  // Eight bytes that happen to be digits would be kept as their integer; with a zero byte more they are not.
  if (CanonicalInt(raw)) return PackedNeedle(std::string_view(raw_, sizeof(raw_)));
  return PackedNeedle(raw);
}

// ---- Reading

SortedSetView::SortedSetView(const Entry& entry) {
  if (entry.encoding() == Encoding::kObject) {
    object_ = &ObjectOf<SortedSetObject>(entry);
  } else {
    packed_ = PackedView(entry.blob_view());
  }
}

std::optional<double> SortedSetView::Score(std::string_view member) const {
  if (object_ != nullptr) {
    const auto slot = object_->index().Find(MemberHasher().MakeKey(member));
    if (!slot) return std::nullopt;
    return slot.entry()->score();
  }
  const char* const at = packed_.Find(packed_.first(), PackedNeedle(member), 1);
  if (at == packed_.end()) return std::nullopt;
  return packed_zset::ScoreOf(packed_.Get(packed_.Next(at)));
}

std::optional<SortedSetView::Ranked> SortedSetView::Rank(std::string_view member) const {
  if (object_ != nullptr) {
    const auto slot = object_->index().Find(MemberHasher().MakeKey(member));
    if (!slot) return std::nullopt;
    return Ranked{object_->tree().Rank(*slot.entry()), slot.entry()->score()};
  }
  const PackedNeedle needle(member);
  size_t rank = 0;
  for (const char* at = packed_.first(); at != packed_.end(); ++rank) {
    const char* const score_at = packed_.Next(at);
    if (needle.Matches(at)) return Ranked{rank, packed_zset::ScoreOf(packed_.Get(score_at))};
    at = packed_.Next(score_at);
  }
  return std::nullopt;
}

template <typename IsBefore>
size_t SortedSetView::CountPackedWhile(IsBefore&& is_before) const {
  size_t count = 0;
  for (const char* at = packed_.first(); at != packed_.end(); ++count) {
    const char* const score_at = packed_.Next(at);
    if (!is_before(at, score_at)) break;
    at = packed_.Next(score_at);
  }
  return count;
}

size_t SortedSetView::CountBefore(const ScoreBorder& border) const {
  const auto is_before = [&](double score) {
    return score < border.score || (border.is_behind_equal && score == border.score);
  };
  if (object_ != nullptr) {
    return object_->tree().CountWhile(
        [&](double score, const ScoredMember&) { return is_before(score); });
  }
  return CountPackedWhile([&](const char*, const char* score_at) {
    return is_before(packed_zset::ScoreOf(packed_.Get(score_at)));
  });
}

size_t SortedSetView::CountBefore(const MemberBorder& border) const {
  if (border.kind == MemberBorder::Kind::kBeforeAll) return 0;
  if (border.kind == MemberBorder::Kind::kBehindAll) return size();
  const bool is_behind_equal = border.kind == MemberBorder::Kind::kBehind;
  const auto is_before = [&](std::string_view member) {
    return is_behind_equal ? member <= border.member : member < border.member;
  };
  if (object_ != nullptr) {
    return object_->tree().CountWhile(
        [&](double, const ScoredMember& member) { return is_before(member.key()); });
  }
  char digits[20];
  return CountPackedWhile(
      [&](const char* at, const char*) { return is_before(packed_.Get(at).Bytes(digits)); });
}

// ---- Changing

std::optional<double> SortedSetEditor::Find(std::string_view member) {
  if (place_.is_packed()) {
    sought_ = {member, KeyHash()};
    const PackedView view(place_.bytes());
    const char* const at = view.Find(view.first(), PackedNeedle(member), 1);
    if (at == view.end()) return std::nullopt;
    found_offset_ = view.OffsetOf(at);
    return packed_zset::ScoreOf(view.Get(view.Next(at)));
  }
  sought_ = MemberHasher().MakeKey(member);
  found_slot_ = object().index().Find(sought_);
  if (!found_slot_) return std::nullopt;
  return found_slot_.entry()->score();
}

void SortedSetEditor::SetScore(double score) {
  if (!place_.is_packed()) return object().SetScore(found_slot_.entry(), score);
  const PackedView view(place_.bytes());
  const char* const at = view.AtOffset(found_offset_);
  const char* const score_at = view.Next(at);
  const char* const behind = view.Next(score_at);
  // Equal scores would need a look at the members; they go the long way.
  const bool is_above = at == view.first() ||
                        packed_zset::ScoreOf(view.Get(view.Previous(at))) < score;
  const bool is_below = behind == view.end() ||
                        score < packed_zset::ScoreOf(view.Get(view.Next(behind)));
  if (is_above && is_below) {
    packed::Replace(place_, view.OffsetOf(score_at), packed_zset::ScoreNeedle(score).needle());
    return;
  }
  packed::Erase(place_, found_offset_, 2);
  InsertPacked(sought_.bytes, score);
}

void SortedSetEditor::Add(double score) {
  if (place_.is_packed()) {
    const PackedView view(place_.bytes());
    if (view.count() / 2 < limits_.packed_entries_max &&
        sought_.bytes.size() <= limits_.packed_value_bytes_max) {
      return InsertPacked(sought_.bytes, score);
    }
    BecomeObject();
    sought_ = MemberHasher().MakeKey(sought_.bytes);
  }
  object().Add(sought_, score);
}

// Puts a pair in its place; both at once, so that the entry is moved once.
void SortedSetEditor::InsertPacked(std::string_view member, double score) {
  const PackedNeedle needle(member);
  const packed_zset::ScoreNeedle score_needle(score);
  const PackedView view(place_.bytes());
  char digits[20];
  const char* at = view.first();
  while (at != view.end()) {
    const char* const score_at = view.Next(at);
    const double other = packed_zset::ScoreOf(view.Get(score_at));
    if (other > score || (other == score && view.Get(at).Bytes(digits) > member)) break;
    at = view.Next(score_at);
  }
  size_t gap = needle.element_bytes() + score_needle.needle().element_bytes();
  const bool is_first = view.is_empty();
  if (is_first) gap += kPackedHeaderBytes;
  char* to = place_.OpenGap(is_first ? 0 : view.OffsetOf(at), gap);
  if (is_first) {
    to[0] = to[1] = 0;
    to += kPackedHeaderBytes;
  }
  needle.Write(to);
  score_needle.needle().Write(to + needle.element_bytes());
  packed::AdjustCount(place_.data(), 2);
}

void SortedSetEditor::Remove() {
  if (place_.is_packed()) return packed::Erase(place_, found_offset_, 2);
  object().Erase(found_slot_);
}

void SortedSetEditor::RemoveRange(size_t rank, size_t count) {
  if (count == 0) return;
  if (!place_.is_packed()) return object().EraseRange(rank, count);
  const PackedView view(place_.bytes());
  packed::Erase(place_, view.OffsetOf(view.At(static_cast<int64_t>(rank) * 2)), count * 2);
}

void SortedSetEditor::BecomeObject() {
  auto object = std::make_unique<SortedSetObject>();
  SortedSetView(place_.entry()).VisitAll([&](std::string_view member, double score) {
    object->Add(MemberHasher().MakeKey(member), score);
  });
  place_.BecomeObject(std::move(object));
}

// ---- Building

ScoredMember* SortedSetBuilder::Find(std::string_view member) const {
  const auto slot = object_->index().Find(MemberHasher().MakeKey(member));
  return slot ? slot.entry() : nullptr;
}

void SortedSetBuilder::Add(std::string_view member, double score) {
  object_->AddUnordered(MemberHasher().MakeKey(member), score);
}

void SortedSetBuilder::Remove(std::string_view member) {
  const auto slot = object_->index().Find(MemberHasher().MakeKey(member));
  if (slot) object_->EraseUnordered(slot);
}

const std::vector<SortedSetBuilder::Item>& SortedSetBuilder::Finish() {
  if (is_finished_) return items_;
  is_finished_ = true;
  items_.reserve(size());
  object_->index().VisitAll(
      [&](ScoredMember* member) { items_.push_back({member->score(), member}); });
  std::sort(items_.begin(), items_.end(), [](const Item& left, const Item& right) {
    if (left.score != right.score) return left.score < right.score;
    return left.member->key() < right.member->key();
  });
  return items_;
}

Entry* SortedSetBuilder::TakeEntry(std::string_view key, const SortedSetLimits& limits) {
  Finish();
  const bool is_packed =
      items_.size() <= limits.packed_entries_max &&
      std::all_of(items_.begin(), items_.end(), [&](const Item& item) {
        return item.member->key().size() <= limits.packed_value_bytes_max;
      });
  if (!is_packed) {
    for (const Item& item : items_) object_->tree().Insert(item.member);
    Entry* const entry = Entry::Create(
        {.key = key, .type = ValueType::kSortedSet, .encoding = Encoding::kObject});
    entry->SetPointer(static_cast<Object*>(object_.release()));
    return entry;
  }
  PackedBuffer buffer;
  for (const Item& item : items_) {
    packed::Append(buffer, item.member->key());
    const packed_zset::ScoreNeedle score(item.score);
    packed::Insert(buffer, buffer.bytes().size(), score.needle());
  }
  Entry* const entry = Entry::Create({.key = key,
                                      .type = ValueType::kSortedSet,
                                      .encoding = Encoding::kBlob,
                                      .payload_bytes = buffer.bytes().size()});
  std::memcpy(entry->blob().data(), buffer.bytes().data(), buffer.bytes().size());
  object_.reset();
  return entry;
}

}  // namespace ringtail::storage
