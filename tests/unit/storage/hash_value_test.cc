#include "storage/hash_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

// A hash under one key of a database, beside a map that says what it should hold.
class HashRun {
 public:
  struct Expected {
    std::string value;
    int64_t expiry_ms = kNoExpiry;
  };

  explicit HashRun(uint64_t seed, HashLimits limits = {.entries_max = 24, .value_bytes_max = 40})
      : random(seed), limits_(limits), hasher_(seed), key_(hasher_.MakeKey("a-hash")) {}

  bool is_there() const { return !model.empty(); }
  const Entry& entry() { return *db.Find(key_).entry; }
  HashView view() { return HashView(entry()); }

  template <typename Edit>
  void Change(Edit&& edit) {
    Database::Found found = db.Find(key_);
    if (!found) {
      db.Add(key_.hash, Entry::Create({.key = key_.bytes, .type = ValueType::kHash}), now_ms);
      found = db.Find(key_);
    }
    ValuePlace place(db, key_, found, now_ms);
    HashEditor editor(place, limits_);
    edit(editor);
    if (editor.view().size() == 0) db.Erase(db.Find(key_));
  }

  void Set(const std::string& field, const std::string& value, FieldTtl ttl) {
    Change([&](HashEditor& editor) {
      EXPECT_EQ(editor.Set(field, value, ttl), !model.contains(field));
    });
    Expected& expected = model[field];
    expected.value = value;
    if (ttl == FieldTtl::kDrop) expected.expiry_ms = kNoExpiry;
  }
  void SetAll(const std::vector<std::string>& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    size_t new_count = 0;
    for (size_t i = 0; i < words.size(); i += 2) {
      new_count += model.contains(words[i]) ? 0 : 1;
      model[words[i]] = {words[i + 1]};
    }
    Change([&](HashEditor& editor) { EXPECT_EQ(editor.SetAll(views), new_count); });
  }
  void Erase(const std::string& field) {
    if (!is_there()) return;
    Change([&](HashEditor& editor) { EXPECT_EQ(editor.Erase(field), model.erase(field) == 1); });
  }
  void SetExpiry(const std::string& field, int64_t expiry_ms) {
    if (!model.contains(field)) return;
    Change([&](HashEditor& editor) { editor.SetExpiry(field, expiry_ms); });
    model[field].expiry_ms = expiry_ms;
  }
  void EraseHash() {
    if (is_there()) db.Erase(db.Find(key_));
    model.clear();
  }
  // Lets time pass and erases what is due, in slices.
  void Pass(int64_t ms) {
    now_ms += ms;
    std::set<std::string> erased;
    while (db.EraseExpiredFields(
        now_ms, 1 + random.Below(5),
        [&](const Entry&, std::string_view field) { EXPECT_TRUE(erased.emplace(field).second); })) {
    }
    std::set<std::string> due;
    for (const auto& [field, expected] : model) {
      if (expected.expiry_ms != kNoExpiry && expected.expiry_ms <= now_ms) due.insert(field);
    }
    EXPECT_EQ(erased, due);
    std::erase_if(model, [&](const auto& item) { return due.contains(item.first); });
  }

  void Verify() {
    ASSERT_EQ(db.size(), is_there() ? 1U : 0U);
    ASSERT_EQ(db.Verify(hasher_), nullptr);
    if (!is_there()) return;
    const HashView hash = view();
    ASSERT_EQ(hash.size(), model.size());
    if (hash.table() != nullptr) {
      ASSERT_EQ(hash.table()->Verify(), nullptr);
    } else {
      ASSERT_EQ(hash.packed().Verify(), nullptr);
    }
    std::map<std::string, std::string> seen;
    hash.VisitAll([&](const PackedElement& field, const PackedElement& value) {
      seen[field.String()] = value.String();
    });
    ASSERT_EQ(seen.size(), model.size());
    for (const auto& [field, expected] : model) {
      ASSERT_EQ(seen[field], expected.value);
      ASSERT_EQ(hash.Find(field)->String(), expected.value);
      ASSERT_EQ(hash.FindExpiry(field), expected.expiry_ms);
    }
  }

  Random random;
  int64_t now_ms = kStartMs;
  Database db{Database::Options{}};
  std::map<std::string, Expected> model;

