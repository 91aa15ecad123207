// All that a command's handler sees: its keys, its reply, its client. Never a socket, a lock or the server.
//
//   void Strlen(CommandContext& ctx, Args args) {
//     const KeyRef key = ctx.Read(args[1]);
//     if (!ctx.IsType(key, ValueType::kString)) return;        // has answered WRONGTYPE
//     ctx.reply().Integer(key ? static_cast<int64_t>(StringBytes(*key.entry())) : 0);
//   }
//
// When a handler runs, the partitions of its command's keys are locked (or all workers stand still), so what
// it does is atomic. Whatever changes the keyspace goes through here, so that expiry index, stamps, access
// clocks, counters and the commit log agree. A command that changed something is logged as it came, unless its
// handler named other effects.
//
// A KeyRef is good until the handler changes the keyspace by another KeyRef; look up again after that.
// Thread rule: one context, one command, one thread.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/client_state.h"
#include "commands/command.h"
#include "commands/errors.h"
#include "commands/execution.h"
#include "commands/keyspace_event.h"
#include "commands/registry.h"
#include "commands/services.h"
#include "commands/wait.h"
#include "engine/engine.h"
#include "proto/arg_vector.h"
#include "proto/reply_writer.h"
#include "storage/string_value.h"
#include "storage/value_place.h"

namespace ringtail::commands {

using engine::Database;
using engine::Engine;
using engine::Entry;
using engine::Key;
using storage::kNoExpiry;
using storage::ValueType;

/// A key of the command as it was found.
class KeyRef {
 public:
  explicit operator bool() const { return found_.entry != nullptr; }
  Entry* entry() const { return found_.entry; }
  std::string_view name() const { return key_.bytes; }
  int db() const { return db_; }
  /// Milliseconds since the epoch, or kNoExpiry; also for an absent key.
  int64_t expiry_ms() const { return found_ ? found_.entry->expiry_ms() : kNoExpiry; }

 private:
  friend class CommandContext;
  Key key_;
  int db_ = 0;
  Database* database_ = nullptr;
  Database::Found found_;
};

class CommandContext {
 public:
  struct Parts {
    Engine& engine;
    engine::WorkerState& worker;
    ClientState& client;
    Services& services;
    const CommandTable& table;
    const CommandTable::Entry& command;
    Execution& execution;
    Args args;
    std::span<const Key> keys;               ///< hashed keys of the command, in order
    const proto::ArgVector* arg_vector;      ///< where args came from, for large arguments; may be null
    proto::OutputBuffer& output;
  };
  explicit CommandContext(const Parts& parts)
      : parts_(parts),
        reply_(parts.output, parts.client.resp),
        reply_start_bytes_(parts.output.size_bytes()) {}
  CommandContext(const CommandContext&) = delete;
  CommandContext& operator=(const CommandContext&) = delete;

  // Looking up. All treat an expired key as absent, and erase it.

  /// Whether looking for a key that is not there publishes `keymiss`.
  enum class MissEvent : uint8_t { kPublished, kNone };
  /// For reading: counts a hit or a miss, touches the access clock.
  KeyRef Read(std::string_view key) { return Read(key, client().db); }
  KeyRef Read(std::string_view key, int db);
  /// For questions about a key that are no use of it (TTL, OBJECT, TYPE): counts, does not touch.
  KeyRef Peek(std::string_view key, MissEvent miss_event = MissEvent::kPublished);
  /// For changing: touches, does not count.
  KeyRef Write(std::string_view key) { return Write(key, client().db); }
  KeyRef Write(std::string_view key, int db);
  /// True if the key is absent or of this type; else answers WRONGTYPE.
  bool IsType(const KeyRef& key, ValueType type) {
    if (!key || key.entry()->type() == type) [[likely]] return true;
    reply_.Error(errors::kWrongType);
    return false;
  }

  // Changing. Each marks the command as one that changed something; `key` sees the new state.

