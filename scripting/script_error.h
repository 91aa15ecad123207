// The errors that scripts see: tables of the form {err = "CODE text"}, as Redis makes them.
//
//   if (lua_gettop(lua) != 1) RaiseError(lua, "wrong number of arguments");
#pragma once

#include <string_view>

#include "scripting/lua_api.h"

namespace ringtail::scripting {

/// Pushes the error table. `text` is "-CODE text", or a text without code, which then is ERR.
void PushError(lua_State* lua, std::string_view text);
/// Pushes it and raises it.
[[noreturn]] void RaiseError(lua_State* lua, std::string_view text);
/// Raises a plain message without a position, as the virtual machine does inside C functions.
[[noreturn]] void RaiseMessage(lua_State* lua, std::string_view text);

/// The message handler of every run: makes a table of what is none, and adds source and line.
int HandleError(lua_State* lua);

}  // namespace ringtail::scripting
