// Writes replies: the only place where the bytes of RESP2 and RESP3 are made.
//
//   ReplyWriter reply(output, RespVersion::kResp2);
//   reply.Array(2);
//   reply.Bulk(key);
//   reply.Integer(7);
//
// Every function writes one whole, well-formed element, so no argument can break out of its reply:
// lengths are computed here, and line breaks in one-line texts become spaces. Types that RESP2
// lacks fall back to what Redis sends there. Hot functions are inline and allocate nothing beyond
// the output's chunks. Not thread-safe: it belongs to whoever owns the output buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/shared_bytes.h"
#include "proto/decimal.h"
#include "proto/output_buffer.h"

namespace ringtail::proto {

enum class RespVersion : uint8_t { kResp2 = 2, kResp3 = 3 };

class ReplyWriter {
 public:
  ReplyWriter(OutputBuffer& output, RespVersion version) : output_(&output), version_(version) {}

  // One-line replies.
  void Ok() { Literal("+OK\r\n"); }
  void Pong() { Literal("+PONG\r\n"); }
  void Queued() { Literal("+QUEUED\r\n"); }
  /// A status such as "Background saving started"; line breaks in it become spaces.
  void SimpleString(std::string_view text);
  /// An error by its full text, code first: "WRONGTYPE Operation against a key ...". Counted.
  void Error(std::string_view text);
  void Integer(int64_t value) {
    char* const place = output_->Reserve(kHeaderBytesMax);
    *place = ':';
    output_->Commit(static_cast<size_t>(EndLine(WriteDecimal(place + 1, value)) - place));
  }
  /// RESP2: $-1. RESP3: _
  void Null() {
    if (version_ == RespVersion::kResp2) return Literal("$-1\r\n");
    Literal("_\r\n");
  }
  /// RESP2: *-1. RESP3: _
  void NullArray() {
    if (version_ == RespVersion::kResp2) return Literal("*-1\r\n");
    Literal("_\r\n");
  }
  /// RESP2: :1 or :0. RESP3: #t or #f.
  void Boolean(bool value) {
    if (version_ == RespVersion::kResp2) return value ? Literal(":1\r\n") : Literal(":0\r\n");
    value ? Literal("#t\r\n") : Literal("#f\r\n");
  }
  /// RESP2: a bulk. RESP3: ,value. 17 significant digits, inf, -inf, nan, as Redis 7.0.
  void Double(double value);
  /// RESP2: a bulk. RESP3: (digits
  void BigNumber(std::string_view digits);

  // Byte strings.
  void Bulk(std::string_view bytes) {
    if (bytes.size() > kCopiedWholeBytesMax) [[unlikely]]
      return BulkInPieces(bytes);
    char* const place = output_->Reserve(bytes.size() + kHeaderBytesMax + 2);
    *place = '$';
    char* const body = EndLine(WriteDecimal(place + 1, uint64_t{bytes.size()}));
    if (!bytes.empty()) std::memcpy(body, bytes.data(), bytes.size());
    output_->Commit(static_cast<size_t>(EndLine(body + bytes.size()) - place));
  }
  /// The number as a bulk: what GET answers for an integer value.
  void BulkInt(int64_t value) {
    char digits[kDecimalBytesMax];
    Bulk({digits, static_cast<size_t>(WriteDecimal(digits, value) - digits)});
  }
  /// A double as a bulk in both versions.
  void BulkDouble(double value);
  /// A bulk whose bytes are sent out of `block` without a copy; worth it from kSharedBulkBytesMin
  /// on.
  void BulkShared(SharedBytes block, size_t offset, size_t size);
  /// A bulk of `size` bytes that the caller writes at the returned place before any other call.
  /// `size` must be at most kCopiedWholeBytesMax.
  char* BulkPlace(size_t size) {
    char* const place = output_->Reserve(size + kHeaderBytesMax + 2);
    *place = '$';
    char* const body = EndLine(WriteDecimal(place + 1, uint64_t{size}));
    output_->Commit(static_cast<size_t>(EndLine(body + size) - place));
    return body;
  }
  /// Many bulks, one after another, without asking the output for room each time. Nothing else may be
  /// written while it lives.
  class BulkRun {
   public:
    /// `size_hint`: about how many bytes they will take; wrong costs only time.
    BulkRun(ReplyWriter& reply, size_t size_hint)
        : reply_(reply), room_bytes_(size_hint < kRoomBytesMax ? size_hint : kRoomBytesMax) {}
    BulkRun(const BulkRun&) = delete;
    BulkRun& operator=(const BulkRun&) = delete;
    ~BulkRun() { Close(); }

    void Add(std::string_view bytes) {
      if (bytes.size() > kCopiedWholeBytesMax) [[unlikely]] {
        Close();
        return reply_.BulkInPieces(bytes);
      }
      char* const body = Begin(bytes.size());
      if (!bytes.empty()) std::memcpy(body, bytes.data(), bytes.size());
      place_ = EndLine(body + bytes.size());
    }
    /// The same for at most kPaddedBytes bytes, of which kPaddedBytes may be read: a copy of fixed length.
    void AddPadded(const char* bytes, size_t size) {
      char* const body = Begin(size);
      std::memcpy(body, bytes, kPaddedBytes);
      place_ = EndLine(body + size);
    }
    void AddInt(int64_t value) {
      char digits[kDecimalBytesMax];
      Add({digits, static_cast<size_t>(WriteDecimal(digits, value) - digits)});
    }

