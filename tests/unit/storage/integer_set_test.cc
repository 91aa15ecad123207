#include "storage/integer_set.h"

#include <gtest/gtest.h>

#include <iterator>
#include <set>

#include "storage/packed.h"
#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

std::vector<int64_t> Members(std::string_view bytes) {
  const IntegerSetView view(bytes);
  std::vector<int64_t> members;
  for (size_t i = 0; i < view.count(); ++i) members.push_back(view.At(i));
  return members;
}

TEST(IntegerSet, AnEmptyOneIsNoBytes) {
  PackedBuffer buffer;
  EXPECT_EQ(IntegerSetView(buffer.bytes()).count(), 0U);
  EXPECT_FALSE(IntegerSetView(buffer.bytes()).Find(0).is_found);
  integer_set::Insert(buffer, 7);
  integer_set::EraseAt(buffer, 0);
  EXPECT_TRUE(buffer.bytes().empty());
}

TEST(IntegerSet, TenSmallIntegersTakeTwoBytesEachAndOne) {
  PackedBuffer buffer;
  for (int64_t value = 1000; value < 1010; ++value) integer_set::Insert(buffer, value);
  EXPECT_EQ(buffer.bytes().size(), 21U);
}

TEST(IntegerSet, AWiderIntegerWidensAllOfThem) {
  for (const int64_t wide : {int64_t{32768}, int64_t{-32769}, INT64_MAX, INT64_MIN}) {
    PackedBuffer buffer;
    for (const int64_t value : {3, -7, 32767, -32768, 0}) integer_set::Insert(buffer, value);
    EXPECT_TRUE(integer_set::Insert(buffer, wide));
    std::vector<int64_t> expected = {-32768, -7, 0, 3, 32767};
    expected.insert(wide < 0 ? expected.begin() : expected.end(), wide);
    EXPECT_EQ(Members(buffer.bytes()), expected);
    EXPECT_FALSE(integer_set::Insert(buffer, wide));
  }
}

TEST(IntegerSet, DoesAsAStdSet) {
  Random random(RunSeed());
  PackedBuffer buffer;
  std::set<int64_t> model;
  for (int i = 0; i < Operations(1'000'000); ++i) {
    // Sixteen bits only for the first part, so that each width sees long histories.
    const unsigned bits = i < Operations(300'000) ? 49U : i < Operations(600'000) ? 33U : 1U;
    const auto value = random.Below(2) == 0
                           ? static_cast<int64_t>(random.Below(200)) - 100
                           : static_cast<int64_t>(random.Next()) >> (bits + random.Below(15));
    const auto position = IntegerSetView(buffer.bytes()).Find(value);
    ASSERT_EQ(position.is_found, model.contains(value));
    if (random.Below(10) < (model.size() < 400 ? 6U : 3U)) {
      ASSERT_EQ(integer_set::Insert(buffer, value), model.insert(value).second);
    } else if (position.is_found) {
      ASSERT_EQ(IntegerSetView(buffer.bytes()).At(position.index), value);
      integer_set::EraseAt(buffer, position.index);
      model.erase(value);
    }
    ASSERT_EQ(IntegerSetView(buffer.bytes()).count(), model.size());
    if (i % 1000 == 0) {
      ASSERT_EQ(IntegerSetView(buffer.bytes()).Verify(), nullptr);
      ASSERT_EQ(Members(buffer.bytes()), std::vector<int64_t>(model.begin(), model.end()));
    }
  }
}

}  // namespace
}  // namespace ringtail::storage
