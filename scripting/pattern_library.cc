#include "scripting/libraries.h"
namespace ringtail::scripting {
void OpenPatterns(lua_State*) {}
}  // namespace ringtail::scripting
