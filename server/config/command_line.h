// The command line of ringtail-server, read as redis-server reads its own, with gflags underneath.
//
//   const CommandLine line = ReadCommandLine(argc, argv);
//   if (line.action == CommandLine::Action::kShowHelp) return ShowHelp(argv[0]), 0;
//   Result<LoadedConfig> loaded = LoadConfig(line, std::cin, {});
//
// `[file] [-] [--directive value...]...`: a file, standard input (`-` first or last), then
// directives, each with its values up to the next `--`; `--directive=value` works too. Every
// directive is a gflags flag, so --help shows all of them; glog's --v and --vmodule are passed
// through. This is the only place that touches gflags.
//
// Thread rule: the main thread, once, at the start.
#pragma once

#include <string>

namespace ringtail::server {

struct CommandLine {
  enum class Action { kServe, kShowVersion, kShowHelp };

  Action action = Action::kServe;
  std::string file_path;  // empty: none given
  bool is_standard_input_read = false;
  std::string lines;  // what the directives say, as lines of a configuration file
};

/// Reads the command line. Nothing is judged here: a wrong directive is found when its line is
/// loaded.
CommandLine ReadCommandLine(int argc, const char* const* argv);

/// Prints how to call the server and every directive with its doc and default to standard output.
void ShowHelp(const char* program);

/// Prints the version as redis-server does, on one line.
void ShowVersion();

}  // namespace ringtail::server
