// Directives: the process, its log and who may do what.
#include <algorithm>
#include <iterator>

#include "server/config/directives.h"
#include "server/config/special_directives.h"

namespace ringtail::server {
namespace {

constexpr const char* kSupervision[] = {"upstart", "systemd", "auto", "no"};
constexpr const char* kLogLevels[] = {"debug", "verbose", "notice", "warning"};
constexpr const char* kLogFormats[] = {"text", "json"};
constexpr const char* kSyslogFacilities[] = {"user",   "local0", "local1", "local2", "local3",
                                             "local4", "local5", "local6", "local7"};
constexpr const char* kShutdownWords[] = {"default", "save", "nosave", "now", "force"};
constexpr const char* kOomAdjustments[] = {"no", "yes", "relative", "absolute"};
constexpr const char* kPermissions[] = {"no", "yes", "local"};
constexpr const char* kAclPubsub[] = {"allchannels", "resetchannels"};

const char* CheckShutdown(unsigned bits) {
  constexpr unsigned kBoth = kShutdownSave | kShutdownNosave;
  if ((bits & kBoth) != kBoth) return nullptr;
  return "shutdown options SAVE and NOSAVE can't be used simultaneously";
}

int64_t ClampHz(int64_t hz) { return std::clamp<int64_t>(hz, 1, 500); }

// A title is text with known variables in braces.
const char* CheckTitle(std::string_view title) {
  constexpr const char* kWrong = "template format is invalid or contains unknown variables";
  constexpr std::string_view kVariables[] = {"title",    "listen-addr", "server-mode", "port",
                                             "tls-port", "unixsocket",  "config-file"};
  if (title.empty()) return kWrong;
  while (true) {
    const size_t open = title.find('{');
    if (open == std::string_view::npos) return nullptr;
    const size_t close = title.find('}', open);
    if (close == std::string_view::npos) return kWrong;
    const auto variable = title.substr(open + 1, close - open - 1);
    if (std::find(std::begin(kVariables), std::end(kVariables), variable) == std::end(kVariables)) {
      return kWrong;
    }
    title.remove_prefix(close + 1);
  }
}

const Directive kDirectives[] = {
    {.name = "daemonize",
     .kind = Bool{FIELD(process.is_daemon)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .summary = "Goes to the background after the start."},
    {.name = "pidfile",
     .kind = Text{FIELD(process.pid_path)},
     .default_text = "",
     .mutability = Mutability::kAtStart,
     .summary = "File that holds the process id while the server runs."},
    {.name = "supervised",
     .kind = Word{kSupervision, WORD_FIELD(process.supervision)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .summary = "Tells the service manager when the server is ready."},
    {.name = "dir",
     .kind = special::WorkingDirectory(),
     .default_text = "",
     .mutability = Mutability::kProtected,
     .summary = "Directory the server works in; relative paths count from it."},
    {.name = "databases",
     .kind = Integer{FIELD(process.database_count), 1, kIntMax},
     .default_text = "16",
     .mutability = Mutability::kAtStart,
     .summary = "Number of databases SELECT can choose from."},
    {.name = "hz",
     .kind = Integer{FIELD(process.hz), 0, kIntMax, ClampHz},
     .default_text = "10",
     .effect = Effect::kNone,
     .summary = "Rounds of background work a second, 1 to 500."},
    {.name = "dynamic-hz",
     .kind = Bool{FIELD(process.is_hz_dynamic)},
     .default_text = "yes",
     .effect = Effect::kNone,
     .summary = "Does background work more often while many clients are connected."},
    {.name = "loglevel",
     .kind = Word{kLogLevels, WORD_FIELD(log.level)},
     .default_text = "notice",
     .summary = "Least important messages that are logged."},
    {.name = "logfile",
     .kind = Text{FIELD(log.path)},
     .default_text = "",
     .mutability = Mutability::kAtStart,
     .summary = "File to log to; empty is standard output."},
    {.name = "log-format",
     .kind = Word{kLogFormats, WORD_FIELD(log.format)},
     .default_text = "text",
     .mutability = Mutability::kAtStart,
     .summary = "Log lines as text, or as one JSON object each."},
    {.name = "syslog-enabled",
     .kind = Bool{FIELD(log.is_syslog_used)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .summary = "Logs to syslog too."},
    {.name = "syslog-ident",
     .kind = Text{FIELD(log.syslog_ident)},
     .default_text = "redis",
     .mutability = Mutability::kAtStart,
     .summary = "Name under which syslog gets the messages."},
    {.name = "syslog-facility",
     .kind = Word{kSyslogFacilities, WORD_FIELD(log.syslog_facility)},
     .default_text = "local0",
     .mutability = Mutability::kAtStart,
     .summary = "Facility under which syslog gets the messages."},
    {.name = "always-show-logo",
     .kind = Bool{FIELD(log.is_logo_always_shown)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .summary = "Shows the logo even where standard output is no terminal."},
    {.name = "crash-log-enabled",
     .kind = Bool{FIELD(process.is_crash_logged)},
     .default_text = "yes",
     .summary = "Logs a stack trace when the process crashes."},
    {.name = "shutdown-timeout",
     .kind = Integer{FIELD(process.shutdown_timeout_seconds), 0, kIntMax},
     .default_text = "10",
     .effect = Effect::kLater,
     .summary = "Seconds a shutdown waits for replicas that lag."},
    {.name = "shutdown-on-sigint",
     .kind = WordSet{kShutdownWords, FIELD(process.shutdown_on_sigint), CheckShutdown},
     .default_text = "default",
     .effect = Effect::kNone,
     .summary = "How SIGINT ends the process."},
    {.name = "shutdown-on-sigterm",
     .kind = WordSet{kShutdownWords, FIELD(process.shutdown_on_sigterm), CheckShutdown},
     .default_text = "default",
     .effect = Effect::kNone,
     .summary = "How SIGTERM ends the process."},
    {.name = "busy-reply-threshold",
     .alias = "lua-time-limit",
     .kind = Integer{FIELD(process.busy_reply_threshold_ms), 0, kLongMax},
     .default_text = "5000",
     .summary = "Milliseconds after which other clients are told that a script is busy."},
    {.name = "lua-declared-keys",
     .kind = Bool{FIELD(process.are_script_keys_declared)},
     .default_text = "no",
     .summary = "Whether scripts touch only the keys that they declare, so that others go on."},
    {.name = "lua-eval-scripts-max",
     .kind = Integer{FIELD(process.evaled_scripts_max), 0, kLongMax},
     .default_text = "500",
     .summary = "Scripts that came with EVAL which stay cached, the last used ones; 0 is all."},
    {.name = "lua-memory-max",
     .kind = Memory{FIELD(process.interpreter_bytes_max), 1 << 20, uint64_t{1} << 40},
     .default_text = "268435456",
     .summary = "Memory that the scripts of one worker may take."},
    {.name = "oom-score-adj",
     .kind = Word{kOomAdjustments, WORD_FIELD(process.oom_score_adjustment)},
     .default_text = "no",
     .effect = Effect::kNone,
     .summary = "Whether the kernel is told whom to kill first when memory runs out."},
    {.name = "oom-score-adj-values",
     .kind = special::OomScores(),
     .default_text = "0 200 800",
     .effect = Effect::kNone,
     .summary = "Scores for a master, a replica and a background process."},
    {.name = "disable-thp",
     .kind = Bool{FIELD(process.is_huge_pages_disabled)},
     .default_text = "yes",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kNone,
     .summary = "Turns transparent huge pages off for the process."},
    {.name = "set-proc-title",
     .kind = Bool{FIELD(process.is_title_set)},
     .default_text = "yes",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kNone,
     .summary = "Shows port and mode in the process title."},
    {.name = "proc-title-template",
     .kind = Text{FIELD(process.title_template), CheckTitle},
     .default_text = "{title} {listen-addr} {server-mode}",
     .effect = Effect::kNone,
     .summary = "What the process title says."},
    {.name = "requirepass",
     .kind = Text{FIELD(security.password)},
     .default_text = "",
     .summary = "Password of the default user; empty is none."},
    {.name = "enable-protected-configs",
     .kind = Word{kPermissions, WORD_FIELD(security.protected_configs)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .summary = "Who may set protected directives with CONFIG SET."},
    {.name = "enable-debug-command",
     .kind = Word{kPermissions, WORD_FIELD(security.debug_command)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .summary = "Who may use DEBUG."},
    {.name = "enable-module-command",
     .kind = Word{kPermissions, WORD_FIELD(security.module_command)},
     .default_text = "no",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kNone,
     .summary = "Who may use MODULE."},
    {.name = "aclfile",
     .kind = Text{FIELD(security.acl_path)},
     .default_text = "",
     .mutability = Mutability::kAtStart,
     .summary = "File that declares the ACL users."},
    {.name = "acl-pubsub-default",
     .kind = Word{kAclPubsub, WORD_FIELD(security.acl_pubsub_default)},
     .default_text = "resetchannels",
     .summary = "Channels a new ACL user may use."},
    {.name = "acllog-max-len",
     .kind = Integer{FIELD(security.acl_log_entries_max), 0, kLongMax},
     .default_text = "128",
     .summary = "Entries that ACL LOG keeps."},
};

}  // namespace

std::span<const Directive> ProcessDirectives() { return kDirectives; }

}  // namespace ringtail::server
