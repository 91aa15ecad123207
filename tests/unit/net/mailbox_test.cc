#include "net/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace ringtail::net {
namespace {

TEST(Mailbox, OnlyThePushIntoAnEmptyOneAsksForAWake) {
  Mailbox mailbox;
  EXPECT_TRUE(mailbox.Push([] {}));
  EXPECT_FALSE(mailbox.Push([] {}));
  EXPECT_EQ(mailbox.RunAll(), 2u);
  EXPECT_TRUE(mailbox.Push([] {}));
}

TEST(Mailbox, TasksPushedWhileRunningWaitForTheNextRun) {
  Mailbox mailbox;
  int ran = 0;
  mailbox.Push([&] { mailbox.Push([&] { ++ran; }); });
  EXPECT_EQ(mailbox.RunAll(), 1u);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(mailbox.RunAll(), 1u);
  EXPECT_EQ(ran, 1);
}

TEST(Mailbox, TasksNeverRunAreDestroyed) {
  auto token = std::make_shared<int>(1);
  {
    Mailbox mailbox;
    mailbox.Push([token] {});
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Mailbox, EveryTaskOfEveryThreadRunsOnceAndInItsThreadsOrder) {
  constexpr int kThreadCount = 4;
  constexpr int kTaskCount = 20'000;
  Mailbox mailbox;
  std::vector<int> next(kThreadCount, 0);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreadCount; ++thread) {
    threads.emplace_back([&, thread] {
      for (int task = 0; task < kTaskCount; ++task) {
        mailbox.Push([&next, thread, task] {
          if (next[static_cast<size_t>(thread)] == task) ++next[static_cast<size_t>(thread)];
        });
      }
    });
  }
  size_t ran = 0;
  while (ran < size_t{kThreadCount} * kTaskCount) {
    ran += mailbox.RunAll();
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(next, std::vector<int>(kThreadCount, kTaskCount));
  EXPECT_TRUE(mailbox.empty());
}

}  // namespace
}  // namespace ringtail::net
