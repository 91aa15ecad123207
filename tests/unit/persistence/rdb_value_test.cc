#include "persistence/rdb_value.h"

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "persistence/crc64.h"
#include "persistence/detached_value.h"
#include "persistence/rdb_writer.h"
#include "storage/string_value.h"
#include "storage/zset_value.h"

namespace ringtail::persistence {
namespace {

using storage::Entry;
using storage::ValueType;
using std::string_literals::operator""s;

std::string Sealed(std::string value, uint16_t version = kRdbVersion) {
  RdbWriter writer(value);
  writer.Little(version, 2);
  writer.Fixed64(Crc64(0, value));
  return value;
}

bool IsRefused(const std::string& value) {
  auto entry = RestorePayload(Sealed(value), "key", {});
  if (entry.ok()) Entry::Destroy(entry.value());
  return !entry.ok();
}

// The entry through a payload and back; its payload must then be the same.
Entry* ThereAndBack(const Entry& entry) {
  const std::string payload = DumpPayload(entry);
  EXPECT_TRUE(IsIntactPayload(payload));
  auto again = RestorePayload(payload, entry.key(), {});
  EXPECT_TRUE(again.ok());
  return again.ok() ? again.value() : nullptr;
}

class RdbValue : public ::testing::Test {
 protected:
  RdbValue() : seed_(std::random_device{}()), random_(seed_) {
    RecordProperty("seed", std::to_string(seed_));
  }
  ~RdbValue() override {
    if (HasFailure()) std::cerr << "seed " << seed_ << "\n";
  }

  size_t Below(size_t limit) { return random_() % limit; }
  std::string Text() {
    switch (Below(4)) {
      case 0: return std::to_string(static_cast<int64_t>(random_()) >> Below(64));
      case 1: return std::string(Below(80), static_cast<char>('a' + Below(26)));
      case 2: return Below(50) == 0 ? std::string(Below(40000), 'l') : std::string();
      default: {
        std::string bytes(Below(20), 0);
        for (char& byte : bytes) byte = static_cast<char>(random_());
        return bytes;
      }
    }
  }
  // Small ones mostly, some beyond every limit of packed collections.
  size_t Count() { return 1 + Below(Below(10) == 0 ? 1000 : 30); }

