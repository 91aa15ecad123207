#include "server/config/loader.h"

#include <glob.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <istream>
#include <iterator>
#include <set>
#include <span>

#include "server/config/config_words.h"
#include "server/config/directives.h"
#include "base/version.h"

namespace ringtail::server {
namespace {

constexpr const char* kBadDirective = "Bad directive or wrong number of arguments";
// A file that includes itself would otherwise be read for ever.
constexpr int kIncludeDepthMax = 16;

std::string FatalReport(const std::string& body) {
  return std::string("\n*** FATAL CONFIG FILE ERROR (Ringtail ") + std::string(kVersion) + ") ***\n" +
         body + "\n";
}

// One line and where it stands.
struct Place {
  const std::string& source;
  int line_number;
  std::string_view text;
};

Error LineError(const Place& place, const std::string& reason) {
  std::string body = "Reading the configuration file, at line " + std::to_string(place.line_number);
  if (!place.source.empty()) body += " of " + place.source;
  body += "\n>>> '" + std::string(place.text) + "'\n" + reason;
  return Error{FatalReport(body)};
}

class Loader {
 public:
  explicit Loader(const LoadHooks& hooks) : hooks_(hooks) {}

  Result<void> ReadFile(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      return OpenError(path, EISDIR);
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return OpenError(path, errno);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return ReadText(text, path);
  }

  Result<void> ReadText(std::string_view text, const std::string& source) {
    int line_number = 0;
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const Place place{source, ++line_number, TrimBlanks(text.substr(0, end))};
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (place.text.empty() || place.text.front() == '#') continue;
      TRY_VOID(ReadLine(place));
    }
    return {};
  }

  /// What can be judged only when everything has been read.
  Result<void> Finish() {
    if (config_.log.path.empty()) return {};
    const std::string path = Resolve(config_.log.path);
    std::FILE* file = std::fopen(path.c_str(), "a");
    if (file == nullptr) {
      return Error{FatalReport(std::string("Can't open the log file: ") + std::strerror(errno))};
    }
    std::fclose(file);
    return {};
  }

  LoadedConfig Take() && { return {std::move(config_), "", std::move(warnings_)}; }

 private:
  static Error OpenError(const std::string& path, int reason) {
    return Error{"Fatal error, can't open config file '" + path + "': " + std::strerror(reason) +
                 "\n"};
  }

  // Redis goes to `dir` as soon as it reads it, so paths behind that line count from there.
  std::string Resolve(const std::string& path) const {
    if (path.empty() || path.front() == '/' || config_.process.dir.empty()) return path;
    return config_.process.dir + "/" + path;
  }

  Result<void> ReadLine(const Place& place) {
    const auto words = SplitLine(place.text);
    if (!words) return LineError(place, "Unbalanced quotes in configuration line");
    const std::string& name = words->front();
    const Words values = std::span(*words).subspan(1);
    const FoundDirective found = FindDirective(name);
    if (found.directive == nullptr) return ReadFileWord(place, name, values);
    const auto set = SetDirective(*found.directive, values, Origin::kFile, config_);
    if (!set.ok()) return LineError(place, set.error().message);
    WarnIfWithoutEffect(place, *found.directive);
    return {};
  }

  // The words that have no value which CONFIG GET could show.
  Result<void> ReadFileWord(const Place& place, const std::string& name, Words values) {
    const auto is = [&](const char* word) { return strcasecmp(name.c_str(), word) == 0; };
    if (is("include") && values.size() == 1) return Include(place, values[0]);
    if (is("rename-command") && values.size() == 2) return Rename(place, values[0], values[1]);
    if (is("user") && !values.empty()) {
      if (!user_names_.insert(values[0]).second) {
        return LineError(place, "Error in user declaration '" + values[0] +
                                    "': Duplicate user found. A user can only be defined once in "
                                    "config files");
      }
      config_.security.acl_users.emplace_back(TrimBlanks(place.text.substr(name.size())));
      return {};
    }
    if (is("loadmodule") && !values.empty()) {
      Warn(place, "loadmodule", "has no effect: Ringtail loads no modules");
      return {};
    }
    const bool is_ignored = is("list-max-ziplist-entries") || is("list-max-ziplist-value") ||
                            is("lua-replicate-commands");
    if (is_ignored && values.size() == 1) return {};
    if (is("sentinel")) return LineError(place, "sentinel directive while not in sentinel mode");
    return LineError(place, kBadDirective);
  }

