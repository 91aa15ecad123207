"""What the server makes of bytes: well-formed, cut anywhere, malformed, hostile. Redis is the
reference."""
import errno
import itertools
import random
import re
import socket

import pytest

from conversation import Answer, converse, server_has_turned
from resp import ConnectionClosed, ErrorReply, Status, encode, encode_all
from server_process import ServerProcess, eventually, oracle_binary

PING = b"*1\r\n$4\r\nPING\r\n"
GET = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
SET = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"

# Requests that are answered and leave the connection in order.
CORPUS = [
    PING, GET, SET, b"PING\r\n", b"PING\n", b"  ping  \r\n", b"PING hello\r\n",
    b"GET k\r\nGET k\r\n", b"SET k \"a b\\x41\\n\\\"\"\r\nGET k\r\n",
    b"SET k 'it\\'s'\r\nGET k\r\n", b"ECHO \"\"\r\n", b"ECHO ''\r\n", SET + GET + PING + SET,
    b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
    b"*2\r\n$4\r\nECHO\r\n$8\r\n\r\n$4\r\n*1\r\n",
    encode("SET", b"b\x00\r\n", b"\xff\xfe") + encode("GET", b"b\x00\r\n"),
    b"*1\r\n$7\r\nNOSUCH!\r\n", b"*1\r\n$3\r\nGET\r\n", b"*1\r\n$0\r\n\r\n", b"nosuch a b c\r\n",
    encode("MSET", "a", 1, "b", 2) + encode("MGET", "a", "b"),
    encode("SET", "big", "x" * 3000) + encode("STRLEN", "big"),
]
EMPTY_REQUESTS = [b"*0\r\n", b"*-1\r\n", b"\r\n", b"\n", b"   \r\n", b"*-10\r\n"]

LENGTHS = [
    b"-9223372036854775809", b"-9223372036854775808", b"-4294967297", b"-2147483649",
    b"-2147483648", b"-2", b"-1", b"-0", b"+1", b"01", b"00", b"", b" 1", b"1 ", b"1.0", b"1e3",
    b"0x1", b"abc", b"--1", b"-", b"536870913", b"1073741824", b"2147483647", b"2147483648",
    b"4294967295", b"4294967296", b"4294967297", b"9223372036854775807", b"9223372036854775808",
    b"18446744073709551615", b"18446744073709551616", b"99999999999999999999999999"]

# Not RESP: answered with an error, and then the connection is closed, or not answered at all.
MALFORMED = [
    b"*1\r\n+PING\r\n", b"*1\r\n:4\r\n", b"*1\r\n*1\r\n$4\r\nPING\r\n",
    b"*2\r\n$4\r\nECHO\r\n*1\r\n$1\r\nx\r\n", b"*1\r\nPING\r\n", b"*1\r\n\r\n", b"*1\r\n-ERR\r\n",
    b"*1\r\n_\r\n", b"ECHO \"unbalanced\r\n", b"ECHO 'unbalanced\r\n", b"ECHO \"a\"b\r\n",
    b"ECHO 'a'b\r\n", b"\"\r\n", b"'\r\n", b"ECHO a\"b c\"\r\n", b"ECHO \"\\\r\n",
    b"ECHO \"\\x4\"\r\n", b"ECHO \"\\xzz\"\r\n", b"ECHO 'a\\n'\r\n", b"+OK\r\n",
    b"$4\r\nPING\r\n", b":1\r\n", b"-ERR\r\n", b"%1\r\n+a\r\n+b\r\n",
]
# More digits than a line may have: which of two errors it is depends on how the bytes arrive.
ENDLESS_LENGTHS = [b"*" + b"1" * 70000, b"*1\r\n$" + b"1" * 70000,
                   b"*3\r\n$3\r\nSET\r\n$" + b"9" * 70000]
# Redis looks for the end of a line with strchr, so behind a zero byte it waits for ever. We need
# not.
WITH_ZERO_BYTES = [
    b"*1\r\n\x00\r\n", b"\x00\x01\x02\r\n", b"*\x00\r\n", b"*1\x00\r\n", b"*1\r\n$\x00\r\n",
    b"ECHO a\x00b\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"]
