#include "commands/sort_sources.h"

#include <algorithm>
#include <cstring>

#include "storage/hash_value.h"
#include "storage/list_value.h"
#include "storage/set_value.h"
#include "storage/string_value.h"
#include "storage/zset_value.h"

namespace ringtail::commands::sorting {

using storage::ListCursor;
using storage::ListEnd;
using storage::ListView;
using storage::SetView;
using storage::SortedSetView;

// ---- Texts

std::string_view TextArena::Keep(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > left_bytes_) {
    const size_t chunk_bytes = std::max(text.size(), kChunkBytes);
    chunks_.push_back(std::make_unique<char[]>(chunk_bytes));
    left_bytes_ = chunk_bytes;
  }
  // A chunk is filled from its end, so that what is left says where.
  left_bytes_ -= text.size();
  char* const to = chunks_.back().get() + left_bytes_;
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

std::string_view TextArena::Keep(const storage::PackedElement& element) {
  if (!element.is_int()) return element.text();
  char digits[20];
  return Keep(element.Bytes(digits));
}

// ---- Elements, a function for each type

namespace {

std::vector<std::string_view> LoadList(const ListView& list, const Window& window,
                                       TextArena& arena) {
  std::vector<std::string_view> elements;
  if (window.count == 0) return elements;
  elements.reserve(window.count);
  ListCursor at = window.is_reversed
                      ? list.From(list.count() - 1 - window.index, ListEnd::kHead)
                      : list.From(window.index, ListEnd::kTail);
  for (size_t i = 0; i < window.count; ++i, at.Next()) {
    const storage::PackedElement element = at.Get();
    const bool is_kept = element.is_int() || at.is_lasting();
    elements.push_back(is_kept ? arena.Keep(element) : arena.Keep(element.text()));
  }
  return elements;
}

std::vector<std::string_view> LoadSet(const SetView& set, TextArena& arena) {
  std::vector<std::string_view> elements;
  elements.reserve(set.count());
  set.ForEach([&](const storage::PackedElement& member) {
    elements.push_back(arena.Keep(member));
  });
  return elements;
}

// By score; backwards, the index counts from the highest.
std::vector<std::string_view> LoadSortedSet(const SortedSetView& set, const Window& window,
                                            TextArena& arena) {
  std::vector<std::string_view> elements;
  elements.reserve(window.count);
  const auto direction =
      window.is_reversed ? storage::Direction::kBackward : storage::Direction::kForward;
  const size_t rank = window.is_reversed ? set.size() - 1 - window.index : window.index;
  if (window.count == 0) return elements;
  set.Visit(rank, window.count, direction, [&](std::string_view member, double) {
    elements.push_back(arena.Keep(member));
  });
  return elements;
}

}  // namespace

bool IsSortable(ValueType type) {
  return type == ValueType::kList || type == ValueType::kSet || type == ValueType::kSortedSet;
}

bool IsOrdered(ValueType type) {
  return type == ValueType::kList || type == ValueType::kSortedSet;
}

size_t ElementCount(const Entry& entry) {
  switch (entry.type()) {
    case ValueType::kList:
      return ListView(entry).count();
    case ValueType::kSet:
      return SetView(entry).count();
    case ValueType::kSortedSet:
      return SortedSetView(entry).size();
    default:
      return 0;
  }
}

std::vector<std::string_view> LoadElements(const Entry& entry, const Window& window,
                                           TextArena& arena) {
  switch (entry.type()) {
    case ValueType::kList:
      return LoadList(ListView(entry), window, arena);
    case ValueType::kSet:
      return LoadSet(SetView(entry), arena);
    case ValueType::kSortedSet:
      return LoadSortedSet(SortedSetView(entry), window, arena);
    default:
      return {};
  }
}

// ---- Patterns

namespace {

std::string_view UpToZero(std::string_view text) { return text.substr(0, text.find('\0')); }

}  // namespace

size_t StarOf(std::string_view pattern) { return UpToZero(pattern).find('*'); }

std::optional<std::string_view> PatternLookup::Find(std::string_view pattern,
                                                    std::string_view element) {
  if (pattern == "#") return element;
  const size_t star = StarOf(pattern);
  if (star == std::string_view::npos) return std::nullopt;
  std::string_view behind = pattern.substr(star + 1);
  std::string_view field;
  // An arrow with nothing behind it is part of the name.
  const size_t arrow = UpToZero(behind).find("->");
  if (arrow != std::string_view::npos && arrow + 2 < UpToZero(behind).size()) {
    field = behind.substr(arrow + 2);
    behind = behind.substr(0, arrow);
  }
  key_.assign(pattern.substr(0, star));
  key_ += element;
  key_ += behind;
  const KeyRef key = ctx_.Read(key_);
  if (!key) return std::nullopt;
  if (!field.empty()) return FieldOf(*key.entry(), field);
  if (key.entry()->type() != ValueType::kString) return std::nullopt;
  if (key.entry()->encoding() != storage::Encoding::kInt) {
    return storage::StringView(*key.entry()).bytes();
  }
  char digits[20];
  return arena_.Keep({digits, storage::FormatInt(key.entry()->int_value(), digits)});
}

std::optional<std::string_view> PatternLookup::FieldOf(const Entry& entry,
                                                       std::string_view field) {
  if (entry.type() != ValueType::kHash) return std::nullopt;
  const auto value = storage::HashView(entry).Find(field);
  return value ? std::optional(arena_.Keep(*value)) : std::nullopt;
}

}  // namespace ringtail::commands::sorting
