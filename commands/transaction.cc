#include "commands/transaction.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringtail::commands {
namespace {

// About what the engine needs for a key that somebody watches.
constexpr size_t kInterestBytes = 128;

}  // namespace

void Transaction::Queue(const CommandTable::Entry& command, Args args, uint64_t request_bytes) {
  size_t byte_count = 0;
  for (const std::string_view arg : args) byte_count += arg.size();
  Queued queued;
  queued.command = &command;
  queued.request_bytes = request_bytes;
  queued.bytes = std::make_unique_for_overwrite<char[]>(byte_count);
  queued.args.reserve(args.size());
  char* at = queued.bytes.get();
  for (const std::string_view arg : args) {
    std::copy(arg.begin(), arg.end(), at);
    queued.args.emplace_back(at, arg.size());
    at += arg.size();
  }
  const uint32_t flags = command.spec->flags;
  is_exclusive_ |= (flags & (kExclusive | kPartitionwise | kScript)) != 0;
  has_script_ |= (flags & kScript) != 0;
  needs_memory_ |= (flags & kDenyOom) != 0;
  is_exclusive_ |= !command.has_keys && (flags & kFast) == 0;
  footprint_bytes_ += sizeof(Queued) + byte_count + args.size() * sizeof(std::string_view);
  queue_.push_back(std::move(queued));
}

std::vector<storage::Key> Transaction::GatherKeys(const engine::Engine& engine) {
  std::vector<storage::Key> keys;
  KeyPositions positions;
  for (Queued& queued : queue_) {
    if (!queued.command->has_keys) continue;
    FindKeys(*queued.command->spec, queued.args, positions);
    queued.key_count = positions.count;
    for (const KeyPosition& position : positions.view()) {
      keys.push_back(engine.MakeKey(queued.args[position.arg_index]));
    }
  }
  for (const WatchedKey& watched : watched_) keys.push_back(watched.key());
  return keys;
}

void Transaction::Watch(engine::Engine& engine, int db, const storage::Key& key,
                        Presence presence) {
  const bool is_watched = std::ranges::any_of(watched_, [&](const WatchedKey& other) {
    return other.db == db && other.name == key.bytes;
  });
  if (is_watched) return;
  watched_.push_back({.db = db,
                      .name = std::string(key.bytes),
                      .hash = key.hash,
                      .was_there = presence == Presence::kPresent});
  // The name is kept here and in the engine's list of interests.
  footprint_bytes_ += sizeof(WatchedKey) + 2 * key.bytes.size() + kInterestBytes;
  engine.Watch(db, watched_.back().key(), watcher_);
}

void Transaction::Unwatch(engine::Engine& engine, bool is_locked) {
  for (const WatchedKey& watched : watched_) {
    engine.WithPartition(engine.PartitionOf(watched.hash), is_locked,
                         [&] { engine.Unwatch(watched.db, watched.key(), watcher_); });
  }
  watched_.clear();
  watcher_.is_dirty.store(false, std::memory_order_relaxed);
}

}  // namespace ringtail::commands
