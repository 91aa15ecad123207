#include "scripting/interpreter.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

#include "scripting/libraries.h"
#include "scripting/lua_api.h"
#include "scripting/reply_conversion.h"
#include "scripting/run_state.h"
#include "scripting/sandbox.h"
#include "scripting/script_error.h"

namespace ringtail::scripting {
namespace {

// As in Redis, a step of the collector now and then, besides those that Lua takes when it
// allocates.
constexpr uint32_t kRunsBetweenCollections = 50;
constexpr size_t kMemoryBytesLeast = size_t{1} << 20;

// Slots of the main thread's stack that are filled for the interpreter's life: a closure made for
// each run would cost an allocation, and outside of protected mode an allocation must not fail.
enum Slot { kHandlerSlot = 1, kRunSlot, kDescribeSlot, kSlotCount = kDescribeSlot };

// What one protected call has to do, and where it has come to; read by the functions below.
struct RunTask {
  const RunRequest& request;
  proto::ReplyWriter& reply;
  Environment environment;
  int function_reference;
  bool is_error_counted = false;  // what it returned is an error that a command had answered
};

struct CompileTask {
  std::string_view code;
  const char* chunk_name;
  Environment environment;
  int reference;
};

void PushStrings(lua_State* lua, std::span<const std::string_view> strings) {
  lua_createtable(lua, static_cast<int>(strings.size()), 0);
  int index = 0;
  for (const std::string_view string : strings) {
    PushView(lua, string);
    lua_rawseti(lua, -2, ++index);
  }
}

// All of a run inside one protected call. Upvalues: the real globals of scripts, "KEYS", "ARGV".
int RunProtected(lua_State* lua) {
  RunTask& task = *static_cast<RunTask*>(lua_touserdata(lua, 1));
  int argument_count = 0;
  if (task.environment == Environment::kScript) {
    lua_pushvalue(lua, lua_upvalueindex(2));
    PushStrings(lua, task.request.keys);
    lua_rawset(lua, lua_upvalueindex(1));
    lua_pushvalue(lua, lua_upvalueindex(3));
    PushStrings(lua, task.request.args);
    lua_rawset(lua, lua_upvalueindex(1));
    lua_rawgeti(lua, LUA_REGISTRYINDEX, task.function_reference);
  } else {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, task.function_reference);
    PushStrings(lua, task.request.keys);
    PushStrings(lua, task.request.args);
    argument_count = 2;
  }
  lua_call(lua, argument_count, 1);
  task.is_error_counted = WriteValue(lua, RunState::Of(lua).version, task.reply);
  return 0;
}

int CompileProtected(lua_State* lua) {
  CompileTask& task = *static_cast<CompileTask*>(lua_touserdata(lua, 1));
  if (!LoadText(lua, task.code, task.chunk_name)) return lua_error(lua);
  PushEnvironment(lua, task.environment);
  lua_setfenv(lua, -2);
  task.reference = luaL_ref(lua, LUA_REGISTRYINDEX);
  return 0;
}

// The fields of the error table on top.
struct ErrorFields {
  std::string_view text;
  std::string_view source;
  std::string_view line;
  bool is_counted = false;
};

// Reads past metatables: no code of the script's may run any more.
void PushField(lua_State* lua, int index, const char* name) {
  lua_pushstring(lua, name);
  lua_rawget(lua, index);
}

void PushErrorFields(lua_State* lua, int index, ErrorFields& fields) {
  PushField(lua, index, "err");
  fields.text = ToView(lua, -1);
  PushField(lua, index, "source");
  fields.source = ToView(lua, -1);
  PushField(lua, index, "line");
  fields.line = ToView(lua, -1);
  PushField(lua, index, kCountedField);
  fields.is_counted = lua_toboolean(lua, -1) != 0;
}

struct ErrorTask {
  std::string_view name;  // the script's SHA-1 or the function's name
  std::string text;       // the error reply
  bool is_counted = false;
};

void Describe(const ErrorFields& fields, ErrorTask& task) {
  task.text.assign(fields.text);
  task.is_counted = fields.is_counted;
  if (fields.source.data() == nullptr || fields.line.data() == nullptr) return;
  task.text.append(" script: ").append(task.name).append(", on ");
  task.text.append(fields.source).append(":").append(fields.line).append(".");
}

int DescribeErrorProtected(lua_State* lua) {  // stack: task, error table
  ErrorTask& task = *static_cast<ErrorTask*>(lua_touserdata(lua, 1));
  ErrorFields fields;
  PushErrorFields(lua, 2, fields);
  if (fields.text.data() == nullptr) fields.text = "ERR unknown error";
  Describe(fields, task);
  return 0;
}

// Puts what the slots hold into the registry, under the slots' numbers.
int OpenProtected(lua_State* lua) {
  OpenSandbox(lua);
  lua_pushcfunction(lua, HandleError);
  lua_rawseti(lua, LUA_REGISTRYINDEX, -kHandlerSlot);
  PushScriptGlobals(lua);
  lua_pushliteral(lua, "KEYS");
  lua_pushliteral(lua, "ARGV");
  lua_pushcclosure(lua, RunProtected, 3);
  lua_rawseti(lua, LUA_REGISTRYINDEX, -kRunSlot);
  lua_pushcfunction(lua, DescribeErrorProtected);
  lua_rawseti(lua, LUA_REGISTRYINDEX, -kDescribeSlot);
  // The first reference given back makes the list of free ones; later ones need no memory, so
  // Release, which is called outside of protected mode, cannot fail.
  lua_pushboolean(lua, 1);
  luaL_unref(lua, LUA_REGISTRYINDEX, luaL_ref(lua, LUA_REGISTRYINDEX));
  return 0;
}

// Stack: a pointer to the chunk's reference.
int RunLibraryProtected(lua_State* lua) {
  const int reference = *static_cast<int*>(lua_touserdata(lua, 1));
  lua_rawgeti(lua, LUA_REGISTRYINDEX, reference);
  SetFunctionView(lua, FunctionView::kLoad);
  lua_call(lua, 0, 0);
  return 0;
}

int LeaveLoadProtected(lua_State* lua) {
  SetFunctionView(lua, FunctionView::kRun);
  return 0;
}

// The message of the error on top, which it pops.
std::string TakeMessage(lua_State* lua) {
  std::string message = lua_type(lua, -1) == LUA_TSTRING ? std::string(ToView(lua, -1))
                                                         : std::string("unknown error");
  lua_pop(lua, 1);
  return message;
}

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

Sha1Hex ToLower(std::string_view sha) {
  Sha1Hex lower;
  std::transform(sha.begin(), sha.end(), lower.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 32) : byte;
  });
  return lower;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char byte) { return byte >= 'A' && byte <= 'Z' ? byte | 32 : byte; };
    return lower(x) == lower(y);
  });
}

