// The table `redis`: what scripts ask of the server.
#include <cmath>
#include <cstdio>
#include <cstring>

#include "proto/decimal.h"
#include "scripting/libraries.h"
#include "scripting/reply_conversion.h"
#include "scripting/run_state.h"
#include "scripting/script_error.h"
#include "scripting/script_header.h"
#include "scripting/sha1.h"

namespace ringtail::scripting {
namespace {

constexpr char kRedisVersion[] = "7.0.15";
constexpr int kRedisVersionNumber = 0x0007000F;

// Room for a number's digits, written as Redis's "%.17g".
constexpr size_t kDigitsMax = 32;
// Commands with more arguments than this take their room from Lua.
constexpr int kSmallArguments = 24;
// How much of a tick a command counts for.
constexpr size_t kCommandWork = 100;

size_t WriteNumber(char* place, lua_Number number) {
  // 17 digits: whole numbers below that are written digit for digit.
  if (std::fabs(number) < 1e17 && number == std::floor(number) &&
      !(number == 0 && std::signbit(number))) {
    return static_cast<size_t>(proto::WriteDecimal(place, static_cast<int64_t>(number)) - place);
  }
  return static_cast<size_t>(std::snprintf(place, kDigitsMax, "%.17g", number));
}

// Reads all arguments of the function into `views`, digits of numbers into `digits`.
bool ReadArguments(lua_State* lua, int count, std::string_view* views, char* digits) {
  for (int i = 0; i < count; ++i) {
    const int type = lua_type(lua, i + 1);
    if (type == LUA_TSTRING) {
      views[i] = ToView(lua, i + 1);
    } else if (type == LUA_TNUMBER) {
      views[i] = {digits, WriteNumber(digits, lua_tonumber(lua, i + 1))};
      digits += kDigitsMax;
    } else {
      return false;
    }
  }
  return true;
}

// The arguments of redis.call and its kin, without a destructor.
struct Arguments {
  std::string_view small[kSmallArguments];
  char small_digits[kSmallArguments * kDigitsMax];
  std::span<const std::string_view> views;
};

// Answers an error's text, empty if all is well.
std::string_view TakeArguments(lua_State* lua, Arguments& arguments) {
  const int count = lua_gettop(lua);
  if (count == 0) return "Please specify at least one argument for this redis lib call";
  std::string_view* views = arguments.small;
  char* digits = arguments.small_digits;
  if (count > kSmallArguments) {
    const size_t size = static_cast<size_t>(count);
    views = static_cast<std::string_view*>(
        lua_newuserdata(lua, size * (sizeof(std::string_view) + kDigitsMax)));
    digits = reinterpret_cast<char*>(views + size);
  }
  if (!ReadArguments(lua, count, views, digits)) {
    return "Lua redis lib command arguments must be strings or integers";
  }
  arguments.views = {views, static_cast<size_t>(count)};
  return {};
}

enum class OnError : uint8_t { kRaise, kReturn };

int Execute(lua_State* lua, OnError on_error) {
  RunState& run = RunState::Of(lua);
  Arguments arguments;
  const std::string_view error = TakeArguments(lua, arguments);
  bool is_error = !error.empty();
  if (is_error) {
    PushError(lua, error);
  } else if (run.caller == nullptr) {
    RaiseError(lua, "redis.call can only be called inside a script invocation");
  } else {
    run.Work(lua, kCommandWork);
    const std::string_view reply = run.caller->Call(arguments.views, run.version);
    // Thousands of arguments leave no room for the reply, and nobody needs them any more.
    lua_settop(lua, 0);
    is_error = PushReply(lua, reply);
  }
  if (is_error && on_error == OnError::kRaise) return lua_error(lua);
  return 1;
}

int Call(lua_State* lua) { return Execute(lua, OnError::kRaise); }
int ProtectedCall(lua_State* lua) { return Execute(lua, OnError::kReturn); }

int AclCheckCommand(lua_State* lua) {
  RunState& run = RunState::Of(lua);
  Arguments arguments;
  const std::string_view error = TakeArguments(lua, arguments);
  if (!error.empty()) RaiseError(lua, error);
  const AclVerdict verdict =
      run.caller == nullptr ? AclVerdict::kDenied : run.caller->IsAllowed(arguments.views);
  if (verdict == AclVerdict::kUnknownCommand) {
    RaiseError(lua, "Invalid command passed to redis.acl_check_cmd()");
  }
  lua_pushboolean(lua, verdict == AclVerdict::kAllowed);
  return 1;
}

bool HasOneString(lua_State* lua) {
  return lua_gettop(lua) == 1 && lua_type(lua, 1) == LUA_TSTRING;
}

int ErrorReply(lua_State* lua) {
  if (!HasOneString(lua)) {
    PushError(lua, "wrong number or type of arguments");
    return 1;
  }
  const std::string_view text = ToView(lua, 1);
  if (text.empty() || text.front() != '-') {
    lua_pushliteral(lua, "-");
    lua_pushvalue(lua, 1);
    lua_concat(lua, 2);
  }
  PushError(lua, ToView(lua, -1));
  return 1;
}

int StatusReply(lua_State* lua) {
  if (!HasOneString(lua)) {
    PushError(lua, "wrong number or type of arguments");
    return 1;
  }
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, 1);
  lua_setfield(lua, -2, "ok");
  return 1;
}

int Sha1OfString(lua_State* lua) {
  if (lua_gettop(lua) != 1) RaiseError(lua, "wrong number of arguments");
  const std::string_view bytes = ToView(lua, 1);
  RunState::Of(lua).Work(lua, bytes.size() / 16);
  const Sha1Hex hex = ComputeSha1Hex(bytes);
  PushView(lua, View(hex));
  return 1;
}

int Log(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count < 2) RaiseError(lua, "redis.log() requires two arguments or more.");
  if (lua_isnumber(lua, 1) == 0) {
    RaiseError(lua, "First argument must be a number (log level).");
  }
  const lua_Number level = lua_tonumber(lua, 1);
  if (!(level > -1 && level < 4)) RaiseError(lua, "Invalid debug level.");
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  for (int i = 2; i <= count; ++i) {
    if (lua_isstring(lua, i) == 0) continue;
    if (i > 2) luaL_addchar(&buffer, ' ');
    lua_pushvalue(lua, i);
    luaL_addvalue(&buffer);
  }
  luaL_pushresult(&buffer);
  RunState& run = RunState::Of(lua);
  if (run.caller != nullptr) {
    run.caller->Log(static_cast<LogLevel>(static_cast<int>(level)), ToView(lua, -1));
  }
  return 0;
}

