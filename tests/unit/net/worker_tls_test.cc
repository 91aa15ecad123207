// Workers with TLS: both sides of a connection live on their loops.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/net/loopback.h"
#include "tests/unit/net/tls_files.h"

namespace ringtail::net {
namespace {

// Accepts with TLS and answers lines, as LoopbackServer does; listens on `port`.
class TlsServer {
 public:
  TlsServer(uint32_t worker_count, const WorkerOptions& options, const TlsFiles& files)
      : plain_(worker_count, options) {
    plain_.network().SetTlsContext(files.Context(TlsRole::kServer));
    auto sockets = OpenTcpListeners({.binds = {"127.0.0.1"}, .tag = 8, .has_tls = true}, nullptr);
    EXPECT_TRUE(sockets.ok());
    port = sockets.value()[0].port;
    plain_.network().Listen(std::move(sockets).value());
  }

  UniqueFd Connect() const {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return socket;
  }
  uint64_t Stat(std::atomic<uint64_t> WorkerStats::*counter) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < plain_.network().worker_count(); ++i) {
      total += plain_.network().worker(i).stats().*counter;
    }
    return total;
  }
  LoopbackServer& loopback() { return plain_; }

  uint16_t port = 0;

 private:
  LoopbackServer plain_;
};

// Sends a text when it is connected and keeps what comes back.
class AskingDelegate final : public WorkerDelegate {
 public:
  struct State final : ConnectionState {};

  void OnAccept(Connection& connection) override {
    connection.SetState(std::make_unique<State>());
    connection.output().Append(text);
    ++connected_count;
  }
  void OnTurn(std::span<Connection* const> ready) override {
    for (Connection* connection : ready) {
      received_bytes += connection->input().size();
      connection->ConsumeInput(connection->input().size());
    }
  }
  void OnClose(Connection&, CloseReason) override { ++closed_count; }
  void OnHandshakeFailed(Connection&, std::string_view) override { ++failed_count; }

  std::string text;
  std::atomic<int> connected_count{0};
  std::atomic<int> closed_count{0};
  std::atomic<int> failed_count{0};
  std::atomic<size_t> received_bytes{0};
};

class TlsClients {
 public:
  explicit TlsClients(std::string text) : worker(0, {}, delegate) {
    delegate.text = std::move(text);
    EXPECT_TRUE(worker.Open().ok());
    worker.StartThread();
  }
  ~TlsClients() {
    worker.RequestStop();
    worker.Join();
  }
  void Add(UniqueFd socket, std::shared_ptr<const TlsContext> context) {
    ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    worker.Post([this, socket = std::move(socket), context = std::move(context)]() mutable {
      worker.AdoptTls(std::move(socket), 0, false, std::move(context), "localhost");
    });
  }

  AskingDelegate delegate;
  Worker worker;
};

TEST(WorkerTls, OutgoingConnectionsTalkToAcceptedOnes) {
  const TlsFiles files("x");
  TlsServer server(2, {}, files);
  TlsClients clients("ECHO hello\nBIG 3000000\n");
  for (int i = 0; i < 20; ++i) clients.Add(server.Connect(), files.Context(TlsRole::kClient));
  EXPECT_TRUE(Eventually([&] { return clients.delegate.received_bytes == 20 * 3'000'006u; }));
  EXPECT_EQ(server.Stat(&WorkerStats::handshake_count), 20u);
}

TEST(WorkerTls, ALargeValueArrivesInItsBlock) {
  const TlsFiles files("x");
  TlsServer server(1, {.turn_arena_bytes = 64 * 1024}, files);
  const std::string value(5'000'000, 'v');
  const std::string answer = "GOT 5000000 " + std::to_string(Sum(value)) + "\nafter\n";
  TlsClients clients("PUT 5000000\n" + value + "ECHO after\n");
  clients.Add(server.Connect(), files.Context(TlsRole::kClient));
  EXPECT_TRUE(Eventually([&] { return clients.delegate.received_bytes == answer.size(); }));
}

TEST(WorkerTls, ACloseAfterFlushReachesTheOtherSideAsAnEnd) {
  const TlsFiles files("x");
  TlsServer server(1, {}, files);
  TlsClients clients("BIG 1000000\nQUIT\n");
  clients.Add(server.Connect(), files.Context(TlsRole::kClient));
  EXPECT_TRUE(Eventually([&] { return clients.delegate.closed_count == 1; }));
  EXPECT_EQ(clients.delegate.received_bytes, 1'000'004u);
}

TEST(WorkerTls, AHandshakeThatStallsIsGivenUp) {
  const TlsFiles files("x");
  TlsServer server(1, {.handshake_timeout_ms = 20}, files);
  LoopbackClient silent(server.Connect());
  EXPECT_EQ(silent.ReceiveToEnd(), "");
  EXPECT_EQ(server.Stat(&WorkerStats::failed_handshake_count), 1u);
  EXPECT_EQ(server.loopback().Total(&LineDelegate::accepted_count), 0);
  EXPECT_EQ(server.loopback().Total(&LineDelegate::closed_count), 0);
}

TEST(WorkerTls, ACrowdOfHandshakesIsTakenInTurns) {
  const TlsFiles files("x");
  TlsServer server(1, {.handshake_ns_per_turn_max = 0}, files);
  TlsClients clients("ECHO x\n");
  for (int i = 0; i < 100; ++i) clients.Add(server.Connect(), files.Context(TlsRole::kClient));
  EXPECT_TRUE(Eventually([&] { return clients.delegate.received_bytes == 200; }));
}

TEST(WorkerTls, AConnectionThatIsRefusedIsNeverKnown) {
  const TlsFiles files("x");
  const TlsFiles stranger("y");
  TlsServer server(1, {}, files);
  TlsClients clients("ECHO x\n");
  clients.Add(server.Connect(), stranger.Context(TlsRole::kClient));
  EXPECT_TRUE(Eventually([&] { return clients.delegate.failed_count == 1; }));
  EXPECT_TRUE(Eventually([&] { return server.Stat(&WorkerStats::closed_count) == 1; }));
  EXPECT_EQ(server.loopback().Total(&LineDelegate::accepted_count), 0);
  EXPECT_EQ(clients.delegate.connected_count, 0);
}

}  // namespace
}  // namespace ringtail::net
