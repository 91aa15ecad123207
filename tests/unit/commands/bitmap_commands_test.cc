#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "base/random.h"
#include "commands/bit_words.h"
#include "commands/bitfield.h"
#include "tests/unit/commands/string_fixture.h"

namespace ringtail::commands {
namespace {

class BitmapCommandsTest : public StringFixture {};

TEST_F(BitmapCommandsTest, KeysOfOtherTypesAnswerWrongType) {
  PutList("k");
  const std::vector<std::vector<std::string>> kCommands = {
      {"BITCOUNT", "k"}, {"BITPOS", "k", "1"}, {"GETBIT", "k", "1"}, {"SETBIT", "k", "1", "1"},
      {"BITOP", "AND", "d", "k"}, {"BITOP", "NOT", "d", "k"}, {"BITOP", "OR", "d", "none", "k"},
      {"BITFIELD", "k"}, {"BITFIELD", "k", "SET", "u8", "0", "1"}, {"BITFIELD_RO", "k"}};
  for (const auto& command : kCommands) EXPECT_EQ(Run(command), kWrongTypeReply) << command[0];
}

TEST_F(BitmapCommandsTest, WrongNumbersOfArgumentsAreRefused) {
  for (const CommandSpec& spec : BitmapCommands()) {
    std::vector<std::string> words(static_cast<size_t>(std::abs(spec.arity)) - 1, "1");
    words[0] = spec.name;
    std::string lower = words[0];
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    const std::string error = "-ERR wrong number of arguments for '" + lower + "' command\r\n";
    EXPECT_EQ(Run(words), error);
    words.resize(words.size() + 2, "1");
    if (spec.arity > 0) {
      EXPECT_EQ(Run(words), error);
    }
  }
}

// ---- GETBIT, SETBIT

TEST_F(BitmapCommandsTest, SetBitAnswersTheOldBitAndGrowsTheString) {
  EXPECT_EQ(Run({"SETBIT", "k", "7", "1"}), Integer(0));
  EXPECT_EQ(Run({"SETBIT", "k", "7", "0"}), Integer(1));
  EXPECT_EQ(Run({"SETBIT", "k", "17", "1"}), Integer(0));
  EXPECT_EQ(Run({"GET", "k"}), Bulk(std::string("\0\0\x40", 3)));
  EXPECT_EQ(Run({"GETBIT", "k", "17"}), Integer(1));
  EXPECT_EQ(Run({"GETBIT", "k", "100"}), Integer(0));
  EXPECT_EQ(Run({"GETBIT", "none", "1"}), Integer(0));
}

TEST_F(BitmapCommandsTest, IntegersAreBitStringsToo) {
  Run({"SET", "k", "12"});
  EXPECT_EQ(Run({"GETBIT", "k", "7"}), Integer(1));
  EXPECT_EQ(Run({"BITCOUNT", "k"}), Integer(6));
  EXPECT_EQ(Run({"SETBIT", "k", "7", "0"}), Integer(1));
  EXPECT_EQ(Run({"GET", "k"}), Bulk("02"));
  EXPECT_EQ(EncodingOf("k"), "raw");
}

TEST_F(BitmapCommandsTest, BitOffsetsAreBoundedByTheLargestString) {
  const std::string kOffset = "-ERR bit offset is not an integer or out of range\r\n";
  services_.limits.bulk_bytes_max = 1000;
  for (const char* offset : {"-1", "x", "", "8000", "9223372036854775807", "#1"}) {
    EXPECT_EQ(Run({"SETBIT", "k", offset, "1"}), kOffset) << offset;
    EXPECT_EQ(Run({"GETBIT", "k", offset}), kOffset) << offset;
  }
  // The product of number and width wraps around, as in Redis.
  EXPECT_EQ(Run({"BITFIELD", "k", "GET", "u8", "#2305843009213693952"}), "*1\r\n:0\r\n");
  EXPECT_EQ(Run({"SETBIT", "k", "7999", "1"}), Integer(0));
  for (const char* value : {"2", "-1", "x", "4294967296"}) {
    EXPECT_EQ(Run({"SETBIT", "k", "1", value}), "-ERR bit is not an integer or out of range\r\n");
  }
}

TEST_F(BitmapCommandsTest, SetBitThatChangesNothingLogsNothing) {
  EXPECT_EQ(EffectsOf({"SETBIT", "k", "9", "0"}), "SETBIT k 9 0\n");
  EXPECT_EQ(EffectsOf({"SETBIT", "k", "3", "0"}), "");
  EXPECT_EQ(EffectsOf({"SETBIT", "k", "3", "1"}), "SETBIT k 3 1\n");
}

// ---- BITCOUNT, BITPOS

TEST_F(BitmapCommandsTest, BitCountTakesRangesOfBytesAndBits) {
  Run({"SET", "k", "foobar"});
  EXPECT_EQ(Run({"BITCOUNT", "k"}), Integer(26));
  EXPECT_EQ(Run({"BITCOUNT", "k", "0", "0"}), Integer(4));
  EXPECT_EQ(Run({"BITCOUNT", "k", "1", "1", "byte"}), Integer(6));
  EXPECT_EQ(Run({"BITCOUNT", "k", "5", "30", "BIT"}), Integer(17));
  EXPECT_EQ(Run({"BITCOUNT", "k", "-1", "-2"}), Integer(0));
  EXPECT_EQ(Run({"BITCOUNT", "k", "0"}), kSyntax);
  EXPECT_EQ(Run({"BITCOUNT", "k", "0", "1", "FOO"}), kSyntax);
  EXPECT_EQ(Run({"BITCOUNT", "k", "0", "x"}), kNotInteger);
  EXPECT_EQ(Run({"BITCOUNT", "none"}), Integer(0));
}

TEST_F(BitmapCommandsTest, BitPosFindsZerosBehindAnOpenEndOnly) {
  Run({"SET", "k", "\xff\xff"});
  EXPECT_EQ(Run({"BITPOS", "k", "0"}), Integer(16));
  EXPECT_EQ(Run({"BITPOS", "k", "0", "1"}), Integer(16));
  EXPECT_EQ(Run({"BITPOS", "k", "0", "0", "-1"}), Integer(-1));
  EXPECT_EQ(Run({"BITPOS", "k", "1", "1"}), Integer(8));
  EXPECT_EQ(Run({"BITPOS", "k", "1", "3", "5", "BIT"}), Integer(3));
  EXPECT_EQ(Run({"BITPOS", "none", "0"}), Integer(0));
  EXPECT_EQ(Run({"BITPOS", "none", "1"}), Integer(-1));
  EXPECT_EQ(Run({"BITPOS", "k", "2"}), "-ERR The bit argument must be 1 or 0.\r\n");
  Run({"SET", "empty", ""});
  EXPECT_EQ(Run({"BITPOS", "empty", "0"}), Integer(-1));
}

TEST(BitWords, CountingAndFindingMatchABitByBitModel) {
  const uint64_t seed = 77;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random.Below(40), round % 3 == 0 ? '\xff' : '\0');
    for (size_t n = random.Below(4); n > 0 && !bytes.empty(); --n) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
    }
    const uint64_t bits = bytes.size() * 8;
    const uint64_t first = random.Below(bits + 1);
    const uint64_t end = first + random.Below(bits - first + 1);
    uint64_t count = 0;
    std::array<uint64_t, 2> found = {end, end};
    for (uint64_t bit = end; bit-- > first;) {
      count += GetBit(bytes, bit);
      found[GetBit(bytes, bit)] = bit;
    }
    ASSERT_EQ(CountBits(bytes, first, end), count);
    ASSERT_EQ(FindBit(bytes, first, end, false), found[0]);
    ASSERT_EQ(FindBit(bytes, first, end, true), found[1]);
  }
}

