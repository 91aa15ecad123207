// The users of this server, as the ACL commands see and change them, and the log of what was denied.
//
//   const std::string error = services.acl->SetUser("bob", rules);
//   services.acl->Record({.reason = AclDenial::kKey, .place = AclPlace::kTopLevel, .object = "key",
//                         .user = client.user, .client_id = client.id});
//
// Thread rule: SetUser, Delete and Load only in exclusive mode (their commands are kExclusive): they change what
// clients of all workers may do. The rest from any worker; Record from the worker of its client.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commands/acl_rules.h"
#include "commands/client_state.h"

namespace ringtail::commands {

/// Where something was denied.
enum class AclPlace : uint8_t { kTopLevel, kTransaction, kScript };

/// Something that was denied.
struct AclIncident {
  AclDenial reason = AclDenial::kCommand;
  AclPlace place = AclPlace::kTopLevel;
  std::string_view object;  ///< the command, key or channel; for kAuthentication the word of the command
  std::string_view user;
  uint64_t client_id = 0;
};

/// Incidents of one kind, of which the last is described.
struct AclLogEntry {
  uint64_t count = 0;
  AclDenial reason = AclDenial::kCommand;
  AclPlace place = AclPlace::kTopLevel;
  std::string object;
  std::string user;
  int64_t time_ms = 0;
  std::string client_info;
};

class AclService {
 public:
  virtual ~AclService() = default;

  virtual const AclRules& rules() const = 0;
  /// Null if there is no such user.
  virtual std::shared_ptr<const AclUser> Find(std::string_view name) = 0;
  /// All users, by name.
  virtual std::vector<std::shared_ptr<const AclUser>> Users() = 0;

  /// Makes or changes a user by all of the rules or by none. An error's text, or "".
  virtual std::string SetUser(std::string_view name, Args rules) = 0;
  /// Deletes the users and closes their clients; `self`, if it is one, after its reply. How many there were.
  virtual size_t Delete(Args names, ClientState& self) = 0;
  /// Reads the users anew from the ACL file, all or none; closes all clients but those of the default user. An
  /// error's text, or "".
  virtual std::string Load(ClientState& self) = 0;
  /// Writes the ACL file. An error's text, or "".
  virtual std::string Save() = 0;

  virtual void Record(const AclIncident& incident) = 0;
  /// The newest first.
  virtual std::vector<AclLogEntry> Log(size_t count_max) = 0;
  virtual void ResetLog() = 0;
};

/// Records that a client was denied a command, and why.
void RecordDenial(AclService* acl, const ClientState& client, AclVerdict verdict, AclPlace place,
                  const CommandTable::Entry& command, Args args);

}  // namespace ringtail::commands
