"""Pub/sub over real connections: who receives what, in what order, and what is left when they go."""
import threading
import time

import pytest
import redis

from resp import ErrorReply, Push, Status
from server_process import eventually

SUBSCRIBE_A = [b"subscribe", b"a", 1]


@pytest.fixture
def subscriber(server):
    """A second connection, for listening; those of the last test are gone."""
    assert eventually(lambda: not server.call("CLIENT", "LIST", "TYPE", "PUBSUB"))
    with server.connect() as connection:
        yield connection


def subscribe(connection, *channels):
    connection.send("SUBSCRIBE", *channels)
    return [connection.read_reply() for _ in channels]


def test_a_message_reaches_subscribers_of_its_channel(client, subscriber):
    assert subscribe(subscriber, "a") == [SUBSCRIBE_A]
    assert client.call("PUBLISH", "a", "text") == 1
    assert subscriber.read_reply() == [b"message", b"a", b"text"]
    assert client.call("PUBLISH", "b", "text") == 0


def test_a_message_comes_once_for_the_channel_and_once_for_each_pattern(client, subscriber):
    subscribe(subscriber, "news.art")
    assert subscriber.call("PSUBSCRIBE", "news.*") == [b"psubscribe", b"news.*", 2]
    assert subscriber.call("PSUBSCRIBE", "*.art") == [b"psubscribe", b"*.art", 3]
    assert client.call("PUBLISH", "news.art", "x") == 3
    assert subscriber.read_reply() == [b"message", b"news.art", b"x"]
    assert sorted(subscriber.read_reply() for _ in range(2)) == [
        [b"pmessage", b"*.art", b"news.art", b"x"], [b"pmessage", b"news.*", b"news.art", b"x"]]


def test_shard_channels_are_a_space_of_their_own(client, subscriber):
    assert subscriber.call("SSUBSCRIBE", "a") == [b"ssubscribe", b"a", 1]
    assert client.call("PUBLISH", "a", "x") == 0
    assert client.call("SPUBLISH", "a", "x") == 1
    assert subscriber.read_reply() == [b"smessage", b"a", b"x"]
    assert client.call("PUBSUB", "SHARDCHANNELS") == [b"a"]
    assert client.call("PUBSUB", "CHANNELS") == []
    assert client.call("PUBSUB", "SHARDNUMSUB", "a", "b") == [b"a", 1, b"b", 0]


