#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "base/random.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class StringCommandsTest : public StringFixture {};

// Every command of the group that insists on strings, with arguments that are otherwise sound.
const std::vector<std::vector<std::string>> kOnStrings = {
    {"GET", "k"},
    {"STRLEN", "k"},
    {"APPEND", "k", "v"},
    {"GETRANGE", "k", "0", "1"},
    {"SUBSTR", "k", "0", "1"},
    {"SETRANGE", "k", "0", "v"},
    {"SETRANGE", "k", "0", ""},
    {"GETSET", "k", "v"},
    {"GETDEL", "k"},
    {"GETEX", "k"},
    {"GETEX", "k", "EX", "0"},
    {"INCR", "k"},
    {"DECR", "k"},
    {"INCRBY", "k", "1"},
    {"DECRBY", "k", "1"},
    {"INCRBYFLOAT", "k", "1"},
    {"INCREX", "k"},
    {"INCREX", "k", "BYFLOAT", "1"},
    {"DIGEST", "k"},
    {"DELIFEQ", "k", "v"},
    {"DELEX", "k", "IFEQ", "v"},
    {"SET", "k", "v", "GET"},
    {"SET", "k", "v", "NX", "GET"},
    {"SET", "k", "v", "IFEQ", "v"},
    {"SET", "k", "v", "IFDNE", "0123456789abcdef"},
};

TEST_F(StringCommandsTest, KeysOfOtherTypesAnswerWrongType) {
  PutList("k");
  for (const auto& command : kOnStrings) {
    EXPECT_EQ(Run(command), kWrongTypeReply) << command[0];
    EXPECT_EQ(EffectsOf(command), "") << command[0];
  }
}

TEST_F(StringCommandsTest, WholeValueWritesReplaceKeysOfOtherTypes) {
  const std::vector<std::vector<std::string>> kWrites = {
      {"SET", "k", "v"}, {"SETEX", "k", "10", "v"}, {"PSETEX", "k", "10", "v"}, {"MSET", "k", "v"},
      {"MSETEX", "1", "k", "v"}, {"SET", "k", "v", "XX"}};
  for (const auto& command : kWrites) {
    Run({"DELEX", "k"});
    PutList("k");
    EXPECT_EQ(Run(command)[0], command[0] == "MSETEX" ? ':' : '+');
    EXPECT_EQ(Run({"GET", "k"}), Bulk("v")) << command[0];
  }
}

TEST_F(StringCommandsTest, WrongNumbersOfArgumentsAreRefused) {
  const std::map<std::string, int> kArgumentCounts = {
      {"APPEND", 3},   {"DECR", 2},        {"DECRBY", 3}, {"DELEX", -2},  {"DELIFEQ", 3},
      {"DIGEST", 2},   {"GET", 2},         {"GETDEL", 2}, {"GETEX", -2},  {"GETRANGE", 4},
      {"GETSET", 3},   {"INCR", 2},        {"INCRBY", 3}, {"INCRBYFLOAT", 3}, {"INCREX", -2},
      {"LCS", -3},     {"MGET", -2},       {"MSET", -3},  {"MSETEX", -4}, {"MSETNX", -3},
      {"PSETEX", 4},   {"SET", -3},        {"SETEX", 4},  {"SETNX", 3},   {"SETRANGE", 4},
      {"STRLEN", 2},   {"SUBSTR", 4}};
  for (const CommandSpec& spec : StringCommands()) {
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
  EXPECT_EQ(Run({"MSET", "a", "1", "b"}), "-ERR wrong number of arguments for 'mset' command\r\n");
  EXPECT_EQ(Run({"MSETNX", "a", "1", "b"}),
            "-ERR wrong number of arguments for 'msetnx' command\r\n");
  EXPECT_EQ(Run({"DELEX", "a", "IFEQ"}), "-ERR wrong number of arguments for 'delex' command\r\n");
}

// ---- Reading

TEST_F(StringCommandsTest, GetAnswersEveryEncoding) {
  for (const std::string& value :
       {std::string(), std::string("v"), std::string("-12"), std::string(200, 'x'),
        std::string(16 * 1024, 'y'), std::string(100'000, 'z'), std::string("\r\n\0", 3)}) {
    EXPECT_EQ(Run({"SET", "k", value}), kOk);
    EXPECT_EQ(Run({"GET", "k"}), Bulk(value));
    EXPECT_EQ(Run({"STRLEN", "k"}), Integer(static_cast<int64_t>(value.size())));
  }
}

TEST_F(StringCommandsTest, AbsentKeysAnswerNullInTheProtocolSpoken) {
  EXPECT_EQ(Run({"GET", "k"}), "$-1\r\n");
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"GET", "k"}), "_\r\n");
  EXPECT_EQ(Run({"GETEX", "k"}), "_\r\n");
  EXPECT_EQ(Run({"GETDEL", "k"}), "_\r\n");
  EXPECT_EQ(Run({"SET", "k", "v", "XX"}), "_\r\n");
  EXPECT_EQ(Run({"MGET", "k"}), "*1\r\n_\r\n");
}

