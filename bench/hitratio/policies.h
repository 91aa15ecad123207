// Hit counts of exact policies over a trace of equal-sized keys: what the sampled ones are compared
// to.
//
//   uint64_t hits = ExactLru(trace, cache_keys);
//
// Thread rule: pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <queue>
#include <set>
#include <utility>
#include <vector>

#include "bench/hitratio/traces.h"

namespace ringtail::bench {

/// Belady's optimum: evicts what is asked for last.
inline uint64_t Optimum(const Trace& trace, uint32_t cache_keys) {
  constexpr uint32_t kNever = std::numeric_limits<uint32_t>::max();
  const size_t count = trace.requests.size();
  std::vector<uint32_t> next_use(count);
  std::vector<uint32_t> seen(trace.key_count, kNever);
  for (size_t i = count; i-- > 0;) {
    next_use[i] = seen[trace.requests[i]];
    seen[trace.requests[i]] = static_cast<uint32_t>(i);
  }
  std::vector<uint32_t> due(trace.key_count, 0);
  std::vector<bool> is_cached(trace.key_count, false);
  std::priority_queue<std::pair<uint32_t, uint32_t>> latest;  // With stale pairs, skipped.
  uint64_t hits = 0;
  uint32_t size = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t key = trace.requests[i];
    if (is_cached[key]) {
      ++hits;
    } else if (size < cache_keys) {
      ++size;
    } else {
      while (!is_cached[latest.top().second] || due[latest.top().second] != latest.top().first) {
        latest.pop();
      }
      is_cached[latest.top().second] = false;
      latest.pop();
    }
    is_cached[key] = true;
    due[key] = next_use[i];
    latest.emplace(next_use[i], key);
  }
  return hits;
}

/// Evicts the key idle longest.
inline uint64_t ExactLru(const Trace& trace, uint32_t cache_keys) {
  std::list<uint32_t> recent;
  std::vector<std::list<uint32_t>::iterator> place(trace.key_count, recent.end());
  uint64_t hits = 0;
  for (const uint32_t key : trace.requests) {
    if (place[key] != recent.end()) {
      ++hits;
      recent.splice(recent.begin(), recent, place[key]);
      continue;
    }
    if (recent.size() == cache_keys) {
      place[recent.back()] = recent.end();
      recent.pop_back();
    }
    recent.push_front(key);
    place[key] = recent.begin();
  }
  return hits;
}

/// Evicts the key least often asked for since it came, of those the one idle longest.
inline uint64_t ExactLfu(const Trace& trace, uint32_t cache_keys) {
  std::set<std::array<uint32_t, 3>> order;  // {count, last use, key}
  std::vector<std::array<uint32_t, 3>> entry(trace.key_count);
  std::vector<bool> is_cached(trace.key_count, false);
  uint64_t hits = 0;
  uint32_t now = 0;
  for (const uint32_t key : trace.requests) {
    ++now;
    uint32_t uses = 1;
    if (is_cached[key]) {
      ++hits;
      order.erase(entry[key]);
      uses = entry[key][0] + 1;
    } else if (order.size() == cache_keys) {
      is_cached[(*order.begin())[2]] = false;
      order.erase(order.begin());
    }
    entry[key] = {uses, now, key};
    order.insert(entry[key]);
    is_cached[key] = true;
  }
  return hits;
}

/// SIEVE (Zhang et al., NSDI 2024): a queue in order of arrival, a hand that spares visited keys
/// once.
inline uint64_t Sieve(const Trace& trace, uint32_t cache_keys) {
  std::list<uint32_t> queue;  // Newest in front.
  auto hand = queue.end();
  std::vector<bool> is_cached(trace.key_count, false);
  std::vector<bool> is_visited(trace.key_count, false);
  uint64_t hits = 0;
  for (const uint32_t key : trace.requests) {
    if (is_cached[key]) {
      ++hits;
      is_visited[key] = true;
      continue;
    }
    if (queue.size() == cache_keys) {
      auto victim = hand == queue.end() ? std::prev(queue.end()) : hand;
      while (is_visited[*victim]) {
        is_visited[*victim] = false;
        victim = victim == queue.begin() ? std::prev(queue.end()) : std::prev(victim);
      }
      is_cached[*victim] = false;
      hand = victim == queue.begin() ? queue.end() : std::prev(victim);
      queue.erase(victim);
    }
    queue.push_front(key);
    is_cached[key] = true;
    is_visited[key] = false;
  }
  return hits;
}

/// S3-FIFO (Yang et al., SOSP 2023): a small queue of a tenth, a main one, a ghost queue of main's
/// size.
class S3Fifo {
 public:
  S3Fifo(uint32_t key_count, uint32_t cache_keys)
      : small_max_(std::max(1U, cache_keys / 10)),
        main_max_(cache_keys - std::min(cache_keys, small_max_)),
        cache_keys_(cache_keys),
        is_cached_(key_count, false),
        uses_(key_count, 0),
        ghost_turn_(key_count, 0) {}

  /// Whether the request hit.
  bool Access(uint32_t key) {
    if (is_cached_[key]) {
      uses_[key] = std::min(uses_[key] + 1, 3U);
      return true;
    }
    while (small_.size() + main_.size() >= cache_keys_) Evict();
    uses_[key] = 0;
    (ghost_turn_[key] != 0 ? main_ : small_).push_back(key);
    ghost_turn_[key] = 0;
    is_cached_[key] = true;
    return false;
  }

 private:
  void Evict() {
    if (small_.size() < small_max_ && !main_.empty()) return EvictMain();
    while (!small_.empty()) {
      const uint32_t key = small_.front();
      small_.pop_front();
      if (uses_[key] <= 1) return Bury(key);
      uses_[key] = 0;
      main_.push_back(key);
      if (main_.size() > main_max_) return EvictMain();
    }
    EvictMain();
  }
  void EvictMain() {
    while (uses_[main_.front()] > 0) {
      --uses_[main_.front()];
      main_.push_back(main_.front());
      main_.pop_front();
    }
    is_cached_[main_.front()] = false;
    main_.pop_front();
  }
  void Bury(uint32_t key) {
    is_cached_[key] = false;
    ghost_turn_[key] = ++turn_;
    ghosts_.emplace_back(key, turn_);
    while (ghosts_.size() > main_max_) {
      const auto [oldest, turn] = ghosts_.front();
      ghosts_.pop_front();
      if (ghost_turn_[oldest] == turn) ghost_turn_[oldest] = 0;
    }
  }

  uint32_t small_max_;
  uint32_t main_max_;
  uint32_t cache_keys_;
  std::deque<uint32_t> small_;
  std::deque<uint32_t> main_;
  std::deque<std::pair<uint32_t, uint32_t>> ghosts_;
  std::vector<bool> is_cached_;
  std::vector<uint32_t> uses_;
  std::vector<uint32_t> ghost_turn_;
  uint32_t turn_ = 0;
};

inline uint64_t S3FifoHits(const Trace& trace, uint32_t cache_keys) {
  S3Fifo cache(trace.key_count, cache_keys);
  uint64_t hits = 0;
  for (const uint32_t key : trace.requests) hits += static_cast<uint64_t>(cache.Access(key));
  return hits;
}

}  // namespace ringtail::bench
