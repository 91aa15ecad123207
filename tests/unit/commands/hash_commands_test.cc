#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "commands/state_digest.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class HashCommandsTest : public StringFixture {
 protected:
  void SetUp() override {
    services_.limits.encodings.hash_entries_max = 8;
    services_.limits.encodings.hash_value_bytes_max = 16;
  }
  std::string Encoding(std::string_view name) {
    return Run({"OBJECT", "ENCODING", std::string(name)});
  }
  std::string Digest(std::string_view name) {
    StateDigest digest;
    digest.Add(0, *Find(name));
    return digest.Hex();
  }
  // Makes a hash of `count` fields f0, f1, … with the values 0, 1, …
  void Fill(const std::string& name, int count) {
    std::vector<std::string> words = {"HSET", name};
    for (int i = 0; i < count; ++i) {
      words.push_back("f" + std::to_string(i));
      words.push_back(std::to_string(i));
    }
    Run(words);
  }
  // The words of a reply that is one array of bulks.
  static std::vector<std::string> Words(std::string_view reply) {
    std::vector<std::string> words;
    size_t at = reply.find("\r\n") + 2;
    while (at < reply.size()) {
      const size_t line = reply.find("\r\n", at);
      const size_t size = std::stoul(std::string(reply.substr(at + 1, line - at - 1)));
      words.emplace_back(reply.substr(line + 2, size));
      at = line + 2 + size + 2;
    }
    return words;
  }

  const std::string kListpack = "$8\r\nlistpack\r\n";
  const std::string kHashtable = "$9\r\nhashtable\r\n";
};

TEST_F(HashCommandsTest, HSetAnswersHowManyFieldsAreNew) {
  EXPECT_EQ(Run({"HSET", "h", "a", "1", "b", "2", "a", "3"}), ":2\r\n");
  EXPECT_EQ(Run({"HSET", "h", "a", "4", "c", "5"}), ":1\r\n");
  EXPECT_EQ(Run({"HGET", "h", "a"}), Bulk("4"));
  EXPECT_EQ(Run({"HMSET", "h", "a", "x"}), kOk);
  EXPECT_EQ(Run({"HGET", "h", "a"}), Bulk("x"));
}

TEST_F(HashCommandsTest, AFieldWithoutAValueIsAWrongNumberOfArguments) {
  EXPECT_EQ(Run({"HSET", "h", "a", "1", "b"}),
            "-ERR wrong number of arguments for 'hset' command\r\n");
  EXPECT_EQ(Run({"HMSET", "h", "a", "1", "b"}),
            "-ERR wrong number of arguments for 'hmset' command\r\n");
  EXPECT_EQ(Run({"EXISTS", "h"}), ":0\r\n");
}

TEST_F(HashCommandsTest, EveryCommandRefusesOtherTypes) {
  Run({"SET", "s", "x"});
  const std::vector<std::vector<std::string>> commands = {{"HSET", "s", "a", "1"},
                                                          {"HMSET", "s", "a", "1"},
                                                          {"HSETNX", "s", "a", "1"},
                                                          {"HGET", "s", "a"},
                                                          {"HMGET", "s", "a"},
                                                          {"HGETALL", "s"},
                                                          {"HKEYS", "s"},
                                                          {"HVALS", "s"},
                                                          {"HLEN", "s"},
                                                          {"HSTRLEN", "s", "a"},
                                                          {"HEXISTS", "s", "a"},
                                                          {"HDEL", "s", "a"},
                                                          {"HINCRBY", "s", "a", "1"},
                                                          {"HINCRBYFLOAT", "s", "a", "1"},
                                                          {"HRANDFIELD", "s"},
                                                          {"HRANDFIELD", "s", "2"},
                                                          {"HSCAN", "s", "0"}};
  for (const auto& command : commands) EXPECT_EQ(Run(command), kWrongTypeReply) << command[0];
}

TEST_F(HashCommandsTest, AHashBecomesATableBehindTheLimits) {
  Fill("h", 8);
  EXPECT_EQ(Encoding("h"), kListpack);
  Run({"HSET", "h", "one-more", "1"});
  EXPECT_EQ(Encoding("h"), kHashtable);
  Run({"HSET", "long", "f", std::string(17, 'x')});
  EXPECT_EQ(Encoding("long"), kHashtable);
  EXPECT_EQ(Run({"HGET", "long", "f"}), Bulk(std::string(17, 'x')));
}

