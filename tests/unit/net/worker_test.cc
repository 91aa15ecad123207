#include "net/worker.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <csignal>
#include <memory>

#include "base/memory.h"
#include "tests/unit/net/loopback.h"

namespace ringtail::net {
namespace {

std::string Repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(Worker, PipelinedRequestsAreAnsweredInOrder) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  std::string requests;
  std::string replies;
  for (int i = 0; i < 5000; ++i) {
    requests += "ECHO " + std::to_string(i) + "\n";
    replies += std::to_string(i) + "\n";
  }
  client.Send(requests);
  EXPECT_EQ(client.Receive(replies.size()), replies);
}

TEST(Worker, RequestInSingleBytesIsAnsweredOnce) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  for (const char byte : std::string_view("ECHO one\nECHO two\n")) client.Send({&byte, 1});
  EXPECT_EQ(client.ReceiveLine(), "one");
  EXPECT_EQ(client.ReceiveLine(), "two");
}

TEST(Worker, RequestLargerThanTheTurnArenaIsAnswered) {
  LoopbackServer server(1, {.turn_arena_bytes = 64 * 1024});
  LoopbackClient client = server.Connect();
  const std::string text(3'000'000, 'y');
  client.Send("ECHO " + text + "\nECHO after\n");
  EXPECT_EQ(client.Receive(text.size() + 1), text + "\n");
  EXPECT_EQ(client.ReceiveLine(), "after");
}

TEST(Worker, TurnEndsEarlyWhenMoreArrivesThanTheArenaHolds) {
  LoopbackServer server(1, {.turn_arena_bytes = 64 * 1024});
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(server.Connect());
  ASSERT_TRUE(Eventually([&] { return server.delegate(0).accepted_count == 20; }));
  // While the worker is held here, every client's bytes pile up and come in one turn.
  const std::string text(20'000, 'z');
  server.RunOn(0, [&] {
    for (LoopbackClient& client : clients) client.Send("ECHO " + text + "\n");
  });
  for (LoopbackClient& client : clients) {
    EXPECT_EQ(client.Receive(text.size() + 1), text + "\n");
  }
  EXPECT_GT(server.network().worker(0).stats().early_turn_count.load(), 0u);
}

TEST(Worker, ReadyConnectionsOfOneTurnComeTogether) {
  LoopbackServer server(1);
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(server.Connect());
  ASSERT_TRUE(Eventually([&] { return server.delegate(0).accepted_count == 50; }));
  int before = 0;
  server.RunOn(0, [&] {
    before = server.delegate(0).turn_count;
    for (LoopbackClient& client : clients) client.Send("ECHO hi\n");
  });
  for (LoopbackClient& client : clients) EXPECT_EQ(client.ReceiveLine(), "hi");
  EXPECT_EQ(server.delegate(0).turn_count - before, 1);
}

TEST(Worker, LargeValueArrivesInABlockAndWhatFollowsIsAnswered) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  std::string value(6'000'000, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7 + i / 1000);
  client.Send("ECHO before\nPUT 6000000\n");
  client.Send(value);
  client.Send("ECHO after\n");
  EXPECT_EQ(client.ReceiveLine(), "before");
  EXPECT_EQ(client.ReceiveLine(), "GOT 6000000 " + std::to_string(Sum(value)));
  EXPECT_EQ(client.ReceiveLine(), "after");
}

TEST(Worker, ValueThatHasArrivedWholeNeedsNoFurtherReceive) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("PUT 5\nhelloECHO after\n");
  EXPECT_EQ(client.ReceiveLine(), "GOT 5 " + std::to_string(Sum("hello")));
  EXPECT_EQ(client.ReceiveLine(), "after");
}

TEST(Worker, LargeTransferDoesNotStallOthers) {
  LoopbackServer server(1);
  LoopbackClient slow = server.Connect();
  LoopbackClient quick = server.Connect();
  slow.Send("BIG 64000000\n");
  for (int i = 0; i < 1000; ++i) {
    quick.Send("ECHO hi\n");
    ASSERT_EQ(quick.ReceiveLine(), "hi");
  }
  EXPECT_EQ(slow.Receive(64'000'000), std::string(64'000'000, 'x'));
  slow.Send("ECHO still here\n");
  EXPECT_EQ(slow.ReceiveLine(), "still here");
  EXPECT_GE(server.delegate(0).flushed_count, 1);
}

