#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "persistence/detached_value.h"
#include "persistence/check.h"
#include "persistence/rdb_file_reader.h"
#include "persistence/rdb_file_writer.h"
#include "persistence/rdb_scanner.h"
#include "persistence/rdb_value.h"
#include "storage/string_value.h"
#include "storage/zset_value.h"
#include "tests/tools/fault_env.h"

namespace ringtail::persistence {
namespace {

using storage::Entry;
using storage::ValueType;
using Step = RdbScanner::Step;
using Kind = RdbRecord::Kind;

constexpr size_t kStringBytesMax = size_t{1} << 20;

class StringSink : public ByteSink {
 public:
  Result<void> Write(std::string_view part) override {
    if (bytes.size() + part.size() > bytes_max) return Error{"the disk is full"};
    bytes += part;
    ++write_count;
    return {};
  }

  std::string bytes;
  size_t bytes_max = SIZE_MAX;
  int write_count = 0;
};

Entry* AString(std::string_view name, std::string_view text) {
  return storage::MakeString(name, text, /*is_volatile=*/false);
}

Entry* AHash(std::string_view name, int field_count) {
  DetachedValue value(name, ValueType::kHash);
  storage::HashEditor hash(value.place(), {});
  for (int i = 0; i < field_count; ++i) {
    hash.Set("field" + std::to_string(i), std::string(30, static_cast<char>('a' + i % 26)));
  }
  return value.Take();
}

Entry* ASortedSet(std::string_view name, int member_count) {
  DetachedValue value(name, ValueType::kSortedSet);
  storage::SortedSetEditor set(value.place(), {});
  for (int i = 0; i < member_count; ++i) {
    const std::string member = "member" + std::to_string(i);
    if (!set.Find(member)) set.Add(i * 0.5);
  }
  return value.Take();
}

/// What a file says, as text, so that two can be compared.
struct Contents {
  std::vector<std::string> records;
  Step last = Step::kMore;
  std::string error;
};

/// Reads a file that arrives in steps: `first_bytes`, then always as much again as there is.
Contents Scan(std::string_view file, size_t first_bytes = SIZE_MAX, bool checks_checksum = true) {
  Contents contents;
  RdbScanner scanner(kStringBytesMax, checks_checksum);
  size_t begin = 0;
  size_t end = std::min(first_bytes, file.size());
  for (;;) {
    RdbRecord record;
    contents.last = scanner.Next(file.substr(begin, end - begin), record);
    if (contents.last == Step::kMore && end < file.size()) {
      end = std::min(file.size(), end + std::max<size_t>(end - begin, 1));
      continue;
    }
    if (contents.last == Step::kError) contents.error = scanner.error();
    if (contents.last != Step::kRecord) return contents;
    begin += scanner.consumed_bytes();
    EXPECT_EQ(scanner.offset(), begin);
    std::string text = std::to_string(static_cast<int>(record.kind)) + " ";
    if (record.kind == Kind::kKey) {
      RdbReader reader(record.value, kStringBytesMax);
      auto entry = ReadValue(record.type, reader, record.name, {});
      if (!entry.ok() || !reader.is_end()) {
        text += "damaged";
      } else {
        text += std::string(record.name) + DumpPayload(*entry.value());
        Entry::Destroy(entry.value());
      }
      if (record.expire_ms) text += " expires " + std::to_string(*record.expire_ms);
      if (record.idle_s) text += " idle " + std::to_string(*record.idle_s);
      if (record.frequency) text += " frequency " + std::to_string(*record.frequency);
    } else if (record.kind == Kind::kAux || record.kind == Kind::kLibrary) {
      if (record.kind == Kind::kAux) text += std::string(record.name) + "=";
      text += record.value;
    } else {
      text += std::to_string(record.number);
    }
    contents.records.push_back(text);
  }
}

struct Written {
  std::string file;
  std::vector<std::string> records;
};

Written AFile(const RdbFileWriter::Options& options) {
  Written written;
  StringSink sink;
  RdbFileWriter writer(sink, options);
  const auto expect = [&](Kind kind, const std::string& text) {
    written.records.push_back(std::to_string(static_cast<int>(kind)) + " " + text);
  };
  expect(Kind::kHeader, "10");
  writer.Aux("redis-ver", "7.2.4");
  expect(Kind::kAux, "redis-ver=7.2.4");
  writer.Aux("redis-bits", "64");
  expect(Kind::kAux, "redis-bits=64");
  const std::string library = "#!lua name=lib\n" + std::string(100, ' ') + "return 1";
  writer.Library(library);
  expect(Kind::kLibrary, library);
  const auto key = [&](Entry* entry, const KeyFacts& facts, const std::string& said) {
    writer.Key(*entry, facts);
    expect(Kind::kKey, std::string(entry->key()) + DumpPayload(*entry) + said);
    Entry::Destroy(entry);
  };
  for (const int db : {0, 3}) {
    writer.Database(static_cast<uint64_t>(db), 5, 2);
    expect(Kind::kDatabase, std::to_string(db));
    expect(Kind::kSize, "5");
    key(AString("text", "hello"), {}, "");
    key(AString("12", "34567"), {.expire_ms = 1893456000123}, " expires 1893456000123");
    key(AString("long", std::string(500, 'x')), {.idle_s = 100'000}, " idle 100000");
    key(AHash("a hash whose name is long enough to be compressed aaaaaaaaaaaaaaa", 20),
        {.expire_ms = 1, .frequency = 255}, " expires 1 frequency 255");
    key(ASortedSet("scores", 30), {}, "");
  }
  EXPECT_TRUE(writer.End().ok());
  EXPECT_EQ(writer.byte_count(), sink.bytes.size());
  if (options.block_bytes < 100) {
    EXPECT_GT(sink.write_count, 5);
  }
  written.file = sink.bytes;
  return written;
}

TEST(RdbFile, WhatIsWrittenIsReadHoweverItArrives) {
  for (const bool compresses : {false, true}) {
    for (const size_t block_bytes : {size_t{1}, size_t{1000}, size_t{1} << 20}) {
      const Written written = AFile({.compresses = compresses, .block_bytes = block_bytes});
      for (const size_t first_bytes : {size_t{0}, size_t{1}, size_t{7}, size_t{100}, SIZE_MAX}) {
        const Contents contents = Scan(written.file, first_bytes);
        EXPECT_EQ(contents.last, Step::kEnd) << contents.error;
        EXPECT_EQ(contents.records, written.records);
      }
    }
  }
}

TEST(RdbFile, CompressionMakesItShorter) {
  EXPECT_LT(AFile({.compresses = true}).file.size() * 2, AFile({.compresses = false}).file.size());
}

TEST(RdbFile, WhatIsCutOffIsNeverWhole) {
  const std::string file = AFile({}).file;
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(Scan(file.substr(0, size)).last, Step::kMore) << size;
  }
}

TEST(RdbFile, EveryBitThatFlipsIsNoticed) {
  std::string file = AFile({.compresses = true}).file;
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    char& byte = file[bit / 8];
    byte = static_cast<char>(byte ^ 1 << bit % 8);
    const Contents contents = Scan(file);
    EXPECT_NE(contents.last, Step::kEnd) << bit;
    EXPECT_TRUE(contents.last == Step::kMore || contents.error.starts_with("offset ")) << bit;
    byte = static_cast<char>(byte ^ 1 << bit % 8);
  }
}

TEST(RdbFile, TheChecksumMayBeAbsentOrIgnored) {
  const Written without = AFile({.has_checksum = false});
  EXPECT_EQ(Scan(without.file).last, Step::kEnd);
  std::string file = AFile({}).file;
  file.back() = static_cast<char>(file.back() ^ 1);
  EXPECT_EQ(Scan(file).last, Step::kError);
  EXPECT_EQ(Scan(file, SIZE_MAX, /*checks_checksum=*/false).last, Step::kEnd);
}

TEST(RdbFile, AnErrorOfTheSinkIsToldAtTheEnd) {
  StringSink sink;
  sink.bytes_max = 1000;
  RdbFileWriter writer(sink, {.compresses = false, .block_bytes = 100});
  Entry* entry = AString("key", std::string(300, 'x'));
  for (int i = 0; i < 10; ++i) writer.Key(*entry, {});
  Entry::Destroy(entry);
  EXPECT_TRUE(writer.has_failed());
  const auto end = writer.End();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().message, "the disk is full");
  EXPECT_LE(sink.bytes.size(), 1000u);
}

std::string ErrorOf(std::string_view file) {
  const Contents contents = Scan(file);
  return contents.last == Step::kError ? contents.error : "none";
}

TEST(RdbFile, WhatIsNoRdbOrTooNewIsRefusedWithTheReason) {
  EXPECT_EQ(ErrorOf("HELLO0010"), "offset 0: this is no RDB file: it does not begin with REDIS");
  EXPECT_EQ(ErrorOf("REDIS00x0"), "offset 0: the version is not a number");
  EXPECT_EQ(ErrorOf("REDIS0012"),
            "offset 0: version 12 of the format; versions 1 to 11 can be read");
  EXPECT_EQ(ErrorOf("REDIS0000"),
            "offset 0: version 0 of the format; versions 1 to 11 can be read");
  EXPECT_EQ(ErrorOf(std::string("REDIS0010\x07\x01k\x01", 13)),
            "offset 9: the value of a key of type 7, which is unknown or a module's, or a length in "
            "it that cannot be");
  EXPECT_EQ(ErrorOf(std::string("REDIS0010\xfe\x8f", 11)),
            "offset 9: a length, a count or a number that cannot be");
}

// Old files end without a checksum, and times were in seconds.
TEST(RdbFile, OldVersionsAreRead) {
  const std::string file =
      std::string("REDIS0003\xfe\x00\xfd", 12) + std::string("\x01\x02\x00\x00", 4) +
      std::string("\x00\x03key\x05value\xff", 12);
  const Contents contents = Scan(file);
  EXPECT_EQ(contents.last, Step::kEnd) << contents.error;
  Entry* entry = AString("key", "value");
  const std::string key = std::to_string(static_cast<int>(Kind::kKey)) + " key" +
                          DumpPayload(*entry) + " expires 513000";
  Entry::Destroy(entry);
  ASSERT_EQ(contents.records.size(), 3u);
  EXPECT_EQ(contents.records[2], key);
}

TEST(RdbFile, WhatModulesAndClustersKeepBesideKeysIsReadOver) {
  StringSink sink;
  RdbFileWriter writer(sink, {.has_checksum = false});
  ASSERT_TRUE(writer.End().ok());
  std::string file = sink.bytes;
  std::string aux;
  RdbWriter part(aux);
  aux.push_back(static_cast<char>(RdbOpcode::kModuleAux));
  part.Length(uint64_t{1} << 60);  // the module
  part.Length(2);
  part.Length(1);
  part.Length(1);  // a signed number
  part.Length(77);
  part.Length(5);  // a string
  part.String("text of the module");
  part.Length(4);  // a double
  part.Double(2.5);
  part.Length(3);  // a float
  part.Little(0, 4);
  part.Length(0);
  aux.push_back(static_cast<char>(RdbOpcode::kSlotInfo));
  for (const uint64_t number : {16000U, 5U, 1U}) part.Length(number);
  file.insert(kRdbHeaderBytes, aux);
  const Contents contents = Scan(file);
  EXPECT_EQ(contents.last, Step::kEnd) << contents.error;
  EXPECT_EQ(contents.records.size(), 3u);
}

TEST(RdbFile, ALengthThatCannotBeIsNotWaitedFor) {
  std::string file = "REDIS0010";
  RdbWriter writer(file);
  writer.Type(RdbType::kString);
  writer.String("key");
  writer.Length(uint64_t{1} << 40);
  EXPECT_TRUE(ErrorOf(file).starts_with("offset 9: the value of a key of type 0"));
}

// ---- Files

void Put(Env& env, const std::string& path, std::string_view bytes) {
  auto file = env.CreateFile(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file.value()->Append(bytes).ok());
}

TEST(CheckRdb, CountsWhatAFileHolds) {
  FaultEnv env;
  Put(env, "dump.rdb", AFile({}).file);
  const auto report = CheckRdb(env, "dump.rdb");
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().version, 10u);
  EXPECT_EQ(report.value().byte_count, AFile({}).file.size());
  EXPECT_EQ(report.value().keys, (std::map<uint64_t, uint64_t>{{0, 5}, {3, 5}}));
  EXPECT_EQ(report.value().volatile_key_count, 4u);
  EXPECT_EQ(report.value().library_count, 1u);
  EXPECT_EQ(report.value().aux.at("redis-ver"), "7.2.4");
}

