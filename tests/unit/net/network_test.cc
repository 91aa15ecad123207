#include "net/network.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "tests/unit/net/loopback.h"

namespace ringtail::net {
namespace {

TEST(Network, ThousandConnectionsSpreadEvenlyOverFourWorkers) {
  LoopbackServer server(4);
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(server.Connect());
  for (int round = 0; round < 3; ++round) {
    for (LoopbackClient& client : clients) client.Send("ECHO hello\n");
    for (LoopbackClient& client : clients) ASSERT_EQ(client.ReceiveLine(), "hello");
  }
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(server.network().worker(i).connection_count(), 250u) << "worker " << i;
  }
  EXPECT_EQ(server.network().connection_count(), 1000u);
  clients.clear();
  EXPECT_TRUE(Eventually([&] { return server.network().connection_count() == 0; }));
}

TEST(Network, NewConnectionGoesToTheWorkerWithTheFewest) {
  LoopbackServer server(2);
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(server.Connect());
  ASSERT_TRUE(Eventually([&] { return server.Total(&LineDelegate::accepted_count) == 20; }));
  server.RunOn(1, [&] {
    server.network().worker(1).ForEachConnection([](Connection& c) { c.CloseNow(); });
  });
  ASSERT_TRUE(Eventually([&] { return server.network().worker(1).connection_count() == 0; }));
  for (int i = 0; i < 10; ++i) clients.push_back(server.Connect());
  ASSERT_TRUE(Eventually([&] { return server.Total(&LineDelegate::accepted_count) == 30; }));
  EXPECT_EQ(server.network().worker(0).connection_count(), 10u);
  EXPECT_EQ(server.network().worker(1).connection_count(), 10u);
}

TEST(Network, RefusedClientGetsTheTextAndTheEnd) {
  const std::string_view kText = "-ERR max number of clients reached\r\n";
  LoopbackServer server(2, {}, {.refusal = [&](size_t open_count) {
                          return open_count >= 2 ? kText : std::string_view();
                        }});
  LoopbackClient first = server.Connect();
  LoopbackClient second = server.Connect();
  LoopbackClient third = server.Connect();
  EXPECT_EQ(third.ReceiveToEnd(), kText);
  second.Send("ECHO in\n");
  EXPECT_EQ(second.ReceiveLine(), "in");
}

TEST(Network, AcceptedSocketsHaveNodelayAndKeepalive) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  server.RunOnConnectionOf(client, [&](Connection& connection) {
    const auto option = [&](int level, int name) {
      int value = -1;
      socklen_t size = sizeof(value);
      ::getsockopt(connection.fd(), level, name, &value, &size);
      return value;
    };
    EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 300);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 100);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(connection.LocalAddress(), "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_TRUE(connection.PeerAddress().starts_with("127.0.0.1:"));
    EXPECT_EQ(connection.listener_tag(), 7u);
  });
}

TEST(Network, ClientsWaitInTheBacklogWhileDescriptorsAreShort) {
  std::atomic<int> error_count{0};
  LoopbackServer server(1, {},
                        {.refusal = {}, .on_error = [&](std::string_view) { ++error_count; }});
  UniqueFd socket = server.MakeSocket();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(UniqueFd(::dup(socket.get())).get());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  EXPECT_TRUE(server.ConnectSocket(socket.get()));
  LoopbackClient client(std::move(socket));
  EXPECT_TRUE(Eventually([&] { return error_count == 1; }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  client.Send("ECHO patient\n");
  EXPECT_EQ(client.ReceiveLine(), "patient");
  EXPECT_EQ(error_count, 1);
}

TEST(Network, StopListeningKeepsOpenConnections) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("ECHO one\n");
  EXPECT_EQ(client.ReceiveLine(), "one");
  server.network().StopListening(7);
  server.RunOn(0, [] {});
  UniqueFd socket = server.MakeSocket();
  EXPECT_FALSE(server.ConnectSocket(socket.get()));
  client.Send("ECHO two\n");
  EXPECT_EQ(client.ReceiveLine(), "two");
}

TEST(Network, StopWhileBusyClosesEverythingAndReturns) {
  for (int round = 0; round < 5; ++round) {
    LoopbackServer server(3);
    std::vector<std::thread> threads;
    std::vector<LoopbackClient> clients;
    for (int i = 0; i < 12; ++i) clients.push_back(server.Connect());
    for (LoopbackClient& client : clients) {
      threads.emplace_back([&client] {
        const std::string_view requests = "ECHO a\nBIG 3000\nECHO b\n";
        char part[4096];
        while (::send(client.fd(), requests.data(), requests.size(), MSG_NOSIGNAL) > 0 &&
               ::recv(client.fd(), part, sizeof(part), 0) > 0) {
        }
      });
    }
    ASSERT_TRUE(Eventually([&] { return server.Total(&LineDelegate::turn_count) > 100; }));
    server.network().Stop();
    EXPECT_EQ(server.network().connection_count(), 0u);
    EXPECT_EQ(server.Total(&LineDelegate::closed_count),
              server.Total(&LineDelegate::accepted_count));
    EXPECT_TRUE(server.delegate(2).is_stopped);
    for (std::thread& thread : threads) thread.join();
    // Late posts go nowhere and break nothing.
    server.network().worker(1).Post([] { FAIL(); });
  }
}

TEST(Network, RepliesWrittenInTheLastTurnAreStillSent) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("ID\n");
  const ConnectionId id = ConnectionId::FromPacked(std::stoull(client.ReceiveLine()));
  server.network().PostTo(id, [](Connection& c) { c.output().Append("last words\n"); });
  server.network().Stop();
  EXPECT_EQ(client.ReceiveToEnd(), "last words\n");
}

TEST(Network, SignalAsksForTheStop) {
  LoopbackServer server(2);
  std::atomic<int> arrived{0};
  server.network().WatchSignals({SIGUSR1, SIGUSR2}, [&](int number) {
    arrived = number;
    server.network().RequestStop();
  });
  server.RunOn(0, [] {});
  ::kill(::getpid(), SIGUSR2);
  server.network().WaitForStopRequest();
  EXPECT_EQ(arrived, SIGUSR2);
}

TEST(Network, TasksForAllWorkersRunOnEach) {
  LoopbackServer server(3);
  std::atomic<int> ran{0};
  server.network().PostToAll([&](Worker& worker) {
    EXPECT_TRUE(worker.is_on_own_thread());
    ++ran;
  });
  EXPECT_TRUE(Eventually([&] { return ran == 3; }));
}

}  // namespace
}  // namespace ringtail::net
