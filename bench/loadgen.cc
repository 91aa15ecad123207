// Drives a RESP or memcached server with one thread and answers with one line of JSON.
//
//   bench_loadgen --port=6379 --op=get --pipeline=16 --requests=1000000 --watch-pid=$(pidof redis-server)
//
// Why not redis-benchmark: it costs more processor time per request than the servers it measures, and cannot
// send the same bytes to memcached. This sends prepared pipelines over epoll, the next one on a connection when
// the last is answered (or, with --rate, on a fixed schedule, latencies counted from the scheduled moment), and
// always ends: by --requests, by --seconds, or with an error after 30 seconds of silence.
//
// A latency is that of a whole pipeline. The CPU figures are those of --watch-pid between the first request
// after the warm-up and the last reply.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bench/lib/latency_histogram.h"
#include "bench/lib/process_cpu.h"
#include "bench/lib/reply_scanner.h"
#include "bench/lib/request_template.h"
#include "bench/lib/tls_client.h"

namespace ringtail::bench {
namespace {

struct Options {
  std::string host = "127.0.0.1";
  uint64_t port = 6379;
  std::string unix_path;
  std::string op = "get";
  std::string command;  // a template of one's own; wins over op
  uint64_t connections = 50;
  uint64_t pipeline = 1;
  uint64_t requests = 100'000;
  uint64_t seconds = 60;
  uint64_t warmup_requests = 0;
  uint64_t rate = 0;       // requests a second over all connections; 0: as fast as answered
  uint64_t slow_us = 0;    // list every pipeline slower than this; 0: none
  uint64_t series_ms = 0;  // count and greatest latency per interval; 0: none
  uint64_t watch_pid = 0;
  uint64_t tls = 0;        // 1: speak TLS
  TlsClientOptions tls_options;
  TemplateOptions request;
};

constexpr size_t kSlowListMax = 20'000;
constexpr size_t kSeriesMax = 10'000;
constexpr uint64_t kSilenceMaxNs = 30'000'000'000;
// A look costs some 30 us, so this is half a percent of the generator's core.
constexpr uint64_t kWatchIntervalNs = 5'000'000;

// What server and generator have used, and waited for, until some moment.
struct CpuTimes {
  ProcessCpu server;
  ProcessCpu own;
};

struct Connection {
  Connection(int fd_in, Protocol protocol) : fd(fd_in), scanner(protocol) {}
  int fd;
  std::unique_ptr<TlsClient> tls;  // null: in the clear
  ReplyScanner scanner;
  uint64_t awaited = 0;       // replies still to come
  uint64_t started_ns = 0;    // when the pipeline was sent, or was due
  uint64_t next_due_ns = 0;   // with --rate
  uint64_t idle_since_ns = 0;
  CpuTimes watch;             // at most kWatchIntervalNs before the pipeline was sent; with --slow-us
  std::string unsent;         // what the socket would not take yet
  size_t unsent_offset = 0;
  bool wants_write = false;
};

struct SlowPipeline {
  double at_ms;
  double latency_us;
  double server_run_us;
  double server_wait_us;
  double own_wait_us;
};

struct Interval {
  uint64_t requests = 0;
  uint64_t max_ns = 0;
};

class LoadGenerator {
 public:
  LoadGenerator(const Options& options, RequestTemplate requests)
      : options_(options), requests_(std::move(requests)) {}
  LoadGenerator(const LoadGenerator&) = delete;
  LoadGenerator& operator=(const LoadGenerator&) = delete;
  ~LoadGenerator() {
    for (const auto& connection : connections_) close(connection->fd);
    if (epoll_fd_ >= 0) close(epoll_fd_);
  }

  /// Connects all connections; false with `failure()` set if one is refused.
  bool Connect() {
    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    for (uint64_t i = 0; i < options_.connections; ++i) {
      const int fd = ConnectOne();
      if (fd < 0) return Fail(std::string("connect: ") + std::strerror(errno));
      connections_.push_back(std::make_unique<Connection>(fd, options_.request.protocol));
      if (options_.tls != 0) {
        connections_.back()->tls = tls_.Connect(fd, options_.tls_options);
        if (connections_.back()->tls == nullptr) return Fail("TLS: " + tls_.failure());
      }
      epoll_event event{.events = EPOLLIN, .data = {.ptr = connections_.back().get()}};
      epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
    }
    return true;
  }

