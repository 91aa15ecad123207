#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include "storage/set_value.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class SetCommandsTest : public StringFixture {
 protected:
  /// The bulks of an array or a set, sorted.
  static std::vector<std::string> Members(std::string_view reply) {
    std::vector<std::string> members;
    reply.remove_prefix(reply.find("\r\n") + 2);
    while (!reply.empty()) {
      const size_t end = reply.find("\r\n");
      const size_t size = std::stoul(std::string(reply.substr(1, end - 1)));
      members.emplace_back(reply.substr(end + 2, size));
      reply.remove_prefix(end + size + 4);
    }
    std::sort(members.begin(), members.end());
    return members;
  }
  using Words = std::vector<std::string>;
  Words MembersOf(const std::string& key) { return Members(Run({"SMEMBERS", key})); }
  std::string Encoding(const std::string& key) { return Run({"OBJECT", "ENCODING", key}); }
  Words Numbered(Words words, int count, const std::string& prefix = "") {
    for (int i = 0; i < count; ++i) words.push_back(prefix + std::to_string(i));
    return words;
  }
};

TEST_F(SetCommandsTest, KeysOfOtherTypesAnswerWrongType) {
  Run({"SET", "k", "v"});
  Run({"SADD", "s", "a"});
  const std::vector<Words> kSeveral = {
      {"SADD", "k", "a"}, {"SREM", "k", "a"}, {"SCARD", "k"}, {"SISMEMBER", "k", "a"},
      {"SMISMEMBER", "k", "a"}, {"SMEMBERS", "k"}, {"SPOP", "k"}, {"SPOP", "k", "0"},
      {"SRANDMEMBER", "k"}, {"SRANDMEMBER", "k", "0"}, {"SMOVE", "k", "s", "a"},
      {"SMOVE", "s", "k", "a"}, {"SMOVE", "k", "k", "a"}, {"SSCAN", "k", "0"},
      {"SINTER", "none", "k"}, {"SINTERSTORE", "d", "s", "k"}, {"SINTERCARD", "2", "none", "k"},
      {"SUNION", "none", "k"}, {"SUNIONSTORE", "d", "s", "k"}, {"SDIFF", "none", "k"},
      {"SDIFFSTORE", "d", "s", "k"}, {"SDIFFCARD", "2", "none", "k"}};
  for (const auto& command : kSeveral) EXPECT_EQ(Run(command), kWrongTypeReply) << command[0];
}

TEST_F(SetCommandsTest, WrongNumbersOfArgumentsAreRefused) {
  for (const CommandSpec& spec : SetCommands()) {
    Words words(static_cast<size_t>(std::abs(spec.arity)) - 1, "1");
    words[0] = spec.name;
    std::string lower = words[0];
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(Run(words), "-ERR wrong number of arguments for '" + lower + "' command\r\n");
  }
}

// ---- Members

TEST_F(SetCommandsTest, SAddCountsOnlyNewMembers) {
  EXPECT_EQ(Run({"SADD", "s", "1", "2", "1"}), Integer(2));
  EXPECT_EQ(Run({"SADD", "s", "2", "a", "a"}), Integer(1));
  EXPECT_EQ(MembersOf("s"), (Words{"1", "2", "a"}));
  EXPECT_EQ(EffectsOf({"SADD", "s", "a", "b"}), "SADD s a b\n");
  EXPECT_EQ(EffectsOf({"SADD", "s", "a", "b"}), "");
}

TEST_F(SetCommandsTest, EncodingsFollowRedis72) {
  Run({"SADD", "i", "1", "-9223372036854775808"});
  EXPECT_EQ(Encoding("i"), Bulk("intset"));
  Run({"SADD", "i", "01"});
  EXPECT_EQ(Encoding("i"), Bulk("listpack"));
  Run({"SADD", "i", std::string(65, 'x')});
  EXPECT_EQ(Encoding("i"), Bulk("hashtable"));
  Run(Numbered({"SADD", "many"}, 513));
  EXPECT_EQ(Encoding("many"), Bulk("hashtable"));
  Run(Numbered({"SADD", "words"}, 128, "w"));
  EXPECT_EQ(Encoding("words"), Bulk("listpack"));
  Run({"SADD", "words", "1"});
  EXPECT_EQ(Encoding("words"), Bulk("hashtable"));
}

TEST_F(SetCommandsTest, LimitsAreReadAfreshByEachCommand) {
  services_.limits.encodings.intset_entries_max = 2;
  services_.limits.encodings.set_entries_max = 2;
  Run({"SADD", "i", "1", "2"});
  EXPECT_EQ(Encoding("i"), Bulk("intset"));
  Run({"SADD", "i", "3"});
  EXPECT_EQ(Encoding("i"), Bulk("hashtable"));
  services_.limits.encodings.intset_entries_max = 0;
  Run({"SADD", "j", "1"});
  EXPECT_EQ(Encoding("j"), Bulk("listpack"));
}