// ---- BITOP

TEST_F(BitmapCommandsTest, BitOpPadsWithZerosAndStoresTheResult) {
  Run({"MSET", "a", "abc", "b", "ab", "n", "12"});
  EXPECT_EQ(Run({"BITOP", "AND", "d", "a", "b"}), Integer(3));
  EXPECT_EQ(Run({"GET", "d"}), Bulk(std::string("ab\0", 3)));
  EXPECT_EQ(EncodingOf("d"), "raw");
  EXPECT_EQ(Run({"BITOP", "or", "d", "a", "n"}), Integer(3));
  EXPECT_EQ(Run({"GET", "d"}), Bulk("qrc"));
  EXPECT_EQ(Run({"BITOP", "XOR", "d", "none", "a"}), Integer(3));
  EXPECT_EQ(Run({"GET", "d"}), Bulk("abc"));
  EXPECT_EQ(Run({"BITOP", "NOT", "a", "a"}), Integer(3));
  EXPECT_EQ(Run({"GET", "a"}), Bulk("\x9e\x9d\x9c"));
  EXPECT_EQ(Run({"BITOP", "NOT", "d", "a", "b"}),
            "-ERR BITOP NOT must be called with a single source key.\r\n");
  EXPECT_EQ(Run({"BITOP", "NAND", "d", "a", "b"}), kSyntax);
}

