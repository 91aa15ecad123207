#!/usr/bin/python3
"""Memory: bytes per key by the server's own count and by the system's (RSS), and per idle connection.

Every key is 16 bytes and written exactly once. A figure is (memory after - memory of the empty server) / keys.
"""
import sys

import connections
from lib import cli, load, report, servers

SECTIONS = ["strings", "curve", "ttl", "sizes", "small", "large", "connections"]
KEYS = 5_000_000
VALUE_BYTES = 64
CURVE_FROM, CURVE_TO, CURVE_STEP = 3_000_000, 6_000_000, 100_000
SIZES = [8, 16, 32, 64, 100, 128, 256, 512, 1024, 4096, 16384]
SIZES_BYTES_TOTAL = 400_000_000

# Small collections: what makes one, and bytes at most with its 16-byte key.
SMALL = {
    "hash of 10 fields (8 B name, 16 B value)":
        ("HSET key:__rand__ " + " ".join(f"field:0{n} __value__" for n in range(10)), 340),
    "sorted set of 10 members of 8 B, six-digit scores":
        ("ZADD key:__rand__ " + " ".join(f"{123456 + 7 * n} member0{n}" for n in range(10)), 205),
    "set of 10 four-digit integers":
        ("SADD key:__rand__ " + " ".join(str(1234 + 77 * n) for n in range(10)), 80),
    "list of 10 strings of 16 B":
        ("RPUSH key:__rand__ " + " ".join(["__value__"] * 10), 240),
}
# Large collections: what adds one of their members.
LARGE = {
    "hash": "HSET big field:__rand__ __value__",
    "sorted set": "ZADD big __rand__ member:__rand__",
    "set": "SADD big member:__rand__",
    "list": "RPUSH big element:__rand__",
}
COLLECTION_VALUE_BYTES = 16
TARGET_LARGE = 0.75  # of redis-server's

TARGET_STRINGS = 110
TARGET_CURVE = 114
TARGET_TTL = 130


def parse_options():
    parser = cli.parser(__doc__)
    parser.add_argument("--keys", type=int, default=KEYS, metavar="N",
                        help="of the sections strings and ttl; the curve runs from 0.6 to 1.2 of it")
    parser.add_argument("--only", default=",".join(SECTIONS), metavar="SECTIONS",
                        help="of " + ",".join(SECTIONS))
    parser.add_argument("--idle-connections", type=int, default=10_000, metavar="N")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(SECTIONS):
        parser.error(f"--only knows {','.join(SECTIONS)}, not {','.join(unknown)}")
    if options.quick:
        options.keys //= 10
    return options


def make_ringtail(options):
    return servers.ringtail(options.ringtail, [options.server_cpu], options.threads)


def make_redis(options):
    return servers.redis(options.redis, [options.server_cpu])


def make_memcached(options):
    return servers.memcached(options.memcached, [options.server_cpu])


class Meter:
    """Memory of a server beyond what it had when this was made."""

    def __init__(self, server):
        self.server = server
        self.used_bytes = server.used_memory_bytes()
        self.rss_bytes = server.rss_bytes()

    def per_key(self):
        """(used, RSS) bytes per key, by the server's own number of keys."""
        count = max(self.server.key_count(), 1)
        return ((self.server.used_memory_bytes() - self.used_bytes) / count,
                (self.server.rss_bytes() - self.rss_bytes) / count)


def fill_once(options, server, key_count: int, **arguments):
    load.fill(options, server, key_count, **arguments)
    held = server.key_count()
    if held != key_count:
        raise servers.ServerError(f"{server.label} holds {held} keys, not {key_count}")


def measure(options, server, key_count: int, **arguments):
    """(used, RSS) per key of a fresh server after one fill."""
    with server:
        meter = Meter(server)
        report.progress(f"{server.label}: {key_count:,} keys {arguments or ''}")
        fill_once(options, server, key_count, **arguments)
        return meter.per_key()


def strings_section(options, data: dict) -> str:
    makers = [make_ringtail, make_redis]
    if options.memcached != "none":
        makers.append(make_memcached)
    rows = []
    for maker in makers:
        server = maker(options)
        used, rss = measure(options, server, options.keys, value_bytes=VALUE_BYTES)
        data[server.label] = {"used": used, "rss": rss}
        rows.append([server.label, f"{used:.1f}", f"{rss:.1f}"] +
                    judged(used, TARGET_STRINGS, maker is make_ringtail))
    return (f"## {options.keys:,} strings, 16 B keys, {VALUE_BYTES} B values\n\n" +
            report.table(["server", "used B/key", "RSS B/key", "at most", "verdict"], rows) +
            "\n\nmemcached's used memory is its items and its hash table, without slab pages half full.")


def judged(value: float, target: float, is_subject: bool) -> list:
    if not is_subject:
        return ["", ""]
    return [str(target), "PASS" if value <= target else f"short by {value - target:.1f} B"]


