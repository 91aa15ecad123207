#include "commands/wait.h"

#include <cmath>
#include <limits>

#include "base/parse_number.h"
#include "commands/context.h"

namespace ringtail::commands {

std::optional<int64_t> TimeoutArg(CommandContext& ctx, std::string_view arg) {
  const auto seconds = ParseLongDouble(arg);
  if (!seconds) {
    ctx.reply().Error(errors::kTimeoutNotFloat);
    return std::nullopt;
  }
  const long double ms = std::ceil(*seconds * 1000);
  // What 64 bits cannot hold wraps round to the least integer in Redis.
  if (ms < 0 || ms > static_cast<long double>(std::numeric_limits<int64_t>::max())) {
    ctx.reply().Error(errors::kTimeoutNegative);
    return std::nullopt;
  }
  if (ms > static_cast<long double>(std::numeric_limits<int64_t>::max() - ctx.now_ms())) {
    ctx.reply().Error(errors::kTimeoutOutOfRange);
    return std::nullopt;
  }
  return static_cast<int64_t>(ms);
}

std::optional<int64_t> TimeoutMsArg(CommandContext& ctx, std::string_view arg) {
  const auto timeout_ms = ctx.IntArg(arg, errors::kTimeoutNotInteger);
  if (!timeout_ms) return std::nullopt;
  if (*timeout_ms < 0) {
    ctx.reply().Error(errors::kTimeoutNegative);
    return std::nullopt;
  }
  if (*timeout_ms > std::numeric_limits<int64_t>::max() - ctx.now_ms()) {
    ctx.reply().Error(errors::kTimeoutOutOfRange);
    return std::nullopt;
  }
  return timeout_ms;
}

std::string_view NothingReply(WaitSpec::Nothing nothing, proto::RespVersion resp) {
  const bool is_resp3 = resp == proto::RespVersion::kResp3;
  switch (nothing) {
    case WaitSpec::Nothing::kNullArray:
      return is_resp3 ? "_\r\n" : "*-1\r\n";
    case WaitSpec::Nothing::kNull:
      return is_resp3 ? "_\r\n" : "$-1\r\n";
    case WaitSpec::Nothing::kZero:
      return ":0\r\n";
    case WaitSpec::Nothing::kTwoZeros:
      return "*2\r\n:0\r\n:0\r\n";
  }
  return {};
}

}  // namespace ringtail::commands
