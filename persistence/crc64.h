// The checksum of RDB files and DUMP payloads: CRC-64 with the Jones polynomial, reflected,
// starting at 0.
//
//   uint64_t checksum = Crc64(0, bytes);
//   checksum = Crc64(checksum, more);               // as if both were one
//
// Thread rule: pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringtail::persistence {

/// The checksum of what `crc` is the checksum of, followed by `bytes`. Eight bytes a step.
uint64_t Crc64(uint64_t crc, std::string_view bytes);

}  // namespace ringtail::persistence
