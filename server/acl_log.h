// The log of what was denied to whom, incidents of one kind grouped: ACL LOG.
//
//   AclLog log;
//   log.SetLengthMax(128);
//   log.Add(incident, client_info, now_ms);
//
// Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "commands/acl_service.h"

namespace ringtail::server {

class AclLog {
 public:
  /// Keeps at most this many entries, dropping the oldest.
  void SetLengthMax(size_t length_max);
  /// Counts the incident, and puts it on top: as the newest entry, or with one of the ten newest if it is of the same
  /// kind and no older than a minute.
  void Add(const commands::AclIncident& incident, std::string client_info, int64_t now_ms);
  std::vector<commands::AclLogEntry> Newest(size_t count_max) const;
  void Reset();

  /// How often something was denied for that reason since the start or ResetCounts.
  uint64_t count(commands::AclDenial reason) const {
    return counts_[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
  }
  void ResetCounts();

 private:
  mutable std::mutex mutex_;
  std::deque<commands::AclLogEntry> entries_;  // newest first; guarded by mutex_
  size_t length_max_ = 128;                    // guarded by mutex_
  std::array<std::atomic<uint64_t>, 5> counts_{};
};

}  // namespace ringtail::server
