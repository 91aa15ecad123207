// Counts whole replies in the bytes a server sends, without keeping any of them.
//
//   size_t whole = scanner.Scan(bytes);     // replies that ended in these bytes
//   scanner.error_count(), scanner.nil_count()
//
// It understands RESP2, RESP3 and memcached's text protocol, and gives the same count however the bytes are
// split. It trusts the server: this is a load generator, not a client library. Not thread-safe: one scanner
// belongs to one connection.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ringtail::bench {

enum class Protocol { kResp, kMemcached };

class ReplyScanner {
 public:
  explicit ReplyScanner(Protocol protocol) : protocol_(protocol) {}

  /// Takes the next bytes of the stream; returns how many replies ended in them.
  size_t Scan(std::string_view bytes) {
    size_t whole = 0;
    while (!bytes.empty()) {
      if (skip_bytes_ > 0) {
        const size_t skipped = std::min<size_t>(skip_bytes_, bytes.size());
        skip_bytes_ -= skipped;
        bytes.remove_prefix(skipped);
        if (skip_bytes_ == 0 && protocol_ == Protocol::kResp) whole += EndItem();
        continue;
      }
      const size_t newline = bytes.find('\n');
      if (newline == std::string_view::npos) {
        line_.append(bytes);
        break;
      }
      std::string_view line = bytes.substr(0, newline);
      if (!line_.empty()) {
        line_.append(line);
        line = line_;
      }
      bytes.remove_prefix(newline + 1);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      whole += protocol_ == Protocol::kResp ? TakeRespLine(line) : TakeMemcachedLine(line);
      line_.clear();
    }
    return whole;
  }

  uint64_t error_count() const { return error_count_; }
  /// Nil replies, or misses of a memcached get.
  uint64_t nil_count() const { return nil_count_; }
  const std::string& first_error() const { return first_error_; }

 private:
  size_t TakeRespLine(std::string_view line) {
    if (line.empty()) return 0;
    switch (line.front()) {
      case '$':
      case '=':
      case '!': {
        const int64_t length = Number(line.substr(1));
        if (length < 0) {
          ++nil_count_;
          return EndItem();
        }
        skip_bytes_ = static_cast<uint64_t>(length) + 2;
        return 0;
      }
      case '*':
      case '~':
      case '>':
      case '%': {
        const int64_t count = Number(line.substr(1));
        if (count < 0) ++nil_count_;
        if (count > 0) open_items_ += static_cast<uint64_t>(count) * (line.front() == '%' ? 2 : 1);
        return EndItem();
      }
      case '-':
        CountError(line);
        return EndItem();
      case '_':
        ++nil_count_;
        return EndItem();
      default:
        return EndItem();
    }
  }

  size_t TakeMemcachedLine(std::string_view line) {
    if (line.starts_with("VALUE ")) {
      found_value_ = true;
      skip_bytes_ = static_cast<uint64_t>(Number(line.substr(line.rfind(' ') + 1))) + 2;
      return 0;
    }
    if (line == "END" && !found_value_) ++nil_count_;
    found_value_ = false;
    if (line.find("ERROR") != std::string_view::npos) CountError(line);
    return 1;
  }

  // A reply is one item and, if that is an aggregate, the items it announces.
  size_t EndItem() {
    if (--open_items_ > 0) return 0;
    open_items_ = 1;
    return 1;
  }

  void CountError(std::string_view line) {
    if (++error_count_ == 1) first_error_ = line.substr(0, 200);
  }

  static int64_t Number(std::string_view digits) {
    int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }

  const Protocol protocol_;
  std::string line_;  // the beginning of a line that was split
  std::string first_error_;
  uint64_t skip_bytes_ = 0;
  uint64_t open_items_ = 1;
  uint64_t error_count_ = 0;
  uint64_t nil_count_ = 0;
  bool found_value_ = false;
};

}  // namespace ringtail::bench
