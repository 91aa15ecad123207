// Function libraries in RDB's form: what FUNCTION DUMP answers and FUNCTION RESTORE takes.
//
//   std::string payload = DumpLibraries(sources);
//   if (IsIntactPayload(payload)) sources = RestoreLibraries(payload, string_bytes_max);
//
// A payload is, for each library, the opcode 245 (Redis 7.0) and its source as a string; then the RDB version and a CRC64
// as behind a dumped value. Thread rule: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringtail::persistence {

std::string DumpLibraries(std::span<const std::string_view> sources);
/// Of a payload that is intact (IsIntactPayload).
Result<std::vector<std::string>> RestoreLibraries(std::string_view payload,
                                                  size_t string_bytes_max);

}  // namespace ringtail::persistence
