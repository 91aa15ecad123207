// Writes an RDB file, piece by piece, to wherever it goes.
//
//   RdbFileWriter writer(sink, {.compresses = true});
//   writer.Aux("redis-ver", "7.2.4");
//   writer.Database(0, key_count, volatile_count);
//   for (const Entry* entry : …) writer.Key(*entry, {.expire_ms = …});
//   TRY_VOID(writer.End());
//
// Pieces are collected into blocks. After the sink has failed once nothing more is written, and End
// says why. Source of the format: rdb_format.h. Thread rule: a writer belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "persistence/lzf.h"
#include "persistence/rdb_writer.h"
#include "storage/entry.h"

namespace ringtail::persistence {

/// Takes bytes in order: a file, sockets.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Result<void> Write(std::string_view bytes) = 0;
};

/// What is known of a key beside its value.
struct KeyFacts {
  std::optional<int64_t> expire_ms = std::nullopt;  ///< Unix time
  std::optional<uint64_t> idle_s = std::nullopt;
  std::optional<uint8_t> frequency = std::nullopt;
};

class RdbFileWriter {
 public:
  struct Options {
    bool compresses = true;       ///< strings, by LZF
    bool has_checksum = true;
    size_t block_bytes = 256 * 1024;
  };

  /// Begins the file.
  RdbFileWriter(ByteSink& sink, const Options& options);
  RdbFileWriter(const RdbFileWriter&) = delete;
  RdbFileWriter& operator=(const RdbFileWriter&) = delete;

  void Aux(std::string_view name, std::string_view value);
  void Library(std::string_view source);
  /// The keys that follow are this database's; how many there are about.
  void Database(uint64_t index, uint64_t keys, uint64_t volatile_keys);
  void Key(const storage::Entry& entry, const KeyFacts& facts);
  /// Ends the file. The first error of the sink, if it had one.
  Result<void> End();

  /// Bytes so far, those not handed over yet too.
  uint64_t byte_count() const { return written_bytes_ + block_.size(); }
  bool has_failed() const { return !state_.ok(); }

 private:
  void Opcode(RdbOpcode opcode) { block_.push_back(static_cast<char>(opcode)); }
  void HandOverIfFull();
  void HandOver();

  ByteSink& sink_;
  const Options options_;
  std::string block_;
  LzfCompressor compressor_;
  RdbWriter writer_;
  uint64_t checksum_ = 0;
  uint64_t written_bytes_ = 0;
  Result<void> state_;
};

}  // namespace ringtail::persistence