class LuaInterpreter final : public Interpreter {
 public:
  ~LuaInterpreter() override {
    if (run_.main == nullptr) return;
    // Everything that a script could have left for the end is collected while the state is whole.
    lua_settop(run_.main, 0);
    lua_gc(run_.main, LUA_GCCOLLECT, 0);
    lua_close(run_.main);
  }

  bool Open(const InterpreterOptions& options);

  const Script* FindBySource(std::string_view source) const override {
    const auto found = scripts_.find(source);
    return found == scripts_.end() ? nullptr : found->second.get();
  }
  const Script* FindBySha(std::string_view sha) const override;
  const Script* Compile(std::string_view source, std::string& error) override;
  void ForgetScript(std::string_view sha) override;
  void ForgetScripts() override;
  RunOutcome RunScript(const Script& script, const RunRequest& request,
                       proto::ReplyWriter& reply) override;

  bool LoadLibrary(LibraryId id, std::string_view source, CommandCaller& caller,
                   std::vector<RegisteredFunction>& functions, std::string& error) override;
  bool HasLibrary(LibraryId id) const override { return libraries_.count(id) != 0; }
  void RemoveLibrary(LibraryId id) override;
  void RetainLibraries(std::span<const LibraryId> ids) override;
  RunOutcome RunFunction(LibraryId id, std::string_view name, const RunRequest& request,
                         proto::ReplyWriter& reply) override;

  bool is_running() const override { return run_.caller != nullptr; }
  size_t used_bytes() const override { return run_.used_bytes; }
  size_t memory_bytes_max() const override { return run_.memory_bytes_max; }
  void set_memory_bytes_max(size_t bytes) override {
    run_.memory_bytes_max = std::max(bytes, kMemoryBytesLeast);
  }
  size_t script_count() const override { return scripts_.size(); }

 private:
  // Function name to its registry reference. Few enough to be searched one by one in no time.
  using Library = std::vector<std::pair<std::string, int>>;

  bool CompileCode(CompileTask& task, std::string& message);
  bool RunLibraryCode(int reference, CommandCaller& caller, LibraryLoad& load, std::string& error);
  RunOutcome Run(RunTask& task, std::string_view name);
  bool DescribeError(ErrorTask& task);
  RunOutcome WriteError(std::string_view name, proto::ReplyWriter& reply);
  void EnterEnvironment(Environment environment);
  void Release(int reference) { luaL_unref(run_.main, LUA_REGISTRYINDEX, reference); }
  void CollectNowAndThen();