HTTP = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nUser-Agent: x\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", b"post /\r\n", b"POST\r\n",
    b"Host: example.com\r\n", b"host: example.com\r\n", encode("POST", "x"), encode("HOST:", "x"),
    PING + b"POST / HTTP/1.1\r\n\r\n", b"PUT / HTTP/1.1\r\nAccept: */*\r\nHost: x\r\n\r\n",
]


def test_the_marker_itself_is_answered(server):
    assert converse(server, PING) == Answer(b"+PONG\r\n", True)


@pytest.mark.parametrize("payload", CORPUS + EMPTY_REQUESTS + MALFORMED,
                         ids=lambda payload: repr(payload[:40]))
def test_answers_as_redis_does(server, oracle, payload):
    assert converse(server, payload) == converse(oracle, payload)


@pytest.mark.parametrize("payload", HTTP, ids=lambda payload: repr(payload[:40]))
def test_hangs_up_on_http(server, oracle, payload):
    """Redis drops the replies to the lines before; we send them."""
    assert not converse(oracle, payload).is_open
    answer = converse(server, payload)
    assert not answer.is_open
    assert re.fullmatch(rb"((-ERR [^\r\n]*|\+PONG)\r\n)*", answer.received)


@pytest.mark.parametrize("payload", ENDLESS_LENGTHS, ids=lambda payload: repr(payload[:20]))
def test_endless_lengths_are_refused(server, oracle, payload):
    for process in (server, oracle):
        answer = converse(process, payload)
        assert not answer.is_open
        assert re.fullmatch(
            rb"-ERR Protocol error: (too big m?bulk count string|invalid (multi)?bulk length)\r\n",
            answer.received)


@pytest.mark.parametrize("length", LENGTHS)
def test_edge_of_the_multibulk_count(server, oracle, length):
    payload = b"*" + length + b"\r\n"
    if converse(oracle, payload).is_open or _is_waited_for(oracle, payload):
        # Either an empty request, or a count Redis would wait for: no answer in both cases.
        with server.connect() as connection:
            connection.send_bytes(payload)
            server_has_turned(server)
            assert connection.is_silent_for(0.02)
    else:
        assert converse(server, payload) == converse(oracle, payload)


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("length", LENGTHS)
def test_edge_of_a_bulk_length(server, oracle, length, position):
    words = [b"$3\r\nSET\r\n", b"$1\r\nk\r\n", b"$1\r\nv\r\n"]
    payload = b"*3\r\n" + b"".join(words[:position]) + b"$" + length + b"\r\n"
    if _is_waited_for(oracle, payload):
        with server.connect() as connection:
            connection.send_bytes(payload)
            server_has_turned(server)
            assert connection.is_silent_for(0.02)
    else:
        assert converse(server, payload) == converse(oracle, payload)


def _is_waited_for(oracle, payload):
    """Whether Redis takes this for the beginning of a request."""
    with oracle.connect() as connection:
        connection.send_bytes(payload)
        server_has_turned(oracle)
        return connection.is_silent_for(0.02)


def test_bulk_lengths_around_the_limit(launch, launch_oracle, threads):
    limits = {"proto-max-bulk-len": "1mb"}
    servers = [launch(limits, threads=threads), launch_oracle(limits)]
    for size in (1048575, 1048576):
        payload = encode_all(("SET", "k", b"x" * size), ("STRLEN", "k"))
        assert [converse(process, payload) for process in servers] == [
            Answer(b"+OK\r\n:%d\r\n" % size, True)] * 2
    for process in servers:
        answer = converse(process, encode("SET", "k", b"x" * 1048577))
        assert not answer.is_open
        # With bytes still unread the kernel may drop the error on close.
        assert answer.received in (b"-ERR Protocol error: invalid bulk length\r\n", b"")


# Any cut, any order -----------------------------------------------------------------------------

@pytest.mark.parametrize("payload", CORPUS, ids=lambda payload: repr(payload[:30]))
def test_every_split_point_answers_the_same(server, payload):
    whole = converse(server, payload)
    cuts = range(1, len(payload))
    if len(cuts) > 400:
        cuts = random.Random(1).sample(cuts, 60)
    with server.connect() as connection:
        for cut in cuts:
            server.call("FLUSHALL")
            pieces = [payload[:cut], payload[cut:]]
            assert converse(server, payload, pieces,
                            connection=connection) == whole, "cut at %d" % cut


