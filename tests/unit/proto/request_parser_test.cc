#include "proto/request_parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/memory.h"
#include "base/random.h"
#include "proto/request_writer.h"

namespace ringtail::proto {
namespace {

using Request = std::vector<std::string>;

// What a stream of bytes means: its requests and how it ends.
struct Meaning {
  std::vector<Request> requests;
  std::string error;
  size_t left_bytes = 0;  // of a partial request; 0 after an error

  bool operator==(const Meaning&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Meaning& meaning) {
  for (const Request& request : meaning.requests) {
    out << "[";
    for (const std::string& arg : request) out << testing::PrintToString(arg) << " ";
    out << "] ";
  }
  return out << "error: '" << meaning.error << "' left: " << meaning.left_bytes;
}

// A client's end of the parser: keeps what is not consumed, in memory that moves with every piece.
class Reader {
 public:
  explicit Reader(const ParserLimits& limits = {}) : limits_(limits) {}

  void Feed(std::string_view piece) {
    if (!meaning_.error.empty()) return;
    std::string moved;
    moved.reserve(buffer_.size() + piece.size());
    moved.append(buffer_).append(piece);
    buffer_.swap(moved);
    std::string_view rest = buffer_;
    for (;;) {
      const uint32_t first = args_.count();
      const ParseStep step = parser_.Next(rest, limits_, args_);
      rest.remove_prefix(step.consumed);
      if (step.outcome == ParseOutcome::kRequest) {
        ranges_.push_back({first, args_.count() - first});
        continue;
      }
      EXPECT_EQ(args_.count(), first) << "only a whole request may leave arguments";
      if (step.outcome == ParseOutcome::kError) meaning_.error = step.error;
      break;
    }
    for (const auto& [first, count] : ranges_) {
      Request& request = meaning_.requests.emplace_back();
      for (const std::string_view arg : args_.Range(first, count)) request.emplace_back(arg);
    }
    ranges_.clear();
    args_.Clear();
    buffer_ = std::string(rest);
    meaning_.left_bytes = meaning_.error.empty() ? buffer_.size() : 0;
  }

  const Meaning& meaning() const { return meaning_; }
  RequestParser& parser() { return parser_; }
  std::string& buffer() { return buffer_; }

