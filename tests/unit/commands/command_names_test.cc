#include "commands/command_names.h"

#include <gtest/gtest.h>

namespace ringtail::commands {
namespace {

TEST(CommandNames, ARenamedCommandIsFoundUnderItsNewNameOnly) {
  const CommandTable& table = CommandTable::Standard();
  CommandNames names(table);
  names.Rename("flushdb", "Badger");
  EXPECT_EQ(names.Find("FLUSHDB"), nullptr);
  EXPECT_EQ(names.Find("badger"), table.Find("FLUSHDB"));
  EXPECT_EQ(names.Find("GET"), table.Find("GET"));
  EXPECT_EQ(names.Find("nosuch"), nullptr);
}

TEST(CommandNames, ARemovedCommandIsNotFound) {
  CommandNames names(CommandTable::Standard());
  names.Rename("FLUSHALL", "");
  EXPECT_EQ(names.Find("flushall"), nullptr);
  EXPECT_EQ(names.Find(""), nullptr);
}

TEST(CommandNames, NamesMayBeExchanged) {
  const CommandTable& table = CommandTable::Standard();
  CommandNames names(table);
  names.Rename("GET", "old");
  names.Rename("SET", "GET");
  names.Rename("old", "SET");
  EXPECT_EQ(names.Find("get"), table.Find("SET"));
  EXPECT_EQ(names.Find("set"), table.Find("GET"));
  EXPECT_EQ(names.Find("old"), nullptr);
}

}  // namespace
}  // namespace ringtail::commands
