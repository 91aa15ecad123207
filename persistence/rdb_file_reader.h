// Reads an RDB file, record by record.
//
//   TRY(auto file, env.OpenFile(path));
//   RdbFileReader reader(*file, {});
//   RdbRecord record;
//   for (;;) {
//     TRY(const bool has_record, reader.Next(record));
//     if (!has_record) break;
//     …
//   }
//
// Holds the record that is being read, and a block of the file behind it, in memory. Thread rule: a
// reader belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/env.h"
#include "base/result.h"
#include "persistence/rdb_scanner.h"

namespace ringtail::persistence {

class RdbFileReader {
 public:
  struct Options {
    size_t string_bytes_max = size_t{512} << 20;
    bool checks_checksum = true;
    size_t block_bytes = size_t{1} << 20;  ///< read at once, at least
  };

  RdbFileReader(ReadableFile& file, const Options& options)
      : file_(file),
        options_(options),
        scanner_(options.string_bytes_max, options.checks_checksum) {}

  /// False at the end of a sound file. An error says where and what; bytes behind the end are one.
  Result<bool> Next(RdbRecord& record);
  /// Where the last record begins.
  uint64_t record_offset() const { return record_offset_; }
  /// How much of the file has been read over.
  uint64_t offset() const { return scanner_.offset(); }

 private:
  Result<bool> ReadMore();
  Result<bool> End();

  ReadableFile& file_;
  const Options options_;
  RdbScanner scanner_;
  std::string buffer_;
  size_t begin_ = 0;  // of what is not consumed yet
  uint64_t record_offset_ = 0;
};

}  // namespace ringtail::persistence
