// Asks a server whether it answers; what `ringtail-server --ping host:port` and the container's
// health check do, without another program in the image.
//
//   return PingServer("127.0.0.1:6379", 2'000).ok() ? 0 : 1;
//
// Thread rule: blocks the calling thread; any thread may.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ringtail::server {

/// Connects to "host:port", "[v6]:port" or "port", sends PING and waits for the answer, all within
/// `timeout_ms`. An answer that asks for a password counts: who asks is alive. One that says the
/// data are still being loaded does not, and its text is the error.
Result<void> PingServer(std::string_view host_port, int64_t timeout_ms);

}  // namespace ringtail::server
