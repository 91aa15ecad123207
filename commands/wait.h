// How a command waits for a key: BLPOP and its kin, XREAD BLOCK.
//
//   if (list is empty) {
//     return ctx.WaitFor({.keys = keys, .type = ValueType::kList, .timeout_ms = *timeout});
//   }
//
// The client sleeps until one of the keys holds a value of that type that was written to, then the command is executed
// anew, by whichever worker made the key ready, before any later command sees it. Those who wait for the same key are
// served in the order they came. Where a client must not sleep (in a transaction), the command answers at
// once what it would answer at its timeout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "commands/command.h"
#include "proto/reply_writer.h"
#include "storage/entry.h"

namespace ringtail::commands {

struct WaitSpec {
  /// What is answered when the time is up.
  enum class Nothing : uint8_t { kNullArray, kNull, kZero, kTwoZeros };

  Args keys = {};
  storage::ValueType type = storage::ValueType::kList;
  int64_t timeout_ms = 0;                     ///< 0: for ever
  Nothing nothing = Nothing::kNullArray;
  /// Executed anew also when a key is deleted or becomes another type (XREADGROUP answers NOGROUP then).
  bool is_woken_by_removal = false;
  /// The command to be executed instead (XREAD, whose $ means the last entry when it came); empty: the same.
  std::vector<std::string> retry_args = {};
};

/// The bytes of that answer.
std::string_view NothingReply(WaitSpec::Nothing nothing, proto::RespVersion resp);

class CommandContext;
/// A timeout in seconds, with fractions, as milliseconds rounded up; else has answered what is wrong.
std::optional<int64_t> TimeoutArg(CommandContext& ctx, std::string_view arg);
/// The same for a timeout in whole milliseconds.
std::optional<int64_t> TimeoutMsArg(CommandContext& ctx, std::string_view arg);

}  // namespace ringtail::commands
