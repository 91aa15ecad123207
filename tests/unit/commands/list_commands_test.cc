#include <map>

#include "commands/state_digest.h"
#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

constexpr char kWrongType[] =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
constexpr char kNotInteger[] = "-ERR value is not an integer or out of range\r\n";
constexpr char kSyntax[] = "-ERR syntax error\r\n";
constexpr char kNull[] = "$-1\r\n";
constexpr char kNullArray[] = "*-1\r\n";
constexpr char kEmpty[] = "*0\r\n";

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string Array(const std::vector<std::string>& texts) {
  std::string reply = "*" + std::to_string(texts.size()) + "\r\n";
  for (const std::string& text : texts) reply += Bulk(text);
  return reply;
}
std::string Integer(int64_t value) { return ":" + std::to_string(value) + "\r\n"; }

// A command as the log has it.
std::string Logged(const std::vector<std::string>& words) { return Array(words); }

class ListCommandsTest : public CommandFixture {
 protected:
  std::string Elements(const std::string& key) { return Run({"LRANGE", key, "0", "-1"}); }
  void Fill(const std::string& key, const std::vector<std::string>& values) {
    std::vector<std::string> words = {"RPUSH", key};
    words.insert(words.end(), values.begin(), values.end());
    Run(words);
  }
};

TEST_F(ListCommandsTest, WrongNumbersOfArgumentsAreRefused) {
  const std::map<std::string, int> kArgumentCounts = {
      {"LPUSH", -3},  {"RPUSH", -3},  {"LPUSHX", -3}, {"RPUSHX", -3}, {"LPOP", -2},
      {"RPOP", -2},   {"LLEN", 2},    {"LINDEX", 3},  {"LSET", 4},    {"LINSERT", 5},
      {"LRANGE", 4},  {"LREM", 4},    {"LTRIM", 4},   {"LPOS", -3},   {"LMPOP", -4},
      {"LMOVE", 5},   {"RPOPLPUSH", 3}, {"LMOVEM", -5}, {"BLPOP", -3}, {"BRPOP", -3},
      {"BLMOVE", 6},  {"BRPOPLPUSH", 4}, {"BLMPOP", -5}, {"BLMOVEM", -6}};
  for (const auto family : {ListCommands(), BlockingListCommands()}) {
    for (const CommandSpec& spec : family) {
      const std::string name(spec.name);
      ASSERT_TRUE(kArgumentCounts.contains(name)) << name;
      const int count = kArgumentCounts.at(name);
      std::string lower = name;
      for (char& c : lower) c = static_cast<char>(std::tolower(c));
      const std::string error = "-ERR wrong number of arguments for '" + lower + "' command\r\n";
      std::vector<std::string> words(static_cast<size_t>(std::abs(count)) - 1, "1");
      words[0] = name;
      EXPECT_EQ(Run(words), error);
      words.resize(words.size() + 2, "1");
      if (count > 0) {
        EXPECT_EQ(Run(words), error);
      }
    }
  }
  EXPECT_EQ(Run({"LPOP", "l", "1", "2"}),
            "-ERR wrong number of arguments for 'lpop' command\r\n");
}

TEST_F(ListCommandsTest, EveryCommandRefusesAKeyOfAnotherType) {
  Run({"SET", "s", "text"});
  Fill("l", {"a"});
  const std::vector<std::vector<std::string>> commands = {
      {"LPUSH", "s", "v"},          {"RPUSH", "s", "v"},        {"LPUSHX", "s", "v"},
      {"RPUSHX", "s", "v"},         {"LPOP", "s"},              {"RPOP", "s", "2"},
      {"LLEN", "s"},                {"LINDEX", "s", "0"},       {"LSET", "s", "0", "v"},
      {"LINSERT", "s", "BEFORE", "a", "b"}, {"LRANGE", "s", "0", "1"}, {"LREM", "s", "0", "v"},
      {"LTRIM", "s", "0", "1"},     {"LPOS", "s", "v"},         {"LMPOP", "1", "s", "LEFT"},
      {"LMOVE", "s", "l", "LEFT", "LEFT"}, {"LMOVE", "l", "s", "LEFT", "LEFT"},
      {"RPOPLPUSH", "s", "l"},      {"RPOPLPUSH", "l", "s"},    {"BLPOP", "none", "s", "0"},
      {"BRPOP", "s", "0"},          {"BLMPOP", "0", "1", "s", "LEFT"},
      {"BLMOVE", "s", "l", "LEFT", "LEFT", "0"}, {"BRPOPLPUSH", "l", "s", "0"},
      {"LMOVEM", "s", "l", "LEFT", "LEFT"}, {"LMOVEM", "l", "s", "LEFT", "LEFT"},
      {"BLMOVEM", "s", "l", "LEFT", "LEFT", "0"}};
  for (const auto& command : commands) EXPECT_EQ(Run(command), kWrongType) << command[0];
  EXPECT_EQ(Elements("l"), Array({"a"}));
}

