// Executor: serving those who wait for keys.
#include <optional>
#include <utility>

#include "commands/executor.h"
#include "commands/waiter.h"

namespace ringtail::commands {
// Serving one can make another key ready (BLMOVE), so the list grows while it is walked.
void Executor::ServeReady(const Engine::KeyLocks* held) {
  std::vector<engine::ReadyKey>& all = parts_.worker.ready;
  std::vector<engine::ReadyKey> left;
  for (size_t i = 0; i < all.size(); ++i) {
    engine::ReadyKey ready = std::move(all[i]);
    if (!ServeKey(ready, held)) left.push_back(std::move(ready));
  }
  all = std::move(left);
}

// In the order in which they came, until the key holds nothing more for them. Whoever needs a lock that is not held
// makes those behind it wait with it. False: somebody needs one.
bool Executor::ServeKey(const engine::ReadyKey& ready, const Engine::KeyLocks* held) {
  Engine& engine = parts_.engine;
  const Key key{ready.name, ready.hash};
  const bool takes_locks = held == nullptr && !execution_.is_exclusive;
  uint64_t ticket = 0;
  for (;;) {
    std::shared_ptr<engine::Waiter> next;
    {
      std::optional<Engine::KeyLocks> lock;
      if (takes_locks) lock.emplace(engine, std::span(&key, 1));
      Database* database = engine.FindDatabase(ready.db, key.hash);
      const Entry* entry = database == nullptr ? nullptr : database->Find(key).entry;
      for (;;) {
        next = engine.NextWaiter(ready.db, key, ticket, /*only_removal=*/entry == nullptr);
        if (next == nullptr) return true;
        ticket = next->ticket;
        if (entry == nullptr || next->is_woken_by_removal) break;
        if (static_cast<Waiter&>(*next).type == entry->type()) break;
      }
    }
    const auto waiter = std::static_pointer_cast<Waiter>(std::move(next));
    if (held != nullptr && !held->Covers(waiter->lock_keys)) return false;
    std::optional<Engine::KeyLocks> locks;
    if (takes_locks) locks.emplace(engine, waiter->lock_keys);
    if (waiter->is_waiting) Retry(waiter);
  }
}

void Executor::Retry(const std::shared_ptr<Waiter>& waiter) {
  proto::OutputBuffer output(retry_pool_);
  execution_.retried = waiter.get();
  {
    CommandContext context({.engine = parts_.engine,
                            .worker = parts_.worker,
                            .client = waiter->client,
                            .services = parts_.services,
                            .table = parts_.table,
                            .command = *waiter->command,
                            .execution = execution_,
                            .args = waiter->args,
                            .keys = waiter->lock_keys,
                            .arg_vector = nullptr,
                            .output = output});
    waiter->command->spec->handler(context, waiter->args);
    context.Finish();
  }
  execution_.retried = nullptr;
  if (output.is_empty()) return;
  waiter->Leave(parts_.engine);
  parts_.services.waits->Deliver(*waiter, output.TakeString());
}

bool Executor::CancelWait(Engine& engine, Waiter& waiter, bool is_exclusive) {
  std::optional<Engine::KeyLocks> locks;
  if (!is_exclusive) locks.emplace(engine, waiter.lock_keys);
  if (!waiter.is_waiting) return false;
  waiter.Leave(engine);
  return true;
}

}  // namespace ringtail::commands