TEST(CheckRdb, SaysWhereAFileEndsTooSoonOrTooLate) {
  FaultEnv env;
  const std::string file = AFile({}).file;
  Put(env, "short", file.substr(0, file.size() - 3));
  EXPECT_EQ(CheckRdb(env, "short").error().message,
            "offset " + std::to_string(file.size() - 9) +
                ": the file ends within what begins here, at " + std::to_string(file.size() - 3));
  Put(env, "long", file + "x");
  EXPECT_EQ(CheckRdb(env, "long").error().message,
            "offset " + std::to_string(file.size()) + ": there are bytes behind the end");
  Put(env, "empty", "");
  EXPECT_EQ(CheckRdb(env, "empty").error().message,
            "offset 0: the file ends within what begins here, at 0");
  EXPECT_EQ(CheckRdb(env, "none").error().message, "cannot open none: No such file or directory");
}

TEST(CheckRdb, NamesTheKeyWhoseValueIsDamaged) {
  std::string file = "REDIS0010";
  RdbWriter writer(file);
  writer.Type(RdbType::kHashListpack);
  writer.String("profile");
  writer.String("this is no listpack");
  FaultEnv env;
  Put(env, "file", file);
  EXPECT_EQ(CheckRdb(env, "file").error().message,
            "offset 9: the value of key 'profile' (type 16) is damaged");
}

TEST(RdbFileReader, ReadsInBlocksOfAnySize) {
  const Written written = AFile({});
  FaultEnv env;
  Put(env, "file", written.file);
  for (const size_t block_bytes : {size_t{1}, size_t{10}, size_t{1000}}) {
    auto file = env.OpenFile("file");
    ASSERT_TRUE(file.ok());
    RdbFileReader reader(*file.value(), {.block_bytes = block_bytes});
    RdbRecord record;
    size_t count = 0;
    for (;;) {
      const auto next = reader.Next(record);
      ASSERT_TRUE(next.ok()) << next.error().message;
      if (!next.value()) break;
      ++count;
    }
    EXPECT_EQ(count, written.records.size());
    EXPECT_EQ(reader.offset(), written.file.size());
  }
}

}  // namespace
}  // namespace ringtail::persistence
