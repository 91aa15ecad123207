"""The pytest fixtures that integration and compat tests share; each conftest.py takes them from
here.

`server` runs for a whole module, once per number of threads, emptied before each test. `launch`
starts a server with directives of the test's own. `oracle` is redis-server 7.0 to compare with;
without one its tests skip.
"""
import contextlib
import os
import signal

import pytest

from certificates import Certificates
from resp import Status
from server_process import ServerProcess, is_redis_binary, oracle_binary, ringtail_binary

DEFAULT_DEADLINE_S = 60


class DeadlineExceeded(Exception):
    """A test has not ended in time. Not an OSError, which tests expect from sockets and
    swallow."""


def thread_counts():
    """The numbers of worker threads to test with; a redis-server standing in has one answer
    only. RINGTAIL_TEST_THREADS asks for another number instead."""
    if is_redis_binary(ringtail_binary()):
        return [1]
    asked = os.environ.get("RINGTAIL_TEST_THREADS")
    return [int(asked)] if asked else [1, 4]


def skip_ringtail_only(items):
    """Skips the tests of features that a redis-server standing in for Ringtail lacks."""
    if is_redis_binary(ringtail_binary()):
        for item in items:
            if item.get_closest_marker("ringtail_only"):
                item.add_marker(pytest.mark.skip(reason="redis-server stands in for Ringtail"))


@pytest.fixture(autouse=True)
def deadline(request):
    """Ends a test that hangs."""
    marker = request.node.get_closest_marker("deadline")
    seconds = marker.args[0] if marker else DEFAULT_DEADLINE_S

    def expire(_signal, _frame):
        raise DeadlineExceeded("the test has not ended after %d s" % seconds)

    previous = signal.signal(signal.SIGALRM, expire)
    # Once more every few seconds, in case the first lands where something catches everything.
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """An authority, and certificates of it for a server and a client."""
    return Certificates(str(tmp_path_factory.mktemp("certificates")))


@pytest.fixture(scope="module", params=thread_counts(), ids=lambda count: "threads%d" % count)
def module_server(request):
    """One server for all tests of a module."""
    with ServerProcess(threads=request.param) as process:
        yield process


@pytest.fixture
def server(module_server):
    """The module's server, empty and not paused."""
    assert module_server.call("CLIENT", "UNPAUSE") == Status(b"OK")
    assert module_server.call("FLUSHALL") == Status(b"OK")
    yield module_server
    assert module_server.process.poll() is None, module_server.log_tail()


@pytest.fixture
def client(server):
    """A raw connection to the module's server."""
    with server.connect() as connection:
        yield connection


@pytest.fixture(params=thread_counts(), ids=lambda count: "threads%d" % count)
def threads(request):
    """Each number of worker threads in turn."""
    return request.param


@pytest.fixture
def launch():
    """launch(directives={...}, threads=1): a started server that is stopped and checked after the
    test."""
    with contextlib.ExitStack() as running:

        def start(directives=None, threads=1, start=True, **options):
            process = ServerProcess(threads=threads, directives=directives, **options)
            running.push(process)
            return process.start() if start else process

        yield start


@pytest.fixture(scope="session")
def session_oracle():
    """One redis-server for the whole run."""
    binary = oracle_binary()
    if binary is None:
        pytest.skip("no redis-server 7.0 to compare with")
    with ServerProcess(binary=binary) as process:
        yield process


@pytest.fixture
def oracle(session_oracle):
    """The redis-server to compare with, empty."""
    session_oracle.call("FLUSHALL")
    return session_oracle


@pytest.fixture
def launch_oracle():
    """launch_oracle(directives={...}): a redis-server with directives of the test's own."""
    binary = oracle_binary()
    if binary is None:
        pytest.skip("no redis-server 7.0 to compare with")
    with contextlib.ExitStack() as running:

        def start(directives=None, **options):
            process = ServerProcess(binary=binary, directives=directives, **options)
            running.push(process)
            return process.start()

        yield start
