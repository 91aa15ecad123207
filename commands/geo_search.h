// GEOSEARCH and its kin: the members of a sorted set inside a shape on the map.
//
//   geo::Search(ctx, args, {.kind = geo::SearchKind::kSearch});
//
// Thread rule: as for the handler that calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/context.h"
#include "commands/geohash.h"

namespace ringtail::commands::geo {

enum class SearchKind : uint8_t {
  kSearch,        ///< GEOSEARCH
  kSearchStore,   ///< GEOSEARCHSTORE
  kAroundPoint,   ///< GEORADIUS
  kAroundMember,  ///< GEORADIUSBYMEMBER
};

struct SearchForm {
  SearchKind kind = SearchKind::kSearch;
  bool is_read_only = false;  ///< no STORE
};

/// Executes a whole command of the family.
void Search(CommandContext& ctx, Args args, const SearchForm& form);

/// A position as arguments; else has answered what is wrong.
std::optional<Point> PointArg(CommandContext& ctx, std::string_view longitude,
                              std::string_view latitude);
/// The metres of a unit; else has answered that there is no such.
std::optional<double> UnitArg(CommandContext& ctx, std::string_view word);
/// A distance with four digits behind the point.
void ReplyDistance(CommandContext& ctx, double distance);
/// Longitude and latitude.
void ReplyPoint(CommandContext& ctx, const Point& point);

}  // namespace ringtail::commands::geo