 private:
  const HashLimits limits_;
  const KeyHasher hasher_;
  const Key key_;
};

std::string RandomField(Random& random) {
  if (random.Below(10) == 0) return std::to_string(random.Below(40));
  return "field:" + std::to_string(random.Below(random.Below(8) == 0 ? 400 : 20));
}

std::string RandomBytes(Random& random) {
  switch (random.Below(200)) {
    case 0:
      return std::string(random.Below(300), 'x');
    case 1:
      return std::string(16380 + random.Below(10), 'y');
    default:
      return random.Below(2) == 0 ? std::to_string(static_cast<int64_t>(random.Next()))
                                  : std::string(random.Below(41), 'v');
  }
}

std::vector<std::string> RandomPairs(Random& random) {
  std::vector<std::string> words;
  for (uint64_t left = 1 + random.Below(6); left > 0; --left) {
    words.push_back(RandomField(random));
    words.push_back(RandomBytes(random));
  }
  return words;
}

void Step(HashRun& run, bool is_growing) {
  Random& random = run.random;
  const std::string field = RandomField(random);
  switch (random.Below(20)) {
    case 0:
      return random.Below(200) == 0 ? run.EraseHash() : run.Erase(field);
    case 1:
      return run.Pass(static_cast<int64_t>(random.Below(300)));
    case 2:
      if (random.Below(20) != 0) return run.Erase(field);
      return run.SetExpiry(field, run.now_ms + 1 + static_cast<int64_t>(random.Below(2000)));
    case 3:
      if (random.Below(20) != 0) return run.Set(field, RandomBytes(random), FieldTtl::kDrop);
      return run.SetExpiry(field, random.Below(2) == 0 ? kNoExpiry : run.now_ms + 500);
    case 4:
      return run.SetAll(RandomPairs(random));
    case 5:
    case 6:
      return run.Set(field, RandomBytes(random), FieldTtl::kKeep);
    default:
      if (!is_growing && random.Below(4) != 0) return run.Erase(field);
      return run.Set(field, RandomBytes(random), FieldTtl::kDrop);
  }
}

