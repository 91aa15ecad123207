// Keeps the memory of all clients together under maxmemory-clients, by hanging up on those who use
// most of it.
//
//   eviction.Run();      // about ten times a second
//
// Whoever said CLIENT NO-EVICT ON is spared, though counted. Thread rule: Run on worker 0; the
// count from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringtail::server {

class Server;

class ClientEviction {
 public:
  explicit ClientEviction(Server& server) : server_(server) {}

  void Run();
  uint64_t evicted_count() const { return evicted_count_.load(std::memory_order_relaxed); }
  void ResetCount() { evicted_count_.store(0, std::memory_order_relaxed); }

 private:
  /// Bytes that all clients may use; 0 is no limit.
  uint64_t BytesMax() const;

  Server& server_;
  std::atomic<uint64_t> evicted_count_{0};
};

}  // namespace ringtail::server
