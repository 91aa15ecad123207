// What this program calls itself, and which Redis a client may take it for.
//
//   reply.Field("redis_version", kCompatibleRedisVersion);
//
// Thread rule: constants.
#pragma once

#include <string_view>

namespace ringtail {

/// This program's own version; the same number as in CMakeLists.txt.
inline constexpr std::string_view kVersion = "0.1.0";

/// What INFO and HELLO answer as redis_version: clients choose features by it.
inline constexpr std::string_view kCompatibleRedisVersion = "7.2.0";

}  // namespace ringtail
