#!/usr/bin/python3
"""Expiry on time: five million keys whose deadlines are spread over a minute, and who else feels it.

Key k of n expires at base + 60 s × k / n, so how many may be left at any moment is known exactly. Polled every
100 ms: the lag of keys (how far back the expected count equals the count there is) and of memory, both at
most one second. Meanwhile a prober reads other keys on a fixed schedule.
"""
import sys
import time

from lib import cli, load, report, servers, stats

VALUE_BYTES = 64
POLL_S = 0.1
LAG_TARGET_S = 1.0
WORKER_HELD_TARGET_US = 1000
TABLE_BYTES_PER_KEY = 15  # a table may stay at its greatest size; entries have to go
PROBE_KEYS = 10_000
PROBE_RATE = 1000
PROBE_CONNECTIONS = 50  # so many that a late answer seldom delays the next question
IDLE_PROBE_S = 5
PROBER_COMMAND = "GET prb:__rand__"
PROBER_FILL = "SET prb:__rand__ __value__"
# INFO fields in which a server may say for how long its expiry has held a worker at most; absent in others.
WORKER_HELD_FIELDS = ("expire_slice_max_us", "expiry_slice_max_us", "worker_held_max_us")


def parse_options():
    parser = cli.parser(__doc__)
    parser.add_argument("--keys", type=int, default=5_000_000, metavar="N")
    parser.add_argument("--span-s", type=int, default=60, metavar="S", help="seconds the deadlines are spread over")
    parser.add_argument("--lead-s", type=int, default=25, metavar="S",
                        help="seconds from the start to the first deadline, for the fill and a probe at rest")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    options = parser.parse_args()
    if options.quick:
        options.keys //= 10
        options.span_s //= 6
        options.lead_s = 12
    return options


def probe(options, server, seconds: float):
    """Starts a prober of `seconds`."""
    return load.start(options, server, command=PROBER_COMMAND, keys=PROBE_KEYS, rate=PROBE_RATE,
                      connections=PROBE_CONNECTIONS, requests=int(seconds * PROBE_RATE),
                      seconds=int(seconds) + 5, slow_us=WORKER_HELD_TARGET_US)


def measure(options, server) -> dict:
    """One run; if the machine is too slow for --lead-s, another with three times as much."""
    result = attempt(options, server, options.lead_s)
    result = result or attempt(options, server, 3 * options.lead_s)
    if result is None:
        raise servers.ServerError(f"{server.label}: the fill took too long, raise --lead-s")
    return result


def attempt(options, server, lead_s: float):
    """The measurements, or None if the fill was not done in time for a probe at rest."""
    with server:
        load.fill(options, server, PROBE_KEYS, command=PROBER_FILL)
        empty_bytes = server.used_memory_bytes()
        base_s = time.time() + lead_s
        report.progress(f"{server.label}: {options.keys:,} keys")
        load.fill(options, server, options.keys, op="setpxat", value_bytes=VALUE_BYTES,
                  deadline_base_ms=int(base_s * 1000), deadline_span_ms=options.span_s * 1000)
        full_bytes = server.used_memory_bytes()
        idle_s = min(IDLE_PROBE_S, base_s - time.time() - 1)
        if idle_s < 1:
            return None
        idle = load.finish(server, probe(options, server, idle_s))
        time.sleep(max(0, base_s - time.time()))
        prober = probe(options, server, options.span_s)
        cpu_ns = server.cpu_ns()
        polls, held_us = poll(server, base_s, options.span_s + 3)
        cpu_ns = server.cpu_ns() - cpu_ns
        busy = load.finish(server, prober)
    cpu_us = cpu_ns / 1e3 - busy["requests"] * idle["server_cpu_us_per_request"]
    return {"polls": polls, "idle": idle, "busy": busy, "empty_bytes": empty_bytes,
            "full_bytes": full_bytes, "held_us": held_us,
            "cpu_us_per_key": cpu_us / options.keys}


def poll(server, base_s: float, seconds: float):
    """[(seconds since base, keys, used bytes)], and what the server says it was held by expiry, or None."""
    polls, held_us = [], None
    with server.client() as client:
        while time.time() < base_s + seconds:
            count = client.command("DBSIZE") - PROBE_KEYS
            at_s = time.time() - base_s
            used = int(client.info("memory")["used_memory"])
            polls.append((at_s, count, used))
            time.sleep(max(0.0, POLL_S - (time.time() - base_s - at_s)))
        info = client.info()
        for field in WORKER_HELD_FIELDS:
            if field in info:
                held_us = float(info[field])
    return polls, held_us


def lag_s(options, at_s: float, share_left: float) -> float:
    """How long ago `share_left` of the keys was the right share; 0 if fewer are left than should be."""
    expected_at_s = options.span_s * (1 - share_left)
    return max(0.0, at_s - expected_at_s) if share_left > 0 else 0.0