    static constexpr size_t kPaddedBytes = 32;

   private:
    static constexpr size_t kRoomBytesMax = 2048;

    char* Begin(size_t size) {
      const size_t needed = kHeaderBytesMax + size + kPaddedBytes;
      if (static_cast<size_t>(limit_ - place_) < needed) [[unlikely]] Open(needed);
      *place_ = '$';
      return EndLine(WriteDecimal(place_ + 1, uint64_t{size}));
    }
    void Open(size_t needed) {
      Close();
      const size_t room = needed > room_bytes_ ? needed : room_bytes_;
      start_ = place_ = reply_.output_->Reserve(room);
      limit_ = start_ + room;
    }
    void Close() {
      if (place_ != start_) reply_.output_->Commit(static_cast<size_t>(place_ - start_));
      start_ = place_ = limit_ = nullptr;
    }

    ReplyWriter& reply_;
    const size_t room_bytes_;
    char* start_ = nullptr;
    char* place_ = nullptr;
    char* limit_ = nullptr;
  };
  /// RESP2: a bulk. RESP3: =len, the three-letter format ("txt", "mkd"), a colon and the text.
  void Verbatim(std::string_view format, std::string_view text);

  // Aggregates: a header, which the caller follows with as many elements (a map: pairs).
  void Array(size_t count) { Header('*', count); }
  void EmptyArray() { Literal("*0\r\n"); }
  void Map(size_t pair_count) {
    if (version_ == RespVersion::kResp2) return Header('*', pair_count * 2);
    Header('%', pair_count);
  }
  void Set(size_t count) { Header(version_ == RespVersion::kResp2 ? '*' : '~', count); }
  void Push(size_t count) { Header(version_ == RespVersion::kResp2 ? '*' : '>', count); }
  /// Attributes precede a reply; RESP2 has nothing like them, so call this for RESP3 only.
  void Attribute(size_t pair_count) { Header('|', pair_count); }

  /// An aggregate whose length is not known yet. May be nested; ended in reverse order of
  /// beginning, and before any of its bytes is sent.
  class Deferred {
    friend class ReplyWriter;
    explicit Deferred(size_t position) : position_(position) {}
    size_t position_;
  };
  Deferred BeginArray() { return Deferred(output_->Mark()); }
  Deferred BeginMap() { return Deferred(output_->Mark()); }
  Deferred BeginSet() { return Deferred(output_->Mark()); }
  /// Puts the header in front of what was written since; moves at most a chunk of bytes.
  void EndArray(Deferred begin, size_t count) { InsertHeader(begin, '*', count); }
  void EndMap(Deferred begin, size_t pair_count);
  void EndSet(Deferred begin, size_t count);

  /// Bytes that already are well-formed replies (of a script's or a transaction's own writer).
  void Raw(std::string_view replies) { output_->Append(replies); }

  void set_version(RespVersion version) { version_ = version; }
  RespVersion version() const { return version_; }
  OutputBuffer& output() { return *output_; }
  /// Errors written by this writer so far.
  uint64_t error_count() const { return error_count_; }
  /// The last error's first word ("ERR", "WRONGTYPE"); empty if there was none. Cut at 31 bytes.
  std::string_view last_error_code() const { return {last_error_code_, last_error_code_size_}; }

  /// A larger bulk is copied in pieces, so that it fills chunks to their end.
  static constexpr size_t kCopiedWholeBytesMax = 1024;
  /// From this size on a reference is cheaper than a copy (two more iovecs and a small allocation).
  static constexpr size_t kSharedBulkBytesMin = 16 * 1024;

 private:
  // A type byte, 20 digits, a line end, rounded up.
  static constexpr size_t kHeaderBytesMax = 24;

  static char* EndLine(char* place) {
    std::memcpy(place, "\r\n", 2);
    return place + 2;
  }
  template <size_t kSize>
  void Literal(const char (&text)[kSize]) {
    std::memcpy(output_->Reserve(kSize), text, kSize - 1);
    output_->Commit(kSize - 1);
  }
  void Header(char type, uint64_t count) {
    char* const place = output_->Reserve(kHeaderBytesMax);
    *place = type;
    output_->Commit(static_cast<size_t>(EndLine(WriteDecimal(place + 1, count)) - place));
  }
  void Line(char type, std::string_view text);
  void BulkInPieces(std::string_view bytes);
  void InsertHeader(Deferred begin, char type, uint64_t count);

  OutputBuffer* output_;
  RespVersion version_;
  uint8_t last_error_code_size_ = 0;
  char last_error_code_[31];
  uint64_t error_count_ = 0;
};

}  // namespace ringtail::proto
