#!/usr/bin/python3
"""Idle connections: how many are held, what each costs, and whether all of them still answer.

Opens them one after the other, asks each once (so that its buffers have been used), waits, measures, then
asks all of them again. Memory of the kernel's sockets is not in these figures.
"""
import resource
import socket
import sys
import time

from lib import cli, report, servers, stats

TARGET_BYTES = 4096
# Servers shrink the buffers of idle connections in the background, so memory is read when it has not moved
# by a thousandth for SETTLED_S, or after SETTLE_MAX_S.
SETTLED_S = 3
SETTLE_MAX_S = 30
PING = b"PING\r\n"
PONG = b"+PONG\r\n"


def parse_options():
    parser = cli.parser(__doc__)
    parser.add_argument("--idle-connections", type=int, default=10_000, metavar="N")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    return parser.parse_args()


def allow_files(count: int):
    """Raises this program's limit of open files (its servers inherit it), or says that it cannot."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        raise servers.ServerError(f"{count} open files are needed, the limit is {hard}")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def answering(sockets: list) -> int:
    """How many of `sockets` answer a PING."""
    count = 0
    for connection in sockets:
        try:
            connection.sendall(PING)
            reply = b""
            while len(reply) < len(PONG):
                chunk = connection.recv(64)
                if not chunk:
                    break
                reply += chunk
            count += reply == PONG
        except OSError:
            pass
    return count


def settle(server):
    deadline = time.monotonic() + SETTLE_MAX_S
    before = 0
    while time.monotonic() < deadline:
        now = server.used_memory_bytes()
        if abs(now - before) < now / 1000:
            return
        before = now
        time.sleep(SETTLED_S)


def measure(server, wanted: int) -> dict:
    sockets = []
    with server:
        used, rss = server.used_memory_bytes(), server.rss_bytes()
        try:
            began = time.monotonic()
            for _ in range(wanted):
                try:
                    sockets.append(socket.create_connection(("127.0.0.1", server.port), timeout=5))
                except OSError:
                    break
            answering(sockets)
            opened_s = time.monotonic() - began
            settle(server)
            used, rss = server.used_memory_bytes() - used, server.rss_bytes() - rss
            return {"opened": len(sockets), "answering": answering(sockets), "opened_s": opened_s,
                    "used_per_connection": used / max(len(sockets), 1),
                    "rss_per_connection": rss / max(len(sockets), 1)}
        finally:
            for connection in sockets:
                connection.close()


def section(options, data: dict) -> str:
    """The Markdown of the measurement; also a part of bench/memory.py."""
    wanted = options.idle_connections
    allow_files(wanted + 500)
    limit = ["--maxclients", str(wanted + 100)]
    rows = []
    subjects = [servers.ringtail(options.ringtail, [options.server_cpu], options.threads, limit),
                servers.redis(options.redis, [options.server_cpu], limit)]
    for server in subjects:
        report.progress(f"{server.label}: {wanted:,} connections")
        result = data[server.label] = measure(server, wanted)
        row = [server.label, f"{result['answering']:,} of {wanted:,}",
               f"{result['used_per_connection']:,.0f}", f"{result['rss_per_connection']:,.0f}"]
        if server is subjects[0]:
            verdict = stats.verdict(max(result["used_per_connection"], result["rss_per_connection"]),
                                    TARGET_BYTES)
            row += [f"{TARGET_BYTES:,}", verdict if result["answering"] == wanted else "not all held"]
        else:
            row += ["", ""]
        rows.append(row)
    return ("## Idle connections\n\n" +
            report.table(["server", "held and answering", "used B each", "RSS B each", "at most", "verdict"],
                         rows))


def main(options):
    data = {}
    text = section(options, data)
    report.say("\n" + text)
    report.write_json(options, data)
    if options.write:
        report.write_markdown(options, "connections", "Idle connections", [text])


if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
