#!/usr/bin/python3
"""Speed beside redis-server and memcached: requests a second, latency, and server CPU per request.

All servers hold the same keys and get the same bytes, in turn (A B C A B C ...), pinned to one core with the
generator on the other. What counts is the last column group: server CPU per request as a ratio to
redis-server's in the same round. Requests a second at a pipeline of 1 say more about the generator.
"""
import sys

from lib import cli, load, report, servers, stats

OPS = ["GET", "SET", "INCR", "MSET"]
VALUE_SIZES = [64, 1024]
PIPELINES = [1, 16, 100]
COUNTER_VALUE_BYTES = 64  # counters have no value size; they are measured beside the small values
MSET_KEYS = 10

# Ratios of server CPU per request to redis-server 7.0.15: (value bytes, op) -> {pipeline: ratio}.
TARGETS = {
    (64, "GET"): {1: 0.92, 16: 0.42, 100: 0.22},
    (64, "SET"): {1: 0.92, 16: 0.42, 100: 0.22},
    (64, "INCR"): {1: 0.92, 16: 0.55, 100: 0.30},
    (64, "MSET"): {1: 0.60, 16: 0.18, 100: 0.14},
    (1024, "GET"): {1: 0.95, 16: 0.60, 100: 0.50},
    (1024, "SET"): {1: 0.95, 16: 0.60, 100: 0.50},
}
CONFIGURED = ["--user", "reader", "on", ">secret", "~cache:*", "&news", "+@read",
              "--user", "writer", "on", ">secret", "%R~*", "%W~cache:*", "+@all",
              "--notify-keyspace-events", "KEA", "--slowlog-log-slower-than", "10000",
              "--latency-monitor-threshold", "100", "--latency-tracking", "yes"]
TLS_TARGET = 1.0  # every case with --tls
P99_TARGET = 1.0  # p99 at a pipeline of 1, to redis-server's
TWO_WORKERS_TARGET = {"MSET": 1.30}  # CPU of two workers to that of one; others:
TWO_WORKERS_TARGET_OTHERS = 1.15


def numbers(text: str) -> list:
    return [int(word) for word in text.split(",")]


def parse_options():
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=3, metavar="N", help="rounds; medians are over these")
    add("--only", default=",".join(OPS), metavar="OPS", help="of " + ",".join(OPS))
    add("--pipelines", type=numbers, default=PIPELINES, metavar="N,N")
    add("--value-bytes", type=numbers, default=VALUE_SIZES, metavar="N,N")
    add("--keys", type=int, default=1_000_000, metavar="N")
    add("--requests", type=int, default=0, metavar="N",
        help="per run; 0: as many as take redis-server about a second and a half")
    add("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    add("--two-workers", choices=["yes", "no"], default="yes",
        help="also run ringtail with 2 workers on both cores")
    add("--tls", choices=["", "TLSv1.3", "TLSv1.2"], default="",
        help="over TLS of that version, with one cipher for all servers: the generator's first")
    add("--configured", action="store_true",
        help="ringtail with ACL users, keyspace events, slow log and latency monitor that nobody asks")
    add("--generator", choices=["loadgen", "redis-benchmark"], default="loadgen")
    options = parser.parse_args()
    options.only = options.only.upper().split(",")
    if unknown := set(options.only) - set(OPS):
        parser.error(f"--only knows {','.join(OPS)}, not {','.join(unknown)}")
    if options.tls and options.generator != "loadgen":
        parser.error("--tls is for the generator loadgen")
    return options


