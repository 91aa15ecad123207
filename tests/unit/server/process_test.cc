#include "server/process.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

namespace ringtail::server {
namespace {

std::string TempPath(const std::string& name) {
  return ::testing::TempDir() + "ringtail_" + name + "_" + std::to_string(getpid());
}

// A system that grants up to a ceiling.
class LimitUpTo final : public OpenFilesLimit {
 public:
  LimitUpTo(uint64_t current, uint64_t ceiling) : current_(current), ceiling_(ceiling) {}
  uint64_t Current() const override { return current_; }
  bool Set(uint64_t count) override {
    ++calls_;
    if (count > ceiling_) return false;
    current_ = count;
    return true;
  }
  int calls() const { return calls_; }

 private:
  uint64_t current_;
  uint64_t ceiling_;
  int calls_ = 0;
};

TEST(PidFile, HoldsThePidAndGoesAwayWithItsObject) {
  const std::string path = TempPath("pid");
  {
    Result<PidFile> created = PidFile::Create(path);
    ASSERT_TRUE(created.ok());
    const PidFile file = std::move(created).value();
    std::string line;
    std::getline(std::ifstream(path) >> std::ws, line);
    EXPECT_EQ(line, std::to_string(getpid()));
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(PidFile, SaysWhichFileCannotBeWritten) {
  const Result<PidFile> created = PidFile::Create("/nonexistent/ringtail.pid");
  ASSERT_FALSE(created.ok());
  EXPECT_NE(created.error().message.find("/nonexistent/ringtail.pid"), std::string::npos);
}

TEST(PidFile, IsNotTakenAwayByAChildThatEnds) {
  const std::string path = TempPath("pid");
  Result<PidFile> created = PidFile::Create(path);
  ASSERT_TRUE(created.ok());
  const pid_t child = fork();
  if (child == 0) {
    { const PidFile moved = std::move(created).value(); }
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
}

TEST(OpenFiles, AreLeftAloneWhenThereAreEnough) {
  LimitUpTo limit(20'000, 20'000);
  const OpenFilesPlan plan = RaiseOpenFilesLimit(10'000, limit);
  EXPECT_EQ(plan.maxclients, 10'000u);
  EXPECT_EQ(plan.warning, "");
  EXPECT_EQ(limit.calls(), 0);
}

TEST(OpenFiles, AreRaisedToWhatMaxclientsNeeds) {
  LimitUpTo limit(1'024, 1'000'000);
  const OpenFilesPlan plan = RaiseOpenFilesLimit(10'000, limit);
  EXPECT_EQ(limit.Current(), 10'032u);
  EXPECT_EQ(plan.files_count, 10'032u);
  EXPECT_EQ(plan.maxclients, 10'000u);
  EXPECT_EQ(plan.warning, "");
}

TEST(OpenFiles, LowerMaxclientsWhenTheSystemRefuses) {
  for (const uint64_t ceiling : {1'024u, 1'025u, 4'096u, 10'031u}) {
    LimitUpTo limit(1'024, ceiling);
    const OpenFilesPlan plan = RaiseOpenFilesLimit(10'000, limit);
    EXPECT_EQ(limit.Current(), ceiling);
    EXPECT_EQ(plan.maxclients, ceiling - kReservedFilesCount);
    EXPECT_NE(plan.warning.find("reduced to " + std::to_string(plan.maxclients)),
              std::string::npos);
    EXPECT_LT(limit.calls(), 20);
  }
}

TEST(OpenFiles, TooFewForOneClientLeaveNone) {
  LimitUpTo limit(20, 20);
  EXPECT_EQ(RaiseOpenFilesLimit(10'000, limit).maxclients, 0u);
}

TEST(OpenFiles, TheSystemsLimitCanBeReadAndSetToItself) {
  SystemOpenFilesLimit limit;
  const uint64_t current = limit.Current();
  EXPECT_TRUE(limit.Set(current));
  EXPECT_EQ(limit.Current(), current);
}

TEST(Daemonize, GoesOnInAChildOfItsOwnSession) {
  const std::string path = TempPath("daemon");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    if (!Daemonize().ok()) _exit(1);
    std::ofstream(path) << getpid() << ' ' << getsid(0) << '\n';
    _exit(0);
  }
  int status = -1;
  waitpid(parent, &status, 0);
  EXPECT_EQ(status, 0);
  pid_t pid = 0;
  pid_t session = 0;
  std::ifstream(path) >> pid >> session;
  unlink(path.c_str());
  EXPECT_NE(pid, parent);
  EXPECT_GT(pid, 0);
  EXPECT_EQ(session, pid);
}

TEST(Signals, ABlockedShutdownSignalDoesNotEndTheProcess) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const pid_t child = fork();
    if (child == 0) {
      BlockShutdownSignals();
      raise(signal);
      _exit(42);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 42);
  }
}

TEST(Signals, ABrokenPipeIsAnErrorAndNoDeath) {
  const pid_t child = fork();
  if (child == 0) {
    IgnoreHangupAndPipe();
    std::array<int, 2> ends;
    if (pipe(ends.data()) != 0) _exit(1);
    close(ends[0]);
    raise(SIGHUP);
    _exit(write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// The supervisor's end of NOTIFY_SOCKET.
class NotifyTest : public ::testing::TestWithParam<const char*> {
 protected:
  void Listen(const std::string& name) {
    fd_ = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), bytes), 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("NOTIFY_SOCKET");
    if (fd_ >= 0) close(fd_);
  }
  std::string Received() const {
    std::array<char, 256> buffer;
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return got > 0 ? std::string(buffer.data(), static_cast<size_t>(got)) : "";
  }

  int fd_ = -1;
};

TEST_P(NotifyTest, ReachesTheSocketThatTheEnvironmentNames) {
  const std::string path = GetParam() + TempPath("notify");
  Listen(path);
  EXPECT_TRUE(NotifySupervisor("READY=1\n"));
  EXPECT_EQ(Received(), "READY=1\n");
  unlink(path.c_str());
}
INSTANTIATE_TEST_SUITE_P(FileAndAbstract, NotifyTest, ::testing::Values("", "@"));

TEST(Notify, IsNothingWithoutASupervisor) {
  unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(NotifySupervisor("READY=1\n"));
  EXPECT_EQ(DetectSupervision(Supervision::kAuto), Supervision::kNo);
  EXPECT_EQ(DetectSupervision(Supervision::kSystemd), Supervision::kNo);
}

TEST(Notify, AutoFindsSystemd) {
  setenv("NOTIFY_SOCKET", "@nobody", 1);
  EXPECT_EQ(DetectSupervision(Supervision::kAuto), Supervision::kSystemd);
  EXPECT_EQ(DetectSupervision(Supervision::kNo), Supervision::kNo);
  EXPECT_FALSE(NotifySupervisor("READY=1\n"));
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace ringtail::server
