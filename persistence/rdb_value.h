// One key's value in RDB's form, and as the payload of DUMP and RESTORE.
//
//   const std::string payload = DumpPayload(*entry);
//   if (!IsIntactPayload(payload)) return Refuse();                       // version or checksum
//   Result<Entry*> entry = RestorePayload(payload, "name", limits);       // owned by the caller
//
// Reads what Redis 2.8 to 7.2 writes, writes what Redis 7.0 reads. A value that is read goes
// through storage's own editors, so it has the shape that its size asks for, whatever the input's
// was. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "persistence/rdb_reader.h"
#include "persistence/rdb_writer.h"
#include "storage/entry.h"
#include "storage/hash_value.h"
#include "storage/list_value.h"
#include "storage/set_value.h"
#include "storage/zset_value.h"

namespace ringtail::persistence {

/// What values that are read may be.
struct ValueLimits {
  storage::ListLimits list;
  storage::SetLimits set;
  storage::HashLimits hash;
  storage::SortedSetLimits sorted_set = {.packed_entries_max = 128, .packed_value_bytes_max = 64};
  size_t string_bytes_max = size_t{512} << 20;  ///< of any string, decompressed
};

/// How the value is written.
RdbType WrittenType(const storage::Entry& entry);
/// Writes the value without its type: in a file the key stands between them.
void WriteValue(const storage::Entry& entry, RdbWriter& writer);

/// Reads a value of a type whose byte was read already, as an entry of this name without an expiry.
Result<storage::Entry*> ReadValue(RdbType type, RdbReader& reader, std::string_view name,
                                  const ValueLimits& limits);

/// Value, RDB version and checksum.
std::string DumpPayload(const storage::Entry& entry);
/// Whether version and checksum are right.
bool IsIntactPayload(std::string_view payload);
/// The value of a payload that is intact; anything behind it is an error.
Result<storage::Entry*> RestorePayload(std::string_view payload, std::string_view name,
                                       const ValueLimits& limits);

}  // namespace ringtail::persistence