TEST_F(SetCommandsTest, TheLastMemberTakesTheKeyWithIt) {
  for (const std::string member : {"1", "a"}) {
    Run({"SADD", "s", member});
    EXPECT_EQ(Run({"SREM", "s", "none", member, "other"}), Integer(1));
    EXPECT_EQ(Run({"EXISTS", "s"}), Integer(0));
  }
  EXPECT_EQ(EffectsOf({"SREM", "s", "a"}), "");
  Run(Numbered({"SADD", "s"}, 600, "m"));
  EXPECT_EQ(EffectsOf({"SREM", "s", "m1", "m2"}), "SREM s m1 m2\n");
  Run(Numbered({"SREM", "s"}, 600, "m"));
  EXPECT_EQ(Run({"EXISTS", "s"}), Integer(0));
}

TEST_F(SetCommandsTest, SMoveMovesWithinTheSameCommand) {
  Run({"SADD", "a", "1", "x"});
  EXPECT_EQ(Run({"SMOVE", "a", "b", "none"}), Integer(0));
  EXPECT_EQ(Run({"SMOVE", "none", "b", "1"}), Integer(0));
  EXPECT_EQ(Run({"SMOVE", "a", "a", "1"}), Integer(1));
  EXPECT_EQ(EffectsOf({"SMOVE", "a", "b", "1"}), "SMOVE a b 1\n");
  EXPECT_EQ(EffectsOf({"SMOVE", "a", "b", "1"}), "");
  Run({"SMOVE", "a", "b", "x"});
  EXPECT_EQ(Run({"EXISTS", "a"}), Integer(0));
  EXPECT_EQ(MembersOf("b"), (Words{"1", "x"}));
}

TEST_F(SetCommandsTest, MembershipIsAskedOneByOneOrTogether) {
  Run({"SADD", "s", "1", "a"});
  EXPECT_EQ(Run({"SISMEMBER", "s", "1"}), Integer(1));
  EXPECT_EQ(Run({"SISMEMBER", "s", "01"}), Integer(0));
  EXPECT_EQ(Run({"SISMEMBER", "none", "1"}), Integer(0));
  EXPECT_EQ(Run({"SMISMEMBER", "s", "a", "b", "1"}), "*3\r\n:1\r\n:0\r\n:1\r\n");
  EXPECT_EQ(Run({"SMISMEMBER", "none", "a"}), "*1\r\n:0\r\n");
}

TEST_F(SetCommandsTest, Resp3HasATypeForSets) {
  client_.resp = proto::RespVersion::kResp3;
  Run({"SADD", "s", "1"});
  EXPECT_EQ(Run({"SMEMBERS", "s"}), "~1\r\n$1\r\n1\r\n");
  EXPECT_EQ(Run({"SINTER", "s"}), "~1\r\n$1\r\n1\r\n");
  EXPECT_EQ(Run({"SDIFF", "none"}), "~0\r\n");
  EXPECT_EQ(Run({"SRANDMEMBER", "s", "1"}), "*1\r\n$1\r\n1\r\n");
  EXPECT_EQ(Run({"SPOP", "s", "1"}), "~1\r\n$1\r\n1\r\n");
  EXPECT_EQ(Run({"SPOP", "s"}), "_\r\n");
}

// ---- By chance

TEST_F(SetCommandsTest, SPopLogsWhatItTook) {
  Run({"SADD", "s", "a"});
  EXPECT_EQ(EffectsOf({"SPOP", "s"}), "SREM s a\n");
  EXPECT_EQ(Run({"EXISTS", "s"}), Integer(0));
  EXPECT_EQ(EffectsOf({"SPOP", "s"}), "");
  Run(Numbered({"SADD", "s"}, 5));
  EXPECT_EQ(EffectsOf({"SPOP", "s", "0"}), "");
  const std::string effect = EffectsOf({"SPOP", "s", "2"});
  EXPECT_EQ(effect.substr(0, 7), "SREM s ");
  EXPECT_EQ(std::count(effect.begin(), effect.end(), ' '), 3);
  EXPECT_EQ(EffectsOf({"SPOP", "s", "3"}), "DEL s\n");
  EXPECT_EQ(Run({"EXISTS", "s"}), Integer(0));
}

