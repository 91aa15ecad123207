#include "server/acl_file.h"

#include <gtest/gtest.h>

namespace ringtail::server {
namespace {

const commands::AclRules& Rules() {
  static const commands::AclRules rules(commands::CommandTable::Standard());
  return rules;
}

std::string ErrorOf(std::string_view text) {
  const auto users = ReadAclText(Rules(), {}, text, "f");
  return users.ok() ? "" : users.error().message;
}

constexpr std::string_view kNothingChanged =
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

TEST(AclFile, WhatIsWrittenIsReadAgain) {
  const auto users = ReadAclText(
      Rules(), {}, "user bob on >p ~a* &c -@all +@read (+set ~x)\r\n\n\tuser carl \n", "f");
  ASSERT_TRUE(users.ok());
  std::string text;
  for (const std::string& line : AclLines(Rules(), users.value())) text += line + "\n";
  const auto again = ReadAclText(Rules(), {}, text, "f");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(AclLines(Rules(), again.value()), AclLines(Rules(), users.value()));
  EXPECT_EQ(again.value().size(), 3U);
}

TEST(AclFile, TheDefaultUserIsThereInAnyCase) {
  const auto users = ReadAclText(Rules(), {}, "", "f");
  ASSERT_TRUE(users.ok());
  EXPECT_TRUE(users.value().find("default")->second->is_unrestricted());
}

TEST(AclFile, EveryMistakeIsTold) {
  const std::string start = "f:1 should start with user keyword followed by the username. ";
  const std::string end(kNothingChanged);
  EXPECT_EQ(ErrorOf("# a comment"), start + end);
  EXPECT_EQ(ErrorOf("user"), start + end);
  EXPECT_EQ(ErrorOf("USER a"), start + end);
  EXPECT_EQ(ErrorOf("user a\nuser a"), "WARNING: Duplicate user 'a' found on line 2. " + end);
  EXPECT_EQ(ErrorOf("user a x y +z"),
            "f:1: Syntax error. f:1: Error in applying operation '+z': Unknown command or category "
            "name in ACL. " + end);
  EXPECT_EQ(ErrorOf("user a (+get"),
            "f:1: Unmatched parenthesis in selector definition." + end);
}

TEST(AclFile, LinesOfTheConfigurationMayQuote) {
  AclUsers users;
  EXPECT_TRUE(AddConfiguredUser(Rules(), {}, R"("bob" on ">a b" +get)", users).ok());
  EXPECT_TRUE(users.find("bob")->second->Admits("a b"));
  EXPECT_FALSE(AddConfiguredUser(Rules(), {}, R"("a b" on)", users).ok());
  EXPECT_FALSE(AddConfiguredUser(Rules(), {}, "carl +nope", users).ok());
  EXPECT_FALSE(AddConfiguredUser(Rules(), {}, "carl (+get", users).ok());
  EXPECT_EQ(users.size(), 1U);
}

}  // namespace
}  // namespace ringtail::server
