#include "server/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ringtail::server {
namespace {

Error SystemError(std::string_view what) {
  return Error{std::string(what) + ": " + std::strerror(errno)};
}

}  // namespace

Result<void> Daemonize() {
  // Whatever waits in stdio's buffers would otherwise be written twice.
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return SystemError("Can't go to the background");
  if (child > 0) _exit(0);
  setsid();
  const int null_fd = open("/dev/null", O_RDWR);
  if (null_fd < 0) return SystemError("Can't open /dev/null");
  dup2(null_fd, STDIN_FILENO);
  dup2(null_fd, STDOUT_FILENO);
  dup2(null_fd, STDERR_FILENO);
  if (null_fd > STDERR_FILENO) close(null_fd);
  return {};
}

Result<PidFile> PidFile::Create(std::string path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError("Can't write the pid file " + path);
  const std::string line = std::to_string(getpid()) + "\n";
  const bool is_written = write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const Error failure = SystemError("Can't write the pid file " + path);
  close(fd);
  if (!is_written) {
    unlink(path.c_str());
    return failure;
  }
  PidFile file(std::move(path));
  file.owner_ = getpid();
  return file;
}

PidFile::~PidFile() { Remove(); }

PidFile::PidFile(PidFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), owner_(other.owner_) {}

PidFile& PidFile::operator=(PidFile&& other) noexcept {
  if (this == &other) return *this;
  Remove();
  path_ = std::exchange(other.path_, {});
  owner_ = other.owner_;
  return *this;
}

void PidFile::Remove() {
  if (!path_.empty() && owner_ == getpid()) unlink(path_.c_str());
}

uint64_t SystemOpenFilesLimit::Current() const {
  rlimit limit{};
  // Without an answer, what POSIX guarantees at most programs live with.
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

bool SystemOpenFilesLimit::Set(uint64_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = count;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, count);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

OpenFilesPlan RaiseOpenFilesLimit(uint64_t maxclients, OpenFilesLimit& limit) {
  const uint64_t wanted = maxclients + kReservedFilesCount;
  const uint64_t before = limit.Current();
  if (before >= wanted) return {.maxclients = maxclients, .files_count = before, .warning = {}};

  // Halving the interval finds the largest limit that the system grants without trying each.
  uint64_t granted = before;
  uint64_t refused = wanted + 1;
  for (uint64_t next = wanted; granted + 1 < refused; next = granted + (refused - granted) / 2) {
    if (limit.Set(next)) {
      granted = next;
    } else {
      refused = next;
    }
  }
  if (granted >= wanted) return {.maxclients = maxclients, .files_count = granted, .warning = {}};

  OpenFilesPlan plan;
  plan.files_count = granted;
  plan.maxclients = granted > kReservedFilesCount ? granted - kReservedFilesCount : 0;
  plan.warning = "maxclients " + std::to_string(maxclients) + " needs " + std::to_string(wanted) +
                 " open files, and the system allows " + std::to_string(granted) + ". ";
  plan.warning += plan.maxclients == 0
                      ? "That is too few to start: raise 'ulimit -n'."
                      : "maxclients has been reduced to " + std::to_string(plan.maxclients) +
                            "; for more, raise 'ulimit -n'.";
  return plan;
}

void IgnoreHangupAndPipe() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
}

void BlockShutdownSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Supervision DetectSupervision(Supervision wanted) {
  const bool has_systemd = std::getenv("NOTIFY_SOCKET") != nullptr;
  const bool has_upstart = std::getenv("UPSTART_JOB") != nullptr;
  switch (wanted) {
    case Supervision::kNo:
      return Supervision::kNo;
    case Supervision::kSystemd:
      return has_systemd ? Supervision::kSystemd : Supervision::kNo;
    case Supervision::kUpstart:
      return has_upstart ? Supervision::kUpstart : Supervision::kNo;
    case Supervision::kAuto:
      break;
  }
  if (has_upstart) return Supervision::kUpstart;
  return has_systemd ? Supervision::kSystemd : Supervision::kNo;
}

bool NotifySupervisor(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return false;
  sockaddr_un address{};
  const size_t path_bytes = std::strlen(path);
  if (path_bytes >= sizeof(address.sun_path)) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, path_bytes);
  if (path[0] == '@') address.sun_path[0] = '\0';  // A name that is not in the file system.
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const auto address_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_bytes);
  const ssize_t sent = sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), address_bytes);
  close(fd);
  return sent == static_cast<ssize_t>(state.size());
}

}  // namespace ringtail::server
