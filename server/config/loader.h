// Reads a configuration: a file with its includes, standard input, the command line, in this order.
//
//   Result<LoadedConfig> loaded = LoadConfig(command_line, std::cin, {});
//   if (!loaded.ok()) { std::fputs(loaded.error().message.c_str(), stderr); return 1; }
//   for (const std::string& warning : loaded.value().warnings) LOG(WARNING) << warning;
//
// What is accepted and how a mistake is reported is Redis 7.0's; the report names the file as well.
// Opens a log file that is configured, to find out early that it cannot be; changes nothing else,
// in particular not the working directory: Config::process.dir says where to go.
//
// Thread rule: no state; any thread.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/config/command_line.h"
#include "server/config/config.h"

namespace ringtail::server {

struct LoadedConfig {
  Config config;
  std::string file_path;              // absolute; empty if no file was given
  std::vector<std::string> warnings;  // sentences about directives that are set and have no effect
};

struct LoadHooks {
  /// Says whether a command of this name exists; without it `rename-command` takes any name.
  std::function<bool(std::string_view name)> is_command;
};

/// Reads everything the command line names. The error is the whole report, ready for standard
/// error.
Result<LoadedConfig> LoadConfig(const CommandLine& line, std::istream& standard_input,
                                const LoadHooks& hooks);

/// Reads a configuration text alone; `source` is what a report calls it, or empty.
Result<LoadedConfig> LoadConfigText(std::string_view text, const std::string& source,
                                    const LoadHooks& hooks);

}  // namespace ringtail::server
