#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "commands/state_digest.h"
#include "storage/stream.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class StreamCommandsTest : public StringFixture {
 protected:
  /// Adds entries 1-0 to count-0.
  void Fill(int count) {
    for (int i = 1; i <= count; ++i) Run({"XADD", "s", std::to_string(i), "f", "v"});
  }
  /// A group at the stream's begin, of which `consumer` has read `count` entries.
  void Deliver(const std::string& consumer, int count) {
    Run({"XGROUP", "CREATE", "s", "g", "0"});
    Run({"XREADGROUP", "GROUP", "g", consumer, "COUNT", std::to_string(count), "STREAMS", "s",
         ">"});
  }
  std::string Entry(const std::string& id) { return "*2\r\n" + Bulk(id) + "*2\r\n" + kPair; }
  storage::Stream& StreamAt(std::string_view name) {
    return storage::ObjectOf<storage::Stream>(*Find(name));
  }

  const std::string kPair = "$1\r\nf\r\n$1\r\nv\r\n";
  const std::string kNullArray = "*-1\r\n";
  const std::string kInvalidId =
      "-ERR Invalid stream ID specified as stream command argument\r\n";
};

// ---- Every command

const std::vector<std::vector<std::string>> kOnStreams = {
    {"XADD", "k", "*", "f", "v"},
    {"XLEN", "k"},
    {"XRANGE", "k", "-", "+"},
    {"XREVRANGE", "k", "+", "-"},
    {"XDEL", "k", "1-1"},
    {"XDELEX", "k", "IDS", "1", "1-1"},
    {"XTRIM", "k", "MAXLEN", "0"},
    {"XSETID", "k", "1-1"},
    {"XREAD", "STREAMS", "k", "0"},
    {"XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"},
    {"XACK", "k", "g", "1-1"},
    {"XACKDEL", "k", "g", "IDS", "1", "1-1"},
    {"XPENDING", "k", "g"},
    {"XPENDING", "k", "g", "-", "+", "1"},
    {"XCLAIM", "k", "g", "c", "0", "1-1"},
    {"XAUTOCLAIM", "k", "g", "c", "0", "0"},
    {"XGROUP", "CREATE", "k", "g", "$"},
    {"XGROUP", "SETID", "k", "g", "$"},
    {"XGROUP", "DESTROY", "k", "g"},
    {"XGROUP", "CREATECONSUMER", "k", "g", "c"},
    {"XGROUP", "DELCONSUMER", "k", "g", "c"},
    {"XINFO", "STREAM", "k"},
    {"XINFO", "GROUPS", "k"},
    {"XINFO", "CONSUMERS", "k", "g"},
};

TEST_F(StreamCommandsTest, EachAnswersWrongTypeOnAString) {
  Run({"SET", "k", "text"});
  for (const auto& words : kOnStreams) {
    EXPECT_EQ(Run(words), kWrongTypeReply) << words[0] << " " << words[1];
  }
  EXPECT_EQ(Run({"GET", "k"}), "$4\r\ntext\r\n");
}

TEST_F(StreamCommandsTest, EachRefusesTooFewArguments) {
  for (const auto& words : kOnStreams) {
    const bool is_container = words[0] == "XGROUP" || words[0] == "XINFO";
    const std::vector<std::string> name(words.begin(), words.begin() + (is_container ? 2 : 1));
    EXPECT_NE(Run(name).find("wrong number of arguments"), std::string::npos) << words[0];
  }
}

TEST_F(StreamCommandsTest, AnEmptyStreamStaysInTheKeyspace) {
  Fill(1);
  EXPECT_EQ(Run({"XDEL", "s", "1"}), Integer(1));
  EXPECT_EQ(Run({"EXISTS", "s"}), Integer(1));
  EXPECT_EQ(Run({"XLEN", "s"}), Integer(0));
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "s"}), Bulk("stream"));
  EXPECT_EQ(Run({"TYPE", "s"}), "+stream\r\n");
}

// ---- XADD

