// Runs Lua scripts and functions as Redis 7.0 does, inside a sandbox with a memory cap.
//
//   auto interpreter = Interpreter::Create({.memory_bytes_max = 64 << 20});
//   const Script* script = interpreter->FindBySource(source);
//   std::string error;
//   if (script == nullptr) script = interpreter->Compile(source, error);
//   if (script == nullptr) return reply.Error(error);
//   interpreter->RunScript(*script, {.keys = keys, .args = args, .caller = caller}, reply);
//
// One interpreter is one Lua state. It belongs to one thread: a server has one for each worker, and
// each brings itself up to date with the shared catalogue of scripts and libraries before it runs
// one (see HasLibrary, FindBySha). Nothing is shared between interpreters, there is no global
// state.
//
// Only one run at a time: a run must not be started inside a CommandCaller's function. While that
// function is running (it may switch stacks), is_running() is true and nothing but the questions
// may be called.
//
// A hostile script gets an error: text only (never bytecode), frozen globals and library tables, no
// way to files or to the loader, capped memory, limited nesting, ticks that end endless loops past
// any pcall.
//
// Stack: Lua 5.1 limits nested C calls to 200, of which one takes up to 9 KiB; a stack of our own
// that runs scripts needs kStackBytesMin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/reply_writer.h"
#include "scripting/command_caller.h"
#include "scripting/script_header.h"
#include "scripting/sha1.h"

namespace ringtail::scripting {

/// Of a stack that RunScript, RunFunction, Compile and LoadLibrary are called on (4 times it under
/// ASan).
inline constexpr size_t kStackBytesMin = size_t{4} << 20;

/// Longer sources are refused: Lua 5.1's lexer counts in ints.
inline constexpr size_t kSourceBytesMax = size_t{128} << 20;

struct InterpreterOptions {
  /// Of the whole Lua state, its cached scripts and libraries included; at least 1 MiB. A run that
  /// needs more ends with an error ("not enough memory"), the interpreter stays usable.
  size_t memory_bytes_max = size_t{256} << 20;
  /// Where math.random begins; with 0 it gives the numbers of a fresh redis-server. As in Redis the
  /// sequence goes on from script to script, so workers want different seeds.
  int32_t random_seed = 0;
};

/// A compiled script. Lives until ForgetScript(s) or the interpreter's end.
struct Script {
  Sha1Hex sha;
  uint32_t flags = kCompatMode;  // of ScriptFlags
  std::string source;
  int registry_reference = 0;  // the interpreter's own
};

struct RunRequest {
  std::span<const std::string_view> keys;
  std::span<const std::string_view> args;
  CommandCaller& caller;
};

struct RunOutcome {
  /// The reply is an error, raised by or in the script (not one that it returned as a value).
  bool is_error = false;
  /// The error came from a command that failed, and which has counted it in its own statistics
  /// already.
  bool is_error_counted = false;
};

/// What redis.register_function was told.
struct RegisteredFunction {
  std::string name;
  std::string description;
  bool has_description = false;
  uint32_t flags = kNoFlags;  // of ScriptFlags
};

/// The command layer's own number for one loaded version of a library: a replaced library is
/// another one with another id, so that workers can tell. Never used twice.
using LibraryId = uint64_t;

class Interpreter {
 public:
  /// Null if the memory cap does not even hold the libraries.
  static std::unique_ptr<Interpreter> Create(const InterpreterOptions& options);
  virtual ~Interpreter() = default;

  // Scripts.

  /// The cached script with exactly this source. One hash of the source, no SHA-1: EVAL's fast
  /// path.
  virtual const Script* FindBySource(std::string_view source) const = 0;
  /// The cached script of that SHA-1, 40 hexadecimal digits in either case.
  virtual const Script* FindBySha(std::string_view sha) const = 0;
  /// Compiles and caches a script (the one that is there already if its source is). Null on
  /// failure: `error` is then the whole text of the error reply.
  virtual const Script* Compile(std::string_view source, std::string& error) = 0;
  virtual void ForgetScript(std::string_view sha) = 0;
  virtual void ForgetScripts() = 0;
  /// Runs a script and writes exactly one reply, in reply.version().
  virtual RunOutcome RunScript(const Script& script, const RunRequest& request,
                               proto::ReplyWriter& reply) = 0;

  // Function libraries.

  /// Runs a library's code (with its first line), which registers its functions; they are then
  /// known under `id`. False on failure, when nothing is kept and `error` is the whole text of the
  /// error reply. Of `caller` only Log and OnTick are used; OnTick should answer "FUNCTION LOAD
  /// timeout" after kLibraryLoadMsMax. That function names are unique among libraries is the
  /// catalogue's to check.
  virtual bool LoadLibrary(LibraryId id, std::string_view source, CommandCaller& caller,
                           std::vector<RegisteredFunction>& functions, std::string& error) = 0;
  virtual bool HasLibrary(LibraryId id) const = 0;
  virtual void RemoveLibrary(LibraryId id) = 0;
  /// Removes all libraries but these.
  virtual void RetainLibraries(std::span<const LibraryId> ids) = 0;
  /// Runs a function of a loaded library and writes exactly one reply. Name as registered, any
  /// case.
  virtual RunOutcome RunFunction(LibraryId id, std::string_view name, const RunRequest& request,
                                 proto::ReplyWriter& reply) = 0;

  // Questions.

  /// Between the beginning and the end of a run or load, seen from inside a CommandCaller's
  /// function.
  virtual bool is_running() const = 0;
  /// Bytes that the Lua state holds at present.
  virtual size_t used_bytes() const = 0;
  virtual size_t memory_bytes_max() const = 0;
  /// Takes effect at once; a lower cap than what is used makes the next allocation fail.
  virtual void set_memory_bytes_max(size_t bytes) = 0;
  virtual size_t script_count() const = 0;
};

/// How long a library's code may take to register its functions, as in Redis.
inline constexpr int64_t kLibraryLoadMsMax = 500;

}  // namespace ringtail::scripting
