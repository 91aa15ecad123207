#include "base/parse_number.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace ringtail {
namespace {

// The longest text worth handing to strtod: a long double with all its digits, as in Redis.
constexpr size_t kFloatTextBytesMax = 5 * 1024;

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Runs strtod or strtold over all of `text`, which need not end in a zero byte.
template <typename Number>
std::optional<Number> ParseWith(Number (*parse)(const char*, char**), std::string_view text) {
  if (text.empty() || text.size() >= kFloatTextBytesMax || IsSpace(text.front())) {
    return std::nullopt;
  }
  std::array<char, 128> short_room;
  std::string long_room;
  const char* begin = short_room.data();
  if (text.size() < short_room.size()) {
    std::memcpy(short_room.data(), text.data(), text.size());
    short_room[text.size()] = '\0';
  } else {
    long_room = text;
    begin = long_room.c_str();
  }
  errno = 0;
  char* end = nullptr;
  const Number value = parse(begin, &end);
  if (static_cast<size_t>(end - begin) != text.size() || std::isnan(value)) return std::nullopt;
  // ERANGE with a value between is a denormal, which is a fine number.
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> ParseInt64(std::string_view text) {
  constexpr size_t kDigitsMax = 19;
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (text.empty()) return std::nullopt;
  const bool is_negative = text.front() == '-';
  const char* at = text.data() + (is_negative ? 1 : 0);
  const char* const end = text.data() + text.size();
  const auto digit_count = static_cast<size_t>(end - at);
  if (digit_count == 0 || digit_count > kDigitsMax) return std::nullopt;
  if (*at == '0') {
    if (text.size() != 1) return std::nullopt;
    return 0;
  }
  uint64_t magnitude = 0;  // 19 digits are below 10^19, which fits.
  for (; at != end; ++at) {
    const auto digit = static_cast<unsigned char>(*at - '0');
    if (digit > 9) return std::nullopt;
    magnitude = magnitude * 10 + digit;
  }
  if (magnitude > kMax + (is_negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(is_negative ? ~magnitude + 1 : magnitude);
}

std::optional<double> ParseDouble(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double value = 0;
  const auto fast = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fast.ec == std::errc{} && fast.ptr == text.data() + text.size()) {
    if (std::isnan(value)) return std::nullopt;
    return value;
  }
  // What from_chars does not read: a plus sign, hexadecimals, denormals; and what is no number.
  return ParseWith<double>(std::strtod, text);
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  return ParseWith<long double>(std::strtold, text);
}

std::string_view FormatInt64(int64_t value, NumberText& room) {
  const auto result = std::to_chars(room.data(), room.data() + room.size(), value);
  return {room.data(), static_cast<size_t>(result.ptr - room.data())};
}

std::string_view FormatDouble(double value, NumberText& room) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return std::signbit(value) ? "-nan" : "nan";
  // Whole numbers are most scores, and below 10^15 they print as integers. Not -0, which keeps its
  // sign.
  constexpr double kWholeMax = 1e15;
  if (value > -kWholeMax && value < kWholeMax) {
    const auto whole = static_cast<int64_t>(value);
    if (static_cast<double>(whole) == value && (whole != 0 || !std::signbit(value))) {
      return FormatInt64(whole, room);
    }
  }
  constexpr int kDigits = 17;
  const auto result = std::to_chars(room.data(), room.data() + room.size(), value,
                                    std::chars_format::general, kDigits);
  return {room.data(), static_cast<size_t>(result.ptr - room.data())};
}

std::string FormatLongDouble(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // The longest is 4,933 digits before the point. Left uninitialised: zeroing it costs more than
  // printing.
  std::array<char, kFloatTextBytesMax> room;
  const int size = std::snprintf(room.data(), room.size(), "%.17Lf", value);
  std::string text(room.data(), size < 0 ? 0 : static_cast<size_t>(size));
  if (const size_t point = text.find('.'); point != std::string::npos) {
    const size_t last = text.find_last_not_of('0');
    text.resize(last == point ? point : last + 1);
  }
  if (text == "-0") text = "0";
  return text;
}

}  // namespace ringtail
