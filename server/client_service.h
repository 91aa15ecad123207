// CLIENT's view of all clients: the registry, seen and changed across workers.
//
//   ClientDirectory directory(registry, clock);
//   services.clients = &directory;
//
// Thread rule: that of commands::ClientService; IsPaused from any worker at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "commands/client_service.h"
#include "commands/waiter.h"
#include "server/acl_store.h"
#include "server/client_registry.h"

namespace ringtail::server {

class Server;

class ClientDirectory final : public commands::ClientService,
                              public commands::WaitService,
                              public AclClients {
 public:
  explicit ClientDirectory(Server& server) : server_(server) {}

  std::string List(const commands::ClientFilter& filter) override;
  std::string Describe(uint64_t id) override;
  size_t Kill(const commands::ClientFilter& filter, uint64_t self_id,
              bool* is_self_killed) override;
  void Pause(int64_t until_ms, commands::PauseKind kind) override;
  void Unpause() override;
  bool Unblock(uint64_t id, bool is_error) override;
  void Monitor(uint64_t id) override;
  void Unmonitor(uint64_t id) override;

  // AclClients.
  void Replace(const std::shared_ptr<const commands::AclUser>& user) override;
  bool Close(std::string_view user_name, uint64_t self_id) override;
  void CloseSubscribers(const commands::AclUser& user) override;

  // WaitService.
  void Deliver(const commands::Waiter& waiter, std::string reply) override;

  /// What is held back now. One load while nothing is.
  enum class Paused { kNothing, kWrites, kAll };
  Paused paused() const;

 private:
  std::string Line(const Session& session) const;
  bool Matches(const Session& session, const commands::ClientFilter& filter) const;

  Server& server_;
  std::atomic<int64_t> paused_until_ms_{0};
  std::atomic<bool> is_all_paused_{false};
};

}  // namespace ringtail::server
