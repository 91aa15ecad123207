#include "server/metrics_text.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace ringtail::server {
namespace {

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kSummary:
      return "summary";
  }
  return "untyped";
}

void AppendNumber(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  // Doubles hold whole numbers exactly up to 2^53; 17 digits bring any double back.
  const bool is_whole = std::abs(value) <= 0x1.0p53 && std::trunc(value) == value;
  std::array<char, 32> digits;
  const int size = is_whole ? std::snprintf(digits.data(), digits.size(), "%.0f", value)
                            : std::snprintf(digits.data(), digits.size(), "%.17g", value);
  out.append(digits.data(), static_cast<size_t>(size));
}

// A shorter form for bounds and quantiles, which people compare by eye: 0.99, not
// 0.98999999999999999.
std::string ShortNumber(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> digits;
  const int size = std::snprintf(digits.data(), digits.size(), "%.10g", value);
  return std::string(digits.data(), static_cast<size_t>(size));
}

void AppendEscaped(std::string_view text, bool is_label, std::string& out) {
  for (const char byte : text) {
    if (byte == '\\') {
      out += "\\\\";
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '"' && is_label) {
      out += "\\\"";
    } else {
      out += byte;
    }
  }
}

void AppendLabel(const MetricLabel& label, bool is_first, std::string& out) {
  if (!is_first) out += ',';
  out += label.name;
  out += "=\"";
  AppendEscaped(label.value, /*is_label=*/true, out);
  out += '"';
}

