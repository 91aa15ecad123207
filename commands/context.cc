#include "commands/context.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/parse_number.h"
#include "commands/pubsub_service.h"
#include "commands/transaction.h"
#include "commands/waiter.h"

namespace ringtail::commands {

using storage::Encoding;

// ---- Looking up

// The executor hashed the command's keys beforehand, and handlers mostly look them up in order.
Key CommandContext::HashedKey(std::string_view key) {
  for (size_t n = 0; n < parts_.keys.size(); ++n) {
    const size_t i = next_key_ < parts_.keys.size() ? next_key_ : 0;
    next_key_ = i + 1;
    if (parts_.keys[i].bytes.data() == key.data() && parts_.keys[i].bytes.size() == key.size()) {
      return parts_.keys[i];
    }
  }
  return parts_.engine.MakeKey(key);
}

KeyRef CommandContext::Lookup(std::string_view key, int db) {
  KeyRef ref;
  ref.key_ = HashedKey(key);
  ref.db_ = db;
  ref.database_ = parts_.engine.FindDatabase(db, ref.key_.hash);
  if (ref.database_ == nullptr) return ref;
  ref.found_ = ref.database_->Find(ref.key_);
  if (ref.found_ && ref.found_.entry->IsExpired(now_ms())) [[unlikely]] {
    parts_.engine.EraseExpired(parts_.worker, db, *ref.database_, ref.found_);
    ref.found_ = {};
  }
  if (ref.found_ && Database::HasExpiredFields(*ref.found_.entry, now_ms())) [[unlikely]] {
    if (!parts_.engine.EraseExpiredFields(parts_.worker, db, *ref.database_, ref.found_)) {
      ref.found_ = {};
    }
  }
  return ref;
}

void CommandContext::Touch(const KeyRef& key) {
  if (parts_.client.is_no_touch) return;
  const uint32_t access = key.entry()->access();
  const uint32_t touched = parts_.worker.evictor.Touch(access, key.key_.hash.bits());
  if (touched != access) key.entry()->SetAccess(touched);
}

KeyRef CommandContext::Read(std::string_view key, int db) {
  const KeyRef ref = Lookup(key, db);
  if (ref) {
    parts_.worker.stats.keyspace_hits.Add();
    Touch(ref);
  } else {
    parts_.worker.stats.keyspace_misses.Add();
    Notify(kNotifyKeyMiss, "keymiss", key, db);
  }
  return ref;
}

KeyRef CommandContext::Peek(std::string_view key, MissEvent miss_event) {
  const KeyRef ref = Lookup(key, client().db);
  (ref ? parts_.worker.stats.keyspace_hits : parts_.worker.stats.keyspace_misses).Add();
  if (!ref && miss_event == MissEvent::kPublished) Notify(kNotifyKeyMiss, "keymiss", key);
  return ref;
}

KeyRef CommandContext::Write(std::string_view key, int db) {
  const KeyRef ref = Lookup(key, db);
  if (ref) Touch(ref);
  return ref;
}

// ---- Changing

uint64_t CommandContext::stamp() {
  if (stamp_ == 0) stamp_ = engine().log().Commit();
  return stamp_;
}

Database& CommandContext::DatabaseOf(KeyRef& key) {
  if (key.database_ == nullptr) key.database_ = &engine().GetDatabase(key.db_, key.key_.hash);
  return *key.database_;
}

void CommandContext::Stamp(KeyRef& key, Entry* entry, bool is_new) {
  entry->SetStamp(stamp());
  if (is_new) {
    entry->SetAccess(parts_.worker.evictor.Admit(static_cast<uint16_t>(key.db_),
                                                 key.key_.hash.bits(),
                                                 entry->is_volatile() ? entry->expiry_ms() : 0));
  }
  NoteChange(key);
}

void CommandContext::SetString(KeyRef& key, std::string_view value, int64_t expiry_ms) {
  Database& database = DatabaseOf(key);
  const bool is_new = !key;
  Entry* entry = database.SetString(key.key_, key.found_, value, expiry_ms, now_ms());
  Stamp(key, entry, is_new);
  key.found_ = is_new ? database.Find(key.key_) : Database::Found{key.found_.slot, entry};
  if (is_new) NotifyNew(key);
}

void CommandContext::SetString(KeyRef& key, SharedBytes block, int64_t expiry_ms) {
  const bool is_volatile = expiry_ms != kNoExpiry;
  Entry* entry = storage::MakeShared(key.name(), std::move(block), is_volatile);
  if (is_volatile) entry->SetExpiryMs(expiry_ms);
  Put(key, entry);
}

void CommandContext::Put(KeyRef& key, Entry* entry, Novelty novelty) {
  Database& database = DatabaseOf(key);
  const bool is_new = !key;
  if (is_new) {
    database.Add(key.key_.hash, entry, now_ms());
    key.found_ = database.Find(key.key_);
  } else {
    entry->SetAccess(key.entry()->access());
    database.Replace(key.key_.hash, key.found_, entry, now_ms());
    key.found_.entry = entry;
  }
  Stamp(key, entry, is_new);
  if (is_new && novelty == Novelty::kNew) NotifyNew(key);
}

void CommandContext::AmendString(KeyRef& key, std::string_view value) {
  if (!key) return SetString(key, value, kNoExpiry);
  const uint64_t kept_stamp = key.entry()->stamp();
  Database& database = DatabaseOf(key);
  key.found_.entry =
      database.SetString(key.key_, key.found_, value, key.expiry_ms(), now_ms());
  key.found_.entry->SetStamp(kept_stamp);
  NoteChange(key);
}

void CommandContext::AmendInt(KeyRef& key, int64_t value) {
  if (key && key.entry()->encoding() == Encoding::kInt) [[likely]] {
    key.entry()->SetIntValue(value);
    NoteChange(key);
    return;
  }
  char digits[20];
  AmendString(key, {digits, storage::FormatInt(value, digits)});
}

// Puts an entry of another shape in the key's place, as the same value in the eyes of stamps and expiry.
void CommandContext::PutAmended(KeyRef& key, Entry* entry) {
  PutUnnoticed(key, entry);
  NoteChange(key);
}

// The same before anybody knows whether the value becomes another one. A key that is added is a
// change at once.
void CommandContext::PutUnnoticed(KeyRef& key, Entry* entry) {
  if (!key) return Put(key, entry);
  const Entry& old = *key.entry();
  if (entry->is_volatile()) entry->SetExpiryMs(old.expiry_ms());
  entry->SetAccess(old.access());
  entry->SetStamp(old.stamp());
  DatabaseOf(key).Replace(key.key_.hash, key.found_, entry, now_ms());
  key.found_.entry = entry;
}

void CommandContext::AmendText(KeyRef& key, std::string_view text) {
  if (key && key.entry()->encoding() == Encoding::kBlob &&
      key.entry()->FitsInPlace(Encoding::kBlob, text.size())) {
    Entry& entry = *key.entry();
    entry.SetBlobBytes(text.size());
    std::memcpy(entry.blob().data(), text.data(), text.size());
    entry.SetRaw(false);
    NoteChange(key);
    return;
  }
  PutAmended(key, storage::MakeText(key.name(), text, key.expiry_ms() != kNoExpiry));
}

std::span<char> CommandContext::AmendBytes(KeyRef& key, size_t size) {
  const auto bytes = OpenBytes(key, size);
  NoteChange(key);
  return bytes;
}

std::span<char> CommandContext::OpenBytes(KeyRef& key, size_t size) {
  if (key) {
    if (const auto bytes = storage::GrowInPlace(*key.entry(), size)) return *bytes;
  }
  const auto raw = storage::MakeRaw(key.name(), size, key.expiry_ms() != kNoExpiry);
  size_t old_size = 0;
  if (key) {
    const storage::StringView old(*key.entry());
    old_size = old.bytes().size();
    std::memcpy(raw.bytes.data(), old.bytes().data(), old_size);
  }
  std::memset(raw.bytes.data() + old_size, 0, size - old_size);
  PutUnnoticed(key, raw.entry);
  return raw.bytes;
}

void CommandContext::Create(KeyRef& key, ValueType type, Novelty novelty) {
  Put(key, Entry::Create({.key = key.name(), .type = type, .encoding = Encoding::kBlob}), novelty);
}

void CommandContext::Create(KeyRef& key, ValueType type, std::unique_ptr<storage::Object> object) {
  Entry* entry = Entry::Create({.key = key.name(), .type = type, .encoding = Encoding::kObject});
  entry->SetPointer(object.release());
  Put(key, entry);
}

void CommandContext::Erase(KeyRef& key) {
  key.database_->Erase(key.found_);
  key.found_ = {};
  NoteChange(key);
}

Entry* CommandContext::Detach(KeyRef& key) {
  Entry* entry = key.database_->Detach(key.found_);
  key.found_ = {};
  NoteChange(key);
  return entry;
}

void CommandContext::SetExpiry(KeyRef& key, int64_t expiry_ms) {
  key.found_.entry = key.database_->SetExpiry(key.key_, key.found_, expiry_ms, now_ms());
  NoteChange(key);
}

// ---- Events

void CommandContext::PublishEvent(uint32_t configured, std::string_view event,
                                  std::string_view key, int db) {
  const uint32_t channels = configured & (kNotifyKeyspace | kNotifyKeyevent);
  PubsubService* pubsub = parts_.services.pubsub;
  if (channels == 0 || pubsub == nullptr) return;
  pubsub->PublishEvent(parts_.worker.index, channels, db, event, key);
}

// ---- The log

void CommandContext::Effect(std::initializer_list<std::string_view> command) {
  Effect(std::span<const std::string_view>(command.begin(), command.size()));
}

void CommandContext::Effect(std::span<const std::string_view> command) {
  is_effect_verbatim_ = false;
  if (!wants_effects()) return;
  effects_.push_back({.db = client().db, .args = {command.begin(), command.end()}});
}

void CommandContext::Finish() {
  if (!is_changed_) return;
  stamp();
  parts_.worker.stats.changes.Add();
  if (!wants_effects()) [[likely]] return;
  if (parts_.execution.is_in_transaction) {
    auto& all = parts_.execution.effects;
    if (is_effect_verbatim_) all.push_back({client().db, {parts_.args.begin(), parts_.args.end()}});
    std::ranges::move(effects_, std::back_inserter(all));
  } else if (is_effect_verbatim_) {
    engine().log().Append(client().db, parts_.args);
  } else {
    engine().log().AppendTransaction(effects_);
  }
}

// ---- Who watches, who waits

// A key that has expired by now is erased first, so that its being gone is no change.
void CommandContext::Watch(Transaction& transaction, std::string_view key) {
  const KeyRef ref = Lookup(key, client().db);
  transaction.Watch(engine(), client().db, ref.key_,
                    ref ? Transaction::Presence::kPresent : Transaction::Presence::kAbsent);
}

void CommandContext::NoteDatabasesChange(int first, int second) {
  // Databases that change places are no change to those who hold copies, as in Redis.
  if (first == second) engine().NoteTrackedFlush(worker());
  if (!engine().has_interests()) return;
  engine().ForEachInterest([&](int db, std::string_view name,
                               std::span<engine::Watcher* const> watchers, bool has_waiters) {
    if (first >= 0 && db != first && db != second) return;
    const Key key = engine().MakeKey(name);
    // A key that has expired since it was watched is a change; one that has expired and comes from
    // elsewhere is none.
    const auto is_there = [&](int place) {
      Database* database = engine().FindDatabase(place, key.hash);
      const Entry* entry = database == nullptr ? nullptr : database->Find(key).entry;
      return entry != nullptr && (place == db || !entry->IsExpired(now_ms()));
    };
    if (!is_there(first < 0 ? db : first) && !is_there(first < 0 ? db : second)) return;
    for (engine::Watcher* watcher : watchers) {
      watcher->is_dirty.store(true, std::memory_order_relaxed);
    }
    if (has_waiters) worker().ready.push_back({db, std::string(name), key.hash});
  });
}

// ---- Waiting

void CommandContext::WaitFor(const WaitSpec& spec) {
  if (parts_.execution.retried != nullptr) return;  // It goes on waiting.
  if (parts_.execution.is_in_transaction || services().waits == nullptr) {
    reply_.Raw(NothingReply(spec.nothing, client().resp));
    return;
  }
  auto waiter = std::make_shared<Waiter>();
  waiter->ticket = engine().NextTicket();
  waiter->command = &parts_.command;
  waiter->type = spec.type;
  waiter->nothing = spec.nothing;
  waiter->timeout_ms = spec.timeout_ms;
  waiter->is_woken_by_removal = spec.is_woken_by_removal;
  waiter->client.id = client().id;
  waiter->client.db = client().db;
  waiter->client.resp = client().resp;
  waiter->client.user = client().user;
  waiter->client.name = client().name;
  waiter->client.reply_mode = client().reply_mode;
  waiter->client.is_no_touch = client().is_no_touch;
  // Words of its own; none of them moves once there is a view of it.
  auto& words = waiter->words;
  words.reserve(parts_.args.size() + spec.retry_args.size() + parts_.keys.size());
  if (spec.retry_args.empty()) {
    words.assign(parts_.args.begin(), parts_.args.end());
  } else {
    words.assign(spec.retry_args.begin(), spec.retry_args.end());
  }
  waiter->args.assign(words.begin(), words.end());
  for (const Key& key : parts_.keys) {
    words.emplace_back(key.bytes);
    waiter->lock_keys.push_back({words.back(), key.hash});
  }
  for (const std::string_view name : spec.keys) {
    const auto key = std::ranges::find(waiter->lock_keys, name, &Key::bytes);
    if (key == waiter->lock_keys.end()) continue;
    waiter->keys.push_back(*key);
    engine().AddWaiter(client().db, *key, waiter);
  }
  client().waiter = std::move(waiter);
}

// ---- Answering

std::optional<int64_t> CommandContext::IntArg(std::string_view arg, std::string_view error) {
  const auto value = ParseInt64(arg);
  if (!value) reply_.Error(error);
  return value;
}

std::optional<int64_t> CommandContext::IntArgIn(std::string_view arg, int64_t min, int64_t max,
                                                std::string_view error) {
  const auto value = IntArg(arg);
  if (value && (*value < min || *value > max)) {
    reply_.Error(error);
    return std::nullopt;
  }
  return value;
}

void CommandContext::ReplyString(const Entry& entry) {
  switch (entry.encoding()) {
    case Encoding::kInt:
      return reply_.BulkInt(entry.int_value());
    case Encoding::kBlob:
      return reply_.Bulk(entry.blob_view());
    default: {
      SharedBytes block = storage::ShareBlock(entry);
      const size_t size = block.size();
      reply_.BulkShared(std::move(block), 0, size);
    }
  }
}

SharedBytes CommandContext::BlockOf(std::string_view arg) const {
  if (parts_.arg_vector == nullptr || arg.size() < storage::kSharedStringBytesMin) return {};
  const auto base = parts_.arg_vector->Range(0);
  const auto index = static_cast<size_t>(
      std::find_if(base.begin(), base.end(),
                   [&](std::string_view other) {
                     return other.data() == arg.data() && other.size() == arg.size();
                   }) -
      base.begin());
  if (index == base.size()) return {};
  const SharedBytes* block = parts_.arg_vector->FindBlock(static_cast<uint32_t>(index));
  return block == nullptr ? SharedBytes() : *block;
}

}  // namespace ringtail::commands