  /// Sends and receives until the bounds are reached; false with `failure()` set if the server fails.
  bool Run() {
    total_ = options_.requests + options_.warmup_requests;
    if (options_.warmup_requests == 0) StartMeasuring();
    const uint64_t start_ns = NowNs();
    deadline_ns_ = start_ns + options_.seconds * 1'000'000'000;
    last_progress_ns_ = start_ns;
    StartConnections(start_ns);
    std::vector<epoll_event> events(connections_.size());
    while (outstanding_ > 0 || CanStart(NowNs())) {
      if (!failure_.empty()) return false;
      RefreshWatch();
      if (!WaitAndServe(&events)) return false;
    }
    end_ns_ = NowNs();
    after_ = ReadCpuTimes();
    return failure_.empty();
  }

  void PrintJson() const;
  const std::string& failure() const { return failure_; }

 private:
  static uint64_t NowNs() {
    static const SystemClock clock;
    return static_cast<uint64_t>(clock.MonotonicNs());
  }

  bool Fail(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
    return false;
  }

  CpuTimes ReadCpuTimes() const {
    CpuTimes times{.server = {}, .own = ReadProcessCpu(0)};
    if (options_.watch_pid > 0) {
      times.server = ReadProcessCpu(static_cast<pid_t>(options_.watch_pid));
    }
    return times;
  }

  int ConnectOne() const {
    if (!options_.unix_path.empty()) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      options_.unix_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
      const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      return ConnectTo(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(options_.port));
    if (inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr) != 1) {
      errno = EINVAL;
      return -1;
    }
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return ConnectTo(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  static int ConnectTo(int fd, const sockaddr* address, socklen_t size) {
    if (fd < 0 || connect(fd, address, size) == 0) return fd;
    const int saved = errno;
    close(fd);
    errno = saved;
    return -1;
  }

  void StartMeasuring() {
    is_measuring_ = true;
    histogram_.Reset();
    measured_requests_ = 0;
    before_ = watch_ = ReadCpuTimes();
    begin_ns_ = watched_at_ns_ = NowNs();
  }

  bool CanStart(uint64_t now_ns) const { return started_ < total_ && now_ns < deadline_ns_; }

  void StartConnections(uint64_t start_ns) {
    if (options_.rate == 0) {
      for (const auto& connection : connections_) StartPipeline(*connection, NowNs(), 0);
      return;
    }
    due_interval_ns_ = 1'000'000'000 * options_.connections * options_.pipeline / options_.rate;
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i]->next_due_ns = start_ns + due_interval_ns_ * i / connections_.size();
    }
  }

  // due_ns 0: no schedule. With one, a latency counts from the scheduled moment if the server had not
  // answered by then, but from now if it was only this program that came late.
  void StartPipeline(Connection& connection, uint64_t now_ns, uint64_t due_ns) {
    if (!CanStart(now_ns)) return;
    const uint64_t count = std::min(options_.pipeline, total_ - started_);
    const std::string_view bytes = requests_.Build(count);
    started_ += count;
    outstanding_ += count;
    connection.awaited = count;
    const bool is_behind = due_ns > 0 && connection.idle_since_ns > due_ns;
    connection.started_ns = is_behind ? due_ns : now_ns;
    // What made the one before late has made this one late, so the look from before that one stays.
    if (!is_behind) connection.watch = watch_;
    Send(connection, bytes);
  }

  // Both answer as send and recv do.
  static ssize_t SendSome(const Connection& connection, std::string_view bytes) {
    if (connection.tls != nullptr) return connection.tls->Send(bytes);
    return send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  static ssize_t ReceiveSome(const Connection& connection, char* place, size_t size) {
    if (connection.tls != nullptr) return connection.tls->Receive(place, size);
    return recv(connection.fd, place, size, MSG_DONTWAIT);
  }

  void Send(Connection& connection, std::string_view bytes) {
    const ssize_t sent = SendSome(connection, bytes);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      Fail(std::string("send: ") + std::strerror(errno));
      return;
    }
    const auto taken = static_cast<size_t>(std::max<ssize_t>(sent, 0));
    if (taken < bytes.size()) {
      connection.unsent.assign(bytes.substr(taken));
      connection.unsent_offset = 0;
      WantWrite(connection, true);
    }
  }

  void SendRest(Connection& connection) {
    const std::string_view rest = std::string_view(connection.unsent).substr(connection.unsent_offset);
    const ssize_t sent = SendSome(connection, rest);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      Fail(std::string("send: ") + std::strerror(errno));
      return;
    }
    connection.unsent_offset += static_cast<size_t>(std::max<ssize_t>(sent, 0));
    if (connection.unsent_offset == connection.unsent.size()) {
      connection.unsent.clear();
      WantWrite(connection, false);
    }
  }

