#include "server/config_service.h"

#include "server/logging.h"
#include "server/server.h"

namespace ringtail::server {

std::string ConfigAdapter::Set(std::span<const Setting> settings, bool is_local) {
  const auto set = store_.Set(settings, is_local ? ClientPlace::kLocal : ClientPlace::kRemote);
  return set.ok() ? std::string() : set.error().message;
}

std::string ConfigAdapter::Rewrite() {
  const auto written = store_.Rewrite();
  if (written.ok()) {
    LOG(INFO) << "CONFIG REWRITE executed with success.";
    return {};
  }
  LOG(WARNING) << "CONFIG REWRITE failed: " << written.error().message;
  return written.error().message;
}

void ConfigAdapter::ResetStatistics() { server_.ResetStatistics(); }

}  // namespace ringtail::server
