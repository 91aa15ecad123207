// Requests by the million from one line of text, the same bytes for every server.
//
//   auto requests = RequestTemplate::Compile("SET key:__rand__ __value__", options, &error);
//   requests->Build(16, &buffer);           // the next 16 requests, appended as one pipeline
//
// Places in the text:
//   __rand__      12 digits, the next key's number (so "key:__rand__" is 16 bytes); see KeyOrder
//   __value__     a value of value_bytes (or between value_bytes and value_bytes_max); a word of its own
//   __ttl__       a number between ttl_min and ttl_max, which must have the same number of digits
//   __deadline__  Unix milliseconds at which the key drawn last is to expire (see deadline_base_ms)
//
// When nothing varies in length, Build only overwrites the digits of a prepared pipeline: about 10 ns a
// request, so that the generator's core is not what is measured. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "bench/lib/reply_scanner.h"

namespace ringtail::bench {

enum class KeyOrder {
  kRandom,      // uniform, with repetition
  kSequential,  // 0, 1, 2, ...: each key once
  kShuffled,    // each key once, scattered over the whole range
};

struct TemplateOptions {
  Protocol protocol = Protocol::kResp;
  KeyOrder order = KeyOrder::kRandom;
  uint64_t key_count = 1'000'000;
  uint64_t key_start = 0;
  uint64_t value_bytes = 64;
  uint64_t value_bytes_max = 0;  // 0: all values have value_bytes; else log-uniform up to this
  uint64_t ttl_min = 100'000;
  uint64_t ttl_max = 999'999;
  // Key k of n expires at base + span * k / n, so how many live at any moment is known exactly.
  uint64_t deadline_base_ms = 0;
  uint64_t deadline_span_ms = 0;
  uint64_t seed = 1;
};

class RequestTemplate {
 public:
  /// Compiles `text`; on bad text returns nothing and says why in `error`.
  static std::optional<RequestTemplate> Compile(std::string_view text,
                                                const TemplateOptions& options,
                                                std::string* error) {
    RequestTemplate result(options);
    if (!result.CompileText(text, error)) return std::nullopt;
    return result;
  }

  /// The next `count` requests, ready to send; valid until the next call.
  std::string_view Build(size_t count) {
    if (!is_fixed_length_) {
      buffer_.clear();
      places_.clear();
      for (size_t i = 0; i < count; ++i) AppendRequest();
      return buffer_;
    }
    while (prepared_count_ < count) {
      AppendRequest();
      ++prepared_count_;
      request_bytes_ = buffer_.size() / prepared_count_;
      places_per_request_ = places_.size() / prepared_count_;
    }
    for (size_t i = 0; i < count * places_per_request_; ++i) {
      Fill(places_[i].kind, buffer_.data() + places_[i].offset);
    }
    return std::string_view(buffer_).substr(0, count * request_bytes_);
  }

 private:
  enum class Kind { kLiteral, kKey, kTtl, kDeadline, kValueLength, kValue };
  struct Segment {
    Kind kind;
    std::string literal;
  };
  struct Place {
    Kind kind;
    size_t offset;
  };
  static constexpr size_t kKeyDigits = 12;
  static constexpr size_t kDeadlineDigits = 13;

  explicit RequestTemplate(const TemplateOptions& options)
      : options_(options),
        random_(options.seed),
        is_fixed_length_(options.value_bytes_max <= options.value_bytes),
        ttl_digits_(std::to_string(options.ttl_min).size()) {
    // Printable noise: never an integer, so no server stores it as one.
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    values_.resize(std::max(options.value_bytes, options.value_bytes_max));
    for (char& c : values_) c = kAlphabet[random_.Below(kAlphabet.size())];
  }

  bool CompileText(std::string_view text, std::string* error) {
    if (options_.key_count == 0) return Refuse("the key count must not be 0", error);
    if (std::to_string(options_.ttl_max).size() != ttl_digits_ ||
        options_.ttl_max < options_.ttl_min) {
      return Refuse("ttl-min and ttl-max must have the same number of digits", error);
    }
    if (options_.protocol == Protocol::kMemcached) return CompileWords(text, error);
    size_t words = 0;
    std::string_view rest = text;
    while (!NextWord(&rest).empty()) ++words;
    if (words == 0) return Refuse("an empty command", error);
    AddLiteral("*" + std::to_string(words) + "\r\n");
    return CompileWords(text, error);
  }

  // RESP: every word becomes a bulk string. Memcached: words joined by spaces, the value on a line of its own.
  bool CompileWords(std::string_view text, std::string* error) {
    const bool is_resp = options_.protocol == Protocol::kResp;
    bool is_first = true;
    for (std::string_view word = NextWord(&text); !word.empty(); word = NextWord(&text)) {
      if (word == "__value__") {
        AddLiteral(is_resp ? "$" : " ");
        AddPlace(Kind::kValueLength);
        AddLiteral("\r\n");
        AddPlace(Kind::kValue);
        if (is_resp) AddLiteral("\r\n");
      } else if (is_resp) {
        AddLiteral("$" + std::to_string(WordBytes(word)) + "\r\n");
        AddWord(word);
        AddLiteral("\r\n");
      } else {
        if (!is_first) AddLiteral(" ");
        AddWord(word);
      }
      if (word != "__value__" && word.find("__value__") != std::string_view::npos) {
        return Refuse("__value__ must be a word of its own", error);
      }
      is_first = false;
    }
    if (!is_resp) AddLiteral("\r\n");
    return true;
  }

