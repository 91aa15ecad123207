#include "server/config/command_line.h"

#include <gflags/gflags.h>
#include <strings.h>

#include <cstdio>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "server/config/config_words.h"
#include "server/config/directives.h"
#include "base/version.h"

namespace ringtail::server {
namespace {

// gflags groups flags by file; --help shows this group only, without the flags of the libraries.
constexpr char kFlagGroup[] = "ringtail/directives";

void RegisterFlag(const char* name, const std::string& help, const char* default_text) {
  // gflags keeps pointers to all it is given for the life of the process.
  static std::deque<std::string> kept;
  if (gflags::CommandLineFlagInfo info; gflags::GetCommandLineFlagInfo(name, &info)) return;
  std::string& kept_help = kept.emplace_back(help);
  std::string& current = kept.emplace_back(default_text);
  std::string& standard = kept.emplace_back(default_text);
  gflags::FlagRegisterer(name, kept_help.c_str(), kFlagGroup, &current, &standard);
}

void RegisterFlags() {
  for (const DirectiveGroup& group : DirectiveGroups()) {
    for (const Directive& directive : group.directives) {
      const std::string help =
          std::string(directive.summary) + " (" + DescribeKind(directive) + ")";
      RegisterFlag(directive.name, help, directive.default_text);
      if (directive.alias == nullptr) continue;
      const std::string alias_help = "Another name of " + std::string(directive.name) + ".";
      RegisterFlag(directive.alias, alias_help, directive.default_text);
    }
  }
  for (const FileWord& word : FileWords()) RegisterFlag(word.name, word.summary, "");
}

bool IsOption(std::string_view argument) { return argument.substr(0, 2) == "--"; }

bool IsKnown(const std::string& name) {
  if (FindDirective(name).directive != nullptr) return true;
  for (const FileWord& word : FileWords()) {
    if (strcasecmp(word.name, name.c_str()) == 0) return true;
  }
  return false;
}

// Lets gflags know what was said, so that its own listings are right.
void TellGflags(const std::string& lines) {
  size_t begin = 0;
  while (begin < lines.size()) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    const auto words = SplitLine(std::string_view(lines).substr(begin, end - begin));
    begin = end + 1;
    if (!words || words->empty() || FindDirective(words->front()).directive == nullptr) continue;
    const std::string value = JoinWords(std::span(*words).subspan(1));
    gflags::SetCommandLineOption(FindDirective(words->front()).name, value.c_str());
  }
}

// Collects arguments into configuration lines.
class LineBuilder {
 public:
  // `next` is the argument behind this one, or nullptr.
  void Add(const std::string& argument, const char* next) {
    if (!IsOption(argument) || is_value_due_) {
      lines_ += QuoteWord(argument) + " ";
      is_value_due_ = false;
      return;
    }
    if (!lines_.empty()) lines_ += '\n';
    const std::string option = argument.substr(2);
    const size_t equals = option.find('=');
    if (equals != std::string::npos && IsKnown(option.substr(0, equals))) {
      lines_ += option.substr(0, equals) + " " + QuoteWord(option.substr(equals + 1)) + " ";
      return;
    }
    lines_ += option + " ";
    const auto words = SplitLine(option);
    if (words && words->size() > 1) return;  // "--port 6380" in one argument has its value
    // The word behind an option is its value even if it begins with `--`: a password may. Only
    // `save` may stand without one, since scripts that have no save points produce exactly that.
    const bool is_save = strcasecmp(option.c_str(), "save") == 0;
    if (is_save && (next == nullptr || IsOption(next))) {
      lines_ += "\"\"";
    } else {
      is_value_due_ = true;
    }
  }

  const std::string& lines() const { return lines_; }

 private:
  std::string lines_;
  bool is_value_due_ = false;
};

// `--v=1` and `--vmodule=...` belong to glog.
bool TakeLibraryFlag(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || !IsOption(argument)) return false;
  const std::string name = argument.substr(2, equals - 2);
  if (name != "v" && name != "vmodule") return false;
  const std::string value = argument.substr(equals + 1);
  return !gflags::SetCommandLineOption(name.c_str(), value.c_str()).empty();
}

}  // namespace

CommandLine ReadCommandLine(int argc, const char* const* argv) {
  RegisterFlags();
  CommandLine line;
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (arguments.size() == 1) {
    const std::string& only = arguments[0];
    if (only == "-v" || only == "--version") line.action = CommandLine::Action::kShowVersion;
    if (only == "-h" || only == "--help") line.action = CommandLine::Action::kShowHelp;
    if (line.action != CommandLine::Action::kServe) return line;
  }
  size_t first = 0;
  if (!arguments.empty() && arguments[0].substr(0, 1) != "-") line.file_path = arguments[first++];
  LineBuilder builder;
  for (size_t i = first; i < arguments.size(); ++i) {
    const bool is_edge = i == 0 || i + 1 == arguments.size();
    if (arguments[i] == "-" && is_edge) {
      line.is_standard_input_read = true;
    } else if (!TakeLibraryFlag(arguments[i])) {
      builder.Add(arguments[i], i + 1 < arguments.size() ? arguments[i + 1].c_str() : nullptr);
    }
  }
  line.lines = builder.lines();
  TellGflags(line.lines);
  return line;
}

void ShowHelp(const char* program) {
  RegisterFlags();
  std::printf(
      "Usage: %s [/path/to/redis.conf] [options] [-]\n"
      "       %s - (reads the configuration from standard input)\n"
      "       %s -v or --version\n"
      "       %s -h or --help\n"
      "Examples:\n"
      "       %s /etc/ringtail.conf --port 7777 --maxmemory 2gb\n"
      "       echo 'maxmemory 128mb' | %s -\n"
      "Every directive of the configuration file is an option:\n",
      program, program, program, program, program, program);
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  for (const auto& flag : flags) {
    if (flag.filename != kFlagGroup) continue;
    std::printf("  --%s  %s  default: \"%s\"\n", flag.name.c_str(), flag.description.c_str(),
                flag.default_value.c_str());
  }
}

void ShowVersion() {
  std::printf("Ringtail server v=%s malloc=jemalloc bits=%zu\n", kVersion.data(),
              sizeof(void*) * 8);
}

}  // namespace ringtail::server
