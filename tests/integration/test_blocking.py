"""Commands that wait for a key: who is served, in what order, by whom, and what ends a wait."""
import time

import pytest

from resp import Connection, ErrorReply, Status
from server_process import eventually


def blocked_count(server):
    return int(server.info("clients")["blocked_clients"])


def wait_until_blocked(server, count):
    assert eventually(lambda: blocked_count(server) == count), blocked_count(server)


@pytest.fixture
def waiter(server):
    """A second connection, for waiting."""
    with server.connect() as connection:
        yield connection


def test_a_push_serves_the_one_who_waits(server, client, waiter):
    waiter.send("BLPOP", "none", "list", 0)
    wait_until_blocked(server, 1)
    assert client.call("RPUSH", "list", "a", "b") == 2
    assert waiter.read_reply() == [b"list", b"a"]
    assert client.call("LRANGE", "list", 0, -1) == [b"b"]
    wait_until_blocked(server, 0)


def test_what_is_there_is_taken_at_once(client):
    client.call("RPUSH", "list", "a")
    assert client.call("BLPOP", "none", "list", 0) == [b"list", b"a"]
    assert client.call("EXISTS", "list") == 0


@pytest.mark.parametrize("command,reply", [
    (("BLPOP", "k", 0.05), None), (("BRPOP", "k", 0.05), None),
    (("BLMPOP", 0.05, 1, "k", "LEFT"), None),
    (("BLMOVE", "k", "d", "LEFT", "LEFT", 0.05), None), (("BRPOPLPUSH", "k", "d", 0.05), None),
], ids=lambda value: value[0] if value else "")
@pytest.mark.parametrize("version", [2, 3])
def test_a_timeout_of_a_fraction_of_a_second(client, oracle, command, reply, version):
    with oracle.connect() as other:
        for connection in (client, other):
            connection.call("HELLO", version)
            begin = time.monotonic()
            connection.send(*command)
            connection.raw = connection.read_raw_reply()
            assert 0.04 < time.monotonic() - begin < 5
        assert client.raw == other.raw


def test_those_who_wait_longest_are_served_first(server, client):
    waiters = [server.connect() for _ in range(20)]
    for number, connection in enumerate(waiters):
        connection.send("BLPOP", "list", 0)
        wait_until_blocked(server, number + 1)
    client.call("RPUSH", "list", *range(15))
    for number, connection in enumerate(waiters[:15]):
        assert connection.read_reply() == [b"list", b"%d" % number]
    assert client.call("EXISTS", "list") == 0
    wait_until_blocked(server, 5)
    for number in range(15, 20):
        client.call("LPUSH", "list", number)
    for number, connection in enumerate(waiters[15:], 15):
        assert connection.read_reply() == [b"list", b"%d" % number]
        connection.close()


def test_a_thousand_clients_pop_what_a_thousand_pushes_bring(server, client):
    waiters = [server.connect() for _ in range(1000)]
    for connection in waiters:
        connection.send("BLPOP", "list", 0)
    wait_until_blocked(server, 1000)
    for start in range(0, 1000, 50):
        client.pipeline([("RPUSH", "list", number) for number in range(start, start + 50)])
    got = sorted(int(connection.read_reply()[1]) for connection in waiters)
    assert got == list(range(1000))
    wait_until_blocked(server, 0)
    for connection in waiters:
        connection.close()


@pytest.mark.slow
def test_ten_thousand_wait_for_one_key(launch):
    server = launch({"maxclients": 12000}, threads=2)
    waiters = [server.connect() for _ in range(10_000)]
    for connection in waiters:
        connection.send("BLPOP", "list", 0)
    with server.connect() as client:
        wait_until_blocked(server, 10_000)
        begin = time.monotonic()
        client.pipeline([("RPUSH", "list", number) for number in range(5000)])
        assert time.monotonic() - begin < 5
        wait_until_blocked(server, 5000)
        for connection in waiters[::2]:
            connection.close()
        client.pipeline([("RPUSH", "list", number) for number in range(5000)])
        wait_until_blocked(server, 0)
    for connection in waiters:
        connection.close()


