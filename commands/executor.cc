#include "commands/executor.h"

#include "commands/acl_service.h"
#include "commands/auth_service.h"
#include "commands/transaction.h"
#include "commands/waiter.h"

namespace ringtail::commands {
namespace {

// The member that a command is about: HGET key field, SADD key member, ZSCORE key member, but ZADD
// key score member.
std::string_view MemberOf(const CommandSpec& spec, Args args) {
  return (spec.categories & kCatSortedSet) != 0 ? args.back() : args[2];
}

}  // namespace

void Executor::BeginBatch() {
  keys_.clear();
  last_cycles_ = CycleClock::Now();
  if (!late_waiters_.empty() || !late_transactions_.empty()) [[unlikely]]
    ForgetNow();
}

void Executor::ForgetLater(std::shared_ptr<Waiter> waiter,
                           std::unique_ptr<Transaction> transaction) {
  if (waiter != nullptr) {
    waiter->is_abandoned = true;
    late_waiters_.push_back(std::move(waiter));
  }
  if (transaction != nullptr) late_transactions_.push_back(std::move(transaction));
}

void Executor::ForgetNow() {
  if (parts_.worker.is_shut_out) return;
  for (const auto& waiter : late_waiters_) {
    CancelWait(parts_.engine, *waiter, /*is_exclusive=*/false);
  }
  for (const auto& transaction : late_transactions_) {
    transaction->Unwatch(parts_.engine, /*is_locked=*/false);
  }
  late_waiters_.clear();
  late_transactions_.clear();
}

void Executor::Prepare(Request& request, int db) {
  const Args args = ArgsOf(request);
  request.first_key = static_cast<uint32_t>(keys_.size());
  request.key_count = 0;
  const CommandTable::Entry* command = FindByName(args[0]);
  if (command == nullptr) return;
  if (command->subcommand_count != 0 && args.size() > 1) [[unlikely]] {
    request.container = command;
    command = parts_.table.FindSubcommand(*command, args[1]);
    if (command == nullptr) return;
  }
  request.command = command;
  if (parts_.worker.is_shut_out) [[unlikely]]
    return;
  if (command->single_key != 0) [[likely]] {
    if (command->single_key >= args.size()) return;
    keys_.push_back(parts_.engine.MakeKey(args[command->single_key]));
  } else if (command->has_keys) {
    FindKeys(*command->spec, args, positions_);
    for (const KeyPosition& position : positions_.view()) {
      keys_.push_back(parts_.engine.MakeKey(args[position.arg_index]));
    }
  }
  request.key_count = static_cast<uint32_t>(keys_.size()) - request.first_key;
  for (uint32_t k = request.first_key; k < keys_.size(); ++k) {
    parts_.engine.PrefetchBucket(db, keys_[k].hash);
  }
}

void Executor::PrefetchEntries(const Request& request, int db) const {
  for (uint32_t k = 0; k < request.key_count; ++k) {
    parts_.engine.PrefetchEntry(db, keys_[request.first_key + k].hash);
  }
}

void Executor::PrefetchMemberBucket(const Request& request, int db) {
  // Where the first few collections of a batch are small, the others will be too, and looking is
  // wasted.
  constexpr uint32_t kSmallMax = 8;
  if (request.command == nullptr || request.key_count != 1 || request.arg_count < 3) return;
  const CommandSpec& spec = *request.command->spec;
  if ((spec.categories & (kCatHash | kCatSet | kCatSortedSet)) == 0) return;
  if (small_count_ == kSmallMax || !parts_.engine.is_single_threaded()) return;
  const Key& key = keys_[request.first_key];
  const Database* database = parts_.engine.FindDatabase(db, key.hash);
  const Entry* entry = database == nullptr ? nullptr : database->Find(key).entry;
  if (entry == nullptr || entry->encoding() != storage::Encoding::kObject) {
    ++small_count_;
    return;
  }
  small_count_ = 0;
  const storage::KeyHash hash = storage::MemberHasher().Hash(MemberOf(spec, ArgsOf(request)));
  const auto& collection = storage::ObjectOf<storage::Object>(*entry);
  collection.PrefetchBucket(hash);
  members_.push_back({&collection, hash});
}

void Executor::PrefetchMembers() {
  for (const Member& member : members_) member.collection->PrefetchMember(member.hash);
  members_.clear();
  small_count_ = 0;
}

void Executor::PrefetchLocks(const Request& request) const {
  for (uint32_t k = 0; k < request.key_count; ++k) {
    parts_.engine.PrefetchLock(keys_[request.first_key + k]);
  }
}

void Executor::Reject(const CommandTable::Entry* command, ClientState& client,
                      proto::OutputBuffer& output, std::string_view error) {
  proto::ReplyWriter reply(output, client.resp);
  Transaction* transaction = client.transaction.get();
  if (command != nullptr && (command->spec->flags & kExecutesQueue) != 0) {
    reply.Error(errors::ExecAbort(error));
    if (parts_.worker.is_shut_out) {
      ForgetLater(nullptr, std::move(client.transaction));
    } else if (transaction != nullptr) {
      transaction->Unwatch(parts_.engine, /*is_locked=*/false);
    }
    client.transaction.reset();
  } else {
    reply.Error(error);
    if (transaction != nullptr) transaction->is_aborted = transaction->is_open;
  }
  if (command != nullptr) parts_.stats.Of(command->index).rejected_calls.Add();
  parts_.stats.CountError(reply.last_error_code());
}

// Every rule that can keep a command from its handler; the order is Redis's.
bool Executor::IsAllowed(const Request& request, ClientState& client, proto::OutputBuffer& output) {
  const Args args = ArgsOf(request);
  if (request.command == nullptr) [[unlikely]] {
    // Words of HTTP: a browser, or a page made to reach us. Nothing after them may be executed.
    if (EqualsIgnoreCase(args[0], "POST") || EqualsIgnoreCase(args[0], "Host:")) {
      client.is_closing = true;
      return false;
    }
    Reject(nullptr, client, output,
           request.container != nullptr
               ? errors::UnknownSubcommand(request.container->spec->name, args[1])
               : errors::UnknownCommand(args));
    return false;
  }
  const CommandSpec& spec = *request.command->spec;
  const auto arg_count = static_cast<int>(args.size());
  if (spec.arity > 0 ? arg_count != spec.arity : arg_count < -spec.arity) [[unlikely]] {
    Reject(request.command, client, output, errors::WrongArity(request.command->full_name));
    return false;
  }
  // One branch for most: those who may do everything.
  if (!client.is_authenticated | client.is_restricted) [[unlikely]] {
    if (!IsPermitted(*request.command, args, client, output)) return false;
  }
  if (client.transaction != nullptr && client.transaction->is_open && (spec.flags & kNoMulti) != 0)
      [[unlikely]] {
    Reject(request.command, client, output, errors::kNotInTransaction);
    return false;
  }
  if (parts_.worker.is_shut_out) [[unlikely]] {
    if (IsServedWhileBusy(*request.command, client)) return true;
    Reject(request.command, client, output, BusyText());
    return false;
  }
  if (parts_.engine.memory_bytes_max() != 0 && !IsMemoryEnough(spec, args, client)) {
    Reject(request.command, client, output, errors::kOutOfMemory);
    return false;
  }
  // In RESP2 nothing tells a message from a reply.
  if (client.subscription_count != 0 && client.resp == proto::RespVersion::kResp2 &&
      (spec.flags & kForSubscribers) == 0) [[unlikely]] {
    Reject(request.command, client, output, errors::NotForSubscribers(request.command->full_name));
    return false;
  }
  return true;
}

// Authentication, and what the client's user may do.
bool Executor::IsPermitted(const CommandTable::Entry& command, Args args, ClientState& client,
                           proto::OutputBuffer& output) {
  const CommandSpec& spec = *command.spec;
  if (!client.is_authenticated && (spec.flags & kNoAuth) == 0) {
    // The default user may have lost its password since the client came.
    const AuthService* auth = parts_.services.auth;
    if (auth == nullptr || auth->is_password_required()) {
      Reject(&command, client, output, errors::kNoAuth);
      return false;
    }
  }
  const bool is_queued = client.transaction != nullptr && client.transaction->is_open;
  if (!client.is_restricted || (is_queued && (spec.flags & kNoMulti) != 0)) return true;
  const AclVerdict verdict = CheckCommand(*client.acl_user, command, args);
  if (verdict.is_allowed()) return true;
  client.last_command = &command.full_name;
  RecordDenial(parts_.services.acl, client, verdict,
               is_queued ? AclPlace::kTransaction : AclPlace::kTopLevel, command, args);
  Reject(&command, client, output, errors::NoPermission(verdict.denial, command.full_name));
  return false;
}

// A queue takes memory too, whatever is put into it, and executing it may; it can always be given
// up.
bool Executor::IsMemoryEnough(const CommandSpec& spec, Args args, const ClientState& client) {
  bool needs_memory = (spec.flags & kDenyOom) != 0;
  if (const Transaction* transaction = client.transaction.get();
      transaction != nullptr && transaction->is_open) [[unlikely]] {
    needs_memory |= (spec.flags & kImmediate) == 0;
    needs_memory |= (spec.flags & kExecutesQueue) != 0 && transaction->needs_memory();
  }
  if (!needs_memory) return true;
  size_t incoming_bytes = 0;
  for (const std::string_view arg : args) incoming_bytes += arg.size();
  return parts_.engine.MakeRoom(parts_.worker, incoming_bytes);
}

void Executor::Execute(const Request& request, ClientState& client, proto::OutputBuffer& output) {
  parts_.engine.Breathe(parts_.worker);
  const size_t mark = output.size_bytes();
  const CommandTable::Entry* executed = nullptr;
  const bool is_tracking = client.tracking != nullptr;
  // What was found before goes before this command's reply, what it finds itself behind it.
  if (is_tracking) [[unlikely]]
    SendInvalidations();
  if (!IsAllowed(request, client, output)) [[unlikely]] {
    last_cycles_ = CycleClock::Now();
  } else if (client.transaction == nullptr || !TakeIntoTransaction(request, client, output))
      [[likely]] {
    ShowToMonitors(*request.command, ArgsOf(request), client);
    Run(request, client, output);
    executed = request.command;
  }
  if (client.reply_mode != ReplyMode::kOn) [[unlikely]] {
    ApplyReplyMode(executed, client, output, mark);
  }
  if (is_tracking) [[unlikely]]
    AfterTracked(request, client);
}

// Run, RunHandler and what they call are on every request's path.
[[gnu::always_inline]] inline void Executor::Run(const Request& request, ClientState& client,
                                                 proto::OutputBuffer& output) {
  const Call call{.command = *request.command,
                  .args = ArgsOf(request),
                  .keys = {keys_.data() + request.first_key, request.key_count},
                  .arg_vector = &parts_.args,
                  .request_bytes = request.byte_count};
  client.last_command = &call.command.full_name;
  client.last_command_ms = parts_.worker.now_ms;
  if ((call.command.spec->flags & (kExclusive | kScript)) != 0 || parts_.worker.is_shut_out)
      [[unlikely]] {
    return RunSpecially(request, call, client, output);
  }
  {
    const Engine::KeyLocks locks(parts_.engine, call.keys);
    RunHandler(call, client, output);
    if (!parts_.worker.ready.empty()) [[unlikely]]
      ServeReady(&locks);
  }
  if (!parts_.worker.ready.empty()) [[unlikely]]
    ServeReady(nullptr);
}

void Executor::RunSpecially(const Request& request, const Call& call, ClientState& client,
                            proto::OutputBuffer& output) {
  const uint32_t flags = call.command.spec->flags;
  if (parts_.worker.is_shut_out) {
    RunHandler(call, client, output);
  } else if ((flags & kScript) != 0 && parts_.services.scripts != nullptr) {
    RunScriptCommand(request, client, output);
  } else {
    const Engine::Exclusive alone(parts_.engine, parts_.worker);
    if (!alone) return Reject(&call.command, client, output, BusyText());
    execution_.is_exclusive = true;
    RunHandler(call, client, output);
    if (!parts_.worker.ready.empty()) ServeReady(nullptr);
    execution_.is_exclusive = false;
  }
}

[[gnu::always_inline]] inline CommandContext Executor::ContextOf(const Call& call,
                                                                 ClientState& client,
                                                                 proto::OutputBuffer& output) {
  return CommandContext({.engine = parts_.engine,
                         .worker = parts_.worker,
                         .client = client,
                         .services = parts_.services,
                         .table = parts_.table,
                         .command = call.command,
                         .execution = execution_,
                         .args = call.args,
                         .keys = call.keys,
                         .arg_vector = call.arg_vector,
                         .output = output});
}

[[gnu::always_inline]] inline void Executor::RunHandler(const Call& call, ClientState& client,
                                                        proto::OutputBuffer& output) {
  const size_t output_bytes = output.size_bytes();
  CommandContext context = ContextOf(call, client, output);
  call.command.spec->handler(context, call.args);
  context.Finish();
  if (client.tracking != nullptr) [[unlikely]]
    RememberReads(call, client);
  Account(call, client, context, output.size_bytes() - output_bytes);
}

[[gnu::always_inline]] inline void Executor::Count(const Call& call, CommandContext& context,
                                                   uint64_t duration_ns) {
  CommandCounters& counters = parts_.stats.Of(call.command.index);
  counters.calls.Add();
  counters.duration_ns.Add(duration_ns);
  if (parts_.settings.is_latency_tracked.load(std::memory_order_relaxed)) {
    parts_.stats.AddDuration(counters, duration_ns);
  }
  if (context.reply().error_count() != 0) [[unlikely]] {
    counters.failed_calls.Add();
    if (!std::exchange(execution_.is_error_counted, false)) {
      parts_.stats.CountError(context.reply().last_error_code());
    }
  }
}

[[gnu::always_inline]] inline void Executor::Account(const Call& call, ClientState& client,
                                                     CommandContext& context, size_t reply_bytes) {
  const uint64_t now_cycles = CycleClock::Now();
  const uint64_t duration_ns = parts_.cycles.ToNs(now_cycles - last_cycles_);
  last_cycles_ = now_cycles;
  Count(call, context, duration_ns);
  ++client.command_count;
  const ExecutionSettings& settings = parts_.settings;
  if (duration_ns >= settings.duration_ns_min.load(std::memory_order_relaxed) ||
      reply_bytes >= settings.reply_bytes_min.load(std::memory_order_relaxed) ||
      call.request_bytes >= settings.request_bytes_min.load(std::memory_order_relaxed))
      [[unlikely]] {
    parts_.observer.OnExceeded(client, call.command, call.args, duration_ns, call.request_bytes,
                               reply_bytes);
  }
}

void Executor::RunQueued(const Call& call, ClientState& client, proto::OutputBuffer& output) {
  if ((call.command.spec->flags & kScript) != 0) {
    BeginQueuedScript(call, client);
  } else {
    ShowToMonitors(call.command, call.args, client);
  }
  RunHandler(call, client, output);
}

void Executor::RunOutlined(const Call& call, ClientState& client, proto::OutputBuffer& output) {
  RunHandler(call, client, output);
}

// What a script calls counts, but only the script itself is slow.
void Executor::RunNested(const Call& call, ClientState& client, proto::OutputBuffer& output) {
  CommandContext context = ContextOf(call, client, output);
  call.command.spec->handler(context, call.args);
  context.Finish();
  Count(call, context, parts_.cycles.ToNs(CycleClock::Now() - last_cycles_));
}

// CLIENT REPLY OFF drops every reply, SKIP that of the one command after it. What SUBSCRIBE and its
// kin answer are no replies but messages.
void Executor::ApplyReplyMode(const CommandTable::Entry* executed, ClientState& client,
                              proto::OutputBuffer& output, size_t mark) {
  constexpr uint32_t kSubscribing = kPubsub | kForSubscribers;
  const bool is_message =
      executed != nullptr && (executed->spec->flags & kSubscribing) == kSubscribing;
  if (!is_message) output.TruncateTo(mark);
  if (client.reply_mode == ReplyMode::kSkipNext) {
    client.reply_mode = ReplyMode::kSkip;
  } else if (client.reply_mode == ReplyMode::kSkip) {
    client.reply_mode = ReplyMode::kOn;
  }
}

}  // namespace ringtail::commands
