#include "storage/set_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

constexpr int64_t kNowMs = 1'750'000'000'000;

// A set under a key of a database, beside a std::set of what it should hold.
class SetModel {
 public:
  explicit SetModel(uint64_t seed) : random(seed), key_(hasher_.MakeKey("a set")) {}

  // Calls with an editor of the set, which is made if it is not there, and erases it if it is left
  // empty.
  template <typename Change>
  void Edit(Change&& change) {
    if (!Find()) {
      database_.Add(key_.hash, Entry::Create({.key = key_.bytes, .type = ValueType::kSet}), kNowMs);
    }
    Database::Found found = Find();
    ValuePlace place(database_, key_, found, kNowMs);
    SetEditor editor(place, limits);
    change(editor);
    ASSERT_EQ(editor.count(), model.size());
    if (model.empty()) database_.Erase(Find());
  }
  void Add(const std::string& member) {
    Edit([&](SetEditor& set) {
      SetNeedle needle(member);
      if (set.count() == 0) set.Begin(needle, 1);
      ASSERT_EQ(set.Add(needle), model.insert(member).second);
    });
  }
  void Remove(const std::string& member) {
    Edit([&](SetEditor& set) {
      SetNeedle needle(member);
      ASSERT_EQ(set.Remove(needle), model.erase(member) == 1);
    });
  }
  void Pop(size_t count) {
    const size_t size = model.size();
    Edit([&](SetEditor& set) {
      const auto taken = [&](const PackedElement& member) {
        ASSERT_EQ(model.erase(member.String()), 1U);
      };
      count == 1 ? set.Pop(random, taken) : set.PopMany(count, random, taken);
    });
    ASSERT_EQ(model.size(), size - count);
  }
  void Compare() {
    const SetView set = view();
    ASSERT_EQ(set.Verify(), nullptr);
    std::set<std::string> seen;
    set.ForEach([&](const PackedElement& member) {
      ASSERT_TRUE(seen.insert(member.String()).second);
    });
    ASSERT_EQ(seen, model);
    seen.clear();
    set.ForEachWhile([&](const PackedElement& member) {
      return seen.insert(member.String()).second;
    });
    ASSERT_EQ(seen, model);
  }
  SetView view() const {
    const Database::Found found = Find();
    return found ? SetView(*found.entry) : SetView();
  }
  Database::Found Find() const { return database_.Find(key_); }

  Random random;
  SetLimits limits;
  std::set<std::string> model;

 private:
  KeyHasher hasher_{1};
  Key key_;
  Database database_{Database::Options{}};
};

std::string SomeMember(Random& random) {
  switch (random.Below(8)) {
    case 0:
      return std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(64));
    case 1:
      return std::string(random.Below(300), 'x');
    case 2:
      return "member:" + std::to_string(random.Below(1000));
    default:
      return std::to_string(random.Below(400));
  }
}

TEST(SetValue, DoesAsAStdSetInEveryShape) {
  SetModel set(RunSeed());
  std::map<SetShape, int> shapes;
  for (int i = 0; i < Operations(1'000'000); ++i) {
    Random& random = set.random;
    // Phases of mostly integers keep the set from being a table for ever.
    const std::string member =
        i / 2000 % 2 == 0 ? std::to_string(random.Below(700)) : SomeMember(random);
    const uint64_t kind = random.Below(1000);
    if (kind < 550) {
      set.Add(member);
    } else if (kind < 950) {
      set.Remove(member);
    } else if (kind < 990) {
      SetNeedle needle(member);
      ASSERT_EQ(set.view().Contains(needle), set.model.contains(member));
    } else if (!set.model.empty()) {
      set.Pop(kind < 998 ? 1 : random.Below(set.model.size()));
      if (kind == 999 && set.model.size() > 1) set.Pop(set.model.size() - 1);
      if (kind == 999 && !set.model.empty()) set.Pop(1);
    }
    ASSERT_EQ(set.view().count(), set.model.size());
    ++shapes[set.view().shape()];
    if (i % 500 == 0) set.Compare();
  }
  EXPECT_EQ(shapes.size(), 3U);
}

TEST(SetValue, ShapesChangeAtTheirLimits) {
  SetModel integers(1);
  for (int i = 0; i < 512; ++i) integers.Add(std::to_string(i));
  EXPECT_EQ(integers.view().shape(), SetShape::kIntegers);
  integers.Add("512");
  EXPECT_EQ(integers.view().shape(), SetShape::kTable);

  SetModel packed(1);
  for (int i = 0; i < 127; ++i) packed.Add(std::to_string(i));
  packed.Add(std::string(64, 'x'));
  EXPECT_EQ(packed.view().shape(), SetShape::kPacked);
  packed.Add("128");
  EXPECT_EQ(packed.view().shape(), SetShape::kTable);

  SetModel mixed(1);
  for (int i = 0; i < 128; ++i) mixed.Add(std::to_string(i));
  EXPECT_EQ(mixed.view().shape(), SetShape::kIntegers);
  mixed.Add("word");
  EXPECT_EQ(mixed.view().shape(), SetShape::kTable);

  SetModel lengthy(1);
  lengthy.Add("1");
  lengthy.Add(std::string(65, 'x'));
  EXPECT_EQ(lengthy.view().shape(), SetShape::kTable);
  lengthy.Compare();
}

