#include "persistence/check.h"

#include "persistence/rdb_file_reader.h"
#include "persistence/rdb_value.h"

namespace ringtail::persistence {
namespace {

// The longest part of a key's name that an error shows.
constexpr size_t kShownNameBytesMax = 64;

Result<void> CheckValue(const RdbRecord& record, uint64_t offset) {
  RdbReader reader(record.value, ValueLimits().string_bytes_max);
  auto entry = ReadValue(record.type, reader, record.name, {});
  const bool is_sound = entry.ok() && reader.is_end();
  if (entry.ok()) storage::Entry::Destroy(entry.value());
  if (is_sound) return {};
  return Error{"offset " + std::to_string(offset) + ": the value of key '" +
               std::string(record.name.substr(0, kShownNameBytesMax)) + "' (type " +
               std::to_string(static_cast<int>(record.type)) + ") is damaged"};
}

}  // namespace

Result<RdbReport> CheckRdb(Env& env, const std::string& path) {
  TRY(const auto file, env.OpenFile(path));
  RdbFileReader reader(*file, {});
  RdbReport report;
  uint64_t database = 0;
  RdbRecord record;
  for (;;) {
    TRY(const bool has_record, reader.Next(record));
    if (!has_record) break;
    switch (record.kind) {
      case RdbRecord::Kind::kHeader: report.version = record.number; break;
      case RdbRecord::Kind::kAux: report.aux[std::string(record.name)] = record.value; break;
      case RdbRecord::Kind::kDatabase: database = record.number; break;
      case RdbRecord::Kind::kLibrary: ++report.library_count; break;
      case RdbRecord::Kind::kKey:
        TRY_VOID(CheckValue(record, reader.record_offset()));
        ++report.keys[database];
        report.volatile_key_count += record.expire_ms.has_value();
        break;
      case RdbRecord::Kind::kSize:
      case RdbRecord::Kind::kOther: break;
    }
  }
  report.byte_count = reader.offset();
  return report;
}

}  // namespace ringtail::persistence
