#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/parse_number.h"
#include "commands/bit_words.h"
#include "commands/bitmap_handlers.h"
#include "commands/context.h"

namespace ringtail::commands {
namespace bitmaps {

std::optional<uint64_t> BitOffsetArg(CommandContext& ctx, std::string_view arg,
                                     unsigned field_bits) {
  const bool is_field = field_bits > 0 && arg.starts_with('#');
  auto offset = ParseInt64(arg.substr(is_field ? 1 : 0));
  // The product wraps around, as it does in Redis: `#` and a huge number mean some offset or other.
  if (offset && is_field) {
    offset = static_cast<int64_t>(static_cast<uint64_t>(*offset) * field_bits);
  }
  if (offset && *offset >= 0 && *offset / 8 < ctx.string_bytes_max()) return static_cast<uint64_t>(*offset);
  ctx.reply().Error(errors::kBitOffset);
  return std::nullopt;
}

}  // namespace bitmaps

namespace {

// GETBIT key offset
void GetBitCommand(CommandContext& ctx, Args args) {
  const auto bit = bitmaps::BitOffsetArg(ctx, args[2]);
  if (!bit) return;
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Integer(0);
  const storage::StringView value(*key.entry());
  ctx.reply().Integer(GetBit(value.bytes(), *bit) ? 1 : 0);
}

// SETBIT key offset value
void SetBitCommand(CommandContext& ctx, Args args) {
  const auto bit = bitmaps::BitOffsetArg(ctx, args[2]);
  if (!bit) return;
  const auto value = ctx.IntArg(args[3], errors::kBitValue);
  if (!value) return;
  if (*value != 0 && *value != 1) return ctx.reply().Error(errors::kBitValue);
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  const size_t old_size = key ? storage::StringBytes(*key.entry()) : 0;
  const auto bytes = ctx.OpenBytes(key, std::max<size_t>(old_size, *bit / 8 + 1));
  const bool old_value = GetBit({bytes.data(), bytes.size()}, *bit);
  if (old_value != (*value == 1) || bytes.size() != old_size) {
    SetBit(bytes, *bit, *value == 1);
    ctx.Changed(key);
    ctx.Notify(kNotifyString, "setbit", args[1]);
  }
  ctx.reply().Integer(old_value ? 1 : 0);
}

// A range of bits as BITCOUNT and BITPOS are given it: two places in bytes or bits, counted from the end where
// negative, both included.
struct PlaceRange {
  int64_t start = 0;
  int64_t end = -1;
  bool is_in_bits = false;
};
struct BitRange {
  uint64_t first = 0;
  uint64_t end = 0;
};

BitRange Resolve(PlaceRange places, size_t byte_count) {
  const auto size = static_cast<int64_t>(byte_count) * (places.is_in_bits ? 8 : 1);
  if (places.start < 0) places.start = std::max<int64_t>(0, places.start + size);
  if (places.end < 0) places.end = std::max<int64_t>(0, places.end + size);
  places.end = std::min(places.end, size - 1);
  if (places.start > places.end) return {};
  const uint64_t unit = places.is_in_bits ? 1 : 8;
  return {static_cast<uint64_t>(places.start) * unit,
          (static_cast<uint64_t>(places.end) + 1) * unit};
}

bool ParseUnit(CommandContext& ctx, std::string_view word, PlaceRange& places) {
  places.is_in_bits = EqualsIgnoreCase(word, "BIT");
  if (places.is_in_bits || EqualsIgnoreCase(word, "BYTE")) return true;
  ctx.SyntaxError();
  return false;
}

// BITCOUNT key [start end [BYTE | BIT]]
void BitCount(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  if (!key) return ctx.reply().Integer(0);
  const storage::StringView value(*key.entry());
  if (args.size() == 2) {
    return ctx.reply().Integer(static_cast<int64_t>(CountBits(value.bytes())));
  }
  if (args.size() != 4 && args.size() != 5) return ctx.SyntaxError();
  const auto start = ctx.IntArg(args[2]);
  if (!start) return;
  const auto end = ctx.IntArg(args[3]);
  if (!end) return;
  PlaceRange places{.start = *start, .end = *end};
  // As for GETRANGE; Redis answers this before it looks at the unit.
  if (*start < 0 && *end < 0 && *start > *end) return ctx.reply().Integer(0);
  if (args.size() == 5 && !ParseUnit(ctx, args[4], places)) return;
  const BitRange range = Resolve(places, value.bytes().size());
  ctx.reply().Integer(static_cast<int64_t>(CountBits(value.bytes(), range.first, range.end)));
}

// BITPOS key bit [start [end [BYTE | BIT]]]
void BitPos(CommandContext& ctx, Args args) {
  const auto bit = ctx.IntArg(args[2]);
  if (!bit) return;
  if (*bit != 0 && *bit != 1) return ctx.reply().Error(errors::kBitArgument);
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  // An absent key is zeros without end.
  if (!key) return ctx.reply().Integer(*bit == 1 ? -1 : 0);
  if (args.size() > 6) return ctx.SyntaxError();
  PlaceRange places;
  if (args.size() > 3) {
    const auto start = ctx.IntArg(args[3]);
    if (!start) return;
    places.start = *start;
  }
  if (args.size() == 6 && !ParseUnit(ctx, args[5], places)) return;
  const bool has_end = args.size() > 4;
  if (has_end) {
    const auto end = ctx.IntArg(args[4]);
    if (!end) return;
    places.end = *end;
  }
  const storage::StringView value(*key.entry());
  const BitRange range = Resolve(places, value.bytes().size());
  if (range.first == range.end) return ctx.reply().Integer(-1);
  const uint64_t found = FindBit(value.bytes(), range.first, range.end, *bit == 1);
  // Behind a string whose end was not named lie zeros.
  const bool is_found = found != range.end || (*bit == 0 && !has_end);
  ctx.reply().Integer(is_found ? static_cast<int64_t>(found) : -1);
}

// What BITOP does with its sources X, Y1, Y2, …
enum class BitOpKind : uint8_t {
  kAnd,
  kOr,
  kXor,
  kNot,
  kDiff,   // X without any Y
  kDiff1,  // any Y, but not X
  kAndOr,  // X and any Y
  kOne,    // exactly one of all
};

struct BitOpWord {
  std::string_view word;
  BitOpKind kind;
  size_t source_count_min = 1;
};
constexpr BitOpWord kBitOpWords[] = {
    {"AND", BitOpKind::kAnd},       {"OR", BitOpKind::kOr},        {"XOR", BitOpKind::kXor},
    {"NOT", BitOpKind::kNot},       {"DIFF", BitOpKind::kDiff, 2}, {"DIFF1", BitOpKind::kDiff1, 2},
    {"ANDOR", BitOpKind::kAndOr, 2}, {"ONE", BitOpKind::kOne},
};

// The operation, or nothing after having answered that there is none or not for so many sources.
std::optional<BitOpKind> ParseBitOp(CommandContext& ctx, std::string_view word,
                                    size_t source_count) {
  for (const BitOpWord& known : kBitOpWords) {
    if (!EqualsIgnoreCase(word, known.word)) continue;
    if (known.kind == BitOpKind::kNot && source_count != 1) {
      ctx.reply().Error(errors::kBitopNot);
      return std::nullopt;
    }
    if (source_count < known.source_count_min) {
      ctx.reply().Error(errors::BitopOneSource(known.word));
      return std::nullopt;
    }
    return known.kind;
  }
  ctx.SyntaxError();
  return std::nullopt;
}

using Sources = std::span<const Entry* const>;  // null is an absent key, which is zeros

void CombineSource(BitOperation operation, std::span<char> target, const Entry* source) {
  if (source == nullptr) return Combine(operation, target, {});
  const storage::StringView value(*source);
  Combine(operation, target, value.bytes());
}

// The first source, padded with zeros, then the others one after the other.
void CombineAll(BitOperation operation, Sources sources, std::span<char> target) {
  size_t copied = 0;
  if (sources[0] != nullptr) {
    const storage::StringView value(*sources[0]);
    copied = value.bytes().size();
    std::memcpy(target.data(), value.bytes().data(), copied);
  }
  std::memset(target.data() + copied, 0, target.size() - copied);
  for (const Entry* source : sources.subspan(1)) CombineSource(operation, target, source);
}

void CombineOnceAll(Sources sources, std::span<char> target) {
  std::vector<char> often(target.size());
  std::memset(target.data(), 0, target.size());
  for (const Entry* source : sources) {
    if (source == nullptr) continue;
    const storage::StringView value(*source);
    CombineOnce(target, often, value.bytes());
  }
}

void RunBitOp(BitOpKind kind, Sources sources, std::span<char> target) {
  switch (kind) {
    case BitOpKind::kAnd:
      return CombineAll(BitOperation::kAnd, sources, target);
    case BitOpKind::kOr:
      return CombineAll(BitOperation::kOr, sources, target);
    case BitOpKind::kXor:
      return CombineAll(BitOperation::kXor, sources, target);
    case BitOpKind::kNot:
      CombineAll(BitOperation::kOr, sources, target);
      return Invert(target);
    case BitOpKind::kDiff:
      return CombineAll(BitOperation::kAndNot, sources, target);
    case BitOpKind::kDiff1:
      CombineAll(BitOperation::kOr, sources.subspan(1), target);
      return CombineSource(BitOperation::kAndNot, target, sources[0]);
    case BitOpKind::kAndOr:
      CombineAll(BitOperation::kOr, sources.subspan(1), target);
      return CombineSource(BitOperation::kAnd, target, sources[0]);
    case BitOpKind::kOne:
      return CombineOnceAll(sources, target);
  }
}

// BITOP operation destination key [key ...]
void BitOp(CommandContext& ctx, Args args) {
  const auto kind = ParseBitOp(ctx, args[1], args.size() - 3);
  if (!kind) return;
  std::vector<const Entry*> sources;
  sources.reserve(args.size() - 3);
  size_t size = 0;
  for (const std::string_view name : args.subspan(3)) {
    const KeyRef key = ctx.Read(name);
    if (!ctx.IsType(key, ValueType::kString)) return;
    sources.push_back(key.entry());
    if (key) size = std::max(size, storage::StringBytes(*key.entry()));
  }
  if (size == 0) {
    KeyRef destination = ctx.Write(args[2]);
    if (destination) {
      ctx.Delete(destination);
      ctx.Effect({"DEL", args[2]});
    }
    return ctx.reply().Integer(0);
  }
  const storage::RawString result = storage::MakeRaw(args[2], size, /*is_volatile=*/false);
  RunBitOp(*kind, sources, result.bytes);
  KeyRef destination = ctx.Write(args[2]);
  ctx.Put(destination, result.entry);
  ctx.Notify(kNotifyString, "set", args[2]);
  ctx.reply().Integer(static_cast<int64_t>(size));
}

constexpr unsigned kRoAccess = kKeyRo | kKeyAccess;
constexpr unsigned kRwUpdate = kKeyRw | kKeyAccess | kKeyUpdate;

constexpr KeySpec BitfieldKey() {
  KeySpec spec = OneKey(kRwUpdate | kKeyVariableFlags);
  spec.notes = "This command allows both access and modification of the key";
  return spec;
}

constexpr CommandSpec kCommands[] = {
    {.name = "BITCOUNT", .arity = -2, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatBitmap, .handler = BitCount, .group = "bitmap", .since = "2.6.0",
     .complexity = "O(N) with N the length of the range",
     .summary = "Counts the set bits of a string or of a range of it."},
    {.name = "BITFIELD", .arity = -2, .flags = kWrite | kDenyOom, .keys = {BitfieldKey()},
     .categories = kCatBitmap, .handler = bitmaps::Bitfield,
     .key_finder = bitmaps::FindBitfieldKey, .group = "bitmap", .since = "3.2.0",
     .complexity = "O(1) for each operation",
     .summary = "Reads and changes integers of any width within a string."},
    {.name = "BITFIELD_RO", .arity = -2, .flags = kRead | kFast, .keys = {OneKey(kRoAccess)},
     .categories = kCatBitmap, .handler = bitmaps::BitfieldRo, .group = "bitmap",
     .since = "6.0.0", .complexity = "O(1) for each operation",
     .summary = "Reads integers of any width within a string."},
    {.name = "BITOP", .arity = -4, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyOw | kKeyUpdate, 2), KeyRange(kRoAccess, 3, -1)},
     .categories = kCatBitmap, .handler = BitOp, .group = "bitmap", .since = "2.6.0",
     .complexity = "O(N) with N the total length of the strings",
     .summary = "Combines strings bit by bit and stores the result."},
    {.name = "BITPOS", .arity = -3, .flags = kRead, .keys = {OneKey(kRoAccess)},
     .categories = kCatBitmap, .handler = BitPos, .group = "bitmap", .since = "2.8.7",
     .complexity = "O(N) with N the length of the range",
     .summary = "Finds the first set or clear bit of a string or of a range of it."},
    {.name = "GETBIT", .arity = 3, .flags = kRead | kFast, .keys = {OneKey(kRoAccess)},
     .categories = kCatBitmap, .handler = GetBitCommand, .group = "bitmap", .since = "2.2.0",
     .complexity = "O(1)", .summary = "Returns one bit of a string."},
    {.name = "SETBIT", .arity = 4, .flags = kWrite | kDenyOom, .keys = {OneKey(kRwUpdate)},
     .categories = kCatBitmap, .handler = SetBitCommand, .group = "bitmap", .since = "2.2.0",
     .complexity = "O(1) but when the string grows",
     .summary = "Sets or clears one bit of a string and returns what it was."},
};

}  // namespace

std::span<const CommandSpec> BitmapCommands() { return kCommands; }

}  // namespace ringtail::commands
