// The two ends of a socket, written as Redis writes them in CLIENT LIST.
//
//   PeerAddressOf(fd)      "127.0.0.1:52814", "[::1]:52814", "/run/ringtail.sock:0"
//
// Thread rule: plain functions; any thread. One or two system calls each.
#pragma once

#include <string>

namespace ringtail::net {

/// "?:0" if the socket is not connected any more.
std::string PeerAddressOf(int fd);
std::string LocalAddressOf(int fd);

}  // namespace ringtail::net
