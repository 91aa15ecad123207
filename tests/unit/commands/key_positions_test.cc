#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "commands/registry.h"

namespace ringtail::commands {
namespace {

// Keys are looked for before anybody knows that the words make sense, or who sent them.
TEST(KeyPositions, OfAnyWordsStandAmongThem) {
  constexpr std::string_view kWords[] = {
      "",     "k",    "0",     "1",     "2",    "-1",   "4294967297", "9223372036854775807",
      "KEYS", "AUTH", "AUTH2", "STORE", "GET",  "BY",   "LIMIT",      "STREAMS",
      "GROUP", "COUNT", "BLOCK", "OVERFLOW", "STOREDIST", "WEIGHTS"};
  Random random(11);
  KeyPositions positions;
  for (const CommandTable::Entry& entry : CommandTable::Standard().entries()) {
    for (size_t count = 1; count <= 12; ++count) {
      for (int round = 0; round < 200; ++round) {
        std::vector<std::string_view> words(count, entry.spec->name);
        for (size_t i = 1; i < count; ++i) words[i] = kWords[random.Below(std::size(kWords))];
        FindKeys(*entry.spec, words, positions);
        for (const KeyPosition& position : positions.view()) {
          ASSERT_LT(position.arg_index, count) << entry.full_name << ", round " << round;
        }
      }
    }
  }
}

}  // namespace
}  // namespace ringtail::commands