TEST_F(ListCommandsTest, AbsentKeysAnswerNothing) {
  EXPECT_EQ(Run({"LPUSHX", "k", "v"}), Integer(0));
  EXPECT_EQ(Run({"LPOP", "k"}), kNull);
  EXPECT_EQ(Run({"LPOP", "k", "0"}), kNullArray);
  EXPECT_EQ(Run({"LLEN", "k"}), Integer(0));
  EXPECT_EQ(Run({"LINDEX", "k", "x"}), kNull);
  EXPECT_EQ(Run({"LSET", "k", "x", "v"}), "-ERR no such key\r\n");
  EXPECT_EQ(Run({"LINSERT", "k", "BEFORE", "a", "b"}), Integer(0));
  EXPECT_EQ(Run({"LRANGE", "k", "0", "1"}), kEmpty);
  EXPECT_EQ(Run({"LREM", "k", "0", "v"}), Integer(0));
  EXPECT_EQ(Run({"LTRIM", "k", "0", "1"}), "+OK\r\n");
  EXPECT_EQ(Run({"LPOS", "k", "v"}), kNull);
  EXPECT_EQ(Run({"LPOS", "k", "v", "COUNT", "1"}), kEmpty);
  EXPECT_EQ(Run({"LMPOP", "1", "k", "LEFT"}), kNullArray);
  EXPECT_EQ(Run({"LMOVE", "k", "k", "LEFT", "LEFT"}), kNull);
  EXPECT_EQ(Run({"LMOVEM", "k", "k", "LEFT", "LEFT"}), kEmpty);
  EXPECT_EQ(Run({"LMOVEM", "k", "d", "LEFT", "LEFT", "EXACTLY", "1", "OBO"}), kNullArray);
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"LPOP", "k"}), "_\r\n");
  EXPECT_EQ(Run({"LPOP", "k", "1"}), "_\r\n");
  EXPECT_EQ(Run({"EXISTS", "k"}), Integer(0));
}

TEST_F(ListCommandsTest, PushesAndPopsAtBothEnds) {
  EXPECT_EQ(Run({"RPUSH", "l", "b", "c"}), Integer(2));
  EXPECT_EQ(Run({"LPUSH", "l", "a", "1"}), Integer(4));
  EXPECT_EQ(Run({"RPUSHX", "l", "d"}), Integer(5));
  EXPECT_EQ(Elements("l"), Array({"1", "a", "b", "c", "d"}));
  EXPECT_EQ(Run({"LPOP", "l"}), Bulk("1"));
  EXPECT_EQ(Run({"RPOP", "l", "2"}), Array({"d", "c"}));
  EXPECT_EQ(Run({"LPOP", "l", "0"}), kEmpty);
  EXPECT_EQ(Run({"LPOP", "l", "-1"}), "-ERR value is out of range, must be positive\r\n");
  EXPECT_EQ(Run({"LPOP", "l", "x"}), "-ERR value is out of range, must be positive\r\n");
  EXPECT_EQ(Run({"LPOP", "l", "9223372036854775807"}), Array({"a", "b"}));
  EXPECT_EQ(Run({"EXISTS", "l"}), Integer(0));
}

