// Members chosen by chance: SPOP and SRANDMEMBER.
#include <limits>
#include <string>
#include <vector>

#include "base/parse_number.h"
#include "commands/set_handlers.h"

namespace ringtail::commands::sets {
namespace {

using storage::PackedElement;
using storage::SetEditor;
using storage::SetView;

void EraseAll(CommandContext& ctx, KeyRef& key) {
  ctx.Notify(kNotifySet, "spop", key.name());
  ctx.Delete(key);
  ctx.Effect({"DEL", key.name()});
}

// Answers and keeps the members that are taken out; which they are has to be told to those who
// follow.
class Taken {
 public:
  Taken(CommandContext& ctx, std::string_view key) : ctx_(ctx), is_logged_(ctx.wants_effects()) {
    if (is_logged_) words_ = {"SREM", std::string(key)};
  }
  void operator()(const PackedElement& member) {
    ReplyMember(ctx_, member);
    if (is_logged_) words_.push_back(member.String());
  }
  void Log() {
    const std::vector<std::string_view> effect(words_.begin(), words_.end());
    ctx_.Effect(std::span<const std::string_view>(effect));
  }

 private:
  CommandContext& ctx_;
  const bool is_logged_;
  std::vector<std::string> words_;
};

void PopOne(CommandContext& ctx, std::string_view name) {
  KeyRef key = ctx.Write(name);
  if (!key) return ctx.reply().Null();
  if (!ctx.IsType(key, ValueType::kSet)) return;
  Taken taken(ctx, name);
  bool is_empty = false;
  {
    auto place = ctx.Place(key);
    SetEditor set(place, LimitsOf(ctx));
    set.Pop(ctx.random(), taken);
    is_empty = set.count() == 0;
  }
  ctx.Changed(key);
  ctx.Notify(kNotifySet, "spop", name);
  if (is_empty) ctx.Delete(key);
  taken.Log();
}

void PopCount(CommandContext& ctx, std::string_view name, size_t count) {
  KeyRef key = ctx.Write(name);
  if (!ctx.IsType(key, ValueType::kSet)) return;
  if (!key || count == 0) return ctx.reply().Set(0);
  const SetView view(*key.entry());
  const size_t size = view.count();
  if (count >= size) {
    ctx.reply().Set(size);
    view.ForEach([&](const PackedElement& member) { ReplyMember(ctx, member); });
    return EraseAll(ctx, key);
  }
  ctx.reply().Set(count);
  Taken taken(ctx, name);
  auto place = ctx.Place(key);
  SetEditor(place, LimitsOf(ctx)).PopMany(count, ctx.random(), taken);
  ctx.Changed(key);
  ctx.Notify(kNotifySet, "spop", name);
  taken.Log();
}

// What `count` members drawn from the set are likely to take in a reply.
bool IsReplyTooLarge(CommandContext& ctx, const SetView& set, uint64_t count) {
  constexpr double kBulkBytes = 7;  // "$1\r\n" and "\r\n"
  const size_t set_bytes =
      set.table() != nullptr ? set.table()->footprint_bytes() : set.bytes().size();
  const double member_bytes =
      kBulkBytes + static_cast<double>(set_bytes) / static_cast<double>(set.count());
  return static_cast<double>(count) * member_bytes > static_cast<double>(ctx.string_bytes_max());
}

// The same member may be drawn again and again, so the reply has no bound but this one.
void ReplyRepeated(CommandContext& ctx, const SetView& set, uint64_t count) {
  if (IsReplyTooLarge(ctx, set, count)) return ctx.reply().Error(errors::kRandomCountTooLarge);
  ctx.reply().Array(count);
  for (uint64_t i = 0; i < count; ++i) ReplyMember(ctx, set.Random(ctx.random()));
}

void ReplyDifferent(CommandContext& ctx, const SetView& set, size_t count) {
  const auto reply = [&](const PackedElement& member) { ReplyMember(ctx, member); };
  ctx.reply().Array(std::min(count, set.count()));
  count >= set.count() ? set.ForEach(reply) : set.Sample(count, ctx.random(), reply);
}

}  // namespace

// SPOP key [count]
void Pop(CommandContext& ctx, Args args) {
  if (args.size() == 2) return PopOne(ctx, args[1]);
  if (args.size() > 3) return ctx.SyntaxError();
  const auto count = ParseInt64(args[2]);
  if (!count || *count < 0) return ctx.reply().Error(errors::kNotPositive);
  PopCount(ctx, args[1], static_cast<size_t>(*count));
}

// SRANDMEMBER key [count]
void RandMember(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.SyntaxError();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const auto count = args.size() == 2
                         ? std::optional<int64_t>(1)
                         : ctx.IntArgIn(args[2], -kMax, kMax, errors::kRandomCountRange);
  if (!count) return;
  const KeyRef key = ctx.Read(args[1]);
  if (args.size() == 2 && !key) return ctx.reply().Null();
  if (!ctx.IsType(key, ValueType::kSet)) return;
  if (!key || *count == 0) return ctx.reply().EmptyArray();
  const SetView set(*key.entry());
  if (args.size() == 2) return ReplyMember(ctx, set.Random(ctx.random()));
  *count < 0 ? ReplyRepeated(ctx, set, static_cast<uint64_t>(-*count))
             : ReplyDifferent(ctx, set, static_cast<size_t>(*count));
}

}  // namespace ringtail::commands::sets
