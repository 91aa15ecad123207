"""The HTTP listener: metrics for Prometheus and the health of the server. Redis has none."""
import http.client
import re
import socket

import pytest

from resp import Status
from server_process import eventually, free_port

pytestmark = pytest.mark.ringtail_only

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$')


@pytest.fixture
def web(launch, threads):
    """A server with its HTTP listener, and that listener's port."""
    port = free_port()
    server = launch({"http-port": port}, threads=threads)
    return server, port


def get(port, path, method="GET", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers or {})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


def metrics(port):
    """The samples as {name or name{labels}: value}; fails on a line that Prometheus could not
    read."""
    response, body = get(port, "/metrics")
    assert response.status == 200
    assert response.getheader("Content-Type").startswith("text/plain; version=0.0.4")
    samples, typed = {}, set()
    for line in body.splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in typed, "%s has two types" % name
            typed.add(name)
        elif line and not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, "not a sample: %r" % line
            key = match.group(1) + (match.group(2) or "")
            assert key not in samples, "%s twice" % key
            samples[key] = float(match.group(3))
    return samples


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health"])
def test_health_answers_200(web, path):
    _, port = web
    response, body = get(port, path)
    assert response.status == 200 and body


def test_unknown_paths_and_methods_are_refused(web):
    _, port = web
    assert get(port, "/nosuch")[0].status == 404
    assert get(port, "/metrics", method="POST")[0].status in (404, 405)
    assert get(port, "/metrics", method="DELETE")[0].status in (404, 405)


def test_metrics_have_redis_exporter_s_names(web):
    server, port = web
    with server.connect() as connection:
        connection.pipeline([("SET", "k%d" % index, "x") for index in range(100)])
        connection.pipeline([("GET", "k1"), ("GET", "none")])
    samples = metrics(port)
    for name in ("redis_up", "redis_memory_used_bytes", "redis_memory_max_bytes",
                 "redis_connected_clients", "redis_commands_processed_total",
                 "redis_connections_received_total", "redis_keyspace_hits_total",
                 "redis_keyspace_misses_total", "redis_expired_keys_total",
                 "redis_evicted_keys_total", "redis_uptime_in_seconds",
                 "redis_net_input_bytes_total", "redis_net_output_bytes_total"):
        assert name in samples, name
    assert samples["redis_up"] == 1
    assert samples['redis_db_keys{db="db0"}'] == 100
    assert samples["redis_keyspace_hits_total"] == 1
    assert samples["redis_keyspace_misses_total"] == 1
    assert samples['redis_commands_total{cmd="set"}'] == 100


def test_metrics_agree_with_info(web):
    server, port = web
    samples, info = metrics(port), server.info()
    assert abs(samples["redis_memory_used_bytes"] - int(info["used_memory"])) < 4 << 20
    assert samples["redis_uptime_in_seconds"] <= int(info["uptime_in_seconds"]) + 1


def test_counters_only_grow(web):
    server, port = web
    first = metrics(port)
    with server.connect() as connection:
        connection.pipeline([("PING",)] * 500)
    second = metrics(port)
    name = "redis_commands_processed_total"
    assert second[name] >= first[name] + 500
    assert all(second[name] >= value for name, value in first.items() if name.endswith("_total"))


def test_scrapes_do_not_stand_in_the_way_of_clients(web):
    server, port = web
    with server.connect() as connection:
        for _ in range(50):
            metrics(port)
            assert connection.call("PING") == Status(b"PONG")


def test_slow_and_broken_http_clients_do_no_harm(web):
    server, port = web
    slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET /metr")
    for junk in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"*1\r\n$4\r\nPING\r\n",
                 b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
                 b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + b"\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            try:
                connection.sendall(junk)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass
    assert get(port, "/livez")[0].status == 200
    assert server.call("PING") == Status(b"PONG")
    for connection in slow:
        connection.close()


def test_the_listener_is_off_by_default(launch):
    server = launch()
    assert server.call("CONFIG", "GET", "http-port") == [b"http-port", b"0"]


def test_a_paused_or_full_server_is_live_all_the_same(web):
    server, port = web
    with server.connect() as connection:
        connection.call("CLIENT", "PAUSE", 60_000, "WRITE")
        assert get(port, "/livez")[0].status == 200
        connection.call("CLIENT", "UNPAUSE")
        connection.call("CONFIG", "SET", "maxmemory", "1mb")
        connection.pipeline([("SET", "k%d" % index, "x" * 10_000) for index in range(200)])
        assert get(port, "/livez")[0].status == 200
        assert eventually(lambda: get(port, "/metrics")[0].status == 200)
