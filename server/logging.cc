#include "server/logging.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <utility>

// glog asks for the time zone with every message. glibc guards it with a lock that ThreadSanitizer
// cannot see, since glibc is not built for it, and so reports a race where there is none.
#if defined(__SANITIZE_THREAD__)
#define RINGTAIL_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RINGTAIL_UNDER_TSAN 1
#endif
#endif
#if defined(RINGTAIL_UNDER_TSAN)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:tzset_internal\n"; }
#endif

namespace ringtail::server {
namespace {

// Longer messages are cut. Redis cuts at 1 KiB; a list of nodes or a directive's value may be
// longer.
constexpr size_t kMessageBytesMax = 4096;
// The longest escape is \u00XX, six bytes for one.
constexpr size_t kEscapeBytesMax = 6;
// Room for everything around the message: date, level, pid, file.
constexpr size_t kFrameBytesMax = 512;

struct LevelWords {
  std::string_view name;
  char mark;
  int syslog_priority;
};
constexpr std::array<LevelWords, 5> kLevels = {{{"debug", '.', LOG_DEBUG},
                                                {"verbose", '-', LOG_INFO},
                                                {"notice", '*', LOG_NOTICE},
                                                {"warning", '#', LOG_WARNING},
                                                {"nothing", '#', LOG_WARNING}}};

struct Facility {
  const char* name;
  int number;
};
constexpr std::array<Facility, 9> kFacilities = {{{"user", LOG_USER},
                                                  {"local0", LOG_LOCAL0},
                                                  {"local1", LOG_LOCAL1},
                                                  {"local2", LOG_LOCAL2},
                                                  {"local3", LOG_LOCAL3},
                                                  {"local4", LOG_LOCAL4},
                                                  {"local5", LOG_LOCAL5},
                                                  {"local6", LOG_LOCAL6},
                                                  {"local7", LOG_LOCAL7}}};

constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const LevelWords& WordsOf(LogLevel level) { return kLevels[static_cast<size_t>(level)]; }

// The one level of the process. glog itself is one per process, and a VLOG that is off must cost a
// load.
std::atomic<LogLevel> process_level{LogLevel::kNotice};
// Set while a LeveledMessage is on its way to the sink, on the thread that sends it.
thread_local std::optional<LogLevel> level_in_flight;

// glog's own failure function prints a stack and disarms SIGABRT; the crash report does that
// better.
// Its type asks for the compilers' own attribute; to clang the standard one makes another type.
__attribute__((noreturn)) void AbortAfterCheck() { std::abort(); }

void SilenceGlogItself() {
  if (!google::IsGoogleLoggingInitialized()) google::InitGoogleLogging("ringtail-server");
  google::InstallFailureFunction(&AbortAfterCheck);
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");
  }
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
}

// Appends within a buffer of fixed size; what does not fit is dropped.
class LineBuffer {
 public:
  void Clear() { size_ = 0; }
  void Append(char byte) {
    if (size_ < bytes_.size()) bytes_[size_++] = byte;
  }
  void Append(std::string_view text) {
    const size_t taken = std::min(text.size(), bytes_.size() - size_);
    std::memcpy(bytes_.data() + size_, text.data(), taken);
    size_ += taken;
  }
  template <typename... Values>
  void Format(const char* format, Values... values) {
    const int wanted =
        std::snprintf(bytes_.data() + size_, bytes_.size() - size_, format, values...);
    if (wanted > 0) size_ = std::min(bytes_.size() - 1, size_ + static_cast<size_t>(wanted));
  }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kMessageBytesMax * kEscapeBytesMax + kFrameBytesMax> bytes_;
  size_t size_ = 0;
};

bool IsControl(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

void AppendTextMessage(std::string_view message, LineBuffer& out) {
  for (const char byte : message) {
    if (byte == '\n') {
      out.Append("\\n");
    } else if (IsControl(byte) && byte != '\t') {
      out.Format("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    } else {
      out.Append(byte);
    }
  }
}

// The length of the UTF-8 sequence that `text` begins with, 0 if it is none (overlong forms,
// surrogates and numbers above 10FFFF are none; RFC 3629).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t index) {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0u;
  };
  const auto continues = [&](size_t index) { return (byte(index) & 0xc0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;
    if (lead == 0xed && byte(1) > 0x9f) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0 && byte(1) < 0x90) return 0;
    if (lead == 0xf4 && byte(1) > 0x8f) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void AppendJsonString(std::string_view text, LineBuffer& out) {
  out.Append('"');
  while (!text.empty()) {
    const char byte = text.front();
    size_t taken = 1;
    if (byte == '"' || byte == '\\') {
      out.Append('\\');
      out.Append(byte);
    } else if (byte == '\n') {
      out.Append("\\n");
    } else if (byte == '\t') {
      out.Append("\\t");
    } else if (IsControl(byte)) {
      out.Format("\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    } else if (taken = Utf8Length(text); taken == 0) {
      out.Append("\\ufffd");
      taken = 1;
    } else {
      out.Append(text.substr(0, taken));
    }
    text.remove_prefix(taken);
  }
  out.Append('"');
}

// The whole of `text`, however many calls it takes. There is nobody to tell of a failure.
void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

int OpenForAppending(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

}  // namespace

// Where glog hands over each message. send() runs under glog's sink lock, on the thread that logs.
class LogSink final : public google::LogSink {
 public:
  explicit LogSink(LogOptions options) : options_(std::move(options)) {
    if (options_.is_syslog_enabled) {
      openlog(options_.syslog_ident.c_str(), LOG_PID | LOG_NDELAY | LOG_NOWAIT,
              options_.syslog_facility);
    }
    google::AddLogSink(this);
  }
  ~LogSink() override {
    google::RemoveLogSink(this);
    if (options_.is_syslog_enabled) closelog();
  }

  using google::LogSink::send;
  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* base_filename,
            int line, const google::LogMessageTime& time, const char* message,
            size_t message_bytes) override {
    const LogLevel level = severity > google::GLOG_INFO
                               ? LogLevel::kWarning
                               : level_in_flight.value_or(LogLevel::kNotice);
    // A failed CHECK is said even at `nothing`: the process ends with it.
    if (!IsLogged(level) && severity != google::GLOG_FATAL) return;
    const std::string_view text(message, std::min(message_bytes, kMessageBytesMax));
    std::lock_guard lock(mutex_);
    line_.Clear();
    if (options_.format == LogFormat::kJson) {
      FormatJson(level, base_filename, line, time, text);
    } else {
      FormatText(level, time, text);
    }
    Write(line_.text());
    if (options_.is_syslog_enabled) {
      syslog(WordsOf(level).syslog_priority, "%.*s", static_cast<int>(text.size()), text.data());
    }
  }

  // Bytes that are no message: the logo.
  void WriteAsIs(std::string_view text) {
    std::lock_guard lock(mutex_);
    Write(text);
  }

  void SetRole(char role) { role_.store(role, std::memory_order_relaxed); }

  bool ShowsLogo(bool is_asked_for) const {
    if (options_.format == LogFormat::kJson) return false;
    return is_asked_for ||
           (options_.file.empty() && !options_.is_syslog_enabled && isatty(STDOUT_FILENO) == 1);
  }

 private:
  void FormatText(LogLevel level, const google::LogMessageTime& time, std::string_view message) {
    line_.Format("%d:%c %02d %s %d %02d:%02d:%02d.%03d %c ", static_cast<int>(getpid()),
                 role_.load(std::memory_order_relaxed), time.day(),
                 kMonths[static_cast<size_t>(time.month()) % kMonths.size()], time.year() + 1900,
                 time.hour(), (time.min)(), time.sec(), time.usec() / 1000, WordsOf(level).mark);
    AppendTextMessage(message, line_);
    line_.Append('\n');
  }

  void FormatJson(LogLevel level, const char* file, int line, const google::LogMessageTime& time,
                  std::string_view message) {
    std::tm utc{};
    const time_t seconds = time.timestamp();
    gmtime_r(&seconds, &utc);
    line_.Format("{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"level\":\"%s\",\"pid\":%d,",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                 utc.tm_sec, time.usec() / 1000, WordsOf(level).name.data(),
                 static_cast<int>(getpid()));
    line_.Append("\"message\":");
    AppendJsonString(message, line_);
    line_.Format(",\"source\":\"%.128s:%d\"}\n", file, line);
  }

  void Write(std::string_view text) {
    if (options_.file.empty()) {
      WriteAll(STDOUT_FILENO, text);
      return;
    }
    const int fd = OpenForAppending(options_.file);
    if (fd < 0) return;  // A later line finds the file again when the world has been put right.
    WriteAll(fd, text);
    close(fd);
  }

  const LogOptions options_;
  std::atomic<char> role_{'M'};
  std::mutex mutex_;
  LineBuffer line_;  // Guarded by mutex_.
};

LeveledMessage::LevelScope::LevelScope(LogLevel level) { level_in_flight = level; }
LeveledMessage::LevelScope::~LevelScope() { level_in_flight.reset(); }

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (size_t index = 0; index < kLevels.size(); ++index) {
    const std::string_view known = kLevels[index].name;
    if (known.size() == name.size() && strncasecmp(known.data(), name.data(), name.size()) == 0) {
      return static_cast<LogLevel>(index);
    }
  }
  return std::nullopt;
}

std::string_view LogLevelName(LogLevel level) { return WordsOf(level).name; }

std::optional<int> ParseSyslogFacility(std::string_view name) {
  for (const Facility& facility : kFacilities) {
    if (name.size() == std::strlen(facility.name) &&
        strncasecmp(facility.name, name.data(), name.size()) == 0) {
      return facility.number;
    }
  }
  return std::nullopt;
}

bool IsLogged(LogLevel level) { return level >= process_level.load(std::memory_order_relaxed); }

Result<std::unique_ptr<Logging>> Logging::Open(LogOptions options) {
  if (!options.file.empty()) {
    const int fd = OpenForAppending(options.file);
    if (fd < 0)
      return Error{"Can't open the log file " + options.file + ": " + std::strerror(errno)};
    close(fd);
  }
  return std::unique_ptr<Logging>(new Logging(std::move(options)));
}

Logging::Logging(LogOptions options) {
  SilenceGlogItself();
  SetLevel(options.level);
  sink_ = std::make_unique<LogSink>(std::move(options));
}

Logging::~Logging() = default;

void Logging::SetLevel(LogLevel level) { process_level.store(level, std::memory_order_relaxed); }
LogLevel Logging::level() const { return process_level.load(std::memory_order_relaxed); }
void Logging::SetRole(char role) { sink_->SetRole(role); }

void Logging::WriteStartupBanner(const StartupFacts& facts) {
  if (sink_->ShowsLogo(facts.always_shows_logo)) {
    std::array<char, 1024> logo;
    const int size = std::snprintf(logo.data(), logo.size(),
                                   "\n"
                                   "            .-=====-.\n"
                                   "         .='  .---.  '=.        Ringtail %.*s\n"
                                   "        //  .'     '.  \\\\       Running in %.*s mode\n"
                                   "       ||  |    o    |  ||      Port: %d\n"
                                   "        \\\\  '.     .'  //       PID: %d\n"
                                   "         '=.  '---'  .='        Threads: %d\n"
                                   "            '-=====-'\n"
                                   "                 \\\\=#=-#-=#=-#-=~\n"
                                   "\n",
                                   static_cast<int>(facts.version.size()), facts.version.data(),
                                   static_cast<int>(facts.mode.size()), facts.mode.data(),
                                   facts.port, static_cast<int>(facts.pid), facts.threads);
    sink_->WriteAsIs({logo.data(), static_cast<size_t>(size)});
  } else {
    LOG(INFO) << "Running mode=" << facts.mode << ", port=" << facts.port << ".";
    LOG(INFO) << "Ringtail " << facts.version << ", " << facts.threads
              << " threads, PID: " << facts.pid;
  }
  LOG(WARNING) << "Server initialized";
}

void LogListenFailure(int port, std::string_view kind) {
  LOG(WARNING) << "Failed listening on port " << port << " (" << kind << "), aborting.";
}

std::optional<uint64_t> RepeatLimiter::Admit(int64_t now_ms) {
  int64_t next_ms = next_ms_.load(std::memory_order_relaxed);
  if (now_ms < next_ms || !next_ms_.compare_exchange_strong(next_ms, now_ms + interval_ms_,
                                                            std::memory_order_relaxed)) {
    hidden_count_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return hidden_count_.exchange(0, std::memory_order_relaxed);
}

}  // namespace ringtail::server
