"""redis-py's two interfaces as applications use them: locks, pipelines, pub/sub in a thread, asyncio, a job queue."""
import asyncio
import contextlib
import json
import threading

import pytest
import redis
import redis.asyncio

from server_process import eventually


@pytest.fixture
def python_client(server):
    with redis.Redis(port=server.port, socket_timeout=15, decode_responses=True) as client:
        yield client


# ---- The synchronous interface


def test_a_lock_excludes(server, python_client):
    counter = {"value": 0}

    def add():
        with redis.Redis(port=server.port) as client:
            for _ in range(20):
                with client.lock("guard", timeout=10, sleep=0.001):
                    value = counter["value"]
                    client.ping()
                    counter["value"] = value + 1

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter["value"] == 160
    lock = python_client.lock("other", timeout=10)
    assert lock.acquire(blocking=False) and not python_client.lock("other").acquire(blocking=False)
    assert lock.extend(10) and lock.reacquire() and lock.owned()
    python_client.set("other", "stolen")
    with pytest.raises(redis.exceptions.LockNotOwnedError):
        lock.release()


def test_pub_sub_in_a_thread(python_client):
    heard = []
    subscriber = python_client.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe(**{"news": heard.append})
    subscriber.psubscribe(**{"log.*": heard.append})
    thread = subscriber.run_in_thread(sleep_time=0.01, daemon=True)
    assert eventually(lambda: python_client.pubsub_numsub("news") == [("news", 1)])
    assert eventually(lambda: python_client.pubsub_numpat() == 1)
    for number in range(100):
        assert python_client.publish("news", number) == 1
    assert python_client.publish("log.web", "x") == 1
    assert eventually(lambda: len(heard) == 101)
    assert [message["data"] for message in heard] == [*map(str, range(100)), "x"]
    assert python_client.pubsub_channels() == ["news"]
    thread.stop()
    thread.join()
    subscriber.close()
    assert eventually(lambda: python_client.pubsub_channels() == [])


def test_pipelines_transactions_and_optimistic_locking(server, python_client):
    pipeline = python_client.pipeline(transaction=False)
    for number in range(5000):
        pipeline.rpush("list", number)
    assert pipeline.execute() == list(range(1, 5001))

    def add_one():
        with redis.Redis(port=server.port) as client:
            for _ in range(25):
                def change(pipe):
                    value = int(pipe.get("n") or 0)
                    pipe.multi()
                    pipe.set("n", value + 1)
                client.transaction(change, "n")

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert python_client.get("n") == "100"


def test_scripts_and_functions(python_client):
    take = python_client.register_script("""
        local left = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
        if left <= 0 then return {0, 'none left'} end
        redis.call('SET', KEYS[1], left - 1)
        return {1, left - 1}""")
    assert take(keys=["stock"], args=[2]) == [1, 1]
    assert take(keys=["stock"], args=[2]) == [1, 0]
    assert take(keys=["stock"], args=[2]) == [0, "none left"]
    python_client.script_flush()
    assert take(keys=["stock"], args=[2]) == [0, "none left"]
    assert python_client.script_exists(take.sha) == [True]
    with python_client.pipeline() as pipe:
        take(keys=["other"], args=[9], client=pipe)
        pipe.get("other")
        assert pipe.execute() == [[1, 8], "8"]


def test_jobs_by_lists_and_blocking_pops(server, python_client):
    """The pattern of Sidekiq and Celery: producers push, workers move a job to a list of their own while it runs, and a
    sorted set holds what is for later."""
    done = []

    def work(name):
        with redis.Redis(port=server.port, decode_responses=True) as client:
            while True:
                job = client.blmove("queue", f"busy:{name}", 5, "RIGHT", "LEFT")
                assert job is not None
                body = json.loads(job)
                if body["id"] is None:
                    return
                client.hincrby("stats", "processed", 1)
                done.append(body["id"])
                client.lrem(f"busy:{name}", 1, job)

    workers = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for worker in workers:
        worker.start()
    for number in range(1000):
        if number % 10:
            python_client.lpush("queue", json.dumps({"id": number}))
        else:
            python_client.zadd("schedule", {json.dumps({"id": number}): number})
    while due := python_client.zpopmin("schedule", 10):
        python_client.lpush("queue", *[job for job, _ in due])
    assert eventually(lambda: len(done) == 1000)
    python_client.lpush("queue", *[json.dumps({"id": None})] * len(workers))
    for worker in workers:
        worker.join()
    assert sorted(done) == list(range(1000))
    assert python_client.hget("stats", "processed") == "1000"


# ---- asyncio


@contextlib.asynccontextmanager
async def async_client(server):
    client = redis.asyncio.Redis(port=server.port, decode_responses=True)
    try:
        await client.flushall()
        yield client
    finally:
        await client.close()


def test_asyncio_pipelines_locks_and_many_at_once(server):
    async def run():
        async with async_client(server) as client:
            values = await asyncio.gather(*[client.incr("n") for _ in range(200)])
            assert sorted(values) == list(range(1, 201))
            async with client.pipeline(transaction=True) as pipe:
                assert await pipe.set("a", 1).incr("a").get("a").execute() == [True, 2, "2"]
            inside = 0

            async def guarded():
                nonlocal inside
                async with client.lock("guard", timeout=10, sleep=0.001):
                    inside += 1
                    assert inside == 1
                    await client.ping()
                    inside -= 1

            await asyncio.gather(*[guarded() for _ in range(20)])
    asyncio.run(run())


def test_asyncio_pub_sub_and_streams(server):
    async def listen(client, ready, count):
        async with client.pubsub() as subscriber:
            await subscriber.subscribe("news")
            heard = []
            async for message in subscriber.listen():
                if message["type"] == "subscribe":
                    ready.set()
                else:
                    heard.append(message["data"])
                if len(heard) == count:
                    return heard

    async def consume(client, name, count):
        taken = []
        while len(taken) < count:
            for _, entries in await client.xreadgroup("g", name, {"log": ">"}, count=10, block=5000):
                for entry, fields in entries:
                    taken.append(fields["n"])
                    await client.xack("log", "g", entry)
        return taken

    async def run():
        async with async_client(server) as client:
            ready = asyncio.Event()
            listening = asyncio.create_task(listen(client, ready, 50))
            await ready.wait()
            for number in range(50):
                await client.publish("news", number)
            assert await listening == [str(number) for number in range(50)]
            await client.xgroup_create("log", "g", mkstream=True)
            consuming = asyncio.create_task(consume(client, "one", 100))
            for number in range(100):
                await client.xadd("log", {"n": number})
            assert await consuming == [str(number) for number in range(100)]
            assert (await client.xpending("log", "g"))["pending"] == 0
    asyncio.run(run())
