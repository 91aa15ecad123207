// Directives: up to which size collections stay packed.
#include "server/config/directives.h"

namespace ringtail::server {
namespace {

const Directive kDirectives[] = {
    {.name = "hash-max-listpack-entries",
     .alias = "hash-max-ziplist-entries",
     .kind = Integer{FIELD(encodings.hash_entries_max), 0, kLongMax},
     .default_text = "512",
     .summary = "Fields up to which a hash stays packed."},
    {.name = "hash-max-listpack-value",
     .alias = "hash-max-ziplist-value",
     .kind = Memory{FIELD(encodings.hash_value_bytes_max), 0, kLongMax},
     .default_text = "64",
     .summary = "Bytes of a field or value up to which a hash stays packed."},
    {.name = "list-max-listpack-size",
     .alias = "list-max-ziplist-size",
     .kind = Integer{FIELD(encodings.list_node_size), -kIntMax - 1, kIntMax},
     .default_text = "-2",
     .summary = "Elements in a node of a list; -1 to -5 are 4, 8, 16, 32 and 64 KiB."},
    {.name = "list-compress-depth",
     .kind = Integer{FIELD(encodings.list_compress_depth), 0, kIntMax},
     .default_text = "0",
     .effect = Effect::kNone,
     .summary = "Nodes at the ends of a list that are not compressed; Ringtail compresses none."},
    {.name = "set-max-intset-entries",
     .kind = Integer{FIELD(encodings.intset_entries_max), 0, kLongMax},
     .default_text = "512",
     .summary = "Members up to which a set of integers stays packed."},
    {.name = "set-max-listpack-entries",
     .kind = Integer{FIELD(encodings.set_entries_max), 0, kLongMax},
     .default_text = "128",
     .summary = "Members up to which another set stays packed."},
    {.name = "set-max-listpack-value",
     .kind = Memory{FIELD(encodings.set_value_bytes_max), 0, kLongMax},
     .default_text = "64",
     .summary = "Bytes of a member up to which a set stays packed."},
    {.name = "zset-max-listpack-entries",
     .alias = "zset-max-ziplist-entries",
     .kind = Integer{FIELD(encodings.zset_entries_max), 0, kLongMax},
     .default_text = "128",
     .summary = "Members up to which a sorted set stays packed."},
    {.name = "zset-max-listpack-value",
     .alias = "zset-max-ziplist-value",
     .kind = Memory{FIELD(encodings.zset_value_bytes_max), 0, kLongMax},
     .default_text = "64",
     .summary = "Bytes of a member up to which a sorted set stays packed."},
    {.name = "hll-sparse-max-bytes",
     .kind = Memory{FIELD(encodings.hll_sparse_bytes_max), 0, kLongMax},
     .default_text = "3000",
     .summary = "Bytes up to which a HyperLogLog stays sparse."},
    {.name = "stream-node-max-bytes",
     .kind = Memory{FIELD(encodings.stream_node_bytes_max), 0, kLongMax},
     .default_text = "4096",
     .summary = "Bytes in a node of a stream; 0 is no limit."},
    {.name = "stream-node-max-entries",
     .kind = Integer{FIELD(encodings.stream_node_entries_max), 0, kLongMax},
     .default_text = "100",
     .summary = "Entries in a node of a stream; 0 is no limit."},
};

}  // namespace

std::span<const Directive> EncodingDirectives() { return kDirectives; }

}  // namespace ringtail::server