TEST_F(SetCommandsTest, SPopTakesWhatItAnswers) {
  for (const std::string prefix : {"", "m"}) {
    for (const int size : {20, 600}) {
      for (const int count : {1, size / 2, size - 1}) {
        Run({"DEL", "s"});
        Run(Numbered({"SADD", "s"}, size, prefix));
        const Words popped = Members(Run({"SPOP", "s", std::to_string(count)}));
        EXPECT_EQ(popped.size(), static_cast<size_t>(count));
        Words all = MembersOf("s");
        all.insert(all.end(), popped.begin(), popped.end());
        EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), static_cast<size_t>(size));
        EXPECT_EQ(all.size(), static_cast<size_t>(size));
      }
    }
  }
}

TEST_F(SetCommandsTest, ALittleThatIsLeftIsASmallSetAgain) {
  Run(Numbered({"SADD", "s"}, 600));
  EXPECT_EQ(Encoding("s"), Bulk("hashtable"));
  Run({"SPOP", "s", "595"});
  EXPECT_EQ(Encoding("s"), Bulk("intset"));
}

TEST_F(SetCommandsTest, CountsByChanceAreChecked) {
  Run({"SADD", "s", "a", "b"});
  const std::string not_positive = "-ERR value is out of range, must be positive\r\n";
  EXPECT_EQ(Run({"SPOP", "s", "-1"}), not_positive);
  EXPECT_EQ(Run({"SPOP", "none", "x"}), not_positive);
  EXPECT_EQ(Run({"SPOP", "s", "1", "2"}), kSyntax);
  EXPECT_EQ(Run({"SRANDMEMBER", "s", "1", "2"}), kSyntax);
  EXPECT_EQ(Run({"SRANDMEMBER", "s", "x"}), kNotInteger);
  EXPECT_EQ(Run({"SRANDMEMBER", "s", "-9223372036854775808"}),
            "-ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807\r\n");
  EXPECT_EQ(Run({"SRANDMEMBER", "s", "-9223372036854775807"}), "-ERR value is out of range\r\n");
  EXPECT_EQ(Run({"SRANDMEMBER", "none", "-9223372036854775807"}), "*0\r\n");
}

TEST_F(SetCommandsTest, SRandMemberTakesNothing) {
  for (const int size : {3, 600}) {
    Run({"DEL", "s"});
    Run(Numbered({"SADD", "s"}, size, "m"));
    EXPECT_EQ(EffectsOf({"SRANDMEMBER", "s", "2"}), "");
    const Words some = Members(Run({"SRANDMEMBER", "s", "2"}));
    EXPECT_EQ(std::set<std::string>(some.begin(), some.end()).size(), 2U);
    EXPECT_EQ(Members(Run({"SRANDMEMBER", "s", "9223372036854775807"})), MembersOf("s"));
    EXPECT_EQ(Members(Run({"SRANDMEMBER", "s", "-1000"})).size(), 1000U);
  }
}

// ---- Scans

TEST_F(SetCommandsTest, AScanOfALargeSetShowsEveryMember) {
  Run(Numbered({"SADD", "s"}, 1000, "m"));
  std::set<std::string> seen;
  std::string cursor = "0";
  do {
    const std::string reply = Run({"SSCAN", "s", cursor, "COUNT", "7"});
    const size_t begin = reply.find("\r\n", 5) + 2;
    cursor = reply.substr(begin, reply.find("\r\n", begin) - begin);
    for (const std::string& member : Members(reply.substr(reply.find('*', begin)))) {
      seen.insert(member);
    }
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 1000U);
}

TEST_F(SetCommandsTest, AScanOfASmallSetIsWhole) {
  Run(Numbered({"SADD", "s"}, 20));
  EXPECT_EQ(Run({"SSCAN", "s", "0", "COUNT", "1", "MATCH", "1?"}).substr(0, 16),
            "*2\r\n$1\r\n0\r\n*10\r\n");
  EXPECT_EQ(Run({"SSCAN", "none", "0", "bogus"}), "*2\r\n$1\r\n0\r\n*0\r\n");
  EXPECT_EQ(Run({"SSCAN", "none", "x"}), "-ERR invalid cursor\r\n");
  EXPECT_EQ(Run({"SSCAN", "s", "0", "COUNT", "0"}), kSyntax);
}

// ---- Several sets

TEST_F(SetCommandsTest, SetsAreCombined) {
  Run({"SADD", "a", "1", "2", "3", "x"});
  Run({"SADD", "b", "2", "3", "y"});
  Run(Numbered({"SADD", "c"}, 600));
  EXPECT_EQ(Members(Run({"SINTER", "a", "b", "c"})), (Words{"2", "3"}));
  EXPECT_EQ(Members(Run({"SINTER", "a", "none"})), Words{});
  EXPECT_EQ(Members(Run({"SUNION", "a", "b", "none", "a"})), (Words{"1", "2", "3", "x", "y"}));
  EXPECT_EQ(Members(Run({"SUNION", "a", "b", "c"})).size(), 602U);
  EXPECT_EQ(Members(Run({"SDIFF", "a", "b", "none"})), (Words{"1", "x"}));
  EXPECT_EQ(Members(Run({"SDIFF", "c", "a", "b"})).size(), 597U);
  EXPECT_EQ(Members(Run({"SDIFF", "a", "a"})), Words{});
}

