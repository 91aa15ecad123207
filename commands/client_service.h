// Every client of the server, as CLIENT sees and changes them.
//
//   services.clients->Kill(filter, self_id)
//
// Thread rule: List and Kill only in exclusive mode (their commands are kExclusive), so that no client changes
// meanwhile; the rest from any worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::commands {

/// Which clients are meant; unset parts match all.
struct ClientFilter {
  std::vector<uint64_t> ids;
  std::optional<uint64_t> except_id;
  std::optional<std::string> type;           ///< "normal", "master", "replica", "pubsub"
  std::optional<std::string> address;
  std::optional<std::string> local_address;
  std::optional<std::string> user;
  std::optional<int64_t> age_seconds_min;
};

enum class PauseKind { kWrites, kAll };

class ClientService {
 public:
  virtual ~ClientService() = default;
  /// One line of CLIENT LIST for each client that matches, in order of id.
  virtual std::string List(const ClientFilter& filter) = 0;
  /// The line of one client; empty if there is none.
  virtual std::string Describe(uint64_t id) = 0;
  /// Closes the clients that match; returns how many. One that is `self_id` is closed after its reply.
  virtual size_t Kill(const ClientFilter& filter, uint64_t self_id, bool* is_self_killed) = 0;
  /// Holds commands back until the time, extending a pause that is longer or stronger.
  virtual void Pause(int64_t until_ms, PauseKind kind) = 0;
  virtual void Unpause() = 0;
  /// Ends the wait of a client that a command blocks, as at its timeout or with an error. False: it does not wait.
  /// In exclusive mode.
  virtual bool Unblock(uint64_t id, bool is_error) = 0;
  /// Makes the client a monitor.
  virtual void Monitor(uint64_t id) = 0;
  /// Ends its being a monitor (RESET).
  virtual void Unmonitor(uint64_t id) = 0;
};

}  // namespace ringtail::commands
