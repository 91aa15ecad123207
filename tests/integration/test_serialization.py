"""DUMP, RESTORE and MIGRATE, both ways with redis-server: values of every type and size, damaged payloads, servers that do
not answer."""
import random
import socket
import time

import pytest

from resp import ErrorReply, Status
from server_process import eventually

_BAD_CHECKSUM = b"ERR DUMP payload version or checksum are wrong"
_BAD_FORMAT = b"ERR Bad data format"


def crc64(data):
    """CRC-64/Jones, a bit at a time."""
    table = crc64.table
    crc = 0
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ 0x95AC9329AC4BC9B5 if byte & 1 else byte >> 1
        table.append(byte)
    return table


crc64.table = _crc_table()


def sealed(value, version=10):
    """A payload of these bytes with the right footer."""
    data = value + version.to_bytes(2, "little")
    return data + crc64(data).to_bytes(8, "little")


def _numbered(prefix, count):
    return [b"%s%d" % (prefix, number) for number in range(count)]


def _pairs(names, values):
    return [word for pair in zip(names, values) for word in pair]


_TEXTS = [b"", b"a", b"0", b"-1", b"12", b"127", b"128", b"-129", b"32767", b"32768", b"-32769", b"65536",
          b"2147483647", b"2147483648", b"-2147483649", b"9223372036854775807", b"9223372036854775808", b"007", b"+1",
          b"1.5", b"\x00\xff\r\n", b"x" * 63, b"x" * 64, b"y" * 65, b"z" * 4095, b"z" * 4096, b"ab" * 10000,
          bytes(range(256)) * 300]
_SCORES = [b"0", b"-0", b"1", b"-1", b"1.5", b"0.1", b"1e300", b"-1e-300", b"inf", b"-inf", b"9007199254740993", b"3.0",
           b"123456789012"]

