// What commands may know and change of the client that sent them.
//
//   if (ctx.client().is_authenticated) …
//
// The session owns it and reads it after each command (a changed protocol version, a request to close).
// Thread rule: belongs to the client's worker; other threads ask through ClientService.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proto/reply_writer.h"

namespace ringtail::commands {

class Subscriptions;
class Transaction;
struct AclUser;
struct Waiter;

enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkip };

struct ClientState {
  ClientState();
  ~ClientState();

  uint64_t id = 0;
  int db = 0;
  proto::RespVersion resp = proto::RespVersion::kResp2;
  bool is_authenticated = true;
  bool is_restricted = false;     ///< acl_user may not do everything, so every command is asked about
  bool is_local = true;           ///< on this machine: a unix socket or a loopback address
  bool is_monitor = false;
  bool is_no_evict = false;
  bool is_no_touch = false;
  bool is_closing = false;        ///< close once the replies so far are sent
  ReplyMode reply_mode = ReplyMode::kOn;
  std::unique_ptr<Transaction> transaction;  ///< since MULTI or WATCH; or null
  std::shared_ptr<Waiter> waiter;            ///< while a command makes it wait; or null
  uint32_t subscription_count = 0;           ///< channels, patterns and shard channels
  std::unique_ptr<Subscriptions> subscriptions;  ///< since the first subscription; or null
  std::string name;
  std::string user = "default";
  /// What it may do; null (tests, commands executed on behalf of the server): everything. Set by AuthService, and
  /// by whoever changes users while all workers stand still.
  std::shared_ptr<const AclUser> acl_user;
  std::string library_name;
  std::string library_version;
  int64_t created_ms = 0;
  int64_t last_command_ms = 0;
  const std::string* last_command = nullptr;  ///< full name; lives for ever
  uint64_t command_count = 0;
};

}  // namespace ringtail::commands
