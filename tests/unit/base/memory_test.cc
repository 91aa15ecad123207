#include "base/memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "base/shared_bytes.h"

#if !RINGTAIL_SYSTEM_MALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace ringtail {
namespace {

#if !RINGTAIL_SYSTEM_MALLOC
TEST(Memory, ReservedBytesAgreesWithTheAllocatorForEverySize) {
  for (size_t size = 1; size < 300'000; ++size) {
    ASSERT_EQ(memory::ReservedBytes(size), nallocx(size, 0)) << size;
  }
  for (size_t size = 300'000; size < (size_t{1} << 33); size += size / 7 + 1) {
    ASSERT_EQ(memory::ReservedBytes(size), nallocx(size, 0)) << size;
  }
}
#endif

TEST(Memory, UsedBytesRisesByTheReservedSizeAndFallsBack) {
  const int64_t before = memory::UsedBytes();
  void* block = memory::Allocate(94);
  const int64_t held = memory::UsedBytes();
  memory::Free(block, 94);
  EXPECT_GE(held - before, 94);
  EXPECT_EQ(memory::UsedBytes(), before);
}

TEST(Memory, BytesFreedByAnotherThreadAreCountedOff) {
  const int64_t before = memory::UsedBytes();
  constexpr size_t kSize = 1 << 20;
  void* block = memory::Allocate(kSize);
  std::thread other([block] {
    memory::Free(block, kSize);
    memory::FoldThreadCount();
  });
  other.join();
  EXPECT_LT(std::abs(memory::UsedBytes() - before), memory::kFoldBytes);
}

TEST(SharedBytes, LastOwnerFreesAndCopiesShareTheBytes) {
  const int64_t before = memory::UsedBytes();
  {
    SharedBytes first = SharedBytes::Create(5, 100);
    std::memcpy(first.data(), "hello", 5);
    SharedBytes second = first;
    EXPECT_FALSE(first.is_unique());
    first = SharedBytes();
    EXPECT_TRUE(second.is_unique());
    second.Resize(200);
    EXPECT_EQ(second.view().substr(0, 5), "hello");
  }
  EXPECT_EQ(memory::UsedBytes(), before);
}

}  // namespace
}  // namespace ringtail