TEST_F(ListCommandsTest, RangesCountFromBothEnds) {
  Fill("l", {"a", "b", "c", "d"});
  EXPECT_EQ(Run({"LRANGE", "l", "1", "2"}), Array({"b", "c"}));
  EXPECT_EQ(Run({"LRANGE", "l", "-2", "-1"}), Array({"c", "d"}));
  EXPECT_EQ(Run({"LRANGE", "l", "-9223372036854775808", "9223372036854775807"}),
            Array({"a", "b", "c", "d"}));
  EXPECT_EQ(Run({"LRANGE", "l", "4", "9"}), kEmpty);
  EXPECT_EQ(Run({"LRANGE", "l", "2", "1"}), kEmpty);
  EXPECT_EQ(Run({"LRANGE", "l", "0", "-9223372036854775808"}), kEmpty);
  EXPECT_EQ(Run({"LRANGE", "l", "x", "1"}), kNotInteger);
  EXPECT_EQ(Run({"LTRIM", "l", "1", "-2"}), "+OK\r\n");
  EXPECT_EQ(Elements("l"), Array({"b", "c"}));
  EXPECT_EQ(Run({"LTRIM", "l", "5", "9"}), "+OK\r\n");
  EXPECT_EQ(Run({"EXISTS", "l"}), Integer(0));
}

TEST_F(ListCommandsTest, ARangeOfEveryKindOfElementIsAnsweredByteForByte) {
  std::vector<std::string> values;
  for (const size_t size : std::initializer_list<size_t>{0, 1, 31, 32, 33, 62, 63, 64, 65, 1000,
                                                         1024, 1025, 4095, 4096, 20000}) {
    values.push_back(std::string(size, 'x'));
    values.push_back(std::to_string(int64_t{1} << (size % 63)));
    values.push_back("-" + std::to_string(size + 1));
  }
  Fill("l", values);
  EXPECT_EQ(Elements("l"), Array(values));
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(Run({"LINDEX", "l", std::to_string(i)}), Bulk(values[i]));
  }
  std::vector<std::string> reversed(values.rbegin(), values.rend());
  EXPECT_EQ(Run({"RPOP", "l", "1000"}), Array(reversed));
}

TEST_F(ListCommandsTest, ElementsInTheMiddleAreReplacedInsertedAndRemoved) {
  Fill("l", {"a", "b", "a", "c", "a"});
  EXPECT_EQ(Run({"LSET", "l", "-2", "C"}), "+OK\r\n");
  EXPECT_EQ(Run({"LSET", "l", "5", "x"}), "-ERR index out of range\r\n");
  EXPECT_EQ(Run({"LSET", "l", "-6", "x"}), "-ERR index out of range\r\n");
  EXPECT_EQ(Run({"LINSERT", "l", "AFTER", "b", "12"}), Integer(6));
  EXPECT_EQ(Run({"LINSERT", "l", "before", "a", "head"}), Integer(7));
  EXPECT_EQ(Run({"LINSERT", "l", "BEFORE", "none", "x"}), Integer(-1));
  EXPECT_EQ(Run({"LINSERT", "l", "beside", "a", "x"}), kSyntax);
  EXPECT_EQ(Elements("l"), Array({"head", "a", "b", "12", "a", "C", "a"}));
  EXPECT_EQ(Run({"LREM", "l", "-1", "a"}), Integer(1));
  EXPECT_EQ(Run({"LREM", "l", "1", "a"}), Integer(1));
  EXPECT_EQ(Run({"LREM", "l", "0", "none"}), Integer(0));
  EXPECT_EQ(Elements("l"), Array({"head", "b", "12", "a", "C"}));
  Fill("same", {"v", "v", "v"});
  EXPECT_EQ(Run({"LREM", "same", "-9223372036854775808", "v"}), Integer(3));
  EXPECT_EQ(Run({"EXISTS", "same"}), Integer(0));
}

