#include "server/config/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/config/config_words.h"
#include "server/config/directives.h"
#include "base/version.h"

namespace ringtail::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Shown(const Config& config, const std::string& name) {
  return PrintDirective(*FindDirective(name).directive, config);
}

LoadedConfig LoadGood(const std::string& text) {
  auto loaded = LoadConfigText(text, "", {});
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
  return loaded.ok() ? loaded.value() : LoadedConfig{};
}

std::string ReportOf(const std::string& text) {
  const auto loaded = LoadConfigText(text, "", {});
  return loaded.ok() ? "" : loaded.error().message;
}

// What redis-server reports, with our name in its place.
std::string Report(int line_number, const std::string& text, const std::string& reason) {
  return std::string("\n*** FATAL CONFIG FILE ERROR (Ringtail ") + std::string(kVersion) +
         ") ***\nReading the configuration file, at line " + std::to_string(line_number) +
         "\n>>> '" + text + "'\n" + reason + "\n";
}

CommandLine Read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ringtail-server");
  return ReadCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

Result<LoadedConfig> LoadArguments(std::vector<const char*> arguments,
                                   const std::string& input = "") {
  std::istringstream standard_input(input);
  return LoadConfig(Read(std::move(arguments)), standard_input, {});
}

// A directory of its own for each test, gone afterwards.
class ConfigFiles : public ::testing::Test {
 protected:
  ConfigFiles() {
    directory_ =
        std::filesystem::temp_directory_path() / ("ringtail-config-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
  }
  ~ConfigFiles() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }

  std::filesystem::path directory_;
};

TEST(ConfigLoader, LoadsTheFileOfAnOldRedis) {
  const LoadedConfig loaded = LoadGood(
      "maxmemory 2gb\n"
      "maxmemory-policy allkeys-lru\n"
      "activerehashing yes\n"
      "no-appendfsync-on-rewrite yes\n"
      "hash-max-ziplist-entries 512\n"
      "hash-max-ziplist-value 64\n"
      "list-max-ziplist-size -2\n"
      "zset-max-ziplist-entries 128\n"
      "zset-max-ziplist-value 64\n");
  const Config& config = loaded.config;
  EXPECT_EQ(config.memory.maxmemory_bytes, 2ULL << 30);
  EXPECT_EQ(config.memory.policy, MaxmemoryPolicy::kAllkeysLru);
  EXPECT_TRUE(config.persistence.is_fsync_skipped_on_rewrite);
  EXPECT_EQ(config.encodings.hash_entries_max, 512);
  EXPECT_EQ(config.encodings.hash_value_bytes_max, 64U);
  EXPECT_EQ(config.encodings.list_node_size, -2);
  EXPECT_EQ(config.encodings.zset_entries_max, 128);
  EXPECT_EQ(config.encodings.zset_value_bytes_max, 64U);
  EXPECT_THAT(loaded.warnings,
              ElementsAre("Directive 'no-appendfsync-on-rewrite' (line 4) has no effect in this "
                          "version"));
}

TEST(ConfigLoader, SkipsCommentsBlankLinesAndCarriageReturns) {
  const LoadedConfig loaded = LoadGood("# c\r\n\r\n  TIMEOUT   6\t\r\n   # d\nport 1");
  EXPECT_EQ(loaded.config.clients.idle_timeout_seconds, 6);
  EXPECT_EQ(loaded.config.network.port, 1);
}

