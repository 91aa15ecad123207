"""Streams as programs use them: a log with readers that wait, and work shared by a group."""
import threading

import pytest
import redis

from server_process import eventually


@pytest.fixture
def db(server):
    """A redis-py client."""
    with redis.Redis(port=server.port, decode_responses=True) as connection:
        yield connection


def blocked_count(server):
    return int(server.info("clients")["blocked_clients"])


def in_background(work, *args):
    """Runs it in a thread; the thread and a list that will hold its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work(*args)))
    thread.start()
    return thread, results


def test_a_waiting_reader_gets_what_is_added_after_it_came(server, db):
    db.xadd("log", {"n": "old"}, id="1-1")
    other = redis.Redis(port=server.port, decode_responses=True)
    thread, results = in_background(lambda: other.xread({"log": "$", "none": "$"}, block=20000))
    assert eventually(lambda: blocked_count(server) == 1)
    db.xadd("log", {"n": "new"}, id="2-1")
    thread.join(20)
    assert results == [[["log", [("2-1", {"n": "new"})]]]]


def test_every_waiting_reader_gets_the_entry(server, db):
    readers = [redis.Redis(port=server.port, decode_responses=True) for _ in range(20)]
    waits = [in_background(lambda reader=reader: reader.xread({"log": "$"}, block=20000))
             for reader in readers]
    assert eventually(lambda: blocked_count(server) == 20)
    db.xadd("log", {"n": "1"}, id="5-0")
    for thread, results in waits:
        thread.join(20)
        assert results == [[["log", [("5-0", {"n": "1"})]]]]


def test_a_group_shares_the_work_among_those_who_wait(server, db):
    """Each entry goes to one consumer, and all of them are acknowledged in the end."""
    db.xgroup_create("jobs", "workers", id="0", mkstream=True)

    def consume(name):
        taken = []
        with redis.Redis(port=server.port, decode_responses=True) as connection:
            while True:
                for _, entries in connection.xreadgroup("workers", name, {"jobs": ">"}, count=3,
                                                        block=20000):
                    for entry, fields in entries:
                        connection.xack("jobs", "workers", entry)
                        if fields["n"] == "stop":
                            return taken
                        taken.append(fields["n"])

    consumers = [in_background(consume, "worker-%d" % number) for number in range(8)]
    assert eventually(lambda: blocked_count(server) == 8)
    for number in range(500):
        db.xadd("jobs", {"n": number})
    assert eventually(lambda: db.xpending("jobs", "workers")["pending"] == 0
                      and db.xinfo_groups("jobs")[0]["lag"] == 0)
    # One at a time: whoever takes one of them is gone before the next is there.
    for left in range(8, 0, -1):
        assert eventually(lambda count=left: blocked_count(server) == count)
        db.xadd("jobs", {"n": "stop"})
    taken = []
    for thread, results in consumers:
        thread.join(20)
        taken += results[0]
    assert sorted(taken, key=int) == [str(number) for number in range(500)]
    assert db.xpending("jobs", "workers")["pending"] == 0


def test_what_a_dead_consumer_left_is_claimed(db):
    db.xgroup_create("jobs", "workers", id="0", mkstream=True)
    ids = [db.xadd("jobs", {"n": number}) for number in range(5)]
    db.xreadgroup("workers", "dead", {"jobs": ">"})
    db.xdel("jobs", ids[1])
    _, claimed, *_ = db.execute_command("XAUTOCLAIM", "jobs", "workers", "alive", 0, "0-0")
    assert [entry for entry, _ in claimed] == [ids[0]] + ids[2:]
    assert [item["consumer"] for item in db.xpending_range("jobs", "workers", "-", "+", 9)] == \
        ["alive"] * 4
    (_, history), = db.xreadgroup("workers", "alive", {"jobs": "0"})
    assert [fields["n"] for _, fields in history] == ["0", "2", "3", "4"]
    assert db.xack("jobs", "workers", *ids) == 4


def test_who_waits_for_a_group_is_told_that_it_is_gone(server, db):
    db.xgroup_create("jobs", "workers", id="$", mkstream=True)
    other = redis.Redis(port=server.port, decode_responses=True)

    def wait():
        with pytest.raises(redis.ResponseError, match="NOGROUP"):
            other.xreadgroup("workers", "c", {"jobs": ">"}, block=20000)
        return "told"

    thread, results = in_background(wait)
    assert eventually(lambda: blocked_count(server) == 1)
    db.xgroup_destroy("jobs", "workers")
    thread.join(20)
    assert results == ["told"]


def test_a_capped_stream_stays_small(db):
    for number in range(2000):
        db.xadd("log", {"n": number}, maxlen=100, approximate=True)
    assert 100 <= db.xlen("log") <= 200
    assert db.xinfo_stream("log")["last-entry"][1] == {"n": "1999"}
    assert [fields["n"] for _, fields in db.xrevrange("log", count=2)] == ["1999", "1998"]
