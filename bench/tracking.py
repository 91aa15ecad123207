#!/usr/bin/python3
"""Client-side caching: what CLIENT TRACKING costs those who read, and how much memory it takes.

One RESP3 client reads each of a million keys once, in scattered order: with tracking off, with tracking on
(every key is remembered for the first time), and again (every key is known). Cost is server CPU per GET; memory is
what used_memory grows by when the keys are remembered. Then a FLUSHALL with all of them tracked: how long its
caller waits, and for how long nobody else is served.
"""
import random
import socket
import sys
import threading
import time

from lib import cli, report, servers, stats

CPU_TARGET = 0.60
VALUE = b"v" * 32


def parse_options():
    parser = cli.parser(__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--pipeline", type=int, default=16, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    options = parser.parse_args()
    if options.quick:
        options.keys //= 10
        options.rounds = 1
    return options


def encode(*words) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def key(number: int) -> bytes:
    return b"key:%012d" % number


class Reader:
    """One connection that pipelines requests whose replies all have the same length."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, *words) -> bytes:
        self.socket.sendall(encode(*words))
        return self.socket.recv(65536)

    def run(self, batches: list, reply_bytes: int):
        """Each batch is (bytes, how many requests)."""
        for request, count in batches:
            self.socket.sendall(request)
            missing = count * reply_bytes
            while missing > 0:
                data = self.socket.recv(1 << 20)
                if not data:
                    raise servers.ServerError("the connection was closed")
                missing -= len(data)


def batches_of(options, words) -> list:
    requests = [words(number) for number in range(options.keys)]
    random.Random(1).shuffle(requests)
    step = options.pipeline
    return [(b"".join(requests[i:i + step]), len(requests[i:i + step]))
            for i in range(0, len(requests), step)]


def cpu_us_per_get(options, server, reader, gets: list) -> float:
    before_ns = server.cpu_ns()
    reader.run(gets, len(b"$32\r\n" + VALUE + b"\r\n"))
    return (server.cpu_ns() - before_ns) / 1e3 / options.keys


def flush(server) -> dict:
    """FLUSHALL ASYNC with a prober beside it; milliseconds."""
    longest_ms, done = [0.0], threading.Event()

    def probe():
        with server.client() as client:
            while not done.is_set():
                begin = time.monotonic()
                client.command("PING")
                longest_ms[0] = max(longest_ms[0], (time.monotonic() - begin) * 1e3)

    prober = threading.Thread(target=probe)
    prober.start()
    time.sleep(0.2)
    with server.client() as client:
        begin = time.monotonic()
        client.command("FLUSHALL", "ASYNC")
        caller_ms = (time.monotonic() - begin) * 1e3
    time.sleep(0.2)
    done.set()
    prober.join()
    return {"caller_ms": caller_ms, "others_ms": longest_ms[0]}


def measure(options, server, sets: list, gets: list) -> dict:
    report.progress(server.label)
    with server:
        reader = Reader(server)
        reader.run([(request, count) for request, count in sets], len(b"+OK\r\n"))
        reader.say(b"HELLO", b"3")
        result = {"off_us": cpu_us_per_get(options, server, reader, gets)}
        with server.client() as client:
            client.command("CONFIG", "SET", "tracking-table-max-keys", "0")
        reader.say(b"CLIENT", b"TRACKING", b"ON")
        before = server.used_memory_bytes()
        result["first_us"] = cpu_us_per_get(options, server, reader, gets)
        result["bytes_per_key"] = (server.used_memory_bytes() - before) / options.keys
        result["again_us"] = cpu_us_per_get(options, server, reader, gets)
        result.update(flush(server))
    return result


def main(options):
    sets = batches_of(options, lambda number: encode(b"SET", key(number), VALUE))
    gets = batches_of(options, lambda number: encode(b"GET", key(number)))
    subjects = [servers.ringtail(options.ringtail, [options.server_cpu], options.threads),
                servers.redis(options.redis, [options.server_cpu])]
    samples = {server.label: [] for server in subjects}
    for _ in range(options.rounds):
        for server in subjects:
            samples[server.label].append(measure(options, server, sets, gets))
    # The best round is the one that was disturbed least.
    best = {label: {name: min(result[name] for result in results) for name in results[0]}
            for label, results in samples.items()}
    own, redis = (best[server.label] for server in subjects)
    rows = []
    for name, what in (("off_us", "tracking off"), ("first_us", "on, each key for the first time"),
                       ("again_us", "on, each key again")):
        ratio = own[name] / redis[name]
        verdict = "" if name == "off_us" else stats.verdict(ratio, CPU_TARGET)
        rows.append([f"CPU per GET, µs: {what}", f"{own[name]:.2f}", f"{redis[name]:.2f}", f"{ratio:.2f}",
                     verdict])
    for name, what in (("bytes_per_key", "bytes a tracked key takes"),
                       ("caller_ms", "FLUSHALL ASYNC, ms: its caller waits"),
                       ("others_ms", "FLUSHALL ASYNC, ms: others wait at most")):
        rows.append([what, f"{own[name]:.1f}", f"{redis[name]:.1f}", f"{own[name] / redis[name]:.2f}", ""])
    result = report.table([f"{options.keys:,} keys, pipeline {options.pipeline}", subjects[0].label, "redis",
                           "ratio", "target 0.60"], rows)
    report.say(result)
    report.write_json(options, samples)
    if options.write:
        report.write_markdown(options, "tracking", "Client-side caching: what tracking costs", [result])


if __name__ == "__main__":
    OPTIONS = parse_options()
    sys.exit(cli.run(main, OPTIONS))
