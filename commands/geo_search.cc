#include "commands/geo_search.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "base/parse_number.h"
#include "commands/zset_handlers.h"

namespace ringtail::commands::geo {
namespace {

using storage::Direction;
using zsets::SortedSetView;

// What lies inside, in metres around a centre, or between vertices.
struct Shape {
  enum class Kind : uint8_t { kNone, kCircle, kBox, kPolygon };

  Kind kind = Kind::kNone;
  Point center;
  double width = 0;   // a circle's radius
  double height = 0;
  double unit_meters = 1;
  std::vector<Point> vertices;
};

enum class Order : uint8_t { kNone, kNearestFirst, kFarthestFirst };

struct Request {
  Shape shape;
  bool has_center = false;
  bool has_coordinates = false;
  bool has_distances = false;
  bool has_hashes = false;
  bool is_any = false;
  Order order = Order::kNone;
  int64_t count = 0;  // 0: all
  std::optional<std::string_view> destination;
  bool stores_distances = false;
};

struct Match {
  std::string member;
  double score;
  double distance_meters;
  Point point;
};

// ---- Arguments

std::optional<double> NumberArg(CommandContext& ctx, std::string_view arg,
                                std::string_view error) {
  const auto number = ParseDouble(arg);
  if (!number) ctx.reply().Error(error);
  return number;
}

// radius unit
bool ParseRadius(CommandContext& ctx, Args words, Shape& shape) {
  const auto radius = NumberArg(ctx, words[0], errors::kGeoRadius);
  if (!radius) return false;
  if (*radius < 0) return ctx.reply().Error(errors::kGeoRadiusNegative), false;
  const auto unit = UnitArg(ctx, words[1]);
  if (!unit) return false;
  shape.kind = Shape::Kind::kCircle;
  shape.width = *radius * *unit;
  shape.unit_meters = *unit;
  return true;
}

// width height unit
bool ParseBox(CommandContext& ctx, Args words, Shape& shape) {
  const auto width = NumberArg(ctx, words[0], errors::kGeoWidth);
  if (!width) return false;
  const auto height = NumberArg(ctx, words[1], errors::kGeoHeight);
  if (!height) return false;
  if (*width < 0 || *height < 0) return ctx.reply().Error(errors::kGeoBoxNegative), false;
  const auto unit = UnitArg(ctx, words[2]);
  if (!unit) return false;
  shape.kind = Shape::Kind::kBox;
  shape.width = *width * *unit;
  shape.height = *height * *unit;
  shape.unit_meters = *unit;
  return true;
}

// count longitude latitude ...; returns how many arguments these are, 0 after an error was
// answered.
size_t ParsePolygon(CommandContext& ctx, Args words, Shape& shape) {
  const auto count = ctx.IntArg(words[0]);
  if (!count) return 0;
  if (*count < 3) return ctx.reply().Error(errors::kGeoVertices), 0;
  if (static_cast<uint64_t>(*count) > (words.size() - 1) / 2) return ctx.SyntaxError(), 0;
  shape.kind = Shape::Kind::kPolygon;
  shape.vertices.clear();
  for (size_t i = 1; shape.vertices.size() < static_cast<size_t>(*count); i += 2) {
    const auto point = PointArg(ctx, words[i], words[i + 1]);
    if (!point) return 0;
    shape.vertices.push_back(*point);
  }
  return 1 + 2 * shape.vertices.size();
}

// The position of the member in the middle; else has answered that there is none.
bool FindCenter(CommandContext& ctx, const KeyRef& key, std::string_view member, Shape& shape) {
  const auto score = SortedSetView(*key.entry()).Score(member);
  if (!score) return ctx.reply().Error(errors::kGeoMember), false;
  shape.center = Decode(HashOfScore(*score));
  return true;
}

class OptionParser {
 public:
  OptionParser(CommandContext& ctx, const SearchForm& form, const KeyRef& key, Request& request)
      : ctx_(ctx), form_(form), key_(key), request_(request) {}

  // False after an error was answered.
  bool Parse(Args words) {
    while (!words.empty()) {
      size_t taken = TakeCommon(words);
      if (taken == 0 && !ctx_.replied()) {
        taken = is_search() ? TakeSearch(words) : TakeStore(words);
      }
      if (taken == 0) {
        if (!ctx_.replied()) ctx_.SyntaxError();
        return false;
      }
      words = words.subspan(taken);
    }
    return true;
  }

