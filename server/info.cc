#include "server/info.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <map>

#include "base/memory.h"
#include "base/version.h"
#include "server/metrics_text.h"
#include "server/key_sizes.h"
#include "server/server.h"

namespace ringtail::server {
namespace {

using Line = unsigned long long;  // what %llu wants

[[gnu::format(printf, 2, 3)]] void Add(std::string& out, const char* format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  const int size = std::vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  out.append(line, std::min(static_cast<size_t>(size), sizeof(line) - 1));
  out += "\r\n";
}

std::string RandomHex(size_t digits) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex(digits, '0');
  SecureRandomBytes(hex.data(), hex.size());
  for (char& c : hex) c = kDigits[c & 15];
  return hex;
}

/// "1.50M", as Redis writes sizes for people.
std::string Human(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "K", "M", "G", "T", "P"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text), unit == 0 ? "%.0f%s" : "%.2f%s", value, kUnits[unit]);
  return text;
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t SystemBytes() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

double Ratio(uint64_t above, uint64_t below) {
  return below == 0 ? 0 : static_cast<double>(above) / static_cast<double>(below);
}

std::string OsName() {
  utsname name{};
  uname(&name);
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

// The port that clients are most likely to want.
int64_t PortOf(const Config& config) {
  return config.network.port != 0 ? config.network.port : config.tls.port;
}

// One line for each way to connect; the number is that of its kind, as Redis 7.2 counts them.
void AddListeners(const Config& config, std::string& out) {
  std::string binds;
  for (const std::string& bind : config.network.bind) binds += ",bind=" + bind;
  const auto add = [&](int kind, const char* name, int64_t port) {
    if (port == 0) return;
    Add(out, "listener%d:name=%s%s,port=%lld", kind, name, binds.c_str(),
        static_cast<long long>(port));
  };
  add(0, "tcp", config.network.port);
  if (!config.network.unix_socket_path.empty()) {
    Add(out, "listener1:name=unix,bind=%s", config.network.unix_socket_path.c_str());
  }
  add(2, "tls", config.tls.port);
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Counters of one command over all workers.
struct CommandTotals {
  uint64_t calls = 0;
  uint64_t duration_ns = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
};

CommandTotals TotalsOf(Server& server, size_t index) {
  CommandTotals totals;
  for (size_t w = 0; w < server.engine().worker_count(); ++w) {
    const commands::CommandCounters& counters = server.session_worker(w).stats().Of(index);
    totals.calls += counters.calls.value();
    totals.duration_ns += counters.duration_ns.value();
    totals.rejected += counters.rejected_calls.value();
    totals.failed += counters.failed_calls.value();
  }
  return totals;
}

std::map<std::string, uint64_t> ErrorTotals(Server& server) {
  std::map<std::string, uint64_t> totals;
  for (size_t w = 0; w < server.engine().worker_count(); ++w) {
    for (const auto& [code, count] : server.session_worker(w).stats().Errors()) {
      totals[code] += count;
    }
  }
  return totals;
}

}  // namespace

Info::Info(Server& server)
    : server_(server),
      run_id_(RandomHex(40)),
      replication_id_(RandomHex(40)),
      startup_bytes_(memory::UsedBytes()) {}

Info::Totals Info::AddUp() const {
  Totals totals;
  const auto entries = commands::CommandTable::Standard().entries();
  for (size_t w = 0; w < server_.engine().worker_count(); ++w) {
    const engine::EngineStats& engine_stats = server_.engine().worker(w).stats;
    totals.hits += engine_stats.keyspace_hits.value();
    totals.misses += engine_stats.keyspace_misses.value();
    totals.expired += engine_stats.expired_keys.value();
    totals.expired_fields += engine_stats.expired_fields.value();
    totals.evicted += engine_stats.evicted_keys.value();
    totals.changes += engine_stats.changes.value();
    totals.eviction_ns += engine_stats.eviction_exceeded_ns.value();
    totals.expire_slice_ns_max =
        std::max(totals.expire_slice_ns_max, engine_stats.expire_slice_ns_max.value());
    const commands::CommandStats& stats = server_.session_worker(w).stats();
    totals.errors += stats.total_errors();
    for (const auto& entry : entries) totals.commands += stats.Of(entry.index).calls.value();
    const net::WorkerStats& io = server_.network().worker(static_cast<uint32_t>(w)).stats();
    totals.input_bytes += io.received_bytes.load(std::memory_order_relaxed);
    totals.output_bytes += io.sent_bytes.load(std::memory_order_relaxed);
    totals.reads += io.receive_count.load(std::memory_order_relaxed);
    totals.writes += io.send_count.load(std::memory_order_relaxed);
    totals.accepted += io.accepted_count.load(std::memory_order_relaxed);
    totals.handshakes += io.handshake_count.load(std::memory_order_relaxed);
    totals.failed_handshakes += io.failed_handshake_count.load(std::memory_order_relaxed);
  }
  totals.connections = server_.network().connection_count();
  return totals;
}

std::vector<Info::DatabaseSize> Info::Sizes() {
  std::vector<DatabaseSize> sizes;
  for (int db = 0; db < server_.engine().database_count(); ++db) {
    sizes.push_back(server_.engine().SizeOf(db, /*is_exclusive=*/false));
  }
  return sizes;
}

uint64_t Info::OverheadBytes(const std::vector<DatabaseSize>& sizes) const {
  uint64_t bytes = static_cast<uint64_t>(startup_bytes_);
  for (const DatabaseSize& size : sizes) bytes += size.overhead_bytes;
  return bytes;
}

void Info::PublishKeyspace() {
  const Totals now = AddUp();
  const int64_t now_ns = server_.clock().MonotonicNs();
  std::vector<DatabaseSize> sizes = Sizes();
  std::lock_guard<std::mutex> lock(mutex_);
  published_sizes_ = std::move(sizes);
  const double seconds = static_cast<double>(now_ns - sampled_ns_) / 1e9;
  if (sampled_ns_ != 0 && seconds < 0.5) return;
  if (sampled_ns_ != 0) {
    const auto rate = [seconds](uint64_t after, uint64_t before) {
      return after < before ? 0.0 : static_cast<double>(after - before) / seconds;
    };
    rates_.commands_per_second = rate(now.commands, sampled_.commands);
    rates_.input_kib_per_second = rate(now.input_bytes, sampled_.input_bytes) / 1024;
    rates_.output_kib_per_second = rate(now.output_bytes, sampled_.output_bytes) / 1024;
  }
  sampled_ = now;
  sampled_ns_ = now_ns;
}

std::string Info::Render(const std::set<std::string>& sections) {
  const Totals totals = AddUp();
  std::string out;
  const auto section = [&](const char* name, const char* title, auto&& fill) {
    if (!sections.contains(name)) return;
    if (!out.empty()) out += "\r\n";
    Add(out, "# %s", title);
    fill();
  };
  section("server", "Server", [&] { Server_(out); });
  section("clients", "Clients", [&] { Clients(out, totals); });
  section("memory", "Memory", [&] { Memory(out); });
  section("persistence", "Persistence", [&] { Persistence(out, totals); });
  section("stats", "Stats", [&] { Stats(out, totals); });
  section("replication", "Replication", [&] { Replication(out); });
  section("cpu", "CPU", [&] { Cpu(out); });
  section("modules", "Modules", [] {});
  section("commandstats", "Commandstats", [&] { CommandStats(out); });
  section("errorstats", "Errorstats", [&] { ErrorStats(out); });
  section("latencystats", "Latencystats", [&] { LatencyStats(out); });
  section("cluster", "Cluster", [&] { Add(out, "cluster_enabled:0"); });
  section("keyspace", "Keyspace", [&] { Keyspace(out); });
  section("keysizes", "Keysizes", [&] {
    out += DescribeKeySizes(server_.engine(), server_.clock().MonotonicNs());
  });
  return out;
}

void Info::Server_(std::string& out) const {
  const auto config = server_.config().Snapshot();
  const int64_t now_ms = server_.clock().WallMs();
  const int64_t uptime_s = (now_ms - server_.started_ms()) / 1000;
  char binary[4096];
  const ssize_t size = readlink("/proc/self/exe", binary, sizeof(binary));
  Add(out, "redis_version:%s", kCompatibleRedisVersion.data());
  Add(out, "ringtail_version:%s", kVersion.data());
  Add(out, "redis_git_sha1:00000000");
  Add(out, "redis_git_dirty:0");
  Add(out, "redis_build_id:0");
  Add(out, "redis_mode:standalone");
  Add(out, "os:%s", OsName().c_str());
  Add(out, "arch_bits:64");
  Add(out, "monotonic_clock:POSIX clock_gettime");
  Add(out, "multiplexing_api:epoll");
  Add(out, "gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
  Add(out, "process_id:%d", getpid());
  Add(out, "process_supervised:no");
  Add(out, "run_id:%s", run_id_.c_str());
  Add(out, "tcp_port:%lld", static_cast<long long>(PortOf(*config)));
  Add(out, "server_time_usec:%lld", static_cast<long long>(server_.clock().WallNs() / 1000));
  Add(out, "uptime_in_seconds:%lld", static_cast<long long>(uptime_s));
  Add(out, "uptime_in_days:%lld", static_cast<long long>(uptime_s / 86400));
  Add(out, "hz:%lld", static_cast<long long>(config->process.hz));
  Add(out, "configured_hz:%lld", static_cast<long long>(config->process.hz));
  Add(out, "lru_clock:%lld", static_cast<long long>((now_ms / 1000) & 0xffffff));
  Add(out, "executable:%.*s", static_cast<int>(size < 0 ? 0 : size), binary);
  Add(out, "config_file:%s", server_.config().file_path().c_str());
  Add(out, "io_threads_active:0");
  Add(out, "worker_threads:%zu", server_.engine().worker_count());
  AddListeners(*config, out);
}

void Info::Clients(std::string& out, const Totals& totals) const {
  Add(out, "connected_clients:%llu", static_cast<Line>(totals.connections));
  Add(out, "cluster_connections:0");
  Add(out, "maxclients:%lld",
      static_cast<long long>(server_.config().Snapshot()->clients.clients_max));
  Add(out, "client_recent_max_input_buffer:0");
  Add(out, "client_recent_max_output_buffer:0");
  Add(out, "blocked_clients:%d", server_.blocked_count());
  Add(out, "tracking_clients:%lld",
      static_cast<long long>(server_.engine().tracking().tracker_count()));
  Add(out, "clients_in_timeout_table:0");
}

void Info::Memory(std::string& out) {
  const auto config = server_.config().Snapshot();
  const auto used = static_cast<uint64_t>(memory::UsedBytes());
  const auto peak = std::max(used, static_cast<uint64_t>(memory::PeakUsedBytes()));
  const uint64_t resident = ResidentBytes();
  const uint64_t overhead = OverheadBytes(Sizes());
  const uint64_t dataset = used > overhead ? used - overhead : 0;
  const uint64_t max = config->memory.maxmemory_bytes;
  const memory::AllocatorStats allocator = memory::ReadAllocatorStats();
  const auto both = [&](const char* name, uint64_t bytes) {
    Add(out, "%s:%llu", name, static_cast<Line>(bytes));
    Add(out, "%s_human:%s", name, Human(bytes).c_str());
  };
  both("used_memory", used);
  both("used_memory_rss", resident);
  both("used_memory_peak", peak);
  Add(out, "used_memory_peak_perc:%.2f%%", 100 * Ratio(used, peak));
  Add(out, "used_memory_overhead:%llu", static_cast<Line>(overhead));
  Add(out, "used_memory_startup:%lld", static_cast<long long>(startup_bytes_));
  Add(out, "used_memory_dataset:%llu", static_cast<Line>(dataset));
  Add(out, "used_memory_dataset_perc:%.2f%%", 100 * Ratio(dataset, used));
  Add(out, "allocator_allocated:%llu", static_cast<Line>(allocator.allocated_bytes));
  Add(out, "allocator_active:%llu", static_cast<Line>(allocator.active_bytes));
  Add(out, "allocator_resident:%llu", static_cast<Line>(allocator.resident_bytes));
  both("total_system_memory", SystemBytes());
  // Redis 7.0's names, with those of before.
  const commands::ScriptHub& scripts = server_.script_hub();
  const size_t vm_bytes = scripts.interpreter_bytes.load(std::memory_order_relaxed);
  both("used_memory_lua", vm_bytes);
  both("used_memory_scripts", scripts.script_bytes());
  Add(out, "number_of_cached_scripts:%llu", static_cast<Line>(scripts.script_count()));
  Add(out, "number_of_functions:%llu", static_cast<Line>(scripts.function_count()));
  Add(out, "number_of_libraries:%llu", static_cast<Line>(scripts.libraries()->size()));
  both("maxmemory", max);
  Add(out, "maxmemory_policy:%s",
      storage::EvictionPolicyName(server_.engine().eviction().policy()).data());
  Add(out, "allocator_frag_ratio:%.2f",
      Ratio(allocator.active_bytes, allocator.allocated_bytes));
  Add(out, "allocator_rss_ratio:%.2f", Ratio(allocator.resident_bytes, allocator.active_bytes));
  Add(out, "mem_fragmentation_ratio:%.2f", Ratio(resident, used));
  Add(out, "mem_fragmentation_bytes:%lld",
      static_cast<long long>(resident) - static_cast<long long>(used));
  Add(out, "mem_not_counted_for_evict:0");
  Add(out, "mem_replication_backlog:0");
  Add(out, "mem_clients_slaves:0");
  uint64_t client_bytes = 0;
  server_.clients().ForEach([&](const Session& session) {
    client_bytes += session.published.memory_bytes.load(std::memory_order_relaxed);
  });
  Add(out, "mem_clients_normal:%llu", static_cast<Line>(client_bytes));
  Add(out, "mem_aof_buffer:0");
  Add(out, "mem_allocator:%s", memory::AllocatorName());
  Add(out, "mem_eviction_state:%zu", server_.engine().eviction().memory_bytes());
  Add(out, "active_defrag_running:0");
  Add(out, "lazyfree_pending_objects:%llu",
      static_cast<Line>(server_.engine().disposer().pending_count()));
  Add(out, "lazyfreed_objects:%llu",
      static_cast<Line>(server_.engine().disposer().freed_count()));
}

void Info::Persistence(std::string& out, const Totals& totals) const {
  Add(out, "loading:0");
  Add(out, "async_loading:0");
  Add(out, "rdb_changes_since_last_save:%llu", static_cast<Line>(totals.changes));
  Add(out, "rdb_bgsave_in_progress:0");
  Add(out, "rdb_last_save_time:%lld", static_cast<long long>(server_.started_ms() / 1000));
  Add(out, "rdb_last_bgsave_status:ok");
  Add(out, "rdb_last_bgsave_time_sec:-1");
  Add(out, "rdb_current_bgsave_time_sec:-1");
  Add(out, "aof_enabled:0");
  Add(out, "aof_rewrite_in_progress:0");
  Add(out, "aof_rewrite_scheduled:0");
  Add(out, "aof_last_write_status:ok");
}

void Info::Stats(std::string& out, const Totals& totals) {
  Rates rates;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    rates = rates_;
  }
  Add(out, "total_connections_received:%llu", static_cast<Line>(totals.accepted));
  Add(out, "total_commands_processed:%llu", static_cast<Line>(totals.commands));
  Add(out, "instantaneous_ops_per_sec:%.0f", rates.commands_per_second);
  Add(out, "total_net_input_bytes:%llu", static_cast<Line>(totals.input_bytes));
  Add(out, "total_net_output_bytes:%llu", static_cast<Line>(totals.output_bytes));
  Add(out, "instantaneous_input_kbps:%.2f", rates.input_kib_per_second);
  Add(out, "instantaneous_output_kbps:%.2f", rates.output_kib_per_second);
  Add(out, "rejected_connections:%llu", static_cast<Line>(server_.rejected_connections()));
  Add(out, "acl_access_denied_tls_cert:%llu",
      static_cast<Line>(server_.unknown_certificate_users()));
  Add(out, "sync_full:0");
  Add(out, "sync_partial_ok:0");
  Add(out, "sync_partial_err:0");
  Add(out, "expired_keys:%llu", static_cast<Line>(totals.expired));
  Add(out, "expired_subkeys:%llu", static_cast<Line>(totals.expired_fields));
  Add(out, "expire_slice_max_us:%llu", static_cast<Line>(totals.expire_slice_ns_max / 1000));
  Add(out, "evicted_keys:%llu", static_cast<Line>(totals.evicted));
  Add(out, "evicted_clients:%llu", static_cast<Line>(server_.client_eviction().evicted_count()));
  Add(out, "total_eviction_exceeded_time:%llu", static_cast<Line>(totals.eviction_ns / 1'000'000));
  Add(out, "keyspace_hits:%llu", static_cast<Line>(totals.hits));
  Add(out, "keyspace_misses:%llu", static_cast<Line>(totals.misses));
  Pubsub& pubsub = server_.pubsub();
  const auto names = [&](commands::ChannelKind kind) {
    return static_cast<Line>(pubsub.NameCount(kind));
  };
  Add(out, "pubsub_channels:%llu", names(commands::ChannelKind::kChannel));
  Add(out, "pubsub_patterns:%llu", names(commands::ChannelKind::kPattern));
  Add(out, "pubsubshard_channels:%llu", names(commands::ChannelKind::kShard));
  Add(out, "latest_fork_usec:0");
  Add(out, "total_forks:0");
  // Each MIGRATE has a connection of its own.
  Add(out, "migrate_cached_sockets:0");
  const engine::Tracking& tracking = server_.engine().tracking();
  Add(out, "tracking_total_keys:%lld", static_cast<long long>(tracking.key_count()));
  Add(out, "tracking_total_items:%lld", static_cast<long long>(tracking.item_count()));
  Add(out, "tracking_total_prefixes:%zu", tracking.prefix_count());
  Add(out, "tracking_total_bytes:%lld", static_cast<long long>(tracking.key_bytes()));
  Add(out, "total_error_replies:%llu", static_cast<Line>(totals.errors));
  Add(out, "total_reads_processed:%llu", static_cast<Line>(totals.reads));
  Add(out, "total_writes_processed:%llu", static_cast<Line>(totals.writes));
  Add(out, "client_output_buffer_limit_disconnections:%llu",
      static_cast<Line>(server_.output_limit_disconnections()));
  const AclLog& denied = server_.acl().log();
  using commands::AclDenial;
  Add(out, "acl_access_denied_auth:%llu",
      static_cast<Line>(denied.count(AclDenial::kAuthentication)));
  Add(out, "acl_access_denied_cmd:%llu", static_cast<Line>(denied.count(AclDenial::kCommand)));
  Add(out, "acl_access_denied_key:%llu", static_cast<Line>(denied.count(AclDenial::kKey)));
  Add(out, "acl_access_denied_channel:%llu", static_cast<Line>(denied.count(AclDenial::kChannel)));
}

void Info::Replication(std::string& out) const {
  Add(out, "role:master");
  Add(out, "connected_slaves:0");
  Add(out, "master_failover_state:no-failover");
  Add(out, "master_replid:%s", replication_id_.c_str());
  Add(out, "master_replid2:0000000000000000000000000000000000000000");
  Add(out, "master_repl_offset:%llu", static_cast<Line>(server_.engine().log().offset()));
  Add(out, "second_repl_offset:-1");
  Add(out, "repl_backlog_active:0");
}

void Info::Cpu(std::string& out) const {
  rusage self{};
  rusage children{};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  Add(out, "used_cpu_sys:%.6f", Seconds(self.ru_stime));
  Add(out, "used_cpu_user:%.6f", Seconds(self.ru_utime));
  Add(out, "used_cpu_sys_children:%.6f", Seconds(children.ru_stime));
  Add(out, "used_cpu_user_children:%.6f", Seconds(children.ru_utime));
}

void Info::CommandStats(std::string& out) const {
  for (const auto& entry : commands::CommandTable::Standard().entries()) {
    const CommandTotals totals = TotalsOf(server_, entry.index);
    if (totals.calls == 0 && totals.rejected == 0) continue;
    Add(out,
        "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,failed_calls=%llu",
        entry.full_name.c_str(), static_cast<Line>(totals.calls),
        static_cast<Line>(totals.duration_ns / 1000), Ratio(totals.duration_ns, totals.calls) / 1000,
        static_cast<Line>(totals.rejected), static_cast<Line>(totals.failed));
  }
}

void Info::ErrorStats(std::string& out) const {
  for (const auto& [code, count] : ErrorTotals(server_)) {
    Add(out, "errorstat_%s:count=%llu", code.c_str(), static_cast<Line>(count));
  }
}

void Info::LatencyStats(std::string& out) const {
  const auto config = server_.config().Snapshot();
  for (const auto& entry : commands::CommandTable::Standard().entries()) {
    const auto histograms = server_.latency_monitor().HistogramsOf(entry.index);
    if (commands::PercentileNs(histograms, 100) == 0) continue;
    std::string percentiles;
    for (const double percent : config->monitor.latency_percentiles) {
      char text[64];
      std::snprintf(text, sizeof(text), "%sp%g=%.3f", percentiles.empty() ? "" : ",", percent,
                    static_cast<double>(commands::PercentileNs(histograms, percent)) / 1000);
      percentiles += text;
    }
    Add(out, "latency_percentiles_usec_%s:%s", entry.full_name.c_str(), percentiles.c_str());
  }
}

void Info::Keyspace(std::string& out) {
  const std::vector<DatabaseSize> sizes = Sizes();
  Random random(static_cast<uint64_t>(server_.clock().MonotonicNs()));
  for (size_t db = 0; db < sizes.size(); ++db) {
    if (sizes[db].keys == 0) continue;
    const int64_t average_ttl_ms =
        sizes[db].volatile_keys == 0
            ? 0
            : server_.engine().AverageTtlMs(static_cast<int>(db), server_.clock().WallMs(), random);
    Add(out, "db%zu:keys=%llu,expires=%llu,avg_ttl=%lld", db, static_cast<Line>(sizes[db].keys),
        static_cast<Line>(sizes[db].volatile_keys), static_cast<long long>(average_ttl_ms));
  }
}

std::vector<commands::InfoService::Figure> Info::MemoryFigures() {
  const auto used = static_cast<uint64_t>(memory::UsedBytes());
  const auto peak = std::max(used, static_cast<uint64_t>(memory::PeakUsedBytes()));
  const std::vector<DatabaseSize> sizes = Sizes();
  const uint64_t overhead = OverheadBytes(sizes);
  const uint64_t dataset = used > overhead ? used - overhead : 0;
  uint64_t keys = 0;
  for (const DatabaseSize& size : sizes) keys += size.keys;
  const memory::AllocatorStats allocator = memory::ReadAllocatorStats();
  const auto whole = [](std::string name, uint64_t value) {
    return Figure{std::move(name), static_cast<double>(value), false};
  };
  return {
      whole("peak.allocated", peak),
      whole("total.allocated", used),
      whole("startup.allocated", static_cast<uint64_t>(startup_bytes_)),
      whole("replication.backlog", 0),
      whole("clients.slaves", 0),
      whole("clients.normal", 0),
      whole("aof.buffer", 0),
      whole("overhead.total", overhead),
      whole("keys.count", keys),
      whole("keys.bytes-per-key", keys == 0 ? 0 : (used - static_cast<uint64_t>(startup_bytes_)) / keys),
      whole("dataset.bytes", dataset),
      {"dataset.percentage", 100 * Ratio(dataset, used), true},
      {"peak.percentage", 100 * Ratio(used, peak), true},
      whole("allocator.allocated", allocator.allocated_bytes),
      whole("allocator.active", allocator.active_bytes),
      whole("allocator.resident", allocator.resident_bytes),
      {"allocator-fragmentation.ratio", Ratio(allocator.active_bytes, allocator.allocated_bytes),
       true},
      {"fragmentation", Ratio(ResidentBytes(), used), true},
      {"fragmentation.bytes",
       static_cast<double>(ResidentBytes()) - static_cast<double>(used), false},
  };
}

std::string Info::MemoryAdvice() {
  const auto used = static_cast<uint64_t>(memory::UsedBytes());
  const auto peak = static_cast<uint64_t>(memory::PeakUsedBytes());
  const uint64_t resident = ResidentBytes();
  const auto max = static_cast<uint64_t>(server_.engine().memory_bytes_max());
  if (used < 5 * 1024 * 1024) {
    return "Hardly any memory is in use, so there is nothing to diagnose yet.\n";
  }
  std::string advice;
  if (peak > used + used / 2) {
    advice += "* Peak: the server once used " + Human(peak) + ", now " + Human(used) +
              ". Resident memory may stay near the peak; MEMORY PURGE gives free pages back.\n";
  }
  if (resident > used + used / 2) {
    advice += "* Fragmentation: " + Human(resident) + " are resident for " + Human(used) +
              " in use. MEMORY PURGE may help; INFO memory shows the allocator's ratios.\n";
  }
  if (max == 0) {
    advice += "* Limit: maxmemory is not set, so the server grows until the system stops it. Set "
              "maxmemory and a maxmemory-policy.\n";
  } else if (used > max - max / 20) {
    advice += "* Limit: " + Human(used) + " of " + Human(max) +
              " are in use; keys are being evicted or writes refused.\n";
  }
  return advice.empty() ? "No memory problem was found.\n" : advice;
}

std::string Info::AllocatorReport() {
  const memory::AllocatorStats stats = memory::ReadAllocatorStats();
  std::string report = std::string("Allocator (malloc): ") + memory::AllocatorName() + "\n";
  report += "Allocated: " + std::to_string(stats.allocated_bytes) + "\n";
  report += "Active: " + std::to_string(stats.active_bytes) + "\n";
  report += "Resident: " + std::to_string(stats.resident_bytes) + "\n";
  report += "Mapped: " + std::to_string(stats.mapped_bytes) + "\n";
  report += "Retained: " + std::to_string(stats.retained_bytes) + "\n";
  return report;
}

std::string Info::Metrics() {
  const auto config = server_.config().Snapshot();
  const Totals totals = AddUp();
  const memory::AllocatorStats allocator = memory::ReadAllocatorStats();
  const std::string os = OsName();
  rusage self{};
  getrusage(RUSAGE_SELF, &self);
  MetricsInput input;
  input.redis_version = kCompatibleRedisVersion;
  input.ringtail_version = kVersion;
  input.os = os;
  input.maxmemory_policy = storage::EvictionPolicyName(server_.engine().eviction().policy());
  input.run_id = run_id_;
  input.tcp_port = static_cast<uint64_t>(PortOf(*config));
  input.process_id = static_cast<uint64_t>(getpid());
  input.start_time_seconds = static_cast<double>(server_.started_ms()) / 1000;
  input.uptime_seconds =
      static_cast<uint64_t>((server_.clock().WallMs() - server_.started_ms()) / 1000);
  input.connected_clients = totals.connections;
  input.blocked_clients = static_cast<uint64_t>(server_.blocked_count());
  input.maxclients = static_cast<uint64_t>(config->clients.clients_max);
  input.memory_used_bytes = static_cast<uint64_t>(memory::UsedBytes());
  input.memory_peak_bytes = static_cast<uint64_t>(memory::PeakUsedBytes());
  input.memory_rss_bytes = ResidentBytes();
  input.memory_startup_bytes = static_cast<uint64_t>(startup_bytes_);
  input.maxmemory_bytes = config->memory.maxmemory_bytes;
  input.allocator_allocated_bytes = allocator.allocated_bytes;
  input.allocator_active_bytes = allocator.active_bytes;
  input.allocator_resident_bytes = allocator.resident_bytes;
  input.system_memory_bytes = SystemBytes();
  input.fragmentation_ratio = Ratio(input.memory_rss_bytes, input.memory_used_bytes);
  input.lazyfree_pending_objects = server_.engine().disposer().pending_count();
  input.connections_received = totals.accepted;
  input.connections_rejected = server_.rejected_connections();
  input.tls_handshakes = totals.handshakes;
  input.failed_tls_handshakes = totals.failed_handshakes;
  input.commands_processed = totals.commands;
  input.net_input_bytes = totals.input_bytes;
  input.net_output_bytes = totals.output_bytes;
  input.keyspace_hits = totals.hits;
  input.keyspace_misses = totals.misses;
  Pubsub& pubsub = server_.pubsub();
  input.pubsub_channels = pubsub.NameCount(commands::ChannelKind::kChannel);
  input.pubsub_patterns = pubsub.NameCount(commands::ChannelKind::kPattern);
  input.pubsubshard_channels = pubsub.NameCount(commands::ChannelKind::kShard);
  input.expired_keys = totals.expired;
  input.evicted_keys = totals.evicted;
  const AclLog& denied = server_.acl().log();
  input.denied_authentications = denied.count(commands::AclDenial::kAuthentication);
  input.denied_commands = denied.count(commands::AclDenial::kCommand);
  input.denied_keys = denied.count(commands::AclDenial::kKey);
  input.denied_channels = denied.count(commands::AclDenial::kChannel);
  input.cpu_system_seconds = Seconds(self.ru_stime);
  input.cpu_user_seconds = Seconds(self.ru_utime);
  input.slowlog_length = server_.command_log().Length(commands::CommandLogKind::kSlow);
  if (const auto newest = server_.command_log().Get(commands::CommandLogKind::kSlow, 1);
      !newest.empty()) {
    input.slowlog_last_id = static_cast<uint64_t>(newest[0].id);
    input.slowlog_last_duration_seconds = static_cast<double>(newest[0].measure) / 1e6;
  }
  for (const auto& entry : commands::CommandTable::Standard().entries()) {
    const CommandTotals command = TotalsOf(server_, entry.index);
    if (command.calls == 0 && command.rejected == 0) continue;
    CommandMetrics metrics{.name = entry.full_name,
                           .calls = command.calls,
                           .duration_us = command.duration_ns / 1000,
                           .rejected_calls = command.rejected,
                           .failed_calls = command.failed};
    const auto histograms = server_.latency_monitor().HistogramsOf(entry.index);
    if (!histograms.empty()) {
      const auto percentile = [&](double percent) {
        return static_cast<double>(commands::PercentileNs(histograms, percent)) / 1000;
      };
      metrics.p50_us = percentile(50);
      metrics.p99_us = percentile(99);
      metrics.p999_us = percentile(99.9);
    }
    input.commands.push_back(metrics);
  }
  const auto errors = ErrorTotals(server_);
  for (const auto& [code, count] : errors) input.errors.push_back({code, count});
  {
    std::lock_guard<std::mutex> lock(mutex_);
    uint64_t overhead = static_cast<uint64_t>(startup_bytes_);
    for (size_t db = 0; db < published_sizes_.size(); ++db) {
      overhead += published_sizes_[db].overhead_bytes;
      input.databases.push_back({.index = static_cast<int>(db),
                                 .keys = published_sizes_[db].keys,
                                 .keys_expiring = published_sizes_[db].volatile_keys});
    }
    input.memory_overhead_bytes = overhead;
    input.memory_dataset_bytes =
        input.memory_used_bytes > overhead ? input.memory_used_bytes - overhead : 0;
  }
  for (size_t w = 0; w < server_.engine().worker_count(); ++w) {
    uint64_t worker_commands = 0;
    const commands::CommandStats& stats = server_.session_worker(w).stats();
    for (size_t i = 0; i < stats.size(); ++i) worker_commands += stats.Of(i).calls.value();
    input.workers.push_back(
        {.connections = server_.network().worker(static_cast<uint32_t>(w)).connection_count(),
         .commands = worker_commands});
  }
  return RenderMetrics(input);
}

}  // namespace ringtail::server
