"""Databases, SCAN's guarantees, hit and miss counters, lazy freeing."""
import random

import pytest

from resp import Status
from server_process import eventually


def stat(server, name):
    return int(server.info("stats")[name])


@pytest.mark.parametrize("command,hits,misses", [
    (("GET", "here"), 1, 0), (("GET", "none"), 0, 1), (("MGET", "here", "none", "here"), 2, 1),
    (("EXISTS", "here", "none"), 1, 1), (("STRLEN", "none"), 0, 1),
    (("GETRANGE", "here", 0, 1), 1, 0), (("TTL", "none"), 0, 1), (("TYPE", "here"), 1, 0),
    (("GETBIT", "here", 1), 1, 0), (("TOUCH", "here", "none"), 1, 1), (("SET", "x", "y"), 0, 0),
    (("DEL", "none"), 0, 0), (("INCR", "n"), 0, 0), (("APPEND", "here", "x"), 0, 0),
    (("GETSET", "here", "x"), 0, 0), (("GETDEL", "none"), 0, 0),
    (("SET", "here", "y", "GET"), 0, 0), (("OBJECT", "ENCODING", "here"), 0, 0),
    (("RENAME", "here", "there"), 0, 0), (("PERSIST", "here"), 0, 0), (("KEYS", "*"), 0, 0),
    (("GETEX", "here"), 0, 0), (("LCS", "here", "none"), 0, 0), (("BITCOUNT", "none"), 0, 1),
    (("COPY", "here", "there"), 0, 0), (("EXPIRE", "here", 100), 0, 0),
    (("BITOP", "AND", "d", "here", "none"), 0, 0),
], ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else None)
def test_hits_and_misses_are_counted_as_redis_counts(server, oracle, command, hits, misses):
    counted = []
    for process in (server, oracle):
        process.call("SET", "here", "value")
        process.call("CONFIG", "RESETSTAT")
        process.call(*command)
        counted.append((stat(process, "keyspace_hits"), stat(process, "keyspace_misses")))
    assert counted[0] == counted[1]
    # The table tells a reader what to expect; where it is silent about writes, the oracle decides.
    assert (hits, misses) == (0, 0) or counted[0] == (hits, misses)


def test_databases_are_apart(client):
    for database in range(16):
        assert client.call("SELECT", database) == Status(b"OK")
        client.call("SET", "k", database)
    for database in range(16):
        client.call("SELECT", database)
        assert client.call("GET", "k") == b"%d" % database
        assert client.call("DBSIZE") == 1
    client.call("FLUSHDB")
    client.call("SELECT", 0)
    assert client.call("DBSIZE") == 1
    client.call("FLUSHALL")
    assert client.call("DBSIZE") == 0


def test_the_keyspace_section_lists_what_is_there(server):
    with server.connect() as connection:
        connection.call("SET", "a", 1)
        connection.call("SELECT", 3)
        connection.pipeline([("SET", "a", 1), ("SET", "b", 1, "EX", 1000)])
    keyspace = server.info("keyspace")
    assert keyspace["db0"].startswith("keys=1,expires=0,avg_ttl=0")
    assert keyspace["db3"].startswith("keys=2,expires=1,avg_ttl=")
    assert set(keyspace) == {"db0", "db3"}


def scan_all(connection, *options, cursor=b"0"):
    """Every key that a full scan shows, repetitions included."""
    seen = []
    while True:
        cursor, some = connection.call("SCAN", cursor, *options)
        seen += some
        if cursor == b"0":
            return seen


def test_scan_shows_every_key_that_stays_while_others_come_and_go(server):
    with server.connect() as connection:
        stays = {b"stays:%d" % index for index in range(3000)}
        connection.pipeline([("SET", key, 1) for key in stays])
        chance, cursor, seen, step = random.Random(2), b"0", set(), 0
        while True:
            cursor, some = connection.call("SCAN", cursor, "COUNT", 20)
            seen.update(some)
            if cursor == b"0":
                break
            # The table grows to many times its size in the middle, and shrinks again.
            if step < 60:
                connection.pipeline([("SET", "new:%d:%d" % (step, index),
                                      1) for index in range(500)])
            else:
                connection.pipeline([("DEL", "new:%d:%d" % (chance.randrange(60),
                                                            chance.randrange(500)))
                                     for _ in range(500)])
            step += 1
        assert stays <= seen


