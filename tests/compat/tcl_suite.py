#!/usr/bin/python3
"""Runs Redis's own Tcl test suite against two servers, file by file, and tells what passes on redis-server and not here.

  tests/compat/tcl_suite.py /path/to/redis-7.0.15                    # every file that makes sense from outside
  tests/compat/tcl_suite.py /path/to/redis-7.0.15 unit/type/list     # some

The suite is not part of this repository: a checkout of the same version as redis-server, Debian's source package for
instance, is given. Its servers are started here; it sees them as external ones (--host, --port), so what it tags
external:skip it leaves out, and so is what follows a replication stream. Needs tclsh. What is known to differ stands, with its reason, in docs/compatibility.md; a
test named there in back quotes is not told again.
"""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
from server_process import ServerProcess, oracle_binary, ringtail_binary  # noqa: E402

# Persistence, replication and cluster have suites of their own, modules are not there, and the rest starts servers
# of its own or measures Redis's allocator.
LEFT_OUT = re.compile(r"unit/(aofrw|moduleapi|cluster|shutdown|oom-score-adj|printver|tls|violations|replybufsize|"
                      r"querybuf|memefficiency|wait|type/list-common|cluster-scripting)")
FILE_SECONDS_MAX = 600
OUTCOME = re.compile(r"^\[(ok|err|exception|skip|ignore)\]: (.*?)(?: \(\d+ ms\))?(?: in tests/.*)?$")


def files_of(suite):
    tests = suite / "tests"
    names = sorted(str(path.relative_to(tests).with_suffix("")) for path in tests.glob("unit/**/*.tcl"))
    return [name for name in names if not LEFT_OUT.match(name)]


def outcomes(suite, name, server):
    """{test: "ok" or what else it came to} of one file, and the end of what was printed."""
    command = ["tclsh", "tests/test_helper.tcl", "--host", "127.0.0.1", "--port", str(server.port),
               "--single", name, "--clients", "1", "--timeout", "120", "--tags", "-needs:repl"]
    try:
        done = subprocess.run(command, cwd=suite, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=FILE_SECONDS_MAX, check=False)
        text = done.stdout
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"") + b"\nnot done in time"
    text = re.sub(r"\x1b\[[0-9;]*m", "", text.decode(errors="replace"))
    found = {}
    for line in text.splitlines():
        match = OUTCOME.match(line)
        if match and match[1] in ("ok", "err", "exception"):
            found[match[2]] = match[1]
    return found, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print the end of a file's output if something differs")
    options = parser.parse_args()
    known = (ROOT / "docs" / "compatibility.md")
    known_text = known.read_text() if known.exists() else ""
    passed = differing = explained = 0
    for name in options.files or files_of(options.suite):
        directives = {"enable-debug-command": "yes", "enable-protected-configs": "yes"}
        with ServerProcess(binary=oracle_binary(), directives=directives) as oracle:
            expected, _ = outcomes(options.suite, name, oracle)
        server = ServerProcess(binary=ringtail_binary(), directives=directives, threads=options.threads).start()
        try:
            got, text = outcomes(options.suite, name, server)
            alive = server.process.poll() is None
        finally:
            server.stop(expect_clean=False)
        wanted = [test for test, outcome in expected.items() if outcome == "ok"]
        worse = [test for test in wanted if got.get(test) != "ok"]
        explained += sum("`%s`" % test in known_text for test in worse)
        worse = [test for test in worse if "`%s`" % test not in known_text]
        passed += len(wanted) - len(worse)
        differing += len(worse)
        print("%s %s: %d of %d" % ("ok  " if not worse else "DIFF", name, len(wanted) - len(worse), len(wanted)),
              "" if alive else "THE SERVER IS GONE", flush=True)
        for test in worse:
            if test in got:
                print("       %-9s %s" % (got[test], test))
        unmet = [test for test in worse if test not in got]
        if unmet:
            print("       %d not run, the first of them: %s" % (len(unmet), unmet[0]))
        if worse and options.show:
            print(text[-3000:])
    print("%d pass as on redis-server (%d explained), %d do not" % (passed, explained, differing))
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
