"""Starts one server for a test, waits until it answers, and makes sure that it ends well.

    with ServerProcess(threads=4, directives={"maxmemory": "10mb"}) as server:
        server.connect().call("PING")

The binary is RINGTAIL_SERVER (default build/release/ringtail-server). A redis-server may stand in
for it: then `is_redis` is true and --threads is left away. Leaving the block sends SIGTERM and
fails if the server does not exit with 0 or if its log holds a crash report.
"""
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from resp import Connection, ConnectionClosed, ErrorReply, Status

PROJECT_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 30.0

_LIBC = ctypes.CDLL(None)

CRASH_REPORT = re.compile(
    r"BUG REPORT|crashed by signal|SIGSEGV|SIGABRT|Segmentation fault|Assertion .* failed"
    r"|Check failed|ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer"
    r"|: runtime error: |terminate called")


def ringtail_binary():
    """The server under test."""
    return os.environ.get(
        "RINGTAIL_SERVER", os.path.join(PROJECT_ROOT, "build", "release", "ringtail-server"))


def oracle_binary():
    """The redis-server to compare with, or None where there is none of the 7.0 line."""
    path = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
    if path is None or not is_redis_binary(path):
        return None
    version = subprocess.run([path, "--version"], capture_output=True, text=True,
                             check=True).stdout
    return path if " v=7.0." in version else None


def is_redis_binary(path):
    """Whether the binary is a redis-server standing in for Ringtail."""
    return os.path.basename(path).startswith("redis-server")


def free_port():
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, deadline_s=10.0, interval_s=0.01):
    """Asks until the answer is true and returns it; after the deadline the last answer."""
    end = time.monotonic() + deadline_s
    while True:
        answer = condition()
        if answer or time.monotonic() >= end:
            return answer
        time.sleep(interval_s)


class ServerFailed(AssertionError):
    """The server did not start, did not stop cleanly, or crashed. Carries the end of its log."""


