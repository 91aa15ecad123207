// ringtail-server: reads its configuration, becomes the process that was asked for, and serves.

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/memory.h"
#include "base/version.h"
#include "server/config/command_line.h"
#include "server/config/loader.h"
#include "server/config/store.h"
#include "server/crash_report.h"
#include "server/logging.h"
#include "server/ping.h"
#include "server/process.h"
#include "server/server.h"

namespace ringtail::server {
namespace {

constexpr int64_t kPingTimeoutMs = 2'000;

LogOptions LogOptionsOf(const Config& config) {
  return {.level = config.log.level,
          .format = config.log.format,
          .file = config.log.path,
          .is_syslog_enabled = config.log.is_syslog_used,
          .syslog_ident = config.log.syslog_ident,
          .syslog_facility =
              config.log.syslog_facility == SyslogFacility::kUser
                  ? 1 << 3
                  : (16 + static_cast<int>(config.log.syslog_facility) - 1) << 3};
}

bool IsCommand(std::string_view name) {
  return commands::CommandTable::Standard().Find(name) != nullptr;
}

// What the container's health check runs.
int Ping(const char* host_port) {
  const auto answered = PingServer(host_port, kPingTimeoutMs);
  if (answered.ok()) return 0;
  std::fprintf(stderr, "%s\n", answered.error().message.c_str());
  return 1;
}

// What concerns the process and not the server in it.
void FollowChanges(ConfigStore& store, Logging& logging) {
  store.OnChange({"loglevel"}, [&logging](const Config&, const Config& after) -> Result<void> {
    logging.SetLevel(after.log.level);
    return {};
  });
  store.OnChange({"dir"}, [](const Config&, const Config& after) -> Result<void> {
    if (chdir(after.process.dir.c_str()) == 0) return {};
    return Error{std::strerror(errno)};
  });
}

int Serve(ConfigStore& store, Logging& logging, std::span<WorkerNote> notes) {
  const auto config = store.Snapshot();
  FollowChanges(store, logging);
  BlockShutdownSignals();
  memory::ReturnPagesInBackground();
  Server server(store, notes);
  logging.SetRole('M');
  logging.WriteStartupBanner({.mode = "standalone",
                              .port = static_cast<int>(
                                  config->network.port != 0 ? config->network.port : config->tls.port),
                              .pid = getpid(),
                              .version = kVersion,
                              .threads = static_cast<int>(server.engine().worker_count()),
                              .always_shows_logo = config->log.is_logo_always_shown});
  if (const auto failure = server.Start()) {
    LOG(WARNING) << failure->what;
    const bool is_plain = config->network.port != 0;
    if (failure->is_port_busy) {
      LogListenFailure(static_cast<int>(is_plain ? config->network.port : config->tls.port),
                       is_plain ? "TCP" : "TLS");
    }
    return 1;
  }
  if (config->network.port != 0 || config->tls.port != 0) {
    LOG(INFO) << "Ready to accept connections";
  }
  if (!config->network.unix_socket_path.empty()) {
    LOG(INFO) << "The server is now ready to accept connections at "
              << config->network.unix_socket_path;
  }
  if (DetectSupervision(config->process.supervision) == Supervision::kSystemd) {
    NotifySupervisor("STATUS=Ready to accept connections\nREADY=1\n");
  }
  server.WaitForStop();
  LOG(WARNING) << "Ringtail is now ready to exit, bye bye...";
  return 0;
}

int Main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--ping") == 0) return Ping(argv[2]);
  const CommandLine line = ReadCommandLine(argc, argv);
  if (line.action == CommandLine::Action::kShowVersion) return ShowVersion(), 0;
  if (line.action == CommandLine::Action::kShowHelp) return ShowHelp(argv[0]), 0;
  auto loaded = LoadConfig(line, std::cin, {.is_command = IsCommand});
  if (!loaded.ok()) {
    std::fputs(loaded.error().message.c_str(), stderr);
    return 1;
  }
  Config config = std::move(loaded.value().config);
  if (!config.process.dir.empty() && chdir(config.process.dir.c_str()) != 0) {
    std::fprintf(stderr, "Can't chdir to '%s': %s\n", config.process.dir.c_str(),
                 std::strerror(errno));
    return 1;
  }
  IgnoreHangupAndPipe();
  if (config.process.is_daemon) {
    if (const auto forked = Daemonize(); !forked.ok()) {
      std::fprintf(stderr, "%s\n", forked.error().message.c_str());
      return 1;
    }
  }
  auto logging = Logging::Open(LogOptionsOf(config));
  if (!logging.ok()) {
    std::fprintf(stderr, "%s\n", logging.error().message.c_str());
    return 1;
  }
  for (const std::string& warning : loaded.value().warnings) LOG(WARNING) << warning;
  SystemOpenFilesLimit files;
  const OpenFilesPlan plan =
      RaiseOpenFilesLimit(static_cast<uint64_t>(config.clients.clients_max), files);
  if (!plan.warning.empty()) LOG(WARNING) << plan.warning;
  if (plan.maxclients == 0) return 1;
  config.clients.clients_max = static_cast<int64_t>(plan.maxclients);
  static std::array<WorkerNote, net::kWorkerCountMax> notes;  // read by the crash report to the very end
  if (config.process.is_crash_logged) {
    CrashReport::Install({.version = kVersion, .log_file = config.log.path, .notes = notes});
  }
  std::vector<PidFile> pid_files;
  std::string pid_path = config.process.pid_path;
  if (pid_path.empty() && config.process.is_daemon) pid_path = "/var/run/ringtail.pid";
  if (!pid_path.empty()) {
    auto pid_file = PidFile::Create(pid_path);
    if (pid_file.ok()) {
      pid_files.push_back(std::move(pid_file).value());
    } else {
      LOG(WARNING) << pid_file.error().message;
    }
  }
  ConfigStore store(std::move(config), loaded.value().file_path);
  return Serve(store, *logging.value(), notes);
}

}  // namespace
}  // namespace ringtail::server

int main(int argc, char** argv) { return ringtail::server::Main(argc, argv); }
