// The process as the operating system and its supervisor see it: background, pid file, descriptors,
// signals.
//
//   IgnoreHangupAndPipe();
//   OpenFilesPlan files = RaiseOpenFilesLimit(config.maxclients, SystemOpenFilesLimit());
//   if (config.daemonize) TRY_VOID(Daemonize());
//   TRY(PidFile pid_file, PidFile::Create(config.pidfile));
//   NotifySupervisor("READY=1\n");
//
// Thread rule: everything here is for main(), before it starts other threads, except
// NotifySupervisor, which any thread may call.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "server/config/config.h"

namespace ringtail::server {

/// Goes on in a child without a terminal, its standard streams on /dev/null; the parent exits with
/// 0.
Result<void> Daemonize();

/// A file that holds our pid and goes away with this object.
class PidFile {
 public:
  /// Writes the pid of the calling process to `path`, over whatever was there.
  static Result<PidFile> Create(std::string path);
  ~PidFile();
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&& other) noexcept;

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  void Remove();

  std::string path_;  // Empty once moved from.
  // A child of ours that ends must not take the file with it.
  pid_t owner_ = 0;
};

/// Descriptors beyond those of clients: listeners, loops, logs, files being written.
inline constexpr uint64_t kReservedFilesCount = 32;

/// The limit on open files, as something that a test can stand in for.
class OpenFilesLimit {
 public:
  virtual ~OpenFilesLimit() = default;
  virtual uint64_t Current() const = 0;
  /// Whether the limit (and, if it must be, the hard one) now is `count`.
  virtual bool Set(uint64_t count) = 0;
};

/// RLIMIT_NOFILE.
class SystemOpenFilesLimit final : public OpenFilesLimit {
 public:
  uint64_t Current() const override;
  bool Set(uint64_t count) override;
};

struct OpenFilesPlan {
  /// What can be kept of the maxclients that was asked for; 0 if not even one client fits.
  uint64_t maxclients = 0;
  uint64_t files_count = 0;
  /// What the operator should read; empty if all is as asked for.
  std::string warning;
};

/// Raises the limit to maxclients + kReservedFilesCount, or as near as the system lets us.
OpenFilesPlan RaiseOpenFilesLimit(uint64_t maxclients, OpenFilesLimit& limit);

/// A client that hangs up or a closed terminal must not end the server: SIGPIPE and SIGHUP do
/// nothing.
void IgnoreHangupAndPipe();

/// Holds SIGTERM and SIGINT back in the calling thread and all that it starts from now on: only the
/// thread that watches for them (net::SignalWatcher) gets them, and nobody while the server ends, when
/// a second one would kill it halfway.
void BlockShutdownSignals();

/// What `wanted` comes to in this environment: kAuto looks for NOTIFY_SOCKET and UPSTART_JOB, and a
/// supervisor that is not there becomes kNo.
Supervision DetectSupervision(Supervision wanted);

/// Tells systemd (sd_notify's protocol: "READY=1\n", "STATUS=...", "STOPPING=1\n") over
/// NOTIFY_SOCKET. False when there is no such socket or it does not take the message.
bool NotifySupervisor(std::string_view state);

}  // namespace ringtail::server
