#include "net/http_listener.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <future>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

// Debian builds the library with these three, and they change the layout of its classes.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#define CPPHTTPLIB_BROTLI_SUPPORT
#include <httplib.h>

namespace ringtail::net {
namespace {

constexpr int kListenBacklog = 128;

struct BindAddress {
  std::string host;
  bool is_optional = false;
};

BindAddress ParseBind(std::string_view text) {
  BindAddress address;
  if (text.starts_with('-')) {
    address.is_optional = true;
    text.remove_prefix(1);
  }
  if (text == "*") text = "0.0.0.0";
  if (text == "::*") text = "::";
  address.host = text;
  return address;
}

Error SocketError(const std::string& host, uint16_t port, std::string_view what) {
  return Error{"Could not create the HTTP listening socket " + host + ":" + std::to_string(port) +
               ": " + std::string(what)};
}

uint16_t LocalPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  return ntohs(address.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

// A listening socket. The library's own way of making one sets SO_REUSEPORT, which would let two
// servers share a port without either noticing, and says nothing of why it failed.
Result<int> OpenListeningSocket(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int lookup = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (lookup != 0) return SocketError(host, port, gai_strerror(lookup));
  int fd = -1;
  int failure = EADDRNOTAVAIL;
  for (const addrinfo* one = found; one != nullptr && fd < 0; one = one->ai_next) {
    fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (fd < 0) {
      failure = errno;
      continue;
    }
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (one->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, one->ai_addr, one->ai_addrlen) != 0 || listen(fd, kListenBacklog) != 0) {
      failure = errno;
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(found);
  if (fd < 0) return SocketError(host, port, std::strerror(failure));
  return fd;
}

// A connection with one deadline for the request and one for the reply, however the bytes are
// spread: a client that sends one now and then gains nothing.
class DeadlineStream final : public httplib::Stream {
 public:
  DeadlineStream(int fd, const HttpLimits& limits)
      : fd_(fd), limits_(limits), deadline_(After(limits.request_ms_max)) {}

  bool is_readable() const override { return begin_ < end_ || Wait(POLLIN); }
  bool is_writable() const override { return Wait(POLLOUT); }

  ssize_t read(char* out, size_t size) override {
    if (begin_ == end_) {
      if (!Wait(POLLIN)) return -1;
      const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (got <= 0) return got;
      begin_ = 0;
      end_ = static_cast<size_t>(got);
    }
    const size_t taken = std::min(size, end_ - begin_);
    std::memcpy(out, buffer_.data() + begin_, taken);
    begin_ += taken;
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char* bytes, size_t size) override {
    if (!is_replying_) {
      is_replying_ = true;
      deadline_ = After(limits_.reply_ms_max);
    }
    if (!Wait(POLLOUT)) return -1;
    return send(fd_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // Nothing here asks who is at the other end.
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return fd_; }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  static TimePoint After(int64_t delay_ms) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms);
  }

  bool Wait(short events) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{.fd = fd_, .events = events, .revents = 0};
    return poll(&waiting, 1, static_cast<int>(left.count())) > 0;
  }

  const int fd_;
  const HttpLimits& limits_;
  TimePoint deadline_;
  bool is_replying_ = false;
  std::array<char, 4096> buffer_{};
  size_t begin_ = 0;
  size_t end_ = 0;
};

// The sockets being served, so that Stop need not wait for their clients.
class OpenConnections {
 public:
  void Add(int fd) {
    std::lock_guard lock(mutex_);
    fds_.insert(fd);
    if (is_stopping_) shutdown(fd, SHUT_RDWR);
  }
  void Remove(int fd) {
    std::lock_guard lock(mutex_);
    fds_.erase(fd);
  }
  // shutdown, not close: the thread that serves the socket wakes up and closes it itself.
  void CutAllFromNowOn() {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
  }

 private:
  std::mutex mutex_;
  std::set<int> fds_;
  bool is_stopping_ = false;
};

// Set on the accepting thread while it runs a job itself, which it does only to have it refused.
thread_local bool is_refusing = false;

// The library's own thread pool queues without bound and waits for its clients when it stops.
class BoundedPool final : public httplib::TaskQueue {
 public:
  BoundedPool(OpenConnections& connections, const HttpLimits& limits)
      : connections_(connections), pending_count_max_(limits.pending_count_max) {
    for (size_t index = 0; index < limits.thread_count; ++index) {
      threads_.emplace_back([this] { Run(); });
      pthread_setname_np(threads_.back().native_handle(), "http-serve");
    }
  }

