"""Starts, pins, asks and stops the servers that are measured.

    with servers.redis(cpus=[0]) as server:
        server.used_memory_bytes(), server.rss_bytes(), server.cpu_ns()

Every server listens on a free loopback port only, keeps nothing on disk, and dies with the program that
started it.
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from lib.resp import Client

READY_DEADLINE_S = 20
STOP_DEADLINE_S = 30
PR_SET_PDEATHSIG = 1


class ServerError(Exception):
    """A server could not be started, or is gone."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pin_child(cpus):
    """What a child does before its program starts: it is pinned, and dies with its parent."""
    libc = ctypes.CDLL(None)

    def prepare():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpus:
            os.sched_setaffinity(0, cpus)

    return prepare


def make_certificate(folder: str):
    """A certificate that vouches for itself, and its key: cert.pem and key.pem."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=bench", "-days", "2", "-keyout", f"{folder}/key.pem", "-out",
         f"{folder}/cert.pem"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise ServerError(f"openssl: {made.stderr.strip()}")


class Server:
    """One server process. `label` names it in reports, `protocol` is what loadgen speaks to it."""

    protocol = "resp"

    def __init__(self, label: str, binary: str, cpus, directives=()):
        found = shutil.which(binary)
        if found is None:
            raise ServerError(f"no such program: {binary}")
        self.label = label
        self.binary = found
        self.cpus = [cpu for cpu in cpus if cpu < os.cpu_count()]
        self.directives = list(directives)
        self.port = 0
        self.tls_port = 0  # not 0: the load comes over TLS
        self.has_tls = False
        self.pid = 0
        self._process = None
        self._directory = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Starts the process and waits until it answers."""
        self.port = free_port()
        self._directory = tempfile.mkdtemp(prefix="bench-")
        if self.has_tls:
            self.tls_port = free_port()
            make_certificate(self._directory)
        log_path = os.path.join(self._directory, "log")
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen(
                self.arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self._directory, preexec_fn=pin_child(self.cpus))
        self.pid = self._process.pid
        deadline = time.monotonic() + READY_DEADLINE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                with open(log_path, encoding="utf-8", errors="replace") as log:
                    tail = log.read()[-2000:]
                self.stop()
                raise ServerError(f"{self.label} did not start:\n{tail}")
            time.sleep(0.02)

    def stop(self):
        """Ends the process, however it takes it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def arguments(self) -> list:
        return [self.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", self._directory] + self._tls_arguments() + self.directives

    def _tls_arguments(self) -> list:
        if not self.has_tls:
            return []
        return ["--tls-port", str(self.tls_port), "--tls-cert-file", f"{self._directory}/cert.pem",
                "--tls-key-file", f"{self._directory}/key.pem", "--tls-auth-clients", "no"]

    @property
    def load_port(self) -> int:
        return self.tls_port or self.port

    def _answers(self) -> bool:
        try:
            with Client(self.port, 1.0) as client:
                return client.command("PING") == "PONG"
        except (OSError, ConnectionError):
            return False

    def client(self) -> Client:
        return Client(self.port)

    def empty(self):
        """No keys any more, and their memory free."""
        with self.client() as client:
            client.command("FLUSHALL", "SYNC")

    def used_memory_bytes(self) -> int:
        with self.client() as client:
            return int(client.info("memory")["used_memory"])

    def key_count(self) -> int:
        with self.client() as client:
            return client.command("DBSIZE")

    def rss_bytes(self) -> int:
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise ServerError(f"{self.label} is gone")

    def _schedstat_sum(self, column: int) -> int:
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[column])
            except FileNotFoundError:
                pass  # The thread ended meanwhile.
        return total

    def cpu_ns(self) -> int:
        """User and system time of all threads so far."""
        return self._schedstat_sum(0)

    def wait_ns(self) -> int:
        """Time its threads could have run but something else had the core."""
        return self._schedstat_sum(1)

    def version(self) -> str:
        """What `--version` says, or memcached's -V."""
        answer = subprocess.run([self.binary, self._version_flag], capture_output=True, text=True,
                                timeout=10, check=False)
        lines = (answer.stdout or answer.stderr).strip().splitlines()
        return lines[0] if lines else "unknown"

    _version_flag = "--version"


class Memcached(Server):
    protocol = "memcached"
    _version_flag = "-V"

    def arguments(self) -> list:
        return [self.binary, "-u", "root", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0",
                "-m", "8192", "-c", "2000"] + self.directives

    def _answers(self) -> bool:
        try:
            return bool(self.stats())
        except (OSError, ConnectionError):
            return False

    def stats(self) -> dict:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"stats\r\n")
            text = b""
            while not text.endswith(b"END\r\n"):
                chunk = connection.recv(65536)
                if not chunk:
                    raise ConnectionError("memcached closed the connection")
                text += chunk
        return dict(line.split()[1:3] for line in text.decode().splitlines()
                    if line.startswith("STAT ") and len(line.split()) == 3)

    def used_memory_bytes(self) -> int:
        stats = self.stats()
        return int(stats["bytes"]) + int(stats["hash_bytes"])

    def key_count(self) -> int:
        return int(self.stats()["curr_items"])


def is_stand_in(binary: str) -> bool:
    """Whether `binary` is not Ringtail but a peer in its place, for trying out the benchmarks."""
    return os.path.basename(binary).startswith(("redis-server", "valkey-server"))


def ringtail(binary: str, cpus=(0,), threads: int = 1, directives=(), label: str = "") -> Server:
    if is_stand_in(binary):
        workers = ["--io-threads", str(threads)] if threads > 1 else []
        name = "stand-in"
    else:
        workers = ["--threads", str(threads)]
        name = "ringtail"
    label = label or (name if threads == 1 else f"{name} ×{threads}")
    return Server(label, binary, cpus, workers + list(directives))


def redis(binary: str = "redis-server", cpus=(0,), directives=(), label: str = "redis") -> Server:
    return Server(label, binary, cpus, directives)


def memcached(binary: str = "memcached", cpus=(0,), directives=("-t", "1")) -> Server:
    return Memcached("memcached", binary, cpus, directives)
