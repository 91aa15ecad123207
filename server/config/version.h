// The version that --version, INFO and the configuration error report name.
//
// Thread rule: a constant.
#pragma once

namespace ringtail::server {
inline constexpr const char kRingtailVersion[] = "0.1.0";
}  // namespace ringtail::server
