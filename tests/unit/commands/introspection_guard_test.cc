// What every row of the command table owes to those who derive things from it.
#include <bit>
#include <cstdlib>

#include "commands/introspection.h"
#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

class CommandTableGuard : public CommandFixture {
 protected:
  static std::span<const CommandTable::Entry> Entries() {
    return CommandTable::Standard().entries();
  }

  /// The entry's own words, filled up to `count`.
  static std::vector<std::string> Words(const CommandTable::Entry& entry, size_t count) {
    std::vector<std::string> words;
    if (entry.container != nullptr) words.emplace_back(entry.container->spec->name);
    words.emplace_back(entry.spec->name);
    words.resize(std::max(count, words.size()), "1");
    return words;
  }
};

TEST_F(CommandTableGuard, EveryRowIsDocumented) {
  for (const auto& entry : Entries()) {
    SCOPED_TRACE(entry.full_name);
    EXPECT_FALSE(entry.spec->summary.empty());
    EXPECT_FALSE(entry.spec->since.empty());
    EXPECT_FALSE(GroupOf(entry).empty());
    EXPECT_LE(entry.spec->summary.size(), 100U);
  }
}

TEST_F(CommandTableGuard, EveryRowCanBeExecuted) {
  for (const auto& entry : Entries()) {
    SCOPED_TRACE(entry.full_name);
    EXPECT_TRUE(entry.spec->handler != nullptr || entry.subcommand_count != 0);
    EXPECT_NE(entry.spec->arity, 0);
    if (entry.container != nullptr) {
      EXPECT_GE(std::abs(entry.spec->arity), 2);
      EXPECT_EQ(entry.subcommand_count, 0);
    }
  }
}

TEST_F(CommandTableGuard, EveryNameLeadsToItsRow) {
  const CommandTable& table = CommandTable::Standard();
  for (const auto& entry : Entries()) EXPECT_EQ(table.FindFullName(entry.full_name), &entry);
}

TEST_F(CommandTableGuard, ReadingAndWritingExcludeEachOther) {
  for (const auto& entry : Entries()) {
    SCOPED_TRACE(entry.full_name);
    EXPECT_NE(entry.spec->flags & (kRead | kWrite), uint32_t{kRead | kWrite});
  }
}

TEST_F(CommandTableGuard, EveryKeySpecMakesSense) {
  constexpr unsigned kUses = kKeyRo | kKeyRw | kKeyOw | kKeyRm;
  for (const auto& entry : Entries()) {
    SCOPED_TRACE(entry.full_name);
    const int arity = std::abs(entry.spec->arity);
    int spec_count = 0;
    for (const KeySpec& keys : KeySpecsOf(*entry.spec)) {
      ++spec_count;
      const int use_count = std::popcount(keys.flags & kUses);
      EXPECT_EQ(use_count, (keys.flags & kKeyNotKey) != 0 ? 0 : 1);
      if (keys.begin == KeySpec::Begin::kNone) {
        EXPECT_NE(entry.spec->key_finder, nullptr) << "nobody can find these keys";
        continue;
      }
      EXPECT_GE(keys.step, 1);
      EXPECT_GE(keys.limit, 0);
      if (keys.begin == KeySpec::Begin::kKeyword) {
        EXPECT_FALSE(keys.keyword.empty());
        EXPECT_NE(keys.index, 0);
      } else {
        EXPECT_GE(keys.index, entry.container == nullptr ? 1 : 2);
        // PFMERGE can do without sources, SUNSUBSCRIBE without channels.
        const bool is_optional =
            keys.last < 0 && (spec_count > 1 || (keys.flags & kKeyNotKey) != 0);
        EXPECT_LT(keys.index, arity + (is_optional ? 1 : 0)) << "the first key may be missing";
      }
    }
    if ((entry.spec->flags & kNoMandatoryKeys) != 0) {
      EXPECT_TRUE(CanHaveKeys(*entry.spec));
    }
  }
}

TEST_F(CommandTableGuard, AReaderNeitherChangesKeysNorNeedsMemory) {
  constexpr unsigned kChanging = kKeyRw | kKeyOw | kKeyRm;
  for (const auto& entry : Entries()) {
    SCOPED_TRACE(entry.full_name);
    if ((entry.spec->flags & kRead) == 0) continue;
    EXPECT_EQ(entry.spec->flags & kDenyOom, 0U);
    if (entry.full_name == "pfcount") continue;  // keeps the count in the key's own bytes
    for (const KeySpec& keys : KeySpecsOf(*entry.spec)) EXPECT_EQ(keys.flags & kChanging, 0U);
  }
}

TEST_F(CommandTableGuard, EveryCommandAnswersTooFewWords) {
  for (const auto& entry : Entries()) {
    const auto arity = static_cast<size_t>(std::abs(entry.spec->arity));
    const size_t own_words = entry.container == nullptr ? 1 : 2;
    if (arity == own_words) continue;
    EXPECT_EQ(Run(Words(entry, arity - 1)),
              "-ERR wrong number of arguments for '" + entry.full_name + "' command\r\n");
  }
}

TEST_F(CommandTableGuard, EveryCommandOfFixedArityAnswersTooManyWords) {
  for (const auto& entry : Entries()) {
    if (entry.spec->arity < 0) continue;
    // EXEC speaks of the transaction even where there is none.
    const bool is_exec = (entry.spec->flags & kExecutesQueue) != 0;
    EXPECT_EQ(Run(Words(entry, static_cast<size_t>(entry.spec->arity) + 1)),
              (is_exec ? "-EXECABORT Transaction discarded because of: " : std::string("-ERR ")) +
                  "wrong number of arguments for '" + entry.full_name + "' command\r\n");
  }
}

TEST_F(CommandTableGuard, EveryContainerAnswersAnUnknownSubcommand) {
  for (const auto& entry : Entries()) {
    if (entry.subcommand_count == 0) continue;
    const std::string name(entry.spec->name);
    EXPECT_EQ(Run({name, "nope"}),
              "-ERR unknown subcommand 'nope'. Try " + name + " HELP.\r\n");
  }
}

}  // namespace
}  // namespace ringtail::commands
