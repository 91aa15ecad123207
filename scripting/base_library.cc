// Basic functions of which the sandbox needs its own: they respect frozen tables, the end of a run,
// the limits on source text and on the stack.
#include <cmath>
#include <cstring>

#include "scripting/libraries.h"
#include "scripting/run_state.h"
#include "scripting/sandbox.h"
#include "scripting/script_error.h"

namespace ringtail::scripting {
namespace {

// How deep coroutines may resume coroutines. Lua 5.1 counts nested C calls, of which it allows 200,
// anew in each coroutine; so the bytes of the stack are bounded too. Below them there is room for
// as many calls again and a match, of kStackBytesMin.
constexpr int kCoroutineDepthMax = 190;
constexpr ptrdiff_t kCoroutineStackBytesMax = kStackBytesMin * 3 / 8;
// Of load's function; it ends a reader that never ends.
constexpr int kLoadPieces = 1 << 20;

// What a resume counts for, in instructions: it runs up to a thousand that no hook sees.
constexpr size_t kResumeWork = 200;

struct TextReader {
  std::string_view text;
  bool is_marked;  // begins like bytecode
};

// Lua takes a chunk that begins with an escape for bytecode, which can crash it. A blank before it
// makes it text, with the parser's own message.
const char* ReadText(lua_State*, void* data, size_t* size) {
  TextReader& reader = *static_cast<TextReader*>(data);
  if (reader.is_marked) {
    reader.is_marked = false;
    *size = 1;
    return " ";
  }
  *size = reader.text.size();
  const char* const piece = reader.text.empty() ? nullptr : reader.text.data();
  reader.text = {};
  return piece;
}

int PushLoaded(lua_State* lua, bool is_loaded) {
  if (is_loaded) return 1;
  lua_pushnil(lua);
  lua_insert(lua, -2);
  return 2;
}

int LoadString(lua_State* lua) {
  size_t size = 0;
  const char* const text = luaL_checklstring(lua, 1, &size);
  const char* const chunk_name = luaL_optstring(lua, 2, text);
  return PushLoaded(lua, LoadText(lua, {text, size}, chunk_name));
}

// Calls the reader until it has no more and joins its pieces, in a table: the parser never calls
// scripts.
int CollectPieces(lua_State* lua) {  // stack: reader; leaves: text
  lua_createtable(lua, 8, 0);
  size_t total_bytes = 0;
  for (int count = 1; count < kLoadPieces; ++count) {
    lua_pushvalue(lua, 1);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) break;
    if (!lua_isstring(lua, -1)) {
      return luaL_error(lua, "reader function must return a string");
    }
    const std::string_view piece = ToView(lua, -1);
    total_bytes += piece.size();
    if (piece.empty()) break;
    if (total_bytes > kSourceBytesMax) return luaL_error(lua, "chunk is too long");
    lua_rawseti(lua, 2, count);
    RunState::Of(lua).Work(lua, 10);
  }
  lua_settop(lua, 2);
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  const int count = static_cast<int>(lua_objlen(lua, 2));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(lua, 2, i);
    luaL_addvalue(&buffer);
  }
  luaL_pushresult(&buffer);
  return 1;
}

int Load(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  const char* const chunk_name = luaL_optstring(lua, 2, "=(load)");
  lua_settop(lua, 2);
  // An error in the reader is load's second result, not an error of load.
  lua_pushcfunction(lua, HandleError);
  lua_pushcfunction(lua, CollectPieces);
  lua_pushvalue(lua, 1);
  if (lua_pcall(lua, 1, 1, 3) != 0) {
    RunState::Of(lua).RaiseIfEnded(lua);
    return PushLoaded(lua, false);
  }
  return PushLoaded(lua, LoadText(lua, ToView(lua, -1), chunk_name));
}

