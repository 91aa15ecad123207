#include "commands/acl_rules.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "commands/acl_description.h"

namespace ringtail::commands {
namespace {

const AclRules& Rules() {
  static const AclRules rules(CommandTable::Standard());
  return rules;
}

AclUser UserWith(const std::vector<std::string>& words) {
  AclUser user = Rules().NewUser("bob", {});
  const std::vector<std::string_view> views(words.begin(), words.end());
  const MergedRules merged = MergeSelectors(views);
  EXPECT_FALSE(merged.unmatched_index.has_value());
  const auto failure = Rules().ApplyAll(user, merged.rules, {});
  EXPECT_EQ(failure.error, AclRuleError::kNone) << AclRuleErrorText(failure.error);
  return user;
}

AclRuleError ErrorOf(const std::vector<std::string>& earlier, std::string_view rule) {
  AclUser user = UserWith(earlier);
  return Rules().Apply(user, rule, {});
}

std::string Described(const std::vector<std::string>& words) {
  return DescribeUser(Rules(), UserWith(words));
}

AclVerdict Asked(const AclUser& user, const std::vector<std::string>& words) {
  const std::vector<std::string_view> args(words.begin(), words.end());
  const CommandTable& table = CommandTable::Standard();
  const CommandTable::Entry* command = table.Find(args[0]);
  if (command->subcommand_count != 0) command = table.FindSubcommand(*command, args[1]);
  return CheckCommand(user, *command, args);
}

TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(AclRules, ANewUserIsOffAndMayDoNothing) {
  EXPECT_EQ(Described({}), "off resetchannels -@all");
  EXPECT_EQ(Asked(UserWith({}), {"GET", "k"}).denial, AclDenial::kCommand);
}

TEST(AclRules, TheDefaultUserIsUnrestricted) {
  const AclUser user = Rules().DefaultUser({});
  EXPECT_TRUE(user.is_unrestricted());
  EXPECT_TRUE(user.Admits("whatever"));
  EXPECT_EQ(DescribeUser(Rules(), user), "on nopass ~* &* +@all");
}

TEST(AclRules, ConfiguredDefaultsGrantAllChannelsToNewSelectors) {
  AclUser user = Rules().NewUser("bob", {.is_all_channels = true});
  ASSERT_EQ(Rules().Apply(user, "(+get)", {.is_all_channels = true}), AclRuleError::kNone);
  EXPECT_EQ(DescribeUser(Rules(), user), "off &* -@all (&* -@all +get)");
}

TEST(AclRules, PasswordsAreKeptHashedOnceAndCanBeTakenBack) {
  EXPECT_TRUE(UserWith({"on", ">one", ">one", ">two"}).Admits("two"));
  EXPECT_EQ(UserWith({">one", ">one"}).password_hashes.size(), 1u);
  EXPECT_FALSE(UserWith({"on", ">one", "<one"}).Admits("one"));
  EXPECT_FALSE(UserWith({">one"}).Admits("one")) << "off";
  EXPECT_FALSE(UserWith({"on"}).Admits("")) << "no password is no way in";
  EXPECT_TRUE(UserWith({"on", "nopass"}).Admits("anything"));
  EXPECT_FALSE(UserWith({"on", "nopass", ">one"}).Admits("anything"));
  EXPECT_TRUE(UserWith({"on", "#" + Sha256Hex("x")}).Admits("x"));
  EXPECT_FALSE(UserWith({"on", ">x", "!" + Sha256Hex("x")}).Admits("x"));
}

TEST(AclRules, MistakesAreTheOnesOfRedis) {
  EXPECT_EQ(ErrorOf({}, "+nope"), AclRuleError::kUnknownName);
  EXPECT_EQ(ErrorOf({}, "-client|nope"), AclRuleError::kUnknownName);
  EXPECT_EQ(ErrorOf({}, "+@nope"), AclRuleError::kUnknownName);
  EXPECT_EQ(ErrorOf({}, "+get|x|y"), AclRuleError::kUnknownName);
  EXPECT_EQ(ErrorOf({}, "+config|get|x"), AclRuleError::kFirstArgOfSubcommand);
  EXPECT_EQ(ErrorOf({}, "+config|"), AclRuleError::kSyntax);
  EXPECT_EQ(ErrorOf({}, "nope"), AclRuleError::kSyntax);
  EXPECT_EQ(ErrorOf({}, "%RX~a"), AclRuleError::kSyntax);
  EXPECT_EQ(ErrorOf({}, "%RR~a"), AclRuleError::kSyntax);
  EXPECT_EQ(ErrorOf({}, "%~a"), AclRuleError::kSyntax);
  EXPECT_EQ(ErrorOf({}, "~a b"), AclRuleError::kSyntax);
  EXPECT_EQ(ErrorOf({}, "(on)"), AclRuleError::kSyntax);
  EXPECT_EQ(ErrorOf({}, "#abc"), AclRuleError::kBadPasswordHash);
  EXPECT_EQ(ErrorOf({}, "<abc"), AclRuleError::kNoSuchPassword);
  EXPECT_EQ(ErrorOf({"~*"}, "~a"), AclRuleError::kKeyAfterAllKeys);
  EXPECT_EQ(ErrorOf({"&*"}, "&a"), AclRuleError::kChannelAfterAllChannels);
  EXPECT_EQ(ErrorOf({}, ""), AclRuleError::kNone);
}

TEST(AclRules, SelectorsOfSeveralWordsAreMerged) {
  const std::vector<std::string_view> words = {"on", "(+get", "~a)", "(+set)", "(~b"};
  const MergedRules merged = MergeSelectors(words);
  EXPECT_EQ(merged.rules, (std::vector<std::string>{"on", "(+get ~a)", "(+set)"}));
  EXPECT_EQ(merged.unmatched_index, 4u);
}

TEST(AclRules, ASelectorThatIsOpenIsNotForgottenForAnother) {
  const std::vector<std::string_view> open = {"(+get", "-time", "(~b"};
  EXPECT_EQ(MergeSelectors(open).unmatched_index, 0u);
  const std::vector<std::string_view> closed = {"(+get", "(~b", "~a)", "on"};
  EXPECT_EQ(MergeSelectors(closed).rules, (std::vector<std::string>{"(+get (~b ~a)", "on"}));
}

TEST(AclRules, ACategoryBringsTheSubcommandsOfItsContainers) {
  const AclUser user = UserWith({"+@slow", "~*"});
  EXPECT_TRUE(Asked(user, {"CONFIG", "GET", "x"}).is_allowed());
  EXPECT_FALSE(Asked(UserWith({"+@all", "-@slow"}), {"CONFIG", "GET", "x"}).is_allowed());
}

TEST(AclRules, CommandsAreDescribedByTheCategoriesThatFit) {
  EXPECT_EQ(Described({"+@all", "-@dangerous"}), "off resetchannels +@all -@dangerous");
  EXPECT_EQ(Described({"+@hash", "-hget"}), "off resetchannels -@all +@hash -hget");
  EXPECT_EQ(Described({"+get", "+config|get"}), "off resetchannels -@all +get +config|get");
  EXPECT_EQ(Described({"+config", "-config|set"}),
            "off resetchannels -@all +config -config|set");
  EXPECT_EQ(Described({"+select|0", "+select|1", "+SELECT|0"}),
            "off resetchannels -@all +select|0 +select|1");
  EXPECT_EQ(Described({"+select|0", "+select"}), "off resetchannels -@all +select");
  EXPECT_EQ(Described({"+@all", "-@all", "+ping"}), "off resetchannels -@all +ping");
}

TEST(AclRules, KeysAndChannelsAreDescribedInTheirOrder) {
  EXPECT_EQ(Described({"~a", "%R~b", "%W~b", "%w~c", "&x", "&y", "&x"}),
            "off ~a ~b %W~c resetchannels &x &y -@all");
  EXPECT_EQ(Described({"reset"}), "off sanitize-payload resetchannels -@all");
  EXPECT_EQ(Described({"(+get ~a)", "(~b &c)", "clearselectors", "(+get)"}),
            "off resetchannels -@all (resetchannels -@all +get)");
}

TEST(AclChecks, KeysNeedTheKindOfAccessThatTheCommandHas) {
  const AclUser user = UserWith({"+@all", "%R~r:*", "%W~w:*", "~a?", "~exact"});
  EXPECT_TRUE(Asked(user, {"GET", "r:1"}).is_allowed());
  EXPECT_EQ(Asked(user, {"SET", "r:1", "v"}).denial, AclDenial::kKey);
  EXPECT_TRUE(Asked(user, {"SET", "w:1", "v"}).is_allowed());
  EXPECT_EQ(Asked(user, {"SET", "w:1", "v", "GET"}).denial, AclDenial::kKey);
  EXPECT_TRUE(Asked(user, {"GETSET", "a1", "v"}).is_allowed());
  EXPECT_TRUE(Asked(user, {"COPY", "r:1", "w:1"}).is_allowed());
  EXPECT_EQ(Asked(user, {"COPY", "r:1", "r:2"}).arg_index, 2u);
  EXPECT_EQ(Asked(user, {"MGET", "r:1", "exact", "exact2"}).arg_index, 3u);
  EXPECT_TRUE(Asked(user, {"STRLEN", "w:1"}).is_allowed()) << "its length is not its value";
}

TEST(AclChecks, OneSelectorHasToAllowAllOfACommand) {
  const AclUser user = UserWith({"+get", "~a", "(+set ~b)"});
  EXPECT_TRUE(Asked(user, {"GET", "a"}).is_allowed());
  EXPECT_TRUE(Asked(user, {"SET", "b", "v"}).is_allowed());
  EXPECT_EQ(Asked(user, {"GET", "b"}).denial, AclDenial::kKey);
  EXPECT_EQ(Asked(user, {"DEL", "b"}).denial, AclDenial::kCommand);
}

TEST(AclChecks, FirstArgumentsAllowInAnyCase) {
  const AclUser user = UserWith({"+select|0"});
  EXPECT_TRUE(Asked(user, {"SELECT", "0"}).is_allowed());
  EXPECT_FALSE(Asked(user, {"SELECT", "1"}).is_allowed());
}

TEST(AclChecks, WhoLogsInNeedsNoRightToIt) {
  EXPECT_TRUE(Asked(UserWith({}), {"AUTH", "a", "b"}).is_allowed());
}

TEST(AclChecks, ChannelsOfPatternsAreComparedLiterally) {
  const AclUser user = UserWith({"&news.*", "&x"});
  EXPECT_TRUE(MayUseChannel(user, "news.a", ChannelName::kChannel));
  EXPECT_FALSE(MayUseChannel(user, "news.a", ChannelName::kPattern));
  EXPECT_TRUE(MayUseChannel(user, "news.*", ChannelName::kPattern));
  EXPECT_FALSE(MayUseChannel(user, "y", ChannelName::kChannel));
  EXPECT_TRUE(MayUseChannel(UserWith({"(allchannels)"}), "y", ChannelName::kPattern));
}

TEST(AclChecks, AnyKeyMeansTheStarAlone) {
  const auto* sort = CommandTable::Standard().Find("SORT");
  const std::vector<std::string_view> args = {"SORT", "k", "BY", "w*"};
  EXPECT_TRUE(MayTouchAnyKey(UserWith({"+sort", "~*"}), *sort, args, kKeyAccess));
  EXPECT_TRUE(MayTouchAnyKey(UserWith({"+sort", "%R~*"}), *sort, args, kKeyAccess));
  EXPECT_FALSE(MayTouchAnyKey(UserWith({"+sort", "~k*"}), *sort, args, kKeyAccess));
  EXPECT_FALSE(MayTouchAnyKey(UserWith({"~*"}), *sort, args, kKeyAccess));
}

// A description, applied to a new user, makes the user that it describes, whatever rules led there.
TEST(AclRules, DescriptionsMakeTheSameUserAgain) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto entries = CommandTable::Standard().entries();
  const auto below = [&](size_t bound) { return static_cast<size_t>(random() % bound); };
  for (int round = 0; round < 300; ++round) {
    AclUser user = Rules().NewUser("bob", {});
    for (size_t n = below(12); n > 0; --n) {
      const auto& category = Rules().categories()[below(Rules().categories().size())];
      const std::string sign = below(2) == 0 ? "+" : "-";
      std::string rule;
      switch (below(6)) {
        case 0: rule = sign + "@all"; break;
        case 1: rule = sign + "@" + std::string(category.name); break;
        case 2: rule = std::vector{"~a*", "%R~b", "%W~b", "resetkeys", "allkeys"}[below(5)]; break;
        case 3: rule = std::vector{"on", ">p", "nopass", "&c", "allchannels"}[below(5)]; break;
        case 4: rule = "(" + sign + "@" + std::string(category.name) + " ~x)"; break;
        default: rule = sign + entries[below(entries.size())].full_name; break;
      }
      (void)Rules().Apply(user, rule, {});
    }
    const std::string text = DescribeUser(Rules(), user);
    std::vector<std::string_view> words;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      words.push_back(std::string_view(text).substr(at, end - at));
      at = end + 1;
    }
    const MergedRules merged = MergeSelectors(words);
    AclUser again = Rules().NewUser("bob", {});
    ASSERT_EQ(Rules().ApplyAll(again, merged.rules, {}).error, AclRuleError::kNone) << text;
    ASSERT_EQ(DescribeUser(Rules(), again), text);
    ASSERT_EQ(again.selectors.size(), user.selectors.size());
    for (size_t s = 0; s < user.selectors.size(); ++s) {
      for (const auto& entry : entries) {
        ASSERT_EQ(again.selectors[s].Has(entry.index), user.selectors[s].Has(entry.index))
            << entry.full_name << " of " << text;
      }
    }
  }
}

}  // namespace
}  // namespace ringtail::commands
