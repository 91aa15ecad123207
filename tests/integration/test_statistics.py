"""What the server tells about itself: INFO, SLOWLOG, LATENCY, MONITOR."""
import re
import time

import pytest

from resp import ErrorReply, Status, encode
from server_process import eventually, parse_info

# INFO -------------------------------------------------------------------------------------------

# Fields that dashboards and clients read, by section; each is in Redis 7.0's INFO.
FIELDS = {
    "server": ["redis_version", "redis_mode", "os", "arch_bits", "process_id", "run_id",
               "tcp_port", "uptime_in_seconds", "uptime_in_days", "hz", "executable",
               "config_file", "server_time_usec", "multiplexing_api"],
    "clients": ["connected_clients", "maxclients", "client_recent_max_input_buffer",
                "client_recent_max_output_buffer", "blocked_clients"],
    "memory": ["used_memory", "used_memory_human", "used_memory_rss", "used_memory_peak",
               "used_memory_peak_human", "used_memory_overhead", "used_memory_startup",
               "used_memory_dataset", "maxmemory", "maxmemory_human", "maxmemory_policy",
               "mem_fragmentation_ratio", "mem_allocator", "total_system_memory",
               "lazyfree_pending_objects", "mem_clients_normal"],
    "persistence": ["loading", "rdb_bgsave_in_progress", "rdb_last_save_time", "aof_enabled",
                    "rdb_changes_since_last_save"],
    "stats": ["total_connections_received", "total_commands_processed",
              "instantaneous_ops_per_sec", "total_net_input_bytes", "total_net_output_bytes",
              "rejected_connections", "expired_keys", "evicted_keys", "keyspace_hits",
              "keyspace_misses", "total_error_replies", "total_reads_processed",
              "total_writes_processed"],
    "replication": ["role", "connected_slaves", "master_replid", "master_repl_offset"],
    "cpu": ["used_cpu_sys", "used_cpu_user"],
    "cluster": ["cluster_enabled"],
}


@pytest.mark.parametrize("section", FIELDS)
def test_info_sections_hold_the_fields_that_tools_read(server, section):
    text = bytes(server.call("INFO", section)).decode()
    assert text.startswith("# %s\r\n" % {"cpu": "CPU"}.get(section, section.capitalize()))
    fields = parse_info(text.encode())
    missing = [name for name in FIELDS[section] if name not in fields]
    assert not missing
    assert all(re.match(r"^[a-zA-Z0-9_.|:+@-]+$", name) for name in fields)


def test_info_without_arguments_and_with_all_and_several(server):
    standard = bytes(server.call("INFO")).decode()
    headers = re.findall(r"^# (\w+)", standard, re.M)
    assert headers == [header for header in ("Server", "Clients", "Memory", "Persistence",
                                             "Stats", "Replication", "CPU", "Modules",
                                             "Errorstats", "Cluster",
                                             "Keyspace") if header in headers]
    assert {"Server", "Clients", "Memory", "Stats", "Replication", "CPU", "Cluster",
            "Keyspace"} <= set(headers)
    everything = bytes(server.call("INFO", "everything")).decode()
    assert "# Commandstats" in everything and "# Latencystats" in everything
    assert "# Commandstats" in bytes(server.call("INFO", "all")).decode()
    two = bytes(server.call("INFO", "cpu", "SERVER")).decode()
    assert set(re.findall(r"^# (\w+)", two, re.M)) == {"Server", "CPU"}
    assert bytes(server.call("INFO", "bogus")) == b""


def test_info_numbers_are_true(server):
    info = server.info()
    assert info["process_id"] == str(server.pid) and info["tcp_port"] == str(server.port)
    assert info["redis_mode"] == "standalone" and info["role"] == "master"
    assert len(info["run_id"]) == 40
    assert abs(int(info["used_memory_rss"]) - server.rss_bytes()) < 64 << 20
    assert int(info["used_memory"]) > 0
    assert abs(int(info["server_time_usec"]) / 1e6 - time.time()) < 5


def test_commandstats_count_calls_failures_and_rejections(server):
    server.call("CONFIG", "RESETSTAT")
    with server.connect() as connection:
        connection.call("SET", "text", "x")
        for _ in range(5):
            connection.call("GET", "text")
        connection.call("GET")                          # rejected: arity
        connection.call("INCR", "text")                 # failed
        connection.call("CONFIG", "GET", "port")
    stats = server.info("commandstats")

    def count(name, field):
        return int(re.search(r"(?:^|,)%s=(\d+)" % field, stats["cmdstat_" + name]).group(1))

    assert count("get", "calls") == 5 and count("get", "rejected_calls") == 1
    assert count("incr", "calls") == 1 and count("incr", "failed_calls") == 1
    assert count("config|get", "calls") == 1
    assert re.match(r"^calls=\d+,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=\d+,"
                    r"failed_calls=\d+$", stats["cmdstat_get"])


