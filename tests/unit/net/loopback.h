// A server of the net layer and its clients in one process, for the tests of this folder.
//
//   LoopbackServer server(4);
//   LoopbackClient client = server.Connect();
//   client.Send("ECHO hello\n");
//   EXPECT_EQ(client.ReceiveLine(), "hello");
//
// The server answers lines:
//   ECHO text       text
//   PUT n           then n bytes follow; "GOT n sum" when they are there (received into a block)
//   BIG n           n bytes, by reference
//   ID              the connection's packed id
//   QUIT            "bye", then closes;   DROP closes at once;   SILENT answers nothing
// Thread rule: a LoopbackServer and a LoopbackClient belong to the test's thread.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/network.h"

namespace ringtail::net {

/// Yields until `claim` holds; false after 30 s.
inline bool Eventually(const std::function<bool()>& claim) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!claim()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

inline uint64_t Sum(std::string_view bytes) {
  uint64_t sum = 1469598103934665603ULL;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  return sum;
}

class LineDelegate : public WorkerDelegate {
 public:
  struct State final : ConnectionState {
    bool is_blocked = false;
  };

  void OnStart(Worker& worker) override { worker_ = &worker; }
  void OnAccept(Connection& connection) override {
    ExpectAwake();
    connection.SetState(std::make_unique<State>());
    ++accepted_count;
  }
  void OnTurn(std::span<Connection* const> ready) override {
    ExpectAwake();
    ++turn_count;
    for (Connection* connection : ready) {
      if (!connection->is_closing()) RunConnection(*connection);
    }
  }
  void OnClose(Connection& connection, CloseReason reason) override {
    ExpectAwake();
    EXPECT_TRUE(connection.has_state());
    last_close_reason = reason;
    ++closed_count;
  }
  void OnAfterPoll() override {
    EXPECT_FALSE(is_awake_);
    is_awake_ = true;
  }
  void OnBeforeFlush() override { ExpectAwake(); }
  void OnBeforeBlock() override {
    ExpectAwake();
    is_awake_ = false;
  }
  void OnCron(int64_t) override { ++cron_count; }
  void OnFlushed(Connection&) override { ++flushed_count; }
  void OnStop() override { is_stopped = true; }

  std::atomic<int> accepted_count{0};
  std::atomic<int> closed_count{0};
  std::atomic<int> turn_count{0};
  std::atomic<int> cron_count{0};
  std::atomic<int> flushed_count{0};
  std::atomic<bool> is_stopped{false};
  std::atomic<CloseReason> last_close_reason{CloseReason::kRequested};
  /// Requests executed per connection and turn; the rest is left for the next one.
  std::atomic<int> requests_per_turn_max{INT32_MAX};

 private:
  void ExpectAwake() {
    EXPECT_TRUE(is_awake_);
    EXPECT_TRUE(worker_->is_on_own_thread());
  }

  void RunConnection(Connection& connection) {
    if (connection.has_block()) {
      const SharedBytes block = connection.TakeBlock();
      connection.output().Append("GOT " + std::to_string(block.size()) + " " +
                                 std::to_string(Sum(block.view())) + "\n");
    }
    for (int i = 0; i < requests_per_turn_max; ++i) {
      if (connection.is_reading_block() || connection.has_block()) return;
      if (connection.state<State>().is_blocked) return;
      const std::string_view input = connection.input();
      const size_t end = input.find('\n');
      if (end == std::string_view::npos) return;
      const std::string line(input.substr(0, end));
      connection.ConsumeInput(end + 1);
      RunLine(connection, line);
      if (connection.is_closing() || connection.is_closing_after_flush()) return;
    }
    if (!connection.input().empty()) connection.MarkReady();
  }

  void RunLine(Connection& connection, std::string_view line) {
    const std::string_view word = line.substr(0, line.find(' '));
    const std::string_view rest = line.substr(std::min(line.size(), word.size() + 1));
    if (word == "ECHO") {
      connection.output().Append(std::string(rest) + "\n");
    } else if (word == "PUT") {
      connection.ReadIntoBlock(0, std::stoul(std::string(rest)));
    } else if (word == "BIG") {
      const size_t size = std::stoul(std::string(rest));
      SharedBytes block = SharedBytes::Create(size);
      std::memset(block.data(), 'x', size);
      connection.output().AppendShared(block, 0, size);
    } else if (word == "ID") {
      connection.output().Append(std::to_string(connection.id().packed()) + "\n");
    } else if (word == "BLOCK") {
      connection.state<State>().is_blocked = true;
    } else if (word == "QUIT") {
      connection.output().Append("bye\n");
      connection.CloseAfterFlush();
    } else if (word == "DROP") {
      connection.output().Append("never seen\n");
      connection.CloseNow();
    }
  }

