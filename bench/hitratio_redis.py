#!/usr/bin/python3
"""Measures redis-server's hit ratios on the traces of bench/hitratio, policy by policy, into a CSV.

    bench/hitratio_redis.py --client build/release/bench/bench_hitratio_client \
        --recorded ../shared/traces/cloudphysics_block.txt.gz --out bench/hitratio/redis.csv

The same run measures any server that speaks the protocol (--server, --label). For each size, maxmemory is
calibrated until the wanted number of equal values fits; values are larger for small caches, so
that the server's own buffers weigh less than a key. Every server listens on a unix socket only, with
nothing persisted. Lines that the output has already are not measured again.
"""
import argparse
import csv
import os
import socket
import subprocess
import tempfile
import time

SHARES = [0.001, 0.01, 0.1, 0.5]
POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl"]
FIELDS = ["server", "policy", "trace", "share", "cache_keys", "mean_keys", "requests", "hits", "hit_ratio"]


class Server:
    """One server process and a control connection to it."""

    def __init__(self, binary):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "s")
        self.process = subprocess.Popen(
            [binary, "--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no",
             "--dir", self.directory.name],
            stdout=subprocess.DEVNULL)
        self.connection = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                self.connection.connect(self.path)
                break
            except OSError:
                time.sleep(0.05)
        self.replies = self.connection.makefile("rb")

    def command(self, *words):
        request = b"*%d\r\n" % len(words)
        for word in words:
            data = str(word).encode()
            request += b"$%d\r\n%s\r\n" % (len(data), data)
        self.connection.sendall(request)
        line = self.replies.readline()
        if line.startswith(b"-"):
            raise RuntimeError(line.decode())
        if line.startswith(b"$"):
            return self.replies.read(int(line[1:]) + 2)[:-2].decode()
        return line[1:].strip().decode()

    def used_memory(self):
        for line in self.command("INFO", "memory").split("\r\n"):
            if line.startswith("used_memory:"):
                return int(line.split(":")[1])
        raise RuntimeError("no used_memory")

    def stop(self):
        self.connection.close()
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


def value_bytes(cache_keys):
    return 16384 if cache_keys < 100 else 4096 if cache_keys < 1000 else 1000


def client(options, server, *more):
    output = subprocess.run(
        [options.client, "--socket", server.path, "--recorded", options.recorded, *map(str, more)],
        check=True, capture_output=True, text=True).stdout
    return output.split()


def calibrate(options, server, cache_keys, ttl):
    """The maxmemory at which cache_keys values fit, as near as eight tries come."""
    size = value_bytes(cache_keys)
    server.command("CONFIG", "SET", "maxmemory", 0)
    server.command("FLUSHALL")
    empty = server.used_memory()
    limit = empty + cache_keys * (size + 120) + 20000
    best = (1 << 60, limit)
    for _ in range(8):
        server.command("FLUSHALL")
        server.command("CONFIG", "SET", "maxmemory", limit)
        output = client(options, server, "--fill", cache_keys * 2 + 500, "--value-bytes", size, *ttl)
        surplus = float(output[2]) - cache_keys
        best = min(best, (abs(surplus), limit))
        if abs(surplus) <= max(0.5, 0.001 * cache_keys):
            break
        limit -= int(surplus * (size + 120))
    server.command("FLUSHALL")
    server.command("CONFIG", "SET", "maxmemory", best[1])
    return size


def measure(options, policy, trace, key_count, share):
    cache_keys = max(1, int(key_count * share + 0.5))
    ttl = ["--ttl-seconds", 3600] if policy.startswith("volatile") else []
    server = Server(options.server)
    try:
        server.command("CONFIG", "SET", "maxmemory-policy", policy)
        size = calibrate(options, server, cache_keys, ttl)
        hits, requests, mean_keys = client(
            options, server, "--trace", trace, "--value-bytes", size, *ttl)
    finally:
        server.stop()
    return dict(zip(FIELDS, [options.label, policy, trace, share, cache_keys, mean_keys, requests, hits,
                             "%.5f" % (int(hits) / int(requests))]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--client", default="build/release/bench/bench_hitratio_client")
    parser.add_argument("--server", default="redis-server")
    parser.add_argument("--label", default="redis-7.0")
    parser.add_argument("--recorded", default="../shared/traces/cloudphysics_block.txt.gz")
    parser.add_argument("--out", default="bench/hitratio/redis.csv")
    parser.add_argument("--policies", default=",".join(POLICIES))
    options = parser.parse_args()

    known = set()
    if os.path.exists(options.out):
        with open(options.out, newline="") as lines:
            known = {(r["server"], r["policy"], r["trace"], r["share"]) for r in csv.DictReader(lines)}
    listing = subprocess.run([options.client, "--list", "--recorded", options.recorded], check=True,
                             capture_output=True, text=True).stdout
    with open(options.out, "a", newline="") as out:
        writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
        if not known:
            writer.writeheader()
        for line in listing.splitlines():
            trace, _, key_count = line.split()
            for policy in options.policies.split(","):
                for share in SHARES:
                    if (options.label, policy, trace, str(share)) in known:
                        continue
                    row = measure(options, policy, trace, int(key_count), share)
                    writer.writerow(row)
                    out.flush()
                    print(" ".join(map(str, row.values())), flush=True)


if __name__ == "__main__":
    main()
