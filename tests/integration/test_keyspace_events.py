"""Keyspace events: the same as redis-server's for the same commands, whoever causes them."""
import os
import sys

import pytest

from resp import Status
from server_process import eventually

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import events  # noqa: E402

# One after the other on an empty server; each must publish what it publishes on redis-server.
SCRIPT = """
SET s v|SET s w XX GET|SET s w NX|SET s v EX 100|SET s v PXAT 1|SETEX s 100 v|PSETEX s 100000 v
SETNX s x|SETNX s2 x|GETSET s y|GETEX s EX 100|GETEX s PERSIST|GETEX s PERSIST|GETEX s EXAT 1|GETDEL s2
GETDEL s2|MSET a 1 b 2 a 3|MSETNX c 1 d 2|MSETNX c 1 e 2|APPEND s x|APPEND s3 x|SETRANGE s3 0 ""
SETRANGE s3 5 abc|INCR n|INCRBY n 5|DECR n|DECRBY n 2|INCRBYFLOAT n 1.5|SETBIT bits 3 1|SETBIT bits 3 1
BITOP AND dest bits s3|BITOP AND dest none none2|BITFIELD bits SET u8 0 5|BITFIELD bits SET u8 0 5
BITFIELD bits GET u8 0|GET none|STRLEN none|EXISTS none|TYPE none|TTL none|OBJECT ENCODING none|TOUCH none
EXPIRE a 100|EXPIRE a 100 NX|PEXPIRE a 100000|EXPIREAT a 1|PERSIST b|EXPIRE b 100|PERSIST b|DEL b c none
UNLINK d|SET r1 v|RENAME r1 r2|SET r1 w|RENAME r1 r2|RENAME r2 r2|SET r1 x|RENAMENX r1 r2|RENAMENX r1 r4
MOVE r4 1|MOVE r4 1|COPY r2 cp|COPY r2 cp|COPY r2 cp REPLACE|COPY r2 cp DB 2
LPUSH l a b c|RPUSH l d|LPUSHX l x|RPUSHX none x|LINSERT l BEFORE a q|LINSERT l BEFORE none q|LSET l 0 z
LREM l 0 q|LREM l 0 none|LTRIM l 0 -1|LTRIM l 0 2|LPOP l|RPOP l|RPOP l|LPOP l|RPUSH l 1 2 3|LPOP l 2|LPOP l 0
RPOPLPUSH l l2|LPOP none|RPUSH l 1 2 3|LMOVE l l RIGHT LEFT|LMOVE l l2 LEFT RIGHT|LMPOP 2 none l2 LEFT COUNT 5
BLPOP l 0|BRPOPLPUSH l l2 0|BLMOVE l2 l LEFT LEFT 0|BLMPOP 0 1 l LEFT COUNT 9|RPUSH l 3 1 2|LTRIM l 5 6
RPUSH l 3 1 2|SORT l STORE sorted|SORT l STORE sorted|SORT none STORE sorted|SORT none STORE sorted
SADD set a b c|SADD set a|SREM set none|SREM set a b|SPOP set|SADD set a b c|SPOP set 5|SPOP none
SADD set a b|SMOVE set set2 a|SMOVE set set2 none|SMOVE set set2 b|SMOVE set2 set2 a|SADD set x
SINTERSTORE out set set2|SUNIONSTORE out set set2|SDIFFSTORE out set set2|SINTERSTORE out set none
SINTERSTORE out set none|SCARD none|SMEMBERS none|SRANDMEMBER none
ZADD z 1 a 2 b 3 c|ZADD z 1 a|ZADD z XX CH 5 a|ZADD z INCR 1 a|ZADD z NX INCR 1 a|ZADD none XX 1 a|ZINCRBY z 0 a
ZINCRBY z 2 d|ZREM z none|ZREM z d|ZREMRANGEBYRANK z 0 0|ZREMRANGEBYSCORE z 100 200|ZREMRANGEBYSCORE z 3 3
ZREMRANGEBYLEX z - +|ZADD z 1 a 2 b|ZPOPMIN z|ZPOPMAX z|ZPOPMIN z|ZADD z 1 a 2 b|ZMPOP 1 z MIN COUNT 9
ZADD z 1 a 2 b 3 c|BZPOPMIN z 0|BZPOPMAX z 0|BZMPOP 0 1 z MAX|ZADD z 1 a|ZADD y 1 a|ZUNIONSTORE zo 2 z y
ZINTERSTORE zo 2 z y|ZDIFFSTORE zo 2 z y|ZDIFFSTORE zo 2 z y|ZRANGESTORE zo z 0 -1|ZRANGESTORE zo none 0 -1
GEOADD geo 13.4 52.5 berlin|GEOSEARCHSTORE geo2 geo FROMMEMBER berlin BYRADIUS 10 km
GEORADIUS geo 13.4 52.5 10 km STORE geo3|GEOSEARCHSTORE geo2 geo FROMLONLAT 0 0 BYRADIUS 1 m
HSET h f v|HSET h f v|HSETNX h f v|HSETNX h g v|HMSET h a 1 b 2|HINCRBY h a 1|HINCRBYFLOAT h a 1.5
HDEL h none|HDEL h f g|HDEL h a b|HINCRBY hn f 1|HGET none f|HGETALL none|HLEN none
PFADD p a b|PFADD p a|PFADD p2|PFCOUNT p|PFMERGE pm p p2|PFMERGE pm p
XADD x 1-1 f v|XADD x NOMKSTREAM 2-1 f v|XADD none NOMKSTREAM 2-1 f v|XADD x MAXLEN 1 3-1 f v
XADD x MAXLEN 9 4-1 f v|XDEL x 9-9|XDEL x 4-1|XTRIM x MAXLEN 9|XADD x 5-1 f v|XTRIM x MAXLEN 0|XSETID x 9-1
XGROUP CREATE x g 0|XGROUP CREATE x g 0|XGROUP CREATE x9 g 0 MKSTREAM|XGROUP SETID x g 0
XGROUP CREATECONSUMER x g c|XGROUP CREATECONSUMER x g c|XGROUP DELCONSUMER x g c|XGROUP DELCONSUMER x g c
XADD x 10-1 f v|XREADGROUP GROUP g c2 STREAMS x >|XREADGROUP GROUP g c2 STREAMS x >|XACK x g 10-1
XADD x 11-1 f v|XREADGROUP GROUP g c2 STREAMS x >|XCLAIM x g c3 0 11-1|XAUTOCLAIM x g c4 0 0|XREAD STREAMS none 0
XGROUP DESTROY x g|XGROUP DESTROY x g|XLEN none
SELECT 3|SET other v|SELECT 0|SWAPDB 0 3|SWAPDB 0 3|RESTORE dump 0 @|RESTORE dump 0 @|RESTORE dump 0 @ REPLACE
RESTORE dump 1000000 @ REPLACE|RESTORE dump 1 @ REPLACE ABSTTL
FLUSHDB|FLUSHALL|SETEX late 1000 v|GETEX late PX 100000|MULTI|SET m 1|LPUSH ml x|LPOP ml|EXEC|RANDOMKEY|DBSIZE
"""


