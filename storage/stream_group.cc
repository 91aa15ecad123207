#include "storage/stream_group.h"

namespace ringtail::storage {
namespace {

// Three pointers and a colour in front of a map's element.
constexpr size_t kMapNodeBytes = 32;
// Longer names have memory of their own.
constexpr size_t kShortNameBytes = 15;

size_t FootprintOf(const StreamGroup::Consumers::value_type& consumer) {
  size_t bytes = memory::ReservedBytes(kMapNodeBytes + sizeof(consumer));
  if (consumer.first.size() > kShortNameBytes) {
    bytes += memory::ReservedBytes(consumer.first.size() + 1);
  }
  return bytes + consumer.second.pending.footprint_bytes();
}

}  // namespace

StreamGroup::StreamGroup(const StreamGroup& other)
    : last_id_(other.last_id_),
      entries_read_(other.entries_read_),
      pending_(other.pending_),
      consumers_(other.consumers_) {
  for (auto& [name, consumer] : consumers_) {
    consumer.name = name;
    for (const StreamId& id : consumer.pending) pending_.Find(id)->consumer = &consumer;
  }
}

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &found->second;
}

StreamConsumer& StreamGroup::AddConsumer(std::string_view name, int64_t now_ms) {
  const auto [at, is_new] = consumers_.emplace(name, StreamConsumer{.seen_ms = now_ms});
  at->second.name = at->first;
  return at->second;
}

size_t StreamGroup::RemoveConsumer(StreamConsumer& consumer) {
  const size_t count = consumer.pending.size();
  for (const StreamId& id : consumer.pending) pending_.Erase(pending_.Find(id));
  consumers_.erase(consumers_.find(consumer.name));
  return count;
}

StreamPending& StreamGroup::Deliver(StreamId id, StreamConsumer& consumer, int64_t now_ms) {
  // Entries mostly come in order, so that there is nothing to look for.
  if (pending_.is_empty() || pending_.back().id < id) {
    pending_.Append({id, &consumer, now_ms, 1});
    consumer.pending.is_empty() || consumer.pending.back() < id
        ? consumer.pending.Append(id)
        : static_cast<void>(consumer.pending.Insert(id));
    return pending_.back();
  }
  if (StreamPending* known = FindPending(id)) {
    Assign(*known, consumer);
    known->delivered_ms = now_ms;
    known->delivery_count = 1;
    return *known;
  }
  consumer.pending.Insert(id);
  return *pending_.Insert({id, &consumer, now_ms, 1});
}

void StreamGroup::Assign(StreamPending& pending, StreamConsumer& consumer) {
  if (pending.consumer == &consumer) return;
  pending.consumer->pending.Erase(pending.consumer->pending.Find(pending.id));
  consumer.pending.Insert(pending.id);
  pending.consumer = &consumer;
}

StreamPending* StreamGroup::FindPending(StreamId id) {
  const auto at = pending_.Find(id);
  return at == pending_.end() ? nullptr : &*at;
}

bool StreamGroup::Acknowledge(StreamId id) {
  const auto at = pending_.Find(id);
  if (at == pending_.end()) return false;
  Acknowledge(at);
  return true;
}

StreamGroup::Pending::iterator StreamGroup::Acknowledge(Pending::iterator at) {
  SortedRuns<StreamId>& ids = at->consumer->pending;
  ids.Erase(ids.Find(at->id));
  return pending_.Erase(at);
}

size_t StreamGroup::footprint_bytes() const {
  constexpr size_t kSampleMax = 32;
  size_t sample_bytes = 0;
  size_t sample_count = 0;
  for (const auto& consumer : consumers_) {
    if (sample_count == kSampleMax) break;
    sample_bytes += FootprintOf(consumer);
    ++sample_count;
  }
  if (sample_count != 0) sample_bytes = sample_bytes * consumers_.size() / sample_count;
  return pending_.footprint_bytes() + sample_bytes;
}

const char* StreamGroup::Verify() const {
  if (const char* violation = pending_.Verify()) return violation;
  size_t count = 0;
  for (const auto& [name, consumer] : consumers_) {
    if (const char* violation = consumer.pending.Verify()) return violation;
    if (consumer.name.data() != name.data()) return "a consumer's name lies elsewhere";
    for (const StreamId& id : consumer.pending) {
      const auto at = pending_.Find(id);
      if (at == pending_.end()) return "a consumer's pending entry is unknown to the group";
      if (at->consumer != &consumer) return "a pending entry belongs to two consumers";
    }
    count += consumer.pending.size();
  }
  return count == pending_.size() ? nullptr : "a pending entry belongs to nobody";
}

}  // namespace ringtail::storage
