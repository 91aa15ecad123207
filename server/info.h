// INFO, MEMORY's figures and the /metrics page: all that the server counts, added up over its workers.
//
//   Info info(server);
//   services.info = &info;
//   http route "/metrics": info.Metrics()
//
// Thread rule: commands::InfoService's functions by workers; Metrics by any thread (it shows the keyspace as
// PublishKeyspace, worker 0's, saw it last).
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "commands/info_service.h"
#include "engine/engine.h"

namespace ringtail::server {

class Server;

class Info final : public commands::InfoService {
 public:
  explicit Info(Server& server);

  std::string Render(const std::set<std::string>& sections) override;
  std::vector<Figure> MemoryFigures() override;
  std::string MemoryAdvice() override;
  std::string AllocatorReport() override;

  /// The Prometheus page.
  std::string Metrics();
  /// Takes note of the databases' sizes and of the rates; worker 0, about ten times a second.
  void PublishKeyspace();

 private:
  using DatabaseSize = engine::Engine::DatabaseSize;
  /// Totals over all workers.
  struct Totals {
    uint64_t commands = 0;
    uint64_t errors = 0;
    uint64_t input_bytes = 0;
    uint64_t output_bytes = 0;
    uint64_t connections = 0;
    uint64_t accepted = 0;
    uint64_t handshakes = 0;
    uint64_t failed_handshakes = 0;
    uint64_t reads = 0;
    uint64_t writes = 0;
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t expired = 0;
    uint64_t evicted = 0;
    uint64_t changes = 0;
    uint64_t eviction_ns = 0;
    uint64_t expire_slice_ns_max = 0;
    uint64_t monitors = 0;
  };
  struct Rates {
    double commands_per_second = 0;
    double input_kib_per_second = 0;
    double output_kib_per_second = 0;
  };

  Totals AddUp() const;
  std::vector<DatabaseSize> Sizes();
  uint64_t OverheadBytes(const std::vector<DatabaseSize>& sizes) const;
  void Server_(std::string& out) const;
  void Clients(std::string& out, const Totals& totals) const;
  void Memory(std::string& out);
  void Persistence(std::string& out, const Totals& totals) const;
  void Stats(std::string& out, const Totals& totals);
  void Replication(std::string& out) const;
  void Cpu(std::string& out) const;
  void CommandStats(std::string& out) const;
  void ErrorStats(std::string& out) const;
  void LatencyStats(std::string& out) const;
  void Keyspace(std::string& out);

  Server& server_;
  const std::string run_id_;
  const std::string replication_id_;
  const int64_t startup_bytes_;
  std::mutex mutex_;  // guards what follows
  std::vector<DatabaseSize> published_sizes_;
  Rates rates_;
  Totals sampled_;
  int64_t sampled_ns_ = 0;
};

}  // namespace ringtail::server
