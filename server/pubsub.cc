#include "server/pubsub.h"

#include <cstring>
#include <initializer_list>
#include <utility>

#include "base/glob.h"
#include "commands/client_state.h"
#include "commands/keyspace_event.h"
#include "proto/decimal.h"
#include "server/server.h"

namespace ringtail::server {
namespace {

using commands::ChannelKind;
using commands::ClientState;

// From this size on a message is sent out of the one block that all its receivers share.
constexpr size_t kSharedMessageBytesMin = proto::ReplyWriter::kSharedBulkBytesMin;

char* WriteLine(char* place, char type, uint64_t number) {
  *place = type;
  place = proto::WriteDecimal(place + 1, number);
  *place++ = '\r';
  *place++ = '\n';
  return place;
}

/// An array of bulks in RESP2. A push of RESP3 differs in its first byte only.
SharedBytes Format(std::initializer_list<std::string_view> words) {
  constexpr size_t kHeaderBytesMax = 24;
  size_t bytes_max = kHeaderBytesMax;
  for (const std::string_view word : words) bytes_max += kHeaderBytesMax + word.size() + 2;
  SharedBytes block = SharedBytes::Create(bytes_max);
  char* place = WriteLine(block.data(), '*', words.size());
  for (const std::string_view word : words) {
    place = WriteLine(place, '$', word.size());
    if (!word.empty()) std::memcpy(place, word.data(), word.size());
    place += word.size();
    *place++ = '\r';
    *place++ = '\n';
  }
  block.Resize(static_cast<size_t>(place - block.data()), bytes_max);
  return block;
}

void Append(proto::OutputBuffer& output, proto::RespVersion version, const SharedBytes& block) {
  const std::string_view bytes = block.view();
  if (version == proto::RespVersion::kResp2) {
    if (bytes.size() >= kSharedMessageBytesMin) return output.AppendShared(block, 0, bytes.size());
    return output.Append(bytes);
  }
  output.Append(">");
  if (bytes.size() >= kSharedMessageBytesMin) {
    return output.AppendShared(block, 1, bytes.size() - 1);
  }
  output.Append(bytes.substr(1));
}

void SendTo(const Subscriber& subscriber, uint64_t moment, const SharedBytes& block) {
  if (subscriber.since > moment) return;  // It came after the message.
  Session& session = subscriber.client->session();
  net::Connection& connection = session.connection();
  if (connection.is_closing()) return;
  Append(connection.output(), session.client.resp, block);
  static_cast<SessionWorker&>(connection.worker().delegate()).EnforceOutputLimit(session);
}

ClientSubscriptions* SubscriptionsOf(const ClientState& client) {
  return static_cast<ClientSubscriptions*>(client.subscriptions.get());
}

}  // namespace

/// A message on its way; shared by the workers that it goes to.
struct Pubsub::Message {
  ChannelKind kind;
  uint64_t moment;
  uint64_t channel_hash;
  std::string channel;
  SharedBytes block;           // as the subscribers of the channel get it
  std::string_view text;       // lies in `block`
  PatternList patterns;        // that match the channel
};

Pubsub::Pubsub(Server& server, size_t worker_count)
    : server_(server),
      channels_(worker_count, clock_),
      shard_channels_(worker_count, clock_),
      patterns_(worker_count, clock_) {
  for (size_t i = 0; i < worker_count; ++i) workers_.push_back(std::make_unique<WorkerPart>());
}

Pubsub::~Pubsub() = default;

// ---- Subscribing

// The worker's own table comes first: once the index has it, messages come.
bool Pubsub::Subscribe(size_t worker_index, ClientState& client, ChannelKind kind,
                       std::string_view bytes) {
  if (client.subscriptions == nullptr) {
    client.subscriptions = std::make_unique<ClientSubscriptions>(
        worker_index, &server_.session_worker(worker_index).running_session());
  }
  const ChannelName name = ChannelName::Of(bytes);
  Subscriber* subscriber =
      workers_[worker_index]->table.Subscribe(*SubscriptionsOf(client), kind, name);
  if (subscriber == nullptr) return false;
  subscriber->since = kind == ChannelKind::kPattern ? patterns_.Add(name, worker_index)
                                                    : IndexOf(kind).Add(name, worker_index);
  ++client.subscription_count;
  return true;
}

bool Pubsub::Unsubscribe(ClientState& client, ChannelKind kind, std::string_view bytes) {
  ClientSubscriptions* subscriptions = SubscriptionsOf(client);
  if (subscriptions == nullptr) return false;
  const ChannelName name = ChannelName::Of(bytes);
  const size_t worker_index = subscriptions->worker_index();
  if (!workers_[worker_index]->table.Unsubscribe(*subscriptions, kind, name)) return false;
  if (kind == ChannelKind::kPattern) {
    patterns_.Remove(name, worker_index);
  } else {
    IndexOf(kind).Remove(name, worker_index);
  }
  --client.subscription_count;
  return true;
}

void Pubsub::UnsubscribeAll(ClientState& client) {
  for (size_t kind = 0; kind < commands::kChannelKindCount; ++kind) {
    for (const std::string& name : NamesOf(client, static_cast<ChannelKind>(kind))) {
      Unsubscribe(client, static_cast<ChannelKind>(kind), name);
    }
  }
  client.subscriptions.reset();
}

std::vector<std::string> Pubsub::NamesOf(const ClientState& client, ChannelKind kind) {
  const ClientSubscriptions* subscriptions = SubscriptionsOf(client);
  if (subscriptions == nullptr) return {};
  return subscriptions->Names(kind);
}

// ---- Publishing

size_t Pubsub::Publish(size_t worker_index, ChannelKind kind, std::string_view channel,
                       std::string_view message) {
  return Send(worker_index, kind, channel, message, OwnPart::kAfterCommand);
}

size_t Pubsub::Send(size_t worker_index, ChannelKind kind, std::string_view channel,
                    std::string_view text, OwnPart own_part) {
  const ChannelName name = ChannelName::Of(channel);
  Route route;
  if (IndexOf(kind).size() != 0) {
    route = IndexOf(kind).Find(name);
  } else {
    route.moment = clock_.now();
  }
  WorkerPart& own = *workers_[worker_index];
  PatternList matching;
  if (kind == ChannelKind::kChannel && patterns_.size() != 0) {
    patterns_.Refresh(own.patterns);
    for (const auto& pattern : *own.patterns.list) {
      if (!GlobMatch(pattern->text, channel, GlobCase::kSensitive)) continue;
      patterns_.AddTo(route, *pattern);
      matching.push_back(pattern);
    }
  }
  if (route.receiver_count == 0) return 0;
  auto message = std::make_shared<Message>();
  message->kind = kind;
  message->moment = route.moment;
  message->channel_hash = name.hash;
  message->channel = channel;
  message->block =
      Format({kind == ChannelKind::kShard ? "smessage" : "message", channel, text});
  const char* const end = message->block.data() + message->block.size();
  message->text = {end - 2 - text.size(), text.size()};
  message->patterns = std::move(matching);
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    if (!route.workers.test(worker)) continue;
    if (worker == worker_index && own_part == OwnPart::kAfterCommand) {
      own.pending.push_back(message);
    } else {
      server_.network().worker(static_cast<uint32_t>(worker)).Post([this, worker, message] {
        Deliver(worker, *message);
      });
    }
  }
  return route.receiver_count;
}

