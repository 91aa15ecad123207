// Cuts an RDB file, or one that is arriving, into its records; values stay as they are.
//
//   RdbScanner scanner(string_bytes_max);
//   RdbRecord record;
//   for (;;) {
//     switch (scanner.Next(bytes, record)) {                    // bytes: what is not consumed yet
//       case RdbScanner::Step::kRecord: Use(record); break;
//       case RdbScanner::Step::kMore: get as many bytes again as there are, at least; continue;
//       case RdbScanner::Step::kEnd: return;
//       case RdbScanner::Step::kError: return Refuse(scanner.error());
//     }
//     bytes.remove_prefix(scanner.consumed_bytes());
//   }
//
// A value is skipped here by its lengths and read by ReadValue, perhaps on another thread. A record is
// looked at from its beginning each time, so whoever doubles what there is reads no byte more than
// twice on average. The bytes come from anybody: nothing is allocated for a length or a count.
// Source of the format: redis-server 2.8 to 7.2 and Valkey 8, what they write and load.
// Thread rule: a scanner belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "persistence/rdb_format.h"
#include "persistence/rdb_reader.h"

namespace ringtail::persistence {

/// A record; its views are good while the input and the record are left as they are.
class RdbRecord {
 public:
  enum class Kind : uint8_t {
    kHeader,      ///< number: the version of the file
    kAux,         ///< name, value
    kDatabase,    ///< number
    kSize,        ///< number: keys of the database
    kLibrary,     ///< value: the source
    kKey,         ///< name, type, value in RDB's form, expiry and use
    kOther,       ///< nothing for us: the slots of a cluster, what modules keep beside keys
  };

  Kind kind;
  std::string_view name;
  std::string_view value;
  uint64_t number;
  RdbType type;
  std::optional<int64_t> expire_ms;  ///< Unix time
  std::optional<uint64_t> idle_s;
  std::optional<uint8_t> frequency;

 private:
  friend class RdbScanner;
  RdbString name_room_;
  RdbString value_room_;
};

/// Reads over a value of a type whose byte was read already; the reader fails if it is none.
void SkipValue(RdbType type, RdbReader& reader);

class RdbScanner {
 public:
  enum class Step : uint8_t { kRecord, kMore, kEnd, kError };

  /// Strings may be `string_bytes_max` long. Without `checks_checksum` the one at the end is read over.
  explicit RdbScanner(size_t string_bytes_max, bool checks_checksum = true)
      : string_bytes_max_(string_bytes_max), checks_checksum_(checks_checksum) {}

  /// The next record of `bytes`, which begin where the last one's ended.
  Step Next(std::string_view bytes, RdbRecord& record);
  /// How many bytes the last record took (after kEnd: the end with its checksum).
  size_t consumed_bytes() const { return consumed_bytes_; }
  /// Where the next record begins, counted from the beginning of the file.
  uint64_t offset() const { return offset_; }
  /// What is wrong, with the offset of the record.
  const std::string& error() const { return error_; }

 private:
  Step ReadHeader(RdbReader& reader, RdbRecord& record);
  Step ReadRecord(RdbReader& reader, RdbRecord& record);
  Step ReadKey(uint8_t type, RdbReader& reader, RdbRecord& record);
  Step ReadEnd(RdbReader& reader);
  void SkipModuleAux(RdbReader& reader);
  Step Refuse(std::string_view why);

  const size_t string_bytes_max_;
  const bool checks_checksum_;
  uint16_t version_ = 0;  // 0: the header is still to come
  uint64_t offset_ = 0;
  uint64_t checksum_ = 0;
  size_t consumed_bytes_ = 0;
  std::string error_;
};

}  // namespace ringtail::persistence