TEST_F(StreamCommandsTest, XAddGivesOutIdsOfTheClock) {
  const std::string now = Now(0);
  EXPECT_EQ(Run({"XADD", "s", "*", "f", "v"}), Bulk(now + "-0"));
  EXPECT_EQ(Run({"XADD", "s", "*", "f", "v"}), Bulk(now + "-1"));
  EXPECT_EQ(Run({"XADD", "s", "99999999999999-5", "f", "v"}), Bulk("99999999999999-5"));
  EXPECT_EQ(Run({"XADD", "s", "*", "f", "v"}), Bulk("99999999999999-6"));
}

TEST_F(StreamCommandsTest, XAddCompletesAnIdOfWhichOnlyTheTimeIsGiven) {
  EXPECT_EQ(Run({"XADD", "s", "0-*", "f", "v"}), Bulk("0-1"));
  EXPECT_EQ(Run({"XADD", "s", "7-*", "f", "v"}), Bulk("7-0"));
  EXPECT_EQ(Run({"XADD", "s", "7-*", "f", "v"}), Bulk("7-1"));
  EXPECT_EQ(Run({"XADD", "s", "7-18446744073709551615", "f", "v"}),
            Bulk("7-18446744073709551615"));
  EXPECT_EQ(Run({"XADD", "s", "7-*", "f", "v"}),
            "-ERR The ID specified in XADD is equal or smaller than the target stream top item"
            "\r\n");
}

TEST_F(StreamCommandsTest, XAddRefusesWhatCannotFollow) {
  EXPECT_EQ(Run({"XADD", "s", "0-0", "f", "v"}),
            "-ERR The ID specified in XADD must be greater than 0-0\r\n");
  EXPECT_EQ(Run({"EXISTS", "s"}), Integer(0));
  Run({"XADD", "s", "18446744073709551615-18446744073709551615", "f", "v"});
  EXPECT_EQ(Run({"XADD", "s", "*", "f", "v"}),
            "-ERR The stream has exhausted the last possible ID, unable to add more items\r\n");
  EXPECT_EQ(Run({"XADD", "s", "*", "f", "v", "f"}),
            "-ERR wrong number of arguments for 'xadd' command\r\n");
}

TEST_F(StreamCommandsTest, XAddMakesNoStreamIfTold) {
  EXPECT_EQ(Run({"XADD", "s", "NOMKSTREAM", "*", "f", "v"}), kNull);
  EXPECT_EQ(Run({"EXISTS", "s"}), Integer(0));
}

TEST_F(StreamCommandsTest, XAddTrims) {
  Fill(5);
  Run({"XADD", "s", "MAXLEN", "3", "6", "f", "v"});
  EXPECT_EQ(Run({"XRANGE", "s", "-", "+"}), "*3\r\n" + Entry("4-0") + Entry("5-0") + Entry("6-0"));
  EXPECT_EQ(Run({"XADD", "s", "MAXLEN", "3", "MINID", "1", "7", "f", "v"}),
            "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n");
  EXPECT_EQ(Run({"XADD", "s", "MAXLEN", "3", "LIMIT", "1", "7", "f", "v"}),
            "-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n");
}

TEST_F(StreamCommandsTest, XAddLogsTheIdItGaveOut) {
  EXPECT_EQ(EffectsOf({"XADD", "s", "*", "f", "v"}), "XADD s " + Now(0) + "-0 f v\n");
  EXPECT_EQ(EffectsOf({"XADD", "s", "99999999999999-*", "f", "v"}),
            "XADD s 99999999999999-0 f v\n");
  EXPECT_EQ(EffectsOf({"XADD", "s", "NOMKSTREAM", "MAXLEN", "1", "99999999999999-5", "f", "v"}),
            "XADD s NOMKSTREAM MAXLEN 1 99999999999999-5 f v\n");
  EXPECT_EQ(EffectsOf({"XADD", "s", "1-1", "f", "v"}), "");
}