def test_a_chain_of_moves_is_served_in_one_go(server, client):
    links = [server.connect() for _ in range(3)]
    for number, connection in enumerate(links):
        connection.send("BLMOVE", "l%d" % number, "l%d" % (number + 1), "LEFT", "RIGHT", 0)
    wait_until_blocked(server, 3)
    client.call("RPUSH", "l0", "x")
    assert [connection.read_reply() for connection in links] == [b"x"] * 3
    assert client.call("LRANGE", "l3", 0, -1) == [b"x"]
    assert client.call("EXISTS", "l0", "l1", "l2") == 0
    for connection in links:
        connection.close()


def test_a_destination_of_the_wrong_type_is_an_error_and_takes_nothing(server, client, waiter):
    client.call("SET", "string", "x")
    waiter.send("BLMOVE", "list", "string", "LEFT", "LEFT", 0)
    wait_until_blocked(server, 1)
    client.call("RPUSH", "list", "a")
    assert waiter.read_reply() == ErrorReply(
        b"WRONGTYPE Operation against a key holding the wrong kind of value")
    assert client.call("LRANGE", "list", 0, -1) == [b"a"]


def test_a_key_of_another_type_wakes_nobody(server, client, waiter):
    waiter.send("BLPOP", "k", 0)
    wait_until_blocked(server, 1)
    client.call("SET", "k", "x")
    client.call("DEL", "k")
    client.call("SADD", "k", "x")
    client.call("RPUSH", "other", "a")
    assert blocked_count(server) == 1
    client.call("RENAME", "other", "k")
    assert waiter.read_reply() == [b"k", b"a"]


@pytest.mark.parametrize("bring", [
    lambda client: client.call("RENAME", "other", "k"),
    lambda client: client.call("COPY", "other", "k"),
    lambda client: client.pipeline([("SELECT", 1), ("RPUSH", "k", "a"), ("SELECT", 0),
                                    ("SWAPDB", 0, 1)]),
    lambda client: client.pipeline([("SELECT", 1), ("RPUSH", "k", "a"), ("MOVE", "k", 0)]),
    lambda client: client.call("SORT", "other", "ALPHA", "STORE", "k"),
    lambda client: client.call("LMOVE", "other", "k", "LEFT", "LEFT"),
    lambda client: client.pipeline([("MULTI",), ("RPUSH", "k", "a"), ("PING",), ("EXEC",)]),
    lambda client: client.pipeline([("MULTI",), ("DBSIZE",), ("RPUSH", "k", "a"), ("EXEC",)]),
], ids=["rename", "copy", "swapdb", "move", "sort", "lmove", "exec", "exclusive exec"])
def test_whatever_brings_a_list_wakes(server, client, waiter, bring):
    client.call("RPUSH", "other", "a")
    waiter.send("BLPOP", "k", 0)
    wait_until_blocked(server, 1)
    bring(client)
    assert waiter.read_reply() == [b"k", b"a"]


def test_a_transaction_is_over_before_anyone_is_served(server, client, waiter):
    waiter.send("BLPOP", "k", 0)
    wait_until_blocked(server, 1)
    replies = client.pipeline([("MULTI",), ("RPUSH", "k", "a"), ("LPUSH", "k", "b"), ("LLEN", "k"),
                               ("EXEC",)])
    assert replies[-1] == [1, 2, 2]
    assert waiter.read_reply() == [b"k", b"b"]
    client.pipeline([("MULTI",), ("RPUSH", "k", "a"), ("DEL", "k"), ("EXEC",)])


def test_a_list_that_is_gone_by_the_end_of_the_transaction_wakes_nobody(server, client, waiter):
    waiter.send("BLPOP", "k", 0)
    wait_until_blocked(server, 1)
    client.pipeline([("MULTI",), ("RPUSH", "k", "a"), ("DEL", "k"), ("EXEC",)])
    assert blocked_count(server) == 1
    client.call("RPUSH", "k", "b")
    assert waiter.read_reply() == [b"k", b"b"]


