// The server's numbers in Prometheus's text format (version 0.0.4), under the names of
// redis_exporter.
//
//   MetricsInput input = ...;                          // filled from the statistics
//   std::string page = RenderMetrics(input);           // what /metrics answers
//
// Dashboards and alerts made for redis_exporter work on it: the same names, labels ("db0",
// lower-case command names) and units. What Redis has no word for carries the prefix ringtail_
// instead. PrometheusWriter is the format alone: HELP and TYPE once per name, escaped labels,
// counters, gauges, histograms.
//
// Thread rule: pure functions over their arguments.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::server {

enum class MetricType : uint8_t { kCounter, kGauge, kHistogram, kSummary };

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};
using MetricLabels = std::initializer_list<MetricLabel>;

/// Appends metrics to a string in the text format.
class PrometheusWriter {
 public:
  explicit PrometheusWriter(std::string& out) : out_(out) {}

  /// Begins a metric: its HELP and TYPE lines. The samples that follow belong to it.
  void Begin(std::string_view name, std::string_view help, MetricType type);
  /// One sample of the metric begun last. Whole numbers are written exactly up to 2^53.
  void Sample(double value, MetricLabels labels = {});
  /// A sample of a summary; the quantile is written as it is given.
  void Quantile(double quantile, double value, MetricLabels labels = {});
  /// A whole histogram. `counts` holds one count per bound, not cumulative, and one more for what
  /// lies above the last bound.
  void Histogram(std::span<const double> upper_bounds, std::span<const uint64_t> counts, double sum,
                 MetricLabels labels = {});
  /// The `_sum` and `_count` lines that end a summary.
  void SumAndCount(double sum, uint64_t count, MetricLabels labels = {});

 private:
  void Line(std::string_view suffix, MetricLabels labels, const MetricLabel* extra, double value);

  std::string& out_;
  std::string name_;
};

struct CommandMetrics {
  /// Lower case, subcommands behind a bar: "get", "config|set".
  std::string_view name;
  uint64_t calls = 0;
  uint64_t duration_us = 0;
  uint64_t rejected_calls = 0;
  uint64_t failed_calls = 0;
  /// Microseconds at 50, 99 and 99.9 percent; NaN where latency-tracking is off.
  double p50_us = std::numeric_limits<double>::quiet_NaN();
  double p99_us = std::numeric_limits<double>::quiet_NaN();
  double p999_us = std::numeric_limits<double>::quiet_NaN();
};

struct ErrorMetrics {
  /// The error's prefix: "WRONGTYPE".
  std::string_view prefix;
  uint64_t count = 0;
};

struct DatabaseMetrics {
  int index = 0;
  uint64_t keys = 0;
  uint64_t keys_expiring = 0;
  double ttl_average_seconds = 0;
};

struct WorkerMetrics {
  uint64_t connections = 0;
  uint64_t commands = 0;
};

/// Everything that RenderMetrics shows. Views must live until it returns.
struct MetricsInput {
  // Who this is: the labels of redis_instance_info.
  std::string_view role = "master";
  std::string_view redis_version;
  std::string_view ringtail_version;
  std::string_view build_id;
  std::string_view mode = "standalone";
  std::string_view os;
  std::string_view maxmemory_policy;
  std::string_view run_id;
  uint64_t tcp_port = 0;
  uint64_t process_id = 0;
  // Server
  double start_time_seconds = 0;
  uint64_t uptime_seconds = 0;
  bool is_loading = false;
  // Clients
  uint64_t connected_clients = 0;
  uint64_t blocked_clients = 0;
  uint64_t tracking_clients = 0;
  uint64_t maxclients = 0;
  uint64_t recent_input_buffer_bytes_max = 0;
  uint64_t recent_output_buffer_bytes_max = 0;
  // Memory
  uint64_t memory_used_bytes = 0;
  uint64_t memory_peak_bytes = 0;
  uint64_t memory_rss_bytes = 0;
  uint64_t memory_overhead_bytes = 0;
  uint64_t memory_startup_bytes = 0;
  uint64_t memory_dataset_bytes = 0;
  uint64_t memory_clients_bytes = 0;
  uint64_t maxmemory_bytes = 0;
  uint64_t allocator_allocated_bytes = 0;
  uint64_t allocator_active_bytes = 0;
  uint64_t allocator_resident_bytes = 0;
  uint64_t system_memory_bytes = 0;
  double fragmentation_ratio = 0;
  uint64_t lazyfree_pending_objects = 0;
  // Stats, since the start or CONFIG RESETSTAT
  uint64_t connections_received = 0;
  uint64_t tls_handshakes = 0;
  uint64_t failed_tls_handshakes = 0;
  uint64_t connections_rejected = 0;
  uint64_t commands_processed = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  uint64_t pubsub_channels = 0;
  uint64_t pubsub_patterns = 0;
  uint64_t pubsubshard_channels = 0;
  uint64_t expired_keys = 0;
  uint64_t evicted_keys = 0;
  uint64_t denied_authentications = 0;
  uint64_t denied_commands = 0;
  uint64_t denied_keys = 0;
  uint64_t denied_channels = 0;
  double cpu_system_seconds = 0;
  double cpu_user_seconds = 0;
  // Slow log
  uint64_t slowlog_length = 0;
  uint64_t slowlog_last_id = 0;
  double slowlog_last_duration_seconds = 0;
  // Tables
  std::vector<CommandMetrics> commands;
  std::vector<ErrorMetrics> errors;
  std::vector<DatabaseMetrics> databases;
  std::vector<WorkerMetrics> workers;
};

/// A metric without labels: its names and where its value stands.
struct MetricDefinition {
  std::string_view name;
  std::string_view help;
  MetricType type;
  double (*read)(const MetricsInput&);
};
/// All of them, in the order in which they are shown.
std::span<const MetricDefinition> MetricDefinitions();

/// The whole page. Linear in the number of commands and databases.
std::string RenderMetrics(const MetricsInput& input);

/// The Content-Type that Prometheus expects.
inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace ringtail::server