TEST_F(StreamCommandsTest, ApproximateTrimmingIsLoggedAsAnExactOne) {
  Fill(250);
  EXPECT_EQ(EffectsOf({"XADD", "s", "MAXLEN", "~", "100", "251-*", "f", "v"}),
            "XADD s MAXLEN = 151 251-0 f v\n");
  EXPECT_EQ(EffectsOf({"XTRIM", "s", "MINID", "~", "220"}), "XTRIM s MINID = 201-0\n");
  EXPECT_EQ(EffectsOf({"XTRIM", "s", "MINID", "~", "220"}), "");
  EXPECT_EQ(EffectsOf({"XTRIM", "s", "MINID", "~", "999"}), "XTRIM s MINID = 999\n");
}

// ---- Reading

TEST_F(StreamCommandsTest, XRangeAnswersWhatLiesBetween) {
  Fill(5);
  EXPECT_EQ(Run({"XRANGE", "s", "2", "3"}), "*2\r\n" + Entry("2-0") + Entry("3-0"));
  EXPECT_EQ(Run({"XRANGE", "s", "(2", "(4-0"}), "*1\r\n" + Entry("3-0"));
  EXPECT_EQ(Run({"XREVRANGE", "s", "+", "-", "COUNT", "2"}),
            "*2\r\n" + Entry("5-0") + Entry("4-0"));
  EXPECT_EQ(Run({"XRANGE", "s", "-", "+", "COUNT", "0"}), kNullArray);
  EXPECT_EQ(Run({"XRANGE", "s", "3", "2"}), "*0\r\n");
  EXPECT_EQ(Run({"XRANGE", "none", "-", "+"}), "*0\r\n");
  EXPECT_EQ(Run({"XRANGE", "s", "x", "+"}), kInvalidId);
  EXPECT_EQ(Run({"XRANGE", "s", "(18446744073709551615-18446744073709551615", "+"}),
            "-ERR invalid start ID for the interval\r\n");
  EXPECT_EQ(Run({"XRANGE", "s", "-", "(0-0"}), "-ERR invalid end ID for the interval\r\n");
}

TEST_F(StreamCommandsTest, IntegerArgumentsAreRightAtTheirEdges) {
  Fill(3);
  const std::vector<std::string> kEdges = {"-9223372036854775808", "-4294967297", "-1", "0", "1",
                                           "2147483648", "4294967296", "9223372036854775807"};
  for (const std::string& edge : kEdges) {
    const bool is_positive = edge[0] != '-' && edge != "0";
    const std::string size = edge == "1" ? "*1\r\n" : "*3\r\n";
    EXPECT_EQ(Run({"XRANGE", "s", "-", "+", "COUNT", edge}).substr(0, 4),
              is_positive ? size : kNullArray.substr(0, 4));
    EXPECT_EQ(Run({"XREAD", "COUNT", edge, "STREAMS", "s", "0"}).substr(0, 18),
              "*1\r\n*2\r\n$1\r\ns\r\n" + (is_positive ? size : "*3\r\n").substr(0, 3));
    EXPECT_EQ(Run({"XTRIM", "s", "MAXLEN", "~", edge, "LIMIT", "0"}),
              edge[0] == '-' ? "-ERR The MAXLEN argument must be >= 0.\r\n"
                             : Integer(edge == "0" ? 3 : 0));
    Run({"DEL", "s"});
    Fill(3);
  }
  EXPECT_EQ(Run({"XREAD", "BLOCK", "9223372036854775807", "STREAMS", "s", "$"}),
            "-ERR timeout is out of range\r\n");
  EXPECT_EQ(Run({"XREAD", "BLOCK", "-1", "STREAMS", "s", "$"}), "-ERR timeout is negative\r\n");
}

TEST_F(StreamCommandsTest, XReadAnswersWhatIsBehindAnId) {
  Fill(3);
  EXPECT_EQ(Run({"XREAD", "STREAMS", "s", "2"}),
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n" + Entry("3-0"));
  EXPECT_EQ(Run({"XREAD", "COUNT", "1", "STREAMS", "none", "s", "0", "0"}),
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n" + Entry("1-0"));
  EXPECT_EQ(Run({"XREAD", "STREAMS", "s", "$"}), kNullArray);
  EXPECT_EQ(Run({"XREAD", "STREAMS", "s", "3"}), kNullArray);
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"XREAD", "STREAMS", "s", "2"}), "%1\r\n$1\r\ns\r\n*1\r\n" + Entry("3-0"));
  EXPECT_EQ(Run({"XREAD", "STREAMS", "s", "3"}), "_\r\n");
}