def test_nobody_waits_within_a_transaction(client):
    replies = client.pipeline([("MULTI",), ("BLPOP", "k", 0),
                               ("BLMOVE", "k", "d", "LEFT", "LEFT", 0), ("PING",), ("EXEC",)])
    assert replies[-1] == [None, None, Status(b"PONG")]


def test_what_was_sent_behind_it_waits_too(server, client, waiter):
    waiter.send_bytes(b"PING\r\nBLPOP k 0\r\nPING\r\nSET after 1\r\nBLPOP k 0\r\nECHO last\r\n")
    assert waiter.read_reply() == Status(b"PONG")
    wait_until_blocked(server, 1)
    assert client.call("EXISTS", "after") == 0
    client.call("RPUSH", "k", "a", "b")
    replies = [waiter.read_reply() for _ in range(5)]
    assert replies == [[b"k", b"a"], Status(b"PONG"), Status(b"OK"), [b"k", b"b"], b"last"]


def test_one_who_is_gone_takes_nothing(server, client):
    for _ in range(20):
        with server.connect() as connection:
            connection.send("BLPOP", "k", 0)
            wait_until_blocked(server, 1)
        wait_until_blocked(server, 0)
    client.call("RPUSH", "k", "a")
    assert client.call("LRANGE", "k", 0, -1) == [b"a"]


@pytest.mark.parametrize("reason,reply", [
    ((), None), (("TIMEOUT",), None),
    (("ERROR",), ErrorReply(b"UNBLOCKED client unblocked via CLIENT UNBLOCK"))])
def test_client_unblock_ends_a_wait(server, client, waiter, reason, reply):
    identity = waiter.call("CLIENT", "ID")
    assert client.call("CLIENT", "UNBLOCK", identity, *reason) == 0
    waiter.send("BLPOP", "k", 0)
    wait_until_blocked(server, 1)
    assert b" flags=b " in client.call("CLIENT", "LIST", "ID", identity)
    assert client.call("CLIENT", "UNBLOCK", identity, *reason) == 1
    assert client.call("CLIENT", "UNBLOCK", identity, *reason) == 0
    assert waiter.read_reply() == reply
    assert waiter.call("PING") == Status(b"PONG")
    client.call("RPUSH", "k", "a")
    assert client.call("LLEN", "k") == 1


def test_a_killed_client_takes_nothing(server, client, waiter):
    identity = waiter.call("CLIENT", "ID")
    waiter.send("BLPOP", "k", 0)
    wait_until_blocked(server, 1)
    assert client.pipeline([("CLIENT", "KILL", "ID", identity), ("RPUSH", "k", "a"),
                            ("LLEN", "k")]) == [1, 1, 1]


def test_a_wait_is_not_idleness(launch):
    server = launch({"timeout": 1})
    with server.connect() as waiter:
        waiter.send("BLPOP", "k", 2.5)
        assert waiter.read_reply(timeout_s=10) is None
        assert waiter.call("PING") == Status(b"PONG")


def test_a_server_with_waiting_clients_stops_cleanly(launch):
    server = launch(threads=2)
    waiters = [server.connect() for _ in range(50)]
    for connection in waiters:
        connection.send("BLPOP", "k", "l", 0)
    wait_until_blocked(server, 50)
    server.stop()
    for connection in waiters:
        connection.close()


def test_the_reply_speaks_the_waiters_protocol(server, client):
    with Connection(server.port) as waiter:
        waiter.call("HELLO", 3)
        waiter.send("BLMPOP", 0, 2, "a", "b", "LEFT", "COUNT", 2)
        wait_until_blocked(server, 1)
        client.call("RPUSH", "b", 1, 2, 3)
        assert waiter.read_reply() == [b"b", [b"1", b"2"]]


# Sorted sets and streams ------------------------------------------------------------------------

