#include "server/config/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/random.h"
#include "server/config/directives.h"
#include "server/config/loader.h"
#include "server/config/rewrite.h"

namespace ringtail::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

std::string SetError(ConfigStore& store, std::vector<Setting> settings,
                     ClientPlace place = ClientPlace::kRemote) {
  const auto set = store.Set(settings, place);
  return set.ok() ? "" : set.error().message;
}

std::vector<Setting> Get(const ConfigStore& store, std::vector<std::string_view> patterns) {
  return store.Get(patterns);
}

std::string Failed(const std::string& name, const std::string& reason) {
  return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + reason;
}

TEST(ConfigStore, GetsByNameAliasAndPattern) {
  const ConfigStore store(Config(), "");
  EXPECT_THAT(Get(store, {"TIMEOUT"}), ElementsAre(Pair("TIMEOUT", "0")));
  EXPECT_THAT(Get(store, {"slave-priority"}), ElementsAre(Pair("slave-priority", "100")));
  EXPECT_THAT(Get(store, {"hash-max-ziplist-entries"}),
              ElementsAre(Pair("hash-max-ziplist-entries", "512")));
  EXPECT_THAT(
      Get(store, {"*-percentage", "timeout", "time*"}),
      ::testing::UnorderedElementsAre(Pair("timeout", "0"), Pair("timeout-unauthenticated", "60"),
                                      Pair("auto-aof-rewrite-percentage", "100")));
  EXPECT_THAT(Get(store, {"no-such", "x*"}), IsEmpty());
}

TEST(ConfigStore, ShowsHiddenDirectivesOnlyByName) {
  const ConfigStore store(Config(), "");
  EXPECT_THAT(Get(store, {"*"}), Not(Contains(Pair("key-load-delay", "0"))));
  EXPECT_THAT(Get(store, {"key-load-delay"}), ElementsAre(Pair("key-load-delay", "0")));
}

TEST(ConfigStore, SetsSeveralAndPublishesThemTogether) {
  ConfigStore store(Config(), "");
  const auto before = store.Snapshot();
  const uint64_t version = store.version();
  EXPECT_EQ(
      SetError(store, {{"maxmemory", "2gb"}, {"maxmemory-policy", "allkeys-lru"}, {"save", ""}}),
      "");
  EXPECT_EQ(before->memory.maxmemory_bytes, 0U);
  EXPECT_EQ(store.Snapshot()->memory.maxmemory_bytes, 2ULL << 30);
  EXPECT_EQ(store.Snapshot()->memory.policy, MaxmemoryPolicy::kAllkeysLru);
  EXPECT_THAT(store.Snapshot()->persistence.save_points, IsEmpty());
  EXPECT_EQ(store.version(), version + 1);
}

