"""Keys that expire, in real time: gone for every command at once, memory back soon, no work left
behind.

Times are real here, so every check waits on a condition with a deadline; none claims more
exactness than a shared machine has. The exact semantics of the arguments are in tests/compat.
"""
import time

import pytest

from resp import ErrorReply, Status
from server_process import eventually


def test_an_expired_key_is_gone_for_every_command(server):
    with server.connect() as connection:
        for index in range(20):
            connection.call("SET", "k%d" % index, "v", "PX", 30)
        assert eventually(lambda: connection.call("EXISTS", "k19") == 0, interval_s=0.001)
        assert connection.pipeline([
            ("GET", "k1"), ("TTL", "k2"), ("TYPE", "k3"), ("STRLEN", "k4"), ("DEL", "k5"),
            ("GETDEL", "k6"), ("SET", "k7", "x", "XX"), ("PERSIST", "k8"),
            ("RENAMENX", "k9", "z"), ("OBJECT", "ENCODING", "k10"), ("EXPIRE", "k11", 100),
            ("MGET", "k12", "k13"), ("COPY", "k14", "y"), ("MOVE", "k15", 1),
            ("TOUCH", "k16", "k17"), ("RANDOMKEY",), ("KEYS", "*"),
        ]) == [
            None, -2, Status(b"none"), 0, 0, None, None, 0, ErrorReply(b"ERR no such key"), None,
            0, [None, None], 0, 0, 0, None, []]


def test_a_write_after_expiry_starts_anew(client):
    client.call("SET", "n", 41, "PX", 10)
    assert eventually(lambda: client.call("EXISTS", "n") == 0, interval_s=0.001)
    assert client.call("INCR", "n") == 1
    assert client.call("TTL", "n") == -1
    client.call("SET", "s", "old", "PX", 10)
    assert eventually(lambda: client.call("EXISTS", "s") == 0, interval_s=0.001)
    assert client.call("APPEND", "s", "new") == 3
    client.call("SET", "x", "old", "PX", 10)
    assert eventually(lambda: client.call("EXISTS", "x") == 0, interval_s=0.001)
    assert client.call("SET", "x", "new", "NX") == Status(b"OK")


def test_a_key_does_not_expire_early(client):
    for ttl_ms in (20, 50, 100):
        start = time.monotonic()
        client.call("SET", "k", "v", "PX", ttl_ms)
        assert eventually(lambda: client.call("GET", "k") is None, interval_s=0.0005)
        elapsed_ms = (time.monotonic() - start) * 1000
        assert elapsed_ms >= ttl_ms - 2


def test_ttl_counts_down(client):
    client.call("SET", "k", "v", "EX", 100)
    first = client.call("PTTL", "k")
    assert 99_000 < first <= 100_000
    assert eventually(lambda: client.call("PTTL", "k") < first)
    assert client.call("TTL", "k") in (99, 100)


def test_keys_nobody_asks_for_go_away_by_themselves(server):
    count = 20_000
    with server.connect() as connection:
        before = int(server.info("stats")["expired_keys"])
        connection.pipeline([("SET", "k%d" % index, "x" * 100, "PX",
                              50 + index % 200) for index in range(count)])
        connection.call("SET", "stays", "v")
        # DBSIZE counts what is stored, so only real removal brings it down.
        assert eventually(lambda: connection.call("DBSIZE") == 1, 15)
        assert int(server.info("stats")["expired_keys"]) - before == count
        assert server.info("keyspace")["db0"].startswith("keys=1,expires=0")


@pytest.mark.ringtail_only
def test_memory_of_expired_keys_comes_back_within_a_second_or_so(server):
    with server.connect() as connection:
        empty_bytes = int(server.info("memory")["used_memory"])
        count = 100_000
        for start in range(0, count, 10_000):
            connection.pipeline([("SET", "k%d" % index, "x" * 200, "EX", 1000)
                                 for index in range(start, start + 10_000)])
        filled_bytes = int(server.info("memory")["used_memory"])
        assert filled_bytes - empty_bytes > count * 200
        end_ms = 0
        for start in range(0, count, 10_000):
            end_ms = int(time.time() * 1000) + 500
            connection.pipeline([("PEXPIREAT", "k%d" % index, end_ms)
                                 for index in range(start, start + 10_000)])
        assert eventually(lambda: connection.call("DBSIZE") == 0, 20)
        assert time.time() * 1000 - end_ms < (5000 if server.is_sanitized else 1500)
        limit_bytes = empty_bytes + (filled_bytes - empty_bytes) // 10
        assert eventually(lambda: int(server.info("memory")["used_memory"]) < limit_bytes)


def test_active_expiry_can_be_switched_off(server):
    with server.connect() as connection:
        assert connection.call("DEBUG", "SET-ACTIVE-EXPIRE", 0) == Status(b"OK")
        try:
            connection.call("SET", "k", "v", "PX", 1)
            connection.call("SET", "other", "v", "PX", 400)
            assert eventually(lambda: connection.call("EXISTS", "other") == 0)
            # Nobody has touched k: it is still stored, and is not shown.
            assert connection.call("DBSIZE") == 1
            assert connection.call("GET", "k") is None
            assert connection.call("DBSIZE") == 0
        finally:
            connection.call("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def test_scan_does_not_show_expired_keys(client):
    client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    try:
        client.pipeline([("SET", "k%d" % index, "v", "PX", 10) for index in range(50)])
        client.call("SET", "stays", "v")
        assert eventually(lambda: client.call("KEYS", "*") == [b"stays"])
        assert client.call("SCAN", 0, "COUNT", 1000) == [b"0", [b"stays"]]
    finally:
        client.call("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def test_expiry_moves_with_its_key(client):
    client.call("SET", "k", "v", "PX", 1500)
    client.call("RENAME", "k", "l")
    client.call("COPY", "l", "m")
    client.call("MOVE", "m", 3)
    assert 0 < client.call("PTTL", "l") <= 1500
    assert eventually(lambda: client.call("EXISTS", "l") == 0)
    client.call("SELECT", 3)
    assert eventually(lambda: client.call("EXISTS", "m") == 0)
    client.call("SELECT", 0)


def test_many_ttls_replaced_before_they_end_leave_nothing(server):
    with server.connect() as connection:
        for _ in range(20):
            connection.pipeline([("SET", "k%d" % index, "v", "EX", 1000) for index in range(500)])
            connection.pipeline([("PERSIST", "k%d" % index) for index in range(0, 500, 2)])
        assert server.info("keyspace")["db0"].startswith("keys=500,expires=250")
        connection.pipeline([("DEL", "k%d" % index) for index in range(500)])
        assert "db0" not in server.info("keyspace")
