// The running configuration, as CONFIG reads and changes it.
//
// Thread rule: any thread; Set only in exclusive mode, since its appliers touch what workers read.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringtail::commands {

class ConfigService {
 public:
  using Setting = std::pair<std::string, std::string>;

  virtual ~ConfigService() = default;
  virtual std::vector<Setting> Get(std::span<const std::string_view> patterns) = 0;
  /// Sets all or none; the error's whole text, or empty. `is_local`: the client is on this machine.
  virtual std::string Set(std::span<const Setting> settings, bool is_local) = 0;
  virtual std::string Rewrite() = 0;
  /// Resets what CONFIG RESETSTAT resets.
  virtual void ResetStatistics() = 0;
};

}  // namespace ringtail::commands
