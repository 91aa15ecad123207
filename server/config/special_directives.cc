#include "server/config/special_directives.h"

#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/memory_units.h"
#include "base/parse_number.h"
#include "server/config/config_words.h"

namespace ringtail::server::special {
namespace {

bool EqualsIgnoringCase(const std::string& text, const char* word) {
  return strcasecmp(text.c_str(), word) == 0;
}

// --- save
// -------------------------------------------------------------------------------------------

std::string PrintSavePoint(const SavePoint& point) {
  return std::to_string(point.seconds) + " " + std::to_string(point.change_count);
}

Result<void> SetSave(Config& config, Words values, Origin origin) {
  auto& points = config.persistence.save_points;
  const bool is_replacing = origin == Origin::kCommand || !config.persistence.is_save_chosen;
  config.persistence.is_save_chosen = origin == Origin::kFile;
  if (values.empty() || (values.size() == 1 && values[0].empty())) {
    points.clear();
    return {};
  }
  if (values.size() % 2 != 0) return Error{"Invalid save parameters"};
  std::vector<SavePoint> read;
  for (size_t i = 0; i < values.size(); i += 2) {
    const auto seconds = ParseInt64(values[i]);
    const auto changes = ParseInt64(values[i + 1]);
    if (!seconds || !changes || *seconds < 1 || *seconds > INT_MAX || *changes < 0 ||
        *changes > INT_MAX) {
      return Error{"Invalid save parameters"};
    }
    read.push_back({*seconds, *changes});
  }
  if (is_replacing) points.clear();
  points.insert(points.end(), read.begin(), read.end());
  return {};
}

std::string PrintSave(const Config& config) {
  std::string text;
  for (const SavePoint& point : config.persistence.save_points) {
    text += (text.empty() ? "" : " ") + PrintSavePoint(point);
  }
  return text;
}

std::vector<std::string> SaveLines(const Config& config, const Config&) {
  std::vector<std::string> lines;
  for (const SavePoint& point : config.persistence.save_points) {
    lines.push_back("save " + PrintSavePoint(point));
  }
  if (lines.empty()) lines.emplace_back("save \"\"");
  return lines;
}

// --- client-output-buffer-limit
// -----------------------------------------------------------------------

// What CONFIG GET calls the classes; files may also say `replica`, which is what REWRITE writes.
constexpr const char* kClassNames[kClientClassCount] = {"normal", "slave", "pubsub"};
constexpr const char* kClassNamesInFiles[kClientClassCount] = {"normal", "replica", "pubsub"};

std::optional<size_t> FindClass(const std::string& name) {
  for (size_t i = 0; i < kClientClassCount; ++i) {
    if (EqualsIgnoringCase(name, kClassNames[i])) return i;
    if (EqualsIgnoringCase(name, kClassNamesInFiles[i])) return i;
  }
  return std::nullopt;
}

Result<void> SetOutputLimits(Config& config, Words values, Origin) {
  constexpr size_t kWordsPerClass = 4;
  if (values.size() % kWordsPerClass != 0) {
    return Error{"Wrong number of arguments in buffer limit configuration."};
  }
  auto limits = config.clients.output;
  for (size_t i = 0; i < values.size(); i += kWordsPerClass) {
    const auto index = FindClass(values[i]);
    if (!index) return Error{"Invalid client class specified in buffer limit configuration."};
    const auto hard = ParseMemoryBytes(values[i + 1]);
    const auto soft = ParseMemoryBytes(values[i + 2]);
    const auto seconds = ParseInt64(values[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0) {
      return Error{"Error in hard, soft or soft_seconds setting in buffer limit configuration."};
    }
    limits[*index] = {*hard, *soft, *seconds};
  }
  config.clients.output = limits;
  return {};
}

std::string PrintOutputLimits(const Config& config) {
  std::string text;
  for (size_t i = 0; i < kClientClassCount; ++i) {
    const OutputLimit& limit = config.clients.output[i];
    if (i > 0) text += ' ';
    text += std::string(kClassNames[i]) + " " + std::to_string(limit.hard_bytes) + " " +
            std::to_string(limit.soft_bytes) + " " + std::to_string(limit.soft_seconds);
  }
  return text;
}

std::vector<std::string> OutputLimitLines(const Config& config, const Config& defaults) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < kClientClassCount; ++i) {
    const OutputLimit& limit = config.clients.output[i];
    const OutputLimit& standard = defaults.clients.output[i];
    if (limit.hard_bytes == standard.hard_bytes && limit.soft_bytes == standard.soft_bytes &&
        limit.soft_seconds == standard.soft_seconds) {
      continue;
    }
    lines.push_back("client-output-buffer-limit " + std::string(kClassNamesInFiles[i]) + " " +
                    FormatMemoryBytes(limit.hard_bytes) + " " +
                    FormatMemoryBytes(limit.soft_bytes) + " " + std::to_string(limit.soft_seconds));
  }
  return lines;
}

// --- oom-score-adj-values
// -------------------------------------------------------------------------------

Result<void> SetOomScores(Config& config, Words values, Origin) {
  constexpr int64_t kScoreMax = 2000;
  std::array<int64_t, 3> scores{};
  if (values.size() != scores.size()) return Error{"wrong number of arguments"};
  for (size_t i = 0; i < scores.size(); ++i) {
    const auto score = ParseInt64(values[i]);
    if (!score || *score < -kScoreMax || *score > kScoreMax) {
      return Error{"Invalid oom-score-adj-values, elements must be between -2000 and 2000."};
    }
    scores[i] = *score;
  }
  config.process.oom_score_values = scores;
  return {};
}

std::string PrintOomScores(const Config& config) {
  std::string text;
  for (const int64_t score : config.process.oom_score_values) {
    text += (text.empty() ? "" : " ") + std::to_string(score);
  }
  return text;
}

// --- latency-tracking-info-percentiles
// --------------------------------------------------------------------

Result<void> SetPercentiles(Config& config, Words values, Origin) {
  std::vector<double> percentiles;
  if (values.size() == 1 && values[0].empty()) values = {};
  for (const std::string& value : values) {
    const auto percentile = ParseDouble(value);
    if (!percentile) return Error{"Invalid latency-tracking-info-percentiles parameters"};
    if (*percentile < 0 || *percentile > 100) {
      return Error{"latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"};
    }
    percentiles.push_back(*percentile);
  }
  config.monitor.latency_percentiles = std::move(percentiles);
  return {};
}

std::string PrintPercentiles(const Config& config) {
  std::string text;
  for (const double percentile : config.monitor.latency_percentiles) {
    NumberText room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), percentile).ptr;
    text += (text.empty() ? "" : " ") + std::string(room.data(), end);
  }
  return text;
}

