// What all workers know of scripts: the cache of sources, the function libraries, and the script that takes too long.
//
//   hub.Keep(sha, source, ScriptHub::Origin::kEval);
//   if (const auto source = hub.FindSource(sha)) interpreter.Compile(*source, error);
//
// Each worker compiles what it runs for itself, and asks for `script_version` and `library_version` before a run whether
// what it has compiled is still what is cached here. Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scripting/interpreter.h"

namespace ringtail::commands {

/// A run that somebody may want to end. Lives as long as its worker.
struct ScriptNote {
  std::atomic<bool> is_killed{false};
  std::atomic<bool> has_written{false};   ///< called a command that writes
  bool is_function = false;
  int64_t start_ns = 0;
  // Set when it is announced.
  std::string name;                       ///< of the function
  std::vector<std::string> command;       ///< that started it
};

/// A loaded library of functions.
struct FunctionLibrary {
  scripting::LibraryId id = 0;
  std::string name;
  std::string source;
  std::vector<scripting::RegisteredFunction> functions;
};
using FunctionLibraryRef = std::shared_ptr<const FunctionLibrary>;

class ScriptHub {
 public:
  ScriptHub();
  ScriptHub(const ScriptHub&) = delete;
  ScriptHub& operator=(const ScriptHub&) = delete;

  // Settings.

  /// After how long others are told that a script is busy; 0: never.
  std::atomic<int64_t> busy_after_ms{5000};
  /// Scripts touch only the keys that they declare, whether or not they say so themselves.
  std::atomic<bool> are_keys_declared{false};
  /// Scripts may call commands that are not for scripts; for tests.
  std::atomic<bool> are_denied_allowed{false};
  /// Every script ends at its next tick: the process does.
  std::atomic<bool> is_stopping{false};

  /// What a worker's interpreter may hold.
  std::atomic<size_t> interpreter_bytes_max{size_t{256} << 20};
  /// What all workers' interpreters hold.
  std::atomic<size_t> interpreter_bytes{0};

  // Scripts.

  enum class Origin : uint8_t { kEval, kLoad };
  /// Of the scripts that came with EVAL the `count` that were used last are kept (0: all); those of SCRIPT LOAD until
  /// SCRIPT FLUSH.
  void SetEvaledMax(size_t count);
  static constexpr size_t kEvaledMaxDefault = 500;

  void Keep(std::string_view sha, std::string_view source, Origin origin);
  std::shared_ptr<const std::string> FindSource(std::string_view sha) const;
  /// A script is used. To be called only while is_crowded(), when it is time to know which are.
  void Touch(std::string_view sha);
  bool is_crowded() const { return is_crowded_.load(std::memory_order_relaxed); }
  bool HasScript(std::string_view sha) const { return FindSource(sha) != nullptr; }
  void FlushScripts();
  /// Changes when a script goes away.
  uint64_t script_version() const { return script_version_.load(std::memory_order_acquire); }
  /// The scripts that went away since `version`, which becomes the present one; nothing: all may have.
  std::optional<std::vector<std::string>> ForgottenSince(uint64_t& version) const;
  size_t script_count() const;
  size_t script_bytes() const { return script_bytes_.load(std::memory_order_relaxed); }

  // Libraries. Changed while all workers stand still.

  using Libraries = std::map<std::string, FunctionLibraryRef, std::less<>>;
  /// All libraries by name; what is got stays as it is.
  std::shared_ptr<const Libraries> libraries() const;
  void SetLibraries(Libraries libraries);
  uint64_t library_version() const { return library_version_.load(std::memory_order_acquire); }
  scripting::LibraryId NextLibraryId() { return library_ids_.fetch_add(1) + 1; }
  /// The library of the function of this name (any case), and the name as it was registered.
  struct FoundFunction {
    FunctionLibraryRef library;
    const scripting::RegisteredFunction* function = nullptr;
  };
  FoundFunction FindFunction(std::string_view name) const;
  size_t function_count() const;

  // The script that takes too long.

  enum class Busy : uint8_t { kNo, kScript, kFunction };
  void Announce(ScriptNote& note);
  void Withdraw(ScriptNote& note);
  Busy busy() const { return busy_.load(std::memory_order_relaxed); }
  enum class KillOutcome : uint8_t { kKilled, kNothingRuns, kHasWritten, kIsScript, kIsFunction };
  KillOutcome Kill(bool is_function);
  struct Running {
    std::string name;
    std::vector<std::string> command;
    int64_t start_ns = 0;
  };
  /// The function that takes too long.
  std::optional<Running> RunningFunction() const;

 private:
  struct Cached {
    std::shared_ptr<const std::string> source;
    Origin origin = Origin::kEval;
    std::list<std::string>::iterator place;   // in evaled_, of kEval
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  void Forget(std::string_view sha);
  void ForgetExcess();

  mutable std::mutex mutex_;   // guards what follows
  std::unordered_map<std::string, Cached, Hash, std::equal_to<>> scripts_;
  std::list<std::string> evaled_;          // the one that was used least recently first
  size_t evaled_max_ = kEvaledMaxDefault;
  std::deque<std::string> forgotten_;      // the last of them is number script_version_
  std::shared_ptr<const Libraries> libraries_;
  std::vector<ScriptNote*> notes_;

  std::atomic<bool> is_crowded_{false};   // more than half of what may be kept is there
  std::atomic<uint64_t> script_version_{0};
  std::atomic<size_t> script_bytes_{0};
  std::atomic<uint64_t> library_version_{0};
  std::atomic<uint64_t> library_ids_{0};
  std::atomic<Busy> busy_{Busy::kNo};
};

}  // namespace ringtail::commands
