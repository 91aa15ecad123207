// Handlers of stream commands whose rows are in another file, and what they share.
//
// As in Redis, groups are no part of what WATCH looks at and what wakes those who wait for entries:
// what changes only them says MarkChanged, not Changed.
//
// Thread rule: as for handlers.
#pragma once

#include "commands/stream_arguments.h"

namespace ringtail::commands::streams {

// stream_claim.cc
void XClaim(CommandContext& ctx, Args args);
void XAutoClaim(CommandContext& ctx, Args args);

// stream_info.cc
void XInfoStream(CommandContext& ctx, Args args);
void XInfoGroups(CommandContext& ctx, Args args);
void XInfoConsumers(CommandContext& ctx, Args args);
void XInfoHelp(CommandContext& ctx, Args args);

/// Logs changes to one group of one stream, as Redis tells them to its replicas: with absolute
/// times and counts.
class GroupLog {
 public:
  GroupLog(CommandContext& ctx, std::string_view key, std::string_view group)
      : ctx_(ctx), key_(key), group_(group) {}
  /// An entry is pending now as it says. Of an entry that the stream has not any more: it is
  /// pending no more.
  void Claimed(const storage::StreamPending& pending, const storage::StreamGroup& group);
  /// The group has read up to another entry.
  void Moved(const storage::StreamGroup& group);
  void ConsumerAdded(std::string_view consumer);
  std::string_view key() const { return key_; }

 private:
  CommandContext& ctx_;
  std::string_view key_;
  std::string_view group_;
};

/// The consumer of that name, made if it is not there (and logged then); it was seen now.
storage::StreamConsumer& SeeConsumer(CommandContext& ctx, storage::StreamGroup& group,
                                     std::string_view name, GroupLog& log);

}  // namespace ringtail::commands::streams