def test_errorstats_count_by_the_first_word(server):
    server.call("CONFIG", "RESETSTAT")
    with server.connect() as connection:
        connection.pipeline([("nosuch",), ("GET",), ("INCR", "a", "b"), ("HELLO", "9")])
    stats = server.info("errorstats")
    assert stats["errorstat_ERR"] == "count=3"
    assert stats["errorstat_NOPROTO"] == "count=1"
    assert int(server.info("stats")["total_error_replies"]) == 4


def command_stats(server, name):
    return re.sub(r"usec.*?,(?=rejected)", "", server.info("commandstats").get("cmdstat_" + name, ""))


def test_an_exec_that_is_refused_counts_as_a_failed_call(server):
    server.call("CONFIG", "RESETSTAT")
    with server.connect() as connection:
        connection.pipeline([("MULTI",), ("SET",), ("EXEC",)])
    assert command_stats(server, "exec") == "calls=1,rejected_calls=0,failed_calls=1"
    assert server.info("errorstats") == {"errorstat_ERR": "count=1", "errorstat_EXECABORT": "count=1"}


def test_an_error_that_ends_a_wait_counts(server):
    server.call("DEL", "s", "l")
    server.call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    server.call("CONFIG", "RESETSTAT")
    with server.connect() as popper, server.connect() as reader:
        client_id = popper.call("CLIENT", "ID")
        popper.send("BLPOP", "l", 0)
        reader.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">")
        assert eventually(lambda: server.info("clients")["blocked_clients"] == "2")
        server.call("CLIENT", "UNBLOCK", client_id, "ERROR")
        server.call("XGROUP", "DESTROY", "s", "g")
        assert popper.read_reply().startswith(b"UNBLOCKED")
        assert reader.read_reply().startswith(b"NOGROUP")
    assert command_stats(server, "blpop") == "calls=1,rejected_calls=0,failed_calls=1"
    assert command_stats(server, "xreadgroup") == "calls=1,rejected_calls=0,failed_calls=1"
    errors = server.info("errorstats")
    assert errors == {"errorstat_UNBLOCKED": "count=1", "errorstat_NOGROUP": "count=1"}


def test_an_error_that_a_script_passes_on_counts_once(server):
    server.call("SET", "text", "x")
    server.call("CONFIG", "RESETSTAT")
    reply = server.call("EVAL", "return redis.pcall('INCR', KEYS[1])", 1, "text")
    assert isinstance(reply, ErrorReply)
    assert server.info("errorstats") == {"errorstat_ERR": "count=1"}
    assert command_stats(server, "eval") == "calls=1,rejected_calls=0,failed_calls=1"


def test_latencystats_tell_nothing_of_commands_without_samples(server):
    server.call("SET", "k", "v")
    server.call("CONFIG", "RESETSTAT")
    assert "latency_percentiles_usec_set" not in server.info("latencystats")


def test_latencystats_give_percentiles(server):
    server.call("CONFIG", "RESETSTAT")
    for _ in range(10):
        server.call("SET", "k", "v")
    stats = server.info("latencystats")
    assert re.match(r"^p50=\d+\.\d+,p99=\d+\.\d+,p99\.9=\d+\.\d+$",
                    stats["latency_percentiles_usec_set"])


def test_total_commands_and_connections_are_counted(server):
    before = server.info("stats")
    with server.connect() as connection:
        connection.pipeline([("PING",)] * 1000)

    def grown(name):
        return int(server.info("stats")[name]) - int(before[name])

    assert grown("total_commands_processed") >= 1000
    assert grown("total_connections_received") >= 2
    assert grown("total_net_input_bytes") >= 14_000
    # Bytes may be here before the worker that sent them has counted them.
    assert eventually(lambda: grown("total_net_output_bytes") >= 7000)


# SLOWLOG ----------------------------------------------------------------------------------------

@pytest.fixture
def slowlog(client):
    client.call("CONFIG", "SET", "slowlog-log-slower-than", 0, "slowlog-max-len", 128)
    client.call("SLOWLOG", "RESET")
    yield client
    client.call("CONFIG", "SET", "slowlog-log-slower-than", 10_000, "slowlog-max-len", 128)


