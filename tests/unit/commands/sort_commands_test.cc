#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string Array(const std::vector<std::string>& texts) {
  std::string reply = "*" + std::to_string(texts.size()) + "\r\n";
  for (const std::string& text : texts) reply += Bulk(text);
  return reply;
}

constexpr char kSyntax[] = "-ERR syntax error\r\n";

class SortCommandsTest : public CommandFixture {
 protected:
  void Fill(const std::string& key, const std::vector<std::string>& values) {
    std::vector<std::string> words = {"RPUSH", key};
    words.insert(words.end(), values.begin(), values.end());
    Run(words);
  }
};

TEST_F(SortCommandsTest, WrongNumbersOfArgumentsAreRefused) {
  EXPECT_EQ(Run({"SORT"}), "-ERR wrong number of arguments for 'sort' command\r\n");
  EXPECT_EQ(Run({"SORT_RO"}), "-ERR wrong number of arguments for 'sort_ro' command\r\n");
}

TEST_F(SortCommandsTest, NumbersAreSortedByValueAndThenAsText) {
  Fill("l", {"10", "9", "-1", "2.5", "1e1", " 3", ""});
  EXPECT_EQ(Run({"SORT", "l"}), Array({"-1", "", "2.5", " 3", "9", "10", "1e1"}));
  EXPECT_EQ(Run({"SORT", "l", "DESC"}), Array({"1e1", "10", "9", " 3", "2.5", "", "-1"}));
}

TEST_F(SortCommandsTest, WhatIsNoNumberIsRefused) {
  for (const std::string value : {"x", "1x", "nan", "1e400", "0x"}) {
    Run({"DEL", "l"});
    Fill("l", {"1", value});
    EXPECT_EQ(Run({"SORT", "l"}),
              "-ERR One or more scores can't be converted into double\r\n")
        << value;
  }
  Run({"DEL", "l"});
  Fill("l", {"inf", "-inf", "0x10"});
  EXPECT_EQ(Run({"SORT", "l"}), Array({"-inf", "0x10", "inf"}));
}

TEST_F(SortCommandsTest, AlphaSortsTexts) {
  Fill("l", {"b", "10", "9", "a", "B"});
  EXPECT_EQ(Run({"SORT", "l", "ALPHA"}), Array({"10", "9", "B", "a", "b"}));
  EXPECT_EQ(Run({"SORT_RO", "l", "ALPHA", "DESC"}), Array({"b", "a", "B", "9", "10"}));
}

TEST_F(SortCommandsTest, LimitsAreClamped) {
  Fill("l", {"3", "1", "2"});
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "1", "1"}), Array({"2"}));
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "-5", "2"}), Array({"1", "2"}));
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "0", "-1"}), Array({"1", "2", "3"}));
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "0", "0"}), Array({}));
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "9223372036854775807", "9223372036854775807"}), Array({}));
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "1", "9223372036854775807"}), Array({"2", "3"}));
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "x", "1"}),
            "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "1"}), kSyntax);
}