  void WantWrite(Connection& connection, bool wants) {
    if (connection.wants_write == wants) return;
    connection.wants_write = wants;
    epoll_event event{.events = wants ? EPOLLIN | EPOLLOUT : uint32_t{EPOLLIN},
                      .data = {.ptr = &connection}};
    epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd, &event);
  }

  bool WaitAndServe(std::vector<epoll_event>* events) {
    timespec timeout{.tv_sec = 1, .tv_nsec = 0};
    if (options_.rate > 0) timeout = StartDue();
    const int ready = epoll_pwait2(epoll_fd_, events->data(), static_cast<int>(events->size()),
                                   &timeout, nullptr);
    if (ready < 0 && errno != EINTR) return Fail(std::string("epoll: ") + std::strerror(errno));
    has_fresh_ = false;
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = (*events)[static_cast<size_t>(i)];
      auto& connection = *static_cast<Connection*>(event.data.ptr);
      if ((event.events & EPOLLOUT) != 0) SendRest(connection);
      if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Receive(connection);
    }
    const uint64_t now_ns = NowNs();
    if (ready > 0 || outstanding_ == 0) last_progress_ns_ = now_ns;
    if (now_ns - last_progress_ns_ > kSilenceMaxNs) return Fail("the server is silent");
    return failure_.empty();
  }

  // Starts what is due by the schedule; returns the time until the next is.
  timespec StartDue() {
    const uint64_t now_ns = NowNs();
    uint64_t next_ns = now_ns + 100'000'000;
    for (const auto& connection : connections_) {
      if (connection->awaited > 0) continue;
      if (connection->next_due_ns <= now_ns) {
        StartPipeline(*connection, now_ns, connection->next_due_ns);
        connection->next_due_ns += due_interval_ns_;
      } else {
        next_ns = std::min(next_ns, connection->next_due_ns);
      }
    }
    return {.tv_sec = 0, .tv_nsec = static_cast<long>(next_ns - now_ns)};
  }

  void Receive(Connection& connection) {
    ssize_t received = 0;
    do {
      received = ReceiveSome(connection, input_, sizeof(input_));
      if (received == 0) {
        Fail("the server closed a connection");
        return;
      }
      if (received < 0) {
        if (errno != EAGAIN && errno != EINTR) Fail(std::string("recv: ") + std::strerror(errno));
        return;
      }
      const size_t whole =
          connection.scanner.Scan(std::string_view(input_, static_cast<size_t>(received)));
      if (whole > connection.awaited) {
        Fail("more replies than requests");
        return;
      }
      connection.awaited -= whole;
      outstanding_ -= whole;
      finished_ += whole;
      measured_requests_ += whole;
      if (whole > 0 && connection.awaited == 0) FinishPipeline(connection);
      // A record may be decrypted already, and nothing left for epoll to see.
    } while ((received == static_cast<ssize_t>(sizeof(input_)) || connection.tls != nullptr) &&
             failure_.empty());
  }

  void FinishPipeline(Connection& connection) {
    const uint64_t now_ns = NowNs();
    if (is_measuring_) {
      Note(now_ns, connection);
    } else if (finished_ >= options_.warmup_requests) {
      StartMeasuring();
    }
    connection.idle_since_ns = now_ns;
    if (options_.rate == 0) StartPipeline(connection, now_ns, 0);
  }

  void Note(uint64_t now_ns, const Connection& connection) {
    const uint64_t latency_ns = now_ns - connection.started_ns;
    histogram_.Record(latency_ns);
    if (options_.series_ms > 0) {
      const size_t index =
          std::min<size_t>((now_ns - begin_ns_) / (options_.series_ms * 1'000'000), kSeriesMax - 1);
      if (index >= series_.size()) series_.resize(index + 1);
      series_[index].requests += options_.pipeline;
      series_[index].max_ns = std::max(series_[index].max_ns, latency_ns);
    }
    if (options_.slow_us > 0 && latency_ns > options_.slow_us * 1000) {
      NoteSlow(now_ns, connection);
    }
  }

  // Beside each slow pipeline stands what server and generator did meanwhile, so that a reader can tell a
  // server that worked from one that the machine did not let run.
  void NoteSlow(uint64_t now_ns, const Connection& connection) {
    ++slow_count_;
    if (slow_.size() == kSlowListMax) return;
    if (!has_fresh_) fresh_ = ReadCpuTimes();
    has_fresh_ = true;
    const auto micros = [](uint64_t ns) { return static_cast<double>(ns) / 1e3; };
    const CpuTimes& sent = connection.watch;
    slow_.push_back({.at_ms = static_cast<double>(now_ns - begin_ns_) / 1e6,
                     .latency_us = micros(now_ns - connection.started_ns),
                     .server_run_us = micros(fresh_.server.run_ns - sent.server.run_ns),
                     .server_wait_us = micros(fresh_.server.wait_ns - sent.server.wait_ns),
                     .own_wait_us = micros(fresh_.own.wait_ns - sent.own.wait_ns)});
  }

  void RefreshWatch() {
    if (options_.slow_us == 0) return;
    const uint64_t now_ns = NowNs();
    if (now_ns - watched_at_ns_ < kWatchIntervalNs) return;
    watched_at_ns_ = now_ns;
    watch_ = ReadCpuTimes();
  }

  const Options options_;
  RequestTemplate requests_;
  std::vector<std::unique_ptr<Connection>> connections_;
  TlsClientContext tls_;
  int epoll_fd_ = -1;
  char input_[64 * 1024];
  std::string failure_;

  // The course of the run.
  uint64_t total_ = 0;
  uint64_t started_ = 0;
  uint64_t outstanding_ = 0;
  uint64_t finished_ = 0;
  uint64_t deadline_ns_ = 0;
  uint64_t last_progress_ns_ = 0;
  uint64_t due_interval_ns_ = 0;

  // What was measured.
  bool is_measuring_ = false;
  uint64_t measured_requests_ = 0;
  uint64_t begin_ns_ = 0;
  uint64_t end_ns_ = 0;
  LatencyHistogram histogram_;
  std::vector<Interval> series_;
  std::vector<SlowPipeline> slow_;
  uint64_t slow_count_ = 0;
  CpuTimes before_, after_;

  // For slow pipelines: the last look before this turn, and the one in this turn.
  CpuTimes watch_, fresh_;
  uint64_t watched_at_ns_ = 0;
  bool has_fresh_ = false;
};

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= ' ' && c < 127 ? c : '?';
  }
  return out + "\"";
}

