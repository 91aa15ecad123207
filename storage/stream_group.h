// A consumer group of a stream: how far it has read, and which entries were delivered but not
// acknowledged.
//
//   StreamConsumer& consumer = group.AddConsumer("worker-1", now_ms);
//   group.Deliver(id, consumer, now_ms);
//   group.Acknowledge(id);
//
// A pending entry is in its group's list, with all there is to know of it, and by id in its
// consumer's. Both are ordered by id. Pending entries may outlive the stream's entries. Thread
// rule: as its stream.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "storage/sorted_runs.h"
#include "storage/stream_id.h"

namespace ringtail::storage {

inline StreamId KeyOf(const StreamId& id) { return id; }

struct StreamConsumer {
  std::string_view name = {};   ///< the bytes lie in the group's map
  int64_t seen_ms = 0;          ///< when it last tried to do something
  int64_t active_ms = -1;       ///< when it last got something; -1: never
  SortedRuns<StreamId> pending = {};
};

struct StreamPending {
  StreamId id;
  StreamConsumer* consumer;     ///< never null
  int64_t delivered_ms;
  uint64_t delivery_count;
};
inline StreamId KeyOf(const StreamPending& pending) { return pending.id; }

class StreamGroup {
 public:
  using Pending = SortedRuns<StreamPending>;
  using Consumers = std::map<std::string, StreamConsumer, std::less<>>;
  /// entries_read where it is not known how many of the stream's entries come before last_id.
  static constexpr int64_t kUnknown = -1;

  StreamGroup(StreamId last_id, int64_t entries_read)
      : last_id_(last_id), entries_read_(entries_read) {}
  StreamGroup(const StreamGroup& other);
  StreamGroup& operator=(const StreamGroup&) = delete;

  // Consumers, in the order of their names.

  StreamConsumer* FindConsumer(std::string_view name);
  /// The name must be new.
  StreamConsumer& AddConsumer(std::string_view name, int64_t now_ms);
  /// Forgets a consumer and what it has pending; how many entries these were.
  size_t RemoveConsumer(StreamConsumer& consumer);

  // Pending entries.

  /// Makes an entry pending for the consumer as one that was delivered once, whoever had it before.
  StreamPending& Deliver(StreamId id, StreamConsumer& consumer, int64_t now_ms);
  /// Hands a pending entry to another consumer.
  void Assign(StreamPending& pending, StreamConsumer& consumer);
  StreamPending* FindPending(StreamId id);
  /// Takes an entry off the list; false if it is not there.
  bool Acknowledge(StreamId id);
  /// The same for an entry known by its place; the place of the next one.
  Pending::iterator Acknowledge(Pending::iterator at);

  /// Sets both, which only make sense together.
  void SetPosition(StreamId last_id, int64_t entries_read) {
    last_id_ = last_id;
    entries_read_ = entries_read;
  }
  void SetLastId(StreamId last_id) { last_id_ = last_id; }

  StreamId last_id() const { return last_id_; }
  /// How many entries the stream ever had up to last_id, or kUnknown.
  int64_t entries_read() const { return entries_read_; }
  const Consumers& consumers() const { return consumers_; }
  Pending& pending() { return pending_; }
  const Pending& pending() const { return pending_; }
  /// An estimate from a few of the consumers.
  size_t footprint_bytes() const;
  /// Checks that the lists agree; the first violation, or null.
  const char* Verify() const;

 private:
  StreamId last_id_;
  int64_t entries_read_;
  Pending pending_;
  Consumers consumers_;
};

}  // namespace ringtail::storage
