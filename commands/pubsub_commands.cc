// SUBSCRIBE and its kin, PUBLISH, PUBSUB.
#include <string>

#include "commands/context.h"
#include "commands/pubsub_service.h"

namespace ringtail::commands {
namespace {

constexpr std::string_view kHelp[] = {
    "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CHANNELS [<pattern>]",
    "    Name the channels that have subscribers; those that match <pattern>, if it is given.",
    "NUMPAT",
    "    Count the patterns that have subscribers.",
    "NUMSUB [<channel> ...]",
    "    Count the subscribers of each channel; those of patterns do not count.",
    "SHARDCHANNELS [<pattern>]",
    "    Name the shard channels that have subscribers; those that match <pattern>, if it is given.",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Count the subscribers of each shard channel.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& ctx, Args) {
  ctx.reply().Array(std::size(kHelp));
  for (const std::string_view line : kHelp) ctx.reply().SimpleString(line);
}

/// Of a process where nobody publishes anything.
class NoPubsub final : public PubsubService {
 public:
  bool Subscribe(size_t, ClientState&, ChannelKind, std::string_view) override { return false; }
  bool Unsubscribe(ClientState&, ChannelKind, std::string_view) override { return false; }
  void UnsubscribeAll(ClientState&) override {}
  std::vector<std::string> NamesOf(const ClientState&, ChannelKind) override { return {}; }
  size_t Publish(size_t, ChannelKind, std::string_view, std::string_view) override { return 0; }
  void PublishEvent(size_t, uint32_t, int, std::string_view, std::string_view) override {}
  std::vector<std::string> Names(ChannelKind, std::optional<std::string_view>) override {
    return {};
  }
  size_t SubscriberCount(ChannelKind, std::string_view) override { return 0; }
  size_t NameCount(ChannelKind) override { return 0; }
};

PubsubService& ServiceOf(CommandContext& ctx) {
  static NoPubsub none;
  PubsubService* pubsub = ctx.services().pubsub;
  return pubsub == nullptr ? none : *pubsub;
}

/// What the commands of one kind say in their replies.
struct Words {
  std::string_view subscribe;
  std::string_view unsubscribe;
};

constexpr Words WordsOf(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kChannel: return {"subscribe", "unsubscribe"};
    case ChannelKind::kPattern: return {"psubscribe", "punsubscribe"};
    case ChannelKind::kShard: return {"ssubscribe", "sunsubscribe"};
  }
  return {};
}

/// The count that ends each reply: shard channels are counted apart from the others.
int64_t ShownCount(const ClientState& client, ChannelKind kind) {
  if (client.subscriptions == nullptr) return 0;
  const size_t shard_count = client.subscriptions->count(ChannelKind::kShard);
  return static_cast<int64_t>(kind == ChannelKind::kShard
                                  ? shard_count
                                  : client.subscription_count - shard_count);
}

template <ChannelKind kKind>
void Subscribe(CommandContext& ctx, Args args) {
  if (kKind == ChannelKind::kShard && ctx.is_in_transaction()) {
    return ctx.reply().Error(errors::kShardSubscribeInMulti);
  }
  for (const std::string_view name : args.subspan(1)) {
    ServiceOf(ctx).Subscribe(ctx.worker().index, ctx.client(), kKind, name);
    ctx.reply().Push(3);
    ctx.reply().Bulk(WordsOf(kKind).subscribe);
    ctx.reply().Bulk(name);
    ctx.reply().Integer(ShownCount(ctx.client(), kKind));
  }
}

template <ChannelKind kKind>
void LeaveOne(CommandContext& ctx, std::string_view name) {
  ServiceOf(ctx).Unsubscribe(ctx.client(), kKind, name);
  ctx.reply().Push(3);
  ctx.reply().Bulk(WordsOf(kKind).unsubscribe);
  ctx.reply().Bulk(name);
  ctx.reply().Integer(ShownCount(ctx.client(), kKind));
}

template <ChannelKind kKind>
void Unsubscribe(CommandContext& ctx, Args args) {
  if (args.size() > 1) {
    for (const std::string_view name : args.subspan(1)) LeaveOne<kKind>(ctx, name);
    return;
  }
  const auto names = ServiceOf(ctx).NamesOf(ctx.client(), kKind);
  for (const std::string& name : names) LeaveOne<kKind>(ctx, name);
  if (!names.empty()) return;
  ctx.reply().Push(3);
  ctx.reply().Bulk(WordsOf(kKind).unsubscribe);
  ctx.reply().Null();
  ctx.reply().Integer(ShownCount(ctx.client(), kKind));
}

template <ChannelKind kKind>
void Publish(CommandContext& ctx, Args args) {
  const size_t receivers =
      ServiceOf(ctx).Publish(ctx.worker().index, kKind, args[1], args[2]);
  ctx.reply().Integer(static_cast<int64_t>(receivers));
}

template <ChannelKind kKind>
void Channels(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(errors::UnknownForm("PUBSUB", args[1]));
  std::optional<std::string_view> pattern;
  if (args.size() == 3) pattern = args[2];
  const auto names = ServiceOf(ctx).Names(kKind, pattern);
  ctx.reply().Array(names.size());
  for (const std::string& name : names) ctx.reply().Bulk(name);
}

template <ChannelKind kKind>
void SubscriberCounts(CommandContext& ctx, Args args) {
  const Args names = args.subspan(2);
  ctx.reply().Array(names.size() * 2);
  for (const std::string_view name : names) {
    ctx.reply().Bulk(name);
    ctx.reply().Integer(
        static_cast<int64_t>(ServiceOf(ctx).SubscriberCount(kKind, name)));
  }
}

void PatternCount(CommandContext& ctx, Args) {
  ctx.reply().Integer(
      static_cast<int64_t>(ServiceOf(ctx).NameCount(ChannelKind::kPattern)));
}

constexpr uint32_t kQuestion = kPubsub | kLoading | kStale;
constexpr uint32_t kSubscribing = kPubsub | kNoScript | kLoading | kStale | kForSubscribers;
constexpr uint32_t kPublishing = kPubsub | kLoading | kStale | kFast | kMayReplicate;

constexpr CommandSpec kSubcommands[] = {
    {.name = "CHANNELS", .arity = -2, .flags = kQuestion, .handler = Channels<ChannelKind::kChannel>,
     .group = "pubsub", .since = "2.8.0",
     .complexity = "O(N), where N is the number of channels with subscribers.",
     .summary = "Names the channels that have subscribers."},
    {.name = "HELP", .arity = 2, .flags = kLoading | kStale, .handler = Help, .group = "pubsub",
     .since = "6.2.0", .complexity = "O(1)", .summary = "Lists the subcommands."},
    {.name = "NUMPAT", .arity = 2, .flags = kQuestion, .handler = PatternCount, .group = "pubsub",
     .since = "2.8.0", .complexity = "O(1)",
     .summary = "Counts the patterns that have subscribers."},
    {.name = "NUMSUB", .arity = -2, .flags = kQuestion,
     .handler = SubscriberCounts<ChannelKind::kChannel>, .group = "pubsub", .since = "2.8.0",
     .complexity = "O(N), where N is the number of channels asked for.",
     .summary = "Counts the subscribers of channels."},
    {.name = "SHARDCHANNELS", .arity = -2, .flags = kQuestion,
     .handler = Channels<ChannelKind::kShard>, .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), where N is the number of shard channels with subscribers.",
     .summary = "Names the shard channels that have subscribers."},
    {.name = "SHARDNUMSUB", .arity = -2, .flags = kQuestion,
     .handler = SubscriberCounts<ChannelKind::kShard>, .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), where N is the number of shard channels asked for.",
     .summary = "Counts the subscribers of shard channels."},
};

