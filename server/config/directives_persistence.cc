// Directives: snapshots and the append-only file.
#include "server/config/directives.h"
#include "server/config/special_directives.h"

namespace ringtail::server {
namespace {

constexpr const char* kPayloadChecks[] = {"no", "yes", "clients"};
constexpr const char* kFsync[] = {"everysec", "always", "no"};

bool IsPath(std::string_view name) { return name.find('/') != std::string_view::npos; }

const char* CheckDbName(std::string_view name) {
  return IsPath(name) ? "dbfilename can't be a path, just a filename" : nullptr;
}

const char* CheckAofName(std::string_view name) {
  if (name.empty()) return "appendfilename can't be empty";
  return IsPath(name) ? "appendfilename can't be a path, just a filename" : nullptr;
}

const char* CheckAofDir(std::string_view name) {
  if (name.empty()) return "appenddirname can't be empty";
  return IsPath(name) ? "appenddirname can't be a path, just a dirname" : nullptr;
}

const Directive kDirectives[] = {
    {.name = "save",
     .kind = special::Save(),
     .default_text = "3600 1 300 100 60 10000",
     .effect = Effect::kLater,
     .summary = "Seconds and changes after which a snapshot is saved; \"\" is never."},
    {.name = "dbfilename",
     .kind = Text{FIELD(persistence.rdb_name), CheckDbName},
     .default_text = "dump.rdb",
     .mutability = Mutability::kProtected,
     .effect = Effect::kLater,
     .summary = "Name of the snapshot file."},
    {.name = "rdbcompression",
     .kind = Bool{FIELD(persistence.is_rdb_compressed)},
     .default_text = "yes",
     .effect = Effect::kLater,
     .summary = "Compresses long strings in snapshots."},
    {.name = "rdbchecksum",
     .kind = Bool{FIELD(persistence.is_rdb_checksummed)},
     .default_text = "yes",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kLater,
     .summary = "Ends snapshots with a checksum and checks it."},
    {.name = "stop-writes-on-bgsave-error",
     .kind = Bool{FIELD(persistence.is_write_refused_after_failed_save)},
     .default_text = "yes",
     .effect = Effect::kLater,
     .summary = "Refuses writes while the last snapshot has failed."},
    {.name = "sanitize-dump-payload",
     .kind = Word{kPayloadChecks, WORD_FIELD(persistence.dump_payload_check)},
     .default_text = "no",
     .effect = Effect::kNone,
     .summary = "Whose payloads are checked deeply; Ringtail always checks all."},
    {.name = "appendonly",
     .kind = Bool{FIELD(persistence.is_aof_enabled)},
     .default_text = "no",
     .effect = Effect::kLater,
     .summary = "Writes every change to the append-only file."},
    {.name = "appendfilename",
     .kind = Text{FIELD(persistence.aof_name), CheckAofName},
     .default_text = "appendonly.aof",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kLater,
     .summary = "Beginning of the names of the append-only files."},
    {.name = "appenddirname",
     .kind = Text{FIELD(persistence.aof_dir), CheckAofDir},
     .default_text = "appendonlydir",
     .mutability = Mutability::kAtStart,
     .effect = Effect::kLater,
     .summary = "Directory of the append-only files."},
    {.name = "appendfsync",
     .kind = Word{kFsync, WORD_FIELD(persistence.aof_fsync)},
     .default_text = "everysec",
     .effect = Effect::kLater,
     .summary = "When appended changes are forced to disk."},
    {.name = "no-appendfsync-on-rewrite",
     .kind = Bool{FIELD(persistence.is_fsync_skipped_on_rewrite)},
     .default_text = "no",
     .effect = Effect::kLater,
     .summary = "Leaves out fsync while a snapshot or a rewrite is being written."},
    {.name = "auto-aof-rewrite-percentage",
     .kind = Integer{FIELD(persistence.aof_rewrite_percentage), 0, kIntMax},
     .default_text = "100",
     .effect = Effect::kLater,
     .summary = "Growth in percent from which the append-only file is rewritten; 0 is never."},
    {.name = "auto-aof-rewrite-min-size",
     .kind = Memory{FIELD(persistence.aof_rewrite_bytes_min), 0, kLongMax},
     .default_text = "67108864",
     .effect = Effect::kLater,
     .summary = "Size from which the append-only file is rewritten."},
    {.name = "aof-load-truncated",
     .kind = Bool{FIELD(persistence.is_aof_truncation_forgiven)},
     .default_text = "yes",
     .effect = Effect::kLater,
     .summary = "Starts although the append-only file ends in the middle of a command."},
    {.name = "aof-use-rdb-preamble",
     .kind = Bool{FIELD(persistence.is_aof_preamble_rdb)},
     .default_text = "yes",
     .effect = Effect::kLater,
     .summary = "Begins a rewritten append-only file with a snapshot."},
    {.name = "aof-timestamp-enabled",
     .kind = Bool{FIELD(persistence.is_aof_timestamped)},
     .default_text = "no",
     .effect = Effect::kLater,
     .summary = "Notes the time in the append-only file."},
};

}  // namespace

std::span<const Directive> PersistenceDirectives() { return kDirectives; }

}  // namespace ringtail::server