double Seconds(uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

// Reads one field, so that a line of the table below names nothing but its metric.
template <auto kField>
double Read(const MetricsInput& input) {
  return static_cast<double>(input.*kField);
}

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
using In = MetricsInput;

// redis_exporter's names; where it shows a gauge under a name that ends in _total, so does this.
constexpr MetricDefinition kDefinitions[] = {
    {"redis_uptime_in_seconds", "Seconds since the start", kGauge, Read<&In::uptime_seconds>},
    {"redis_start_time_seconds", "Start in seconds since the epoch", kGauge,
     Read<&In::start_time_seconds>},
    {"redis_process_id", "The process's id", kGauge, Read<&In::process_id>},
    {"redis_loading_dump_file", "1 while data are being loaded", kGauge, Read<&In::is_loading>},
    {"redis_connected_clients", "Client connections", kGauge, Read<&In::connected_clients>},
    {"redis_blocked_clients", "Clients that wait in a blocking command", kGauge,
     Read<&In::blocked_clients>},
    {"redis_tracking_clients", "Clients with tracking on", kGauge, Read<&In::tracking_clients>},
    {"redis_config_maxclients", "The directive maxclients", kGauge, Read<&In::maxclients>},
    {"redis_config_maxmemory", "The directive maxmemory", kGauge, Read<&In::maxmemory_bytes>},
    {"redis_client_recent_max_input_buffer_bytes", "Largest recent query buffer", kGauge,
     Read<&In::recent_input_buffer_bytes_max>},
    {"redis_client_recent_max_output_buffer_bytes", "Largest recent output buffer", kGauge,
     Read<&In::recent_output_buffer_bytes_max>},
    {"redis_memory_used_bytes", "Allocated bytes", kGauge, Read<&In::memory_used_bytes>},
    {"redis_memory_used_peak_bytes", "Most bytes ever allocated", kGauge,
     Read<&In::memory_peak_bytes>},
    {"redis_memory_used_rss_bytes", "Resident bytes", kGauge, Read<&In::memory_rss_bytes>},
    {"redis_memory_used_overhead_bytes", "Bytes that are not data", kGauge,
     Read<&In::memory_overhead_bytes>},
    {"redis_memory_used_startup_bytes", "Bytes allocated after the start", kGauge,
     Read<&In::memory_startup_bytes>},
    {"redis_memory_used_dataset_bytes", "Bytes that are data", kGauge,
     Read<&In::memory_dataset_bytes>},
    {"redis_memory_max_bytes", "The cap that maxmemory sets, 0 without one", kGauge,
     Read<&In::maxmemory_bytes>},
    {"redis_mem_clients_normal", "Bytes of clients' buffers", kGauge,
     Read<&In::memory_clients_bytes>},
    {"redis_mem_fragmentation_ratio", "Resident bytes per allocated byte", kGauge,
     Read<&In::fragmentation_ratio>},
    {"redis_allocator_allocated_bytes", "Bytes that the allocator has given out", kGauge,
     Read<&In::allocator_allocated_bytes>},
    {"redis_allocator_active_bytes", "Bytes in the allocator's pages in use", kGauge,
     Read<&In::allocator_active_bytes>},
    {"redis_allocator_resident_bytes", "Bytes that the allocator keeps resident", kGauge,
     Read<&In::allocator_resident_bytes>},
    {"redis_total_system_memory_bytes", "The machine's memory", kGauge,
     Read<&In::system_memory_bytes>},
    {"redis_lazyfree_pending_objects", "Values that wait to be freed", kGauge,
     Read<&In::lazyfree_pending_objects>},
    {"redis_connections_received_total", "Connections accepted", kCounter,
     Read<&In::connections_received>},
    {"ringtail_tls_handshakes_total", "TLS handshakes done", kCounter, Read<&In::tls_handshakes>},
    {"ringtail_tls_handshake_failures_total", "TLS handshakes failed or given up", kCounter,
     Read<&In::failed_tls_handshakes>},
    {"redis_rejected_connections_total", "Connections refused over maxclients", kCounter,
     Read<&In::connections_rejected>},
    {"redis_commands_processed_total", "Commands executed", kCounter,
     Read<&In::commands_processed>},
    {"redis_net_input_bytes_total", "Bytes read from clients", kCounter,
     Read<&In::net_input_bytes>},
    {"redis_net_output_bytes_total", "Bytes written to clients", kCounter,
     Read<&In::net_output_bytes>},
    {"redis_keyspace_hits_total", "Lookups that found their key", kCounter,
     Read<&In::keyspace_hits>},
    {"redis_keyspace_misses_total", "Lookups that found nothing", kCounter,
     Read<&In::keyspace_misses>},
    {"redis_pubsub_channels", "Channels with subscribers", kGauge, Read<&In::pubsub_channels>},
    {"redis_pubsub_patterns", "Patterns with subscribers", kGauge, Read<&In::pubsub_patterns>},
    {"redis_pubsubshard_channels", "Shard channels with subscribers", kGauge,
     Read<&In::pubsubshard_channels>},
    {"redis_expired_keys_total", "Keys that expired", kCounter, Read<&In::expired_keys>},
    {"redis_evicted_keys_total", "Keys evicted for maxmemory", kCounter, Read<&In::evicted_keys>},
    {"redis_acl_access_denied_auth_total", "Failed authentications", kCounter,
     Read<&In::denied_authentications>},
    {"redis_acl_access_denied_cmd_total", "Commands that their user may not execute", kCounter,
     Read<&In::denied_commands>},
    {"redis_acl_access_denied_key_total", "Keys that their user may not touch", kCounter,
     Read<&In::denied_keys>},
    {"redis_acl_access_denied_channel_total", "Channels that their user may not use", kCounter,
     Read<&In::denied_channels>},
    {"redis_cpu_sys_seconds_total", "CPU seconds in the kernel", kCounter,
     Read<&In::cpu_system_seconds>},
    {"redis_cpu_user_seconds_total", "CPU seconds outside the kernel", kCounter,
     Read<&In::cpu_user_seconds>},
    {"redis_slowlog_length", "Entries in the slow log", kGauge, Read<&In::slowlog_length>},
    {"redis_slowlog_last_id", "The id of the newest entry in the slow log", kGauge,
     Read<&In::slowlog_last_id>},
    {"redis_last_slow_execution_duration_seconds", "How long the newest slow command took", kGauge,
     Read<&In::slowlog_last_duration_seconds>},
};

void WriteInstance(const MetricsInput& input, PrometheusWriter& out) {
  out.Begin("redis_up", "1: the server answers", kGauge);
  out.Sample(1);
  const std::string port = std::to_string(input.tcp_port);
  const std::string pid = std::to_string(input.process_id);
  out.Begin("redis_instance_info", "What this instance is", kGauge);
  out.Sample(1, {{"role", input.role},
                 {"redis_version", input.redis_version},
                 {"redis_build_id", input.build_id},
                 {"redis_mode", input.mode},
                 {"os", input.os},
                 {"maxmemory_policy", input.maxmemory_policy},
                 {"tcp_port", port},
                 {"run_id", input.run_id},
                 {"process_id", pid},
                 {"ringtail_version", input.ringtail_version}});
}

void WriteCommands(const MetricsInput& input, PrometheusWriter& out) {
  out.Begin("redis_commands_total", "Calls per command", kCounter);
  for (const CommandMetrics& one : input.commands) {
    out.Sample(static_cast<double>(one.calls), {{"cmd", one.name}});
  }
  out.Begin("redis_commands_duration_seconds_total", "Seconds spent per command", kCounter);
  for (const CommandMetrics& one : input.commands)
    out.Sample(Seconds(one.duration_us), {{"cmd", one.name}});
  out.Begin("redis_commands_rejected_calls_total", "Calls refused before execution", kCounter);
  for (const CommandMetrics& one : input.commands) {
    out.Sample(static_cast<double>(one.rejected_calls), {{"cmd", one.name}});
  }
  out.Begin("redis_commands_failed_calls_total", "Calls that answered an error", kCounter);
  for (const CommandMetrics& one : input.commands) {
    out.Sample(static_cast<double>(one.failed_calls), {{"cmd", one.name}});
  }
  out.Begin("redis_latency_percentiles_usec", "Microseconds per call", MetricType::kSummary);
  for (const CommandMetrics& one : input.commands) {
    if (std::isnan(one.p50_us)) continue;
    const MetricLabels labels = {{"cmd", one.name}};
    // redis_exporter writes percentages where Prometheus has fractions; dashboards select on them.
    out.Quantile(50, one.p50_us, labels);
    out.Quantile(99, one.p99_us, labels);
    out.Quantile(99.9, one.p999_us, labels);
    out.SumAndCount(static_cast<double>(one.duration_us), one.calls, labels);
  }
}

void WriteErrors(const MetricsInput& input, PrometheusWriter& out) {
  out.Begin("redis_errors_total", "Error replies per prefix", kCounter);
  for (const ErrorMetrics& one : input.errors) {
    out.Sample(static_cast<double>(one.count), {{"err", one.prefix}});
  }
}

void WriteDatabases(const MetricsInput& input, PrometheusWriter& out) {
  const auto for_each = [&](std::string_view name, std::string_view help, auto value) {
    out.Begin(name, help, kGauge);
    for (const DatabaseMetrics& one : input.databases) {
      const std::string database = "db" + std::to_string(one.index);
      out.Sample(static_cast<double>(value(one)), {{"db", database}});
    }
  };
  for_each("redis_db_keys", "Keys per database",
           [](const DatabaseMetrics& one) { return one.keys; });
  for_each("redis_db_keys_expiring", "Keys with an expiry per database",
           [](const DatabaseMetrics& one) { return one.keys_expiring; });
  for_each("redis_db_avg_ttl_seconds", "Average time to live per database",
           [](const DatabaseMetrics& one) { return one.ttl_average_seconds; });
}

void WriteWorkers(const MetricsInput& input, PrometheusWriter& out) {
  const auto for_each = [&](std::string_view name, std::string_view help, MetricType type,
                            auto value) {
    out.Begin(name, help, type);
    for (size_t index = 0; index < input.workers.size(); ++index) {
      const std::string worker = std::to_string(index);
      out.Sample(static_cast<double>(value(input.workers[index])), {{"worker", worker}});
    }
  };
  for_each("ringtail_worker_connections", "Connections per worker", kGauge,
           [](const WorkerMetrics& one) { return one.connections; });
  for_each("ringtail_worker_commands_total", "Commands executed per worker", kCounter,
           [](const WorkerMetrics& one) { return one.commands; });
}

}  // namespace