TEST_F(HashCommandsTest, ManyPairsAtOnceFindTheirFieldsInEitherForm) {
  for (const int count : {3, 8, 9, 300}) {
    const std::string name = "h" + std::to_string(count);
    Fill(name, count);
    EXPECT_EQ(Run({"HLEN", name}), Integer(count));
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(Run({"HGET", name, "f" + std::to_string(i)}), Bulk(std::to_string(i)));
    }
  }
}

TEST_F(HashCommandsTest, HSetNxSetsOnlyWhatIsNotThere) {
  EXPECT_EQ(Run({"HSETNX", "h", "a", "1"}), ":1\r\n");
  EXPECT_EQ(EffectsOf({"HSETNX", "h", "a", "2"}), "");
  EXPECT_EQ(Run({"HSETNX", "h", "a", "2"}), ":0\r\n");
  EXPECT_EQ(Run({"HGET", "h", "a"}), Bulk("1"));
}

TEST_F(HashCommandsTest, HDelErasesTheKeyWithItsLastField) {
  for (const int count : {2, 100}) {
    Fill("h", count);
    EXPECT_EQ(Run({"HDEL", "h", "f0", "f0", "missing"}), ":1\r\n");
    EXPECT_EQ(EffectsOf({"HDEL", "h", "missing"}), "");
    std::vector<std::string> words = {"HDEL", "h"};
    for (int i = 1; i < count; ++i) words.push_back("f" + std::to_string(i));
    EXPECT_EQ(Run(words), Integer(count - 1));
    EXPECT_EQ(Run({"EXISTS", "h"}), ":0\r\n");
  }
  EXPECT_EQ(Run({"HDEL", "h", "a"}), ":0\r\n");
}

TEST_F(HashCommandsTest, ReadersOfAMissingKeyAnswerNothing) {
  EXPECT_EQ(Run({"HGET", "h", "a"}), kNull);
  EXPECT_EQ(Run({"HMGET", "h", "a", "b"}), "*2\r\n$-1\r\n$-1\r\n");
  EXPECT_EQ(Run({"HGETALL", "h"}), "*0\r\n");
  EXPECT_EQ(Run({"HKEYS", "h"}), "*0\r\n");
  EXPECT_EQ(Run({"HVALS", "h"}), "*0\r\n");
  EXPECT_EQ(Run({"HLEN", "h"}), ":0\r\n");
  EXPECT_EQ(Run({"HSTRLEN", "h", "a"}), ":0\r\n");
  EXPECT_EQ(Run({"HEXISTS", "h", "a"}), ":0\r\n");
  EXPECT_EQ(Run({"HRANDFIELD", "h"}), kNull);
  EXPECT_EQ(Run({"HRANDFIELD", "h", "3"}), "*0\r\n");
  EXPECT_EQ(Run({"HSCAN", "h", "0"}), "*2\r\n$1\r\n0\r\n*0\r\n");
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"HGETALL", "h"}), "%0\r\n");
}

TEST_F(HashCommandsTest, HGetAllIsAMapInResp3) {
  Run({"HSET", "h", "a", "1", "b", "two"});
  EXPECT_EQ(Run({"HGETALL", "h"}), "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\ntwo\r\n");
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"HGETALL", "h"}), "%2\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\ntwo\r\n");
  EXPECT_EQ(Run({"HKEYS", "h"}), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(Run({"HVALS", "h"}), "*2\r\n$1\r\n1\r\n$3\r\ntwo\r\n");
  EXPECT_EQ(Run({"HSTRLEN", "h", "b"}), ":3\r\n");
}

TEST_F(HashCommandsTest, HIncrByRefusesWhatIsNoIntegerAndWhatOverflows) {
  EXPECT_EQ(Run({"HINCRBY", "h", "n", "5"}), ":5\r\n");
  EXPECT_EQ(Run({"HINCRBY", "h", "n", "-7"}), ":-2\r\n");
  EXPECT_EQ(Run({"HINCRBY", "h", "n", "x"}), kNotInteger);
  Run({"HSET", "h", "text", "1.5", "max", "9223372036854775807"});
  EXPECT_EQ(Run({"HINCRBY", "h", "text", "1"}), "-ERR hash value is not an integer\r\n");
  EXPECT_EQ(Run({"HINCRBY", "h", "max", "1"}), "-ERR increment or decrement would overflow\r\n");
  EXPECT_EQ(EffectsOf({"HINCRBY", "h", "n", "3"}), "HINCRBY h n 3\n");
}

