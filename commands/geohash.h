// Positions on the earth as 52-bit numbers, and distances between them.
//
//   uint64_t hash = geo::Encode({.longitude = 13.36, .latitude = 38.11});
//   double meters = geo::Distance(geo::Decode(hash), other);
//
// A hash is 26 bits of latitude and 26 of longitude, interleaved, latitude's lowest bit lowest:
// a square of the map is a run of numbers. Latitudes end where the web's Mercator map does, as
// in Redis, and distances are on Redis's sphere. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringtail::commands::geo {

struct Point {
  double longitude = 0;
  double latitude = 0;
};

inline constexpr double kLongitudeMax = 180;
inline constexpr double kLatitudeMax = 85.05112878;
inline constexpr unsigned kStepMax = 26;  // halvings of each coordinate

/// Whether a position has a hash.
bool IsValid(const Point& point);
uint64_t Encode(const Point& point);
/// The middle of the smallest square.
Point Decode(uint64_t hash);
/// The hash that a score stands for, whatever number it is.
uint64_t HashOfScore(double score);
/// The eleven characters of the usual geohash, whose latitudes end at 90; the last one is always
/// 0.
std::string Text(const Point& point);

/// Metres along the surface (haversine).
double Distance(const Point& from, const Point& to);
/// Metres between two latitudes.
double LatitudeDistance(double from, double to);

/// The part of the map between two corners; it crosses the date line if `west` is greater than
/// `east`.
struct Box {
  double west;
  double south;
  double east;
  double north;
};
/// A box with everything within so many metres to the north and south, east and west.
Box BoxAround(const Point& center, double half_width_meters, double half_height_meters);

/// Hashes [begin, end).
struct HashRange {
  uint64_t begin;
  uint64_t end;
};
/// A few ranges, in order and apart, that hold all hashes of a box.
std::vector<HashRange> RangesOf(const Box& box);

}  // namespace ringtail::commands::geo
