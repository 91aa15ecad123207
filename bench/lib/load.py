"""Runs bench_loadgen (or redis-benchmark) against a server, pinned to a core of its own.

    result = load.run(options, server, op="get", pipeline=16, requests=1_000_000)
    result["server_cpu_us_per_request"], result["p99_us"]
"""
import csv
import io
import json
import os
import subprocess

from lib.servers import ServerError, pin_child

GRACE_S = 90


def _command(options, server, **arguments) -> list:
    arguments.setdefault("seconds", 300)
    words = [options.loadgen, f"--port={server.load_port}", f"--protocol={server.protocol}",
             f"--watch-pid={server.pid}"]
    if server.has_tls:
        words += ["--tls=1", f"--tls-protocol={options.tls}"]
    return words + [f"--{name.replace('_', '-')}={value}" for name, value in arguments.items()]


def start(options, server, **arguments) -> subprocess.Popen:
    """Starts a run beside others; `finish` it."""
    return subprocess.Popen(_command(options, server, **arguments), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True,
                            preexec_fn=pin_child([options.load_cpu]))


def finish(server, process: subprocess.Popen, timeout_s: float = 600) -> dict:
    try:
        output, errors = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise ServerError(f"{server.label}: the load did not end in time") from None
    if process.returncode != 0:
        raise ServerError(f"{server.label}: {errors.strip()}")
    result = json.loads(output)
    if result["errors"]:
        raise ServerError(f"{server.label}: {result['errors']} error replies, the first: "
                          f"{result['first_error']}")
    return result


def run(options, server, **arguments) -> dict:
    """One run of bench_loadgen with --name=value arguments; its JSON. Raises ServerError."""
    timeout_s = arguments.get("seconds", 300) + GRACE_S
    return finish(server, start(options, server, **arguments), timeout_s)


def fill(options, server, key_count: int, op: str = "set", **arguments) -> dict:
    """Writes each of `key_count` keys exactly once, in scattered order."""
    arguments = {"pipeline": 100, "order": "shuffled", "seconds": 600, **arguments}
    return run(options, server, op=op, keys=key_count, requests=key_count, **arguments)


def run_redis_benchmark(options, server, op: str, pipeline: int, requests: int, keys: int,
                        value_bytes: int) -> dict:
    """The same by redis-benchmark, for a cross-check. Its INCR uses 20-byte keys of its own."""
    cpu_ns, wait_ns = server.cpu_ns(), server.wait_ns()
    answer = subprocess.run(
        ["redis-benchmark", "-h", "127.0.0.1", "-p", str(server.port), "-c", "50", "-t", op,
         "-n", str(requests), "-r", str(keys), "-P", str(pipeline), "-d", str(value_bytes), "--csv"],
        capture_output=True, text=True, timeout=300, check=False,
        preexec_fn=pin_child([options.load_cpu]))
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    if answer.returncode != 0 or not rows:
        raise ServerError(f"{server.label}: redis-benchmark: {answer.stderr.strip()}")
    per_second = float(rows[0]["rps"])
    cpu_us = (server.cpu_ns() - cpu_ns) / 1e3
    return {"requests": requests, "seconds": requests / per_second, "requests_per_s": per_second,
            "p50_us": float(rows[0]["p50_latency_ms"]) * 1e3,
            "p99_us": float(rows[0]["p99_latency_ms"]) * 1e3,
            "max_us": float(rows[0]["max_latency_ms"]) * 1e3,
            "server_cpu_us": cpu_us, "server_cpu_us_per_request": cpu_us / requests,
            "server_wait_us": (server.wait_ns() - wait_ns) / 1e3, "nils": 0}


def pauses(result: dict, threshold_us: float) -> list:
    """The slow pipelines of a run, those of one moment merged: dictionaries, longest `net_us` first.

    `net_us` is the latency without the time in which server or generator could have run but did not get
    the core. Where that is over `threshold_us`, `blame` is "server", else "machine".
    """
    merged = []
    for at_ms, latency_us, run_us, wait_us, own_wait_us in sorted(result["slow"]):
        net_us = max(0.0, latency_us - wait_us - own_wait_us)
        if not merged or at_ms - latency_us / 1e3 > merged[-1]["at_ms"]:
            merged.append({"at_ms": at_ms, "latency_us": 0, "net_us": 0, "server_run_us": 0, "pipelines": 0})
        pause = merged[-1]
        pause["at_ms"] = at_ms
        pause["latency_us"] = max(pause["latency_us"], latency_us)
        pause["net_us"] = max(pause["net_us"], net_us)
        pause["server_run_us"] = max(pause["server_run_us"], run_us)
        pause["pipelines"] += 1
    for pause in merged:
        pause["blame"] = "server" if pause["net_us"] > threshold_us else "machine"
    return sorted(merged, key=lambda pause: -pause["net_us"])


def check_generator(options):
    if not os.access(options.loadgen, os.X_OK):
        raise ServerError(f"no load generator at {options.loadgen}: build it with\n"
                          "  cmake --preset release && ninja -C build/release bench_loadgen")
