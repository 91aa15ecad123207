"""redis.conf, the command line, CONFIG GET, SET and REWRITE, and how a wrong one ends the
start."""
import os
import re
import socket
import subprocess

import pytest

from resp import ConnectionClosed, ErrorReply, Status
from server_process import free_port, ringtail_binary

USERS_FILE = """
maxmemory 2gb
maxmemory-policy allkeys-lru
activerehashing yes
no-appendfsync-on-rewrite yes
hash-max-ziplist-entries 512
hash-max-ziplist-value 64
list-max-ziplist-size -2
zset-max-ziplist-entries 128
zset-max-ziplist-value 64
"""


def config_get(server, *patterns):
    """CONFIG GET as a dict of str."""
    reply = server.call("CONFIG", "GET", *patterns)
    assert isinstance(reply, list), reply
    texts = [item.decode() for item in reply]
    return dict(zip(texts[0::2], texts[1::2]))


def test_a_redis_conf_means_what_it_says(launch, threads):
    server = launch(config_text=USERS_FILE, threads=threads)
    wanted = {
        "maxmemory": str(2 << 30), "maxmemory-policy": "allkeys-lru", "activerehashing": "yes",
        "no-appendfsync-on-rewrite": "yes", "hash-max-ziplist-entries": "512",
        "hash-max-ziplist-value": "64", "list-max-ziplist-size": "-2",
        "zset-max-ziplist-entries": "128", "zset-max-ziplist-value": "64"}
    assert config_get(server, *wanted) == wanted


def test_the_newer_names_are_the_same_directives(launch):
    server = launch(config_text=USERS_FILE)
    assert config_get(server, "hash-max-listpack-entries")["hash-max-listpack-entries"] == "512"
    assert server.call("CONFIG", "SET", "zset-max-listpack-value", "33") == Status(b"OK")
    assert config_get(server, "zset-max-ziplist-value") == {"zset-max-ziplist-value": "33"}


@pytest.mark.parametrize("text,bytes_wanted", [
    ("1", 1), ("64k", 64_000), ("64kb", 65_536), ("2m", 2_000_000), ("2mb", 2 << 20),
    ("1g", 10 ** 9), ("1GB", 1 << 30), ("100b", 100)])
def test_memory_units(server, text, bytes_wanted):
    assert server.call("CONFIG", "SET", "repl-backlog-size", text) in (
        Status(b"OK"),) or bytes_wanted == 1
    assert server.call("CONFIG", "SET", "maxmemory", text) == Status(b"OK")
    assert config_get(server, "maxmemory") == {"maxmemory": str(bytes_wanted)}
    server.call("CONFIG", "SET", "maxmemory", 0)


def test_comments_quotes_case_and_include(launch):
    server = launch(start=False)
    with open(os.path.join(server.directory, "more.conf"), "w", encoding="ascii") as more:
        more.write("timeout 77\n")
    server.config_text = ("# a comment\n\n   # another\nMaxClients 123\nrequirepass \"\"\n"
                          "proc-title-template \"{title} it's\"\n"
                          "include %s/more.conf\n" % server.directory)
    server.start()
    assert config_get(server, "maxclients", "timeout") == {"maxclients": "123", "timeout": "77"}


def test_the_last_of_two_directives_wins_and_the_command_line_over_all(launch):
    server = launch(config_text="timeout 5\ntimeout 6\nhz 20\n", arguments=["--hz", "50"])
    assert config_get(server, "timeout", "hz") == {"timeout": "6", "hz": "50"}


def test_several_values_on_the_command_line(launch):
    server = launch(arguments=["--maxmemory-policy", "volatile-ttl", "--save", "",
                               "--client-output-buffer-limit", "normal", "10mb", "5mb", "10"])
    limits = config_get(server, "client-output-buffer-limit")["client-output-buffer-limit"]
    assert limits.startswith("normal 10485760 5242880 10")
    assert config_get(server, "save") == {"save": ""}


def test_a_config_from_standard_input(launch):
    server = launch(start=False)
    port = free_port()
    arguments = [server.binary, "-"] + ([] if server.is_redis else ["--threads", "1"])
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               cwd=server.directory)
    process.stdin.write(b"port %d\nbind 127.0.0.1\nsave \"\"\n" % port)
    process.stdin.close()
    try:
        for line in process.stdout:
            if b"Ready to accept connections" in line:
                break
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100) == b"+PONG\r\n"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
    assert process.returncode == 0


