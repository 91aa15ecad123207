#include "commands/introspection.h"

#include <gmock/gmock.h>

#include <array>

#include "base/version.h"
#include "commands/lolwut.h"
#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void Nothing(CommandContext&, Args) {}

// A table of its own, so that these tests know every byte of the replies.
constexpr std::string_view kTips[] = {"nondeterministic_output"};
constexpr CommandSpec kSubcommands[] = {
    {.name = "ONE", .arity = 3, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess, 2)},
     .categories = kCatHash, .handler = Nothing, .since = "1.2.0", .summary = "First."},
};
constexpr CommandSpec kRows[] = {
    {.name = "BOX", .arity = -2, .subcommands = kSubcommands, .group = "generic", .since = "1.0.0",
     .complexity = "O(1)", .summary = "A box."},
    {.name = "FROM", .arity = -4, .flags = kRead | kBlocking,
     .keys = {KeySpec{.begin = KeySpec::Begin::kKeyword, .flags = kKeyRo, .index = 1,
                      .keyword = "FROM", .last = -1, .limit = 2}},
     .handler = Nothing, .group = "stream", .since = "5.0.0", .summary = "Reads."},
    {.name = "COUNTED", .arity = -3, .flags = kWrite | kNoMandatoryKeys,
     .keys = {CountedKeys(kKeyRw, 1), KeySpec{.flags = kKeyOw, .notes = "Who knows"}},
     .handler = Nothing, .group = "set", .since = "7.0.0", .summary = "Counts.", .tips = kTips,
     .deprecated_since = "7.2.0", .replaced_by = "`BOX`"},
};

class Introspection : public CommandFixture {
 protected:
  Introspection() : own_table_(std::array{std::span<const CommandSpec>(kRows)}) {}

  std::string InfoOf(std::string_view name, proto::RespVersion version) {
    proto::OutputBuffer output(pool_);
    proto::ReplyWriter reply(output, version);
    ReplyCommandInfo(reply, own_table_, *own_table_.FindFullName(name));
    return output.TakeString();
  }
  std::string DocsOf(std::string_view name, proto::RespVersion version) {
    proto::OutputBuffer output(pool_);
    proto::ReplyWriter reply(output, version);
    ReplyCommandDocs(reply, own_table_, *own_table_.FindFullName(name));
    return output.TakeString();
  }

  CommandTable own_table_;
};

constexpr auto kResp2 = proto::RespVersion::kResp2;
constexpr auto kResp3 = proto::RespVersion::kResp3;

TEST_F(Introspection, InfoOfAContainerHoldsItsSubcommands) {
  EXPECT_EQ(InfoOf("box", kResp2),
            "*10\r\n$3\r\nbox\r\n:-2\r\n*0\r\n:0\r\n:0\r\n:0\r\n*1\r\n+@slow\r\n*0\r\n*0\r\n"
            "*1\r\n" +
                InfoOf("box|one", kResp2));
}

TEST_F(Introspection, InfoOfASubcommandHasItsFullName) {
  EXPECT_EQ(InfoOf("box|one", kResp3),
            "*10\r\n$7\r\nbox|one\r\n:3\r\n~1\r\n+readonly\r\n:2\r\n:2\r\n:1\r\n"
            "~3\r\n+@read\r\n+@hash\r\n+@slow\r\n~0\r\n"
            "~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n"
            "$12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n"
            "%1\r\n$5\r\nindex\r\n:2\r\n"
            "$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n"
            "%3\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n~0\r\n");
}

TEST_F(Introspection, KeysBehindAWordAreMovable) {
  EXPECT_EQ(InfoOf("from", kResp2),
            "*10\r\n$4\r\nfrom\r\n:-4\r\n*3\r\n+readonly\r\n+blocking\r\n+movablekeys\r\n"
            ":0\r\n:0\r\n:0\r\n*3\r\n+@read\r\n+@slow\r\n+@blocking\r\n*0\r\n"
            "*1\r\n*6\r\n$5\r\nflags\r\n*1\r\n+RO\r\n"
            "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$7\r\nkeyword\r\n$4\r\nspec\r\n"
            "*4\r\n$7\r\nkeyword\r\n$4\r\nFROM\r\n$9\r\nstartfrom\r\n:1\r\n"
            "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n"
            "*6\r\n$7\r\nlastkey\r\n:-1\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:2\r\n*0\r\n");
}

