#include "server/config/directives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <string>

#include "server/config/config_words.h"

namespace ringtail::server {
namespace {

struct RedisDirective {
  const char* name;
  const char* default_text;
  Mutability mutability;
};

// What redis-server 7.0.15 without a file answers to CONFIG GET *, and to CONFIG SET of each.
constexpr RedisDirective kRedisDirectives[] = {
    {"acl-pubsub-default", "resetchannels", Mutability::kAnytime},
    {"aclfile", "", Mutability::kAtStart},
    {"acllog-max-len", "128", Mutability::kAnytime},
    {"active-defrag-cycle-max", "25", Mutability::kAnytime},
    {"active-defrag-cycle-min", "1", Mutability::kAnytime},
    {"active-defrag-ignore-bytes", "104857600", Mutability::kAnytime},
    {"active-defrag-max-scan-fields", "1000", Mutability::kAnytime},
    {"active-defrag-threshold-lower", "10", Mutability::kAnytime},
    {"active-defrag-threshold-upper", "100", Mutability::kAnytime},
    {"active-expire-effort", "1", Mutability::kAnytime},
    {"activedefrag", "no", Mutability::kAnytime},
    {"activerehashing", "yes", Mutability::kAnytime},
    {"always-show-logo", "no", Mutability::kAtStart},
    {"aof-disable-auto-gc", "no", Mutability::kAnytime},
    {"aof-load-truncated", "yes", Mutability::kAnytime},
    {"aof-rewrite-incremental-fsync", "yes", Mutability::kAnytime},
    {"aof-timestamp-enabled", "no", Mutability::kAnytime},
    {"aof-use-rdb-preamble", "yes", Mutability::kAnytime},
    {"aof_rewrite_cpulist", "", Mutability::kAtStart},
    {"appenddirname", "appendonlydir", Mutability::kAtStart},
    {"appendfilename", "appendonly.aof", Mutability::kAtStart},
    {"appendfsync", "everysec", Mutability::kAnytime},
    {"appendonly", "no", Mutability::kAnytime},
    {"auto-aof-rewrite-min-size", "67108864", Mutability::kAnytime},
    {"auto-aof-rewrite-percentage", "100", Mutability::kAnytime},
    {"bgsave_cpulist", "", Mutability::kAtStart},
    {"bind", "* -::*", Mutability::kAnytime},
    {"bind-source-addr", "", Mutability::kAnytime},
    {"bio_cpulist", "", Mutability::kAtStart},
    {"busy-reply-threshold", "5000", Mutability::kAnytime},
    {"client-output-buffer-limit",
     "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", Mutability::kAnytime},
    {"client-query-buffer-limit", "1073741824", Mutability::kAnytime},
    {"cluster-allow-pubsubshard-when-down", "yes", Mutability::kAnytime},
    {"cluster-allow-reads-when-down", "no", Mutability::kAnytime},
    {"cluster-allow-replica-migration", "yes", Mutability::kAnytime},
    {"cluster-announce-bus-port", "0", Mutability::kAnytime},
    {"cluster-announce-hostname", "", Mutability::kAnytime},
    {"cluster-announce-ip", "", Mutability::kAnytime},
    {"cluster-announce-port", "0", Mutability::kAnytime},
    {"cluster-announce-tls-port", "0", Mutability::kAnytime},
    {"cluster-config-file", "nodes.conf", Mutability::kAtStart},
    {"cluster-enabled", "no", Mutability::kAtStart},
    {"cluster-link-sendbuf-limit", "0", Mutability::kAnytime},
    {"cluster-migration-barrier", "1", Mutability::kAnytime},
    {"cluster-node-timeout", "15000", Mutability::kAnytime},
    {"cluster-port", "0", Mutability::kAtStart},
    {"cluster-preferred-endpoint-type", "ip", Mutability::kAnytime},
    {"cluster-replica-no-failover", "no", Mutability::kAnytime},
    {"cluster-replica-validity-factor", "10", Mutability::kAnytime},
    {"cluster-require-full-coverage", "yes", Mutability::kAnytime},
    {"cluster-slave-no-failover", "no", Mutability::kAnytime},
    {"cluster-slave-validity-factor", "10", Mutability::kAnytime},
    {"crash-log-enabled", "yes", Mutability::kAnytime},
    {"crash-memcheck-enabled", "yes", Mutability::kAnytime},
    {"daemonize", "no", Mutability::kAtStart},
    {"databases", "16", Mutability::kAtStart},
    {"dbfilename", "dump.rdb", Mutability::kProtected},
    {"disable-thp", "yes", Mutability::kAtStart},
    {"dynamic-hz", "yes", Mutability::kAnytime},
    {"enable-debug-command", "no", Mutability::kAtStart},
    {"enable-module-command", "no", Mutability::kAtStart},
    {"enable-protected-configs", "no", Mutability::kAtStart},
    {"hash-max-listpack-entries", "512", Mutability::kAnytime},
    {"hash-max-listpack-value", "64", Mutability::kAnytime},
    {"hash-max-ziplist-entries", "512", Mutability::kAnytime},
    {"hash-max-ziplist-value", "64", Mutability::kAnytime},
    {"hll-sparse-max-bytes", "3000", Mutability::kAnytime},
    {"hz", "10", Mutability::kAnytime},
    {"ignore-warnings", "", Mutability::kAnytime},
    {"io-threads", "1", Mutability::kAtStart},
    {"io-threads-do-reads", "no", Mutability::kAtStart},
    {"jemalloc-bg-thread", "yes", Mutability::kAnytime},
    {"latency-monitor-threshold", "0", Mutability::kAnytime},
    {"latency-tracking", "yes", Mutability::kAnytime},
    {"latency-tracking-info-percentiles", "50 99 99.9", Mutability::kAnytime},
    {"lazyfree-lazy-eviction", "no", Mutability::kAnytime},
    {"lazyfree-lazy-expire", "no", Mutability::kAnytime},
    {"lazyfree-lazy-server-del", "no", Mutability::kAnytime},
    {"lazyfree-lazy-user-del", "no", Mutability::kAnytime},
    {"lazyfree-lazy-user-flush", "no", Mutability::kAnytime},
    {"lfu-decay-time", "1", Mutability::kAnytime},
    {"lfu-log-factor", "10", Mutability::kAnytime},
    {"list-compress-depth", "0", Mutability::kAnytime},
    {"list-max-listpack-size", "-2", Mutability::kAnytime},
    {"list-max-ziplist-size", "-2", Mutability::kAnytime},
    {"logfile", "", Mutability::kAtStart},
    {"loglevel", "notice", Mutability::kAnytime},
    {"lua-time-limit", "5000", Mutability::kAnytime},
    {"masterauth", "", Mutability::kAnytime},
    {"masteruser", "", Mutability::kAnytime},
    {"maxclients", "10000", Mutability::kAnytime},
    {"maxmemory", "0", Mutability::kAnytime},
    {"maxmemory-clients", "0", Mutability::kAnytime},
    {"maxmemory-eviction-tenacity", "10", Mutability::kAnytime},
    {"maxmemory-policy", "noeviction", Mutability::kAnytime},
    {"maxmemory-samples", "5", Mutability::kAnytime},
    {"min-replicas-max-lag", "10", Mutability::kAnytime},
    {"min-replicas-to-write", "0", Mutability::kAnytime},
    {"min-slaves-max-lag", "10", Mutability::kAnytime},
    {"min-slaves-to-write", "0", Mutability::kAnytime},
    {"no-appendfsync-on-rewrite", "no", Mutability::kAnytime},
    {"notify-keyspace-events", "", Mutability::kAnytime},
    {"oom-score-adj", "no", Mutability::kAnytime},
    {"oom-score-adj-values", "0 200 800", Mutability::kAnytime},
    {"pidfile", "", Mutability::kAtStart},
    {"port", "6379", Mutability::kAnytime},
    {"proc-title-template", "{title} {listen-addr} {server-mode}", Mutability::kAnytime},
    {"propagation-error-behavior", "ignore", Mutability::kAnytime},
    {"protected-mode", "yes", Mutability::kAnytime},
    {"proto-max-bulk-len", "536870912", Mutability::kAnytime},
    {"rdb-del-sync-files", "no", Mutability::kAnytime},
    {"rdb-save-incremental-fsync", "yes", Mutability::kAnytime},
    {"rdbchecksum", "yes", Mutability::kAtStart},
    {"rdbcompression", "yes", Mutability::kAnytime},
    {"repl-backlog-size", "1048576", Mutability::kAnytime},
    {"repl-backlog-ttl", "3600", Mutability::kAnytime},
    {"repl-disable-tcp-nodelay", "no", Mutability::kAnytime},
    {"repl-diskless-load", "disabled", Mutability::kAnytime},
    {"repl-diskless-sync", "yes", Mutability::kAnytime},
    {"repl-diskless-sync-delay", "5", Mutability::kAnytime},
    {"repl-diskless-sync-max-replicas", "0", Mutability::kAnytime},
    {"repl-ping-replica-period", "10", Mutability::kAnytime},
    {"repl-ping-slave-period", "10", Mutability::kAnytime},
    {"repl-timeout", "60", Mutability::kAnytime},
    {"replica-announce-ip", "", Mutability::kAnytime},
    {"replica-announce-port", "0", Mutability::kAnytime},
    {"replica-announced", "yes", Mutability::kAnytime},
    {"replica-ignore-disk-write-errors", "no", Mutability::kAnytime},
    {"replica-ignore-maxmemory", "yes", Mutability::kAnytime},
    {"replica-lazy-flush", "no", Mutability::kAnytime},
    {"replica-priority", "100", Mutability::kAnytime},
    {"replica-read-only", "yes", Mutability::kAnytime},
    {"replica-serve-stale-data", "yes", Mutability::kAnytime},
    {"replicaof", "", Mutability::kAtStart},
    {"requirepass", "", Mutability::kAnytime},
    {"sanitize-dump-payload", "no", Mutability::kAnytime},
    {"save", "3600 1 300 100 60 10000", Mutability::kAnytime},
    {"server_cpulist", "", Mutability::kAtStart},
    {"set-max-intset-entries", "512", Mutability::kAnytime},
    {"set-proc-title", "yes", Mutability::kAtStart},
    {"shutdown-on-sigint", "default", Mutability::kAnytime},
    {"shutdown-on-sigterm", "default", Mutability::kAnytime},
    {"shutdown-timeout", "10", Mutability::kAnytime},
    {"slave-announce-ip", "", Mutability::kAnytime},
    {"slave-announce-port", "0", Mutability::kAnytime},
    {"slave-ignore-maxmemory", "yes", Mutability::kAnytime},
    {"slave-lazy-flush", "no", Mutability::kAnytime},
    {"slave-priority", "100", Mutability::kAnytime},
    {"slave-read-only", "yes", Mutability::kAnytime},
    {"slave-serve-stale-data", "yes", Mutability::kAnytime},
    {"slaveof", "", Mutability::kAtStart},
    {"slowlog-log-slower-than", "10000", Mutability::kAnytime},
    {"slowlog-max-len", "128", Mutability::kAnytime},
    {"socket-mark-id", "0", Mutability::kAtStart},
    {"stop-writes-on-bgsave-error", "yes", Mutability::kAnytime},
    {"stream-node-max-bytes", "4096", Mutability::kAnytime},
    {"stream-node-max-entries", "100", Mutability::kAnytime},
    {"supervised", "no", Mutability::kAtStart},
    {"syslog-enabled", "no", Mutability::kAtStart},
    {"syslog-facility", "local0", Mutability::kAtStart},
    {"syslog-ident", "redis", Mutability::kAtStart},
    {"tcp-backlog", "511", Mutability::kAtStart},
    {"tcp-keepalive", "300", Mutability::kAnytime},
    {"timeout", "0", Mutability::kAnytime},
    {"tls-auth-clients", "yes", Mutability::kAnytime},
    {"tls-ca-cert-dir", "", Mutability::kAnytime},
    {"tls-ca-cert-file", "", Mutability::kAnytime},
    {"tls-cert-file", "", Mutability::kAnytime},
    {"tls-ciphers", "", Mutability::kAnytime},
    {"tls-ciphersuites", "", Mutability::kAnytime},
    {"tls-client-cert-file", "", Mutability::kAnytime},
    {"tls-client-key-file", "", Mutability::kAnytime},
    {"tls-client-key-file-pass", "", Mutability::kAnytime},
    {"tls-cluster", "no", Mutability::kAnytime},
    {"tls-dh-params-file", "", Mutability::kAnytime},
    {"tls-key-file", "", Mutability::kAnytime},
    {"tls-key-file-pass", "", Mutability::kAnytime},
    {"tls-port", "0", Mutability::kAnytime},
    {"tls-prefer-server-ciphers", "no", Mutability::kAnytime},
    {"tls-protocols", "", Mutability::kAnytime},
    {"tls-replication", "no", Mutability::kAnytime},
    {"tls-session-cache-size", "20480", Mutability::kAnytime},
    {"tls-session-cache-timeout", "300", Mutability::kAnytime},
    {"tls-session-caching", "yes", Mutability::kAnytime},
    {"tracking-table-max-keys", "1000000", Mutability::kAnytime},
    {"unixsocket", "", Mutability::kAtStart},
    {"unixsocketperm", "0", Mutability::kAtStart},
    {"zset-max-listpack-entries", "128", Mutability::kAnytime},
    {"zset-max-listpack-value", "64", Mutability::kAnytime},
    {"zset-max-ziplist-entries", "128", Mutability::kAnytime},
    {"zset-max-ziplist-value", "64", Mutability::kAnytime},
};

const Directive& Find(const std::string& name) {
  const FoundDirective found = FindDirective(name);
  EXPECT_NE(found.directive, nullptr) << name;
  return *found.directive;
}

// The error of setting a directive in a fresh Config as CONFIG SET does, or "" and the value shown.
std::string ErrorOf(const std::string& name, const std::string& value) {
  Config config;
  const auto set = SetDirective(Find(name), {&value, 1}, Origin::kCommand, config);
  return set.ok() ? "" : set.error().message;
}

std::string ShownAfter(const std::string& name, const std::string& value) {
  Config config;
  const auto set = SetDirective(Find(name), {&value, 1}, Origin::kCommand, config);
  return set.ok() ? PrintDirective(Find(name), config) : "error: " + set.error().message;
}

std::vector<const Directive*> AllDirectives() {
  std::vector<const Directive*> all;
  for (const DirectiveGroup& group : DirectiveGroups()) {
    for (const Directive& directive : group.directives) all.push_back(&directive);
  }
  return all;
}

TEST(ConfigDirectives, HaveRedisDefaultsAndMutability) {
  const Config config;
  for (const RedisDirective& redis : kRedisDirectives) {
    const FoundDirective found = FindDirective(redis.name);
    ASSERT_NE(found.directive, nullptr) << redis.name;
    EXPECT_STREQ(found.name, redis.name);
    EXPECT_EQ(PrintDirective(*found.directive, config), redis.default_text) << redis.name;
    EXPECT_EQ(found.directive->mutability, redis.mutability) << redis.name;
  }
}

TEST(ConfigDirectives, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const Directive* directive : AllDirectives()) {
    EXPECT_TRUE(names.insert(directive->name).second) << directive->name;
    if (directive->alias != nullptr) {
      EXPECT_TRUE(names.insert(directive->alias).second) << directive->alias;
    }
    const std::string name = directive->name;
    EXPECT_TRUE(std::none_of(name.begin(), name.end(), [](char c) { return std::isupper(c); }));
    EXPECT_EQ(std::string(directive->summary).back(), '.') << name;
  }
}

TEST(ConfigDirectives, DefaultsAreAcceptedAndShownAsWritten) {
  for (const Directive* directive : AllDirectives()) {
    const std::string value = directive->default_text;
    if (value.empty()) continue;
    EXPECT_EQ(ShownAfter(directive->name, value), value) << directive->name;
  }
}

// A value that differs from the default, for every directive.
std::string OtherValue(const Directive& directive) {
  const std::string name = directive.name;
  const std::string shown = PrintDirective(directive, Config());
  if (name == "dir") return "/";
  if (name == "replicaof") return "10.0.0.1 7000";
  if (name == "notify-keyspace-events") return "lKE";
  if (name == "save") return "60 5";
  if (name == "oom-score-adj-values") return "-1 2 3";
  if (name == "latency-tracking-info-percentiles") return "10 99.99";
  if (name == "client-output-buffer-limit") {
    return "normal 1 2 3 slave 268435456 67108864 60 pubsub 0 0 0";
  }
  if (name == "proc-title-template") return "{title} {port}  x";
  if (name == "maxmemory-clients") return "5%";
  if (name == "unixsocketperm") return "755";
  if (const auto* word = std::get_if<Word>(&directive.kind)) {
    return word->words[0] == shown ? word->words[1] : word->words[0];
  }
  if (std::holds_alternative<WordSet>(directive.kind)) return "save now";
  if (std::holds_alternative<Bool>(directive.kind)) return shown == "yes" ? "no" : "yes";
  if (const auto* integer = std::get_if<Integer>(&directive.kind)) {
    const int64_t value = std::stoll(shown);
    return std::to_string(value < integer->max ? value + 1 : value - 1);
  }
  if (std::holds_alternative<Memory>(directive.kind))
    return std::to_string(std::stoull(shown) + 1024);
  if (std::holds_alternative<TextList>(directive.kind)) return "127.0.0.1 ::1";
  return "x.y";
}

TEST(ConfigDirectives, ShowWhatWasSetAndReadTheLinesTheyWrite) {
  for (const Directive* directive : AllDirectives()) {
    SCOPED_TRACE(directive->name);
    const std::string value = OtherValue(*directive);
    Config config;
    ASSERT_TRUE(SetDirective(*directive, {&value, 1}, Origin::kCommand, config).ok());
    EXPECT_EQ(PrintDirective(*directive, config), value);

    Config read;
    for (const std::string& line : DirectiveLines(*directive, config)) {
      auto words = SplitLine(line);
      ASSERT_TRUE(words.has_value()) << line;
      EXPECT_EQ(words->front(), directive->name);
      words->erase(words->begin());
      const auto set = SetDirective(*directive, *words, Origin::kFile, read);
      ASSERT_TRUE(set.ok()) << line << ": " << set.error().message;
    }
    EXPECT_EQ(PrintDirective(*directive, read), value);
  }
}

TEST(ConfigDirectives, TextsSurviveAnyBytes) {
  const std::string value = "a \"b\" 'c' \\ \n\t\x01\xff#";
  Config config;
  const Directive& directive = Find("requirepass");
  ASSERT_TRUE(SetDirective(directive, {&value, 1}, Origin::kCommand, config).ok());
  const auto words = SplitLine(DirectiveLines(directive, config).at(0));
  ASSERT_TRUE(words.has_value());
  EXPECT_EQ(words->at(1), value);
}

// Each of these texts was read off redis-server 7.0.15.
TEST(ConfigDirectives, RefuseWrongValuesInRedisWords) {
  const std::string integer = "argument couldn't be parsed into an integer";
  for (const char* wrong :
       {"", "abc", "1.5", "99999999999999999999", "1kb", "+5", " 5", "05", "5x"}) {
    EXPECT_EQ(ErrorOf("timeout", wrong), integer) << wrong;
  }
  EXPECT_EQ(ErrorOf("timeout", "-1"), "argument must be between 0 and 2147483647 inclusive");
  EXPECT_EQ(ErrorOf("slowlog-log-slower-than", "-2"),
            "argument must be between -1 and 9223372036854775807 inclusive");
  EXPECT_EQ(ErrorOf("list-max-ziplist-size", "-99999999999"),
            "argument must be between -2147483648 and 2147483647 inclusive");
  EXPECT_EQ(ErrorOf("maxmemory", "-1"), "argument must be a memory value");
  EXPECT_EQ(ErrorOf("maxmemory", "1tb"), "argument must be a memory value");
  EXPECT_EQ(ErrorOf("proto-max-bulk-len", "10"),
            "argument must be between 1048576 and 9223372036854775807 inclusive");
  EXPECT_EQ(ErrorOf("appendonly", "1"), "argument must be 'yes' or 'no'");
  EXPECT_EQ(ErrorOf("loglevel", "x"),
            "argument(s) must be one of the following: debug, verbose, notice, warning");
  EXPECT_EQ(
      ErrorOf("maxmemory-policy", "x"),
      "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, "
      "volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction, "
      "allkeys-adaptive, volatile-adaptive");
  EXPECT_EQ(ErrorOf("unixsocketperm", "888"), "argument couldn't be parsed as an octal number");
  EXPECT_EQ(ErrorOf("unixsocketperm", "1777"), "argument must be between 0 and 777 inclusive");
  EXPECT_EQ(ErrorOf("maxmemory-clients", "101%"),
            "percentage argument must be less or equal to 100");
  EXPECT_EQ(ErrorOf("maxmemory-clients", "-1"), "argument must be a memory or percent value");
  EXPECT_EQ(ErrorOf("dbfilename", "a/b"), "dbfilename can't be a path, just a filename");
  EXPECT_EQ(ErrorOf("appenddirname", ""), "appenddirname can't be empty");
  EXPECT_EQ(ErrorOf("dir", "/nonexistent-directory"), "No such file or directory");
  EXPECT_EQ(ErrorOf("dir", "/dev/null"), "Not a directory");
}

TEST(ConfigDirectives, RefuseWrongSpecialValuesInRedisWords) {
  for (const char* wrong : {"10", "abc", "0 1", "a b", "3600 1  300 100", "-1 5"}) {
    EXPECT_EQ(ErrorOf("save", wrong), "Invalid save parameters") << wrong;
  }
  EXPECT_EQ(ErrorOf("client-output-buffer-limit", "normal 0 0"),
            "Wrong number of arguments in buffer limit configuration.");
  EXPECT_EQ(ErrorOf("client-output-buffer-limit", "master 1 2 3"),
            "Invalid client class specified in buffer limit configuration.");
  EXPECT_EQ(ErrorOf("client-output-buffer-limit", "NORMAL 1 2 -3"),
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  EXPECT_EQ(ErrorOf("oom-score-adj-values", "1 2"), "wrong number of arguments");
  EXPECT_EQ(ErrorOf("oom-score-adj-values", "2001 1 1"),
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  EXPECT_EQ(ErrorOf("latency-tracking-info-percentiles", "abc"),
            "Invalid latency-tracking-info-percentiles parameters");
  EXPECT_EQ(ErrorOf("latency-tracking-info-percentiles", "-1"),
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  EXPECT_EQ(ErrorOf("notify-keyspace-events", "q"),
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  EXPECT_EQ(ErrorOf("shutdown-on-sigterm", "save nosave"),
            "shutdown options SAVE and NOSAVE can't be used simultaneously");
  EXPECT_EQ(ErrorOf("proc-title-template", "{x}"),
            "template format is invalid or contains unknown variables");
  EXPECT_EQ(ErrorOf("replicaof", "a b"), "Invalid master port");
  EXPECT_EQ(ErrorOf("cluster-announce-hostname", "a_b"),
            "Hostnames may only contain alphanumeric characters, hyphens or dots");
  std::string addresses = "a";
  for (int i = 0; i < 16; ++i) addresses += " a";
  EXPECT_EQ(ErrorOf("bind", addresses), "Too many bind addresses specified.");
}

TEST(ConfigDirectives, ShowValuesInRedisSpelling) {
  EXPECT_EQ(ShownAfter("maxmemory", "2gb"), "2147483648");
  EXPECT_EQ(ShownAfter("maxmemory", "1k"), "1000");
  EXPECT_EQ(ShownAfter("loglevel", "NOTICE"), "notice");
  EXPECT_EQ(ShownAfter("appendonly", "YES"), "yes");
  EXPECT_EQ(ShownAfter("hz", "1000"), "500");
  EXPECT_EQ(ShownAfter("hz", "0"), "1");
  EXPECT_EQ(ShownAfter("notify-keyspace-events", "Ex"), "xE");
  EXPECT_EQ(ShownAfter("notify-keyspace-events", "mK$"), "$Km");
  EXPECT_EQ(ShownAfter("notify-keyspace-events", "g$lshzxetdKEm"), "AKEm");
  EXPECT_EQ(ShownAfter("shutdown-on-sigterm", "SAVE force"), "save force");
  EXPECT_EQ(ShownAfter("shutdown-on-sigterm", "default"), "default");
  EXPECT_EQ(ShownAfter("latency-tracking-info-percentiles", "50 50.5 99.999 0 100.0"),
            "50 50.5 99.999 0 100");
  EXPECT_EQ(ShownAfter("latency-tracking-info-percentiles", ""), "");
  EXPECT_EQ(ShownAfter("save", ""), "");
  EXPECT_EQ(ShownAfter("save", "3600 1 3600 5"), "3600 1 3600 5");
  EXPECT_EQ(ShownAfter("client-output-buffer-limit", "replica 100 1k 5"),
            "normal 0 0 0 slave 100 1000 5 pubsub 33554432 8388608 60");
  EXPECT_EQ(ShownAfter("bind", ""), "");
}

TEST(ConfigDirectives, FillTheFieldsThatTheRestReads) {
  Config config;
  const std::string policy = "allkeys-adaptive";
  ASSERT_TRUE(SetDirective(Find("maxmemory-policy"), {&policy, 1}, Origin::kFile, config).ok());
  EXPECT_EQ(config.memory.policy, MaxmemoryPolicy::kAllkeysAdaptive);
  EXPECT_EQ(Config().memory.policy, MaxmemoryPolicy::kNoEviction);
  EXPECT_EQ(Config().network.port, 6379);
  EXPECT_EQ(Config().network.bind, (std::vector<std::string>{"*", "-::*"}));
  EXPECT_EQ(Config().persistence.save_points.size(), 3U);
  EXPECT_EQ(Config().clients.output[static_cast<size_t>(ClientClass::kPubsub)].soft_seconds, 60);
  EXPECT_EQ(Config().process.supervision, Supervision::kNo);
}

TEST(ConfigDirectives, AreFoundByAliasInEitherCase) {
  EXPECT_STREQ(FindDirective("SlaveOf").directive->name, "replicaof");
  EXPECT_STREQ(FindDirective("SlaveOf").name, "slaveof");
  EXPECT_STREQ(FindDirective("commandlog-execution-slower-than").directive->name,
               "slowlog-log-slower-than");
  EXPECT_EQ(FindDirective("no-such").directive, nullptr);
  EXPECT_EQ(FindDirective("").directive, nullptr);
}

}  // namespace
}  // namespace ringtail::server