TEST_F(BitmapCommandsTest, BitOpOfNothingDeletesTheDestination) {
  PutList("d");
  EXPECT_EQ(EffectsOf({"BITOP", "OR", "d", "none", "nothing"}), "DEL d\n");
  EXPECT_EQ(EffectsOf({"BITOP", "OR", "d", "none", "nothing"}), "");
  EXPECT_EQ(Run({"BITOP", "OR", "d", "none"}), Integer(0));
}

TEST_F(BitmapCommandsTest, BitOpDropsTheDestinationsExpiry) {
  Run({"SET", "d", "abc", "EX", "10"});
  EXPECT_EQ(EffectsOf({"BITOP", "NOT", "d", "d"}), "BITOP NOT d d\n");
  EXPECT_EQ(ExpiryOf("d"), kNoExpiry);
  EXPECT_EQ(engine_.Verify(), nullptr);
}

// What BITOP makes of the bytes at one place, the first source's first.
int CombineBytes(std::string_view operation, const std::vector<int>& bytes) {
  int all = 0xff;
  int any_other = 0;
  int odd = 0;
  int once = 0;
  int often = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    all &= bytes[i];
    odd ^= bytes[i];
    often |= once & bytes[i];
    once |= bytes[i];
    if (i > 0) any_other |= bytes[i];
  }
  if (operation == "AND") return all;
  if (operation == "OR") return once;
  if (operation == "XOR") return odd;
  if (operation == "DIFF") return bytes[0] & ~any_other;
  if (operation == "DIFF1") return any_other & ~bytes[0];
  return operation == "ANDOR" ? bytes[0] & any_other : once & ~often;
}

TEST_F(BitmapCommandsTest, BitOpMatchesABytewiseModel) {
  constexpr std::array kOperations = {"AND", "OR", "XOR", "DIFF", "DIFF1", "ANDOR", "ONE"};
  const uint64_t seed = 99;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 700; ++round) {
    const size_t scale = round % 20 == 0 ? 40'000 : 50;
    std::vector<std::string> values(2 + random.Below(4));
    std::vector<std::string> words = {"BITOP", kOperations[random.Below(kOperations.size())], "d"};
    size_t longest = 0;
    for (std::string& value : values) {
      value.resize(random.Below(scale));
      for (char& c : value) c = static_cast<char>(random.Next());
      words.push_back("s" + std::to_string(words.size()));
      Run({"SET", words.back(), value});
      longest = std::max(longest, value.size());
    }
    std::string model(longest, '\0');
    for (size_t i = 0; i < longest; ++i) {
      std::vector<int> bytes;
      for (const std::string& value : values) {
        bytes.push_back(i < value.size() ? value[i] & 0xff : 0);
      }
      model[i] = static_cast<char>(CombineBytes(words[1], bytes));
    }
    ASSERT_EQ(Run(words), Integer(static_cast<int64_t>(longest)));
    ASSERT_EQ(Run({"GET", "d"}), longest == 0 ? kNull : Bulk(model)) << words[1];
  }
}