TEST(Worker, CloseAfterFlushSendsEverythingFirst) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("BIG 9000000\nQUIT\n");
  const std::string received = client.ReceiveToEnd();
  EXPECT_EQ(received.size(), 9'000'004u);
  EXPECT_TRUE(received.ends_with("bye\n"));
}

TEST(Worker, CloseNowSendsNothingMore) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("DROP\n");
  EXPECT_EQ(client.ReceiveToEnd(), "");
  EXPECT_TRUE(Eventually([&] { return server.network().connection_count() == 0; }));
  EXPECT_EQ(server.delegate(0).last_close_reason, CloseReason::kRequested);
}

TEST(Worker, ClientThatHangsUpIsClosedOnce) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("ECHO hi\n");
  EXPECT_EQ(client.ReceiveLine(), "hi");
  client.Close();
  EXPECT_TRUE(Eventually([&] { return server.delegate(0).closed_count == 1; }));
  EXPECT_EQ(server.delegate(0).last_close_reason, CloseReason::kPeerClosed);
}

TEST(Worker, ResetWithOutputWaitingClosesTheConnection) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("BIG 50000000\n");
  EXPECT_EQ(client.Receive(10), "xxxxxxxxxx");
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return server.delegate(0).closed_count == 1; }));
  EXPECT_TRUE(Eventually([&] { return server.network().connection_count() == 0; }));
}

TEST(Worker, PostToRunsOnlyWhileTheConnectionLives) {
  LoopbackServer server(2);
  LoopbackClient client = server.Connect();
  client.Send("ID\n");
  const ConnectionId id = ConnectionId::FromPacked(std::stoull(client.ReceiveLine()));
  server.network().PostTo(id, [](Connection& c) { c.output().Append("pushed\n"); });
  EXPECT_EQ(client.ReceiveLine(), "pushed");
  client.Close();
  ASSERT_TRUE(Eventually([&] { return server.network().connection_count() == 0; }));
  // The slot is used again by the next one on that worker, under another generation.
  LoopbackClient next = server.Connect();
  next.Send("ECHO hi\n");
  EXPECT_EQ(next.ReceiveLine(), "hi");
  std::atomic<bool> ran{false};
  server.network().PostTo(id, [&](Connection&) { ran = true; });
  server.RunOn(id.worker_index(), [] {});
  EXPECT_FALSE(ran);
}

TEST(Worker, ConnectionsClosedByOthersInTheSameTurnAreHarmless) {
  LoopbackServer server(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<LoopbackClient> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(server.Connect());
    for (LoopbackClient& client : clients) client.Send("ECHO a\nBIG 100000\n");
    server.RunOn(0, [&] {
      server.network().worker(0).ForEachConnection([](Connection& c) {
        c.output().Append("x");
        c.CloseNow();
        c.MarkReady();
        c.CloseNow();
      });
    });
  }
  EXPECT_TRUE(Eventually([&] { return server.network().connection_count() == 0; }));
  EXPECT_EQ(server.delegate(0).closed_count, server.delegate(0).accepted_count);
}

TEST(Worker, ReceiversAreFlushedInSlicesAndGetEverything) {
  LoopbackServer server(1, {.receivers_per_slice = 1});
  std::vector<LoopbackClient> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(server.Connect());
  ASSERT_TRUE(Eventually([&] { return server.delegate(0).accepted_count == 50; }));
  Worker& worker = server.network().worker(0);
  const auto say = [&](const std::string& text) {
    worker.ForEachConnection([&](Connection& c) { c.output().Append(text); });
  };
  // Others have their turn before all have got theirs; a slow machine may need several tries.
  bool was_between = false;
  int round_count = 0;
  while (!was_between && round_count < 1000) {
    ++round_count;
    server.RunOn(0, [&] {
      say("first\n");
      worker.Post([&] {
        size_t waiting_count = 0;
        worker.ForEachConnection([&](Connection& c) { waiting_count += c.output_bytes() != 0; });
        was_between = waiting_count != 0;
        say("second\n");
      });
    });
    for (LoopbackClient& client : clients) {
      ASSERT_EQ(client.ReceiveLine(), "first");
      ASSERT_EQ(client.ReceiveLine(), "second");
    }
  }
  EXPECT_TRUE(was_between);
}