  RunState run_;
  Environment entered_ = Environment::kScript;
  uint32_t runs_since_collection_ = 0;
  // The keys are views of what the values own.
  std::unordered_map<std::string_view, std::unique_ptr<Script>, StringHash, std::equal_to<>>
      scripts_;
  std::unordered_map<std::string_view, Script*, StringHash, std::equal_to<>> scripts_by_sha_;
  std::map<LibraryId, Library> libraries_;
};

bool LuaInterpreter::Open(const InterpreterOptions& options) {
  run_.memory_bytes_max = std::max(options.memory_bytes_max, kMemoryBytesLeast);
  run_.random.Seed(options.random_seed);
  run_.main = lua_newstate(AllocateForLua, &run_);
  if (run_.main == nullptr) return false;
  if (lua_cpcall(run_.main, OpenProtected, nullptr) != 0) return false;
  for (int slot = 1; slot <= kSlotCount; ++slot) lua_rawgeti(run_.main, LUA_REGISTRYINDEX, -slot);
  entered_ = Environment::kFunction;
  EnterEnvironment(Environment::kScript);
  run_.EndRun();
  return true;
}

// Chunks that a script compiles take the thread's globals; also those of its coroutines.
void LuaInterpreter::EnterEnvironment(Environment environment) {
  if (entered_ == environment) return;
  entered_ = environment;
  PushEnvironment(run_.main, environment);
  lua_replace(run_.main, LUA_GLOBALSINDEX);
}

const Script* LuaInterpreter::FindBySha(std::string_view sha) const {
  if (sha.size() != sizeof(Sha1Hex)) return nullptr;
  const Sha1Hex lower = ToLower(sha);
  const auto found = scripts_by_sha_.find(View(lower));
  return found == scripts_by_sha_.end() ? nullptr : found->second;
}

bool LuaInterpreter::CompileCode(CompileTask& task, std::string& message) {
  const int status = lua_cpcall(run_.main, CompileProtected, &task);
  CollectNowAndThen();
  if (status == 0) return true;
  message = TakeMessage(run_.main);
  return false;
}

const Script* LuaInterpreter::Compile(std::string_view source, std::string& error) {
  if (const Script* const known = FindBySource(source)) return known;
  ScriptHeader header;
  error = ParseScriptHeader(source, header);
  if (!error.empty()) return nullptr;
  CompileTask task{source.substr(header.body_offset), "@user_script", Environment::kScript, 0};
  if (!CompileCode(task, error)) {
    error.insert(0, "ERR Error compiling script (new function): ");
    return nullptr;
  }
  auto script = std::make_unique<Script>();
  script->sha = ComputeSha1Hex(source);
  script->flags = header.flags;
  script->source.assign(source);
  script->registry_reference = task.reference;
  Script* const place = script.get();
  scripts_.emplace(place->source, std::move(script));
  scripts_by_sha_.emplace(View(place->sha), place);
  return place;
}

void LuaInterpreter::ForgetScript(std::string_view sha) {
  const Script* const script = FindBySha(sha);
  if (script == nullptr) return;
  Release(script->registry_reference);
  scripts_by_sha_.erase(View(script->sha));
  scripts_.erase(scripts_.find(script->source));
}

void LuaInterpreter::ForgetScripts() {
  for (const auto& [source, script] : scripts_) Release(script->registry_reference);
  scripts_by_sha_.clear();
  scripts_.clear();
  lua_gc(run_.main, LUA_GCCOLLECT, 0);
}

RunOutcome LuaInterpreter::RunScript(const Script& script, const RunRequest& request,
                                     proto::ReplyWriter& reply) {
  RunTask task{request, reply, Environment::kScript, script.registry_reference};
  return Run(task, View(script.sha));
}

RunOutcome LuaInterpreter::Run(RunTask& task, std::string_view name) {
  lua_State* const lua = run_.main;
  EnterEnvironment(task.environment);
  const size_t mark = task.reply.output().Mark();
  RunOutcome outcome;
  run_.BeginRun(task.request.caller);
  lua_pushvalue(lua, kRunSlot);
  lua_pushlightuserdata(lua, &task);
  const int status = lua_pcall(lua, 1, 0, kHandlerSlot);
  run_.EndRun();
  outcome.is_error_counted = task.is_error_counted;
  if (status != 0) {
    task.reply.output().TruncateTo(mark);
    outcome = WriteError(name, task.reply);
    lua_settop(lua, kSlotCount);
  }
  CollectNowAndThen();
  return outcome;
}

bool LuaInterpreter::DescribeError(ErrorTask& task) {
  if (!lua_istable(run_.main, -1)) return false;
  lua_pushvalue(run_.main, kDescribeSlot);
  lua_pushlightuserdata(run_.main, &task);
  lua_pushvalue(run_.main, -3);
  return lua_pcall(run_.main, 2, 0, 0) == 0;
}

