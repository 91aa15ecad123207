#include "commands/script_runner.h"

#include <algorithm>
#include <utility>

#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/control_service.h"
#include "commands/executor.h"

namespace ringtail::commands {
namespace {

// How long a run that is past its time keeps its worker before the worker looks after others.
constexpr int64_t kSliceNs = 10'000'000;
// Room for the commands that it calls on top of the interpreter's; only what is touched is memory.
// Sanitizers widen every frame.
#if defined(RINGTAIL_SYSTEM_MALLOC)
constexpr size_t kStackBytes = 5 * scripting::kStackBytesMin;
#else
constexpr size_t kStackBytes = scripting::kStackBytesMin + (size_t{1} << 20);
#endif
// A text of a nested reply that is kept for the next one.
constexpr size_t kReplyBytesKept = size_t{64} * 1024;

bool IsLibraryName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

ScriptRunner::ScriptRunner(const Parts& parts) : parts_(parts), fiber_(kStackBytes) {
  run_.client.is_script = true;
}

ScriptRunner::~ScriptRunner() = default;

void ScriptRunner::CountMemory() {
  const size_t bytes = interpreter_->used_bytes();
  services().scripts->interpreter_bytes.fetch_add(bytes - counted_bytes_,
                                                  std::memory_order_relaxed);
  counted_bytes_ = bytes;
}

bool ScriptRunner::HasInterpreter() {
  const size_t bytes_max =
      services().scripts->interpreter_bytes_max.load(std::memory_order_relaxed);
  if (interpreter_ == nullptr) {
    interpreter_ = scripting::Interpreter::Create({.memory_bytes_max = bytes_max});
  } else if (interpreter_->memory_bytes_max() != bytes_max) {
    interpreter_->set_memory_bytes_max(bytes_max);
  }
  return interpreter_ != nullptr;
}

// ---- Finding what to run

void ScriptRunner::ForgetScripts() {
  const auto gone = services().scripts->ForgottenSince(script_version_);
  if (!gone) return interpreter_->ForgetScripts();
  for (const std::string& sha : *gone) interpreter_->ForgetScript(sha);
}

// One that is compiled here, and still in the cache that all share.
const scripting::Script* ScriptRunner::FindScript(By by, std::string_view text) {
  if (services().scripts->script_version() != script_version_) ForgetScripts();
  return by == By::kSource ? interpreter_->FindBySource(text) : interpreter_->FindBySha(text);
}

void ScriptRunner::FollowLibraries() {
  const ScriptHub& hub = *services().scripts;
  if (hub.library_version() == library_version_) return;
  library_version_ = hub.library_version();
  std::vector<scripting::LibraryId> ids;
  functions_.clear();
  const auto libraries = hub.libraries();
  for (const auto& [name, library] : *libraries) {
    ids.push_back(library->id);
    for (const scripting::RegisteredFunction& function : library->functions) {
      functions_[LowerCase(function.name)] = {library, &function};
    }
  }
  interpreter_->RetainLibraries(ids);
}

const ScriptHub::FoundFunction* ScriptRunner::FindFunction(std::string_view name) {
  FollowLibraries();
  name_buffer_.assign(name);
  for (char& c : name_buffer_) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto found = functions_.find(name_buffer_);
  return found == functions_.end() ? nullptr : &found->second;
}

bool ScriptRunner::HasDeclaredKeys(const CommandTable::Entry& command, Args args) {
  if (args.size() < 3 || command.container != nullptr || !HasInterpreter()) return false;
  if (services().scripts->are_keys_declared.load(std::memory_order_relaxed)) return true;
  return (FlagsOf(command, args) & scripting::kDeclaredKeys) != 0;
}

uint32_t ScriptRunner::FlagsOf(const CommandTable::Entry& command, Args args) {
  if (args.size() < 3 || !HasInterpreter()) return scripting::kCompatMode;
  if (command.spec->name.starts_with("FCALL")) {
    const auto* found = FindFunction(args[1]);
    return found == nullptr ? scripting::kCompatMode : found->function->flags;
  }
  std::string_view source = args[1];
  std::shared_ptr<const std::string> shared;
  if (command.spec->name.starts_with("EVALSHA")) {
    const scripting::Script* script = FindScript(By::kSha, args[1]);
    if (script != nullptr) return script->flags;
    shared = services().scripts->FindSource(LowerCase(args[1]));
    if (shared == nullptr) return scripting::kCompatMode;
    source = *shared;
  }
  scripting::ScriptHeader header;
  if (!source.starts_with("#!") || !scripting::ParseScriptHeader(source, header).empty()) {
    return scripting::kCompatMode;
  }
  return header.flags;
}

std::optional<ScriptRunner::Operands> ScriptRunner::OperandsOf(CommandContext& ctx, Args args,
                                                               std::string_view not_a_number) {
  const auto count = ctx.IntArg(args[2], not_a_number);
  if (!count) return std::nullopt;
  if (*count > static_cast<int64_t>(args.size()) - 3) {
    ctx.reply().Error(errors::kKeyCountTooLarge);
    return std::nullopt;
  }
  if (*count < 0) {
    ctx.reply().Error(errors::kKeyCountNegative);
    return std::nullopt;
  }
  const auto key_count = static_cast<size_t>(*count);
  return Operands{args.subspan(3, key_count), args.subspan(3 + key_count)};
}

// ---- Running

bool ScriptRunner::Begin(CommandContext& ctx, uint32_t flags, Access access) {
  const bool is_compatible = (flags & scripting::kCompatMode) != 0;
  if (!is_compatible) {
    constexpr uint32_t kNoMemoryNeeded = scripting::kAllowOom | scripting::kNoWrites;
    if (run_.is_memory_short && (flags & kNoMemoryNeeded) == 0) {
      ctx.reply().Error(errors::kOutOfMemory);
      return false;
    }
    if (access == Access::kReadOnly && (flags & scripting::kNoWrites) == 0) {
      ctx.reply().Error(errors::kScriptWrites);
      return false;
    }
  }
  run_.is_read_only = access == Access::kReadOnly || (flags & scripting::kNoWrites) != 0;
  run_.allows_oom = (flags & scripting::kAllowOom) != 0;
  run_.replication = scripting::kReplicateAll;
  run_.note.is_killed.store(false, std::memory_order_relaxed);
  run_.note.has_written.store(false, std::memory_order_relaxed);
  // The commands of a run see its caller as a client of its own, so that what they select is the
  // run's.
  const ClientState& caller = ctx.client();
  ClientState& client = run_.client;
  client.id = caller.id;
  client.db = caller.db;
  client.user = caller.user;
  client.acl_user = caller.acl_user;
  client.is_restricted = caller.is_restricted;
  client.resp = proto::RespVersion::kResp2;
  client.is_local = caller.is_local;
  client.is_no_touch = caller.is_no_touch;
  client.name = caller.name;
  context_ = &ctx;
  is_announced_ = false;
  run_.note.start_ns = ctx.engine().clock().MonotonicNs();
  const int64_t bound_ms = services().scripts->busy_after_ms.load(std::memory_order_relaxed);
  pause_ns_ = bound_ms <= 0 ? INT64_MAX : run_.note.start_ns + bound_ms * 1'000'000;
  Execution& execution = ctx.execution();
  was_in_transaction_ = std::exchange(execution.is_in_transaction, true);
  return true;
}

// What the run's commands changed is one transaction in the log, or part of the one around it.
void ScriptRunner::End(CommandContext& ctx, const scripting::RunOutcome& outcome) {
  Execution& execution = ctx.execution();
  execution.is_in_transaction = was_in_transaction_;
  if (!was_in_transaction_ && !execution.effects.empty()) {
    ctx.engine().log().AppendTransaction(execution.effects);
    execution.effects.clear();
  }
  execution.is_error_counted = outcome.is_error_counted;
  if (is_announced_) services().scripts->Withdraw(run_.note);
  context_ = nullptr;
  CountMemory();
  if (reply_.capacity() > kReplyBytesKept) std::string().swap(reply_);
}

void ScriptRunner::RunScript(CommandContext& ctx, Args args, By by, Access access) {
  if (by == By::kSha && args[1].size() != 40) return ctx.reply().Error(errors::kNoScript);
  const auto operands = OperandsOf(ctx, args, errors::kNotInteger);
  if (!operands) return;
  if (!HasInterpreter()) return ctx.reply().Error(errors::kNoInterpreter);
  const scripting::Script* script = FindScript(by, args[1]);
  if (script == nullptr) {
    std::shared_ptr<const std::string> shared;
    if (by == By::kSha) {
      shared = services().scripts->FindSource(LowerCase(args[1]));
      if (shared == nullptr) return ctx.reply().Error(errors::kNoScript);
    }
    std::string error;
    script = interpreter_->Compile(shared != nullptr ? std::string_view(*shared) : args[1], error);
    if (script == nullptr) return ctx.reply().Error(error);
    if (by == By::kSource) {
      services().scripts->Keep(scripting::View(script->sha), args[1], ScriptHub::Origin::kEval);
    }
  }
  if (services().scripts->is_crowded()) services().scripts->Touch(scripting::View(script->sha));
  run_.note.is_function = false;
  if (!Begin(ctx, script->flags, access)) return;
  const scripting::RunOutcome outcome = interpreter_->RunScript(
      *script, {.keys = operands->keys, .args = operands->args, .caller = *this}, ctx.reply());
  End(ctx, outcome);
}

void ScriptRunner::RunFunction(CommandContext& ctx, Args args, Access access) {
  if (!HasInterpreter()) return ctx.reply().Error(errors::kNoInterpreter);
  const ScriptHub::FoundFunction* found = FindFunction(args[1]);
  if (found == nullptr) return ctx.reply().Error(errors::kNoSuchFunction);
  const auto operands = OperandsOf(ctx, args, errors::kBadKeyCount);
  if (!operands) return;
  const FunctionLibrary& library = *found->library;
  if (!interpreter_->HasLibrary(library.id)) {
    std::vector<scripting::RegisteredFunction> functions;
    std::string error;
    is_loading_ = true;
    run_.note.start_ns = ctx.engine().clock().MonotonicNs();
    const bool is_loaded =
        interpreter_->LoadLibrary(library.id, library.source, *this, functions, error);
    is_loading_ = false;
    if (!is_loaded) return ctx.reply().Error(error);
  }
  run_.note.is_function = true;
  function_name_ = found->function->name;
  if (!Begin(ctx, found->function->flags, access)) return;
  const scripting::RunOutcome outcome = interpreter_->RunFunction(
      library.id, found->function->name,
      {.keys = operands->keys, .args = operands->args, .caller = *this}, ctx.reply());
  End(ctx, outcome);
}

void ScriptRunner::LoadScript(CommandContext& ctx, std::string_view source) {
  if (!HasInterpreter()) return ctx.reply().Error(errors::kNoInterpreter);
  const scripting::Script* script = FindScript(By::kSource, source);
  std::string error;
  if (script == nullptr) script = interpreter_->Compile(source, error);
  if (script == nullptr) return ctx.reply().Error(error);
  services().scripts->Keep(scripting::View(script->sha), source, ScriptHub::Origin::kLoad);
  ctx.reply().Bulk(scripting::View(script->sha));
}

// ---- Libraries

std::string ScriptRunner::AddLibrary(Draft& draft, std::string_view source,
                                     OnCollision on_collision, std::string& name) {
  if (!HasInterpreter()) return std::string(errors::kNoInterpreter);
  scripting::LibraryHeader header;
  std::string error = scripting::ParseLibraryHeader(source, header);
  if (!error.empty()) return error;
  if (!IsLibraryName(header.name)) return std::string(errors::kLibraryName);
  if (!EqualsIgnoreCase(header.engine, "LUA")) return errors::NoSuchEngine(header.engine);
  const auto old = draft.libraries.find(header.name);
  if (old != draft.libraries.end()) {
    if (on_collision == OnCollision::kRefuse) return errors::LibraryExists(header.name);
    draft.libraries.erase(old);
  }
  auto library = std::make_shared<FunctionLibrary>();
  library->id = services().scripts->NextLibraryId();
  library->name = header.name;
  library->source = source;
  is_loading_ = true;
  run_.note.start_ns = parts_.engine.clock().MonotonicNs();
  const bool is_loaded =
      interpreter_->LoadLibrary(library->id, source, *this, library->functions, error);
  is_loading_ = false;
  if (!is_loaded) return error;
  draft.added.push_back(library->id);
  if (library->functions.empty()) return std::string(errors::kNoFunctions);
  for (const scripting::RegisteredFunction& function : library->functions) {
    for (const auto& [other_name, other] : draft.libraries) {
      const bool is_taken = std::ranges::any_of(other->functions, [&](const auto& taken) {
        return EqualsIgnoreCase(taken.name, function.name);
      });
      if (is_taken) return errors::FunctionExists(function.name);
    }
  }
  name = header.name;
  draft.libraries[header.name] = std::move(library);
  return {};
}

void ScriptRunner::Commit(Draft draft) {
  services().scripts->SetLibraries(std::move(draft.libraries));
  if (HasInterpreter()) FollowLibraries();
}

void ScriptRunner::Abandon(const Draft& draft) {
  for (const scripting::LibraryId id : draft.added) interpreter_->RemoveLibrary(id);
}

// ---- What a script may ask of us

std::string_view ScriptRunner::Call(std::span<const std::string_view> args,
                                    proto::RespVersion version) {
  output_.Clear();
  run_.client.resp = version;
  parts_.executor.ExecuteFromScript(args, run_, output_);
  iovec parts[2];
  if (output_.FillIovecs(parts, 2) == 1) [[likely]] {
    return {static_cast<const char*>(parts[0].iov_base), parts[0].iov_len};
  }
  reply_ = output_.TakeString();
  return reply_;
}

void ScriptRunner::Log(scripting::LogLevel level, std::string_view message) {
  if (level < scripting::LogLevel::kNotice || services().control == nullptr) return;
  services().control->Log(message);
}

scripting::AclVerdict ScriptRunner::IsAllowed(std::span<const std::string_view> args) {
  return parts_.executor.MayExecute(args, context_->client());
}

std::string_view ScriptRunner::ErrorIfKilled() {
  if (!is_aborted_ && !run_.note.is_killed.load(std::memory_order_relaxed)) return {};
  return run_.note.is_function ? errors::kKilledFunction : errors::kKilledScript;
}

void ScriptRunner::AnnounceRun() {
  is_announced_ = true;
  run_.note.name = run_.note.is_function ? function_name_ : std::string_view();
  run_.note.command.assign(context_->args().begin(), context_->args().end());
  services().scripts->Announce(run_.note);
}

std::string_view ScriptRunner::OnTick() {
  const Clock& clock = parts_.engine.clock();
  if (is_loading_) {
    const int64_t loading_ns = clock.MonotonicNs() - run_.note.start_ns;
    return loading_ns > scripting::kLibraryLoadMsMax * 1'000'000 ? errors::kLoadTimeout
                                                                 : std::string_view();
  }
  if (services().scripts->is_stopping.load(std::memory_order_relaxed)) return errors::kKilledScript;
  if (clock.MonotonicNs() < pause_ns_) return {};
  if (!is_announced_) AnnounceRun();
  if (const std::string_view error = ErrorIfKilled(); !error.empty()) return error;
  if (parts_.executor.CanLeaveScript()) {
    fiber_.Suspend();
  } else if (!run_.note.has_written.load(std::memory_order_relaxed)) {
    // It holds the locks of its keys only. Who waits for one of these cannot be turned away, so it
    // ends.
    return errors::kDeclaredKeysTooLong;
  }
  pause_ns_ = clock.MonotonicNs() + kSliceNs;
  return ErrorIfKilled();
}

}  // namespace ringtail::commands