// --- notify-keyspace-events
// -------------------------------------------------------------------------------

struct EventLetter {
  char letter;
  unsigned flag;
};

// What `A` stands for, in the order in which Redis prints the letters.
constexpr EventLetter kClassLetters[] = {
    {'g', kNotifyGeneric}, {'$', kNotifyString}, {'l', kNotifyList},    {'s', kNotifySet},
    {'h', kNotifyHash},    {'z', kNotifyZset},   {'x', kNotifyExpired}, {'e', kNotifyEvicted},
    {'t', kNotifyStream},  {'d', kNotifyModule},
};
constexpr EventLetter kOtherLetters[] = {
    {'n', kNotifyNew}, {'K', kNotifyKeyspace}, {'E', kNotifyKeyevent}, {'m', kNotifyKeyMiss}};

constexpr unsigned AllClasses() {
  unsigned flags = 0;
  for (const EventLetter& entry : kClassLetters) flags |= entry.flag;
  return flags;
}

std::optional<unsigned> FlagsOfLetter(char letter) {
  if (letter == 'A') return AllClasses();
  for (const EventLetter& entry : kClassLetters) {
    if (entry.letter == letter) return entry.flag;
  }
  for (const EventLetter& entry : kOtherLetters) {
    if (entry.letter == letter) return entry.flag;
  }
  return std::nullopt;
}

