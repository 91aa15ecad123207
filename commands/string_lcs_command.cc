#include <limits>
#include <optional>

#include "commands/context.h"
#include "commands/string_handlers.h"
#include "commands/string_lcs.h"

namespace ringtail::commands::strings {
namespace {

struct LcsOptions {
  bool wants_indexes = false;
  bool wants_size = false;
  bool wants_run_sizes = false;
  int64_t run_size_min = 0;
};

// Answers an error itself and then false.
bool ParseLcsOptions(CommandContext& ctx, Args args, LcsOptions& options) {
  for (size_t at = 3; at < args.size(); ++at) {
    if (EqualsIgnoreCase(args[at], "IDX")) {
      options.wants_indexes = true;
    } else if (EqualsIgnoreCase(args[at], "LEN")) {
      options.wants_size = true;
    } else if (EqualsIgnoreCase(args[at], "WITHMATCHLEN")) {
      options.wants_run_sizes = true;
    } else if (EqualsIgnoreCase(args[at], "MINMATCHLEN") && at + 1 < args.size()) {
      const auto size = ctx.IntArg(args[++at]);
      if (!size) return false;
      options.run_size_min = *size;
    } else {
      ctx.SyntaxError();
      return false;
    }
  }
  if (options.wants_indexes && options.wants_size) {
    ctx.reply().Error(errors::kLcsLenAndIndexes);
    return false;
  }
  return true;
}

void ReplyRange(proto::ReplyWriter& reply, size_t first, size_t size) {
  reply.Array(2);
  reply.Integer(static_cast<int64_t>(first));
  reply.Integer(static_cast<int64_t>(first + size - 1));
}

void ReplyIndexes(proto::ReplyWriter& reply, const LcsTable& lcs, const LcsOptions& options) {
  reply.Map(2);
  reply.Bulk("matches");
  size_t run_count = 0;
  const auto runs = reply.BeginArray();
  lcs.VisitRuns([&](LcsRun run) {
    if (static_cast<int64_t>(run.size) < options.run_size_min) return;
    ++run_count;
    reply.Array(options.wants_run_sizes ? 3 : 2);
    ReplyRange(reply, run.a_first, run.size);
    ReplyRange(reply, run.b_first, run.size);
    if (options.wants_run_sizes) reply.Integer(static_cast<int64_t>(run.size));
  });
  reply.EndArray(runs, run_count);
  reply.Bulk("len");
  reply.Integer(static_cast<int64_t>(lcs.size()));
}

// Redis's limits: sizes that its 32-bit table could not hold, and a table above proto-max-bulk-len.
bool IsWithinLimits(CommandContext& ctx, std::string_view a, std::string_view b) {
  constexpr size_t kBytesMax = std::numeric_limits<uint32_t>::max() - 1;
  if (a.size() >= kBytesMax || b.size() >= kBytesMax) {
    ctx.reply().Error(errors::kLcsTooLong);
    return false;
  }
  if (LcsTable::ClassicBytes(a.size(), b.size()) >
      static_cast<uint64_t>(ctx.string_bytes_max())) {
    ctx.reply().Error(errors::kLcsMemory);
    return false;
  }
  return true;
}

}  // namespace

// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]
void Lcs(CommandContext& ctx, Args args) {
  const KeyRef first = ctx.Read(args[1]);
  const KeyRef second = ctx.Read(args[2]);
  for (const KeyRef& key : {first, second}) {
    if (key && key.entry()->type() != ValueType::kString) {
      return ctx.reply().Error(errors::kLcsNotStrings);
    }
  }
  LcsOptions options;
  if (!ParseLcsOptions(ctx, args, options)) return;
  std::optional<storage::StringView> first_value;
  std::optional<storage::StringView> second_value;
  if (first) first_value.emplace(*first.entry());
  if (second) second_value.emplace(*second.entry());
  const std::string_view a = first ? first_value->bytes() : std::string_view();
  const std::string_view b = second ? second_value->bytes() : std::string_view();
  if (!IsWithinLimits(ctx, a, b)) return;
  const LcsTable lcs(a, b,
                     options.wants_size ? LcsTable::Way::kForgotten : LcsTable::Way::kKept);
  if (options.wants_size) return ctx.reply().Integer(static_cast<int64_t>(lcs.size()));
  if (options.wants_indexes) return ReplyIndexes(ctx.reply(), lcs, options);
  ctx.reply().Bulk(lcs.Text());
}

}  // namespace ringtail::commands::strings
