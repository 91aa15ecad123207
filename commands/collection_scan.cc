#include "commands/collection_scan.h"

#include <limits>

namespace ringtail::commands {
namespace {

// A cursor as strtoul reads it, which is what Redis does: a sign is allowed, no digits are 0.
std::optional<uint64_t> ParseCursor(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  const bool is_negative = text.starts_with('-');
  const bool is_signed = is_negative || text.starts_with('+');
  if (is_signed && text.size() == 1) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text.substr(is_signed ? 1 : 0)) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (__builtin_mul_overflow(value, uint64_t{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, digit, &value)) return std::nullopt;
  }
  return is_negative ? 0 - value : value;
}

}  // namespace

uint64_t ScanOptions::bucket_count_max() const {
  constexpr uint64_t kBucketsPerElement = 10;
  uint64_t bucket_count;
  if (__builtin_mul_overflow(count, kBucketsPerElement, &bucket_count)) {
    return std::numeric_limits<uint64_t>::max();
  }
  return bucket_count;
}

std::optional<uint64_t> ScanCursorArg(CommandContext& ctx, std::string_view arg) {
  const auto cursor = ParseCursor(arg);
  if (!cursor) ctx.reply().Error(errors::kInvalidCursor);
  return cursor;
}

std::optional<ScanOptions> ScanOptionArgs(CommandContext& ctx, Args options, ScanWords words) {
  ScanOptions parsed;
  bool is_wrong = false;
  for (size_t i = 0; i < options.size() && !is_wrong; ++i) {
    const std::string_view word = options[i];
    const bool has_value = i + 1 < options.size();
    if (has_value && EqualsIgnoreCase(word, "COUNT")) {
      const auto count = ctx.IntArg(options[++i]);
      if (!count) return std::nullopt;
      is_wrong = *count < 1;
      parsed.count = static_cast<uint64_t>(*count);
    } else if (has_value && EqualsIgnoreCase(word, "MATCH")) {
      const std::string_view pattern = options[++i];
      parsed.pattern = pattern == "*" ? std::nullopt : std::optional(pattern);
    } else if (has_value && words == ScanWords::kKeyspace && EqualsIgnoreCase(word, "TYPE")) {
      parsed.type_name = options[++i];
    } else if (words == ScanWords::kHash && EqualsIgnoreCase(word, "NOVALUES")) {
      parsed.has_values = false;
    } else {
      is_wrong = true;
    }
  }
  if (!is_wrong) return parsed;
  ctx.SyntaxError();
  return std::nullopt;
}

void ReplyEmptyScan(CommandContext& ctx) {
  BeginScanReply(ctx, 0);
  ctx.reply().EmptyArray();
}

void BeginScanReply(CommandContext& ctx, uint64_t next_cursor) {
  ctx.reply().Array(2);
  ctx.reply().BulkInt(static_cast<int64_t>(next_cursor));
}

}  // namespace ringtail::commands
