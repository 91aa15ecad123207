// Positions on the earth, kept as sorted sets whose scores are hashes of positions.
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "base/parse_number.h"
#include "commands/context.h"
#include "commands/geo_search.h"
#include "commands/geohash.h"
#include "commands/zset_handlers.h"

namespace ringtail::commands {
namespace {

using geo::Point;
using zsets::SortedSetView;

std::optional<Point> PositionOf(const KeyRef& key, std::string_view member) {
  const auto score = key ? SortedSetView(*key.entry()).Score(member) : std::nullopt;
  if (!score) return std::nullopt;
  return geo::Decode(geo::HashOfScore(*score));
}

// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
void GeoAdd(CommandContext& ctx, Args args) {
  std::vector<std::string_view> zadd = {"ZADD", args[1]};
  bool has_nx = false;
  bool has_xx = false;
  Args triples = args.subspan(2);
  for (; !triples.empty(); triples = triples.subspan(1)) {
    const bool is_nx = EqualsIgnoreCase(triples[0], "NX");
    const bool is_xx = EqualsIgnoreCase(triples[0], "XX");
    if (!is_nx && !is_xx && !EqualsIgnoreCase(triples[0], "CH")) break;
    has_nx = has_nx || is_nx;
    has_xx = has_xx || is_xx;
    zadd.push_back(triples[0]);
  }
  if (triples.size() % 3 != 0 || (has_nx && has_xx)) return ctx.SyntaxError();
  std::vector<NumberText> scores(triples.size() / 3);
  for (size_t i = 0; i < scores.size(); ++i) {
    const auto point = geo::PointArg(ctx, triples[i * 3], triples[i * 3 + 1]);
    if (!point) return;
    zadd.push_back(FormatInt64(static_cast<int64_t>(geo::Encode(*point)), scores[i]));
    zadd.push_back(triples[i * 3 + 2]);
  }
  zsets::ZAdd(ctx, zadd);
}

// GEODIST key member1 member2 [M | KM | FT | MI]
void GeoDist(CommandContext& ctx, Args args) {
  double unit_meters = 1;
  if (args.size() == 5) {
    const auto unit = geo::UnitArg(ctx, args[4]);
    if (!unit) return;
    unit_meters = *unit;
  } else if (args.size() > 5) {
    return ctx.SyntaxError();
  }
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  const auto from = PositionOf(key, args[2]);
  const auto to = from ? PositionOf(key, args[3]) : std::nullopt;
  if (!to) return ctx.reply().Null();
  geo::ReplyDistance(ctx, geo::Distance(*from, *to) / unit_meters);
}

// GEOHASH key [member ...]
void GeoHash(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    const auto point = PositionOf(key, member);
    point ? ctx.reply().Bulk(geo::Text(*point)) : ctx.reply().Null();
  }
}

// GEOPOS key [member ...]
void GeoPos(CommandContext& ctx, Args args) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    const auto point = PositionOf(key, member);
    point ? geo::ReplyPoint(ctx, *point) : ctx.reply().NullArray();
  }
}

// GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude BYRADIUS radius unit |
// BYBOX width height unit | BYPOLYGON count longitude latitude ... [ASC | DESC] [COUNT count
// [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
void GeoSearch(CommandContext& ctx, Args args) {
  geo::Search(ctx, args, {.kind = geo::SearchKind::kSearch});
}

// GEOSEARCHSTORE destination source, the same, [STOREDIST]
void GeoSearchStore(CommandContext& ctx, Args args) {
  geo::Search(ctx, args, {.kind = geo::SearchKind::kSearchStore});
}

// GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH]
// [COUNT count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]
void GeoRadius(CommandContext& ctx, Args args) {
  geo::Search(ctx, args, {.kind = geo::SearchKind::kAroundPoint});
}
void GeoRadiusRo(CommandContext& ctx, Args args) {
  geo::Search(ctx, args, {.kind = geo::SearchKind::kAroundPoint, .is_read_only = true});
}

// GEORADIUSBYMEMBER key member radius unit, the same
void GeoRadiusByMember(CommandContext& ctx, Args args) {
  geo::Search(ctx, args, {.kind = geo::SearchKind::kAroundMember});
}
void GeoRadiusByMemberRo(CommandContext& ctx, Args args) {
  geo::Search(ctx, args, {.kind = geo::SearchKind::kAroundMember, .is_read_only = true});
}

