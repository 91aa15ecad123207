// What scripts and functions can see: the globals, frozen.
//
// Lua 5.1 has no read-only tables, so what a script sees of a library is an empty stand-in whose
// metatable leads reads to the real table and refuses writes. The functions that would go past a
// metatable (rawset, table.insert, next, ...) are replaced by ones that know stand-ins. The real
// tables are reachable from C only.
//
//   OpenSandbox(lua);
//   PushEnvironment(lua, Environment::kScript);
//
// Thread rule: as the interpreter.
#pragma once

#include "scripting/lua_api.h"

namespace ringtail::scripting {

enum class Environment : uint8_t {
  kScript,    // EVAL: everything, with KEYS and ARGV
  kFunction,  // FCALL: without these, and with less in `redis`
};

/// Opens the libraries and makes the environments. To be called once, in protected mode.
void OpenSandbox(lua_State* lua);

/// Pushes the (frozen) globals table.
void PushEnvironment(lua_State* lua, Environment environment);
/// Pushes the real table of the scripts' globals, for KEYS and ARGV.
void PushScriptGlobals(lua_State* lua);

/// While a library loads, the functions' environment shows only what a load may use.
enum class FunctionView : uint8_t { kRun, kLoad };
void SetFunctionView(lua_State* lua, FunctionView view);

/// Is the value at `index` a frozen table's stand-in?
bool IsFrozen(lua_State* lua, int index);
/// Pushes the real table of the stand-in at `index`, or the value itself if it is none.
void PushReal(lua_State* lua, int index);
/// Raises an error if the value at `index` is frozen: for functions that write past metatables.
void CheckNotFrozen(lua_State* lua, int index);
/// Replaces the table on top by a stand-in for it.
void Freeze(lua_State* lua);

}  // namespace ringtail::scripting