TEST_F(ListCommandsTest, LPosFindsByRankCountAndLength) {
  Fill("l", {"a", "b", "c", "b", "1", "b"});
  EXPECT_EQ(Run({"LPOS", "l", "b"}), Integer(1));
  EXPECT_EQ(Run({"LPOS", "l", "b", "RANK", "-1"}), Integer(5));
  EXPECT_EQ(Run({"LPOS", "l", "b", "RANK", "4"}), kNull);
  EXPECT_EQ(Run({"LPOS", "l", "b", "COUNT", "0"}), "*3\r\n:1\r\n:3\r\n:5\r\n");
  EXPECT_EQ(Run({"LPOS", "l", "b", "COUNT", "2", "RANK", "-1"}), "*2\r\n:5\r\n:3\r\n");
  EXPECT_EQ(Run({"LPOS", "l", "b", "COUNT", "0", "MAXLEN", "2"}), "*1\r\n:1\r\n");
  EXPECT_EQ(Run({"LPOS", "l", "1"}), Integer(4));
  EXPECT_EQ(Run({"LPOS", "l", "b", "RANK", "0"}),
            "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
            "or use negative to start from the end of the list\r\n");
  EXPECT_EQ(Run({"LPOS", "l", "b", "COUNT", "-1"}), "-ERR COUNT can't be negative\r\n");
  EXPECT_EQ(Run({"LPOS", "l", "b", "MAXLEN", "x"}), "-ERR MAXLEN can't be negative\r\n");
  EXPECT_EQ(Run({"LPOS", "l", "b", "COUNT"}), kSyntax);
  EXPECT_EQ(Run({"LPOS", "l", "b", "RANK", "-9223372036854775808"}), Integer(5));
}

TEST_F(ListCommandsTest, LMPopTakesFromTheFirstListThereIs) {
  Fill("l", {"a", "b", "c"});
  EXPECT_EQ(Run({"LMPOP", "2", "none", "l", "RIGHT", "COUNT", "2"}),
            "*2\r\n" + Bulk("l") + Array({"c", "b"}));
  EXPECT_EQ(Run({"LMPOP", "1", "l", "LEFT", "COUNT", "9223372036854775807"}),
            "*2\r\n" + Bulk("l") + Array({"a"}));
  EXPECT_EQ(Run({"LMPOP", "0", "l", "LEFT"}), "-ERR numkeys should be greater than 0\r\n");
  EXPECT_EQ(Run({"LMPOP", "x", "l", "LEFT"}), "-ERR numkeys should be greater than 0\r\n");
  EXPECT_EQ(Run({"LMPOP", "9223372036854775807", "l", "LEFT"}), kSyntax);
  EXPECT_EQ(Run({"LMPOP", "1", "l", "UP"}), kSyntax);
  EXPECT_EQ(Run({"LMPOP", "1", "l", "LEFT", "COUNT", "0"}),
            "-ERR count should be greater than 0\r\n");
  EXPECT_EQ(Run({"LMPOP", "1", "l", "LEFT", "COUNT", "1", "COUNT", "1"}), kSyntax);
}

TEST_F(ListCommandsTest, LMoveMovesBetweenListsAndWithinOne) {
  Fill("l", {"a", "b", "3"});
  EXPECT_EQ(Run({"LMOVE", "l", "d", "RIGHT", "LEFT"}), Bulk("3"));
  EXPECT_EQ(Run({"RPOPLPUSH", "l", "d"}), Bulk("b"));
  EXPECT_EQ(Elements("d"), Array({"b", "3"}));
  EXPECT_EQ(Run({"LMOVE", "l", "d", "LEFT", "RIGHT"}), Bulk("a"));
  EXPECT_EQ(Run({"EXISTS", "l"}), Integer(0));
  EXPECT_EQ(Run({"RPOPLPUSH", "d", "d"}), Bulk("a"));
  EXPECT_EQ(Elements("d"), Array({"a", "b", "3"}));
  EXPECT_EQ(Run({"LMOVE", "d", "d", "LEFT", "LEFT"}), Bulk("a"));
  EXPECT_EQ(Elements("d"), Array({"a", "b", "3"}));
  EXPECT_EQ(Run({"LMOVE", "d", "d", "LEFT", "DOWN"}), kSyntax);
}

