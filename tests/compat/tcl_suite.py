#!/usr/bin/python3
"""Runs Redis's own Tcl test suite against two servers, file by file, and tells what passes on redis-server and not here.

  tests/compat/tcl_suite.py /path/to/redis-7.0.15                    # every file that makes sense from outside
  tests/compat/tcl_suite.py /path/to/redis-7.0.15 unit/type/list     # some
  tests/compat/tcl_suite.py --spawn /path/to/redis-7.0.15 unit/acl   # with servers that the suite starts

The suite is not part of this repository: a checkout of the same version as redis-server, Debian's source package for
instance, is given, and only read. Needs tclsh. What follows a replication stream is left out. Normally the servers
are started here and the suite sees them as external ones (--host, --port), so it leaves out what it tags
external:skip. With --spawn the suite starts its servers itself, with the directives that each test wants, so that
those tests run too. What is known to differ stands, with its reason, in docs/compatibility.md; a test named there in
back quotes is not told again.
"""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
from server_process import ServerProcess, oracle_binary, ringtail_binary  # noqa: E402

# Persistence, replication and cluster have suites of their own, modules are not there, and the rest measures Redis's
# allocator and buffers.
LEFT_OUT = re.compile(r"unit/(aofrw|moduleapi|cluster|shutdown|oom-score-adj|printver|tls|violations|replybufsize|"
                      r"querybuf|memefficiency|wait|type/list-common|cluster-scripting)")
# With several threads, what two connections send has an order only if one waits for its reply; these tests do not.
NOT_RUN_WITH_THREADS = {
    "unit/pubsub": ["PUBLISH/SUBSCRIBE after UNSUBSCRIBE without arguments"],
    "unit/pubsubshard": ["SPUBLISH/SSUBSCRIBE after UNSUBSCRIBE without arguments"],
    "unit/type/list": ["BRPOPLPUSH with multiple blocked clients"],
    "unit/type/stream-cgroups": ["Blocking XREAD: key deleted", "Blocking XREAD: key type changed with SET"],
}
FILE_SECONDS_MAX = 900
# What the suite is told besides. Lists and sets of few elements are packed, as in Redis 7.2: what these files check for
# each encoding of 7.0 is checked without its name.
MORE_ARGUMENTS = {name: ["--ignore-encoding"] for name in (
    "unit/keyspace", "unit/scan", "unit/sort", "unit/type/list", "unit/type/list-3", "unit/type/set")}
# Tests that differ and leave the server such that those behind them fail, or wait for ever: not run here, and counted
# as differing.
NOT_RUN_HERE = {
    "unit/client-eviction": ["client evicted due to percentage of maxmemory"],
    "unit/pause": ["Test both active and passive expires are skipped during client pause"],
    "unit/multi": ["MULTI with BGREWRITEAOF", "MULTI with config set appendonly"],
    "unit/tracking": ["Tracking only occurs for scripts when a command calls a read-only command",
                      "Tracking invalidation message of eviction keys should be before response"],
}
OUTCOME = re.compile(r"^\[(ok|err|exception|skip|ignore)\]: (.*?)(?: \(\d+ ms\))?(?: in tests/.*)?$")
# Two runs at a time shall not look for free ports at the same place; the suite also wants port + 10000.
BASE_PORT = 12000 + os.getpid() % 20 * 600
DIRECTIVES = {"enable-debug-command": "yes", "enable-protected-configs": "yes"}


def files_of(suite):
    tests = suite / "tests"
    names = sorted(str(path.relative_to(tests).with_suffix("")) for path in tests.glob("unit/**/*.tcl"))
    return [name for name in names if not LEFT_OUT.match(name)]


@contextlib.contextmanager
def overlay(suite, server_command):
    """A directory that looks like the suite, in which src/redis-server is the command given."""
    with tempfile.TemporaryDirectory(prefix="ringtail-tcl-") as name:
        root = pathlib.Path(name)
        (root / "src").mkdir()
        (root / "tests").mkdir()
        for entry in (suite / "tests").iterdir():
            if entry.name != "tmp":
                (root / "tests" / entry.name).symlink_to(entry)
        (root / "tests" / "tmp").mkdir()
        for entry in suite.iterdir():
            if entry.name not in ("src", "tests"):
                (root / entry.name).symlink_to(entry)
        for tool in ("redis-cli", "redis-benchmark"):
            path = shutil.which(tool)
            if path:
                (root / "src" / tool).symlink_to(path)
        server = root / "src" / "redis-server"
        server.write_text("#!/bin/sh\nexec %s\n" % server_command)
        server.chmod(0o755)
        yield root


