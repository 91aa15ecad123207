// Lua 5.1's own headers, as C, and the rule for all code below scripting/ that calls them.
//
// Lua's errors are longjmps: a function that calls anything in lua.h which may raise an error
// (nearly all of it, for want of memory) must have no object with a destructor alive in its frame.
// So such functions hold views, numbers and pointers only; what has to be freed is Lua's own
// (strings, userdata) or belongs to the interpreter. C++ that needs destructors calls Lua through
// lua_cpcall or lua_pcall.
#pragma once

#include <lua5.1/lua.hpp>

#include <string_view>

namespace ringtail::scripting {

inline void PushView(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

/// The string (or number, which becomes one) at `index`; empty with a null pointer for anything
/// else.
inline std::string_view ToView(lua_State* lua, int index) {
  size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return {text, text == nullptr ? 0 : size};
}

}  // namespace ringtail::scripting
