#include "engine/exclusive_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ringtail::engine {
namespace {

TEST(ExclusiveGate, OneParticipantIsShutOutByItself) {
  ExclusiveGate gate(1);
  EXPECT_TRUE(gate.Enter(0));
  EXPECT_TRUE(gate.Acquire(0));
  gate.ShutOut(0);
  EXPECT_FALSE(gate.Breathe(0));
  gate.Leave(0);
  EXPECT_FALSE(gate.Enter(0));
  gate.ComeBack(0);
  gate.Release(0);
  EXPECT_TRUE(gate.Enter(0));
}

// Four threads change what only one may change at a time: shared among all inside, alone when exclusive, and for a while from
// outside of everybody's batches. Nobody may ever be inside while another one is alone.
TEST(ExclusiveGate, NobodyIsInsideWhileAnotherOneIsAlone) {
  constexpr size_t kThreads = 4;
  constexpr int kRounds = 300;
  ExclusiveGate gate(kThreads);
  std::atomic<int> inside{0};
  std::atomic<int> shut_out{0};
  int64_t guarded = 0;        // changed by whoever is alone, read by whoever is inside
  int64_t expected = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        if (!gate.Enter(t)) {
          gate.Leave(t);
          shut_out.fetch_add(1);
          std::this_thread::yield();
          continue;
        }
        inside.fetch_add(1);
        EXPECT_EQ(guarded, expected);
        inside.fetch_sub(1);
        if (round % 5 == static_cast<int>(t)) {
          if (gate.Acquire(t)) {
            EXPECT_EQ(inside.load(), 0);
            ++guarded;
            ++expected;
            if (round % 3 == 0) {
              gate.ShutOut(t);
              gate.Leave(t);
              for (int slice = 0; slice < 3; ++slice) {
                std::this_thread::yield();
                EXPECT_FALSE(gate.Enter(t));
                gate.Leave(t);
                gate.ComeBack(t);
                EXPECT_EQ(inside.load(), 0);
                ++guarded;
                ++expected;
                if (slice < 2) gate.ShutOut(t);
              }
            }
            gate.Release(t);
          }
        } else if (!gate.Breathe(t)) {
          shut_out.fetch_add(1);
        }
        gate.Leave(t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(guarded, expected);
  EXPECT_EQ(inside.load(), 0);
}

}  // namespace
}  // namespace ringtail::engine
