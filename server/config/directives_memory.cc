// Directives: memory, eviction and expiry.
#include "server/config/directives.h"

namespace ringtail::server {
namespace {

// In the order of MaxmemoryPolicy. Redis's eight come first, so its error text begins as it always
// did.
constexpr const char* kPolicies[] = {
    "volatile-lru", "volatile-lfu",   "volatile-random", "volatile-ttl",   "allkeys-lru",
    "allkeys-lfu",  "allkeys-random", "noeviction",      "allkeys-adaptive", "volatile-adaptive"};

const Directive kDirectives[] = {
    {.name = "maxmemory",
     .kind = Memory{FIELD(memory.maxmemory_bytes), 0, std::numeric_limits<uint64_t>::max()},
     .default_text = "0",
     .summary = "Memory for data above which the policy decides; 0 is no limit."},
    {.name = "maxmemory-policy",
     .kind = Word{kPolicies, WORD_FIELD(memory.policy)},
     .default_text = "noeviction",
     .summary = "What is evicted when memory is full; noeviction refuses writes instead."},
    {.name = "maxmemory-samples",
     .kind = Integer{FIELD(memory.sample_count), 1, kIntMax},
     .default_text = "5",
     .effect = Effect::kNone,
     .summary = "Entries looked at for one eviction."},
    {.name = "maxmemory-eviction-tenacity",
     .kind = Integer{FIELD(memory.eviction_tenacity), 0, 100},
     .default_text = "10",
     .effect = Effect::kNone,
     .summary = "How long one round of eviction may take, 0 least and 100 until done."},
    {.name = "lfu-log-factor",
     .kind = Integer{FIELD(memory.lfu_log_factor), 0, kIntMax},
     .default_text = "10",
     .summary = "How many accesses it takes to move an LFU counter up."},
    {.name = "lfu-decay-time",
     .kind = Integer{FIELD(memory.lfu_decay_minutes), 0, kIntMax},
     .default_text = "1",
     .summary = "Minutes after which an LFU counter goes down by one."},
    {.name = "active-expire-effort",
     .kind = Integer{FIELD(memory.active_expire_effort), 1, 10},
     .default_text = "1",
     .effect = Effect::kNone,
     .summary = "How much time goes into finding expired entries, 1 to 10."},
    {.name = "lazyfree-lazy-eviction",
     .kind = Bool{FIELD(memory.is_eviction_lazy)},
     .default_text = "no",
     .effect = Effect::kNone,
     .summary = "Frees evicted values in the background."},
    {.name = "lazyfree-lazy-expire",
     .kind = Bool{FIELD(memory.is_expire_lazy)},
     .default_text = "no",
     .effect = Effect::kNone,
     .summary = "Frees expired values in the background."},
    {.name = "lazyfree-lazy-server-del",
     .kind = Bool{FIELD(memory.is_server_del_lazy)},
     .default_text = "no",
     .effect = Effect::kNone,
     .summary = "Frees overwritten values in the background."},
    {.name = "lazyfree-lazy-user-del",
     .kind = Bool{FIELD(memory.is_user_del_lazy)},
     .default_text = "no",
     .effect = Effect::kNone,
     .summary = "Makes DEL behave as UNLINK."},
    {.name = "lazyfree-lazy-user-flush",
     .kind = Bool{FIELD(memory.is_user_flush_lazy)},
     .default_text = "no",
     .summary = "Makes FLUSHALL and FLUSHDB behave as with ASYNC."},
};

}  // namespace

std::span<const Directive> MemoryDirectives() { return kDirectives; }

}  // namespace ringtail::server
