// Every client of the server by its id, for those who ask about clients of other workers.
//
//   registry.Add(session, prepare);  …  registry.Remove(session);
//   registry.ForEach([](Session& session) { … });       // in exclusive mode, in order of id
//
// Thread rule: any thread; ForEach holds the registry's lock, so its visitor must not add or remove.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

#include "server/session.h"

namespace ringtail::server {

class ClientRegistry {
 public:
  uint64_t NextId() { return next_id_.fetch_add(1, std::memory_order_relaxed); }
  /// `prepare()` is called before anybody else can find the session, and before ForEach goes on elsewhere.
  template <typename Prepare>
  void Add(Session& session, Prepare&& prepare) {
    std::lock_guard<std::mutex> lock(mutex_);
    prepare();
    sessions_.emplace(session.client.id, &session);
  }
  void Remove(const Session& session) {
    std::lock_guard<std::mutex> lock(mutex_);
    sessions_.erase(session.client.id);
  }
  template <typename Visit>
  void ForEach(Visit&& visit) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& [id, session] : sessions_) visit(*session);
  }
  /// Calls visit(Session&) for the client of that id, if there is one.
  template <typename Visit>
  void VisitOne(uint64_t id, Visit&& visit) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto at = sessions_.find(id);
    if (at != sessions_.end()) visit(*at->second);
  }
  size_t size() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return sessions_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, Session*> sessions_;
  std::atomic<uint64_t> next_id_{1};
};

}  // namespace ringtail::server
