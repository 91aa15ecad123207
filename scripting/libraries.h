// The libraries of scripts. Each Open function pushes the library's real table (Freeze is the
// caller's), or changes the one that is on top.
#pragma once

#include "scripting/lua_api.h"

namespace ringtail::scripting {

/// Replaces or adds the basic functions that the sandbox needs its own of: load, loadstring, pcall,
/// xpcall, unpack, next, pairs, rawset, collectgarbage, ...; the table of globals is on top.
void OpenBase(lua_State* lua);
/// The same for coroutine, table, math (Redis's random numbers) and string: that table is on top.
void OpenCoroutine(lua_State* lua);
void OpenTable(lua_State* lua);
void OpenRandom(lua_State* lua);
void OpenString(lua_State* lua);

void OpenRedis(lua_State* lua);          // for scripts
void OpenFunctionRedis(lua_State* lua);  // for functions when they run
void OpenLoadRedis(lua_State* lua);      // for libraries when they load
void OpenBit(lua_State* lua);
void OpenStruct(lua_State* lua);
void OpenMessagePack(lua_State* lua);
void OpenJson(lua_State* lua);

/// Compiles text (never bytecode, at most kSourceBytesMax) and pushes the function; or pushes the
/// message and answers false.
bool LoadText(lua_State* lua, std::string_view source, const char* chunk_name);

}  // namespace ringtail::scripting
