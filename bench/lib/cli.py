"""The options every benchmark program has, and the frame they run in."""
import argparse
import os
import sys

from lib import load, report
from lib.servers import ServerError, is_stand_in

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
DOCS = os.path.join(ROOT, "docs/benchmarks")


def parser(description: str) -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = result.add_argument
    add("--ringtail", default=os.path.join(ROOT, "build/release/ringtail-server"), metavar="PATH",
        help="the server to measure (a redis-server may stand in)")
    add("--redis", default="redis-server", metavar="PATH", help="the server to compare with")
    add("--memcached", default="memcached", metavar="PATH", help="for GET and SET; 'none' to leave out")
    add("--loadgen", default=os.path.join(ROOT, "build/release/bench/bench_loadgen"), metavar="PATH",
        help="the load generator")
    add("--server-cpu", type=int, default=0, metavar="N", help="core of the server")
    add("--load-cpu", type=int, default=min(1, os.cpu_count() - 1), metavar="N",
        help="core of the load generator")
    add("--quick", action="store_true", help="a fraction of the work: a look, not a result")
    add("--json", metavar="FILE", help="write every sample there")
    add("--write", action="store_true", help="write Markdown and SVG into the documentation")
    add("--out-dir", default=DOCS, metavar="DIR",
        help="where --write writes")
    return result


def run(main, options):
    """Runs `main(options)`: 0 whatever the figures are, 2 if nothing could be measured."""
    try:
        load.check_generator(options)
        if options.write and is_stand_in(options.ringtail) and options.out_dir == DOCS:
            raise ServerError("the documentation is for Ringtail's own figures, not a stand-in's: "
                              "give another --out-dir")
        if is_stand_in(options.ringtail):
            report.say("NOTE: a redis-server stands in for ringtail; the figures mean nothing.")
        main(options)
    except ServerError as error:
        report.say(f"{os.path.basename(sys.argv[0])}: {error}")
        return 2
    except KeyboardInterrupt:
        report.say("stopped")
        return 130
    return 0
