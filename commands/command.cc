#include "commands/command.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/memory.h"
#include "base/parse_number.h"
#include "commands/registry.h"

namespace ringtail::commands {

void KeyPositions::Push(uint32_t arg_index, uint16_t flags) {
  if (count == capacity) {
    const uint32_t grown = capacity * 2;
    auto* moved = static_cast<KeyPosition*>(memory::Allocate(grown * sizeof(KeyPosition)));
    std::memcpy(moved, items, count * sizeof(KeyPosition));
    if (items != inline_items) memory::Free(items, capacity * sizeof(KeyPosition));
    items = moved;
    capacity = grown;
  }
  items[count++] = {arg_index, flags};
}

KeyPositions::~KeyPositions() {
  if (items != inline_items) memory::Free(items, capacity * sizeof(KeyPosition));
}

namespace {

// Where a spec's search begins, or nothing if its keyword is not there.
std::optional<int64_t> BeginOf(const KeySpec& spec, Args args) {
  const auto count = static_cast<int64_t>(args.size());
  if (spec.begin == KeySpec::Begin::kIndex) return spec.index;
  const bool is_backwards = spec.index < 0;
  int64_t at = is_backwards ? count + spec.index : spec.index;
  for (; at > 0 && at < count; at += is_backwards ? -1 : 1) {
    if (EqualsIgnoreCase(args[static_cast<size_t>(at)], spec.keyword)) return at + 1;
  }
  return std::nullopt;
}

bool FindRange(const KeySpec& spec, Args args, int64_t first, KeyPositions& out) {
  const auto count = static_cast<int64_t>(args.size());
  int64_t last = spec.last >= 0 ? first + spec.last : count + spec.last;
  if (spec.last < 0 && spec.limit > 1) {
    last = first + (count - first) / spec.limit + spec.last;
  }
  if (first >= count || last >= count) return false;
  for (int64_t i = first; i <= last; i += spec.step) {
    out.Push(static_cast<uint32_t>(i), spec.flags);
  }
  return true;
}

bool FindCounted(const KeySpec& spec, Args args, int64_t begin, KeyPositions& out) {
  const auto count = static_cast<int64_t>(args.size());
  const int64_t count_at = begin + spec.count_index;
  if (count_at >= count) return false;
  const auto key_count = ParseInt64(args[static_cast<size_t>(count_at)]);
  const int64_t first = begin + spec.first_key;
  if (!key_count || *key_count < 0 || *key_count > (count - first) / spec.step) return false;
  for (int64_t n = 0; n < *key_count; ++n) {
    out.Push(static_cast<uint32_t>(first + n * spec.step), spec.flags);
  }
  return true;
}

}  // namespace

bool FindKeys(const CommandSpec& spec, Args args, KeyPositions& out) {
  out.Clear();
  if (spec.key_finder != nullptr) return spec.key_finder(args, out);
  bool is_sound = true;
  for (const KeySpec& keys : spec.keys) {
    if (keys.begin == KeySpec::Begin::kNone) break;
    const auto begin = BeginOf(keys, args);
    if (!begin) continue;
    is_sound &= keys.find == KeySpec::Find::kRange ? FindRange(keys, args, *begin, out)
                                                   : FindCounted(keys, args, *begin, out);
  }
  return is_sound;
}

}  // namespace ringtail::commands
