// The three logs of commands that exceeded a bound: slow ones, large requests, large replies.
//
//   CommandLog log;
//   log.Configure(CommandLogKind::kSlow, 10'000'000 /* ns */, 128);
//   log.Record(CommandLogKind::kSlow, measure, args, address, name, now_s);
//
// An entry keeps at most 32 arguments of at most 128 bytes, as Redis does. Thread rule: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <vector>

#include "commands/command.h"
#include "commands/command_log_service.h"

namespace ringtail::server {

class CommandLog final : public commands::CommandLogService {
 public:
  using Kind = commands::CommandLogKind;

  /// Keeps at most this many entries, dropping the oldest.
  void SetLengthMax(Kind kind, size_t length_max);
  void Record(Kind kind, int64_t measure, commands::Args args, std::string_view client_address,
              std::string_view client_name, int64_t now_s);

  std::vector<commands::CommandLogEntry> Get(Kind kind, int64_t count) override;
  size_t Length(Kind kind) override;
  void Reset(Kind kind) override;

 private:
  struct Log {
    std::deque<commands::CommandLogEntry> entries;  // newest first
    size_t length_max = 128;
    int64_t next_id = 0;
  };
  Log& Of(Kind kind) { return logs_[static_cast<size_t>(kind)]; }

  std::mutex mutex_;
  std::array<Log, 3> logs_;
};

}  // namespace ringtail::server