# What makes a key, by a name for it.
VALUES = {"string%d" % index: [["SET", "k", text]] for index, text in enumerate(_TEXTS)}
VALUES.update({
    "list_small": [["RPUSH", "k"] + _TEXTS[:16]],
    "list_any": [["RPUSH", "k"] + _TEXTS],
    "list_large": [["RPUSH", "k"] + _numbered(b"element:", 5000)],
    "set_integers": [["SADD", "k"] + _numbered(b"", 100) + [b"-5"]],
    "set_integers16": [["SADD", "k", b"1", b"-32768", b"32767"]],
    "set_integers32": [["SADD", "k", b"1", b"-2147483648", b"70000"]],
    "set_integers64": [["SADD", "k", b"1", b"-9223372036854775808", b"9223372036854775807"]],
    "set_many_integers": [["SADD", "k"] + _numbered(b"", 2000)],
    "set_small": [["SADD", "k"] + _TEXTS[:12]],
    "set_any": [["SADD", "k"] + _TEXTS],
    "set_large": [["SADD", "k"] + _numbered(b"member:", 3000)],
    "hash_small": [["HSET", "k"] + _pairs(_TEXTS[:16], reversed(_TEXTS[:16]))],
    "hash_any": [["HSET", "k"] + _pairs(_TEXTS, reversed(_TEXTS))],
    "hash_large": [["HSET", "k"] + _pairs(_numbered(b"field:", 3000), _numbered(b"", 3000))],
    "zset_small": [["ZADD", "k"] + _pairs(_SCORES, _TEXTS)],
    "zset_any": [["ZADD", "k"] + _pairs(_SCORES * 3, _TEXTS)],
    "zset_large": [["ZADD", "k"] + _pairs([b"%r" % (n / 7) for n in range(3000)], _numbered(b"member:", 3000))],
    "stream_small": [["XADD", "k", "1-1", "a", "1", "b", "2"], ["XADD", "k", "1-2", "a", "3", "b", "x"],
                     ["XADD", "k", "7-0", "c", ""]],
    "stream_large": [["XADD", "k", "%d-%d" % (n // 3 + 1, n % 3), "temperature", n, "place", "p%d" % (n % 7)]
                     for n in range(1000)] + [["XDEL", "k", "5-1", "1-0", "100-2"]],
    "stream_emptied": [["XADD", "k", "5-5", "a", "1"], ["XDEL", "k", "5-5"]],
    "stream_groups": [["XADD", "k", "%d-0" % n, "f", "v"] for n in range(1, 300)] + [
        ["XGROUP", "CREATE", "k", "g1", "0"], ["XGROUP", "CREATE", "k", "g2", "$"],
        ["XGROUP", "CREATE", "k", "g3", "7-0"], ["XGROUP", "CREATECONSUMER", "k", "g2", "idle"],
        ["XREADGROUP", "GROUP", "g1", "alice", "COUNT", 10, "STREAMS", "k", ">"],
        ["XREADGROUP", "GROUP", "g1", "bob", "COUNT", 200, "STREAMS", "k", ">"],
        ["XREADGROUP", "GROUP", "g3", "carol", "STREAMS", "k", ">"], ["XACK", "k", "g1", "3-0", "100-0"],
        ["XDEL", "k", "5-0"], ["XTRIM", "k", "MAXLEN", "290"]],
})


def content(connection, key):
    """What a key holds, in a form that does not depend on who answers."""
    kind = bytes(connection.call("TYPE", key))
    if kind == b"string":
        return kind, connection.call("GET", key)
    if kind == b"list":
        return kind, connection.call("LRANGE", key, 0, -1)
    if kind == b"set":
        return kind, sorted(connection.call("SMEMBERS", key))
    if kind == b"hash":
        flat = connection.call("HGETALL", key)
        return kind, sorted(zip(flat[::2], flat[1::2]))
    if kind == b"zset":
        return kind, connection.call("ZRANGE", key, 0, -1, "WITHSCORES")
    if kind != b"stream":
        return kind, None
    info = connection.call("XINFO", "STREAM", key)
    known = dict(zip(info[::2], info[1::2]))
    past = [known[name] for name in (b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added")]
    groups = []
    for group in connection.call("XINFO", "GROUPS", key):
        name = dict(zip(group[::2], group[1::2]))[b"name"]
        consumers = [dict(zip(item[::2], item[1::2])) for item in connection.call("XINFO", "CONSUMERS", key, name)]
        pending = [item[:2] + item[3:] for item in connection.call("XPENDING", key, name, "-", "+", 10000)]
        groups.append((group, [(item[b"name"], item[b"pending"]) for item in consumers], pending))
    return kind, past, connection.call("XRANGE", key, "-", "+"), groups


@pytest.fixture
def redis(oracle):
    """A connection to redis-server."""
    with oracle.connect() as connection:
        yield connection


@pytest.mark.parametrize("name", VALUES)
def test_a_value_goes_to_redis_and_back(client, redis, name):
    for maker, taker in ((client, redis), (redis, client), (client, client)):
        maker.call("DEL", "k", "copy")
        taker.call("DEL", "copy")
        for command in VALUES[name]:
            assert not isinstance(maker.call(*command), ErrorReply), command
        payload = maker.call("DUMP", "k")
        assert taker.call("RESTORE", "copy", 0, payload) == b"OK"
        assert content(taker, "copy") == content(maker, "k")
        assert taker.call("TTL", "copy") == -1
        if taker is client and maker is client:
            assert client.call("OBJECT", "ENCODING", "copy") == client.call("OBJECT", "ENCODING", "k")


def test_old_encodings_are_read(client):
    def string(data):
        return bytes([len(data)]) + data

    # 2 | "ab" | 256, each behind the length of the one before.
    ziplist = b"\x15\x00\x00\x00\x10\x00\x00\x00\x03\x00" b"\x00\xf3" b"\x02\x02ab" b"\x04\xc0\x00\x01" b"\xff"
    assert client.call("RESTORE", "list", 0, sealed(b"\x0a" + string(ziplist), 6)) == b"OK"
    assert client.call("LRANGE", "list", 0, -1) == [b"2", b"ab", b"256"]
    zipmap = b"\x02\x01a\x01\x00x\x02bc\x03\x01xyz\x00\xff"
    assert client.call("RESTORE", "hash", 0, sealed(b"\x09" + string(zipmap), 6)) == b"OK"
    assert content(client, "hash")[1] == [(b"a", b"x"), (b"bc", b"xyz")]
    intset = b"\x02\x00\x00\x00\x03\x00\x00\x00\xff\xff\x01\x00\x05\x00"
    assert client.call("RESTORE", "set", 0, sealed(b"\x0b" + string(intset), 6)) == b"OK"
    assert content(client, "set")[1] == [b"-1", b"1", b"5"]
    assert client.call("RESTORE", "zset", 0, sealed(b"\x03\x02\x01a\x031.5\x01b\xfe", 6)) == b"OK"
    assert content(client, "zset")[1] == [b"a", b"1.5", b"b", b"inf"]
    listpack = b"\x0c\x00\x00\x00\x02\x00\x01\x01\x81x\x02\xff"
    assert client.call("RESTORE", "set2", 0, sealed(b"\x14" + string(listpack), 11)) == b"OK"
    assert content(client, "set2")[1] == [b"1", b"x"]
    assert client.call("RESTORE", "lzf", 0, sealed(b"\x00\xc3\x04\x0a\x00a\xe0\x00")) == ErrorReply(_BAD_FORMAT)
    assert client.call("RESTORE", "lzf", 0, sealed(b"\x00\xc3\x05\x0a\x00a\xe0\x00\x00")) == b"OK"
    assert client.call("GET", "lzf") == b"a" * 10


def test_times_to_live(client, redis):
    for connection in (client, redis):
        connection.call("SET", "k", "v")
        payload = connection.call("DUMP", "k")
        now_ms = int(time.time() * 1000)
        assert connection.call("RESTORE", "a", 100000, payload) == b"OK"
        assert 90000 < connection.call("PTTL", "a") <= 100000
        assert connection.call("RESTORE", "b", now_ms + 100000, payload, "ABSTTL") == b"OK"
        assert connection.call("PEXPIRETIME", "b") == now_ms + 100000
        assert connection.call("RESTORE", "c", now_ms - 1, payload, "ABSTTL") == b"OK"
        assert connection.call("RESTORE", "k", 1, payload, "ABSTTL", "REPLACE") == b"OK"
        assert connection.call("RESTORE", "d", 2 ** 63 - 1, payload) == b"OK"
        assert connection.call("EXISTS", "c", "k", "d") == 0


def test_idle_time_and_replacing(client, redis):
    for connection in (client, redis):
        connection.call("SET", "k", "v")
        payload = connection.call("DUMP", "k")
        connection.call("RPUSH", "list", "a")
        assert connection.call("RESTORE", "list", 0, payload) == ErrorReply(
            b"BUSYKEY Target key name already exists.")
        assert connection.call("RESTORE", "list", 0, payload, "REPLACE", "IDLETIME", 1000) == b"OK"
        assert 1000 <= connection.call("OBJECT", "IDLETIME", "list") < 1010
        assert connection.call("GET", "list") == b"v"
        assert connection.call("RESTORE", "f", 0, payload, "FREQ", 255) == b"OK"


@pytest.mark.deadline(120)
def test_damaged_payloads_are_refused_and_change_nothing(server, client, redis):
    generator = random.Random(7)
    client.call("SET", "witness", "here")
    for name in VALUES:
        for maker in (client, redis):
            maker.call("DEL", "k")
            for command in VALUES[name]:
                maker.call(*command)
            payload = maker.call("DUMP", "k")
            maker.call("DEL", "k")
            if len(payload) > 20000:
                continue
            for _ in range(10):
                end = generator.randrange(len(payload))
                assert client.call("RESTORE", "t", 0, payload[:end]) == ErrorReply(_BAD_CHECKSUM)
            body = payload[:-10]
            cuts = {generator.randrange(len(body)) for _ in range(25)} if body else set()
            for end in cuts:
                assert client.call("RESTORE", "t", 0, sealed(body[:end])) == ErrorReply(_BAD_FORMAT), body[:end]
            for _ in range(60):
                mutated = bytearray(body)
                for _ in range(generator.choice([1, 1, 2, 5])):
                    mutated[generator.randrange(len(mutated))] = generator.choice([0, 1, 0x7f, 0x80, 0xff,
                                                                                   generator.randrange(256)])
                answer = client.call("RESTORE", "t", 0, sealed(bytes(mutated)), "REPLACE")
                assert answer == b"OK" or answer == ErrorReply(_BAD_FORMAT), mutated
                if answer == b"OK":
                    content(client, "t")
                    client.call("DEL", "t")
    assert client.call("DBSIZE") == 1
    assert client.call("GET", "witness") == b"here"
    assert client.call("RESTORE", "t", 0, sealed(b"\x00\x01a", version=12)) == ErrorReply(_BAD_CHECKSUM)


def test_lengths_that_lie_take_no_memory(server, client):
    before = int(server.info("memory")["used_memory"])
    for kind in list(range(0, 22)) + [255]:
        for length in (b"\x80\xff\xff\xff\xff", b"\x81" + b"\xff" * 8, b"\x81\x00\x00\x00\x7f\xff\xff\xff\xff", b"\xbf",
                       b"\xc3\x05\x80\xff\xff\xff\xff\x00a\xe0\x00\x00"):
            answer = client.call("RESTORE", "t", 0, sealed(bytes([kind]) + length))
            assert answer == ErrorReply(_BAD_FORMAT)
    assert int(server.info("memory")["used_memory"]) < before + (1 << 20)
    assert int(server.info("memory")["used_memory_peak"]) < before + (64 << 20)


# ---- MIGRATE


@pytest.mark.parametrize("options", [[], ["COPY"], ["REPLACE"], ["COPY", "REPLACE"]], ids="_".join)
def test_a_key_moves_to_redis_and_back(server, oracle, client, redis, options):
    for here, there, port in ((client, redis, oracle.port), (redis, client, server.port)):
        here.call("FLUSHALL")
        there.call("FLUSHALL")
        here.call("RPUSH", "list", "a", "b")
        here.call("PEXPIRE", "list", 100000)
        assert here.call("MIGRATE", "127.0.0.1", port, "list", 3, 5000, *options) == b"OK"
        assert here.call("EXISTS", "list") == (1 if "COPY" in options else 0)
        there.call("SELECT", 3)
        assert there.call("LRANGE", "list", 0, -1) == [b"a", b"b"]
        assert 90000 < there.call("PTTL", "list") <= 100000
        there.call("SELECT", 0)
        here.call("SET", "list", "other")
        again = here.call("MIGRATE", "127.0.0.1", port, "list", 3, 5000, *options)
        if "REPLACE" in options:
            assert again == b"OK"
        else:
            assert again == ErrorReply(
                b"ERR Target instance replied with error: BUSYKEY Target key name already exists.")
            assert here.call("GET", "list") == b"other"


def test_many_keys_move(server, oracle, client, redis):
    for here, there, port in ((client, redis, oracle.port), (redis, client, server.port)):
        names = _numbered(b"key:", 300)
        for name in names:
            here.call("SET", name, name * 200)
        there.call("SET", "key:7", "there before")
        answer = here.call("MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS", "none", *names)
        assert answer == ErrorReply(b"ERR Target instance replied with error: BUSYKEY Target key name already exists.")
        assert here.call("KEYS", "*") == [b"key:7"]
        assert there.call("DBSIZE") == 300
        assert there.call("GET", "key:299") == b"key:299" * 200
        here.call("FLUSHALL")
        there.call("FLUSHALL")


def test_migrate_with_passwords(client):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.call("SET", "k", "v")
        for words, request in ((["AUTH", "pw"], b"*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n"),
                               (["AUTH2", "me", "pw"], b"*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n")):
            client.send("MIGRATE", "127.0.0.1", listener.getsockname()[1], "k", 0, 5000, *words)
            peer, _ = listener.accept()
            with peer:
                received = b""
                while b"RESTORE" not in received:
                    received += peer.recv(4096)
                assert received.startswith(request + b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n")
                peer.sendall(b"-WRONGPASS no\r\n+OK\r\n+OK\r\n")
                assert client.read_reply() == ErrorReply(b"ERR Target instance replied with error: WRONGPASS no")
    assert client.call("GET", "k") == b"v"


def test_migrate_to_nobody(client, redis):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound, so that nobody else listens there.
        port = taken.getsockname()[1]
        for connection in (client, redis):
            connection.call("SET", "k", "v")
            assert connection.call("MIGRATE", "127.0.0.1", port, "k", 0, 1000) == ErrorReply(
                b"IOERR error or timeout writing to target instance")
            assert connection.call("MIGRATE", "127.0.0.1", port, "none", 0, 1000) == b"NOKEY"
            assert connection.call("MIGRATE", "no such host", port, "k", 0, 1000) == ErrorReply(
                b"IOERR error or timeout connecting to the client")
            assert connection.call("GET", "k") == b"v"


def test_migrate_to_a_server_that_does_not_answer(client, redis):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        for connection in (client, redis):
            connection.call("SET", "k", "v")
            begin = time.monotonic()
            answer = connection.call("MIGRATE", "127.0.0.1", listener.getsockname()[1], "k", 0, 300)
            assert answer == ErrorReply(b"IOERR error or timeout reading to target instance")
            assert 0.25 < time.monotonic() - begin < 5
            assert connection.call("GET", "k") == b"v"


def test_a_target_that_hangs_up_midway_keeps_what_it_has_acknowledged(client):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.call("MSET", "a", "1", "b", "2", "c", "3")
        client.send("MIGRATE", "127.0.0.1", listener.getsockname()[1], "", 0, 5000, "KEYS", "a", "b", "c")
        peer, _ = listener.accept()
        with peer:
            received = b""
            while received.count(b"RESTORE") < 3:
                received += peer.recv(4096)
            peer.sendall(b"+OK\r\n+OK\r\n")
        assert client.read_reply() == ErrorReply(b"IOERR error or timeout reading to target instance")
        assert client.call("MGET", "a", "b", "c") == [None, b"2", b"3"]


def test_restored_lists_wake_those_who_wait(server, client):
    client.call("RPUSH", "source", "a")
    payload = client.call("DUMP", "source")
    with server.connect() as waiter:
        waiter.send("BLPOP", "target", 0)
        assert eventually(lambda: int(server.info("clients")["blocked_clients"]) == 1)
        assert client.call("RESTORE", "target", 0, payload) == Status(b"OK")
        assert waiter.read_reply() == [b"target", b"a"]