TEST(ConfigLoader, ReadsSaveLinesAsRedisDoes) {
  EXPECT_EQ(Shown(LoadGood("").config, "save"), "3600 1 300 100 60 10000");
  EXPECT_EQ(Shown(LoadGood("save\n").config, "save"), "");
  EXPECT_EQ(Shown(LoadGood("save \"\"\n").config, "save"), "");
  EXPECT_EQ(Shown(LoadGood("save 1 2\nsave 3 4\n").config, "save"), "1 2 3 4");
  EXPECT_EQ(Shown(LoadGood("save 1 2\nsave 3 4\nsave \"\"\nsave 5 6\n").config, "save"), "5 6");
  EXPECT_EQ(Shown(LoadGood("save \"1 2\"\n").config, "save"), "1 2");
  EXPECT_EQ(Shown(LoadGood("save 3600 1\nsave 300 100\nsave 60 10000\nsave 5 1").config, "save"),
            "3600 1 300 100 60 10000 5 1");
  EXPECT_EQ(ReportOf("save \"1 2\" 3 4\n"),
            Report(1, "save \"1 2\" 3 4", "Invalid save parameters"));
}

TEST(ConfigLoader, AddsUpOutputLimitsOfSeveralLines) {
  const Config config =
      LoadGood("client-output-buffer-limit normal 1 2 3\nclient-output-buffer-limit pubsub 1 2 3\n")
          .config;
  EXPECT_EQ(Shown(config, "client-output-buffer-limit"),
            "normal 1 2 3 slave 268435456 67108864 60 pubsub 1 2 3");
}

TEST(ConfigLoader, ReportsMistakesInRedisForm) {
  const std::string bad = "Bad directive or wrong number of arguments";
  const std::string wrong_number = "wrong number of arguments";
  EXPECT_EQ(ReportOf("port 1\n\n# x\nbogus 1\n"), Report(4, "bogus 1", bad));
  EXPECT_EQ(ReportOf("no-such"), Report(1, "no-such", bad));
  EXPECT_EQ(ReportOf("include\n"), Report(1, "include", bad));
  EXPECT_EQ(ReportOf("user\n"), Report(1, "user", bad));
  EXPECT_EQ(ReportOf("rename-command a\n"), Report(1, "rename-command a", bad));
  EXPECT_EQ(ReportOf("port\n"), Report(1, "port", wrong_number));
  EXPECT_EQ(ReportOf("port 1 2\n"), Report(1, "port 1 2", wrong_number));
  EXPECT_EQ(ReportOf("timeout 6 # c\n"), Report(1, "timeout 6 # c", wrong_number));
  EXPECT_EQ(ReportOf("notify-keyspace-events K E\n"),
            Report(1, "notify-keyspace-events K E", wrong_number));
  EXPECT_EQ(ReportOf("sentinel x\n"),
            Report(1, "sentinel x", "sentinel directive while not in sentinel mode"));
  for (const char* text : {"requirepass \"abc", "timeout 5\"", "requirepass \"a\"b"}) {
    EXPECT_EQ(ReportOf(text), Report(1, text, "Unbalanced quotes in configuration line"));
  }
  EXPECT_THAT(ReportOf("logfile /nonexistent-directory/x\n"),
              HasSubstr("Can't open the log file: No such file or directory"));
}

TEST(ConfigLoader, AcceptsWhatRedisIgnores) {
  LoadGood("list-max-ziplist-entries 5\nlist-max-ziplist-value 5\nlua-replicate-commands no\n");
}

TEST(ConfigLoader, KeepsUsersAndRenamedCommands) {
  const Config config =
      LoadGood("user bob on >pw ~* +@all\nrename-command FLUSHALL \"\"\nrename-command get xget\n")
          .config;
  EXPECT_THAT(config.security.acl_users, ElementsAre("bob on >pw ~* +@all"));
  ASSERT_EQ(config.security.renamed_commands.size(), 2U);
  EXPECT_EQ(config.security.renamed_commands[0].to, "");
  EXPECT_EQ(config.security.renamed_commands[1].to, "xget");
}

TEST(ConfigLoader, ChecksRenamedCommandsWhereItKnowsTheCommands) {
  LoadHooks hooks;
  hooks.is_command = [](std::string_view name) { return name == "get" || name == "set"; };
  const auto reason = [&](const std::string& text) {
    const auto loaded = LoadConfigText(text, "", hooks);
    return loaded.ok() ? "" : loaded.error().message;
  };
  EXPECT_EQ(reason("rename-command get xget"), "");
  EXPECT_THAT(reason("rename-command foo bar"), HasSubstr("No such command in rename-command"));
  EXPECT_THAT(reason("rename-command get set"), HasSubstr("Target command name already exists"));
}