@pytest.mark.parametrize("payload", [request for request in CORPUS if len(request) < 60],
                         ids=lambda payload: repr(payload[:30]))
def test_byte_by_byte_answers_the_same(server, payload):
    whole = converse(server, payload)
    server.call("FLUSHALL")
    pieces = [payload[index:index + 1] for index in range(len(payload))]
    assert converse(server, payload, pieces) == whole


@pytest.mark.parametrize("empty", EMPTY_REQUESTS, ids=repr)
def test_every_request_behind_an_empty_one_at_every_cut(server, empty):
    with server.connect() as connection:
        for payload in (PING, GET, b"PING\r\n", SET + GET):
            server.call("FLUSHALL")
            wanted = converse(server, payload)
            both = empty + payload
            for cut in range(1, len(both)):
                server.call("FLUSHALL")
                got = converse(server, both, [both[:cut], both[cut:]], connection=connection)
                assert got == wanted, "%r cut at %d" % (payload, cut)


@pytest.mark.parametrize("payload", HTTP, ids=lambda payload: repr(payload[:40]))
def test_hangs_up_on_http_wherever_it_is_cut(server, payload):
    for cut in range(1, len(payload)):
        assert not converse(server, payload, [payload[:cut],
                                              payload[cut:]]).is_open, "cut at %d" % cut


@pytest.mark.parametrize("payload", WITH_ZERO_BYTES, ids=repr)
def test_zero_bytes_harm_nobody(server, payload):
    with server.connect() as connection:
        connection.send_bytes(payload + PING * 3)
        connection.finish_sending()
        connection.read_until_closed()
    assert server.call("PING") == Status(b"PONG")


@pytest.mark.parametrize("payload", [item for item in MALFORMED if len(item) < 200],
                         ids=lambda payload: repr(payload[:30]))
def test_malformed_bytes_in_two_pieces_end_the_same(server, payload):
    whole = converse(server, payload)
    for cut in range(1, len(payload)):
        answer = converse(server, payload, [payload[:cut], payload[cut:]])
        assert answer == whole, "cut at %d" % cut


def send_and_end(connection, data):
    """Sends and says that no more will come; the server may well hang up in the middle."""
    try:
        connection.send_bytes(data)
        connection.finish_sending()
    except (ConnectionResetError, BrokenPipeError):
        pass
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def test_random_junk_never_stops_the_server(server):
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    alphabet = [b"*", b"$", b"\r\n", b"\n", b"\r", b"1", b"3", b"-1", b"999", b"GET", b"SET",
                b"PING", b"\x00", b"\xff", b"\"", b"'", b" ", b"k", b"\\x", b"+", b":", b"_",
                b"%", b"HELLO", b"MULTI"]
    for _ in range(400):
        payload = b"".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 60)))
        with server.connect() as connection:
            send_and_end(connection, payload)
            connection.read_until_closed()
    for _ in range(200):
        with server.connect() as connection:
            send_and_end(connection, chance.randbytes(chance.randrange(1, 5000)))
            connection.read_until_closed()
    assert server.call("PING") == Status(b"PONG")


def test_mutated_requests_never_stop_the_server(server):
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(600):
        payload = bytearray(b"".join(chance.choice(CORPUS) for _ in range(3)))
        for _ in range(chance.randrange(1, 5)):
            kind, place = chance.randrange(3), chance.randrange(len(payload))
            if kind == 0:
                payload[place] = chance.randrange(256)
            elif kind == 1:
                del payload[place]
            else:
                payload.insert(place, chance.randrange(256))
        with server.connect() as connection:
            send_and_end(connection, payload)
            connection.read_until_closed()
    assert server.call("PING") == Status(b"PONG")


def test_requests_before_the_end_of_a_half_closed_connection_are_answered(server):
    with server.connect() as connection:
        connection.send_bytes(SET + GET + PING)
        connection.finish_sending()
        assert connection.read_until_closed() == b"+OK\r\n$1\r\nv\r\n+PONG\r\n"