 private:
  bool is_search() const {
    return form_.kind == SearchKind::kSearch || form_.kind == SearchKind::kSearchStore;
  }

  // Each returns how many words it took; 0: none, or an error was answered.

  size_t TakeCommon(Args words) {
    const std::string_view word = words[0];
    if (EqualsIgnoreCase(word, "WITHDIST")) return request_.has_distances = true, 1;
    if (EqualsIgnoreCase(word, "WITHHASH")) return request_.has_hashes = true, 1;
    if (EqualsIgnoreCase(word, "WITHCOORD")) return request_.has_coordinates = true, 1;
    if (EqualsIgnoreCase(word, "ANY")) return request_.is_any = true, 1;
    if (EqualsIgnoreCase(word, "ASC")) return request_.order = Order::kNearestFirst, 1;
    if (EqualsIgnoreCase(word, "DESC")) return request_.order = Order::kFarthestFirst, 1;
    if (!EqualsIgnoreCase(word, "COUNT") || words.size() < 2) return 0;
    const auto count = ctx_.IntArg(words[1]);
    if (!count) return 0;
    if (*count <= 0) return ctx_.reply().Error(errors::kGeoCount), 0;
    request_.count = *count;
    return 2;
  }

  size_t TakeStore(Args words) {
    if (form_.is_read_only || words.size() < 2) return 0;
    const bool is_distance = EqualsIgnoreCase(words[0], "STOREDIST");
    if (!is_distance && !EqualsIgnoreCase(words[0], "STORE")) return 0;
    request_.destination = words[1];
    request_.stores_distances = is_distance;
    return 2;
  }

  size_t TakeSearch(Args words) {
    const std::string_view word = words[0];
    Shape& shape = request_.shape;
    if (EqualsIgnoreCase(word, "FROMMEMBER") && words.size() > 1 && !is_from_point_) {
      is_from_member_ = request_.has_center = true;
      return !key_ || FindCenter(ctx_, key_, words[1], shape) ? 2 : 0;
    }
    if (EqualsIgnoreCase(word, "FROMLONLAT") && words.size() > 2 && !is_from_member_) {
      const auto point = PointArg(ctx_, words[1], words[2]);
      if (!point) return 0;
      shape.center = *point;
      is_from_point_ = request_.has_center = true;
      return 3;
    }
    if (EqualsIgnoreCase(word, "BYRADIUS") && words.size() > 2 && MayBe(Shape::Kind::kCircle)) {
      return ParseRadius(ctx_, words.subspan(1), shape) ? 3 : 0;
    }
    if (EqualsIgnoreCase(word, "BYBOX") && words.size() > 3 && MayBe(Shape::Kind::kBox)) {
      return ParseBox(ctx_, words.subspan(1), shape) ? 4 : 0;
    }
    if (EqualsIgnoreCase(word, "BYPOLYGON") && words.size() > 1 &&
        MayBe(Shape::Kind::kPolygon)) {
      const size_t taken = ParsePolygon(ctx_, words.subspan(1), shape);
      return taken == 0 ? 0 : 1 + taken;
    }
    if (form_.kind == SearchKind::kSearchStore && EqualsIgnoreCase(word, "STOREDIST")) {
      return request_.stores_distances = true, 1;
    }
    return 0;
  }

  bool MayBe(Shape::Kind kind) const {
    return request_.shape.kind == Shape::Kind::kNone || request_.shape.kind == kind;
  }

