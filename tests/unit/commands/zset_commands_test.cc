// Sorted sets: replies, encodings, effects.
#include <string>
#include <vector>

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

class SortedSetCommandsTest : public CommandFixture {
 protected:
  /// Adds members m1 to m<count> with their numbers as scores.
  void Fill(const std::string& key, int count) {
    std::vector<std::string> words = {"ZADD", key};
    for (int i = 1; i <= count; ++i) {
      words.push_back(std::to_string(i));
      words.push_back("m" + std::to_string(i));
    }
    Run(words);
  }
};

TEST_F(SortedSetCommandsTest, ZAddAnswersHowManyAreNew) {
  EXPECT_EQ(Run({"ZADD", "z", "1", "a", "2.5", "b"}), ":2\r\n");
  EXPECT_EQ(Run({"ZADD", "z", "1", "a", "3", "b", "4", "c"}), ":1\r\n");
  EXPECT_EQ(Run({"ZADD", "z", "CH", "1", "a", "5", "b"}), ":1\r\n");
  EXPECT_EQ(Run({"ZSCORE", "z", "b"}), "$1\r\n5\r\n");
}

TEST_F(SortedSetCommandsTest, ZAddKeepsToItsConditions) {
  Run({"ZADD", "z", "5", "a"});
  EXPECT_EQ(Run({"ZADD", "z", "NX", "INCR", "1", "a"}), "$-1\r\n");
  EXPECT_EQ(Run({"ZADD", "z", "GT", "INCR", "-1", "a"}), "$-1\r\n");
  EXPECT_EQ(Run({"ZADD", "z", "LT", "CH", "4", "a"}), ":1\r\n");
  EXPECT_EQ(Run({"ZADD", "z", "XX", "1", "b"}), ":0\r\n");
  EXPECT_EQ(Run({"ZADD", "z", "XX", "NX", "1", "b"}),
            "-ERR XX and NX options at the same time are not compatible\r\n");
}

TEST_F(SortedSetCommandsTest, NothingIsAddedIfOneScoreIsNone) {
  EXPECT_EQ(Run({"ZADD", "z", "1", "a", "nan", "b"}), "-ERR value is not a valid float\r\n");
  EXPECT_EQ(Run({"EXISTS", "z"}), ":0\r\n");
}

TEST_F(SortedSetCommandsTest, InfinitiesThatCancelOutAreRefused) {
  Run({"ZADD", "z", "inf", "a"});
  EXPECT_EQ(Run({"ZINCRBY", "z", "-inf", "a"}),
            "-ERR resulting score is not a number (NaN)\r\n");
  EXPECT_EQ(Run({"ZSCORE", "z", "a"}), "$3\r\ninf\r\n");
}

TEST_F(SortedSetCommandsTest, AScoreWhoseBytesAreDigitsSurvivesPacking) {
  // The eight bytes of this double spell "12345678".
  Run({"ZADD", "z", "6.8213200517013251e-38", "a"});
  EXPECT_EQ(Run({"ZSCORE", "z", "a"}), "$22\r\n6.8213200517013251e-38\r\n");
}

TEST_F(SortedSetCommandsTest, TheEncodingFollowsTheLimits) {
  Fill("z", 128);
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "z"}), "$8\r\nlistpack\r\n");
  Fill("z", 129);
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "z"}), "$8\r\nskiplist\r\n");
  Run({"ZADD", "y", "1", std::string(65, 'x')});
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "y"}), "$8\r\nskiplist\r\n");
}

TEST_F(SortedSetCommandsTest, RangesAreTheSameInBothEncodings) {
  for (const int count : {20, 200}) {
    Fill("z", count);
    EXPECT_EQ(Run({"ZRANGE", "z", "1", "2"}), "*2\r\n$2\r\nm2\r\n$2\r\nm3\r\n");
    EXPECT_EQ(Run({"ZRANGE", "z", "(2", "4", "BYSCORE", "WITHSCORES"}),
              "*4\r\n$2\r\nm3\r\n$1\r\n3\r\n$2\r\nm4\r\n$1\r\n4\r\n");
    EXPECT_EQ(Run({"ZREVRANGEBYSCORE", "z", "5", "-inf", "LIMIT", "1", "1"}),
              "*1\r\n$2\r\nm4\r\n");
    EXPECT_EQ(Run({"ZCOUNT", "z", "3", "(6"}), ":3\r\n");
    EXPECT_EQ(Run({"ZRANK", "z", "m7"}), ":6\r\n");
    EXPECT_EQ(Run({"ZREVRANK", "z", "m" + std::to_string(count)}), ":0\r\n");
    EXPECT_EQ(Run({"ZRANK", "z", "m7", "WITHSCORE"}), "*2\r\n:6\r\n$1\r\n7\r\n");
    EXPECT_EQ(Run({"ZREMRANGEBYRANK", "z", "0", "-2"}), ":" + std::to_string(count - 1) + "\r\n");
    Run({"DEL", "z"});
  }
}