// Redis's pcall: an error table arrives as its text.
int ProtectedCall(lua_State* lua) {
  if (lua_gettop(lua) == 0) lua_pushnil(lua);
  RunState& run = RunState::Of(lua);
  const int depth = run.coroutine_depth;
  const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
  if (status == 0) {
    luaL_checkstack(lua, 1, "too many results");
    lua_pushboolean(lua, 1);
    lua_insert(lua, 1);
    return lua_gettop(lua);
  }
  run.coroutine_depth = depth;
  run.RaiseIfEnded(lua);
  if (lua_istable(lua, -1)) {
    lua_getfield(lua, -1, "err");
    if (lua_isstring(lua, -1)) {
      lua_replace(lua, -2);
    } else {
      lua_pop(lua, 1);
    }
  }
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

// Between a script's error and its handler: a run that has been ended calls no handler. (The hook
// that ends a run is still active then, so a handler that loops would never be ended.)
int CallHandler(lua_State* lua) {
  if (RunState::Of(lua).is_ended) return 1;
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, 1, 1);
  return 1;
}

int ExtendedProtectedCall(lua_State* lua) {
  luaL_checkany(lua, 2);
  lua_settop(lua, 2);
  RunState& run = RunState::Of(lua);
  const int depth = run.coroutine_depth;
  lua_pushcclosure(lua, CallHandler, 1);
  lua_insert(lua, 1);
  const int status = lua_pcall(lua, 0, LUA_MULTRET, 1);
  if (status != 0) {
    run.coroutine_depth = depth;
    run.RaiseIfEnded(lua);
  }
  lua_pushboolean(lua, status == 0);
  lua_replace(lua, 1);
  return lua_gettop(lua);
}

// The library's own computes its count in an int, which overflows.
int Unpack(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const int64_t first = luaL_optint(lua, 2, 1);
  const int64_t last = lua_isnoneornil(lua, 3) ? static_cast<int64_t>(lua_objlen(lua, 1))
                                               : int64_t{luaL_checkint(lua, 3)};
  if (first > last) return 0;
  const int64_t count = last - first + 1;
  if (count >= LUAI_MAXCSTACK || lua_checkstack(lua, static_cast<int>(count)) == 0) {
    return luaL_error(lua, "too many results to unpack");
  }
  for (int64_t i = first; i <= last; ++i) lua_rawgeti(lua, 1, static_cast<int>(i));
  return static_cast<int>(count);
}

int Next(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 2);
  PushReal(lua, 1);
  lua_replace(lua, 1);
  if (lua_next(lua, 1) != 0) return 2;
  lua_pushnil(lua);
  return 1;
}

