#!/usr/bin/python3
"""Scripts beside redis-server: server CPU per EVAL, and what scripts cost the traffic around them.

The first part is measured as in compare.py: the servers in turn, pinned, the same bytes; what counts is the ratio within a
round. The second runs GETs on ringtail with several workers, without and with a thousand scripts a second beside
them, each of which stops all workers for a moment.
"""
import sys

from lib import cli, load, report, servers, stats

TARGET = 0.8
TARGET_KEPT = 0.8
PIPELINES = [1, 16]
REQUESTS = {1: 60_000, 16: 400_000}
SCRIPTS_PER_SECOND = 1000

GET = "return(redis.call('GET',KEYS[1]))"
# Counts to a limit within a window of time, as rate limiters do.
LIMITER = """local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
if count > tonumber(ARGV[2]) then return 0 end
return 1"""


def parse_options():
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=3, metavar="N", help="rounds; medians are over these")
    add("--keys", type=int, default=100_000, metavar="N")
    add("--threads", type=int, default=4, metavar="N", help="workers of ringtail in the second part")
    return parser.parse_args()


def loads(server) -> dict:
    """Name -> command, for a server that has the scripts in its cache."""
    client = server.client()
    get, limiter = (client.command("SCRIPT", "LOAD", script) for script in (GET, LIMITER))
    return {
        "EVAL of a GET": f"EVAL {GET} 1 key:__rand__",
        "EVALSHA of a GET": f"EVALSHA {get} 1 key:__rand__",
        "EVALSHA of a rate limiter": f"EVALSHA {limiter} 1 limit:__rand__ 60000 1000000",
    }


def compare(options) -> list:
    """Rows of the first table."""
    cpus = [options.server_cpu]
    rows = []
    with servers.redis(options.redis, cpus) as base, \
            servers.ringtail(options.ringtail, cpus, 1) as subject:
        commands = {}
        for server in (base, subject):
            load.fill(options, server, options.keys, value_bytes=64)
            commands[server.label] = loads(server)
        for name in commands[base.label]:
            for pipeline in PIPELINES:
                costs = {base.label: [], subject.label: []}
                for round_index in range(options.rounds):
                    for server in (base, subject):
                        result = load.run(options, server, command=commands[server.label][name],
                                          requests=REQUESTS[pipeline] // (4 if options.quick else 1),
                                          pipeline=pipeline, keys=options.keys,
                                          seed=1 + round_index, seconds=60)
                        costs[server.label].append(result["server_cpu_us_per_request"])
                ratio = stats.spread(stats.ratios(costs[subject.label], costs[base.label]))
                rows.append([name, pipeline, stats.spread(costs[base.label]).text(3),
                             stats.spread(costs[subject.label]).text(3), ratio.text(),
                             stats.verdict(ratio.median, TARGET)])
                report.progress("  ".join(map(str, rows[-1])))
    return rows


def keep(options) -> list:
    """Requests a second of GETs without and with scripts, per round."""
    rows = []
    with servers.ringtail(options.ringtail, [options.server_cpu, options.load_cpu],
                          options.threads) as server:
        load.fill(options, server, options.keys, value_bytes=64)
        script = loads(server)["EVALSHA of a rate limiter"]
        gets = {"op": "get", "pipeline": 16, "keys": options.keys, "requests": 10**9,
                "seconds": 2 if options.quick else 5}
        for _ in range(options.rounds):
            alone = load.run(options, server, **gets)["requests_per_s"]
            beside = load.start(options, server, command=script, rate=SCRIPTS_PER_SECOND,
                                pipeline=1, keys=options.keys, requests=10**9,
                                seconds=gets["seconds"] + 1)
            together = load.run(options, server, **gets)["requests_per_s"]
            scripts = load.finish(server, beside)["requests_per_s"]
            rows.append([f"{alone:,.0f}", f"{together:,.0f}", f"{scripts:,.0f}",
                         f"{together / alone:.2f}", "PASS" if together / alone >= TARGET_KEPT else "short"])
            report.progress("  ".join(rows[-1]))
    return rows


def main(options):
    cost = report.table(["script", "pipeline", "redis µs", "ringtail µs", "ratio",
                         f"target {TARGET}"], compare(options))
    report.say(cost)
    kept = report.table(["GET/s alone", "GET/s with scripts", "scripts/s", "kept",
                         f"target {TARGET_KEPT}"], keep(options))
    report.say(kept)
    if options.write:
        report.write_markdown(options, "scripts", "Scripts beside redis-server", [
            "Server CPU in µs for each script, one worker.", cost,
            f"GETs (pipelines of 16) on {options.threads} workers, without and with "
            f"{SCRIPTS_PER_SECOND:,} runs of the rate limiter a second beside them.", kept])


if __name__ == "__main__":
    sys.exit(cli.run(main, parse_options()))