def start_failure(launch, **options):
    """The output of a server that must refuse to start."""
    server = launch(start=False, **options)
    server.expected_exit_code = 1
    server.start(expect_ready=False)
    assert server.wait_for_exit() == 1
    return server.log()


@pytest.mark.parametrize("line", [
    "nosuchdirective 1", "port abc", "maxmemory 12xb", "maxmemory-policy bogus",
    "activerehashing maybe", "maxclients", "hz 1 2 3", "timeout -1", "databases 0",
    "requirepass \"unbalanced", "appendonly"])
def test_a_wrong_directive_stops_the_start(launch, line):
    output = start_failure(launch, config_text=line + "\n")
    assert "FATAL CONFIG FILE ERROR" in output
    assert "line" in output and line in output


def test_a_wrong_directive_is_told_with_its_line_number(launch):
    output = start_failure(launch, config_text="\n# one\nnosuchdirective 1\n", directives={})
    # The harness writes its own directives first.
    assert "at line " in output and ">>> 'nosuchdirective 1'" in output
    assert "Bad directive or wrong number of arguments" in output


def test_a_wrong_directive_on_the_command_line_stops_the_start(launch):
    output = start_failure(launch, arguments=["--nosuchdirective", "1"])
    assert "nosuchdirective" in output


def test_a_missing_config_file_stops_the_start(launch):
    server = launch(start=False)
    done = subprocess.run([server.binary, os.path.join(server.directory, "none.conf")],
                          capture_output=True, timeout=20, check=False, cwd=server.directory)
    assert done.returncode == 1
    assert b"none.conf" in done.stdout + done.stderr


def test_a_port_in_use_stops_the_start(launch, threads):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        output = start_failure(launch, directives={"port": port}, threads=threads)
    assert "Failed listening on port %d" % port in output


def test_the_start_is_told_in_redis_s_words(launch, threads):
    # Redis draws its logo, with port and PID, into a log file only when told so.
    server = launch({"always-show-logo": "yes"}, threads=threads)
    for pattern in (r"PID: %d" % server.pid, r"[Pp]ort: %d" % server.port, r"standalone",
                    r"Server initialized", r"Ready to accept connections"):
        assert server.wait_for_log(pattern), "%s is not in\n%s" % (pattern, server.log())
    log = server.log()
    assert log.index("Server initialized") < log.index("Ready to accept connections")


def test_version_and_help():
    for flag in ("--version", "-v"):
        done = subprocess.run([ringtail_binary(), flag], capture_output=True, timeout=20,
                              check=False)
        assert done.returncode == 0 and b"v=" in done.stdout
    done = subprocess.run([ringtail_binary(), "--help"], capture_output=True, timeout=20,
                          check=False)
    assert b"Usage" in done.stdout + done.stderr


def test_pidfile_and_logfile(launch, threads):
    server = launch(start=False, threads=threads)
    pid_path, log_path = (os.path.join(server.directory, name) for name in ("my.pid", "my.log"))
    server.directives.update({"pidfile": pid_path, "logfile": log_path})
    server.start()
    with open(pid_path, encoding="ascii") as pid_file:
        assert int(pid_file.read()) == server.pid
    with open(log_path, encoding="utf-8") as log_file:
        assert "Ready to accept connections" in log_file.read()
    server.stop()
    assert not os.path.exists(pid_path)


def test_port_0_listens_only_on_the_unix_socket(launch):
    server = launch(start=False)
    path = os.path.join(server.directory, "s")
    server.directives.update({"port": 0, "unixsocket": path})
    server.start()
    with server.connect(unix_path=path) as connection:
        assert connection.call("PING") == Status(b"PONG")


def test_several_addresses_and_an_optional_one(launch, threads):
    server = launch({"bind": "127.0.0.1 127.0.0.2 -::1"}, threads=threads)
    for host in ("127.0.0.1", "127.0.0.2"):
        with server.connect(host=host) as connection:
            assert connection.call("PING") == Status(b"PONG")


def _answers(server, host) -> bool:
    try:
        with server.connect(host=host) as connection:
            return connection.call("PING") == Status(b"PONG")
    except OSError:
        return False