TEST(SetValue, ACopyOfATableSharesNothing) {
  SetModel set(1);
  for (int i = 0; i < 1000; ++i) set.Add("member:" + std::to_string(i));
  const std::unique_ptr<Object> copy = set.view().table()->Clone();
  set.Remove("member:7");
  EXPECT_EQ(copy->element_count(), 1000U);
  EXPECT_EQ(copy->Verify(), nullptr);
}

TEST(SetValue, ATablesFootprintIsWhatItTook) {
  memory::FoldThreadCount();
  const auto before = memory::UsedBytes();
  SetTable table;
  for (int i = 0; i < 100'000; ++i) {
    const std::string member = "member:" + std::to_string(i * 7919);
    table.Add(MemberHasher().MakeKey(member));
  }
  memory::FoldThreadCount();
  const auto taken = static_cast<double>(memory::UsedBytes() - before);
  EXPECT_NEAR(static_cast<double>(table.footprint_bytes()), taken, taken * 0.05);
}

// ---- Chance

// Pearson's statistic of counts that should be equal, less its expectation, in standard deviations.
double ChiSquareDeviation(const std::vector<int>& counts, double expected) {
  double statistic = 0;
  for (const int count : counts) {
    statistic += (count - expected) * (count - expected) / expected;
  }
  const auto freedom = static_cast<double>(counts.size() - 1);
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

// Six standard deviations: wrong alarms once in some 10^7 runs.
constexpr double kDeviationMax = 6;

// Sets of each shape with members 0 to count - 1; a table when that is above 512 or there are
// words.
struct Shaped {
  SetShape shape;
  int count;
  const char* prefix;
};
const Shaped kShaped[] = {{SetShape::kIntegers, 50, ""},
                          {SetShape::kPacked, 50, "m"},
                          {SetShape::kTable, 700, "m"},
                          {SetShape::kTable, 5000, "m"}};

void Fill(SetModel& set, const Shaped& shaped) {
  for (int i = 0; i < shaped.count; ++i) set.Add(shaped.prefix + std::to_string(i));
  ASSERT_EQ(set.view().shape(), shaped.shape);
}
int NumberOf(const PackedElement& member, const Shaped& shaped) {
  return std::stoi(member.String().substr(std::strlen(shaped.prefix)));
}

TEST(SetValue, EveryMemberIsDrawnAlikeOften) {
  for (const Shaped& shaped : kShaped) {
    SetModel set(RunSeed());
    Fill(set, shaped);
    std::vector<int> counts(static_cast<size_t>(shaped.count));
    const int draw_count = shaped.count * 100;
    for (int i = 0; i < draw_count; ++i) {
      ++counts[static_cast<size_t>(NumberOf(set.view().Random(set.random), shaped))];
    }
    EXPECT_LT(std::abs(ChiSquareDeviation(counts, 100)), kDeviationMax) << shaped.count;
  }
}

TEST(SetValue, EveryMemberIsInASampleAlikeOften) {
  for (const Shaped& shaped : kShaped) {
    SetModel set(RunSeed());
    Fill(set, shaped);
    for (const size_t sample_size : {size_t{5}, static_cast<size_t>(shaped.count) / 2}) {
      std::vector<int> counts(static_cast<size_t>(shaped.count));
      const int sample_count = 100 * shaped.count / static_cast<int>(sample_size);
      for (int i = 0; i < sample_count; ++i) {
        std::set<int> sample;
        set.view().Sample(sample_size, set.random, [&](const PackedElement& member) {
          sample.insert(NumberOf(member, shaped));
        });
        ASSERT_EQ(sample.size(), sample_size);
        for (const int number : sample) ++counts[static_cast<size_t>(number)];
      }
      // Without replacement counts spread less, never more.
      EXPECT_LT(ChiSquareDeviation(counts, 100), kDeviationMax) << shaped.count;
    }
  }
}

TEST(SetValue, EveryMemberIsPoppedFirstAlikeOften) {
  for (const Shaped& shaped : {kShaped[0], kShaped[1]}) {
    SetModel set(RunSeed());
    std::vector<int> counts(static_cast<size_t>(shaped.count));
    Fill(set, shaped);
    for (int i = 0; i < shaped.count * 100; ++i) {
      std::string popped;
      set.Edit([&](SetEditor& editor) {
        editor.Pop(set.random, [&](const PackedElement& member) { popped = member.String(); });
        set.model.erase(popped);
      });
      set.Add(popped);
      ++counts[static_cast<size_t>(std::stoi(popped.substr(std::strlen(shaped.prefix))))];
    }
    EXPECT_LT(std::abs(ChiSquareDeviation(counts, 100)), kDeviationMax);
  }
}

TEST(SetValue, EveryMemberIsLeftByAPopOfManyAlikeOften) {
  const Shaped shaped{SetShape::kTable, 600, "m"};
  std::vector<int> counts(600);
  SetModel set(RunSeed());
  for (int i = 0; i < 600; ++i) {
    Fill(set, shaped);
    set.Pop(500);
    for (const std::string& left : set.model) {
      ++counts[static_cast<size_t>(std::stoi(left.substr(1)))];
    }
    set.Pop(99);
    set.Pop(1);
  }
  EXPECT_LT(ChiSquareDeviation(counts, 100), kDeviationMax);
}

}  // namespace
}  // namespace ringtail::storage
