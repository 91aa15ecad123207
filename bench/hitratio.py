#!/usr/bin/python3
"""Hit ratios of our eviction code, of redis-server 7.0 and of exact policies, as a page with plots.

    bench/hitratio.py [--trace ../shared/traces/cloudphysics_block.txt.gz] [--write]

Runs bench_hitratio, which replays the recorded trace and generated ones through the real eviction code
and puts the figures that hitratio_redis.py measured (bench/hitratio/redis.csv) beside them.
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHOWN = ("optimum", "lru-exact", "redis allkeys-lru", "redis allkeys-lfu", "allkeys-lru",
         "allkeys-adaptive")
PLOTTED = ("cloudphysics", "zipf-0.8", "scan", "loop", "drift", "latest")


def rows_of(table):
    lines = [line for line in table.splitlines() if line.startswith("|")]
    header = [cell.strip() for cell in lines[0].strip("|").split("|")]
    return [dict(zip(header, (cell.strip() for cell in line.strip("|").split("|"))))
            for line in lines[2:]]


def plot(rows, path):
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(2, 3, figsize=(13, 7))
    for axis, trace in zip(axes.flat, PLOTTED):
        own = [row for row in rows if row["trace"] == trace]
        for policy in SHOWN:
            axis.plot([row["cache"] for row in own], [float(row[policy]) for row in own],
                      marker="o", label=policy)
        axis.set_title(trace)
        axis.set_ylim(bottom=0)
        axis.set_xlabel("cache, share of the keys")
    axes.flat[0].set_ylabel("hit ratio")
    axes.flat[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trace", default=str(ROOT.parent / "shared/traces/cloudphysics_block.txt.gz"))
    parser.add_argument("--program", default=str(ROOT / "build/release/bench/bench_hitratio"))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/hitratio.md and .svg")
    options = parser.parse_args()
    done = subprocess.run([options.program, "--trace", options.trace], stdout=subprocess.PIPE,
                          text=True, check=True)
    print(done.stdout)
    if options.write:
        out = ROOT / "docs/benchmarks"
        plot(rows_of(done.stdout), out / "hitratio.svg")
        (out / "hitratio.md").write_text(
            "# Hit ratios\n\nWritten by `bench/hitratio.py --write`. Our columns (`allkeys-*`) are the real "
            "eviction code on a simulated table; `redis *` are a real redis-server 7.0.15 with a maxmemory "
            "for the same number of keys; the others are exact policies, `optimum` is Belady's. cloudphysics "
            "is a recorded block trace, the rest are generated.\n\n![hit ratios](hitratio.svg)\n\n" +
            done.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
