#include <algorithm>

#include "base/random.h"
#include "commands/string_lcs.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class LcsCommandTest : public StringFixture {};

TEST_F(LcsCommandTest, AnswersTheSubsequenceOrItsLength) {
  Run({"MSET", "a", "ohmytext", "b", "mynewtext"});
  EXPECT_EQ(Run({"LCS", "a", "b"}), Bulk("mytext"));
  EXPECT_EQ(Run({"LCS", "a", "b", "LEN"}), Integer(6));
  EXPECT_EQ(Run({"LCS", "a", "none"}), Bulk(""));
  EXPECT_EQ(Run({"LCS", "none", "none", "len"}), Integer(0));
  Run({"MSET", "n", "1234", "m", "99934"});
  EXPECT_EQ(Run({"LCS", "n", "m"}), Bulk("34"));
}

TEST_F(LcsCommandTest, AnswersTheRunsFromTheEnd) {
  Run({"MSET", "a", "ohmytext", "b", "mynewtext"});
  EXPECT_EQ(Run({"LCS", "a", "b", "IDX"}),
            "*4\r\n$7\r\nmatches\r\n*2\r\n"
            "*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n"
            "*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n"
            "$3\r\nlen\r\n:6\r\n");
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"LCS", "a", "b", "IDX", "MINMATCHLEN", "4", "WITHMATCHLEN"}),
            "%2\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n"
            "$3\r\nlen\r\n:6\r\n");
  EXPECT_EQ(Run({"LCS", "a", "none", "IDX"}),
            "%2\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n");
}

TEST_F(LcsCommandTest, RefusesWrongTypesAndOptions) {
  PutList("list");
  const std::string kNotStrings = "-ERR The specified keys must contain string values\r\n";
  EXPECT_EQ(Run({"LCS", "list", "none", "FOO"}), kNotStrings);
  EXPECT_EQ(Run({"LCS", "none", "list"}), kNotStrings);
  EXPECT_EQ(Run({"LCS", "a", "b", "FOO"}), kSyntax);
  EXPECT_EQ(Run({"LCS", "a", "b", "MINMATCHLEN"}), kSyntax);
  EXPECT_EQ(Run({"LCS", "a", "b", "MINMATCHLEN", "x"}), kNotInteger);
  EXPECT_EQ(Run({"LCS", "a", "b", "IDX", "LEN"}),
            "-ERR If you want both the length and indexes, please just use IDX.\r\n");
}

TEST_F(LcsCommandTest, RefusesWhatRedisHasNoMemoryFor) {
  services_.limits.bulk_bytes_max = 4 * 11 * 11;
  Run({"MSET", "ten", "0123456789", "eleven", "0123456789a"});
  EXPECT_EQ(Run({"LCS", "ten", "ten", "LEN"}), Integer(10));
  EXPECT_EQ(Run({"LCS", "ten", "eleven", "LEN"}),
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n");
}

// The classic table in full.
size_t ClassicSize(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> sizes(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      sizes[i][j] = a[i - 1] == b[j - 1] ? sizes[i - 1][j - 1] + 1
                                         : std::max(sizes[i - 1][j], sizes[i][j - 1]);
    }
  }
  return sizes[a.size()][b.size()];
}

TEST(LcsTable, RunsAreEqualPartsThatAddUpToTheSize) {
  const uint64_t seed = 11;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    std::string a(random.Below(60), 'x');
    std::string b(random.Below(60), 'x');
    for (char& c : a) c = static_cast<char>('a' + random.Below(3));
    for (char& c : b) c = static_cast<char>('a' + random.Below(4));
    const LcsTable lcs(a, b, LcsTable::Way::kKept);
    ASSERT_EQ(lcs.size(), ClassicSize(a, b));
    ASSERT_EQ(LcsTable(a, b, LcsTable::Way::kForgotten).size(), lcs.size());
    size_t total = 0;
    size_t a_end = a.size();
    size_t b_end = b.size();
    std::string text;
    lcs.VisitRuns([&](LcsRun run) {
      ASSERT_LE(run.a_first + run.size, a_end);
      ASSERT_LE(run.b_first + run.size, b_end);
      ASSERT_EQ(a.substr(run.a_first, run.size), b.substr(run.b_first, run.size));
      a_end = run.a_first;
      b_end = run.b_first;
      total += run.size;
      text.insert(0, a.substr(run.a_first, run.size));
    });
    ASSERT_EQ(total, lcs.size());
    ASSERT_EQ(lcs.Text(), text);
  }
}

}  // namespace
}  // namespace ringtail::commands