TEST_F(HashCommandsTest, HIncrByFloatLogsItsResult) {
  EXPECT_EQ(Run({"HINCRBYFLOAT", "h", "n", "10.5"}), Bulk("10.5"));
  EXPECT_EQ(EffectsOf({"HINCRBYFLOAT", "h", "n", "0.1"}), "HSET h n 10.6\n");
  EXPECT_EQ(Run({"HINCRBYFLOAT", "h", "n", "x"}), "-ERR value is not a valid float\r\n");
  EXPECT_EQ(Run({"HINCRBYFLOAT", "h", "n", "inf"}), "-ERR value is NaN or Infinity\r\n");
  Run({"HSET", "h", "text", "abc", "big", "1.1e4932"});
  EXPECT_EQ(Run({"HINCRBYFLOAT", "h", "text", "1"}), "-ERR hash value is not a float\r\n");
  EXPECT_EQ(Run({"HINCRBYFLOAT", "h", "big", "1.1e4932"}),
            "-ERR increment would produce NaN or Infinity\r\n");
}

TEST_F(HashCommandsTest, HScanOfAPackedHashAnswersAllOfIt) {
  Run({"HSET", "h", "a1", "1", "a2", "2", "b", "3"});
  EXPECT_EQ(Run({"HSCAN", "h", "0", "COUNT", "1", "MATCH", "a*"}),
            "*2\r\n$1\r\n0\r\n*4\r\n$2\r\na1\r\n$1\r\n1\r\n$2\r\na2\r\n$1\r\n2\r\n");
  EXPECT_EQ(Run({"HSCAN", "h", "0", "NOVALUES"}),
            "*2\r\n$1\r\n0\r\n*3\r\n$2\r\na1\r\n$2\r\na2\r\n$1\r\nb\r\n");
}

TEST_F(HashCommandsTest, HScanRefusesWrongCursorsAndOptions) {
  Run({"HSET", "h", "a", "1"});
  EXPECT_EQ(Run({"HSCAN", "h", "x"}), "-ERR invalid cursor\r\n");
  EXPECT_EQ(Run({"HSCAN", "h", "0", "COUNT", "0"}), kSyntax);
  EXPECT_EQ(Run({"HSCAN", "h", "0", "COUNT", "x"}), kNotInteger);
  EXPECT_EQ(Run({"HSCAN", "h", "0", "TYPE", "hash"}), kSyntax);
}

TEST_F(HashCommandsTest, HScanInStepsShowsEveryFieldOfALargeHash) {
  constexpr int kCount = 2000;
  Fill("h", kCount);
  std::map<std::string, std::string> seen;
  std::string cursor = "0";
  int step_count = 0;
  do {
    const std::string reply = Run({"HSCAN", "h", cursor, "COUNT", "50"});
    const size_t line = reply.find("\r\n", 4) + 2;
    cursor = reply.substr(line, reply.find("\r\n", line) - line);
    const auto words = Words(std::string_view(reply).substr(reply.find('*', line)));
    for (size_t i = 0; i + 1 < words.size(); i += 2) seen[words[i]] = words[i + 1];
    // A field that comes and goes meanwhile does not disturb the others.
    Run({"HSET", "h", "extra" + std::to_string(++step_count), "1"});
  } while (cursor != "0");
  EXPECT_GT(step_count, 20);
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(seen["f" + std::to_string(i)], std::to_string(i));
  }
}

TEST_F(HashCommandsTest, HRandFieldDrawsDifferentFieldsForAPositiveCount) {
  for (const int size : {6, 500}) {
    const std::string name = "h" + std::to_string(size);
    Fill(name, size);
    for (const int count : {1, 5, size / 2, size - 1, size, size + 10}) {
      const auto words = Words(Run({"HRANDFIELD", name, std::to_string(count)}));
      EXPECT_EQ(words.size(), static_cast<size_t>(std::min(count, size)));
      EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), words.size());
    }
  }
}

