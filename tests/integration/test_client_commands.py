"""CLIENT and its subcommands: names, lists, killing, pausing, silence."""
import time

import pytest

from resp import ConnectionClosed, ErrorReply, Status, encode, encode_all
from server_process import eventually


def clients(server_or_connection, *args):
    """CLIENT LIST as a list of dicts of str."""
    text = bytes(server_or_connection.call("CLIENT", "LIST", *args)).decode()
    return [dict(field.partition("=")[::2] for field in line.split(" "))
            for line in text.splitlines()]


def by_name(server, name):
    return next((client for client in clients(server) if client["name"] == name), None)


def named(server, name):
    connection = server.connect()
    assert connection.call("CLIENT", "SETNAME", name) == Status(b"OK")
    return connection


def assert_closed(connection):
    with pytest.raises(ConnectionClosed):
        connection.receive_more(10)
    connection.close()


def assert_alive(connection):
    assert connection.call("PING") == Status(b"PONG")


# Who is there -----------------------------------------------------------------------------------

def test_list_has_redis_s_fields_in_redis_s_order(server, oracle):
    lines = []
    for process in (server, oracle):
        with named(process, "probe") as connection:
            text = bytes(connection.call("CLIENT", "INFO")).decode().strip()
            lines.append([field.split("=")[0] for field in text.split(" ")])
    mine = [field for field in lines[0] if field in lines[1]]
    assert mine == lines[1]


def test_info_tells_the_truth_about_oneself(server):
    with named(server, "me") as connection:
        connection.call("SELECT", 7)
        connection.call("HELLO", 3)
        text = bytes(connection.call("CLIENT", "INFO")).decode()
        info = dict(field.split("=", 1) for field in text.split())
        assert info["name"] == "me" and info["db"] == "7"
        assert info["cmd"] == "client|info" and info["resp"] == "3"
        assert info["id"] == str(connection.call("CLIENT", "ID"))
        host, port = connection.socket.getsockname()
        assert info["addr"] == "%s:%d" % (host, port)
        assert info["laddr"] == "127.0.0.1:%d" % server.port
        assert info["user"] == "default" and info["flags"].startswith("N")


def test_qbuf_is_what_a_request_takes(server):
    with server.connect() as connection:
        line = bytes(connection.call("CLIENT", "INFO")).decode()
    assert " qbuf=26 " in line


def test_list_shows_everybody(server):
    connections = [named(server, "client-%d" % index) for index in range(20)]
    names = {client["name"] for client in clients(server)}
    assert {"client-%d" % index for index in range(20)} <= names
    ids = [connection.call("CLIENT", "ID") for connection in connections]
    assert len(set(ids)) == 20 and ids == sorted(ids)
    asked = clients(server, "ID", ids[3], ids[5])
    assert {client["id"] for client in asked} == {str(ids[3]), str(ids[5])}
    assert len(clients(server, "TYPE", "normal")) >= 21 and clients(server, "TYPE", "pubsub") == []
    for connection in connections:
        connection.close()
    assert eventually(lambda: by_name(server, "client-0") is None)


def test_connected_clients_are_counted(server):
    def connected():
        return int(server.info("clients")["connected_clients"])

    # The clients of the test before may still be leaving.
    assert eventually(lambda: connected() == 1)
    connections = [server.connect() for _ in range(30)]
    for connection in connections:
        assert_alive(connection)
    assert connected() == 31
    for connection in connections:
        connection.close()
    assert eventually(lambda: connected() == 1)


def test_list_shows_the_last_command_and_idle_time(server):
    with named(server, "idler") as connection:
        connection.call("GET", "k")
        found = by_name(server, "idler")
        assert found["cmd"] == "get" and found["idle"] in ("0", "1")
        assert eventually(lambda: int(by_name(server, "idler")["idle"]) >= 1, 5)


@pytest.mark.parametrize("args", [
    ("SETNAME",), ("SETNAME", "a b"), ("SETNAME", "a\nb"), ("SETNAME", "a", "b"),
    ("GETNAME", "x"), ("ID", "x"), ("KILL",), ("KILL", "ID"), ("KILL", "ID", "abc"),
    ("KILL", "ID", "0"), ("KILL", "TYPE", "bogus"), ("KILL", "bogus", "x"),
    ("KILL", "SKIPME", "maybe"), ("KILL", "ADDR", "1.2.3.4:5"), ("KILL", "LADDR", "1.2.3.4:5"),
    ("KILL", "1.2.3.4:5"), ("KILL", "USER", "nobody"), ("LIST", "TYPE"),
    ("LIST", "TYPE", "bogus"), ("LIST", "ID"), ("LIST", "ID", "abc"), ("LIST", "bogus"),
    ("PAUSE",), ("PAUSE", "abc"), ("PAUSE", "-1"), ("PAUSE", "1", "bogus"), ("REPLY",),
    ("REPLY", "bogus"), ("NO-EVICT",), ("NO-EVICT", "x"), ("NO-EVICT", "on"), ("NO-EVICT", "off"),
    ("UNPAUSE", "x"), ("UNPAUSE",), ("UNBLOCK", "1234567"), ("UNBLOCK", "abc"),
    ("UNBLOCK", "1", "x"), ("GETREDIR",), ("bogus",), ()], ids=" ".join)