class Case:
    """One kind of load and its samples: label of a server -> results, one per round."""

    def __init__(self, op: str, pipeline: int, value_bytes: int):
        self.op = op
        self.pipeline = pipeline
        self.value_bytes = value_bytes
        self.samples = {}

    def name(self) -> str:
        size = "" if self.op == "INCR" else (" 1 KiB" if self.value_bytes == 1024
                                             else f" {self.value_bytes} B")
        return f"{self.op}{size} P={self.pipeline}"

    def column(self, label: str, field: str) -> list:
        return [sample[field] for sample in self.samples.get(label, [])]

    def ratio(self, label: str, base: str, field: str = "server_cpu_us_per_request"):
        """Spread of the per-round ratios of `label` to `base`, or None."""
        return stats.spread(stats.ratios(self.column(label, field), self.column(base, field)))

    def request_count(self, options) -> int:
        count = options.requests or {1: 120_000, 16: 800_000}.get(self.pipeline, 1_200_000)
        if self.op == "MSET" and not options.requests:
            count = count // 8 if self.pipeline > 1 else count // 2
        return max(count // (4 if options.quick else 1), 50 * self.pipeline)


def server_list(options) -> list:
    cpus = [options.server_cpu]
    directives = CONFIGURED if options.configured else ()
    result = [servers.redis(options.redis, cpus),
              servers.ringtail(options.ringtail, cpus, options.threads, directives)]
    if options.two_workers == "yes" and options.threads == 1:
        result.append(servers.ringtail(options.ringtail, [options.server_cpu, options.load_cpu], 2,
                                       directives))
    for server in result:
        server.has_tls = bool(options.tls)
    if options.memcached != "none" and options.generator == "loadgen" and not options.tls:
        result.append(servers.memcached(options.memcached, cpus))
    return result


def preload(options, server, value_bytes: int):
    load.fill(options, server, options.keys, value_bytes=value_bytes)
    if server.protocol == "resp" and "INCR" in options.only and value_bytes == COUNTER_VALUE_BYTES:
        load.fill(options, server, options.keys, op="incr")


def measure(options, case: Case, server, round_index: int) -> dict:
    count = case.request_count(options)
    if options.generator == "redis-benchmark":
        return load.run_redis_benchmark(options, server, case.op.lower(), case.pipeline, count,
                                        options.keys, case.value_bytes)
    return load.run(options, server, op=case.op.lower(), pipeline=case.pipeline, requests=count,
                    warmup=count // 20, keys=options.keys, value_bytes=case.value_bytes,
                    seed=1 + round_index, seconds=30)


def serves(server, case: Case) -> bool:
    if server.protocol == "memcached":
        return case.op in ("GET", "SET")
    return True


def run_value_size(options, value_bytes: int) -> list:
    """All rounds of all cases with values of one size. A server that fails is left out from there on."""
    cases = [Case(op, pipeline, value_bytes) for op in options.only for pipeline in options.pipelines
             if op != "INCR" or value_bytes == COUNTER_VALUE_BYTES]
    running = server_list(options)
    failed = set()
    try:
        for server in running:
            server.start()
            report.progress(f"{server.label}: {options.keys:,} keys of {value_bytes} B")
            preload(options, server, value_bytes)
        for round_index in range(options.rounds):
            for case in cases:
                for server in running:
                    if server.label in failed or not serves(server, case):
                        continue
                    try:
                        sample = measure(options, case, server, round_index)
                    except servers.ServerError as error:
                        report.say(f"FAILED in {case.name()}: {error}")
                        failed.add(server.label)
                        continue
                    case.samples.setdefault(server.label, []).append(sample)
                    if case.op == "GET" and sample["nils"]:
                        report.say(f"{server.label}: {sample['nils']} of the keys are missing")
                report.progress(f"round {round_index + 1} {case.name()}: " + "  ".join(
                    f"{label} {rows[-1]['server_cpu_us_per_request']:.3f}"
                    for label, rows in case.samples.items()) + " µs")
    finally:
        for server in running:
            server.stop()
    return cases


def disturbance(sample: dict) -> float:
    """Share of the run in which the server could have run but another process had its core."""
    return sample["server_wait_us"] / 1e6 / max(sample["seconds"], 1e-9)


def values_table(cases: list, base: str) -> str:
    rows = []
    for case in cases:
        for label, samples in case.samples.items():
            ratio = case.ratio(label, base)
            cpu = stats.spread(case.column(label, "server_cpu_us_per_request"))
            rows.append([
                case.name(), label,
                stats.spread(case.column(label, "requests_per_s")).text(0),
                f"{stats.spread(case.column(label, 'p50_us')).median:,.0f}",
                f"{stats.spread(case.column(label, 'p99_us')).median:,.0f}",
                cpu.text(3), ratio.text(3) if ratio else "",
                f"{100 * stats.spread(map(disturbance, samples)).median:.0f} %"])
    return report.table(["load", "server", "requests/s", "p50 µs", "p99 µs", "CPU µs/request",
                         f"ratio to {base}", "disturbed"], rows)


def targets_table(options, cases: list, subject: str, base: str):
    """The targets, what was reached, and how many of them."""
    rows = []
    for case in cases:
        ratio = case.ratio(subject, base)
        target = TARGETS.get((case.value_bytes, case.op), {}).get(case.pipeline)
        if options.tls:
            target = TLS_TARGET
        if target is not None:
            add_verdict(rows, f"CPU {case.name()}", ratio, target)
        if case.pipeline == 1:
            add_verdict(rows, f"p99 {case.name()}", case.ratio(subject, base, "p99_us"), P99_TARGET)
        two = case.ratio(f"{subject} ×2", subject)
        if two is not None:
            target = TWO_WORKERS_TARGET.get(case.op, TWO_WORKERS_TARGET_OTHERS)
            add_verdict(rows, f"CPU, 2 workers to 1, {case.name()}", two, target)
    reached = sum(row[-1] == "PASS" for row in rows)
    text = report.table(["target", "ratio", "at most", "verdict"], rows)
    return text + f"\n\n{reached} of {len(rows)} targets reached."


def add_verdict(rows: list, what: str, ratio, target: float):
    rows.append([what, ratio.text(3) if ratio else "", f"{target:.2f}",
                 stats.verdict(ratio.median if ratio else None, target)])


def plot(options, cases: list, subject: str, base: str):
    panels = []
    for value_bytes in options.value_bytes:
        sized = [case for case in cases if case.value_bytes == value_bytes]
        labels = list(dict.fromkeys(label for case in sized for label in case.samples))
        groups = [f"{case.op}\nP={case.pipeline}" for case in sized]
        targets = [TARGETS.get((value_bytes, case.op), {}).get(case.pipeline) for case in sized]
        panels.append({"title": f"Server CPU per request, {value_bytes} B values, ratio to {base}",
                       "ylabel": f"ratio (1 = {base})", "groups": groups, "targets": targets,
                       "series": {label: [case.ratio(label, base) for case in sized]
                                  for label in labels if label != base}})
        panels.append({"title": f"Server CPU per request, {value_bytes} B values",
                       "ylabel": "µs (log)", "groups": groups, "log": True,
                       "series": {label: [stats.spread(case.column(label, "server_cpu_us_per_request"))
                                          for case in sized] for label in labels}})
    report.bars(options, "compare", panels)


def main(options):
    labels = {server.label: server.version() for server in server_list(options)}
    subject, base = list(labels)[1], list(labels)[0]
    cases = []
    for value_bytes in options.value_bytes:
        cases += run_value_size(options, value_bytes)
    about = (f"{options.keys:,} keys of 16 bytes, 50 connections, {options.rounds} rounds, generator "
             f"{options.generator}; median (least – greatest). A latency is that of a whole pipeline; "
             "MSET is of 10. *Disturbed*: share of the run in which another process had the server's "
             "core.\n\n" + (f"Over {options.tls}.\n\n" if options.tls else "")
             + (f"Ringtail with `{' '.join(CONFIGURED)}`.\n\n" if options.configured else "")
             + "\n".join(f"- {label}: {version}" for label, version in labels.items()))
    tables = [targets_table(options, cases, subject, base), values_table(cases, base)]
    report.say("\n" + "\n\n".join([about] + tables))
    report.write_json(options, [{"op": case.op, "pipeline": case.pipeline, "samples": case.samples,
                                 "value_bytes": case.value_bytes} for case in cases])
    if options.write and (options.tls or options.configured):
        name, title = ("tls", "TLS beside redis-server") if options.tls else (
            "configured", "Everything configured and nobody listening")
        report.write_markdown(options, name, title,
                              [about, "## Targets\n\n" + tables[0],
                               "## All figures\n\n" + tables[1]])
    elif options.write:
        plot(options, cases, subject, base)
        report.write_markdown(options, "compare", "Speed beside redis-server and memcached",
                              [about, "![CPU per request](compare.svg)", "## Targets\n\n" + tables[0],
                               "## All figures\n\n" + tables[1]])


if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
