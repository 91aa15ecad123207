// Turns the bytes a client has sent into one request at a time.
//
// The parser owns no socket, starts no timer, and allocates nothing in proportion to a length that
// a client merely announced. It gives one of three answers: a whole request, "send more", or "not
// RESP".
//
//   const uint32_t first = args.count();
//   ParseStep step = parser.Next(buffer, limits, args);
//   if (step.outcome == ParseOutcome::kRequest) Execute(args.Range(first));
//   buffer.remove_prefix(step.consumed);            // whatever the outcome
//
// Splitting the same bytes at any point gives the same requests; the tests prove it for every split
// of every corpus entry. Not thread-safe: one parser belongs to one connection.
//
// The grammar is Redis 7.0's, with its texts and its tolerance: a header ends at '\r' and whatever
// byte follows it, the two bytes after a bulk are not looked at, a NUL before the end of a line
// hides that end, and empty requests (`*0`, `*-1`, an empty line) are consumed silently. One
// difference makes the answer independent of the split: a line is too long if its end is not within
// inline_bytes_max + 1 bytes, even when a longer one happens to have arrived whole.
//
// Stages of a request that has not arrived whole (nothing is kept for one that has):
//   kStart -> kInline                                          a first byte other than '*'
//   kStart -> kCount -> kBulkHeader <-> kBulkBytes             '*'
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/shared_bytes.h"
#include "proto/arg_vector.h"

namespace ringtail::proto {

/// A bulk of at least this many bytes may be collected in a block of its own.
inline constexpr int64_t kLargeBulkBytes = 64 * 1024;

/// What a client may send. Small before it has authenticated, as in Redis.
struct ParserLimits {
  int64_t bulk_bytes_max = 512LL * 1024 * 1024;
  size_t inline_bytes_max = 64 * 1024;
  int64_t multibulk_count_max = INT32_MAX;
  int64_t unauthenticated_count_max = 10;
  int64_t unauthenticated_bulk_bytes_max = 16 * 1024;
  bool is_authenticated = true;
};

enum class ParseOutcome : uint8_t { kRequest, kNeedMore, kError };

struct ParseStep {
  ParseOutcome outcome;
  /// Bytes of the buffer that are done with (on kNeedMore: empty requests in front of the partial
  /// one).
  size_t consumed;
  /// On kError the text that follows "-ERR Protocol error: "; lives for ever. May hold a control
  /// byte.
  std::string_view error;
};

/// A large bulk on its way. byte_count 0: there is none.
struct LargeBulk {
  /// Where the bulk's first byte is in the buffer (after `consumed` has been removed).
  size_t offset;
  size_t byte_count;
};

class RequestParser {
 public:
  /// Reads the next request at the start of `buffer` and appends its arguments to `args`, without
  /// copying (inline arguments in quotes excepted). After kNeedMore the next buffer must begin with
  /// the same bytes less `consumed`; they may have moved. After kError the connection is to be
  /// closed. O(bytes) over all calls, however the bytes are split. Allocates only in `args`: 16
  /// bytes an argument that has arrived.
  ParseStep Next(std::string_view buffer, const ParserLimits& limits, ArgVector& args) {
    if (stage_ == Stage::kStart) [[likely]] {
      const size_t consumed = ParseWhole(buffer, limits, args);
      if (consumed != 0) [[likely]]
        return {ParseOutcome::kRequest, consumed, {}};
    }
    return Continue(buffer, limits, args);
  }

  /// Takes the bulk that pending_large_bulk() named from `block`, whose size must be its
  /// byte_count. The next buffer is then what stood before the bulk followed by what comes after it
  /// (its "\r\n" first). The finished request's argument is the block itself: see
  /// ArgVector::FindBlock.
  void SupplyLargeBulk(SharedBytes block);

  /// Forgets a partial request.
  void Reset();

  /// The large bulk that the last Next, which answered kNeedMore, waits for. A caller that does not
  /// care ignores it and goes on filling its buffer.
  LargeBulk pending_large_bulk() const;
  /// True if a request has begun and not ended: for the deadline of partial requests.
  bool is_in_request() const { return stage_ != Stage::kStart; }
  /// A lower bound of the bytes the buffer must hold for the next step to get further; to size
  /// reads.
  size_t wanted_bytes() const;

 private:
  enum class Stage : uint8_t { kStart, kInline, kCount, kBulkHeader, kBulkBytes };
  enum class Progress : uint8_t { kDone, kNeedMore, kError };
  struct Supplied {
    uint32_t arg_index;
    SharedBytes bytes;
  };

  // Redis takes the bytes of an inline request for the longest header too.
  static constexpr size_t kHeaderBytesMax = 64 * 1024;

  static size_t ParseWhole(std::string_view buffer, const ParserLimits& limits, ArgVector& args);
  ParseStep Continue(std::string_view buffer, const ParserLimits& limits, ArgVector& args);
  Progress Advance(std::string_view buffer, const ParserLimits& limits);
  Progress ReadLine(std::string_view buffer, const ParserLimits& limits);
  Progress ReadCount(std::string_view buffer, const ParserLimits& limits);
  Progress ReadBulkHeader(std::string_view buffer, const ParserLimits& limits);
  Progress FindLineEnd(std::string_view buffer, char terminator, size_t bytes_max,
                       std::string_view too_long);
  void Collect(std::string_view request, ArgVector& args);
  Progress Fail(std::string_view error);

  // Where the partial request stands; offsets from the start of the buffer. Arguments that have
  // arrived are not kept: when the last one is there, one walk over the request finds them again.
  Stage stage_ = Stage::kStart;
  uint32_t arg_count_ = 0;
  uint32_t args_left_ = 0;
  uint32_t scanned_bytes_ = 0;  // of the line at position_, known to hold no end
  size_t position_ = 0;         // start of the header, line or bulk that is being read
  size_t bulk_bytes_ = 0;       // announced by the last bulk header; 0 once supplied
  size_t line_bytes_ = 0;       // of a whole inline command, without its line end
  bool is_large_pending_ = false;
  std::string_view error_;
  std::vector<Supplied> supplied_;
};

}  // namespace ringtail::proto
