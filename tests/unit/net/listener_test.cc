#include "net/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <string>

#include "tests/unit/net/loopback.h"

namespace ringtail::net {
namespace {

TEST(Listener, SeveralBindsGiveSeveralSockets) {
  std::vector<std::string> warnings;
  auto sockets = OpenTcpListeners({.binds = {"127.0.0.1", "127.0.0.2"}, .port = 0}, &warnings);
  ASSERT_TRUE(sockets.ok());
  ASSERT_EQ(sockets.value().size(), 2u);
  EXPECT_NE(sockets.value()[0].port, 0);
  EXPECT_TRUE(warnings.empty());
}

TEST(Listener, OptionalAddressThatIsNotHereIsSkippedWithAWarning) {
  std::vector<std::string> warnings;
  auto sockets = OpenTcpListeners({.binds = {"127.0.0.1", "-192.0.2.1"}, .port = 0}, &warnings);
  ASSERT_TRUE(sockets.ok());
  EXPECT_EQ(sockets.value().size(), 1u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("192.0.2.1"), std::string::npos);
}

TEST(Listener, RequiredAddressThatIsNotHereIsAnErrorThatNamesIt) {
  auto sockets = OpenTcpListeners({.binds = {"127.0.0.1", "192.0.2.1"}, .port = 0}, nullptr);
  ASSERT_FALSE(sockets.ok());
  EXPECT_NE(sockets.error().message.find("192.0.2.1"), std::string::npos);
}

TEST(Listener, PortInUseIsAnErrorEvenForAnOptionalAddress) {
  auto first = OpenTcpListeners({.binds = {"127.0.0.1"}, .port = 0}, nullptr);
  ASSERT_TRUE(first.ok());
  const uint16_t port = first.value()[0].port;
  auto second = OpenTcpListeners({.binds = {"-127.0.0.1"}, .port = port}, nullptr);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("Address already in use"), std::string::npos);
}

TEST(Listener, AnotherSocketTakesTheAddressWhileTheFirstStandsBackAndGivesItBack) {
  auto first = OpenTcpListeners({.binds = {"127.0.0.1"}, .port = 0}, nullptr);
  ASSERT_TRUE(first.ok());
  const ListeningSocket& socket = first.value()[0];
  StopListening(socket.fd.get());
  {
    auto second = OpenTcpListeners({.binds = {"127.0.0.1"}, .port = socket.port}, nullptr);
    EXPECT_TRUE(second.ok());
  }
  EXPECT_TRUE(ListenAgain(socket.fd.get(), 5).ok());
}

TEST(Listener, UnixSocketGetsItsPermissionsAndIsNamedInAddresses) {
  const std::string path =
      testing::TempDir() + "ringtail_net_" + std::to_string(::getpid()) + ".sock";
  LoopbackServer server(1);
  auto opened = OpenUnixListener({.path = path, .permissions = 0700, .tag = 9});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  std::vector<ListeningSocket> sockets;
  sockets.push_back(std::move(opened).value());
  server.network().Listen(std::move(sockets));

  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  LoopbackClient client(std::move(socket));
  server.RunOnConnectionOf(client, [&](Connection& connection) {
    EXPECT_EQ(connection.PeerAddress(), path + ":0");
    EXPECT_EQ(connection.LocalAddress(), path + ":0");
    EXPECT_TRUE(connection.is_unix_socket());
    EXPECT_EQ(connection.listener_tag(), 9u);
  });
  ::unlink(path.c_str());
}

TEST(Listener, BacklogBoundOfTheSystemIsKnown) { EXPECT_GT(SystemBacklogMax(), 0); }

}  // namespace
}  // namespace ringtail::net
