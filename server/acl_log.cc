#include "server/acl_log.h"

#include <algorithm>
#include <utility>

namespace ringtail::server {

using commands::AclIncident;
using commands::AclLogEntry;

void AclLog::SetLengthMax(size_t length_max) {
  const std::lock_guard lock(mutex_);
  length_max_ = length_max;
  if (entries_.size() > length_max_) entries_.resize(length_max_);
}

void AclLog::Add(const AclIncident& incident, std::string client_info, int64_t now_ms) {
  constexpr std::ptrdiff_t kLookedAt = 10;
  constexpr int64_t kGroupedMs = 60'000;
  counts_[static_cast<size_t>(incident.reason)].fetch_add(1, std::memory_order_relaxed);
  AclLogEntry entry{.count = 1,
                    .reason = incident.reason,
                    .place = incident.place,
                    .object = std::string(incident.object),
                    .user = std::string(incident.user),
                    .time_ms = now_ms,
                    .client_info = std::move(client_info)};
  const std::lock_guard lock(mutex_);
  const auto end = entries_.begin() + std::min(std::ssize(entries_), kLookedAt);
  const auto same = std::find_if(entries_.begin(), end, [&](const AclLogEntry& other) {
    return other.reason == entry.reason && other.place == entry.place &&
           now_ms - other.time_ms <= kGroupedMs && other.object == entry.object &&
           other.user == entry.user;
  });
  if (same != end) {
    entry.count += same->count;
    entries_.erase(same);
  }
  entries_.push_front(std::move(entry));
  if (entries_.size() > length_max_) entries_.resize(length_max_);
}

std::vector<AclLogEntry> AclLog::Newest(size_t count_max) const {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(entries_.size(), count_max));
  return {entries_.begin(), entries_.begin() + count};
}

void AclLog::Reset() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

void AclLog::ResetCounts() {
  for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
}

}  // namespace ringtail::server
