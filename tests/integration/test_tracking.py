"""Client-side caching: who is told that a copy of his is out of date, beside redis-server and under load."""
import random
import threading
import time

import pytest

from resp import Connection, ErrorReply, Push, Status, encode
from server_process import eventually

INVALIDATE = b"invalidate"


def stats(server):
    return server.info("stats")


class Talk:
    """Clients by name that talk to one server in turn; keeps all that each was sent."""

    def __init__(self, server, versions):
        self.clients = {name: server.connect() for name in versions}
        self.streams = {name: b"" for name in versions}
        for name, version in versions.items():
            self.clients[name].call("HELLO", version)
        self.ids = {name: self.clients[name].call("CLIENT", "ID") for name in versions}

    def say(self, name, *words):
        """One command; its reply is the first thing that is no push."""
        words = [self.ids[word[1:]] if str(word).startswith("@") else word for word in words]
        connection = self.clients[name]
        connection.send(*words)
        while True:
            raw = connection.read_raw_reply()
            self.streams[name] += self.without_ids(raw)
            if not raw.startswith(b">"):
                return

    def without_ids(self, raw):
        for name, number in self.ids.items():
            raw = raw.replace(b":%d\r\n" % number, b":<%s>\r\n" % name.encode())
        return raw

    def end(self):
        for name in self.clients:
            self.say(name, "PING")
            self.clients[name].close()
        return self.streams


def play(server, versions, script):
    talk = Talk(server, versions)
    for line in script:
        talk.say(*line)
    return talk.end()


ON = ("CLIENT", "TRACKING", "ON")
INFO = ("a", "CLIENT", "TRACKINGINFO")

