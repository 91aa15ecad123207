#include "scripting/run_state.h"

#include <algorithm>
#include <cstring>

#include "base/memory.h"
#include "scripting/script_error.h"

namespace ringtail::scripting {
namespace {

// Counts in the main thread are whole ticks, in coroutines parts of one.
void OnCount(lua_State* lua, lua_Debug*) {
  RunState& run = RunState::Of(lua);
  run.RaiseIfEnded(lua);
  run.Work(lua, static_cast<size_t>(lua_gethookcount(lua)));
}

// Lua 5.1 starts a collection when the state has doubled since the last one, and cannot collect inside a
// failing allocation. So a run that comes near the cap is collected here, before garbage alone ends it; not
// again before it has grown by another eighth of the cap.
void CollectNearCap(RunState& run, lua_State* lua) {
  if (run.used_bytes < run.memory_bytes_max / 2) return;
  if (run.used_bytes < run.used_bytes_after_collection + run.memory_bytes_max / 8) return;
  lua_gc(lua, LUA_GCCOLLECT, 0);
  run.used_bytes_after_collection = run.used_bytes;
}

}  // namespace

void* AllocateForLua(void* state, void* block, size_t old_size, size_t new_size) {
  RunState& run = *static_cast<RunState*>(state);
  if (new_size == 0) {
    if (block != nullptr) memory::Free(block, old_size);
    run.used_bytes -= old_size;
    return nullptr;
  }
  if (new_size > old_size) {
    const size_t growth = new_size - old_size;
    if (growth > run.memory_bytes_max || run.used_bytes > run.memory_bytes_max - growth) {
      return nullptr;
    }
  }
  void* const place = block == nullptr ? memory::Allocate(new_size)
                                       : memory::Reallocate(block, old_size, new_size);
  run.used_bytes += new_size - old_size;
  return place;
}

void RunState::Tick(lua_State* lua) {
  if (!is_ended) {
    if (caller == nullptr) return;
    CollectNearCap(*this, lua);
    const std::string_view text = caller->OnTick();
    if (text.empty()) return;
    end_text_size = std::min(text.size(), sizeof(end_text));
    std::memcpy(end_text, text.data(), end_text_size);
    is_ended = true;
  }
  // From now on every instruction raises the error anew: in the coroutine that runs, and in the main thread
  // when the error arrives there. Coroutines in between are left by our own coroutine.resume.
  lua_sethook(lua, OnCount, LUA_MASKCOUNT, 1);
  lua_sethook(main, OnCount, LUA_MASKCOUNT, 1);
  RaiseError(lua, {end_text, end_text_size});
}

void RunState::WatchCoroutine(lua_State* coroutine) {
  lua_sethook(coroutine, OnCount, LUA_MASKCOUNT, kTickInstructions / 100);
}

void RunState::BeginRun(CommandCaller& the_caller) {
  caller = &the_caller;
  version = proto::RespVersion::kResp2;
  coroutine_depth = 0;
  json = JsonSettings{};
}

void RunState::EndRun() {
  caller = nullptr;
  if (is_ended || lua_gethookcount(main) != kTickInstructions) {
    is_ended = false;
    lua_sethook(main, OnCount, LUA_MASKCOUNT, kTickInstructions);
  }
}

}  // namespace ringtail::scripting
