#include "proto/output_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "base/random.h"

namespace ringtail::proto {
namespace {

// What a socket that takes everything would be given.
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

int IovecCount(const OutputBuffer& output) {
  iovec iovecs[64];
  return output.FillIovecs(iovecs, 64);
}

SharedBytes BlockOf(std::string_view bytes) {
  SharedBytes block = SharedBytes::Create(bytes.size());
  std::copy(bytes.begin(), bytes.end(), block.data());
  return block;
}

TEST(OutputBuffer, EmptyBufferOwnsNoMemory) {
  ChunkPool pool;
  OutputBuffer output(pool);
  EXPECT_EQ(output.reserved_bytes(), 0u);
  output.Append("x");
  output.Consume(1);
  EXPECT_TRUE(output.is_empty());
  EXPECT_EQ(output.reserved_bytes(), 0u);
  EXPECT_EQ(pool.free_bytes(), ChunkPool::kSmallChunkBytes);
}

TEST(OutputBuffer, ABatchOfSmallRepliesIsOnePiece) {
  ChunkPool pool;
  OutputBuffer output(pool);
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    output.Append("0123456789012345678901234567890123456789");
    expected += "0123456789012345678901234567890123456789";
  }
  EXPECT_EQ(IovecCount(output), 1);
  EXPECT_EQ(Contents(output), expected);
}

TEST(OutputBuffer, SharedBytesAreSentFromTheirBlockAndFreedWhenSent) {
  ChunkPool pool;
  OutputBuffer output(pool);
  SharedBytes block = BlockOf(std::string(50'000, 'v'));
  output.Append("head");
  output.AppendShared(block, 1'000, 40'000);
  output.Append("tail");
  iovec iovecs[4];
  ASSERT_EQ(output.FillIovecs(iovecs, 4), 3);
  EXPECT_EQ(iovecs[1].iov_base, block.data() + 1'000);
  EXPECT_EQ(output.size_bytes(), 40'008u);
  output.Consume(4 + 20'000);
  EXPECT_FALSE(block.is_unique());
  EXPECT_EQ(Contents(output), std::string(20'000, 'v') + "tail");
  output.Consume(20'000);
  EXPECT_TRUE(block.is_unique());
  EXPECT_EQ(Contents(output), "tail");
}

TEST(OutputBuffer, TruncateAfterAReserveWithoutCommitLeavesWhatWasThere) {
  ChunkPool pool;
  OutputBuffer output(pool);
  output.Append("kept");
  const size_t mark = output.Mark();
  output.Reserve(10'000);
  output.TruncateTo(mark);
  EXPECT_EQ(Contents(output), "kept");
  output.AppendShared(BlockOf("shared"), 0, 6);
  output.Append(std::string(100'000, 'x'));
  output.TruncateTo(mark);
  output.Append("!");
  EXPECT_EQ(Contents(output), "kept!");
  output.TruncateTo(0);
  EXPECT_EQ(output.reserved_bytes(), 0u);
}

TEST(OutputBuffer, ShrinkToFitLeavesASlowClientASmallChunk) {
  ChunkPool pool;
  OutputBuffer output(pool);
  output.Append(std::string(12'000, 'x') + "rest");
  output.Consume(12'000);
  EXPECT_EQ(output.reserved_bytes(), ChunkPool::kLargeChunkBytes);
  output.ShrinkToFit();
  EXPECT_EQ(output.reserved_bytes(), ChunkPool::kSmallChunkBytes);
  output.Append(" and more");
  EXPECT_EQ(Contents(output), "rest and more");
}

// Ten thousand clients that never read one small answer each.
TEST(OutputBuffer, TenThousandDeafClientsHoldTwentyMebibytes) {
  const int64_t before = memory::UsedBytes();
  ChunkPool pool;
  std::vector<std::unique_ptr<OutputBuffer>> outputs;
  for (int i = 0; i < 10'000; ++i) {
    outputs.push_back(std::make_unique<OutputBuffer>(pool));
    outputs.back()->Append("-NOAUTH Authentication required.\r\n");
  }
  EXPECT_LT(memory::UsedBytes() - before, int64_t{10'000} * (ChunkPool::kSmallChunkBytes + 128));
}

// Appends, inserts, truncates, consumes, shrinks and splices at random, beside a string that does
// the same.
TEST(OutputBuffer, RandomOperationsAgreeWithAString) {
  const uint64_t seed = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(seed);
  Random random(seed);
  ChunkPool pool;
  for (int round = 0; round < 300; ++round) {
    OutputBuffer output(pool);
    std::string model;
    const auto text = [&](size_t size) {
      std::string bytes(size, ' ');
      for (char& byte : bytes) byte = static_cast<char>('a' + random.Below(26));
      return bytes;
    };
    for (int step = 0; step < 150; ++step) {
      switch (random.Below(12)) {
        case 0:
        case 1:
        case 2:
        case 3: {
          const std::string bytes = text(random.Below(round % 2 == 0 ? 60 : 2500));
          output.Append(bytes);
          model += bytes;
          break;
        }
        case 4: {
          const std::string bytes = text(random.Below(OutputBuffer::kReserveBytesMax + 1));
          std::copy(bytes.begin(), bytes.end(), output.Reserve(bytes.size()));
          output.Commit(bytes.size());
          model += bytes;
          break;
        }
        case 5: {
          const std::string bytes = text(1 + random.Below(40'000));
          const size_t offset = random.Below(bytes.size());
          output.AppendShared(BlockOf(bytes), offset, bytes.size() - offset);
          model += bytes.substr(offset);
          break;
        }
        case 6:
        case 7: {
          const std::string bytes = text(random.Below(OutputBuffer::kInsertBytesMax + 1));
          const size_t position = random.Below(model.size() + 1);
          output.Insert(position, bytes);
          model.insert(position, bytes);
          break;
        }
        case 8: {
          const size_t kept = model.size() - random.Below(std::min<size_t>(model.size(), 5000) + 1);
          output.TruncateTo(kept);
          model.resize(kept);
          break;
        }
        case 9: {
          const size_t size = random.Below(model.size() + 1);
          output.Consume(size);
          model.erase(0, size);
          break;
        }
        case 10:
          output.ShrinkToFit();
          break;
        case 11: {
          OutputBuffer other(pool);
          const std::string bytes = text(random.Below(3000));
          other.Append(bytes);
          output.Splice(other);
          ASSERT_TRUE(other.is_empty());
          model += bytes;
          break;
        }
      }
      ASSERT_EQ(output.size_bytes(), model.size());
      ASSERT_EQ(Contents(output), model);
    }
  }
}

TEST(ChunkPool, TrimGivesBackWhatWasNotNeededSinceTheLastTrim) {
  ChunkPool pool;
  std::vector<void*> chunks;
  for (int i = 0; i < 10; ++i) chunks.push_back(pool.Take(ChunkPool::kLargeChunkBytes));
  for (void* chunk : chunks) pool.Give(chunk, ChunkPool::kLargeChunkBytes);
  pool.Trim();
  EXPECT_EQ(pool.free_bytes(), 10 * ChunkPool::kLargeChunkBytes);
  for (int i = 0; i < 3; ++i)
    chunks[static_cast<size_t>(i)] = pool.Take(ChunkPool::kLargeChunkBytes);
  for (int i = 0; i < 3; ++i)
    pool.Give(chunks[static_cast<size_t>(i)], ChunkPool::kLargeChunkBytes);
  pool.Trim();
  EXPECT_EQ(pool.free_bytes(), 3 * ChunkPool::kLargeChunkBytes);
  pool.Trim();
  EXPECT_EQ(pool.free_bytes(), 0u);
}

TEST(ChunkPool, KeepsABoundedNumberOfFreeChunks) {
  ChunkPool pool;
  std::vector<void*> chunks;
  for (uint32_t i = 0; i < ChunkPool::kFreeLargeMax + 50; ++i) {
    chunks.push_back(pool.Take(ChunkPool::kLargeChunkBytes));
  }
  for (void* chunk : chunks) pool.Give(chunk, ChunkPool::kLargeChunkBytes);
  EXPECT_EQ(pool.free_bytes(), ChunkPool::kFreeLargeMax * ChunkPool::kLargeChunkBytes);
}

}  // namespace
}  // namespace ringtail::proto