TEST(Worker, ReceiversClosedBeforeTheirSliceAreHarmless) {
  LoopbackServer server(1, {.receivers_per_slice = 1});
  Worker& worker = server.network().worker(0);
  for (int round = 0; round < 50; ++round) {
    std::vector<LoopbackClient> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(server.Connect());
    for (LoopbackClient& client : clients) {
      client.Send("ECHO here\n");
      ASSERT_EQ(client.ReceiveLine(), "here");
    }
    server.RunOn(0, [&] {
      worker.ForEachConnection([](Connection& c) { c.output().Append("x"); });
      worker.Post([&] { worker.ForEachConnection([](Connection& c) { c.CloseNow(); }); });
    });
    // The slots are taken again while their former holders may still be listed.
    LoopbackClient next = server.Connect();
    next.Send("ECHO next\n");
    ASSERT_EQ(next.ReceiveLine(), "next");
  }
  EXPECT_TRUE(Eventually([&] { return server.network().connection_count() <= 1; }));
}

TEST(Worker, AStopSendsWhatReceiversWaitFor) {
  std::vector<LoopbackClient> clients;
  {
    LoopbackServer server(1, {.receivers_per_slice = 1});
    for (int i = 0; i < 50; ++i) clients.push_back(server.Connect());
    ASSERT_TRUE(Eventually([&] { return server.delegate(0).accepted_count == 50; }));
    server.RunOn(0, [&] {
      server.network().worker(0).ForEachConnection(
          [](Connection& c) { c.output().Append("bye\n"); });
    });
  }
  for (LoopbackClient& client : clients) EXPECT_EQ(client.ReceiveLine(), "bye");
}

TEST(Worker, SessionThatTakesOneRequestATurnAnswersAll) {
  LoopbackServer server(1);
  server.delegate(0).requests_per_turn_max = 1;
  LoopbackClient client = server.Connect();
  client.Send(Repeated("ECHO n\n", 1000));
  EXPECT_EQ(client.Receive(2000), Repeated("n\n", 1000));
  EXPECT_GE(server.delegate(0).turn_count, 1000);
}

TEST(Worker, BlockedConnectionGoesOnWithItsInputWhenMarkedReady) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("ID\n");
  const ConnectionId id = ConnectionId::FromPacked(std::stoull(client.ReceiveLine()));
  client.Send("BLOCK\nECHO later\n");
  ASSERT_TRUE(Eventually([&] {
    return server.RunOn(0, [&] {
      const Connection& c = *server.network().worker(0).Find(id);
      return c.partial_since_ms() != 0 && c.input() == "ECHO later\n";
    });
  }));
  server.RunOn(0, [&] {
    Connection& c = *server.network().worker(0).Find(id);
    c.state<LineDelegate::State>().is_blocked = false;
    c.MarkReady();
  });
  EXPECT_EQ(client.ReceiveLine(), "later");
  server.RunOnConnectionOf(client, [](Connection& c) {
    EXPECT_EQ(c.partial_since_ms(), 0);
    EXPECT_EQ(c.input_memory_bytes(), 0u);
  });
}

TEST(Worker, PausedConnectionReceivesNothingUntilResumed) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  LoopbackClient other = server.Connect();
  server.RunOnConnectionOf(client, [](Connection& c) { c.PauseReading(); });
  client.Send("ECHO late\n");
  other.Send("ECHO now\n");
  EXPECT_EQ(other.ReceiveLine(), "now");
  const uint64_t before = server.network().worker(0).stats().receive_count;
  server.RunOn(0, [] {});
  EXPECT_EQ(server.network().worker(0).stats().receive_count, before);
  server.RunOn(0, [&] {
    server.network().worker(0).ForEachConnection([](Connection& c) { c.ResumeReading(); });
  });
  EXPECT_EQ(client.ReceiveLine(), "late");
}