def run_suite(root, name, arguments):
    """What the suite prints about one file, without colours."""
    # An exception in a test shall not keep the tests behind it from running.
    command = ["tclsh", "tests/test_helper.tcl", "--single", name, "--clients", "1", "--timeout", "120", "--durable",
               "--baseport", str(BASE_PORT), "--portcount", "500", "--tags", "-needs:repl", *arguments]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        text, _ = process.communicate(timeout=FILE_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        text, _ = process.communicate()
        text += b"\nnot done in time"
    return re.sub(r"\x1b\[[0-9;]*m", "", text.decode(errors="replace"))


def parse(text):
    """{test: "ok" or what else it came to, at its worst}, and {test: what was said about it}."""
    found, details, current = {}, {}, None
    for line in text.splitlines():
        match = OUTCOME.match(line)
        if match is None:
            if current and line and not line.startswith("Testing "):
                details[current].append(line)
            continue
        current = None
        if match[1] in ("ok", "err", "exception") and found.get(match[2], "ok") == "ok":
            found[match[2]] = match[1]
            if match[1] != "ok":
                current = match[2]
                details[current] = []
    return found, details


def outcomes(options, name, binary, threads):
    """parse() of one file run against one binary, the whole output, and whether the server outlived it."""
    is_ringtail = binary == ringtail_binary()
    more = MORE_ARGUMENTS.get(name, [])
    if is_ringtail:
        not_run = NOT_RUN_HERE.get(name, []) + (NOT_RUN_WITH_THREADS.get(name, []) if threads > 1 else [])
        more = more + [word for test in not_run for word in ("--skiptest", test)]
    command = '%s "$@"' % binary
    if is_ringtail:
        # Behind a configuration file; the rest tests command lines.
        command = '%s "$@" $(test -f "$1" && echo --threads %d)' % (binary, threads)
    with overlay(options.suite, command) as root:
        if options.spawn:
            text = run_suite(root, name, more)
            is_alive = True
        else:
            server = ServerProcess(binary=binary, directives=DIRECTIVES, threads=threads).start()
            try:
                text = run_suite(root, name, ["--host", "127.0.0.1", "--port", str(server.port), *more])
                is_alive = server.process.poll() is None
            finally:
                server.stop(expect_clean=False)
                shutil.rmtree(server.directory, ignore_errors=True)
    return (*parse(text), text, is_alive)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--spawn", action="store_true", help="let the suite start the servers")
    parser.add_argument("--show", action="store_true", help="print what the suite says about each test that differs")
    parser.add_argument("--logs", type=pathlib.Path, help="a directory for the whole output of each file; redis-server's is taken from there if it is there")
    options = parser.parse_args()
    options.suite = options.suite.resolve()
    known = (ROOT / "docs" / "compatibility.md")
    known_text = known.read_text() if known.exists() else ""
    passed = differing = explained = 0
    for name in options.files or files_of(options.suite):
        stem = name.replace("/", "-") + ("-spawn" if options.spawn else "")
        kept = options.logs / (stem + ".redis.txt") if options.logs else None
        if kept is not None and kept.exists():
            expected, _ = parse(kept.read_text(errors="replace"))
        else:
            expected, _, oracle_text, _ = outcomes(options, name, oracle_binary(), 1)
            if kept is not None:
                options.logs.mkdir(exist_ok=True)
                kept.write_text(oracle_text)
        got, details, text, is_alive = outcomes(options, name, ringtail_binary(), options.threads)
        if options.logs:
            (options.logs / (stem + ".txt")).write_text(text)
        wanted = [test for test, outcome in expected.items() if outcome == "ok"]
        worse = [test for test in wanted if got.get(test) != "ok"]
        known_count = sum("`%s`" % test in known_text for test in worse)
        explained += known_count
        worse = [test for test in worse if "`%s`" % test not in known_text]
        good_count = len(wanted) - len(worse) - known_count
        passed += good_count
        differing += len(worse)
        print("%s %s: %d of %d%s" % ("ok  " if not worse else "DIFF", name, good_count, len(wanted),
                                     ", %d explained" % known_count if known_count else ""),
              "" if is_alive else "THE SERVER IS GONE", flush=True)
        for test in worse:
            if test in got:
                print("       %-9s %s" % (got[test], test))
                for line in details.get(test, [])[:8] if options.show else ():
                    print("           | " + line[:240])
        unmet = [test for test in worse if test not in got]
        if unmet:
            print("       %d not run, the first of them: %s" % (len(unmet), unmet[0]))
            if options.show:
                print(text[-3000:])
        sys.stdout.flush()
    print("%d pass as on redis-server (%d explained), %d do not" % (passed, explained, differing))
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