TEST_F(BitmapCommandsTest, BitOpsThatCompareNeedSomethingToCompareWith) {
  Run({"SET", "a", "abc"});
  for (const std::string operation : {"DIFF", "DIFF1", "ANDOR"}) {
    EXPECT_EQ(Run({"BITOP", operation, "d", "a"}),
              "-ERR BITOP " + operation + " must be called with at least two source keys.\r\n");
    EXPECT_EQ(Run({"BITOP", operation, "d", "a", "none"}), Integer(3));
  }
  EXPECT_EQ(Run({"BITOP", "one", "d", "a"}), Integer(3));
  EXPECT_EQ(Run({"GET", "d"}), Bulk("abc"));
  EXPECT_EQ(Run({"BITOP", "ONE", "a", "a", "a"}), Integer(3));
  EXPECT_EQ(Run({"GET", "a"}), Bulk(std::string(3, '\0')));
  EXPECT_EQ(Run({"BITOP", "DIFF", "d", "none", "none"}), Integer(0));
  EXPECT_EQ(Run({"EXISTS", "d"}), Integer(0));
}

// ---- BITFIELD

TEST_F(BitmapCommandsTest, BitFieldRunsItsOperationsInOrder) {
  EXPECT_EQ(Run({"BITFIELD", "k", "INCRBY", "i5", "100", "1", "GET", "u4", "0"}),
            "*2\r\n:1\r\n:0\r\n");
  EXPECT_EQ(Run({"BITFIELD", "k", "SET", "u8", "#1", "255", "GET", "u8", "8", "GET", "i8", "8"}),
            "*3\r\n:0\r\n:255\r\n:-1\r\n");
  EXPECT_EQ(Run({"BITFIELD", "k"}), "*0\r\n");
  EXPECT_EQ(Run({"BITFIELD_RO", "k", "GET", "u8", "8"}), "*1\r\n:255\r\n");
  EXPECT_EQ(Run({"BITFIELD_RO", "none", "GET", "i64", "3"}), "*1\r\n:0\r\n");
}

TEST_F(BitmapCommandsTest, BitFieldOverflowsAsTold) {
  const std::vector<std::string> kSteps = {"BITFIELD", "k", "incrby", "u2", "100", "1", "OVERFLOW",
                                           "SAT", "incrby", "u2", "102", "1"};
  EXPECT_EQ(Run(kSteps), "*2\r\n:1\r\n:1\r\n");
  EXPECT_EQ(Run(kSteps), "*2\r\n:2\r\n:2\r\n");
  EXPECT_EQ(Run(kSteps), "*2\r\n:3\r\n:3\r\n");
  EXPECT_EQ(Run(kSteps), "*2\r\n:0\r\n:3\r\n");
  EXPECT_EQ(Run({"BITFIELD", "k", "OVERFLOW", "FAIL", "incrby", "u2", "102", "1"}), "*1\r\n$-1\r\n");
  client_.resp = proto::RespVersion::kResp3;
  EXPECT_EQ(Run({"BITFIELD", "k", "OVERFLOW", "FAIL", "SET", "i2", "102", "2"}), "*1\r\n_\r\n");
}