// ---- The table

// The key behind a word that is looked for from `index` on.
constexpr KeySpec StoreKey(std::string_view keyword, int16_t index) {
  return {.begin = KeySpec::Begin::kKeyword,
          .flags = kKeyOw | kKeyUpdate,
          .index = index,
          .keyword = keyword};
}

constexpr CommandSpec kCommands[] = {
    {.name = "GEOADD", .arity = -5, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyRw | kKeyUpdate)}, .categories = kCatGeo, .handler = GeoAdd,
     .group = "geo", .since = "3.2.0",
     .complexity = "O(log N) for each position added, where N is the number of members.",
     .summary = "Adds positions."},
    {.name = "GEODIST", .arity = -4, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatGeo, .handler = GeoDist, .group = "geo", .since = "3.2.0",
     .complexity = "O(1)", .summary = "Returns the distance between two members."},
    {.name = "GEOHASH", .arity = -2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatGeo, .handler = GeoHash, .group = "geo", .since = "3.2.0",
     .complexity = "O(N) where N is the number of members asked for.",
     .summary = "Returns positions as geohash strings."},
    {.name = "GEOPOS", .arity = -2, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatGeo, .handler = GeoPos, .group = "geo", .since = "3.2.0",
     .complexity = "O(N) where N is the number of members asked for.",
     .summary = "Returns the longitudes and latitudes of members."},
    {.name = "GEOSEARCH", .arity = -7, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatGeo, .handler = GeoSearch, .group = "geo", .since = "6.2.0",
     .complexity = "O(N + log M) where N is the number of members near the shape, M that of all.",
     .summary = "Returns the members inside a circle, a box or a polygon."},
    {.name = "GEOSEARCHSTORE", .arity = -8, .flags = kWrite | kDenyOom,
     .keys = {OneKey(kKeyOw | kKeyUpdate), OneKey(kKeyRo | kKeyAccess, 2)},
     .categories = kCatGeo, .handler = GeoSearchStore, .group = "geo", .since = "6.2.0",
     .complexity = "O(N + log M) where N is the number of members near the shape, M that of all.",
     .summary = "Stores the members inside a circle, a box or a polygon."},
    {.name = "GEORADIUS", .arity = -6, .flags = kWrite | kDenyOom | kMovableKeys,
     .keys = {OneKey(kKeyRo | kKeyAccess), StoreKey("STORE", 6), StoreKey("STOREDIST", 6)},
     .categories = kCatGeo, .handler = GeoRadius, .group = "geo", .since = "3.2.0",
     .complexity = "O(N + log M) where N is the number of members near the circle, M that "
         "of all.",
     .summary = "Returns or stores the members inside a circle around a point.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"},
    {.name = "GEORADIUS_RO", .arity = -6, .flags = kRead, .keys = {OneKey(kKeyRo | kKeyAccess)},
     .categories = kCatGeo, .handler = GeoRadiusRo, .group = "geo", .since = "3.2.10",
     .complexity = "O(N + log M) where N is the number of members near the circle, M that "
         "of all.",
     .summary = "Returns the members inside a circle around a point.",
     .deprecated_since = "6.2.0", .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument"},
    {.name = "GEORADIUSBYMEMBER", .arity = -5, .flags = kWrite | kDenyOom | kMovableKeys,
     .keys = {OneKey(kKeyRo | kKeyAccess), StoreKey("STORE", 5), StoreKey("STOREDIST", 5)},
     .categories = kCatGeo, .handler = GeoRadiusByMember, .group = "geo", .since = "3.2.0",
     .complexity = "O(N + log M) where N is the number of members near the circle, M that "
         "of all.",
     .summary = "Returns or stores the members inside a circle around a member.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` "
         "arguments"},
    {.name = "GEORADIUSBYMEMBER_RO", .arity = -5, .flags = kRead,
     .keys = {OneKey(kKeyRo | kKeyAccess)}, .categories = kCatGeo,
     .handler = GeoRadiusByMemberRo, .group = "geo", .since = "3.2.10",
     .complexity = "O(N + log M) where N is the number of members near the circle, M that "
         "of all.",
     .summary = "Returns the members inside a circle around a member.",
     .deprecated_since = "6.2.0",
     .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"},
};

}  // namespace

std::span<const CommandSpec> GeoCommands() { return kCommands; }

}  // namespace ringtail::commands
