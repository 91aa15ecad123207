#include "scripting/sandbox.h"

#include "scripting/libraries.h"
#include "scripting/script_error.h"

namespace ringtail::scripting {
namespace {

// Their addresses are keys that no script can make: of the real table in a stand-in's metatable,
// and of the sandbox's tables in the registry.
constexpr char kRealKey = 0;
constexpr char kScriptEnvironmentKey = 0;
constexpr char kScriptGlobalsKey = 0;
constexpr char kFunctionEnvironmentKey = 0;
constexpr char kFunctionGlobalsKey = 0;
constexpr char kLoadGlobalsKey = 0;

void PushKey(lua_State* lua, const char& key) {
  lua_pushlightuserdata(lua, const_cast<char*>(&key));
}

void PushRegistered(lua_State* lua, const char& key) {
  PushKey(lua, key);
  lua_rawget(lua, LUA_REGISTRYINDEX);
}

// Registers the value on top and leaves it there.
void Register(lua_State* lua, const char& key) {
  PushKey(lua, key);
  lua_pushvalue(lua, -2);
  lua_rawset(lua, LUA_REGISTRYINDEX);
}

int RefuseWrite(lua_State* lua) { return luaL_error(lua, "Attempt to modify a readonly table"); }

int RefuseUnknownGlobal(lua_State* lua) {
  if (!lua_isstring(lua, 2)) {
    return luaL_error(lua, "Second argument to luaProtectedTableError must be a string or number");
  }
  return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                    lua_tostring(lua, 2));
}

// Gives the table on top a metatable whose __index raises the error of unknown globals.
void RefuseUnknown(lua_State* lua) {
  lua_createtable(lua, 0, 1);
  lua_pushcfunction(lua, RefuseUnknownGlobal);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

void Forget(lua_State* lua, const char* name) {
  lua_pushnil(lua);
  lua_setfield(lua, -2, name);
}

void OpenLua(lua_State* lua, lua_CFunction open) {
  lua_pushcfunction(lua, open);
  lua_call(lua, 0, 0);
}

// Freezes the table that is the field `name` of the table on top, after `open` has changed it.
void Amend(lua_State* lua, const char* name, void (*open)(lua_State*)) {
  lua_getfield(lua, -1, name);
  open(lua);
  Freeze(lua);
  lua_setfield(lua, -2, name);
}

void Add(lua_State* lua, const char* name, void (*open)(lua_State*)) {
  open(lua);
  Freeze(lua);
  lua_setfield(lua, -2, name);
}

// The metatable of strings is shared by all of them: scripts see a frozen copy of it.
void ProtectStringMetatable(lua_State* lua) {
  lua_pushliteral(lua, "");
  lua_getmetatable(lua, -1);
  lua_createtable(lua, 0, 1);
  lua_getfield(lua, -4, "string");
  lua_setfield(lua, -2, "__index");
  Freeze(lua);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 2);
}

// Pushes an empty frozen table for getmetatable(_G).
void HideMetatable(lua_State* lua) {
  lua_getmetatable(lua, -1);
  lua_createtable(lua, 0, 0);
  Freeze(lua);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 1);
}

void CopyFields(lua_State* lua) {  // of the table below the top into the one on top
  lua_pushnil(lua);
  while (lua_next(lua, -3) != 0) {
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    lua_rawset(lua, -4);
  }
}

void FillScriptGlobals(lua_State* lua) {
  OpenLua(lua, luaopen_base);
  OpenLua(lua, luaopen_table);
  OpenLua(lua, luaopen_string);
  OpenLua(lua, luaopen_math);
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  for (const char* name :
       {"dofile", "loadfile", "print", "newproxy", "getfenv", "setfenv", "module", "require"}) {
    Forget(lua, name);
  }
  OpenBase(lua);
  Amend(lua, "coroutine", OpenCoroutine);
  Amend(lua, "table", OpenTable);
  Amend(lua, "math", OpenRandom);
  Amend(lua, "string", OpenString);
  ProtectStringMetatable(lua);
  Add(lua, "bit", OpenBit);
  Add(lua, "struct", OpenStruct);
  Add(lua, "cmsgpack", OpenMessagePack);
  Add(lua, "cjson", OpenJson);
}

}  // namespace

void OpenSandbox(lua_State* lua) {
  FillScriptGlobals(lua);  // and leaves them on top

  lua_createtable(lua, 0, 40);
  CopyFields(lua);
  Add(lua, "redis", OpenFunctionRedis);
  RefuseUnknown(lua);
  Register(lua, kFunctionGlobalsKey);
  lua_pushvalue(lua, -1);
  Freeze(lua);
  HideMetatable(lua);
  Register(lua, kFunctionEnvironmentKey);
  lua_setfield(lua, -2, "_G");
  lua_pop(lua, 1);

  lua_createtable(lua, 0, 1);
  OpenLoadRedis(lua);
  RefuseUnknown(lua);
  Freeze(lua);
  lua_setfield(lua, -2, "redis");
  RefuseUnknown(lua);
  Register(lua, kLoadGlobalsKey);
  lua_pop(lua, 1);

  Add(lua, "redis", OpenRedis);
  lua_pushcfunction(lua, HandleError);
  lua_setfield(lua, -2, "__redis__err__handler");
  RefuseUnknown(lua);
  Register(lua, kScriptGlobalsKey);
  lua_pushvalue(lua, -1);
  Freeze(lua);
  HideMetatable(lua);
  Register(lua, kScriptEnvironmentKey);
  lua_setfield(lua, -2, "_G");
  lua_pop(lua, 1);
}

void PushEnvironment(lua_State* lua, Environment environment) {
  PushRegistered(
      lua, environment == Environment::kScript ? kScriptEnvironmentKey : kFunctionEnvironmentKey);
}

void PushScriptGlobals(lua_State* lua) { PushRegistered(lua, kScriptGlobalsKey); }

void SetFunctionView(lua_State* lua, FunctionView view) {
  PushRegistered(lua, kFunctionEnvironmentKey);
  lua_getmetatable(lua, -1);
  PushRegistered(lua, view == FunctionView::kRun ? kFunctionGlobalsKey : kLoadGlobalsKey);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -3, "__index");
  PushKey(lua, kRealKey);
  lua_insert(lua, -2);
  lua_rawset(lua, -3);
  lua_pop(lua, 2);
}

bool IsFrozen(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) == 0) return false;
  PushKey(lua, kRealKey);
  lua_rawget(lua, -2);
  const bool is_frozen = !lua_isnil(lua, -1);
  lua_pop(lua, 2);
  return is_frozen;
}

void PushReal(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) == 0) return lua_pushvalue(lua, index);
  PushKey(lua, kRealKey);
  lua_rawget(lua, -2);
  lua_remove(lua, -2);
  if (!lua_isnil(lua, -1)) return;
  lua_pop(lua, 1);
  lua_pushvalue(lua, index);
}

void CheckNotFrozen(lua_State* lua, int index) {
  if (IsFrozen(lua, index)) RaiseMessage(lua, "Attempt to modify a readonly table");
}

void Freeze(lua_State* lua) {
  lua_createtable(lua, 0, 0);
  lua_createtable(lua, 0, 4);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, RefuseWrite);
  lua_setfield(lua, -2, "__newindex");
  // What getmetatable answers; our own makes it nil.
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  PushKey(lua, kRealKey);
  lua_pushvalue(lua, -4);
  lua_rawset(lua, -3);
  lua_setmetatable(lua, -2);
  lua_remove(lua, -2);
}

}  // namespace ringtail::scripting