TEST(Worker, ReadingPausedForOutputResumesByItself) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  client.Send("ID\n");
  const ConnectionId id = ConnectionId::FromPacked(std::stoull(client.ReceiveLine()));
  client.Send("BIG 30000000\n");
  EXPECT_EQ(client.Receive(1), "x");
  server.RunOn(0, [&] {
    Connection& c = *server.network().worker(0).Find(id);
    EXPECT_GT(c.output_bytes(), 1'000'000u);
    c.PauseReadingUntilOutputBelow(1000);
    EXPECT_TRUE(c.is_reading_paused());
  });
  client.Send("ECHO after\n");
  EXPECT_EQ(client.Receive(29'999'999).size(), 29'999'999u);
  EXPECT_EQ(client.ReceiveLine(), "after");
}

TEST(Worker, HeldOutputLeavesOnlyWhenReleased) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  server.RunOnConnectionOf(client, [](Connection& c) { c.HoldOutput(); });
  client.Send("ECHO held\n");
  ASSERT_TRUE(Eventually([&] {
    return server.RunOn(0, [&] {
      size_t waiting = 0;
      server.network().worker(0).ForEachConnection(
          [&](Connection& c) { waiting += c.output_bytes(); });
      return waiting == 5;
    });
  }));
  int waiting = 0;
  EXPECT_EQ(::ioctl(client.fd(), FIONREAD, &waiting), 0);
  EXPECT_EQ(waiting, 0);
  server.RunOn(0, [&] {
    server.network().worker(0).ForEachConnection([](Connection& c) { c.ReleaseOutput(); });
  });
  EXPECT_EQ(client.ReceiveLine(), "held");
}

TEST(Worker, TimersFireInOrderAndCancelledOnesDoNot) {
  LoopbackServer server(1);
  std::vector<int> fired;
  std::promise<void> done;
  server.RunOn(0, [&] {
    Worker& worker = server.network().worker(0);
    worker.StartTimer(20, [&] {
      fired.push_back(3);
      done.set_value();
    });
    worker.StartTimer(10, [&] { fired.push_back(2); });
    const TimerId cancelled = worker.StartTimer(1, [&] { fired.push_back(0); });
    worker.StartTimer(0, [&, cancelled] {
      fired.push_back(1);
      worker.CancelTimer(cancelled);
    });
    worker.CancelTimer(cancelled);
    worker.CancelTimer(TimerId{});
  });
  ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(fired, (std::vector<int>{1, 2, 3}));
}

TEST(Worker, OutputWrittenByATimerIsSent) {
  LoopbackServer server(1);
  LoopbackClient client = server.Connect();
  server.RunOnConnectionOf(client, [](Connection& c) {
    c.worker().StartTimer(
        5, [&worker = c.worker(), id = c.id()] { worker.Find(id)->output().Append("tick\n"); });
  });
  EXPECT_EQ(client.ReceiveLine(), "tick");
}

TEST(Worker, CronComesAgainAndAgain) {
  LoopbackServer server(1, {.cron_interval_ms = 1});
  EXPECT_TRUE(Eventually([&] { return server.delegate(0).cron_count >= 5; }));
}

TEST(Worker, IdleConnectionIsSmall) {
  EXPECT_LE(sizeof(Connection), 512u);
  LoopbackServer server(1);
  std::vector<LoopbackClient> clients;
  clients.reserve(1000);
  const auto used = [&] {
    server.RunOn(0, [] { memory::FoldThreadCount(); });
    return memory::UsedBytes();
  };
  LoopbackClient warm = server.Connect();
  warm.Send("ECHO hi\n");
  EXPECT_EQ(warm.ReceiveLine(), "hi");
  const int64_t before = used();
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(server.Connect());
    clients.back().Send("ECHO hi\n");
    EXPECT_EQ(clients.back().ReceiveLine(), "hi");
  }
  // Connection, slot, libuv's watcher table, the test's own state of 16 bytes.
  const int64_t per_connection = (used() - before) / 1000;
  RecordProperty("bytes_per_connection", static_cast<int>(per_connection));
  EXPECT_LE(per_connection, 600);
}

}  // namespace
}  // namespace ringtail::net
