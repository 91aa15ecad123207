// Sorted sets, packed and large, against a std::map and a std::set.
#include "storage/zset_value.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "storage/database.h"
#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

struct FreeingDisposer : Disposer {
  void Dispose(Entry* entry) override { Entry::Destroy(entry); }
};

constexpr int64_t kNowMs = 1'750'000'000'000;
constexpr SortedSetLimits kLimits{.packed_entries_max = 32, .packed_value_bytes_max = 16};

// One key's sorted set beside its model.
class ValueAndModel {
 public:
  explicit ValueAndModel(uint64_t seed)
      : random_(seed), hasher_(seed),
        db_({.grow_load = 0.9, .retirer = nullptr, .disposer = &disposer_}) {
    Clear();
  }

  void Clear() {
    key_ = hasher_.MakeKey("z");
    found_ = db_.Find(key_);
    if (found_) db_.Erase(found_);
    db_.Add(key_.hash,
            Entry::Create({.key = "z", .type = ValueType::kSortedSet, .encoding = Encoding::kBlob}),
            kNowMs);
    found_ = db_.Find(key_);
    scores_.clear();
    order_.clear();
  }

  void Step() {
    ValuePlace place(db_, key_, found_, kNowMs);
    SortedSetEditor editor(place, kLimits);
    const std::string member = random_.Below(2) == 0 ? std::to_string(random_.Below(40))
                                                     : "m" + std::to_string(random_.Below(40));
    const double score = SomeScore();
    const auto old = editor.Find(member);
    const auto known = scores_.find(member);
    ASSERT_EQ(old.has_value(), known != scores_.end());
    if (!old) {
      editor.Add(score);
    } else {
      ASSERT_EQ(*old, known->second);
      order_.erase({known->second, member});
      if (random_.Below(2) == 0) {
        editor.Remove();
        scores_.erase(known);
        return;
      }
      editor.SetScore(score);
    }
    scores_[member] = score;
    order_.insert({score, member});
  }

  void RemoveSomeRange() {
    if (order_.empty()) return;
    const size_t first = random_.Below(order_.size());
    const size_t count = random_.Below(order_.size() - first + 1);
    ValuePlace place(db_, key_, found_, kNowMs);
    SortedSetEditor(place, kLimits).RemoveRange(first, count);
    const auto begin = std::next(order_.begin(), static_cast<std::ptrdiff_t>(first));
    const auto end = std::next(begin, static_cast<std::ptrdiff_t>(count));
    for (auto at = begin; at != end; ++at) scores_.erase(at->second);
    order_.erase(begin, end);
  }

  void Compare() {
    const SortedSetView view(*found_.entry);
    if (view.object() != nullptr) {
      ASSERT_EQ(view.object()->Verify(), nullptr);
    }
    ASSERT_EQ(view.size(), order_.size());
    auto expected = order_.begin();
    view.VisitAll([&](std::string_view member, double score) {
      ASSERT_EQ(expected->second, member);
      ASSERT_EQ(expected->first, score);
      ++expected;
    });
    size_t rank = 0;
    for (const auto& [score, member] : order_) {
      const auto ranked = view.Rank(member);
      ASSERT_TRUE(ranked);
      ASSERT_EQ(ranked->rank, rank++);
      ASSERT_EQ(view.Score(member), score);
    }
    const double border = SomeScore();
    size_t below = 0;
    for (const auto& item : order_) below += item.first < border ? 1 : 0;
    ASSERT_EQ(view.CountBefore(ScoreBorder{border, false}), below);
  }

 private:
  double SomeScore() {
    switch (random_.Below(4)) {
      case 0: return static_cast<double>(random_.Below(5));
      case 1: return static_cast<double>(static_cast<int64_t>(random_.Next()) >> random_.Below(63));
      case 2: return random_.Unit() * 1000 - 500;
      // The eight bytes of this one are digits.
      default: return random_.Below(2) == 0 ? 6.8213200517013251e-38 : 1e300;
    }
  }

  Random random_;
  KeyHasher hasher_;
  FreeingDisposer disposer_;
  Database db_;
  Key key_;
  Database::Found found_;
  std::map<std::string, double> scores_;
  std::set<std::pair<double, std::string>> order_;
};

TEST(SortedSetValue, AnswersAsAModelThroughRandomChanges) {
  ValueAndModel both(RunSeed());
  for (int i = 0; i < Operations(1'000'000); ++i) {
    both.Step();
    if (i % 101 == 0) both.Compare();
    if (i % 997 == 0) both.RemoveSomeRange();
    // A large one stays large; only a new one is packed again.
    if (i % 1511 == 0) both.Clear();
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace ringtail::storage
