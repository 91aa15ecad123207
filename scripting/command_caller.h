// What a script may ask of the server that runs it: the library's only way out.
//
//   class SessionCaller final : public CommandCaller { ... };
//   interpreter.RunScript(*script, {.keys = keys, .args = args, .caller = caller}, reply);
//
// All functions are called on the thread, and on the stack, that runs the script. The interpreter
// holds no lock and no state of the thread across a call, so an implementation may switch to
// another stack inside any of them and come back later, on the same thread. None of them may throw.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "proto/reply_writer.h"

namespace ringtail::scripting {

enum class LogLevel : uint8_t { kDebug = 0, kVerbose = 1, kNotice = 2, kWarning = 3 };

/// The answer to redis.acl_check_cmd.
enum class AclVerdict : uint8_t { kAllowed, kDenied, kUnknownCommand };

/// redis.REPL_*: where a script's writes go.
inline constexpr unsigned kReplicateNone = 0;
inline constexpr unsigned kReplicateAof = 1;
inline constexpr unsigned kReplicateReplica = 2;
inline constexpr unsigned kReplicateAll = 3;

class CommandCaller {
 public:
  virtual ~CommandCaller() = default;

  /// Executes a command (there is at least one argument) and answers exactly one whole reply in
  /// `version`, valid until the next call or the end of the run. Errors are replies too: "-ERR
  /// ...\r\n" for an unknown command, a wrong arity, a command that scripts may not use. The
  /// arguments are valid only during the call.
  virtual std::string_view Call(std::span<const std::string_view> args,
                                proto::RespVersion version) = 0;

  /// redis.log. `message` may hold any bytes.
  virtual void Log(LogLevel level, std::string_view message) = 0;

  /// redis.acl_check_cmd: may the script's user run this command?
  virtual AclVerdict IsAllowed(std::span<const std::string_view> args) = 0;

  /// redis.set_repl: kReplicate* flags for the writes from now on until the end of the run.
  virtual void SetReplication(unsigned flags) = 0;

  /// Asked every kTickInstructions or so that the script has run, sooner where these are slow.
  /// Empty: go on. Otherwise an error's text (with or without code: "Script killed by user with
  /// SCRIPT KILL."), valid until the next call, which ends the script: no pcall catches it, and no
  /// further command is called.
  virtual std::string_view OnTick() = 0;
};

/// About how many Lua instructions run between two OnTick.
inline constexpr int kTickInstructions = 100'000;

}  // namespace ringtail::scripting
