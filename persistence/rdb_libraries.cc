#include "persistence/rdb_libraries.h"

#include "persistence/crc64.h"
#include "persistence/rdb_format.h"
#include "persistence/rdb_reader.h"
#include "persistence/rdb_writer.h"

namespace ringtail::persistence {

std::string DumpLibraries(std::span<const std::string_view> sources) {
  std::string payload;
  RdbWriter writer(payload);
  for (const std::string_view source : sources) {
    payload.push_back(static_cast<char>(RdbOpcode::kLibrary));
    writer.String(source);
  }
  writer.Little(kRdbVersion, 2);
  writer.Fixed64(Crc64(0, payload));
  return payload;
}

Result<std::vector<std::string>> RestoreLibraries(std::string_view payload,
                                                  size_t string_bytes_max) {
  RdbReader reader(payload.substr(0, payload.size() - kPayloadFooterBytes), string_bytes_max);
  std::vector<std::string> sources;
  while (!reader.is_end()) {
    const auto opcode = static_cast<RdbOpcode>(reader.Byte());
    if (opcode == RdbOpcode::kEarlyLibrary) return Error{"Pre-GA function format not supported"};
    if (opcode != RdbOpcode::kLibrary) return Error{"given type is not a function"};
    RdbString room;
    sources.emplace_back(reader.String(room));
    if (!reader.ok()) return Error{"Failed loading library data"};
  }
  return sources;
}

}  // namespace ringtail::persistence
