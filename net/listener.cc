#include "net/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace ringtail::net {
namespace {

struct BindTarget {
  std::string address;
  int family;
  bool is_optional;
};

struct SocketFailure {
  int error;
  std::string what;
};

// "-" makes an address optional, "*" and "::*" mean all of a family, a colon means IPv6.
BindTarget ParseBind(std::string_view bind) {
  const bool is_optional = bind.starts_with('-');
  if (is_optional) bind.remove_prefix(1);
  if (bind == "*") return {"", AF_INET, is_optional};
  if (bind == "::*") return {"", AF_INET6, is_optional};
  const int family = bind.find(':') != std::string_view::npos ? AF_INET6 : AF_INET;
  return {std::string(bind), family, is_optional};
}

// The system does not know the family or protocol at all, so no address of it can be meant.
bool IsUnsupported(int error) {
  return error == ENOPROTOOPT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT ||
         error == EPFNOSUPPORT || error == EAFNOSUPPORT;
}

SocketFailure Failure(const char* call) {
  const int error = errno;
  return {error, std::string(call) + ": " + std::strerror(error)};
}

std::optional<SocketFailure> Listen(int fd, const sockaddr* address, socklen_t size, int backlog) {
  if (::bind(fd, address, size) != 0) return Failure("bind");
  if (::listen(fd, backlog) != 0) return Failure("listen");
  return std::nullopt;
}

UniqueFd MakeSocket(int family) {
  return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void SetOption(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof(value));
}

void Apply(int fd, const SocketOptions& options) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, options.has_nodelay ? 1 : 0);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, options.keepalive_s > 0 ? 1 : 0);
  if (options.keepalive_s <= 0) return;
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, options.keepalive_s);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, options.keepalive_s / 3));
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

std::optional<SocketFailure> OpenOne(const addrinfo& info, const ListenOptions& options,
                                     UniqueFd& fd) {
  fd = MakeSocket(info.ai_family);
  if (!fd.is_open()) return Failure("socket");
  const int on = 1;
  if (info.ai_family == AF_INET6 &&
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
    return Failure("setsockopt");
  }
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return Failure("setsockopt");
  }
  // Before listen: clients may be in the backlog before anyone accepts.
  Apply(fd.get(), options.socket);
  return Listen(fd.get(), info.ai_addr, info.ai_addrlen, options.backlog);
}

std::optional<SocketFailure> OpenTarget(const BindTarget& target, const ListenOptions& options,
                                        UniqueFd& fd) {
  addrinfo hints{};
  hints.ai_family = target.family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  const int code = ::getaddrinfo(target.address.empty() ? nullptr : target.address.c_str(),
                                 port.c_str(), &hints, &found);
  if (code != 0) return SocketFailure{EADDRNOTAVAIL, ::gai_strerror(code)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  std::optional<SocketFailure> failure;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    failure = OpenOne(*info, options, fd);
    if (!failure) return std::nullopt;
  }
  return failure;
}

uint16_t PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

Result<std::vector<ListeningSocket>> OpenTcpListeners(const ListenOptions& options,
                                                      std::vector<std::string>* warnings) {
  std::vector<ListeningSocket> sockets;
  for (const std::string& bind : options.binds) {
    const BindTarget target = ParseBind(bind);
    ListeningSocket socket{
        .fd = {}, .name = {}, .port = 0, .tag = options.tag, .backlog = options.backlog};
    socket.has_tls = options.has_tls;
    const std::optional<SocketFailure> failure = OpenTarget(target, options, socket.fd);
    const std::string shown =
        target.address.empty() ? (target.family == AF_INET ? "*" : "::*") : target.address;
    if (failure) {
      const std::string text = "Could not create server TCP listening socket " + shown + ":" +
                               std::to_string(options.port) + ": " + failure->what;
      const bool is_skipped =
          IsUnsupported(failure->error) || (target.is_optional && failure->error == EADDRNOTAVAIL);
      if (!is_skipped) return Error{text};
      if (warnings != nullptr) warnings->push_back(text);
      continue;
    }
    socket.port = PortOf(socket.fd.get());
    socket.name = shown + ":" + std::to_string(socket.port);
    sockets.push_back(std::move(socket));
  }
  if (sockets.empty()) return Error{"none of the addresses to bind is available"};
  return sockets;
}

Result<ListeningSocket> OpenUnixListener(const UnixListenOptions& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string prefix = "Failed opening Unix socket " + options.path + ": ";
  if (options.path.size() >= sizeof(address.sun_path)) return Error{prefix + "path too long"};
  std::memcpy(address.sun_path, options.path.data(), options.path.size());
  ::unlink(options.path.c_str());
  ListeningSocket socket{
      .fd = MakeSocket(AF_UNIX), .name = options.path, .tag = options.tag, .is_unix_socket = true,
      .backlog = options.backlog};
  if (!socket.fd.is_open()) return Error{prefix + Failure("socket").what};
  const auto failure = Listen(socket.fd.get(), reinterpret_cast<const sockaddr*>(&address),
                              sizeof(address), options.backlog);
  if (failure) return Error{prefix + failure->what};
  if (options.permissions != 0 && ::chmod(options.path.c_str(), options.permissions) != 0) {
    return Error{prefix + Failure("chmod").what};
  }
  return socket;
}

void ApplySocketOptions(const ListeningSocket& socket, const SocketOptions& options) {
  if (!socket.is_unix_socket) Apply(socket.fd.get(), options);
}

// Linux gives up listening, but not the name, when a listening socket is shut down; and SO_REUSEADDR lets another
// socket bind to the name of one that does not listen.
void StopListening(int fd) { ::shutdown(fd, SHUT_RDWR); }

Result<void> ListenAgain(int fd, int backlog) {
  if (::listen(fd, backlog) == 0) return {};
  return Error{Failure("listen").what};
}

int SystemBacklogMax() {
  int backlog = 0;
  if (FILE* file = std::fopen("/proc/sys/net/core/somaxconn", "re")) {
    if (std::fscanf(file, "%d", &backlog) != 1) backlog = 0;
    std::fclose(file);
  }
  return backlog;
}

}  // namespace ringtail::net
