#include "server/subscription_table.h"

#include <glog/logging.h>

#include <algorithm>

namespace ringtail::server {

using commands::ChannelKind;
namespace {

// A node of the client's map, one of the channels' map, and a place among the subscribers.
size_t FootprintBytes(const ChannelName& name) {
  return name.bytes.size() + sizeof(SubscribedChannel) + sizeof(Subscriber) + 64;
}

}  // namespace

ClientSubscriptions::~ClientSubscriptions() {
  for (const Places& places : places_) CHECK(places.empty());
}

std::vector<std::string> ClientSubscriptions::Names(ChannelKind kind) const {
  std::vector<std::string> names;
  for (const auto& [channel, place] : places_[static_cast<size_t>(kind)]) {
    names.emplace_back(channel->name.bytes);
  }
  std::ranges::sort(names);
  return names;
}

Subscriber* SubscriptionTable::Subscribe(ClientSubscriptions& client, ChannelKind kind,
                                         const ChannelName& name) {
  Map& map = MapOf(kind);
  auto at = map.find(name);
  if (at == map.end()) {
    at = map.emplace(OwnedChannelName{std::string(name.bytes), name.hash}, SubscribedChannel{})
             .first;
    at->second.name = at->first;
  }
  SubscribedChannel& channel = at->second;
  auto& places = client.places_[static_cast<size_t>(kind)];
  if (!places.emplace(&channel, channel.subscribers.size()).second) return nullptr;
  ++client.counts_[static_cast<size_t>(kind)];
  client.footprint_bytes_ += FootprintBytes(name);
  channel.subscribers.push_back({.client = &client});
  return &channel.subscribers.back();
}

// The last subscriber moves into the place that becomes free.
bool SubscriptionTable::Unsubscribe(ClientSubscriptions& client, ChannelKind kind,
                                    const ChannelName& name) {
  Map& map = MapOf(kind);
  const auto at = map.find(name);
  if (at == map.end()) return false;
  SubscribedChannel& channel = at->second;
  const auto kind_index = static_cast<size_t>(kind);
  auto& places = client.places_[kind_index];
  const auto place = places.find(&channel);
  if (place == places.end()) return false;
  const size_t position = place->second;
  places.erase(place);
  --client.counts_[kind_index];
  client.footprint_bytes_ -= FootprintBytes(name);
  const Subscriber last = channel.subscribers.back();
  channel.subscribers.pop_back();
  if (position != channel.subscribers.size()) {
    channel.subscribers[position] = last;
    last.client->places_[kind_index].find(&channel)->second = position;
  }
  if (channel.subscribers.empty()) map.erase(at);
  return true;
}

const std::vector<Subscriber>* SubscriptionTable::Find(ChannelKind kind,
                                                       const ChannelName& name) const {
  const Map& map = MapOf(kind);
  const auto at = map.find(name);
  return at == map.end() ? nullptr : &at->second.subscribers;
}

}  // namespace ringtail::server
