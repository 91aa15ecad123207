// Writes one command as a RESP array of bulks: for the commit log, replicas and links to other
// servers.
//
//   AppendRequest(log, {"SET", key, value});
//
// The inverse of RequestParser: what is written here parses to the same arguments. Pure functions.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "proto/output_buffer.h"

namespace ringtail::proto {

/// The exact bytes of the request.
size_t RequestBytes(std::span<const std::string_view> args);
/// Writes the request at `out`, which must have room for RequestBytes(args); returns the end.
char* WriteRequest(char* out, std::span<const std::string_view> args);

void AppendRequest(std::string& out, std::span<const std::string_view> args);
void AppendRequest(OutputBuffer& out, std::span<const std::string_view> args);

inline void AppendRequest(std::string& out, std::initializer_list<std::string_view> args) {
  AppendRequest(out, std::span<const std::string_view>(args.begin(), args.size()));
}
inline void AppendRequest(OutputBuffer& out, std::initializer_list<std::string_view> args) {
  AppendRequest(out, std::span<const std::string_view>(args.begin(), args.size()));
}

}  // namespace ringtail::proto