TEST_F(SortCommandsTest, OptionsAreReadAsRedisDoes) {
  Fill("l", {"1"});
  Run({"SET", "s", "x"});
  EXPECT_EQ(Run({"SORT", "l", "BY"}), kSyntax);
  EXPECT_EQ(Run({"SORT", "s", "bogus"}), kSyntax);
  EXPECT_EQ(Run({"SORT_RO", "l", "STORE", "d"}), kSyntax);
  EXPECT_EQ(Run({"SORT", "s"}),
            "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  EXPECT_EQ(Run({"SORT", "none"}), Array({}));
}

TEST_F(SortCommandsTest, ByTakesWeightsFromOtherKeys) {
  Fill("l", {"1", "2", "3", "4"});
  Run({"MSET", "w_1", "30", "w_2", "20", "w_3", "10"});
  EXPECT_EQ(Run({"SORT", "l", "BY", "w_*"}), Array({"4", "3", "2", "1"}));
  EXPECT_EQ(Run({"SORT", "l", "BY", "w_*", "ALPHA", "DESC"}), Array({"1", "2", "3", "4"}));
  EXPECT_EQ(Run({"SORT", "l", "BY", "w_*", "LIMIT", "0", "2"}), Array({"4", "3"}));
  EXPECT_EQ(Run({"SORT", "l", "BY", "nosort", "DESC", "LIMIT", "1", "2"}), Array({"3", "2"}));
  EXPECT_EQ(Run({"SORT", "l", "BY", "nosort", "LIMIT", "1", "2"}), Array({"2", "3"}));
}

TEST_F(SortCommandsTest, GetAnswersWhatPatternsPointAt) {
  Fill("l", {"2", "1"});
  Run({"MSET", "o_1", "one", "o_2", "2222", "plain", "x"});
  EXPECT_EQ(Run({"SORT", "l", "GET", "o_*", "GET", "#", "GET", "none_*", "GET", "plain"}),
            "*8\r\n" + Bulk("one") + Bulk("1") + "$-1\r\n$-1\r\n" + Bulk("2222") + Bulk("2") +
                "$-1\r\n$-1\r\n");
}

TEST_F(SortCommandsTest, WeightsMayBeFieldsOfHashes) {
  Fill("l", {"1", "2", "3"});
  Run({"HSET", "h_1", "f", "30", "name", "one"});
  Run({"HSET", "h_2", "f", "20", "name", "2"});
  EXPECT_EQ(Run({"SORT", "l", "BY", "h_*->f"}), Array({"3", "2", "1"}));
  EXPECT_EQ(Run({"SORT", "l", "GET", "h_*->name", "GET", "h_*->"}),
            "*6\r\n" + Bulk("one") + "$-1\r\n" + Bulk("2") + "$-1\r\n$-1\r\n$-1\r\n");
}

TEST_F(SortCommandsTest, SetsAreSortedBeforeTheyAreStored) {
  Run({"SADD", "s", "b", "a", "10", "9"});
  EXPECT_EQ(Run({"SORT", "s", "ALPHA"}), Array({"10", "9", "a", "b"}));
  EXPECT_EQ(Run({"SORT", "s", "BY", "nosort", "STORE", "d"}), ":4\r\n");
  EXPECT_EQ(Run({"LRANGE", "d", "0", "-1"}), Array({"10", "9", "a", "b"}));
}

TEST_F(SortCommandsTest, StoreReplacesTheDestinationEvenIfItIsASource) {
  Fill("l", {"3", "1", "2"});
  Run({"SET", "o_1", "one"});
  EXPECT_EQ(Run({"SORT", "l", "STORE", "l"}), ":3\r\n");
  EXPECT_EQ(Run({"LRANGE", "l", "0", "-1"}), Array({"1", "2", "3"}));
  EXPECT_EQ(Run({"SORT", "l", "GET", "o_*", "STORE", "o_1"}), ":3\r\n");
  EXPECT_EQ(Run({"LRANGE", "o_1", "0", "-1"}), Array({"one", "", ""}));
  Run({"EXPIRE", "o_1", "100"});
  Run({"SORT", "l", "STORE", "o_1"});
  EXPECT_EQ(Run({"TTL", "o_1"}), ":-1\r\n");
  EXPECT_EQ(Run({"SORT", "none", "STORE", "o_1"}), ":0\r\n");
  EXPECT_EQ(Run({"EXISTS", "o_1"}), ":0\r\n");
}

TEST_F(SortCommandsTest, ALargeListIsSortedWhole) {
  std::vector<std::string> values;
  for (int i = 0; i < 40000; ++i) values.push_back(std::to_string((i * 7919) % 40000));
  Fill("l", values);
  EXPECT_EQ(Run({"SORT", "l", "STORE", "d"}), ":40000\r\n");
  for (int i = 0; i < 40000; ++i) values[static_cast<size_t>(i)] = std::to_string(i);
  EXPECT_EQ(Run({"LRANGE", "d", "0", "-1"}), Array(values));
  EXPECT_EQ(Run({"SORT", "l", "LIMIT", "10", "2"}), Array({"10", "11"}));
}

TEST_F(SortCommandsTest, TheLogHasTheResult) {
  EffectRecorder recorder;
  Fill("l", {"2", "1"});
  engine_.log().AddReader(&recorder);
  Run({"SORT", "l", "STORE", "d"});
  EXPECT_NE(recorder.Take().find(Array({"RPUSH", "d", "1", "2"})), std::string::npos);
  Run({"SORT", "l", "DESC", "STORE", "d"});
  const std::string replaced = recorder.Take();
  EXPECT_NE(replaced.find(Array({"DEL", "d"}) + Array({"RPUSH", "d", "2", "1"})),
            std::string::npos);
  Run({"SORT", "none", "STORE", "none"});
  EXPECT_EQ(recorder.Take(), "");
  engine_.log().RemoveReader(&recorder);
}

}  // namespace
}  // namespace ringtail::commands
