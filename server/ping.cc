#include "server/ping.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

namespace ringtail::server {
namespace {

// An error reply of Redis fits easily; what is longer is none of ours.
constexpr size_t kReplyBytesMax = 512;

struct HostPort {
  std::string host = "127.0.0.1";
  std::string port;
};

Result<HostPort> Parse(std::string_view text) {
  HostPort parsed;
  const size_t colon = text.rfind(':');
  parsed.port = text.substr(colon == std::string_view::npos ? 0 : colon + 1);
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (!host.empty()) parsed.host = host;
  }
  if (parsed.port.empty() || parsed.port.find_first_not_of("0123456789") != std::string::npos) {
    return Error{"Not an address to ping: " + std::string(text)};
  }
  return parsed;
}

// A connection whose every wait counts against one deadline.
class Dialogue {
 public:
  explicit Dialogue(int64_t timeout_ms)
      : deadline_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms)) {}
  ~Dialogue() { Close(); }
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  Result<void> Connect(const addrinfo& address) {
    Close();
    fd_ = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return Failure("socket", errno);
    if (connect(fd_, address.ai_addr, address.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS) return Failure("connect", errno);
    if (!Wait(POLLOUT)) return Failure("connect", ETIMEDOUT);
    int failure = 0;
    socklen_t size = sizeof(failure);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) return Failure("connect", failure);
    return {};
  }

  // The first line of the answer, without its end.
  Result<std::string> Ask(std::string_view request) {
    if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      return Failure("send", errno);
    }
    std::string reply;
    while (reply.find("\r\n") == std::string::npos && reply.size() < kReplyBytesMax) {
      if (!Wait(POLLIN)) return Failure("receive", ETIMEDOUT);
      std::array<char, kReplyBytesMax> chunk;
      const ssize_t got = recv(fd_, chunk.data(), chunk.size(), 0);
      if (got == 0) return Error{"The server closed the connection"};
      if (got < 0) return Failure("receive", errno);
      reply.append(chunk.data(), static_cast<size_t>(got));
    }
    return reply.substr(0, reply.find("\r\n"));
  }

 private:
  static Error Failure(std::string_view what, int code) {
    return Error{std::string(what) + ": " + std::strerror(code)};
  }
  bool Wait(short events) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    pollfd waiting{.fd = fd_, .events = events, .revents = 0};
    return left.count() > 0 && poll(&waiting, 1, static_cast<int>(left.count())) > 0;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  const std::chrono::steady_clock::time_point deadline_;
  int fd_ = -1;
};

}  // namespace

Result<void> PingServer(std::string_view host_port, int64_t timeout_ms) {
  TRY(const HostPort target, Parse(host_port));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int lookup = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found);
  if (lookup != 0) return Error{target.host + ": " + gai_strerror(lookup)};
  Dialogue dialogue(timeout_ms);
  Result<void> connected = Error{target.host + ": no address"};
  for (const addrinfo* one = found; one != nullptr && !connected.ok(); one = one->ai_next) {
    connected = dialogue.Connect(*one);
  }
  freeaddrinfo(found);
  if (!connected.ok()) return connected;
  TRY(const std::string reply, dialogue.Ask("*1\r\n$4\r\nPING\r\n"));
  if (reply == "+PONG" || reply.starts_with("-NOAUTH")) return {};
  return Error{reply};
}

}  // namespace ringtail::server