SCRIPTS = {
    "a key read is told of once": [
        ("a", *ON), ("w", "SET", "k", 1), ("a", "GET", "k"), ("w", "SET", "k", 2), ("w", "SET", "k", 3)],
    "keys that are not there": [
        ("a", *ON), ("a", "GET", "none"), ("a", "MGET", "x", "y"), ("w", "MSET", "y", 1, "none", 2)],
    "questions about a key read it": [
        ("a", *ON), ("a", "TTL", "t"), ("a", "TYPE", "u"), ("a", "EXISTS", "v"), ("a", "OBJECT", "ENCODING", "o"),
        ("w", "SET", "t", 1), ("w", "SET", "u", 1), ("w", "SET", "v", 1), ("w", "SET", "o", 1)],
    "a failing read counts": [
        ("a", *ON), ("w", "SET", "k", 1), ("a", "LRANGE", "k", 0, -1), ("w", "DEL", "k")],
    "all sorts of writes": [
        ("a", *ON), ("w", "MSET", "a", 1, "b", 2), ("w", "RPUSH", "l", 1, 2), ("w", "HSET", "h", "f", 1),
        ("w", "SADD", "s", 1), ("w", "ZADD", "z", 1, "m"), ("w", "XADD", "x", "1-1", "f", "v"),
        ("a", "GET", "a"), ("a", "GET", "b"), ("a", "LRANGE", "l", 0, -1), ("a", "HGETALL", "h"),
        ("a", "SMEMBERS", "s"), ("a", "ZRANGE", "z", 0, -1), ("a", "XRANGE", "x", "-", "+"), ("a", "GET", "c"),
        ("w", "APPEND", "a", "x"), ("w", "RENAME", "b", "c"), ("w", "LPOP", "l"), ("w", "HDEL", "h", "f"),
        ("w", "SPOP", "s"), ("w", "ZREM", "z", "m"), ("w", "XADD", "x", "2-1", "f", "v")],
    "expire is a write": [
        ("a", *ON), ("w", "SET", "k", 1), ("a", "GET", "k"), ("w", "EXPIRE", "k", 100), ("a", "GET", "k"),
        ("w", "PERSIST", "k")],
    "a write that does nothing is none": [
        ("a", *ON), ("w", "SET", "k", 1), ("a", "GET", "k"), ("w", "SETNX", "k", 2), ("w", "DEL", "other"),
        ("w", "HDEL", "nohash", "f"), ("w", "SET", "k", 2)],
    "own writes are told after the reply": [
        ("a", *ON), ("a", "GET", "k"), ("a", "SET", "k", 1), ("a", "MGET", "x", "y"), ("a", "MSET", "x", 1, "y", 2)],
    "own writes with NOLOOP are not": [
        ("a", *ON, "NOLOOP"), ("a", "GET", "k"), ("a", "SET", "k", 1), ("w", "SET", "k", 2), ("a", "GET", "k"),
        ("w", "SET", "k", 3)],
    "a transaction's": [
        ("a", *ON), ("a", "MULTI"), ("a", "GET", "k"), ("a", "SET", "k", 1), ("a", "GET", "k"), ("a", "GET", "l"),
        ("a", "EXEC"), ("w", "MULTI"), ("w", "SET", "k", 2), ("w", "SET", "l", 2), ("w", "SET", "k", 3), ("w", "EXEC")],
    "opt in": [
        ("a", *ON, "OPTIN"), ("a", "GET", "a"), ("a", "CLIENT", "CACHING", "YES"), INFO, ("a", "GET", "b"),
        INFO, ("a", "GET", "c"), ("a", "CLIENT", "CACHING", "NO"), ("w", "MSET", "a", 1, "b", 1, "c", 1)],
    "opt in for a transaction": [
        ("a", *ON, "OPTIN"), ("a", "CLIENT", "CACHING", "YES"), ("a", "MULTI"), ("a", "GET", "a"), ("a", "GET", "b"),
        ("a", "EXEC"), ("a", "GET", "c"), ("w", "MSET", "a", 1, "b", 1, "c", 1)],
    "opt in within a transaction": [
        ("a", *ON, "OPTIN"), ("a", "MULTI"), ("a", "GET", "a"), ("a", "CLIENT", "CACHING", "YES"), ("a", "GET", "b"),
        ("a", "EXEC"), ("a", "GET", "c"), ("w", "MSET", "a", 1, "b", 1, "c", 1)],
    "opt in, and something wrong between": [
        ("a", *ON, "OPTIN"), ("a", "CLIENT", "CACHING", "YES"), ("a", "NONSENSE"), ("a", "GET", "a"),
        ("a", "CLIENT", "CACHING", "YES"), ("a", "CLIENT", "NONSENSE"), ("a", "GET", "b"),
        ("a", "CLIENT", "CACHING", "YES"), ("a", "CLIENT", "GETNAME"), ("a", "GET", "c"),
        ("w", "SET", "a", 1), ("w", "SET", "b", 1), ("w", "SET", "c", 1)],
    "opt out": [
        ("a", *ON, "OPTOUT"), ("a", "CLIENT", "CACHING", "NO"), INFO, ("a", "GET", "a"), ("a", "GET", "b"),
        ("a", "CLIENT", "CACHING", "YES"), ("w", "MSET", "a", 1, "b", 1)],
    "broadcast of everything": [
        ("a", *ON, "BCAST"), ("w", "SET", "k", 1), ("w", "MSET", "z", 1, "b", 2), ("w", "DEL", "k"), INFO],
    "broadcast by prefix": [
        ("a", *ON, "BCAST", "PREFIX", "b:", "PREFIX", "a:"), INFO, ("w", "MSET", "a:1", 1, "b:1", 1, "c:1", 1),
        ("w", "MSET", "a:2", 1, "a:10", 1, "a:1", 2), ("a", "SET", "a:1", 5)],
    "broadcast with NOLOOP": [
        ("a", *ON, "BCAST", "NOLOOP"), ("a", "SET", "k", 1), ("w", "SET", "k", 1), ("a", "MSET", "x", 1, "y", 1)],
    "more prefixes later": [
        ("a", *ON, "BCAST", "PREFIX", "a"), ("a", *ON, "BCAST", "PREFIX", "b"), INFO, ("w", "SET", "a1", 1),
        ("w", "SET", "b1", 1), ("a", *ON, "BCAST"), INFO, ("w", "SET", "c", 1), ("a", "CLIENT", "TRACKING", "OFF"), INFO,
        ("w", "SET", "a1", 1)],
    "a flush tells everybody": [
        ("a", *ON), ("b", *ON, "BCAST", "PREFIX", "zz"), ("a", "GET", "k"), ("w", "FLUSHDB"), ("w", "FLUSHALL"),
        ("w", "SET", "k", 1), ("a", "FLUSHALL"), ("a", "GET", "k"), ("w", "SELECT", 3), ("w", "FLUSHDB"), ("w", "SET", "k", 1)],
    "names count whatever the database": [
        ("a", *ON), ("a", "GET", "k"), ("w", "SELECT", 5), ("w", "SET", "k", 1)],
    "swapped databases are no change": [
        ("a", *ON), ("w", "SET", "k", 1), ("a", "GET", "k"), ("w", "SWAPDB", 0, 1)],
    "off": [
        ("a", *ON), ("a", "GET", "k"), ("a", "CLIENT", "TRACKING", "OFF"), ("w", "SET", "k", 1), INFO],
    "reset": [
        ("a", *ON), ("a", "GET", "k"), ("a", "RESET"), ("w", "SET", "k", 1), INFO, ("a", "CLIENT", "GETREDIR")],
    "redirected to RESP3": [
        ("a", *ON, "REDIRECT", "@b"), ("a", "CLIENT", "GETREDIR"), INFO, ("a", "GET", "k"), ("w", "SET", "k", 1),
        ("w", "FLUSHALL")],
    "in place of one another": [
        ("a", *ON, "REDIRECT", "@b"), ("a", *ON), INFO, ("a", "CLIENT", "GETREDIR"), ("a", "GET", "k"),
        ("w", "SET", "k", 1)],
    "errors": [
        ("a", "CLIENT", "TRACKING", "MAYBE"), ("a", "CLIENT", "TRACKING"), ("a", *ON, "REDIRECT"),
        ("a", *ON, "REDIRECT", "x"), ("a", *ON, "REDIRECT", 0), ("a", *ON, "REDIRECT", 999999),
        ("a", *ON, "REDIRECT", -1), ("a", *ON, "REDIRECT", "@b", "REDIRECT", "@b"), ("a", *ON, "PREFIX"),
        ("a", *ON, "PREFIX", "p"), ("a", *ON, "NONSENSE"), ("a", *ON, "BCAST", "OPTIN"), ("a", *ON, "BCAST", "OPTOUT"),
        ("a", *ON, "OPTIN", "OPTOUT"), ("a", *ON, "BCAST", "PREFIX", "a", "PREFIX", "ab"),
        ("a", *ON, "BCAST", "PREFIX", "ab", "PREFIX", "a"), ("a", *ON, "BCAST", "PREFIX", "a", "PREFIX", "a"),
        ("a", "CLIENT", "CACHING", "YES"), ("a", "CLIENT", "CACHING", "MAYBE"), ("a", "CLIENT", "CACHING"), INFO,
        ("a", "CLIENT", "GETREDIR"), ("a", *ON), ("a", *ON, "BCAST"), ("a", "CLIENT", "CACHING", "YES"),
        ("a", "CLIENT", "CACHING", "NO"), ("a", "CLIENT", "CACHING", "MAYBE"), ("a", *ON, "OPTIN"), ("a", *ON, "OPTOUT"),
        ("a", *ON), INFO, ("a", *ON, "OPTOUT"), ("a", *ON, "OPTIN"), ("a", "CLIENT", "TRACKING", "OFF", "NONSENSE"),
        ("a", "CLIENT", "TRACKING", "OFF", "BCAST", "OPTIN"), ("a", *ON, "BCAST", "PREFIX", "x"),
        ("a", *ON, "BCAST", "PREFIX", "xy"), ("a", *ON, "BCAST", "PREFIX", ""), ("a", *ON), INFO],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
@pytest.mark.parametrize("version", [2, 3])
def test_every_client_is_sent_what_redis_sends(server, oracle, script, version):
    versions = {"a": version, "b": 3, "w": 2}
    assert play(server, versions, script) == play(oracle, versions, script)


def test_client_list_shows_who_tracks(server, client):
    with server.connect() as other:
        other.call("HELLO", 3)
        number = client.call("CLIENT", "ID")

        def shown(*fields):
            line = other.call("CLIENT", "INFO").decode()
            return {key: value for key, _, value in (word.partition("=") for word in line.split())}

        assert (shown()["flags"], shown()["redir"]) == ("N", "-1")
        other.call(*ON)
        assert (shown()["flags"], shown()["redir"]) == ("t", "0")
        other.call(*ON, "REDIRECT", number)
        assert (shown()["flags"], shown()["redir"]) == ("t", str(number))
        other.call("CLIENT", "TRACKING", "OFF")
        other.call(*ON, "BCAST")
        assert shown()["flags"] == "tB"


def test_a_broken_redirection_is_told(server, client):
    target = server.connect()
    with server.connect() as tracking:
        tracking.call("HELLO", 3)
        number = target.call("CLIENT", "ID")
        tracking.call(*ON, "REDIRECT", number)
        tracking.call("GET", "k")
        target.close()
        assert eventually(lambda: (b"id=%d " % number) not in client.call("CLIENT", "LIST"))
        client.call("SET", "k", 1)
        assert tracking.read_reply() == Push([b"tracking-redir-broken", number])
        assert b"broken_redirect" in tracking.call("CLIENT", "TRACKINGINFO")[b"flags"]
        assert b" flags=tR " in tracking.call("CLIENT", "INFO")


def test_resp2_is_told_by_a_subscriber(server, client):
    with server.connect() as subscriber, server.connect() as tracking:
        number = subscriber.call("CLIENT", "ID")
        if isinstance(subscriber.call("SUBSCRIBE", "__redis__:invalidate"), ErrorReply):
            pytest.skip("no SUBSCRIBE")
        tracking.call(*ON, "REDIRECT", number)
        tracking.call("GET", "k")
        client.call("SET", "k", 1)
        assert subscriber.read_reply() == [b"message", b"__redis__:invalidate", [b"k"]]
        client.call("FLUSHALL")
        assert subscriber.read_reply() == [b"message", b"__redis__:invalidate", None]


def test_an_expired_key_is_told_of_by_itself(server, client):
    with server.connect() as tracking:
        tracking.call("HELLO", 3)
        tracking.call(*ON)
        client.call("SET", "k", 1, "PX", 500)
        tracking.call("GET", "k")
        assert tracking.read_reply() == Push([INVALIDATE, [b"k"]])


def test_an_expired_field_is_told_of(server, client):
    with server.connect() as tracking:
        tracking.call("HELLO", 3)
        tracking.call(*ON)
        client.call("HSET", "h", "f", 1, "g", 2)
        client.call("HPEXPIRE", "h", 500, "FIELDS", 1, "f")
        tracking.call("HGETALL", "h")
        assert tracking.read_reply() == Push([INVALIDATE, [b"h"]])


def test_an_evicted_key_is_told_of(launch, threads):
    process = launch({"maxmemory": "8mb", "maxmemory-policy": "allkeys-random"}, threads=threads)
    with process.connect() as tracking, process.connect() as writer:
        tracking.call("HELLO", 3)
        tracking.call(*ON)
        names = [b"read:%d" % n for n in range(1000)]
        writer.pipeline([("SET", name, "x" * 1000) for name in names])
        tracking.pipeline([("GET", name) for name in names])
        for i in range(0, 20000, 500):
            writer.pipeline([("SET", "fill:%d" % n, "x" * 1000) for n in range(i, i + 500)])
        evicted = {name for name in names if writer.call("EXISTS", name) == 0}
        assert evicted
        told = set()
        while told != evicted:
            message = tracking.read_reply()
            told.update(message[1])
            assert told <= evicted


def test_a_client_that_dies_leaves_nothing_behind(server, client):
    before = int(server.info("memory")["used_memory"])
    dying = server.connect()
    dying.call("HELLO", 3)
    dying.call(*ON)
    for i in range(0, 50000, 1000):
        dying.pipeline([("GET", "key:%d" % n) for n in range(i, i + 1000)])
    assert int(stats(server)["tracking_total_keys"]) == 50000
    assert int(server.info("memory")["used_memory"]) > before + 50000 * 24
    dying.close()
    assert eventually(lambda: stats(server)["tracking_total_items"] == "0")
    assert stats(server)["tracking_total_keys"] == "0"
    assert eventually(lambda: int(server.info("memory")["used_memory"]) < before + 200000)
    assert server.info("clients")["tracking_clients"] == "0"


def test_prefixes_of_the_dead_are_dropped(server):
    dying = server.connect()
    dying.call("HELLO", 3)
    dying.call(*ON, "BCAST", "PREFIX", "a", "PREFIX", "b")
    assert stats(server)["tracking_total_prefixes"] == "2"
    dying.close()
    assert eventually(lambda: stats(server)["tracking_total_prefixes"] == "0")


def test_the_table_has_limits(launch, threads):
    process = launch({"tracking-table-max-keys": "100"}, threads=threads)
    with process.connect() as tracking:
        tracking.call("HELLO", 3)
        tracking.call(*ON)
        tracking.send_bytes(b"".join(encode("GET", "key:%d" % n) for n in range(1000)))
        replies, told = 0, set()
        while replies < 1000 or len(told) < 900:
            message = tracking.read_reply()
            if isinstance(message, Push):
                told.update(message[1])
            else:
                replies += 1
        assert len(told) == 900
        assert process.info("stats")["tracking_total_keys"] == "100"
        tracking.call("CONFIG", "SET", "tracking-table-max-keys", 1)
        assert eventually(lambda: process.info("stats")["tracking_total_keys"] == "1")


def test_a_flush_of_many_tracked_keys_does_not_stall(server, client):
    with server.connect() as tracking:
        tracking.call("HELLO", 3)
        tracking.call(*ON)
        for i in range(0, 100000, 2000):
            tracking.pipeline([("GET", "key:%d" % n) for n in range(i, i + 2000)])
        begin = time.monotonic()
        client.call("FLUSHALL", "ASYNC")
        assert time.monotonic() - begin < (3 if server.is_sanitized else 1)
        assert tracking.read_reply() == Push([INVALIDATE, None])
        assert stats(server)["tracking_total_keys"] == "0"


class Cache(threading.Thread):
    """A client that keeps what it reads, and forgets what it is told of."""

    def __init__(self, server, seed, options, until):
        super().__init__()
        self.connection = server.connect()
        self.connection.call("HELLO", 3)
        assert self.connection.call(*ON, *options) == Status(b"OK")
        self.random = random.Random(seed)
        self.until = until
        self.copies = {}
        self.told = 0

    def take(self, message):
        """False: it is a reply."""
        if not isinstance(message, Push):
            return False
        self.told += 1
        if message[1] is None:
            self.copies.clear()
        else:
            for key in message[1]:
                self.copies.pop(key, None)
        return True

    def run(self):
        while not self.until.is_set():
            keys = [b"k%d" % self.random.randrange(60) for _ in range(self.random.randrange(1, 20))]
            self.connection.send_bytes(b"".join(encode("GET", key) for key in keys))
            self.settle(keys)

    def settle(self, keys):
        for key in keys:
            while self.take(message := self.connection.read_reply()):
                pass
            self.copies[key] = message

    def finish(self):
        """Takes in what is on its way."""
        self.connection.send("PING")
        while self.take(self.connection.read_reply()):
            pass


@pytest.mark.parametrize("options", [(), ("NOLOOP",), ("BCAST",), ("BCAST", "PREFIX", "k")],
                         ids=lambda options: "-".join(options) or "plain")
def test_no_copy_is_out_of_date_in_the_end(server, client, options):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    reading = threading.Event()
    caches = [Cache(server, seed + n, options, reading) for n in range(4)]

    def write(number):
        choose = random.Random(seed + 100 + number)
        with server.connect() as writer:
            for _ in range(300):
                requests = []
                for _ in range(10):
                    key = b"k%d" % choose.randrange(60)
                    requests.append(choose.choice([
                        ("SET", key, choose.random()), ("DEL", key), ("INCR", key), ("APPEND", key, "x"),
                        ("SET", key, "v", "PX", choose.randrange(1, 20)), ("PEXPIRE", key, 5),
                        ("MSET", key, 1, b"k%d" % choose.randrange(60), choose.random()),
                        ("RENAME", key, b"k%d" % choose.randrange(60)), ("GETDEL", key),
                    ] + ([("FLUSHDB",)] if choose.random() < 0.01 else [])))
                writer.pipeline(requests)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for thread in caches + writers:
        thread.start()
    for writer in writers:
        writer.join()
    reading.set()
    for cache in caches:
        cache.join()
    # What was still to expire does so, and is told of, before anybody looks.
    assert eventually(lambda: b"expires=0" in client.call("INFO", "keyspace")
                      or client.call("DBSIZE") == 0)
    client.call("PING")
    truth = {b"k%d" % n: client.call("GET", b"k%d" % n) for n in range(60)}

    def stale():
        for cache in caches:
            cache.finish()
        return [(key, copy, truth[key]) for cache in caches for key, copy in cache.copies.items()
                if copy != truth[key]]

    assert eventually(lambda: not stale(), deadline_s=5), stale()[:5]
    assert all(cache.told > 0 for cache in caches)
    for cache in caches:
        cache.connection.close()