TEST_F(Introspection, KeysOfUnknownPlacesAreSaidToBeUnknown) {
  const std::string info = InfoOf("counted", kResp3);
  EXPECT_THAT(info, HasSubstr("+movablekeys\r\n:0\r\n:0\r\n:0\r\n"));
  EXPECT_THAT(info, HasSubstr("~1\r\n$23\r\nnondeterministic_output\r\n~2\r\n"));
  EXPECT_THAT(info, HasSubstr("$6\r\nkeynum\r\n$4\r\nspec\r\n%3\r\n$9\r\nkeynumidx\r\n:0\r\n"
                              "$8\r\nfirstkey\r\n:1\r\n$7\r\nkeystep\r\n:1\r\n"));
  EXPECT_THAT(info, EndsWith("%4\r\n$5\r\nnotes\r\n$9\r\nWho knows\r\n$5\r\nflags\r\n~1\r\n+OW\r\n"
                             "$12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$7\r\nunknown\r\n"
                             "$4\r\nspec\r\n%0\r\n"
                             "$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$7\r\nunknown\r\n"
                             "$4\r\nspec\r\n%0\r\n~0\r\n"));
}

TEST_F(Introspection, DocsOfASubcommandHaveItsContainersGroup) {
  EXPECT_EQ(DocsOf("box", kResp3),
            "$3\r\nbox\r\n%5\r\n$7\r\nsummary\r\n$6\r\nA box.\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n"
            "$5\r\ngroup\r\n$7\r\ngeneric\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n"
            "$11\r\nsubcommands\r\n%1\r\n$7\r\nbox|one\r\n%3\r\n$7\r\nsummary\r\n$6\r\nFirst.\r\n"
            "$5\r\nsince\r\n$5\r\n1.2.0\r\n$5\r\ngroup\r\n$7\r\ngeneric\r\n");
}

TEST_F(Introspection, DocsSayWhatReplacesADeprecatedCommand) {
  EXPECT_THAT(DocsOf("counted", kResp2),
              EndsWith("$9\r\ndoc_flags\r\n*1\r\n+deprecated\r\n$16\r\ndeprecated_since\r\n"
                       "$5\r\n7.2.0\r\n$11\r\nreplaced_by\r\n$5\r\n`BOX`\r\n"));
}

TEST(LegacyRange, FollowsFromTheKeySpecs) {
  const auto range = [](std::array<KeySpec, 3> keys) {
    const LegacyRange found = LegacyRangeOf({.name = "X", .keys = keys});
    return std::array{found.first, found.last, found.step, static_cast<int>(found.has_more)};
  };
  EXPECT_EQ(range({}), (std::array{0, 0, 0, 0}));
  EXPECT_EQ(range({OneKey(kKeyRo)}), (std::array{1, 1, 1, 0}));
  EXPECT_EQ(range({KeyRange(kKeyRo, 1, -1, 2)}), (std::array{1, -1, 2, 0}));
  EXPECT_EQ(range({KeyRange(kKeyRo, 1, 1)}), (std::array{1, 2, 1, 0}));
  EXPECT_EQ(range({OneKey(kKeyRo), OneKey(kKeyOw, 2)}), (std::array{1, 2, 1, 0}));
  EXPECT_EQ(range({OneKey(kKeyOw), KeyRange(kKeyRo, 2, -1)}), (std::array{1, -1, 1, 0}));
  EXPECT_EQ(range({OneKey(kKeyOw), OneKey(kKeyRo, 3)}), (std::array{1, 1, 1, 1}));
  EXPECT_EQ(range({OneKey(kKeyOw), CountedKeys(kKeyRo, 2)}), (std::array{1, 1, 1, 1}));
  EXPECT_EQ(range({OneKey(kKeyRo | kKeyIncomplete)}), (std::array{1, 1, 1, 1}));
}

TEST_F(Introspection, CountIsOfCommandsWithoutSubcommands) {
  const auto count = CommandTable::Standard().commands().size();
  EXPECT_EQ(Run({"COMMAND", "COUNT"}), ":" + std::to_string(count) + "\r\n");
  EXPECT_THAT(Run({"COMMAND"}), StartsWith("*" + std::to_string(count) + "\r\n*10\r\n"));
  EXPECT_EQ(Run({"COMMAND", "INFO"}), Run({"COMMAND"}));
}

TEST_F(Introspection, InfoAnswersNullForWhatDoesNotExist) {
  EXPECT_EQ(Run({"COMMAND", "INFO", "nope", "client|nope"}), "*2\r\n$-1\r\n$-1\r\n");
  EXPECT_THAT(Run({"COMMAND", "INFO", "CLIENT|List"}), HasSubstr("$11\r\nclient|list\r\n"));
}

