#include <cctype>
#include <cstdlib>

#include "storage/hyperloglog.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class HyperLogLogTest : public StringFixture {
 protected:
  using Words = std::vector<std::string>;
  const std::string kNone = "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n";
  const std::string kCorrupt = "-INVALIDOBJ Corrupted HLL object detected\r\n";

  void AddNumbers(const std::string& key, int first, int count) {
    Words words = {"PFADD", key};
    for (int i = 0; i < count; ++i) words.push_back(std::to_string(first + i));
    Run(words);
  }
  static std::string Header() { return storage::hyperloglog::MakeEmpty().substr(0, 16); }
};

TEST_F(HyperLogLogTest, KeysThatHoldSomethingElseAreRefused) {
  Run({"SADD", "s", "a"});
  Run({"SET", "v", "some string that is long enough"});
  Run({"SET", "i", "7"});
  const std::vector<Words> kSeveral = {{"PFADD", "?", "a"},           {"PFADD", "?"},
                                       {"PFCOUNT", "?"},              {"PFCOUNT", "none", "?"},
                                       {"PFMERGE", "?", "none"},      {"PFMERGE", "none", "?"},
                                       {"PFDEBUG", "ENCODING", "?"}};
  for (Words command : kSeveral) {
    const size_t at = command[1] == "?" ? 1 : 2;
    command[at] = "s";
    EXPECT_EQ(Run(command), kWrongTypeReply) << command[0];
    for (const char* key : {"v", "i"}) {
      command[at] = key;
      EXPECT_EQ(Run(command), kNone) << command[0];
    }
  }
}

TEST_F(HyperLogLogTest, WrongNumbersOfArgumentsAreRefused) {
  for (const CommandSpec& spec : HyperLogLogCommands()) {
    Words words(static_cast<size_t>(std::abs(spec.arity)) - 1, "1");
    if (words.empty()) words.resize(2, "1");
    words[0] = spec.name;
    std::string lower = words[0];
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(Run(words), "-ERR wrong number of arguments for '" + lower + "' command\r\n");
  }
}

TEST_F(HyperLogLogTest, PfAddTellsWhetherTheEstimateMayHaveChanged) {
  EXPECT_EQ(Run({"PFADD", "h"}), Integer(1));
  EXPECT_EQ(Run({"PFADD", "h"}), Integer(0));
  EXPECT_EQ(EffectsOf({"PFADD", "h", "a", "b"}), "PFADD h a b\n");
  EXPECT_EQ(EffectsOf({"PFADD", "h", "b", "a"}), "");
  EXPECT_EQ(Run({"PFCOUNT", "h"}), Integer(2));
  EXPECT_EQ(EncodingOf("h"), "raw");
}

TEST_F(HyperLogLogTest, PfCountKeepsItsCountInTheString) {
  Run({"PFADD", "h", "a", "b", "c"});
  EXPECT_EQ(EffectsOf({"PFCOUNT", "h"}), "PFCOUNT h\n");
  EXPECT_EQ(EffectsOf({"PFCOUNT", "h"}), "");
  EXPECT_EQ(Run({"GETRANGE", "h", "8", "15"}), Bulk(std::string("\3\0\0\0\0\0\0\0", 8)));
  Run({"PFADD", "h", "d"});
  EXPECT_EQ(Run({"GETRANGE", "h", "8", "15"}), Bulk(std::string("\3\0\0\0\0\0\0\x80", 8)));
}

TEST_F(HyperLogLogTest, PfCountOfSeveralKeysIsOfTheirUnion) {
  AddNumbers("a", 0, 100);
  AddNumbers("b", 50, 100);
  EXPECT_EQ(Run({"PFCOUNT", "none"}), Integer(0));
  EXPECT_EQ(Run({"PFCOUNT", "none", "none"}), Integer(0));
  Run({"PFMERGE", "both", "a", "b"});
  EXPECT_EQ(Run({"PFCOUNT", "a", "none", "b"}), Run({"PFCOUNT", "both"}));
}

TEST_F(HyperLogLogTest, ExpiryAndEncodingOutliveTheGrowthToDense) {
  AddNumbers("h", 0, 10);
  Run({"EXPIRE", "h", "1000"});
  for (int i = 0; i < 20; ++i) AddNumbers("h", i * 1000, 1000);
  EXPECT_EQ(Run({"STRLEN", "h"}), Integer(12304));
  EXPECT_EQ(Run({"TTL", "h"}), Integer(1000));
  EXPECT_EQ(EncodingOf("h"), "raw");
  EXPECT_EQ(Run({"PFDEBUG", "ENCODING", "h"}), "+dense\r\n");
  EXPECT_EQ(EffectsOf({"PFADD", "h", "1", "2"}), "");
  EXPECT_EQ(EffectsOf({"PFADD", "h", "new one", "new two", "new three"}),
            "PFADD h new one new two new three\n");
}