TEST_F(ListCommandsTest, LMoveMArrangesWhatItMoves) {
  const auto moved = [&](const std::string& from, const std::string& to, const std::string& order) {
    Run({"DEL", "l", "d"});
    Fill("l", {"1", "2", "3", "4"});
    Fill("d", {"x"});
    const std::string reply = Run({"LMOVEM", "l", "d", from, to, "COUNT", "2", order});
    return reply + Elements("d");
  };
  EXPECT_EQ(moved("LEFT", "LEFT", "OBO"), Array({"2", "1"}) + Array({"2", "1", "x"}));
  EXPECT_EQ(moved("LEFT", "LEFT", "BULK"), Array({"1", "2"}) + Array({"1", "2", "x"}));
  EXPECT_EQ(moved("LEFT", "RIGHT", "OBO"), Array({"1", "2"}) + Array({"x", "1", "2"}));
  EXPECT_EQ(moved("LEFT", "RIGHT", "BULK"), Array({"1", "2"}) + Array({"x", "1", "2"}));
  EXPECT_EQ(moved("RIGHT", "RIGHT", "OBO"), Array({"4", "3"}) + Array({"x", "4", "3"}));
  EXPECT_EQ(moved("RIGHT", "RIGHT", "BULK"), Array({"3", "4"}) + Array({"x", "3", "4"}));
  EXPECT_EQ(moved("RIGHT", "LEFT", "OBO"), Array({"3", "4"}) + Array({"3", "4", "x"}));
  EXPECT_EQ(moved("RIGHT", "LEFT", "BULK"), Array({"3", "4"}) + Array({"3", "4", "x"}));
}

TEST_F(ListCommandsTest, LMoveMWithinOneListReversesOneByOneAndKeepsInBulk) {
  Fill("l", {"a", "b", "c"});
  EXPECT_EQ(Run({"LMOVEM", "l", "l", "LEFT", "LEFT", "EXACTLY", "2", "OBO"}), Array({"b", "a"}));
  EXPECT_EQ(Elements("l"), Array({"b", "a", "c"}));
  EXPECT_EQ(Run({"LMOVEM", "l", "l", "LEFT", "LEFT", "EXACTLY", "2", "BULK"}), Array({"b", "a"}));
  EXPECT_EQ(Elements("l"), Array({"b", "a", "c"}));
  EXPECT_EQ(Run({"LMOVEM", "l", "l", "LEFT", "RIGHT", "COUNT", "9", "BULK"}),
            Array({"b", "a", "c"}));
  EXPECT_EQ(Elements("l"), Array({"b", "a", "c"}));
}

TEST_F(ListCommandsTest, LMoveMMovesExactlyOrNothing) {
  Fill("l", {"a", "b", "c"});
  EXPECT_EQ(Run({"LMOVEM", "l", "d", "LEFT", "RIGHT", "EXACTLY", "4", "BULK"}), kNullArray);
  EXPECT_EQ(Run({"EXISTS", "d"}), Integer(0));
  EXPECT_EQ(Run({"LMOVEM", "l", "d", "LEFT", "RIGHT"}), Array({"a"}));
  EXPECT_EQ(Run({"BLMOVEM", "l", "d", "LEFT", "RIGHT", "0.01", "EXACTLY", "3", "BULK"}),
            kNullArray);
  EXPECT_EQ(Run({"BLMOVEM", "l", "d", "LEFT", "RIGHT", "0", "EXACTLY", "2", "BULK"}),
            Array({"b", "c"}));
  EXPECT_EQ(Run({"EXISTS", "l"}), Integer(0));
  EXPECT_EQ(Run({"LMOVEM", "d", "d", "LEFT", "LEFT", "COUNT", "1"}), kSyntax);
  EXPECT_EQ(Run({"LMOVEM", "d", "d", "LEFT", "LEFT", "COUNT", "0", "OBO"}),
            "-ERR count should be greater than 0\r\n");
  EXPECT_EQ(Run({"LMOVEM", "d", "d", "LEFT", "LEFT", "COUNT", "1", "OBO", "x"}), kSyntax);
}

