#include "tests/unit/commands/command_fixture.h"

#include "commands/tracking_service.h"
#include "commands/tracking_state.h"

namespace ringtail::commands {
namespace {

/// Knows clients 1 to 9, and keeps what was found.
class FakeTracking final : public TrackingService {
 public:
  std::optional<uint64_t> AddressOf(uint64_t client_id) override {
    if (client_id > 9) return std::nullopt;
    return client_id;
  }
  void Send(engine::WorkerState& worker) override {
    for (const auto& item : worker.invalidations.items()) {
      sent += std::to_string(item.reader) + ':' + std::string(worker.invalidations.NameOf(item)) + ' ';
    }
    worker.invalidations.ClearItems();
  }

  std::string sent;
};

class Tracking : public CommandFixture {
 protected:
  Tracking() {
    services_.tracking = &tracking_;
    client_.id = 1;
    client_.resp = proto::RespVersion::kResp3;
    other_.id = 2;
  }
  std::string SentAfter(const std::vector<std::string>& words) {
    RunAs(other_, words);
    tracking_.Send(engine_.worker(0));
    return std::exchange(tracking_.sent, {});
  }

  FakeTracking tracking_;
  ClientState other_;
};

TEST_F(Tracking, AKeyThatWasReadIsInvalidatedOnce) {
  EXPECT_EQ(Run({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  Run({"GET", "key"});
  EXPECT_EQ(SentAfter({"SET", "key", "1"}), "0:key ");
  EXPECT_EQ(SentAfter({"SET", "key", "2"}), "");
}

TEST_F(Tracking, WritesAreNotReads) {
  Run({"CLIENT", "TRACKING", "ON"});
  Run({"SET", "key", "1"});
  EXPECT_EQ(SentAfter({"DEL", "key"}), "");
}

TEST_F(Tracking, OwnWritesInvalidateUnlessNoLoop) {
  Run({"CLIENT", "TRACKING", "ON"});
  Run({"GET", "key"});
  Run({"SET", "key", "1"});
  EXPECT_EQ(std::exchange(tracking_.sent, {}), "0:key ");
  Run({"CLIENT", "TRACKING", "ON", "NOLOOP"});
  Run({"GET", "key"});
  Run({"SET", "key", "1"});
  EXPECT_EQ(tracking_.sent, "");
}

TEST_F(Tracking, AnExpiredKeyIsInvalidated) {
  Run({"CLIENT", "TRACKING", "ON"});
  Run({"SET", "key", "1", "PX", "10"});
  Run({"GET", "key"});
  clock_.AdvanceMs(20);
  EXPECT_EQ(SentAfter({"EXISTS", "key"}), "0:key ");
}

TEST_F(Tracking, OptInTracksOnlyWhatFollowsCaching) {
  Run({"CLIENT", "TRACKING", "ON", "OPTIN"});
  Run({"GET", "a"});
  EXPECT_EQ(Run({"CLIENT", "CACHING", "YES"}), "+OK\r\n");
  Run({"GET", "b"});
  Run({"GET", "c"});
  EXPECT_EQ(SentAfter({"MSET", "a", "1", "b", "2", "c", "3"}), "0:b ");
}

TEST_F(Tracking, OptOutTracksAllButWhatFollowsCaching) {
  Run({"CLIENT", "TRACKING", "ON", "OPTOUT"});
  EXPECT_EQ(Run({"CLIENT", "CACHING", "NO"}), "+OK\r\n");
  Run({"GET", "a"});
  Run({"GET", "b"});
  EXPECT_EQ(SentAfter({"MSET", "a", "1", "b", "2"}), "0:b ");
}

TEST_F(Tracking, CachingHoldsForAWholeTransaction) {
  Run({"CLIENT", "TRACKING", "ON", "OPTIN"});
  Run({"CLIENT", "CACHING", "YES"});
  Run({"MULTI"});
  Run({"GET", "a"});
  Run({"GET", "b"});
  Run({"EXEC"});
  Run({"GET", "c"});
  EXPECT_EQ(SentAfter({"MSET", "a", "1", "b", "2", "c", "3"}), "0:a 0:b ");
}

TEST_F(Tracking, RedirectWantsAClientThatIsThere) {
  EXPECT_EQ(Run({"CLIENT", "TRACKING", "ON", "REDIRECT", "99"}),
            "-ERR The client ID you want redirect to does not exist\r\n");
  EXPECT_EQ(Run({"CLIENT", "TRACKING", "ON", "REDIRECT", "2"}), "+OK\r\n");
  EXPECT_EQ(Run({"CLIENT", "GETREDIR"}), ":2\r\n");
  Run({"CLIENT", "TRACKING", "OFF"});
  EXPECT_EQ(Run({"CLIENT", "GETREDIR"}), ":-1\r\n");
}

TEST_F(Tracking, PrefixesMustNotOverlap) {
  EXPECT_EQ(Run({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab", "PREFIX", "a"}),
            "-ERR Prefix 'ab' overlaps with another provided prefix 'a'. "
            "Prefixes for a single client must not overlap.\r\n");
  Run({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "ab"});
  EXPECT_EQ(Run({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "abc"}),
            "-ERR Prefix 'abc' overlaps with an existing prefix 'ab'. "
            "Prefixes for a single client must not overlap.\r\n");
}

TEST_F(Tracking, ResetEndsIt) {
  Run({"CLIENT", "TRACKING", "ON"});
  Run({"RESET"});
  EXPECT_EQ(client_.tracking, nullptr);
  EXPECT_FALSE(engine_.has_interests());
}

TEST_F(Tracking, WrongArityIsRefused) {
  EXPECT_EQ(Run({"CLIENT", "TRACKING"}),
            "-ERR wrong number of arguments for 'client|tracking' command\r\n");
  EXPECT_EQ(Run({"CLIENT", "CACHING"}),
            "-ERR wrong number of arguments for 'client|caching' command\r\n");
}

}  // namespace
}  // namespace ringtail::commands
