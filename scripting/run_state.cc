#include "scripting/run_state.h"

#include <algorithm>
#include <cstring>

#include "base/cycle_clock.h"
#include "base/memory.h"
#include "scripting/script_error.h"

namespace ringtail::scripting {
namespace {

// Instructions between two hooks. A hundredth of a tick, since Lua counts for each coroutine by
// itself and many short-lived ones must add up. Where instructions prove slow (each may copy or
// compare megabytes), a fiftieth of that.
constexpr int kHookInstructions = kTickInstructions / 100;
constexpr int kCloseHookInstructions = kHookInstructions / 50;
// Of the processor's counter, which runs at 2 to 4 GHz: about 5 ms and 20 ms.
constexpr uint64_t kSlowHookCycles = 15'000'000;
constexpr uint64_t kTickCycles = 60'000'000;

void OnCount(lua_State* lua, lua_Debug*) {
  RunState& run = RunState::Of(lua);
  run.RaiseIfEnded(lua);
  const uint64_t now = CycleClock::Now();
  const int instructions = lua_gethookcount(lua);
  if (now - run.hook_cycles > kSlowHookCycles && instructions != kCloseHookInstructions) {
    lua_sethook(lua, OnCount, LUA_MASKCOUNT, kCloseHookInstructions);
  }
  run.hook_cycles = now;
  const bool is_due = now - run.tick_cycles > kTickCycles;
  run.Work(lua, is_due ? size_t{kTickInstructions} : static_cast<size_t>(instructions));
}

// Lua 5.1 starts a collection when the state has doubled since the last one, and cannot collect
// inside a failing allocation. So a run that comes near the cap is collected here, before garbage
// alone ends it; not again before it has grown by another eighth of the cap.
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
  void* const place =
      block == nullptr ? memory::Allocate(new_size) : memory::Reallocate(block, old_size, new_size);
  run.used_bytes += new_size - old_size;
  return place;
}

void RunState::Tick(lua_State* lua) {
  if (!is_ended) {
    if (caller == nullptr) return;
    CollectNearCap(*this, lua);
    const std::string_view text = caller->OnTick();
    hook_cycles = tick_cycles = CycleClock::Now();
    if (text.empty()) return;
    end_text_size = std::min(text.size(), sizeof(end_text));
    std::memcpy(end_text, text.data(), end_text_size);
    is_ended = true;
  }
  // From now on every instruction raises the error anew: in the coroutine that runs, and in the
  // main thread when the error arrives there. Coroutines in between are left by our own
  // coroutine.resume.
  lua_sethook(lua, OnCount, LUA_MASKCOUNT, 1);
  lua_sethook(main, OnCount, LUA_MASKCOUNT, 1);
  RaiseError(lua, {end_text, end_text_size});
}

void RunState::WatchCoroutine(lua_State* coroutine) {
  lua_sethook(coroutine, OnCount, LUA_MASKCOUNT, kHookInstructions);
}

void RunState::BeginRun(CommandCaller& the_caller) {
  caller = &the_caller;
  version = proto::RespVersion::kResp2;
  coroutine_depth = 0;
  stack_begin = static_cast<const char*>(__builtin_frame_address(0));
  hook_cycles = tick_cycles = CycleClock::Now();
  json = JsonSettings{};
}

void RunState::EndRun() {
  caller = nullptr;
  if (is_ended || lua_gethookcount(main) != kHookInstructions) {
    is_ended = false;
    lua_sethook(main, OnCount, LUA_MASKCOUNT, kHookInstructions);
  }
}

}  // namespace ringtail::scripting