TEST_F(ListCommandsTest, WaitingCommandsAnswerAtOnceWhatIsThere) {
  Fill("l", {"a", "b", "c", "d", "e"});
  EXPECT_EQ(Run({"BLPOP", "none", "l", "0"}), Array({"l", "a"}));
  EXPECT_EQ(Run({"BRPOP", "l", "1.5"}), Array({"l", "e"}));
  EXPECT_EQ(Run({"BLMOVE", "l", "m", "LEFT", "RIGHT", "0"}), Bulk("b"));
  EXPECT_EQ(Run({"BRPOPLPUSH", "l", "m", "0"}), Bulk("d"));
  EXPECT_EQ(Run({"BLMPOP", "0", "2", "none", "m", "RIGHT", "COUNT", "5"}),
            "*2\r\n" + Bulk("m") + Array({"b", "d"}));
}

TEST_F(ListCommandsTest, TimeoutsAreCheckedAsRedisDoes) {
  EXPECT_EQ(Run({"BLPOP", "k", "x"}), "-ERR timeout is not a float or out of range\r\n");
  EXPECT_EQ(Run({"BLPOP", "k", "-1"}), "-ERR timeout is negative\r\n");
  EXPECT_EQ(Run({"BLPOP", "k", "1e400"}), "-ERR timeout is negative\r\n");
  EXPECT_EQ(Run({"BLPOP", "k", "9223372036854775"}), "-ERR timeout is out of range\r\n");
  EXPECT_EQ(Run({"BLMPOP", "x", "0", "k", "LEFT"}), "-ERR numkeys should be greater than 0\r\n");
  EXPECT_EQ(Run({"BLMOVE", "k", "k", "UP", "LEFT", "x"}), kSyntax);
  EXPECT_EQ(Run({"BLPOP", "k", "0.01"}), kNullArray);
  EXPECT_EQ(Run({"BLMOVE", "k", "k", "LEFT", "LEFT", "0.01"}), kNullArray);
}

TEST_F(ListCommandsTest, SmallListsArePackedAsRedis72HasThem) {
  Fill("l", {"a", "b"});
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "l"}), Bulk("listpack"));
  Run({"RPUSH", "l", std::string(9000, 'x')});
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "l"}), Bulk("quicklist"));
  Run({"RPOP", "l"});
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "l"}), Bulk("listpack"));
  services_.limits.encodings.list_node_size = 4;
  Run({"RPUSH", "l", "c", "d", "e"});
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "l"}), Bulk("quicklist"));
  EXPECT_EQ(Elements("l"), Array({"a", "b", "c", "d", "e"}));
  Run({"LTRIM", "l", "0", "1"});
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "l"}), Bulk("listpack"));
}