def test_slowlog_entries_have_redis_s_fields(slowlog):
    slowlog.call("CLIENT", "SETNAME", "slowpoke")
    slowlog.call("SET", "k", "v")
    entry = next(entry for entry in slowlog.call("SLOWLOG", "GET", -1)
                 if entry[3] == [b"SET", b"k", b"v"])
    identity, at_s, duration_us, arguments, address, name = entry
    assert identity >= 0 and abs(at_s - time.time()) < 10 and 0 <= duration_us < 10 ** 6
    assert address == b"%s:%d" % (slowlog.socket.getsockname()[0].encode(),
                                  slowlog.socket.getsockname()[1])
    assert name == b"slowpoke"


def test_slowlog_is_newest_first_and_bounded(slowlog):
    slowlog.call("CONFIG", "SET", "slowlog-max-len", 5)
    for index in range(20):
        slowlog.call("SET", "k", index)
    assert slowlog.call("SLOWLOG", "LEN") == 5
    entries = slowlog.call("SLOWLOG", "GET", 10)
    assert len(entries) == 5
    identities = [entry[0] for entry in entries]
    assert identities == sorted(identities, reverse=True)
    assert len(slowlog.call("SLOWLOG", "GET", 2)) == 2
    assert len(slowlog.call("SLOWLOG", "GET")) == 5
    assert isinstance(slowlog.call("SLOWLOG", "GET", -2), ErrorReply)


def test_slowlog_cuts_long_commands(slowlog):
    slowlog.call("MSET", *["x" * 200] * 100)
    entry = next(entry for entry in slowlog.call("SLOWLOG", "GET") if entry[3][0] == b"MSET")
    assert len(entry[3]) == 32
    assert entry[3][1] == b"x" * 128 + b"... (72 more bytes)"
    assert entry[3][31] == b"... (70 more arguments)"


def test_slowlog_keeps_only_what_is_slow(client):
    client.call("CONFIG", "SET", "slowlog-log-slower-than", 50_000)
    client.call("SLOWLOG", "RESET")
    client.call("SET", "k", "v")
    client.call("DEBUG", "SLEEP", "0.06")
    assert [entry[3] for entry in client.call("SLOWLOG", "GET")] == [[b"DEBUG", b"SLEEP", b"0.06"]]
    client.call("CONFIG", "SET", "slowlog-log-slower-than", 10_000)


# LATENCY ----------------------------------------------------------------------------------------

def test_latency_monitor_notes_slow_commands(client):
    client.call("CONFIG", "SET", "latency-monitor-threshold", 30)
    client.call("LATENCY", "RESET")
    client.call("DEBUG", "SLEEP", "0.05")
    latest = {entry[0]: entry for entry in client.call("LATENCY", "LATEST")}
    assert b"command" in latest
    _, at_s, latest_ms, most_ms = latest[b"command"]
    assert abs(at_s - time.time()) < 10 and 45 <= latest_ms <= most_ms < 5000
    history = client.call("LATENCY", "HISTORY", "command")
    assert history[-1][1] == latest_ms
    assert client.call("LATENCY", "HISTORY", "nosuch") == []
    assert client.call("LATENCY", "GRAPH", "command")
    assert client.call("LATENCY", "DOCTOR")
    assert client.call("LATENCY", "RESET", "command") == 1
    assert client.call("LATENCY", "LATEST") == []
    client.call("CONFIG", "SET", "latency-monitor-threshold", 0)


def test_latency_histogram_counts_every_call(client):
    client.call("CONFIG", "RESETSTAT")
    for _ in range(100):
        client.call("SET", "k", "v")
    reply = client.call("LATENCY", "HISTOGRAM", "SET", "nosuch")
    histogram = dict(zip(reply[0::2], reply[1::2]))
    assert set(histogram) == {b"set"}
    fields = dict(zip(histogram[b"set"][0::2], histogram[b"set"][1::2]))
    assert fields[b"calls"] == 100
    buckets = fields[b"histogram_usec"]
    counts = buckets[1::2]
    assert counts == sorted(counts) and counts[-1] == 100
    assert buckets[0::2] == sorted(buckets[0::2])


# MONITOR ----------------------------------------------------------------------------------------

MONITOR_LINE = re.compile(rb'^(\d+\.\d{6}) \[(\d+) ([^\]]+)\] (".*")$')


def monitor(server):
    watcher = server.connect()
    assert watcher.call("MONITOR") == Status(b"OK")
    return watcher


