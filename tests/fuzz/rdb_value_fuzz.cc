// Any bytes as a value of RDB: an error, or a value that comes back the same from its own payload.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "persistence/rdb_value.h"

using ringtail::persistence::DumpPayload;
using ringtail::persistence::RdbReader;
using ringtail::persistence::RdbType;
using ringtail::persistence::ReadValue;
using ringtail::persistence::RestorePayload;
using ringtail::storage::Entry;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // Small strings, so that what decompresses to many does not keep the fuzzer busy.
  constexpr size_t kStringBytesMax = 1 << 20;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RdbReader reader(bytes.substr(1), kStringBytesMax);
  auto entry = ReadValue(static_cast<RdbType>(data[0]), reader, "key", {});
  if (!entry.ok()) return 0;
  const std::string payload = DumpPayload(*entry.value());
  auto again = RestorePayload(payload, "key", {});
  if (!again.ok() || DumpPayload(*again.value()).size() != payload.size()) std::abort();
  Entry::Destroy(entry.value());
  Entry::Destroy(again.value());
  return 0;
}
