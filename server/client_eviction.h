// Keeps the memory of all clients together under maxmemory-clients, by hanging up on those who use
// most of it.
//
//   eviction.Run(config);                    // about ten times a second, and when the limit changes
//   eviction.Evict(connection, id, bytes);   // one that alone has more than all may have, at once
//
// Whoever said CLIENT NO-EVICT ON is spared, though counted. Thread rule: Run on worker 0, Evict on
// the connection's worker; the rest from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringtail::net {
class Connection;
}

namespace ringtail::server {

struct Config;
class Server;

class ClientEviction {
 public:
  explicit ClientEviction(Server& server) : server_(server) {}

  void Run(const Config& config);
  /// Hangs up on a client, says so in the log, and counts it.
  void Evict(net::Connection& connection, uint64_t client_id, uint64_t bytes);
  /// Bytes that all clients may use; 0 is no limit.
  static uint64_t BytesMax(const Config& config);
  uint64_t evicted_count() const { return evicted_count_.load(std::memory_order_relaxed); }
  void ResetCount() { evicted_count_.store(0, std::memory_order_relaxed); }

 private:
  Server& server_;
  std::atomic<uint64_t> evicted_count_{0};
};

}  // namespace ringtail::server
