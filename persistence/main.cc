// ringtail-check FILE…: says whether files of data are sound, and if not where they are broken.
//
// Exit code: 0 all are sound, 1 one is not, 2 wrong usage.
#include <cinttypes>
#include <cstdio>
#include <string_view>

#include "base/env.h"
#include "persistence/check.h"

namespace {

using ringtail::persistence::RdbReport;

void Print(const char* path, const RdbReport& report) {
  std::printf("%s: RDB version %" PRIu64 ", %" PRIu64 " bytes", path, report.version,
              report.byte_count);
  if (const auto writer = report.aux.find("redis-ver"); writer != report.aux.end()) {
    std::printf(", written by version %s", writer->second.c_str());
  }
  std::printf("\n");
  for (const auto& [database, count] : report.keys) {
    std::printf("%s: database %" PRIu64 ": %" PRIu64 " keys\n", path, database, count);
  }
  std::printf("%s: sound; %" PRIu64 " of the keys expire, %" PRIu64 " function libraries\n", path,
              report.volatile_key_count, report.library_count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) == "--help") {
    std::fprintf(argc < 2 ? stderr : stdout,
                 "Usage: ringtail-check FILE...\n"
                 "Reads RDB files to the end and says whether they are sound.\n");
    return argc < 2 ? 2 : 0;
  }
  bool are_sound = true;
  for (int i = 1; i < argc; ++i) {
    const auto report = ringtail::persistence::CheckRdb(ringtail::PosixEnv(), argv[i]);
    if (report.ok()) {
      Print(argv[i], report.value());
    } else {
      std::printf("%s: DAMAGED: %s\n", argv[i], report.error().message.c_str());
      are_sound = false;
    }
  }
  return are_sound ? 0 : 1;
}