TEST_F(SortedSetCommandsTest, RangesByMemberKeepToTheirBorders) {
  Run({"ZADD", "z", "0", "a", "0", "b", "0", "c", "0", "d"});
  EXPECT_EQ(Run({"ZRANGEBYLEX", "z", "(a", "[c"}), "*2\r\n$1\r\nb\r\n$1\r\nc\r\n");
  EXPECT_EQ(Run({"ZLEXCOUNT", "z", "-", "+"}), ":4\r\n");
  EXPECT_EQ(Run({"ZREMRANGEBYLEX", "z", "[b", "(d"}), ":2\r\n");
  EXPECT_EQ(Run({"ZRANGEBYLEX", "z", "a", "b"}),
            "-ERR min or max not valid string range item\r\n");
}

TEST_F(SortedSetCommandsTest, OptionsSaidTwiceAreRefused) {
  EXPECT_EQ(Run({"ZRANGE", "z", "0", "1", "REV", "REV"}), "-ERR syntax error\r\n");
  EXPECT_EQ(Run({"ZRANGE", "z", "0", "1", "BYSCORE", "BYLEX"}), "-ERR syntax error\r\n");
}

TEST_F(SortedSetCommandsTest, TheKeyGoesWithItsLastMember) {
  Run({"ZADD", "z", "1", "a", "2", "b"});
  EXPECT_EQ(Run({"ZREM", "z", "a", "b", "c"}), ":2\r\n");
  EXPECT_EQ(Run({"EXISTS", "z"}), ":0\r\n");
  Run({"ZADD", "z", "1", "a"});
  EXPECT_EQ(Run({"ZPOPMAX", "z"}), "*2\r\n$1\r\na\r\n$1\r\n1\r\n");
  EXPECT_EQ(Run({"EXISTS", "z"}), ":0\r\n");
}

TEST_F(SortedSetCommandsTest, CombinationsTakeSetsAmongTheirSources) {
  Run({"ZADD", "z", "2", "a", "3", "b"});
  Run({"SADD", "s", "b", "c"});
  EXPECT_EQ(Run({"ZUNION", "2", "z", "s", "WEIGHTS", "10", "1", "WITHSCORES"}),
            "*6\r\n$1\r\nc\r\n$1\r\n1\r\n$1\r\na\r\n$2\r\n20\r\n$1\r\nb\r\n$2\r\n31\r\n");
  EXPECT_EQ(Run({"ZINTERCARD", "2", "z", "s"}), ":1\r\n");
  EXPECT_EQ(Run({"ZDIFFSTORE", "z", "2", "z", "s"}), ":1\r\n");
  EXPECT_EQ(Run({"ZRANGE", "z", "0", "-1"}), "*1\r\n$1\r\na\r\n");
  EXPECT_EQ(Run({"ZINTERSTORE", "z", "2", "z", "nothing"}), ":0\r\n");
  EXPECT_EQ(Run({"EXISTS", "z"}), ":0\r\n");
}

TEST_F(SortedSetCommandsTest, WrongTypesAndNumbersAreRefused) {
  Run({"SET", "s", "x"});
  EXPECT_EQ(Run({"ZADD", "s", "1", "a"}).substr(0, 10), "-WRONGTYPE");
  EXPECT_EQ(Run({"ZUNION", "1", "s"}).substr(0, 10), "-WRONGTYPE");
  EXPECT_EQ(Run({"ZUNION", "0", "s"}),
            "-ERR at least 1 input key is needed for 'zunion' command\r\n");
  EXPECT_EQ(Run({"ZPOPMIN", "z", "-1"}), "-ERR value is out of range, must be positive\r\n");
  EXPECT_EQ(Run({"ZMPOP", "0", "z", "MIN"}), "-ERR numkeys should be greater than 0\r\n");
}

TEST_F(SortedSetCommandsTest, PopsAreLoggedAsPopsThatDoNotWait) {
  EffectRecorder recorder;
  Run({"ZADD", "z", "1", "a", "2", "b", "3", "c"});
  engine_.log().AddReader(&recorder);
  EXPECT_EQ(Run({"BZPOPMIN", "none", "z", "0"}),
            "*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\n1\r\n");
  EXPECT_NE(recorder.Take().find("ZPOPMIN\r\n$1\r\nz\r\n$1\r\n1"), std::string::npos);
  EXPECT_EQ(Run({"ZMPOP", "1", "z", "MAX", "COUNT", "9"}).substr(0, 4), "*2\r\n");
  EXPECT_NE(recorder.Take().find("ZPOPMAX\r\n$1\r\nz\r\n$1\r\n2"), std::string::npos);
  engine_.log().RemoveReader(&recorder);
}

}  // namespace
}  // namespace ringtail::commands
