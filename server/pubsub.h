// Brings published messages to their subscribers, on whatever workers these are.
//
//   Pubsub pubsub(server);
//   services.pubsub = &pubsub;
//   if (!pubsub.pending(worker).empty()) pubsub.DeliverPending(worker);     // after each command
//
// A publisher asks the shared index how many receivers there are and on which workers, formats the message once, and
// posts one task to each of these workers; each finds the subscribers in a table of its own. Its own worker's part
// waits until the command is over. Events of keys are published with the key's lock held; they go through the
// mailbox of every worker, the publisher's own too, so that those of one key arrive in order.
//
// Thread rule: that of commands::PubsubService; `pending` and DeliverPending on the worker itself.
#pragma once

#include <memory>
#include <vector>

#include "base/shared_bytes.h"
#include "commands/pubsub_service.h"
#include "engine/engine.h"
#include "server/channel_index.h"
#include "server/subscription_table.h"

namespace ringtail::server {

class Server;

class Pubsub final : public commands::PubsubService, public engine::RemovalListener {
 public:
  Pubsub(Server& server, size_t worker_count);
  ~Pubsub() override;

  // commands::PubsubService.
  bool Subscribe(size_t worker_index, commands::ClientState& client, commands::ChannelKind kind,
                 std::string_view name) override;
  bool Unsubscribe(commands::ClientState& client, commands::ChannelKind kind,
                   std::string_view name) override;
  void UnsubscribeAll(commands::ClientState& client) override;
  std::vector<std::string> NamesOf(const commands::ClientState& client,
                                   commands::ChannelKind kind) override;
  size_t Publish(size_t worker_index, commands::ChannelKind kind, std::string_view channel,
                 std::string_view message) override;
  void PublishEvent(size_t worker_index, uint32_t channels, int db, std::string_view event,
                    std::string_view key) override;
  std::vector<std::string> Names(commands::ChannelKind kind,
                                 std::optional<std::string_view> pattern) override;
  size_t SubscriberCount(commands::ChannelKind kind, std::string_view name) override;
  size_t NameCount(commands::ChannelKind kind) override;

  // engine::RemovalListener.
  void OnRemoved(size_t worker_index, engine::Removal removal, int db,
                 std::string_view key) override;

  struct Message;
  using MessageRef = std::shared_ptr<const Message>;
  /// What this worker's own commands have published for its own subscribers and is not yet delivered.
  const std::vector<MessageRef>& pending(size_t worker_index) const {
    return workers_[worker_index]->pending;
  }
  void DeliverPending(size_t worker_index);

 private:
  /// How a worker gets to know of a message that its own command published.
  enum class OwnPart { kAfterCommand, kByMailbox };
  /// What belongs to one worker.
  struct alignas(64) WorkerPart {
    SubscriptionTable table;
    PatternIndex::Snapshot patterns;
    std::vector<MessageRef> pending;
  };

  ChannelIndex& IndexOf(commands::ChannelKind kind) {
    return kind == commands::ChannelKind::kShard ? shard_channels_ : channels_;
  }
  size_t Send(size_t worker_index, commands::ChannelKind kind, std::string_view channel,
              std::string_view text, OwnPart own_part);
  void Deliver(size_t worker_index, const Message& message);

  Server& server_;
  SubscriptionClock clock_;
  ChannelIndex channels_;
  ChannelIndex shard_channels_;
  PatternIndex patterns_;
  std::vector<std::unique_ptr<WorkerPart>> workers_;
};

}  // namespace ringtail::server
