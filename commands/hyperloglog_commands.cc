// HyperLogLog: how many different ones, roughly.
#include <bit>
#include <memory>
#include <string>

#include "commands/context.h"
#include "storage/hyperloglog.h"

namespace ringtail::commands {
namespace {

namespace hyperloglog = storage::hyperloglog;
using hyperloglog::Outcome;
using storage::StringView;

// True if the key is absent or holds one; else answers why not.
bool IsHyperLogLog(CommandContext& ctx, const KeyRef& key) {
  if (!ctx.IsType(key, ValueType::kString)) return false;
  if (!key || hyperloglog::IsHyperLogLog(StringView(*key.entry()).bytes())) return true;
  ctx.reply().Error(errors::kNotHyperLogLog);
  return false;
}

// Redis keeps these strings unencoded from the first look on; OBJECT ENCODING shows it.
void MarkRaw(const KeyRef& key) {
  if (key && key.entry()->encoding() == storage::Encoding::kBlob) key.entry()->SetRaw(true);
}

void StoreBytes(CommandContext& ctx, KeyRef& key, std::string_view bytes) {
  ctx.AmendString(key, bytes);
  MarkRaw(key);
}

std::string CopyOrEmpty(const KeyRef& key) {
  return key ? std::string(StringView(*key.entry()).bytes()) : hyperloglog::MakeEmpty();
}

size_t SparseBytesMax(CommandContext& ctx) {
  return static_cast<size_t>(
      ctx.services().limits.encodings.hll_sparse_bytes_max.load(std::memory_order_relaxed));
}

// ---- PFADD

// Whether a register changed; nothing after having answered that the bytes are corrupt. As in
// Redis, what the elements in front of the corrupt place have changed stays; and those who follow
// the log change as much.
std::optional<bool> AddToCopy(CommandContext& ctx, KeyRef& key, Args elements) {
  std::string bytes = CopyOrEmpty(key);
  bool is_changed = !key;
  bool is_corrupt = false;
  for (size_t i = 0; i < elements.size() && !is_corrupt; ++i) {
    const Outcome outcome =
        hyperloglog::Raise(bytes, hyperloglog::Observe(elements[i]), SparseBytesMax(ctx));
    is_corrupt = outcome == Outcome::kCorrupt;
    is_changed |= outcome == Outcome::kChanged;
  }
  if (is_changed) {
    hyperloglog::DropCachedCount(bytes);
    StoreBytes(ctx, key, bytes);
  }
  if (!is_corrupt) return is_changed;
  ctx.reply().Error(errors::kCorruptHyperLogLog);
  return std::nullopt;
}

// Where it lies, and only if something is to be changed.
bool AddToDense(CommandContext& ctx, KeyRef& key, Args elements) {
  std::span<char> writable;
  for (const std::string_view element : elements) {
    const auto observation = hyperloglog::Observe(element);
    if (writable.empty()) {
      const StringView value(*key.entry());
      if (!hyperloglog::IsAbove(value.bytes(), observation)) continue;
      writable = ctx.AmendBytes(key, value.bytes().size());
      hyperloglog::DropCachedCount(writable);
    }
    hyperloglog::RaiseDense(writable, observation);
  }
  return !writable.empty();
}

// PFADD key [element ...]
void PfAdd(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[1]);
  if (!IsHyperLogLog(ctx, key)) return;
  MarkRaw(key);
  const Args elements = args.subspan(2);
  const bool is_dense = key && hyperloglog::IsDense(StringView(*key.entry()).bytes());
  const auto is_changed = is_dense ? std::optional(AddToDense(ctx, key, elements))
                                   : AddToCopy(ctx, key, elements);
  if (is_changed.value_or(false)) ctx.Notify(kNotifyString, "pfadd", args[1]);
  if (is_changed) ctx.reply().Integer(*is_changed ? 1 : 0);
}

// ---- PFCOUNT

// Counts one, and keeps the count in its header.
void CountOne(CommandContext& ctx, std::string_view name) {
  KeyRef key = ctx.Read(name);
  if (!IsHyperLogLog(ctx, key)) return;
  if (!key) return ctx.reply().Integer(0);
  MarkRaw(key);
  const StringView value(*key.entry());
  const size_t size = value.bytes().size();
  auto count = hyperloglog::CachedCount(value.bytes());
  if (!count) {
    count = hyperloglog::Count(value.bytes());
    if (!count) return ctx.reply().Error(errors::kCorruptHyperLogLog);
    hyperloglog::SetCachedCount(ctx.AmendBytes(key, size), *count);
  }
  ctx.reply().Integer(static_cast<int64_t>(*count));
}

// What a merge of keys found out, besides the registers.
enum class Merged : uint8_t { kSparse, kDense, kFailed };

// Raises the registers to those of all keys; kFailed after having answered why.
Merged MergeAll(CommandContext& ctx, Args names, hyperloglog::Registers& registers) {
  Merged merged = Merged::kSparse;
  for (const std::string_view name : names) {
    const KeyRef key = ctx.Read(name);
    if (!IsHyperLogLog(ctx, key)) return Merged::kFailed;
    if (!key) continue;
    const StringView value(*key.entry());
    if (hyperloglog::IsDense(value.bytes())) merged = Merged::kDense;
    if (!hyperloglog::Merge(registers, value.bytes())) {
      ctx.reply().Error(errors::kCorruptHyperLogLog);
      return Merged::kFailed;
    }
  }
  return merged;
}

// PFCOUNT key [key ...]
void PfCount(CommandContext& ctx, Args args) {
  if (args.size() == 2) return CountOne(ctx, args[1]);
  hyperloglog::Registers registers{};
  if (MergeAll(ctx, args.subspan(1), registers) == Merged::kFailed) return;
  ctx.reply().Integer(static_cast<int64_t>(hyperloglog::Count(registers)));
}

// ---- PFMERGE

// PFMERGE destination [source ...]
void PfMerge(CommandContext& ctx, Args args) {
  hyperloglog::Registers registers{};
  const Merged merged = MergeAll(ctx, args.subspan(1), registers);
  if (merged == Merged::kFailed) return;
  KeyRef key = ctx.Write(args[1]);
  std::string bytes = CopyOrEmpty(key);
  if (merged == Merged::kDense && !hyperloglog::MakeDense(bytes)) {
    return ctx.reply().Error(errors::kCorruptHyperLogLog);
  }
  for (uint32_t i = 0; i < registers.size(); ++i) {
    if (registers[i] != 0) hyperloglog::Raise(bytes, {i, registers[i]}, SparseBytesMax(ctx));
  }
  hyperloglog::DropCachedCount(bytes);
  StoreBytes(ctx, key, bytes);
  ctx.Notify(kNotifyString, "pfadd", args[1]);
  ctx.reply().Ok();
}

// ---- PFDEBUG, PFSELFTEST

// Makes it dense; false after having answered that it is corrupt.
bool StoreDense(CommandContext& ctx, KeyRef& key) {
  std::string bytes(StringView(*key.entry()).bytes());
  if (!hyperloglog::MakeDense(bytes)) {
    ctx.reply().Error(errors::kCorruptHyperLogLog);
    return false;
  }
  StoreBytes(ctx, key, bytes);
  return true;
}

void ReplyRegisters(CommandContext& ctx, KeyRef& key, bool is_dense) {
  if (!is_dense && !StoreDense(ctx, key)) return;
  const StringView value(*key.entry());
  ctx.reply().Array(hyperloglog::kRegisterCount);
  for (size_t i = 0; i < hyperloglog::kRegisterCount; ++i) {
    ctx.reply().Integer(hyperloglog::DenseRegister(value.bytes(), i));
  }
}

// PFDEBUG GETREG | DECODE | ENCODING | TODENSE key
void PfDebug(CommandContext& ctx, Args args) {
  KeyRef key = ctx.Write(args[2]);
  if (!key) return ctx.reply().Error(errors::kNoSuchHyperLogLog);
  if (!IsHyperLogLog(ctx, key)) return;
  MarkRaw(key);
  const bool is_dense = hyperloglog::IsDense(StringView(*key.entry()).bytes());
  if (EqualsIgnoreCase(args[1], "GETREG")) return ReplyRegisters(ctx, key, is_dense);
  if (EqualsIgnoreCase(args[1], "DECODE")) {
    if (is_dense) return ctx.reply().Error(errors::kHyperLogLogNotSparse);
    return ctx.reply().Bulk(hyperloglog::DescribeSparse(StringView(*key.entry()).bytes()));
  }
  if (EqualsIgnoreCase(args[1], "ENCODING")) {
    return ctx.reply().SimpleString(is_dense ? "dense" : "sparse");
  }
  if (EqualsIgnoreCase(args[1], "TODENSE")) {
    if (is_dense) return ctx.reply().Integer(0);
    if (StoreDense(ctx, key)) ctx.reply().Integer(1);
    return;
  }
  ctx.reply().Error(errors::UnknownPfDebug(args[1]));
}

// Every register takes every value and leaves its neighbours alone.
bool AreRegistersSound() {
  std::string bytes = hyperloglog::MakeEmpty();
  if (!hyperloglog::MakeDense(bytes)) return false;
  for (uint8_t value = 1; value < 64; ++value) {
    for (uint32_t i = 0; i < hyperloglog::kRegisterCount; ++i) {
      if (i % 64 >= value) hyperloglog::RaiseDense(bytes, {i, value});
    }
  }
  for (size_t i = 0; i < hyperloglog::kRegisterCount; ++i) {
    if (hyperloglog::DenseRegister(bytes, i) != i % 64) return false;
  }
  return true;
}

// Estimates stay within six standard errors (0.81 % each), and sparse and dense ones are the same.
bool AreEstimatesSound() {
  constexpr uint64_t kElements = 100'000;
  constexpr double kErrorMax = 6 * 0.0081;
  constexpr size_t kSparseBytesMax = 3000;
  std::string sparse = hyperloglog::MakeEmpty();
  std::string dense = sparse;
  if (!hyperloglog::MakeDense(dense)) return false;
  for (uint64_t i = 1; i <= kElements; ++i) {
    const auto observation = hyperloglog::Observe(std::to_string(i * 0x9e3779b97f4a7c15));
    hyperloglog::Raise(sparse, observation, kSparseBytesMax);
    hyperloglog::Raise(dense, observation, kSparseBytesMax);
    if (!std::has_single_bit(i) && i != kElements) continue;
    const auto count = hyperloglog::Count(dense);
    if (!count || count != hyperloglog::Count(sparse)) return false;
    const double error = static_cast<double>(*count) - static_cast<double>(i);
    if (std::abs(error) > 1 + kErrorMax * static_cast<double>(i)) return false;
  }
  return true;
}

// PFSELFTEST
void PfSelfTest(CommandContext& ctx, Args) {
  if (!AreRegistersSound()) return ctx.reply().Error(errors::kRegistersUnsound);
  if (!AreEstimatesSound()) return ctx.reply().Error(errors::kEstimatesUnsound);
  ctx.reply().Ok();
}

// ---- The table

constexpr KeySpec CountedKey() {
  KeySpec spec = KeyRange(kKeyRw | kKeyAccess, 1, -1);
  spec.notes =
      "RW because it may change the internal representation of the key, and propagate to replicas";
  return spec;
}

constexpr CommandSpec kCommands[] = {
    {.name = "PFADD", .arity = -2, .flags = kWrite | kDenyOom | kFast,
     .keys = {OneKey(kKeyRw | kKeyInsert)}, .categories = kCatHyperLogLog, .handler = PfAdd,
     .group = "hyperloglog", .since = "2.8.9", .complexity = "O(1) for each element",
     .summary = "Counts elements that a HyperLogLog has not seen."},
    {.name = "PFCOUNT", .arity = -2, .flags = kRead | kMayReplicate, .keys = {CountedKey()},
     .categories = kCatHyperLogLog, .handler = PfCount, .group = "hyperloglog", .since = "2.8.9",
     .complexity = "O(1) for a key that did not change, else O(N) with N the keys",
     .summary = "Estimates how many different elements were seen."},
    {.name = "PFDEBUG", .arity = 3, .flags = kWrite | kDenyOom | kAdmin,
     .keys = {OneKey(kKeyRw | kKeyAccess, 2)}, .categories = kCatHyperLogLog, .handler = PfDebug,
     .group = "hyperloglog", .since = "2.8.9", .complexity = "O(1)",
     .summary = "Shows how a HyperLogLog is kept."},
    {.name = "PFMERGE", .arity = -2, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyRw | kKeyAccess | kKeyInsert), KeyRange(kKeyRo | kKeyAccess, 2, -1)},
     .categories = kCatHyperLogLog, .handler = PfMerge, .group = "hyperloglog", .since = "2.8.9",
     .complexity = "O(N) with N the keys",
     .summary = "Makes one HyperLogLog of what several have seen."},
    {.name = "PFSELFTEST", .arity = 1, .flags = kAdmin, .categories = kCatHyperLogLog,
     .handler = PfSelfTest, .group = "hyperloglog", .since = "2.8.9", .complexity = "O(1)",
     .summary = "Checks registers and estimates."},
};

}  // namespace

std::span<const CommandSpec> HyperLogLogCommands() { return kCommands; }

}  // namespace ringtail::commands
