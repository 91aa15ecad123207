// Sorted sets as commands see them, packed or large.
//
//   SortedSetView view(*key.entry());
//   view.Visit(0, 10, Direction::kForward, [&](std::string_view member, double score) { … });
//
//   SortedSetEditor editor(place, limits);
//   if (const auto score = editor.Find("alice")) editor.SetScore(*score + 1);
//   else editor.Add(1);
//
// A small one is packed: member, score, member, score, … in order. A score is an integer if it is one, else the double's
// eight bytes; -0 becomes 0, as in Redis's packed sorted sets. A large one is a SortedSetObject. Every range
// is one of ranks: bounds of scores or members are turned into ranks first.
// Thread rule: as for Entry. A view is good until the entry is changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "storage/packed.h"
#include "storage/value_place.h"
#include "storage/zset_object.h"

namespace ringtail::storage {

/// Up to where a sorted set stays packed.
struct SortedSetLimits {
  size_t packed_entries_max;
  size_t packed_value_bytes_max;
};

enum class Direction : uint8_t { kForward, kBackward };

/// A border between scores.
struct ScoreBorder {
  double score = 0;
  bool is_behind_equal = false;  ///< behind the members of this score, not before them
};

/// A border between members, in a sorted set whose scores are all equal.
struct MemberBorder {
  enum class Kind : uint8_t { kBeforeAll, kBefore, kBehind, kBehindAll };
  std::string_view member = {};
  Kind kind = Kind::kBeforeAll;
};

namespace packed_zset {

/// The score in a packed score element.
inline double ScoreOf(const PackedElement& element) {
  if (element.is_int()) return static_cast<double>(element.number());
  double score;
  std::memcpy(&score, element.text().data(), sizeof(score));
  return score;
}

/// The integer that a score is kept as, if it is one of up to 2^62: so does Redis, and it shows in ZSCAN.
std::optional<int64_t> IntegerOf(double score);

/// A score to be written.
class ScoreNeedle {
 public:
  explicit ScoreNeedle(double score);
  ScoreNeedle(const ScoreNeedle&) = delete;
  ScoreNeedle& operator=(const ScoreNeedle&) = delete;
  const PackedNeedle& needle() const { return needle_; }

 private:
  PackedNeedle Make(double score);

  char raw_[9];
  PackedNeedle needle_;
};

}  // namespace packed_zset

class SortedSetView {
 public:
  struct Ranked {
    size_t rank;
    double score;
  };

  explicit SortedSetView(const Entry& entry);

  size_t size() const { return object_ != nullptr ? object_->element_count() : packed_.count() / 2; }
  /// O(1), or O(n) while it is packed.
  std::optional<double> Score(std::string_view member) const;
  std::optional<Ranked> Rank(std::string_view member) const;
  /// Members before a border.
  size_t CountBefore(const ScoreBorder& border) const;
  size_t CountBefore(const MemberBorder& border) const;
  /// Calls visit(member, score) for `count` members, beginning with the one of rank `rank` (which are there), and going
  /// up or down.
  template <typename Visitor>
  void Visit(size_t rank, size_t count, Direction direction, Visitor&& visit) const;
  template <typename Visitor>
  void VisitAll(Visitor&& visit) const {
    Visit(0, size(), Direction::kForward, visit);
  }
  /// Calls visit(member, score) for all members in order, until it returns false.
  template <typename Visitor>
  void VisitWhile(Visitor&& visit) const;
  /// Calls visit(member, score) for a member drawn uniformly from one that is not empty.
  template <typename Visitor>
  void VisitRandom(Random& random, Visitor&& visit) const;

  /// The structure of a large one; null while it is packed.
  const SortedSetObject* object() const { return object_; }

 private:
  template <typename IsBefore>
  size_t CountPackedWhile(IsBefore&& is_before) const;

  const SortedSetObject* object_ = nullptr;
  PackedView packed_{std::string_view()};
};

class SortedSetEditor {
 public:
  SortedSetEditor(ValuePlace& place, const SortedSetLimits& limits)
      : place_(place), limits_(limits) {}

  /// The member's score, if it is there. The next three are about the member that was sought last.
  std::optional<double> Find(std::string_view member);
  /// Gives the member, which was found, another score.
  void SetScore(double score);
  /// Adds the member, which was not found.
  void Add(double score);
  /// Takes the member, which was found, out.
  void Remove();
  /// Takes out `count` members, beginning with the one of this rank.
  void RemoveRange(size_t rank, size_t count);
  size_t size() const { return SortedSetView(place_.entry()).size(); }

 private:
  void InsertPacked(std::string_view member, double score);
  void BecomeObject();
  SortedSetObject& object() const { return place_.object<SortedSetObject>(); }

  ValuePlace& place_;
  const SortedSetLimits limits_;
  Key sought_;
  size_t found_offset_ = 0;           // packed
  MemberIndex::Slot found_slot_;      // large
};

/// Collects a sorted set that is to be answered or stored: scores may be looked up and changed until it is finished.
class SortedSetBuilder {
 public:
  struct Item {
    double score;
    ScoredMember* member;
  };

  SortedSetBuilder() : object_(std::make_unique<SortedSetObject>()) {}

  ScoredMember* Find(std::string_view member) const;
  /// Adds a member that is not there.
  void Add(std::string_view member, double score);
  /// Takes out a member if it is there.
  void Remove(std::string_view member);
  size_t size() const { return object_->element_count(); }
  /// The members in order. The scores must not be changed after it.
  const std::vector<Item>& Finish();
  /// What was finished as an entry, packed if the limits allow; the builder is empty then.
  Entry* TakeEntry(std::string_view key, const SortedSetLimits& limits);

 private:
  std::unique_ptr<SortedSetObject> object_;
  std::vector<Item> items_;
  bool is_finished_ = false;
};

// ---- The parts that are templates

template <typename Visitor>
void SortedSetView::Visit(size_t rank, size_t count, Direction direction, Visitor&& visit) const {
  if (count == 0) return;
  if (object_ != nullptr) {
    auto at = object_->tree().At(rank);
    for (; count > 0; --count) {
      visit(at.member().key(), at.score());
      direction == Direction::kForward ? at.Advance() : at.Retreat();
    }
    return;
  }
  char digits[20];
  const char* at = packed_.At(static_cast<int64_t>(rank) * 2);
  for (;;) {
    const char* const score_at = packed_.Next(at);
    visit(packed_.Get(at).Bytes(digits), packed_zset::ScoreOf(packed_.Get(score_at)));
    if (--count == 0) return;
    at = direction == Direction::kForward ? packed_.Next(score_at)
                                          : packed_.Previous(packed_.Previous(at));
  }
}

template <typename Visitor>
void SortedSetView::VisitWhile(Visitor&& visit) const {
  if (object_ != nullptr) {
    for (auto at = object_->tree().At(0); !at.is_end(); at.Advance()) {
      if (!visit(at.member().key(), at.score())) return;
    }
    return;
  }
  char digits[20];
  for (const char* at = packed_.first(); at != packed_.end();) {
    const char* const score_at = packed_.Next(at);
    if (!visit(packed_.Get(at).Bytes(digits), packed_zset::ScoreOf(packed_.Get(score_at)))) return;
    at = packed_.Next(score_at);
  }
}

template <typename Visitor>
void SortedSetView::VisitRandom(Random& random, Visitor&& visit) const {
  if (object_ != nullptr) {
    const ScoredMember* const member = object_->index().Random(random);
    return visit(member->key(), member->score());
  }
  Visit(random.Below(size()), 1, Direction::kForward, visit);
}

}  // namespace ringtail::storage