TEST_F(BitmapCommandsTest, BitFieldRefusesWhatItDoesNotKnow) {
  const std::string kType =
      "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "
      "i64 is.\r\n";
  for (const char* type : {"u64", "i65", "u0", "x8", "i", "I8", "i08", ""}) {
    EXPECT_EQ(Run({"BITFIELD", "k", "GET", type, "0"}), kType) << type;
  }
  EXPECT_EQ(Run({"BITFIELD", "k", "OVERFLOW", "FOO"}), "-ERR Invalid OVERFLOW type specified\r\n");
  EXPECT_EQ(Run({"BITFIELD", "k", "GET", "u8"}), kSyntax);
  EXPECT_EQ(Run({"BITFIELD", "k", "SET", "u8", "0", "x"}), kNotInteger);
  EXPECT_EQ(Run({"BITFIELD_RO", "k", "SET", "u8", "0", "1"}),
            "-ERR BITFIELD_RO only supports the GET subcommand\r\n");
}

TEST_F(BitmapCommandsTest, BitFieldThatChangesNothingLogsNothing) {
  EXPECT_EQ(EffectsOf({"BITFIELD", "k", "SET", "u8", "0", "5"}), "BITFIELD k SET u8 0 5\n");
  EXPECT_EQ(EffectsOf({"BITFIELD", "k", "SET", "u8", "0", "5"}), "");
  EXPECT_EQ(EffectsOf({"BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u8", "0", "255"}), "");
  EXPECT_EQ(EffectsOf({"BITFIELD", "k", "GET", "u8", "0"}), "");
}

TEST(Bitfield, ReadsBackWhatWasWrittenAndTouchesNothingElse) {
  const uint64_t seed = 5;
  SCOPED_TRACE(seed);
  Random random(seed);
  for (int round = 0; round < 20'000; ++round) {
    const bool is_signed = random.Below(2) == 0;
    const BitfieldType type{is_signed, 1 + static_cast<unsigned>(random.Below(is_signed ? 64 : 63))};
    std::string bytes(20, '\0');
    for (char& c : bytes) c = static_cast<char>(random.Next());
    const uint64_t bit = random.Below(160 - type.bits + 1);
    const std::string before = bytes;
    const auto value = static_cast<int64_t>(random.Next());
    WriteBitfield(bytes, bit, type, value);
    for (uint64_t i = 0; i < 160; ++i) {
      const bool is_inside = i >= bit && i < bit + type.bits;
      const bool expected =
          is_inside ? ((static_cast<uint64_t>(value) >> (bit + type.bits - 1 - i)) & 1) != 0
                    : GetBit(before, i);
      ASSERT_EQ(GetBit(bytes, i), expected);
    }
    ASSERT_EQ(ReadBitfield(bytes, bit, type), FitInBitfield(type, value, BitfieldOverflow::kWrap));
  }
}

TEST(Bitfield, ArithmeticAtTheEdgesOf64Bits) {
  const BitfieldType i64{true, 64};
  EXPECT_EQ(AddInBitfield(i64, INT64_MAX, 1, BitfieldOverflow::kWrap), INT64_MIN);
  EXPECT_EQ(AddInBitfield(i64, INT64_MAX, 1, BitfieldOverflow::kSaturate), INT64_MAX);
  EXPECT_EQ(AddInBitfield(i64, INT64_MIN, -1, BitfieldOverflow::kFail), std::nullopt);
  const BitfieldType u63{false, 63};
  EXPECT_EQ(AddInBitfield(u63, INT64_MAX, 1, BitfieldOverflow::kWrap), 0);
  EXPECT_EQ(AddInBitfield(u63, 0, -1, BitfieldOverflow::kWrap), INT64_MAX);
  EXPECT_EQ(AddInBitfield(u63, 0, -1, BitfieldOverflow::kSaturate), 0);
  EXPECT_EQ(FitInBitfield(u63, -1, BitfieldOverflow::kSaturate), INT64_MAX);
  EXPECT_EQ(FitInBitfield({false, 8}, -1, BitfieldOverflow::kWrap), 255);
  EXPECT_EQ(FitInBitfield({true, 8}, 200, BitfieldOverflow::kWrap), -56);
}

}  // namespace
}  // namespace ringtail::commands