def script():
    """The commands as lists of words."""
    for line in SCRIPT.strip().splitlines():
        for command in line.split("|"):
            yield [b"" if word == '""' else word.encode() for word in command.split()]


@pytest.fixture
def pair(launch, launch_oracle, threads):
    """Both servers with every class of events configured."""
    directives = dict(events.DIRECTIVES, **{"notify-keyspace-events": events.CLASSES,
                                            "enable-debug-command": "yes"})
    return launch(directives, threads=threads), launch_oracle(directives)


@pytest.mark.deadline(120)
def test_every_command_publishes_what_redis_publishes(pair):
    watchers = [events.Watcher(server) for server in pair]
    connections = [server.connect() for server in pair]
    dumps = []
    for connection in connections:
        connection.call("SET", "origin", "dumped")
        dumps.append(connection.call("DUMP", "origin"))
        connection.call("FLUSHALL")
        connection.call("SET", events.MARKER, "")
    for watcher in watchers:
        watcher.take(1)
    differences = []
    is_open = False
    for command in script():
        groups = []
        for watcher, connection, dump in zip(watchers, connections, dumps):
            connection.call(*(dump if word == b"@" else word for word in command))
            is_open = (is_open or command[0] == b"MULTI") and command[0] != b"EXEC"
            if not is_open:
                connection.call("SET", events.MARKER, "")
                groups.append(watcher.take(1)[0])
        if groups and groups[0] != groups[1]:
            differences.append((b" ".join(command), groups[0], groups[1]))
    assert differences == []