@pytest.mark.parametrize("size", [0, 1, 100, 16383, 16384, 100_000, 5_000_000])
@pytest.mark.parametrize("version", [2, 3])
def test_messages_of_every_size_arrive_whole(client, subscriber, version, size):
    subscriber.call("HELLO", version)
    subscribe(subscriber, "a")
    message = bytes(i % 251 for i in range(1000)) * (size // 1000) + b"x" * (size % 1000)
    assert client.call("PUBLISH", "a", message) == 1
    reply = subscriber.read_reply()
    assert reply == [b"message", b"a", message]
    assert isinstance(reply, Push) == (version == 3)


def test_in_resp3_messages_come_beside_replies(client, subscriber):
    subscriber.call("HELLO", 3)
    assert isinstance(subscribe(subscriber, "a")[0], Push)
    assert client.call("PUBLISH", "a", "x") == 1
    assert subscriber.read_reply() == Push([b"message", b"a", b"x"])
    assert subscriber.call("SET", "k", "v") == Status(b"OK")
    assert subscriber.call("GET", "k") == b"v"


def test_one_may_publish_to_oneself_and_is_answered_first(subscriber):
    subscriber.call("HELLO", 3)
    subscribe(subscriber, "a")
    assert subscriber.call("PUBLISH", "a", "x") == 1
    assert subscriber.read_reply() == Push([b"message", b"a", b"x"])
    for command in (("MULTI",), ("PUBLISH", "a", "y"), ("SET", "k", "v")):
        subscriber.call(*command)
    assert subscriber.call("EXEC") == [1, Status(b"OK")]
    assert subscriber.read_reply() == Push([b"message", b"a", b"y"])


def test_in_resp2_only_a_few_commands_are_left(subscriber):
    subscribe(subscriber, "a")
    error = subscriber.call("GET", "k")
    assert error == ErrorReply(
        b"ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
        b"are allowed in this context")
    assert subscriber.call("PING") == [b"pong", b""]
    assert subscriber.call("UNSUBSCRIBE", "a") == [b"unsubscribe", b"a", 0]
    assert subscriber.call("GET", "k") is None


def test_reset_ends_subscriptions_silently(client, subscriber):
    subscribe(subscriber, "a")
    assert subscriber.call("RESET") == Status(b"RESET")
    assert client.call("PUBLISH", "a", "x") == 0
    assert subscriber.call("PING") == Status(b"PONG")


def test_a_closed_connection_leaves_nothing_behind(server, client, subscriber):
    connections = [server.connect() for _ in range(20)]
    for number, connection in enumerate(connections):
        subscribe(connection, "shared", "own%d" % number)
        connection.call("PSUBSCRIBE", "pattern%d*" % number)
        connection.call("SSUBSCRIBE", "shard%d" % number)
    stats = server.info("stats")
    assert (stats["pubsub_channels"], stats["pubsub_patterns"],
            stats["pubsubshard_channels"]) == ("21", "20", "20")
    assert client.call("PUBSUB", "NUMSUB", "shared") == [b"shared", 20]
    for connection in connections:
        connection.close()
    assert eventually(lambda: client.call("PUBSUB", "CHANNELS") == [])
    assert eventually(lambda: client.call("PUBSUB", "NUMPAT") == 0)
    assert eventually(lambda: client.call("PUBSUB", "SHARDCHANNELS") == [])
    assert client.call("PUBLISH", "shared", "x") == 0


def test_client_list_shows_subscribers(client, subscriber):
    subscriber.call("HELLO", 3)
    subscriber.call("CLIENT", "SETNAME", "listener")
    subscribe(subscriber, "a", "b")
    subscriber.call("PSUBSCRIBE", "p*")
    subscriber.call("SSUBSCRIBE", "s")
    lines = client.call("CLIENT", "LIST", "TYPE", "pubsub").splitlines()
    assert len(lines) == 1
    assert b" name=listener " in lines[0] and b" flags=P " in lines[0]
    assert b" sub=2 psub=1 ssub=1 " in lines[0]
    assert b"listener" not in client.call("CLIENT", "LIST", "TYPE", "normal")
    assert client.call("CLIENT", "KILL", "TYPE", "pubsub") == 1


def test_messages_of_a_publisher_keep_their_order(server):
    listeners = [server.connect() for _ in range(8)]
    publishers = [server.connect() for _ in range(4)]
    for listener in listeners:
        subscribe(listener, "a")
    for start in range(0, 500, 50):
        for number, publisher in enumerate(publishers):
            for index in range(start, start + 50):
                publisher.send("PUBLISH", "a", "%d:%d" % (number, index))
    for publisher in publishers:
        assert [publisher.read_reply() for _ in range(500)] == [8] * 500
    for listener in listeners:
        seen = {number: [] for number in range(4)}
        for _ in range(2000):
            number, index = listener.read_reply()[2].split(b":")
            seen[int(number)].append(int(index))
        assert all(indexes == list(range(500)) for indexes in seen.values())


def test_a_thousand_subscribers_receive_every_message(server, client):
    listeners = [server.connect() for _ in range(1000)]
    for listener in listeners:
        listener.send("SUBSCRIBE", "a")
    for listener in listeners:
        assert listener.read_reply() == SUBSCRIBE_A
    for index in range(20):
        assert client.call("PUBLISH", "a", index) == 1000
    for listener in listeners:
        assert [listener.read_reply()[2] for _ in range(20)] == [b"%d" % i for i in range(20)]
        listener.close()
    assert eventually(lambda: client.call("PUBSUB", "NUMSUB", "a") == [b"a", 0])


def test_a_subscription_sees_nothing_of_before(server, client):
    """What was published before SUBSCRIBE was sent is not delivered, on whatever workers they are."""
    other = server.connect()
    subscribe(other, "a")
    for index in range(300):
        client.send("PUBLISH", "a", "before%d" % index)
        assert client.read_reply() >= 1
        with server.connect() as late:
            subscribe(late, "a")
            client.call("PUBLISH", "a", "after%d" % index)
            assert late.read_reply() == [b"message", b"a", b"after%d" % index]
    other.close()


def test_unsubscribing_while_messages_fly(server):
    """Every confirmation of UNSUBSCRIBE is the last that is heard of its channel."""
    stop = threading.Event()

    def publish():
        with server.connect() as publisher:
            while not stop.is_set():
                publisher.pipeline([("PUBLISH", "c%d" % (i % 5), i) for i in range(50)])

    publishers = [threading.Thread(target=publish) for _ in range(2)]
    for thread in publishers:
        thread.start()
    try:
        end = time.monotonic() + 3
        with server.connect() as listener:
            while time.monotonic() < end:
                channels = [b"c%d" % i for i in range(5)]
                subscribed = set()
                listener.send("SUBSCRIBE", *channels)
                while len(subscribed) < 5:
                    kind, channel, _ = listener.read_reply()
                    assert kind in (b"subscribe", b"message")
                    if kind == b"subscribe":
                        subscribed.add(channel)
                    else:
                        assert channel in subscribed
                listener.send("UNSUBSCRIBE")
                while subscribed:
                    kind, channel, _ = listener.read_reply()
                    assert channel in subscribed
                    if kind == b"unsubscribe":
                        subscribed.remove(channel)
                assert listener.call("PING") == Status(b"PONG")
    finally:
        stop.set()
        for thread in publishers:
            thread.join()


@pytest.mark.ringtail_only
def test_a_subscriber_that_never_reads_is_closed(launch, threads):
    server = launch({"client-output-buffer-limit": "pubsub 2mb 1mb 60"}, threads=threads)
    deaf, listening, publisher = server.connect(), server.connect(), server.connect()
    subscribe(deaf, "a")
    subscribe(listening, "b")
    message = b"x" * 100_000
    assert eventually(lambda: publisher.call("PUBLISH", "a", message) == 0, deadline_s=30)
    assert server.info("stats")["client_output_buffer_limit_disconnections"] == "1"
    assert publisher.call("PUBLISH", "b", "still here") == 1
    assert listening.read_reply() == [b"message", b"b", b"still here"]


def test_the_idle_timeout_spares_subscribers(launch, threads):
    server = launch({"timeout": 1}, threads=threads)
    listener, idler = server.connect(), server.connect()
    subscribe(listener, "a")
    assert idler.call("PING") == Status(b"PONG")
    assert idler.socket.recv(1) == b""      # closed by the server
    with server.connect() as publisher:
        assert publisher.call("PUBLISH", "a", "x") == 1
    assert listener.read_reply() == [b"message", b"a", b"x"]


def test_redis_py_listens_in_a_thread(server):
    connection = redis.Redis(port=server.port)
    received = []
    pubsub = connection.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(a=lambda message: received.append(("a", message["data"])))
    pubsub.psubscribe(**{"b*": lambda message: received.append(("b*", message["data"]))})
    thread = pubsub.run_in_thread(sleep_time=0.01)
    try:
        assert eventually(lambda: connection.publish("a", "1") == 1)
        assert connection.publish("bc", "2") == 1
        assert eventually(lambda: len(received) == 2)
        assert received == [("a", b"1"), ("b*", b"2")]
        assert connection.pubsub_channels() == [b"a"]
        assert connection.pubsub_numpat() == 1
        assert connection.pubsub_numsub("a") == [(b"a", 1)]
    finally:
        thread.stop()
        thread.join()


# Byte for byte beside redis-server. Each list is one connection's conversation.
CONVERSATIONS = [
    ["SUBSCRIBE a a b", "PING", "PING x", "GET x", "PSUBSCRIBE p*", "SSUBSCRIBE s",
     "UNSUBSCRIBE a zz", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "UNSUBSCRIBE", "PING"],
    ["HELLO 3", "SUBSCRIBE a", "MULTI", "SUBSCRIBE c", "SSUBSCRIBE d", "PSUBSCRIBE e",
     "UNSUBSCRIBE c", "GET x", "EXEC", "PING", "RESET", "PING"],
    ["CLIENT REPLY OFF", "SUBSCRIBE a", "UNSUBSCRIBE", "CLIENT REPLY ON"],
    ["CLIENT REPLY SKIP", "SUBSCRIBE a", "PING"],
    ["MULTI", "SUBSCRIBE a", "SSUBSCRIBE x", "PSUBSCRIBE x", "GET a", "EXEC", "GET a",
     "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"],
    ["PUBSUB", "PUBSUB CHANNELS a b", "PUBSUB NUMSUB", "PUBSUB NUMSUB a b", "PUBSUB NUMPAT",
     "PUBSUB NUMPAT x", "PUBSUB FOO", "PUBSUB SHARDCHANNELS a b", "PUBSUB SHARDNUMSUB x",
     "SUBSCRIBE", "PUBLISH a", "SPUBLISH a b", "SPUBLISH a b c",
     "COMMAND INFO subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe publish "
     "spublish pubsub|numsub pubsub|channels pubsub|help"],
    ["SUBSCRIBE a", "MULTI", "EXEC", "CLIENT LIST", "FOO", "SUBSCRIBE", "RESET"],
    ["SUNSUBSCRIBE", "SUNSUBSCRIBE x y", "PUNSUBSCRIBE x", "UNSUBSCRIBE x"],
    ["SUBSCRIBE a", "QUIT"],
]


@pytest.mark.parametrize("lines", CONVERSATIONS, ids=lambda lines: lines[0])
def test_conversations_are_redis_own(server, oracle, lines):
    if lines[0] == "HELLO 3":
        lines = lines[1:]
        prepare = [("HELLO", 3)]
    else:
        prepare = []
    raw = []
    for side in (server, oracle):
        with side.connect() as connection:
            for command in prepare:
                connection.call(*command)
            for line in lines:
                connection.send(*line.split())
            connection.send("RESET")
            received = b""
            while not received.endswith(b"+RESET\r\n") or received.count(b"+RESET") <= (
                    lines.count("RESET")):
                try:
                    data = connection.socket.recv(1 << 16)
                except ConnectionError:
                    data = b""
                if not data:
                    break
                received += data
            raw.append(received)
    assert raw[0] == raw[1]