TEST_F(ListCommandsTest, LargeListsAnswerAsSmallOnesDo) {
  std::vector<std::string> values;
  for (int i = 0; i < 20'000; ++i) values.push_back("element:" + std::to_string(i * 37 % 20'000));
  Fill("l", values);
  EXPECT_EQ(Elements("l"), Array(values));
  const auto slice = [&](size_t from, size_t count) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(from);
    return Array(std::vector<std::string>(first, first + static_cast<std::ptrdiff_t>(count)));
  };
  EXPECT_EQ(Run({"LRANGE", "l", "9950", "11049"}), slice(9950, 1100));
  EXPECT_EQ(Run({"LINDEX", "l", "-7000"}), Bulk(values[13'000]));
  EXPECT_EQ(Run({"LPOS", "l", values[8000]}), Integer(8000));
  EXPECT_EQ(Run({"LPOS", "l", values[8000], "RANK", "-1"}), Integer(8000));
  EXPECT_EQ(Run({"LSET", "l", "10000", "other"}), "+OK\r\n");
  values[10'000] = "other";
  EXPECT_EQ(Run({"LINSERT", "l", "AFTER", values[12'000], "12"}), Integer(20'001));
  values.insert(values.begin() + 12'001, "12");
  EXPECT_EQ(Run({"LREM", "l", "-1", values[6000]}), Integer(1));
  values.erase(values.begin() + 6000);
  EXPECT_EQ(Elements("l"), Array(values));
  EXPECT_EQ(Run({"COPY", "l", "c"}), Integer(1));
  EXPECT_EQ(Run({"LTRIM", "l", "5000", "-5001"}), "+OK\r\n");
  EXPECT_EQ(Elements("l"), slice(5000, 10'000));
  EXPECT_EQ(Elements("c"), Array(values));
  EXPECT_EQ(Run({"LPOP", "c", "15000"}), slice(0, 15'000));
  EXPECT_EQ(Run({"LPOP", "c"}), Bulk(values[15'000]));
}

TEST_F(ListCommandsTest, TheDigestOfAListIsThatOfItsElementsHoweverTheyAreKept) {
  const auto digest = [&] {
    const Key key = engine_.MakeKey("l");
    StateDigest state;
    state.AddValue(*engine_.FindDatabase(0, key.hash)->Find(key).entry);
    return state.Hex();
  };
  Fill("l", {"a", "12", "b"});
  const std::string packed = digest();
  services_.limits.encodings.list_node_size = 1;
  Run({"DEL", "l"});
  Fill("l", {"a", "12", "b"});
  EXPECT_EQ(Run({"OBJECT", "ENCODING", "l"}), Bulk("quicklist"));
  EXPECT_EQ(digest(), packed);
  Run({"RPOPLPUSH", "l", "l"});
  EXPECT_NE(digest(), packed);
}

TEST_F(ListCommandsTest, TheLogHasWhatHappenedWithoutTheWait) {
  EffectRecorder recorder;
  Fill("l", {"a", "b", "c", "d", "e", "f", "g"});
  engine_.log().AddReader(&recorder);
  const auto logged = [&](const std::vector<std::string>& words) {
    recorder.Take();
    Run(words);
    const std::string resp = recorder.Take();
    const size_t at = resp.find("SELECT");  // the first one says which database
    return at == std::string::npos ? resp : resp.substr(resp.find('*', at));
  };
  EXPECT_EQ(logged({"LPUSH", "l", "z"}), Logged({"LPUSH", "l", "z"}));
  EXPECT_EQ(logged({"BLPOP", "none", "l", "0"}), Logged({"LPOP", "l"}));
  EXPECT_EQ(logged({"BRPOP", "l", "0"}), Logged({"RPOP", "l"}));
  EXPECT_EQ(logged({"LMPOP", "2", "none", "l", "LEFT", "COUNT", "2"}), Logged({"LPOP", "l", "2"}));
  EXPECT_EQ(logged({"BLMPOP", "0", "1", "l", "RIGHT"}), Logged({"RPOP", "l", "1"}));
  EXPECT_EQ(logged({"BLMOVE", "l", "m", "left", "RIGHT", "0"}),
            Logged({"LMOVE", "l", "m", "LEFT", "RIGHT"}));
  EXPECT_EQ(logged({"BRPOPLPUSH", "l", "m", "0"}), Logged({"RPOPLPUSH", "l", "m"}));
  EXPECT_EQ(logged({"BLMOVEM", "m", "l", "LEFT", "LEFT", "0", "COUNT", "9", "BULK"}),
            Logged({"LMOVEM", "m", "l", "LEFT", "LEFT", "COUNT", "9", "BULK"}));
  for (const std::vector<std::string>& idle : std::vector<std::vector<std::string>>{
           {"LREM", "l", "0", "none"}, {"LTRIM", "l", "0", "-1"}, {"BLPOP", "none", "1"},
           {"LINSERT", "l", "BEFORE", "none", "x"}, {"LPUSHX", "none", "x"}, {"LPOP", "l", "0"},
           {"LSET", "l", "99", "x"},
           {"LMOVEM", "l", "m", "LEFT", "LEFT", "EXACTLY", "99", "OBO"}}) {
    EXPECT_EQ(logged(idle), "") << idle[0];
  }
  engine_.log().RemoveReader(&recorder);
}

}  // namespace
}  // namespace ringtail::commands
