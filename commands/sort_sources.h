// Where SORT gets things from: the elements of a key, and what patterns like weight_* and
// user_*->age point at.
//
//   TextArena arena;
//   std::vector<std::string_view> elements = LoadElements(entry, window, arena);
//   PatternLookup lookup(ctx, arena);
//   std::optional<std::string_view> weight = lookup.Find("weight_*", elements[0]);
//
// What is returned points into the keyspace or into the arena; it is good until a key is changed.
// Thread rule: as for CommandContext.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/context.h"
#include "storage/packed.h"

namespace ringtail::commands::sorting {

/// Keeps short texts that are made up on the way: the digits of integers.
class TextArena {
 public:
  std::string_view Keep(std::string_view text);
  /// The element's bytes: where they are, or the digits of an integer kept here.
  std::string_view Keep(const storage::PackedElement& element);

 private:
  static constexpr size_t kChunkBytes = 16 * 1024;
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t left_bytes_ = 0;
};

/// Whether SORT takes a key of this type.
bool IsSortable(ValueType type);
/// Elements of a collection that can be sorted.
size_t ElementCount(const Entry& entry);
/// Whether the type keeps its elements in an order, so that a part of them means something.
bool IsOrdered(ValueType type);

/// Which elements of a collection with an order are wanted: `count` from `index` on, counted from
/// its end if reversed.
struct Window {
  size_t index = 0;
  size_t count = 0;
  bool is_reversed = false;
};
/// The elements in the window, or all of them in any order where the type has none.
std::vector<std::string_view> LoadElements(const Entry& entry, const Window& window,
                                           TextArena& arena);

class PatternLookup {
 public:
  PatternLookup(CommandContext& ctx, TextArena& arena) : ctx_(ctx), arena_(arena) {}

  /// What the pattern with `element` for its first * points at: a string, or behind -> a hash's
  /// field. "#" is the element. Nothing if there is no such value or no * in the pattern.
  std::optional<std::string_view> Find(std::string_view pattern, std::string_view element);

 private:
  std::optional<std::string_view> FieldOf(const Entry& entry, std::string_view field);

  CommandContext& ctx_;
  TextArena& arena_;
  std::string key_;
};

/// Where a pattern's * is, which Redis looks for up to the first zero byte; npos if nowhere.
size_t StarOf(std::string_view pattern);

}  // namespace ringtail::commands::sorting
