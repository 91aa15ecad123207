// How the keys that a client reads are tracked, since CLIENT TRACKING ON.
//
//   if (const TrackingState* tracking = client.tracking.get(); tracking && tracking->remembers_reads()) …
//
// Thread rule: belongs to the client's worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>

#include "engine/tracked_key.h"

namespace ringtail::commands {

struct TrackingState {
  engine::TrackerId tracker = 0;     ///< the engine's name for this client
  uint64_t redirect_id = 0;          ///< the client that is told instead; 0: this one
  uint64_t redirect_address = 0;     ///< where that one is (TrackingService::AddressOf)
  std::atomic<bool> is_redirect_broken{false};  ///< it was found to be gone; CLIENT LIST looks
  bool is_broadcast = false;         ///< BCAST: told by prefix; what it reads is not remembered
  bool is_opt_in = false;            ///< only what is read after CLIENT CACHING YES
  bool is_opt_out = false;           ///< not what is read after CLIENT CACHING NO
  bool is_quiet_about_itself = false;  ///< NOLOOP
  bool is_caching_given = false;     ///< CLIENT CACHING, for the next command
  size_t prefix_bytes = 0;           ///< about what the prefixes take, here and in the engine
  std::set<std::string> prefixes;    ///< of a broadcast; in the order in which CLIENT TRACKINGINFO shows them

  /// Whether the keys of a reading command are to be remembered now.
  bool remembers_reads() const {
    if (is_broadcast) return false;
    return is_opt_in ? is_caching_given : !(is_opt_out && is_caching_given);
  }
};

}  // namespace ringtail::commands
