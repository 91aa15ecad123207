#include "scripting/libraries.h"
namespace ringtail::scripting {
void OpenStruct(lua_State* lua) { lua_createtable(lua, 0, 0); }
}  // namespace ringtail::scripting
