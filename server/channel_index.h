// How many subscribers each channel has on each worker: what a publisher looks at, on whatever worker it is.
//
//   index.Add(name, worker);                       // one more subscriber there
//   const Route route = index.Find(name);          // route.receiver_count, route.workers
//
// Striped by the name's hash, one small lock a stripe. Patterns cannot be looked up, each has to be tried; their index
// is a list that publishers share and that is made anew when a pattern comes or goes.
//
// Moments put subscriptions and messages in order: a subscription gets none that was published before it.
// Thread rule: any thread.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/connection_id.h"
#include "server/channel_name.h"

namespace ringtail::server {

using WorkerSet = std::bitset<net::kWorkerCountMax>;

/// Counts subscriptions; shared by all indexes of one server.
class SubscriptionClock {
 public:
  /// A new moment, that of a subscription.
  uint64_t Advance() { return now_.fetch_add(1, std::memory_order_acq_rel) + 1; }
  /// The present moment, that of a message.
  uint64_t now() const { return now_.load(std::memory_order_acquire); }

 private:
  std::atomic<uint64_t> now_{0};
};

/// Where a message goes.
struct Route {
  size_t receiver_count = 0;
  WorkerSet workers;
  uint64_t moment = 0;
};

class ChannelIndex {
 public:
  ChannelIndex(size_t worker_count, SubscriptionClock& clock)
      : worker_count_(worker_count), clock_(clock) {}

  /// One more subscriber on a worker. Returns the moment of the subscription.
  uint64_t Add(const ChannelName& name, size_t worker_index);
  /// One less.
  void Remove(const ChannelName& name, size_t worker_index);
  Route Find(const ChannelName& name);
  size_t SubscriberCount(const ChannelName& name) { return Find(name).receiver_count; }
  /// The names with subscribers that match the pattern, if there is one.
  std::vector<std::string> Names(std::optional<std::string_view> pattern);
  /// How many names have subscribers; one load.
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kStripeCount = 64;
  using Counts = std::unique_ptr<uint32_t[]>;  // by worker
  struct alignas(64) Stripe {
    std::mutex mutex;
    ChannelMap<Counts> channels;
  };

  Stripe& StripeOf(const ChannelName& name) { return stripes_[name.hash >> 58]; }

  const size_t worker_count_;
  SubscriptionClock& clock_;
  std::atomic<size_t> size_{0};
  std::array<Stripe, kStripeCount> stripes_;
};

/// A pattern that has subscribers.
struct Pattern {
  Pattern(const ChannelName& of, size_t worker_count)
      : text(of.bytes),
        hash(of.hash),
        counts(std::make_unique<std::atomic<uint32_t>[]>(worker_count)) {}
  ChannelName name() const { return {text, hash}; }

  const std::string text;
  const uint64_t hash;
  const std::unique_ptr<std::atomic<uint32_t>[]> counts;  ///< by worker
};
using PatternList = std::vector<std::shared_ptr<const Pattern>>;

class PatternIndex {
 public:
  PatternIndex(size_t worker_count, SubscriptionClock& clock)
      : worker_count_(worker_count), clock_(clock) {}

  uint64_t Add(const ChannelName& name, size_t worker_index);
  void Remove(const ChannelName& name, size_t worker_index);
  size_t SubscriberCount(const ChannelName& name);
  std::vector<std::string> Names(std::optional<std::string_view> pattern);
  size_t size() const { return size_.load(std::memory_order_relaxed); }

  /// The list as one publisher keeps it from message to message.
  struct Snapshot {
    uint64_t version = 0;
    std::shared_ptr<const PatternList> list;
  };
  /// Brings a snapshot up to date; one load if it is.
  void Refresh(Snapshot& snapshot);
  /// Adds the receivers of a pattern to a route.
  void AddTo(Route& route, const Pattern& pattern) const;

 private:
  const size_t worker_count_;
  SubscriptionClock& clock_;
  std::atomic<size_t> size_{0};
  std::atomic<uint64_t> version_{1};   // changes when a pattern comes or goes
  std::mutex mutex_;                   // guards what follows
  ChannelMap<std::shared_ptr<Pattern>> patterns_;
  Snapshot latest_;
};

}  // namespace ringtail::server
