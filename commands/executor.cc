#include "commands/executor.h"

namespace ringtail::commands {

void Executor::BeginBatch() {
  keys_.clear();
  last_cycles_ = CycleClock::Now();
}

void Executor::Prepare(Request& request, int db) {
  const Args args = ArgsOf(request);
  request.first_key = static_cast<uint32_t>(keys_.size());
  request.key_count = 0;
  const CommandTable::Entry* command = parts_.table.Find(args[0]);
  if (command == nullptr) return;
  if (command->subcommand_count != 0 && args.size() > 1) [[unlikely]] {
    request.container = command;
    command = parts_.table.FindSubcommand(*command, args[1]);
    // A container may have a handler of its own for the forms that are no subcommands.
    if (command == nullptr && request.container->spec->handler != nullptr) {
      command = request.container;
    }
    if (command == nullptr) return;
  }
  request.command = command;
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

void Executor::PrefetchLocks(const Request& request) const {
  for (uint32_t k = 0; k < request.key_count; ++k) {
    parts_.engine.PrefetchLock(keys_[request.first_key + k]);
  }
}

void Executor::Reject(const CommandTable::Entry* command, const ClientState& client,
                      proto::OutputBuffer& output, std::string_view error) {
  proto::ReplyWriter reply(output, client.resp);
  reply.Error(error);
  if (command != nullptr) parts_.stats.Of(command->index).rejected_calls.Add();
  parts_.stats.CountError(reply.last_error_code());
}

// Every rule that can keep a command from its handler; the order is Redis's.
bool Executor::IsAllowed(const Request& request, ClientState& client,
                         proto::OutputBuffer& output) {
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
  if (!client.is_authenticated && (spec.flags & kNoAuth) == 0) [[unlikely]] {
    Reject(request.command, client, output, errors::kNoAuth);
    return false;
  }
  if ((spec.flags & kDenyOom) != 0 && parts_.engine.memory_bytes_max() != 0) {
    size_t incoming_bytes = 0;
    for (const std::string_view arg : args) incoming_bytes += arg.size();
    if (!parts_.engine.MakeRoom(parts_.worker, incoming_bytes)) {
      Reject(request.command, client, output, errors::kOutOfMemory);
      return false;
    }
  }
  return true;
}

void Executor::Execute(const Request& request, ClientState& client, proto::OutputBuffer& output) {
  parts_.engine.Breathe(parts_.worker);
  const size_t mark = output.size_bytes();
  if (IsAllowed(request, client, output)) [[likely]] {
    if (parts_.settings.is_monitored.load(std::memory_order_relaxed) &&
        (request.command->spec->flags & (kSkipMonitor | kAdmin)) == 0) [[unlikely]] {
      parts_.observer.OnMonitored(client, *request.command, ArgsOf(request),
                                  parts_.worker.now_ms);
    }
    Run(request, client, output);
  } else {
    last_cycles_ = CycleClock::Now();
  }
  if (client.reply_mode != ReplyMode::kOn) [[unlikely]] ApplyReplyMode(client, output, mark);
}

// Run and Account have one caller each, on every request's path.
[[gnu::always_inline]] inline void Executor::Run(const Request& request, ClientState& client,
                                                 proto::OutputBuffer& output) {
  const std::span<const Key> keys(keys_.data() + request.first_key, request.key_count);
  const size_t output_bytes = output.size_bytes();
  const CommandSpec& spec = *request.command->spec;
  client.last_command = &request.command->full_name;
  client.last_command_ms = parts_.worker.now_ms;
  CommandContext context({.engine = parts_.engine,
                          .worker = parts_.worker,
                          .client = client,
                          .services = parts_.services,
                          .table = parts_.table,
                          .command = *request.command,
                          .args = ArgsOf(request),
                          .keys = keys,
                          .arg_vector = &parts_.args,
                          .output = output});
  if ((spec.flags & kExclusive) != 0) [[unlikely]] {
    const auto alone = parts_.engine.Exclusive(parts_.worker);
    parts_.engine.RefreshTime(parts_.worker);
    spec.handler(context, context.args());
    context.Finish();
  } else {
    const Engine::KeyLocks locks(parts_.engine, keys);
    spec.handler(context, context.args());
    context.Finish();
  }
  Account(request, client, context, output.size_bytes() - output_bytes);
}

[[gnu::always_inline]] inline void Executor::Account(const Request& request, ClientState& client,
                                                     const CommandContext& context,
                                                     size_t reply_bytes) {
  const uint64_t now_cycles = CycleClock::Now();
  const uint64_t duration_ns = parts_.cycles.ToNs(now_cycles - last_cycles_);
  last_cycles_ = now_cycles;
  CommandCounters& counters = parts_.stats.Of(request.command->index);
  counters.calls.Add();
  counters.duration_ns.Add(duration_ns);
  if (parts_.settings.is_latency_tracked.load(std::memory_order_relaxed)) {
    parts_.stats.AddDuration(counters, duration_ns);
  }
  const auto& reply = const_cast<CommandContext&>(context).reply();
  if (reply.error_count() != 0) [[unlikely]] {
    counters.failed_calls.Add();
    parts_.stats.CountError(reply.last_error_code());
  }
  ++client.command_count;
  const ExecutionSettings& settings = parts_.settings;
  if (duration_ns >= settings.duration_ns_min.load(std::memory_order_relaxed) ||
      reply_bytes >= settings.reply_bytes_min.load(std::memory_order_relaxed) ||
      request.byte_count >= settings.request_bytes_min.load(std::memory_order_relaxed))
      [[unlikely]] {
    parts_.observer.OnExceeded(client, *request.command, context.args(), duration_ns,
                               request.byte_count, reply_bytes);
  }
}

// CLIENT REPLY OFF drops every reply, SKIP that of the one command after it.
void Executor::ApplyReplyMode(ClientState& client, proto::OutputBuffer& output, size_t mark) {
  output.TruncateTo(mark);
  if (client.reply_mode == ReplyMode::kSkipNext) {
    client.reply_mode = ReplyMode::kSkip;
  } else if (client.reply_mode == ReplyMode::kSkip) {
    client.reply_mode = ReplyMode::kOn;
  }
}

}  // namespace ringtail::commands
