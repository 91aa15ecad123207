#include "commands/lolwut.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/version.h"
#include "commands/context.h"

namespace ringtail::commands {

// A swinging line is the tail's middle: beyond its thickness there is nothing, and within it rings
// take turns along the line.
std::string DrawTail(Random& random) {
  constexpr int kColumns = 64;
  constexpr int kRows = 13;
  const double turns = 0.8 + random.Unit() * 1.2;
  const double phase = random.Unit() * 2 * std::numbers::pi;
  const double ring_columns = 3.0 + random.Unit() * 3;
  const double swing = 2.2 + random.Unit() * 1.6;
  const auto center = [&](double x) {
    const double along = x / kColumns;
    return kRows / 2.0 + swing * along * std::sin(phase + along * turns * 2 * std::numbers::pi);
  };
  std::string picture;
  for (int row = 0; row < kRows; ++row) {
    std::string line(kColumns, ' ');
    for (int column = 0; column < kColumns; ++column) {
      const double along = static_cast<double>(column) / kColumns;
      // Thin at the root, bushy behind the middle, round at the tip.
      const double tip = std::sqrt(std::clamp((1.0 - along) * 8, 0.0, 1.0));
      const double thickness = (0.9 + 2.0 * along) * tip;
      const double distance = std::abs(row + 0.5 - center(column + 0.5));
      if (distance > thickness) continue;
      const bool is_dark = static_cast<int>(column / ring_columns) % 2 != 0;
      const bool is_edge = distance > thickness - 0.8;
      line[static_cast<size_t>(column)] = is_dark ? (is_edge ? '%' : '@') : (is_edge ? '.' : ':');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (!line.empty()) picture += line + '\n';
  }
  return picture;
}

void Lolwut(CommandContext& ctx, Args args) {
  if (args.size() >= 3 && EqualsIgnoreCase(args[1], "VERSION") && !ctx.IntArg(args[2])) return;
  ctx.reply().Verbatim("txt", DrawTail(ctx.random()) + "\nRingtail ver. " +
                                  std::string(kVersion) + "\n");
}

}  // namespace ringtail::commands
