#include "server/ping.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace ringtail::server {
namespace {

// Answers one connection with fixed bytes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    listen(fd_, 1);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int client = accept(fd_, nullptr, nullptr);
      char request[64];
      (void)recv(client, request, sizeof(request), 0);
      // Byte by byte: a reply may come in pieces.
      for (const char byte : answer) (void)send(client, &byte, 1, MSG_NOSIGNAL);
      // Until the asker has gone.
      (void)recv(client, request, sizeof(request), 0);
      close(client);
    });
  }
  ~OneAnswer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  int port_ = 0;
  std::thread thread_;
};

TEST(PingServer, IsContentWithPongAndWithARequestForAPassword) {
  EXPECT_TRUE(PingServer(OneAnswer("+PONG\r\n").address(), 5'000).ok());
  EXPECT_TRUE(PingServer(OneAnswer("-NOAUTH Authentication required.\r\n").address(), 5'000).ok());
}

TEST(PingServer, TellsWhatTheServerSaidInstead) {
  const Result<void> pinged = PingServer(OneAnswer("-LOADING not yet\r\n").address(), 5'000);
  ASSERT_FALSE(pinged.ok());
  EXPECT_EQ(pinged.error().message, "-LOADING not yet");
}

TEST(PingServer, GivesUpOnASilentServer) {
  EXPECT_FALSE(PingServer(OneAnswer("").address(), 50).ok());
}

TEST(PingServer, FailsWhereNobodyListens) {
  const std::string address = OneAnswer("").address();
  EXPECT_FALSE(PingServer(address, 1'000).ok());
}

TEST(PingServer, RefusesWhatIsNoAddress) {
  EXPECT_FALSE(PingServer("", 50).ok());
  EXPECT_FALSE(PingServer("localhost", 50).ok());
  EXPECT_FALSE(PingServer("127.0.0.1:http", 50).ok());
}

}  // namespace
}  // namespace ringtail::server