TEST_F(HashCommandsTest, HRandFieldRepeatsForANegativeCount) {
  for (const int size : {2, 300}) {
    Fill("h", size);
    const auto words = Words(Run({"HRANDFIELD", "h", "-5000", "WITHVALUES"}));
    ASSERT_EQ(words.size(), 10'000U);
    std::set<std::string> fields;
    for (size_t i = 0; i < words.size(); i += 2) {
      EXPECT_EQ(words[i], "f" + words[i + 1]);
      fields.insert(words[i]);
    }
    EXPECT_EQ(fields.size(), static_cast<size_t>(size));
  }
}

TEST_F(HashCommandsTest, HRandFieldAnswersPairsInResp3) {
  Run({"HSET", "h", "a", "1"});
  EXPECT_EQ(Run({"HRANDFIELD", "h", "-2", "WITHVALUES"}),
            "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n1\r\n");
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"HRANDFIELD", "h", "-2", "WITHVALUES"}),
            "*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n");
  EXPECT_EQ(Run({"HRANDFIELD", "h"}), Bulk("a"));
}

TEST_F(HashCommandsTest, HRandFieldRefusesCountsOutOfRange) {
  Run({"HSET", "h", "a", "1"});
  EXPECT_EQ(Run({"HRANDFIELD", "h", "-9223372036854775808"}),
            "-ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807\r\n");
  EXPECT_EQ(Run({"HRANDFIELD", "h", "-4611686018427387904", "WITHVALUES"}),
            "-ERR value is out of range\r\n");
  // Redis would run out of memory.
  EXPECT_EQ(Run({"HRANDFIELD", "h", "-9223372036854775807"}), "-ERR value is out of range\r\n");
  EXPECT_EQ(Run({"HRANDFIELD", "h", "9223372036854775807"}), "*1\r\n" + Bulk("a"));
  EXPECT_EQ(Run({"HRANDFIELD", "h", "1", "WITHSCORES"}), kSyntax);
  EXPECT_EQ(Run({"HRANDFIELD", "h", "1", "WITHVALUES", "x"}), kSyntax);
}

TEST_F(HashCommandsTest, WritesAreLoggedAsTheyCame) {
  EXPECT_EQ(EffectsOf({"HSET", "h", "a", "1", "b", "2"}), "HSET h a 1 b 2\n");
  EXPECT_EQ(EffectsOf({"HMSET", "h", "a", "1"}), "HMSET h a 1\n");
  EXPECT_EQ(EffectsOf({"HSETNX", "h", "c", "1"}), "HSETNX h c 1\n");
  EXPECT_EQ(EffectsOf({"HDEL", "h", "c", "missing"}), "HDEL h c missing\n");
}

TEST_F(HashCommandsTest, AHashKeepsItsExpiryAndSurvivesRenameAndCopy) {
  for (const int count : {3, 100}) {
    Run({"FLUSHALL"});
    Fill("h", count);
    Run({"PEXPIRE", "h", "5000"});
    Run({"HSET", "h", "more", "1"});
    EXPECT_EQ(Run({"PTTL", "h"}), ":5000\r\n");
    Run({"COPY", "h", "copy"});
    Run({"RENAME", "h", "renamed"});
    Run({"HSET", "renamed", "f0", "changed"});
    EXPECT_EQ(Run({"HGET", "copy", "f0"}), Bulk("0"));
    EXPECT_EQ(Run({"HLEN", "renamed"}), Integer(count + 1));
    EXPECT_EQ(engine_.Verify(), nullptr);
  }
}

TEST_F(HashCommandsTest, TheDigestOfAHashDependsOnNeitherOrderNorEncoding) {
  Run({"HSET", "h", "a", "1", "b", "2"});
  const std::string digest = Digest("h");
  Run({"FLUSHALL"});
  Run({"HSET", "h", "b", "2", "long", std::string(100, 'x'), "a", "1"});
  Run({"HDEL", "h", "long"});
  EXPECT_EQ(Encoding("h"), kHashtable);
  EXPECT_EQ(Digest("h"), digest);
  Run({"HSET", "h", "b", "3"});
  EXPECT_NE(Digest("h"), digest);
  Run({"HSET", "h", "b", "2"});
  Run({"HEXPIRE", "h", "10", "FIELDS", "1", "b"});
  EXPECT_NE(Digest("h"), digest);
}

}  // namespace
}  // namespace ringtail::commands
