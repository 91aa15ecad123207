// Reads the first line of scripts and function libraries: "#!lua flags=no-writes,allow-oom".
//
//   ScriptHeader header;
//   std::string error = ParseScriptHeader(source, header);      // empty: it is fine
//   if (error.empty()) Compile(source.substr(header.body_offset));
//
// The texts of errors are Redis 7.0's, with the code in front. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringtail::scripting {

/// What a script or a function says of itself; a set of bits.
enum ScriptFlags : uint32_t {
  kNoFlags = 0,
  kNoWrites = 1 << 0,            // no-writes
  kAllowOom = 1 << 1,            // allow-oom
  kAllowStale = 1 << 2,          // allow-stale
  kNoCluster = 1 << 3,           // no-cluster
  kAllowCrossSlotKeys = 1 << 4,  // allow-cross-slot-keys
  kDeclaredKeys = 1 << 5,        // declared-keys: Ringtail's own; touches only its KEYS
  /// An EVAL script without a first line of that kind: Redis's rules from before the flags.
  kCompatMode = 1 << 6,
};

/// The flag of that name; nothing if there is none.
std::optional<ScriptFlags> FlagByName(std::string_view name);
/// The name of one flag ("no-writes"), empty for kCompatMode and for no single flag.
std::string_view NameOfFlag(ScriptFlags flag);

struct ScriptHeader {
  uint32_t flags = kCompatMode;  // of ScriptFlags
  /// Where the code begins: at the line end of the first line, so that line numbers stay right; 0
  /// without a first line of that kind.
  size_t body_offset = 0;
};

/// Reads an EVAL script's header. Answers the error's whole text ("ERR Unexpected flag in script
/// shebang: x"), empty if it is fine.
std::string ParseScriptHeader(std::string_view source, ScriptHeader& header);

struct LibraryHeader {
  std::string engine;  // as written: "lua", "LUA"
  std::string name;
  size_t body_offset = 0;
};

/// Reads a function library's header, "#!lua name=mylib". Answers the error's whole text, empty if
/// it is fine.
std::string ParseLibraryHeader(std::string_view source, LibraryHeader& header);

}  // namespace ringtail::scripting
