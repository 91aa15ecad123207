#include "server/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace ringtail::server {
namespace {

using ::testing::ContainsRegex;
using ::testing::MatchesRegex;

// A log file of its own for each test.
class LoggingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "ringtail_log_" + std::to_string(getpid()) + ".txt";
    std::remove(path_.c_str());
  }
  void TearDown() override { std::remove(path_.c_str()); }

  std::unique_ptr<Logging> Open(LogOptions options) {
    options.file = path_;
    Result<std::unique_ptr<Logging>> opened = Logging::Open(std::move(options));
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }

  std::string Written() const {
    std::ifstream file(path_);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }

  std::string path_;
};

TEST_F(LoggingTest, TextLinesHaveTheFormOfRedisServer) {
  auto logging = Open({});
  LOG(INFO) << "hello " << 7;
  EXPECT_THAT(Written(), MatchesRegex(std::to_string(getpid()) +
                                      ":M [0-9][0-9] [A-Z][a-z]{2} [0-9]{4} "
                                      "[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3} [*] hello 7\n"));
}

TEST_F(LoggingTest, EachLevelHasItsMark) {
  auto logging = Open({.level = LogLevel::kDebug});
  VLOG(2) << "one";
  VLOG(1) << "two";
  LOG(INFO) << "three";
  LOG(WARNING) << "four";
  LOG(ERROR) << "five";
  const std::string all = Written();
  for (const char* expected : {" . one\n", " - two\n", " * three\n", " # four\n", " # five\n"}) {
    EXPECT_NE(all.find(expected), std::string::npos) << expected << " in " << all;
  }
}

TEST_F(LoggingTest, SaysNothingBelowItsLevelAndFollowsSetLevel) {
  auto logging = Open({.level = LogLevel::kNotice});
  VLOG(1) << "a";
  VLOG(2) << "b";
  logging->SetLevel(LogLevel::kWarning);
  LOG(INFO) << "c";
  logging->SetLevel(LogLevel::kNothing);
  LOG(WARNING) << "d";
  EXPECT_EQ(Written(), "");
  logging->SetLevel(LogLevel::kVerbose);
  VLOG(1) << "e";
  EXPECT_NE(Written().find(" - e\n"), std::string::npos);
}

TEST_F(LoggingTest, ArgumentsOfALineThatIsOffAreNotEvaluated) {
  auto logging = Open({.level = LogLevel::kNotice});
  int evaluated = 0;
  VLOG(1) << ++evaluated;
  EXPECT_EQ(evaluated, 0);
}

TEST_F(LoggingTest, AMessageCannotForgeALine) {
  auto logging = Open({});
  LOG(INFO) << "name=\n1:M fake\r\x1b[2J";
  const std::string all = Written();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1);
  EXPECT_NE(all.find(R"(name=\n1:M fake\x0d\x1b[2J)"), std::string::npos) << all;
}

TEST_F(LoggingTest, JsonIsOneObjectALineWithEverythingEscaped) {
  auto logging = Open({.format = LogFormat::kJson});
  LOG(WARNING) << "q\"b\\n\nt\tz" << '\0' << "\x01 \xc3\xa4 \xff\xed\xa0\x80";
  EXPECT_THAT(
      Written(),
      MatchesRegex(
          R"re([{]"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z",)re"
          R"re("level":"warning","pid":[0-9]+,"message":"q\\"b\\\\n\\nt\\tz\\u0000\\u0001 ä )re"
          R"re(\\ufffd\\ufffd\\ufffd\\ufffd","source":"logging_test[.]cc:[0-9]+"[}])re"
          "\n"));
}

