#include "server/channel_index.h"

#include <algorithm>

#include "base/glob.h"

namespace ringtail::server {
namespace {

bool Matches(std::optional<std::string_view> pattern, std::string_view name) {
  return !pattern || GlobMatch(*pattern, name, GlobCase::kSensitive);
}

}  // namespace

uint64_t ChannelIndex::Add(const ChannelName& name, size_t worker_index) {
  Stripe& stripe = StripeOf(name);
  std::lock_guard<std::mutex> lock(stripe.mutex);
  auto at = stripe.channels.find(name);
  if (at == stripe.channels.end()) {
    at = stripe.channels
             .emplace(OwnedChannelName{std::string(name.bytes), name.hash},
                      std::make_unique<uint32_t[]>(worker_count_))
             .first;
    size_.fetch_add(1, std::memory_order_relaxed);
  }
  ++at->second[worker_index];
  return clock_.Advance();
}

void ChannelIndex::Remove(const ChannelName& name, size_t worker_index) {
  Stripe& stripe = StripeOf(name);
  std::lock_guard<std::mutex> lock(stripe.mutex);
  const auto at = stripe.channels.find(name);
  Counts& counts = at->second;
  --counts[worker_index];
  if (std::any_of(counts.get(), counts.get() + worker_count_, [](uint32_t n) { return n != 0; })) {
    return;
  }
  stripe.channels.erase(at);
  size_.fetch_sub(1, std::memory_order_relaxed);
}

// The moment is read under the stripe's lock, so it is before that of every subscriber not counted here.
Route ChannelIndex::Find(const ChannelName& name) {
  Route route;
  Stripe& stripe = StripeOf(name);
  std::lock_guard<std::mutex> lock(stripe.mutex);
  route.moment = clock_.now();
  const auto at = stripe.channels.find(name);
  if (at == stripe.channels.end()) return route;
  for (size_t worker = 0; worker < worker_count_; ++worker) {
    if (at->second[worker] == 0) continue;
    route.receiver_count += at->second[worker];
    route.workers.set(worker);
  }
  return route;
}

std::vector<std::string> ChannelIndex::Names(std::optional<std::string_view> pattern) {
  std::vector<std::string> names;
  for (Stripe& stripe : stripes_) {
    std::lock_guard<std::mutex> lock(stripe.mutex);
    for (const auto& [name, counts] : stripe.channels) {
      if (Matches(pattern, name.bytes)) names.push_back(name.bytes);
    }
  }
  return names;
}

// ---- Patterns

uint64_t PatternIndex::Add(const ChannelName& name, size_t worker_index) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto at = patterns_.find(name);
  if (at == patterns_.end()) {
    at = patterns_
             .emplace(OwnedChannelName{std::string(name.bytes), name.hash},
                      std::make_shared<Pattern>(name, worker_count_))
             .first;
    size_.fetch_add(1, std::memory_order_relaxed);
    version_.fetch_add(1, std::memory_order_release);
  }
  at->second->counts[worker_index].fetch_add(1, std::memory_order_relaxed);
  return clock_.Advance();
}

void PatternIndex::Remove(const ChannelName& name, size_t worker_index) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto at = patterns_.find(name);
  const auto& counts = at->second->counts;
  counts[worker_index].fetch_sub(1, std::memory_order_relaxed);
  for (size_t worker = 0; worker < worker_count_; ++worker) {
    if (counts[worker].load(std::memory_order_relaxed) != 0) return;
  }
  patterns_.erase(at);
  size_.fetch_sub(1, std::memory_order_relaxed);
  version_.fetch_add(1, std::memory_order_release);
}

size_t PatternIndex::SubscriberCount(const ChannelName& name) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto at = patterns_.find(name);
  if (at == patterns_.end()) return 0;
  Route route;
  AddTo(route, *at->second);
  return route.receiver_count;
}

std::vector<std::string> PatternIndex::Names(std::optional<std::string_view> pattern) {
  std::vector<std::string> names;
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [name, entry] : patterns_) {
    if (Matches(pattern, name.bytes)) names.push_back(name.bytes);
  }
  return names;
}

// Made once a version, by whoever publishes first after it changed: many who subscribe in a row cost no copies.
void PatternIndex::Refresh(Snapshot& snapshot) {
  if (snapshot.version == version_.load(std::memory_order_acquire)) [[likely]] return;
  std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t version = version_.load(std::memory_order_relaxed);
  if (latest_.version != version) {
    auto list = std::make_shared<PatternList>();
    list->reserve(patterns_.size());
    for (const auto& [name, pattern] : patterns_) list->push_back(pattern);
    latest_ = {version, std::move(list)};
  }
  snapshot = latest_;
}

void PatternIndex::AddTo(Route& route, const Pattern& pattern) const {
  for (size_t worker = 0; worker < worker_count_; ++worker) {
    const uint32_t count = pattern.counts[worker].load(std::memory_order_relaxed);
    if (count == 0) continue;
    route.receiver_count += count;
    route.workers.set(worker);
  }
}

}  // namespace ringtail::server