  Result<void> Include(const Place& place, const std::string& pattern) {
    if (include_depth_ == kIncludeDepthMax) return LineError(place, "Too many nested includes");
    ++include_depth_;
    const std::string path = Resolve(pattern);
    Result<void> result;
    if (path.find_first_of("*?[") == std::string::npos) {
      result = ReadFile(path);
    } else {
      result = ReadMatches(path);
    }
    --include_depth_;
    return result;
  }

  // A pattern that matches nothing is no mistake: conf.d/*.conf may be empty.
  Result<void> ReadMatches(const std::string& pattern) {
    glob_t matches{};
    Result<void> result;
    if (glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
      for (size_t i = 0; i < matches.gl_pathc && result.ok(); ++i) {
        result = ReadFile(matches.gl_pathv[i]);
      }
    }
    globfree(&matches);
    return result;
  }

  Result<void> Rename(const Place& place, const std::string& from, const std::string& to) {
    if (hooks_.is_command) {
      if (!hooks_.is_command(from)) return LineError(place, "No such command in rename-command");
      if (!to.empty() && hooks_.is_command(to)) {
        return LineError(place, "Target command name already exists");
      }
    }
    config_.security.renamed_commands.push_back({from, to});
    return {};
  }

  void WarnIfWithoutEffect(const Place& place, const Directive& directive) {
    if (directive.effect == Effect::kHonoured) return;
    const std::string value = PrintDirective(directive, config_);
    // What says "off" (`save ""`) gets just that.
    if (value.empty() || value == PrintDirective(directive, DefaultConfig())) return;
    if (directive.effect == Effect::kLater) {
      Warn(place, directive.name, "has no effect in this version");
    } else {
      Warn(place, directive.name, std::string("has no effect: ") + directive.summary);
    }
  }

  void Warn(const Place& place, const std::string& name, const std::string& what) {
    std::string where = "line " + std::to_string(place.line_number);
    if (!place.source.empty()) where += " of " + place.source;
    warnings_.push_back("Directive '" + name + "' (" + where + ") " + what);
  }

  const LoadHooks& hooks_;
  Config config_;
  std::vector<std::string> warnings_;
  std::set<std::string> user_names_;
  int include_depth_ = 0;
};

std::string AbsolutePath(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char here[PATH_MAX];
  return getcwd(here, sizeof here) == nullptr ? path : std::string(here) + "/" + path;
}

}  // namespace

Result<LoadedConfig> LoadConfig(const CommandLine& line, std::istream& standard_input,
                                const LoadHooks& hooks) {
  Loader loader(hooks);
  const std::string path = AbsolutePath(line.file_path);
  if (!path.empty()) TRY_VOID(loader.ReadFile(path));
  if (line.is_standard_input_read) {
    const std::string text{std::istreambuf_iterator<char>(standard_input), {}};
    TRY_VOID(loader.ReadText(text, "standard input"));
  }
  TRY_VOID(loader.ReadText(line.lines, "the command line"));
  TRY_VOID(loader.Finish());
  LoadedConfig loaded = std::move(loader).Take();
  loaded.file_path = path;
  return loaded;
}

Result<LoadedConfig> LoadConfigText(std::string_view text, const std::string& source,
                                    const LoadHooks& hooks) {
  Loader loader(hooks);
  TRY_VOID(loader.ReadText(text, source));
  TRY_VOID(loader.Finish());
  return std::move(loader).Take();
}

}  // namespace ringtail::server