 private:
  struct ArgRange {
    uint32_t first;
    uint32_t count;
  };
  ParserLimits limits_;
  RequestParser parser_;
  ArgVector args_;
  std::vector<ArgRange> ranges_;
  std::string buffer_;
  Meaning meaning_;
};

Meaning Read(std::string_view bytes, const ParserLimits& limits = {}) {
  Reader reader(limits);
  reader.Feed(bytes);
  return reader.meaning();
}

Meaning ReadByteByByte(std::string_view bytes, const ParserLimits& limits = {}) {
  Reader reader(limits);
  for (size_t i = 0; i < bytes.size(); ++i) reader.Feed(bytes.substr(i, 1));
  return reader.meaning();
}

template <size_t kSize>
std::string Literal(const char (&text)[kSize]) {
  return {text, kSize - 1};
}

Meaning Requests(std::vector<Request> requests) { return {std::move(requests), "", 0}; }
Meaning Fails(std::string error) { return {{}, std::move(error), 0}; }
Meaning Waits(size_t left_bytes) { return {{}, "", left_bytes}; }

const Request kPing = {"PING"};

struct Case {
  std::string bytes;
  Meaning meaning;
};

// Every line was compared with redis-server 7.0.15 over a socket.
std::vector<Case> Corpus() {
  const std::string ping = "*1\r\n$4\r\nPING\r\n";
  return {
      {ping, Requests({kPing})},
      {ping + ping, Requests({kPing, kPing})},
      {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello\r\nworld\r\n",
       Requests({{"SET", "k", "hello\r\nworld"}})},
      {"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", Requests({{"ECHO", ""}})},
      {"*2\r\n$4\r\nECHO\r\n$100\r\n" + std::string(100, 'x') + "\r\n" + ping,
       Requests({{"ECHO", std::string(100, 'x')}, kPing})},
      {"*12\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n$1\r\nh"
       "\r\n$1\r\ni\r\n$1\r\nj\r\n$1\r\nk\r\n$1\r\nl\r\n",
       Requests({{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}})},
      // The byte after a header's '\r' and the two after a bulk are not looked at.
      {"*1\rX$4\r\nPING\r\n", Requests({kPing})},
      {"*1\r\n$4\rXPING\r\n", Requests({kPing})},
      {"*1\r\n$4\r\nPINGXX" + ping, Requests({kPing, kPing})},
      // Counts.
      {"*\r\nPING\r\n", Fails("invalid multibulk length")},
      {"*+1\r\n", Fails("invalid multibulk length")},
      {"*01\r\n", Fails("invalid multibulk length")},
      {"* 1\r\n", Fails("invalid multibulk length")},
      {"*-0\r\n", Fails("invalid multibulk length")},
      {"*0x1\r\n", Fails("invalid multibulk length")},
      {"*1x\r\n", Fails("invalid multibulk length")},
      {"*1\n$4\r\nPING\r\n", Fails("invalid multibulk length")},
      {"*2147483648\r\n", Fails("invalid multibulk length")},
      {"*9223372036854775808\r\n", Fails("invalid multibulk length")},
      {"*-9223372036854775809\r\n", Fails("invalid multibulk length")},
      {"*1000000000000000000000000000000\r\n", Fails("invalid multibulk length")},
      {"*2147483647\r\n", Waits(13)},
      {"*1048577\r\n", Waits(10)},
      // Bulk lengths.
      {"*1\r\n$-1\r\n", Fails("invalid bulk length")},
      {"*1\r\n$\r\n", Fails("invalid bulk length")},
      {"*1\r\n$04\r\nPING\r\n", Fails("invalid bulk length")},
      {"*1\r\n$+4\r\nPING\r\n", Fails("invalid bulk length")},
      {"*1\r\n$-0\r\n\r\n", Fails("invalid bulk length")},
      {"*1\r\n$536870913\r\n", Fails("invalid bulk length")},
      {"*1\r\n$99999999999999999999\r\n", Fails("invalid bulk length")},
      {"*1\r\n$536870912\r\n", Waits(16)},
      {"*1\r\n$0\r\n\r\n", Requests({{""}})},
      // Something else than a bulk.
      {"*1\r\n+PING\r\n", Fails("expected '$', got '+'")},
      {"*1\r\n\r\n", Fails("expected '$', got '\r'")},
      {"*1\r\n\n4\r\n", Fails("expected '$', got '\n'")},
      {"*1\r\n\xff\r\n", Fails("expected '$', got '\xff'")},
      {"*1\r\n\r", Waits(5)},
      {"*1\r\nx", Waits(5)},
      // A NUL hides the end of a line.
      {Literal("*1\r\n\0\r\n"), Waits(7)},
      {Literal("*1\0\r\n$4\r\nPING\r\n"), Waits(15)},
      {Literal("ping\0foo\r\n"), Waits(10)},
      {Literal("*1\r\n$4\r\nP\0NG\r\n"), Requests({{Literal("P\0NG")}})},
      // Inline commands.
      {"PING\r\n", Requests({kPing})},
      {"PING\n", Requests({kPing})},
      {"  set \t k  v \r\nPING\n", Requests({{"set", "k", "v"}, kPing})},
      {"\"PING\"\r\n", Requests({kPing})},
      {"echo \"\" \r\n", Requests({{"echo", ""}})},
      {"echo ''\r\n", Requests({{"echo", ""}})},
      {"ec\"ho\" a\r\n", Requests({{"echo", "a"}})},
      {"echo a\"b\"\r\n", Requests({{"echo", "ab"}})},
      {"echo \"a\\x41\\n\\r\\t\\b\\a\\q\\\"\"\r\n", Requests({{"echo", "aA\n\r\t\b\aq\""}})},
      {"echo \"\\xZZ\"\r\n", Requests({{"echo", "xZZ"}})},
      {"echo \"\\x4\"\r\n", Requests({{"echo", "x4"}})},
      {"echo 'a\\'b\\n'\r\n", Requests({{"echo", "a'b\\n"}})},
      {"echo a\\ b\r\n", Requests({{"echo", "a\\", "b"}})},
      {"echo a\rb\r\n", Requests({{"echo", "a", "b"}})},
      {"echo a\r\r\n", Requests({{"echo", "a"}})},
      {"echo\x0b"
       "a\r\n",
       Requests({{"echo\x0b"
                  "a"}})},
      {"echo \x0b"
       "a\x0c\r\n",
       Requests({{"echo", "a\x0c"}})},
      {"\"a\"\x0b"
       "b\r\n",
       Requests({{"a", "b"}})},
      {"'abc\r\n", Fails("unbalanced quotes in request")},
      {"\"abc\r\n", Fails("unbalanced quotes in request")},
      {"\"abc\"d\r\n", Fails("unbalanced quotes in request")},
      {"'abc'd\r\n", Fails("unbalanced quotes in request")},
      {"echo a\"b\"c\r\n", Fails("unbalanced quotes in request")},
      {"echo \"a\\\"\r\n", Fails("unbalanced quotes in request")},
      {"echo \"abc\\\r\n", Fails("unbalanced quotes in request")},
      {"a'\r\n", Fails("unbalanced quotes in request")},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Requests({{"GET", "/", "HTTP/1.1"}, {"Host:", "x"}})},
      {"$4\r\nPING\r\n", Requests({{"$4"}, kPing})},
      {"echo half", Waits(9)},
      // Empty requests are consumed.
      {"*0\r\n*-1\r\n*-9999999999\r\n\r\n\n  \r\n" + ping, Requests({kPing})},
      {"\r\n\r\n*0\r\n*1\r\n$4\r\nPI", Waits(10)},
      {"\r\n\r\n*0\r\n", Waits(0)},
  };
}

TEST(RequestParser, WholeBytesMeanWhatRedisTakesThemFor) {
  for (const Case& test : Corpus()) {
    EXPECT_EQ(Read(test.bytes), test.meaning) << testing::PrintToString(test.bytes);
  }
}

TEST(RequestParser, BytesOneByOneMeanTheSame) {
  for (const Case& test : Corpus()) {
    EXPECT_EQ(ReadByteByByte(test.bytes), test.meaning) << testing::PrintToString(test.bytes);
  }
}

TEST(RequestParser, EverySplitIntoTwoOrThreeMeansTheSame) {
  for (const Case& test : Corpus()) {
    const std::string_view bytes = test.bytes;
    for (size_t first = 0; first <= bytes.size(); ++first) {
      for (size_t second = first; second <= bytes.size(); ++second) {
        Reader reader;
        reader.Feed(bytes.substr(0, first));
        reader.Feed(bytes.substr(first, second - first));
        reader.Feed(bytes.substr(second));
        ASSERT_EQ(reader.meaning(), test.meaning)
            << testing::PrintToString(test.bytes) << " split at " << first << ", " << second;
      }
    }
  }
}

// CVE-2026-27623's class: state that an empty request leaves behind.
TEST(RequestParser, EveryRequestBehindEveryEmptyFormMeansTheSameAtEverySplit) {
  for (const std::string empty : {"*0\r\n", "*-1\r\n", "\r\n", "\n", " \t \r\n", "*-7\rX"}) {
    for (const Case& test : Corpus()) {
      const std::string bytes = empty + test.bytes;
      for (size_t split = 0; split <= bytes.size(); ++split) {
        Reader reader;
        reader.Feed(std::string_view(bytes).substr(0, split));
        reader.Feed(std::string_view(bytes).substr(split));
        ASSERT_EQ(reader.meaning(), test.meaning)
            << testing::PrintToString(bytes) << " split at " << split;
      }
    }
  }
}

std::vector<std::string> EdgeLengths() {
  std::vector<std::string> lengths = {
      "",         "-",
      "+",        "+1",
      "00",       "01",
      " 1",       "1 ",
      "1a",       "a",
      "0x10",     "1e3",
      "1.0",      "--1",
      "-0",       "-01",
      "\t1",      "1\n",
      "\xff\xff", "$",
      "*",        "999999999999999999999999999999999999999999999999"};
  for (const std::string number : {"0",
                                   "1",
                                   "2",
                                   "9",
                                   "10",
                                   "99",
                                   "100",
                                   "127",
                                   "128",
                                   "255",
                                   "256",
                                   "65535",
                                   "65536",
                                   "2147483647",
                                   "2147483648",
                                   "4294967295",
                                   "4294967296",
                                   "9223372036854775807",
                                   "9223372036854775808",
                                   "18446744073709551615",
                                   "18446744073709551616"}) {
    lengths.push_back(number);
    lengths.push_back("-" + number);
  }
  return lengths;
}

TEST(RequestParser, EdgeLengthsInEveryPlaceAreRefusedOrWaitedForWithoutMemory) {
  for (const std::string& length : EdgeLengths()) {
    for (const std::string& bytes :
         {"*" + length + "\r\n$4\r\nPING\r\n", "*2\r\n$" + length + "\r\nPING\r\n$1\r\nx\r\n",
          "*2\r\n$4\r\nPING\r\n$" + length + "\r\nx\r\n", length + "\r\n",
          "*1\r\n" + length + "\r\n"}) {
      const int64_t before = memory::UsedBytes();
      RequestParser parser;
      ArgVector args;
      parser.Next(bytes, {}, args);
      EXPECT_LT(memory::UsedBytes() - before, int64_t{64 * 1024}) << bytes;
      EXPECT_EQ(Read(bytes), ReadByteByByte(bytes)) << testing::PrintToString(bytes);
    }
  }
}

TEST(RequestParser, RandomRequestsSurviveWritingAndRandomSplits) {
  const uint64_t seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    Meaning expected;
    std::string bytes;
    for (uint64_t left = random.Below(8); left > 0; --left) {
      Request& request = expected.requests.emplace_back(1 + random.Below(6));
      for (std::string& arg : request) {
        arg.resize(random.Below(10) == 0 ? random.Below(3000) : random.Below(20));
        for (char& byte : arg) byte = static_cast<char>(random.Next());
      }
      const std::vector<std::string_view> views(request.begin(), request.end());
      ASSERT_EQ(RequestBytes(views), [&] {
        std::string alone;
        AppendRequest(alone, views);
        return alone.size();
      }());
      AppendRequest(bytes, views);
    }
    Reader reader;
    for (std::string_view rest = bytes; !rest.empty();) {
      const size_t size = std::min<size_t>(rest.size(), 1 + random.Below(round % 2 ? 7 : 500));
      reader.Feed(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    ASSERT_EQ(reader.meaning(), expected);
  }
}

TEST(RequestParser, RandomBytesFromTheGrammarMeanTheSameForRandomSplits) {
  const uint64_t seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(seed);
  Random random(seed ^ 0x5eed);
  const std::vector<std::string> tokens = {"*1",   "*2", "*3",    "\r\n", "\r\n",
                                           "\r\n", "$1", "$2",    "$4",   "$0",
                                           "a",    "bc", "PING",  "\"",   "'",
                                           "\\",   " ",  "\r",    "\n",   "-1",
                                           "0",    "*0", "\\x41", "*-1",  std::string(1, '\0')};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (uint64_t left = 1 + random.Below(24); left > 0; --left) {
      bytes += tokens[random.Below(tokens.size())];
    }
    Reader reader;
    const size_t first = random.Below(bytes.size() + 1);
    const size_t second = first + random.Below(bytes.size() - first + 1);
    reader.Feed(std::string_view(bytes).substr(0, first));
    reader.Feed(std::string_view(bytes).substr(first, second - first));
    reader.Feed(std::string_view(bytes).substr(second));
    ASSERT_EQ(reader.meaning(), Read(bytes)) << testing::PrintToString(bytes);
    ASSERT_EQ(reader.meaning(), ReadByteByByte(bytes)) << testing::PrintToString(bytes);
  }
}

TEST(RequestParser, LinesWithoutEndFailAtSixtyFourKibibytes) {
  const size_t max = 64 * 1024;
  const std::string digits(max, '1');
  EXPECT_EQ(Read(digits), Waits(max));
  EXPECT_EQ(Read(digits + "1"), Fails("too big inline request"));
  EXPECT_EQ(Read(digits + "\n"), Requests({{digits}}));
  EXPECT_EQ(Read("*" + digits), Fails("too big mbulk count string"));
  EXPECT_EQ(Read(("*" + digits).substr(0, max)), Waits(max));
  EXPECT_EQ(Read("*1\r\n$" + digits), Fails("too big bulk count string"));
  EXPECT_EQ(Read("*1\r\n" + ("$" + digits).substr(0, max)), Waits(max + 4));
  EXPECT_EQ(Read("*1\r\nx" + digits), Fails("too big bulk count string"));
  EXPECT_EQ(Read(std::string(max + 1, '\0')), Fails("too big inline request"));
  EXPECT_EQ(ReadByteByByte(digits + "11\r\n"), Fails("too big inline request"));
}

TEST(RequestParser, LimitsAreSmallBeforeAuthentication) {
  ParserLimits limits;
  limits.is_authenticated = false;
  EXPECT_EQ(Read("*11\r\n", limits), Fails("unauthenticated multibulk length"));
  EXPECT_EQ(Read("*2000000000\r\n", limits), Fails("unauthenticated multibulk length"));
  EXPECT_EQ(Read("*99999999999\r\n", limits), Fails("invalid multibulk length"));
  EXPECT_EQ(Read("*10\r\n", limits), Waits(5));
  EXPECT_EQ(Read("*1\r\n$16385\r\n", limits), Fails("unauthenticated bulk length"));
  EXPECT_EQ(Read("*1\r\n$536870913\r\n", limits), Fails("invalid bulk length"));
  const std::string largest(16384, 'a');
  EXPECT_EQ(Read("*1\r\n$16384\r\n" + largest + "\r\n", limits), Requests({{largest}}));
  EXPECT_EQ(Read("*1\r\n$16385\r\nx" + largest + "\r\n", limits),
            Fails("unauthenticated bulk length"));
  std::string eleven = "*11\r\n";
  for (int i = 0; i < 11; ++i) eleven += "$1\r\na\r\n";
  EXPECT_EQ(Read(eleven, limits), Fails("unauthenticated multibulk length"));
}

TEST(RequestParser, ConfiguredBulkLimitHoldsForWholeRequestsToo) {
  ParserLimits limits;
  limits.bulk_bytes_max = 100;
  EXPECT_EQ(Read("*1\r\n$101\r\n" + std::string(101, 'a') + "\r\n", limits),
            Fails("invalid bulk length"));
  EXPECT_EQ(Read("*1\r\n$100\r\n" + std::string(100, 'a') + "\r\n", limits),
            Requests({{std::string(100, 'a')}}));
}

std::string ManyArgs(uint32_t count, std::string_view arg) {
  std::string bytes = "*" + std::to_string(count) + "\r\n";
  for (uint32_t i = 0; i < count; ++i) {
    bytes += "$" + std::to_string(arg.size()) + "\r\n" + std::string(arg) + "\r\n";
  }
  return bytes;
}

// Quadratic work would take minutes here; linear takes milliseconds.
TEST(RequestParser, AMillionArgumentsInSmallPiecesCostLinearTimeAndBoundedMemory) {
  constexpr uint32_t kCount = 1'000'000;
  const std::string bytes = ManyArgs(kCount, "ab");
  RequestParser parser;
  ArgVector args;
  const int64_t before = memory::UsedBytes();
  ParseStep step{};
  for (size_t arrived = 0; arrived < bytes.size();) {
    arrived = std::min(bytes.size(), arrived + 100);
    step = parser.Next(std::string_view(bytes).substr(0, arrived), {}, args);
    if (arrived < bytes.size()) {
      ASSERT_EQ(step.outcome, ParseOutcome::kNeedMore);
      ASSERT_LT(memory::UsedBytes() - before, 64 * 1024);
    }
  }
  ASSERT_EQ(step.outcome, ParseOutcome::kRequest);
  EXPECT_EQ(step.consumed, bytes.size());
  EXPECT_EQ(args.count(), kCount);
  EXPECT_EQ(args[kCount - 1], "ab");
  EXPECT_LE(memory::UsedBytes() - before, static_cast<int64_t>(bytes.size() * 4 + 64 * 1024));
  args.Clear();
  EXPECT_LT(memory::UsedBytes() - before, 64 * 1024 + memory::kFoldBytes);
}

TEST(RequestParser, AnnouncedLengthsAllocateNothing) {
  const int64_t before = memory::UsedBytes();
  RequestParser parser;
  ArgVector args;
  EXPECT_EQ(parser.Next("*2147483647\r\n$536870912\r\n", {}, args).outcome,
            ParseOutcome::kNeedMore);
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(RequestParser, ManyEmptyArgumentsStayWithinFourTimesTheBytes) {
  for (const uint32_t count : {1u, 100u, 10'000u, 300'000u}) {
    const std::string bytes = ManyArgs(count, "");
    ArgVector args;
    RequestParser parser;
    ASSERT_EQ(parser.Next(bytes, {}, args).outcome, ParseOutcome::kRequest);
    EXPECT_LE(args.reserved_bytes(), bytes.size() * 4 + 64 * 1024);
  }
}

TEST(RequestParser, LargeBulkIsNamedSuppliedAndHandedOver) {
  const std::string value(100'000, 'v');
  const std::string head = "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n";
  const std::string tail = "\r\n$4\r\nKEEP\r\n";
  const std::string next = "*1\r\n$4\r\nPING\r\n";
  for (size_t arrived = 0; arrived < 50; arrived += 7) {
    for (size_t split = 0; split < tail.size(); ++split) {
      RequestParser parser;
      ArgVector args;
      const std::string first_buffer = "\r\n" + head + value.substr(0, arrived);
      ASSERT_EQ(parser.Next(first_buffer, {}, args).consumed, 2u);
      const LargeBulk large = parser.pending_large_bulk();
      ASSERT_EQ(large.offset, head.size());
      ASSERT_EQ(large.byte_count, value.size());
      SharedBytes block = SharedBytes::Create(large.byte_count);
      std::memcpy(block.data(), value.data(), value.size());
      const char* const bytes = block.data();
      parser.SupplyLargeBulk(std::move(block));

      const ParseStep early = parser.Next(head + tail.substr(0, split), {}, args);
      ASSERT_EQ(early.outcome, ParseOutcome::kNeedMore);
      ASSERT_EQ(early.consumed, 0u);
      ASSERT_EQ(parser.pending_large_bulk().byte_count, 0u);
      args.Push("of another request");
      const std::string whole = head + tail + next;
      const ParseStep step = parser.Next(whole, {}, args);
      ASSERT_EQ(step.outcome, ParseOutcome::kRequest);
      ASSERT_EQ(step.consumed, head.size() + tail.size());
      ASSERT_EQ(args.count(), 5u);
      EXPECT_EQ(args[1], "SET");
      EXPECT_EQ(args[3], value);
      EXPECT_EQ(args[3].data(), bytes);
      EXPECT_EQ(args[4], "KEEP");
      EXPECT_EQ(args.FindBlock(2), nullptr);
      ASSERT_NE(args.FindBlock(3), nullptr);
      const SharedBytes adopted = *args.FindBlock(3);
      args.Clear();
      EXPECT_TRUE(adopted.is_unique());
      EXPECT_EQ(parser.Next(next, {}, args).outcome, ParseOutcome::kRequest);
    }
  }
}

TEST(RequestParser, TwoLargeBulksOfOneRequestAreBothHandedOver) {
  RequestParser parser;
  ArgVector args;
  const std::string value(70'000, 'v');
  std::string buffer = "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n";
  for (int i = 0; i < 2; ++i) {
    buffer += "$70000\r\n";
    ASSERT_EQ(parser.Next(buffer, {}, args).outcome, ParseOutcome::kNeedMore);
    ASSERT_EQ(parser.pending_large_bulk().offset, buffer.size());
    SharedBytes block = SharedBytes::Create(value.size());
    std::memcpy(block.data(), value.data(), value.size());
    parser.SupplyLargeBulk(std::move(block));
    buffer += i == 0 ? "\r\n$1\r\nb\r\n" : "\r\n";
  }
  ASSERT_EQ(parser.Next(buffer, {}, args).outcome, ParseOutcome::kRequest);
  EXPECT_EQ(args[2], value);
  EXPECT_EQ(args[3], "b");
  EXPECT_EQ(args[4], value);
  EXPECT_NE(args.FindBlock(2), nullptr);
  EXPECT_NE(args.FindBlock(4), nullptr);
}

TEST(RequestParser, LargeBulkMayAsWellBeCollectedInTheBuffer) {
  const std::string value(200'000, 'v');
  const std::string bytes = "*2\r\n$4\r\nECHO\r\n$200000\r\n" + value + "\r\n";
  for (const size_t split : {size_t{5}, size_t{30}, size_t{100'000}, bytes.size() - 1}) {
    Reader reader;
    reader.Feed(std::string_view(bytes).substr(0, split));
    reader.Feed(std::string_view(bytes).substr(split));
    EXPECT_EQ(reader.meaning(), Requests({{"ECHO", value}}));
  }
}

TEST(RequestParser, NoLargeBulkIsPendingOnceItsBytesAreThere) {
  RequestParser parser;
  ArgVector args;
  const std::string bytes = "*1\r\n$70000\r\n" + std::string(70'000, 'a');
  EXPECT_EQ(parser.Next(bytes, {}, args).outcome, ParseOutcome::kNeedMore);
  EXPECT_EQ(parser.pending_large_bulk().byte_count, 0u);
}

TEST(RequestParser, ResetForgetsAPartialRequest) {
  RequestParser parser;
  ArgVector args;
  parser.Next("*3\r\n$3\r\nSET\r\n", {}, args);
  EXPECT_TRUE(parser.is_in_request());
  parser.Reset();
  EXPECT_FALSE(parser.is_in_request());
  EXPECT_EQ(parser.Next("*1\r\n$4\r\nPING\r\n", {}, args).outcome, ParseOutcome::kRequest);
}

TEST(ArgVector, QuotedArgumentsOfABatchKeepTheirBytes) {
  RequestParser parser;
  ArgVector args;
  std::string bytes;
  for (int i = 0; i < 2000; ++i) bytes += "echo \"v\\x41-" + std::to_string(i) + "\"\r\n";
  std::string_view rest = bytes;
  while (!rest.empty()) rest.remove_prefix(parser.Next(rest, {}, args).consumed);
  ASSERT_EQ(args.count(), 4000u);
  for (uint32_t i = 0; i < 2000; ++i) ASSERT_EQ(args[i * 2 + 1], "vA-" + std::to_string(i));
}

}  // namespace
}  // namespace ringtail::proto
