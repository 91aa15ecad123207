#include "base/fiber.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csetjmp>
#include <string>

namespace ringtail {
namespace {

constexpr size_t kStackBytes = size_t{1} << 20;

struct Work {
  explicit Work(int pause_count) : pauses_left(pause_count) {}
  Fiber fiber{kStackBytes};
  std::string trace;
  int pauses_left;

  static void Run(void* argument) {
    auto& work = *static_cast<Work*>(argument);
    std::string local = "local";
    while (work.pauses_left-- > 0) {
      work.trace += "p";
      work.fiber.Suspend();
      EXPECT_EQ(local, "local");
    }
    work.trace += "e";
  }
};

TEST(Fiber, WorkThatNeverPausesIsDoneAtOnce) {
  Work work(0);
  EXPECT_TRUE(work.fiber.Start(&Work::Run, &work));
  EXPECT_FALSE(work.fiber.is_busy());
  EXPECT_EQ(work.trace, "e");
}

TEST(Fiber, WorkGoesOnWhereItWasLeft) {
  Work work(2);
  EXPECT_FALSE(work.fiber.Start(&Work::Run, &work));
  EXPECT_TRUE(work.fiber.is_busy());
  work.trace += "1";
  EXPECT_FALSE(work.fiber.Resume());
  work.trace += "2";
  EXPECT_TRUE(work.fiber.Resume());
  EXPECT_EQ(work.trace, "p1p2e");
}

TEST(Fiber, OneFiberDoesOnePieceOfWorkAfterAnother) {
  Work work(0);
  for (int i = 0; i < 1000; ++i) {
    work.pauses_left = i % 3;
    bool is_done = work.fiber.Start(&Work::Run, &work);
    while (!is_done) is_done = work.fiber.Resume();
  }
  EXPECT_EQ(std::ranges::count(work.trace, 'e'), 1000);
}

// The interpreter leaves its frames by longjmp, on whatever stack they are.
TEST(Fiber, AJumpWithinTheFiberSurvivesAPause) {
  struct Jump {
    Fiber fiber{kStackBytes};
    int value = 0;
    static void Run(void* argument) {
      auto& jump = *static_cast<Jump*>(argument);
      std::jmp_buf place;
      if (setjmp(place) == 0) {
        jump.fiber.Suspend();
        std::longjmp(place, 1);
      }
      jump.value = 7;
    }
  } jump;
  EXPECT_FALSE(jump.fiber.Start(&Jump::Run, &jump));
  EXPECT_TRUE(jump.fiber.Resume());
  EXPECT_EQ(jump.value, 7);
}

}  // namespace
}  // namespace ringtail
