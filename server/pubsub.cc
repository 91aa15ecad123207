#include "server/pubsub.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <optional>
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

// Messages are put together up to this size; beyond it a visit more for each subscriber does not matter.
constexpr size_t kRunBytesMax = size_t{64} * 1024;
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

/// Messages that follow each other, in the two protocols.
class WireText {
 public:
  explicit WireText(SharedBytes resp2) : resp2_(std::move(resp2)) {}
  /// Puts several together; `messages` are views of them in RESP2.
  explicit WireText(std::span<const std::string_view> messages) {
    size_t size = 0;
    for (const std::string_view message : messages) {
      starts_.push_back(size);
      size += message.size();
    }
    resp2_ = SharedBytes::Create(size);
    for (size_t i = 0; i < messages.size(); ++i) {
      std::memcpy(resp2_.data() + starts_[i], messages[i].data(), messages[i].size());
    }
  }

  void AppendTo(proto::OutputBuffer& output, proto::RespVersion version) {
    if (version == proto::RespVersion::kResp2) return Append(output, resp2_, 0);
    if (starts_.empty()) {
      output.Append(">");
      return Append(output, resp2_, 1);
    }
    if (!resp3_) {
      resp3_ = SharedBytes::Create(resp2_.size());
      std::memcpy(resp3_.data(), resp2_.data(), resp2_.size());
      for (const size_t start : starts_) resp3_.data()[start] = '>';
    }
    Append(output, resp3_, 0);
  }

 private:
  static void Append(proto::OutputBuffer& output, const SharedBytes& block, size_t offset) {
    if (block.size() < kSharedMessageBytesMin) return output.Append(block.view().substr(offset));
    output.AppendShared(block, offset, block.size() - offset);
  }

  SharedBytes resp2_;
  SharedBytes resp3_;            // of several, once somebody wants it
  std::vector<size_t> starts_;   // of several
};

// A template since messages are Pubsub's own.
template <typename MessageRef>
WireText TextOf(std::span<const MessageRef> run) {
  if (run.size() == 1) return WireText(run.front()->block);
  std::vector<std::string_view> messages;
  messages.reserve(run.size());
  for (const auto& message : run) messages.push_back(message->block.view());
  return WireText(messages);
}

void SendTo(const Subscriber& subscriber, WireText& text) {
  Session& session = subscriber.client->session();
  net::Connection& connection = session.connection();
  if (connection.is_closing()) return;
  text.AppendTo(connection.output(), session.client.resp);
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
  for (size_t i = 0; i < worker_count; ++i) {
    workers_.push_back(std::make_unique<WorkerPart>());
    workers_.back()->pending.resize(worker_count);
  }
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
  return Send(worker_index, kind, channel, message, When::kAfterBatch);
}

size_t Pubsub::Send(size_t worker_index, ChannelKind kind, std::string_view channel,
                    std::string_view text, When when) {
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
    if (when == When::kAtOnce) {
      Post(worker, {message});
    } else {
      own.pending[worker].push_back(message);
      own.has_pending = true;
    }
  }
  return route.receiver_count;
}

// With one worker nothing can overtake what is pending.
void Pubsub::PublishEvent(size_t worker_index, uint32_t channels, int db, std::string_view event,
                          std::string_view key) {
  if (channels_.size() == 0 && patterns_.size() == 0) [[likely]] return;
  const When when = workers_.size() == 1 ? When::kAfterBatch : When::kAtOnce;
  const std::string place = "@" + std::to_string(db) + "__:";
  std::string channel;
  if ((channels & commands::kNotifyKeyspace) != 0) {
    channel.append("__keyspace").append(place).append(key);
    Send(worker_index, ChannelKind::kChannel, channel, event, when);
  }
  if ((channels & commands::kNotifyKeyevent) != 0) {
    channel.assign("__keyevent").append(place).append(event);
    Send(worker_index, ChannelKind::kChannel, channel, key, when);
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

void Pubsub::SendPending(size_t worker_index) {
  WorkerPart& own = *workers_[worker_index];
  own.has_pending = false;
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    Messages& messages = own.pending[worker];
    if (messages.empty()) continue;
    if (worker == worker_index) {
      Deliver(worker, messages);
      messages.clear();
    } else {
      Post(worker, std::exchange(messages, {}));
    }
  }
}

void Pubsub::Post(size_t worker_index, Messages messages) {
  server_.network().worker(static_cast<uint32_t>(worker_index))
      .Post([this, worker_index, messages = std::move(messages)] {
        Deliver(worker_index, messages);
      });
}

// In the order in which they were published; as many as can be told together at a time.
void Pubsub::Deliver(size_t worker_index, const Messages& messages) {
  const std::span all(messages);
  for (size_t begin = 0; begin < all.size();) {
    const Message& first = *all[begin];
    size_t bytes = first.block.size();
    size_t end = begin + 1;
    for (; end < all.size(); ++end) {
      const Message& next = *all[end];
      bytes += next.block.size();
      if (next.kind != first.kind || next.channel != first.channel || bytes > kRunBytesMax ||
          !first.patterns.empty() || !next.patterns.empty()) {
        break;
      }
    }
    DeliverRun(worker_index, all.subspan(begin, end - begin));
    DeliverToPatterns(worker_index, first);
    begin = end;
  }
}

void Pubsub::DeliverRun(size_t worker_index, std::span<const std::shared_ptr<const Message>> run) {
  const Message& first = *run.front();
  const auto* subscribers = workers_[worker_index]->table.Find(
      first.kind, {first.channel, first.channel_hash});
  if (subscribers == nullptr) return;
  std::optional<WireText> all;
  for (const Subscriber& one : *subscribers) {
    if (one.since <= first.moment) [[likely]] {
      if (!all) all = TextOf(run);
      SendTo(one, *all);
      continue;
    }
    // It came after the first of them.
    const auto at = std::ranges::find_if(
        run, [&](const auto& message) { return one.since <= message->moment; });
    if (at == run.end()) continue;
    WireText rest = TextOf(run.subspan(static_cast<size_t>(at - run.begin())));
    SendTo(one, rest);
  }
}

void Pubsub::DeliverToPatterns(size_t worker_index, const Message& message) {
  for (const auto& pattern : message.patterns) {
    const auto* subscribers =
        workers_[worker_index]->table.Find(ChannelKind::kPattern, pattern->name());
    if (subscribers == nullptr) continue;
    WireText text(Format({"pmessage", pattern->text, message.channel, message.text}));
    for (const Subscriber& one : *subscribers) {
      if (one.since <= message.moment) SendTo(one, text);
    }
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