RunOutcome LuaInterpreter::WriteError(std::string_view name, proto::ReplyWriter& reply) {
  ErrorTask task;
  task.name = name;
  if (DescribeError(task)) {
    reply.Error(task.text);
    return {.is_error = true, .is_error_counted = task.is_counted};
  }
  std::string text = "ERR Error running script ";
  text.append(name).append(", ").append(TakeMessage(run_.main).substr(0, 100));
  reply.Error(text);
  return {.is_error = true};
}

void LuaInterpreter::CollectNowAndThen() {
  // What a run has left must not be the next one's want of memory.
  if (run_.used_bytes > run_.memory_bytes_max / 2) [[unlikely]] {
    lua_gc(run_.main, LUA_GCCOLLECT, 0);
    run_.used_bytes_after_collection = run_.used_bytes;
  }
  if (++runs_since_collection_ < kRunsBetweenCollections) return;
  runs_since_collection_ = 0;
  lua_gc(run_.main, LUA_GCSTEP, 2);
}

bool LuaInterpreter::LoadLibrary(LibraryId id, std::string_view source, CommandCaller& caller,
                                 std::vector<RegisteredFunction>& functions, std::string& error) {
  LibraryHeader header;
  error = ParseLibraryHeader(source, header);
  if (!error.empty()) return false;
  CompileTask task{source.substr(header.body_offset), "@user_function", Environment::kFunction, 0};
  if (!CompileCode(task, error)) {
    error.insert(0, "ERR Error compiling function: ");
    return false;
  }
  LibraryLoad load;
  bool is_loaded = RunLibraryCode(task.reference, caller, load, error);
  Release(task.reference);
  if (is_loaded && load.functions.empty()) {
    error = "ERR No functions registered";
    is_loaded = false;
  }
  if (!is_loaded) {
    for (const LibraryLoad::Function& function : load.functions) {
      Release(function.registry_reference);
    }
    return false;
  }
  RemoveLibrary(id);
  Library& library = libraries_[id];
  for (LibraryLoad::Function& function : load.functions) {
    library.emplace_back(function.description.name, function.registry_reference);
    functions.push_back(std::move(function.description));
  }
  return true;
}

bool LuaInterpreter::RunLibraryCode(int reference, CommandCaller& caller, LibraryLoad& load,
                                    std::string& error) {
  EnterEnvironment(Environment::kFunction);
  run_.BeginRun(caller);
  run_.load = &load;
  const bool is_loaded = lua_cpcall(run_.main, RunLibraryProtected, &reference) == 0;
  run_.load = nullptr;
  run_.EndRun();
  if (!is_loaded) {
    ErrorTask task;
    error = "ERR Error registering functions: ";
    error += DescribeError(task) ? task.text : "ERR " + TakeMessage(run_.main);
    lua_settop(run_.main, kSlotCount);
  }
  // This must not fail for want of memory, or functions would be left with what a load may see.
  const size_t memory_bytes_max = std::exchange(run_.memory_bytes_max, SIZE_MAX);
  lua_cpcall(run_.main, LeaveLoadProtected, nullptr);
  run_.memory_bytes_max = memory_bytes_max;
  CollectNowAndThen();
  return is_loaded;
}

void LuaInterpreter::RemoveLibrary(LibraryId id) {
  const auto found = libraries_.find(id);
  if (found == libraries_.end()) return;
  for (const auto& [name, reference] : found->second) Release(reference);
  libraries_.erase(found);
}

void LuaInterpreter::RetainLibraries(std::span<const LibraryId> ids) {
  for (auto library = libraries_.begin(); library != libraries_.end();) {
    const LibraryId id = library->first;
    ++library;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) RemoveLibrary(id);
  }
}

RunOutcome LuaInterpreter::RunFunction(LibraryId id, std::string_view name,
                                       const RunRequest& request, proto::ReplyWriter& reply) {
  const auto library = libraries_.find(id);
  if (library != libraries_.end()) {
    const std::pair<std::string, int>* found = nullptr;
    for (const auto& function : library->second) {
      if (function.first == name) {
        found = &function;
        break;
      }
      if (found == nullptr && EqualIgnoringCase(function.first, name)) found = &function;
    }
    if (found != nullptr) {
      RunTask task{request, reply, Environment::kFunction, found->second};
      return Run(task, found->first);
    }
  }
  reply.Error("ERR Function not found");
  return {.is_error = true};
}

}  // namespace

std::unique_ptr<Interpreter> Interpreter::Create(const InterpreterOptions& options) {
  auto interpreter = std::make_unique<LuaInterpreter>();
  if (!interpreter->Open(options)) return nullptr;
  return interpreter;
}

}  // namespace ringtail::scripting
