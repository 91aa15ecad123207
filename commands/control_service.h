// The process itself: ending it, and what DEBUG does to it.
//
// Thread rule: any worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringtail::commands {

class ControlService {
 public:
  virtual ~ControlService() = default;
  /// Ends the process once the present batch is done.
  virtual void Shutdown() = 0;
  /// Whether DEBUG may be used by this client (enable-debug-command).
  virtual bool IsDebugAllowed(bool is_local) = 0;
  /// Writes a line to the log.
  virtual void Log(std::string_view message) = 0;
};

}  // namespace ringtail::commands
