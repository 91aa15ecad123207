#!/usr/bin/python3
"""Pauses while ten million keys go in and the table grows all the way.

The latency of every SET of the fill, its tail, and each moment that took longer than 5 ms, with whether the
machine was to blame for it (see bench/README.md).
"""
import sys

from lib import cli, load, report, servers, stats

VALUE_BYTES = 64
PAUSE_TARGET_US = 5000
SERIES_MS = 250


def parse_options():
    parser = cli.parser(__doc__)
    parser.add_argument("--keys", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--pipeline", type=int, default=1, metavar="N",
                        help="with more than 1, a latency is that of the whole pipeline")
    parser.add_argument("--connections", type=int, default=10, metavar="N",
                        help="few, so that a latency is the server's work and not the others' in the queue")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    options = parser.parse_args()
    if options.quick:
        options.keys //= 10
    return options


def measure(options, server) -> dict:
    with server:
        report.progress(f"{server.label}: {options.keys:,} keys, pipeline {options.pipeline}")
        result = load.fill(options, server, options.keys, pipeline=options.pipeline,
                           connections=options.connections, value_bytes=VALUE_BYTES,
                           slow_us=PAUSE_TARGET_US, series_ms=SERIES_MS)
        held = server.key_count()
    if held != options.keys:
        raise servers.ServerError(f"{server.label} holds {held} keys, not {options.keys}")
    return result


def row(label: str, result: dict, target) -> list:
    pauses = load.pauses(result, PAUSE_TARGET_US)
    own = [pause for pause in pauses if pause["blame"] == "server"]
    worst = f"{own[0]['net_us'] / 1e3:.1f} ms" if own else "none"
    cells = [label, f"{result['requests_per_s']:,.0f}", f"{result['p50_us']:,.0f}",
             f"{result['p99_us']:,.0f}", f"{result['p99_9_us']:,.0f}", f"{result['p99_99_us']:,.0f}",
             f"{result['max_us']:,.0f}", str(len(own)), str(len(pauses) - len(own)), worst,
             f"{100 * result['server_wait_us'] / 1e6 / result['seconds']:.0f} %"]
    return cells + [verdict(result, own, target) if target else ""]


def verdict(result: dict, own: list, target: float) -> str:
    """By p99.99; failing that, by whether the pipelines that the server held up are within 0.01 %."""
    plain = stats.verdict(result["p99_99_us"], target)
    held_up = sum(pause["pipelines"] for pause in own)
    all_listed = len(result["slow"]) == result["slow_count"]
    if plain != "PASS" and all_listed and held_up <= result["requests"] * 1e-4:
        return "PASS but for the machine's pauses"
    return plain


def plot(options, results: dict):
    series = {}
    for label, result in results.items():
        keys, xs, ys = 0, [], []
        for requests, max_us in result["series"]:
            keys += requests
            xs.append(keys / 1e6)
            ys.append(max_us / 1e3)
        series[label] = (xs, ys)
    report.lines(options, "fill", [
        {"title": f"Greatest latency in each {SERIES_MS} ms of the fill", "xlabel": "million keys",
         "ylabel": "ms (log)", "series": series, "target": PAUSE_TARGET_US / 1e3, "log": True}])


def main(options):
    subjects = [servers.ringtail(options.ringtail, [options.server_cpu], options.threads),
                servers.redis(options.redis, [options.server_cpu])]
    results = {server.label: measure(options, server) for server in subjects}
    rows = [row(label, result, PAUSE_TARGET_US if label == subjects[0].label else 0)
            for label, result in results.items()]
    text = (f"{options.keys:,} keys of 16 B with {VALUE_BYTES} B values, {options.connections} connections, "
            f"pipeline {options.pipeline}. Target: p99.99 at most {PAUSE_TARGET_US / 1e3:.0f} ms. Pauses over "
            "that are counted apart where server or generator had lost its core to another process.\n\n" +
            report.table(["server", "SET/s", "p50 µs", "p99 µs", "p99.9 µs", "p99.99 µs", "max µs",
                          "pauses, server", "pauses, machine", "worst of the server's", "disturbed",
                          "verdict"], rows))
    report.say("\n" + text)
    report.write_json(options, results)
    if options.write:
        plot(options, results)
        report.write_markdown(options, "fill", "Pauses while ten million keys go in",
                              [text, "![latency over the fill](fill.svg)"])


if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
