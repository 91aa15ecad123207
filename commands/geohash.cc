#include "commands/geohash.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ringtail::commands::geo {
namespace {

constexpr double kEarthRadiusMeters = 6372797.560856;
constexpr double kRadiansPerDegree = std::numbers::pi / 180.0;

double Radians(double degrees) { return degrees * kRadiansPerDegree; }

// Puts the bits of a number at the even places.
uint64_t Spread(uint32_t number) {
  uint64_t bits = number;
  bits = (bits | (bits << 16)) & 0x0000ffff0000ffffULL;
  bits = (bits | (bits << 8)) & 0x00ff00ff00ff00ffULL;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f0f0f0f0fULL;
  bits = (bits | (bits << 2)) & 0x3333333333333333ULL;
  return (bits | (bits << 1)) & 0x5555555555555555ULL;
}

uint32_t Gather(uint64_t bits) {
  bits &= 0x5555555555555555ULL;
  bits = (bits | (bits >> 1)) & 0x3333333333333333ULL;
  bits = (bits | (bits >> 2)) & 0x0f0f0f0f0f0f0f0fULL;
  bits = (bits | (bits >> 4)) & 0x00ff00ff00ff00ffULL;
  bits = (bits | (bits >> 8)) & 0x0000ffff0000ffffULL;
  return static_cast<uint32_t>(bits | (bits >> 16));
}

uint64_t Interleave(uint32_t latitude, uint32_t longitude) {
  return Spread(latitude) | (Spread(longitude) << 1);
}

// Where a coordinate of [-max, max] lies among 2^step parts; the uppermost end has a part of its
// own in a hash.
uint32_t PartOf(double coordinate, double max, unsigned step) {
  const double share = (coordinate + max) / (max + max);
  return static_cast<uint32_t>(share * static_cast<double>(uint64_t{1} << step));
}

// The middle of a part.
double Middle(uint32_t part, double max) {
  constexpr auto kParts = static_cast<double>(uint64_t{1} << kStepMax);
  const double low = -max + (part * 1.0 / kParts) * (max + max);
  const double high = -max + ((part + 1.0) / kParts) * (max + max);
  return std::clamp((low + high) / 2, -max, max);
}

}  // namespace

bool IsValid(const Point& point) {
  return point.longitude >= -kLongitudeMax && point.longitude <= kLongitudeMax &&
         point.latitude >= -kLatitudeMax && point.latitude <= kLatitudeMax;
}

uint64_t Encode(const Point& point) {
  return Interleave(PartOf(point.latitude, kLatitudeMax, kStepMax),
                    PartOf(point.longitude, kLongitudeMax, kStepMax));
}

Point Decode(uint64_t hash) {
  return {.longitude = Middle(Gather(hash >> 1), kLongitudeMax),
          .latitude = Middle(Gather(hash), kLatitudeMax)};
}

uint64_t HashOfScore(double score) {
  constexpr double kInt64Max = 9223372036854775808.0;
  if (score >= 0 && score < 2 * kInt64Max) return static_cast<uint64_t>(score);
  if (score < 0 && score > -kInt64Max) {
    return static_cast<uint64_t>(static_cast<int64_t>(score));
  }
  return 0;
}

std::string Text(const Point& point) {
  constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr double kPole = 90;
  constexpr unsigned kCharacters = 11;
  constexpr unsigned kBits = 2 * kStepMax;
  const uint64_t hash = Interleave(PartOf(point.latitude, kPole, kStepMax),
                                   PartOf(point.longitude, kLongitudeMax, kStepMax));
  std::string text;
  for (unsigned i = 1; i < kCharacters; ++i) {
    text.push_back(kAlphabet[(hash >> (kBits - i * 5)) & 0x1f]);
  }
  text.push_back('0');
  return text;
}

double LatitudeDistance(double from, double to) {
  return kEarthRadiusMeters * std::fabs(Radians(to) - Radians(from));
}

double Distance(const Point& from, const Point& to) {
  const double from_longitude = Radians(from.longitude);
  const double to_longitude = Radians(to.longitude);
  const double v = std::sin((to_longitude - from_longitude) / 2);
  if (v == 0.0) return LatitudeDistance(from.latitude, to.latitude);
  const double from_latitude = Radians(from.latitude);
  const double to_latitude = Radians(to.latitude);
  const double u = std::sin((to_latitude - from_latitude) / 2);
  const double a = u * u + std::cos(from_latitude) * std::cos(to_latitude) * v * v;
  return 2.0 * kEarthRadiusMeters * std::asin(std::sqrt(a));
}