def test_half_a_request_then_silence_then_the_rest(server):
    with server.connect() as connection:
        connection.send_bytes(SET[:-4])
        server_has_turned(server)
        assert connection.is_silent_for(0.05)
        connection.send_bytes(SET[-4:])
        assert connection.read_reply() == Status(b"OK")


def test_half_a_request_then_gone(server):
    for cut in range(1, len(SET)):
        with server.connect() as connection:
            connection.send_bytes(SET[:cut])
    assert server.call("EXISTS", "k") == 0
    assert server.call("PING") == Status(b"PONG")


def test_requests_before_a_protocol_error_are_executed(server, oracle):
    payload = SET + GET + b"*1\r\n+x\r\n" + PING
    answer = converse(server, payload)
    assert answer == converse(oracle, payload)
    assert server.call("GET", "k") == b"v"


# Many and large ---------------------------------------------------------------------------------

def test_a_pipeline_of_10_000_requests_in_one_write(client):
    count = 10_000
    payload = b"".join(encode("INCR", "n") for _ in range(count))
    client.send_bytes(payload)
    assert [client.read_reply() for _ in range(count)] == list(range(1, count + 1))


def test_a_pipeline_of_mixed_errors_keeps_its_order(client):
    requests = []
    for index in range(2000):
        requests += [("SET", "k%d" % index, index), ("GET",), ("nosuch", index),
                     ("GET", "k%d" % index)]
    replies = client.pipeline(requests)
    for index in range(2000):
        ok, arity, unknown, value = replies[4 * index:4 * index + 4]
        assert (ok, value) == (Status(b"OK"), b"%d" % index)
        assert arity == ErrorReply(b"ERR wrong number of arguments for 'get' command")
        assert unknown.startswith(b"ERR unknown command 'nosuch'")


def test_a_request_of_100_000_arguments(client):
    keys = ["k%d" % index for index in range(50_000)]
    assert client.call("MSET", *itertools.chain.from_iterable((key,
                                                               key)
                                                              for key in keys)) == Status(b"OK")
    assert client.call("MGET", *keys) == [key.encode() for key in keys]
    assert client.call("DEL", *keys) == 50_000


def test_replies_pile_up_for_a_client_that_reads_late(server):
    with server.connect() as connection:
        connection.call("SET", "k", b"x" * 10_000)
        connection.send_bytes(encode("GET", "k") * 3000)
        server_has_turned(server)
        for _ in range(3000):
            assert len(connection.read_raw_reply()) == 10_010


def test_the_reply_is_right_for_each_size_around_the_buffers(client):
    for exponent in range(4, 21):
        for size in (2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 1):
            value = random.Random(size).randbytes(size)
            assert client.call("SET", "k", value) == Status(b"OK")
            assert client.call("GET", "k") == value


# RESP3 ------------------------------------------------------------------------------------------

def test_hello_switches_between_the_protocols(client):
    hello = client.call("HELLO", "3")
    assert isinstance(hello, dict) and hello[b"proto"] == 3
    assert client.pipeline([("GET", "none")]) == [None]
    client.send("GET", "none")
    assert client.read_raw_reply() == b"_\r\n"
    hello = client.call("HELLO", "2")
    assert isinstance(hello, list) and hello[hello.index(b"proto") + 1] == 2
    client.send("GET", "none")
    assert client.read_raw_reply() == b"$-1\r\n"


@pytest.mark.parametrize("kind", ["string", "integer", "double", "null", "array", "set", "map",
                                  "attrib", "push", "bignum", "true", "false", "verbatim"])
@pytest.mark.parametrize("version", [2, 3])
def test_each_resp3_type_has_redis_s_bytes(server, oracle, kind, version):
    answers = []
    for process in (server, oracle):
        with process.connect() as connection:
            connection.call("HELLO", version)
            answers.append(converse(process, encode("DEBUG", "PROTOCOL", kind),
                                    connection=connection))
    assert answers[0] == answers[1] and answers[0].is_open


