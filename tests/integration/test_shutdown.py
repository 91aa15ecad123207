"""How the server ends: by signals, by SHUTDOWN, under load; and how it reports a crash."""
import os
import signal
import threading
import time

import pytest

from resp import ConnectionClosed, ErrorReply, Status, encode
from server_process import eventually


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(launch, threads, number):
    server = launch(threads=threads)
    connections = [server.connect() for _ in range(10)]
    for connection in connections:
        connection.call("SET", "k", "v")
    start = time.monotonic()
    os.kill(server.pid, number)
    assert server.wait_for_exit() == 0
    assert time.monotonic() - start < 5
    for connection in connections:
        connection.read_until_closed()
        connection.close()
    assert "ready to exit" in server.log() or "bye" in server.log()


def test_a_signal_under_load_ends_the_server_cleanly(launch, threads):
    server = launch(threads=threads)

    def load():
        try:
            with server.connect() as connection:
                while True:
                    connection.pipeline([("INCR", "n")] * 100)
        except (ConnectionClosed, OSError):
            pass

    workers = [threading.Thread(target=load) for _ in range(6)]
    for worker in workers:
        worker.start()
    with server.connect() as connection:
        while int(connection.call("GET", "n") or 0) < 5000:
            pass
    os.kill(server.pid, signal.SIGTERM)
    assert server.wait_for_exit() == 0
    for worker in workers:
        worker.join()
    server.assert_no_crash()


def test_a_signal_while_large_replies_are_unread(launch, threads):
    server = launch(threads=threads)
    with server.connect() as connection:
        connection.call("SET", "k", "x" * 1_000_000)
        connection.send_bytes(encode("GET", "k") * 200)
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait_for_exit() == 0


@pytest.mark.parametrize("args", [("NOSAVE",), (), ("NOSAVE", "NOW"), ("NOW",), ("FORCE",),
                                  ("NOSAVE", "NOW", "FORCE")],
                         ids=" ".join)
def test_shutdown_ends_the_server_without_a_reply(launch, threads, args):
    server = launch(threads=threads)
    with server.connect() as connection:
        connection.send("SHUTDOWN", *args)
        assert connection.read_until_closed() == b""
    assert server.wait_for_exit() == 0


@pytest.mark.parametrize("args", [("bogus",), ("SAVE", "NOSAVE"), ("ABORT",), ("ABORT", "NOW")],
                         ids=" ".join)
def test_shutdown_used_wrongly_answers_as_redis_does(server, oracle, args):
    reply = server.call("SHUTDOWN", *args)
    assert isinstance(reply, ErrorReply) and reply == oracle.call("SHUTDOWN", *args)


def test_clients_that_break_off_while_being_answered_do_no_harm(launch, threads):
    """A write to a closed socket raises SIGPIPE where it is not ignored."""
    server = launch(threads=threads)
    server.call("SET", "k", "x" * 100_000)
    for _ in range(100):
        connection = server.connect()
        connection.send_bytes(encode("GET", "k") * 50)
        connection.close()
    assert server.call("PING") == Status(b"PONG")


def test_a_second_signal_during_the_end_is_harmless(launch):
    server = launch()
    os.kill(server.pid, signal.SIGTERM)
    for _ in range(3):
        if server.process.poll() is None:
            os.kill(server.pid, signal.SIGTERM)
    # redis-server leaves at once, with 1, when the second SIGINT comes before it has finished.
    assert server.wait_for_exit() == 0


def test_a_crash_leaves_a_report_with_a_stack_trace(launch, threads):
    server = launch(threads=threads)
    if server.is_sanitized:
        pytest.skip("the sanitizer reports crashes itself")
    server.expected_exit_code = -signal.SIGSEGV
    os.kill(server.pid, signal.SIGSEGV)
    assert server.wait_for_exit() == -signal.SIGSEGV
    log = server.log()
    assert "crashed by signal: 11" in log or "SIGSEGV" in log
    assert "STACK TRACE" in log.upper() or "BACKTRACE" in log.upper()
    server.lines.clear()    # this report was asked for


def test_the_port_is_free_again_at_once(launch, threads):
    server = launch(threads=threads)
    for _ in range(3):
        with server.connect() as connection:
            connection.call("SET", "k", "v")
            server.restart()
        assert server.call("PING") == Status(b"PONG")


def test_no_thread_or_descriptor_is_left_by_10_000_connections(launch, threads):
    server = launch(threads=threads)
    server.call("PING")

    def descriptor_count():
        return len(os.listdir("/proc/%d/fd" % server.pid))

    before = descriptor_count()
    for _ in range(20):
        connections = [server.connect() for _ in range(100)]
        for connection in connections:
            connection.send("PING")
        for connection in connections:
            connection.read_reply()
            connection.close()
    assert eventually(lambda: descriptor_count() <= before + 1)