void PrometheusWriter::Begin(std::string_view name, std::string_view help, MetricType type) {
  name_ = name;
  out_ += "# HELP ";
  out_ += name;
  out_ += ' ';
  AppendEscaped(help, /*is_label=*/false, out_);
  out_ += "\n# TYPE ";
  out_ += name;
  out_ += ' ';
  out_ += TypeName(type);
  out_ += '\n';
}

void PrometheusWriter::Sample(double value, MetricLabels labels) {
  Line("", labels, nullptr, value);
}

void PrometheusWriter::Quantile(double quantile, double value, MetricLabels labels) {
  const std::string text = ShortNumber(quantile);
  const MetricLabel extra = {"quantile", text};
  Line("", labels, &extra, value);
}

void PrometheusWriter::Histogram(std::span<const double> upper_bounds,
                                 std::span<const uint64_t> counts, double sum,
                                 MetricLabels labels) {
  uint64_t cumulative = 0;
  for (size_t index = 0; index < counts.size(); ++index) {
    cumulative += counts[index];
    const bool is_bounded = index < upper_bounds.size();
    const std::string bound = is_bounded ? ShortNumber(upper_bounds[index]) : "+Inf";
    const MetricLabel extra = {"le", bound};
    Line("_bucket", labels, &extra, static_cast<double>(cumulative));
  }
  SumAndCount(sum, cumulative, labels);
}

void PrometheusWriter::SumAndCount(double sum, uint64_t count, MetricLabels labels) {
  Line("_sum", labels, nullptr, sum);
  Line("_count", labels, nullptr, static_cast<double>(count));
}

void PrometheusWriter::Line(std::string_view suffix, MetricLabels labels, const MetricLabel* extra,
                            double value) {
  out_ += name_;
  out_ += suffix;
  if (labels.size() != 0 || extra != nullptr) {
    out_ += '{';
    bool is_first = true;
    for (const MetricLabel& label : labels) {
      AppendLabel(label, is_first, out_);
      is_first = false;
    }
    if (extra != nullptr) AppendLabel(*extra, is_first, out_);
    out_ += '}';
  }
  out_ += ' ';
  AppendNumber(value, out_);
  out_ += '\n';
}

std::span<const MetricDefinition> MetricDefinitions() { return kDefinitions; }

std::string RenderMetrics(const MetricsInput& input) {
  std::string page;
  // About 100 bytes a line: HELP, TYPE and value per definition, six lines per command.
  page.reserve(300 * std::size(kDefinitions) + 600 * input.commands.size() + 4096);
  PrometheusWriter out(page);
  WriteInstance(input, out);
  for (const MetricDefinition& one : kDefinitions) {
    out.Begin(one.name, one.help, one.type);
    out.Sample(one.read(input));
  }
  WriteDatabases(input, out);
  WriteCommands(input, out);
  WriteErrors(input, out);
  WriteWorkers(input, out);
  return page;
}

}  // namespace ringtail::server