def test_answers_as_redis_does(server, oracle, args):
    assert server.call("CLIENT", *args) == oracle.call("CLIENT", *args)


@pytest.mark.ringtail_only
def test_setinfo_and_no_touch_of_redis_7_2(client):
    assert client.call("CLIENT", "SETINFO", "LIB-NAME", "redis-py") == Status(b"OK")
    assert client.call("CLIENT", "SETINFO", "lib-ver", "4.3") == Status(b"OK")
    info = bytes(client.call("CLIENT", "INFO")).decode()
    assert "lib-name=redis-py" in info and "lib-ver=4.3" in info
    assert isinstance(client.call("CLIENT", "SETINFO", "LIB-NAME", "with space"), ErrorReply)
    assert isinstance(client.call("CLIENT", "SETINFO", "bogus", "x"), ErrorReply)
    assert client.call("CLIENT", "NO-TOUCH", "ON") == Status(b"OK")
    assert client.call("CLIENT", "NO-TOUCH", "OFF") == Status(b"OK")
    assert isinstance(client.call("CLIENT", "NO-TOUCH", "bogus"), ErrorReply)


# Killing ----------------------------------------------------------------------------------------

def test_kill_by_id_address_and_name_of_the_old_form(server):
    victims = [server.connect() for _ in range(4)]
    ids = [victim.call("CLIENT", "ID") for victim in victims]
    addresses = ["%s:%d" % victim.socket.getsockname() for victim in victims]
    assert server.call("CLIENT", "KILL", "ID", ids[0]) == 1
    assert server.call("CLIENT", "KILL", "ADDR", addresses[1]) == 1
    assert server.call("CLIENT", "KILL", addresses[2]) == Status(b"OK")
    for victim in victims[:3]:
        assert_closed(victim)
    assert_alive(victims[3])
    assert server.call("CLIENT", "KILL", "ID", ids[0]) == 0
    victims[3].close()


def test_kill_filters_are_and_ed_and_spare_oneself(server):
    with server.connect() as killer, server.connect() as victim:
        victim_id = victim.call("CLIENT", "ID")
        assert killer.call("CLIENT", "KILL", "ID", victim_id, "ADDR", "1.2.3.4:5") == 0
        assert killer.call("CLIENT", "KILL", "TYPE", "normal", "USER", "default", "ID",
                           victim_id) == 1
        assert_closed(victim)
        own_id = killer.call("CLIENT", "ID")
        assert killer.call("CLIENT", "KILL", "ID", own_id) == 0
        killer.send("CLIENT", "KILL", "ID", own_id, "SKIPME", "no")
        assert killer.read_until_closed() == b":1\r\n"


def test_kill_all_on_every_worker(server):
    victims = [server.connect() for _ in range(40)]
    for victim in victims:
        assert_alive(victim)
    with server.connect() as killer:
        assert killer.call("CLIENT", "KILL", "LADDR", "127.0.0.1:%d" % server.port) >= 40
        assert_alive(killer)
    for victim in victims:
        assert_closed(victim)


def test_kill_a_client_in_the_middle_of_a_pipeline(server):
    for _ in range(20):
        with server.connect() as victim:
            victim_id = victim.call("CLIENT", "ID")
            victim.send_bytes(encode("INCR", "n") * 2000)
            assert server.call("CLIENT", "KILL", "ID", victim_id) == 1
            victim.read_until_closed()
    assert server.call("PING") == Status(b"PONG")


# Pausing and silence ----------------------------------------------------------------------------

def test_pause_holds_everybody_for_its_time(server):
    """A pause of all commands holds CLIENT UNPAUSE too, so only time ends it."""
    with server.connect() as pauser, server.connect() as other:
        start = time.monotonic()
        assert pauser.call("CLIENT", "PAUSE", 400) == Status(b"OK")
        other.send("GET", "k")
        assert other.is_silent_for(0.1)
        assert other.read_reply() is None
        assert pauser.call("PING") == Status(b"PONG")
        assert 0.35 < time.monotonic() - start < 5


def blocked(server):
    return int(server.info("clients")["blocked_clients"])


def test_paused_clients_count_as_blocked(server):
    with server.connect() as pauser, server.connect() as writer, server.connect() as quitter:
        assert pauser.call("CLIENT", "PAUSE", 60_000, "WRITE") == Status(b"OK")
        writer.send("SET", "k", "1")
        writer.send("SET", "k", "2")
        quitter.send("SET", "k", "3")
        assert eventually(lambda: blocked(server) == 2)
        quitter.close()
        assert eventually(lambda: blocked(server) == 1)
        assert pauser.call("CLIENT", "UNPAUSE") == Status(b"OK")
        assert writer.read_reply() == Status(b"OK")
        assert eventually(lambda: blocked(server) == 0)


