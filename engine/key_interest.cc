#include "engine/key_interest.h"

#include <algorithm>
#include <utility>

namespace ringtail::engine {

KeyInterests::Interest& KeyInterests::Get(int db, const storage::Key& key) {
  const auto at = interests_.find(ViewOf(db, key));
  if (at != interests_.end()) return at->second;
  return interests_[Place{db, std::string(key.bytes), key.hash.bits()}];
}

void KeyInterests::DropIfEmpty(Interests::iterator at) {
  if (at->second.waiters.empty() && at->second.watchers.empty()) interests_.erase(at);
}

void KeyInterests::AddWatcher(int db, const storage::Key& key, Watcher& watcher) {
  auto& watchers = Get(db, key).watchers;
  if (std::ranges::find(watchers, &watcher) == watchers.end()) watchers.push_back(&watcher);
}

void KeyInterests::RemoveWatcher(int db, const storage::Key& key, const Watcher& watcher) {
  const auto at = interests_.find(ViewOf(db, key));
  if (at == interests_.end()) return;
  std::erase(at->second.watchers, &watcher);
  DropIfEmpty(at);
}

void KeyInterests::AddWaiter(int db, const storage::Key& key, std::shared_ptr<Waiter> waiter) {
  Interest& interest = Get(db, key);
  const bool is_woken_by_removal = waiter->is_woken_by_removal;
  const uint64_t ticket = waiter->ticket;
  const bool is_new = interest.waiters.emplace(ticket, std::move(waiter)).second;
  interest.removal_waiter_count += is_new && is_woken_by_removal;
}

void KeyInterests::RemoveWaiter(int db, const storage::Key& key, const Waiter& waiter) {
  const auto at = interests_.find(ViewOf(db, key));
  if (at == interests_.end()) return;
  const bool is_woken_by_removal = waiter.is_woken_by_removal;
  const bool was_there = at->second.waiters.erase(waiter.ticket) != 0;
  at->second.removal_waiter_count -= was_there && is_woken_by_removal;
  DropIfEmpty(at);
}

bool KeyInterests::NoteChange(int db, const storage::Key& key) {
  const auto at = interests_.find(ViewOf(db, key));
  if (at == interests_.end()) return false;
  for (Watcher* watcher : at->second.watchers) {
    watcher->is_dirty.store(true, std::memory_order_relaxed);
  }
  return !at->second.waiters.empty();
}

std::shared_ptr<Waiter> KeyInterests::NextWaiter(int db, const storage::Key& key, uint64_t after,
                                                 bool only_removal) const {
  const auto found = interests_.find(ViewOf(db, key));
  if (found == interests_.end()) return nullptr;
  const Interest& interest = found->second;
  if (only_removal && interest.removal_waiter_count == 0) return nullptr;
  auto at = interest.waiters.upper_bound(after);
  while (at != interest.waiters.end() && only_removal && !at->second->is_woken_by_removal) ++at;
  return at == interest.waiters.end() ? nullptr : at->second;
}

}  // namespace ringtail::engine