TEST_F(SetCommandsTest, AUnionOfManySetsHasEachMemberOnce) {
  Words command = {"SUNION"};
  for (int i = 0; i < 40; ++i) {
    Words add = {"SADD", "s" + std::to_string(i)};
    for (int j = 0; j < 50; ++j) add.push_back("m" + std::to_string(i * 10 + j));
    Run(add);
    command.push_back(add[1]);
  }
  EXPECT_EQ(Members(Run(command)).size(), 440U);
}

TEST_F(SetCommandsTest, BothWaysToSubtractAgree) {
  Run(Numbered({"SADD", "large"}, 600, "m"));
  Run({"SADD", "small", "m1", "m2", "x"});
  Run({"SADD", "other", "m2", "y"});
  // The large set by look-up in many small ones would take longer than taking their members out.
  const Words expected = Members(Run({"SDIFF", "large", "small"}));
  EXPECT_EQ(expected.size(), 598U);
  EXPECT_EQ(Members(Run({"SDIFF", "large", "small", "other", "none", "other", "small"})), expected);
  EXPECT_EQ(Run({"SDIFFCARD", "5", "large", "small", "other", "other", "small"}), Integer(598));
}

TEST_F(SetCommandsTest, ResultsReplaceWhatTheDestinationHeld) {
  Run({"SADD", "a", "1", "2"});
  Run({"SADD", "b", "2", "x"});
  Run({"SET", "d", "v", "EX", "100"});
  EXPECT_EQ(EffectsOf({"SINTERSTORE", "d", "a", "b"}), "SINTERSTORE d a b\n");
  EXPECT_EQ(MembersOf("d"), Words{"2"});
  EXPECT_EQ(Run({"TTL", "d"}), Integer(-1));
  EXPECT_EQ(Encoding("d"), Bulk("intset"));
  EXPECT_EQ(Run({"SUNIONSTORE", "a", "a", "b"}), Integer(3));
  EXPECT_EQ(Encoding("a"), Bulk("listpack"));
  EXPECT_EQ(Run({"SDIFFSTORE", "d", "b", "a"}), Integer(0));
  EXPECT_EQ(Run({"EXISTS", "d"}), Integer(0));
  EXPECT_EQ(EffectsOf({"SDIFFSTORE", "d", "b", "a"}), "");
}

TEST_F(SetCommandsTest, CardinalitiesStopAtTheirLimit) {
  Run(Numbered({"SADD", "a"}, 100));
  Run(Numbered({"SADD", "b"}, 50));
  EXPECT_EQ(Run({"SINTERCARD", "2", "a", "b"}), Integer(50));
  EXPECT_EQ(Run({"SINTERCARD", "2", "a", "b", "LIMIT", "0"}), Integer(50));
  EXPECT_EQ(Run({"SINTERCARD", "2", "a", "b", "limit", "7"}), Integer(7));
  EXPECT_EQ(Run({"SDIFFCARD", "2", "a", "b"}), Integer(50));
  EXPECT_EQ(Run({"SDIFFCARD", "2", "a", "b", "LIMIT", "3"}), Integer(3));
  EXPECT_EQ(Run({"SDIFFCARD", "1", "none"}), Integer(0));
}

TEST_F(SetCommandsTest, CardinalitiesCheckTheirArguments) {
  for (const std::string command : {"SINTERCARD", "SDIFFCARD"}) {
    for (const std::string count :
         {"0", "-1", "x", "-9223372036854775808", "9223372036854775808"}) {
      EXPECT_EQ(Run({command, count, "a"}), "-ERR numkeys should be greater than 0\r\n");
    }
    for (const std::string count : {"2", "4294967297", "9223372036854775807"}) {
      EXPECT_EQ(Run({command, count, "a"}),
                "-ERR Number of keys can't be greater than number of args\r\n");
    }
    EXPECT_EQ(Run({command, "1", "a", "LIMIT"}), kSyntax);
    EXPECT_EQ(Run({command, "1", "a", "b"}), kSyntax);
    EXPECT_EQ(Run({command, "1", "a", "LIMIT", "-1"}), "-ERR LIMIT can't be negative\r\n");
  }
}

}  // namespace
}  // namespace ringtail::commands