TEST(HashValue, AgreesWithAMapOverAMillionOperations) {
  HashRun run(RunSeed());
  int packed_count = 0;
  int large_count = 0;
  for (int i = 0; i < Operations(1'000'000); ++i) {
    Step(run, /*is_growing=*/i / 4000 % 4 == 0);
    if (run.is_there()) ++(run.view().table() == nullptr ? packed_count : large_count);
    if (i % 500 == 0) {
      ASSERT_NO_FATAL_FAILURE(run.Verify());
    }
    if (::testing::Test::HasFailure()) FAIL() << "operation " << i;
  }
  // Both forms were there for long, so the border was crossed many times.
  EXPECT_GT(packed_count, Operations(5'000));
  EXPECT_GT(large_count, Operations(20'000));
}

TEST(HashValue, BecomesATableBehindTheLimitOfFields) {
  HashRun run(1, {.entries_max = 3, .value_bytes_max = 64});
  for (const char* field : {"a", "b", "c"}) run.Set(field, "1", FieldTtl::kDrop);
  EXPECT_EQ(run.view().table(), nullptr);
  run.Set("d", "1", FieldTtl::kDrop);
  EXPECT_NE(run.view().table(), nullptr);
  run.Verify();
}

TEST(HashValue, BecomesATableForALongValueOrName) {
  HashRun run(1, {.entries_max = 512, .value_bytes_max = 4});
  run.Set("abcd", "1234", FieldTtl::kDrop);
  EXPECT_EQ(run.view().table(), nullptr);
  run.Set("abcde", "1", FieldTtl::kDrop);
  EXPECT_NE(run.view().table(), nullptr);
  run.Verify();
}

TEST(HashValue, AClonedHashSharesNothing) {
  HashTable table;
  table.Set("stays", "1", FieldTtl::kDrop);
  table.Set("expires", std::string(20'000, 'x'), FieldTtl::kDrop);
  table.SetExpiry("expires", 77);
  const std::unique_ptr<Object> clone = table.Clone();
  table.Erase("stays");
  table.SetExpiry("expires", kNoExpiry);
  const auto& copy = static_cast<const HashTable&>(*clone);
  EXPECT_EQ(copy.Verify(), nullptr);
  EXPECT_EQ(copy.Find("stays")->value(), "1");
  EXPECT_EQ(copy.Find("expires")->expiry_ms(), 77);
  EXPECT_EQ(copy.next_expiry_ms(), 77);
}

TEST(HashValue, FootprintIsWhatTheAllocatorGave) {
  if (kIsSanitized) GTEST_SKIP() << "operator new is not counted there";
  memory::FoldThreadCount();
  const int64_t before = memory::UsedBytes();
  auto table = std::make_unique<HashTable>();
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = "field:" + std::to_string(i);
    table->Set(name, "a-value-of-24-bytes-here", FieldTtl::kDrop);
    if (i % 3 == 0) table->SetExpiry(name, i);
  }
  memory::FoldThreadCount();
  const auto used = static_cast<double>(memory::UsedBytes() - before);
  EXPECT_NEAR(static_cast<double>(table->footprint_bytes()) / used, 1.0, 0.05);
}

TEST(HashValue, FieldsOfEveryLengthKeepTheirBytes) {
  using Sizes = std::initializer_list<size_t>;
  for (const size_t name_bytes : Sizes{0, 1, 125, 126, 127, 128, 65535, 65536}) {
    for (const size_t value_bytes : Sizes{0, 1, 127, 128, 16383, 16384, 70000}) {
      for (const int64_t expiry_ms : {kNoExpiry, int64_t{123}}) {
        const std::string name(name_bytes, 'n');
        const std::string value(value_bytes, 'v');
        HashField* field = HashField::Create(name, value, expiry_ms);
        EXPECT_EQ(field->key(), name);
        EXPECT_EQ(field->value(), value);
        EXPECT_EQ(field->expiry_ms(), expiry_ms);
        HashField::Destroy(field);
      }
    }
  }
}

TEST(HashValue, EveryFieldIsDrawnAboutAsOften) {
  for (const int64_t entries_max : {1, 512}) {
    HashRun run(7, {.entries_max = entries_max, .value_bytes_max = 64});
    for (int i = 0; i < 50; ++i) run.Set("f" + std::to_string(i), "v", FieldTtl::kDrop);
    const HashView hash = run.view();
    const HashSampler sampler(hash);
    std::map<std::string, int> drawn;
    for (int i = 0; i < 50'000; ++i) {
      sampler.Draw(run.random, [&](const PackedElement& field, const PackedElement&) {
        ++drawn[field.String()];
      });
    }
    ASSERT_EQ(drawn.size(), 50U);
    for (const auto& [field, count] : drawn) EXPECT_NEAR(count, 1000, 200) << field;
  }
}

TEST(HashValue, AHashThatIsErasedOrReplacedIsForgottenByTheIndex) {
  Database db{Database::Options{}};
  const KeyHasher hasher(3);
  const Key key = hasher.MakeKey("key");
  const auto plant = [&] {
    auto table = std::make_unique<HashTable>();
    table->Set("f", "v", FieldTtl::kDrop);
    table->SetExpiry("f", kStartMs + 1000);
    Entry* entry =
        Entry::Create({.key = "key", .type = ValueType::kHash, .encoding = Encoding::kObject});
    entry->SetPointer(table.release());
    return entry;
  };
  int erased_count = 0;
  const auto erased = [&](const Entry&, std::string_view) { ++erased_count; };
  db.Add(key.hash, plant(), kStartMs);
  db.Erase(db.Find(key));
  db.Add(key.hash, plant(), kStartMs);
  db.Replace(key.hash, db.Find(key), plant(), kStartMs);
  db.SetString(key, db.Find(key), "text", kNoExpiry, kStartMs);
  EXPECT_FALSE(db.EraseExpiredFields(kStartMs + 5000, 100, erased));
  EXPECT_EQ(erased_count, 0);
  db.Replace(key.hash, db.Find(key), plant(), kStartMs);
  EXPECT_FALSE(db.EraseExpiredFields(kStartMs + 5000, 100, erased));
  EXPECT_EQ(erased_count, 1);
  EXPECT_EQ(db.size(), 0U);
}

}  // namespace
}  // namespace ringtail::storage