def test_config_set_bind_moves_to_the_new_addresses_or_keeps_the_old(launch, launch_oracle, threads):
    for process in (launch({"bind": "127.0.0.1"}, threads=threads), launch_oracle({"bind": "127.0.0.1"})):
        with process.connect() as client:
            def set_bind(addresses, of=client):
                return of.call("CONFIG", "SET", "bind", addresses)

            assert set_bind("127.0.0.1 127.0.0.2 -192.0.2.1") == Status(b"OK")
            assert _answers(process, "127.0.0.1") and _answers(process, "127.0.0.2")
            refused = set_bind("127.0.0.1 192.0.2.1")
            assert isinstance(refused, ErrorReply)
            assert re.search(rb"'bind'\) - Failed to bind to specified addresses\.$", refused)
            assert config_get(process, "bind") == {"bind": "127.0.0.1 127.0.0.2 -192.0.2.1"}
            assert _answers(process, "127.0.0.1") and _answers(process, "127.0.0.2")
            assert set_bind("127.0.0.1") == Status(b"OK")
            assert not _answers(process, "127.0.0.2")
            # An open connection stays, even when nobody can connect any more.
            assert set_bind("") == Status(b"OK")
            assert not _answers(process, "127.0.0.1")
            assert client.call("PING") == Status(b"PONG")


def test_protected_mode_refuses_the_outside(launch, launch_oracle, threads):
    address = _own_address()
    if address is None:
        pytest.skip("no address but loopback")
    answers = []
    for process in (launch({"bind": "*"}, threads=threads), launch_oracle({"bind": "*"})):
        with process.connect(host=address) as connection:
            answers.append(connection.read_until_closed())
        with process.connect() as connection:
            assert connection.call("PING") == Status(b"PONG")
    assert answers[0].startswith(b"-DENIED ") and answers[1].startswith(b"-DENIED ")


