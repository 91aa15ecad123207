// CONFIG's view of the configuration store, and what RESETSTAT resets.
//
// Thread rule: that of commands::ConfigService.
#pragma once

#include "commands/config_service.h"
#include "server/config/store.h"

namespace ringtail::server {

class Server;

class ConfigAdapter final : public commands::ConfigService {
 public:
  ConfigAdapter(Server& server, ConfigStore& store) : server_(server), store_(store) {}

  std::vector<Setting> Get(std::span<const std::string_view> patterns) override {
    return store_.Get(patterns);
  }
  std::string Set(std::span<const Setting> settings, bool is_local) override;
  std::string Rewrite() override;
  void ResetStatistics() override;

 private:
  Server& server_;
  ConfigStore& store_;
};

}  // namespace ringtail::server
