#include "commands/stream_arguments.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>

#include "base/parse_number.h"

namespace ringtail::commands::streams {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
// Redis copies ids into 128 bytes, and refuses what does not fit.
constexpr size_t kIdBytesMax = 127;

// Up to 19 digits cannot overflow, and nearly all numbers are so.
std::optional<uint64_t> ParseDigits(std::string_view text) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

// What is no canonical integer is tried with strtoull, which takes spaces, signs and leading zeros.
std::optional<uint64_t> ParseUnsigned(std::string_view text) {
  if (const auto digits = ParseDigits(text)) return digits;
  if (const auto number = ParseInt64(text)) {
    if (*number < 0) return std::nullopt;
    return static_cast<uint64_t>(*number);
  }
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const unsigned long long value = std::strtoull(terminated.c_str(), &end, 10);
  if (errno != 0 || terminated.empty() || *end != '\0') return std::nullopt;
  return value;
}

// An interval's end: - and + are ids here, if they stand alone.
std::optional<StreamId> ParseEndpoint(CommandContext& ctx, std::string_view arg,
                                      uint64_t missing_seq, bool& is_excluded) {
  is_excluded = arg.size() > 1 && arg[0] == '(';
  std::optional<StreamId> id;
  if (is_excluded) {
    id = ParseId(arg.substr(1), missing_seq);
  } else if (arg.size() <= kIdBytesMax && AsCString(arg) == "-") {
    return StreamId{};
  } else if (arg.size() <= kIdBytesMax && AsCString(arg) == "+") {
    return StreamId::Max();
  } else {
    id = ParseId(arg, missing_seq);
  }
  if (!id) ctx.reply().Error(errors::kStreamId);
  return id;
}

}  // namespace

// ---- Ids

std::optional<StreamId> ParseId(std::string_view arg, uint64_t missing_seq) {
  if (arg.size() > kIdBytesMax) return std::nullopt;
  const std::string_view text = AsCString(arg);
  const size_t dash = text.find('-');
  const auto ms = ParseUnsigned(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == text.npos) return StreamId{*ms, missing_seq};
  const auto seq = ParseUnsigned(text.substr(dash + 1));
  if (!seq) return std::nullopt;
  return StreamId{*ms, *seq};
}

std::optional<StreamId> IdArg(CommandContext& ctx, std::string_view arg) {
  const auto id = ParseId(arg, 0);
  if (!id) ctx.reply().Error(errors::kStreamId);
  return id;
}

std::optional<std::vector<StreamId>> IdArgs(CommandContext& ctx, Args args) {
  std::vector<StreamId> ids;
  ids.reserve(args.size());
  for (const std::string_view arg : args) {
    const auto id = IdArg(ctx, arg);
    if (!id) return std::nullopt;
    ids.push_back(*id);
  }
  return ids;
}

std::string IdText(StreamId id) { return std::to_string(id.ms) + "-" + std::to_string(id.seq); }

std::optional<StreamId> IntervalStart(CommandContext& ctx, std::string_view arg) {
  bool is_excluded = false;
  auto id = ParseEndpoint(ctx, arg, 0, is_excluded);
  if (id && is_excluded && !id->Increment()) {
    ctx.reply().Error(errors::kStreamRangeStart);
    return std::nullopt;
  }
  return id;
}

std::optional<StreamId> IntervalEnd(CommandContext& ctx, std::string_view arg) {
  bool is_excluded = false;
  auto id = ParseEndpoint(ctx, arg, kMax, is_excluded);
  if (id && is_excluded && !id->Decrement()) {
    ctx.reply().Error(errors::kStreamRangeEnd);
    return std::nullopt;
  }
  return id;
}

// ---- References

std::optional<References> ParseReferences(std::string_view word) {
  for (const References references :
       {References::kKeep, References::kDelete, References::kAcknowledged}) {
    if (EqualsIgnoreCase(word, NameOf(references))) return references;
  }
  return std::nullopt;
}

std::string_view NameOf(References references) {
  switch (references) {
    case References::kDelete:
      return "DELREF";
    case References::kAcknowledged:
      return "ACKED";
    default:
      return "KEEPREF";
  }
}

bool IsReferenced(const Stream& stream, StreamId id) {
  return std::any_of(stream.groups().begin(), stream.groups().end(), [&](const auto& named) {
    const storage::StreamGroup& group = named.second;
    return group.last_id() < id || group.pending().Find(id) != group.pending().end();
  });
}

bool DropReferences(Stream& stream, StreamId id) {
  bool was_referenced = false;
  for (auto& [name, group] : stream.groups()) was_referenced |= group.Acknowledge(id);
  return was_referenced;
}

// ---- Trimming

