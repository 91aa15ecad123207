"""Scripts as people write them with redis-py: queues, leader boards, logs with groups of consumers."""
import threading

import pytest
import redis


@pytest.fixture
def python_client(server):
    with redis.Redis(port=server.port, socket_timeout=15, decode_responses=True) as client:
        yield client


def test_lists_as_stacks_queues_and_windows(python_client):
    r = python_client
    assert r.rpush("queue", *range(10)) == 10
    assert r.lpop("queue") == "0" and r.lpop("queue", 2) == ["1", "2"]
    assert r.rpop("queue") == "9"
    assert r.lrange("queue", 0, -1) == ["3", "4", "5", "6", "7", "8"]
    assert r.linsert("queue", "before", "5", "4.5") == 7 and r.lpos("queue", "4.5") == 2
    assert r.lmove("queue", "done", "LEFT", "RIGHT") == "3"
    assert r.lset("queue", 0, "four") and r.lindex("queue", 0) == "four"
    assert r.lrem("queue", 1, "4.5") == 1
    for number in range(1000):
        r.pipeline().lpush("window", number).ltrim("window", 0, 99).execute()
    assert r.llen("window") == 100 and r.lrange("window", 0, 1) == ["999", "998"]
    assert r.sort("window", start=0, num=3) == ["900", "901", "902"]


def test_a_leader_board(python_client):
    r = python_client
    r.zadd("board", {f"player:{n}": n * 10 for n in range(1000)})
    assert r.zrevrange("board", 0, 2, withscores=True) == [
        ("player:999", 9990.0), ("player:998", 9980.0), ("player:997", 9970.0)]
    assert r.zincrby("board", 10_000, "player:5") == 10_050
    assert r.zrevrank("board", "player:5") == 0 and r.zrank("board", "player:4") == 4
    assert r.zcount("board", 100, 200) == 11
    assert r.zrangebyscore("board", 0, "(30") == ["player:0", "player:1", "player:2"]
    assert r.zpopmin("board", 2) == [("player:0", 0.0), ("player:1", 10.0)]
    assert r.zremrangebyrank("board", 0, 9) == 10 and r.zcard("board") == 988
    r.zadd("other", {"player:999": 1, "new": 2})
    assert r.zunionstore("sum", ["board", "other"]) == 989
    assert r.zscore("sum", "player:999") == 9991
    assert r.zinter(["board", "other"], withscores=True) == [("player:999", 9991.0)]
    assert len(dict(r.zscan_iter("board", count=50))) == 988
    r.zadd("words", {word: 0 for word in ("bar", "bat", "bay", "car")})
    assert r.zrangebylex("words", "[ba", "(bb") == ["bar", "bat", "bay"]


def test_places_near_by(python_client):
    r = python_client
    r.geoadd("sicily", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"))
    assert r.geodist("sicily", "Palermo", "Catania", "km") == pytest.approx(166.27, abs=0.01)
    assert r.geosearch("sicily", longitude=15, latitude=37, radius=100, unit="km") == ["Catania"]
    assert r.geohash("sicily", "Palermo") == ["sqc8b49rny0"]


def test_hashes_and_sets_as_objects_and_tags(python_client):
    r = python_client
    assert r.hset("user:1", mapping={"name": "Ann", "visits": 1, "score": "1.5"}) == 3
    assert r.hincrby("user:1", "visits", 2) == 3 and r.hincrbyfloat("user:1", "score", 0.5) == 2.0
    assert r.hgetall("user:1") == {"name": "Ann", "visits": "3", "score": "2"}
    r.hset("big", mapping={f"field:{n}": n for n in range(5000)})
    assert len(dict(r.hscan_iter("big"))) == 5000
    r.sadd("red", *range(100))
    r.sadd("round", *range(50, 150), "ball")
    assert r.sinter("red", "round") == {str(n) for n in range(50, 100)}
    assert len(r.sunion("red", "round")) == 151 and r.sdiffstore("only", "red", "round") == 50
    assert r.smismember("red", 1, "ball") == [1, 0]
    assert set(r.sscan_iter("round")) == r.smembers("round")


def test_a_log_that_groups_of_consumers_read(python_client):
    r = python_client
    ids = [r.xadd("log", {"n": n, "kind": "even" if n % 2 == 0 else "odd"}) for n in range(500)]
    assert r.xlen("log") == 500 and r.xrange("log", ids[10], ids[12])[1][1]["n"] == "11"
    r.xgroup_create("log", "workers", id="0")
    done = []
    while True:
        batch = r.xreadgroup("workers", f"worker:{len(done) % 3}", {"log": ">"}, count=37)
        if not batch:
            break
        entries = batch[0][1]
        done += [entry for entry, _ in entries]
        r.xack("log", "workers", *[entry for entry, _ in entries[:-1]])
    assert done == ids
    pending = r.xpending("log", "workers")
    left = r.xpending_range("log", "workers", "-", "+", 100)
    assert pending["pending"] == len(left) == -(-500 // 37)
    claimed = r.xclaim("log", "workers", "rescuer", 0, [entry["message_id"] for entry in left])
    assert [entry for entry, _ in claimed] == [entry["message_id"] for entry in left]
    assert r.xack("log", "workers", *[entry for entry, _ in claimed]) == len(left)
    assert r.xpending("log", "workers")["pending"] == 0
    assert r.xinfo_groups("log")[0]["lag"] == 0
    assert r.xtrim("log", maxlen=100, approximate=False) == 400
    assert r.xread({"log": ids[-2]}, count=5)[0][1][0][0] == ids[-1]


def test_a_consumer_that_waits_for_entries(server, python_client):
    python_client.xgroup_create("log", "workers", mkstream=True)
    got = []

    def consume():
        with redis.Redis(port=server.port, decode_responses=True) as r:
            while len(got) < 20:
                for _, entries in r.xreadgroup("workers", "one", {"log": ">"}, block=5000) or []:
                    got.extend(fields["n"] for _, fields in entries)

    consumer = threading.Thread(target=consume)
    consumer.start()
    for number in range(20):
        python_client.xadd("log", {"n": number})
    consumer.join(15)
    assert got == [str(number) for number in range(20)]


def test_optimistic_transactions(server):
    """The pattern of redis-py's manual: WATCH, read, MULTI, write, again if it failed."""
    def raise_by_one():
        with redis.Redis(port=server.port) as r:
            for _ in range(50):
                r.transaction(step, "n")

    def step(pipe):
        number = int(pipe.get("n") or 0)
        pipe.multi()
        pipe.set("n", number + 1)

    threads = [threading.Thread(target=raise_by_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with redis.Redis(port=server.port) as r:
        assert int(r.get("n")) == 400


def test_workers_on_a_blocking_queue(server, python_client):
    results = []

    def work():
        with redis.Redis(port=server.port, decode_responses=True) as r:
            while True:
                _, job = r.blpop("jobs", timeout=5)
                if job == "stop":
                    return
                results.append(int(job) ** 2)

    workers = [threading.Thread(target=work) for _ in range(5)]
    for worker in workers:
        worker.start()
    python_client.rpush("jobs", *range(200))
    python_client.rpush("jobs", *["stop"] * 5)
    for worker in workers:
        worker.join(15)
    assert sorted(results) == [number ** 2 for number in range(200)]
