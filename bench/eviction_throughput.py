#!/usr/bin/python3
"""Eviction at full speed: is the cap kept, and what does keeping it cost.

The same writes go to a server with maxmemory (where most of them evict) and to one without (which holds all
the keys, so they overwrite). Cost is server CPU per request; the cap is watched in runs of their own, by a
poller that asks for used_memory as fast as it is answered.
"""
import math
import sys
import threading

from lib import cli, load, report, servers, stats
from lib.resp import ErrorReply

# name: (least, greatest value bytes, keys as a multiple of what fits, requests)
WORKLOADS = {
    "64 B": (64, 0, 3.0, 2_000_000),
    "1 KiB": (1024, 0, 3.0, 1_000_000),
    "64 B to 64 KiB": (64, 65536, 3.0, 150_000),
}
PER_KEY_BYTES = 100  # roughly what a key costs beside its value, for choosing the number of keys
OVER_TARGET = 1.01
THROUGHPUT_TARGET = 0.70


def parse_options():
    parser = cli.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--maxmemory-mb", type=int, default=100, metavar="N")
    parser.add_argument("--pipeline", type=int, default=16, metavar="N")
    parser.add_argument("--modern", default="allkeys-adaptive", metavar="POLICY",
                        help="ringtail's own policy, beside allkeys-lru")
    parser.add_argument("--workloads", default=",".join(WORKLOADS), metavar="NAMES",
                        help="of " + ",".join(WORKLOADS))
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="workers of ringtail")
    options = parser.parse_args()
    options.workloads = options.workloads.split(",")
    if unknown := set(options.workloads) - set(WORKLOADS):
        parser.error(f"--workloads knows {', '.join(WORKLOADS)}, not {', '.join(unknown)}")
    return options


class Subject:
    """A server under one policy; `policy` "none" has no cap."""

    def __init__(self, options, is_ringtail: bool, policy: str):
        directives = [] if policy == "none" else [
            "--maxmemory", f"{options.maxmemory_mb}mb", "--maxmemory-policy", policy]
        cpus = [options.server_cpu]
        if is_ringtail:
            self.server = servers.ringtail(options.ringtail, cpus, options.threads, directives)
        else:
            self.server = servers.redis(options.redis, cpus, directives)
        self.kind = self.server.label
        self.policy = policy
        self.server.label = f"{self.kind} {policy}"
        self.samples = []
        # The greatest seen, as shares of maxmemory. A poll is a command, before which a server may have
        # evicted, so the peak that the server itself noted counts too.
        self.polled_ratio = None
        self.peak_ratio = None
        self.rss_ratio = None
        self.poll_count = 0
        self.evicted = 0


def subjects(options, own_policies: list) -> list:
    return ([Subject(options, True, policy) for policy in own_policies] +
            [Subject(options, False, policy) for policy in ("none", "allkeys-lru")])


def known_policies(options) -> list:
    """What ringtail is measured under: the modern policy only if it knows it."""
    policies = ["none", "allkeys-lru"]
    with servers.ringtail(options.ringtail) as server, server.client() as client:
        try:
            client.command("CONFIG", "SET", "maxmemory-policy", options.modern)
            policies.append(options.modern)
        except ErrorReply as error:
            report.say(f"left out: {server.label} {options.modern}: {error}")
    return policies


def mean_bytes(low: int, high: int) -> float:
    """Of values spread log-uniformly from low to high."""
    return low if high <= low else (high - low) / math.log(high / low)


def writes(options, workload: str) -> dict:
    low, high, multiple, requests = WORKLOADS[workload]
    fitting = options.maxmemory_mb * 2**20 / (mean_bytes(low, high) + PER_KEY_BYTES)
    return {"op": "set", "keys": int(fitting * multiple), "value_bytes": low, "value_bytes_max": high,
            "requests": requests // (4 if options.quick else 1), "pipeline": options.pipeline,
            "seconds": 60}


class Watch:
    """Polls used_memory and RSS on a thread and keeps the greatest."""

    def __init__(self, server):
        self.used_bytes = 0
        self.rss_bytes = 0
        self.poll_count = 0
        self._server = server
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._poll)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()

    def _poll(self):
        with self._server.client() as client:
            while not self._is_over.is_set():
                used = int(client.info("memory")["used_memory"])
                self.used_bytes = max(self.used_bytes, used)
                self.rss_bytes = max(self.rss_bytes, self._server.rss_bytes())
                self.poll_count += 1