def test_reset_returns_to_resp2_and_database_0(client):
    client.call("HELLO", "3")
    client.call("SELECT", 5)
    client.call("SET", "k", "in 5")
    assert client.call("RESET") == Status(b"RESET")
    client.send("GET", "k")
    assert client.read_raw_reply() == b"$-1\r\n"


def test_quit_answers_and_closes(client):
    client.send_bytes(encode("QUIT") + PING)
    assert client.read_until_closed() == b"+OK\r\n"


# Before AUTH ------------------------------------------------------------------------------------

UNAUTHENTICATED = [
    b"*11\r\n", b"*10\r\n" + b"$1\r\nx\r\n" * 10, b"*2\r\n$16385\r\n",
    b"*2\r\n$4\r\nECHO\r\n$16385\r\n", b"*2\r\n$4\r\nECHO\r\n$16384\r\n" + b"x" * 16384 + b"\r\n",
    PING, GET, b"PING\r\n", b"AUTH wrong\r\n", b"AUTH secret\r\nPING\r\n",
    b"AUTH default secret\r\nPING\r\n", b"AUTH nobody secret\r\n", b"AUTH\r\n", b"AUTH a b c\r\n",
    b"HELLO\r\n", b"HELLO 3\r\n", b"RESET\r\n", b"nosuch\r\n", b"GET\r\n", b"*1048577\r\n",
    b"HELLO 2 AUTH default wrong\r\n", b"HELLO 4\r\n", b"COMMAND\r\n", b"CLIENT ID\r\n",
    b"QUIT\r\n", b"AUTH secret\r\n" + encode("ECHO", "x" * 20000),
    b"AUTH secret\r\nRESET\r\nPING\r\n",
]


@pytest.fixture(scope="module")
def secured(module_server):
    """A server and a redis-server that want a password."""
    if oracle_binary() is None:
        pytest.skip("no redis-server 7.0 to compare with")
    directives = {"requirepass": "secret"}
    with ServerProcess(threads=module_server.threads, directives=directives) as mine, \
            ServerProcess(binary=oracle_binary(), directives=directives) as theirs:
        yield mine, theirs


@pytest.mark.parametrize("payload", UNAUTHENTICATED, ids=lambda payload: repr(payload[:40]))
def test_before_auth_answers_as_redis_does(secured, payload):
    answers = [_converse_unauthenticated(process, payload) for process in secured]
    assert answers[0] == answers[1]


def _converse_unauthenticated(process, payload):
    """Like converse(), but the marker is an unknown command, since ECHO is refused before AUTH."""
    with process.connect() as connection:
        connection.send_bytes(payload + b"AUTH secret\r\nECHO end-of-answer\r\n")
        received = bytearray()
        while b"$13\r\nend-of-answer\r\n" not in received:
            try:
                received += connection.read_raw_reply()
            except ConnectionClosed as closed:
                return bytes(received + closed.received), "closed"
        return bytes(received), "open"


@pytest.mark.ringtail_only
@pytest.mark.deadline(240)
def test_unauthenticated_clients_that_never_read_cost_little(launch, threads):
    process = launch({"requirepass": "secret", "maxclients": 5000}, threads=threads)
    before_bytes = process.rss_bytes()
    connections = []
    try:
        for _ in range(1000):
            connection = process.connect()
            connection.socket.setblocking(False)
            connections.append(connection)
            try:
                for _ in range(20):
                    connection.socket.send(GET * 500)
            except OSError:
                pass
        # Its turn comes after ten million refusals, each ten times as dear under a sanitizer.
        with process.connect(timeout_s=120 if process.is_sanitized else 15) as late:
            assert late.call("AUTH", "secret") == Status(b"OK")
        assert process.rss_bytes() - before_bytes < 64 << 20
    finally:
        for connection in connections:
            connection.close()


# Memory and time --------------------------------------------------------------------------------

