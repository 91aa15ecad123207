// The ceiling of the net layer: a server that answers every request with +OK and does nothing else.
//
//   bench_echo [port] [workers]        then redis-benchmark -p port -t ping_mbulk -P 16, and
//   compare the
//                                      processor time in /proc/PID/schedstat with a real server's
//
// A request is an array of bulks, stepped over by its lengths and otherwise not looked at.
// Well-formed input only: this is no server. Stops on SIGTERM and SIGINT.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "net/network.h"

namespace ringtail::net {
namespace {

// Reads "<type>digits\r\n" at `at` and moves behind it; -1 if it has not arrived whole.
long ReadHeader(std::string_view bytes, size_t& at) {
  const size_t end = bytes.find('\n', at);
  if (end == std::string_view::npos) return -1;
  long number = 0;
  for (size_t i = at + 1; i + 1 < end; ++i) number = number * 10 + (bytes[i] - '0');
  at = end + 1;
  return number;
}

// The length of the first request, or 0 if it has not arrived whole.
size_t RequestBytes(std::string_view bytes) {
  if (bytes.empty()) return 0;
  size_t at = 0;
  if (bytes[0] != '*') return bytes.find('\n') + 1;
  const long count = ReadHeader(bytes, at);
  for (long i = 0; i < count; ++i) {
    const long size = ReadHeader(bytes, at);
    if (size < 0) return 0;
    at += static_cast<size_t>(size) + 2;
  }
  return count < 0 || at > bytes.size() ? 0 : at;
}

class EchoDelegate final : public WorkerDelegate {
 public:
  void OnAccept(Connection&) override {}
  void OnClose(Connection&, CloseReason) override {}
  void OnTurn(std::span<Connection* const> ready) override {
    for (Connection* connection : ready) {
      while (const size_t size = RequestBytes(connection->input())) {
        connection->ConsumeInput(size);
        connection->output().Append("+OK\r\n");
      }
    }
  }
};

int Run(uint16_t port, uint32_t worker_count) {
  Network network({.worker_count = worker_count, .worker = {}},
                  [](uint32_t) { return std::make_unique<EchoDelegate>(); }, {});
  auto sockets = OpenTcpListeners({.binds = {"127.0.0.1"}, .port = port}, nullptr);
  if (!sockets.ok() || !network.Start().ok()) {
    std::fprintf(stderr, "cannot listen on port %u\n", port);
    return 1;
  }
  network.Listen(std::move(sockets).value());
  network.WatchSignals({SIGTERM, SIGINT}, [&](int) { network.RequestStop(); });
  network.WaitForStopRequest();
  network.Stop();
  return 0;
}

}  // namespace
}  // namespace ringtail::net

int main(int argc, char** argv) {
  const long port = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 7777;
  const long worker_count = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 1;
  return ringtail::net::Run(static_cast<uint16_t>(port), static_cast<uint32_t>(worker_count));
}