def run_workload(options, workload: str, own_policies: list) -> list:
    arguments = writes(options, workload)
    running = subjects(options, own_policies)
    try:
        for subject in running:
            report.progress(f"{workload}: {subject.server.label}: filling {arguments['keys']:,} keys")
            subject.server.start()
            fill = {name: arguments[name] for name in ("value_bytes", "value_bytes_max", "pipeline")}
            load.fill(options, subject.server, arguments["keys"], **fill)
        for round_index in range(options.rounds):
            for subject in running:
                sample = load.run(options, subject.server, seed=1 + round_index, **arguments)
                subject.samples.append(sample)
                report.progress(f"round {round_index + 1} {subject.server.label}: "
                                f"{sample['server_cpu_us_per_request']:.2f} µs")
        for subject in running:
            if subject.policy != "none":
                watch_cap(options, subject, arguments)
    finally:
        for subject in running:
            subject.server.stop()
    return running


def watch_cap(options, subject: Subject, arguments: dict):
    with Watch(subject.server) as watch:
        load.run(options, subject.server, seed=99, **arguments)
    maxmemory_bytes = options.maxmemory_mb * 2**20
    with subject.server.client() as client:
        info = client.info()
    subject.polled_ratio = watch.used_bytes / maxmemory_bytes
    subject.peak_ratio = int(info.get("used_memory_peak", 0)) / maxmemory_bytes
    subject.rss_ratio = watch.rss_bytes / maxmemory_bytes
    subject.poll_count = watch.poll_count
    subject.evicted = int(info.get("evicted_keys", 0))


def table(running: list) -> str:
    rows = []
    own_kind = running[0].kind
    for subject in running:
        cpu = [sample["server_cpu_us_per_request"] for sample in subject.samples]
        rate = stats.spread(sample["requests_per_s"] for sample in subject.samples)
        row = [subject.kind, subject.policy, rate.text(0), stats.spread(cpu).text(2)]
        if subject.policy == "none":
            rows.append(row + [""] * 6)
            continue
        free = next(other for other in running if other.kind == subject.kind and other.policy == "none")
        free_cpu = [sample["server_cpu_us_per_request"] for sample in free.samples]
        kept = stats.spread(stats.ratios(free_cpu, cpu))
        row += [kept.text(2), f"{subject.polled_ratio:.4f} ({subject.poll_count:,} polls)",
                f"{subject.peak_ratio:.4f}", f"{subject.rss_ratio:.2f}", f"{subject.evicted:,}"]
        if subject.kind == own_kind and subject is not free:
            row.append(verdict(subject, kept))
        rows.append(row + [""] * (10 - len(row)))
    return report.table(["server", "policy", "SET/s", "CPU µs/request", "throughput kept",
                         "most used, polled", "its own peak", "RSS", "evicted", "verdict"], rows)


def verdict(subject: Subject, kept) -> str:
    worst = max(subject.polled_ratio, subject.peak_ratio)
    speed = "speed PASS" if kept.median >= THROUGHPUT_TARGET else "speed short"
    return speed + (", cap PASS" if worst <= OVER_TARGET else ", cap short")


def plot(options, results: dict):
    panels = []
    for workload, running in results.items():
        series = {}
        for subject in running:
            cpu = stats.spread(sample["server_cpu_us_per_request"] for sample in subject.samples)
            series.setdefault(subject.kind, {})[subject.policy] = cpu
        policies = list(dict.fromkeys(subject.policy for subject in running))
        panels.append({"title": f"Server CPU per SET, {workload} values", "ylabel": "µs",
                       "groups": ["no cap" if policy == "none" else policy for policy in policies],
                       "series": {kind: [spreads.get(policy) for policy in policies]
                                  for kind, spreads in series.items()}})
    report.bars(options, "eviction_throughput", panels)


def main(options):
    results, texts = {}, []
    own_policies = known_policies(options)
    for workload in options.workloads:
        running = results[workload] = run_workload(options, workload, own_policies)
        texts.append(f"## Values of {workload}\n\n" + table(running))
        report.say("\n" + texts[-1])
    about = (f"maxmemory {options.maxmemory_mb} MiB, three times as many keys as fit, drawn at random, pipeline "
             f"{options.pipeline}, 50 connections. *Throughput kept*: server CPU per request without a cap by that "
             f"with it, round by round (target: {THROUGHPUT_TARGET:.2f} or more). The most used_memory, "
             f"polled and by the server's own peak, is to stay at or under {OVER_TARGET:.2f} of maxmemory; RSS is for "
             "information.")
    report.say("\n" + about)
    report.write_json(options, {workload: {subject.server.label: {
        "samples": subject.samples, "polled_ratio": subject.polled_ratio,
        "peak_ratio": subject.peak_ratio, "rss_ratio": subject.rss_ratio, "evicted": subject.evicted}
        for subject in running} for workload, running in results.items()})
    if options.write:
        plot(options, results)
        report.write_markdown(options, "eviction_throughput", "Eviction at full speed",
                              [about] + texts + ["![CPU per SET](eviction_throughput.svg)"])


if __name__ == "__main__":
    arguments = parse_options()
    sys.exit(cli.run(main, arguments))