TEST_F(LoggingTest, ALongMessageIsCutAndStillWholeJson) {
  auto logging = Open({.format = LogFormat::kJson});
  LOG(INFO) << std::string(20'000, '\x02');
  const std::string all = Written();
  EXPECT_TRUE(all.ends_with("\"}\n"));
  EXPECT_LT(all.size(), 30'000u);
}

TEST_F(LoggingTest, FollowsAFileThatHasBeenMovedAway) {
  auto logging = Open({});
  LOG(INFO) << "before";
  const std::string moved = path_ + ".1";
  ASSERT_EQ(std::rename(path_.c_str(), moved.c_str()), 0);
  LOG(INFO) << "after";
  std::remove(moved.c_str());
  EXPECT_NE(Written().find("* after\n"), std::string::npos);
  EXPECT_EQ(Written().find("before"), std::string::npos);
}

TEST_F(LoggingTest, RefusesAFileThatCannotBeOpened) {
  const auto opened = Logging::Open({.file = "/nonexistent/directory/log"});
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("No such file"), std::string::npos);
}

TEST_F(LoggingTest, TheBannerHoldsWhatToolsWaitFor) {
  auto logging = Open({});
  logging->WriteStartupBanner({.port = 7777, .pid = 1234, .version = "0.1.0", .threads = 2});
  const std::string all = Written();
  EXPECT_NE(all.find("Running mode=standalone, port=7777."), std::string::npos);
  EXPECT_THAT(all, ContainsRegex(" PID: 1234.*# Server initialized"));
}

TEST_F(LoggingTest, TheLogoHoldsWhatToolsWaitFor) {
  auto logging = Open({});
  logging->WriteStartupBanner(
      {.port = 7777, .pid = 1234, .version = "0.1.0", .always_shows_logo = true});
  const std::string all = Written();
  EXPECT_NE(all.find("     Port: 7777\n"), std::string::npos);
  EXPECT_THAT(all, ContainsRegex(" PID: 1234\n.*# Server initialized"));
}

TEST_F(LoggingTest, JsonShowsNoLogo) {
  auto logging = Open({.format = LogFormat::kJson});
  logging->WriteStartupBanner({.pid = 1, .version = "0.1.0", .always_shows_logo = true});
  std::istringstream lines(Written());
  for (std::string line; std::getline(lines, line);) EXPECT_EQ(line.front(), '{') << line;
}

TEST_F(LoggingTest, LinesOfManyThreadsStayWhole) {
  auto logging = Open({});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([] {
      for (int index = 0; index < 200; ++index) LOG(INFO) << std::string(100, 'x');
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream lines(Written());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_TRUE(line.ends_with("* " + std::string(100, 'x'))) << line;
  }
  EXPECT_EQ(count, 800);
}

TEST_F(LoggingTest, AFailedCheckIsInTheLogEvenAtNothing) {
  auto logging = Open({.level = LogLevel::kNothing});
  ::testing::FLAGS_gtest_death_test_style = "fast";
  EXPECT_DEATH(CHECK_EQ(1, 2) << "numbers differ", "");
  EXPECT_NE(Written().find("# Check failed: 1 == 2 (1 vs. 2) numbers differ"), std::string::npos)
      << Written();
}

TEST(LogWords, AreThoseOfTheDirectives) {
  EXPECT_EQ(ParseLogLevel("Verbose"), LogLevel::kVerbose);
  EXPECT_EQ(ParseLogLevel("nothing"), LogLevel::kNothing);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
  EXPECT_EQ(LogLevelName(LogLevel::kNotice), "notice");
  EXPECT_EQ(ParseSyslogFacility("LOCAL3"), 19 << 3);
  EXPECT_EQ(ParseSyslogFacility("local8"), std::nullopt);
}

TEST(RepeatLimiter, LetsOneThroughPerIntervalAndCountsTheRest) {
  RepeatLimiter limiter(1'000);
  EXPECT_EQ(limiter.Admit(5'000), 0u);
  EXPECT_EQ(limiter.Admit(5'500), std::nullopt);
  EXPECT_EQ(limiter.Admit(5'999), std::nullopt);
  EXPECT_EQ(limiter.Admit(6'000), 2u);
  EXPECT_EQ(limiter.Admit(9'000), 0u);
}

}  // namespace
}  // namespace ringtail::server