WRITING = {
    "a transaction": [("MULTI",), ("SET", "k", "1"), ("EXEC",)],
    "a script": [("EVAL", "return redis.call('GET', 'k')", 0)],
    "a script in a transaction": [("MULTI",), ("EVAL", "return 1", 0), ("EXEC",)],
    "what a replica would be told": [("PFCOUNT", "h")],
    "a message": [("PUBLISH", "c", "m")],
}
READING = {
    "a transaction": [("MULTI",), ("GET", "k"), ("EXEC",)],
    "a script that may not write": [("EVAL_RO", "return 1", 0)],
    "a script that says so": [("EVAL", "#!lua flags=no-writes\nreturn 1", 0)],
}


@pytest.mark.parametrize("what", WRITING)
def test_pause_write_holds_what_may_write(server, what):
    *before, last = WRITING[what]
    with server.connect() as pauser, server.connect() as writer:
        for words in before:
            writer.call(*words)
        assert pauser.call("CLIENT", "PAUSE", 60_000, "WRITE") == Status(b"OK")
        writer.send(*last)
        assert writer.is_silent_for(0.1)
        assert pauser.call("CLIENT", "UNPAUSE") == Status(b"OK")
        assert not isinstance(writer.read_reply(), ErrorReply)


@pytest.mark.parametrize("what", READING)
def test_pause_write_does_not_hold_what_only_reads(server, what):
    with server.connect() as pauser, server.connect() as reader:
        assert pauser.call("CLIENT", "PAUSE", 60_000, "WRITE") == Status(b"OK")
        for words in READING[what]:
            assert not isinstance(reader.call(*words), ErrorReply)
        assert pauser.call("CLIENT", "UNPAUSE") == Status(b"OK")


def test_pause_write_lets_readers_through(server):
    with server.connect() as pauser, server.connect() as writer, server.connect() as reader:
        writer.call("SET", "k", "old")
        assert pauser.call("CLIENT", "PAUSE", 60_000, "WRITE") == Status(b"OK")
        writer.send("SET", "k", "new")
        assert reader.call("GET", "k") == b"old"
        assert writer.is_silent_for(0.05)
        assert pauser.call("CLIENT", "UNPAUSE") == Status(b"OK")
        assert writer.read_reply() == Status(b"OK")
        assert reader.call("GET", "k") == b"new"


def test_a_later_pause_does_not_shorten_an_earlier_one(server):
    with server.connect() as pauser, server.connect() as other:
        pauser.call("CLIENT", "PAUSE", 60_000, "WRITE")
        pauser.call("CLIENT", "PAUSE", 1, "WRITE")
        other.send("SET", "k", "v")
        assert other.is_silent_for(0.1)
        pauser.call("CLIENT", "UNPAUSE")
        assert other.read_reply() == Status(b"OK")


def test_a_paused_client_may_go_away(server):
    with server.connect() as pauser:
        pauser.call("CLIENT", "PAUSE", 60_000, "WRITE")
        with server.connect() as other:
            other.send("SET", "k", "v")
            assert eventually(lambda: blocked(server) == 1)
        assert eventually(lambda: blocked(server) == 0)
        pauser.call("CLIENT", "UNPAUSE")
        assert pauser.call("EXISTS", "k") == 0
        assert_alive(pauser)


def test_a_pipeline_behind_a_pause_keeps_its_order(server):
    with server.connect() as pauser, server.connect() as other:
        pauser.call("CLIENT", "PAUSE", 60_000, "WRITE")
        other.send_bytes(encode_all(("GET", "k"), ("SET", "k", "v"), ("GET", "k"), ("PING",)))
        assert other.read_reply() is None
        assert other.is_silent_for(0.05)
        pauser.call("CLIENT", "UNPAUSE")
        assert [other.read_reply() for _ in range(3)] == [Status(b"OK"), b"v", Status(b"PONG")]


def test_reply_off_skip_and_on(client):
    client.send_bytes(encode_all(("CLIENT", "REPLY", "OFF"), ("SET", "k", 1), ("INCR", "k"),
                                 ("nosuch",), ("CLIENT", "REPLY", "ON")))
    assert client.read_reply() == Status(b"OK")
    assert client.call("GET", "k") == b"2"
    client.send_bytes(encode_all(("CLIENT", "REPLY", "SKIP"), ("INCR", "k"), ("INCR", "k")))
    assert client.read_reply() == 4
    client.send_bytes(encode_all(("CLIENT", "REPLY", "SKIP"), ("CLIENT", "REPLY", "SKIP"),
                                 ("INCR", "k"), ("ECHO", "x")))
    assert client.read_reply() == b"x"


def test_ids_are_never_used_again(server):
    seen = set()
    for _ in range(50):
        with server.connect() as connection:
            identity = connection.call("CLIENT", "ID")
            assert identity not in seen
            seen.add(identity)