def _own_address():
    """An IPv4 address of this host that is not loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


# CONFIG -----------------------------------------------------------------------------------------

def test_config_get_takes_globs_and_several_names(server):
    found = config_get(server, "maxmemory*", "port", "nosuch")
    assert found["port"] == str(server.port)
    assert {"maxmemory", "maxmemory-policy", "maxmemory-samples"} <= set(found)
    assert "nosuch" not in found


def test_config_set_several_is_all_or_nothing(server):
    before = config_get(server, "timeout", "hz")
    reply = server.call("CONFIG", "SET", "timeout", 123, "hz", "abc")
    assert isinstance(reply, ErrorReply) and b"'hz'" in reply
    assert config_get(server, "timeout", "hz") == before
    assert server.call("CONFIG", "SET", "timeout", 123, "hz", 33) == Status(b"OK")
    assert config_get(server, "timeout", "hz") == {"timeout": "123", "hz": "33"}
    server.call("CONFIG", "SET", "timeout", before["timeout"], "hz", before["hz"])


@pytest.mark.parametrize("args", [
    ("nosuch", "1"), ("maxmemory",), ("maxmemory", "1", "timeout"), ("port", "abc"),
    ("databases", "10"), ("maxmemory-policy", "bogus"), ("maxclients", "0"),
    ("maxclients", "abc"), ("timeout", "1", "timeout", "2"), ("appendfsync", "x"),
    ("hash-max-listpack-entries", "-1"), ("client-output-buffer-limit", "bogus 1 2 3"),
    ("client-output-buffer-limit", "normal 1 2"), ("save", "abc"), ("loglevel", "loud"),
    ("unixsocket", "/x"), ("list-max-ziplist-size", "abc"), ("proto-max-bulk-len", "1"),
    ("maxmemory-clients", "101%")])
def test_config_set_refuses_as_redis_does(server, oracle, args):
    mine, theirs = (process.call("CONFIG", "SET", *args) for process in (server, oracle))
    # Our list of policies is longer.
    for policy in (b", allkeys-adaptive", b", volatile-adaptive"):
        mine = mine.replace(policy, b"")
    assert mine == theirs


def test_every_directive_of_redis_7_0_is_known_with_its_default(launch, launch_oracle):
    mine = config_get(launch(), "*")
    theirs = config_get(launch_oracle(), "*")
    # What depends on the directory, the port and the build, or is compiled in.
    own = {"port", "dir", "pidfile", "logfile", "dbfilename", "io-threads", "proc-title-template",
           "jemalloc-bg-thread", "unixsocket", "oom-score-adj-values", "bind", "syslog-ident",
           "maxmemory-samples", "dynamic-hz", "hz", "activedefrag", "locale-collate",
           "set-proc-title"}
    missing = sorted(set(theirs) - set(mine))
    assert not missing, "unknown to CONFIG GET: %s" % missing
    different = {name: (mine[name], value) for name, value in theirs.items()
                 if name not in own and mine[name] != value}
    assert not different, "other defaults (mine, Redis's): %s" % different


def test_config_rewrite_keeps_comments_and_writes_what_changed(launch):
    server = launch(config_text="# my comment\ntimeout 5\n")
    server.call("CONFIG", "SET", "timeout", 9, "maxmemory", "100mb", "requirepass",
                "with \"quotes\" and space")
    with server.connect() as connection:
        connection.call("AUTH", "with \"quotes\" and space")
        assert connection.call("CONFIG", "REWRITE") == Status(b"OK")
    with open(server.config_path, encoding="utf-8") as config:
        text = config.read()
    assert "# my comment" in text and "timeout 9" in text
    server.stop()
    # Started again with the rewritten file, without the harness writing its own.
    server._write_config = lambda: None
    server.start()
    with server.connect() as connection:
        assert connection.call("AUTH", "with \"quotes\" and space") == Status(b"OK")
        assert connection.call("CONFIG", "GET", "maxmemory") == [b"maxmemory", b"104857600"]
        assert connection.call("CONFIG", "GET", "timeout") == [b"timeout", b"9"]


def test_config_rewrite_without_a_file_is_refused(launch):
    """The server reads its directives from the command line only."""
    server = launch(start=False)
    port = free_port()
    arguments = [server.binary, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               cwd=server.directory)
    try:
        for line in process.stdout:
            if b"Ready to accept connections" in line:
                break
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"CONFIG REWRITE\r\n")
            assert connection.recv(1000) == b"-ERR The server is running without a config file\r\n"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_config_resetstat(server):
    server.call("GET", "none")
    assert int(server.info("stats")["keyspace_misses"]) > 0
    assert server.call("CONFIG", "RESETSTAT") == Status(b"OK")
    stats = server.info("stats")
    assert stats["keyspace_misses"] == "0" and stats["keyspace_hits"] == "0"
    assert "cmdstat_get" not in server.info("commandstats")


@pytest.mark.parametrize("name,value", [
    ("dir", "/tmp"), ("dbfilename", "x.rdb")])
def test_protected_directives_cannot_be_set_by_a_client(launch, launch_oracle, name, value):
    replies = [process.call("CONFIG", "SET", name, value)
               for process in (launch(), launch_oracle())]
    assert isinstance(replies[0], ErrorReply)
    assert replies[0] == replies[1]


def test_rename_command_gives_another_name_or_none(launch, threads):
    process = launch({"rename-command": ["flushdb badger", 'FLUSHALL ""']}, threads=threads)
    process.call("SET", "k", "v")
    for name in ("FLUSHDB", "flushall"):
        assert process.call(name).startswith(b"ERR unknown command '%s'" % name.encode())
    assert process.call("EVAL", "return redis.pcall('flushall')", 0).startswith(b"ERR Unknown Redis")
    assert process.call("EXISTS", "k") == 1
    assert process.call("BADGER") == Status(b"OK")
    assert process.call("EXISTS", "k") == 0


def test_partial_request_timeout_changes_at_once(server):
    assert server.call("CONFIG", "SET", "partial-request-timeout", 1) == Status(b"OK")
    with server.connect() as connection:
        connection.send_bytes(b"*1\r\n$4\r\nPI")
        with pytest.raises(ConnectionClosed):
            connection.read_reply()
    server.call("CONFIG", "SET", "partial-request-timeout", 60)


def test_words_that_are_left_out_end_the_start():
    done = subprocess.run([ringtail_binary(), "--shutdown-on-sigint"], capture_output=True,
                          timeout=20, check=False)
    assert done.returncode != 0
    assert b"argument(s) must be one of the following" in done.stdout + done.stderr
