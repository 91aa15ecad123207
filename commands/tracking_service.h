// Who brings invalidations to the clients that hold copies of keys.
//
//   services.tracking->Send(worker);
//
// Thread rule: called by the worker whose invalidations they are, within its batch and with no lock
// held; AddressOf by any worker.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/engine.h"

namespace ringtail::commands {

class TrackingService {
 public:
  virtual ~TrackingService() = default;
  /// Where the client of that id is reached, a word for engine::Tracker; nothing if there is no
  /// such client.
  virtual std::optional<uint64_t> AddressOf(uint64_t client_id) = 0;
  /// Sends what the worker has found, but for broadcasts, which wait for the end of its turn;
  /// clears it.
  virtual void Send(engine::WorkerState& worker) = 0;
};

}  // namespace ringtail::commands