int Pairs(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

int RawGet(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  lua_settop(lua, 2);
  PushReal(lua, 1);
  lua_replace(lua, 1);
  lua_rawget(lua, 1);
  return 1;
}

int RawSet(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  luaL_checkany(lua, 3);
  CheckNotFrozen(lua, 1);
  lua_settop(lua, 3);
  lua_rawset(lua, 1);
  return 1;
}

int GetMetatable(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (lua_getmetatable(lua, 1) == 0) {
    lua_pushnil(lua);
    return 1;
  }
  if (luaL_getmetafield(lua, 1, "__metatable") == 0) return 1;
  if (lua_isboolean(lua, -1) && IsFrozen(lua, 1)) lua_pushnil(lua);
  return 1;
}

int SetMetatable(lua_State* lua) {
  const int type = lua_type(lua, 2);
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
  CheckNotFrozen(lua, 1);
  if (luaL_getmetafield(lua, 1, "__metatable") != 0) {
    return luaL_error(lua, "cannot change a protected metatable");
  }
  lua_settop(lua, 2);
  lua_setmetatable(lua, 1);
  return 1;
}

// Scripts may ask for a collection, but the collector's settings are the interpreter's.
int CollectGarbage(lua_State* lua) {
  static const char* const kOptions[] = {"stop", "restart",  "collect",    "count",
                                         "step", "setpause", "setstepmul", nullptr};
  switch (luaL_checkoption(lua, 1, "collect", kOptions)) {
    case 2:
      // Takes as long as there is memory, without a hook in between.
      RunState::Of(lua).Work(lua, RunState::Of(lua).used_bytes / 64 + 1000);
      lua_pushinteger(lua, lua_gc(lua, LUA_GCCOLLECT, 0));
      return 1;
    case 3:
      lua_pushnumber(lua, static_cast<lua_Number>(RunState::Of(lua).used_bytes) / 1024);
      return 1;
    case 4:
      RunState::Of(lua).Work(lua, 1000);
      lua_pushboolean(lua, lua_gc(lua, LUA_GCSTEP, 0) != 0);
      return 1;
    case 5:
    case 6:
      lua_pushinteger(lua, 200);
      return 1;
    default:
      lua_pushinteger(lua, 0);
      return 1;
  }
}

int GarbageInfo(lua_State* lua) {
  lua_pushinteger(lua, static_cast<lua_Integer>(RunState::Of(lua).used_bytes / 1024));
  return 1;
}

// Coroutines.

// Calls the library's own resume, of which only the check of its arguments raises errors: the
// function, the coroutine and its arguments are on the stack. Leaves the results.
void ResumeBetween(lua_State* lua) {
  RunState& run = RunState::Of(lua);
  const ptrdiff_t stack_bytes =
      run.stack_begin - static_cast<const char*>(__builtin_frame_address(0));
  if (run.coroutine_depth >= kCoroutineDepthMax || stack_bytes > kCoroutineStackBytesMax) {
    luaL_error(lua, "C stack overflow");
  }
  run.Work(lua, kResumeWork);
  const int depth = run.coroutine_depth++;
  const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
  run.coroutine_depth = depth;
  run.RaiseIfEnded(lua);
  if (status != 0) lua_error(lua);
}

int Resume(lua_State* lua) {  // upvalue: the library's resume
  luaL_argcheck(lua, lua_isthread(lua, 1), 1, "coroutine expected");
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  ResumeBetween(lua);
  return lua_gettop(lua);
}

int ResumeWrapped(lua_State* lua) {  // upvalues: the library's resume, the coroutine
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_pushvalue(lua, lua_upvalueindex(2));
  lua_insert(lua, 2);
  ResumeBetween(lua);
  if (lua_toboolean(lua, 1)) return lua_gettop(lua) - 1;
  if (lua_isstring(lua, -1)) {
    luaL_where(lua, 1);
    lua_insert(lua, -2);
    lua_concat(lua, 2);
  }
  return lua_error(lua);
}

int CreateCoroutine(lua_State* lua) {
  luaL_argcheck(lua, lua_isfunction(lua, 1) && !lua_iscfunction(lua, 1), 1,
                "Lua function expected");
  lua_State* const coroutine = lua_newthread(lua);
  RunState::Of(lua).WatchCoroutine(coroutine);
  lua_pushvalue(lua, 1);
  lua_xmove(lua, coroutine, 1);
  return 1;
}

int WrapCoroutine(lua_State* lua) {
  CreateCoroutine(lua);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, -2);
  lua_pushcclosure(lua, ResumeWrapped, 2);
  return 1;
}

// Tables.