  /// Whether a key that is added is a new one to those who watch events; not if it takes the place of a detached one.
  enum class Novelty : uint8_t { kNew, kReplacing };
  /// Makes `value` the key's string: a whole-value write. An expiry of kNoExpiry drops the old one.
  void SetString(KeyRef& key, std::string_view value, int64_t expiry_ms);
  /// The same for a value that arrived in a block of its own (see BlockOf), without a copy.
  void SetString(KeyRef& key, SharedBytes block, int64_t expiry_ms);
  /// Replaces or adds an entry (made for this key's name): a whole-value write. Its expiry counts.
  void Put(KeyRef& key, Entry* entry, Novelty novelty = Novelty::kNew);
  /// Changes a string in place, keeping expiry and stamp; the key may be absent (then as SetString).
  void AmendString(KeyRef& key, std::string_view value);
  void AmendInt(KeyRef& key, int64_t value);
  /// The same with exactly this text, even if it is an integer's; for results that Redis stores unencoded.
  void AmendText(KeyRef& key, std::string_view text);
  /// The key's string as `size` (at least its present size) writable bytes, what is new zeroed; expiry and stamp kept. For
  /// changing parts of it. The key may be absent. Good until the next call.
  std::span<char> AmendBytes(KeyRef& key, size_t size);
  /// The same, but nothing counts as changed until Changed is said; for commands that may find that nothing is other.
  std::span<char> OpenBytes(KeyRef& key, size_t size);
  /// The value where it lies, for types that change their own shape. The key must be there. Say Changed afterwards, if
  /// the value is another one then. Invalid once the key is changed in another way.
  storage::ValuePlace Place(KeyRef& key) {
    return {*key.database_, key.key_, key.found_, now_ms()};
  }
  /// Adds a collection without elements under a key that is not there: a packed one of no bytes. A handler that
  /// does so puts an element in.
  void Create(KeyRef& key, ValueType type, Novelty novelty = Novelty::kNew);
  /// Adds a value that is a structure from the start.
  void Create(KeyRef& key, ValueType type, std::unique_ptr<storage::Object> object);
  /// Says that the value at `key` was changed by way of Place; expiry and stamp are kept.
  void Changed(const KeyRef& key) { NoteChange(key); }
  /// Erases the key.
  void Erase(KeyRef& key);
  /// Erases the key and publishes that it was deleted: the event `del`.
  void Delete(KeyRef& key) {
    Erase(key);
    Notify(kNotifyGeneric, "del", key.name(), key.db());
  }
  /// Takes the entry out and hands it to the caller (for Put under another name: see Entry::Rekey).
  Entry* Detach(KeyRef& key);
  /// Sets or (kNoExpiry) removes the expiry of a key that is there.
  void SetExpiry(KeyRef& key, int64_t expiry_ms);
  /// Says that something changed, for changes not made through this class (FLUSHALL, SWAPDB).
  void MarkChanged() { is_changed_ = true; }
  /// Says that these databases (first == second: that one; first < 0: all) are about to be emptied or to change places;
  /// in exclusive mode.
  void NoteDatabasesChange(int first, int second);

  // Events.

  /// Publishes a keyspace event if its class is configured; right after the change that it tells of. Free otherwise.
  void Notify(KeyspaceEvent event_class, std::string_view event, std::string_view key) {
    Notify(event_class, event, key, parts_.client.db);
  }
  void Notify(KeyspaceEvent event_class, std::string_view event, std::string_view key, int db) {
    const uint32_t configured = parts_.services.keyspace_events.load(std::memory_order_relaxed);
    if ((configured & event_class) == 0) [[likely]] return;
    PublishEvent(configured, event, key, db);
  }

  // The log.

