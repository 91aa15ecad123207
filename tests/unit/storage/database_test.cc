#include "storage/database.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "storage/string_value.h"
#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

constexpr int64_t kStartMs = 1'750'000'000'000;

// Frees at once what it is given, and counts.
struct CountingDisposer : Disposer {
  void Dispose(Entry* entry) override {
    ++count;
    Entry::Destroy(entry);
  }
  int count = 0;
};

// A database beside a std::map of what it should hold.
class DatabaseModel {
 public:
  struct Value {
    std::string bytes;
    int64_t expiry_ms = kNoExpiry;
  };

  explicit DatabaseModel(uint64_t seed)
      : random(seed), hasher(seed), db({.grow_load = 0.9, .retirer = nullptr, .disposer = &disposer}) {}

  std::string SomeKey() { return "key:" + std::to_string(random.Below(4'000)); }
  std::string SomeValue() {
    switch (random.Below(4)) {
      case 0: return std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(64));
      case 1: return std::string(random.Below(20'000), 'l');
      default: return std::string(random.Below(200), 's');
    }
  }
  int64_t SomeExpiryMs() {
    if (random.Below(2) == 0) return kNoExpiry;
    return now_ms + 1 + static_cast<int64_t>(random.Below(500'000));
  }
  void SetString() {
    const std::string text = SomeKey();
    const Key key = hasher.MakeKey(text);
    const Value value{SomeValue(), SomeExpiryMs()};
    Entry* entry = db.SetString(key, db.Find(key), value.bytes, value.expiry_ms, now_ms);
    ASSERT_EQ(db.Find(key).entry, entry);
    model[text] = value;
  }
  void SetExpiry() {
    const std::string text = SomeKey();
    const Key key = hasher.MakeKey(text);
    const Database::Found found = db.Find(key);
    if (!found) return;
    model[text].expiry_ms = SomeExpiryMs();
    Entry* entry = db.SetExpiry(key, found, model[text].expiry_ms, now_ms);
    ASSERT_EQ(db.Find(key).entry, entry);
  }
  void Replace() {
    const std::string text = SomeKey();
    const Key key = hasher.MakeKey(text);
    const Database::Found found = db.Find(key);
    const Value value{SomeValue(), SomeExpiryMs()};
    Entry* entry = MakeString(text, value.bytes, value.expiry_ms != kNoExpiry);
    if (value.expiry_ms != kNoExpiry) entry->SetExpiryMs(value.expiry_ms);
    found ? db.Replace(key.hash, found, entry, now_ms) : db.Add(key.hash, entry, now_ms);
    model[text] = value;
  }
  void Detach() {
    const std::string text = SomeKey();
    const Key key = hasher.MakeKey(text);
    const Database::Found found = db.Find(key);
    ASSERT_EQ(static_cast<bool>(found), model.contains(text));
    if (!found) return;
    Entry* entry = db.Detach(found);
    ASSERT_EQ(entry->expiry_ms(), model[text].expiry_ms);
    ASSERT_FALSE(db.Find(key));
    if (random.Below(2) == 0) {
      db.Add(key.hash, entry, now_ms);
    } else {
      Entry::Destroy(entry);
      model.erase(text);
    }
  }
  void EraseExpired() {
    now_ms += static_cast<int64_t>(random.Below(5'000));
    const auto erase_from_model = [&](const Entry& entry) {
      const auto at = model.find(std::string(entry.key()));
      ASSERT_NE(at, model.end());
      ASSERT_LE(at->second.expiry_ms, now_ms);
      model.erase(at);
    };
    while (db.EraseExpired(now_ms, 64, erase_from_model)) {
    }
  }
  void ExpectAgreement() {
    ASSERT_EQ(db.Verify(hasher), nullptr);
    ASSERT_EQ(db.size(), model.size());
    size_t volatile_count = 0;
    for (const auto& [text, value] : model) {
      const Database::Found found = db.Find(hasher.MakeKey(text));
      ASSERT_TRUE(found) << text;
      ASSERT_EQ(StringView(*found.entry).bytes(), value.bytes);
      ASSERT_EQ(found.entry->expiry_ms(), value.expiry_ms);
      ASSERT_TRUE(value.expiry_ms == kNoExpiry || value.expiry_ms + 128 > now_ms);
      volatile_count += value.expiry_ms != kNoExpiry;
    }
    ASSERT_EQ(db.volatile_count(), volatile_count);
  }

  Random random;
  KeyHasher hasher;
  CountingDisposer disposer;
  Database db;
  std::map<std::string, Value> model;
  int64_t now_ms = kStartMs;
};

TEST(Database, AgreesWithAModelOverAMillionOperations) {
  const int64_t before = memory::UsedBytes();
  {
    DatabaseModel model(RunSeed());
    for (int i = 0; i < Operations(1'000'000) && !HasFatalFailure(); ++i) {
      switch (model.random.Below(8)) {
        case 0: model.SetExpiry(); break;
        case 1: model.Replace(); break;
        case 2: model.Detach(); break;
        case 3: if (model.random.Below(50) == 0) model.EraseExpired(); break;
        default: model.SetString();
      }
      if (i % 20'000 == 0) {
        model.EraseExpired();
        model.ExpectAgreement();
      }
    }
    model.EraseExpired();
    model.ExpectAgreement();
    EXPECT_GT(model.disposer.count, 0);
  }
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(Database, SetStringKeepsTheEntryWhereTheNewValueFits) {
  Database db({});
  const KeyHasher hasher(1);
  const Key key = hasher.MakeKey("key");
  Entry* first = db.SetString(key, {}, std::string(64, 'a'), kNoExpiry, kStartMs);
  first->SetAccess(5);
  EXPECT_EQ(db.SetString(key, db.Find(key), std::string(64, 'b'), kNoExpiry, kStartMs), first);
  Entry* moved = db.SetString(key, db.Find(key), std::string(640, 'b'), kNoExpiry, kStartMs);
  EXPECT_EQ(moved->access(), 5U);
  EXPECT_EQ(moved->blob_view(), std::string(640, 'b'));
}

TEST(Database, TakesExpiriesAtTheEndsOfTime) {
  DatabaseModel model(3);
  const Key key = model.hasher.MakeKey("key");
  for (const int64_t expiry_ms : {INT64_MAX, INT64_MAX - 1, int64_t{0}, int64_t{-2}, INT64_MIN}) {
    model.db.SetString(key, model.db.Find(key), "value", expiry_ms, model.now_ms);
    EXPECT_EQ(model.db.Find(key).entry->expiry_ms(), expiry_ms);
    EXPECT_EQ(model.db.Verify(model.hasher), nullptr);
    model.now_ms += 128;
    model.db.EraseExpired(model.now_ms, 10, [](const Entry&) {});
    EXPECT_EQ(model.db.size(), expiry_ms > kStartMs ? 1U : 0U) << expiry_ms;
  }
}

TEST(Database, AddOfADetachedEntryIndexesItsExpiryAgain) {
  DatabaseModel model(3);
  const Key key = model.hasher.MakeKey("key");
  model.db.SetString(key, {}, "value", kStartMs + 1'000, kStartMs);
  Entry* entry = model.db.Detach(model.db.Find(key));
  EXPECT_EQ(model.db.volatile_count(), 0U);
  model.db.Add(key.hash, entry, kStartMs);
  EXPECT_EQ(model.db.volatile_count(), 1U);
  int expired = 0;
  model.db.EraseExpired(kStartMs + 1'128, 10, [&](const Entry&) { ++expired; });
  EXPECT_EQ(expired, 1);
}

TEST(Database, DisposerGetsOnlyEntriesWithBlocksOfTheirOwn) {
  DatabaseModel model(4);
  const Key small = model.hasher.MakeKey("small");
  const Key large = model.hasher.MakeKey("large");
  model.db.SetString(small, {}, "value", kNoExpiry, kStartMs);
  model.db.SetString(large, {}, std::string(100'000, 'l'), kNoExpiry, kStartMs);
  model.db.Erase(model.db.Find(small));
  EXPECT_EQ(model.disposer.count, 0);
  model.db.Erase(model.db.Find(large));
  EXPECT_EQ(model.disposer.count, 1);
}

#if !RINGTAIL_SYSTEM_MALLOC
// The promise of bytes per key, for 16-byte keys and 64-byte values over tables that grow at different loads.
void ExpectBytesPerKey(bool is_volatile, double bytes_max) {
  constexpr size_t kTables = 16;
  constexpr size_t kKeys = 300'000;
  // A seed of its own: with few tables, how many of them hold two arrays at the same moment is left to chance.
  const KeyHasher hasher(42);
  const int64_t before = memory::UsedBytes();
  std::vector<std::unique_ptr<Database>> tables;
  for (size_t i = 0; i < kTables; ++i) {
    tables.push_back(std::make_unique<Database>(Database::Options{
        .grow_load = 0.82 + 0.12 * static_cast<double>(i) / (kTables - 1)}));
  }
  const std::string value(64, 'v');
  for (size_t id = 0; id < kKeys; ++id) {
    char text[17];
    std::snprintf(text, sizeof(text), "key:%012zu", id);
    const Key key = hasher.MakeKey({text, 16});
    const int64_t expiry_ms =
        is_volatile ? kStartMs + 1'000'000 + static_cast<int64_t>(id % 60'000) : kNoExpiry;
    tables[key.hash.partition_bits() % kTables]->SetString(key, {}, value, expiry_ms, kStartMs);
    if (id < 100'000 || id % 1'000 != 0) continue;
    const auto used = static_cast<double>(memory::UsedBytes() - before);
    ASSERT_LE(used / static_cast<double>(id + 1), bytes_max) << "at " << id + 1 << " keys";
  }
}

TEST(Database, TakesAtMost111BytesForAKeyOf16AndAValueOf64Bytes) { ExpectBytesPerKey(false, 111); }
TEST(Database, TakesAtMost131BytesWithATimeToLive) { ExpectBytesPerKey(true, 131); }
#endif

}  // namespace
}  // namespace ringtail::storage