  Worker* worker_ = nullptr;
  bool is_awake_ = false;
};

class LoopbackClient {
 public:
  explicit LoopbackClient(UniqueFd socket) : socket_(std::move(socket)) {
    const timeval deadline{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
    ::setsockopt(fd(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
    const int on = 1;
    ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0) << std::strerror(errno);
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  /// Exactly `size` bytes, or what came before the end or the deadline.
  std::string Receive(size_t size) {
    std::string bytes(size, '\0');
    size_t have = 0;
    while (have < size) {
      const ssize_t received = ::recv(fd(), bytes.data() + have, size - have, 0);
      if (received <= 0) break;
      have += static_cast<size_t>(received);
    }
    bytes.resize(have);
    return bytes;
  }
  std::string ReceiveLine() {
    std::string line;
    char byte;
    while (::recv(fd(), &byte, 1, 0) == 1 && byte != '\n') line += byte;
    return line;
  }
  /// Everything until the server hangs up.
  std::string ReceiveToEnd() {
    std::string bytes;
    char part[4096];
    ssize_t received;
    while ((received = ::recv(fd(), part, sizeof(part), 0)) > 0) {
      bytes.append(part, static_cast<size_t>(received));
    }
    return bytes;
  }
  /// Hangs up with a reset instead of a farewell.
  void Reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    socket_ = UniqueFd();
  }
  void Close() { socket_ = UniqueFd(); }
  int fd() const { return socket_.get(); }

 private:
  UniqueFd socket_;
};

class LoopbackServer {
 public:
  explicit LoopbackServer(uint32_t worker_count, WorkerOptions options = {}, AcceptHooks hooks = {})
      : network_(
            {.worker_count = worker_count, .worker = options},
            [this](uint32_t) {
              auto delegate = std::make_unique<LineDelegate>();
              delegates_.push_back(delegate.get());
              return delegate;
            },
            std::move(hooks)) {
    EXPECT_TRUE(network_.Start().ok());
    auto sockets = OpenTcpListeners({.binds = {"127.0.0.1"}, .port = 0, .tag = 7}, nullptr);
    EXPECT_TRUE(sockets.ok());
    port_ = sockets.value()[0].port;
    network_.Listen(std::move(sockets).value());
  }

  UniqueFd MakeSocket() { return UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  bool ConnectSocket(int fd) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  LoopbackClient Connect() {
    UniqueFd socket = MakeSocket();
    EXPECT_TRUE(ConnectSocket(socket.get())) << std::strerror(errno);
    return LoopbackClient(std::move(socket));
  }
  /// Runs `task` on a worker and waits for its answer.
  template <typename Task>
  auto RunOn(uint32_t worker_index, Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto answer = packaged.get_future();
    network_.worker(worker_index).Post([&packaged] { packaged(); });
    return answer.get();
  }
  /// Runs `task(Connection&)` on the connection of a client and waits for it.
  template <typename Task>
  void RunOnConnectionOf(LoopbackClient& client, Task task) {
    client.Send("ID\n");
    const ConnectionId id = ConnectionId::FromPacked(std::stoull(client.ReceiveLine()));
    RunOn(id.worker_index(), [&] {
      Connection* connection = network_.worker(id.worker_index()).Find(id);
      ASSERT_NE(connection, nullptr);
      task(*connection);
    });
  }
  int Total(std::atomic<int> LineDelegate::*counter) const {
    int total = 0;
    for (const LineDelegate* delegate : delegates_) total += delegate->*counter;
    return total;
  }

  Network& network() { return network_; }
  LineDelegate& delegate(size_t index) { return *delegates_[index]; }
  uint16_t port() const { return port_; }

 private:
  std::vector<LineDelegate*> delegates_;
  Network network_;
  uint16_t port_ = 0;
};

}  // namespace ringtail::net
