#include "scripting/script_error.h"

#include <cstdlib>

#include "scripting/sandbox.h"

namespace ringtail::scripting {
namespace {

bool IsLineBreak(char byte) { return byte == '\r' || byte == '\n'; }

std::string_view TrimLineBreaks(std::string_view text) {
  while (!text.empty() && IsLineBreak(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsLineBreak(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

void PushError(lua_State* lua, std::string_view text) {
  std::string_view code = "ERR";
  if (!text.empty() && text.front() == '-') {
    text.remove_prefix(1);
    if (const size_t space = text.find(' '); space != std::string_view::npos) {
      code = text.substr(0, space);
      text.remove_prefix(space + 1);
    }
  }
  lua_checkstack(lua, 6);
  lua_createtable(lua, 0, 4);
  lua_pushliteral(lua, "err");
  PushView(lua, code);
  lua_pushliteral(lua, " ");
  PushView(lua, TrimLineBreaks(text));
  lua_concat(lua, 3);
  lua_rawset(lua, -3);
}

void RaiseError(lua_State* lua, std::string_view text) {
  PushError(lua, text);
  lua_error(lua);
  std::abort();  // lua_error does not return; its declaration does not say so
}

void RaiseMessage(lua_State* lua, std::string_view text) {
  PushView(lua, text);
  lua_error(lua);
  std::abort();
}

int HandleError(lua_State* lua) {
  // Level 0 is this function, level 1 the one that raised the error; if that is in C, its caller is
  // meant.
  lua_Debug where;
  bool is_known = lua_getstack(lua, 1, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
  if (is_known && where.what[0] == 'C') {
    is_known = lua_getstack(lua, 2, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
  }
  lua_settop(lua, 1);
  if (IsFrozen(lua, 1)) {
    // An error thrown as a global table: the notes below must not go into it.
    lua_pushliteral(lua, "Attempt to modify a readonly table");
    lua_replace(lua, 1);
  }
  if (!lua_istable(lua, 1)) {
    const char* text = lua_tostring(lua, 1);
    if (text == nullptr) {
      if (lua_isboolean(lua, 1)) {
        text = lua_toboolean(lua, 1) ? "true" : "false";
      } else if (lua_isnil(lua, 1)) {
        text = "nil";
      } else {
        text = lua_pushfstring(lua, "%s: %p", luaL_typename(lua, 1), lua_topointer(lua, 1));
      }
    }
    lua_createtable(lua, 0, 3);
    lua_pushfstring(lua, "ERR %s", text);
    lua_setfield(lua, -2, "err");
  }
  if (is_known) {
    lua_pushliteral(lua, "source");
    lua_pushstring(lua, where.source);
    lua_rawset(lua, -3);
    lua_pushliteral(lua, "line");
    lua_pushinteger(lua, where.currentline);
    lua_rawset(lua, -3);
  }
  return 1;
}

}  // namespace ringtail::scripting