TEST_F(Introspection, DocsLeaveOutWhatDoesNotExist) {
  EXPECT_EQ(Run({"COMMAND", "DOCS", "nope"}), "*0\r\n");
  EXPECT_THAT(Run({"COMMAND", "DOCS", "nope", "get"}), StartsWith("*2\r\n$3\r\nget\r\n"));
}

TEST_F(Introspection, ListFilters) {
  const auto all = CommandTable::Standard().entries().size();
  EXPECT_THAT(Run({"COMMAND", "LIST"}), StartsWith("*" + std::to_string(all) + "\r\n"));
  EXPECT_EQ(Run({"COMMAND", "LIST", "FILTERBY", "MODULE", "x"}), "*0\r\n");
  EXPECT_EQ(Run({"COMMAND", "LIST", "FILTERBY", "ACLCAT", "nope"}), "*0\r\n");
  EXPECT_EQ(Run({"COMMAND", "LIST", "FILTERBY", "PATTERN", "GE[T]"}), "*1\r\n$3\r\nget\r\n");
  EXPECT_EQ(Run({"COMMAND", "LIST", "filterby", "pattern", "client|id"}),
            "*1\r\n$9\r\nclient|id\r\n");
  EXPECT_THAT(Run({"COMMAND", "LIST", "FILTERBY", "ACLCAT", "String"}), HasSubstr("\r\nget\r\n"));
  for (const auto& words : {std::vector<std::string>{"x"}, {"FILTERBY"}, {"FILTERBY", "PATTERN"},
                            {"FILTERBY", "X", "Y"}, {"FILTERBY", "PATTERN", "a", "b"}}) {
    std::vector<std::string> line{"COMMAND", "LIST"};
    line.insert(line.end(), words.begin(), words.end());
    EXPECT_EQ(Run(line), "-ERR syntax error\r\n");
  }
}

TEST_F(Introspection, GetKeysFindsKeys) {
  EXPECT_EQ(Run({"COMMAND", "GETKEYS", "set", "a", "b"}), "*1\r\n$1\r\na\r\n");
  EXPECT_EQ(Run({"COMMAND", "GETKEYS", "object", "encoding", "x"}), "*1\r\n$1\r\nx\r\n");
  EXPECT_EQ(Run({"COMMAND", "GETKEYSANDFLAGS", "rename", "a", "b"}),
            "*2\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n"
            "*2\r\n$1\r\nb\r\n*2\r\n+OW\r\n+update\r\n");
}

TEST_F(Introspection, GetKeysAnswersWhyThereAreNone) {
  EXPECT_EQ(Run({"COMMAND", "GETKEYS", "nope", "a"}), "-ERR Invalid command specified\r\n");
  EXPECT_EQ(Run({"COMMAND", "GETKEYS", "object", "x"}), "-ERR Invalid command specified\r\n");
  EXPECT_EQ(Run({"COMMAND", "GETKEYS", "get", "a", "b"}),
            "-ERR Invalid number of arguments specified for command\r\n");
  EXPECT_EQ(Run({"COMMAND", "GETKEYS", "client", "list"}),
            "-ERR The command has no key arguments\r\n");
}

TEST_F(Introspection, HelpListsEverySubcommand) {
  const std::string help = Run({"COMMAND", "HELP"});
  for (const auto& entry : CommandTable::Standard().subcommands(
           *CommandTable::Standard().Find("command"))) {
    EXPECT_THAT(help, HasSubstr("\r\n+" + std::string(entry.spec->name)));
  }
}

TEST_F(Introspection, LolwutEndsWithTheVersion) {
  const std::string end = "\nRingtail ver. " + std::string(kVersion) + "\n\r\n";
  EXPECT_THAT(Run({"LOLWUT"}), EndsWith(end));
  EXPECT_THAT(Run({"LOLWUT", "VERSION", "5"}), EndsWith(end));
  EXPECT_EQ(Run({"LOLWUT", "VERSION", "x"}),
            "-ERR value is not an integer or out of range\r\n");
}

TEST_F(Introspection, TheTailFitsATerminal) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    const std::string picture = DrawTail(random);
    size_t begin = 0;
    for (size_t end = picture.find('\n'); end != std::string::npos;
         begin = end + 1, end = picture.find('\n', begin)) {
      ASSERT_LE(end - begin, 64U) << "seed " << seed;
    }
    ASSERT_EQ(begin, picture.size());
  }
}

}  // namespace
}  // namespace ringtail::commands
