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

}  // namespace ringtail::commands