  const uint32_t seed_;
  std::mt19937_64 random_;
};

TEST_F(RdbValue, StringsComeBack) {
  for (int i = 0; i < 2000; ++i) {
    const std::string text = Text();
    Entry* entry = storage::MakeString("key", text, false);
    Entry* again = ThereAndBack(*entry);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(storage::StringView(*again).bytes(), text);
    EXPECT_EQ(again->encoding(), entry->encoding());
    Entry::Destroy(entry);
    Entry::Destroy(again);
  }
}

TEST_F(RdbValue, ListsComeBack) {
  for (int i = 0; i < 200; ++i) {
    DetachedValue value("key", ValueType::kList);
    storage::ListEditor list(value.place(), {});
    std::vector<std::string> model(Count());
    for (std::string& text : model) {
      text = Text();
      const std::string_view view = text;
      list.Push(storage::ListEnd::kTail, std::span(&view, 1));
    }
    Entry* again = ThereAndBack(value.place().entry());
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->encoding(), value.place().entry().encoding());
    std::vector<std::string> read;
    for (auto at = storage::ListView(*again).From(0, storage::ListEnd::kTail); !at.is_done();
         at.Next()) {
      read.push_back(at.Get().String());
    }
    EXPECT_EQ(read, model);
    Entry::Destroy(again);
  }
}

TEST_F(RdbValue, SetsComeBack) {
  for (int i = 0; i < 200; ++i) {
    DetachedValue value("key", ValueType::kSet);
    storage::SetEditor set(value.place(), {});
    std::set<std::string> model;
    const bool is_integers = Below(2) == 0;
    for (size_t left = Count(); left > 0; --left) {
      model.insert(is_integers ? std::to_string(Below(100000)) : Text());
    }
    bool is_first = true;
    for (const std::string& member : model) {
      storage::SetNeedle needle(member);
      if (std::exchange(is_first, false)) set.Begin(needle, model.size());
      set.Add(needle);
    }
    Entry* again = ThereAndBack(value.place().entry());
    ASSERT_NE(again, nullptr);
    std::set<std::string> read;
    storage::SetView(*again).ForEach([&](const auto& member) { read.insert(member.String()); });
    EXPECT_EQ(read, model);
    Entry::Destroy(again);
  }
}

TEST_F(RdbValue, HashesComeBack) {
  for (int i = 0; i < 200; ++i) {
    DetachedValue value("key", ValueType::kHash);
    storage::HashEditor hash(value.place(), {});
    std::map<std::string, std::string> model;
    for (size_t left = Count(); left > 0; --left) {
      const std::string name = Text();
      model[name] = Text();
      hash.Set(name, model[name]);
    }
    Entry* again = ThereAndBack(value.place().entry());
    ASSERT_NE(again, nullptr);
    std::map<std::string, std::string> read;
    storage::HashView(*again).VisitAll(
        [&](const auto& name, const auto& field) { read[name.String()] = field.String(); });
    EXPECT_EQ(read, model);
    Entry::Destroy(again);
  }
}

TEST_F(RdbValue, SortedSetsComeBack) {
  for (int i = 0; i < 200; ++i) {
    DetachedValue value("key", ValueType::kSortedSet);
    storage::SortedSetEditor zset(value.place(), ValueLimits().sorted_set);
    std::map<std::string, double> model;
    for (size_t left = Count(); left > 0; --left) {
      const std::string member = Text();
      if (zset.Find(member)) continue;
      model[member] = static_cast<double>(static_cast<int64_t>(random_())) / 1e9;
      zset.Add(model[member]);
    }
    Entry* again = ThereAndBack(value.place().entry());
    ASSERT_NE(again, nullptr);
    std::map<std::string, double> read;
    storage::SortedSetView(*again).VisitAll(
        [&](std::string_view member, double score) { read[std::string(member)] = score; });
    EXPECT_EQ(read, model);
    Entry::Destroy(again);
  }
}

TEST_F(RdbValue, EveryTruncationIsRefused) {
  DetachedValue value("key", ValueType::kHash);
  storage::HashEditor hash(value.place(), {});
  for (int i = 0; i < 20; ++i) hash.Set(Text() + std::to_string(i), Text());
  std::string bytes;
  RdbWriter writer(bytes);
  writer.Type(WrittenType(value.place().entry()));
  WriteValue(value.place().entry(), writer);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_TRUE(IsRefused(bytes.substr(0, size)));
  EXPECT_TRUE(IsRefused(bytes + "x"));
}

TEST(RdbPayload, WrongVersionOrChecksumIsNotIntact) {
  EXPECT_TRUE(IsIntactPayload(Sealed("\x00\x01"s + "a")));
  EXPECT_TRUE(IsIntactPayload(Sealed("\x00\x01"s + "a", 11)));
  EXPECT_FALSE(IsIntactPayload(Sealed("\x00\x01"s + "a", 12)));
  EXPECT_FALSE(IsIntactPayload(""));
  EXPECT_FALSE(IsIntactPayload("too short"));
  std::string payload = Sealed("\x00\x01"s + "a");
  payload[2] = 'b';
  EXPECT_FALSE(IsIntactPayload(payload));
}

// As redis-server 7.0.15 dumps the string "v" and the integer 100.
TEST(RdbPayload, StringsAreWrittenAsRedisWritesThem) {
  Entry* text = storage::MakeString("key", "v", false);
  EXPECT_EQ(DumpPayload(*text).substr(0, 5), "\x00\x01v\x0a\x00"s);
  Entry* number = storage::MakeString("key", "100", false);
  EXPECT_EQ(DumpPayload(*number).substr(0, 5), "\x00\xc0\x64\x0a\x00"s);
  Entry::Destroy(text);
  Entry::Destroy(number);
}

TEST(RdbPayload, WhatIsThereTwiceOrOutOfOrderIsRefused) {
  EXPECT_TRUE(IsRefused("\x02\x02\x01"s + "a" + "\x01"s + "a"));                   // set
  EXPECT_TRUE(IsRefused("\x04\x02\x01"s + "a\x01x\x01"s + "a\x01y"s));             // hash
  EXPECT_TRUE(IsRefused("\x03\x02\x01"s + "a\x01" + "1\x01"s + "a\x01" + "2"));    // zset
  EXPECT_TRUE(IsRefused("\x03\x01\x01"s + "a\xfd"s));                              // NaN
  EXPECT_TRUE(IsRefused("\x0b\x0c\x02\0\0\0\x02\0\0\0\x05\0\x01\0"s));             // intset
  EXPECT_TRUE(IsRefused("\x0b\x0c\x02\0\0\0\x03\0\0\0\x01\0\x05\0"s));
}

TEST(RdbPayload, EmptyCollectionsAreRefused) {
  for (const char type : "\x01\x02\x03\x04\x05\x0e\x12"s) EXPECT_TRUE(IsRefused(type + "\x00"s));
  EXPECT_TRUE(IsRefused("\x10\x07\x07\0\0\0\0\0\xff"s));
  EXPECT_TRUE(IsRefused("\x0b\x08\x02\0\0\0\0\0\0\0"s));
}

}  // namespace
}  // namespace ringtail::persistence
