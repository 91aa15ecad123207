#include "proto/request_parser.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/split_words.h"

namespace ringtail::proto {
namespace {

constexpr std::string_view kTooBigInline = "too big inline request";
constexpr std::string_view kTooBigCount = "too big mbulk count string";
constexpr std::string_view kTooBigBulkHeader = "too big bulk count string";
constexpr std::string_view kInvalidCount = "invalid multibulk length";
constexpr std::string_view kInvalidBulk = "invalid bulk length";
constexpr std::string_view kUnauthenticatedCount = "unauthenticated multibulk length";
constexpr std::string_view kUnauthenticatedBulk = "unauthenticated bulk length";
constexpr std::string_view kUnbalancedQuotes = "unbalanced quotes in request";

// "$0\r\n\r\n": no argument takes less.
constexpr size_t kArgBytesMin = 6;

// One text per unexpected byte, so that an error's text needs no memory of the parser's.
constexpr std::string_view kExpectedDollar = "expected '$', got '?'";
constexpr auto kExpectedDollarTexts = [] {
  std::array<std::array<char, kExpectedDollar.size()>, 256> texts{};
  for (size_t byte = 0; byte < texts.size(); ++byte) {
    for (size_t i = 0; i < kExpectedDollar.size(); ++i) texts[byte][i] = kExpectedDollar[i];
    texts[byte][kExpectedDollar.size() - 2] = static_cast<char>(byte);
  }
  return texts;
}();

std::string_view ExpectedDollar(char got) {
  const auto& text = kExpectedDollarTexts[static_cast<unsigned char>(got)];
  return {text.data(), text.size()};
}

inline unsigned DigitOf(char byte) { return static_cast<unsigned char>(byte) - unsigned{'0'}; }

// The canonical form only: no sign but '-', no leading zero, no space, and it fits in an int64.
bool ReadInteger(std::string_view text, int64_t& value) {
  const bool is_negative = !text.empty() && text.front() == '-';
  if (is_negative) text.remove_prefix(1);
  constexpr size_t kDigitsMax = 19;
  if (text.empty() || text.size() > kDigitsMax) return false;
  if (text.front() == '0') {
    value = 0;
    return text.size() == 1 && !is_negative;
  }
  uint64_t magnitude = 0;  // 19 digits fit
  for (const char byte : text) {
    if (DigitOf(byte) > 9) return false;
    magnitude = magnitude * 10 + DigitOf(byte);
  }
  const uint64_t limit = uint64_t{INT64_MAX} + (is_negative ? 1 : 0);
  if (magnitude > limit) return false;
  value = static_cast<int64_t>(is_negative ? 0 - magnitude : magnitude);
  return true;
}

// Reads the number of a whole request's header, which begins after its type byte at `place` and of
// which at least five bytes are there. Null for whatever is not a plain, complete, short number:
// the careful path then decides what it is. Lengths of one to three digits are nearly all there
// are.
inline const char* ReadPlainNumber(const char* place, const char* end, uint64_t& value) {
  const unsigned first = DigitOf(place[0]);
  if (first > 9) [[unlikely]]
    return nullptr;
  if (place[1] == '\r') {
    value = first;
    return place + 3;
  }
  const unsigned second = DigitOf(place[1]);
  if (second > 9 || first == 0) [[unlikely]]
    return nullptr;
  uint64_t number = first * 10 + second;
  if (place[2] == '\r') {
    value = number;
    return place + 4;
  }
  // Nine more digits cannot overflow.
  const char* const digits_end = end - place > 12 ? place + 12 : end - 1;
  for (place += 2; place < digits_end; ++place) {
    const unsigned digit = DigitOf(*place);
    if (digit > 9) {
      if (*place != '\r') return nullptr;
      value = number;
      return place + 2;
    }
    number = number * 10 + digit;
  }
  return nullptr;
}

struct CheckedHeader {
  size_t value;
  const char* body;
};

// Reads a header that has been found good before; `header` is at its type byte.
CheckedHeader ReadCheckedHeader(const char* header) {
  size_t value = 0;
  while (*++header != '\r') value = value * 10 + DigitOf(*header);
  return {value, header + 2};
}

// The six bytes that C's isspace knows.
bool IsSpace(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

// Copies an argument from its first quote on (which may stand inside the word) to `out`. `at` is at
// the quote and is moved behind the argument. Answers the end of what was written, or null for
// quotes that are not closed or not followed by a space.
char* UnquoteRest(std::string_view line, size_t& at, char* out) {
  const char quote = line[at++];
  while (at < line.size()) {
    const char byte = line[at];
    if (byte == quote) {
      ++at;
      return at == line.size() || IsSpace(line[at]) ? out : nullptr;
    }
    ++at;
    if (byte == '\\' && at < line.size()) {
      if (quote == '"') {
        *out++ = TakeEscape(line, at);
        continue;
      }
      if (line[at] == '\'') {
        *out++ = '\'';
        ++at;
        continue;
      }
    }
    *out++ = byte;
  }
  return nullptr;
}

// Splits an inline command. Words are views into the line; those with quotes are unescaped aside.
bool SplitInline(std::string_view line, ArgVector& args) {
  size_t at = 0;
  for (;;) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    if (at == line.size()) return true;
    const size_t begin = at;
    // Vertical tab and form feed separate arguments but do not end a word: that is how Redis
    // splits.
    while (at < line.size() && line[at] != ' ' && line[at] != '\t' && line[at] != '\r' &&
           line[at] != '"' && line[at] != '\'') {
      ++at;
    }
    if (at == line.size() || (line[at] != '"' && line[at] != '\'')) {
      args.Push(line.substr(begin, at - begin));
      continue;
    }
    char* const text = args.ReserveText(line.size() - begin);
    std::memcpy(text, line.data() + begin, at - begin);
    const char* const text_end = UnquoteRest(line, at, text + (at - begin));
    if (text_end == nullptr) return false;
    const size_t size = static_cast<size_t>(text_end - text);
    args.CommitText(size);
    args.Push({text, size});
  }
}

}  // namespace

// Parses a multibulk request that is whole and within the limits, in one pass; answers its bytes.
// Answers 0, with `args` as before, for anything else. Nearly every request ends here.
size_t RequestParser::ParseWhole(std::string_view buffer, const ParserLimits& limits,
                                 ArgVector& args) {
  const char* place = buffer.data();
  const char* const end = place + buffer.size();
  if (buffer.size() < 4 + kArgBytesMin || *place != '*') return 0;
  uint64_t count = 0;
  place = ReadPlainNumber(place + 1, end, count);
  if (place == nullptr || count == 0) return 0;
  // What cannot be whole is not begun, so room is made only for arguments whose bytes may be here.
  if (count > static_cast<uint64_t>(end - place) / kArgBytesMin) return 0;
  uint64_t bulk_bytes_max = static_cast<uint64_t>(limits.bulk_bytes_max);
  uint64_t count_max = static_cast<uint64_t>(limits.multibulk_count_max);
  if (!limits.is_authenticated) [[unlikely]] {
    bulk_bytes_max =
        std::min(bulk_bytes_max, static_cast<uint64_t>(limits.unauthenticated_bulk_bytes_max));
    count_max = std::min(count_max, static_cast<uint64_t>(limits.unauthenticated_count_max));
  }
  if (count > count_max) return 0;

  args.EnsureRoom(static_cast<uint32_t>(count));
  std::string_view* view = args.end_place();
  std::string_view* const view_end = view + count;
  do {
    if (end - place < static_cast<ptrdiff_t>(kArgBytesMin) || *place != '$') return 0;
    uint64_t size = 0;
    place = ReadPlainNumber(place + 1, end, size);
    if (place == nullptr || size > bulk_bytes_max) return 0;
    if (static_cast<uint64_t>(end - place) < size + 2) return 0;
    *view = {place, size};
    place += size + 2;
  } while (++view != view_end);
  args.SetCount(args.count() + static_cast<uint32_t>(count));
  return static_cast<size_t>(place - buffer.data());
}

// Goes on with a partial request, or with the first one after any number of empty ones.
ParseStep RequestParser::Continue(std::string_view buffer, const ParserLimits& limits,
                                  ArgVector& args) {
  is_large_pending_ = false;
  size_t skipped = 0;
  for (;;) {
    const std::string_view request = buffer.substr(skipped);
    const Progress progress = Advance(request, limits);
    if (progress == Progress::kNeedMore) return {ParseOutcome::kNeedMore, skipped, {}};
    if (progress == Progress::kError) return {ParseOutcome::kError, skipped, error_};
    const uint32_t first = args.count();
    const size_t request_bytes = position_;
    if (stage_ != Stage::kInline) {
      Collect(request, args);
    } else if (!SplitInline(request.substr(0, line_bytes_), args)) {
      args.SetCount(first);
      Fail(kUnbalancedQuotes);
      return {ParseOutcome::kError, skipped, error_};
    }
    Reset();
    skipped += request_bytes;
    if (args.count() != first) return {ParseOutcome::kRequest, skipped, {}};
  }
}

// Moves position_ over the request as far as it has arrived. On kDone position_ is the request's
// end.
RequestParser::Progress RequestParser::Advance(std::string_view buffer,
                                               const ParserLimits& limits) {
  for (;;) {
    switch (stage_) {
      case Stage::kStart:
        if (buffer.empty()) return Progress::kNeedMore;
        stage_ = buffer.front() == '*' ? Stage::kCount : Stage::kInline;
        break;
      case Stage::kInline:
        return ReadLine(buffer, limits);
      case Stage::kCount: {
        const Progress progress = ReadCount(buffer, limits);
        if (progress != Progress::kDone || args_left_ == 0) return progress;
        stage_ = Stage::kBulkHeader;
        break;
      }
      case Stage::kBulkHeader: {
        const Progress progress = ReadBulkHeader(buffer, limits);
        if (progress != Progress::kDone) return progress;
        stage_ = Stage::kBulkBytes;
        break;
      }
      case Stage::kBulkBytes: {
        const size_t arrived_bytes = buffer.size() - position_;
        if (arrived_bytes < bulk_bytes_ + 2) {
          is_large_pending_ =
              bulk_bytes_ >= static_cast<size_t>(kLargeBulkBytes) && arrived_bytes < bulk_bytes_;
          return Progress::kNeedMore;
        }
        position_ += bulk_bytes_ + 2;
        if (--args_left_ == 0) return Progress::kDone;
        stage_ = Stage::kBulkHeader;
        break;
      }
    }
  }
}

RequestParser::Progress RequestParser::ReadLine(std::string_view buffer,
                                                const ParserLimits& limits) {
  const Progress progress = FindLineEnd(buffer, '\n', limits.inline_bytes_max, kTooBigInline);
  if (progress != Progress::kDone) return progress;
  const size_t line_end = scanned_bytes_;
  line_bytes_ = line_end;
  if (line_end > 0 && buffer[line_end - 1] == '\r') --line_bytes_;
  position_ = line_end + 1;
  return Progress::kDone;
}

RequestParser::Progress RequestParser::ReadCount(std::string_view buffer,
                                                 const ParserLimits& limits) {
  const Progress progress = FindLineEnd(buffer, '\r', kHeaderBytesMax, kTooBigCount);
  if (progress != Progress::kDone) return progress;
  int64_t count = 0;
  if (!ReadInteger(buffer.substr(1, scanned_bytes_ - 1), count) ||
      count > limits.multibulk_count_max) {
    return Fail(kInvalidCount);
  }
  if (!limits.is_authenticated && count > limits.unauthenticated_count_max) {
    return Fail(kUnauthenticatedCount);
  }
  position_ = scanned_bytes_ + 2;
  scanned_bytes_ = 0;
  arg_count_ = args_left_ = count <= 0 ? 0 : static_cast<uint32_t>(count);
  return Progress::kDone;
}

RequestParser::Progress RequestParser::ReadBulkHeader(std::string_view buffer,
                                                      const ParserLimits& limits) {
  const Progress progress = FindLineEnd(buffer, '\r', kHeaderBytesMax, kTooBigBulkHeader);
  if (progress != Progress::kDone) return progress;
  if (buffer[position_] != '$') return Fail(ExpectedDollar(buffer[position_]));
  int64_t size = 0;
  if (!ReadInteger(buffer.substr(position_ + 1, scanned_bytes_ - 1), size) || size < 0 ||
      size > limits.bulk_bytes_max) {
    return Fail(kInvalidBulk);
  }
  if (!limits.is_authenticated && size > limits.unauthenticated_bulk_bytes_max) {
    return Fail(kUnauthenticatedBulk);
  }
  position_ += scanned_bytes_ + 2;
  scanned_bytes_ = 0;
  bulk_bytes_ = static_cast<size_t>(size);
  return Progress::kDone;
}

// Looks for the end of the line or header at position_. On kDone scanned_bytes_ is what precedes
// it. What was looked through is remembered, so a line that trickles in costs O(n) in all.
RequestParser::Progress RequestParser::FindLineEnd(std::string_view buffer, char terminator,
                                                   size_t bytes_max, std::string_view too_long) {
  const size_t arrived_bytes = buffer.size() - position_;
  const size_t window_bytes = std::min(arrived_bytes, bytes_max + 1);
  const char* const line = buffer.data() + position_;
  // A NUL ends the search for good: it stays the byte that is looked at next time.
  size_t at = scanned_bytes_;
  while (at < window_bytes && line[at] != terminator && line[at] != '\0') ++at;
  scanned_bytes_ = static_cast<uint32_t>(at);
  if (at < window_bytes && line[at] == terminator) {
    // A header's '\r' counts once the byte behind it is there, which is taken unseen.
    if (terminator == '\n' || at + 1 < arrived_bytes) return Progress::kDone;
    return Progress::kNeedMore;
  }
  return arrived_bytes > bytes_max ? Fail(too_long) : Progress::kNeedMore;
}

// Appends the arguments of a multibulk request that is whole and has been checked on its way.
void RequestParser::Collect(std::string_view request, ArgVector& args) {
  if (arg_count_ == 0) return;
  const uint32_t first = args.count();
  args.EnsureRoom(arg_count_);
  auto supplied = supplied_.begin();
  const char* place = ReadCheckedHeader(request.data()).body;
  for (uint32_t index = 0; index < arg_count_; ++index) {
    const auto [size, bytes] = ReadCheckedHeader(place);
    if (supplied != supplied_.end() && supplied->arg_index == index) {
      args.Push(std::as_const(supplied->bytes).view());
      args.AddBlock(first + index, std::move(supplied->bytes));
      ++supplied;
      place = bytes + 2;
    } else {
      args.Push({bytes, size});
      place = bytes + size + 2;
    }
  }
}

RequestParser::Progress RequestParser::Fail(std::string_view error) {
  Reset();
  error_ = error;
  return Progress::kError;
}

void RequestParser::SupplyLargeBulk(SharedBytes block) {
  supplied_.push_back({arg_count_ - args_left_, std::move(block)});
  bulk_bytes_ = 0;
  is_large_pending_ = false;
}

void RequestParser::Reset() {
  stage_ = Stage::kStart;
  is_large_pending_ = false;
  arg_count_ = args_left_ = 0;
  scanned_bytes_ = 0;
  position_ = bulk_bytes_ = line_bytes_ = 0;
  if (supplied_.capacity() != 0) supplied_ = std::vector<Supplied>();
}

LargeBulk RequestParser::pending_large_bulk() const {
  if (!is_large_pending_) return {0, 0};
  return {position_, bulk_bytes_};
}

size_t RequestParser::wanted_bytes() const {
  if (stage_ == Stage::kBulkBytes) return position_ + bulk_bytes_ + 2;
  return position_ + scanned_bytes_ + 1;
}

}  // namespace ringtail::proto