  /// Whether anybody reads effects; making them is wasted otherwise.
  bool wants_effects() const { return engine().log().has_readers(); }
  /// Logs this instead of the command as it came. May be called several times: one atomic group.
  void Effect(std::initializer_list<std::string_view> command);
  void Effect(std::span<const std::string_view> command);
  /// Logs nothing for what was changed (it was logged elsewhere).
  void NoEffect() { is_effect_verbatim_ = false; }

  // Answering.

  proto::ReplyWriter& reply() { return reply_; }
  /// Whether anything was answered so far.
  bool replied() const { return parts_.output.size_bytes() != reply_start_bytes_; }
  /// The argument as an integer; else answers that it is none (or `error`).
  std::optional<int64_t> IntArg(std::string_view arg, std::string_view error = errors::kNotInteger);
  /// The same within [min, max].
  std::optional<int64_t> IntArgIn(std::string_view arg, int64_t min, int64_t max,
                                  std::string_view error = errors::kOutOfRange);
  /// Answers a string entry's value, a large one by reference.
  void ReplyString(const Entry& entry);
  void SyntaxError() { reply_.Error(errors::kSyntax); }

  // Waiting.

  /// Watches a key of the command for its client's transaction.
  void Watch(Transaction& transaction, std::string_view key);
  /// Waits for a key, as commands/wait.h says; the handler has answered nothing and answers nothing after it.
  void WaitFor(const WaitSpec& spec);

  // Questions.

  int64_t now_ms() const { return parts_.worker.now_ms; }
  Args args() const { return parts_.args; }
  const CommandTable::Entry& command() const { return parts_.command; }
  const CommandTable& table() const { return parts_.table; }
  ClientState& client() { return parts_.client; }
  Services& services() { return parts_.services; }
  Engine& engine() const { return parts_.engine; }
  engine::WorkerState& worker() { return parts_.worker; }
  Random& random() { return parts_.worker.random; }
  /// Largest string a command may make (proto-max-bulk-len).
  int64_t string_bytes_max() const { return parts_.services.limits.bulk_bytes_max; }
  /// The block that holds a whole argument, if it came in one.
  SharedBytes BlockOf(std::string_view arg) const;
  /// All workers stand still, so visits need no locks.
  bool is_exclusive() const { return parts_.execution.is_exclusive; }
  /// Between MULTI and EXEC: nobody may wait.
  bool is_in_transaction() const { return parts_.execution.is_in_transaction; }
  bool is_changed() const { return is_changed_; }
  /// What this command's executor knows while it is executed; scripts add to it.
  Execution& execution() { return parts_.execution; }

  /// Logs what the handler did; called once by the executor, with the locks still held.
  void Finish();

 private:
  /// Everything that changes a key passes here.
  void NoteChange(const KeyRef& key) {
    is_changed_ = true;
    if (!engine().has_interests()) [[likely]] return;
    engine().NoteChange(worker(), key.db_, key.key_, client().id);
  }
  void NotifyNew(const KeyRef& key) { Notify(kNotifyNew, "new", key.name(), key.db()); }
  void PublishEvent(uint32_t configured, std::string_view event, std::string_view key, int db);
  KeyRef Lookup(std::string_view key, int db);
  Key HashedKey(std::string_view key);
  void Touch(const KeyRef& key);
  /// Gives a new whole value its stamp and its place with the eviction policy.
  void Stamp(KeyRef& key, Entry* entry, bool is_new);
  uint64_t stamp();
  Database& DatabaseOf(KeyRef& key);
  void PutAmended(KeyRef& key, Entry* entry);
  void PutUnnoticed(KeyRef& key, Entry* entry);

  Parts parts_;
  proto::ReplyWriter reply_;
  const size_t reply_start_bytes_;
  size_t next_key_ = 0;             // where the next look-up's hash probably is
  uint64_t stamp_ = 0;
  bool is_changed_ = false;
  bool is_effect_verbatim_ = true;
  std::vector<engine::LoggedCommand> effects_;
};

}  // namespace ringtail::commands