TEST_F(StringCommandsTest, MGetAnswersNullForAbsentKeysAndOtherTypes) {
  PutList("list");
  Run({"SET", "a", "1"});
  EXPECT_EQ(Run({"MGET", "a", "none", "list", "a"}), "*4\r\n" + Bulk("1") + kNull + kNull + Bulk("1"));
}

TEST_F(StringCommandsTest, GetRangeCutsAsRedisDoes) {
  Run({"SET", "k", "Hello"});
  EXPECT_EQ(Run({"GETRANGE", "k", "0", "-1"}), Bulk("Hello"));
  EXPECT_EQ(Run({"GETRANGE", "k", "-3", "-2"}), Bulk("ll"));
  EXPECT_EQ(Run({"GETRANGE", "k", "-100", "100"}), Bulk("Hello"));
  EXPECT_EQ(Run({"GETRANGE", "k", "3", "2"}), Bulk(""));
  EXPECT_EQ(Run({"GETRANGE", "k", "-2", "-3"}), Bulk(""));
  EXPECT_EQ(Run({"GETRANGE", "k", "-100", "-90"}), Bulk("H"));
  EXPECT_EQ(Run({"GETRANGE", "k", "5", "9"}), Bulk(""));
  EXPECT_EQ(Run({"GETRANGE", "k", "9223372036854775807", "-9223372036854775808"}), Bulk(""));
  EXPECT_EQ(Run({"GETRANGE", "none", "0", "1"}), Bulk(""));
  EXPECT_EQ(Run({"GETRANGE", "k", "x", "1"}), kNotInteger);
  EXPECT_EQ(Run({"SUBSTR", "k", "1", "2"}), Bulk("el"));
}