TEST_F(StreamCommandsTest, XReadAnswersTheLastEntryForAPlus) {
  EXPECT_EQ(Run({"XREAD", "STREAMS", "s", "+"}), kNullArray);
  Fill(3);
  EXPECT_EQ(Run({"XREAD", "COUNT", "7", "STREAMS", "s", "+"}),
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n" + Entry("3-0"));
  Run({"XDEL", "s", "3"});
  EXPECT_EQ(Run({"XREAD", "STREAMS", "s", "+"}),
            "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n" + Entry("2-0"));
}

TEST_F(StreamCommandsTest, KeysAreFoundBehindStreamsWhateverTheGroupIsCalled) {
  EXPECT_EQ(Run({"COMMAND", "GETKEYS", "XREADGROUP", "GROUP", "STREAMS", "COUNT", "STREAMS", "a",
                 "b", ">", ">"}),
            "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
}

TEST_F(StreamCommandsTest, XSetIdChangesWhatIsKnownOfThePast) {
  Fill(3);
  EXPECT_EQ(Run({"XSETID", "s", "2"}),
            "-ERR The ID specified in XSETID is smaller than the target stream top item\r\n");
  EXPECT_EQ(Run({"XSETID", "s", "9-1", "ENTRIESADDED", "50", "MAXDELETEDID", "8-0"}), kOk);
  EXPECT_EQ(StreamAt("s").last_id(), (storage::StreamId{9, 1}));
  EXPECT_EQ(StreamAt("s").entries_added(), 50);
  EXPECT_EQ(StreamAt("s").max_deleted_id(), (storage::StreamId{8, 0}));
}

// ---- Groups

TEST_F(StreamCommandsTest, XReadGroupDeliversAndLogsWhoGotWhat) {
  Fill(2);
  Run({"XGROUP", "CREATE", "s", "g", "0"});
  const std::string now = Now(0);
  EXPECT_EQ(EffectsOf({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"}),
            "MULTI\nXGROUP CREATECONSUMER s g c\n"
            "XCLAIM s g c 0 1-0 TIME " + now + " RETRYCOUNT 1 FORCE JUSTID LASTID 1-0\n"
            "XCLAIM s g c 0 2-0 TIME " + now + " RETRYCOUNT 1 FORCE JUSTID LASTID 2-0\n"
            "XGROUP SETID s g 2-0 ENTRIESREAD 2\nEXEC\n");
  EXPECT_EQ(EffectsOf({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"}), "");
  EXPECT_EQ(Run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"}), kNullArray);
}

TEST_F(StreamCommandsTest, WhatXReadGroupLogsMakesTheSameGroupElsewhere) {
  Fill(5);
  Deliver("c", 3);
  clock_.AdvanceMs(1000);
  Run({"XREADGROUP", "GROUP", "g", "d", "STREAMS", "s", ">"});
  const auto state = [&] {
    return Run({"XPENDING", "s", "g", "-", "+", "9"}) + Run({"XINFO", "GROUPS", "s"});
  };
  const std::string before = state();
  // The effects again, on a stream of the same entries without a group.
  Run({"DEL", "s"});
  Fill(5);
  Run({"XGROUP", "CREATE", "s", "g", "0"});
  const std::string first = Now(-1000);
  for (const auto& [id, consumer, time] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"1", "c", first}, {"2", "c", first}, {"3", "c", first}, {"4", "d", Now(0)},
           {"5", "d", Now(0)}}) {
    Run({"XCLAIM", "s", "g", consumer, "0", id, "TIME", time, "RETRYCOUNT", "1", "FORCE",
         "JUSTID", "LASTID", id});
  }
  Run({"XGROUP", "SETID", "s", "g", "5", "ENTRIESREAD", "5"});
  EXPECT_EQ(state(), before);
}

TEST_F(StreamCommandsTest, HistoryShowsWhatTheConsumerHasPending) {
  Fill(3);
  Deliver("c", 2);
  Run({"XDEL", "s", "1"});
  EXPECT_EQ(Run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", "0"}),
            "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n" + Entry("2-0"));
  EXPECT_EQ(Run({"XREADGROUP", "GROUP", "g", "other", "STREAMS", "s", "0"}),
            "*1\r\n*2\r\n$1\r\ns\r\n*0\r\n");
}

TEST_F(StreamCommandsTest, XAckTakesEntriesOffTheList) {
  Fill(3);
  Deliver("c", 3);
  EXPECT_EQ(EffectsOf({"XACK", "s", "g", "1", "2", "9"}), "XACK s g 1 2 9\n");
  EXPECT_EQ(EffectsOf({"XACK", "s", "g", "1"}), "");
  EXPECT_EQ(Run({"XPENDING", "s", "g"}),
            "*4\r\n:1\r\n$3\r\n3-0\r\n$3\r\n3-0\r\n*1\r\n*2\r\n$1\r\nc\r\n$1\r\n1\r\n");
  EXPECT_EQ(Run({"XACK", "s", "g", "3", "x"}), kInvalidId);
  EXPECT_EQ(Run({"XACK", "none", "g", "x"}), Integer(0));
}

TEST_F(StreamCommandsTest, XPendingTellsHowLongEntriesWait) {
  Fill(1);
  Deliver("c", 1);
  clock_.AdvanceMs(1500);
  EXPECT_EQ(Run({"XPENDING", "s", "g", "-", "+", "9"}),
            "*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nc\r\n:1500\r\n:1\r\n");
  EXPECT_EQ(Run({"XPENDING", "s", "g", "IDLE", "1501", "-", "+", "9"}), "*0\r\n");
  EXPECT_EQ(Run({"XPENDING", "s", "g", "-", "+", "9", "nobody"}), "*0\r\n");
  EXPECT_EQ(Run({"XPENDING", "s", "none"}),
            "-NOGROUP No such key 's' or consumer group 'none'\r\n");
}

TEST_F(StreamCommandsTest, XClaimHandsEntriesOver) {
  Fill(2);
  Deliver("c", 2);
  clock_.AdvanceMs(1000);
  EXPECT_EQ(Run({"XCLAIM", "s", "g", "d", "1001", "1"}), "*0\r\n");
  EXPECT_EQ(EffectsOf({"XCLAIM", "s", "g", "d", "1000", "1", "IDLE", "300"}),
            "MULTI\nXGROUP CREATECONSUMER s g d\nXCLAIM s g d 0 1-0 TIME " + Now(-300) +
                " RETRYCOUNT 2 FORCE JUSTID LASTID 2-0\nEXEC\n");
  EXPECT_EQ(Run({"XCLAIM", "s", "g", "d", "0", "2", "JUSTID"}), "*1\r\n$3\r\n2-0\r\n");
  EXPECT_EQ(Run({"XPENDING", "s", "g", "-", "+", "9", "d"}),
            "*2\r\n*4\r\n$3\r\n1-0\r\n$1\r\nd\r\n:300\r\n:2\r\n"
            "*4\r\n$3\r\n2-0\r\n$1\r\nd\r\n:0\r\n:1\r\n");
  EXPECT_EQ(Run({"XCLAIM", "s", "g", "d", "0", "2", "BOGUS"}),
            "-ERR Unrecognized XCLAIM option 'BOGUS'\r\n");
}

TEST_F(StreamCommandsTest, XAutoClaimGoesOnFromWhereItStopped) {
  Fill(4);
  Deliver("c", 4);
  Run({"XDEL", "s", "2"});
  EXPECT_EQ(Run({"XAUTOCLAIM", "s", "g", "d", "0", "0", "COUNT", "2", "JUSTID"}),
            "*3\r\n$3\r\n3-0\r\n*1\r\n$3\r\n1-0\r\n*1\r\n$3\r\n2-0\r\n");
  EXPECT_EQ(Run({"XAUTOCLAIM", "s", "g", "d", "0", "3", "JUSTID"}),
            "*3\r\n$3\r\n0-0\r\n*2\r\n$3\r\n3-0\r\n$3\r\n4-0\r\n*0\r\n");
  EXPECT_EQ(Run({"XAUTOCLAIM", "s", "g", "d", "0", "0", "COUNT", "0"}),
            "-ERR COUNT must be > 0\r\n");
}

TEST_F(StreamCommandsTest, XGroupManagesGroupsAndConsumers) {
  EXPECT_EQ(Run({"XGROUP", "CREATE", "s", "g", "$"}).substr(0, 44),
            "-ERR The XGROUP subcommand requires the key ");
  EXPECT_EQ(Run({"XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"}), kOk);
  EXPECT_EQ(Run({"XGROUP", "CREATE", "s", "g", "$"}),
            "-BUSYGROUP Consumer Group name already exists\r\n");
  EXPECT_EQ(Run({"XGROUP", "CREATECONSUMER", "s", "g", "c"}), Integer(1));
  EXPECT_EQ(Run({"XGROUP", "CREATECONSUMER", "s", "g", "c"}), Integer(0));
  Fill(2);
  Run({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"});
  EXPECT_EQ(Run({"XGROUP", "DELCONSUMER", "s", "g", "c"}), Integer(2));
  EXPECT_EQ(Run({"XGROUP", "SETID", "s", "g", "0", "ENTRIESREAD", "-2"}),
            "-ERR value for ENTRIESREAD must be positive or -1\r\n");
  EXPECT_EQ(Run({"XGROUP", "SETID", "s", "g", "0"}), kOk);
  EXPECT_EQ(Run({"XGROUP", "DESTROY", "s", "g"}), Integer(1));
  EXPECT_EQ(Run({"XGROUP", "DESTROY", "s", "g"}), Integer(0));
  EXPECT_EQ(Run({"XGROUP", "SETID", "s", "g", "0"}),
            "-NOGROUP No such consumer group 'g' for key name 's'\r\n");
}

TEST_F(StreamCommandsTest, XInfoTellsWhenAConsumerWasActive) {
  Fill(1);
  Deliver("c", 1);
  Run({"XGROUP", "CREATECONSUMER", "s", "g", "idle"});
  clock_.AdvanceMs(700);
  EXPECT_EQ(Run({"XINFO", "CONSUMERS", "s", "g"}),
            "*2\r\n*8\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:1\r\n$4\r\nidle\r\n:700\r\n"
            "$8\r\ninactive\r\n:700\r\n"
            "*8\r\n$4\r\nname\r\n$4\r\nidle\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:700\r\n"
            "$8\r\ninactive\r\n:-1\r\n");
}

TEST_F(StreamCommandsTest, XInfoShowsTheLag) {
  Fill(5);
  Deliver("c", 2);
  EXPECT_EQ(Run({"XINFO", "GROUPS", "s"}),
            "*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n$7\r\npending\r\n:2\r\n"
            "$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n:2\r\n"
            "$3\r\nlag\r\n:3\r\n");
}

TEST_F(StreamCommandsTest, ADigestSeesEntriesAndGroups) {
  Fill(150);
  const auto digest = [&] {
    StateDigest digest_of_s;
    digest_of_s.Add(0, *Find("s"));
    return digest_of_s.Hex();
  };
  std::vector<std::string> seen = {digest()};
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"XADD", "s", "150-1", "f", "v"},
           {"XDEL", "s", "7"},
           {"XGROUP", "CREATE", "s", "g", "0"},
           {"XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "STREAMS", "s", ">"},
           {"XACK", "s", "g", "1"}}) {
    Run(words);
    seen.push_back(digest());
  }
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
  Run({"COPY", "s", "t"});
  StateDigest copied;
  copied.AddValue(*Find("t"));
  StateDigest original;
  original.AddValue(*Find("s"));
  EXPECT_EQ(copied, original);
}

// ---- What Redis 8.2 added

TEST_F(StreamCommandsTest, XDelExKeepsReferencesUnlessTold) {
  Fill(3);
  Deliver("c", 3);
  EXPECT_EQ(Run({"XDELEX", "s", "IDS", "2", "1", "9"}), "*2\r\n:1\r\n:-1\r\n");
  EXPECT_EQ(StreamAt("s").FindGroup("g")->pending().size(), 3U);
  EXPECT_EQ(Run({"XDELEX", "s", "DELREF", "IDS", "2", "1", "2"}), "*2\r\n:-1\r\n:1\r\n");
  EXPECT_EQ(StreamAt("s").FindGroup("g")->pending().size(), 1U);
  EXPECT_EQ(Run({"XDELEX", "none", "IDS", "2", "1", "2"}), "*2\r\n:-1\r\n:-1\r\n");
  EXPECT_EQ(EffectsOf({"XDELEX", "s", "IDS", "1", "9"}), "");
}

TEST_F(StreamCommandsTest, XDelExAckedRemovesOnlyWhatAllGroupsAreDoneWith) {
  Fill(3);
  EXPECT_EQ(Run({"XDELEX", "s", "ACKED", "IDS", "1", "1"}), "*1\r\n:2\r\n");
  Deliver("c", 2);
  Run({"XACK", "s", "g", "1"});
  EXPECT_EQ(Run({"XDELEX", "s", "IDS", "3", "1", "2", "3", "ACKED"}), "*3\r\n:1\r\n:2\r\n:2\r\n");
  EXPECT_EQ(Run({"XLEN", "s"}), Integer(2));
}

TEST_F(StreamCommandsTest, XAckDelAcknowledgesAndRemoves) {
  Fill(4);
  Deliver("c", 3);
  Run({"XGROUP", "CREATE", "s", "h", "0"});
  EXPECT_EQ(Run({"XACKDEL", "s", "g", "ACKED", "IDS", "2", "1", "4"}), "*2\r\n:2\r\n:-1\r\n");
  EXPECT_EQ(Run({"XACKDEL", "s", "g", "IDS", "1", "2"}), "*1\r\n:1\r\n");
  EXPECT_EQ(Run({"XLEN", "s"}), Integer(3));
  EXPECT_EQ(StreamAt("s").FindGroup("g")->pending().size(), 1U);
  EXPECT_EQ(Run({"XACKDEL", "s", "none", "IDS", "1", "3"}), "*1\r\n:-1\r\n");
}

TEST_F(StreamCommandsTest, IdBlocksMustBeWhole) {
  Fill(1);
  EXPECT_EQ(Run({"XDELEX", "s", "IDS", "0", "1"}),
            "-ERR Number of IDs must be a positive integer\r\n");
  EXPECT_EQ(Run({"XDELEX", "s", "IDS", "2", "1"}),
            "-ERR The `numids` parameter must match the number of arguments\r\n");
  EXPECT_EQ(Run({"XDELEX", "s", "KEEPREF", "DELREF", "1"}), kSyntax);
  EXPECT_EQ(Run({"XDELEX", "s", "IDS", "1", "1", "2"}), kSyntax);
  EXPECT_EQ(Run({"XDELEX", "s", "IDS", "1", "x"}), kInvalidId);
  for (const char* edge : {"-9223372036854775808", "-1", "4294967297", "9223372036854775807"}) {
    EXPECT_EQ(Run({"XDELEX", "s", "IDS", edge, "1"})[0], '-');
  }
}

TEST_F(StreamCommandsTest, TrimmingHasASayInReferences) {
  Fill(4);
  Deliver("c", 2);
  Run({"XACK", "s", "g", "1"});
  EXPECT_EQ(Run({"XTRIM", "s", "MAXLEN", "0", "ACKED"}), Integer(1));
  EXPECT_EQ(Run({"XTRIM", "s", "DELREF", "MAXLEN", "~", "1"}), Integer(2));
  EXPECT_EQ(StreamAt("s").FindGroup("g")->pending().size(), 0U);
  EXPECT_EQ(Run({"XRANGE", "s", "-", "+"}), "*1\r\n" + Entry("4-0"));
  EXPECT_EQ(StreamAt("s").Verify(), nullptr);
}

}  // namespace
}  // namespace ringtail::commands
