// Where every line that the server says goes: to standard output, a file or syslog, as text or as
// JSON.
//
//   auto logging = Logging::Open({.level = LogLevel::kNotice, .file = config.logfile});
//   LOG(WARNING) << "Could not write " << path;      // '#'
//   LOG(INFO) << "Saved in " << duration_ms << " ms"; // '*', Redis's notice
//   VLOG(1) << "verbose";                            // '-'
//   VLOG(2) << "debug";                              // '.'
//
// The statements are glog's; what they say arrives at one sink, ours. Text lines have
// redis-server's form
// (`<pid>:M 20 Nov 2026 23:29:43.123 * message`), so what reads its logs reads these. JSON is one
// object a line. A message is always one line: control characters in it are escaped, so nothing
// that a client sends can forge a line. The log file is opened anew for every line, as Redis does,
// so it may be moved away at any time. A line costs three system calls and no allocation of ours;
// nothing is logged per command.
//
// Include this header, not <glog/logging.h>: it gives VLOG the levels above.
//
// Thread rule: any thread may log and SetLevel. Open once, before other threads, and destroy last.
#pragma once

#include <glog/logging.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/config/config.h"

namespace ringtail::server {

/// The level that the `loglevel` directive names, if it is one. Case does not matter.
std::optional<LogLevel> ParseLogLevel(std::string_view name);
/// The directive's word for a level.
std::string_view LogLevelName(LogLevel level);
/// The number of a syslog facility (`user`, `local0` to `local7`), if it is one.
std::optional<int> ParseSyslogFacility(std::string_view name);

struct LogOptions {
  LogLevel level = LogLevel::kNotice;
  LogFormat format = LogFormat::kText;
  /// Empty: standard output.
  std::string file = {};
  bool is_syslog_enabled = false;
  std::string syslog_ident = "ringtail";
  /// As ParseSyslogFacility gives it; the default is local0.
  int syslog_facility = 16 << 3;
};

/// What the lines at start-up tell.
struct StartupFacts {
  std::string_view mode = "standalone";
  int port = 6379;
  pid_t pid = 0;
  std::string_view version;
  int threads = 1;
  /// The directive always-show-logo.
  bool always_shows_logo = false;
};

class LogSink;

class Logging {
 public:
  /// Takes over glog's output. Fails if the log file cannot be opened for appending.
  static Result<std::unique_ptr<Logging>> Open(LogOptions options);
  ~Logging();
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  /// Changes what is said from now on; the directive loglevel is mutable.
  void SetLevel(LogLevel level);
  LogLevel level() const;

  /// The letter behind the pid: M master, S replica, C a process that has not started to serve.
  void SetRole(char role);

  /// The lines by which tools know a redis-server's start: mode and port, the pid, "Server
  /// initialized". With a logo when asked for, or when a person watches (standard output is a
  /// terminal).
  void WriteStartupBanner(const StartupFacts& facts);

 private:
  explicit Logging(LogOptions options);

  std::unique_ptr<LogSink> sink_;
};

/// Whether a line of this level would be written; for arguments that are costly to make.
bool IsLogged(LogLevel level);

/// "Failed listening on port 6379 (TCP), aborting." at warning, as tools that try ports expect it.
void LogListenFailure(int port, std::string_view kind);

/// Lets one in so many repetitions of a warning through, so that a broken disk or a flood of
/// clients does not fill the log.
///
///   static RepeatLimiter limiter(1'000);
///   if (auto hidden = limiter.Admit(now_ms)) LOG(WARNING) << "accept failed (" << *hidden << "
///   more hidden)";
///
/// Any thread may use one.
class RepeatLimiter {
 public:
  explicit constexpr RepeatLimiter(int64_t interval_ms) : interval_ms_(interval_ms) {}
  /// The number of repetitions hidden since the last one that was let through, or nothing to hide
  /// this one.
  std::optional<uint64_t> Admit(int64_t now_ms);

 private:
  const int64_t interval_ms_;
  std::atomic<int64_t> next_ms_{INT64_MIN};
  std::atomic<uint64_t> hidden_count_{0};
};

/// One message at a level that glog has no word for. Used through VLOG.
class LeveledMessage {
 public:
  LeveledMessage(LogLevel level, const char* file, int line)
      : scope_(level), message_(file, line, google::GLOG_INFO) {}
  std::ostream& stream() { return message_.stream(); }

 private:
  // Tells the sink, on this thread and until the message has been sent, which level it has.
  struct LevelScope {
    explicit LevelScope(LogLevel level);
    ~LevelScope();
  };

  LevelScope
      scope_;  // Before message_: it must outlive the sending, which is message_'s destruction.
  google::LogMessage message_;
};

}  // namespace ringtail::server

#undef VLOG
#define VLOG(verbosity)                                                                     \
  !::ringtail::server::IsLogged((verbosity) <= 1 ? ::ringtail::server::LogLevel::kVerbose   \
                                                 : ::ringtail::server::LogLevel::kDebug)    \
      ? static_cast<void>(0)                                                                \
      : google::LogMessageVoidify() &                                                       \
            ::ringtail::server::LeveledMessage((verbosity) <= 1                             \
                                                   ? ::ringtail::server::LogLevel::kVerbose \
                                                   : ::ringtail::server::LogLevel::kDebug,  \
                                               __FILE__, __LINE__)                          \
                .stream()
