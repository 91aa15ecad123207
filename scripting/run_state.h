// What the C functions of one Lua state share: its memory, its run, its settings. Found from any
// lua_State of it in O(1), because it is the user data of the state's allocator.
//
//   RunState& run = RunState::Of(lua);
//   run.Tick(lua);                        // may leave by a Lua error
//
// Thread rule: as the interpreter that owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/reply_writer.h"
#include "scripting/command_caller.h"
#include "scripting/interpreter.h"
#include "scripting/lua_api.h"

namespace ringtail::scripting {

/// The 48-bit linear congruential generator of POSIX's lrand48, which is what Redis re-made for its
/// scripts.
class ScriptRandom {
 public:
  void Seed(int32_t seed) { state_ = (uint64_t{static_cast<uint32_t>(seed)} << 16) | 0x330E; }
  /// 31 random bits.
  int32_t Next() {
    state_ = (state_ * 0x5DEECE66DULL + 0xB) & ((uint64_t{1} << 48) - 1);
    return static_cast<int32_t>(state_ >> 17);
  }

 private:
  uint64_t state_ = 0x330E;
};

/// What cjson's functions of that name set; reset for every run, so that no script meets another's
/// settings.
struct JsonSettings {
  bool converts_sparse = false;
  int sparse_ratio = 2;
  int sparse_safe = 10;
  int encode_depth_max = 1000;
  int decode_depth_max = 1000;
  int encode_precision = 14;
  enum class Invalid : uint8_t { kRefuse, kAllow, kNull };
  Invalid encode_invalid = Invalid::kRefuse;
  bool decodes_invalid = true;
  bool keeps_buffer = true;
};

/// What a library registers while it loads.
struct LibraryLoad {
  struct Function {
    RegisteredFunction description;
    int registry_reference;
  };
  std::vector<Function> functions;
};

struct RunState {
  static RunState& Of(lua_State* lua) {
    void* state = nullptr;
    lua_getallocf(lua, &state);
    return *static_cast<RunState*>(state);
  }

  /// Called by the count hook and by long loops in C: asks the caller whether to go on. If not,
  /// raises the error that ends the run; if the run has ended already, raises it again.
  void Tick(lua_State* lua);
  /// Raises the error again if the run has been ended: for whatever catches errors.
  void RaiseIfEnded(lua_State* lua) {
    if (is_ended) [[unlikely]]
      Tick(lua);
  }
  /// Counts `work` units (about a Lua instruction each) done in C and ticks in time.
  void Work(lua_State* lua, size_t work) {
    work_done += work;
    if (work_done >= kTickInstructions) [[unlikely]] {
      work_done = 0;
      Tick(lua);
    }
  }
  /// Puts the hook that counts instructions on a new coroutine.
  void WatchCoroutine(lua_State* coroutine);
  /// EndRun puts the hook back that an ended run has changed.
  void BeginRun(CommandCaller& the_caller);
  void EndRun();

  // The state and its memory.
  lua_State* main = nullptr;
  size_t used_bytes = 0;
  size_t memory_bytes_max = 0;
  size_t used_bytes_after_collection = 0;

  // The run.
  CommandCaller* caller = nullptr;  // null outside of runs
  proto::RespVersion version = proto::RespVersion::kResp2;
  bool is_ended = false;
  size_t end_text_size = 0;
  char end_text[256];
  size_t work_done = 0;
  uint64_t hook_cycles = 0;  // CycleClock at the last hook and the last tick
  uint64_t tick_cycles = 0;
  int coroutine_depth = 0;
  const char* stack_begin = nullptr;  // where the run's first frame is
  ScriptRandom random;
  JsonSettings json;

  // The load of a library; null at other times.
  LibraryLoad* load = nullptr;
};

/// The allocator of lua_newstate; `state` is a RunState.
void* AllocateForLua(void* state, void* block, size_t old_size, size_t new_size);

}  // namespace ringtail::scripting