TEST_F(HyperLogLogTest, TheSparseLimitIsReadAfresh) {
  services_.limits.encodings.hll_sparse_bytes_max = 0;
  Run({"PFADD", "h", "a"});
  EXPECT_EQ(Run({"PFDEBUG", "ENCODING", "h"}), "+dense\r\n");
}

TEST_F(HyperLogLogTest, PfMergeIntoANewKeyMakesAnEmptyOne) {
  EXPECT_EQ(EffectsOf({"PFMERGE", "h"}), "PFMERGE h\n");
  EXPECT_EQ(Run({"PFDEBUG", "DECODE", "h"}), Bulk("Z:16384"));
  Run({"PFDEBUG", "TODENSE", "h"});
  EXPECT_EQ(Run({"PFMERGE", "other", "h"}), kOk);
  EXPECT_EQ(Run({"PFDEBUG", "ENCODING", "other"}), "+dense\r\n");
}

TEST_F(HyperLogLogTest, PfDebugShowsTheInside) {
  Run({"PFADD", "h", "a"});
  EXPECT_EQ(Run({"PFDEBUG", "ENCODING", "h"}), "+sparse\r\n");
  EXPECT_EQ(Run({"PFDEBUG", "TODENSE", "h"}), Integer(1));
  EXPECT_EQ(Run({"PFDEBUG", "TODENSE", "h"}), Integer(0));
  EXPECT_EQ(Run({"PFDEBUG", "DECODE", "h"}), "-ERR HLL encoding is not sparse\r\n");
  EXPECT_EQ(Run({"PFDEBUG", "GETREG", "h"}).substr(0, 8), "*16384\r\n");
  EXPECT_EQ(Run({"PFDEBUG", "GETREG", "none"}), "-ERR The specified key does not exist\r\n");
  EXPECT_EQ(Run({"PFDEBUG", "bogus", "h"}), "-ERR Unknown PFDEBUG subcommand 'bogus'\r\n");
  EXPECT_EQ(Run({"PFSELFTEST"}), kOk);
}

TEST_F(HyperLogLogTest, CorruptRunsAreAnError) {
  Run({"SET", "h", Header() + "\x7f\xfe" });
  Run({"PFADD", "h"});
  Run({"PFMERGE", "none", "none"});
  const std::string before = Run({"GET", "h"});
  for (const Words& command : {Words{"PFCOUNT", "h", "none"}, Words{"PFMERGE", "none", "h"},
                               Words{"PFDEBUG", "TODENSE", "h"}, Words{"PFDEBUG", "GETREG", "h"}}) {
    EXPECT_EQ(Run(command), kCorrupt) << command[0];
  }
  EXPECT_EQ(Run({"GET", "h"}), before);
  Run({"SET", "empty", Header()});
  EXPECT_EQ(Run({"PFADD", "empty", "a"}), kCorrupt);
  EXPECT_EQ(Run({"PFCOUNT", "empty"}), Integer(0));  // the count in its header says so
  Run({"SETRANGE", "empty", "15", "\x80"});
  EXPECT_EQ(Run({"PFCOUNT", "empty"}), kCorrupt);
}

// ---- SUNIONCARD, whose estimate is one of these

TEST_F(HyperLogLogTest, SUnionCardCountsExactlyOrRoughly) {
  for (int i = 0; i < 3000; ++i) {
    Run({"SADD", "a", std::to_string(i)});
    Run({"SADD", "b", "x" + std::to_string(i / 3)});
  }
  EXPECT_EQ(Run({"SUNIONCARD", "3", "a", "b", "none"}), Integer(4000));
  EXPECT_EQ(Run({"SUNIONCARD", "2", "a", "b", "LIMIT", "10"}), Integer(10));
  EXPECT_EQ(Run({"SUNIONCARD", "2", "a", "b", "LIMIT", "0"}), Integer(4000));
  const std::string roughly = Run({"SUNIONCARD", "2", "a", "b", "APPROX"});
  EXPECT_NEAR(std::stoi(roughly.substr(1)), 4000, 6 * 0.0081 * 4000);
  EXPECT_EQ(Run({"SUNIONCARD", "2", "a", "b", "LIMIT", "10", "APPROX"}), Integer(10));
  EXPECT_EQ(Run({"SUNIONCARD", "2", "a", "b", "APPROX", "LIMIT"}), kSyntax);
  EXPECT_EQ(Run({"SDIFFCARD", "2", "a", "b", "APPROX"}), kSyntax);
  EXPECT_EQ(Run({"SUNIONCARD", "0", "a"}), "-ERR numkeys should be greater than 0\r\n");
  Run({"SET", "k", "v"});
  EXPECT_EQ(Run({"SUNIONCARD", "1", "k"}), kWrongTypeReply);
}

}  // namespace
}  // namespace ringtail::commands
