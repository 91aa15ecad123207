"""TLS: clients that talk, directives and their reload, and everything that can be wrong."""
import contextlib
import glob
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
import redis

from certificates import Certificates
from resp import Connection, ConnectionClosed, ErrorReply, Status, encode, encode_all
from server_process import ServerFailed, ServerProcess, eventually, free_port

pytestmark = pytest.mark.ringtail_only

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
LARGE_BYTES = 100_000_000

needs_cli = pytest.mark.skipif(shutil.which("redis-cli") is None, reason="no redis-cli")


@pytest.fixture(scope="module", params=[1, 2, 4], ids=lambda count: "threads%d" % count)
def module_server(request, certificates):
    with ServerProcess(threads=request.param, tls=certificates) as process:
        yield process


@pytest.fixture
def start(launch, certificates):
    """start({...}): a server with a plain port for the test's own talk, and TLS on `tls_port`."""
    def launch_both(directives=None, **options):
        port = free_port()
        process = launch({**certificates.directives(port), **(directives or {})}, **options)
        process.tls_port = port
        return process
    return launch_both


@contextlib.contextmanager
def python_client(server, certificates):
    client = redis.Redis(
        host="localhost", port=server.port, ssl=True, ssl_ca_certs=certificates.authority.cert,
        ssl_certfile=certificates.client.cert, ssl_keyfile=certificates.client.key,
        socket_timeout=60)
    try:
        yield client
    finally:
        client.connection_pool.disconnect()     # close() would leave it to the pool


def client_count(server):
    return int(server.info("clients")["connected_clients"])


def open_tls(server, context, **options):
    return Connection(server.tls_port, tls=context, **options)


