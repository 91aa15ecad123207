// Replies of commands become Lua values, and Lua values become replies, as Redis 7.0 documents it.
//
//   PushReply(lua, caller.Call(args, version));        // for redis.call
//   WriteValue(lua, run.version, reply);               // for what a script returned
//
// Both work straight on the bytes. Thread rule: as the interpreter.
#pragma once

#include <string_view>

#include "proto/reply_writer.h"
#include "scripting/lua_api.h"

namespace ringtail::scripting {

/// Pushes the value of one whole reply; an error reply becomes an error table whose
/// ignore_error_stats_update is set. Answers true if it was an error reply. Raises an error for
/// bytes that are no reply, or one that is nested deeper than kReplyDepthMax.
bool PushReply(lua_State* lua, std::string_view reply);

/// Writes the value on top of the stack as one reply and pops it. `script_version` is what the
/// script has set with redis.setresp: it decides how booleans are written. May raise an error after
/// it has written a part: the caller truncates. Answers whether it wrote an error that a command
/// had answered, which stands in the statistics already.
bool WriteValue(lua_State* lua, proto::RespVersion script_version, proto::ReplyWriter& reply);

inline constexpr int kReplyDepthMax = 1000;

/// The field of an error table that says: the command has counted this error already.
inline constexpr char kCountedField[] = "ignore_error_stats_update";

}  // namespace ringtail::scripting