  void enqueue(std::function<void()> job) override {
    {
      std::lock_guard lock(mutex_);
      if (jobs_.size() < pending_count_max_) {
        jobs_.push_back(std::move(job));
        wake_.notify_one();
        return;
      }
    }
    is_refusing = true;
    job();
    is_refusing = false;
  }

  void shutdown() override {
    connections_.CutAllFromNowOn();
    {
      std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Run() {
    while (true) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  OpenConnections& connections_;
  const size_t pending_count_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

// Answers everything before the library's own routing, which runs regular expressions over paths
// that strangers choose.
void Answer(const HttpRoutes& routes, const httplib::Request& request,
            httplib::Response& response) {
  const auto route = routes.find(request.path);
  HttpReply reply;
  if (route == routes.end()) {
    reply = {.status = 404, .body = "Not found\n"};
  } else if (request.method != "GET" && request.method != "HEAD") {
    reply = {.status = 405, .body = "Only GET and HEAD\n"};
    response.set_header("Allow", "GET, HEAD");
  } else {
    reply = route->second();
  }
  response.status = reply.status;
  response.set_content(reply.body, reply.content_type);
}

}  // namespace

// One address: a listening socket, the thread that accepts, and the pool that serves.
class HttpListener::Endpoint final : public httplib::Server {
 public:
  Endpoint(int listening_fd, std::shared_ptr<const HttpRoutes> routes, const HttpLimits& limits)
      : routes_(std::move(routes)), limits_(limits) {
    svr_sock_ = listening_fd;
    set_payload_max_length(0);
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Answer(*routes_, request, response);
      return HandlerResponse::Handled;
    });
    new_task_queue = [this] {
      auto* pool = new BoundedPool(connections_, limits_);  // The library owns and deletes it.
      is_accepting_.set_value();
      return pool;
    };
    thread_ = std::thread([this] { listen_after_bind(); });
    pthread_setname_np(thread_.native_handle(), "http-accept");
    // stop() is lost on a server that does not run yet, so nobody gets this object before it does.
    is_accepting_.get_future().wait();
  }

  ~Endpoint() override {
    stop();
    thread_.join();
  }

 private:
  bool process_and_close_socket(socket_t fd) override {
    bool is_served = false;
    if (!is_refusing) {
      connections_.Add(fd);
      DeadlineStream stream(fd, limits_);
      bool is_closed = false;
      is_served = process_request(stream, /*close_connection=*/true, is_closed, nullptr);
      connections_.Remove(fd);
    }
    shutdown(fd, SHUT_RDWR);
    close(fd);
    return is_served;
  }

  std::shared_ptr<const HttpRoutes> routes_;
  const HttpLimits limits_;
  OpenConnections connections_;
  std::promise<void> is_accepting_;
  std::thread thread_;
};

HttpListener::HttpListener(HttpLimits limits) : limits_(limits) {}
HttpListener::~HttpListener() { Stop(); }

Result<void> HttpListener::Start(std::span<const std::string> binds, uint16_t port,
                                 HttpRoutes routes) {
  std::vector<int> fds;
  std::string reasons;
  auto shared_routes = std::make_shared<const HttpRoutes>(std::move(routes));
  for (const std::string& bind : binds) {
    const BindAddress address = ParseBind(bind);
    Result<int> fd = OpenListeningSocket(address.host, port);
    if (fd.ok()) {
      fds.push_back(fd.value());
      if (port == 0) port = LocalPort(fd.value());
      continue;
    }
    reasons = fd.error().message;
    if (!address.is_optional) {
      for (const int opened : fds) close(opened);
      return fd.error();
    }
  }
  if (fds.empty()) return Error{reasons.empty() ? "No address for the HTTP listener" : reasons};
  for (const int fd : fds)
    endpoints_.push_back(std::make_unique<Endpoint>(fd, shared_routes, limits_));
  port_ = port;
  return {};
}

void HttpListener::Stop() {
  endpoints_.clear();
  port_ = 0;
}

}  // namespace ringtail::net
