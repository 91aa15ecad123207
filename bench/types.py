#!/usr/bin/python3
"""Speed of lists, sets, hashes, sorted sets and streams beside redis-server: server CPU per request.

Each command runs in two ways: on one large key as redis-benchmark does it, and over a million keys. The method is
that of compare.py: the servers in turn, pinned, the same bytes; what counts is the ratio within a round.
"""
import sys
from typing import NamedTuple

from lib import cli, load, report, servers, stats

PIPELINES = [1, 16, 100]
TARGETS = {1: 0.95, 16: 0.6, 100: 0.6}
VALUE_BYTES = 16
REQUESTS = {1: 60_000, 16: 400_000, 100: 600_000}

# Commands that bring the keyspace into the state that a load needs.
FILL_LIST = "RPUSH mylist __value__"
FILL_LISTS = "RPUSH list:__rand__ __value__ a b c"
FILL_SET = "SADD myset element:__rand__"
FILL_HASH = "HSET myhash element:__rand__ __value__"
FILL_ZSET = "ZADD myzset __rand__ element:__rand__"


class Load(NamedTuple):
    """A command, on one key or on many, and what has to be there before. What consumes its keys is
    given them anew for each run."""

    name: str
    command: str
    fill: str = ""
    is_consuming: bool = False


LOADS = [
    Load("LPUSH", "LPUSH mylist __value__"),
    Load("LPUSH, a million keys", "LPUSH list:__rand__ __value__"),
    Load("RPOP", "RPOP mylist", FILL_LIST, True),
    Load("RPOP, a million keys", "RPOP list:__rand__", FILL_LISTS, True),
    Load("LRANGE of 100", "LRANGE mylist 0 99", FILL_LIST),
    Load("SADD", "SADD myset element:__rand__"),
    Load("SADD, a million keys", "SADD set:__rand__ __value__"),
    Load("SPOP", "SPOP myset", FILL_SET, True),
    Load("HSET", "HSET myhash element:__rand__ __value__", FILL_HASH),
    Load("HSET, a million keys", "HSET hash:__rand__ field __value__"),
    Load("HGET", "HGET myhash element:__rand__", FILL_HASH),
    Load("ZADD", "ZADD myzset __rand__ element:__rand__"),
    Load("ZADD, a million keys", "ZADD zset:__rand__ 1 __value__"),
    Load("ZRANGEBYSCORE of 10", "ZRANGEBYSCORE myzset __rand__ +inf LIMIT 0 10", FILL_ZSET),
    Load("ZRANK", "ZRANK myzset element:__rand__", FILL_ZSET),
    Load("ZRANGE of 10", "ZRANGE myzset __rand__ +inf BYSCORE LIMIT 0 10", FILL_ZSET),
    Load("XADD", "XADD mystream * myfield __value__"),
]


def numbers(text: str) -> list:
    return [int(word) for word in text.split(",")]


def parse_options():
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=3, metavar="N", help="rounds; medians are over these")
    add("--only", default="", metavar="WORDS", help="loads whose names begin with one of these")
    add("--pipelines", type=numbers, default=PIPELINES, metavar="N,N")
    add("--keys", type=int, default=1_000_000, metavar="N", help="keys, or members of the one key")
    add("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    options = parser.parse_args()
    if options.quick:
        options.keys //= 4
    options.loads = [one for one in LOADS if not options.only or any(
        one.name.upper().startswith(word) for word in options.only.upper().split(","))]
    return options


def fill(options, server, text: str, count: int):
    if text:
        load.run(options, server, command=text, requests=count, keys=options.keys, pipeline=100,
                 value_bytes=VALUE_BYTES, order="shuffled" if "__rand__" in text else "random",
                 seconds=120)


def measure(options, one: Load, server, pipeline: int, round_index: int) -> dict:
    requests = REQUESTS[pipeline] // (4 if options.quick else 1)
    if one.is_consuming:
        server.empty()
        fill(options, server, one.fill,
             requests if "__rand__" not in one.fill else max(requests, options.keys))
    return load.run(options, server, command=one.command, requests=requests, pipeline=pipeline,
                    keys=options.keys, value_bytes=VALUE_BYTES, seed=1 + round_index, seconds=60)


def run_load(options, one: Load, running: list) -> dict:
    """Samples of a load: pipeline -> label of a server -> results, one per round."""
    for server in running:
        server.empty()
        if not one.is_consuming:
            fill(options, server, one.fill, options.keys)
    samples = {}
    for pipeline in options.pipelines:
        of_pipeline = samples.setdefault(pipeline, {})
        for round_index in range(options.rounds):
            for server in running:
                sample = measure(options, one, server, pipeline, round_index)
                of_pipeline.setdefault(server.label, []).append(sample)
        report.progress(f"{one.name} P={pipeline}: " + "  ".join(
            f"{label} {rows[-1]['server_cpu_us_per_request']:.3f}"
            for label, rows in of_pipeline.items()) + " µs")
    return samples


def column(rows: list, field: str = "server_cpu_us_per_request") -> list:
    return [row[field] for row in rows]


def main(options):
    cpus = [options.server_cpu]
    running = [servers.redis(options.redis, cpus),
               servers.ringtail(options.ringtail, cpus, options.threads)]
    base, subject = (server.label for server in running)
    rows, reached, everything = [], 0, []
    try:
        for server in running:
            server.start()
        for one in options.loads:
            samples = run_load(options, one, running)
            everything.append({"load": one.name, "samples": samples})
            for pipeline, of_pipeline in samples.items():
                mine, theirs = column(of_pipeline[subject]), column(of_pipeline[base])
                ratio = stats.spread(stats.ratios(mine, theirs))
                verdict = stats.verdict(ratio.median, TARGETS[pipeline])
                reached += verdict == "PASS"
                rows.append([f"{one.name} P={pipeline}", stats.spread(theirs).text(3),
                             stats.spread(mine).text(3), ratio.text(3),
                             f"{TARGETS[pipeline]:.2f}", verdict])
    finally:
        for server in running:
            server.stop()
    about = (f"Values of {VALUE_BYTES} bytes, {options.keys:,} keys or members, 50 connections, "
             f"{options.rounds} rounds; server CPU in µs per request, median (least – greatest).")
    table = report.table(["load", base, subject, "ratio", "at most", "verdict"], rows)
    table += f"\n\n{reached} of {len(rows)} targets reached."
    report.say("\n" + about + "\n\n" + table)
    report.write_json(options, everything)
    if options.write:
        report.write_markdown(options, "types", "Lists, sets, hashes, sorted sets and streams",
                              [about, table])


if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
