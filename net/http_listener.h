// Serves a handful of short text pages over HTTP/1.1: metrics for Prometheus, probes for an
// orchestrator.
//
//   HttpListener http;
//   Result<void> started = http.Start({{"127.0.0.1"}}, 9121, {{"/livez", [] { return HttpReply{};
//   }}});
//   ...
//   http.Stop();
//
// The listener has threads of its own (cpp-httplib underneath), so a slow scraper never costs a
// worker anything. It answers GET and HEAD on exact paths and closes after each reply. HttpLimits
// bound how long a connection may hold a thread and how many may wait for one, so clients that
// dribble their requests can delay a probe by a few seconds but not keep it unanswered.
//
// Thread rule: Start and Stop belong to one thread. Handlers run on the listener's threads, several
// at once, and must only read what any thread may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace ringtail::net {

struct HttpLimits {
  /// From being taken up by a thread until the whole request has come.
  int64_t request_ms_max = 500;
  /// From there until the whole reply has gone out.
  int64_t reply_ms_max = 5'000;
  /// Threads per address that run handlers.
  size_t thread_count = 16;
  /// Accepted connections that wait for one of those threads; beyond it they are closed.
  size_t pending_count_max = 256;
};

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

using HttpHandler = std::function<HttpReply()>;
/// Exact path ("/metrics") to what answers it.
using HttpRoutes = std::map<std::string, HttpHandler, std::less<>>;

class HttpListener {
 public:
  explicit HttpListener(HttpLimits limits = {});
  /// Stops first, if that has not been done.
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  /// Listens on every address of `binds` (as the `bind` directive writes them: "*" is all of IPv4,
  /// "::*" all of IPv6, a leading "-" means that failing there is no error) and starts to answer.
  /// Port 0 takes a free one. Fails, with nothing left running, if an address cannot be had or none
  /// could.
  Result<void> Start(std::span<const std::string> binds, uint16_t port, HttpRoutes routes);

  /// Closes the sockets, cuts what is in flight and joins the threads. Harmless when not started.
  void Stop();

  /// The port that is listened on; 0 before Start.
  uint16_t port() const { return port_; }

 private:
  class Endpoint;

  const HttpLimits limits_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  uint16_t port_ = 0;
};

}  // namespace ringtail::net