def cli(server, certificates, *args, stdin=b""):
    done = subprocess.run(
        ["redis-cli", "-h", "localhost", "-p", str(server.port), "--tls", "--cacert",
         certificates.authority.cert, "--cert", certificates.client.cert, "--key",
         certificates.client.key, *args], input=stdin, capture_output=True, timeout=60,
        check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def serial(connection):
    """The serial number of the certificate that the server has shown."""
    return connection.socket.getpeercert()["serialNumber"]


# Clients that talk ------------------------------------------------------------------------------

def test_redis_py(server, certificates):
    with python_client(server, certificates) as client:
        assert client.ping() and client.set("k", "v", ex=100) and client.get("k") == b"v"
        assert client.client_info()["addr"].startswith(("127.0.0.1:", "[::1]:"))
        with client.pipeline(transaction=False) as pipeline:
            for index in range(10_000):
                pipeline.set("k%d" % index, index)
                pipeline.get("k%d" % index)
            assert pipeline.execute()[1::2] == [b"%d" % index for index in range(10_000)]


@needs_cli
def test_redis_cli(server, certificates):
    assert cli(server, certificates, "SET", "k", "v") == "OK\n"
    assert cli(server, certificates, "-3", "GET", "k") == "v\n"
    payload = b"".join(encode("SET", "k%d" % index, "x" * 100) for index in range(5000))
    assert "errors: 0, replies: 5000" in cli(server, certificates, "--pipe", stdin=payload)


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_large_values_both_ways(server, certificates, version):
    value = random.Random(1).randbytes(1 << 20) * (LARGE_BYTES >> 20)
    context = certificates.client_context(version=version)
    with server.connect(tls=context, timeout_s=60) as connection:
        assert connection.call("SET", "large", value) == Status(b"OK")
        assert connection.call("GET", "large") == value
        replies = connection.pipeline([("GET", "large"), ("PING",), ("STRLEN", "large")])
        assert replies == [value, Status(b"PONG"), len(value)]


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_records_of_any_size_make_the_same_requests(server, certificates, version):
    """What ends a record says nothing about what ends a request."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    requests = []
    for index in range(3000):
        size = chance.choice([0, 1, 50, 50, 50, 3000, 16_384, 20_000, 70_000])
        requests += [("SET", "k%d" % (index % 50), bytes([index % 251]) * size),
                     ("STRLEN", "k%d" % (index % 50))]
    payload = encode_all(*requests)
    with server.connect(tls=certificates.client_context(version=version)) as connection:
        # All replies together fit into the sockets' buffers.
        position = 0
        while position < len(payload):
            size = chance.choice([1, 2, 30, 300, 5000, 16_384, 100_000, 300_000])
            connection.send_bytes(payload[position:position + size])
            position += size
        for request in requests:
            expected = Status(b"OK")
            if request[0] == "SET":
                size = len(request[2])
            else:
                expected = size
            assert connection.read_reply() == expected


def test_a_client_that_reads_late_gets_everything(server, certificates):
    """Its replies wait, partly as records, while others are served."""
    value = bytes(range(256)) * 400
    with server.connect() as connection, server.connect() as other:
        assert connection.call("SET", "k", value) == Status(b"OK")
        connection.send_bytes(encode("GET", "k") * 500)
        for _ in range(50):
            assert other.call("PING") == Status(b"PONG")
        for _ in range(500):
            assert connection.read_reply() == value
        assert connection.call("PING") == Status(b"PONG")


def test_a_blocked_client_is_woken(server):
    with server.connect() as waiting, server.connect() as other:
        waiting.send("BLPOP", "list", 0)
        assert eventually(lambda: server.info("clients")["blocked_clients"] == "1")
        other.call("RPUSH", "list", "x")
        assert waiting.read_reply() == [b"list", b"x"]


def test_a_farewell_is_answered(server, certificates):
    """close_notify both ways: what was sent before it is executed, and the end is no accident."""
    connection = server.connect()
    connection.send_bytes(encode("SET", "k", "last words"))
    connection.read_reply()
    connection.socket.unwrap().close()       # waits for the server's farewell
    assert server.call("GET", "k") == b"last words"
    raw = socket.create_connection(("127.0.0.1", server.port))
    context = certificates.client_context()
    with context.wrap_socket(raw, server_hostname="localhost",
                             suppress_ragged_eofs=False) as wrapped:
        wrapped.sendall(encode("QUIT"))
        assert wrapped.recv(100) == b"+OK\r\n"
        assert wrapped.recv(100) == b""      # raises if there is none


def test_requests_before_a_farewell_are_answered(server, certificates):
    """All in one segment: three requests and close_notify."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = certificates.client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as raw:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))
        tls.write(encode("SET", "k", "v") + encode("GET", "k") + encode("PING"))
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        raw.sendall(outgoing.read())
        while data := raw.recv(65536):
            incoming.write(data)
    replies = b""
    try:
        while data := tls.read(65536):
            replies += data
    except ssl.SSLZeroReturnError:
        pass
    assert replies == b"+OK\r\n$1\r\nv\r\n+PONG\r\n"


def test_peers_that_vanish(server, certificates):
    """Without a farewell, in the middle of a record, by a reset: the others do not notice."""
    before = client_count(server)
    for how in range(60):
        connection = server.connect()
        connection.send_bytes(encode("PING"))
        if how % 3 == 0:
            # Half a record: the header announces more than comes.
            socket.socket.send(connection.socket, b"\x17\x03\x03\x01\x00half")
        if how % 3 == 1:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()
    with python_client(server, certificates) as client:
        assert client.ping()
    assert eventually(lambda: client_count(server) <= before)


def test_a_record_that_was_tampered_with_ends_the_connection(server):
    with server.connect() as connection:
        connection.call("SET", "k", "v")
        socket.socket.send(connection.socket, b"\x17\x03\x03\x00\x40" + b"\xa5" * 64)
        with pytest.raises((ssl.SSLError, ConnectionClosed)):
            connection.read_reply()
    assert server.call("GET", "k") == b"v"


@pytest.mark.deadline(120)
def test_a_thousand_clients_come_and_go(server, certificates):
    context = certificates.client_context()
    before = client_count(server)
    failures = []

    def come_and_go():
        try:
            for _ in range(100):
                with server.connect(tls=context) as connection:
                    assert connection.call("PING") == Status(b"PONG")
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    crowd = [threading.Thread(target=come_and_go) for _ in range(10)]
    for member in crowd:
        member.start()
    for member in crowd:
        member.join()
    assert not failures
    assert eventually(lambda: client_count(server) <= before)


# Who is let in ----------------------------------------------------------------------------------

def refused(server, context, pattern):
    """Whether such a client is refused, with a line in the log that says why."""
    expected = "Error accepting a client connection: .*" + pattern
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            with open_tls(server, context) as connection:
                connection.call("PING")
        except (OSError, ConnectionClosed):
            pass
        else:
            return False
        # One line a second tells of a flood, so it may be a later attempt that is told of.
        if server.wait_for_log(expected, 0.2):
            return True
    return False


def test_certificates_that_are_not_trusted(start, certificates, tmp_path):
    server = start()
    stranger = Certificates(str(tmp_path), name="stranger")
    expired = certificates.issue("expired", days=-1)
    assert refused(server, certificates.client_context(pair=None), "did not return a certificate")
    assert refused(server, certificates.client_context(pair=stranger.client),
                   "certificate verify failed")
    assert refused(server, certificates.client_context(pair=expired), "certificate has expired")
    with open_tls(server, certificates.client_context()) as connection:
        assert connection.call("PING") == Status(b"PONG")
    with pytest.raises(ssl.SSLCertVerificationError):
        open_tls(server, stranger.client_context())


@pytest.mark.parametrize("policy, bare, shown, foreign", [
    ("yes", False, True, False), ("optional", True, True, False), ("no", True, True, True)])
def test_auth_clients(start, certificates, tmp_path, policy, bare, shown, foreign):
    server = start({"tls-auth-clients": policy})
    stranger = Certificates(str(tmp_path), name="stranger")

    def is_let_in(pair):
        try:
            with open_tls(server, certificates.client_context(pair=pair)) as connection:
                return connection.call("PING") == Status(b"PONG")
        except (OSError, ConnectionClosed):
            return False

    assert [is_let_in(None), is_let_in(certificates.client), is_let_in(stranger.client)] == [
        bare, shown, foreign]


def test_the_user_in_the_certificate(start, certificates):
    """`default` is a user that always exists; nobody else does here."""
    server = start({"requirepass": "secret", "tls-auth-clients-user": "CN"})
    known = certificates.issue("known", common_name="default")
    with open_tls(server, certificates.client_context(pair=known)) as connection:
        assert connection.call("PING") == Status(b"PONG")
        assert connection.call("CONFIG", "SET", "tls-auth-clients-user", "off") == Status(b"OK")
    with open_tls(server, certificates.client_context(pair=known)) as connection:
        assert connection.call("PING").startswith(b"NOAUTH")
    with server.connect() as admin:
        admin.call("AUTH", "secret")
        admin.call("CONFIG", "SET", "tls-auth-clients-user", "cn")
        assert admin.call("CONFIG", "GET", "tls-auth-clients-user")[1] == b"CN"
        with open_tls(server, certificates.client_context()) as connection:
            assert connection.call("PING").startswith(b"NOAUTH")
        stats = bytes(admin.call("INFO", "stats"))
        assert b"acl_access_denied_tls_cert:1\r\n" in stats


# What is not TLS --------------------------------------------------------------------------------

@pytest.mark.parametrize("payload", [
    b"PING\r\n", encode("SET", "k", "v"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 100,
    b"\x16\x03\x01\xff\xff" + b"\x00" * 100, b"\x16\x03\x01\x00\x05hello",
    b"\x80\x2e\x01\x00\x02" + b"\x01" * 60, os.urandom(2000)],
                         ids=["inline", "resp", "http", "zeros", "long_record", "no_hello", "ssl2",
                              "noise"])
def test_what_is_not_tls_is_hung_up_on(start, payload):
    server = start()
    with Connection(server.tls_port) as connection:
        connection.send_bytes(payload)
        connection.finish_sending()
        answer = connection.read_until_closed()
    assert answer == b"" or answer[:1] == b"\x15"       # an alert
    assert server.call("PING") == Status(b"PONG")


def test_plain_text_on_the_tls_port_is_told_of(start):
    server = start()
    with Connection(server.tls_port) as connection:
        connection.send_bytes(encode("PING"))
        connection.read_until_closed()
    assert server.wait_for_log(r"Error accepting a client connection: .*does not speak TLS\) "
                               r"\(addr=127\.0\.0\.1:\d+\)")


def test_tls_on_the_plain_port_is_answered_with_an_error(start, certificates):
    server = start()
    with pytest.raises((ssl.SSLError, ConnectionError, socket.timeout)):
        Connection(server.port, tls=certificates.client_context(), timeout_s=3)
    assert server.call("PING") == Status(b"PONG")


def client_hello(certificates):
    """The first flight of a client, as bytes."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = certificates.client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_handshakes_that_break_off(start, certificates):
    server = start()
    hello = client_hello(certificates)
    for size in [0, 1, 5, 6, 50, len(hello) - 1, len(hello)]:
        with Connection(server.tls_port) as connection:
            connection.send_bytes(hello[:size])
    with open_tls(server, certificates.client_context()) as connection:
        assert connection.call("PING") == Status(b"PONG")
    assert eventually(lambda: server.info("clients")["connected_clients"] == "1")


def test_mutated_hellos(start, certificates):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    server = start(threads=2)
    hello = bytearray(client_hello(certificates))
    for _ in range(300):
        mutated = bytearray(hello)
        for _ in range(chance.choice([1, 1, 3, 20])):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        with Connection(server.tls_port) as connection:
            connection.send_bytes(mutated)
    assert server.call("PING") == Status(b"PONG")


def test_a_handshake_that_stalls_is_given_up(start, certificates):
    server = start()
    silent = [Connection(server.tls_port, timeout_s=30) for _ in range(20)]
    hello = client_hello(certificates)
    for connection in silent[10:]:
        connection.send_bytes(hello[:100])
    for connection in silent:
        connection.read_until_closed(25)
        connection.close()
    assert server.wait_for_log("the TLS handshake took too long")


def test_maxclients_holds_for_tls(start, certificates):
    server = start({"maxclients": "20"})
    context = certificates.client_context()
    clients = [open_tls(server, context) for _ in range(20)]
    with pytest.raises((OSError, ConnectionClosed)):
        open_tls(server, context)
    for client in clients:
        client.close()

    def is_let_in():
        try:
            with open_tls(server, context) as connection:
                return connection.call("PING") == Status(b"PONG")
        except (OSError, ConnectionClosed):
            return False
    assert eventually(is_let_in)


# Directives -------------------------------------------------------------------------------------

def test_certificates_are_exchanged_while_clients_talk(start, certificates):
    server = start(threads=4)
    context = certificates.client_context()
    stop = threading.Event()
    failures = []

    def talk():
        try:
            while not stop.is_set():
                with open_tls(server, context) as connection:
                    for _ in range(20):
                        assert connection.call("PING") == Status(b"PONG")
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    talkers = [threading.Thread(target=talk) for _ in range(4)]
    for talker in talkers:
        talker.start()
    with open_tls(server, context) as old:
        first = serial(old)
        for index in range(10):
            pair = certificates.issue("next%d" % index)
            assert server.call("CONFIG", "SET", "tls-cert-file", pair.cert, "tls-key-file",
                               pair.key) == Status(b"OK")

            def is_new():
                with open_tls(server, context) as connection:
                    return serial(connection) != first
            assert eventually(is_new)
            first_after = None
            with open_tls(server, context) as connection:
                first_after = serial(connection)
            assert first_after != first
            first = first_after
            assert old.call("PING") == Status(b"PONG")      # keeps what it began with
    stop.set()
    for talker in talkers:
        talker.join()
    assert not failures


def test_the_same_name_is_read_again(start, certificates, tmp_path):
    """A certificate that was renewed in place is taken in by setting its name once more."""
    cert, key = str(tmp_path / "cert"), str(tmp_path / "key")
    shutil.copy(certificates.server.cert, cert)
    shutil.copy(certificates.server.key, key)
    server = start({"tls-cert-file": cert, "tls-key-file": key})
    context = certificates.client_context()
    with open_tls(server, context) as connection:
        before = serial(connection)
    renewed = certificates.issue("renewed")
    shutil.copy(renewed.cert, cert)
    shutil.copy(renewed.key, key)
    assert server.call("CONFIG", "SET", "tls-cert-file", cert) == Status(b"OK")

    def is_renewed():
        with open_tls(server, context) as connection:
            return serial(connection) != before
    assert eventually(is_renewed)


def test_bad_directives_change_nothing(start, certificates, tmp_path):
    server = start()
    context = certificates.client_context()
    other = certificates.issue("other")
    garbage = tmp_path / "garbage"
    garbage.write_text("no certificate")
    missing = str(tmp_path / "missing")
    cases = [
        (["tls-cert-file", missing], "Failed to load certificate: .*missing: No such file"),
        (["tls-cert-file", str(garbage)], "Failed to load certificate: .*garbage: no start line"),
        (["tls-key-file", missing], "Failed to load private key: .*missing: No such file"),
        (["tls-key-file", other.key], "key values mismatch|does not belong"),
        (["tls-cert-file", other.cert], "key values mismatch|does not belong"),
        (["tls-ca-cert-file", missing], "Failed to load CA certificate.*missing"),
        (["tls-ca-cert-dir", missing], "Failed to load CA certificate.*missing"),
        (["tls-dh-params-file", str(garbage)], "Failed to load DH params file: .*garbage"),
        (["tls-ca-cert-file", ""], "Either tls-ca-cert-file or tls-ca-cert-dir must be"),
        (["tls-cert-file", ""], "No tls-cert-file configured!"),
        (["tls-protocols", "TLSv1.2 SSLv2"], "Invalid tls-protocols 'SSLv2'"),
        (["tls-ciphers", "NOSUCH"], "Failed to configure ciphers"),
        (["tls-ciphersuites", "NOSUCH"], "Failed to configure ciphersuites"),
        (["tls-client-cert-file", missing], "Failed to load certificate|No tls-key-file"),
        # Several at once: all or none.
        (["tls-session-caching", "no", "tls-cert-file", other.cert, "tls-key-file", missing],
         "Failed to load private key"),
    ]
    before = server.call("CONFIG", "GET", "tls-*")
    for words, pattern in cases:
        answer = server.call("CONFIG", "SET", *words)
        assert isinstance(answer, ErrorReply) and re.search(pattern, answer.decode()), answer
        assert answer.startswith(b"ERR CONFIG SET failed (possibly related to argument 'tls-")
        assert server.call("CONFIG", "GET", "tls-*") == before
        with open_tls(server, context) as connection:
            assert connection.call("PING") == Status(b"PONG")


@pytest.mark.parametrize("directives, pattern", [
    ({"tls-cert-file": "/nowhere"}, "Failed to configure TLS: Failed to load cert.*: /nowhere"),
    ({"tls-key-file": '""'}, "Failed to configure TLS: No tls-key-file configured!"),
    ({"tls-ca-cert-file": '""'}, "Failed to configure TLS: Either tls-ca-cert-file")])
def test_a_server_that_cannot_speak_tls_does_not_start(certificates, directives, pattern):
    process = ServerProcess(directives={**certificates.directives(free_port()), **directives})
    with pytest.raises(ServerFailed, match=pattern):
        process.start()
    assert process.wait_for_exit() == 1
    shutil.rmtree(process.directory)


def test_the_port_is_changed(start, certificates):
    server = start()
    context = certificates.client_context()
    old, new = server.tls_port, free_port()
    with open_tls(server, context) as connection:
        assert connection.call("CONFIG", "SET", "tls-port", new) == Status(b"OK")
        with Connection(new, tls=context) as moved:
            assert moved.call("PING") == Status(b"PONG")

        def is_closed(port):
            try:
                Connection(port).close()
            except ConnectionRefusedError:
                return True
            return False
        assert eventually(lambda: is_closed(old))
        assert connection.call("PING") == Status(b"PONG")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            answer = connection.call("CONFIG", "SET", "tls-port", taken.getsockname()[1])
            assert b"Unable to listen on this port" in answer
        with Connection(new, tls=context) as moved:
            assert moved.call("CONFIG", "SET", "tls-port", 0) == Status(b"OK")
            assert eventually(lambda: is_closed(new))
            assert moved.call("CONFIG", "GET", "tls-port")[1] == b"0"


def test_tls_is_switched_on_while_the_server_runs(launch, certificates):
    server = launch()
    server.tls_port = free_port()
    assert b"No tls-cert-file configured!" in server.call("CONFIG", "SET", "tls-port",
                                                          server.tls_port)
    words = [word for item in certificates.directives(server.tls_port).items() for word in item]
    assert server.call("CONFIG", "SET", *words) == Status(b"OK")
    with open_tls(server, certificates.client_context()) as connection:
        assert connection.call("PING") == Status(b"PONG")


def test_an_encrypted_key(start, certificates):
    pair = certificates.issue("locked", password="open sesame")
    files = {"tls-cert-file": pair.cert, "tls-key-file": pair.key}
    server = start({**files, "tls-key-file-pass": '"open sesame"'})
    with open_tls(server, certificates.client_context()) as connection:
        assert connection.call("PING") == Status(b"PONG")
    answer = server.call("CONFIG", "SET", "tls-key-file-pass", "wrong")
    assert b"Failed to load private key" in answer
    assert b"Failed to load private key" in server.call("CONFIG", "SET", "tls-key-file-pass", "")


def test_a_directory_of_authorities(start, certificates, tmp_path):
    shutil.copy(certificates.authority.cert, tmp_path / "ca.pem")
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True)
    assert glob.glob(str(tmp_path / "*.0"))
    server = start({"tls-ca-cert-file": '""', "tls-ca-cert-dir": str(tmp_path)})
    with open_tls(server, certificates.client_context()) as connection:
        assert connection.call("PING") == Status(b"PONG")


def test_versions_and_ciphers(start, certificates):
    server = start({"tls-protocols": "TLSv1.2", "tls-ciphers": "ECDHE-ECDSA-CHACHA20-POLY1305"})
    with open_tls(server, certificates.client_context()) as connection:
        assert connection.socket.version() == "TLSv1.2"
        assert connection.socket.cipher()[0] == "ECDHE-ECDSA-CHACHA20-POLY1305"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        open_tls(server, certificates.client_context(version=ssl.TLSVersion.TLSv1_3))
    assert server.call("CONFIG", "SET", "tls-protocols", "TLSv1.3", "tls-ciphersuites",
                       "TLS_CHACHA20_POLY1305_SHA256") == Status(b"OK")

    def speaks_13():
        try:
            with open_tls(server, certificates.client_context()) as connection:
                return connection.socket.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256"
        except ssl.SSLError:
            return False
    assert eventually(speaks_13)


@pytest.mark.parametrize("caching", ["yes", "no"])
def test_sessions_are_resumed(start, certificates, caching):
    server = start({"tls-session-caching": caching, "tls-protocols": "TLSv1.2"})
    context = certificates.client_context(version=ssl.TLSVersion.TLSv1_2)
    with open_tls(server, context) as first:
        assert first.call("PING") == Status(b"PONG")
        session = first.socket.session
    raw = socket.create_connection(("127.0.0.1", server.tls_port))
    with context.wrap_socket(raw, server_hostname="localhost", session=session) as second:
        assert second.session_reused == (caching == "yes")


def test_info_and_metrics(launch, certificates):
    server = launch({"port": 0, "http-port": free_port(), **certificates.directives(free_port())},
                    tls=certificates)
    with Connection(server.port) as plain:
        plain.send_bytes(b"no TLS\r\n")
        plain.read_until_closed()
    info = server.info("server")
    assert info["tcp_port"] == str(server.port)
    assert info["listener2"] == "name=tls,bind=127.0.0.1,port=%d" % server.port
    assert "listener0" not in info
    with socket.create_connection(("127.0.0.1", server.directives["http-port"])) as http:
        http.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        page = b""
        while data := http.recv(65536):
            page += data
    assert int(re.search(rb"\nringtail_tls_handshakes_total (\d+)", page).group(1)) > 0
    assert re.search(rb"\nringtail_tls_handshake_failures_total 1\n", page)


def test_passwords_of_keys_are_not_shown(start):
    server = start({"slowlog-log-slower-than": "0"})
    server.call("CONFIG", "SET", "tls-key-file-pass", "hush", "tls-client-key-file-pass", "hush")
    assert "hush" not in repr(server.call("SLOWLOG", "GET", "10"))