Result<void> SetKeyspaceEvents(Config& config, Words values, Origin) {
  if (values.size() != 1) return Error{"wrong number of arguments"};
  unsigned flags = 0;
  for (const char letter : values[0]) {
    const auto flag = FlagsOfLetter(letter);
    if (!flag) return Error{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."};
    flags |= *flag;
  }
  config.monitor.keyspace_events = flags;
  return {};
}

std::string PrintKeyspaceEvents(const Config& config) {
  const unsigned flags = config.monitor.keyspace_events;
  std::string text;
  if ((flags & AllClasses()) == AllClasses()) {
    text = "A";
  } else {
    for (const EventLetter& entry : kClassLetters) {
      if ((flags & entry.flag) != 0) text += entry.letter;
    }
  }
  for (const EventLetter& entry : kOtherLetters) {
    if ((flags & entry.flag) != 0) text += entry.letter;
  }
  return text;
}

std::vector<std::string> KeyspaceEventLines(const Config& config, const Config&) {
  return {"notify-keyspace-events " + QuoteWord(PrintKeyspaceEvents(config))};
}

// --- dir
// ----------------------------------------------------------------------------------------------

std::string StartDirectory() {
  char path[PATH_MAX];
  return getcwd(path, sizeof path) == nullptr ? std::string() : std::string(path);
}

Result<void> SetDirectory(Config& config, Words values, Origin) {
  if (values.size() != 1) return Error{"wrong number of arguments"};
  std::string path = values[0];
  // A relative directory counts from the one before it, as if the process had already gone there.
  const std::string base = config.process.dir.empty() ? StartDirectory() : config.process.dir;
  if (!path.empty() && path.front() != '/') path = base + "/" + path;
  char resolved[PATH_MAX];
  if (path.empty() || realpath(path.c_str(), resolved) == nullptr) {
    return Error{std::strerror(path.empty() ? ENOENT : errno)};
  }
  struct stat status {};
  if (stat(resolved, &status) != 0) return Error{std::strerror(errno)};
  if (!S_ISDIR(status.st_mode)) return Error{std::strerror(ENOTDIR)};
  config.process.dir = resolved;
  return {};
}

std::string PrintDirectory(const Config& config) {
  return config.process.dir.empty() ? StartDirectory() : config.process.dir;
}

std::vector<std::string> DirectoryLines(const Config& config, const Config&) {
  return {"dir " + QuoteWord(PrintDirectory(config))};
}

// --- replicaof
// ----------------------------------------------------------------------------------------

Result<void> SetReplicaOf(Config& config, Words values, Origin) {
  constexpr int64_t kPortMax = 65535;
  if (values.size() != 2) return Error{"wrong number of arguments"};
  auto& replication = config.replication;
  if (EqualsIgnoringCase(values[0], "no") && EqualsIgnoringCase(values[1], "one")) {
    replication.master_host.clear();
    replication.master_port = 0;
    return {};
  }
  const auto port = ParseInt64(values[1]);
  if (!port || *port < 0 || *port > kPortMax) return Error{"Invalid master port"};
  replication.master_host = values[0];
  replication.master_port = *port;
  return {};
}

std::string PrintReplicaOf(const Config& config) {
  const auto& replication = config.replication;
  if (replication.master_host.empty()) return "";
  return replication.master_host + " " + std::to_string(replication.master_port);
}

std::vector<std::string> ReplicaOfLines(const Config& config, const Config&) {
  if (config.replication.master_host.empty()) return {};
  const std::string words[] = {config.replication.master_host,
                               std::to_string(config.replication.master_port)};
  return {"replicaof " + QuoteLine(words)};
}

}  // namespace

Special Save() { return {"pairs of seconds and changes", SetSave, PrintSave, SaveLines}; }

Special OutputBufferLimits() {
  return {"class, hard bytes, soft bytes, soft seconds", SetOutputLimits, PrintOutputLimits,
          OutputLimitLines};
}

Special OomScores() { return {"three integers", SetOomScores, PrintOomScores}; }

Special LatencyPercentiles() { return {"percentages", SetPercentiles, PrintPercentiles}; }

Special KeyspaceEvents() {
  return {"letters of Ag$lshzxeKEtmdn", SetKeyspaceEvents, PrintKeyspaceEvents, KeyspaceEventLines,
          false};
}

Special WorkingDirectory() {
  return {"directory", SetDirectory, PrintDirectory, DirectoryLines, false};
}

Special ReplicaOf() { return {"host and port", SetReplicaOf, PrintReplicaOf, ReplicaOfLines}; }

}  // namespace ringtail::server::special