  static bool Refuse(const char* why, std::string* error) {
    *error = why;
    return false;
  }

  static std::string_view NextWord(std::string_view* text) {
    const size_t begin = std::min(text->find_first_not_of(' '), text->size());
    const size_t end = std::min(text->find(' ', begin), text->size());
    const std::string_view word = text->substr(begin, end - begin);
    text->remove_prefix(end);
    return word;
  }

  struct PlaceName {
    std::string_view name;
    Kind kind;
  };
  static constexpr std::array<PlaceName, 3> kPlaceNames = {{
      {"__rand__", Kind::kKey},
      {"__ttl__", Kind::kTtl},
      {"__deadline__", Kind::kDeadline},
  }};

  size_t WordBytes(std::string_view word) const {
    size_t bytes = 0;
    ForEachPart(word, [&](Kind kind, std::string_view literal) {
      bytes += kind == Kind::kLiteral ? literal.size() : DigitsOf(kind);
    });
    return bytes;
  }
  void AddWord(std::string_view word) {
    ForEachPart(word, [&](Kind kind, std::string_view literal) {
      if (kind == Kind::kLiteral) {
        AddLiteral(literal);
      } else {
        AddPlace(kind);
      }
    });
  }
  template <typename Visit>
  static void ForEachPart(std::string_view word, Visit visit) {
    while (!word.empty()) {
      size_t nearest = word.size();
      const PlaceName* place = nullptr;
      for (const PlaceName& candidate : kPlaceNames) {
        const size_t at = word.find(candidate.name);
        if (at < nearest) {
          nearest = at;
          place = &candidate;
        }
      }
      if (nearest > 0) visit(Kind::kLiteral, word.substr(0, nearest));
      if (place == nullptr) return;
      visit(place->kind, std::string_view());
      word.remove_prefix(nearest + place->name.size());
    }
  }

  void AddLiteral(std::string_view text) {
    if (!segments_.empty() && segments_.back().kind == Kind::kLiteral) {
      segments_.back().literal.append(text);
    } else {
      segments_.push_back({Kind::kLiteral, std::string(text)});
    }
  }
  void AddPlace(Kind kind) { segments_.push_back({kind, {}}); }

  size_t DigitsOf(Kind kind) const {
    if (kind == Kind::kKey) return kKeyDigits;
    return kind == Kind::kTtl ? ttl_digits_ : kDeadlineDigits;
  }

  void AppendRequest() {
    uint64_t value_bytes = options_.value_bytes;
    for (const Segment& segment : segments_) {
      switch (segment.kind) {
        case Kind::kLiteral:
          buffer_.append(segment.literal);
          break;
        case Kind::kValueLength:
          value_bytes = DrawValueBytes();
          buffer_.append(std::to_string(value_bytes));
          break;
        case Kind::kValue:
          buffer_.append(values_.data(), value_bytes);
          break;
        default:
          places_.push_back({segment.kind, buffer_.size()});
          buffer_.append(DigitsOf(segment.kind), '0');
          if (!is_fixed_length_) Fill(segment.kind, buffer_.data() + places_.back().offset);
      }
    }
  }

  uint64_t DrawValueBytes() {
    if (is_fixed_length_) return options_.value_bytes;
    const auto low = static_cast<double>(options_.value_bytes);
    const auto high = static_cast<double>(options_.value_bytes_max);
    return static_cast<uint64_t>(low * std::pow(high / low, random_.Unit()));
  }

  void Fill(Kind kind, char* at) {
    if (kind == Kind::kKey) {
      last_key_ = NextKey();
      WriteDigits(options_.key_start + last_key_, kKeyDigits, at);
    } else if (kind == Kind::kTtl) {
      const uint64_t range = options_.ttl_max - options_.ttl_min + 1;
      WriteDigits(options_.ttl_min + random_.Below(range), ttl_digits_, at);
    } else {
      const uint64_t into_span = options_.deadline_span_ms * last_key_ / options_.key_count;
      WriteDigits(options_.deadline_base_ms + into_span, kDeadlineDigits, at);
    }
  }

  uint64_t NextKey() {
    // A prime near 2^32 divided by the golden ratio: consecutive multiples scatter evenly over any
    // range, and visit each key once because the prime does not divide a smaller count.
    constexpr uint64_t kScatter = 2'654'435'761;
    switch (options_.order) {
      case KeyOrder::kRandom:
        return random_.Below(options_.key_count);
      case KeyOrder::kSequential:
        return drawn_count_++ % options_.key_count;
      case KeyOrder::kShuffled:
        return drawn_count_++ % options_.key_count * kScatter % options_.key_count;
    }
    return 0;
  }

  static void WriteDigits(uint64_t number, size_t digits, char* at) {
    for (size_t i = digits; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
  }

  TemplateOptions options_;
  Random random_;
  bool is_fixed_length_;
  size_t ttl_digits_;
  std::string values_;
  std::vector<Segment> segments_;

  // The pipeline under construction, or, at fixed length, the prepared one.
  std::string buffer_;
  std::vector<Place> places_;
  size_t prepared_count_ = 0;
  size_t request_bytes_ = 0;
  size_t places_per_request_ = 0;
  uint64_t drawn_count_ = 0;
  uint64_t last_key_ = 0;
};

}  // namespace ringtail::bench