@pytest.mark.deadline(120)
def test_random_commands_publish_what_redis_publishes(pair):
    said = []
    comparison = events.Comparison(*pair, seed=20260, say=said.append)
    assert comparison.go(3000), "\n".join(said)


def watch(server, pattern="__key*__:*"):
    connection = server.connect()
    connection.call("PSUBSCRIBE", pattern)
    return connection


def test_a_key_that_expires_is_told_of(launch, threads):
    server = launch({"notify-keyspace-events": "Ex"}, threads=threads)
    with watch(server) as watcher, server.connect() as client:
        client.call("SET", "k", "v", "PX", 20)
        assert watcher.read_reply()[2:] == [b"__keyevent@0__:expired", b"k"]
        assert client.call("EXISTS", "k") == 0


@pytest.mark.ringtail_only
def test_fields_that_expire_are_told_of(launch, threads):
    server = launch({"notify-keyspace-events": "KA"}, threads=threads)
    with server.connect() as client:
        client.call("HSET", "h", "f", "v", "g", "w")
        with watch(server, "__keyspace@0__:h") as watcher:
            client.call("HPEXPIRE", "h", 20, "FIELDS", 1, "f")
            client.call("HPEXPIRE", "h", 60, "FIELDS", 1, "g")
            seen = []
            while seen[-1:] != [b"del"]:
                seen.append(watcher.read_reply()[3])
            # Once for each time that some went; on a slow machine both may go at once.
            assert seen.count(b"hexpire") == 2
            assert seen[-2:] == [b"hexpired", b"del"]


def test_evicted_keys_are_told_of(launch, threads):
    server = launch({"notify-keyspace-events": "Ee", "maxmemory": "20mb",
                     "maxmemory-policy": "allkeys-random"}, threads=threads)
    with watch(server) as watcher, server.connect() as client:
        for start in range(0, 40000, 100):
            client.pipeline([("SET", "key%d" % number, "x" * 1000)
                             for number in range(start, start + 100)])
        _, _, channel, key = watcher.read_reply()
        assert channel == b"__keyevent@0__:evicted"
        assert key.startswith(b"key")


def test_those_who_wait_cause_events_too(launch, threads):
    server = launch({"notify-keyspace-events": "Kl"}, threads=threads)
    waiter, client = server.connect(), server.connect()
    with watch(server, "__keyspace@0__:list") as watcher:
        waiter.send("BLPOP", "list", 0)
        assert eventually(lambda: server.info("clients")["blocked_clients"] == "1")
        client.call("RPUSH", "list", "a")
        assert waiter.read_reply() == [b"list", b"a"]
        assert [watcher.read_reply()[3] for _ in range(2)] == [b"rpush", b"lpop"]


def test_events_of_a_key_come_in_the_order_of_its_changes(launch, threads):
    """Several clients take turns at a key: its events must tell a story that can be."""
    server = launch({"notify-keyspace-events": "KA"}, threads=threads)
    clients = [server.connect() for _ in range(4)]
    with watch(server, "__keyspace@0__:key") as watcher:
        for round_number in range(200):
            for index, client in enumerate(clients):
                client.send("RPUSH" if (index + round_number) % 2 else "LPOP", "key",
                            *(["x"] if (index + round_number) % 2 else []))
        for client in clients:
            for _ in range(200):
                client.read_reply()
        clients[0].call("DEL", "key")
        clients[0].call("SET", "key", "end")
        count = 0
        while True:
            event = watcher.read_reply()[3]
            if event == b"set":
                break
            if event == b"rpush":
                count += 1
            elif event == b"lpop":
                count -= 1
            elif event == b"del":
                count = 0       # by the last LPOP, where it is 0 already, or by the DEL at the end
            assert count >= 0


def test_classes_are_changed_while_the_server_runs(launch, threads):
    server = launch({"notify-keyspace-events": '""'}, threads=threads)
    with watch(server) as watcher, server.connect() as client:
        client.call("SET", "k", "v")
        assert client.call("CONFIG", "SET", "notify-keyspace-events", "K$") == Status(b"OK")
        assert client.call("CONFIG", "GET", "notify-keyspace-events") == [
            b"notify-keyspace-events", b"$K"]
        client.call("LPUSH", "l", "a")
        client.call("SET", "k2", "v")
        assert watcher.read_reply()[2:] == [b"__keyspace@0__:k2", b"set"]
