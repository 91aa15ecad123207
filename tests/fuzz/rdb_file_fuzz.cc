// Any bytes as an RDB file, whole and in two parts: the same records, or an error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "persistence/rdb_scanner.h"
#include "persistence/rdb_value.h"

using ringtail::persistence::RdbReader;
using ringtail::persistence::RdbRecord;
using ringtail::persistence::RdbScanner;
using ringtail::persistence::ReadValue;
using ringtail::storage::Entry;

namespace {

// Small strings, so that what decompresses to many does not keep the fuzzer busy.
constexpr size_t kStringBytesMax = 1 << 16;

struct Outcome {
  RdbScanner::Step step;
  uint64_t offset;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Scan(std::string_view bytes, size_t first_bytes, bool reads_values) {
  // The fuzzer cannot guess checksums.
  RdbScanner scanner(kStringBytesMax, /*checks_checksum=*/false);
  size_t begin = 0;
  size_t end = first_bytes;
  for (;;) {
    RdbRecord record;
    const auto step = scanner.Next(bytes.substr(begin, end - begin), record);
    if (step == RdbScanner::Step::kMore && end < bytes.size()) {
      end = bytes.size();
      continue;
    }
    if (step != RdbScanner::Step::kRecord) return {step, scanner.offset()};
    if (scanner.consumed_bytes() == 0) std::abort();
    begin += scanner.consumed_bytes();
    if (!reads_values || record.kind != RdbRecord::Kind::kKey) continue;
    RdbReader reader(record.value, kStringBytesMax);
    auto entry = ReadValue(record.type, reader, record.name, {});
    if (!entry.ok()) continue;
    // Who has read a value has read what was skipped.
    if (!reader.is_end()) std::abort();
    Entry::Destroy(entry.value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Scan(bytes, bytes.size(), /*reads_values=*/true);
  const Outcome in_parts = Scan(bytes, data[0] % (bytes.size() + 1), /*reads_values=*/false);
  if (whole != in_parts) std::abort();
  return 0;
}