@pytest.mark.parametrize("command,bring,reply", [
    (("BZPOPMIN", "none", "k", 0), ("ZADD", "k", 1, "a", 2, "b"), [b"k", b"a", b"1"]),
    (("BZPOPMAX", "k", 0), ("ZADD", "k", 1, "a", 2, "b"), [b"k", b"b", b"2"]),
    (("BZMPOP", 0, 2, "none", "k", "MAX", "COUNT", 2), ("ZADD", "k", 1, "a", 2, "b", 3, "c"),
     [b"k", [[b"c", b"3"], [b"b", b"2"]]]),
    (("BZPOPMIN", "k", 0), ("ZINCRBY", "k", 5, "a"), [b"k", b"a", b"5"]),
    (("BZPOPMIN", "k", 0), ("GEOADD", "k", 0, 0, "here"), [b"k", b"here", b"3377699720527872"]),
    (("XREAD", "BLOCK", 0, "STREAMS", "none", "k", "$", "$"), ("XADD", "k", "1-1", "f", "v"),
     [[b"k", [[b"1-1", [b"f", b"v"]]]]]),
], ids=lambda value: value[0] if isinstance(value[0], str) else "")
def test_sorted_sets_and_streams_serve_too(server, client, waiter, command, bring, reply):
    waiter.send(*command)
    wait_until_blocked(server, 1)
    client.call("SADD", "k", "wrong type")
    client.call("DEL", "k")
    assert blocked_count(server) == 1
    client.call(*bring)
    assert waiter.read_reply() == reply
    wait_until_blocked(server, 0)


def test_a_zunionstore_serves_those_who_wait(server, client, waiter):
    waiter.send("BZPOPMAX", "sum", 0)
    wait_until_blocked(server, 1)
    client.call("ZADD", "a", 1, "x")
    client.call("ZADD", "b", 2, "x")
    assert client.call("ZUNIONSTORE", "sum", 2, "a", "b") == 1
    assert waiter.read_reply() == [b"sum", b"x", b"3"]
    assert client.call("EXISTS", "sum") == 0


def test_every_reader_of_a_stream_gets_the_entry(server, client):
    readers = [server.connect() for _ in range(50)]
    for connection in readers:
        connection.send("XREAD", "BLOCK", 0, "STREAMS", "log", "$")
    wait_until_blocked(server, 50)
    client.call("XADD", "log", "1-1", "f", "v")
    for connection in readers:
        assert connection.read_reply() == [[b"log", [[b"1-1", [b"f", b"v"]]]]]
        connection.close()


def test_consumers_of_a_group_get_an_entry_each(server, client):
    client.call("XGROUP", "CREATE", "log", "g", "$", "MKSTREAM")
    consumers = [server.connect() for _ in range(10)]
    for number, connection in enumerate(consumers):
        connection.send("XREADGROUP", "GROUP", "g", "c%d" % number, "COUNT", 1, "BLOCK", 0,
                        "STREAMS", "log", ">")
        wait_until_blocked(server, number + 1)
    for number in range(1, 11):
        client.call("XADD", "log", "%d-1" % number, "f", "v")
    for number, connection in enumerate(consumers, 1):
        assert connection.read_reply() == [[b"log", [[b"%d-1" % number, [b"f", b"v"]]]]]
        connection.close()
    assert client.call("XPENDING", "log", "g")[0] == 10


@pytest.mark.parametrize("remove,error", [
    (("DEL", "log"), b"NOGROUP"), (("XGROUP", "DESTROY", "log", "g"), b"NOGROUP"),
    (("FLUSHALL",), b"NOGROUP"), (("SET", "log", "x"), b"WRONGTYPE"),
    (("RENAME", "log", "other"), b"NOGROUP")], ids=lambda value: value[0] if value else "")
def test_a_group_that_goes_away_wakes_its_consumers(server, client, waiter, remove, error):
    client.call("XGROUP", "CREATE", "log", "g", "$", "MKSTREAM")
    waiter.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "log", ">")
    wait_until_blocked(server, 1)
    client.call(*remove)
    reply = waiter.read_reply()
    assert isinstance(reply, ErrorReply) and reply.startswith(error)


def test_a_stream_that_expires_wakes_the_consumers_of_its_groups(server, client, waiter):
    client.call("XGROUP", "CREATE", "log", "g", "$", "MKSTREAM")
    waiter.send("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "log", ">")
    wait_until_blocked(server, 1)
    client.call("PEXPIRE", "log", 50)
    reply = waiter.read_reply()
    assert isinstance(reply, ErrorReply) and reply.startswith(b"NOGROUP")
