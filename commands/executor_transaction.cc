// Executor: MULTI's queue and EXEC.
#include "commands/acl_service.h"
#include "commands/executor.h"
#include "commands/transaction.h"

namespace ringtail::commands {

bool Executor::TakeIntoTransaction(const Request& request, ClientState& client,
                                   proto::OutputBuffer& output) {
  Transaction& transaction = *client.transaction;
  if (!transaction.is_open) return false;
  const CommandSpec& spec = *request.command->spec;
  if ((spec.flags & kExecutesQueue) != 0) {
    RunTransaction(request, client, output);
    return true;
  }
  if ((spec.flags & kImmediate) != 0) return false;
  transaction.Queue(*request.command, ArgsOf(request), request.byte_count);
  client.last_command = &request.command->full_name;
  client.last_command_ms = parts_.worker.now_ms;
  proto::ReplyWriter(output, client.resp).SimpleString("QUEUED");
  last_cycles_ = CycleClock::Now();
  return true;
}

// The transaction is over for its client before the first of its commands is executed.
void Executor::RunTransaction(const Request& request, ClientState& client,
                              proto::OutputBuffer& output) {
  const std::unique_ptr<Transaction> transaction = std::move(client.transaction);
  client.last_command = &request.command->full_name;
  client.last_command_ms = parts_.worker.now_ms;
  if (transaction->is_aborted) {
    transaction->Unwatch(parts_.engine, /*is_locked=*/false);
    Reject(nullptr, client, output, errors::kExecAbort);
    return;
  }
  const std::vector<Key> keys = transaction->GatherKeys(parts_.engine);
  if (transaction->is_exclusive()) {
    const auto alone = parts_.engine.Exclusive(parts_.worker);
    parts_.engine.RefreshTime(parts_.worker);
    execution_.is_exclusive = true;
    RunQueue(*transaction, keys, client, output);
    ServeReady(nullptr);
    execution_.is_exclusive = false;
  } else {
    {
      const Engine::KeyLocks locks(parts_.engine, keys);
      RunQueue(*transaction, keys, client, output);
      ServeReady(&locks);
    }
    ServeReady(nullptr);
  }
  ShowToMonitors(*request.command, ArgsOf(request), client);
  CommandCounters& counters = parts_.stats.Of(request.command->index);
  counters.calls.Add();
  ++client.command_count;
}

// Queued commands find their keys in the order in which they were gathered.
void Executor::RunQueue(Transaction& transaction, std::span<const Key> keys, ClientState& client,
                        proto::OutputBuffer& output) {
  const bool has_changed = HasWatchedChanged(transaction);
  transaction.Unwatch(parts_.engine, /*is_locked=*/true);
  proto::ReplyWriter reply(output, client.resp);
  if (has_changed) return reply.NullArray();
  reply.Array(transaction.queue().size());
  execution_.is_in_transaction = true;
  for (const Transaction::Queued& queued : transaction.queue()) {
    if (!client.is_restricted || IsStillPermitted(queued, client, output)) {
      RunQueued({.command = *queued.command,
                 .args = queued.args,
                 .keys = keys.first(queued.key_count),
                 .arg_vector = nullptr,
                 .request_bytes = queued.request_bytes},
                client, output);
    }
    keys = keys.subspan(queued.key_count);
  }
  execution_.is_in_transaction = false;
  parts_.engine.log().AppendTransaction(execution_.effects);
  execution_.effects.clear();
}

// The user may have been changed since the command was queued, by a command of this very transaction too.
bool Executor::IsStillPermitted(const Transaction::Queued& queued, ClientState& client,
                                proto::OutputBuffer& output) {
  const AclVerdict verdict = CheckCommand(*client.acl_user, *queued.command, queued.args);
  if (verdict.is_allowed()) return true;
  RecordDenial(parts_.services.acl, client, verdict, AclPlace::kTransaction, *queued.command,
               queued.args);
  proto::ReplyWriter reply(output, client.resp);
  reply.Error(errors::NoLongerPermitted(verdict.denial));
  parts_.stats.CountError(reply.last_error_code());
  return false;
}

// A key that has expired since it was watched, or a field of it, is a change; finding that out tells its watchers.
bool Executor::HasWatchedChanged(const Transaction& transaction) {
  for (const auto& watched : transaction.watched()) {
    const Key key = watched.key();
    Database* database = parts_.engine.FindDatabase(watched.db, key.hash);
    if (database == nullptr) continue;
    const Database::Found found = database->Find(key);
    if (!found) continue;
    if (found.entry->IsExpired(parts_.worker.now_ms)) {
      parts_.engine.EraseExpired(parts_.worker, watched.db, *database, found);
    } else if (Database::HasExpiredFields(*found.entry, parts_.worker.now_ms)) {
      parts_.engine.EraseExpiredFields(parts_.worker, watched.db, *database, found);
    }
  }
  return transaction.is_dirty();
}

}  // namespace ringtail::commands
