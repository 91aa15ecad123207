#!/usr/bin/python3
"""Pub/sub beside redis-server: server CPU for each message that a subscriber receives.

Publishers send pipelines of PUBLISH to one channel, and the next when all are answered; this program reads every
subscriber to the end, and the run is over when the last has received the last message. Servers take turns (A B A B ...),
and a ratio is taken round by round. With two workers the server has both cores and shares one of them with this program.

Then what configured but unheard keyspace events cost GET and SET: the same server with notify-keyspace-events
KEA and "".
"""
import selectors
import socket
import sys
import time

from lib import cli, load, report, servers, stats

TARGET = 0.8
CHANNEL = b"news"
MESSAGE_BYTES = 64
# Deliveries of one run; divided by the subscribers it is the number of messages.
DELIVERIES = 300_000
# Subscribers, workers, publishers, pipeline.
CASES = [(1000, 2, 1, 16), (1000, 2, 50, 1), (1000, 2, 1, 1), (1000, 1, 1, 16), (1000, 1, 50, 1),
         (10, 2, 1, 16), (10, 1, 1, 16)]
DEADLINE_S = 60
NOTIFY_COST_MAX = 1.03


def parse_options():
    parser = cli.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    return parser.parse_args()


def encode(*words) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Audience:
    """Subscribers of one channel, read as a whole: how many bytes have they all received?"""

    def __init__(self, port: int, count: int):
        self._selector = selectors.EpollSelector()
        self._sockets = []
        self._received = 0
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            connection.sendall(encode(b"SUBSCRIBE", CHANNEL))
            confirmation = b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
            left = len(confirmation)
            while left > 0:
                left -= len(connection.recv(left))
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ)
            self._sockets.append(connection)
        self._room = bytearray(1 << 18)

    def read(self, timeout_s: float):
        for key, _ in self._selector.select(timeout_s):
            try:
                self._received += key.fileobj.recv_into(self._room)
            except BlockingIOError:
                pass

    @property
    def received_bytes(self) -> int:
        return self._received

    def close(self):
        for connection in self._sockets:
            connection.close()
        self._selector.close()


def run_once(server, audience, subscribers: int, publishers: int, pipeline: int,
             messages: int) -> float:
    """Server CPU for each delivered message, in ns."""
    payload = b"m" * MESSAGE_BYTES
    delivered_bytes = len(encode(b"message", CHANNEL, payload)) * subscribers
    request = encode(b"PUBLISH", CHANNEL, payload)
    reply_bytes = len(b":%d\r\n" % subscribers)
    expected = audience.received_bytes + delivered_bytes * messages
    connections = [socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S)
                   for _ in range(publishers)]
    try:
        deadline = time.monotonic() + DEADLINE_S
        began_ns = server.cpu_ns()
        for _ in range(messages // (publishers * pipeline)):
            for connection in connections:
                connection.sendall(request * pipeline)
            for connection in connections:
                left = reply_bytes * pipeline
                while left > 0:
                    left -= len(connection.recv(left))
            audience.read(0)
        while audience.received_bytes < expected:
            if time.monotonic() > deadline:
                raise servers.ServerError("messages are missing: %d of %d bytes" % (
                    audience.received_bytes, expected))
            audience.read(0.1)
        return (server.cpu_ns() - began_ns) / (messages * subscribers)
    finally:
        for connection in connections:
            connection.close()


def measure(options, subscribers: int, threads: int, publishers: int, pipeline: int) -> dict:
    deliveries = DELIVERIES // (10 if options.quick else 1)
    turn = publishers * pipeline
    messages = max(deliveries // subscribers // turn, 4) * turn
    cpus = list(range(threads))
    subjects = [servers.ringtail(options.ringtail, cpus, threads),
                servers.redis(options.redis, [options.server_cpu])]
    samples = {server.label: [] for server in subjects}
    with subjects[0], subjects[1]:
        audiences = [Audience(server.port, subscribers) for server in subjects]
        for server, audience in zip(subjects, audiences):
            run_once(server, audience, subscribers, publishers, pipeline, turn)
        for _ in range(2 if options.quick else options.rounds):
            for server, audience in zip(subjects, audiences):
                samples[server.label].append(
                    run_once(server, audience, subscribers, publishers, pipeline, messages))
        for audience in audiences:
            audience.close()
    return samples


def delivery_section(options, data: dict) -> str:
    rows = []
    for subscribers, threads, publishers, pipeline in CASES:
        report.progress(f"{subscribers} subscribers, {threads} workers, {publishers} publishers, "
                        f"pipeline {pipeline}")
        samples = measure(options, subscribers, threads, publishers, pipeline)
        data[f"{subscribers}/{threads}/{publishers}/{pipeline}"] = samples
        mine, theirs = samples.values()
        ratio = stats.spread(stats.ratios(mine, theirs))
        is_goal = subscribers == 1000 and threads == 2 and publishers * pipeline > 1
        rows.append([f"{subscribers:,}", threads, publishers, pipeline,
                     f"{stats.spread(mine).median:,.0f}",
                     f"{stats.spread(theirs).median:,.0f}", ratio.text(),
                     TARGET if is_goal else "", stats.verdict(ratio.median, TARGET) if is_goal else ""])
    return ("## Messages\n\nServer CPU in ns for each message that a subscriber received.\n\n" +
            report.table(["subscribers", "workers", "publishers", "pipeline", "ringtail", "redis",
                          "ratio", "at most", "verdict"], rows))


def notify_section(options, data: dict) -> str:
    """GET and SET of keys that are there: with nobody subscribed an event is not even formatted."""
    requests = 400_000 if options.quick else 2_000_000
    rows = []
    with servers.ringtail(options.ringtail, [options.server_cpu]) as server:
        load.fill(options, server, 100_000)
        for op in ("get", "set"):
            report.progress(f"{op.upper()} with events configured")
            samples = {"": [], "KEA": []}
            for _ in range(2 if options.quick else options.rounds):
                for classes, values in samples.items():
                    with server.client() as client:
                        client.command("CONFIG", "SET", "notify-keyspace-events", classes)
                    result = load.run(options, server, op=op, keys=100_000, requests=requests,
                                      pipeline=16)
                    values.append(1000 * result["server_cpu_us_per_request"])
            data[f"notify/{op}"] = samples
            ratio = stats.spread(stats.ratios(samples["KEA"], samples[""]))
            rows.append([op.upper(), *(f"{stats.spread(of).median:,.0f}" for of in samples.values()),
                         ratio.text(), NOTIFY_COST_MAX, stats.verdict(ratio.median, NOTIFY_COST_MAX)])
    return ("## Events that nobody hears\n\nServer CPU in ns for each request, pipelines of 16.\n\n" +
            report.table(["request", "nothing configured", "KEA", "ratio", "at most", "verdict"], rows))


def main(options):
    data = {}
    sections = [delivery_section(options, data), notify_section(options, data)]
    for text in sections:
        report.say("\n" + text)
    report.write_json(options, data)
    if options.write:
        report.write_markdown(options, "pubsub", "Pub/sub", sections)


if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