void LoadGenerator::PrintJson() const {
  uint64_t errors = 0;
  uint64_t nils = 0;
  std::string first_error;
  for (const auto& connection : connections_) {
    errors += connection->scanner.error_count();
    nils += connection->scanner.nil_count();
    if (first_error.empty()) first_error = connection->scanner.first_error();
  }
  const double seconds = static_cast<double>(end_ns_ - begin_ns_) / 1e9;
  const auto requests = static_cast<double>(std::max<uint64_t>(measured_requests_, 1));
  const auto micros = [](uint64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::printf("{\"requests\":%" PRIu64 ",\"seconds\":%.6f,\"requests_per_s\":%.1f",
              measured_requests_, seconds, requests / std::max(seconds, 1e-9));
  std::printf(",\"errors\":%" PRIu64 ",\"nils\":%" PRIu64 ",\"first_error\":%s", errors, nils,
              JsonString(first_error).c_str());
  std::printf(",\"mean_us\":%.3f,\"max_us\":%.3f", histogram_.mean_ns() / 1e3,
              micros(histogram_.max_ns()));
  constexpr struct {
    const char* name;
    double quantile;
  } kQuantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}, {"p99_99", 0.9999}};
  for (const auto& entry : kQuantiles) {
    std::printf(",\"%s_us\":%.3f", entry.name, micros(histogram_.QuantileNs(entry.quantile)));
  }
  if (options_.watch_pid > 0) {
    const double cpu_us = micros(after_.server.run_ns - before_.server.run_ns);
    std::printf(",\"server_cpu_us\":%.1f,\"server_cpu_us_per_request\":%.5f,\"server_wait_us\":%.1f",
                cpu_us, cpu_us / requests, micros(after_.server.wait_ns - before_.server.wait_ns));
  }
  std::printf(",\"own_cpu_us\":%.1f,\"own_wait_us\":%.1f,\"slow_count\":%" PRIu64 ",\"slow\":[",
              micros(after_.own.run_ns - before_.own.run_ns),
              micros(after_.own.wait_ns - before_.own.wait_ns), slow_count_);
  for (size_t i = 0; i < slow_.size(); ++i) {
    const SlowPipeline& slow = slow_[i];
    std::printf("%s[%.1f,%.0f,%.0f,%.0f,%.0f]", i == 0 ? "" : ",", slow.at_ms, slow.latency_us,
                slow.server_run_us, slow.server_wait_us, slow.own_wait_us);
  }
  std::printf("],\"series_ms\":%" PRIu64 ",\"series\":[", options_.series_ms);
  for (size_t i = 0; i < series_.size(); ++i) {
    std::printf("%s[%" PRIu64 ",%.0f]", i == 0 ? "" : ",", series_[i].requests,
                micros(series_[i].max_ns));
  }
  std::printf("]}\n");
}