// Each of these texts, and which mistake wins, was read off redis-server 7.0.15.
TEST(ConfigStore, RefusesInRedisWords) {
  ConfigStore store(Config(), "");
  EXPECT_EQ(SetError(store, {{"nosuch", "1"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  EXPECT_EQ(SetError(store, {{"timeout", "-1"}, {"nosuch", "2"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  EXPECT_EQ(SetError(store, {{"timeout", "1"}, {"timeout", "2"}}),
            Failed("timeout", "duplicate parameter"));
  EXPECT_EQ(SetError(store, {{"databases", "4"}, {"nosuch", "3"}}),
            Failed("databases", "can't set immutable config"));
  EXPECT_EQ(SetError(store, {{"databases", "16"}, {"databases", "15"}}),
            Failed("databases", "can't set immutable config"));
  EXPECT_EQ(SetError(store, {{"dir", "/"}}), Failed("dir", "can't set protected config"));
  EXPECT_EQ(SetError(store, {{"Timeout", "abc"}}),
            Failed("timeout", "argument couldn't be parsed into an integer"));
  EXPECT_EQ(SetError(store, {{"save", "10"}}), Failed("save", "Invalid save parameters"));
  EXPECT_EQ(SetError(store, {{"include", "x"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'include'");
  EXPECT_EQ(store.version(), 0U);
}

TEST(ConfigStore, SetsProtectedDirectivesWherePermitted) {
  Config config;
  config.security.protected_configs = Permission::kLocal;
  ConfigStore store(config, "");
  EXPECT_EQ(SetError(store, {{"dbfilename", "x.rdb"}}, ClientPlace::kRemote),
            Failed("dbfilename", "can't set protected config"));
  EXPECT_EQ(SetError(store, {{"dbfilename", "x.rdb"}}, ClientPlace::kLocal), "");
  config.security.protected_configs = Permission::kYes;
  ConfigStore open_store(config, "");
  EXPECT_EQ(SetError(open_store, {{"dbfilename", "x.rdb"}}, ClientPlace::kRemote), "");
}

TEST(ConfigStore, AppliesOnlyWhatChanges) {
  ConfigStore store(Config(), "");
  int calls = 0;
  store.OnChange({"maxclients", "timeout"}, [&](const Config& before, const Config& after) {
    ++calls;
    EXPECT_EQ(before.clients.clients_max, 10000);
    EXPECT_EQ(after.clients.clients_max, 7);
    return Result<void>();
  });
  EXPECT_EQ(SetError(store, {{"maxmemory", "1mb"}, {"timeout", "0"}}), "");
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(SetError(store, {{"maxclients", "7"}}), "");
  EXPECT_EQ(calls, 1);
}

TEST(ConfigStore, TakesBackWhatWasAppliedWhenAnApplierFails) {
  ConfigStore store(Config(), "");
  int64_t applied_timeout = 0;
  store.OnChange({"timeout"}, [&](const Config&, const Config& after) {
    applied_timeout = after.clients.idle_timeout_seconds;
    return Result<void>();
  });
  store.OnChange({"port"}, [](const Config&, const Config&) {
    return Result<void>(Error{"Unable to listen on this port. Check server logs."});
  });
  EXPECT_EQ(SetError(store, {{"timeout", "9"}, {"port", "1"}}),
            Failed("port", "Unable to listen on this port. Check server logs."));
  EXPECT_EQ(applied_timeout, 0);
  EXPECT_EQ(store.Snapshot()->clients.idle_timeout_seconds, 0);
  EXPECT_EQ(store.Snapshot()->network.port, 6379);
}

TEST(ConfigRewrite, KeepsCommentsAndOrderAndAddsWhatIsNew) {
  const std::string old_text =
      "# top\nport 7000\n\n# idle\ntimeout 5\nsave 900 1\nsave 300 10\nhash-max-ziplist-entries "
      "100\n"
      "slave-priority 77\nrequirepass \"\"\nrename-command FLUSHALL \"\"\nuser bob on\nloglevel "
      "notice\n"
      "timeout 6\ninclude /etc/more.conf\n";
  Config config = LoadConfigText(
                      "port 7000\ntimeout 6\nsave 60 1\nhash-max-ziplist-entries 100\n"
                      "replica-priority 77\nlfu-log-factor 12\nmaxmemory 100mb\nmasterauth 'a b'\n"
                      "client-output-buffer-limit replica 1gb 1000 60\nnotify-keyspace-events Ex\n",
                      "", {})
                      .value()
                      .config;
  EXPECT_EQ(
      RewriteConfigText(old_text, config),
      "# top\nport 7000\n\n# idle\ntimeout 6\nsave 60 1\nhash-max-listpack-entries 100\n"
      "replica-priority 77\nrename-command FLUSHALL \"\"\nuser bob on\nloglevel notice\n"
      "include /etc/more.conf\n"
      "\n# Generated by CONFIG REWRITE\nclient-output-buffer-limit replica 1gb 1000 60\n"
      "maxmemory 100mb\nlfu-log-factor 12\nnotify-keyspace-events \"xE\"\nmasterauth \"a b\"\n");
}

TEST(ConfigRewrite, ChangesNothingTheSecondTime) {
  Config config;
  config.memory.maxmemory_bytes = 12345;
  config.persistence.save_points.clear();
  const std::string once = RewriteConfigText("# mine\nport 6379\n", config);
  EXPECT_EQ(once,
            "# mine\nport 6379\n\n# Generated by CONFIG REWRITE\nmaxmemory 12345\nsave \"\"\n");
  EXPECT_EQ(RewriteConfigText(once, config), once);
}

// Random settings over random old files: what is written reads back as what the server ran with.
TEST(ConfigRewrite, IsReadBackAsTheSameConfig) {
  const uint64_t seed = 4711;
  SCOPED_TRACE(seed);
  Random random(seed);
  std::vector<const Directive*> directives;
  for (const DirectiveGroup& group : DirectiveGroups()) {
    for (const Directive& directive : group.directives) directives.push_back(&directive);
  }
  const std::vector<std::string> values = {
      "yes", "no",          "1",   "2gb",          "7",    "5 6",  "a b",      "",
      "KEA", "allkeys-lru", "755", "pubsub 1 2 3", "50 9", "x\ty", "save now", "1 2 3"};
  for (int round = 0; round < 200; ++round) {
    Config config;
    std::string old_text = "# start\n";
    for (int i = 0; i < 40; ++i) {
      const Directive& directive = *directives[random.Below(directives.size())];
      const std::string& value = values[random.Below(values.size())];
      if (random.Below(2) == 0) {
        old_text +=
            std::string(directive.alias ? directive.alias : directive.name) + " " + value + "\n";
      }
      Config copy = config;
      if (std::string(directive.name) == "logfile") continue;
      if (SetDirective(directive, {&value, 1}, Origin::kCommand, copy).ok()) config = copy;
    }
    const std::string text = RewriteConfigText(old_text, config);
    const auto loaded = LoadConfigText(text, "", {});
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    for (const Directive* directive : directives) {
      ASSERT_EQ(PrintDirective(*directive, loaded.value().config),
                PrintDirective(*directive, config))
          << directive->name << "\n"
          << text;
    }
  }
}

class ConfigRewriteFile : public ::testing::Test {
 protected:
  ConfigRewriteFile() {
    directory_ =
        std::filesystem::temp_directory_path() / ("ringtail-rewrite-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
  }
  ~ConfigRewriteFile() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  static std::string Content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path directory_;
};

TEST_F(ConfigRewriteFile, IsReplacedWholeWithItsPermissions) {
  const std::string path = Path("r.conf");
  std::ofstream(path) << "# mine\ntimeout 5\n";
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  std::filesystem::create_symlink(path, Path("link.conf"));
  ConfigStore store(Config(), Path("link.conf"));
  ASSERT_EQ(SetError(store, {{"timeout", "8"}}), "");
  ASSERT_TRUE(store.Rewrite().ok());
  EXPECT_EQ(Content(path), "# mine\ntimeout 8\n");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link.conf")));
  const auto left = std::distance(std::filesystem::directory_iterator(directory_), {});
  EXPECT_EQ(left, 2) << "a temporary file was left behind";
}

TEST_F(ConfigRewriteFile, IsMadeAnewIfItIsGone) {
  ConfigStore store(Config(), Path("gone.conf"));
  ASSERT_EQ(SetError(store, {{"timeout", "8"}}), "");
  ASSERT_TRUE(store.Rewrite().ok());
  EXPECT_EQ(Content(Path("gone.conf")), "\n# Generated by CONFIG REWRITE\ntimeout 8\n");
}

TEST_F(ConfigRewriteFile, FailuresAreAnswered) {
  ConfigStore without_file(Config(), "");
  EXPECT_EQ(without_file.Rewrite().error().message,
            "ERR The server is running without a config file");
  ConfigStore nowhere(Config(), Path("no-directory/r.conf"));
  EXPECT_EQ(nowhere.Rewrite().error().message,
            "ERR Rewriting config file: No such file or directory");
}

}  // namespace
}  // namespace ringtail::server
