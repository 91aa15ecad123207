// Brings published messages to their subscribers, on whatever workers these are.
//
//   Pubsub pubsub(server);
//   services.pubsub = &pubsub;
//   if (pubsub.has_pending(worker)) pubsub.SendPending(worker);     // after each batch of commands
//
// A publisher asks the shared index how many receivers there are and on which workers, and formats the message once.
// What a batch of commands has published is then posted as one task to each worker that has subscribers, which finds
// them in a table of its own; messages that follow each other on a channel are put together, so that each subscriber
// is visited once for all of them. Events of keys are published with the key's lock held; they go through the
// mailbox of every worker at once, the publisher's own too, so that those of one key arrive in order.
//
// Thread rule: that of commands::PubsubService; `has_pending` and SendPending on the worker itself.
#pragma once

#include <memory>
#include <span>
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

  /// Whether this worker's commands have published something that is not on its way yet. The flag lives as long as this.
  const bool& has_pending(size_t worker_index) const { return workers_[worker_index]->has_pending; }
  void SendPending(size_t worker_index);

 private:
  struct Message;
  using Messages = std::vector<std::shared_ptr<const Message>>;
  enum class When { kAfterBatch, kAtOnce };
  /// What belongs to one worker.
  struct alignas(64) WorkerPart {
    bool has_pending = false;
    SubscriptionTable table;
    PatternIndex::Snapshot patterns;
    std::vector<Messages> pending;   // by worker that they go to
  };

  ChannelIndex& IndexOf(commands::ChannelKind kind) {
    return kind == commands::ChannelKind::kShard ? shard_channels_ : channels_;
  }
  size_t Send(size_t worker_index, commands::ChannelKind kind, std::string_view channel,
              std::string_view text, When when);
  void Post(size_t worker_index, Messages messages);
  void Deliver(size_t worker_index, const Messages& messages);
  void DeliverRun(size_t worker_index, std::span<const std::shared_ptr<const Message>> run);
  void DeliverToPatterns(size_t worker_index, const Message& message);

  Server& server_;
  SubscriptionClock clock_;
  ChannelIndex channels_;
  ChannelIndex shard_channels_;
  PatternIndex patterns_;
  std::vector<std::unique_ptr<WorkerPart>> workers_;
};

}  // namespace ringtail::server
