// Directives: what is recorded about requests and keys.
#include "server/config/directives.h"
#include "server/config/special_directives.h"

namespace ringtail::server {
namespace {

const Directive kDirectives[] = {
    {.name = "slowlog-log-slower-than",
     .alias = "commandlog-execution-slower-than",
     .kind = Integer{FIELD(monitor.slow_execution_us), -1, kLongMax},
     .default_text = "10000",
     .summary = "Microseconds from which a command is logged as slow; -1 logs none."},
    {.name = "slowlog-max-len",
     .alias = "commandlog-slow-execution-max-len",
     .kind = Integer{FIELD(monitor.slow_execution_entries_max), 0, kLongMax},
     .default_text = "128",
     .summary = "Slow commands that are kept."},
    {.name = "commandlog-request-larger-than",
     .kind = Integer{FIELD(monitor.large_request_bytes), -1, kLongMax},
     .default_text = "1048576",
     .summary = "Bytes from which a request is logged as large; -1 logs none."},
    {.name = "commandlog-large-request-max-len",
     .kind = Integer{FIELD(monitor.large_request_entries_max), 0, kLongMax},
     .default_text = "128",
     .summary = "Large requests that are kept."},
    {.name = "commandlog-reply-larger-than",
     .kind = Integer{FIELD(monitor.large_reply_bytes), -1, kLongMax},
     .default_text = "1048576",
     .summary = "Bytes from which a reply is logged as large; -1 logs none."},
    {.name = "commandlog-large-reply-max-len",
     .kind = Integer{FIELD(monitor.large_reply_entries_max), 0, kLongMax},
     .default_text = "128",
     .summary = "Large replies that are kept."},
    {.name = "latency-monitor-threshold",
     .kind = Integer{FIELD(monitor.latency_threshold_ms), 0, kLongMax},
     .default_text = "0",
     .summary = "Milliseconds from which LATENCY records an event; 0 records none."},
    {.name = "latency-tracking",
     .kind = Bool{FIELD(monitor.is_latency_tracked)},
     .default_text = "yes",
     .summary = "Keeps a latency histogram for each command."},
    {.name = "latency-tracking-info-percentiles",
     .kind = special::LatencyPercentiles(),
     .default_text = "50 99 99.9",
     .summary = "Percentiles that INFO shows of those histograms."},
    {.name = "notify-keyspace-events",
     .kind = special::KeyspaceEvents(),
     .default_text = "",
     .summary = "Classes of keyspace events that are published."},
};

}  // namespace

std::span<const Directive> MonitorDirectives() { return kDirectives; }

}  // namespace ringtail::server