constexpr CommandSpec kCommands[] = {
    {.name = "SUBSCRIBE", .arity = -2, .flags = kSubscribing,
     .handler = Subscribe<ChannelKind::kChannel>, .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), where N is the number of channels.",
     .summary = "Has the messages of channels sent to the connection."},
    {.name = "UNSUBSCRIBE", .arity = -1, .flags = kSubscribing,
     .handler = Unsubscribe<ChannelKind::kChannel>, .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), where N is the number of channels.",
     .summary = "Ends subscriptions to channels, or to all of them."},
    {.name = "PSUBSCRIBE", .arity = -2, .flags = kSubscribing,
     .handler = Subscribe<ChannelKind::kPattern>, .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), where N is the number of patterns.",
     .summary = "Has the messages of all channels that match patterns sent to the connection."},
    {.name = "PUNSUBSCRIBE", .arity = -1, .flags = kSubscribing,
     .handler = Unsubscribe<ChannelKind::kPattern>, .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), where N is the number of patterns.",
     .summary = "Ends subscriptions to patterns, or to all of them."},
    {.name = "SSUBSCRIBE", .arity = -2, .flags = kSubscribing,
     .keys = {KeyRange(kKeyNotKey, 1, -1)}, .handler = Subscribe<ChannelKind::kShard>,
     .group = "pubsub", .since = "7.0.0", .complexity = "O(N), where N is the number of channels.",
     .summary = "Has the messages of shard channels sent to the connection."},
    {.name = "SUNSUBSCRIBE", .arity = -1, .flags = kSubscribing,
     .keys = {KeyRange(kKeyNotKey, 1, -1)}, .handler = Unsubscribe<ChannelKind::kShard>,
     .group = "pubsub", .since = "7.0.0", .complexity = "O(N), where N is the number of channels.",
     .summary = "Ends subscriptions to shard channels, or to all of them."},
    {.name = "PUBLISH", .arity = 3, .flags = kPublishing, .handler = Publish<ChannelKind::kChannel>,
     .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N+M), where N is the number of subscribers of the channel and M that of patterns.",
     .summary = "Sends a message to a channel."},
    {.name = "SPUBLISH", .arity = 3, .flags = kPublishing, .keys = {OneKey(kKeyNotKey)},
     .handler = Publish<ChannelKind::kShard>, .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), where N is the number of subscribers of the channel.",
     .summary = "Sends a message to a shard channel."},
    {.name = "PUBSUB", .arity = -2, .subcommands = kSubcommands, .group = "pubsub",
     .since = "2.8.0", .complexity = "Depends on subcommand.",
     .summary = "A container for questions about channels."},
};

}  // namespace

std::span<const CommandSpec> PubsubCommands() { return kCommands; }

}  // namespace ringtail::commands
