#include "engine/engine.h"

#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"

namespace ringtail::engine {
namespace {

TEST(Engine, EndsWhileFlushedDatabasesAreBeingFreed) {
  const SystemClock clock;
  for (int round = 0; round < 5; ++round) {
    Engine engine({.worker_count = 2, .clock = &clock});
    WorkerState& worker = engine.worker(0);
    engine.BeginBatch(worker);
    for (int i = 0; i < 20'000; ++i) {
      const std::string name = "key:" + std::to_string(i);
      const Key key = engine.MakeKey(name);
      Database& database = engine.GetDatabase(0, key.hash);
      database.SetString(key, database.Find(key), "value", storage::kNoExpiry, worker.now_ms);
    }
    {
      const auto alone = engine.Exclusive(worker);
      EXPECT_EQ(engine.Flush(-1, /*in_background=*/true), 20'000u);
    }
    engine.EndBatch(worker);
  }
}

}  // namespace
}  // namespace ringtail::engine
