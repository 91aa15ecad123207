"""HOTKEYS, MODULE, the memory of clients, and what INFO says of sizes and lifetimes."""
import pytest

from resp import ConnectionClosed, ErrorReply, Status
from server_process import eventually


def pairs(reply):
    return dict(zip(reply[0::2], reply[1::2]))


@pytest.mark.ringtail_only
def test_hot_keys_are_found(server, client):
    assert client.call("HOTKEYS", "GET") is None
    assert client.call("HOTKEYS", "START", "METRICS", 2, "CPU", "NET", "COUNT", 2) == Status(b"OK")
    assert isinstance(client.call("HOTKEYS", "START", "METRICS", 1, "CPU"), ErrorReply)
    client.pipeline([("SET", "cold:%d" % n, n) for n in range(300)])
    client.pipeline([("SET", "hot", "x" * 2000)] * 50)
    report = pairs(client.call("HOTKEYS", "GET"))
    assert report[b"tracking-active"] == 1
    assert report[b"by-net-bytes"][0] == b"hot" and report[b"by-net-bytes"][1] > 100000
    assert len(report[b"by-net-bytes"]) == 4
    assert isinstance(client.call("HOTKEYS", "RESET"), ErrorReply)
    assert client.call("HOTKEYS", "STOP") == Status(b"OK")
    assert isinstance(client.call("HOTKEYS", "STOP"), ErrorReply)
    assert pairs(client.call("HOTKEYS", "GET"))[b"tracking-active"] == 0
    assert client.call("HOTKEYS", "RESET") == Status(b"OK")
    assert client.call("HOTKEYS", "GET") is None


@pytest.mark.ringtail_only
@pytest.mark.parametrize("words", [("METRICS", 0), ("METRICS", 3, "CPU"), ("METRICS", 1, "X"), ("METRICS", 2, "CPU"),
                                   ("METRICS", 2, "CPU", "CPU"), ("METRICS", 1, "CPU", "COUNT", 0),
                                   ("METRICS", 1, "CPU", "COUNT"), ("METRICS", 1, "CPU", "SAMPLE", "x"),
                                   ("METRICS", 1, "CPU", "SLOTS", 1, 5), ("NOTHING", 1, "CPU")])
def test_hot_keys_refuses_what_it_does_not_know(client, words):
    assert isinstance(client.call("HOTKEYS", "START", *words), ErrorReply)
    assert client.call("HOTKEYS", "GET") is None


@pytest.mark.ringtail_only
def test_hot_keys_ends_by_itself(client):
    client.call("HOTKEYS", "START", "METRICS", 1, "NET", "DURATION", 1)
    assert eventually(lambda: pairs(client.call("HOTKEYS", "GET"))[b"tracking-active"] == 0)
    client.call("HOTKEYS", "RESET")


def test_there_are_no_modules(client):
    assert client.call("MODULE", "LIST") == []
    for words in (("LOAD", "x"), ("LOADEX", "x"), ("UNLOAD", "x")):
        assert isinstance(client.call("MODULE", *words), ErrorReply)


def test_the_client_that_uses_most_memory_is_evicted(launch, threads):
    process = launch({"maxmemory-clients": "2mb"}, threads=threads)
    with process.connect() as small, process.connect() as large:
        number = large.call("CLIENT", "ID")
        small.call("SET", "k", "x" * 1000000)
        large.send_bytes(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" * 100)
        assert eventually(lambda: (b"id=%d " % number) not in small.call("CLIENT", "LIST"))
        assert int(process.info("stats")["evicted_clients"]) >= 1
        assert small.call("PING") == Status(b"PONG")


REMEMBERED = {
    "queued commands": [("MULTI",)] + [("SET", "k", "x" * 1000)] * 1000,
    "watched keys": [("WATCH", "key-%d" % n) for n in range(4000)],
    "channels": [("SUBSCRIBE", "channel-%d" % n) for n in range(4000)],
    "patterns": [("PSUBSCRIBE", "pattern-%d" % n) for n in range(4000)],
    "prefixes": [("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "p%05d" % n) for n in range(4000)],
}


@pytest.mark.parametrize("what", REMEMBERED)
def test_what_the_server_remembers_for_a_client_counts_as_its_memory(launch, threads, what):
    process = launch({"maxmemory-clients": "200kb"}, threads=threads)
    with process.connect() as other, process.connect() as client:
        with pytest.raises((ConnectionClosed, OSError)):
            for words in REMEMBERED[what]:
                client.call(*words)
        assert other.call("PING") == Status(b"PONG")
        assert process.info("stats")["evicted_clients"] == "1"


def test_a_request_larger_than_what_all_clients_may_use_is_not_executed(launch, threads):
    process = launch({"maxmemory-clients": "2mb"}, threads=threads)
    with process.connect() as client, pytest.raises((ConnectionClosed, OSError)):
        client.call("SET", "k", "x" * (2 << 20))
    assert process.call("EXISTS", "k") == 0
    assert process.info("stats")["evicted_clients"] == "1"


def test_no_evict_spares_a_client(launch, threads):
    process = launch({"maxmemory-clients": "2mb"}, threads=threads)
    with process.connect() as small, process.connect() as large:
        number = large.call("CLIENT", "ID")
        assert large.call("CLIENT", "NO-EVICT", "ON") == Status(b"OK")
        assert small.call("CLIENT", "NO-EVICT", "ON") == Status(b"OK")
        small.call("SET", "k", "x" * 1000000)
        large.send_bytes(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" * 10)
        for _ in range(10):
            assert len(large.read_reply()) == 1000000
        assert (b"id=%d " % number) in small.call("CLIENT", "LIST")
        assert process.info("stats")["evicted_clients"] == "0"


@pytest.mark.ringtail_only
def test_key_sizes(server, client):
    client.call("SET", "a", "")
    client.call("SET", "b", "xyz")
    client.call("SET", "c", "x" * 1500)
    client.call("RPUSH", "l", *range(5))
    client.call("HSET", "h", "f", 1)
    lines = client.call("INFO", "keysizes").decode().splitlines()
    assert lines == ["# Keysizes", "db0_distrib_strings_sizes:0=1,2=1,1K=1", "db0_distrib_lists_items:4=1",
                     "db0_distrib_hashes_items:1=1"]


def test_the_average_lifetime(server, client):
    client.pipeline([("SET", "k%d" % n, 1, "EX", 100) for n in range(100)])
    line = client.call("INFO", "keyspace").decode().split("db0:")[1].strip()
    fields = dict(word.split("=") for word in line.split(","))
    assert 90_000 < int(fields["avg_ttl"]) <= 100_000


@pytest.mark.ringtail_only
def test_expired_fields_are_counted(server, client):
    client.call("CONFIG", "RESETSTAT")
    client.call("HSET", "h", "f", 1, "g", 2)
    client.call("HPEXPIRE", "h", 5, "FIELDS", 1, "f")
    assert eventually(lambda: server.info("stats")["expired_subkeys"] == "1")
