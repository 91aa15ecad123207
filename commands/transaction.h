// What a client has queued since MULTI, and the keys it watches.
//
//   client.transaction = std::make_unique<Transaction>();
//   transaction.Queue(command, args, byte_count);
//   for (const Transaction::Queued& queued : transaction.queue()) …
//
// Thread rule: belongs to its client; the watcher's flag is set by any worker that changes a watched key.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/registry.h"
#include "engine/engine.h"

namespace ringtail::commands {

class Transaction {
 public:
  /// A command that passed every check, with arguments of its own.
  struct Queued {
    const CommandTable::Entry* command = nullptr;
    uint64_t request_bytes = 0;
    size_t key_count = 0;              ///< of its keys, which EXEC gathers
    std::unique_ptr<char[]> bytes;
    std::vector<std::string_view> args;
  };
  /// A key that must not change until EXEC.
  struct WatchedKey {
    int db = 0;
    std::string name;
    storage::KeyHash hash;
    bool was_there = false;            ///< when it was watched
    storage::Key key() const { return {name, hash}; }
  };

  /// Between MULTI and EXEC or DISCARD. A client that only watches has a transaction that is not open.
  bool is_open = false;
  /// A command could not be queued, so EXEC refuses them all.
  bool is_aborted = false;

  void Queue(const CommandTable::Entry& command, Args args, uint64_t request_bytes);
  std::span<const Queued> queue() const { return queue_; }
  /// The keys of all queued commands in order, then the watched ones. Notes how many each command has.
  std::vector<storage::Key> GatherKeys(const engine::Engine& engine);
  /// Whether EXEC needs all workers to stand still: for a command that does, or whose keys are not known.
  bool is_exclusive() const { return is_exclusive_; }
  /// Whether a queued command runs a script.
  bool has_script() const { return has_script_; }
  /// Whether a queued command is refused when memory is full.
  bool needs_memory() const { return needs_memory_; }
  size_t footprint_bytes() const { return footprint_bytes_; }

  enum class Presence : uint8_t { kAbsent, kPresent };
  /// Under the lock of the key's partition. A key that is watched already stays so.
  void Watch(engine::Engine& engine, int db, const storage::Key& key, Presence presence);
  /// Ends all watching. With no lock held; or with those of all watched keys (or exclusively), if `is_locked`.
  void Unwatch(engine::Engine& engine, bool is_locked);
  std::span<const WatchedKey> watched() const { return watched_; }
  /// Whether a watched key has changed.
  bool is_dirty() const { return watcher_.is_dirty.load(std::memory_order_relaxed); }

 private:
  std::vector<Queued> queue_;
  bool is_exclusive_ = false;
  bool has_script_ = false;
  bool needs_memory_ = false;
  size_t footprint_bytes_ = 0;
  std::vector<WatchedKey> watched_;
  engine::Watcher watcher_;
};

}  // namespace ringtail::commands