int SetResp(lua_State* lua) {
  if (lua_gettop(lua) != 1) RaiseError(lua, "redis.setresp() requires one argument.");
  const lua_Number version = lua_tonumber(lua, 1);
  if (version == 2 || version == 3) {
    RunState::Of(lua).version =
        version == 2 ? proto::RespVersion::kResp2 : proto::RespVersion::kResp3;
    return 0;
  }
  RaiseError(lua, "RESP version must be 2 or 3.");
}

int SetReplication(lua_State* lua) {
  if (lua_gettop(lua) != 1) RaiseError(lua, "redis.set_repl() requires two arguments.");
  const lua_Number flags = lua_tonumber(lua, 1);
  if (!(flags > -1 && flags < kReplicateAll + 1)) {
    RaiseError(lua,
               "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  RunState& run = RunState::Of(lua);
  if (run.caller != nullptr) run.caller->SetReplication(static_cast<unsigned>(flags));
  return 0;
}

// Scripts replicate by their effects always.
int ReplicateCommands(lua_State* lua) {
  lua_pushboolean(lua, 1);
  return 1;
}

// There is no debugger.
int Breakpoint(lua_State* lua) {
  lua_pushboolean(lua, 0);
  return 1;
}

int Debug(lua_State*) { return 0; }

// What follows is redis.register_function. Its errors leave by longjmp, so the description is put
// together in Lua values first and copied by the one function below that has destructors and raises
// nothing.

struct FunctionArguments {
  std::string_view name;
  std::string_view description;
  bool has_description = false;
  uint32_t flags = kNoFlags;
  int callback_index = 0;
};

// Redis takes letters, digits and underscores, in the names of libraries and of functions.
bool IsFunctionName(std::string_view name) {
  for (const char byte : name) {
    const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (!is_letter && !(byte >= '0' && byte <= '9') && byte != '_') return false;
  }
  return !name.empty();
}

uint32_t ReadFlags(lua_State* lua, int table_index) {
  uint32_t flags = kNoFlags;
  for (int i = 1;; ++i) {
    lua_rawgeti(lua, table_index, i);
    if (lua_isnil(lua, -1)) break;
    const std::string_view name = ToView(lua, -1);
    const auto flag = FlagByName(name);
    if (!flag) RaiseError(lua, "unknown flag given");
    flags |= *flag;
    lua_pop(lua, 1);
  }
  lua_pop(lua, 1);
  return flags;
}

std::string_view TakeString(lua_State* lua, const char* error) {
  if (lua_isstring(lua, -1) == 0) RaiseError(lua, error);
  return ToView(lua, -1);
}

// One named argument: key and value are the two topmost values, and stay on the stack.
void ReadNamedArgument(lua_State* lua, FunctionArguments& arguments) {
  if (lua_isstring(lua, -2) == 0) {
    RaiseError(lua, "named argument key given to redis.register_function is not a string");
  }
  lua_pushvalue(lua, -2);  // a number must not become a string under lua_next
  const std::string_view key = ToView(lua, -1);
  lua_insert(lua, -2);
  if (key == "function_name") {
    arguments.name =
        TakeString(lua, "function_name argument given to redis.register_function must be a string");
  } else if (key == "description") {
    arguments.description =
        TakeString(lua, "description argument given to redis.register_function must be a string");
    arguments.has_description = true;
  } else if (key == "callback") {
    if (!lua_isfunction(lua, -1)) {
      RaiseError(lua, "callback argument given to redis.register_function must be a function");
    }
    arguments.callback_index = lua_gettop(lua);
  } else if (key == "flags") {
    if (!lua_istable(lua, -1)) {
      RaiseError(lua,
                 "flags argument to redis.register_function must be a table representing "
                 "function flags");
    }
    arguments.flags = ReadFlags(lua, lua_gettop(lua));
  } else {
    RaiseError(lua, "unknown argument given to redis.register_function");
  }
}

// All that was read stays on the stack, so the views stay valid.
void ReadNamedArguments(lua_State* lua, FunctionArguments& arguments) {
  if (!lua_istable(lua, 1)) {
    RaiseError(lua,
               "calling redis.register_function with a single argument is only applicable to Lua "
               "table (representing named arguments).");
  }
  lua_pushnil(lua);
  while (lua_next(lua, 1) != 0) {
    luaL_checkstack(lua, 8, "too many arguments");
    ReadNamedArgument(lua, arguments);
    // Stack: ..., key, its text, value (number values are strings by now). Go on from a copy of the
    // key.
    lua_pushvalue(lua, -3);
  }
  if (arguments.name.data() == nullptr) {
    RaiseError(lua, "redis.register_function must get a function name argument");
  }
  if (arguments.callback_index == 0) {
    RaiseError(lua, "redis.register_function must get a callback argument");
  }
}

void ReadPositionalArguments(lua_State* lua, FunctionArguments& arguments) {
  if (lua_isstring(lua, 1) == 0) {
    RaiseError(lua, "first argument to redis.register_function must be a string");
  }
  if (!lua_isfunction(lua, 2)) {
    RaiseError(lua, "second argument to redis.register_function must be a function");
  }
  arguments.name = ToView(lua, 1);
  arguments.callback_index = 2;
}

bool IsRegistered(const LibraryLoad& load, std::string_view name) {
  for (const LibraryLoad::Function& function : load.functions) {
    if (function.description.name == name) return true;
  }
  return false;
}

void Register(LibraryLoad& load, const FunctionArguments& arguments, int reference) {
  load.functions.push_back({{.name = std::string(arguments.name),
                             .description = std::string(arguments.description),
                             .has_description = arguments.has_description,
                             .flags = arguments.flags},
                            reference});
}

int RegisterFunction(lua_State* lua) {
  const int count = lua_gettop(lua);
  if (count < 1 || count > 2) {
    RaiseError(lua, "wrong number of arguments to redis.register_function");
  }
  FunctionArguments arguments;
  if (count == 1) {
    ReadNamedArguments(lua, arguments);
  } else {
    ReadPositionalArguments(lua, arguments);
  }
  LibraryLoad* const load = RunState::Of(lua).load;
  if (load == nullptr) {
    RaiseError(lua, "redis.register_function can only be called on FUNCTION LOAD command");
  }
  if (!IsFunctionName(arguments.name)) {
    RaiseError(lua,
               "Library names can only contain letters, numbers, or underscores(_) and must be at "
               "least one character long");
  }
  if (IsRegistered(*load, arguments.name)) {
    RaiseError(lua, "Function already exists in the library");
  }
  lua_pushvalue(lua, arguments.callback_index);
  Register(*load, arguments, luaL_ref(lua, LUA_REGISTRYINDEX));
  return 0;
}

void SetNumber(lua_State* lua, const char* name, int number) {
  lua_pushinteger(lua, number);
  lua_setfield(lua, -2, name);
}

void AddLog(lua_State* lua) {
  lua_pushcfunction(lua, Log);
  lua_setfield(lua, -2, "log");
  SetNumber(lua, "LOG_DEBUG", static_cast<int>(LogLevel::kDebug));
  SetNumber(lua, "LOG_VERBOSE", static_cast<int>(LogLevel::kVerbose));
  SetNumber(lua, "LOG_NOTICE", static_cast<int>(LogLevel::kNotice));
  SetNumber(lua, "LOG_WARNING", static_cast<int>(LogLevel::kWarning));
}

void AddVersion(lua_State* lua) {
  lua_pushstring(lua, kRedisVersion);
  lua_setfield(lua, -2, "REDIS_VERSION");
  SetNumber(lua, "REDIS_VERSION_NUM", kRedisVersionNumber);
}

}  // namespace

void OpenFunctionRedis(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"call", Call},
                                        {"pcall", ProtectedCall},
                                        {"error_reply", ErrorReply},
                                        {"status_reply", StatusReply},
                                        {"sha1hex", Sha1OfString},
                                        {"setresp", SetResp},
                                        {"set_repl", SetReplication},
                                        {"acl_check_cmd", AclCheckCommand},
                                        {nullptr, nullptr}};
  lua_createtable(lua, 0, 24);
  luaL_register(lua, nullptr, kFunctions);
  SetNumber(lua, "REPL_NONE", kReplicateNone);
  SetNumber(lua, "REPL_AOF", kReplicateAof);
  SetNumber(lua, "REPL_SLAVE", kReplicateReplica);
  SetNumber(lua, "REPL_REPLICA", kReplicateReplica);
  SetNumber(lua, "REPL_ALL", kReplicateAll);
  AddLog(lua);
  AddVersion(lua);
}

void OpenRedis(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"replicate_commands", ReplicateCommands},
                                        {"breakpoint", Breakpoint},
                                        {"debug", Debug},
                                        {nullptr, nullptr}};
  OpenFunctionRedis(lua);
  luaL_register(lua, nullptr, kFunctions);
}

void OpenLoadRedis(lua_State* lua) {
  lua_createtable(lua, 0, 8);
  lua_pushcfunction(lua, RegisterFunction);
  lua_setfield(lua, -2, "register_function");
  AddLog(lua);
  AddVersion(lua);
}

}  // namespace ringtail::scripting