def test_scan_of_a_quiet_table_shows_each_key_once_or_so(server):
    with server.connect() as connection:
        connection.pipeline([("SET", "k%d" % index, 1) for index in range(5000)])
        seen = scan_all(connection, "COUNT", 100)
        assert set(seen) == {b"k%d" % index for index in range(5000)}
        assert len(seen) < 5500


def test_scan_filters(client):
    client.pipeline([("SET", "a:%d" % index, 1) for index in range(200)])
    client.pipeline([("SET", "b:%d" % index, 1) for index in range(200)])
    assert sorted(scan_all(client, "MATCH", "a:1?")) == sorted(b"a:1%d" % index
                                                               for index in range(10))
    assert len(set(scan_all(client, "TYPE", "string"))) == 400
    assert scan_all(client, "TYPE", "hash") == []
    assert scan_all(client, "MATCH", "nothing*") == []


def test_scan_effort_is_bounded_by_count(server):
    with server.connect() as connection:
        connection.pipeline([("SET", "k%d" % index, 1) for index in range(20_000)])
        steps, cursor = 0, b"0"
        while True:
            cursor, some = connection.call("SCAN", cursor, "COUNT", 100)
            steps += 1
            assert len(some) < 1000
            if cursor == b"0":
                break
        assert 20 < steps < 2000


def test_cursors_out_of_thin_air_are_harmless(client):
    client.pipeline([("SET", "k%d" % index, 1) for index in range(100)])
    for cursor in (1, 7, 2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64 - 1):
        reply = client.call("SCAN", cursor)
        assert len(reply) == 2 and reply[0].isdigit()


def test_a_million_keys_are_flushed_off_the_workers(server):
    with server.connect() as connection:
        connection.call("DEBUG", "POPULATE", 500_000)
        assert connection.call("DBSIZE") == 500_000
        assert connection.call("FLUSHALL", "ASYNC") == Status(b"OK")
        assert connection.call("DBSIZE") == 0
        assert connection.call("SET", "k", "v") == Status(b"OK")
        assert eventually(lambda: int(server.info("memory")["lazyfree_pending_objects"]) == 0)


def test_debug_populate_makes_redis_s_keys(server, oracle):
    contents = []
    for process in (server, oracle):
        with process.connect() as connection:
            connection.call("DEBUG", "POPULATE", 50)
            connection.call("DEBUG", "POPULATE", 20, "pre", 30)
            keys = sorted(connection.call("KEYS", "*"))
            contents.append((keys, connection.call("MGET", *keys)))
    assert contents[0] == contents[1]


def test_randomkey_reaches_every_key(client):
    client.pipeline([("SET", "k%d" % index, 1) for index in range(20)])
    seen = set(client.pipeline([("RANDOMKEY",)] * 2000))
    assert seen == {b"k%d" % index for index in range(20)}


def test_memory_usage_grows_with_the_value(client):
    client.pipeline([("SET", "small", "x"), ("SET", "large", "x" * 10_000)])
    small, large = client.pipeline([("MEMORY", "USAGE", "small"), ("MEMORY", "USAGE", "large")])
    assert 16 < small < 150
    assert 10_000 <= large < 20_000
    assert client.call("MEMORY", "USAGE", "none") is None
    assert client.call("MEMORY", "USAGE", "large", "SAMPLES", 0) == large
    assert client.call("MEMORY", "DOCTOR")
    assert client.call("MEMORY", "PURGE") == Status(b"OK")
    assert b"alloc" in client.call("MEMORY", "MALLOC-STATS")


def test_memory_stats_have_redis_s_fields(server, oracle):
    names = []
    for process in (server, oracle):
        process.call("SET", "k", "v")
        reply = process.call("MEMORY", "STATS")
        names.append(set(reply[0::2]))
    needed = {b"peak.allocated", b"total.allocated", b"startup.allocated", b"clients.normal",
              b"overhead.total", b"keys.count", b"keys.bytes-per-key", b"dataset.bytes",
              b"dataset.percentage", b"peak.percentage", b"fragmentation", b"fragmentation.bytes",
              b"allocator.allocated", b"allocator.active", b"allocator.resident"}
    assert needed <= names[1]
    assert needed <= names[0]
