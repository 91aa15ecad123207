#include "storage/packed.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

std::string RandomValue(Random& random) {
  switch (random.Below(8)) {
    case 0:
      return std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(64));
    case 1:
      return std::string(random.Below(70), 'x');
    case 2:
      return std::string(4090 + random.Below(12), 'y');
    case 3:
      return "-0";
    case 4:
      return std::to_string(random.Below(130));
    default:
      return "member:" + std::to_string(random.Below(1000));
  }
}

std::vector<std::string> Forwards(const PackedView& view) {
  std::vector<std::string> values;
  for (const char* at = view.first(); at != view.end(); at = view.Next(at)) {
    values.push_back(view.Get(at).String());
  }
  return values;
}

std::vector<std::string> Backwards(const PackedView& view) {
  std::vector<std::string> values;
  for (const char* at = view.end(); at != view.first();) {
    at = view.Previous(at);
    values.insert(values.begin(), view.Get(at).String());
  }
  return values;
}

TEST(Packed, EveryIntegerWidthReadsBackAsItWasWritten) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (const int64_t offset : {-1, 0, 1}) {
      for (const int64_t sign : {-1, 1}) {
        const auto number = static_cast<int64_t>(
            static_cast<uint64_t>(sign) * (uint64_t{1} << bits) + static_cast<uint64_t>(offset));
        PackedBuffer buffer;
        packed::Append(buffer, std::to_string(number));
        const PackedView view(buffer.bytes());
        EXPECT_TRUE(view.Get(view.first()).is_int());
        EXPECT_EQ(view.Get(view.first()).number(), number);
        EXPECT_EQ(view.Verify(), nullptr);
      }
    }
  }
}

TEST(Packed, TextsThatOnlyLookLikeIntegersStayTexts) {
  for (const std::string text : {"", "-0", "01", "+1", " 1", "1 ", "9223372036854775808"}) {
    PackedBuffer buffer;
    packed::Append(buffer, text);
    EXPECT_FALSE(PackedView(buffer.bytes()).Get(PackedView(buffer.bytes()).first()).is_int());
    EXPECT_EQ(Forwards(PackedView(buffer.bytes())), std::vector<std::string>{text});
  }
}

TEST(Packed, BehavesLikeAVectorUnderRandomChanges) {
  Random random(RunSeed());
  PackedBuffer buffer;
  std::vector<std::string> model;
  for (int i = 0; i < Operations(1'000'000) / 4; ++i) {
    const PackedView view(buffer.bytes());
    const size_t index = random.Below(model.size() + 1);
    const char* at = index == model.size() ? view.end() : view.At(static_cast<int64_t>(index));
    const size_t offset = view.OffsetOf(at);
    const auto place = model.begin() + static_cast<int64_t>(index);
    const uint64_t kind = random.Below(model.size() > 40 ? 10 : 4);
    if (kind < 2 || index == model.size()) {
      model.insert(place, RandomValue(random));
      packed::Insert(buffer, offset, model[index]);
    } else if (kind < 4) {
      *place = RandomValue(random);
      packed::Replace(buffer, offset, PackedNeedle(*place));
    } else {
      const size_t count = 1 + random.Below(model.size() - index);
      model.erase(place, place + static_cast<int64_t>(count));
      packed::Erase(buffer, offset, count);
    }
    const PackedView changed(buffer.bytes());
    ASSERT_EQ(changed.count(), model.size());
    if (i % 64 != 0) continue;
    ASSERT_EQ(changed.Verify(), nullptr);
    ASSERT_EQ(Forwards(changed), model);
    ASSERT_EQ(Backwards(changed), model);
    const std::string wanted = RandomValue(random);
    const char* const found = changed.Find(changed.first(), PackedNeedle(wanted));
    const auto expected = std::find(model.begin(), model.end(), wanted);
    ASSERT_EQ(found == changed.end(), expected == model.end());
    if (found != changed.end()) {
      ASSERT_EQ(found, changed.At(expected - model.begin()));
      ASSERT_EQ(found, changed.At((expected - model.begin()) - static_cast<int64_t>(model.size())));
    }
  }
}

TEST(Packed, CountsBeyondWhatItsHeaderHolds) {
  PackedBuffer buffer;
  for (int i = 0; i < 65'600; ++i) packed::Append(buffer, "1");
  EXPECT_EQ(PackedView(buffer.bytes()).count(), 65'600U);
  EXPECT_EQ(PackedView(buffer.bytes()).Verify(), nullptr);
}

}  // namespace
}  // namespace ringtail::storage
