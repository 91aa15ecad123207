// The commands that took too long, asked too much or answered too much.
//
// Thread rule: any worker.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringtail::commands {

/// Valkey's three logs; the first is Redis's slow log.
enum class CommandLogKind : uint8_t { kSlow, kLargeRequest, kLargeReply };

struct CommandLogEntry {
  int64_t id = 0;
  int64_t time_s = 0;
  int64_t measure = 0;  ///< microseconds, or bytes
  std::vector<std::string> args;
  std::string client_address;
  std::string client_name;
};

class CommandLogService {
 public:
  virtual ~CommandLogService() = default;
  /// The newest `count` entries (negative: all), newest first.
  virtual std::vector<CommandLogEntry> Get(CommandLogKind kind, int64_t count) = 0;
  virtual size_t Length(CommandLogKind kind) = 0;
  virtual void Reset(CommandLogKind kind) = 0;
};

}  // namespace ringtail::commands
