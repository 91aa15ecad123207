"""The programs and libraries people already have: redis-cli, redis-benchmark, redis-py."""
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading

import pytest
import redis

from resp import Status, encode
from server_process import eventually

needs_cli = pytest.mark.skipif(shutil.which("redis-cli") is None, reason="no redis-cli")
needs_benchmark = pytest.mark.skipif(shutil.which("redis-benchmark") is None,
                                     reason="no redis-benchmark")


def cli(server, *args, stdin=b"", timeout_s=30):
    """redis-cli's output."""
    done = subprocess.run(["redis-cli", "-p", str(server.port), *map(str, args)], input=stdin,
                          capture_output=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def start_cli(server, *args):
    """A redis-cli that goes on until it is interrupted, also where the tests ignore that signal (as
    a shell's background jobs do)."""
    return subprocess.Popen(
        ["redis-cli", "-p", str(server.port), *args], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


# redis-cli --------------------------------------------------------------------------------------

@needs_cli
def test_cli_one_command(server):
    assert cli(server, "SET", "k", "v") == "OK\n"
    assert cli(server, "GET", "k") == "v\n"
    assert cli(server, "--no-raw", "GET", "none") == "(nil)\n"
    assert cli(server, "-n", "3", "DBSIZE").strip() == "0"


@needs_cli
def test_cli_in_resp3(server):
    assert cli(server, "-3", "--no-raw", "HELLO", "3").startswith("1# \"server\" =>")
    assert cli(server, "-3", "SET", "k", "v") == "OK\n"


@needs_cli
def test_cli_reads_commands_from_standard_input(server):
    lines = b"SET a 1\nINCR a\nGET a\nnosuch x\nSELECT 2\nDBSIZE\nPING\n"
    output = cli(server, stdin=lines)
    assert output.splitlines()[:3] == ["OK", "2", "2"]
    assert "unknown command 'nosuch'" in output
    assert output.splitlines()[-1] == "PONG"


@needs_cli
def test_cli_in_a_terminal_session(server):
    """The interactive session, with its hints from COMMAND DOCS, inside a pseudo-terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        # Of a terminal without a size redis-cli would ask for the cursor's position.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execvp("redis-cli", ["redis-cli", "-p", str(server.port)])
    try:
        prompt = b"%d>" % server.port
        _read_until(terminal, prompt)
        for line, answer in ((b"SET k hello\r", b"\nOK\r"), (b"GET k\r", b'\n"hello"\r'),
                             (b"HELP GET\r", b"summary:")):
            os.write(terminal, line)
            _read_until(terminal, answer, prompt)
        os.write(terminal, b"EXIT\r")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        pid = None
    finally:
        os.close(terminal)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _read_until(terminal, *texts):
    """Reads a terminal until the texts have come, one after the other."""
    output = b""
    for text in texts:
        while text not in output:
            output += os.read(terminal, 4096)
        output = output[output.index(text) + len(text):]


@needs_cli
def test_cli_stat_prints_a_line_a_moment(server):
    watcher = start_cli(server, "--stat", "-i", "0.05")
    lines = [watcher.stdout.readline().decode() for _ in range(6)]
    watcher.send_signal(signal.SIGINT)
    watcher.communicate(timeout=10)
    assert "keys" in lines[1] and "mem" in lines[1]
    assert all(len(line.split()) >= 6 for line in lines[2:])


@needs_cli
def test_cli_bigkeys_and_memkeys_walk_the_keyspace(server):
    with server.connect() as connection:
        connection.pipeline([("SET", "k%d" % index, "x" * index) for index in range(500)])
    output = cli(server, "--bigkeys")
    assert "Sampled 500 keys in the keyspace!" in output
    assert re.search(r'Biggest string found .*k499.* has 499 bytes', output)
    assert "Sampled 500 keys in the keyspace!" in cli(server, "--memkeys")


@needs_cli
def test_cli_scan_with_a_pattern(server):
    with server.connect() as connection:
        connection.pipeline([("SET", "%s:%d" % ("ab"[index % 2], index),
                              1) for index in range(300)])
    keys = cli(server, "--scan", "--pattern", "a:*").split()
    assert sorted(keys) == sorted("a:%d" % index for index in range(0, 300, 2))


@needs_cli
def test_cli_latency_measures(server):
    watcher = subprocess.Popen(
        ["redis-cli", "-p", str(server.port), "--latency", "--raw"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    output, _ = watcher.communicate(timeout=20)
    # Raw and not on a terminal: one line "min max avg samples" after a second.
    least, most, _, samples = output.split()[:4]
    assert int(least) <= int(most) and int(samples) > 10


@needs_cli
def test_cli_pipe_loads_a_file(server):
    count = 20_000
    payload = b"".join(encode("SET", "key:%d" % index, index) for index in range(count))
    output = cli(server, "--pipe", stdin=payload)
    assert "errors: 0, replies: %d" % count in output
    assert server.call("DBSIZE") == count


@needs_cli
def test_cli_pipe_counts_errors(server):
    payload = encode("SET", "a", 1) + encode("SET", "a") + encode("INCR", "a")
    done = subprocess.run(["redis-cli", "-p", str(server.port), "--pipe"], input=payload,
                          capture_output=True, timeout=30, check=False)
    assert b"errors: 1, replies: 3" in done.stdout


@needs_cli
def test_cli_monitor_shows_other_clients_commands(server):
    watcher = start_cli(server, "MONITOR")
    assert watcher.stdout.readline() == b"OK\n"
    server.call("SET", "seen", "a \"quoted\"\n\x01value")
    line = watcher.stdout.readline().decode()
    watcher.send_signal(signal.SIGINT)
    watcher.communicate(timeout=10)
    assert line.endswith('"SET" "seen" "a \\"quoted\\"\\n\\x01value"\n')


@needs_cli
def test_cli_repeats_a_command(server):
    assert cli(server, "-r", "5", "INCR", "n").split() == ["1", "2", "3", "4", "5"]


# redis-benchmark --------------------------------------------------------------------------------

def benchmark(server, *args):
    """redis-benchmark's lines of CSV as {test: requests per second}; fails on any error reply."""
    done = subprocess.run(
        ["redis-benchmark", "-p", str(server.port), "--csv", *map(str, args)],
        capture_output=True, timeout=60, check=False)
    output = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, output
    assert "rror" not in output.replace("ERROR: failed to fetch CONFIG", ""), output
    rates = {}
    for line in done.stdout.decode().splitlines():
        fields = [field.strip('"') for field in line.split(",")]
        if len(fields) > 1 and fields[0] != "test":
            rates[fields[0]] = float(fields[1])
    return rates


@needs_benchmark
@pytest.mark.parametrize("pipeline", [1, 2, 16, 100])
def test_benchmark_at_pipeline(server, pipeline):
    count = 5000 * (1 if pipeline == 1 else 4)
    rates = benchmark(server, "-t", "ping,set,get,incr,mset", "-n", count, "-P", pipeline, "-c",
                      20, "-r", 1000)
    assert len(rates) == 6 and all(rate > 0 for rate in rates.values())


@needs_benchmark
def test_benchmark_with_threads(server):
    rates = benchmark(server, "-t", "set,get,incr", "-n", 20000, "-P", 8, "-c", 40, "--threads",
                      4, "-d", 1024)
    assert set(rates) == {"SET", "GET", "INCR"}
    assert int(server.call("GET", "counter:__rand_int__")) == 20000


@needs_benchmark
def test_benchmark_s_default_run(server):
    """Every test that it has: strings, lists, sets, hashes, sorted sets, ranges of lists."""
    rates = benchmark(server, "-n", 2000, "-r", 1000, "-c", 20)
    assert len(rates) == 20 and all(rate > 0 for rate in rates.values())


@needs_benchmark
def test_benchmark_fetches_its_settings(server):
    done = subprocess.run(["redis-benchmark", "-p", str(server.port), "-t", "get", "-n", "1000"],
                          capture_output=True, timeout=60, check=False)
    assert b"host configuration \"save\"" in done.stdout
    assert b"WARNING: Could not fetch server CONFIG" not in done.stdout + done.stderr


@needs_benchmark
def test_benchmark_with_a_command_of_one_s_own(server):
    rates = benchmark(server, "-n", 2000, "-r", 100, "setex", "key:__rand_int__", "100", "value")
    assert len(rates) == 1
    assert server.call("DBSIZE") <= 100


# redis-py ---------------------------------------------------------------------------------------

@pytest.fixture
def python_client(server):
    with redis.Redis(port=server.port, socket_timeout=15) as client:
        yield client


def test_redis_py_strings(python_client):
    assert python_client.set("k", "v", ex=100) is True
    assert python_client.get("k") == b"v"
    assert 0 < python_client.ttl("k") <= 100
    assert python_client.set("k", "w", nx=True) is None
    assert python_client.set("k", "w", get=True) == b"v"
    assert python_client.getex("k", persist=True) == b"w"
    assert python_client.ttl("k") == -1
    assert python_client.incrbyfloat("f", 0.1) == 0.1
    assert python_client.mset({"a": 1, "b": 2})
    assert python_client.mget("a", "b", "c") == [b"1", b"2", None]
    assert python_client.delete("a", "b", "c") == 2


def test_redis_py_pipelines(python_client):
    with python_client.pipeline(transaction=False) as pipeline:
        for index in range(1000):
            pipeline.set("k%d" % index, index)
            pipeline.get("k%d" % index)
        replies = pipeline.execute()
    assert replies[1::2] == [b"%d" % index for index in range(1000)]


def test_redis_py_raises_the_server_s_errors(python_client):
    python_client.set("k", "text")
    with pytest.raises(redis.ResponseError, match="value is not an integer or out of range"):
        python_client.incr("k")
    with pytest.raises(redis.ResponseError, match="unknown command"):
        python_client.execute_command("NOSUCH", "x")


def test_redis_py_decodes_responses(server):
    with redis.Redis(port=server.port, decode_responses=True) as client:
        client.set("schlüssel", "größe ✓")
        assert client.get("schlüssel") == "größe ✓"
        assert client.keys("sch*") == ["schlüssel"]


def test_redis_py_scan_iter_sees_every_key(python_client):
    python_client.mset({"k%d" % index: index for index in range(2000)})
    assert set(python_client.scan_iter(count=7)) == {b"k%d" % index for index in range(2000)}
    assert set(python_client.scan_iter("k1?", count=50)) == {b"k1%d" % index
                                                             for index in range(10)}
    assert set(python_client.scan_iter(_type="hash")) == set()


def test_redis_py_server_commands(python_client):
    assert python_client.ping()
    assert python_client.echo("x") == b"x"
    assert python_client.info()["redis_mode"] == "standalone"
    assert python_client.config_get("maxmemory") == {"maxmemory": "0"}
    assert python_client.config_set("maxmemory-samples", 7)
    assert python_client.config_get("maxmemory-samples") == {"maxmemory-samples": "7"}
    python_client.config_set("maxmemory-samples", 5)
    assert python_client.client_setname("me") and python_client.client_getname() == "me"
    assert any(client["name"] == "me" for client in python_client.client_list())
    assert python_client.command_count() > 50
    assert python_client.command()["get"]["arity"] == 2
    assert isinstance(python_client.time(), tuple)
    assert python_client.object("encoding", "none") is None
    assert python_client.slowlog_len() >= 0
    assert python_client.dbsize() == 0
    assert python_client.memory_usage("none") is None
    assert isinstance(python_client.memory_stats(), dict)


def test_redis_py_bits(python_client):
    python_client.setbit("b", 7, 1)
    assert python_client.getbit("b", 7) == 1 and python_client.bitcount("b") == 1
    assert python_client.bitpos("b", 1) == 7
    field = python_client.bitfield("f", "SAT")
    assert field.set("u8", "#0", 250).incrby("u8", "#0", 10).execute() == [0, 255]
    python_client.bitop("NOT", "n", "b")
    assert python_client.get("n") == b"\xfe"


def test_redis_py_databases_and_expiry(server):
    with redis.Redis(port=server.port, db=4) as client, redis.Redis(port=server.port,
                                                                    db=0) as other:
        client.set("k", "v")
        assert other.get("k") is None
        assert client.move("k", 0) and other.get("k") == b"v"
        assert other.expire("k", 100, nx=True) and not other.expire("k", 100, nx=True)
        assert other.pexpiretime("k") > 0
        assert other.persist("k") and other.copy("k", "l", destination_db=4)
        assert client.get("l") == b"v"
        client.swapdb(0, 4)
        assert other.get("l") == b"v"


def test_redis_py_connection_pool_from_many_threads(server):
    client = redis.Redis(port=server.port, max_connections=50)
    failures = []

    def work(name):
        try:
            for index in range(200):
                client.set("%s:%d" % (name, index), index)
                assert client.get("%s:%d" % (name, index)) == b"%d" % index
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    workers = [threading.Thread(target=work, args=(name,)) for name in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    client.close()
    assert not failures
    assert server.call("DBSIZE") == 2000


def test_redis_py_over_a_unix_socket(launch, threads):
    process = launch(threads=threads, start=False)
    path = os.path.join(process.directory, "socket")
    process.directives.update({"unixsocket": path, "unixsocketperm": "700"})
    process.start()
    with redis.Redis(unix_socket_path=path) as client:
        assert client.set("k", "v") and client.get("k") == b"v"
        assert eventually(lambda: os.stat(path).st_mode & 0o777 == 0o700)
    with process.connect(unix_path=path) as connection:
        assert connection.call("PING") == Status(b"PONG")
