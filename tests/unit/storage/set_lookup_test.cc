#include "storage/set_lookup.h"

#include <gtest/gtest.h>

#include <string>

namespace ringtail::storage {
namespace {

TEST(SetLookup, AnswersWhatTheSetAnswers) {
  const SetLimits limits{.integers_max = 50, .packed_members_max = 200};
  for (const int count : {0, 1, 5, 50, 128, 200, 300}) {
    for (const std::string prefix : {"", "member:"}) {
      DetachedSet set(limits);
      for (int i = 0; i < count; ++i) {
        const std::string member = (i % 3 == 0 ? "" : prefix) + std::to_string(i * 2);
        SetNeedle needle(member);
        set.Add(needle);
      }
      SetLookup lookup(set.view());
      for (int i = 0; i < 2 * count + 10; ++i) {
        for (const std::string& member : {std::to_string(i), prefix + std::to_string(i)}) {
          SetNeedle needle(member);
          EXPECT_EQ(lookup.Contains(needle), set.view().Contains(needle)) << member;
        }
      }
    }
  }
}

}  // namespace
}  // namespace ringtail::storage
