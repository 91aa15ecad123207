#include "net/http_listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ringtail::net {
namespace {

// Short enough that a test can wait them out.
constexpr HttpLimits kHasty = {.request_ms_max = 100, .reply_ms_max = 2'000};

const std::vector<std::string> kLoopback = {"127.0.0.1"};

// A client of plain sockets, because half of what is tested here no HTTP library would send.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    is_connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_connected() const { return is_connected_; }
  void Send(std::string_view bytes) const {
    (void)send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  bool IsClosedWithinMs(int wait_ms) const {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, wait_ms) > 0;
  }
  // Everything until the server closes, or what came within 15 seconds.
  std::string ReadAll() const {
    std::string all;
    char chunk[4096];
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    while (poll(&waiting, 1, 15'000) > 0) {
      const ssize_t got = recv(fd_, chunk, sizeof(chunk), 0);
      if (got <= 0) break;
      all.append(chunk, static_cast<size_t>(got));
    }
    return all;
  }

 private:
  int fd_;
  bool is_connected_ = false;
};

std::string Ask(uint16_t port, std::string_view request) {
  RawClient client(port);
  client.Send(request);
  return client.ReadAll();
}

HttpRoutes OnePage() {
  return {{"/livez", [] { return HttpReply{.body = "alive\n"}; }},
          {"/readyz", [] { return HttpReply{.status = 503, .body = "loading\n"}; }}};
}

TEST(HttpListener, AnswersAKnownPathWithItsHandlersReply) {
  HttpListener http;
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  const std::string reply = Ask(http.port(), "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK\r\n")) << reply;
  EXPECT_TRUE(reply.ends_with("\r\n\r\nalive\n")) << reply;
}

TEST(HttpListener, PassesOnTheStatusOfTheHandler) {
  HttpListener http;
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  EXPECT_TRUE(Ask(http.port(), "GET /readyz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 503 "));
}

TEST(HttpListener, IgnoresTheQueryString) {
  HttpListener http;
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  EXPECT_NE(Ask(http.port(), "GET /livez?verbose=1 HTTP/1.1\r\n\r\n").find(" 200 "),
            std::string::npos);
}

TEST(HttpListener, AnswersHeadWithoutABody) {
  HttpListener http;
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  EXPECT_TRUE(Ask(http.port(), "HEAD /livez HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
}

TEST(HttpListener, Answers404ToAnUnknownPathAnd405ToAnotherMethod) {
  HttpListener http;
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  EXPECT_NE(Ask(http.port(), "GET /etc/passwd HTTP/1.1\r\n\r\n").find(" 404 "), std::string::npos);
  EXPECT_NE(Ask(http.port(), "POST /livez HTTP/1.1\r\nContent-Length: 0\r\n\r\n").find(" 405 "),
            std::string::npos);
}

TEST(HttpListener, SurvivesWhatIsNoHttp) {
  HttpListener http(kHasty);
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  Ask(http.port(), "*1\r\n$4\r\nPING\r\n\r\n");
  Ask(http.port(), std::string(100'000, 'x'));
  Ask(http.port(), "GET /" + std::string(8'000, '(') + " HTTP/1.1\r\n\r\n");
  Ask(http.port(), "GET /livez HTTP/1.1\r\nRange: bytes=" + std::string(7'000, '1') + "-,\r\n\r\n");
  Ask(http.port(), "GET /livez HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n");
  EXPECT_NE(Ask(http.port(), "GET /livez HTTP/1.1\r\n\r\n").find("alive"), std::string::npos);
}

TEST(HttpListener, SaysWhyAPortCannotBeHad) {
  HttpListener first;
  HttpListener second;
  ASSERT_TRUE(first.Start(kLoopback, 0, OnePage()).ok());
  const Result<void> started = second.Start(kLoopback, first.port(), OnePage());
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("Address already in use"), std::string::npos);
}

TEST(HttpListener, AnOptionalAddressMayFailButNotTheOnlyOne) {
  const std::vector<std::string> both = {"127.0.0.1", "-192.0.2.1"};
  const std::vector<std::string> none = {"-192.0.2.1"};
  HttpListener http;
  EXPECT_TRUE(http.Start(both, 0, OnePage()).ok());
  HttpListener other;
  EXPECT_FALSE(other.Start(none, 0, OnePage()).ok());
}

TEST(HttpListener, StartsAndStopsAgainAtOnce) {
  for (int round = 0; round < 20; ++round) {
    HttpListener http;
    ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
    http.Stop();
    http.Stop();
  }
}

TEST(HttpListener, StopDoesNotWaitForASilentClient) {
  HttpListener http({.request_ms_max = 60'000});
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  RawClient silent(http.port());
  ASSERT_TRUE(silent.is_connected());
  EXPECT_NE(Ask(http.port(), "GET /livez HTTP/1.1\r\n\r\n").find("alive"), std::string::npos);
  const auto begin = std::chrono::steady_clock::now();
  http.Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(HttpListener, AnswersAProbeAlthoughSlowClientsHoldEveryThread) {
  HttpListener http(kHasty);
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  std::vector<std::unique_ptr<RawClient>> slow;
  for (size_t index = 0; index < 2 * kHasty.thread_count; ++index) {
    slow.push_back(std::make_unique<RawClient>(http.port()));
    slow.back()->Send("GET /livez HTT");
  }
  EXPECT_NE(Ask(http.port(), "GET /livez HTTP/1.1\r\n\r\n").find("alive"), std::string::npos);
}

TEST(HttpListener, ClosesConnectionsBeyondTheOnesThatMayWait) {
  HttpListener http({.request_ms_max = 60'000, .thread_count = 1, .pending_count_max = 1});
  ASSERT_TRUE(http.Start(kLoopback, 0, OnePage()).ok());
  constexpr int kClients = 10;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int index = 0; index < kClients; ++index) {
    clients.push_back(std::make_unique<RawClient>(http.port()));
  }
  // One holds the thread and one waits for it; whichever they are, all others are hung up on.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  ptrdiff_t closed = 0;
  while (closed < kClients - 2 && std::chrono::steady_clock::now() < deadline) {
    closed = std::count_if(clients.begin(), clients.end(),
                           [](const auto& client) { return client->IsClosedWithinMs(1); });
  }
  EXPECT_GE(closed, kClients - 2);
}

TEST(HttpListener, ServesManyClientsAtOnce) {
  std::atomic<int> calls{0};
  HttpListener http;
  ASSERT_TRUE(http.Start(kLoopback, 0,
                         {{"/metrics",
                           [&] {
                             calls.fetch_add(1);
                             return HttpReply{.body = std::string(200'000, 'm')};
                           }}})
                  .ok());
  std::atomic<int> whole{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        if (Ask(http.port(), "GET /metrics HTTP/1.1\r\n\r\n").size() > 200'000) whole.fetch_add(1);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(whole.load(), 40);
  EXPECT_EQ(calls.load(), 40);
}

}  // namespace
}  // namespace ringtail::net