def curve_section(options, data: dict) -> str:
    scale = options.keys / KEYS
    start, end, step = (int(n * scale) for n in (CURVE_FROM, CURVE_TO, CURVE_STEP))
    lines = []
    for maker in (make_ringtail, make_redis):
        with maker(options) as server:
            meter = Meter(server)
            report.progress(f"{server.label}: {start:,} to {end:,} keys")
            load.fill(options, server, start, value_bytes=VALUE_BYTES)
            points = [(start, *meter.per_key())]
            for count in range(start, end, step):
                load.run(options, server, op="set", pipeline=100, order="sequential", keys=step,
                         requests=step, key_start=count, value_bytes=VALUE_BYTES)
                points.append((count + step, *meter.per_key()))
            if server.key_count() != end:
                raise servers.ServerError(f"{server.label} holds {server.key_count()} keys, not {end}")
        data[server.label] = points
        count, worst, _ = max(points, key=lambda point: point[1])
        least = min(point[1] for point in points)
        words = f"{server.label}: {least:.1f} to {worst:.1f} B/key used, most at {count:,} keys"
        if maker is make_ringtail:
            words += f"; at most {TARGET_CURVE}: {judged(worst, TARGET_CURVE, True)[1]}"
        lines.append("- " + words)
    return (f"## Used memory per key at every {step:,} between {start:,} and {end:,} keys\n\n" +
            "\n".join(lines) + "\n\n![curve](memory_curve.svg)")


def ttl_section(options, data: dict) -> str:
    rows = []
    for maker in (make_ringtail, make_redis):
        server = maker(options)
        used, rss = measure(options, server, options.keys, op="setex", value_bytes=VALUE_BYTES)
        data[server.label] = {"used": used, "rss": rss}
        rows.append([server.label, f"{used:.1f}", f"{rss:.1f}"] +
                    judged(used, TARGET_TTL, maker is make_ringtail))
    return (f"## The same with a TTL each (spread over ten days)\n\n" +
            report.table(["server", "used B/key", "RSS B/key", "at most", "verdict"], rows))


def sizes_section(options, data: dict) -> str:
    """For information: what each value size costs beyond the key's and value's own bytes."""
    rows = []
    for value_bytes in SIZES[1:8:2] if options.quick else SIZES:
        count = min(options.keys // 5, SIZES_BYTES_TOTAL // (value_bytes + 80))
        row = [f"{value_bytes:,} B", f"{count:,}"]
        for maker in (make_ringtail, make_redis):
            server = maker(options)
            used, rss = measure(options, server, count, value_bytes=value_bytes)
            data.setdefault(server.label, {})[value_bytes] = {"used": used, "rss": rss}
            row += [f"{used:,.1f}", f"{used - 16 - value_bytes:,.1f}"]
        rows.append(row)
    names = list(data)
    return ("## Other value sizes, for information\n\n" +
            report.table(["value", "keys", f"{names[0]} used B/key", "overhead", f"{names[1]} used B/key",
                          "overhead"], rows))


def small_section(options, data: dict) -> str:
    count = options.keys // 5
    rows = []
    for name, (command, target) in SMALL.items():
        for maker in (make_ringtail, make_redis):
            server = maker(options)
            used, rss = measure(options, server, count, command=command,
                                value_bytes=COLLECTION_VALUE_BYTES)
            data.setdefault(server.label, {})[name] = {"used": used, "rss": rss}
            rows.append([name, server.label, f"{used:.1f}", f"{rss:.1f}"] +
                        judged(used, target, maker is make_ringtail))
    return (f"## {count:,} small collections of each type, 16 B keys\n\n" + report.table(
        ["collection", "server", "used B/key", "RSS B/key", "at most", "verdict"], rows))


def large_section(options, data: dict) -> str:
    count = options.keys // 5
    rows = []
    for name, command in LARGE.items():
        used = {}
        for maker in (make_ringtail, make_redis):
            with maker(options) as server:
                before = server.used_memory_bytes()
                report.progress(f"{server.label}: a {name} of {count:,}")
                load.fill(options, server, count, command=command,
                          value_bytes=COLLECTION_VALUE_BYTES)
                used[maker] = (server.used_memory_bytes() - before) / count
                data.setdefault(server.label, {})[name] = used[maker]
        ratio = used[make_ringtail] / used[make_redis]
        verdict = "PASS" if ratio <= TARGET_LARGE else f"short by {ratio - TARGET_LARGE:.2f}"
        rows.append([name, f"{used[make_ringtail]:.1f}", f"{used[make_redis]:.1f}",
                     f"{ratio:.2f}", f"{TARGET_LARGE:.2f}", verdict])
    names = list(data)
    return (f"## One collection of {count:,} members of each type\n\n" + report.table(
        ["collection", f"{names[0]} used B/member", f"{names[1]} used B/member", "ratio",
         "at most", "verdict"], rows))


def connections_section(options, data: dict) -> str:
    return connections.section(options, data)


def plot(options, data: dict):
    if curve := data.get("curve"):
        series = {label: ([p[0] / 1e6 for p in points], [p[1] for p in points])
                  for label, points in curve.items()}
        report.lines(options, "memory_curve", [
            {"title": "Used memory per key (16 B keys, 64 B values)", "xlabel": "million keys",
             "ylabel": "bytes", "series": series, "target": TARGET_CURVE}])


def main(options):
    data = {}
    texts = []
    for name in SECTIONS:
        if name not in options.only:
            continue
        data[name] = {}
        texts.append(SECTION_MAKERS[name](options, data[name]))
        report.say("\n" + texts[-1])
    report.write_json(options, data)
    if options.write:
        plot(options, data)
        report.write_markdown(options, "memory", "Memory per key and per connection", texts)


SECTION_MAKERS = {"strings": strings_section, "curve": curve_section, "ttl": ttl_section,
                  "sizes": sizes_section, "small": small_section, "large": large_section,
                  "connections": connections_section}

if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