namespace {

// MAXLEN or MINID at args[at], with what belongs to it; moves `at` to the last of these.
bool ParseThreshold(CommandContext& ctx, Args args, size_t& at, StreamTrim::Kind kind,
                    TrimOptions& options) {
  StreamTrim& trim = options.trim;
  if (trim.kind != StreamTrim::Kind::kNone) {
    ctx.reply().Error(errors::kStreamTwoTrims);
    return false;
  }
  trim.is_approximate = false;
  const bool has_more = at + 2 < args.size();
  if (has_more && (AsCString(args[at + 1]) == "~" || AsCString(args[at + 1]) == "=")) {
    trim.is_approximate = args[at + 1][0] == '~';
    ++at;
  }
  options.threshold = args[++at];
  if (kind == StreamTrim::Kind::kLength) {
    const auto length = ctx.IntArg(args[at]);
    if (!length) return false;
    if (*length < 0) {
      ctx.reply().Error(errors::kStreamMaxLen);
      return false;
    }
    trim.length_max = *length;
  } else {
    const auto id = IdArg(ctx, args[at]);
    if (!id) return false;
    trim.id_min = *id;
  }
  trim.kind = kind;
  return true;
}

// XADD's id; * alone never comes here.
bool ParseNewId(CommandContext& ctx, std::string_view arg, TrimOptions& options) {
  using IdForm = TrimOptions::IdForm;
  const std::string_view text = AsCString(arg);
  const size_t dash = text.find('-');
  if (arg.size() <= kIdBytesMax && dash != text.npos && text.substr(dash + 1) == "*") {
    const auto ms = ParseUnsigned(text.substr(0, dash));
    if (!ms) {
      ctx.reply().Error(errors::kStreamId);
      return false;
    }
    options.id_form = IdForm::kAutoSeq;
    options.id = {*ms, 0};
    return true;
  }
  const auto id = IdArg(ctx, arg);
  if (!id) return false;
  options.id_form = IdForm::kWhole;
  options.id = *id;
  return true;
}

// How much an approximate trim that was given no limit does at once.
int64_t DefaultDeletionsMax(CommandContext& ctx) {
  constexpr int64_t kBlocks = 100;
  constexpr int64_t kMost = 1'000'000;
  const int64_t entries_max = ctx.services().limits.encodings.stream_node_entries_max;
  if (entries_max <= 0) return 10'000;
  return entries_max > kMost / kBlocks ? kMost : entries_max * kBlocks;
}

}  // namespace

bool ParseTrimOptions(CommandContext& ctx, Args args, TrimCommand command, TrimOptions& options) {
  const bool is_add = command == TrimCommand::kXAdd;
  std::optional<int64_t> limit;
  bool has_references = false;
  size_t at = 2;
  for (; at < args.size(); ++at) {
    const std::string_view word = args[at];
    const bool has_more = at + 1 < args.size();
    if (is_add && AsCString(word) == "*") break;
    if (has_more && EqualsIgnoreCase(word, "MAXLEN")) {
      if (!ParseThreshold(ctx, args, at, StreamTrim::Kind::kLength, options)) return false;
    } else if (has_more && EqualsIgnoreCase(word, "MINID")) {
      if (!ParseThreshold(ctx, args, at, StreamTrim::Kind::kBelowId, options)) return false;
    } else if (has_more && EqualsIgnoreCase(word, "LIMIT")) {
      limit = ctx.IntArg(args[++at]);
      if (!limit) return false;
      if (*limit < 0) {
        ctx.reply().Error(errors::kStreamLimit);
        return false;
      }
    } else if (is_add && EqualsIgnoreCase(word, "NOMKSTREAM")) {
      options.is_key_required = true;
    } else if (const auto references = ParseReferences(word); references && !has_references) {
      options.references = *references;
      has_references = true;
    } else if (is_add) {
      if (!ParseNewId(ctx, word, options)) return false;
      break;
    } else {
      ctx.SyntaxError();
      return false;
    }
  }
  options.next_arg = at;
  StreamTrim& trim = options.trim;
  const bool has_trim = trim.kind != StreamTrim::Kind::kNone;
  std::string_view error;
  if (limit.value_or(0) != 0 && !has_trim) {
    error = errors::kStreamLimitAlone;
  } else if (!is_add && !has_trim) {
    error = errors::kStreamNoTrim;
  } else if (limit && !trim.is_approximate) {
    error = errors::kStreamLimitOfExact;
  }
  if (!error.empty()) {
    ctx.reply().Error(error);
    return false;
  }
  if (trim.is_approximate) trim.deletions_max = limit ? *limit : DefaultDeletionsMax(ctx);
  return true;
}

int64_t Trim(Stream& stream, const TrimOptions& options) {
  if (options.references == References::kKeep || stream.groups().empty()) {
    return stream.Trim(options.trim);
  }
  // Each entry is looked at anyway, so that whole blocks are no cheaper: what may be approximate is
  // exact.
  StreamTrim trim = options.trim;
  trim.is_approximate = false;
  trim.deletions_max = 0;
  if (options.references == References::kDelete) {
    return stream.Trim(trim, [&](StreamId id) {
      DropReferences(stream, id);
      return true;
    });
  }
  return stream.Trim(trim, [&](StreamId id) { return !IsReferenced(stream, id); });
}

void AppendTrimEffect(const Stream& stream, const TrimOptions& options,
                      std::vector<std::string>& words) {
  const StreamTrim& trim = options.trim;
  if (trim.kind == StreamTrim::Kind::kNone) return;
  const bool is_length = trim.kind == StreamTrim::Kind::kLength;
  const bool keeps_references = options.references == References::kKeep;
  if (!keeps_references) words.emplace_back(NameOf(options.references));
  words.emplace_back(is_length ? "MAXLEN" : "MINID");
  words.emplace_back("=");
  if (!trim.is_approximate || (!keeps_references && !stream.groups().empty())) {
    words.emplace_back(options.threshold);
  } else if (is_length) {
    words.push_back(std::to_string(stream.length()));
  } else {
    // Of an empty stream all entries were below the threshold.
    words.push_back(stream.length() == 0 ? std::string(options.threshold)
                                         : IdText(stream.first_id()));
  }
}

void LogEffect(CommandContext& ctx, const std::vector<std::string>& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  ctx.Effect(views);
}

}  // namespace ringtail::commands::streams
