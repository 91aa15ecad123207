// Values as portable bytes, and their way to another server: what DUMP, RESTORE and MIGRATE ask
// for.
//
//   ctx.reply().Bulk(services.serialization->Dump(*key.entry()));
//
// server/ implements both by way of persistence/, of which commands know nothing. Thread rule: any
// worker.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/entry.h"

namespace ringtail::commands {

class SerializationService {
 public:
  virtual ~SerializationService() = default;
  /// The value as Redis's DUMP writes it.
  virtual std::string Dump(const storage::Entry& entry) = 0;
  /// Whether a payload's version and checksum are right.
  virtual bool IsIntact(std::string_view payload) = 0;
  /// The value of an intact payload as an entry of this name, without an expiry; the caller owns
  /// it.
  virtual Result<storage::Entry*> Restore(std::string_view payload, std::string_view name) = 0;
  /// Sources of function libraries as Redis's FUNCTION DUMP writes them.
  virtual std::string DumpLibraries(std::span<const std::string_view> sources) = 0;
  /// The sources of an intact payload.
  virtual Result<std::vector<std::string>> RestoreLibraries(std::string_view payload) = 0;
};

/// Where keys are to go.
struct MigrateTarget {
  std::string host;
  std::string port;
  int64_t db = 0;
  int64_t timeout_ms = 0;           ///< for each step of the conversation
  std::string_view user = {};       ///< only if there is a password
  std::optional<std::string_view> password = {};
  bool has_user = false;
  bool replaces = false;
};

/// A key that is to go there.
struct MigratedKey {
  std::string_view name;
  int64_t ttl_ms = 0;               ///< 0: none
  std::string payload;
  bool is_there = false;            ///< set when the target has acknowledged it
};

class MigrateService {
 public:
  virtual ~MigrateService() = default;
  /// Hands keys over and waits for the answers. What went wrong as an error reply, or "" if
  /// nothing did. Blocks.
  virtual std::string Migrate(const MigrateTarget& target, std::span<MigratedKey> keys) = 0;
};

}  // namespace ringtail::commands