// What --op means on the wire. An empty text: the protocol has no such command here.
std::string CommandOf(const Options& options) {
  if (!options.command.empty()) return options.command;
  if (options.request.protocol == Protocol::kMemcached) {
    if (options.op == "get") return "get key:__rand__";
    if (options.op == "set") return "set key:__rand__ 0 0 __value__";
    return "";
  }
  std::string mset = "MSET";
  for (int i = 0; i < 10; ++i) mset += " key:__rand__ __value__";
  const std::map<std::string, std::string> commands = {
      {"ping", "PING"},
      {"get", "GET key:__rand__"},
      {"set", "SET key:__rand__ __value__"},
      {"incr", "INCR ctr:__rand__"},
      {"mset", mset},
      {"setex", "SET key:__rand__ __value__ EX __ttl__"},
      {"setpxat", "SET key:__rand__ __value__ PXAT __deadline__"},
  };
  const auto found = commands.find(options.op);
  return found == commands.end() ? "" : found->second;
}

bool ParseNumber(std::string_view text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool SetOption(std::string_view name, const std::string& value, Options* options) {
  TemplateOptions& request = options->request;
  const std::map<std::string_view, std::string*> texts = {
      {"host", &options->host},
      {"unix", &options->unix_path},
      {"op", &options->op},
      {"command", &options->command},
      {"tls-protocol", &options->tls_options.protocol},
      {"tls-ciphers", &options->tls_options.ciphers}};
  const std::map<std::string_view, uint64_t*> numbers = {
      {"port", &options->port},
      {"connections", &options->connections},
      {"pipeline", &options->pipeline},
      {"requests", &options->requests},
      {"seconds", &options->seconds},
      {"warmup", &options->warmup_requests},
      {"rate", &options->rate},
      {"slow-us", &options->slow_us},
      {"series-ms", &options->series_ms},
      {"watch-pid", &options->watch_pid},
      {"tls", &options->tls},
      {"keys", &request.key_count},
      {"key-start", &request.key_start},
      {"value-bytes", &request.value_bytes},
      {"value-bytes-max", &request.value_bytes_max},
      {"ttl-min", &request.ttl_min},
      {"ttl-max", &request.ttl_max},
      {"deadline-base-ms", &request.deadline_base_ms},
      {"deadline-span-ms", &request.deadline_span_ms},
      {"seed", &request.seed}};
  const std::map<std::string_view, KeyOrder> orders = {{"random", KeyOrder::kRandom},
                                                       {"sequential", KeyOrder::kSequential},
                                                       {"shuffled", KeyOrder::kShuffled}};
  if (const auto text = texts.find(name); text != texts.end()) {
    *text->second = value;
    return true;
  }
  if (const auto number = numbers.find(name); number != numbers.end()) {
    return ParseNumber(value, number->second);
  }
  if (name == "order" && orders.contains(value)) {
    request.order = orders.at(value);
    return true;
  }
  if (name == "protocol" && (value == "resp" || value == "memcached")) {
    request.protocol = value == "resp" ? Protocol::kResp : Protocol::kMemcached;
    return true;
  }
  return false;
}

bool ParseArguments(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const size_t equals = argument.find('=');
    if (!argument.starts_with("--") || equals == std::string_view::npos ||
        !SetOption(argument.substr(2, equals - 2), std::string(argument.substr(equals + 1)), options)) {
      std::fprintf(stderr, "bench_loadgen: what is %s? (--name=value, see bench/README.md)\n", argv[i]);
      return false;
    }
  }
  if (options->connections == 0 || options->pipeline == 0) {
    std::fprintf(stderr, "bench_loadgen: connections and pipeline must not be 0\n");
    return false;
  }
  return true;
}

int Main(int argc, char** argv) {
  Options options;
  if (!ParseArguments(argc, argv, &options)) return 2;
  std::string error = "no such op in this protocol";
  const std::string command = CommandOf(options);
  auto requests = command.empty() ? std::nullopt
                                  : RequestTemplate::Compile(command, options.request, &error);
  if (!requests) {
    std::fprintf(stderr, "bench_loadgen: %s\n", error.c_str());
    return 2;
  }
  LoadGenerator generator(options, std::move(*requests));
  if (!generator.Connect() || !generator.Run()) {
    std::fprintf(stderr, "bench_loadgen: %s\n", generator.failure().c_str());
    return 1;
  }
  generator.PrintJson();
  return 0;
}

}  // namespace
}  // namespace ringtail::bench

int main(int argc, char** argv) { return ringtail::bench::Main(argc, argv); }
