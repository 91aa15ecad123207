// Who is subscribed to what, and the way of a message to them, as commands see it.
//
//   const size_t receivers = services.pubsub->Publish(worker, ChannelKind::kChannel, channel, message);
//   if (client.subscription_count != 0) …             // in RESP2 it may do little else now
//
// A message is delivered after the command that publishes it, so it never lands inside the publisher's own reply.
// Messages of one publisher keep their order. Thread rule: Subscribe, Unsubscribe and Publish on the worker that
// executes the command, `worker_index`; what is of a client, on the client's worker or in exclusive mode; the
// rest from any worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringtail::commands {

struct ClientState;

/// The three spaces of names.
enum class ChannelKind : uint8_t { kChannel, kPattern, kShard };
inline constexpr size_t kChannelKindCount = 3;

/// What one client is subscribed to; made at its first subscription, by whoever implements the service.
class Subscriptions {
 public:
  virtual ~Subscriptions() = default;
  size_t count(ChannelKind kind) const { return counts_[static_cast<size_t>(kind)]; }

 protected:
  std::array<size_t, kChannelKindCount> counts_{};
};

class PubsubService {
 public:
  virtual ~PubsubService() = default;

  // Of the client whose command this worker executes; these keep its subscription_count.

  /// False: it was subscribed already.
  virtual bool Subscribe(size_t worker_index, ClientState& client, ChannelKind kind,
                         std::string_view name) = 0;
  /// False: it was not subscribed.
  virtual bool Unsubscribe(ClientState& client, ChannelKind kind, std::string_view name) = 0;
  virtual void UnsubscribeAll(ClientState& client) = 0;
  /// The names that a client is subscribed to, sorted.
  virtual std::vector<std::string> NamesOf(const ClientState& client, ChannelKind kind) = 0;

  /// Sends a message to the subscribers of a channel (kChannel: and of the patterns that match it). Returns how
  /// many receive it; one that several patterns lead to counts, and receives it, several times.
  virtual size_t Publish(size_t worker_index, ChannelKind kind, std::string_view channel,
                         std::string_view message) = 0;
  /// Publishes an event of a key, with the key's lock held: events of a key are delivered in order, whoever
  /// caused them. `channels`: kNotifyKeyspace, kNotifyKeyevent or both.
  virtual void PublishEvent(size_t worker_index, uint32_t channels, int db, std::string_view event,
                            std::string_view key) = 0;

  /// The names that have subscribers; those that match `pattern`, if there is one. In no order.
  virtual std::vector<std::string> Names(ChannelKind kind,
                                         std::optional<std::string_view> pattern) = 0;
  virtual size_t SubscriberCount(ChannelKind kind, std::string_view name) = 0;
  /// How many names have subscribers.
  virtual size_t NameCount(ChannelKind kind) = 0;
};

}  // namespace ringtail::commands