  CommandContext& ctx_;
  const SearchForm& form_;
  const KeyRef& key_;
  Request& request_;
  bool is_from_member_ = false;
  bool is_from_point_ = false;
};

// What the form itself says before the options; how many arguments that is, 0 after an error was
// answered.
size_t ParseForm(CommandContext& ctx, Args args, const SearchForm& form, const KeyRef& key,
                 Request& request) {
  switch (form.kind) {
    case SearchKind::kSearch:
      return 2;
    case SearchKind::kSearchStore:
      request.destination = args[1];
      return 3;
    case SearchKind::kAroundPoint: {
      const auto point = PointArg(ctx, args[2], args[3]);
      if (!point) return 0;
      request.shape.center = *point;
      return ParseRadius(ctx, args.subspan(4), request.shape) ? 6 : 0;
    }
    case SearchKind::kAroundMember:
      // Without the key, Redis looks at the options alone.
      if (!key) return 5;
      if (!FindCenter(ctx, key, args[2], request.shape)) return 0;
      return ParseRadius(ctx, args.subspan(3), request.shape) ? 5 : 0;
  }
  return 0;
}

// Whether what was asked for goes together; else has answered what does not.
bool IsConsistent(CommandContext& ctx, Args args, const SearchForm& form,
                  const Request& request) {
  const bool is_search =
      form.kind == SearchKind::kSearch || form.kind == SearchKind::kSearchStore;
  const Shape::Kind shape = request.shape.kind;
  if (request.destination &&
      (request.has_distances || request.has_hashes || request.has_coordinates)) {
    ctx.reply().Error(
        errors::StoresNoOptions(is_search ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
  } else if (is_search && !request.has_center && shape != Shape::Kind::kPolygon) {
    ctx.reply().Error(errors::NoGeoCenter(args[0]));
  } else if (is_search && shape == Shape::Kind::kNone) {
    ctx.reply().Error(errors::NoGeoShape(args[0]));
  } else if (request.is_any && request.count == 0) {
    ctx.reply().Error(errors::kGeoAny);
  } else {
    return true;
  }
  return false;
}

// ---- Searching

Box BoxOf(const Shape& shape) {
  if (shape.kind == Shape::Kind::kCircle) {
    return BoxAround(shape.center, shape.width, shape.width);
  }
  if (shape.kind == Shape::Kind::kBox) {
    return BoxAround(shape.center, shape.width / 2, shape.height / 2);
  }
  const Point& first = shape.vertices.front();
  Box box{first.longitude, first.latitude, first.longitude, first.latitude};
  for (const Point& vertex : shape.vertices) {
    box.west = std::min(box.west, vertex.longitude);
    box.east = std::max(box.east, vertex.longitude);
    box.south = std::min(box.south, vertex.latitude);
    box.north = std::max(box.north, vertex.latitude);
  }
  return box;
}

// Whether a line from the point to the east crosses the polygon's sides an odd number of times.
bool IsInPolygon(const std::vector<Point>& vertices, const Point& point) {
  bool is_inside = false;
  for (size_t i = 0, last = vertices.size() - 1; i < vertices.size(); last = i++) {
    const Point& from = vertices[last];
    const Point& to = vertices[i];
    if ((from.latitude > point.latitude) == (to.latitude > point.latitude)) continue;
    const double share = (point.latitude - from.latitude) / (to.latitude - from.latitude);
    if (point.longitude < from.longitude + share * (to.longitude - from.longitude)) {
      is_inside = !is_inside;
    }
  }
  return is_inside;
}

// The distance in metres if the point is inside.
std::optional<double> DistanceInside(const Shape& shape, const Point& point) {
  if (shape.kind == Shape::Kind::kBox) {
    if (LatitudeDistance(point.latitude, shape.center.latitude) > shape.height / 2) {
      return std::nullopt;
    }
    const Point beside{shape.center.longitude, point.latitude};
    if (Distance(point, beside) > shape.width / 2) return std::nullopt;
  }
  if (shape.kind == Shape::Kind::kPolygon && !IsInPolygon(shape.vertices, point)) {
    return std::nullopt;
  }
  const double distance = Distance(shape.center, point);
  if (shape.kind == Shape::Kind::kCircle && distance > shape.width) return std::nullopt;
  return distance;
}

std::vector<Match> FindMatches(const SortedSetView& view, const Request& request) {
  std::vector<Match> matches;
  const size_t count_max =
      request.is_any ? static_cast<size_t>(request.count) : std::numeric_limits<size_t>::max();
  for (const HashRange& range : RangesOf(BoxOf(request.shape))) {
    const auto ranks = zsets::RanksOf(
        view, zsets::ScoreRange{{static_cast<double>(range.begin), false},
                                {static_cast<double>(range.end), false}});
    view.Visit(ranks.first, ranks.count, Direction::kForward,
               [&](std::string_view member, double score) {
                 if (matches.size() >= count_max) return;
                 const Point point = Decode(HashOfScore(score));
                 const auto distance = DistanceInside(request.shape, point);
                 if (distance) matches.push_back({std::string(member), score, *distance, point});
               });
    if (matches.size() >= count_max) break;
  }
  return matches;
}

void Sort(std::vector<Match>& matches, Order order) {
  if (order == Order::kNone) return;
  std::stable_sort(matches.begin(), matches.end(), [order](const Match& a, const Match& b) {
    return order == Order::kNearestFirst ? a.distance_meters < b.distance_meters
                                         : a.distance_meters > b.distance_meters;
  });
}

void Reply(CommandContext& ctx, const std::vector<Match>& matches, const Request& request) {
  const size_t option_count = (request.has_distances ? 1U : 0U) + (request.has_hashes ? 1U : 0U) +
                              (request.has_coordinates ? 1U : 0U);
  ctx.reply().Array(matches.size());
  for (const Match& match : matches) {
    if (option_count != 0) ctx.reply().Array(1 + option_count);
    ctx.reply().Bulk(match.member);
    if (request.has_distances) {
      ReplyDistance(ctx, match.distance_meters / request.shape.unit_meters);
    }
    if (request.has_hashes) {
      ctx.reply().Integer(static_cast<int64_t>(HashOfScore(match.score)));
    }
    if (request.has_coordinates) ReplyPoint(ctx, match.point);
  }
}

}  // namespace

std::optional<Point> PointArg(CommandContext& ctx, std::string_view longitude,
                              std::string_view latitude) {
  const auto x = NumberArg(ctx, longitude, errors::kNotFloat);
  if (!x) return std::nullopt;
  const auto y = NumberArg(ctx, latitude, errors::kNotFloat);
  if (!y) return std::nullopt;
  const Point point{*x, *y};
  if (IsValid(point)) return point;
  ctx.reply().Error(errors::InvalidPosition(*x, *y));
  return std::nullopt;
}

std::optional<double> UnitArg(CommandContext& ctx, std::string_view word) {
  if (EqualsIgnoreCase(word, "M")) return 1;
  if (EqualsIgnoreCase(word, "KM")) return 1000;
  if (EqualsIgnoreCase(word, "FT")) return 0.3048;
  if (EqualsIgnoreCase(word, "MI")) return 1609.34;
  ctx.reply().Error(errors::kGeoUnit);
  return std::nullopt;
}

void ReplyDistance(CommandContext& ctx, double distance) {
  char text[400];
  const int size = std::snprintf(text, sizeof(text), "%.4f", distance);
  ctx.reply().Bulk({text, static_cast<size_t>(size)});
}

void ReplyPoint(CommandContext& ctx, const Point& point) {
  ctx.reply().Array(2);
  for (const double coordinate : {point.longitude, point.latitude}) {
    const std::string text = FormatLongDouble(coordinate);
    if (ctx.reply().version() == proto::RespVersion::kResp2) {
      ctx.reply().Bulk(text);
    } else {
      ctx.reply().Raw("," + text + "\r\n");
    }
  }
}

void Search(CommandContext& ctx, Args args, const SearchForm& form) {
  const KeyRef key = ctx.Read(args[form.kind == SearchKind::kSearchStore ? 2 : 1]);
  if (!ctx.IsType(key, ValueType::kSortedSet)) return;
  Request request;
  const size_t taken = ParseForm(ctx, args, form, key, request);
  if (taken == 0) return;
  // GEORADIUSBYMEMBER of a key that is not there has no shape, but nothing to look for either.
  if (!OptionParser(ctx, form, key, request).Parse(args.subspan(std::min(taken, args.size())))) {
    return;
  }
  if (!IsConsistent(ctx, args, form, request)) return;
  if (request.shape.kind == Shape::Kind::kPolygon && !request.has_center) {
    for (const Point& vertex : request.shape.vertices) {
      const auto count = static_cast<double>(request.shape.vertices.size());
      request.shape.center.longitude += vertex.longitude / count;
      request.shape.center.latitude += vertex.latitude / count;
    }
  }
  // The nearest ones are meant, unless any will do.
  if (request.count != 0 && request.order == Order::kNone && !request.is_any) {
    request.order = Order::kNearestFirst;
  }
  std::vector<Match> matches;
  if (key) matches = FindMatches(SortedSetView(*key.entry()), request);
  Sort(matches, request.order);
  if (request.count != 0 && matches.size() > static_cast<uint64_t>(request.count)) {
    matches.resize(static_cast<size_t>(request.count));
  }
  if (!request.destination) return Reply(ctx, matches, request);
  zsets::SortedSetBuilder built;
  for (const Match& match : matches) {
    built.Add(match.member, request.stores_distances
                                ? match.distance_meters / request.shape.unit_meters
                                : match.score);
  }
  const std::string_view event =
      form.kind == SearchKind::kSearchStore ? "geosearchstore" : "georadiusstore";
  const size_t size = zsets::Store(ctx, *request.destination, built, event);
  ctx.reply().Integer(static_cast<int64_t>(size));
}

}  // namespace ringtail::commands::geo
