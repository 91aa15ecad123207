// Executor: MULTI's queue and EXEC.
#include "commands/acl_service.h"
#include "commands/executor.h"
#include "commands/script_runner.h"
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
  client.last_command = &request.command->full_name;
  client.last_command_ms = parts_.worker.now_ms;
  if (client.transaction->is_aborted) {
    client.transaction->Unwatch(parts_.engine, /*is_locked=*/false);
    client.transaction.reset();
    Reject(nullptr, client, output, errors::kExecAbort);
    // It is a call that failed, and monitors see the transaction end.
    parts_.stats.Of(request.command->index).failed_calls.Add();
    return CountExec(*request.command, ArgsOf(request), client);
  }
  const bool has_script = client.transaction->has_script() && parts_.services.scripts != nullptr;
  if (has_script) {
    PrepareScripts();
    scripts_->run().is_memory_short =
        parts_.engine.memory_bytes_max() != 0 && !parts_.engine.MakeRoom(parts_.worker, 0);
  }
  if (client.transaction->is_exclusive() && !TakeExclusivity()) {
    return Reject(request.command, client, output, BusyText());
  }
  std::unique_ptr<Transaction> transaction = std::move(client.transaction);
  std::vector<Key> keys = transaction->GatherKeys(parts_.engine);
  if (has_script) {
    return RunTransactionJob(request, std::move(transaction), std::move(keys), client, output);
  }
  if (transaction->is_exclusive()) {
    RunQueue(*transaction, keys, client, output);
    ServeReady(nullptr);
    execution_.is_exclusive = false;
    alone_.reset();
  } else {
    {
      const Engine::KeyLocks locks(parts_.engine, keys);
      RunQueue(*transaction, keys, client, output);
      ServeReady(&locks);
    }
    ServeReady(nullptr);
  }
  CountExec(*request.command, ArgsOf(request), client);
}

void Executor::CountExec(const CommandTable::Entry& command, Args args, ClientState& client) {
  ShowToMonitors(command, args, client);
  parts_.stats.Of(command.index).calls.Add();
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
      // Absent when it was watched, and a SWAPDB has brought an expired one: absent still.
      if (!watched.was_there) continue;
      parts_.engine.EraseExpired(parts_.worker, watched.db, *database, found);
    } else if (Database::HasExpiredFields(*found.entry, parts_.worker.now_ms)) {
      parts_.engine.EraseExpiredFields(parts_.worker, watched.db, *database, found);
    }
  }
  return transaction.is_dirty();
}

}  // namespace ringtail::commands
