// The reply writer and the reply parser against each other, and each against bytes known from
// Redis.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "proto/reply_parser.h"
#include "proto/reply_writer.h"

namespace ringtail::proto {
namespace {

std::string Contents(const OutputBuffer& output) {
  std::vector<iovec> iovecs(2000);
  const int count = output.FillIovecs(iovecs.data(), static_cast<int>(iovecs.size()));
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    const iovec& part = iovecs[static_cast<size_t>(i)];
    bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
  return bytes;
}

template <typename Write>
std::string Written(RespVersion version, Write&& write) {
  ChunkPool pool;
  OutputBuffer output(pool);
  ReplyWriter reply(output, version);
  write(reply);
  return Contents(output);
}

template <typename Write>
void ExpectBytes(std::string_view resp2, std::string_view resp3, Write&& write) {
  EXPECT_EQ(Written(RespVersion::kResp2, write), resp2);
  EXPECT_EQ(Written(RespVersion::kResp3, write), resp3);
}

TEST(ReplyWriter, EachTypeHasRedisBytesInBothVersions) {
  const double infinity = std::numeric_limits<double>::infinity();
  ExpectBytes("+OK\r\n", "+OK\r\n", [](ReplyWriter& r) { r.Ok(); });
  ExpectBytes("+PONG\r\n", "+PONG\r\n", [](ReplyWriter& r) { r.Pong(); });
  ExpectBytes("+QUEUED\r\n", "+QUEUED\r\n", [](ReplyWriter& r) { r.Queued(); });
  ExpectBytes("$-1\r\n", "_\r\n", [](ReplyWriter& r) { r.Null(); });
  ExpectBytes("*-1\r\n", "_\r\n", [](ReplyWriter& r) { r.NullArray(); });
  ExpectBytes(":1\r\n", "#t\r\n", [](ReplyWriter& r) { r.Boolean(true); });
  ExpectBytes(":0\r\n", "#f\r\n", [](ReplyWriter& r) { r.Boolean(false); });
  ExpectBytes(":-42\r\n", ":-42\r\n", [](ReplyWriter& r) { r.Integer(-42); });
  ExpectBytes("$3\r\n-42\r\n", "$3\r\n-42\r\n", [](ReplyWriter& r) { r.BulkInt(-42); });
  ExpectBytes("$0\r\n\r\n", "$0\r\n\r\n", [](ReplyWriter& r) { r.Bulk(""); });
  ExpectBytes("*0\r\n", "*0\r\n", [](ReplyWriter& r) { r.EmptyArray(); });
  ExpectBytes("*4\r\n", "%2\r\n", [](ReplyWriter& r) { r.Map(2); });
  ExpectBytes("*2\r\n", "~2\r\n", [](ReplyWriter& r) { r.Set(2); });
  ExpectBytes("*3\r\n", ">3\r\n", [](ReplyWriter& r) { r.Push(3); });
  ExpectBytes("$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n", [](ReplyWriter& r) { r.Verbatim("txt", "hi"); });
  ExpectBytes("$3\r\n123\r\n", "(123\r\n", [](ReplyWriter& r) { r.BigNumber("123"); });
  ExpectBytes("$18\r\n3.1400000000000001\r\n", ",3.1400000000000001\r\n",
              [](ReplyWriter& r) { r.Double(3.14); });
  ExpectBytes("$1\r\n3\r\n", ",3\r\n", [](ReplyWriter& r) { r.Double(3); });
  ExpectBytes("$2\r\n-0\r\n", ",-0\r\n", [](ReplyWriter& r) { r.Double(-0.0); });
  ExpectBytes("$5\r\n1e+17\r\n", ",1e+17\r\n", [](ReplyWriter& r) { r.Double(1e17); });
  ExpectBytes("$3\r\ninf\r\n", ",inf\r\n", [&](ReplyWriter& r) { r.Double(infinity); });
  ExpectBytes("$4\r\n-inf\r\n", ",-inf\r\n", [&](ReplyWriter& r) { r.Double(-infinity); });
  ExpectBytes("$3\r\nnan\r\n", ",nan\r\n", [](ReplyWriter& r) { r.Double(std::nan("")); });
}

TEST(ReplyWriter, LineBreaksInOneLineTextsBecomeSpaces) {
  ExpectBytes("-ERR a  b c\r\n", "-ERR a  b c\r\n",
              [](ReplyWriter& r) { r.Error("\r\nERR a\r\nb\nc\r\n"); });
  ExpectBytes("+a b\r\n", "+a b\r\n", [](ReplyWriter& r) { r.SimpleString("a\nb"); });
  EXPECT_EQ(Written(RespVersion::kResp3, [](ReplyWriter& r) { r.BigNumber("1\r\n+OK"); }),
            "(1  +OK\r\n");
}

TEST(ReplyWriter, ErrorsAreCountedWithTheirCode) {
  ChunkPool pool;
  OutputBuffer output(pool);
  ReplyWriter reply(output, RespVersion::kResp2);
  EXPECT_EQ(reply.last_error_code(), "");
  reply.Error("WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_EQ(reply.last_error_code(), "WRONGTYPE");
  reply.Error("NOSPACE");
  EXPECT_EQ(reply.last_error_code(), "NOSPACE");
  reply.Error(std::string(1000, 'X'));
  EXPECT_EQ(reply.last_error_code(), std::string(31, 'X'));
  EXPECT_EQ(reply.error_count(), 3u);
}

TEST(ReplyWriter, DeferredLengthsNest) {
  const auto write = [](ReplyWriter& reply) {
    reply.Ok();
    const auto outer = reply.BeginArray();
    for (int64_t i = 0; i < 3; ++i) {
      const auto inner = reply.BeginMap();
      for (int64_t j = 0; j < i; ++j) {
        reply.Integer(j);
        reply.Bulk("v");
      }
      reply.EndMap(inner, static_cast<size_t>(i));
    }
    reply.EndArray(outer, 3);
    reply.EndSet(reply.BeginSet(), 0);
  };
  ExpectBytes(
      "+OK\r\n*3\r\n*0\r\n*2\r\n:0\r\n$1\r\nv\r\n*4\r\n:0\r\n$1\r\nv\r\n:1\r\n$1\r\nv\r\n*0\r\n",
      "+OK\r\n*3\r\n%0\r\n%1\r\n:0\r\n$1\r\nv\r\n%2\r\n:0\r\n$1\r\nv\r\n:1\r\n$1\r\nv\r\n~0\r\n",
      write);
}

TEST(ReplyWriter, EveryWidthOfNumberIsWrittenInFull) {
  std::vector<int64_t> values = {0, INT64_MIN, INT64_MAX};
  for (int64_t power = 1; power <= INT64_MAX / 10; power *= 10) {
    for (const int64_t value : {power - 1, power, power + 1}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  for (const int64_t value : values) {
    char place[kDecimalBytesMax];
    ASSERT_EQ(std::string(place, WriteDecimal(place, value)), std::to_string(value));
  }
  char place[kDecimalBytesMax];
  EXPECT_EQ(std::string(place, WriteDecimal(place, UINT64_MAX)), std::to_string(UINT64_MAX));
}

// Writes a random reply and remembers it as a tree.
class RandomReplies {
 public:
  RandomReplies(Random& random, ReplyWriter& reply) : random_(random), reply_(reply) {}

  ReplyTree Write(uint32_t depth) {
    ReplyTree tree;
    const bool is_resp3 = reply_.version() == RespVersion::kResp3;
    switch (random_.Below(depth >= 5 ? 8 : 12)) {
      case 0:
        tree.type = ReplyType::kInteger;
        tree.integer = static_cast<int64_t>(random_.Next() >> random_.Below(64));
        reply_.Integer(tree.integer);
        break;
      case 1:
        tree.type = ReplyType::kNull;
        reply_.Null();
        break;
      case 2:
        tree.type = is_resp3 ? ReplyType::kBoolean : ReplyType::kInteger;
        tree.integer = static_cast<int64_t>(random_.Below(2));
        reply_.Boolean(tree.integer == 1);
        break;
      case 3: {
        tree.type = ReplyType::kError;
        const std::string text = Text();
        reply_.Error("E" + text + "E");
        tree.text = "E" + text + "E";
        for (char& byte : tree.text) byte = byte == '\r' || byte == '\n' ? ' ' : byte;
        break;
      }
      case 4: {
        tree.type = ReplyType::kBulk;
        tree.text = Text();
        SharedBytes block = SharedBytes::Create(tree.text.size());
        std::copy(tree.text.begin(), tree.text.end(), block.data());
        reply_.BulkShared(std::move(block), 0, tree.text.size());
        break;
      }
      case 5:
        tree.type = is_resp3 ? ReplyType::kVerbatim : ReplyType::kBulk;
        tree.text = Text();
        tree.format = is_resp3 ? "mkd" : "";
        reply_.Verbatim("mkd", tree.text);
        break;
      case 6:
      case 7:
        tree.type = ReplyType::kBulk;
        tree.text = Text();
        reply_.Bulk(tree.text);
        break;
      case 8: {
        tree.type = ReplyType::kArray;
        const size_t count = random_.Below(6);
        reply_.Array(count);
        WriteChildren(tree, count, depth);
        break;
      }
      case 9: {
        tree.type = ReplyType::kArray;
        const size_t count = random_.Below(6);
        const auto begin = reply_.BeginArray();
        WriteChildren(tree, count, depth);
        reply_.EndArray(begin, count);
        break;
      }
      case 10: {
        tree.type = is_resp3 ? ReplyType::kMap : ReplyType::kArray;
        const size_t count = random_.Below(4);
        const auto begin = reply_.BeginMap();
        WriteChildren(tree, count * 2, depth);
        reply_.EndMap(begin, count);
        break;
      }
      case 11: {
        tree.type = is_resp3 ? ReplyType::kSet : ReplyType::kArray;
        const size_t count = random_.Below(6);
        reply_.Set(count);
        WriteChildren(tree, count, depth);
        break;
      }
    }
    return tree;
  }

 private:
  void WriteChildren(ReplyTree& tree, size_t count, uint32_t depth) {
    for (size_t i = 0; i < count; ++i) tree.children.push_back(Write(depth + 1));
  }

  std::string Text() {
    const uint64_t kind = random_.Below(20);
    std::string text(kind == 0 ? random_.Below(40'000) : random_.Below(kind == 1 ? 2000 : 30), ' ');
    for (char& byte : text) byte = "\r\n+-:$*abc\0\xff"[random_.Below(12)];
    return text;
  }

  Random& random_;
  ReplyWriter& reply_;
};

// The class of CVE-2025-67733: bytes of a client that become replies of their own.
TEST(ReplyWriter, AnyBytesReadBackAsTheSameTree) {
  const uint64_t seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 3000; ++round) {
    ChunkPool pool;
    OutputBuffer output(pool);
    ReplyWriter reply(output, round % 2 == 0 ? RespVersion::kResp2 : RespVersion::kResp3);
    RandomReplies replies(random, reply);
    const ReplyTree first = replies.Write(0);
    const ReplyTree second = replies.Write(0);
    const std::string bytes = Contents(output);
    ReplyTree read;
    ReplyStep step = ParseReply(bytes, read);
    ASSERT_EQ(step.outcome, ReplyOutcome::kReply) << step.error;
    ASSERT_EQ(read, first) << DescribeReply(read) << " for " << DescribeReply(first);
    step = ParseReply(std::string_view(bytes).substr(step.consumed), read);
    ASSERT_EQ(step.outcome, ReplyOutcome::kReply) << step.error;
    ASSERT_EQ(read, second);
  }
}

TEST(ReplyParser, EveryProperPrefixNeedsMore) {
  for (const std::string bytes : {"*3\r\n:1\r\n$5\r\nhello\r\n*-1\r\n", "%1\r\n+k\r\n,1.5\r\n",
                                  "|1\r\n+a\r\n+b\r\n~1\r\n#t\r\n", "=6\r\ntxt:hi\r\n",
                                  "!5\r\nERR x\r\n", "(123456789012345678901234567890\r\n"}) {
    ReplyTree tree;
    for (size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_EQ(ParseReply(std::string_view(bytes).substr(0, size), tree).outcome,
                ReplyOutcome::kNeedMore)
          << bytes << " " << size;
    }
    const ReplyStep step = ParseReply(bytes + "+more\r\n", tree);
    EXPECT_EQ(step.outcome, ReplyOutcome::kReply);
    EXPECT_EQ(step.consumed, bytes.size());
  }
}

TEST(ReplyParser, WhatIsNoReplyIsRefused) {
  for (const std::string bytes :
       {"\r\n", "x\r\n", ":\r\n", ":1a\r\n", "$-2\r\n", "$1x\r\n", "*-2\r\n", "*9999999999999\r\n",
        "$99999999999999999999\r\n", "$1\r\nabc", "#x\r\n", ",\r\n", ",1x\r\n", "_x\r\n",
        "=2\r\nab\r\n", "(\r\n", "(1-\r\n", "%-1\r\n", "!-1\r\n"}) {
    ReplyTree tree;
    EXPECT_EQ(ParseReply(bytes, tree).outcome, ReplyOutcome::kError) << bytes;
  }
}

TEST(ReplyParser, NestingIsLimited) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += "*1\r\n";
  ReplyTree tree;
  EXPECT_EQ(ParseReply(bytes, tree).outcome, ReplyOutcome::kError);
  std::string attributes;
  for (int i = 0; i < 100'000; ++i) attributes += "|0\r\n";
  EXPECT_EQ(ParseReply(attributes, tree).outcome, ReplyOutcome::kError);
}

TEST(ReplyParser, AttributesBelongToTheReplyTheyPrecede) {
  ReplyTree tree;
  ASSERT_EQ(ParseReply("|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n", tree).outcome, ReplyOutcome::kReply);
  EXPECT_EQ(tree.text, "v");
  EXPECT_EQ(DescribeReply(tree), "|ttl, 5| \"v\"");
}

}  // namespace
}  // namespace ringtail::proto