TEST(ConfigLoader, WarnsOfWhatHasNoEffectOnlyWhenItIsChanged) {
  EXPECT_THAT(LoadGood("tls-port 0\nio-threads 1\nappendonly no\nsave\n").warnings, IsEmpty());
  const auto warnings = LoadGood("tls-cluster yes\nappendonly yes\n").warnings;
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_THAT(warnings[0], HasSubstr("'tls-cluster' (line 1) has no effect: TLS is for clients"));
}

TEST(ConfigWords, AreSplitAndUnescapedAsInRedis) {
  EXPECT_THAT(*SplitLine(" a  b "), ElementsAre("a", "b"));
  EXPECT_THAT(*SplitLine(R"(a "b c" 'd e')"), ElementsAre("a", "b c", "d e"));
  EXPECT_THAT(*SplitLine(R"("\x41\n\t\\\"\q\xzz")"), ElementsAre("A\n\t\\\"qxzz"));
  EXPECT_THAT(*SplitLine(R"('a\'b\n')"), ElementsAre("a'b\\n"));
  EXPECT_THAT(*SplitLine(R"(a"b c")"), ElementsAre("ab c"));
  EXPECT_THAT(*SplitLine(R"("" x)"), ElementsAre("", "x"));
  EXPECT_EQ(SplitLine("\"a"), std::nullopt);
  EXPECT_EQ(SplitLine("'a'b"), std::nullopt);
  EXPECT_EQ(SplitLine("\"a\\"), std::nullopt);
}

TEST_F(ConfigFiles, AreReadBeforeStandardInputBeforeTheCommandLine) {
  const std::string path = Write("a.conf", "port 1\ntimeout 1\nhz 11\n");
  const auto loaded = LoadArguments({path.c_str(), "--hz", "13", "-"}, "timeout 2\nhz 12\n");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded.value().config.network.port, 1);
  EXPECT_EQ(loaded.value().config.clients.idle_timeout_seconds, 2);
  EXPECT_EQ(loaded.value().config.process.hz, 13);
  EXPECT_EQ(loaded.value().file_path, path);
}

TEST_F(ConfigFiles, IncludeOthersByNameAndPattern) {
  Write("one.conf", "timeout 1\nlist-max-ziplist-size -3\n");
  Write("b1.inc", "port 5\n");
  Write("b2.inc", "port 6\n");
  const Config config = LoadGood("include " + Path("one.conf") + "\ninclude " + Path("b*.inc") +
                                 "\ninclude " + Path("none*.conf") + "\ntimeout 2\n")
                            .config;
  EXPECT_EQ(config.clients.idle_timeout_seconds, 2);
  EXPECT_EQ(config.encodings.list_node_size, -3);
  EXPECT_EQ(config.network.port, 6);
}

TEST_F(ConfigFiles, IncludeRelativeToTheDirectoryThatDirNamed) {
  Write("one.conf", "timeout 9\n");
  const Config config = LoadGood("dir " + directory_.string() + "\ninclude one.conf\n").config;
  EXPECT_EQ(config.clients.idle_timeout_seconds, 9);
}

TEST_F(ConfigFiles, AreNamedInReportsOfMistakes) {
  const std::string bad = Write("bad.conf", "timeout 5\n\nmaxmemory zz\n");
  const std::string expected = "Reading the configuration file, at line 3 of " + bad +
                               "\n>>> 'maxmemory zz'\nargument must be a memory value\n";
  EXPECT_THAT(ReportOf("port 1\ninclude " + bad + "\n"), HasSubstr(expected));
}