// With one worker nothing can overtake what it has pending.
void Pubsub::PublishEvent(size_t worker_index, uint32_t channels, int db, std::string_view event,
                          std::string_view key) {
  if (channels_.size() == 0 && patterns_.size() == 0) [[likely]] return;
  const OwnPart own_part = workers_.size() == 1 ? OwnPart::kAfterCommand : OwnPart::kByMailbox;
  const std::string place = "@" + std::to_string(db) + "__:";
  std::string channel;
  if ((channels & commands::kNotifyKeyspace) != 0) {
    channel.append("__keyspace").append(place).append(key);
    Send(worker_index, ChannelKind::kChannel, channel, event, own_part);
  }
  if ((channels & commands::kNotifyKeyevent) != 0) {
    channel.assign("__keyevent").append(place).append(event);
    Send(worker_index, ChannelKind::kChannel, channel, key, own_part);
  }
}

void Pubsub::OnRemoved(size_t worker_index, engine::Removal removal, int db,
                       std::string_view key) {
  const uint32_t configured =
      server_.services().keyspace_events.load(std::memory_order_relaxed);
  const uint32_t channels = configured & (commands::kNotifyKeyspace | commands::kNotifyKeyevent);
  if (channels == 0) return;
  const auto publish = [&](uint32_t event_class, std::string_view event) {
    if ((configured & event_class) != 0) PublishEvent(worker_index, channels, db, event, key);
  };
  switch (removal) {
    case engine::Removal::kExpired: return publish(commands::kNotifyExpired, "expired");
    case engine::Removal::kEvicted: return publish(commands::kNotifyEvicted, "evicted");
    case engine::Removal::kFieldsExpired: return publish(commands::kNotifyHash, "hexpired");
    case engine::Removal::kLastFieldExpired:
      publish(commands::kNotifyHash, "hexpired");
      return publish(commands::kNotifyGeneric, "del");
  }
}

// ---- Delivering

void Pubsub::DeliverPending(size_t worker_index) {
  std::vector<MessageRef>& pending = workers_[worker_index]->pending;
  for (const MessageRef& message : pending) Deliver(worker_index, *message);
  pending.clear();
}

void Pubsub::Deliver(size_t worker_index, const Message& message) {
  const SubscriptionTable& table = workers_[worker_index]->table;
  if (const auto* subscribers =
          table.Find(message.kind, {message.channel, message.channel_hash})) {
    for (const Subscriber& one : *subscribers) SendTo(one, message.moment, message.block);
  }
  for (const auto& pattern : message.patterns) {
    const auto* subscribers = table.Find(ChannelKind::kPattern, pattern->name());
    if (subscribers == nullptr) continue;
    const SharedBytes block =
        Format({"pmessage", pattern->text, message.channel, message.text});
    for (const Subscriber& one : *subscribers) SendTo(one, message.moment, block);
  }
}

// ---- Questions

std::vector<std::string> Pubsub::Names(ChannelKind kind, std::optional<std::string_view> pattern) {
  return kind == ChannelKind::kPattern ? patterns_.Names(pattern) : IndexOf(kind).Names(pattern);
}

size_t Pubsub::SubscriberCount(ChannelKind kind, std::string_view name) {
  const ChannelName of = ChannelName::Of(name);
  return kind == ChannelKind::kPattern ? patterns_.SubscriberCount(of)
                                       : IndexOf(kind).SubscriberCount(of);
}

size_t Pubsub::NameCount(ChannelKind kind) {
  return kind == ChannelKind::kPattern ? patterns_.size() : IndexOf(kind).size();
}

}  // namespace ringtail::server
