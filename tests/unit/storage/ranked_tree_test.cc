// The order of a large sorted set, against a sorted vector and a std::set.
#include "storage/ranked_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

struct MemberDeleter {
  void operator()(ScoredMember* member) const { ScoredMember::Destroy(member); }
};
using OwnedMember = std::unique_ptr<ScoredMember, MemberDeleter>;

struct InOrder {
  bool operator()(const ScoredMember* left, const ScoredMember* right) const {
    return IsScoredBefore(left->score(), left->key(), right->score(), right->key());
  }
};

// A pool of members, some of them in the tree and in the model.
class TreeAndModel {
 public:
  TreeAndModel(Random& random, size_t member_count, uint64_t score_count)
      : random_(random), score_count_(score_count) {
    for (size_t i = 0; i < member_count; ++i) {
      members_.emplace_back(ScoredMember::Create(0, "member:" + std::to_string(i)));
    }
  }

  void Step(unsigned insert_percent) {
    ScoredMember* const member = members_[random_.Below(members_.size())].get();
    const auto score = static_cast<double>(random_.Below(score_count_)) / 4;
    const bool is_in = model_.contains(member);
    const bool is_insert = random_.Below(100) < insert_percent;
    if (is_in && !is_insert) {
      tree_.Erase(*member);
      model_.erase(member);
    } else if (is_in) {
      model_.erase(member);
      tree_.SetScore(member, score);
      model_.insert(member);
    } else if (is_insert) {
      member->SetScore(score);
      tree_.Insert(member);
      model_.insert(member);
    }
  }

  void Compare() {
    ASSERT_EQ(tree_.Verify(), nullptr);
    ASSERT_EQ(tree_.size(), model_.size());
    size_t rank = 0;
    auto at = tree_.At(0);
    for (const ScoredMember* member : model_) {
      ASSERT_FALSE(at.is_end());
      ASSERT_EQ(&at.member(), member);
      ASSERT_EQ(tree_.Rank(*member), rank);
      ASSERT_EQ(&tree_.At(rank).member(), member);
      at.Advance();
      ++rank;
    }
    ASSERT_TRUE(at.is_end());
    at = model_.empty() ? RankedTree::Position() : tree_.At(model_.size() - 1);
    for (auto member = model_.rbegin(); member != model_.rend(); ++member) {
      ASSERT_EQ(&at.member(), *member);
      at.Retreat();
    }
    ASSERT_TRUE(at.is_end());
    for (double bound = -1; bound < static_cast<double>(score_count_) / 4 + 1; bound += 3.25) {
      const auto below = std::count_if(model_.begin(), model_.end(), [&](const auto* member) {
        return member->score() < bound;
      });
      ASSERT_EQ(tree_.CountWhile([&](double score, const auto&) { return score < bound; }),
                static_cast<size_t>(below));
    }
  }

  RankedTree tree_;
  std::set<ScoredMember*, InOrder> model_;

 private:
  Random& random_;
  const uint64_t score_count_;
  std::vector<OwnedMember> members_;
};

TEST(RankedTree, AnswersAsASortedSetThroughRandomChanges) {
  Random random(RunSeed());
  for (const uint64_t score_count : {1U, 50U, 4000U}) {
    TreeAndModel both(random, 5000, score_count);
    for (int i = 0; i < Operations(300'000); ++i) {
      // Times of growth and times of shrinking, so that nodes split and join at every level.
      both.Step(i / 15'000 % 2 == 0 ? 85 : 15);
      if (i % 20'000 == 0) both.Compare();
    }
    both.Compare();
    while (both.tree_.size() > 0) both.Step(0);
    both.Compare();
  }
}

TEST(RankedTree, FillsItsLeavesWhenMembersComeInOrder) {
  for (const int direction : {1, -1}) {
    std::vector<OwnedMember> members;
    RankedTree tree;
    constexpr int kCount = 100'000;
    for (int i = 0; i < kCount; ++i) {
      members.emplace_back(ScoredMember::Create(i * direction, "m"));
      tree.Insert(members.back().get());
    }
    EXPECT_EQ(tree.Verify(), nullptr);
    EXPECT_LT(tree.footprint_bytes(), size_t{kCount} * 18);
  }
}

TEST(RankedTree, TakesOutFromBothEndsToTheLast) {
  std::vector<OwnedMember> members;
  RankedTree tree;
  for (int i = 0; i < 20'000; ++i) {
    members.emplace_back(ScoredMember::Create(i, "m"));
    tree.Insert(members.back().get());
  }
  for (size_t i = 0; i < members.size() / 2; ++i) {
    tree.Erase(tree.At(0).member());
    tree.Erase(tree.At(tree.size() - 1).member());
    if (i % 1000 != 0) continue;
    ASSERT_EQ(tree.Verify(), nullptr);
  }
  EXPECT_EQ(tree.size(), 0U);
  EXPECT_EQ(tree.footprint_bytes(), 0U);
}

}  // namespace
}  // namespace ringtail::storage