@pytest.mark.parametrize("announcement", [
    b"*2\r\n$3\r\nGET\r\n$1073741824\r\n", b"*1048576\r\n", b"*2147483647\r\n",
    b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\nabc", b"*1000000\r\n$4\r\nMGET\r\n"])
def test_what_is_announced_but_not_sent_takes_no_memory(launch, threads, announcement):
    process = launch({"proto-max-bulk-len": "2gb"}, threads=threads)
    process.call("PING")
    before_bytes = process.rss_bytes()
    connections = [process.connect() for _ in range(50)]
    for connection in connections:
        connection.send_bytes(announcement)
    server_has_turned(process)
    assert process.call("PING") == Status(b"PONG")
    # redis-server allocates a million pointers for a million announced arguments, but touches
    # none.
    assert process.rss_bytes() - before_bytes < 50 * 64 * 1024 + (16 << 20)
    for connection in connections:
        connection.close()


def test_a_client_that_exceeds_its_output_limit_is_closed(launch, threads):
    process = launch({"client-output-buffer-limit": "normal 1mb 0 0"}, threads=threads)
    with process.connect() as connection:
        connection.call("SET", "k", b"x" * 500_000)
        connection.send_bytes(encode("GET", "k") * 1000)
        received = connection.read_until_closed(20)
        assert len(received) < 500_000 * 1000
    assert process.call("PING") == Status(b"PONG")


def test_a_client_over_its_soft_output_limit_is_closed_in_time(launch, threads):
    process = launch({"client-output-buffer-limit": "normal 0 1mb 1"}, threads=threads)
    with process.connect() as lazy:
        lazy.call("CLIENT", "SETNAME", "lazy")
        lazy.call("SET", "k", b"x" * 500_000)
        lazy.send_bytes(encode("GET", "k") * 100)
        assert eventually(lambda: b"name=lazy" not in process.call("CLIENT", "LIST"), 15)


def test_the_client_after_the_last_is_refused(launch, launch_oracle, threads):
    answers = []
    for process in (launch({"maxclients": 10}, threads=threads),
                    launch_oracle({"maxclients": 10})):
        connections = [process.connect() for _ in range(10)]
        for connection in connections:
            assert eventually(lambda: connection.call("PING") == Status(b"PONG"))
        with process.connect() as refused:
            answers.append(refused.read_until_closed())
        for connection in connections:
            connection.close()
        assert eventually(lambda: _answers(process))
        assert int(process.info("stats")["rejected_connections"]) >= 1
    assert answers[0] == answers[1] == b"-ERR max number of clients reached\r\n"


def _answers(process):
    try:
        return process.call("PING") == Status(b"PONG")
    except (ConnectionClosed, OSError):
        return False


def test_an_idle_client_is_closed_after_the_timeout(launch, threads):
    process = launch({"timeout": 1}, threads=threads)
    with process.connect() as idle, process.connect() as half:
        assert idle.call("PING") == Status(b"PONG")
        half.send_bytes(SET[:10])
        assert idle.read_until_closed(10) == b""
        assert half.read_until_closed(10) == b""


def test_the_query_buffer_limit_closes_the_client(launch, launch_oracle, threads):
    for process in (launch({"client-query-buffer-limit": "1mb"}, threads=threads),
                    launch_oracle({"client-query-buffer-limit": "1mb"})):
        with process.connect() as connection:
            announcement = b"*2\r\n$4\r\nECHO\r\n$100000000\r\n"
            send_and_end(connection, announcement + b"x" * 20_000_000)
            assert connection.read_until_closed() == b""
        assert process.call("PING") == Status(b"PONG")


def test_an_inline_request_without_end_is_refused(server, oracle):
    answers = []
    for process in (server, oracle):
        with process.connect() as connection:
            send_and_end(connection, b"A" * 200_000)
            answers.append(connection.read_until_closed())
    # With bytes still unread the kernel may drop the error on close.
    assert answers[0] in (answers[1], b"-ERR Protocol error: too big inline request\r\n", b"")


def test_slow_clients_do_not_slow_the_others(launch, threads):
    process = launch(threads=threads)
    slow = []
    for index in range(500):
        connection = process.connect()
        connection.send_bytes(SET[:1 + index % (len(SET) - 1)])
        slow.append(connection)
    with process.connect() as healthy:
        for index in range(2000):
            assert healthy.call("SET", "h", index) == Status(b"OK")
    for index, connection in enumerate(slow):
        connection.send_bytes(SET[1 + index % (len(SET) - 1):])
        assert connection.read_reply() == Status(b"OK")
        connection.close()
