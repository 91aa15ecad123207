// The scripts of one worker: its interpreter, the run that is under way, and what the run's commands may do.
//
//   ctx.scripts()->RunScript(ctx, args, ScriptRunner::By::kSource, ScriptRunner::Access::kFull);
//
// A run calls commands through its executor (Executor::ExecuteFromScript), as one client whose database and protocol are the
// run's own. Once it has run for longer than the hub's bound it is announced, and every few milliseconds it leaves its stack
// (Fiber), so that its worker can go on in the meantime.
//
// Thread rule: belongs to its executor's worker.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fiber.h"
#include "commands/client_state.h"
#include "commands/command.h"
#include "commands/registry.h"
#include "commands/script_hub.h"
#include "commands/services.h"
#include "engine/engine.h"
#include "proto/output_buffer.h"
#include "scripting/interpreter.h"

namespace ringtail::commands {

class CommandContext;
class Executor;

/// What the commands of a run may do, and what they are to know.
struct ScriptRun {
  ClientState client;                ///< whom the commands take for their client
  bool is_read_only = false;
  bool allows_oom = false;           ///< writes though memory is full
  bool is_memory_short = false;      ///< as it was when the run began
  bool has_declared_keys = false;    ///< no other keys may be touched
  std::span<const storage::Key> declared_keys = {};
  unsigned replication = scripting::kReplicateAll;
  ScriptNote note;
};

class ScriptRunner final : private scripting::CommandCaller {
 public:
  struct Parts {
    Executor& executor;
    engine::Engine& engine;
    engine::WorkerState& worker;
    Services& services;
    const CommandTable& table;
  };
  explicit ScriptRunner(const Parts& parts);
  ~ScriptRunner() override;

  // For the executor.

  /// Whether the script or function that this command names touches only the keys that it declares.
  bool HasDeclaredKeys(const CommandTable::Entry& command, Args args);
  /// What the script or function that this command names says of itself (scripting::ScriptFlags).
  uint32_t FlagsOf(const CommandTable::Entry& command, Args args);
  ScriptRun& run() { return run_; }
  /// Whether a script or function is being executed, so that commands may be its.
  bool is_running() const { return context_ != nullptr; }
  Fiber& fiber() { return fiber_; }
  /// Ends the run at its next tick, whatever it has done.
  void Abort() { is_aborted_ = true; }

  // For handlers.

  enum class By : uint8_t { kSource, kSha };
  enum class Access : uint8_t { kFull, kReadOnly };
  /// EVAL, EVALSHA and their _RO forms.
  void RunScript(CommandContext& ctx, Args args, By by, Access access);
  /// FCALL, FCALL_RO.
  void RunFunction(CommandContext& ctx, Args args, Access access);
  /// Compiles and keeps a script; answers its SHA-1.
  void LoadScript(CommandContext& ctx, std::string_view source);

  /// Libraries as they are to become: changed here, then all at once in the hub.
  struct Draft {
    ScriptHub::Libraries libraries;
    std::vector<scripting::LibraryId> added;
  };
  Draft BeginDraft() { return {.libraries = *services().scripts->libraries(), .added = {}}; }
  enum class OnCollision : uint8_t { kRefuse, kReplace };
  /// Runs a library's code. Empty, or an error's text; `name` gets the library's.
  std::string AddLibrary(Draft& draft, std::string_view source, OnCollision on_collision,
                         std::string& name);
  void Commit(Draft draft);
  /// Forgets what was added.
  void Abandon(const Draft& draft);

 private:
  // scripting::CommandCaller.
  std::string_view Call(std::span<const std::string_view> args,
                        proto::RespVersion version) override;
  void Log(scripting::LogLevel level, std::string_view message) override;
  scripting::AclVerdict IsAllowed(std::span<const std::string_view> args) override;
  void SetReplication(unsigned flags) override { run_.replication = flags; }
  std::string_view OnTick() override;

  Services& services() { return parts_.services; }
  bool HasInterpreter();
  void CountMemory();
  void ForgetScripts();
  const scripting::Script* FindScript(By by, std::string_view text);
  void FollowLibraries();
  const ScriptHub::FoundFunction* FindFunction(std::string_view name);
  /// The keys and arguments of EVAL and FCALL; nothing if the count of keys was wrong, which is answered.
  struct Operands {
    Args keys;
    Args args;
  };
  std::optional<Operands> OperandsOf(CommandContext& ctx, Args args, std::string_view not_a_number);
  /// Sets the run up. False: it may not run, which is answered.
  bool Begin(CommandContext& ctx, uint32_t flags, Access access);
  void End(CommandContext& ctx, const scripting::RunOutcome& outcome);
  std::string_view ErrorIfKilled();
  void AnnounceRun();

  const Parts parts_;
  std::unique_ptr<scripting::Interpreter> interpreter_;
  size_t counted_bytes_ = 0;              // of it, in the hub's sum
  uint64_t script_version_ = 0;
  uint64_t library_version_ = 0;
  std::unordered_map<std::string, ScriptHub::FoundFunction> functions_;  // by name in lower case
  std::string name_buffer_;

  Fiber fiber_;
  ScriptRun run_;
  CommandContext* context_ = nullptr;     // of the command that runs
  std::string_view function_name_;
  bool is_loading_ = false;               // a library
  bool is_announced_ = false;
  bool is_aborted_ = false;
  bool was_in_transaction_ = false;
  int64_t pause_ns_ = 0;                  // when the run is to be left for a while
  proto::ChunkPool pool_;
  proto::OutputBuffer output_{pool_};     // replies to its commands
  std::string reply_;                     // one of them that lies in several pieces
};

/// What SCRIPT KILL and FUNCTION KILL answer.
void ReplyKilled(CommandContext& ctx, ScriptHub::KillOutcome outcome);

}  // namespace ringtail::commands