Box BoxAround(const Point& center, double half_width_meters, double half_height_meters) {
  // A little more than asked for: what lies on the border must be in, whatever the rounding.
  constexpr double kMargin = 1.0001;
  constexpr double kMarginDegrees = 1e-6;
  const double height =
      half_height_meters * kMargin / kEarthRadiusMeters / kRadiansPerDegree + kMarginDegrees;
  Box box{.west = -kLongitudeMax,
          .south = std::max(center.latitude - height, -kLatitudeMax),
          .east = kLongitudeMax,
          .north = std::min(center.latitude + height, kLatitudeMax)};
  // A degree of longitude is shortest where the box is nearest to a pole. On the great circle
  // two points of one latitude are a = 2 asin(cos(latitude) sin(difference / 2)) apart;
  // elsewhere in the box they are farther.
  const double nearest = std::max(std::fabs(box.south), std::fabs(box.north));
  if (std::fabs(center.latitude) + height >= 90) return box;
  const double angle = half_width_meters * kMargin / kEarthRadiusMeters / 2;
  const double sine = angle >= std::numbers::pi / 2
                          ? 1
                          : std::sin(angle) / std::cos(Radians(nearest));
  if (sine >= 1) return box;
  const double width = 2 * std::asin(sine) / kRadiansPerDegree + kMarginDegrees;
  if (width >= kLongitudeMax) return box;
  box.west = center.longitude - width;
  box.east = center.longitude + width;
  if (box.west < -kLongitudeMax) box.west += 2 * kLongitudeMax;
  if (box.east > kLongitudeMax) box.east -= 2 * kLongitudeMax;
  return box;
}

std::vector<HashRange> RangesOf(const Box& box) {
  // Squares on a side: fewer make the search read more that is outside, more cost a search in
  // the tree each.
  constexpr double kSquares = 4;
  if (box.west > box.east) {
    auto ranges = RangesOf({box.west, box.south, kLongitudeMax, box.north});
    const auto east = RangesOf({-kLongitudeMax, box.south, box.east, box.north});
    ranges.insert(ranges.end(), east.begin(), east.end());
    // Squares at the date line may be counted from both sides only if the box is the whole map.
    std::sort(ranges.begin(), ranges.end(),
              [](const HashRange& a, const HashRange& b) { return a.begin < b.begin; });
    std::vector<HashRange> apart;
    for (const HashRange& range : ranges) {
      if (!apart.empty() && range.begin <= apart.back().end) {
        apart.back().end = std::max(apart.back().end, range.end);
      } else {
        apart.push_back(range);
      }
    }
    return apart;
  }
  const double width = std::max((box.east - box.west) / (2 * kLongitudeMax), 1e-9);
  const double height = std::max((box.north - box.south) / (2 * kLatitudeMax), 1e-9);
  const double squares = kSquares / std::max(width, height);
  const auto step =
      static_cast<unsigned>(std::clamp(std::floor(std::log2(squares)), 1.0, double{kStepMax}));
  // What lies on the map's uppermost border has a square of its own, here as in Encode.
  const auto part = [&](double coordinate, double max) { return PartOf(coordinate, max, step); };
  std::vector<uint64_t> squares_in;
  for (uint32_t y = part(box.south, kLatitudeMax); y <= part(box.north, kLatitudeMax); ++y) {
    for (uint32_t x = part(box.west, kLongitudeMax); x <= part(box.east, kLongitudeMax); ++x) {
      squares_in.push_back(Interleave(y, x));
    }
  }
  std::sort(squares_in.begin(), squares_in.end());
  const unsigned shift = 2 * (kStepMax - step);
  std::vector<HashRange> ranges;
  for (const uint64_t square : squares_in) {
    if (!ranges.empty() && ranges.back().end == square << shift) {
      ranges.back().end = (square + 1) << shift;
    } else {
      ranges.push_back({square << shift, (square + 1) << shift});
    }
  }
  return ranges;
}

}  // namespace ringtail::commands::geo