// The library's own, after counting the work that its loop over the whole table is.
int CallCounted(lua_State* lua) {
  if (lua_istable(lua, 1)) RunState::Of(lua).Work(lua, lua_objlen(lua, 1) / 2);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

int InsertUnlessFrozen(lua_State* lua) {  // upvalue: the library's own
  if (lua_istable(lua, 1)) CheckNotFrozen(lua, 1);
  // Only an insertion in the middle moves what is behind it.
  if (lua_gettop(lua) > 2) return CallCounted(lua);
  // The function itself is called in this one's frame, so its messages name the script's line.
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

int ForEachReal(lua_State* lua) {
  if (lua_istable(lua, 1)) {
    PushReal(lua, 1);
    lua_replace(lua, 1);
  }
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

void Wrap(lua_State* lua, const char* name, lua_CFunction function) {
  lua_getfield(lua, -1, name);
  lua_pushcclosure(lua, function, 1);
  lua_setfield(lua, -2, name);
}

// Random numbers, as Redis makes them.

constexpr int32_t kRandomEnd = INT32_MAX;

int Random(lua_State* lua) {
  const int32_t bits = RunState::Of(lua).random.Next();
  const lua_Number fraction = static_cast<lua_Number>(bits % kRandomEnd) / kRandomEnd;
  switch (lua_gettop(lua)) {
    case 0:
      lua_pushnumber(lua, fraction);
      return 1;
    case 1: {
      const int end = luaL_checkint(lua, 1);
      luaL_argcheck(lua, 1 <= end, 1, "interval is empty");
      lua_pushnumber(lua, std::floor(fraction * end) + 1);
      return 1;
    }
    case 2: {
      const int begin = luaL_checkint(lua, 1);
      const int end = luaL_checkint(lua, 2);
      luaL_argcheck(lua, begin <= end, 2, "interval is empty");
      const lua_Number count = static_cast<lua_Number>(end) - begin + 1;
      lua_pushnumber(lua, std::floor(fraction * count) + begin);
      return 1;
    }
    default:
      return luaL_error(lua, "wrong number of arguments");
  }
}

int SeedRandom(lua_State* lua) {
  RunState::Of(lua).random.Seed(static_cast<int32_t>(luaL_checkint(lua, 1)));
  return 0;
}

}  // namespace

bool LoadText(lua_State* lua, std::string_view source, const char* chunk_name) {
  if (source.size() > kSourceBytesMax) {
    lua_pushliteral(lua, "chunk is too long");
    return false;
  }
  // The parser keeps the chunk's name without telling the collector; here it stays alive on our
  // stack.
  lua_pushstring(lua, chunk_name);
  TextReader reader{source, !source.empty() && source.front() == LUA_SIGNATURE[0]};
  const int status = lua_load(lua, ReadText, &reader, lua_tostring(lua, -1));
  lua_remove(lua, -2);
  return status == 0;
}

void OpenBase(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"load", Load},
                                        {"loadstring", LoadString},
                                        {"pcall", ProtectedCall},
                                        {"xpcall", ExtendedProtectedCall},
                                        {"unpack", Unpack},
                                        {"next", Next},
                                        {"rawget", RawGet},
                                        {"rawset", RawSet},
                                        {"getmetatable", GetMetatable},
                                        {"setmetatable", SetMetatable},
                                        {"collectgarbage", CollectGarbage},
                                        {"gcinfo", GarbageInfo},
                                        {nullptr, nullptr}};
  luaL_register(lua, nullptr, kFunctions);
  lua_getfield(lua, -1, "next");
  lua_pushcclosure(lua, Pairs, 1);
  lua_setfield(lua, -2, "pairs");
}

void OpenCoroutine(lua_State* lua) {
  lua_getfield(lua, -1, "resume");
  lua_pushcclosure(lua, WrapCoroutine, 1);
  lua_setfield(lua, -2, "wrap");
  Wrap(lua, "resume", Resume);
  lua_pushcfunction(lua, CreateCoroutine);
  lua_setfield(lua, -2, "create");
}

void OpenTable(lua_State* lua) {
  Wrap(lua, "insert", InsertUnlessFrozen);
  Wrap(lua, "foreach", ForEachReal);
  for (const char* name : {"remove", "sort", "concat", "maxn"}) Wrap(lua, name, CallCounted);
}

void OpenRandom(lua_State* lua) {
  lua_pushcfunction(lua, Random);
  lua_setfield(lua, -2, "random");
  lua_pushcfunction(lua, SeedRandom);
  lua_setfield(lua, -2, "randomseed");
}

}  // namespace ringtail::scripting