def test_monitor_shows_time_database_address_and_arguments(server):
    with monitor(server) as watcher, server.connect() as connection:
        connection.call("SELECT", 3)
        connection.call("set", "k", b"\"q\"\\ \n\r\t\a\b\x00\xff")
        lines = [bytes(watcher.read_reply()) for _ in range(2)]
        at_s, database, address, arguments = MONITOR_LINE.match(lines[1]).groups()
        assert abs(float(at_s) - time.time()) < 5 and database == b"3"
        assert address == b"%s:%d" % (connection.socket.getsockname()[0].encode(),
                                      connection.socket.getsockname()[1])
        assert arguments == b'"set" "k" "\\"q\\"\\\\ \\n\\r\\t\\a\\b\\x00\\xff"'


def test_monitor_sees_all_workers_in_each_client_s_order(server):
    with monitor(server) as watcher:
        connections = [server.connect() for _ in range(8)]
        for index in range(50):
            for number, connection in enumerate(connections):
                connection.send("SET", "k%d" % number, index)
        for connection in connections:
            for _ in range(50):
                connection.read_reply()
        seen = {number: [] for number in range(8)}
        for _ in range(400):
            arguments = MONITOR_LINE.match(bytes(watcher.read_reply())).group(4)
            number, index = re.match(rb'^"SET" "k(\d+)" "(\d+)"$', arguments).groups()
            seen[int(number)].append(int(index))
        assert all(indices == list(range(50)) for indices in seen.values())
        for connection in connections:
            connection.close()


def test_monitor_hides_passwords_and_administration(server):
    with monitor(server) as watcher, server.connect() as connection:
        connection.call("AUTH", "topsecret")
        connection.call("HELLO", "2", "AUTH", "default", "topsecret")
        connection.call("CONFIG", "GET", "port")
        connection.call("ECHO", "last")
        lines = []
        while not lines or b'"last"' not in lines[-1]:
            lines.append(bytes(watcher.read_reply()))
        assert not any(b"topsecret" in line for line in lines)


def test_monitor_shows_the_end_of_a_transaction_that_is_refused(server):
    with monitor(server) as watcher, server.connect() as connection:
        connection.pipeline([("multi",), ("syntax", "error"), ("exec",), ("echo", "last")])
        lines = [bytes(watcher.read_reply()) for _ in range(3)]
    assert [line.rsplit(b"] ")[1] for line in lines] == [b'"multi"', b'"exec"', b'"echo" "last"']


def test_a_monitor_may_leave_and_reset(server):
    with monitor(server) as watcher:
        assert watcher.call("RESET") == Status(b"RESET")
        server.call("SET", "k", "v")
        assert watcher.call("PING") == Status(b"PONG")
    watcher = monitor(server)
    watcher.close()
    assert eventually(lambda: b"flags=O" not in server.call("CLIENT", "LIST"))


def test_a_monitor_that_does_not_read_is_closed_at_its_limit(launch, threads):
    server = launch({"client-output-buffer-limit": "normal 1mb 0 0"}, threads=threads)
    with monitor(server):
        with server.connect() as connection:
            for _ in range(100):
                connection.send_bytes(encode("ECHO", "x" * 100_000))
                connection.read_raw_reply()
            assert eventually(lambda: b"flags=O" not in connection.call("CLIENT", "LIST"), 10)


# The rest ---------------------------------------------------------------------------------------

def test_time_is_the_clock(client):
    seconds, microseconds = client.call("TIME")
    assert abs(int(seconds) - time.time()) < 5 and 0 <= int(microseconds) < 10 ** 6


def test_lolwut_names_the_server(client):
    assert b"ver" in bytes(client.call("LOLWUT")).lower()
    assert client.call("LOLWUT", "VERSION", "5")


@pytest.mark.ringtail_only
def test_commandlog_of_valkey(client):
    client.call("CONFIG", "SET", "slowlog-log-slower-than", 0)
    client.call("COMMANDLOG", "RESET", "slow")
    client.call("SET", "k", "v")
    client.call("CONFIG", "SET", "slowlog-log-slower-than", 10_000)
    assert client.call("COMMANDLOG", "LEN", "slow") >= 1
    entries = client.call("COMMANDLOG", "GET", -1, "slow")
    assert any(entry[3] == [b"SET", b"k", b"v"] for entry in entries)
    assert isinstance(client.call("COMMANDLOG", "LEN", "bogus"), ErrorReply)
