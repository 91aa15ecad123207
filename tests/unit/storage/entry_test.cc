#include "storage/entry.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

const std::vector<size_t> kEdgeLengths = {0, 1, 16, 127, 128, 129, 16'383, 16'384, 16'385, 70'000};

std::string Bytes(size_t size, char first) {
  std::string bytes(size, 'x');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(first + static_cast<char>(i % 19));
  return bytes;
}

TEST(Entry, KeepsKeyValueAndHeaderInEveryShape) {
  const int64_t before = memory::UsedBytes();
  for (const size_t key_bytes : kEdgeLengths) {
    for (const size_t value_bytes : kEdgeLengths) {
      for (int options = 0; options < 4; ++options) {
        const std::string key = Bytes(key_bytes, 'a');
        const std::string value = Bytes(value_bytes, 'A');
        Entry* entry = Entry::Create({.key = key,
                                      .type = ValueType::kHash,
                                      .payload_bytes = value_bytes,
                                      .is_volatile = (options & 1) != 0,
                                      .has_annex = (options & 2) != 0});
        EXPECT_EQ(entry->expiry_ms(), kNoExpiry);
        EXPECT_EQ(entry->expiry_handle(), kNoHandle);
        EXPECT_EQ(entry->stamp(), 0U);
        EXPECT_EQ(entry->access(), 0U);
        std::memcpy(entry->blob().data(), value.data(), value.size());
        entry->SetStamp(0xfedc'ba98'7654);
        entry->SetAccess(0xffff'fffe);
        if (entry->is_volatile()) {
          entry->SetExpiryMs(INT64_MAX);
          entry->SetExpiryHandle(0xabcd'ef01);
        }
        ASSERT_EQ(entry->key(), key);
        ASSERT_EQ(entry->blob_view(), value);
        ASSERT_EQ(entry->type(), ValueType::kHash);
        ASSERT_EQ(entry->encoding(), Encoding::kBlob);
        ASSERT_EQ(entry->stamp(), 0xfedc'ba98'7654U);
        ASSERT_EQ(entry->access(), 0xffff'fffeU);
        ASSERT_EQ(entry->expiry_ms(), entry->is_volatile() ? INT64_MAX : kNoExpiry);
        ASSERT_EQ(entry->expiry_handle(), entry->is_volatile() ? 0xabcd'ef01U : kNoHandle);
        ASSERT_EQ(entry->has_annex(), (options & 2) != 0);
        ASSERT_GE(entry->footprint_bytes(), entry->allocated_bytes());
        Entry::Destroy(entry);
      }
    }
  }
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(Entry, LayoutPromiseOfThe96ByteEntryHolds) {
  Entry* entry = Entry::Create({.key = Bytes(16, 'k'), .payload_bytes = 64});
  EXPECT_EQ(entry->allocated_bytes(), 94U);
  Entry::Destroy(entry);
}

TEST(Entry, HoldsAValueOf512MegabytesWithItsLength) {
  constexpr size_t kSize = size_t{512} << 20;
  Entry* entry = Entry::Create({.key = "large", .payload_bytes = kSize});
  EXPECT_EQ(entry->blob().size(), kSize);
  EXPECT_EQ(entry->allocated_bytes(), 12 + 1 + 5 + 5 + kSize);
  entry->blob()[kSize - 1] = 'z';
  Entry::Destroy(entry);
}

TEST(Entry, IntAndPointerPayloadsTakeEightBytes) {
  for (const int64_t value : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
    Entry* entry = Entry::Create({.key = "n", .encoding = Encoding::kInt, .is_volatile = true});
    entry->SetIntValue(value);
    EXPECT_EQ(entry->int_value(), value);
    EXPECT_EQ(entry->allocated_bytes(), 12U + 12 + 2 + 8);
    Entry::Destroy(entry);
  }
}

TEST(Entry, CreateLikeCopiesHeaderAndKeyInEveryShape) {
  for (const size_t key_bytes : {size_t{0}, size_t{127}, size_t{128}, size_t{16'384}}) {
    for (const bool from_volatile : {false, true}) {
      for (const bool to_volatile : {false, true}) {
        Entry* from = Entry::Create({.key = Bytes(key_bytes, 'k'),
                                     .type = ValueType::kString,
                                     .encoding = Encoding::kInt,
                                     .is_volatile = from_volatile});
        from->SetStamp(uint64_t{1} << 47);
        from->SetAccess(77);
        if (from_volatile) from->SetExpiryMs(12'345);
        if (from_volatile) from->SetExpiryHandle(99);
        Entry* to = Entry::CreateLike(*from, Encoding::kBlob, 200, to_volatile);
        EXPECT_EQ(to->key(), from->key());
        EXPECT_EQ(to->stamp(), from->stamp());
        EXPECT_EQ(to->access(), 77U);
        EXPECT_EQ(to->blob().size(), 200U);
        const bool keeps = from_volatile && to_volatile;
        EXPECT_EQ(to->expiry_ms(), keeps ? 12'345 : kNoExpiry);
        EXPECT_EQ(to->expiry_handle(), keeps ? 99U : kNoHandle);
        Entry::Destroy(from);
        Entry::Destroy(to);
      }
    }
  }
}

TEST(Entry, DestroyFreesASharedBlockAndDestroyShellDoesNot) {
  const int64_t before = memory::UsedBytes();
  SharedBytes block = SharedBytes::Create(50'000);
  Entry* entry = Entry::Create({.key = "k", .encoding = Encoding::kShared});
  entry->SetPointer(SharedBytes(block).Release());
  EXPECT_GT(entry->footprint_bytes(), 50'000U);
  EXPECT_FALSE(block.is_unique());
  Entry* shell = Entry::CreateLike(*entry, Encoding::kShared, 0, true);
  shell->SetPointer(entry->pointer());
  Entry::DestroyShell(entry);
  EXPECT_FALSE(block.is_unique());
  Entry::Destroy(shell);
  EXPECT_TRUE(block.is_unique());
  block = SharedBytes();
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(Entry, BlobsResizeWithinTheirBlockWithoutLosingTheKey) {
  Random random(RunSeed());
  const int64_t before = memory::UsedBytes();
  for (int i = 0; i < Operations(100'000); ++i) {
    const std::string key = Bytes(random.Below(300), 'k');
    const size_t old_bytes = random.Below(20'000) >> random.Below(14);
    Entry* entry = Entry::Create(
        {.key = key, .payload_bytes = old_bytes, .is_volatile = random.Below(2) == 0});
    const size_t new_bytes = old_bytes + random.Below(40) - std::min<size_t>(old_bytes, 20);
    if (entry->FitsInPlace(Encoding::kBlob, new_bytes)) {
      const size_t footprint = entry->footprint_bytes();
      entry->SetBlobBytes(new_bytes);
      std::memset(entry->blob().data(), 'v', new_bytes);
      ASSERT_EQ(entry->blob().size(), new_bytes);
      ASSERT_EQ(entry->key(), key);
      ASSERT_EQ(entry->footprint_bytes(), footprint);
    }
    Entry::Destroy(entry);
  }
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(Entry, IsExpiredAtItsExpiryAndNotBefore) {
  Entry* entry = Entry::Create({.key = "k", .is_volatile = true});
  entry->SetExpiryMs(1'000);
  EXPECT_FALSE(entry->IsExpired(999));
  EXPECT_TRUE(entry->IsExpired(1'000));
  Entry::Destroy(entry);
}

TEST(Entry, TypeNamesAreRedisOnes) {
  EXPECT_EQ(TypeName(ValueType::kString), "string");
  EXPECT_EQ(TypeName(ValueType::kList), "list");
  EXPECT_EQ(TypeName(ValueType::kSet), "set");
  EXPECT_EQ(TypeName(ValueType::kSortedSet), "zset");
  EXPECT_EQ(TypeName(ValueType::kHash), "hash");
  EXPECT_EQ(TypeName(ValueType::kStream), "stream");
}

}  // namespace
}  // namespace ringtail::storage
