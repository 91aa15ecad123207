#include "server/client_eviction.h"

#include <algorithm>
#include <vector>

#include "server/logging.h"
#include "server/server.h"

namespace ringtail::server {

// A share of maxmemory means nothing without one.
uint64_t ClientEviction::BytesMax(const Config& config) {
  const BytesOrPercent& max = config.clients.memory_max;
  return max.percent == 0 ? max.bytes : config.memory.maxmemory_bytes / 100 * max.percent;
}

void ClientEviction::Evict(net::Connection& connection, uint64_t client_id, uint64_t bytes) {
  if (connection.is_closing()) return;
  connection.state<Session>().published.is_gone.store(true, std::memory_order_relaxed);
  evicted_count_.fetch_add(1, std::memory_order_relaxed);
  LOG(WARNING) << "Evicting client: id=" << client_id << " tot-mem=" << bytes;
  connection.CloseNow();
}

void ClientEviction::Run(const Config& config) {
  const uint64_t max = BytesMax(config);
  if (max == 0) return;
  struct Candidate {
    uint64_t bytes;
    uint64_t id;
    net::ConnectionId connection;
  };
  std::vector<Candidate> candidates;
  uint64_t total = 0;
  server_.clients().ForEach([&](const Session& session) {
    if (session.published.is_gone.load(std::memory_order_relaxed)) return;
    const uint64_t bytes = session.published.memory_bytes.load(std::memory_order_relaxed);
    total += bytes;
    if (session.published.is_no_evict.load(std::memory_order_relaxed)) return;
    candidates.push_back({bytes, session.client.id, session.connection().id()});
  });
  if (total <= max) return;
  std::ranges::sort(candidates, std::greater<>(), &Candidate::bytes);
  for (const Candidate& candidate : candidates) {
    if (total <= max) return;
    total -= candidate.bytes;
    // For CLIENT LIST it is gone from now on.
    server_.clients().VisitOne(candidate.id, [](Session& session) {
      session.published.is_gone.store(true, std::memory_order_relaxed);
    });
    server_.network().PostTo(candidate.connection, [this, candidate](net::Connection& connection) {
      Evict(connection, candidate.id, candidate.bytes);
    });
  }
}

}  // namespace ringtail::server
