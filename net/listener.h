// Opens the sockets a server listens on, with Redis's rules for `bind`.
//
//   Result<std::vector<ListeningSocket>> sockets = OpenTcpListeners({.port = 6379}, &warnings);
//   network.Listen(std::move(sockets).value());
//
// Thread rule: plain functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/unique_fd.h"

namespace ringtail::net {

/// Options of accepted TCP connections.
struct SocketOptions {
  bool has_nodelay = true;
  /// Seconds of silence before keepalive probes; three probes a third of it apart. 0: none.
  int keepalive_s = 300;
};

struct ListenOptions {
  /// Addresses or host names; "*" is every IPv4, "::*" every IPv6 address. With a "-" before it, an
  /// address this machine does not have is no error.
  std::vector<std::string> binds = {"*", "-::*"};
  /// 0 lets the system choose; ListeningSocket::port says what it chose.
  uint16_t port = 0;
  int backlog = 511;
  /// Handed to every connection that comes this way (Connection::listener_tag).
  uint32_t tag = 0;
  /// Connections that come this way speak TLS, with Network::SetTlsContext's context.
  bool has_tls = false;
  SocketOptions socket = {};
};

struct UnixListenOptions {
  std::string path;
  /// Permission bits of the socket file; 0 leaves what the umask gives.
  uint32_t permissions = 0;
  int backlog = 511;
  uint32_t tag = 0;
};

struct ListeningSocket {
  UniqueFd fd;
  std::string name;  // "127.0.0.1:6379" or the path
  uint16_t port = 0;
  uint32_t tag = 0;
  bool is_unix_socket = false;
  int backlog = 511;
  bool has_tls = false;
};

/// Binds and listens on every address, all or nothing. An address family the system does not know
/// and an optional address it does not have are skipped with a line in `warnings`; the error names
/// the address that failed and why. It is also an error if none is left.
Result<std::vector<ListeningSocket>> OpenTcpListeners(const ListenOptions& options,
                                                      std::vector<std::string>* warnings);
/// Replaces what is at the path by a listening socket.
Result<ListeningSocket> OpenUnixListener(const UnixListenOptions& options);
/// Sets the options that connections accepted by this listening TCP socket will have. On Linux an
/// accepted socket inherits its listener's, which saves five system calls a connection.
void ApplySocketOptions(const ListeningSocket& socket, const SocketOptions& options);
/// Lets go of a listening socket's address: nobody can connect, and another socket can take it. Who waited to be
/// accepted is turned away.
void StopListening(int fd);
/// Takes the address back after StopListening.
Result<void> ListenAgain(int fd, int backlog);
/// The system's upper bound for backlogs, or 0 if it does not say; to warn when `tcp-backlog` is
/// higher.
int SystemBacklogMax();

}  // namespace ringtail::net
