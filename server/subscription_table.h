// The subscribers on one worker: by channel, for whoever delivers, and by client, for whoever unsubscribes.
//
//   table.Subscribe(client, kind, name);
//   table.Unsubscribe(client, kind, name);
//   if (const auto* subscribers = table.Find(kind, name)) for (const Subscriber& one : *subscribers) …
//
// Each end of a subscription knows its place at the other, so ending one is O(1) however many a channel or a
// client has. Thread rule: belongs to its worker; other threads may read a client's names in exclusive mode.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "commands/pubsub_service.h"
#include "server/channel_name.h"

namespace ringtail::server {

class Session;
class ClientSubscriptions;

struct Subscriber {
  ClientSubscriptions* client = nullptr;
  uint64_t since = 0;                 ///< moment of the subscription
};

/// A name with its subscribers; lives while it has some.
struct SubscribedChannel {
  ChannelName name;                   ///< of the map that it is in
  std::vector<Subscriber> subscribers;
};

/// One client's end of its subscriptions. They all have to be ended before it goes.
class ClientSubscriptions final : public commands::Subscriptions {
 public:
  /// `session` may be null in tests.
  ClientSubscriptions(size_t worker_index, Session* session)
      : worker_index_(worker_index), session_(session) {}
  ~ClientSubscriptions() override;

  size_t worker_index() const { return worker_index_; }
  Session& session() const { return *session_; }
  std::vector<std::string> Names(commands::ChannelKind kind) const;
  /// About what the subscriptions take; a channel's own memory counts for each of its subscribers.
  size_t footprint_bytes() const { return footprint_bytes_; }

 private:
  friend class SubscriptionTable;
  // A channel, and the client's place among its subscribers.
  using Places = std::unordered_map<SubscribedChannel*, size_t>;

  const size_t worker_index_;
  Session* const session_;
  size_t footprint_bytes_ = 0;
  std::array<Places, commands::kChannelKindCount> places_;
};

class SubscriptionTable {
 public:
  /// Null if the client is subscribed already; else a subscriber whose `since` is to be filled in before any other call.
  Subscriber* Subscribe(ClientSubscriptions& client, commands::ChannelKind kind,
                        const ChannelName& name);
  /// False if the client is not subscribed.
  bool Unsubscribe(ClientSubscriptions& client, commands::ChannelKind kind,
                   const ChannelName& name);
  const std::vector<Subscriber>* Find(commands::ChannelKind kind, const ChannelName& name) const;
  size_t size(commands::ChannelKind kind) const { return MapOf(kind).size(); }

 private:
  using Map = ChannelMap<SubscribedChannel>;
  Map& MapOf(commands::ChannelKind kind) { return maps_[static_cast<size_t>(kind)]; }
  const Map& MapOf(commands::ChannelKind kind) const { return maps_[static_cast<size_t>(kind)]; }

  std::array<Map, commands::kChannelKindCount> maps_;
};

}  // namespace ringtail::server
