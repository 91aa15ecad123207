#include "base/memory_units.h"

#include <strings.h>

#include <array>
#include <charconv>

namespace ringtail {
namespace {

struct Unit {
  const char* name;
  uint64_t bytes;
};

constexpr std::array<Unit, 8> kUnits = {{
    {"", 1},
    {"b", 1},
    {"k", 1000},
    {"kb", 1024},
    {"m", 1000 * 1000},
    {"mb", 1024 * 1024},
    {"g", 1000 * 1000 * 1000},
    {"gb", 1024 * 1024 * 1024},
}};

}  // namespace

std::optional<uint64_t> ParseMemoryBytes(std::string_view text) {
  size_t digit_count = 0;
  while (digit_count < text.size() && text[digit_count] >= '0' && text[digit_count] <= '9') {
    ++digit_count;
  }
  uint64_t number = 0;
  if (digit_count > 0) {
    const auto parsed = std::from_chars(text.data(), text.data() + digit_count, number);
    if (parsed.ec != std::errc{}) return std::nullopt;
  }
  const std::string unit_name(text.substr(digit_count));
  for (const Unit& unit : kUnits) {
    if (unit_name.size() != std::string_view(unit.name).size()) continue;
    if (strcasecmp(unit_name.c_str(), unit.name) != 0) continue;
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(number, unit.bytes, &bytes)) return std::nullopt;
    return bytes;
  }
  return std::nullopt;
}

std::string FormatMemoryBytes(uint64_t bytes) {
  constexpr uint64_t kKb = 1024;
  if (bytes != 0 && bytes % (kKb * kKb * kKb) == 0) return std::to_string(bytes >> 30) + "gb";
  if (bytes != 0 && bytes % (kKb * kKb) == 0) return std::to_string(bytes >> 20) + "mb";
  if (bytes != 0 && bytes % kKb == 0) return std::to_string(bytes >> 10) + "kb";
  return std::to_string(bytes);
}

}  // namespace ringtail