def memory_share_left(options, result: dict, used: int) -> float:
    """The share of the entries' bytes still held, the table's own allowance taken off."""
    table_bytes = TABLE_BYTES_PER_KEY * options.keys
    entries_bytes = result["full_bytes"] - result["empty_bytes"] - table_bytes
    return max(0.0, (used - result["empty_bytes"] - table_bytes) / max(entries_bytes, 1))


def judge(options, result: dict) -> dict:
    key_lags = [lag_s(options, at, count / options.keys) for at, count, _ in result["polls"]]
    memory_lags = [lag_s(options, at, memory_share_left(options, result, used))
                   for at, _, used in result["polls"]]
    gone_at_s = next((at for at, count, _ in result["polls"] if count <= 0), None)
    left = result["polls"][-1][2] - result["empty_bytes"]
    return {"key_lags": key_lags, "memory_lags": memory_lags, "gone_at_s": gone_at_s,
            "left_share": left / max(result["full_bytes"] - result["empty_bytes"], 1)}


def row(options, label: str, result: dict, judged: dict, is_subject: bool) -> list:
    held = f"{result['held_us']:,.0f}" if result["held_us"] is not None else "not said"
    gone = judged["gone_at_s"]
    worst = max(max(judged["key_lags"]), max(judged["memory_lags"]))
    verdict = stats.verdict(worst, LAG_TARGET_S) if gone is not None else "keys are left"
    return [label, f"{max(judged['key_lags']):.2f}", f"{max(judged['memory_lags']):.2f}",
            f"{gone - options.span_s:+.2f}" if gone is not None else "never",
            f"{100 * judged['left_share']:.1f} %", f"{result['cpu_us_per_key']:.2f}", held,
            verdict if is_subject else ""]


def probe_row(label: str, when: str, result: dict) -> list:
    own = [pause for pause in load.pauses(result, WORKER_HELD_TARGET_US) if pause["blame"] == "server"]
    return [label, when] + [f"{result[name]:,.0f}" for name in ("p50_us", "p99_us", "p99_9_us", "max_us")] + [
        str(len(own)), f"{own[0]['net_us']:,.0f}" if own else "none"]


def plot(options, results: dict, judged: dict):
    counts, memory, lags = {}, {}, {}
    for label, result in results.items():
        at = [poll_at for poll_at, _, _ in result["polls"]]
        counts[label] = (at, [count / 1e6 for _, count, _ in result["polls"]])
        memory[label] = (at, [used / 1e6 for _, _, used in result["polls"]])
        lags[label] = (at, judged[label]["key_lags"])
    counts["expected"] = ([0, options.span_s], [options.keys / 1e6, 0])
    x = "seconds since the first deadline"
    report.lines(options, "expiry", [
        {"title": "Keys", "xlabel": x, "ylabel": "million", "series": counts},
        {"title": "Used memory", "xlabel": x, "ylabel": "MB", "series": memory},
        {"title": "Lag of keys behind their deadlines", "xlabel": x, "ylabel": "s", "series": lags,
         "target": LAG_TARGET_S}])


def main(options):
    subjects = [servers.ringtail(options.ringtail, [options.server_cpu], options.threads),
                servers.redis(options.redis, [options.server_cpu])]
    results = {server.label: measure(options, server) for server in subjects}
    judged = {label: judge(options, result) for label, result in results.items()}
    first = subjects[0].label
    rows = [row(options, label, result, judged[label], label == first) for label, result in results.items()]
    probes = [probe_row(label, when, result[which]) for label, result in results.items()
              for when, which in (("at rest", "idle"), ("while keys expire", "busy"))]
    text = (f"{options.keys:,} keys of 16 B with {VALUE_BYTES} B values, deadlines spread over "
            f"{options.span_s} s. Target: lags of at most {LAG_TARGET_S:.0f} s.\n\n" +
            report.table(["server", "lag of keys s", "lag of memory s", "last key gone s", "memory left",
                          "CPU µs/key", "worker held max µs", "verdict"], rows) +
            f"\n\nA prober of {PROBE_RATE} GET/s on a schedule, meanwhile. The row at rest shows what the machine "
            f"itself disturbs; the last two columns leave out the time either side waited for its core:\n\n" +
            report.table(["server", "when", "p50 µs", "p99 µs", "p99.9 µs", "max µs",
                          "over 1 ms, server's", "worst of these µs"], probes))
    report.say("\n" + text)
    report.write_json(options, results)
    if options.write:
        plot(options, results, judged)
        report.write_markdown(options, "expiry", "Expiry on time",
                              [text, "![keys, memory and lag](expiry.svg)"])


if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
