#include "base/env.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <random>
#include <string>

#include "tests/tools/fault_env.h"

namespace ringtail {
namespace {

std::string ContentOf(Env& env, const std::string& path) {
  auto file = env.OpenFile(path);
  if (!file.ok()) return file.error().message;
  std::string all;
  char room[7];
  for (;;) {
    const auto count = file.value()->Read(room);
    if (!count.ok()) return count.error().message;
    if (count.value() == 0) return all;
    all.append(room, count.value());
  }
}

Result<void> Replace(Env& env, const std::string& path, std::string_view bytes) {
  TRY(auto file, ReplacementFile::Create(env, path));
  for (const char byte : bytes) TRY_VOID(file.Append({&byte, 1}));
  return file.Commit();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/ringtail-env-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TemporaryFolder() {
    auto names = PosixEnv().ListFolder(path_);
    for (const std::string& name : names.value()) EXPECT_TRUE(PosixEnv().RemoveFile(In(name)).ok());
    ::rmdir(path_.c_str());
  }
  std::string In(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(PosixEnv, FilesAreWrittenReadRenamedAndRemoved) {
  TemporaryFolder folder;
  Env& env = PosixEnv();
  const std::string path = folder.In("one");
  {
    auto file = env.CreateFile(path);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(file.value()->Append("hello ").ok());
    EXPECT_TRUE(file.value()->Sync().ok());
  }
  {
    auto file = env.AppendToFile(path);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(file.value()->Append("world").ok());
  }
  EXPECT_EQ(ContentOf(env, path), "hello world");
  EXPECT_EQ(env.OpenFile(path).value()->Size().value(), 11u);
  EXPECT_TRUE(env.TruncateFile(path, 5).ok());
  EXPECT_EQ(ContentOf(env, path), "hello");
  EXPECT_TRUE(env.RenameFile(path, folder.In("two")).ok());
  EXPECT_FALSE(env.HasFile(path));
  EXPECT_EQ(env.ListFolder(folder.path()).value(), std::vector<std::string>{"two"});
  EXPECT_TRUE(env.SyncFolder(folder.path()).ok());
  EXPECT_TRUE(env.RemoveFile(folder.In("two")).ok());
}

TEST(PosixEnv, ErrorsNameTheFileAndTheReason) {
  Env& env = PosixEnv();
  EXPECT_EQ(env.OpenFile("/nowhere/a").error().message,
            "cannot open /nowhere/a: No such file or directory");
  EXPECT_EQ(env.CreateFile("/nowhere/a").error().message,
            "cannot create /nowhere/a: No such file or directory");
  EXPECT_EQ(Replace(env, "/nowhere/a", "x").error().message.substr(0, 23), "cannot create /nowhere/");
  auto full = env.AppendToFile("/dev/full");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full.value()->Append("x").error().message,
            "cannot write to /dev/full: No space left on device");
}

TEST(Env, TheFolderOfAPath) {
  EXPECT_EQ(FolderOf("/a/b/c"), "/a/b");
  EXPECT_EQ(FolderOf("/a"), "/");
  EXPECT_EQ(FolderOf("a"), ".");
}

TEST(ReplacementFile, LeavesNothingBehindUnlessCommitted) {
  TemporaryFolder folder;
  {
    auto file = ReplacementFile::Create(PosixEnv(), folder.In("data"));
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(file.value().Append("half").ok());
  }
  EXPECT_TRUE(PosixEnv().ListFolder(folder.path()).value().empty());
  EXPECT_TRUE(Replace(PosixEnv(), folder.In("data"), "whole").ok());
  EXPECT_EQ(PosixEnv().ListFolder(folder.path()).value(), std::vector<std::string>{"data"});
  EXPECT_EQ(ContentOf(PosixEnv(), folder.In("data")), "whole");
}

// Wherever the machine stops, the old file or the new one is there, whole; and the new one once Commit
// has said so.
TEST(ReplacementFile, IsAllOrNothingWhereverTheMachineStops) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string old_bytes(100, 'o');
  const std::string new_bytes(150, 'n');
  int committed_count = 0;
  for (uint64_t steps = 0; steps < 170; ++steps) {
    for (int round = 0; round < 20; ++round) {
      FaultEnv env;
      ASSERT_TRUE(Replace(env, "data/file", old_bytes).ok());
      env.StopAfterSteps(steps);
      const bool is_committed = Replace(env, "data/file", new_bytes).ok();
      env.PowerUp(random);
      const std::string found = ContentOf(env, "data/file");
      EXPECT_TRUE(found == new_bytes || (!is_committed && found == old_bytes)) << steps;
      committed_count += is_committed;
    }
  }
  EXPECT_GT(committed_count, 0);
}

TEST(ReplacementFile, AFullDiskKeepsTheOldFile) {
  FaultEnv env;
  ASSERT_TRUE(Replace(env, "file", "old").ok());
  env.FailAfterBytes(10);
  const auto replaced = Replace(env, "file", std::string(100, 'n'));
  ASSERT_FALSE(replaced.ok());
  EXPECT_TRUE(replaced.error().message.ends_with("No space left on device"));
  EXPECT_EQ(ContentOf(env, "file"), "old");
  EXPECT_EQ(env.ListFolder(".").value(), std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace ringtail