TEST_F(StringCommandsTest, GetRangeOfALargeValueAnswersByReference) {
  std::string value;
  for (int i = 0; value.size() < 100'000; ++i) value += std::to_string(i);
  Run({"SET", "k", value});
  EXPECT_EQ(Run({"GETRANGE", "k", "7", "70006"}), Bulk(value.substr(7, 70'000)));
  EXPECT_EQ(Run({"GETRANGE", "k", "99990", "-1"}), Bulk(value.substr(99'990)));
}

// ---- SET and its kin

TEST_F(StringCommandsTest, SetDropsTheExpiryUnlessToldToKeepIt) {
  Run({"SET", "k", "v", "EX", "100"});
  Run({"SET", "k", "w", "KEEPTTL"});
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 100'000);
  Run({"SET", "k", "w"});
  EXPECT_EQ(ExpiryOf("k"), kNoExpiry);
}

TEST_F(StringCommandsTest, SetTakesTheFourKindsOfExpiry) {
  Run({"SET", "k", "v", "EX", "7"});
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 7000);
  Run({"SET", "k", "v", "px", "7"});
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 7);
  Run({"SET", "k", "v", "EXAT", "1800000000"});
  EXPECT_EQ(ExpiryOf("k"), 1'800'000'000'000);
  Run({"SET", "k", "v", "PXAT", "1800000000123"});
  EXPECT_EQ(ExpiryOf("k"), 1'800'000'000'123);
}

TEST_F(StringCommandsTest, SetRefusesExpiriesThatAreNone) {
  const std::string kInvalid = "-ERR invalid expire time in 'set' command\r\n";
  EXPECT_EQ(Run({"SET", "k", "v", "EX", "0"}), kInvalid);
  EXPECT_EQ(Run({"SET", "k", "v", "PX", "-1"}), kInvalid);
  EXPECT_EQ(Run({"SET", "k", "v", "EX", "9223372036854775807"}), kInvalid);
  EXPECT_EQ(Run({"SET", "k", "v", "PX", "9223372036854775807"}), kInvalid);
  EXPECT_EQ(Run({"SET", "k", "v", "EX", "1x"}), kNotInteger);
  EXPECT_EQ(Run({"SETEX", "k", "0", "v"}), "-ERR invalid expire time in 'setex' command\r\n");
  EXPECT_EQ(Run({"PSETEX", "k", "-5", "v"}), "-ERR invalid expire time in 'psetex' command\r\n");
  EXPECT_EQ(Find("k"), nullptr);
}

TEST_F(StringCommandsTest, SetRefusesOptionsThatContradictEachOther) {
  const std::vector<std::vector<std::string>> kWrong = {
      {"NX", "XX"}, {"XX", "NX"}, {"EX", "1", "PX", "1"}, {"EX", "1", "KEEPTTL"}, {"KEEPTTL", "PXAT", "1"},
      {"PERSIST"}, {"EX"}, {"FOO"}, {"IFEQ"}, {"IFEQ", "a", "NX"}, {"NX", "IFEQ", "a"},
      {"IFEQ", "a", "IFNE", "a"}};
  for (const auto& options : kWrong) {
    std::vector<std::string> words = {"SET", "k", "v"};
    words.insert(words.end(), options.begin(), options.end());
    EXPECT_EQ(Run(words), kSyntax) << options[0];
  }
  EXPECT_EQ(Run({"SET", "k", "v", "EX", "1", "EX", "2", "GET", "GET"}), kNull);
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 2000);
}

TEST_F(StringCommandsTest, SetNxAndXxLookAtTheKey) {
  EXPECT_EQ(Run({"SET", "k", "a", "XX"}), kNull);
  EXPECT_EQ(Run({"SET", "k", "a", "NX"}), kOk);
  EXPECT_EQ(Run({"SET", "k", "b", "NX"}), kNull);
  EXPECT_EQ(Run({"SET", "k", "b", "NX", "GET"}), Bulk("a"));
  EXPECT_EQ(Run({"SET", "k", "b", "XX", "GET"}), Bulk("a"));
  EXPECT_EQ(Run({"GET", "k"}), Bulk("b"));
  EXPECT_EQ(Run({"SETNX", "k", "c"}), Integer(0));
  EXPECT_EQ(Run({"SETNX", "other", "c"}), Integer(1));
}

TEST_F(StringCommandsTest, SetIfEqualComparesTheValue) {
  EXPECT_EQ(Run({"SET", "k", "a", "IFEQ", "x"}), kNull);
  EXPECT_EQ(Find("k"), nullptr);
  EXPECT_EQ(Run({"SET", "k", "a", "IFNE", "x"}), kOk);
  EXPECT_EQ(Run({"SET", "k", "b", "IFNE", "a"}), kNull);
  EXPECT_EQ(Run({"SET", "k", "12", "IFEQ", "a"}), kOk);
  EXPECT_EQ(Run({"SET", "k", "c", "IFEQ", "12", "GET"}), Bulk("12"));
  EXPECT_EQ(Run({"SET", "k", "d", "IFEQ", "nope", "GET"}), Bulk("c"));
  EXPECT_EQ(Run({"GET", "k"}), Bulk("c"));
}

TEST_F(StringCommandsTest, DigestsAreXxh3InSixteenDigits) {
  Run({"SET", "k", "Hello world"});
  EXPECT_EQ(Run({"DIGEST", "k"}), Bulk("b6acb9d84a38ff74"));
  EXPECT_EQ(Run({"DIGEST", "none"}), kNull);
  Run({"SET", "zeros", "v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzk"
                       "jytls2kwlj7626sd"});
  EXPECT_EQ(Run({"DIGEST", "zeros"}), Bulk("00006c38adf31777"));
}

TEST_F(StringCommandsTest, SetIfDigestEqualTakesBothCases) {
  Run({"SET", "k", "Hello world"});
  EXPECT_EQ(Run({"SET", "k", "a", "IFDNE", "B6ACB9D84A38FF74"}), kNull);
  EXPECT_EQ(Run({"SET", "k", "a", "IFDEQ", "B6ACB9D84A38FF74"}), kOk);
  EXPECT_EQ(Run({"SET", "k", "b", "IFDEQ", "b6acb9d84a38ff74"}), kNull);
  EXPECT_EQ(Run({"SET", "k", "b", "IFDEQ", "6acb9d84a38ff74"}),
            "-ERR must be exactly 16 hexadecimal characters\r\n");
  EXPECT_EQ(Run({"SET", "none", "b", "IFDEQ", "b6acb9d84a38ff74"}), kNull);
  EXPECT_EQ(Run({"SET", "none", "b", "IFDNE", "b6acb9d84a38ff74"}), kOk);
}

TEST_F(StringCommandsTest, ConditionalDeletesCompareFirst) {
  Run({"MSET", "a", "1", "b", "2", "c", "3", "d", "Hello world"});
  EXPECT_EQ(Run({"DELIFEQ", "a", "2"}), Integer(0));
  EXPECT_EQ(Run({"DELIFEQ", "a", "1"}), Integer(1));
  EXPECT_EQ(Run({"DELIFEQ", "a", "1"}), Integer(0));
  EXPECT_EQ(Run({"DELEX", "b", "IFNE", "2"}), Integer(0));
  EXPECT_EQ(Run({"DELEX", "b", "IFEQ", "2"}), Integer(1));
  EXPECT_EQ(Run({"DELEX", "b", "IFNE", "2"}), Integer(0));
  EXPECT_EQ(Run({"DELEX", "d", "IFDNE", "b6acb9d84a38ff74"}), Integer(0));
  EXPECT_EQ(Run({"DELEX", "d", "IFDEQ", "b6acb9d84a38ff74"}), Integer(1));
  EXPECT_EQ(Run({"DELEX", "c", "NOPE", "3"}), kSyntax);
  EXPECT_EQ(Run({"DELEX", "c"}), Integer(1));
  EXPECT_EQ(Run({"DELEX", "c"}), Integer(0));
  PutList("list");
  EXPECT_EQ(Run({"DELEX", "list"}), Integer(1));
}

TEST_F(StringCommandsTest, GetSetAnswersTheOldValueAndDropsTheExpiry) {
  EXPECT_EQ(Run({"GETSET", "k", "a"}), kNull);
  Run({"SET", "k", "a", "EX", "10"});
  EXPECT_EQ(Run({"GETSET", "k", "b"}), Bulk("a"));
  EXPECT_EQ(ExpiryOf("k"), kNoExpiry);
}

TEST_F(StringCommandsTest, GetExChangesTheExpiryAlone) {
  Run({"SET", "k", "v"});
  EXPECT_EQ(Run({"GETEX", "k", "EX", "10"}), Bulk("v"));
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 10'000);
  EXPECT_EQ(Run({"GETEX", "k"}), Bulk("v"));
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 10'000);
  EXPECT_EQ(Run({"GETEX", "k", "PERSIST"}), Bulk("v"));
  EXPECT_EQ(ExpiryOf("k"), kNoExpiry);
  EXPECT_EQ(Run({"GETEX", "k", "KEEPTTL"}), kSyntax);
  EXPECT_EQ(Run({"GETEX", "none", "EX", "0"}), kNull);
  EXPECT_EQ(Run({"GETEX", "k", "EX", "0"}), "-ERR invalid expire time in 'getex' command\r\n");
  EXPECT_EQ(Run({"GETEX", "k", "PXAT", "1"}), Bulk("v"));
  EXPECT_EQ(Find("k"), nullptr);
}

TEST_F(StringCommandsTest, MSetNxSetsAllOrNothing) {
  EXPECT_EQ(Run({"MSETNX", "a", "1", "b", "2", "a", "3"}), Integer(1));
  EXPECT_EQ(Run({"MSETNX", "c", "1", "b", "9"}), Integer(0));
  EXPECT_EQ(Run({"MGET", "a", "b", "c"}), "*3\r\n" + Bulk("3") + Bulk("2") + kNull);
}

TEST_F(StringCommandsTest, MSetExSetsOneExpiryForAllOrNothing) {
  EXPECT_EQ(Run({"MSETEX", "2", "a", "1", "b", "2", "EX", "10", "NX"}), Integer(1));
  EXPECT_EQ(ExpiryOf("b"), clock_.WallMs() + 10'000);
  EXPECT_EQ(Run({"MSETEX", "2", "a", "3", "c", "4", "XX"}), Integer(0));
  EXPECT_EQ(Run({"MSETEX", "2", "a", "3", "c", "4", "NX"}), Integer(0));
  EXPECT_EQ(Run({"MSETEX", "2", "a", "3", "c", "4", "KEEPTTL"}), Integer(1));
  EXPECT_EQ(ExpiryOf("a"), clock_.WallMs() + 10'000);
  EXPECT_EQ(ExpiryOf("c"), kNoExpiry);
  EXPECT_EQ(Run({"MSETEX", "0", "a", "3"}), "-ERR invalid numkeys value\r\n");
  EXPECT_EQ(Run({"MSETEX", "a", "a", "3"}), "-ERR invalid numkeys value\r\n");
  EXPECT_EQ(Run({"MSETEX", "2", "a", "3"}), "-ERR wrong number of key-value pairs\r\n");
  EXPECT_EQ(Run({"MSETEX", "9223372036854775807", "a", "3"}),
            "-ERR wrong number of key-value pairs\r\n");
  EXPECT_EQ(Run({"MSETEX", "1", "a", "3", "FOO"}), kSyntax);
  EXPECT_EQ(Run({"MSETEX", "1", "a", "3", "EX", "0"}),
            "-ERR invalid expire time in 'msetex' command\r\n");
}

TEST_F(StringCommandsTest, LargeArgumentsAreAdoptedWithoutACopy) {
  SharedBytes block = SharedBytes::Create(70'000);
  std::fill_n(block.data(), block.size(), 'b');
  const char* const bytes = block.data();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"SET", "k", ""}, {"GETSET", "k", ""}, {"SET", "k", "", "EX", "9"},
        {"SETNX", "n", ""}, {"MSET", "k", ""}, {"SETEX", "k", "9", ""}}) {
    args_.Clear();
    for (const std::string& word : words) args_.Push(word.empty() ? block.view() : word);
    const auto index = static_cast<uint32_t>(
        std::find(words.begin(), words.end(), "") - words.begin());
    args_.AddBlock(index, block);
    proto::OutputBuffer output(pool_);
    RunArgs(output);
    EXPECT_EQ(storage::StringView(*Find(words[1])).bytes().data(), bytes) << words[0];
  }
}

// ---- Growing

TEST_F(StringCommandsTest, AppendGrowsEveryEncoding) {
  EXPECT_EQ(Run({"APPEND", "k", "12"}), Integer(2));
  EXPECT_EQ(EncodingOf("k"), "int");
  EXPECT_EQ(Run({"APPEND", "k", "3"}), Integer(3));
  EXPECT_EQ(EncodingOf("k"), "raw");
  EXPECT_EQ(Run({"APPEND", "k", std::string(20'000, 'x')}), Integer(20'003));
  EXPECT_EQ(Run({"APPEND", "k", std::string(20'000, 'y')}), Integer(40'003));
  EXPECT_EQ(Run({"GET", "k"}),
            Bulk("123" + std::string(20'000, 'x') + std::string(20'000, 'y')));
}

TEST_F(StringCommandsTest, AppendKeepsTheExpiryAndTheStamp) {
  Run({"SET", "k", "v", "EX", "10"});
  const uint64_t stamp = Find("k")->stamp();
  for (int i = 0; i < 300; ++i) Run({"APPEND", "k", std::string(97, 'x')});
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 10'000);
  EXPECT_EQ(Find("k")->stamp(), stamp);
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(StringCommandsTest, AppendNeverChangesAReplyThatIsStillToBeSent) {
  Run({"SET", "k", std::string(20'000, 'a')});
  proto::OutputBuffer output(pool_);
  RunInto(output, {"GET", "k"});
  RunInto(output, {"APPEND", "k", "tail"});
  RunInto(output, {"SETRANGE", "k", "0", "HEAD"});
  RunInto(output, {"SETBIT", "k", "0", "1"});
  EXPECT_EQ(output.TakeString(), Bulk(std::string(20'000, 'a')) + ":20004\r\n:20004\r\n:0\r\n");
  EXPECT_EQ(Run({"GETRANGE", "k", "1", "6"}), Bulk("EADaaa"));
}

TEST_F(StringCommandsTest, AppendByBytesMatchesAModel) {
  const uint64_t seed = 20'240'607;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 20; ++round) {
    std::string model = std::to_string(random.Below(1000));
    Run({"SET", "k", model});
    while (model.size() < 40'000) {
      const std::string tail(random.Below(random.Below(10) == 0 ? 9000 : 200), 'a');
      if (random.Below(3) == 0) {
        const size_t at = random.Below(model.size() + 300);
        if (!tail.empty()) {
          model.resize(std::max(model.size(), at + tail.size()));
          model.replace(at, tail.size(), tail);
        }
        Run({"SETRANGE", "k", std::to_string(at), tail});
      } else {
        model += tail;
        Run({"APPEND", "k", tail});
      }
      ASSERT_EQ(storage::StringView(*Find("k")).bytes(), model);
    }
  }
  EXPECT_EQ(engine_.Verify(), nullptr);
}

TEST_F(StringCommandsTest, SetRangePadsWithZeros) {
  EXPECT_EQ(Run({"SETRANGE", "k", "3", ""}), Integer(0));
  EXPECT_EQ(Find("k"), nullptr);
  EXPECT_EQ(Run({"SETRANGE", "k", "3", "x"}), Integer(4));
  EXPECT_EQ(Run({"GET", "k"}), Bulk(std::string("\0\0\0x", 4)));
  EXPECT_EQ(Run({"SETRANGE", "k", "1", "yz"}), Integer(4));
  EXPECT_EQ(Run({"SETRANGE", "k", "-1", "x"}), "-ERR offset is out of range\r\n");
  EXPECT_EQ(Run({"SETRANGE", "k", "x", "x"}), kNotInteger);
}

TEST_F(StringCommandsTest, ResultsAboveTheLimitAreRefusedBeforeAnyWork) {
  const std::string kTooLong =
      "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  services_.limits.bulk_bytes_max = 1000;
  EXPECT_EQ(Run({"SETRANGE", "k", "1000", "x"}), kTooLong);
  EXPECT_EQ(Run({"SETRANGE", "k", "9223372036854775807", "x"}), kTooLong);
  EXPECT_EQ(Find("k"), nullptr);
  EXPECT_EQ(Run({"SETRANGE", "k", "999", "x"}), Integer(1000));
  EXPECT_EQ(Run({"APPEND", "k", "x"}), kTooLong);
  EXPECT_EQ(Run({"APPEND", "k", ""}), Integer(1000));
}

// ---- Numbers

TEST_F(StringCommandsTest, IncrementsStayWithin64Bits) {
  EXPECT_EQ(Run({"INCR", "k"}), Integer(1));
  EXPECT_EQ(Run({"INCRBY", "k", "9223372036854775806"}), Integer(INT64_MAX));
  EXPECT_EQ(Run({"INCR", "k"}), "-ERR increment or decrement would overflow\r\n");
  EXPECT_EQ(Run({"DECRBY", "k", "-9223372036854775808"}), "-ERR decrement would overflow\r\n");
  EXPECT_EQ(Run({"DECRBY", "other", "9223372036854775807"}), Integer(-INT64_MAX));
  EXPECT_EQ(Run({"DECR", "other"}), Integer(INT64_MIN));
  EXPECT_EQ(Run({"DECR", "other"}), "-ERR increment or decrement would overflow\r\n");
  EXPECT_EQ(Run({"INCRBY", "k", "1.5"}), kNotInteger);
}

TEST_F(StringCommandsTest, OnlyCanonicalIntegersAreIncremented) {
  for (const char* value : {"", " 1", "1 ", "+1", "01", "-0", "1.0", "9223372036854775808", "abc"}) {
    Run({"SET", "k", value});
    EXPECT_EQ(Run({"INCR", "k"}), kNotInteger) << value;
  }
}

TEST_F(StringCommandsTest, IncrementsKeepTheExpiry) {
  for (const char* value : {"10", "1.5"}) {
    Run({"SET", "k", value, "EX", "10"});
    Run({"INCRBYFLOAT", "k", "1"});
    Run({"INCRBYFLOAT", "k", "0.5"});
    EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 10'000);
  }
  Run({"SET", "k", "1", "EX", "10"});
  Run({"APPEND", "k", "1"});
  EXPECT_EQ(Run({"INCR", "k"}), Integer(12));
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 10'000);
}

TEST_F(StringCommandsTest, IncrByFloatAnswersAsRedisPrints) {
  EXPECT_EQ(Run({"INCRBYFLOAT", "k", "1.23"}), Bulk("1.23"));
  EXPECT_EQ(Run({"INCRBYFLOAT", "k", "-1.23"}), Bulk("0"));
  EXPECT_EQ(Run({"INCRBYFLOAT", "k", "3.0e3"}), Bulk("3000"));
  EXPECT_EQ(Run({"INCRBYFLOAT", "k", "inf"}),
            "-ERR increment would produce NaN or Infinity\r\n");
  EXPECT_EQ(Run({"INCRBYFLOAT", "k", "x"}), "-ERR value is not a valid float\r\n");
  Run({"SET", "text", "x"});
  EXPECT_EQ(Run({"INCRBYFLOAT", "text", "1"}), "-ERR value is not a valid float\r\n");
  EXPECT_EQ(Run({"INCR", "k"}), Integer(3001));
}

TEST_F(StringCommandsTest, IncrExAnswersTheValueAndWhatWasAdded) {
  EXPECT_EQ(Run({"INCREX", "k"}), "*2\r\n:1\r\n:1\r\n");
  EXPECT_EQ(Run({"INCREX", "k", "BYINT", "-11"}), "*2\r\n:-10\r\n:-11\r\n");
  EXPECT_EQ(Run({"INCREX", "k", "BYFLOAT", "0.25"}), "*2\r\n$5\r\n-9.75\r\n$4\r\n0.25\r\n");
  EXPECT_EQ(Run({"INCREX", "k"}), kNotInteger);
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"INCREX", "k", "BYFLOAT", "0.25"}), "*2\r\n,-9.5\r\n,0.25\r\n");
}

TEST_F(StringCommandsTest, IncrExLeavesAValueAloneThatWouldLeaveItsBounds) {
  Run({"SET", "k", "99", "EX", "100"});
  EXPECT_EQ(EffectsOf({"INCREX", "k", "BYINT", "5", "UBOUND", "100", "EX", "7"}), "");
  EXPECT_EQ(Run({"INCREX", "k", "BYINT", "5", "UBOUND", "100", "EX", "7"}), "*2\r\n:99\r\n:0\r\n");
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 100'000);
  EXPECT_EQ(Run({"INCREX", "k", "BYINT", "5", "UBOUND", "100", "SATURATE"}),
            "*2\r\n:100\r\n:1\r\n");
  EXPECT_EQ(Run({"INCREX", "k", "BYINT", "-500", "LBOUND", "0", "SATURATE"}),
            "*2\r\n:0\r\n:-100\r\n");
  EXPECT_EQ(Run({"INCREX", "none", "UBOUND", "0"}), "*2\r\n:0\r\n:0\r\n");
  EXPECT_EQ(Find("none"), nullptr);
  Run({"SET", "k", "9223372036854775807"});
  EXPECT_EQ(Run({"INCREX", "k"}), "*2\r\n:9223372036854775807\r\n:0\r\n");
  EXPECT_EQ(Run({"INCREX", "k", "UBOUND", "-2", "SATURATE"}),
            "-ERR increment or decrement would overflow\r\n");
  EXPECT_EQ(Run({"INCREX", "k", "LBOUND", "2", "UBOUND", "1"}),
            "-ERR LBOUND must not be greater than UBOUND\r\n");
}

TEST_F(StringCommandsTest, IncrExSetsTheExpiryOfANewWindowOnlyOnce) {
  Run({"INCREX", "k", "EX", "60", "ENX"});
  clock_.AdvanceMs(1000);
  Run({"INCREX", "k", "EX", "60", "ENX"});
  EXPECT_EQ(ExpiryOf("k"), clock_.WallMs() + 59'000);
  EXPECT_EQ(EffectsOf({"INCREX", "k", "EX", "60", "ENX"}), "SET k 3 PXAT " + Now(59'000) + "\n");
  EXPECT_EQ(EffectsOf({"INCREX", "k", "PERSIST"}), "SET k 4\n");
  EXPECT_EQ(EffectsOf({"INCREX", "k", "PXAT", "1"}), "DEL k\n");
  EXPECT_EQ(Run({"INCREX", "k", "ENX"}), kSyntax);
  EXPECT_EQ(Run({"INCREX", "k", "ENX", "PERSIST"}), kSyntax);
  EXPECT_EQ(Run({"INCREX", "k", "BYINT", "1", "BYFLOAT", "1"}), kSyntax);
}

// ---- Encodings

TEST_F(StringCommandsTest, EncodingsAreNamedAsInRedis) {
  Run({"MSET", "int", "12", "short", "12x", "long", std::string(45, 'x')});
  EXPECT_EQ(EncodingOf("int"), "int");
  EXPECT_EQ(EncodingOf("short"), "embstr");
  EXPECT_EQ(EncodingOf("long"), "raw");
  Run({"SETRANGE", "short", "0", "a"});
  EXPECT_EQ(EncodingOf("short"), "raw");
  Run({"GETEX", "short", "EX", "100"});
  EXPECT_EQ(EncodingOf("short"), "raw");
  Run({"SET", "short", "abc"});
  EXPECT_EQ(EncodingOf("short"), "embstr");
  Run({"SETRANGE", "new", "0", "5"});
  EXPECT_EQ(EncodingOf("new"), "raw");
  Run({"INCR", "new"});
  EXPECT_EQ(EncodingOf("new"), "int");
  Run({"INCRBYFLOAT", "new", "1"});
  EXPECT_EQ(EncodingOf("new"), "embstr");
  Run({"APPEND", "new", ""});
  EXPECT_EQ(EncodingOf("new"), "raw");
  Run({"INCRBYFLOAT", "new", "0.5"});
  EXPECT_EQ(EncodingOf("new"), "embstr");
}

// ---- Effects

TEST_F(StringCommandsTest, ExpiriesAreLoggedAsPointsInTime) {
  EXPECT_EQ(EffectsOf({"SET", "k", "v"}), "SET k v\n");
  EXPECT_EQ(EffectsOf({"SET", "k", "v", "EX", "10"}), "SET k v PXAT " + Now(10'000) + "\n");
  EXPECT_EQ(EffectsOf({"SET", "k", "v", "EXAT", "1800000000"}), "SET k v PXAT 1800000000000\n");
  EXPECT_EQ(EffectsOf({"SET", "k", "v", "KEEPTTL", "GET"}), "SET k v KEEPTTL\n");
  EXPECT_EQ(EffectsOf({"SETEX", "k", "10", "v"}), "SET k v PXAT " + Now(10'000) + "\n");
  EXPECT_EQ(EffectsOf({"PSETEX", "k", "10", "v"}), "SET k v PXAT " + Now(10) + "\n");
  EXPECT_EQ(EffectsOf({"GETEX", "k", "EX", "10"}), "PEXPIREAT k " + Now(10'000) + "\n");
  EXPECT_EQ(EffectsOf({"GETEX", "k"}), "");
  EXPECT_EQ(EffectsOf({"GETEX", "k", "PERSIST"}), "PERSIST k\n");
  EXPECT_EQ(EffectsOf({"GETEX", "k", "PERSIST"}), "");
  EXPECT_EQ(EffectsOf({"MSETEX", "2", "a", "1", "b", "2", "PX", "5"}),
            "MULTI\nSET a 1 PXAT " + Now(5) + "\nSET b 2 PXAT " + Now(5) + "\nEXEC\n");
}

TEST_F(StringCommandsTest, ExpiriesInThePastDeleteTheKey) {
  EXPECT_EQ(EffectsOf({"SET", "k", "v", "PXAT", "1"}), "");
  Run({"SET", "k", "v"});
  EXPECT_EQ(EffectsOf({"SET", "k", "w", "PXAT", "1"}), "DEL k\n");
  EXPECT_EQ(Find("k"), nullptr);
  Run({"SET", "k", "v"});
  EXPECT_EQ(EffectsOf({"GETEX", "k", "EXAT", "1"}), "DEL k\n");
  EXPECT_EQ(Find("k"), nullptr);
}

TEST_F(StringCommandsTest, ConditionsAreLoggedAsDecided) {
  EXPECT_EQ(EffectsOf({"SET", "k", "v", "XX"}), "");
  EXPECT_EQ(EffectsOf({"SET", "k", "v", "NX"}), "SET k v\n");
  EXPECT_EQ(EffectsOf({"SET", "k", "w", "IFEQ", "x"}), "");
  EXPECT_EQ(EffectsOf({"SET", "k", "w", "IFEQ", "v", "PX", "5"}), "SET k w PXAT " + Now(5) + "\n");
  EXPECT_EQ(EffectsOf({"SETNX", "k", "v"}), "");
  EXPECT_EQ(EffectsOf({"MSETNX", "k", "v"}), "");
  EXPECT_EQ(EffectsOf({"MSETEX", "1", "k", "v", "NX"}), "");
  EXPECT_EQ(EffectsOf({"DELIFEQ", "k", "x"}), "");
  EXPECT_EQ(EffectsOf({"DELIFEQ", "k", "w"}), "DEL k\n");
  EXPECT_EQ(EffectsOf({"DELEX", "k"}), "");
}

TEST_F(StringCommandsTest, OtherEffectsAreDeterministic) {
  EXPECT_EQ(EffectsOf({"GETSET", "k", "v"}), "SET k v\n");
  EXPECT_EQ(EffectsOf({"GETDEL", "k"}), "DEL k\n");
  EXPECT_EQ(EffectsOf({"GETDEL", "k"}), "");
  EXPECT_EQ(EffectsOf({"INCRBYFLOAT", "k", "1.5"}), "SET k 1.5 KEEPTTL\n");
  EXPECT_EQ(EffectsOf({"APPEND", "k", "x"}), "APPEND k x\n");
  EXPECT_EQ(EffectsOf({"SETRANGE", "k", "0", ""}), "");
  EXPECT_EQ(EffectsOf({"INCR", "n"}), "INCR n\n");
  EXPECT_EQ(EffectsOf({"MSET", "n", "1", "m", "2"}), "MSET n 1 m 2\n");
}

// ---- Keys

TEST_F(StringCommandsTest, SetsKeyHasTheFlagsOfWhatItDoes) {
  const auto flags = [](std::vector<std::string_view> words) {
    KeyPositions positions;
    FindKeys(*CommandTable::Standard().Find(words[0])->spec, words, positions);
    return positions.view()[0].flags;
  };
  EXPECT_EQ(flags({"SET", "k", "v"}), kKeyOw | kKeyUpdate);
  EXPECT_EQ(flags({"SET", "k", "v", "GET"}), kKeyRw | kKeyAccess | kKeyUpdate);
  EXPECT_EQ(flags({"SET", "k", "v", "EX", "get"}), kKeyRw | kKeyAccess | kKeyUpdate);
  EXPECT_EQ(flags({"BITFIELD", "k", "GET", "u8", "0"}), kKeyRo | kKeyAccess);
  EXPECT_EQ(flags({"BITFIELD", "k", "SET", "u8", "0", "1"}), kKeyRw | kKeyAccess | kKeyUpdate);
  EXPECT_EQ(CommandTable::Standard().Find("SET")->single_key, 1);
}

}  // namespace
}  // namespace ringtail::commands