class ServerProcess:
    """One server process, its directory, its log and its port."""

    def __init__(self, binary=None, threads=1, directives=None, arguments=(), config_text=None,
                 tls=None):
        """Prepares, but does not start: directives go into a config file, arguments onto the
        command line.

        A directive's value may be a list: then the directive stands there several times. With
        `tls`, Certificates, the server speaks TLS only, and `connect` does.
        """
        self.tls = tls
        self.binary = binary or ringtail_binary()
        self.is_redis = is_redis_binary(self.binary)
        self.threads = threads
        self.directory = tempfile.mkdtemp(prefix="ringtail-test-")
        self.directives = {
            "port": free_port(), "bind": "127.0.0.1", "dir": self.directory, "save": '""',
            "appendonly": "no", "daemonize": "no", "enable-debug-command": "yes"}
        if tls is not None:
            self.directives.update({"port": 0, **tls.directives(free_port())})
        self.directives.update(directives or {})
        self.arguments = list(arguments)
        self.config_text = config_text
        self.expected_exit_code = 0
        self.process = None
        self.lines = []
        self._lines_changed = threading.Condition()
        self._reader = None
        self._turn = None

    @property
    def port(self):
        return int(self.directives["port"]) or int(self.directives.get("tls-port", 0))

    @property
    def pid(self):
        return self.process.pid

    @property
    def config_path(self):
        return os.path.join(self.directory, "server.conf")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop(expect_clean=kind is None)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, expect_ready=True):
        """Starts the process and, unless told not to, waits until it answers."""
        if not os.path.exists(self.binary):
            raise ServerFailed("%s does not exist: build it, or set RINGTAIL_SERVER" % self.binary)
        self._write_config()
        command = [self.binary, self.config_path]
        if not self.is_redis:
            command += ["--threads", str(self.threads)]
        # Its own process group: a Ctrl-C at the test runner must not look like a clean shutdown.
        self.process = subprocess.Popen(
            command + self.arguments, cwd=self.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=_end_with_parent)
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if expect_ready and not eventually(self._is_ready, START_DEADLINE_S):
            self.kill()
            raise ServerFailed("not ready after %d s\n%s" % (START_DEADLINE_S, self.log_tail()))
        return self

    def stop(self, expect_clean=True):
        """Ends the server by SIGTERM; unless told otherwise, anything but a clean end fails."""
        if self.process is None:
            return
        if self._turn is not None:
            self._turn.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.wait_for_exit(expect_clean)
        if expect_clean:
            self.assert_no_crash()
            if code != self.expected_exit_code:
                raise ServerFailed("exit code %s instead of %s\n%s" % (
                    code, self.expected_exit_code, self.log_tail()))

    def wait_for_exit(self, fail_on_timeout=True, deadline_s=STOP_DEADLINE_S):
        """Waits for the end of the process and of its log; returns the exit code."""
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            if fail_on_timeout:
                raise ServerFailed(
                    "still running after %d s\n%s" % (deadline_s, self.log_tail())) from None
            code = self.process.returncode
        self._reader.join(5)
        return code

    def kill(self):
        """Ends the server at once, without any claim about how."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)

    def restart(self):
        """A clean stop and a start with the same directives."""
        self.stop()
        self._turn = None
        self.lines.clear()
        return self.start()

    def connect(self, **options):
        """A new raw connection."""
        if self.tls is not None:
            options.setdefault("tls", self.tls.client_context())
        return Connection(self.port, **options)

    def turn_connection(self):
        """A connection kept for asking whether the server has come around."""
        if self._turn is None:
            self._turn = self.connect()
        return self._turn

    def call(self, *args):
        """One command on a connection of its own."""
        with self.connect() as connection:
            return connection.call(*args)

    def info(self, section="everything"):
        """INFO as a dict of str to str."""
        return parse_info(self.call("INFO", section))

    def rss_bytes(self):
        """Resident memory of the process."""
        return self._status_kib("VmRSS") * 1024

    def peak_rss_bytes(self):
        """The most resident memory that the process ever had."""
        return self._status_kib("VmHWM") * 1024

    def log(self):
        """The whole output so far."""
        with self._lines_changed:
            return "".join(self.lines)

    def log_tail(self, line_count=60):
        """The last lines of the output, for messages."""
        with self._lines_changed:
            return "".join(self.lines[-line_count:])

    def wait_for_log(self, pattern, deadline_s=10.0):
        """Waits until a line of the output matches; returns the match, or None after the
        deadline."""
        expression = re.compile(pattern)
        end = time.monotonic() + deadline_s
        with self._lines_changed:
            while True:
                for line in self.lines:
                    match = expression.search(line)
                    if match:
                        return match
                left_s = end - time.monotonic()
                if left_s <= 0:
                    return None
                self._lines_changed.wait(left_s)

    @property
    def is_sanitized(self):
        """Whether the binary was built with a sanitizer, which takes crashes over."""
        with open(self.binary, "rb") as binary:
            return b"__asan_init" in (code := binary.read()) or b"__tsan_init" in code

    def assert_no_crash(self):
        """Fails if the output holds a crash report or a sanitizer's."""
        match = CRASH_REPORT.search(self.log())
        if match:
            raise ServerFailed("crash report (%s)\n%s" % (match.group(0), self.log()))

    def _write_config(self):
        lines = []
        for name, value in self.directives.items():
            for item in value if isinstance(value, list) else [value]:
                lines.append("%s %s\n" % (name, item))
        with open(self.config_path, "w", encoding="utf-8") as config:
            config.write("".join(lines) + (self.config_text or ""))

    def _read_log(self):
        for line in iter(self.process.stdout.readline, b""):
            with self._lines_changed:
                self.lines.append(line.decode("utf-8", "replace"))
                self._lines_changed.notify_all()

    def _is_ready(self):
        if self.process.poll() is not None:
            self._reader.join(5)
            raise ServerFailed("exited with %s while starting\n%s" % (
                self.process.returncode, self.log()))
        if self.port == 0:
            return self.wait_for_log("Ready to accept connections|server is now ready", 0.2)
        try:
            with self.connect(timeout_s=2.0) as connection:
                reply = connection.call("PING")
        except (OSError, ConnectionClosed):
            return False
        return reply == Status(b"PONG") or (
            isinstance(reply, ErrorReply) and not reply.startswith(b"LOADING"))

    def _status_kib(self, field):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return 0


def _end_with_parent():
    """Runs in the new process: a killed test run must not leave its servers behind."""
    pr_set_pdeathsig = 1
    _LIBC.prctl(pr_set_pdeathsig, signal.SIGKILL)


def parse_info(reply):
    """INFO's text as a dict; section lines are left out."""
    fields = {}
    for line in bytes(reply).decode().split("\r\n"):
        if line and not line.startswith("#"):
            name, _, value = line.partition(":")
            fields[name] = value
    return fields
