// The users of this server: who may come in and what each may do, kept up to date for every connected client.
//
//   AclStore acl(CommandTable::Standard(), clock, clients);
//   if (const auto ready = acl.Start(*config); !ready.ok()) return Complain(ready.error());
//   acl.Greet(session.client);
//
// Clients hold the immutable user that they are. A user is changed by making another and, with all workers standing
// still, giving it to every client that is this user; so no command looks anything up. Thread rule: SetUser, Delete,
// Load, SetDefaultPassword only in exclusive mode (or before the workers start); LogIn and Greet by the client's
// worker, within a batch or before anybody else knows the client; the rest by any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "commands/acl_service.h"
#include "commands/auth_service.h"
#include "server/acl_file.h"
#include "server/acl_log.h"
#include "server/config/config.h"

namespace ringtail::server {

/// The connected clients, as far as a change of users concerns them.
class AclClients {
 public:
  virtual ~AclClients() = default;
  /// Makes every client of that name this user; in exclusive mode.
  virtual void Replace(const std::shared_ptr<const commands::AclUser>& user) = 0;
  /// Closes every client of that name but `self_id`; true if that is one of them. In exclusive mode.
  virtual bool Close(std::string_view user_name, uint64_t self_id) = 0;
  /// Closes those clients of that name that are subscribed to what `user` may not use; in exclusive mode.
  virtual void CloseSubscribers(const commands::AclUser& user) = 0;
  /// The client's line of CLIENT LIST; on its own worker.
  virtual std::string Describe(uint64_t client_id) = 0;
};

class AclStore final : public commands::AclService, public commands::AuthService {
 public:
  AclStore(const commands::CommandTable& table, const Clock& clock, AclClients& clients);

  /// Reads the users that the configuration names: its `user` lines or its ACL file.
  Result<void> Start(const Config& config);
  /// requirepass: the default user's only password; "" is none.
  void SetDefaultPassword(std::string_view password);
  /// acl-pubsub-default, acllog-max-len.
  void Configure(const SecurityConfig& security);
  /// The `user` lines for the configuration file; none if there is an ACL file.
  std::vector<std::string> ConfigLines() const;
  AclLog& log() { return log_; }

  /// Makes the client the user whom its certificate names; false if there is none, or it is off.
  bool LogInAs(commands::ClientState& client, std::string_view user);

  // commands::AuthService.
  bool LogIn(commands::ClientState& client, std::string_view user,
             std::string_view password) override;
  void Greet(commands::ClientState& client) override;
  bool is_password_required() const override {
    return is_password_required_.load(std::memory_order_relaxed);
  }
  bool is_default_open() const override { return is_default_open_.load(std::memory_order_relaxed); }

  // commands::AclService.
  const commands::AclRules& rules() const override { return rules_; }
  std::shared_ptr<const commands::AclUser> Find(std::string_view name) override;
  std::vector<std::shared_ptr<const commands::AclUser>> Users() override;
  std::string SetUser(std::string_view name, commands::Args rules) override;
  size_t Delete(commands::Args names, commands::ClientState& self) override;
  std::string Load(commands::ClientState& self) override;
  std::string Save() override;
  void Record(const commands::AclIncident& incident) override;
  std::vector<commands::AclLogEntry> Log(size_t count_max) override;
  void ResetLog() override { log_.Reset(); }

  /// Makes the client that user, as far as commands look at it.
  static void Become(commands::ClientState& client, std::shared_ptr<const commands::AclUser> user);

 private:
  static void LetIn(commands::ClientState& client, std::shared_ptr<const commands::AclUser> user);
  void Put(commands::AclUser user);
  void NoteDefault();
  void CloseClientsOf(std::string_view name, commands::ClientState& self);
  Result<AclUsers> ReadFile() const;
  commands::AclDefaults defaults() const {
    return {.is_all_channels = is_new_user_on_all_channels_.load(std::memory_order_relaxed)};
  }

  const commands::AclRules rules_;
  const Clock& clock_;
  AclClients& clients_;
  AclLog log_;
  std::string path_;  // of the ACL file; set by Start
  std::atomic<bool> is_new_user_on_all_channels_{false};
  std::atomic<bool> is_password_required_{false};
  std::atomic<bool> is_default_open_{true};

  mutable std::mutex mutex_;
  AclUsers users_;                                     // guarded by mutex_
};

}  // namespace ringtail::server