TEST_F(ConfigFiles, ThatCannotBeReadStopTheStart) {
  const std::string none = Path("none.conf");
  const std::string expected =
      "Fatal error, can't open config file '" + none + "': No such file or directory\n";
  EXPECT_EQ(ReportOf("include " + none + "\n"), expected);
  const auto loaded = LoadArguments({none.c_str()});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().message, expected);
  EXPECT_THAT(ReportOf("include " + directory_.string()), HasSubstr("Is a directory"));
}

TEST_F(ConfigFiles, ThatIncludeThemselvesAreRefused) {
  const std::string path = Write("self.conf", "include " + Path("self.conf") + "\n");
  EXPECT_THAT(ReportOf("include " + path + "\n"), HasSubstr("Too many nested includes"));
}

// The expected lines are what redis-server 7.0.15 makes of the same arguments.
TEST(ConfigCommandLine, TurnsArgumentsIntoLines) {
  EXPECT_EQ(Read({"--save", "", "--port", "0", "--bind", "127.0.0.1", "::1"}).lines,
            "save \"\" \nport \"0\" \nbind \"127.0.0.1\" \"::1\" ");
  EXPECT_EQ(Read({"--save", "--port", "1"}).lines, "save \"\"\nport \"1\" ");
  EXPECT_EQ(Read({"--port", "1", "--save"}).lines, "port \"1\" \nsave \"\"");
  EXPECT_EQ(Read({"--port 1", "--timeout 5"}).lines, "port 1 \ntimeout 5 ");
  EXPECT_EQ(Read({"--requirepass", "--foo"}).lines, "requirepass \"--foo\" ");
  EXPECT_EQ(Read({"a.conf", "timeout", "7"}).lines, "\"timeout\" \"7\" ");
  EXPECT_EQ(Read({"-port", "1"}).lines, "\"-port\" \"1\" ");
}

TEST(ConfigCommandLine, TakesValuesBehindAnEqualsSign) {
  EXPECT_EQ(Read({"--maxmemory=1gb", "--port=0"}).lines, "maxmemory \"1gb\" \nport \"0\" ");
  EXPECT_EQ(Read({"--bogus=1"}).lines, "bogus=1 ");
  EXPECT_EQ(Read({"--slaveof=no one"}).lines, "slaveof \"no one\" ");
}

TEST(ConfigCommandLine, KnowsFileStandardInputVersionAndHelp) {
  EXPECT_EQ(Read({"/etc/x.conf", "--port", "1"}).file_path, "/etc/x.conf");
  EXPECT_EQ(Read({"--port", "1"}).file_path, "");
  EXPECT_TRUE(Read({"-", "--timeout", "3"}).is_standard_input_read);
  EXPECT_TRUE(Read({"/etc/x.conf", "-"}).is_standard_input_read);
  EXPECT_FALSE(Read({"/etc/x.conf"}).is_standard_input_read);
  for (const char* flag : {"-v", "--version"}) {
    EXPECT_EQ(Read({flag}).action, CommandLine::Action::kShowVersion);
  }
  for (const char* flag : {"-h", "--help"}) {
    EXPECT_EQ(Read({flag}).action, CommandLine::Action::kShowHelp);
  }
}

TEST(ConfigCommandLine, ReportsMistakesWithTheirText) {
  const auto loaded = LoadArguments({"--port", "1", "--bogus", "1", "2"});
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message, HasSubstr("at line 2 of the command line\n>>> 'bogus \"1\" "
                                                "\"2\"'\nBad directive or wrong number of "
                                                "arguments\n"));
}

TEST(ConfigCommandLine, HelpShowsEveryDirective) {
  testing::internal::CaptureStdout();
  ShowHelp("ringtail-server");
  const std::string help = testing::internal::GetCapturedStdout();
  for (const DirectiveGroup& group : DirectiveGroups()) {
    for (const Directive& directive : group.directives) {
      EXPECT_THAT(help, HasSubstr("--" + std::string(directive.name) + " "));
    }
  }
}

}  // namespace
}  // namespace ringtail::server
