// Executor: commands that run scripts, on a stack of their own, and the commands that scripts call.
#include <algorithm>
#include <utility>

#include "commands/acl_service.h"
#include "commands/executor.h"
#include "commands/script_hub.h"
#include "commands/script_runner.h"
#include "commands/transaction.h"
#include "commands/waiter.h"
#include "scripting/script_header.h"

namespace ringtail::commands {

/// What a fiber executes. It outlives the turn in which it came, so all is its own.
struct Executor::ScriptJob {
  explicit ScriptJob(proto::ChunkPool& pool) : output(pool) {}

  const CommandTable::Entry* command = nullptr;
  ClientState* client = nullptr;
  std::string bytes;  // what args and keys point into
  std::vector<std::string_view> args;
  std::vector<Key> keys;
  uint64_t request_bytes = 0;
  std::unique_ptr<Transaction> transaction;  // of EXEC
  bool has_declared_keys = false;
  proto::OutputBuffer output;
  // While it is left in the middle: what the executor had in hand for it.
  std::shared_ptr<Waiter> waiter;
  Execution execution;
  uint64_t last_cycles = 0;

  void Take(Args from, std::span<const Key> from_keys) {
    size_t byte_count = 0;
    for (const std::string_view arg : from) byte_count += arg.size();
    bytes.clear();
    bytes.reserve(byte_count);
    args.clear();
    for (const std::string_view arg : from) {
      const size_t place = bytes.size();
      bytes.append(arg);
      args.emplace_back(bytes.data() + place, arg.size());
    }
    // Keys are arguments, in order.
    keys.clear();
    size_t index = 0;
    for (const Key& key : from_keys) {
      while (index < from.size() && from[index].data() != key.bytes.data()) ++index;
      keys.push_back({index < from.size() ? args[index++] : key.bytes, key.hash});
    }
  }
};

Executor::Executor(const Parts& parts) : parts_(parts) {}

Executor::~Executor() { AbortScript(); }

// ---- Commands that run scripts

void Executor::PrepareScripts() {
  if (scripts_ != nullptr) return;
  scripts_ = std::make_unique<ScriptRunner>(ScriptRunner::Parts{.executor = *this,
                                                                .engine = parts_.engine,
                                                                .worker = parts_.worker,
                                                                .services = parts_.services,
                                                                .table = parts_.table});
  job_ = std::make_unique<ScriptJob>(retry_pool_);
  execution_.scripts = scripts_.get();
}

void Executor::RunScriptCommand(const Request& request, ClientState& client,
                                proto::OutputBuffer& output) {
  PrepareScripts();
  const CommandTable::Entry& command = *request.command;
  const Args args = ArgsOf(request);
  ScriptRun& run = scripts_->run();
  // Before any lock: whoever makes room takes some.
  run.is_memory_short =
      parts_.engine.memory_bytes_max() != 0 && !parts_.engine.MakeRoom(parts_.worker, 0);
  ScriptJob& job = *job_;
  job.has_declared_keys = scripts_->HasDeclaredKeys(command, args);
  if (!job.has_declared_keys || parts_.engine.is_single_threaded()) {
    if (!TakeExclusivity()) return Reject(&command, client, output, BusyText());
  }
  job.command = &command;
  job.client = &client;
  job.request_bytes = request.byte_count;
  job.Take(args, {keys_.data() + request.first_key, request.key_count});
  run.has_declared_keys = job.has_declared_keys;
  run.declared_keys = job.keys;
  RunJob(client, output);
}

bool Executor::TakeExclusivity() {
  alone_.emplace(parts_.engine, parts_.worker);
  if (*alone_) {
    execution_.is_exclusive = true;
    return true;
  }
  alone_.reset();
  return false;
}

void Executor::RunJob(ClientState& client, proto::OutputBuffer& output) {
  const bool is_done = scripts_->fiber().Start(
      [](void* executor) { static_cast<Executor*>(executor)->WorkOnJob(); }, this);
  if (!is_done) return LeaveJob(client);
  FinishJob();
  output.AppendCopy(job_->output);
  job_->output.Clear();
}

// On the fiber's stack.
void Executor::WorkOnJob() {
  ScriptJob& job = *job_;
  if (job.transaction != nullptr) {
    RunQueue(*job.transaction, job.keys, *job.client, job.output);
    ServeReady(nullptr);
    CountExec(*job.command, job.args, *job.client);
    return;
  }
  const Call call{.command = *job.command,
                  .args = job.args,
                  .keys = job.keys,
                  .arg_vector = nullptr,
                  .request_bytes = job.request_bytes};
  ShowScriptToMonitors(call, *job.client);
  if (alone_) {
    RunOutlined(call, *job.client, job.output);
  } else {
    const Engine::KeyLocks locks(parts_.engine, call.keys);
    RunOutlined(call, *job.client, job.output);
    if (!parts_.worker.ready.empty()) ServeReady(&locks);
  }
  if (!parts_.worker.ready.empty()) ServeReady(nullptr);
}

// As in Redis: before the commands that it calls, though the table says that MONITOR skips it.
void Executor::ShowScriptToMonitors(const Call& call, const ClientState& client) {
  if (!parts_.settings.is_monitored.load(std::memory_order_relaxed)) [[likely]]
    return;
  if ((call.command.spec->flags & kSkipMonitor) == 0) return;
  parts_.observer.OnMonitored(client, call.command, call.args, parts_.worker.now_ms);
}

void Executor::RunTransactionJob(const Request& request, std::unique_ptr<Transaction> transaction,
                                 std::vector<Key> keys, ClientState& client,
                                 proto::OutputBuffer& output) {
  ScriptJob& job = *job_;
  job.command = request.command;
  job.client = &client;
  job.Take(ArgsOf(request), {});
  job.transaction = std::move(transaction);
  job.keys = std::move(keys);
  RunJob(client, output);
}

// Between MULTI and EXEC all workers stand still for a script, whatever it declares.
void Executor::BeginQueuedScript(const Call& call, const ClientState& client) {
  ShowScriptToMonitors(call, client);
  if (scripts_ == nullptr) return;
  ScriptRun& run = scripts_->run();
  run.has_declared_keys = scripts_->HasDeclaredKeys(call.command, call.args);
  run.declared_keys = call.keys;
}

void Executor::FinishJob() {
  execution_.is_exclusive = false;
  alone_.reset();
  job_->transaction.reset();
}

// The script has used up its time: its client waits, and whoever asks for a key is told that the
// server is busy.
void Executor::LeaveJob(ClientState& client) {
  auto waiter = std::make_shared<Waiter>();
  waiter->ticket = parts_.engine.NextTicket();
  waiter->is_waiting = false;
  waiter->command = job_->command;
  waiter->client.id = client.id;
  waiter->client.resp = client.resp;
  waiter->client.reply_mode = client.reply_mode;
  job_->waiter = waiter;
  client.waiter = std::move(waiter);
  PutJobAside();
}

void Executor::PutJobAside() {
  std::swap(job_->execution, execution_);
  execution_.scripts = scripts_.get();
  job_->last_cycles = last_cycles_;
  alone_->ShutOut();
}

bool Executor::CanLeaveScript() const { return alone_.has_value(); }
bool Executor::has_left_script() const { return job_ != nullptr && job_->waiter != nullptr; }
const ClientState* Executor::script_client() const {
  return has_left_script() ? job_->client : nullptr;
}

std::optional<Executor::ScriptEnd> Executor::ResumeScript() {
  alone_->ComeBack();
  std::swap(job_->execution, execution_);
  last_cycles_ = job_->last_cycles;
  const bool is_done = scripts_->fiber().Resume();
  std::optional<ScriptEnd> end;
  if (is_done) {
    FinishJob();
    end.emplace();
    end->waiter = std::exchange(job_->waiter, nullptr);
    end->reply = job_->output.TakeString();
  } else {
    PutJobAside();
  }
  parts_.engine.EndBatch(parts_.worker);
  return end;
}

void Executor::AbortScript() {
  if (!has_left_script()) return;
  scripts_->Abort();
  while (!ResumeScript()) {
  }
}

std::string_view Executor::BusyText() const {
  const ScriptHub* hub = parts_.services.scripts;
  return hub != nullptr && hub->busy() == ScriptHub::Busy::kFunction ? errors::kBusyFunction
                                                                     : errors::kBusyScript;
}

// Whoever is shut out touches no key, watched ones neither.
bool Executor::IsServedWhileBusy(const CommandTable::Entry& command,
                                 const ClientState& client) const {
  if ((command.spec->flags & kAllowBusy) == 0 || command.has_keys) return false;
  const Transaction* transaction = client.transaction.get();
  if (transaction == nullptr || transaction->watched().empty()) return true;
  return command.spec->name != "DISCARD" && command.spec->name != "UNWATCH" &&
         command.spec->name != "RESET";
}

// ---- Commands that scripts call

void Executor::ExecuteFromScript(Args args, ScriptRun& run, proto::OutputBuffer& output) {
  const uint64_t outer_cycles = last_cycles_;
  const CommandTable::Entry* command = FindCommand(args);
  nested_keys_.clear();
  const std::string_view refusal = RefusalOf(command, args, run);
  if (!refusal.empty()) {
    proto::ReplyWriter reply(output, run.client.resp);
    reply.Error(refusal);
    if (command != nullptr) parts_.stats.Of(command->index).rejected_calls.Add();
    parts_.stats.CountError(reply.last_error_code());
    return;
  }
  const uint32_t flags = command->spec->flags;
  if ((flags & kWrite) != 0) run.note.has_written.store(true, std::memory_order_relaxed);
  if (parts_.settings.is_monitored.load(std::memory_order_relaxed)) [[unlikely]] {
    ShowToMonitors(*command, args, run.client);
  }
  const size_t effect_count = execution_.effects.size();
  last_cycles_ = CycleClock::Now();
  const Call call{.command = *command,
                  .args = args,
                  .keys = nested_keys_,
                  .arg_vector = nullptr,
                  .request_bytes = 0};
  RunNested(call, run.client, output);
  const ClientState& caller = *job_->client;
  if (caller.tracking != nullptr) [[unlikely]]
    RememberReads(call, caller);
  if (run.replication == scripting::kReplicateNone) execution_.effects.resize(effect_count);
  last_cycles_ = outer_cycles;
}

const CommandTable::Entry* Executor::FindCommand(Args args) const {
  const CommandTable::Entry* command = FindByName(args[0]);
  if (command == nullptr || command->subcommand_count == 0 || args.size() < 2) return command;
  return parts_.table.FindSubcommand(*command, args[1]);
}

bool Executor::MayWrite(const Request& request, const ClientState& client) {
  if (request.command == nullptr) return false;
  if ((request.command->spec->flags & kExecutesQueue) == 0) {
    return MayWrite(*request.command, ArgsOf(request));
  }
  return client.transaction != nullptr &&
         std::ranges::any_of(client.transaction->queue(),
                             [this](const Transaction::Queued& queued) {
                               return MayWrite(*queued.command, queued.args);
                             });
}

bool Executor::MayWrite(const CommandTable::Entry& command, Args args) {
  const uint32_t flags = command.spec->flags;
  if ((flags & (kWrite | kMayReplicate)) != 0) return true;
  const bool is_run = (flags & kScript) != 0 && command.container == nullptr;
  if (!is_run || (flags & kRead) != 0 || parts_.services.scripts == nullptr) return false;
  PrepareScripts();
  return (scripts_->FlagsOf(command, args) & scripting::kNoWrites) == 0;
}

// The order is Redis's. Hashes the keys by the way.
std::string_view Executor::RefusalOf(const CommandTable::Entry* command, Args args,
                                     const ScriptRun& run) {
  if (command == nullptr) return errors::kScriptUnknownCommand;
  const CommandSpec& spec = *command->spec;
  const auto arg_count = static_cast<int>(args.size());
  if (spec.arity > 0 ? arg_count != spec.arity : arg_count < -spec.arity) {
    return errors::kScriptWrongArity;
  }
  if ((spec.flags & kNoScript) != 0 && !parts_.services.scripts->are_denied_allowed) {
    return errors::kScriptForbidden;
  }
  if (run.client.is_restricted) {
    const AclVerdict verdict = CheckCommand(*run.client.acl_user, *command, args);
    if (!verdict.is_allowed()) {
      RecordDenial(parts_.services.acl, run.client, verdict, AclPlace::kScript, *command, args);
      refusal_ = errors::NoPermissionInScript(verdict.denial);
      return refusal_;
    }
  }
  if (run.is_read_only && (spec.flags & (kWrite | kMayReplicate)) != 0) {
    return errors::kScriptReadOnly;
  }
  if (run.is_memory_short && (spec.flags & kDenyOom) != 0 && !run.allows_oom &&
      !run.note.has_written.load(std::memory_order_relaxed)) {
    return errors::kOutOfMemory;
  }
  HashNestedKeys(*command, args);
  if (run.has_declared_keys && !StaysWithin(*command, run)) return errors::kScriptUndeclaredKey;
  return {};
}

void Executor::HashNestedKeys(const CommandTable::Entry& command, Args args) {
  if (command.single_key != 0) {
    if (command.single_key < args.size()) {
      nested_keys_.push_back(parts_.engine.MakeKey(args[command.single_key]));
    }
  } else if (command.has_keys) {
    FindKeys(*command.spec, args, positions_);
    for (const KeyPosition& position : positions_.view()) {
      nested_keys_.push_back(parts_.engine.MakeKey(args[position.arg_index]));
    }
  }
}

bool Executor::StaysWithin(const CommandTable::Entry& command, const ScriptRun& run) const {
  const uint32_t flags = command.spec->flags;
  if ((flags & (kExclusive | kPartitionwise | kTouchesArbitraryKeys)) != 0) return false;
  if (!command.has_keys) return (flags & (kWrite | kRead)) == 0;
  return std::ranges::all_of(nested_keys_, [&](const Key& key) {
    return std::ranges::any_of(run.declared_keys, [&](const Key& declared) {
      return declared.hash.bits() == key.hash.bits() && declared.bytes == key.bytes;
    });
  });
}

scripting::AclVerdict Executor::MayExecute(Args args, const ClientState& client) const {
  const CommandTable::Entry* command = FindCommand(args);
  if (command == nullptr) return scripting::AclVerdict::kUnknownCommand;
  const bool is_allowed =
      !client.is_restricted || CheckCommand(*client.acl_user, *command, args).is_allowed();
  return is_allowed ? scripting::AclVerdict::kAllowed : scripting::AclVerdict::kDenied;
}

}  // namespace ringtail::commands
