// Reads a file of data from one end to the other and says whether it is sound.
//
//   const auto report = CheckRdb(PosixEnv(), "dump.rdb");
//   if (!report.ok()) Print(report.error().message);      // "offset 1234: …"
//
// Values are read as a server would read them, so one that is loaded later gives no surprise; only the
// place in memory is missing. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/env.h"
#include "base/result.h"

namespace ringtail::persistence {

struct RdbReport {
  uint64_t version = 0;
  uint64_t byte_count = 0;
  std::map<std::string, std::string> aux;  ///< what the writer said about itself
  std::map<uint64_t, uint64_t> keys;       ///< by database
  uint64_t volatile_key_count = 0;
  uint64_t library_count = 0;
};

Result<RdbReport> CheckRdb(Env& env, const std::string& path);

}  // namespace ringtail::persistence
